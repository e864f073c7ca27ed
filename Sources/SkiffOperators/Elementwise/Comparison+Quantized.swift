import SkiffBinary
import SkiffIR

/// A comparison of int8 operands whose scales may differ.
package protocol QuantizedComparisonOperator: QuantizedKernel {
  /// What is tested.
  var relation: QuantizedComparison.Relation { get }
}

extension QuantizedComparisonOperator {
  /// Integers of scales below 1.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let first = context.int8(0), let second = context.int8(1), let broadcast = context.broadcast,
      let kernel = QuantizedComparison(relation, broadcast: broadcast, first: first, second: second)
    else { return nil }
    return ComparisonKernel(kernel: kernel)
  }
}

private struct ComparisonKernel: PreparedKernel {
  let kernel: QuantizedComparison

  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let first = try inputs.required(0).elements(as: Int8.self)
    let second = try inputs.required(1).elements(as: Int8.self)
    var result = [Bool](repeating: false, count: kernel.broadcast.shape.reduce(1, *))
    var span = result.mutableSpan
    kernel.run(first: first.span, second: second.span, output: &span)
    return [Tensor(result, shape: kernel.broadcast.shape)]
  }
}

extension Equal: QuantizedComparisonOperator {
  package var relation: QuantizedComparison.Relation { .equal }
}
extension NotEqual: QuantizedComparisonOperator {
  package var relation: QuantizedComparison.Relation { .notEqual }
}
extension Less: QuantizedComparisonOperator {
  package var relation: QuantizedComparison.Relation { .less }
}
extension LessOrEqual: QuantizedComparisonOperator {
  package var relation: QuantizedComparison.Relation { .lessEqual }
}
extension Greater: QuantizedComparisonOperator {
  package var relation: QuantizedComparison.Relation { .greater }
}
extension GreaterOrEqual: QuantizedComparisonOperator {
  package var relation: QuantizedComparison.Relation { .greaterEqual }
}
