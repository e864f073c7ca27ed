import SkiffBinary
import SkiffIR

/// A prepared computation of one int8 tensor.
struct IntegerKernel: PreparedKernel {
  /// Fills the result from operands that exist.
  typealias Body = @Sendable ([Tensor?], inout [Int8]) throws(ModelError) -> Void

  private let shape: [Int]
  private let quantization: QuantizationParameters?
  private let body: Body

  /// A kernel that yields the context's only result.
  init?(_ context: QuantizedContext, _ body: @escaping Body) {
    guard let output = context.outputs.first, let shape = output.shape.fixed else { return nil }
    self.shape = shape
    quantization = output.quantization
    self.body = body
  }

  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    var result = [Int8](repeating: 0, count: shape.reduce(1, *))
    try body(inputs, &result)
    return [Tensor(result, shape: shape, quantization: quantization)]
  }
}

extension IntegerKernel {
  /// A kernel that looks every element of the first operand up.
  init?(_ context: QuantizedContext, table: QuantizedLookup) {
    self.init(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      var span = result.mutableSpan
      table.run(input: input.span, output: &span)
    }
  }

  /// A kernel that combines the first two operands; each may be a constant.
  init?(
    _ context: QuantizedContext,
    combining body: @escaping @Sendable (Span<Int8>, Span<Int8>, inout MutableSpan<Int8>) -> Void
  ) {
    self.init(context) { (inputs, result) throws(ModelError) in
      let first = try inputs.required(0).elements(as: Int8.self)
      let second = try inputs.required(1).elements(as: Int8.self)
      var span = result.mutableSpan
      body(first.span, second.span, &span)
    }
  }
}

extension QuantizedContext {
  /// The parameters of an int8 operand; nil for another type and for one that is quantized along an axis.
  func int8(_ index: Int) -> LinearQuantization? {
    guard inputs.indices.contains(index), let type = inputs[index], type.dataType == .int8 else { return nil }
    return LinearQuantization(type)
  }

  /// The parameters of the first result if it is int8.
  var int8Output: LinearQuantization? {
    outputs.first.flatMap { $0.dataType == .int8 ? LinearQuantization($0) : nil }
  }

  /// The sizes of an operand.
  func sizes(_ index: Int) -> [Int]? { inputs.indices.contains(index) ? inputs[index]?.shape.fixed : nil }

  /// The alignment of the first two operands.
  var broadcast: QuantizedBroadcast? {
    guard let first = sizes(0), let second = sizes(1) else { return nil }
    return QuantizedBroadcast(first, second)
  }

  /// The scales of int8 weights: one, or one for each index along axis 0. They are symmetric, unless the bytes are unsigned.
  func weightScales(_ index: Int) -> [Float]? {
    guard inputs.indices.contains(index), let type = inputs[index], type.dataType == .int8,
      let parameters = type.quantization,
      isUnsigned ? parameters.granularity == .perTensor : parameters.zeroPoints.allSatisfy({ $0 == 0 })
    else { return nil }
    return switch parameters.granularity {
    case .perTensor, .perAxis(0): parameters.scales
    case .perAxis, .blocked: nil
    }
  }

  /// The zero point of weights of one scale.
  func weightZeroPoint(_ index: Int) -> Int32 {
    Int32(clamping: inputs[index]?.quantization?.zeroPoints.first ?? 0)
  }

  /// Whether an optional bias is int32 or left out.
  func hasIntegerBias(_ index: Int) -> Bool {
    guard inputs.indices.contains(index), let bias = inputs[index] else { return true }
    return bias.dataType == .int32
  }
}

extension LinearQuantization {
  /// The parameters of a whole tensor; nil for other granularities and for a scale of zero.
  package init?(_ type: TensorType) {
    guard let parameters = type.quantization?.perTensor, parameters.scale > 0,
      let zeroPoint = Int32(exactly: parameters.zeroPoint)
    else { return nil }
    self.init(scale: parameters.scale, zeroPoint: zeroPoint)
  }
}
