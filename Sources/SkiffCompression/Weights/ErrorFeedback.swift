import SkiffBinary
import SkiffIR

/// Rounding weights column by column, each time changing the columns that are still to come so that they make up for the
/// error, as far as the inputs' moments say.
///
/// Frantar et al., "GPTQ", 2022, for integers; "SparseGPT", 2023, for zeros; both after Hassibi and Stork's optimal brain
/// surgeon, 1993. Here with any numbers that weights may become, by themselves or several together: van Baalen et al., "GPTVQ", 2024.
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

  /// Makes the weights of a cell what they become, by its row, its column, and what the error of each weight costs.
  typealias Rounding = (inout [Float], _ row: Int, _ column: Int, _ costs: [Float]) -> Void

  /// Rounds a matrix of rows of weights; each cell by itself in rows in which that is better, or of which moments say nothing.
  ///
  /// - Parameter cell: Which weights become others together.
  func round(_ matrix: inout [Float], _ cell: WeightCell, _ rounding: Rounding) {
    let size = moments.size
    let rows = matrix.count / max(1, size)
    for first in stride(from: 0, to: rows, by: cell.rows) {
      let groups = (first..<first + cell.rows).map { $0 * factors.count / rows }
      let places = first * size..<(first + cell.rows) * size
      let original = Array(matrix[places])
      var nearest = original
      nearest.forEachCell(cell, width: size) { rounding(&$0, first + $1, $2, []) }
      let own = groups.compactMap { factors[$0] }
      guard own.count == groups.count else {
        matrix.replaceSubrange(places, with: nearest)
        continue
      }
      var fed = original
      Self.round(&fed, cell, own) { rounding(&$0, first, $1, $2) }
      let isBetter = error(fed, original, groups) < error(nearest, original, groups)
      matrix.replaceSubrange(places, with: isBetter ? fed : nearest)
    }
  }

  /// What rows of weights add to the squares of the outputs by being others.
  private func error(_ changed: [Float], _ original: [Float], _ groups: [Int]) -> Double {
    let difference = zip(changed, original).map { $0 - $1 }
    var sum = 0.0
    for (row, group) in groups.enumerated() {
      let places = row * moments.size..<(row + 1) * moments.size
      sum += moments.outputError(difference[places], group: group, isCentered: isCentered)
    }
    return sum
  }

  /// Rounds the rows of a cell, cell by cell.
  ///
  /// What the errors of a cell's weights cost is told by themselves only, without their products with each other.
  private static func round(
    _ weights: inout [Float], _ cell: WeightCell, _ factors: [[Float]],
    _ rounding: (inout [Float], _ column: Int, _ costs: [Float]) -> Void
  ) {
    let size = weights.count / cell.rows
    var values = [Float](repeating: 0, count: cell.count)
    for first in stride(from: 0, to: size, by: cell.columns) {
      for element in 0..<cell.count { values[element] = weights[cell.place(element, 0, first, size)] }
      rounding(&values, first, cell.count == 1 ? [] : costs(cell, factors, first, size))
      for element in 0..<cell.count {
        let column = first + element % cell.columns
        let row = element / cell.columns
        let value = values[element]
        weights.withUnsafeMutableBufferPointer { weights in
          factors[row].withUnsafeBufferPointer { factor in
            let line = UnsafeBufferPointer(rebasing: factor[column * size..<(column + 1) * size])
            let own = UnsafeMutableBufferPointer(rebasing: weights[row * size..<(row + 1) * size])
            let error = (own[column] - value) / line[column]
            own[column] = value
            if error == 0 { return }
            for later in column + 1..<max(size, column + 1) { own[later] -= error * line[later] }
          }
        }
      }
    }
  }

  /// What an error of each weight of a cell adds to the outputs' when later columns make up for it, at most 1.
  private static func costs(_ cell: WeightCell, _ factors: [[Float]], _ first: Int, _ size: Int) -> [Float] {
    let costs = (0..<cell.count).map { element in
      let column = first + element % cell.columns
      let pivot = factors[element / cell.columns][column * size + column]
      return 1 / (pivot * pivot)
    }
    let greatest = costs.max() ?? 1
    guard greatest > 0, greatest.isFinite else { return [] }
    return costs.map { max($0 / greatest, 1e-6) }
  }
}
