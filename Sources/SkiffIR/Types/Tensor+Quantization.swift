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
    let groups = parameterIndices(parameters)
    let inverses = inverseScales ?? parameters.scales.map { $0 == 0 ? 0 : 1 / $0 }
    let values = try floats()
    let integers = values.indices.map { index in
      let group = groups(index)
      let rounded = (values[index] * inverses[group]).rounded(.toNearestOrAwayFromZero)
      let limited = max(-0x1p40, min(0x1p40, rounded.isNaN ? 0 : rounded))
      return max(range.lowerBound, min(range.upperBound, Int(limited) + parameters.zeroPoints[group]))
    }
    return try Tensor(integers: integers, as: target, shape: shape).quantized(with: parameters)
  }

  /// The real numbers in float32 that quantized elements stand for: `(q − zeroPoint) · scale`.
  public func dequantized() throws(ModelError) -> Tensor {
    guard let quantization else { return try cast(to: .float32) }
    try quantization.verify(dataType: dataType, shape: Shape(shape))
    let groups = parameterIndices(quantization)
    let integers = try integers()
    return Tensor(
      integers.indices.map { index in
        let group = groups(index)
        // As doubles, since a difference of 64-bit integers can be beyond Int; below 2^53 it is the same.
        let difference = Double(integers[index]) - Double(quantization.zeroPoints[group])
        return Float(difference) * quantization.scales[group]
      }, shape: shape)
  }

  /// Which scale and zero point belong to the element at an offset, for parameters that fit the tensor.
  package func parameterIndices(_ parameters: QuantizationParameters) -> (Int) -> Int {
    Self.parameterIndices(parameters.granularity, of: shape)
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
