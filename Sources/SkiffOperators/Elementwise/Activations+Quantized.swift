import SkiffBinary
import SkiffIR

/// An operator on one tensor whose int8 form is a table of 256 results.
package protocol TabulatedOperator: QuantizedKernel {
  /// The table; nil if there is none for these parameters.
  func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup?
}

extension TabulatedOperator {
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let table = table(context) else { return nil }
    return IntegerKernel(context, table: table)
  }

  /// The table for the operand's and the result's parameters.
  package func table(_ context: QuantizedContext) -> QuantizedLookup? {
    guard let input = context.int8(0), let output = context.int8Output else { return nil }
    return table(input: input, output: output)
  }
}

extension Relu: TabulatedOperator {
  package func table(input: LinearQuantization, output: LinearQuantization) -> QuantizedLookup? {
    .rectifier(.relu, input: input, output: output)
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
