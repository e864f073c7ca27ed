import SkiffBinary
import SkiffIR
import SkiffPasses

/// A row of the dialect: how an operator of TensorFlow Lite is read, and which operator is written as it.
struct Mapping: Sendable {
  /// The operator's name in the schema, or a custom operator's own.
  let name: String
  /// Whether the operator is none of the schema.
  private(set) var isCustom = false
  /// Adds what the operator computes and returns its results.
  ///
  /// It throws ``ModelError/Code/unsupported`` for what Skiff cannot say, and any other error for what the format
  /// does not allow.
  let read: @Sendable (OperatorReader) throws(ModelError) -> [ValueID]
  /// The name of the operator of Skiff that it writes.
  let writtenName: String
  /// Whether the row is for this form of its operator.
  let accepts: @Sendable (Node, Graph) -> Bool
  /// Writes a node of that operator; false if the node has another form than this row's.
  let write: @Sendable (any Operator, NodeWriter) throws(ModelError) -> Bool

  init<Kind: Operator>(
    _ name: String, _ kind: Kind.Type,
    accepts: @escaping @Sendable (Kind, Node, Graph) -> Bool = { _, _, _ in true },
    read: @escaping @Sendable (OperatorReader) throws(ModelError) -> [ValueID],
    write: @escaping @Sendable (Kind, NodeWriter) throws(ModelError) -> Bool
  ) {
    self.name = name
    self.read = read
    writtenName = Kind.name
    self.accepts = { node, graph in (node.operator as? Kind).map { accepts($0, node, graph) } ?? false }
    self.write = { (node, writer) throws(ModelError) in
      guard let node = node as? Kind else { return false }
      return try write(node, writer)
    }
  }

  /// An operator that is not in the schema but known to runtimes by its name.
  init<Kind: Operator>(
    custom name: String, _ kind: Kind.Type,
    read: @escaping @Sendable (OperatorReader) throws(ModelError) -> [ValueID],
    write: @escaping @Sendable (Kind, NodeWriter) throws(ModelError) -> Bool
  ) {
    self.init(name, kind, read: read, write: write)
    isCustom = true
  }

  /// A form of an operator that the format lacks, made of operators that it has; it is never read.
  init<Kind: Operator>(
    decomposing kind: Kind.Type,
    write: @escaping @Sendable (Kind, NodeWriter) throws(ModelError) -> Bool
  ) {
    self.init(
      "", kind,
      read: { (_) throws(ModelError) in throw ModelError(.unsupported, "is never read") }, write: write)
  }

  /// An operator of a runtime of its own, written as one of the schema.
  init<Kind: Operator>(
    reading name: String, as kind: Kind.Type,
    _ read: @escaping @Sendable (OperatorReader) throws(ModelError) -> [ValueID]
  ) {
    self.init(name, kind, accepts: { _, _, _ in false }, read: read) { (_, _) throws(ModelError) in false }
    isCustom = true
  }

  /// An operator without attributes that takes and yields the same tensors in both dialects.
  init<Kind: Operator>(plain name: String, _ kind: Kind.Type, options: String? = nil) {
    self.init(
      name, kind, read: { (reader) throws(ModelError) in [try reader.add(Kind(), reader.inputs)] },
      write: { (_, writer) throws(ModelError) in
        try writer.emit(name, options: options.map { FlatObject($0) })
        return true
      })
  }
}

/// The operators of TensorFlow Lite that Skiff knows.
enum Dialect {
  /// The rows by the names they read.
  static let readers: [String: Mapping] = Dictionary(
    rows.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

  /// The rows by the operators they write, in the order in which they are tried.
  static let writers: [String: [Mapping]] = Dictionary(grouping: rows, by: \.writtenName)

  private static let rows: [Mapping] = [
    activations, arithmetic, linear, volumes, spatial, transposed, resampling, movement, selections, shapes,
    reductions,
    normalization, quantization, recurrent, indexing, sequences,
    detection, control,
  ].flatMap(\.self)
}

extension LoweringTarget {
  /// The operators of TensorFlow Lite.
  package static let tensorFlowLite = LoweringTarget { node, graph in
    let rows = Dialect.writers[type(of: node.operator).name] ?? []
    return node.operator is ForeignOperator || rows.contains { $0.accepts(node, graph) }
  }
}

extension FlatObject {
  /// The number of a scalar, its standard value if it is not stored.
  func integer(_ name: String) -> Int {
    if case .integer(let value)? = self[name] { return value }
    return FlatSchema.tflite.table(type).field(name)?.standard ?? 0
  }

  func boolean(_ name: String) -> Bool { integer(name) != 0 }

  func real(_ name: String) -> Float {
    if case .real(let value)? = self[name] { return Float(value) }
    return Float(FlatSchema.tflite.table(type).field(name)?.standard ?? 0)
  }

  func integers(_ name: String) -> [Int]? {
    if case .integers(let values)? = self[name] { return values }
    return nil
  }

  /// The name of an enumerator.
  func enumerator(_ name: String) -> String? {
    guard let enumeration = FlatSchema.tflite.table(type).field(name)?.enumeration else { return nil }
    return FlatSchema.tflite.enumerations[enumeration]?.name(of: integer(name))
  }

  /// Sets an enumerated field by name.
  func setting(_ name: String, to enumerator: String) -> FlatObject {
    guard let enumeration = FlatSchema.tflite.table(type).field(name)?.enumeration,
      let number = FlatSchema.tflite.enumerations[enumeration]?.number(of: enumerator)
    else { return self }
    var copy = self
    copy[name] = .integer(number)
    return copy
  }
}
