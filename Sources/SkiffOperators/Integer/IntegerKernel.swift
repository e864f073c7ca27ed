import SkiffBinary
import SkiffIR

/// The integers that activations are: int8 and int16.
package protocol QuantizedElement: TensorElement, FixedWidthInteger, SignedInteger {}
extension Int8: QuantizedElement {}
extension Int16: QuantizedElement {}

/// A computation of a tensor from one of the same type.
package protocol UnaryIntegerComputation: Sendable {
  /// Computes every element of `output`.
  func run<Element: QuantizedElement>(input: Span<Element>, output: inout MutableSpan<Element>)
}

/// A computation of a tensor from two of the same type.
package protocol BinaryIntegerComputation: Sendable {
  /// Computes every element of `output`.
  func run<Element: QuantizedElement>(
    first: Span<Element>, second: Span<Element>, output: inout MutableSpan<Element>)
}

/// A prepared computation of one tensor of integers.
struct IntegerKernel<Element: QuantizedElement>: PreparedKernel {
  /// Fills the result from operands that exist.
  typealias Body = @Sendable ([Tensor?], inout [Element]) throws(ModelError) -> Void

  private let shape: [Int]
  private let quantization: QuantizationParameters?
  private let body: Body

  /// A kernel that yields the context's only result.
  init?(_ context: QuantizedContext, _ body: @escaping Body) {
    guard let output = context.outputs.first, output.dataType == Element.dataType,
      let shape = output.shape.fixed
    else { return nil }
    self.shape = shape
    quantization = output.quantization
    self.body = body
  }

  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    var result = [Element](repeating: 0, count: shape.reduce(1, *))
    try body(inputs, &result)
    return [Tensor(result, shape: shape, quantization: quantization)]
  }
}

extension IntegerKernel {
  /// A kernel over the first operand.
  init?(_ context: QuantizedContext, computing computation: some UnaryIntegerComputation) {
    self.init(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Element.self)
      var span = result.mutableSpan
      computation.run(input: input.span, output: &span)
    }
  }

  /// A kernel over the first two operands; each may be a constant.
  init?(_ context: QuantizedContext, combining computation: some BinaryIntegerComputation) {
    self.init(context) { (inputs, result) throws(ModelError) in
      let first = try inputs.required(0).elements(as: Element.self)
      let second = try inputs.required(1).elements(as: Element.self)
      var span = result.mutableSpan
      computation.run(first: first.span, second: second.span, output: &span)
    }
  }
}

extension IntegerKernel<Int8> {
  /// A kernel that looks every element of the first operand up.
  init?(_ context: QuantizedContext, table: QuantizedLookup) {
    self.init(context) { (inputs, result) throws(ModelError) in
      let input = try inputs.required(0).elements(as: Int8.self)
      var span = result.mutableSpan
      table.run(input: input.span, output: &span)
    }
  }
}

extension QuantizedContext {
  /// The kernel of a computation in the type of the first result; nil if that is neither int8 nor int16.
  func kernel(computing computation: some UnaryIntegerComputation) -> (any PreparedKernel)? {
    switch outputs.first?.dataType {
    case .int8: IntegerKernel<Int8>(self, computing: computation)
    case .int16: IntegerKernel<Int16>(self, computing: computation)
    default: nil
    }
  }

  /// The kernel of a computation in the type of the first result; nil if that is neither int8 nor int16.
  func kernel(combining computation: some BinaryIntegerComputation) -> (any PreparedKernel)? {
    switch outputs.first?.dataType {
    case .int8: IntegerKernel<Int8>(self, combining: computation)
    case .int16: IntegerKernel<Int16>(self, combining: computation)
    default: nil
    }
  }

  /// The parameters of an operand of the type of the first result, int8 or int16; nil for another type and for one that is
  /// quantized along an axis.
  func activation(_ index: Int) -> LinearQuantization? {
    guard let output = outputs.first, [.int8, .int16].contains(output.dataType) else { return nil }
    return linear(index, as: output.dataType)
  }

  /// The parameters of an operand of a type; nil for another type and for one that is quantized along an axis.
  func linear(_ index: Int, as dataType: DataType) -> LinearQuantization? {
    guard inputs.indices.contains(index), let type = inputs[index], type.dataType == dataType else {
      return nil
    }
    return LinearQuantization(type)
  }

  /// The parameters of the first result if it is int8 or int16.
  var activationOutput: LinearQuantization? {
    guard let output = outputs.first, [.int8, .int16].contains(output.dataType) else { return nil }
    return LinearQuantization(output)
  }

  /// Whether the first result has 16 bits.
  var isWide: Bool { outputs.first?.dataType == .int16 }

  /// The parameters of an int8 operand; nil for another type and for one that is quantized along an axis.
  func int8(_ index: Int) -> LinearQuantization? { linear(index, as: .int8) }

  /// The parameters of the first result if it is int8.
  var int8Output: LinearQuantization? { isWide ? nil : activationOutput }

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

  /// Whether an optional bias is left out or has the integers of accumulators: 32 bits, or 64 too where activations have 16.
  func hasIntegerBias(_ index: Int) -> Bool {
    guard inputs.indices.contains(index), let bias = inputs[index] else { return true }
    return bias.dataType == .int32 || isWide && bias.dataType == .int64
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
