import SkiffBinary
import SkiffIR

extension Add: QuantizedKernel {
  /// Integers where the factor to the result's scale is below 1.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let kernel = quantized(context) else { return nil }
    return context.kernel(combining: kernel)
  }

  /// The integer form; nil if there is none for these types.
  package func quantized(_ context: QuantizedContext) -> QuantizedAddition? {
    guard let first = context.activation(0), let second = context.activation(1),
      let output = context.activationOutput, let broadcast = context.broadcast,
      QuantizedAddition.outputFactor(first: first, second: second, output: output, isWide: context.isWide) < 1
    else { return nil }
    return QuantizedAddition(
      broadcast: broadcast, isWide: context.isWide, first: first, second: second, output: output,
      activation: activation)
  }
}

extension Subtract: QuantizedKernel {
  /// Integers of any scales.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let kernel = quantized(context) else { return nil }
    return context.kernel(combining: kernel)
  }

  /// The integer form; nil if there is none for these types.
  package func quantized(_ context: QuantizedContext) -> QuantizedAddition? {
    guard let first = context.activation(0), let second = context.activation(1),
      let output = context.activationOutput, let broadcast = context.broadcast
    else { return nil }
    return QuantizedAddition(
      broadcast: broadcast, subtracts: true, isWide: context.isWide, first: first, second: second,
      output: output, activation: activation)
  }
}

extension Multiply: QuantizedKernel {
  /// Integers of any scales.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let first = context.activation(0), let second = context.activation(1),
      let output = context.activationOutput, let broadcast = context.broadcast
    else { return nil }
    let kernel = QuantizedMultiplication(
      broadcast: broadcast, isWide: context.isWide, first: first, second: second, output: output,
      activation: activation)
    return context.kernel(combining: kernel)
  }
}

extension SquaredDifference: QuantizedKernel {
  /// Integers where the factor to the result's scale is below 1.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let first = context.int8(0), let second = context.int8(1), let output = context.int8Output,
      QuantizedSquaredDifference.outputFactor(first: first, second: second, output: output) < 1,
      let broadcast = context.broadcast
    else { return nil }
    let kernel = QuantizedSquaredDifference(
      broadcast: broadcast, first: first, second: second, output: output)
    return context.kernel(combining: kernel)
  }
}

extension Maximum: QuantizedKernel {
  public var parameterRule: ParameterRule { .shared }

  /// Integers of one scale and zero point.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    context.extremum(takesMaximum: true)
  }
}

extension Minimum: QuantizedKernel {
  public var parameterRule: ParameterRule { .shared }

  /// Integers of one scale and zero point.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    context.extremum(takesMaximum: false)
  }
}

extension QuantizedContext {
  fileprivate func extremum(takesMaximum: Bool) -> (any PreparedKernel)? {
    guard let first = activation(0), activation(1) == first, activationOutput == first, let broadcast else {
      return nil
    }
    let extremum = QuantizedExtremum(broadcast: broadcast, takesMaximum: takesMaximum)
    return kernel(combining: extremum)
  }
}

extension PRelu: QuantizedKernel {
  /// Integers of any scales.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let input = context.int8(0), let slope = context.int8(1), let output = context.int8Output,
      let broadcast = context.broadcast, broadcast.shape == context.sizes(0)
    else { return nil }
    let kernel = QuantizedParametricRectifier(
      broadcast: broadcast, input: input, slope: slope, output: output)
    return context.kernel(combining: kernel)
  }
}
