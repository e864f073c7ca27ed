import SkiffBinary
import SkiffIR

/// An operator on one tensor whose int8 form is a table of 256 results.
package protocol TabulatedOperator: QuantizedKernel {
  /// The table; nil if there is none for these parameters.
  func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup?
  /// The table for the operands' and the result's types.
  func table(_ context: QuantizedContext) -> QuantizedLookup?
}

extension TabulatedOperator {
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let table = table(context) else { return nil }
    return IntegerKernel(context, table: table)
  }

  package func table(_ context: QuantizedContext) -> QuantizedLookup? {
    guard let input = context.int8(0), let output = context.int8Output else { return nil }
    return table(input: input, output: output)
  }
}

extension Relu: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .rectifier(minimum: 0, maximum: .infinity, input: input, output: output)
  }
}

extension Sigmoid: TabulatedOperator {
  public var parameterRule: ParameterRule { .fixed(scale: 1 / 256, zeroPoint: -128) }

  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    QuantizedLookup(.logistic, input: input, output: output)
  }
}

extension Tanh: TabulatedOperator {
  public var parameterRule: ParameterRule { .fixed(scale: 1 / 128, zeroPoint: 0) }

  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    QuantizedLookup(.tanh, input: input, output: output)
  }
}

extension LeakyRelu: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .leakyRectifier(slope: alpha, input: input, output: output)
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
}

extension Exp: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    QuantizedLookup(.exp, input: input, output: output)
  }
}

extension Log: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    let floor = Float(Int32(Int8.min) &- output.zeroPoint) * output.scale
    return QuantizedLookup(.log(floor: floor), input: input, output: output)
  }
}

extension Abs: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .absolute(input: input, output: output)
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

  /// Bounds that are operands have no table.
  package func table(_ context: QuantizedContext) -> QuantizedLookup? {
    guard context.inputs.dropFirst().allSatisfy({ $0 == nil }), let input = context.int8(0),
      let output = context.int8Output
    else { return nil }
    return table(input: input, output: output)
  }
}
