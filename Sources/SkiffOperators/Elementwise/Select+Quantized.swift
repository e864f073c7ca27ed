import SkiffBinary
import SkiffIR

extension Select: QuantizedKernel {
  public var parameterRule: ParameterRule { .shared }

  /// Integers of one scale and zero point, which are only moved.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let a = context.int8(1), context.int8(2) == a, context.int8Output == a else { return nil }
    return Choice()
  }

  private struct Choice: PreparedKernel {
    func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] { try Select().evaluate(inputs) }
  }
}
