import SkiffBinary
import SkiffIR

/// A reduction with a form in integers.
package protocol QuantizedReductionOperator: Reduction, QuantizedKernel {
  /// What the elements become.
  var quantizedKind: QuantizedReduction.Kind { get }
}

extension QuantizedReductionOperator {
  /// Extremes are elements of the operand as they are.
  public var parameterRule: ParameterRule {
    quantizedKind == .maximum || quantizedKind == .minimum ? .follows : .free
  }

  /// Integers; extremes only where input and result share their parameters.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let input = context.activation(0), let output = context.activationOutput,
      let shape = context.sizes(0)
    else { return nil }
    if quantizedKind == .maximum || quantizedKind == .minimum, input != output { return nil }
    let kernel = QuantizedReduction(
      quantizedKind, shape: shape, axes: Set(try reducedAxes(rank: shape.count)), input: input,
      output: output)
    return context.kernel(computing: kernel)
  }
}

extension ReduceMean: QuantizedReductionOperator {
  package var quantizedKind: QuantizedReduction.Kind { .mean }
}
extension ReduceSum: QuantizedReductionOperator {
  package var quantizedKind: QuantizedReduction.Kind { .sum }
}
extension ReduceMax: QuantizedReductionOperator {
  package var quantizedKind: QuantizedReduction.Kind { .maximum }
}
extension ReduceMin: QuantizedReductionOperator {
  package var quantizedKind: QuantizedReduction.Kind { .minimum }
}
extension ReduceProd: QuantizedReductionOperator {
  package var quantizedKind: QuantizedReduction.Kind { .product }
}
