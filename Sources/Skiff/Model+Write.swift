import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffPasses

extension Model {
  /// Writes the model; the ending of the name chooses the format. The file appears whole or not at all.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` naming every node that the format cannot say.
  public mutating func write(to path: String, options: WritingOptions = WritingOptions()) throws(ModelError) {
    let target = try ModelFormat.target(for: path)
    guard let write = target.write else { return }
    var copy = self
    try copy.prepare()
    let content = EdgeModel(
      try copy.graph(in: target), contract: contract, provenance: target == .skiff ? try provenance() : nil,
      examples: copy.examples)
    try locating(Location(file: path)) { () throws(ModelError) in try write(content, path, options) }
    self = copy
  }

  /// The graph in the operators of a format.
  func graph(in format: ModelFormat) throws(ModelError) -> Graph {
    guard let dialect = format.dialect else { return graph }
    var (lowered, report) = (graph, PassReport())
    try Pipeline.lowering(for: dialect).run(on: &lowered, report: &report)
    return lowered
  }

  /// Where the model comes from and what was done to it since; unchanged if that is nothing.
  private func provenance() throws(ModelError) -> EdgeProvenance {
    if let origin, recipe.isEmpty { return origin }
    var provenance = origin ?? EdgeProvenance(sourceFormat: format.name)
    if origin == nil, format != .memory {
      provenance.source = String(path.split(separator: "/").last ?? "")
      provenance.sourceDigest = Digest(of: try ByteRegion(mapping: path))
    }
    provenance.recipe = ([provenance.recipe].filter { !$0.isEmpty } + recipe).joined(separator: "; ")
    provenance.calibrationDigest = calibrationDigest ?? provenance.calibrationDigest
    provenance.producer = "skiff \(SkiffVersion.current)"
    return provenance
  }
}
