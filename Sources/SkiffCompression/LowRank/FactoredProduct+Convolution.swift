import SkiffBinary
import SkiffIR
import SkiffOperators

/// Convolutions: one of fewer channels between two of single places (Tucker-2).
extension FactoredProduct {
  /// Replaces a convolution by one of fewer channels between two of single places, those that are needed.
  func applyToConvolution(
    _ convolution: Convolution, _ graph: inout Graph, _ stride: Int
  ) throws(ModelError) -> LowRankApproximation.Change? {
    let (outputs, inputs) = (weight.rows, weight.shape[weight.shape.count - 1])
    let taps = weight.columns / inputs
    guard max(outputs, min(inputs, outputs * taps)) <= LowRankFactors.largestSize else { return nil }
    let matrix = try weight.matrix(in: graph).map(Double.init)
    // A row for each output and place under the window.
    guard let outer = LowRankFactors(matrix, outputs: outputs, moments: moments, keepsOutputs: true),
      let inner = LowRankFactors(matrix, outputs: outputs * taps, moments: channelMoments(inputs))
    else { return nil }
    let choice = RankChoice(
      outputs: outputs, inputs: inputs, taps: taps, stride: stride, outer: outer, inner: inner, amount: amount
    )
    guard let (outerRank, innerRank) = choice.best else { return nil }
    let node = graph[id]
    let ones = [Int](repeating: 1, count: weight.shape.count - 2)
    let window = Array(weight.shape[1..<weight.shape.count - 1])
    var (core, input) = (matrix, node.inputs[0])
    if innerRank < inputs {
      let (left, right) = inner.factors(rank: innerRank)
      core = left
      var pointwise = Convolution()
      pointwise.layout = .last
      let first = try constant(right, [innerRank] + ones + [inputs], "_b", &graph)
      input = try graph.addNode(
        pointwise, [input, first], name: node.name, origins: node.origins, before: id)[0]
    }
    guard outerRank < outputs else {
      let weights = try constant(core, [outputs] + window + [innerRank], "_core", &graph)
      graph.setNode(id, to: convolution, inputs: [input, weights] + node.inputs.dropFirst(2))
      return choice.change(outerRank, innerRank, node.location)
    }
    let basis = outer.columns(rank: outerRank)
    core = LowRankFactors.product(LowRankFactors.transposed(basis, columns: outerRank), core, inner: outputs)
    let weights = try constant(core, [outerRank] + window + [innerRank], "_core", &graph)
    let middle = try graph.addNode(
      convolution.unclamped ?? convolution, [input, weights], name: node.name, origins: node.origins,
      before: id)
    let last = try constant(basis, [outputs] + ones + [outerRank], "_a", &graph)
    graph.setNode(id, to: convolution.pointwise, inputs: [middle[0], last] + node.inputs.dropFirst(2))
    return choice.change(outerRank, innerRank, node.location)
  }

  /// The sums of products of input channels, over all places under the window.
  private func channelMoments(_ inputs: Int) -> [Double]? {
    guard let moments else { return nil }
    var result = [Double](repeating: 0, count: inputs * inputs)
    for first in stride(from: 0, to: weight.columns, by: inputs) {
      for row in 0..<inputs {
        for column in 0..<inputs {
          result[row * inputs + column] += moments[(first + row) * weight.columns + first + column]
        }
      }
    }
    return result
  }
}

/// The ranks of the channels of a convolution.
private struct RankChoice {
  let outputs: Int
  let inputs: Int
  let taps: Int
  /// How many times as many places the first product has.
  let stride: Int
  let outer: LowRankFactors
  let inner: LowRankFactors
  let amount: LowRankApproximation.Amount

  private var weightsBefore: Int { outputs * taps * inputs }

  /// The weights of all products, where the first one counts so many times.
  private func weights(_ outer: Int, _ inner: Int, first: Int = 1) -> Int {
    (inner < inputs ? first * inputs * inner : 0) + taps * inner * outer
      + (outer < outputs ? outer * outputs : 0)
  }

  private func loss(_ outerRank: Int, _ innerRank: Int) -> Double {
    (outerRank < outputs ? outer.losses[outerRank] : 0)
      + (innerRank < inputs ? inner.losses[min(innerRank, inner.losses.count - 1)] : 0)
  }

  /// The ranks that lose the least among those of few enough weights, or have the fewest weights among those that lose little
  /// enough; nil if none of them save weights and multiplications.
  var best: (outer: Int, inner: Int)? {
    var best: (outer: Int, inner: Int)?
    var bestCost = Double.infinity
    for innerRank in 1...inputs {
      let outerRank: Int
      switch amount {
      case .error(let share):
        let rest = share - loss(outputs, innerRank)
        guard rest >= 0 else { continue }
        outerRank = outer.rank(losing: rest)
      case .weights(let share):
        let rest = Int(Double(weightsBefore) * share) - (innerRank < inputs ? inputs * innerRank : 0)
        outerRank = taps * innerRank * outputs <= rest ? outputs : rest / (taps * innerRank + outputs)
      }
      guard outerRank > 0, weights(outerRank, innerRank) < weightsBefore,
        weights(outerRank, innerRank, first: stride) < weightsBefore
      else { continue }
      let cost: Double
      switch amount {
      case .error: cost = Double(weights(outerRank, innerRank))
      case .weights: cost = loss(outerRank, innerRank)
      }
      if cost < bestCost { (best, bestCost) = ((outerRank, innerRank), cost) }
    }
    return best
  }

  func change(_ outerRank: Int, _ innerRank: Int, _ location: Location) -> LowRankApproximation.Change {
    LowRankApproximation.Change(
      location: location, ranks: [innerRank, outerRank], weightsBefore: weightsBefore,
      weightsAfter: weights(outerRank, innerRank), error: loss(outerRank, innerRank))
  }
}
