import SkiffBinary
import SkiffCompression
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
    var (graph, found) = try copy.graph(in: target, options)
    if target.layout == .first {
      var report = PassReport()
      try Pipeline.channelsFirst.run(on: &graph, report: &report)
      copy.transpositions = report.transpositions.filter(graph.contains)
    }
    copy.warnings += found.filter { !copy.warnings.contains($0) }
    var content = EdgeModel(graph, contract: contract, examples: copy.examples)
    if target != .tfLite { (content.provenance, content.sourceDigest) = provenance() }
    try locating(Location(file: path)) { () throws(ModelError) in try write(content, path, options) }
    self = copy
  }

  /// The graph in the operators of a format, with its constants as they are stored, its channels last, and what a user should know
  /// of that.
  func graph(
    in format: ModelFormat, _ options: WritingOptions
  ) throws(ModelError) -> (graph: Graph, warnings: [Warning]) {
    guard let dialect = format.dialect else {
      guard !options.storesFloat16 else {
        throw ModelError(
          .unsupported,
          "files of \(format.name) take no weights rounded to 16 bits at the end; `weights: {float: float16}` in a recipe makes them so"
        )
      }
      return (graph, [])
    }
    var (lowered, report) = (graph, PassReport())
    try Pipeline.lowering(for: dialect).run(on: &lowered, report: &report)
    var warnings = report.warnings + lowered.decodingWarnings(for: format)
    if options.storesFloat16 {
      try lowered.roundConstantsToFloat16()
      let inside = WeightTensor.countInside(lowered, least: 32)
      if inside > 0 {
        warnings.append(Warning("\(inside) tensors of weights inside of branches and loops stay in 32 bits"))
      }
    }
    return (lowered, warnings)
  }

  /// Where the model comes from and what was done to it since; unchanged if that is nothing. The digest of the source, unless
  /// it is known.
  private func provenance() -> (EdgeProvenance, Background<Digest>?) {
    if let origin, recipe.isEmpty { return (origin, nil) }
    var provenance = origin ?? EdgeProvenance(sourceFormat: format.name)
    var digest: Background<Digest>?
    if origin == nil, format != .memory {
      provenance.source = String(path.split(separator: "/").last ?? "")
      digest = Background { [path] () throws(ModelError) in Digest(of: try ByteRegion(mapping: path)) }
    }
    provenance.recipe = ([provenance.recipe].filter { !$0.isEmpty } + recipe).joined(separator: "; ")
    provenance.calibrationDigest = calibrationDigest ?? provenance.calibrationDigest
    provenance.producer = "skiff \(SkiffVersion.current)"
    return (provenance, digest)
  }
}

extension Model {
  /// Forgets the names of values inside and of nodes, and what nodes come from: small models take less in a file.
  public mutating func stripNames() { graph.stripNames() }
}

extension Graph {
  /// What a user should know of constants that a format with operators of its own holds as plain numbers.
  fileprivate func decodingWarnings(for format: ModelFormat) -> [Warning] {
    let constants = constantIDs.compactMap { self[$0].constant }
    let tables = constants.count { if case .codebook = $0.encoding { true } else { false } }
    let blocks = constants.count { if case .blocked = $0.encoding { true } else { false } }
    var warnings: [Warning] = []
    if tables > 0 {
      warnings.append(
        Warning(
          "\(tables) tensors are vectors or rows of tables, which files of \(format) hold as plain numbers"))
    }
    if blocks > 0, format == .tfLite {
      warnings.append(
        Warning(
          "\(blocks) tensors have scales for blocks, which files of \(format) hold as real numbers of 32 bits; scales for channels (`per: channel`) stay"
        ))
    }
    return warnings
  }

  /// Rounds real constants to 16 bits, but for those so small that nothing is gained.
  fileprivate mutating func roundConstantsToFloat16() throws(ModelError) {
    for id in constantIDs {
      guard let constant = self[id].constant, constant.type.dataType == .float32,
        constant.type.shape.elementCount ?? 0 >= 32
      else { continue }
      setConstant(
        id, to: try constant.transformed(by: .cast(.float16)).transformed(by: .cast(.float32)))
    }
  }
}
