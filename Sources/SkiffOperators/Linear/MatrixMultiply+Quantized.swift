import SkiffBinary
import SkiffIR

extension MatrixMultiply: QuantizedKernel {
  /// Integers for operands of rank 2 and more.
  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard let first = context.activation(0), let second = context.activation(1),
      let output = context.activationOutput,
      let a = context.sizes(0), let b = context.sizes(1), let result = context.outputs[0].shape.fixed,
      a.count >= 2, b.count >= 2,
      let broadcast = QuantizedBroadcast(Array(a.dropLast(2)), Array(b.dropLast(2)))
    else { return nil }
    let kernel = QuantizedBatchMatrixProduct(
      broadcast: broadcast, rows: result[result.count - 2],
      depth: transposesA ? a[a.count - 2] : a[a.count - 1], columns: result[result.count - 1],
      transposesFirst: transposesA, transposesSecond: transposesB, first: first, second: second,
      output: output)
    return context.kernel(combining: kernel)
  }
}
