import SkiffBinary
import SkiffIR

/// The numbers that the weights of a tensor may become, and how they are stored.
struct WeightNumbers: CustomStringConvertible {
  private let coding: WeightCompression.Coding
  private let weight: WeightTensor
  /// The tables of groups of rows.
  private var tables: [[Float]] = []
  /// Scales and zero points of the groups, row by row.
  private var scales: [Float] = []
  private var zeroPoints: [Int] = []

  init(
    _ coding: WeightCompression.Coding, _ matrix: [Float], _ weight: WeightTensor,
    importance: ColumnImportance?
  ) {
    // What has 16 bits stays as it is.
    let isShort = weight.dataType != .float32 && [.float16, .bfloat16].contains(coding)
    self.coding = isShort ? .none : coding.fitting(weight)
    self.weight = weight
    let columns = weight.columns
    switch self.coding {
    case .none, .float16, .bfloat16: break
    case .palette(let palettization):
      let rows = palettization.rowsPerTable > 0 ? palettization.rowsPerTable : max(1, weight.rows)
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
    case .palette(let palettization): "palette of \(palettization.bits) bits"
    case .integers(let quantization): "\(quantization.bits) bits"
    }
  }

  func nearest(to value: Float, row: Int, column: Int) -> Float {
    switch coding {
    case .none: return value
    case .float16: return Float(Float16(value))
    case .bfloat16: return BFloat16(value).float
    case .palette(let palettization):
      let table = tables[palettization.rowsPerTable > 0 ? row / palettization.rowsPerTable : 0]
      return table[table.nearest(to: value)]
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
    matrix.indices.map { index in
      nearest(to: matrix[index], row: index / weight.columns, column: index % weight.columns)
    }
  }

  /// The type of 16 bits that the numbers are stored in.
  private var narrowType: DataType? {
    switch coding {
    case .float16: .float16
    case .bfloat16: .bfloat16
    default: nil
    }
  }

  /// The constant that holds a matrix of such numbers.
  func constant(_ matrix: [Float]) throws(ModelError) -> Constant {
    guard case .integers(let quantization) = coding else {
      let tensor = try weight.tensor(matrix).cast(to: weight.dataType)
      if let narrowType {
        return try Constant(tensor.cast(to: narrowType)).transformed(by: .cast(.float32))
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
