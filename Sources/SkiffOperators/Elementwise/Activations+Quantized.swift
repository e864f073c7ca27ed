import SkiffBinary
import SkiffIR

/// An operator on one tensor whose int8 form is a table of 256 results.
package protocol TabulatedOperator: QuantizedKernel {
  /// The table; nil if there is none for these parameters.
  func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup?
  /// The function of int16; nil if there is none for these parameters, as by default.
  func wide(input: LinearQuantization, output: LinearQuantization) -> (@Sendable (Int16) -> Int16)?
  /// The table for the operands' and the result's types.
  func table(_ context: QuantizedContext) -> QuantizedLookup?
}

extension TabulatedOperator {
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    if let table = table(context) { return IntegerKernel(context, table: table) }
    guard context.isWide, context.hasOneOperand, let input = context.activation(0),
      let output = context.activationOutput, let function = wide(input: input, output: output)
    else { return nil }
    return IntegerKernel<Int16>(context) { (inputs, result) throws(ModelError) in
      result = try inputs.required(0).elements(as: Int16.self).map(function)
    }
  }

  package func table(_ context: QuantizedContext) -> QuantizedLookup? {
    guard context.hasOneOperand, let input = context.int8(0), let output = context.int8Output else {
      return nil
    }
    return table(input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? { nil }
}

extension QuantizedContext {
  /// Whether all operands but the first are left out; bounds that are operands have no table.
  fileprivate var hasOneOperand: Bool { inputs.dropFirst().allSatisfy { $0 == nil } }
}

/// A function of int16, clamped to it.
private func clamping(_ function: @escaping IntegerFunction.Body) -> @Sendable (Int16) -> Int16 {
  { Int16(clamping: function(Int32($0))) }
}

extension Relu: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .rectifier(minimum: 0, maximum: .infinity, input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    clamping(
      IntegerFunction.rectifier(
        of: Int16.self, minimum: 0, maximum: .infinity, input: input, output: output))
  }
}

extension Sigmoid: TabulatedOperator {
  public var parameterRule: ParameterRule { .fixed(scale: 1 / 256, zeroPoint: -128) }

  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    QuantizedLookup(.logistic, input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    guard input.zeroPoint == 0, output == .wideUnit else { return nil }
    let function = WideSigmoid(isTangent: false, scale: input.scale)
    return { function.element($0) }
  }
}

extension Tanh: TabulatedOperator {
  public var parameterRule: ParameterRule { .fixed(scale: 1 / 128, zeroPoint: 0) }

  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    QuantizedLookup(.tanh, input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    guard input.zeroPoint == 0, output == .wideUnit else { return nil }
    let function = WideSigmoid(isTangent: true, scale: input.scale)
    return { function.element($0) }
  }
}

extension LinearQuantization {
  /// What int16 results of functions between −1 and 1 have.
  static let wideUnit = LinearQuantization(scale: 0x1p-15, zeroPoint: 0)
}

extension LeakyRelu: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .leakyRectifier(slope: alpha, input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    clamping(IntegerFunction.leakyRectifier(slope: alpha, input: input, output: output))
  }
}

extension HardSwish: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .hardSwish(input: input, output: output)
  }
}

extension Elu: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    alpha == 1 ? QuantizedLookup(.elu, input: input, output: output) : nil
  }
}

extension Gelu: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    QuantizedLookup(approximation == .tanh ? .geluTanh : .gelu, input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    let table = WideLookup(approximation == .tanh ? .geluTanh : .gelu, input: input, output: output)
    return { table.element($0) }
  }
}

extension Exp: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    QuantizedLookup(.exp, input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    let table = WideLookup(.exp, input: input, output: output)
    return { table.element($0) }
  }
}

extension Log: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    QuantizedLookup(function(of: Int8.self, output), input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    let table = WideLookup(function(of: Int16.self, output), input: input, output: output)
    return { table.element($0) }
  }

  /// The logarithm, and the least real number of the result where it has none.
  private func function<Element: QuantizedElement>(
    of type: Element.Type, _ output: LinearQuantization
  ) -> TabulatedFunction {
    .log(floor: Float(Int32(truncatingIfNeeded: type.min) &- output.zeroPoint) * output.scale)
  }
}

extension Abs: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .absolute(input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    clamping(IntegerFunction.absolute(input: input, output: output))
  }
}

extension Rsqrt: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .reciprocalSquareRoot(input: input, output: output)
  }
}

extension Clip: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .rectifier(
      minimum: minimum ?? -.infinity, maximum: maximum ?? .infinity, input: input, output: output)
  }

  package func wide(
    input: LinearQuantization, output: LinearQuantization
  ) -> (@Sendable (Int16) -> Int16)? {
    clamping(
      IntegerFunction.rectifier(
        of: Int16.self, minimum: minimum ?? -.infinity, maximum: maximum ?? .infinity, input: input,
        output: output))
  }
}
