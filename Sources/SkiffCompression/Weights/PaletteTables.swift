import SkiffBinary
import SkiffIR

/// The tables of a palettized tensor as a constant has them.
struct PaletteTables {
  /// The elements of each table, vector by vector.
  let tables: [[Float]]
  /// The elements of a vector, which are neighbours along an axis.
  let length: Int
  let axis: Int
  /// How many rows share a table.
  let rows: Int
  /// What the integers of each table are multiplied with; nil for real numbers.
  let scales: [Float]?

  /// The constant of a tensor of weights.
  ///
  /// - Parameter codes: In the order of the tensor's elements.
  func constant(_ codes: [UInt16], of weight: WeightTensor) throws(ModelError) -> Constant {
    let count = max(1, tables.map { $0.count / length }.max() ?? 1)
    // Shorter tables end with vectors that no code stands for.
    let elements = tables.flatMap { $0 + [Float](repeating: 0, count: count * length - $0.count) }
    let shape = [tables.count, count, length]
    let bits = max(1, Int.bitWidth - (count - 1).leadingZeroBitCount)
    // Along the axis of the outputs there is one table for all, whichever other axis has it.
    let isAlongRows = axis != weight.axis
    let tableAxis = isAlongRows ? weight.axis : weight.blockAxis
    func codebook(_ tables: Tensor) -> Constant.Codebook {
      Constant.Codebook(
        bits: bits, axis: axis, tableAxis: tableAxis,
        rows: isAlongRows ? rows : max(1, weight.shape[tableAxis]), tables: Constant(tables))
    }
    guard let scales else {
      return try Constant(
        codes: codes, of: codebook(Tensor(floats: elements, as: weight.dataType, shape: shape)),
        weight.dataType, shape: weight.shape)
    }
    let each = count * length
    let integers = elements.indices.map { Palettization.integer(elements[$0], scales[$0 / each]) }
    let parameters =
      scales.count == 1
      ? QuantizationParameters(scale: scales[0])
      : QuantizationParameters(
        scales: (0..<weight.rows).map { scales[$0 / rows] }, axis: weight.axis)
    let reals = try Constant(
      codes: codes, of: codebook(Tensor(integers, shape: shape)), .int8, shape: weight.shape,
      quantization: parameters
    ).transformed(by: .dequantize)
    return weight.dataType == .float32 ? reals : try reals.transformed(by: .cast(weight.dataType))
  }
}
