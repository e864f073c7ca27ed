/// Where the vectors of a tensor are in its matrix of a row for each output: neighbours in a row, or the same place of neighbouring rows.
struct VectorLayout: Hashable {
  /// The axis of the tensor along which they lie.
  let axis: Int
  /// The elements of a vector.
  let length: Int
  /// Whether a vector is a part of a row.
  let isInRow: Bool
  private let columns: Int

  /// Along the axis that blocks run along, or else along that of the outputs.
  ///
  /// - Returns: Nil if the length of a vector divides neither.
  init?(_ weight: WeightTensor, length: Int, rowsPerTable: Int) {
    (self.length, columns) = (length, weight.columns)
    if weight.shape[weight.blockAxis] % length == 0 {
      (axis, isInRow) = (weight.blockAxis, true)
    } else if weight.rows % length == 0, rowsPerTable == 0 {
      (axis, isInRow) = (weight.axis, false)
    } else {
      return nil
    }
  }

  /// What a vector takes of a matrix.
  var cell: WeightCell {
    isInRow ? WeightCell(rows: 1, columns: length) : WeightCell(rows: length, columns: 1)
  }

  /// The first row of a vector.
  func row(_ vector: Int) -> Int { isInRow ? vector * length / columns : vector / columns * length }

  /// The offset in the matrix of an element of a vector, of which those of a row of cells follow each other.
  func place(_ vector: Int, _ element: Int) -> Int {
    isInRow
      ? vector * length + element : (vector / columns * length + element) * columns + vector % columns
  }
}

/// Weights of a matrix that become other numbers together.
struct WeightCell: Hashable {
  let rows: Int
  let columns: Int

  static let single = WeightCell(rows: 1, columns: 1)
  var count: Int { rows * columns }

  /// The offset of an element of a cell in a matrix of rows of so many.
  func place(_ element: Int, _ row: Int, _ column: Int, _ width: Int) -> Int {
    (row + element / columns) * width + column + element % columns
  }
}
