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
  ///
  /// - Parameter limit: What global pruning removes, nil for other.
  func apply(
    to graph: inout Graph, limit: inout PruningLimit?
  ) throws(ModelError) -> WeightCompression.Change? {
    var matrix = try weight.matrix(in: graph)
    guard !matrix.isEmpty else { return nil }
    let importance = settings.usesImportance ? moments?.importance : nil
    // A tensor with moments is not large; no other is in memory twice.
    let original = moments == nil ? nil : matrix
    var error = WeightError(moments?.importance)
    var mask: [Bool]?
    if let pruning = settings.pruning {
      mask = pruning.mask(
        pruning.scores(matrix, columns: weight.columns, importance: importance), count: matrix.count,
        columns: weight.columns, limit: &limit)
    }
    if let mask {
      for index in mask.indices where !mask[index] {
        if original == nil { error.add(matrix[index], 0, column: index % weight.columns) }
        matrix[index] = 0
      }
    }
    let numbers = WeightNumbers(settings.coding, matrix, weight, importance: importance)
    func rounded(_ row: Int, _ column: Int, _ value: Float) -> Float {
      if let mask, !mask[row * weight.columns + column] { return 0 }
      return numbers.nearest(to: value, row: row, column: column)
    }
    if settings.usesFeedback, let original, let feedback = moments.flatMap(ErrorFeedback.init) {
      matrix = original
      feedback.round(&matrix, rounded)
    } else {
      for index in matrix.indices {
        let column = index % weight.columns
        let value = rounded(index / weight.columns, column, matrix[index])
        if original == nil { error.add(matrix[index], value, column: column) }
        matrix[index] = value
      }
    }
    if let original {
      for index in matrix.indices {
        error.add(original[index], matrix[index], column: index % weight.columns)
      }
      if settings.correctsBias { try correctBias(original, matrix, &graph) }
    }
    guard matrix.allSatisfy(\.isFinite) else {
      throw ModelError(
        .invalidArgument, "a weight is too large for \(numbers)", at: Location(tensor: weight.name))
    }
    let zeros = matrix.count { $0 == 0 }
    graph.setConstant(weight.value, to: try numbers.constant(matrix))
    return WeightCompression.Change(
      name: weight.name, elements: matrix.count, zeros: zeros, signalToNoise: error.signalToNoise,
      coding: numbers.description)
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

/// The squares of weights and of what they lost, where each column counts as its importance says.
private struct WeightError {
  private let importance: [Float]?
  private var (signal, noise) = (0.0, 0.0)

  init(_ importance: [Float]?) { self.importance = importance }

  mutating func add(_ original: Float, _ changed: Float, column: Int) {
    let weight = Double(importance?[column] ?? 1)
    let error = Double(original - changed)
    signal += weight * Double(original) * Double(original)
    noise += weight * error * error
  }

  /// In decibels.
  var signalToNoise: Double { noise == 0 ? .infinity : 10 * log10(signal / noise) }
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
