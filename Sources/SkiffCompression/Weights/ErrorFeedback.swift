import SkiffBinary
import SkiffIR

/// Rounding weights column by column, each time changing the columns that are still to come so that they make up for the
/// error, as far as the inputs' moments say.
///
/// Frantar et al., "GPTQ", 2022, for integers; "SparseGPT", 2023, for zeros; both after Hassibi and Stork's optimal brain
/// surgeon, 1993. Here with any numbers that a weight may become.
struct ErrorFeedback {
  private let moments: InputMoments
  private let isCentered: Bool
  /// For each group the upper Cholesky factor of the inverse of its moments, row by row; nil if they have none even when they are damped.
  private let factors: [[Float]?]

  /// - Parameter isCentered: Whether the bias will take what errors add to an output on average, so that only the rest counts.
  init(_ moments: InputMoments, isCentered: Bool) {
    (self.moments, self.isCentered) = (moments, isCentered)
    factors = (0..<moments.groups).map { Self.factor(moments, group: $0, isCentered: isCentered) }
  }

  private static func factor(_ moments: InputMoments, group: Int, isCentered: Bool) -> [Float]? {
    let size = moments.size
    // With the columns in reverse: if L Lᵀ is the matrix then, the reverse of L⁻¹ is upper triangular, and the factor.
    var matrix = Array(moments.matrix(group: group, isCentered: isCentered).reversed())
    // Means that the bias takes are estimates too, so they count in what is added.
    let start = group * size * size
    let squares = (0..<size).reduce(0.0) { $0 + Double(moments.products[start + $1 * size + $1]) }
    let mean = squares / Double(max(1, size))
    guard mean > 0, mean.isFinite else { return nil }
    // The fewer rows for each column, the less do the moments say of other inputs.
    let damping = max(0.01, 0.02 * Double(size) / Double(max(1, moments.rowCount)))
    for index in 0..<size { matrix[index * size + index] += damping * mean }
    return Cholesky(matrix, size: size)?.inverse().reversed().map(Float.init)
  }

  /// Rounds a matrix of rows of weights; each weight by itself in rows in which that is better, or of which moments say nothing.
  ///
  /// - Parameter rounded: What a weight becomes, by row, column and what it is by now.
  func round(_ matrix: inout [Float], _ rounded: (Int, Int, Float) -> Float) {
    let size = moments.size
    let rows = matrix.count / max(1, size)
    for row in 0..<rows {
      let places = row * size..<(row + 1) * size
      let original = Array(matrix[places])
      let nearest = original.indices.map { rounded(row, $0, original[$0]) }
      let group = row * factors.count / rows
      var fed = original
      if let factor = factors[group] {
        Self.round(&fed, factor) { rounded(row, $0, $1) }
      } else {
        fed = nearest
      }
      let errors = [nearest, fed].map { candidate in
        let difference = zip(candidate, original).map { $0 - $1 }
        return moments.outputError(difference[...], group: group, isCentered: isCentered)
      }
      matrix.replaceSubrange(places, with: errors[1] < errors[0] ? fed : nearest)
    }
  }

  /// Rounds a row, column by column.
  private static func round(_ weights: inout [Float], _ factor: [Float], _ rounded: (Int, Float) -> Float) {
    let size = weights.count
    weights.withUnsafeMutableBufferPointer { weights in
      factor.withUnsafeBufferPointer { factor in
        for column in 0..<size {
          let line = UnsafeBufferPointer(rebasing: factor[column * size..<(column + 1) * size])
          let value = rounded(column, weights[column])
          let error = (weights[column] - value) / line[column]
          weights[column] = value
          if error == 0 { continue }
          for later in column + 1..<max(size, column + 1) { weights[later] -= error * line[later] }
        }
      }
    }
  }
}
