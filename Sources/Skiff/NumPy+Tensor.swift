import SkiffBinary
import SkiffIR
import SkiffNumPy

extension Tensor {
  /// The tensor of an array, without a copy.
  package init(_ array: NumPyArray) throws(ModelError) {
    try self.init(array.type.dataType, shape: array.shape, bytes: array.bytes)
  }
}

extension NumPyArray {
  /// The array of a tensor; integers that stand for real numbers stay integers.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` for a data type that NumPy lacks.
  package init(_ tensor: Tensor) throws(ModelError) {
    if tensor.dataType == .bfloat16 {
      try self.init(Tensor(tensor.floats(), shape: tensor.shape))
      return
    }
    guard let type = NumPyType.allCases.first(where: { $0.dataType == tensor.dataType }) else {
      throw ModelError(.unsupported, "NumPy has no type for \(tensor.dataType.rawValue)")
    }
    try self.init(type: type, shape: tensor.shape, bytes: tensor.bytes)
  }
}

extension NumPyType {
  /// The data type with the same elements.
  package var dataType: DataType {
    switch self {
    case .bool: .boolean
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .float16: .float16
    case .float32: .float32
    case .float64: .float64
    }
  }
}
