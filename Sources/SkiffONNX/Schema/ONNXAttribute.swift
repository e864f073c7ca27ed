import SkiffBinary
import SkiffProtobuf

/// A named parameter of a node.
package struct ONNXAttribute: Sendable {
  /// The value of an attribute.
  package enum Value: Sendable {
    case real(Float)
    case integer(Int)
    case bytes(ByteRegion)
    case tensor(ONNXTensor)
    case graph(ONNXGraph)
    case sparseTensor(ONNXSparseTensor)
    case type(ONNXType?)
    case reals([Float])
    case integers([Int])
    case byteStrings([ByteRegion])
    case tensors([ONNXTensor])
    case graphs([ONNXGraph])
    case sparseTensors([ONNXSparseTensor])
    case types([ONNXType?])
    /// The attribute of this name of the function that the node is in.
    case reference(String)
  }

  package var name: String
  package var value: Value
  /// The attribute as the file has it.
  package var region: ByteRegion

  /// The numbers by which files name the kinds of values.
  enum Kind: Int {
    case real = 1, integer, bytes, tensor, graph, reals, integers, byteStrings, tensors, graphs
    case sparseTensor, sparseTensors, type, types
  }

  /// An attribute of no file.
  init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
    region = .empty
  }

  init(_ message: ProtobufMessage, limits: Limits) throws(ModelError) {
    let name = message.text("name") ?? ""
    self.name = name
    region = message.region
    value = try locating(Location(byteOffset: message.region.offset, attribute: name)) {
      () throws(ModelError) in try Self.value(of: message, limits: limits)
    }
  }

  private static func value(of message: ProtobufMessage, limits: Limits) throws(ModelError) -> Value {
    if let reference = message.text("ref_attr_name"), !reference.isEmpty { return .reference(reference) }
    let number = message.integer("type") ?? 0
    // Files of the first IR version leave the kind out; then the field that is there tells.
    guard let kind = number == 0 ? present(message) : Kind(rawValue: number) else {
      throw ModelError(.malformed, number == 0 ? "has no value" : "there is no kind \(number) of value")
    }
    func require<Part>(_ part: Part?) throws(ModelError) -> Part {
      guard let part else { throw ModelError(.malformed, "has no value of its kind") }
      return part
    }
    switch kind {
    case .real: return .real(message.real("f") ?? 0)
    case .integer: return .integer(message.integer("i") ?? 0)
    case .bytes: return .bytes(message.bytes("s") ?? .empty)
    case .tensor: return .tensor(try ONNXTensor(require(message.message("t")), limits: limits))
    case .graph: return .graph(try ONNXGraph(require(message.message("g")), limits: limits))
    case .sparseTensor:
      return .sparseTensor(try ONNXSparseTensor(require(message.message("sparse_tensor")), limits: limits))
    case .type: return .type(ONNXType(try require(message.message("tp"))))
    case .reals: return .reals(try message.reals("floats", limit: limits.count))
    case .integers: return .integers(try message.integers("ints", limit: limits.count))
    case .byteStrings: return .byteStrings(message.byteStrings("strings"))
    case .tensors:
      var tensors: [ONNXTensor] = []
      for tensor in message.messages("tensors") { tensors.append(try ONNXTensor(tensor, limits: limits)) }
      return .tensors(tensors)
    case .graphs:
      var graphs: [ONNXGraph] = []
      for graph in message.messages("graphs") { graphs.append(try ONNXGraph(graph, limits: limits)) }
      return .graphs(graphs)
    case .sparseTensors:
      var tensors: [ONNXSparseTensor] = []
      for tensor in message.messages("sparse_tensors") {
        tensors.append(try ONNXSparseTensor(tensor, limits: limits))
      }
      return .sparseTensors(tensors)
    case .types: return .types(message.messages("type_protos").map(ONNXType.init))
    }
  }

  private static func present(_ message: ProtobufMessage) -> Kind? {
    if message.real("f") != nil { return .real }
    if message.integer("i") != nil { return .integer }
    if message.bytes("s") != nil { return .bytes }
    if message.message("t") != nil { return .tensor }
    if message.message("g") != nil { return .graph }
    if (try? message.reals("floats", limit: .max))?.isEmpty == false { return .reals }
    if (try? message.integers("ints", limit: .max))?.isEmpty == false { return .integers }
    if !message.byteStrings("strings").isEmpty { return .byteStrings }
    if !message.messages("tensors").isEmpty { return .tensors }
    return message.messages("graphs").isEmpty ? nil : .graphs
  }
}
