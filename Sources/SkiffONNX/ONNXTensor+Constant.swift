import SkiffBinary
import SkiffIR
import SkiffProtobuf

extension ONNXTensor {
  /// The tensor as a constant, over the file's bytes wherever they are stored as memory has them.
  func constant(_ files: inout ExternalFiles, limits: Limits) throws(ModelError) -> Constant {
    do throws(ModelError) {
      guard let dataType = ElementTypes.dataType(elementType) else {
        throw ModelError(.malformed, "there is no element type \(elementType)")
      }
      guard dataType != .string else { throw ModelError(.unsupported, "a tensor of texts") }
      guard let count = shape.checkedProduct(), let size = dataType.byteCount(elements: count) else {
        throw ModelError(.malformed, "impossible shape \(shape)")
      }
      switch payload {
      case .raw(let bytes): return try Constant(dataType, shape: shape, bytes: bytes)
      case .external(let data):
        return try Constant(
          dataType, shape: shape, bytes: files.bytes(of: data, expectedCount: size))
      case .integers(let integers):
        guard size <= limits.tensorSize else {
          throw ModelError(.limitExceeded, "\(size) bytes, more than the limit of \(limits.tensorSize)")
        }
        let bytes = try Self.bytes(of: integers, width: max(1, dataType.bitWidth / 8), count: size)
        return try Constant(dataType, shape: shape, bytes: bytes)
      case .constant(let constant): return constant
      case .strings: throw ModelError(.unsupported, "a tensor of texts")
      }
    } catch {
      throw error.located(Location(byteOffset: byteOffset, tensor: name))
    }
  }

  /// The low `width` bytes of each integer, little-endian, `count` bytes in all.
  private static func bytes(
    of integers: PackedIntegers, width: Int, count: Int
  ) throws(ModelError) -> ByteRegion {
    var bytes: [UInt8] = []
    try integers.forEach { (integer) throws(ModelError) in
      guard bytes.count < count else {
        throw ModelError(.malformed, "has more elements than its shape")
      }
      for index in 0..<width { bytes.append(UInt8(truncatingIfNeeded: integer >> UInt64(8 * index))) }
    }
    return ByteRegion(bytes)
  }
}

extension ONNXSparseTensor {
  /// The tensor with its zeros.
  func constant(_ files: inout ExternalFiles, limits: Limits) throws(ModelError) -> Constant {
    let elements = try values.constant(&files, limits: limits).materialize()
    let places = try indices.constant(&files, limits: limits).materialize()
    let strides = Tensor.strides(of: shape)
    let width = elements.dataType.bitWidth / 8
    guard let total = shape.checkedProduct(), width > 0, elements.dataType.bitWidth % 8 == 0,
      let size = elements.dataType.byteCount(elements: total), size <= limits.tensorSize
    else { throw ModelError(.limitExceeded, "a sparse tensor of shape \(shape)") }
    let isFlat = places.rank == 1
    guard isFlat ? places.count == elements.count : places.shape == [elements.count, shape.count] else {
      throw ModelError(.malformed, "\(places.shape) indices for \(elements.count) sparse elements")
    }
    let coordinates = try places.integers()
    var offsets: [Int] = []
    for index in 0..<elements.count {
      var offset = 0
      if isFlat {
        offset = coordinates[index]
      } else {
        for (axis, extent) in shape.enumerated() {
          let coordinate = coordinates[index * shape.count + axis]
          guard coordinate >= 0, coordinate < extent else { throw outside() }
          offset += coordinate * strides[axis]
        }
      }
      guard offset >= 0, offset < total else { throw outside() }
      offsets.append(offset)
    }
    let source = elements.bytes.withBytes { Array($0) }
    var bytes = [UInt8](repeating: 0, count: size)
    for (index, offset) in offsets.enumerated() {
      for byte in 0..<width { bytes[offset * width + byte] = source[index * width + byte] }
    }
    return try Constant(elements.dataType, shape: shape, bytes: ByteRegion(bytes))
  }

  private func outside() -> ModelError {
    ModelError(.malformed, "an index of a sparse tensor is outside its shape \(shape)")
  }
}
