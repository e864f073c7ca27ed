import SkiffBinary
import SkiffIR

/// Symmetric int8 parameters for weights, and the int32 bias that goes with them.
///
/// The rules of TensorFlow Lite's converter: a channel's scale is its greatest magnitude divided by 127, the
/// inverse is computed from the magnitude and not from the scale, and a channel whose bias would need more than
/// half of 32 bits gets a larger scale. All in float32 but for the last rule, which is in double.
struct WeightParameters {
  let weights: QuantizationParameters
  let inverseScales: [Float]
  let bias: QuantizationParameters

  /// - Parameters:
  ///   - elements: The weights, the outputs along the first axis.
  ///   - bias: One number for each output, or none.
  ///   - inputScale: The scale of the operator's input.
  ///   - isPerChannel: Whether each output gets a scale of its own.
  init(_ elements: [Float], outputs: Int, bias: [Float]?, inputScale: Float, isPerChannel: Bool) {
    let groups = isPerChannel ? outputs : 1
    let length = groups > 0 ? elements.count / groups : 0
    var magnitudes = (0..<groups).map { group in
      elements[group * length..<(group + 1) * length].reduce(Float(0)) { max($0, abs($1)) }
    }
    if let bias {
      for group in 0..<groups {
        let magnitude = isPerChannel ? abs(bias[group]) : bias.reduce(0) { max($0, abs($1)) }
        let needed = Double(magnitude)
        let limit = 0.5 * Double(inputScale) * Double(magnitudes[group] / 127) * Double(Int32.max)
        if needed >= limit, magnitude > 0 {
          magnitudes[group] = Float(2 * needed / Double(Int32.max) * Double(127 / inputScale))
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
  init?(of type: TensorType, bias: [Float]?, inputScale: Float) {
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
      guard abs(element) < scale * 0x1p31 else { return nil }
    }
  }

  /// The bias in int32: `round(b · (1 / scale))`, clamped symmetrically; 0 where the scale is 0.
  func quantizedBias(_ bias: [Float]) -> Tensor {
    let scales = self.bias.scales
    let integers = bias.indices.map { index -> Int32 in
      let scale = scales.count == 1 ? scales[0] : scales[index]
      guard scale > 0 else { return 0 }
      let inverse = Float(1.0 / Double(scale))
      let rounded = (bias[index] * inverse).rounded(.toNearestOrAwayFromZero)
      return Int32(max(-Double(Int32.max), min(Double(Int32.max), Double(rounded))))
    }
    return Tensor(integers, shape: [bias.count], quantization: self.bias)
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
