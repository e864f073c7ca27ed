import SkiffBinary
import SkiffIR

extension Constant {
  /// The most elements that are looked at in memory.
  private static let listedCount = 1 << 26

  /// The integers of a constant that is stored in blocks of few bits, moved as it is; nil if it is not stored so, or moved in a way
  /// that leaves no blocks.
  func blockedIntegers() throws(ModelError) -> Constant? {
    guard case .blocked(let blocks) = encoding, let shape = storedType.shape.fixed else { return nil }
    var order = Array(shape.indices)
    for transform in transforms {
      guard case .permute(let next) = transform else { return nil }
      order = next.map { order[$0] }
    }
    let tensor = try blocks.integers(stream(), shape: shape)
    guard order != Array(shape.indices) else { return Constant(tensor) }
    guard let parameters = tensor.quantization,
      let sizes = Blocks.shape(of: shape, axis: blocks.axis, size: blocks.size),
      let axis = order.firstIndex(of: blocks.axis)
    else { return nil }
    let plain = try Tensor(tensor.dataType, shape: shape, bytes: tensor.bytes).permuted(by: order)
    let scales = try Tensor(parameters.scales, shape: sizes).permuted(by: order).floats()
    let zeroPoints = try Tensor(integers: parameters.zeroPoints, as: .int8, shape: sizes)
      .permuted(by: order).integers()
    return Constant(
      try plain.quantized(
        with: QuantizationParameters(
          scales: scales, zeroPoints: zeroPoints, granularity: .blocked(axis: axis, size: blocks.size))))
  }

  /// The integers in 4 bits; nil if these do not hold all, or the integers have another type than 8 or 2 bits.
  func inFourBits() throws(ModelError) -> Constant? {
    let narrow: DataType
    switch type.dataType {
    case .int8, .int2: narrow = .int4
    case .uint8, .uint2: narrow = .uint4
    default: return nil
    }
    let range = narrow.integerRange()
    guard type.shape.elementCount ?? .max <= Self.listedCount, let parameters = type.quantization,
      parameters.zeroPoints.allSatisfy(range.contains)
    else { return nil }
    let integers = try materialize().integers()
    guard integers.allSatisfy(range.contains) else { return nil }
    return Constant(try Tensor(integers: integers, as: narrow, shape: shape).quantized(with: parameters))
  }
}
