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
  /// By the Fisher information, where the settings ask for it.
  let fisher: WeightImportance?
  /// What the weights are multiplied with on average, where biases are corrected and it is known.
  let means: InputMeans?

  /// What the settings ask for that is not done, in words.
  func omission(in graph: Graph) -> String {
    if settings.needsMoments, moments == nil { return " (its inputs are not looked at)" }
    if settings.importance == .fisher, fisher == nil { return " (the loss does not depend on it)" }
    guard settings.biasCorrection == .normalization else { return "" }
    return means == nil
      ? " (no normalization tells its inputs)" : bias(in: graph) == nil ? " (it has no bias)" : ""
  }

  /// Changes the tensor and perhaps the bias beside it; nil if there is nothing to do.
  ///
  /// - Parameter limit: What global pruning removes, nil for other.
  func apply(
    to graph: inout Graph, limit: inout PruningLimit?, scratch: inout ScratchFile
  ) throws(ModelError) -> WeightCompression.Change? {
    if means == nil, let blocks = BlockEncoding(weight, settings) {
      return try blocks.apply(to: &graph, &scratch)
    }
    var matrix = try weight.matrix(in: graph)
    guard !matrix.isEmpty else { return nil }
    let inputImportance = moments.map { WeightImportance($0, weight) }
    let importance = settings.importance == .inputs ? inputImportance : fisher
    // A tensor with moments, or between convolutions, is not large; no other is in memory twice.
    let original = moments == nil && means == nil ? nil : matrix
    var error = WeightError(fisher ?? inputImportance)
    var mask: [Bool]?
    if let pruning = settings.pruning {
      mask = pruning.mask(
        pruning.scores(matrix, columns: weight.columns, importance: importance), count: matrix.count,
        columns: weight.columns, limit: &limit)
    }
    if let mask {
      for index in mask.indices where !mask[index] {
        if original == nil { error.add(matrix[index], 0, at: index) }
        matrix[index] = 0
      }
    }
    let numbers = WeightNumbers(settings.coding, matrix, weight, importance: importance)
    // What is pruned is no vector, so that a cell is a weight.
    func round(_ values: inout [Float], _ row: Int, _ column: Int, _ costs: [Float] = []) {
      numbers.round(&values, row: row, column: column, costs: costs)
      if let mask, !mask[row * weight.columns + column] { values[0] = 0 }
    }
    let isCentered = settings.biasCorrection == .samples && bias(in: graph) != nil
    if settings.roundsAdaptively, let original, let moments,
      let rounding = AdaptiveRounding(moments, rows: weight.rows, isCentered: isCentered)
    {
      matrix = rounding.round(original) { row, column in
        if let mask, !mask[row * weight.columns + column] { return nil }
        return numbers.adaptive(original[row * weight.columns + column], row: row, column: column)
      } nearest: { row, column in
        var cell = [original[row * weight.columns + column]]
        round(&cell, row, column)
        return cell[0]
      }
    } else if settings.usesFeedback || settings.roundsAdaptively, let original, let moments {
      matrix = original
      ErrorFeedback(moments, isCentered: isCentered).round(&matrix, numbers.cell, round)
    } else {
      let cell = numbers.cell
      matrix.forEachCell(cell, width: weight.columns) { values, row, column in
        let before = original == nil ? values : []
        round(&values, row, column)
        for (element, value) in before.enumerated() {
          error.add(value, values[element], at: cell.place(element, row, column, weight.columns))
        }
      }
    }
    if let original {
      for index in matrix.indices { error.add(original[index], matrix[index], at: index) }
      try correctBias(original, matrix, &graph)
    }
    guard matrix.allSatisfy({ weight.isFinite($0) }) else { throw weight.tooLarge(for: "\(numbers)") }
    let zeros = matrix.count { $0 == 0 }
    graph.setConstant(weight.value, to: try numbers.constant(matrix).moved(to: &scratch))
    return WeightCompression.Change(
      name: weight.name, label: weight.label(in: graph), elements: matrix.count, zeros: zeros,
      signalToNoise: error.signalToNoise,
      coding: numbers.description)
  }

  /// The bias of the only user, if it is a constant of its own.
  private func bias(in graph: Graph) -> (id: ValueID, constant: Constant)? {
    guard let node = weight.users.first.map({ graph[$0] }), node.inputs.count > 2, let id = node.inputs[2],
      graph[id].users.count == 1, let constant = graph[id].constant, constant.type.dataType == .float32,
      constant.shape == [weight.rows]
    else { return nil }
    return (id, constant)
  }

  /// Takes from the bias what the change adds to each output on average: Nagel et al., "Data-Free Quantization Through Weight
  /// Equalization and Bias Correction", 2019, section 4.2.
  private func correctBias(
    _ original: [Float], _ changed: [Float], _ graph: inout Graph
  ) throws(ModelError) {
    guard let means, let (id, constant) = bias(in: graph) else { return }
    var biases = try constant.materialize().floats()
    for row in biases.indices {
      let group = row * means.groups / weight.rows
      for column in 0..<weight.columns {
        let place = row * weight.columns + column
        biases[row] += (original[place] - changed[place]) * means.values[group * weight.columns + column]
      }
    }
    graph.setConstant(id, to: Constant(Tensor(biases, shape: constant.shape)))
  }
}

/// The squares of weights and of what they lost, where each counts as its importance says.
struct WeightError {
  private let importance: WeightImportance?
  private var (signal, noise) = (0.0, 0.0)

  init(_ importance: WeightImportance?) { self.importance = importance }

  mutating func add(_ original: Float, _ changed: Float, at index: Int) {
    let weight = Double(importance?[index] ?? 1)
    let error = Double(original - changed)
    signal += weight * Double(original) * Double(original)
    noise += weight * error * error
  }

  /// In decibels.
  var signalToNoise: Double { Self.decibels(signal: signal, noise: noise) }

  /// A ratio of sums of squares in decibels.
  static func decibels(signal: Double, noise: Double) -> Double {
    noise == 0 ? .infinity : 10 * log10(signal / noise)
  }
}
