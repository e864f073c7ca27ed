import SkiffBinary
import SkiffIR

/// The tables that the vectors of a tensor's weights become numbers of.
struct VectorPalette {
  let layout: VectorLayout
  private let weight: WeightTensor
  /// How many rows share a table.
  private let rows: Int
  private var tables: [VectorTable] = []
  /// What the integers of each table are multiplied with; nil if tables have real numbers.
  private var scales: [Float]?
  private let importance: WeightImportance?

  init(
    _ palettization: Palettization, _ layout: VectorLayout, _ matrix: [Float], _ weight: WeightTensor,
    importance: WeightImportance?
  ) {
    (self.layout, self.weight, self.importance) = (layout, weight, importance)
    rows = palettization.rows(of: weight)
    if palettization.entries == .int8 { scales = [] }
    let all = vectors(of: matrix, importance)
    for table in 0..<(weight.rows + rows - 1) / rows {
      let own = (0..<all.count).filter { layout.row($0) / rows == table }
      let vectors =
        own.count == all.count
        ? all
        : WeightVectors(
          length: layout.length, values: own.map { all.values[$0] }, costs: own.map { all.costs[$0] })
      let found = VectorClusters.table(vectors, size: 1 << palettization.bits)
      guard scales != nil else {
        tables.append(found)
        continue
      }
      let scale = Palettization.scale(of: found.elements)
      scales?.append(scale)
      tables.append(
        VectorTable(
          found.elements.map { Float(Palettization.integer($0, scale)) * scale }, length: layout.length))
    }
  }

  private func vectors(of matrix: [Float], _ importance: WeightImportance?) -> WeightVectors {
    let count = matrix.count / layout.length
    var values = [SIMD4<Float>](repeating: .zero, count: count)
    var costs = [SIMD4<Float>](repeating: .one, count: count)
    for vector in 0..<count {
      for element in 0..<layout.length {
        let place = layout.place(vector, element)
        // Of the two zeros one is enough.
        values[vector][element] = matrix[place] == 0 ? 0 : matrix[place]
        if let importance { costs[vector][element] = importance[place] }
      }
    }
    return WeightVectors(length: layout.length, values: values, costs: costs)
  }

  /// Makes the weights of a cell those of the nearest vector.
  ///
  /// - Parameter costs: What the error of each weight costs; empty for what the importance of the columns says.
  func round(_ values: inout [Float], row: Int, column: Int, costs: [Float]) {
    var (vector, factors) = (SIMD4<Float>.zero, SIMD4<Float>.one)
    for element in 0..<layout.length {
      vector[element] = values[element]
      if !costs.isEmpty {
        factors[element] = costs[element]
      } else if let importance {
        let place =
          layout.isInRow
          ? row * weight.columns + column + element : (row + element) * weight.columns + column
        factors[element] = importance[place]
      }
    }
    let table = tables[row / rows]
    let code = table.nearest(to: vector, costs: factors).code
    for (element, value) in table.vector(code).enumerated() { values[element] = value }
  }

  /// The constant that holds a matrix of such vectors.
  func constant(_ matrix: [Float]) throws(ModelError) -> Constant {
    let all = vectors(of: matrix, nil)
    let codes: [UInt16]
    if tables.count == 1 {
      codes = all.codes(in: tables[0]).codes
    } else {
      codes = (0..<all.count).map { index in
        let table = tables[layout.row(index) / rows]
        return UInt16(
          truncatingIfNeeded: table.nearest(to: all.values[index], costs: all.costs[index]).code)
      }
    }
    let divided = weight.dividing(layout.axis, by: layout.length)
    return try PaletteTables(
      tables: tables.map(\.elements), length: layout.length, axis: layout.axis, rows: rows, scales: scales
    ).constant(divided.tensor(codes).elements(), of: weight)
  }
}
