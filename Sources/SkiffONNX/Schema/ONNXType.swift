import SkiffProtobuf

/// A named value and its type.
package struct ONNXValueInfo: Sendable {
  package var name: String
  /// Nil if the file does not say.
  package var type: ONNXType?

  /// A value of a type; nil does not state it.
  init(name: String, type: ONNXType?) {
    self.name = name
    self.type = type
  }

  init(_ message: ProtobufMessage) {
    name = message.text("name") ?? ""
    type = message.message("type").flatMap(ONNXType.init)
  }
}

/// The type of a value.
package indirect enum ONNXType: Hashable, Sendable {
  /// A tensor; the shape is nil if even the rank is not stated.
  case tensor(element: Int, shape: [ONNXDimension]?)
  case sparseTensor(element: Int, shape: [ONNXDimension]?)
  case sequence(ONNXType?)
  case optional(ONNXType?)
  case map(key: Int, value: ONNXType?)
  case opaque(domain: String, name: String)

  /// Nil for a type that says nothing.
  init?(_ message: ProtobufMessage) {
    if let tensor = message.message("tensor_type") {
      self = .tensor(element: tensor.integer("elem_type") ?? 0, shape: Self.shape(of: tensor))
    } else if let tensor = message.message("sparse_tensor_type") {
      self = .sparseTensor(element: tensor.integer("elem_type") ?? 0, shape: Self.shape(of: tensor))
    } else if let sequence = message.message("sequence_type") {
      self = .sequence(sequence.message("elem_type").flatMap(ONNXType.init))
    } else if let optional = message.message("optional_type") {
      self = .optional(optional.message("elem_type").flatMap(ONNXType.init))
    } else if let map = message.message("map_type") {
      self = .map(key: map.integer("key_type") ?? 0, value: map.message("value_type").flatMap(ONNXType.init))
    } else if let opaque = message.message("opaque_type") {
      self = .opaque(domain: opaque.text("domain") ?? "", name: opaque.text("name") ?? "")
    } else {
      return nil
    }
  }

  private static func shape(of tensor: ProtobufMessage) -> [ONNXDimension]? {
    tensor.message("shape")?.messages("dim").map { dimension in
      if let size = dimension.integer("dim_value") { return .size(size) }
      if let symbol = dimension.text("dim_param"), !symbol.isEmpty { return .symbol(symbol) }
      return .unknown
    }
  }
}

/// The extent of an axis as a file states it.
package enum ONNXDimension: Hashable, Sendable {
  case size(Int)
  case symbol(String)
  case unknown
}
