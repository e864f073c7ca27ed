import CKernels
import SkiffBinary
import SkiffIR

/// The weights of a recurrent operator as it multiplies by them.
package struct RecurrentWeights: Sendable {
  /// Whether they are transposed and multiplied in the plainest way, as the oracle of the other.
  let isPlain: Bool
  /// Those of the input, `[features, G · H]` for each direction.
  let input: [[Float]]
  /// Those of the state, `[H, G · H]` for each direction.
  let recurrent: [[Float]]

  /// Transposes weights `[D, G · H, features]` and recurrent weights `[D, G · H, H]`.
  init(_ weights: Tensor, _ recurrent: Tensor, isPlain: Bool) throws(ModelError) {
    guard weights.rank == 3, recurrent.rank == 3 else {
      throw ModelError(.invalidGraph, "weights \(weights.type) and \(recurrent.type)")
    }
    self.isPlain = isPlain
    input = try Self.transposed(weights, isPlain)
    self.recurrent = try Self.transposed(recurrent, isPlain)
  }

  private static func transposed(_ tensor: Tensor, _ isPlain: Bool) throws(ModelError) -> [[Float]] {
    let (rows, columns) = (tensor.shape[1], tensor.shape[2])
    let values = try isPlain ? tensor.permuted(by: [0, 2, 1]).floats() : tensor.floats()
    if isPlain {
      return (0..<tensor.shape[0]).map { Array(values[$0 * rows * columns..<($0 + 1) * rows * columns]) }
    }
    return (0..<tensor.shape[0]).map { pass in
      [Float](unsafeUninitializedCapacity: rows * columns) { result, count in
        values.withUnsafeBufferPointer { values in
          guard let source = values.baseAddress, let target = result.baseAddress else { return }
          skiff_f32_transpose(rows, columns, source + pass * rows * columns, target)
          count = rows * columns
        }
      }
    }
  }
}

/// A recurrent operator with constant weights.
private struct RecurrentKernel<Kind: RecurrentOperator>: PreparedKernel {
  let kind: Kind
  let weights: RecurrentWeights

  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] { try kind.evaluate(inputs, weights) }
}

extension RecurrentOperator {
  public func prepare(_ constants: [Tensor?]) throws(ModelError) -> (any PreparedKernel)? {
    guard let weights = constants.optional(1), let recurrent = constants.optional(2) else { return nil }
    return RecurrentKernel(kind: self, weights: try RecurrentWeights(weights, recurrent, isPlain: false))
  }
}

/// The twin of `skiff_f32_add_products`.
func addProductsPlainly(
  _ rows: Int, _ columns: Int, _ stride: Int, _ values: UnsafePointer<Float>?,
  _ matrix: UnsafePointer<Float>?,
  _ sums: UnsafeMutablePointer<Float>?
) {
  guard let values, let matrix, let sums else { return }
  for row in 0..<rows {
    for column in 0..<columns { sums[column] += values[row] * matrix[row * stride + column] }
  }
}
