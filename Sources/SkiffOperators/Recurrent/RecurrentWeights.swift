import CKernels
import SkiffBinary
import SkiffIR

/// The weights of a recurrent operator as it multiplies by them.
package struct RecurrentWeights: Sendable {
  /// Those of the input, `[features, G · H]` for each direction.
  let input: [[Float]]
  /// Those of the state, `[H, G · H]` for each direction.
  let recurrent: [[Float]]

  /// Transposes weights `[D, G · H, features]` and recurrent weights `[D, G · H, H]`.
  init(_ weights: Tensor, _ recurrent: Tensor) throws(ModelError) {
    guard weights.rank == 3, recurrent.rank == 3 else {
      throw ModelError(.invalidGraph, "weights \(weights.type) and \(recurrent.type)")
    }
    input = try Self.transposed(weights)
    self.recurrent = try Self.transposed(recurrent)
  }

  private static func transposed(_ tensor: Tensor) throws(ModelError) -> [[Float]] {
    let (rows, columns) = (tensor.shape[1], tensor.shape[2])
    let values = try tensor.floats()
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
    return RecurrentKernel(kind: self, weights: try RecurrentWeights(weights, recurrent))
  }
}
