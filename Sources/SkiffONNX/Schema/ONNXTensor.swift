import SkiffBinary
import SkiffIR
import SkiffProtobuf

/// A tensor of the file, or beside it.
package struct ONNXTensor: Sendable {
  /// How the elements are stored.
  package enum Payload: Sendable {
    /// Little-endian, as memory has them.
    case raw(ByteRegion)
    /// Each as an integer that is at least as wide.
    case integers(PackedIntegers)
    /// Texts.
    case strings([ByteRegion])
    /// In another file.
    case external(ONNXExternalData)
    /// In a graph, and yet to be written.
    case constant(Constant)
  }

  package var name: String
  /// The number of the element type.
  package var elementType: Int
  package var shape: [Int]
  package var payload: Payload
  /// The place in the file.
  package var byteOffset: Int

  /// A tensor that is yet to be written.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if the format has no such elements.
  init(_ constant: Constant, name: String) throws(ModelError) {
    self.name = name
    elementType = try ElementTypes.number(of: constant.type.dataType)
    shape = constant.shape
    payload = .constant(constant)
    byteOffset = 0
  }

  init(_ message: ProtobufMessage, limits: Limits) throws(ModelError) {
    let name = message.text("name") ?? ""
    self.name = name
    byteOffset = message.region.offset
    elementType = message.integer("data_type") ?? 0
    let elementType = elementType
    (shape, payload) = try locating(Location(byteOffset: message.region.offset, tensor: name)) {
      () throws(ModelError) in
      guard message.message("segment") == nil else {
        throw ModelError(.unsupported, "the tensor is cut into segments")
      }
      let shape = try message.integers("dims", limit: limits.rank)
      guard shape.allSatisfy({ $0 >= 0 }), shape.checkedProduct() != nil else {
        throw ModelError(.malformed, "impossible shape \(shape)")
      }
      return (shape, try Self.payload(of: message, elementType: elementType))
    }
  }

  private static func payload(of message: ProtobufMessage, elementType: Int) throws(ModelError) -> Payload {
    if message.integer("data_location") == 1 {
      return .external(try ONNXExternalData(message.messages("external_data").map(ONNXProperty.init)))
    }
    if let raw = message.bytes("raw_data") { return .raw(raw) }
    switch elementType {
    case 1, 14: return .raw(try message.packedBytes("float_data"))
    case 11, 15: return .raw(try message.packedBytes("double_data"))
    case 7: return .integers(try message.packedIntegers("int64_data"))
    case 12, 13: return .integers(try message.packedIntegers("uint64_data"))
    case 8: return .strings(message.byteStrings("string_data"))
    default: return .integers(try message.packedIntegers("int32_data"))
    }
  }
}

/// A tensor of which only some elements are stored.
package struct ONNXSparseTensor: Sendable {
  package var values: ONNXTensor
  package var indices: ONNXTensor
  package var shape: [Int]

  init(_ message: ProtobufMessage, limits: Limits) throws(ModelError) {
    guard let values = message.message("values"), let indices = message.message("indices") else {
      throw ModelError(.malformed, "a sparse tensor lacks its values or indices", at: message.location)
    }
    self.values = try ONNXTensor(values, limits: limits)
    self.indices = try ONNXTensor(indices, limits: limits)
    shape = try message.integers("dims", limit: limits.rank)
    guard shape.allSatisfy({ $0 >= 0 }), shape.checkedProduct() != nil else {
      throw ModelError(.malformed, "impossible shape \(shape)", at: message.location)
    }
  }
}
