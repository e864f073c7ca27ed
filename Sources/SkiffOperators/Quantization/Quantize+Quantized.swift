import SkiffBinary
import SkiffIR

extension Quantize: QuantizedKernel {
  public var takesUnsigned: Bool { false }

  /// From float32 to 8 and 16 bits, and between such integers.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let target = context.outputs.first, let output = LinearQuantization(target),
      let source = context.inputs.first ?? nil
    else { return nil }
    let parameters = target.quantization
    if source.dataType == .float32 {
      let kernel = FloatQuantization(output: output)
      return QuantizationKernel(parameters: parameters) { (input) throws(ModelError) in
        let elements = try input.elements(as: Float.self)
        return switch target.dataType {
        case .int8: Tensor(elements.map { kernel.element($0, as: Int8.self) }, shape: input.shape)
        case .uint8: Tensor(elements.map { kernel.element($0, as: UInt8.self) }, shape: input.shape)
        case .int16: Tensor(elements.map { kernel.element($0, as: Int16.self) }, shape: input.shape)
        default: throw ModelError(.unsupported, "cannot quantize to \(target.dataType.rawValue)")
        }
      }
    }
    guard let input = LinearQuantization(source) else { return nil }
    let kernel = Requantization(input: input, output: output)
    return QuantizationKernel(parameters: parameters) { (tensor) throws(ModelError) in
      switch tensor.dataType {
      case .int8: try Self.requantize(tensor.elements(as: Int8.self), tensor.shape, kernel, target.dataType)
      case .uint8: try Self.requantize(tensor.elements(as: UInt8.self), tensor.shape, kernel, target.dataType)
      case .int16: try Self.requantize(tensor.elements(as: Int16.self), tensor.shape, kernel, target.dataType)
      default: throw ModelError(.unsupported, "cannot quantize \(tensor.dataType.rawValue)")
      }
    }
  }

  private static func requantize<Source: FixedWidthInteger>(
    _ elements: [Source], _ shape: [Int], _ kernel: Requantization, _ target: DataType
  ) throws(ModelError) -> Tensor {
    switch target {
    case .int8: Tensor(elements.map { kernel.element($0, as: Int8.self) }, shape: shape)
    case .uint8: Tensor(elements.map { kernel.element($0, as: UInt8.self) }, shape: shape)
    case .int16: Tensor(elements.map { kernel.element($0, as: Int16.self) }, shape: shape)
    default: throw ModelError(.unsupported, "cannot quantize to \(target.rawValue)")
    }
  }
}

/// A prepared conversion of the only operand.
private struct QuantizationKernel: PreparedKernel {
  let parameters: QuantizationParameters?
  let convert: @Sendable (Tensor) throws(ModelError) -> Tensor

  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    [try convert(inputs.required(0)).quantized(with: parameters)]
  }
}
