import SkiffBinary
import SkiffIR
import SkiffOperators

/// The weights and the bias of a product, or the scale and the shift of a normalization, as what is multiplied channel by channel.
struct ScaledLayer {
  let weights: ValueID
  private let bias: ValueID?
  /// The sizes of the weights, the outputs first.
  private let shape: [Int]
  private let groups: Int
  /// Whether the graph has the outputs last.
  private let isTransposed: Bool
  /// The weights, a row for each output.
  private(set) var matrix: [Float]
  private var biases: [Float]
  /// What no bias may become greater than, by output: see ``leastFactors()``.
  private var biasLimits: [Float] = []
  /// What each output was divided by so far.
  private(set) var outputFactors: [Float]

  /// Whether the operands of a node but for the first are constants that belong to no other.
  static func hasOwnParameters(_ id: NodeID, _ graph: Graph) -> Bool {
    let node = graph[id]
    guard node.inputs.count > 1 else { return false }
    return node.inputs.indices.dropFirst().allSatisfy { index in
      guard let value = node.inputs[index] else { return index > 1 }
      return graph[value].constant?.type.dataType == .float32 && graph.soleUser(of: value) == id
    }
  }

  /// Nil for parameters of other sizes than layers have.
  init?(_ id: NodeID, _ graph: Graph) throws(ModelError) {
    let node = graph[id]
    guard let weights = node.inputs[1], let constant = graph[weights].constant else { return nil }
    let product = node.operator as? MatrixMultiply
    isTransposed = product.map { !$0.transposesB } ?? false
    let isNormalization = node.operator is any TrailingNormalization
    let rank = constant.shape.count
    guard isNormalization ? rank == 1 : product == nil ? rank > 1 : rank == 2 else { return nil }
    self.weights = weights
    let tensor = try constant.materialize()
    let rowsFirst = try isTransposed ? tensor.permuted(by: [1, 0]) : tensor
    shape = rowsFirst.shape
    matrix = try rowsFirst.floats()
    groups = (node.operator as? Convolution)?.groups ?? 1
    bias = node.inputs.count > 2 ? node.inputs[2] : nil
    biases = try bias.flatMap { graph[$0].constant }?.materialize().floats() ?? []
    outputFactors = [Float](repeating: 1, count: shape[0])
    guard !matrix.isEmpty, biases.isEmpty || biases.count == shape[0], shape[0] % groups == 0 else {
      return nil
    }
    let ranges = outputRanges()
    let faint = (ranges.max() ?? 0) / 128
    let greatestBias = biases.reduce(0) { max($0, abs($1)) }
    biasLimits = ranges.map { $0 < faint ? greatestBias : .infinity }
  }

  var outputCount: Int { shape[0] }
  var inputCount: Int { groups * shape[shape.count - 1] }
  private var each: Int { matrix.count / shape[0] }

  func outputRanges() -> [Float] {
    (0..<shape[0]).map { output in
      matrix[output * each..<(output + 1) * each].reduce(0) { max($0, abs($1)) }
    }
  }

  /// The least numbers that outputs may be divided by.
  ///
  /// An output whose weights are below a step of 8 bits of the others' is its bias and little more: with weights raised to the range of others,
  /// the bias would take all steps of the results. It does not become greater than the greatest one was.
  func leastFactors() -> [Float] {
    biases.isEmpty
      ? [Float](repeating: 0, count: outputCount)
      : zip(biases, biasLimits).map { $1 > 0 ? abs($0) / $1 : 0 }
  }

  /// The input channel that an element is multiplied with.
  private func channel(of index: Int) -> Int {
    let own = shape[shape.count - 1]
    return index / each / (shape[0] / groups) * own + index % own
  }

  func inputRanges() -> [Float] {
    var ranges = [Float](repeating: 0, count: inputCount)
    for index in matrix.indices {
      let channel = channel(of: index)
      ranges[channel] = max(ranges[channel], abs(matrix[index]))
    }
    return ranges
  }

  mutating func divideOutputs(by factors: [Float]) {
    for index in matrix.indices { matrix[index] /= factors[index / each] }
    for index in biases.indices { biases[index] /= factors[index] }
    for index in outputFactors.indices { outputFactors[index] *= factors[index] }
  }

  mutating func multiplyInputs(by factors: [Float]) {
    for index in matrix.indices { matrix[index] *= factors[channel(of: index)] }
  }

  /// Replaces the weights by others.
  mutating func round(_ rounded: ([Float]) -> [Float]) { matrix = rounded(matrix) }

  func store(in graph: inout Graph) throws(ModelError) {
    let rowsFirst = Tensor(matrix, shape: shape)
    graph.setConstant(weights, to: Constant(try isTransposed ? rowsFirst.permuted(by: [1, 0]) : rowsFirst))
    if let bias { graph.setConstant(bias, to: Constant(Tensor(biases, shape: [biases.count]))) }
  }
}
