import SkiffBinary

extension Tensor {
  /// The elements converted to another type: floating point rounds to nearest even, integers wrap around,
  /// floating point to integers truncates towards zero and then wraps around, anything but 0 is true.
  public func cast(to target: DataType) throws(ModelError) -> Tensor {
    if target == dataType { return quantized(with: nil) }
    if target == .boolean {
      return Tensor(try doubles().map { $0 != 0 }, shape: shape)
    }
    if target == .float64 { return Tensor(try doubles(), shape: shape) }
    if target.isFloatingPoint {
      if target != .float32, dataType == .float64 || (dataType.isInteger && dataType.bitWidth > 16) {
        let wide = try doubles()
        switch target {
        case .float16: return Tensor(wide.map(Float16.init), shape: shape)
        default: return try Tensor(floats: wide.map(Float.init), as: target, shape: shape)
        }
      }
      return try Tensor(floats: floats(), as: target, shape: shape)
    }
    if dataType.isFloatingPoint {
      let integers = try doubles().map { value in
        value.isNaN ? 0 : Int(exactly: value.rounded(.towardZero)) ?? (value < 0 ? Int.min : Int.max)
      }
      return try Tensor(integers: integers, as: target, shape: shape)
    }
    return try Tensor(integers: integers(), as: target, shape: shape)
  }

  /// The nearest integers to `element · inverseScale`, halves away from zero, plus the zero point, clamped.
  ///
  /// Symmetric parameters along an axis clamp to ±(2^(bits−1) − 1), so that the range is symmetric too.
  ///
  /// - Parameter inverseScales: What to multiply with, one number for each scale; by default each scale's
  ///   reciprocal rounded to float32, or 0 where the scale is 0. A quantizer that derives the inverse from the
  ///   range instead of from the rounded scale passes its own.
  public func quantized(
    as target: DataType, _ parameters: QuantizationParameters, inverseScales: [Float]? = nil
  ) throws(ModelError) -> Tensor {
    try parameters.verify(dataType: target, shape: Shape(shape))
    let isNarrow = parameters.granularity != .perTensor && parameters.zeroPoints.allSatisfy { $0 == 0 }
    let range = target.integerRange(narrow: isNarrow)
    let inverses = inverseScales ?? parameters.scales.map { $0 == 0 ? 0 : 1 / $0 }
    let values = try floats()
    func rounded<Element: TensorElement & FixedWidthInteger>(as type: Element.Type) -> [Element] {
      [Element](unsafeUninitializedCapacity: values.count) { result, count in
        Self.forEachRun(parameters.granularity, of: shape) { run, group in
          let (inverse, zeroPoint) = (inverses[group], parameters.zeroPoints[group])
          for index in run {
            let rounded = (values[index] * inverse).rounded(.toNearestOrAwayFromZero)
            let limited = max(-0x1p40, min(0x1p40, rounded.isNaN ? 0 : rounded))
            let integer = max(range.lowerBound, min(range.upperBound, Int(limited) + zeroPoint))
            result.initializeElement(at: index, to: Element(truncatingIfNeeded: integer))
          }
        }
        count = values.count
      }
    }
    let tensor =
      switch target {
      case .int8: Tensor(rounded(as: Int8.self), shape: shape)
      case .uint8: Tensor(rounded(as: UInt8.self), shape: shape)
      default: try Tensor(integers: rounded(as: Int64.self).map { Int($0) }, as: target, shape: shape)
      }
    return tensor.quantized(with: parameters)
  }

  /// The real numbers in float32 that quantized elements stand for: `(q − zeroPoint) · scale`.
  public func dequantized() throws(ModelError) -> Tensor {
    guard let quantization else { return try cast(to: .float32) }
    try quantization.verify(dataType: dataType, shape: Shape(shape))
    func real<Element: BinaryInteger>(_ integers: [Element]) -> Tensor {
      let reals = [Float](unsafeUninitializedCapacity: integers.count) { result, count in
        Self.forEachRun(quantization.granularity, of: shape) { run, group in
          let (scale, zeroPoint) = (quantization.scales[group], Double(quantization.zeroPoints[group]))
          for index in run {
            // As doubles, since a difference of 64-bit integers can be beyond Int; below 2^53 it is the same.
            result.initializeElement(at: index, to: Float(Double(integers[index]) - zeroPoint) * scale)
          }
        }
        count = integers.count
      }
      return Tensor(reals, shape: shape)
    }
    return switch dataType {
    case .int8: real(try elements(as: Int8.self))
    case .uint8: real(try elements(as: UInt8.self))
    default: real(try integers())
    }
  }

  /// Calls `body` with ranges of offsets of a tensor of these sizes that have one group of parameters, and the group, in
  /// order.
  @inline(__always)
  static func forEachRun(
    _ granularity: QuantizationParameters.Granularity, of shape: [Int], _ body: (Range<Int>, Int) -> Void
  ) {
    let count = shape.reduce(1, *)
    switch granularity {
    case .perTensor: body(0..<count, 0)
    case .perAxis(let axis):
      let inner = shape[(axis + 1)...].reduce(1, *)
      var group = 0
      for start in stride(from: 0, to: count, by: max(1, inner)) {
        body(start..<start + inner, group)
        group = group + 1 == shape[axis] ? 0 : group + 1
      }
    case .blocked:
      let groups = parameterIndices(granularity, of: shape)
      for index in 0..<count { body(index..<index + 1, groups(index)) }
    }
  }

  /// Which group the element at an offset of a tensor of these sizes belongs to.
  package static func parameterIndices(
    _ granularity: QuantizationParameters.Granularity, of shape: [Int]
  ) -> (Int) -> Int {
    switch granularity {
    case .perTensor: return { _ in 0 }
    case .perAxis(let axis):
      let inner = shape[(axis + 1)...].reduce(1, *)
      let size = shape[axis]
      return { $0 / inner % size }
    case .blocked(let axis, let size):
      let inner = shape[(axis + 1)...].reduce(1, *)
      let length = shape[axis]
      let blocks = length == 0 ? 0 : (length - 1) / size + 1
      return { $0 / inner / length * blocks * inner + $0 / inner % length / size * inner + $0 % inner }
    }
  }
}

extension DataType {
  /// The integers a type holds; a narrow signed range leaves out the lowest, so that it is symmetric.
  ///
  /// Types of 64 bits and text are not quantized and give the range of `Int`.
  package func integerRange(narrow: Bool = false) -> ClosedRange<Int> {
    guard bitWidth > 0, bitWidth < 64 else { return Int.min...Int.max }
    if isUnsignedInteger { return 0...(1 << bitWidth - 1) }
    let top = 1 << (bitWidth - 1) - 1
    return (narrow ? -top : -top - 1)...top
  }
}
