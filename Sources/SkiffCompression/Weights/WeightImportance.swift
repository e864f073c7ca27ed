import SkiffIR

/// What an error of each weight of a matrix costs, beside the others of the matrix: on average 1.
struct WeightImportance {
  private let values: [Float]
  private let columns: Int
  /// The weights of rows that share a row of values.
  private let groupSize: Int
  /// What an error costs on average, beside those of other tensors.
  let mean: Float

  /// By the inputs that the weights of a group of rows are multiplied with.
  init(_ moments: InputMoments, _ weight: WeightTensor) {
    values = moments.importance
    columns = moments.columns
    groupSize = max(1, weight.rows * columns / moments.groups)
    mean = 1
  }

  /// By the Fisher information of each weight.
  ///
  /// - Parameter unit: The mean that counts as 1 beside other tensors.
  /// - Returns: Nil if none of the weights has any.
  init?(fisher diagonal: [Double], columns: Int, unit: Double) {
    let mean = diagonal.reduce(0, +) / Double(max(1, diagonal.count))
    guard mean > 0, unit > 0, unit.isFinite else { return nil }
    // What no sample shows still counts a little.
    values = diagonal.map { Float(max($0 / mean, 1e-4)) }
    (self.columns, groupSize) = (columns, max(1, columns))
    self.mean = Float(mean / unit)
  }

  /// That of the weight at an offset in the matrix.
  subscript(index: Int) -> Float { values[index / groupSize * columns + index % columns] }
}
