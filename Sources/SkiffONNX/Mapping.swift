import SkiffBinary
import SkiffIR
import SkiffPasses

/// A row of the dialect: an operator of ONNX from one version on, and how it becomes nodes of a graph.
struct Mapping: Sendable {
  /// Adds the nodes and returns the results, as many as the node names at most.
  ///
  /// Throwing ``ModelError/Code/unsupported`` keeps the node as a foreign operator, with the reason.
  typealias Read = @Sendable (inout NodeImport) throws(ModelError) -> [ValueID]

  /// The operator's name in ONNX.
  let name: String
  /// The domain; empty for ONNX's own.
  let domain: String
  /// The versions of the domain that the row is for, up to the next row of the same name.
  let versions: ClosedRange<Int>
  let read: Read
  /// How an operator of the graph becomes that of ONNX; nil if the row is only read.
  private(set) var writer: Writer?

  init(_ name: String, domain: String = "", since: Int = 1, until: Int = .max, _ read: @escaping Read) {
    self.name = name
    self.domain = domain
    versions = since...until
    self.read = read
  }

  /// A row for an operator that has no attributes and takes its operands in the same order in both dialects.
  static func plain<Kind: Operator>(_ name: String, _ kind: Kind.Type, since: Int = 1) -> Mapping {
    Mapping(name, since: since) { (node) throws(ModelError) in try node.add(Kind(), node.inputs) }
      .writing(kind) { (_, node) throws(ModelError) in try node.addNumeric(name) }
  }

  /// A form of an operator that ONNX lacks, made of operators that it has; it is never read.
  static func expressing<Kind: Operator>(
    _ kind: Kind.Type, when accepts: @escaping Writer.Condition<Kind> = { _, _, _ in true },
    _ write: @escaping Writer.Body<Kind>
  ) -> Mapping {
    Mapping("") { (_) throws(ModelError) in throw ModelError(.unsupported, "is never read") }
      .writing(kind, when: accepts, write)
  }

  /// The row, which also writes an operator in the newest version of ONNX.
  ///
  /// - Parameters:
  ///   - accepts: Whether it can write a node; rows are tried in their order.
  ///   - write: Adds the nodes and returns the names of the results.
  func writing<Kind: Operator>(
    _ kind: Kind.Type, when accepts: @escaping Writer.Condition<Kind> = { _, _, _ in true },
    _ write: @escaping Writer.Body<Kind>
  ) -> Mapping {
    var copy = self
    copy.writer = Writer(
      kind: Kind.name,
      accepts: { node, graph in (node.operator as? Kind).map { accepts($0, node, graph) } ?? false },
      write: { (kind, node) throws(ModelError) in
        guard let kind = kind as? Kind else { return [] }
        return try write(kind, node)
      })
    return copy
  }

  /// How an operator of the graph is written.
  struct Writer: Sendable {
    typealias Condition<Kind> = @Sendable (Kind, Node, Graph) -> Bool
    typealias Body<Kind> = @Sendable (Kind, NodeExport) throws(ModelError) -> [String]

    /// The name of the operator in the catalog.
    let kind: String
    let accepts: @Sendable (Node, Graph) -> Bool
    let write: Body<any Operator>
  }
}

/// The rows by name.
struct Dialect: Sendable {
  /// The newest version of ONNX's operators that the rows read.
  static let newestReadVersion = 24
  /// The version of ONNX's operators that is written.
  static let newestVersion = 21
  /// The newest version of the file format that is read.
  static let newestReadIRVersion = 12
  /// The version of the file format that is written.
  static let newestIRVersion = 10

  static let onnx = Dialect(all)

  /// How operators of the graph are written, by their names in the catalog.
  static let writers = Dictionary(grouping: all.compactMap(\.writer), by: \.kind)

  private static let all =
    ActivationMappings.rows + ControlMappings.rows + CreationMappings.rows + ElementwiseMappings.rows
    + IntegerMappings.rows
    + LinearMappings.rows + LossMappings.rows + MovementMappings.rows + NormalizationMappings.rows
    + QuantizationMappings.rows + RecurrentMappings.rows + ReductionMappings.rows + RefusedMappings.rows
    + ResizeMappings.rows + RotaryMappings.rows
    + SamplingMappings.rows + SelectionMappings.rows + ShapeMappings.rows + SignalMappings.rows
    + SpatialMappings.rows + StandardAttentionMappings.rows + TransformerMappings.rows
    + ExpressedMappings.rows

  /// The rows that are read and not refused.
  static var readRows: [Mapping] {
    let refused = Set(RefusedMappings.rows.map(\.name))
    return all.filter { !$0.name.isEmpty && !refused.contains($0.name) }
  }

  private let rows: [String: [Mapping]]

  init(_ rows: [Mapping]) {
    self.rows = Dictionary(grouping: rows) { $0.domain + ":" + $0.name }
      .mapValues { $0.sorted { $0.versions.lowerBound < $1.versions.lowerBound } }
  }

  /// The row for an operator at a version, nil if there is none.
  func row(_ name: String, domain: String, version: Int) -> Mapping? {
    rows[domain + ":" + name]?.last { $0.versions.lowerBound <= version }
      .flatMap { $0.versions.contains(version) ? $0 : nil }
  }
}

extension LoweringTarget {
  /// The operators of ONNX.
  package static let onnx = LoweringTarget(computesWithAllReals: true, listsPaddings: true) { node, graph in
    node.operator is ForeignOperator
      || Dialect.writers[type(of: node.operator).name]?.contains { $0.accepts(node, graph) } ?? false
  }
}
