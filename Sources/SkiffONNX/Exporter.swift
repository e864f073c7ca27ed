import SkiffBinary
import SkiffIR

/// Writes a graph as an ONNX file.
package enum ONNXExporter {
  /// The bytes of a message that protobuf's readers take at most.
  package static let largestMessage = Int(Int32.max)
  /// Tensors of fewer bytes stay in the message.
  private static let leastOutside = 1 << 10
  /// Where tensors outside begin is a multiple of this.
  private static let alignment = 64

  /// Writes `graph`, whose operators must be those of the dialect, to the file at `path`; constants are read one at a time.
  ///
  /// Where one message cannot hold all, the constants stand in a file beside it, which has `.data` behind its name and
  /// appears before the model does.
  ///
  /// - Parameters:
  ///   - metadata: What else the file says of the model.
  ///   - limit: The bytes that the message may have.
  /// - Throws: ``ModelError/Code/unsupported`` that names every node which the format cannot say.
  package static func write(
    _ graph: Graph, to path: String, producerVersion: String = "", metadata: [ONNXProperty] = [],
    limit: Int = largestMessage
  ) throws(ModelError) {
    let scope = ExportScope()
    let content = try GraphExport(graph, in: scope).written()
    var model = ONNXModel(
      content, operatorSets: scope.operatorSets(content.operatorSetVersion), producerVersion: producerVersion,
      metadata: metadata)
    var message = model.message()
    if message.count > limit {
      let outside = try writeTensors(of: &model.graph, besides: path)
      message = model.message()
      guard message.count <= limit else {
        throw ModelError(
          .limitExceeded, "\(message.count) bytes without tensors, beyond the \(limit) of a message")
      }
      try outside.commit()
    }
    var file = try OutputFile(path: path)
    try message.write(to: &file) { (constant, file) throws(ModelError) in try write(constant, to: &file) }
    try file.commit()
  }

  /// Moves the large tensors of a graph to a file beside the model.
  private static func writeTensors(
    of graph: inout ONNXGraph, besides path: String
  ) throws(ModelError) -> OutputFile {
    var file = try OutputFile(path: path + ".data")
    let location = path.split(separator: "/").last.map { "\($0).data" } ?? ""
    for index in graph.initializers.indices {
      guard case .constant(let constant) = graph.initializers[index].payload,
        constant.byteCount >= leastOutside
      else { continue }
      try file.align(to: alignment)
      let offset = file.count
      try write(constant, to: &file)
      graph.initializers[index].payload = .external(
        ONNXExternalData(location: location, offset: offset, length: file.count - offset))
    }
    return file
  }

  private static func write(_ constant: Constant, to file: inout OutputFile) throws(ModelError) {
    guard constant.isPlain else { return try file.write(constant.materialize().bytes) }
    try constant.forEachPiece { (piece) throws(ModelError) in try file.write(piece) }
  }
}

/// What is one for all graphs of a model.
final class ExportScope {
  private var names: Set<String> = []
  private var nodeNames: Set<String> = []
  private var domains: [String: Int] = [:]

  /// The operator sets that nodes use, ONNX's own in a version first.
  func operatorSets(_ version: Int) -> [ONNXOperatorSet] {
    domains.merging(["": version]) { used, _ in used }.sorted { $0.key < $1.key }
      .map { ONNXOperatorSet(domain: $0.key, version: $0.value) }
  }

  /// A name that no other value has.
  func name(_ wish: String) -> String { Self.unique(wish.isEmpty ? "value" : wish, &names) }

  /// A name that no other node has, none for a node that has none.
  func nodeName(_ wish: String) -> String { wish.isEmpty ? "" : Self.unique(wish, &nodeNames) }

  /// Remembers that a domain is used.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if it is used in another version too.
  func use(_ domain: String, version: Int) throws(ModelError) {
    let own = domain.isEmpty ? Dialect.newestVersion : domains[domain]
    guard own ?? version == version else {
      throw ModelError(.unsupported, "an operator of version \(version) of the operator set '\(domain)'")
    }
    domains[domain] = version
  }

  private static func unique(_ wish: String, _ taken: inout Set<String>) -> String {
    var result = wish
    var count = 1
    while !taken.insert(result).inserted {
      result = "\(wish)_\(count)"
      count += 1
    }
    return result
  }
}
