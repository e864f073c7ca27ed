import SkiffBinary
import SkiffIR

/// Symmetric int8 parameters for weights, and the bias that goes with them: int32, or int64 for activations of 16 bits.
///
/// The rules of TensorFlow Lite's converter: a channel's scale is its greatest magnitude divided by 127, the
/// inverse is computed from the magnitude and not from the scale, and a channel whose bias would need more than
/// half of 32 bits gets a larger scale. All in float32 but for the last rule, which is in double. A bias of 64 bits has no more: with a
/// smaller scale beside it, the factor that sums are scaled back by could be below 2^-31, which is zero in fixed point.
struct WeightParameters {
  let weights: QuantizationParameters
  let inverseScales: [Float]
  let bias: QuantizationParameters
  /// The integers that the bias becomes.
  let biasType: DataType

  /// The integers that a bias becomes beside activations of a type.
  static func biasType(for activations: DataType) -> DataType { activations == .int16 ? .int64 : .int32 }

  /// The magnitude that integers of a bias stay below.
  private static func limit(of biasType: DataType) -> Double {
    biasType == .int64 ? 0x1p32 : Double(Int32.max)
  }

  /// - Parameters:
  ///   - elements: The weights, the outputs along the first axis.
  ///   - bias: One number for each output, or none.
  ///   - inputScale: The scale of the operator's input.
  ///   - isPerChannel: Whether each output gets a scale of its own.
  init(
    _ elements: [Float], outputs: Int, bias: [Float]?, biasType: DataType, inputScale: Float,
    isPerChannel: Bool
  ) {
    self.biasType = biasType
    let limit = Self.limit(of: biasType)
    let groups = isPerChannel ? outputs : 1
    let length = groups > 0 ? elements.count / groups : 0
    var magnitudes = (0..<groups).map { group in
      elements[group * length..<(group + 1) * length].reduce(Float(0)) { max($0, abs($1)) }
    }
    if let bias {
      for group in 0..<groups {
        let magnitude = isPerChannel ? abs(bias[group]) : bias.reduce(0) { max($0, abs($1)) }
        let needed = Double(magnitude)
        if needed >= 0.5 * Double(inputScale) * Double(magnitudes[group] / 127) * limit, magnitude > 0 {
          magnitudes[group] = Float(2 * needed / limit * Double(127 / inputScale))
        }
      }
    }
    let scales = magnitudes.map { $0 / 127 }
    inverseScales = magnitudes.map { $0 == 0 ? 0 : 127 / $0 }
    weights =
      isPerChannel
      ? QuantizationParameters(scales: scales, axis: 0) : QuantizationParameters(scale: scales.first ?? 0)
    let biasScales = scales.map { inputScale * $0 }
    self.bias =
      isPerChannel
      ? QuantizationParameters(scales: biasScales, axis: 0)
      : QuantizationParameters(scale: biasScales.first ?? 0)
  }

  /// The parameters of weights that are integers already, if they are symmetric, with one scale or one for each output,
  /// and the bias fits beside them.
  init?(of type: TensorType, bias: [Float]?, biasType: DataType, inputScale: Float) {
    self.biasType = biasType
    guard let known = type.int8Parameters, known.zeroPoints.allSatisfy({ $0 == 0 }),
      known.granularity == .perTensor || known.granularity == .perAxis(0)
    else { return nil }
    weights = known
    inverseScales = known.scales.map { 1 / $0 }
    var biasParameters = known
    biasParameters.scales = known.scales.map { inputScale * $0 }
    self.bias = biasParameters
    for (index, element) in (bias ?? []).enumerated() {
      let scale = biasParameters.scales[biasParameters.scales.count == 1 ? 0 : index]
      guard Double(abs(element)) < Double(scale) * Self.limit(of: biasType) else { return nil }
    }
  }

  /// The bias as integers: `round(b · (1 / scale))`, clamped symmetrically; 0 where the scale is 0.
  func quantizedBias(_ bias: [Float]) -> Tensor {
    let scales = self.bias.scales
    let limit = Self.limit(of: biasType)
    let integers = bias.indices.map { index -> Int64 in
      let scale = scales.count == 1 ? scales[0] : scales[index]
      guard scale > 0 else { return 0 }
      let inverse = Float(1.0 / Double(scale))
      let rounded = (bias[index] * inverse).rounded(.toNearestOrAwayFromZero)
      return Int64(max(-limit, min(limit, Double(rounded))))
    }
    guard biasType == .int32 else { return Tensor(integers, shape: [bias.count], quantization: self.bias) }
    return Tensor(integers.map { Int32($0) }, shape: [bias.count], quantization: self.bias)
  }
}

extension TensorType {
  /// The parameters of the same real numbers in int8; nil if the type has others than those of 8 bits.
  var int8Parameters: QuantizationParameters? {
    guard var parameters = quantization else { return nil }
    switch dataType {
    case .int8: break
    case .uint8: parameters.zeroPoints = parameters.zeroPoints.map { $0 - 128 }
    default: return nil
    }
    return parameters
  }
}
