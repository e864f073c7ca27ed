import SkiffBinary
import SkiffIR

extension Add: QuantizedKernel {
  /// Integers where the factor to the result's scale is below 1.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let kernel = quantized(context) else { return nil }
    return IntegerKernel(context) { kernel.run(first: $0, second: $1, output: &$2) }
  }

  /// The integer form; nil if there is none for these types.
  package func quantized(_ context: QuantizedContext) -> QuantizedAddition? {
    guard let first = context.int8(0), let second = context.int8(1), let output = context.int8Output,
      QuantizedAddition.outputFactor(first: first, second: second, output: output) < 1,
      let broadcast = context.broadcast
    else { return nil }
    return QuantizedAddition(
      broadcast: broadcast, first: first, second: second, output: output, activation: activation)
  }
}

extension Subtract: QuantizedKernel {
  /// Integers of any scales.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let kernel = quantized(context) else { return nil }
    return IntegerKernel(context) { kernel.run(first: $0, second: $1, output: &$2) }
  }

  /// The integer form; nil if there is none for these types.
  package func quantized(_ context: QuantizedContext) -> QuantizedAddition? {
    guard let first = context.int8(0), let second = context.int8(1), let output = context.int8Output,
      let broadcast = context.broadcast
    else { return nil }
    return QuantizedAddition(
      broadcast: broadcast, subtracts: true, first: first, second: second, output: output,
      activation: activation)
  }
}

extension Multiply: QuantizedKernel {
  /// Integers of any scales.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let first = context.int8(0), let second = context.int8(1), let output = context.int8Output,
      let broadcast = context.broadcast
    else { return nil }
    let kernel = QuantizedMultiplication(
      broadcast: broadcast, first: first, second: second, output: output, activation: activation)
    return IntegerKernel(context) { kernel.run(first: $0, second: $1, output: &$2) }
  }
}
