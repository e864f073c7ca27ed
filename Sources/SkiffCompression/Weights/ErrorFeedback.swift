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
  /// For each matrix of moments the upper Cholesky factor of its inverse, row by row; nil if it has none even when it is damped.
  private let factors: [[Float]?]

  /// - Parameter isCentered: Whether the bias will take what errors add to an output on average, so that only the rest counts.
  init(_ moments: InputMoments, isCentered: Bool) {
    (self.moments, self.isCentered) = (moments, isCentered)
    factors = (0..<moments.groups * moments.parts).map { Self.factor(moments, $0, isCentered: isCentered) }
  }

  private static func factor(_ moments: InputMoments, _ index: Int, isCentered: Bool) -> [Float]? {
    let size = moments.size
    // With the columns in reverse: if L Lᵀ is the matrix then, the reverse of L⁻¹ is upper triangular, and the factor.
    var matrix = Array(moments.matrix(index, isCentered: isCentered).reversed())
    // Means that the bias takes are estimates too, so they count in what is added.
    let start = index * size * size
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

  /// Rounds a matrix of rows of weights, part by part of its columns; each cell by itself where that is better, or where moments
  /// say nothing.
  ///
  /// - Parameter cell: Which weights become others together.
  func round(_ matrix: inout [Float], _ cell: WeightCell, _ rounding: Rounding) {
    let (size, columns) = (moments.size, moments.columns)
    let rows = matrix.count / max(1, columns)
    for first in stride(from: 0, to: rows, by: cell.rows) {
      for part in 0..<moments.parts {
        let begin = part * size
        let places = (first..<first + cell.rows).map { $0 * columns + begin..<$0 * columns + begin + size }
        let indices = (first..<first + cell.rows).map { moments.matrixIndex(row: $0, of: rows, part: part) }
        let original = places.flatMap { matrix[$0] }
        let rounded = round(original, cell, indices) { rounding(&$0, first + $1, begin + $2, $3) }
        for (row, place) in places.enumerated() {
          matrix.replaceSubrange(place, with: rounded[row * size..<(row + 1) * size])
        }
      }
    }
  }

  /// Part of the rows of a cell, and the matrices that belong to them.
  private func round(
    _ original: [Float], _ cell: WeightCell, _ indices: [Int], _ rounding: Rounding
  ) -> [Float] {
    var nearest = original
    nearest.forEachCell(cell, width: moments.size) { rounding(&$0, $1, $2, []) }
    let own = indices.compactMap { factors[$0] }
    guard own.count == indices.count else { return nearest }
    var fed = original
    Self.round(&fed, cell, own) { rounding(&$0, 0, $1, $2) }
    return error(fed, original, indices) < error(nearest, original, indices) ? fed : nearest
  }

  /// What parts of rows of weights add to the squares of the outputs by being others.
  private func error(_ changed: [Float], _ original: [Float], _ indices: [Int]) -> Double {
    let difference = zip(changed, original).map { $0 - $1 }
    var sum = 0.0
    for (row, index) in indices.enumerated() {
      let places = row * moments.size..<(row + 1) * moments.size
      sum += moments.outputError(difference[places], matrix: index, isCentered: isCentered)
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
