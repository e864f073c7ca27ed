import SkiffBinary
import SkiffIR

/// The numbers that the weights of a tensor may become, and how they are stored.
struct WeightNumbers: CustomStringConvertible {
  private let coding: WeightCompression.Coding
  private let weight: WeightTensor
  /// The tables of groups of rows, of single weights.
  private var tables: [PaletteTable] = []
  /// Those of vectors; nil for single weights.
  private var vectors: VectorPalette?
  /// Why weights that were to be vectors are none.
  private var reason: String?
  /// Scales and zero points of the groups, row by row.
  private var scales: [Float] = []
  private var zeroPoints: [Int] = []

  init(
    _ coding: WeightCompression.Coding, _ matrix: [Float], _ weight: WeightTensor,
    importance: WeightImportance?
  ) {
    // What has 16 bits stays as it is.
    let isShort = weight.dataType != .float32 && [.float16, .bfloat16].contains(coding)
    var fitting = isShort ? .none : coding.fitting(weight)
    if case .palette(let palettization) = fitting {
      let (layout, reason) = palettization.layout(of: weight, matrix)
      vectors = layout.map { VectorPalette(palettization, $0, matrix, weight, importance: importance) }
      self.reason = reason
      if layout == nil { fitting = .palette(palettization.withoutVectors) }
    }
    self.coding = fitting
    self.weight = weight
    let columns = weight.columns
    switch self.coding {
    case .none, .float16, .bfloat16: break
    case .palette where vectors != nil: break
    case .palette(let palettization):
      let rows = palettization.rows(of: weight)
      tables = stride(from: 0, to: weight.rows, by: rows).map { first in
        palettization.table(
          matrix[first * columns..<min(first + rows, weight.rows) * columns], importance: importance)
      }
    case .integers(let quantization):
      for group in 0..<groupCount(quantization) {
        let places = places(quantization, group)
        let parameters = quantization.parameters(
          places.map { matrix[$0] }, importance: importance.map { own in places.map { own[$0] } })
        scales.append(parameters.scale)
        zeroPoints.append(parameters.zeroPoint)
      }
    }
  }

  var description: String {
    switch coding {
    case .none: "as they were"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .palette(let palettization): description(of: palettization)
    case .integers(let quantization): "\(quantization.bits) bits"
    }
  }

  private func description(of palettization: Palettization) -> String {
    var text = "palette of \(palettization.bits) bits"
    if vectors != nil { text += " for \(palettization.vectorLength) weights" }
    if palettization.entries == .int8 { text += " in int8" }
    return text + (reason.map { ", since \($0)" } ?? "")
  }

  /// The weights that become other numbers together.
  var cell: WeightCell { vectors?.layout.cell ?? .single }

  /// Makes the weights of a cell the nearest numbers.
  ///
  /// - Parameter costs: What the error of each weight costs; empty for what the importance says.
  func round(_ values: inout [Float], row: Int, column: Int, costs: [Float] = []) {
    if let vectors {
      vectors.round(&values, row: row, column: column, costs: costs)
    } else {
      values[0] = nearest(to: values[0], row: row, column: column)
    }
  }

  /// The number that is nearest to a weight by itself.
  private func nearest(to value: Float, row: Int, column: Int) -> Float {
    switch coding {
    case .none: return value
    case .float16: return Float(Float16(value))
    case .bfloat16: return BFloat16(value).float
    case .palette(let palettization):
      return tables[row / palettization.rows(of: weight)].nearest(to: value)
    case .integers(let quantization):
      let group = group(quantization, row, column)
      return quantization.rounded(value, scales[group], zeroPoints[group])
    }
  }

  /// A weight that can be rounded down or up; nil for what is no multiple of a scale.
  func adaptive(_ value: Float, row: Int, column: Int) -> AdaptiveRounding.Weight? {
    guard case .integers(let quantization) = coding else { return nil }
    let group = group(quantization, row, column)
    let (scale, zeroPoint) = (scales[group], zeroPoints[group])
    guard scale > 0 else { return nil }
    let range = quantization.range
    return AdaptiveRounding.Weight(
      value: value, scale: scale,
      range: Float(range.lowerBound - zeroPoint)...Float(range.upperBound - zeroPoint))
  }

  /// A matrix of the nearest numbers.
  func nearest(to matrix: [Float]) -> [Float] {
    var result = matrix
    result.forEachCell(cell, width: weight.columns) { round(&$0, row: $1, column: $2) }
    return result
  }

  /// The type of 16 bits that the numbers are stored in.
  private var narrowType: DataType? {
    switch coding {
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .none: weight.narrowType
    default: nil
    }
  }

  /// The constant that holds a matrix of such numbers.
  func constant(_ matrix: [Float]) throws(ModelError) -> Constant {
    if let vectors { return try vectors.constant(matrix) }
    if case .palette(let palettization) = coding { return try constant(matrix, palettization) }
    guard case .integers(let quantization) = coding else {
      let tensor = try weight.tensor(matrix).cast(to: weight.dataType)
      if let narrowType {
        let narrow = try tensor.cast(to: narrowType)
        return try (Constant(sifting: narrow) ?? Constant(narrow)).transformed(by: .cast(.float32))
      }
      if let palette = try Constant(palettizing: tensor) { return palette }
      return try Constant(sifting: tensor) ?? Constant(tensor)
    }
    let columns = weight.columns
    let codes = matrix.indices.map { index in
      let group = group(quantization, index / columns, index % columns)
      return Int8(truncatingIfNeeded: quantization.code(matrix[index], scales[group], zeroPoints[group]))
    }
    let parameters = QuantizationParameters(
      scales: try ordered(scales, quantization), zeroPoints: try ordered(zeroPoints, quantization),
      granularity: granularity(quantization))
    let integers = try weight.tensor(codes).quantized(with: parameters)
    if case .block = quantization.granularity {
      return try Constant(blocks: integers, bits: quantization.bits, as: weight.dataType)
    }
    let reals = try Constant(integers).transformed(by: .dequantize)
    return weight.dataType == .float32 ? reals : try reals.transformed(by: .cast(weight.dataType))
  }
}

/// Palettes of single weights.
extension WeightNumbers {
  private func constant(_ matrix: [Float], _ palettization: Palettization) throws(ModelError) -> Constant {
    let (rows, columns) = (palettization.rows(of: weight), weight.columns)
    let scales = palettization.entries == .int8 ? tables.map { $0.scale ?? 1 } : nil
    if tables.count > 1 {
      let codes = matrix.indices.map {
        UInt16(truncatingIfNeeded: tables[$0 / columns / rows].numbers.nearest(to: matrix[$0]))
      }
      return try PaletteTables(
        tables: tables.map(\.numbers), length: 1, axis: weight.blockAxis, rows: rows, scales: scales
      ).constant(weight.tensor(codes).elements(), of: weight)
    }
    guard let scale = scales?.first else {
      let tensor = try weight.tensor(matrix).cast(to: weight.dataType)
      return try Constant(palettizing: tensor) ?? Constant(tensor)
    }
    let integers = try weight.tensor(matrix.map { Palettization.integer($0, scale) })
      .quantized(with: QuantizationParameters(scale: scale))
    let reals = try (Constant(palettizing: integers) ?? Constant(integers)).transformed(by: .dequantize)
    return weight.dataType == .float32 ? reals : try reals.transformed(by: .cast(weight.dataType))
  }
}

extension [Float] {
  /// Changes the cells of this matrix of rows of so many.
  ///
  /// - Parameter body: Gets the weights of a cell, and its row and column.
  mutating func forEachCell(
    _ cell: WeightCell, width: Int, _ body: (inout [Float], _ row: Int, _ column: Int) -> Void
  ) {
    guard width > 0 else { return }
    var values = [Float](repeating: 0, count: cell.count)
    for row in stride(from: 0, to: count / width, by: cell.rows) {
      for column in stride(from: 0, to: width, by: cell.columns) {
        for element in 0..<cell.count { values[element] = self[cell.place(element, row, column, width)] }
        body(&values, row, column)
        for element in 0..<cell.count { self[cell.place(element, row, column, width)] = values[element] }
      }
    }
  }
}

extension WeightCompression.Coding {
  /// The coding for weights: where blocks would be single weights, like those of depthwise filters, outputs have a scale each.
  func fitting(_ weight: WeightTensor) -> Self {
    guard case .integers(var quantization) = self, case .block = quantization.granularity,
      weight.shape[weight.blockAxis] == 1
    else { return self }
    quantization.granularity = .channel
    return .integers(quantization)
  }
}

/// Groups of weights that share a scale, numbered row by row.
extension WeightNumbers {
  private func groupCount(_ quantization: WeightQuantization) -> Int {
    switch quantization.granularity {
    case .tensor: 1
    case .channel: weight.rows
    case .block(let size):
      weight.rows * (weight.columns / weight.shape[weight.blockAxis])
        * ((weight.shape[weight.blockAxis] + size - 1) / size)
    }
  }

  private func group(_ quantization: WeightQuantization, _ row: Int, _ column: Int) -> Int {
    switch quantization.granularity {
    case .tensor: return 0
    case .channel: return row
    case .block(let size):
      let along = weight.shape[weight.blockAxis]
      let each = (along + size - 1) / size
      return (row * (weight.columns / along) + column / along) * each + column % along / size
    }
  }

  /// The offsets in the matrix of a group's weights.
  private func places(_ quantization: WeightQuantization, _ group: Int) -> Range<Int> {
    switch quantization.granularity {
    case .tensor: return 0..<weight.rows * weight.columns
    case .channel: return group * weight.columns..<(group + 1) * weight.columns
    case .block(let size):
      let along = weight.shape[weight.blockAxis]
      let each = (along + size - 1) / size
      let start = group / each * along
      return start + group % each * size..<start + min((group % each + 1) * size, along)
    }
  }

  private func granularity(_ quantization: WeightQuantization) -> QuantizationParameters.Granularity {
    switch quantization.granularity {
    case .tensor: .perTensor
    case .channel: .perAxis(weight.axis)
    case .block(let size): .blocked(axis: weight.blockAxis, size: size)
    }
  }

  /// Numbers of the groups in the order of a tensor whose axis of blocks is divided.
  private func ordered<Number>(_ numbers: [Number], _ quantization: WeightQuantization) throws(ModelError)
    -> [Number]
  {
    guard case .block(let size) = quantization.granularity, weight.axis != 0 else { return numbers }
    // The matrix has the outputs first; the tensor has them behind other axes.
    var sizes = weight.shape
    sizes[weight.blockAxis] = (sizes[weight.blockAxis] + size - 1) / size
    let outputs = sizes[weight.axis]
    let inner = sizes[(weight.axis + 1)...].reduce(1, *)
    let each = numbers.count / max(1, outputs)
    return numbers.indices.map { index in
      numbers[index / inner % outputs * each + index / (inner * outputs) * inner + index % inner]
    }
  }
}
