import SkiffBinary
import SkiffIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What is done to one tensor.
struct WeightWork {
  let weight: WeightTensor
  let settings: WeightCompression.Settings
  let moments: InputMoments?

  /// Changes the tensor and perhaps the bias beside it; nil if there is nothing to do.
  func apply(to graph: inout Graph, threshold: Float?) throws(ModelError) -> WeightCompression.Change? {
    let original = try weight.matrix(in: graph)
    guard !original.isEmpty else { return nil }
    let importance = settings.usesImportance ? moments?.importance : nil
    var matrix = original
    let mask = settings.pruning.map { pruning in
      pruning.mask(
        pruning.scores(original, columns: weight.columns, importance: importance), count: original.count,
        columns: weight.columns, threshold: threshold)
    }
    if let mask {
      for index in mask.indices where !mask[index] { matrix[index] = 0 }
    }
    let numbers = WeightNumbers(settings.coding, matrix, weight, importance: importance)
    func rounded(_ row: Int, _ column: Int, _ value: Float) -> Float {
      if let mask, !mask[row * weight.columns + column] { return 0 }
      return numbers.nearest(to: value, row: row, column: column)
    }
    if settings.usesFeedback, let feedback = moments.flatMap(ErrorFeedback.init) {
      matrix = original
      feedback.round(&matrix, rounded)
    } else {
      for index in matrix.indices {
        matrix[index] = rounded(index / weight.columns, index % weight.columns, matrix[index])
      }
    }
    matrix = try numbers.narrowed(matrix)
    graph.setConstant(weight.value, to: try numbers.constant(matrix))
    if settings.correctsBias { try correctBias(original, matrix, &graph) }
    return WeightCompression.Change(
      name: weight.name, elements: matrix.count, zeros: matrix.count { $0 == 0 },
      signalToNoise: signalToNoise(original, matrix), coding: numbers.description)
  }

  private func signalToNoise(_ original: [Float], _ changed: [Float]) -> Double {
    let importance = moments?.importance
    var (signal, noise) = (0.0, 0.0)
    for index in original.indices {
      let weight = Double(importance?[index % weight.columns] ?? 1)
      let error = Double(original[index] - changed[index])
      signal += weight * Double(original[index]) * Double(original[index])
      noise += weight * error * error
    }
    return noise == 0 ? .infinity : 10 * log10(signal / noise)
  }

  /// Takes from the bias of the only user what the change adds to each output on average.
  private func correctBias(
    _ original: [Float], _ changed: [Float], _ graph: inout Graph
  ) throws(ModelError) {
    guard let moments, let node = weight.users.first.map({ graph[$0] }), node.inputs.count > 2,
      let id = node.inputs[2], graph[id].users.count == 1, let constant = graph[id].constant,
      constant.type.dataType == .float32
    else { return }
    let means = moments.means
    var bias = try constant.materialize().floats()
    guard bias.count == weight.rows else { return }
    for row in bias.indices {
      for column in means.indices {
        let place = row * weight.columns + column
        bias[row] += (original[place] - changed[place]) * means[column]
      }
    }
    graph.setConstant(id, to: Constant(Tensor(bias, shape: constant.shape)))
  }
}

/// The numbers that the weights of a tensor may become, and how they are stored.
private struct WeightNumbers: CustomStringConvertible {
  private let coding: WeightCompression.Coding
  private let weight: WeightTensor
  /// The tables of groups of rows.
  private var tables: [[Float]] = []
  /// Scales and zero points of the groups, row by row.
  private var scales: [Float] = []
  private var zeroPoints: [Int] = []

  init(
    _ coding: WeightCompression.Coding, _ matrix: [Float], _ weight: WeightTensor, importance: [Float]?
  ) {
    self.coding = coding
    self.weight = weight
    let columns = weight.columns
    switch coding {
    case .none, .float16, .bfloat16: break
    case .palette(let palettization):
      let rows = palettization.rowsPerTable > 0 ? palettization.rowsPerTable : max(1, weight.rows)
      tables = stride(from: 0, to: weight.rows, by: rows).map { first in
        palettization.table(
          matrix[first * columns..<min(first + rows, weight.rows) * columns], columns: columns,
          importance: importance)
      }
    case .integers(let quantization):
      for group in 0..<groupCount(quantization) {
        let places = places(quantization, group)
        let parameters = quantization.parameters(
          places.map { matrix[$0] }, importance: importance.map { own in places.map { own[$0 % columns] } })
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
    case .none, .float16, .bfloat16: return value
    case .palette(let palettization):
      let table = tables[palettization.rowsPerTable > 0 ? row / palettization.rowsPerTable : 0]
      return table[table.nearest(to: value)]
    case .integers(let quantization):
      let group = group(quantization, row, column)
      return quantization.rounded(value, scales[group], zeroPoints[group])
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

  /// A matrix rounded to 16 bits, if that is what is to be done.
  func narrowed(_ matrix: [Float]) throws(ModelError) -> [Float] {
    guard let narrowType else { return matrix }
    return try Tensor(matrix, shape: [matrix.count]).cast(to: narrowType).floats()
  }

  /// The constant that holds a matrix of such numbers.
  func constant(_ matrix: [Float]) throws(ModelError) -> Constant {
    guard case .integers(let quantization) = coding else {
      let tensor = try weight.tensor(matrix)
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
    return try Constant(weight.tensor(codes).quantized(with: parameters)).transformed(by: .dequantize)
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
    // The matrix has the outputs first; the tensor has them last.
    var sizes = weight.shape
    sizes[weight.blockAxis] = (sizes[weight.blockAxis] + size - 1) / size
    let outputs = sizes[weight.axis]
    let inner = sizes.reduce(1, *) / max(1, outputs)
    return (0..<numbers.count).map { numbers[$0 % outputs * inner + $0 / outputs] }
  }
}
