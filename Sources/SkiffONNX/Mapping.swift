import SkiffBinary
import SkiffIR

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

  init(_ name: String, domain: String = "", since: Int = 1, until: Int = .max, _ read: @escaping Read) {
    self.name = name
    self.domain = domain
    versions = since...until
    self.read = read
  }

  /// A row for an operator that has no attributes and takes its operands in the same order in both dialects.
  static func plain<Kind: Operator>(
    _ name: String, domain: String = "", _ kind: Kind.Type, since: Int = 1
  ) -> Mapping {
    Mapping(name, domain: domain, since: since) { (node) throws(ModelError) in
      try node.add(Kind(), node.inputs)
    }
  }
}

/// The rows by name.
struct Dialect: Sendable {
  /// The newest version of ONNX's operators that the rows were written for.
  static let newestVersion = 21
  /// The newest version of the file format.
  static let newestIRVersion = 10

  static let onnx = Dialect(
    ActivationMappings.rows + ControlMappings.rows + CreationMappings.rows + ElementwiseMappings.rows
      + IntegerMappings.rows
      + LinearMappings.rows + LossMappings.rows + MovementMappings.rows + NormalizationMappings.rows
      + QuantizationMappings.rows + RecurrentMappings.rows + ReductionMappings.rows + RefusedMappings.rows
      + ResizeMappings.rows
      + SamplingMappings.rows + SelectionMappings.rows + ShapeMappings.rows + SignalMappings.rows
      + SpatialMappings.rows + TransformerMappings.rows)

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
