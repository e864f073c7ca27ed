import SkiffBinary
import SkiffIR

extension Concat: QuantizedKernel {
  public var parameterRule: ParameterRule { .shared }

  /// Integers of the result's parameters, which are only moved; unsigned bytes of others are scaled in float32 before.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let type = context.outputs.first, let output = LinearQuantization(type),
      let rank = context.inputs.first.flatMap({ $0?.rank })
    else { return nil }
    let axis = try normalizedAxis(axis, rank: rank)
    var scales: [LinearQuantization?] = []
    for input in context.inputs {
      guard let input, input.dataType == type.dataType, let parameters = LinearQuantization(input) else {
        return nil
      }
      guard parameters == output || context.isUnsigned else { return nil }
      scales.append(parameters == output ? nil : parameters)
    }
    return Joining(axis: axis, scales: scales, output: output, type: type)
  }

  private struct Joining: PreparedKernel {
    let axis: Int
    /// The parameters of the operands that are scaled.
    let scales: [LinearQuantization?]
    let output: LinearQuantization
    let type: TensorType

    func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
      var parts: [Tensor] = []
      for (index, parameters) in scales.enumerated() {
        let part = try inputs.required(index)
        guard let parameters else {
          parts.append(part)
          continue
        }
        let scaled = try part.elements(as: Int8.self).map { self.scaled($0, parameters) }
        parts.append(Tensor(scaled, shape: part.shape, quantization: type.quantization))
      }
      return [try Tensor.joined(parts, axis: axis).quantized(with: type.quantization)]
    }

    /// An unsigned byte, here less by 128, in the scale of the result: one product and one sum in float32, halves away from zero.
    private func scaled(_ value: Int8, _ input: LinearQuantization) -> Int8 {
      let scale = input.scale * (1 / output.scale)
      let bias = -Float(input.zeroPoint + 128) * scale
      let steps = (Float(Int32(value) + 128) * scale + bias).rounded(.toNearestOrAwayFromZero)
      return Int8(clamping: Int64(Int32(saturating: steps)) + Int64(output.zeroPoint))
    }
  }
}
