import SkiffBinary
import SkiffIR

extension Model {
  /// Writes the model; the ending of the name chooses the format. The file appears whole or not at all.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` naming every node that the format cannot say.
  public mutating func write(to path: String, options: WritingOptions = WritingOptions()) throws(ModelError) {
    let target = try ModelFormat.target(for: path)
    guard let write = target.write else { return }
    var copy = self
    try copy.prepare()
    var options = options
    if options.source.isEmpty { options.source = String(self.path.split(separator: "/").last ?? "") }
    if options.sourceFormat.isEmpty { options.sourceFormat = format.name }
    if options.recipe.isEmpty { options.recipe = recipe.joined(separator: "; ") }
    let (graph, choices) = (copy.graph, options)
    try locating(Location(file: path)) { () throws(ModelError) in try write(graph, path, choices) }
    self = copy
  }
}
