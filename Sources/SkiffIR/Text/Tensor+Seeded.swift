import SkiffBinary

extension Tensor {
  /// A tensor of reproducible random elements, as `seeded(7)` in the text form means it.
  ///
  /// Floating point numbers are uniform over [-1, 1), integers over all that their type holds, truth values even.
  package init(
    seed: UInt64, _ dataType: DataType, shape: [Int], quantization: QuantizationParameters? = nil
  ) throws(ModelError) {
    guard let count = shape.checkedProduct() else {
      throw ModelError(.limitExceeded, "impossible shape \(Shape(shape))")
    }
    var state = seed
    // SplitMix64 (Steele, Lea, Flood 2014).
    func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
    let tensor: Tensor
    if dataType.isFloatingPoint {
      // 24 bits: each number is exact in float32.
      let values = (0..<count).map { _ in Float(next() >> 40) * 0x1p-23 - 1 }
      tensor = try Tensor(floats: values, as: dataType, shape: shape)
    } else {
      let bits = dataType == .boolean ? 1 : dataType.bitWidth
      let values = (0..<count).map { _ in Int(truncatingIfNeeded: next() >> (64 - UInt64(bits))) }
      tensor = try Tensor(integers: values, as: dataType, shape: shape)
    }
    self = tensor.quantized(with: quantization)
  }
}
