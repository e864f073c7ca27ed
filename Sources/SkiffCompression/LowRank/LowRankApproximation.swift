import SkiffBinary
import SkiffIR
import SkiffOperators

/// Replacing products by two or three smaller ones, where that saves weights and multiplications.
///
/// A matrix of weights becomes the product of two (singular value decomposition: Denton et al., "Exploiting Linear Structure Within
/// Convolutional Networks", 2014), a convolution one of fewer channels between two of 1x1 (Tucker-2: Kim et al., "Compression of Deep
/// Convolutional Neural Networks for Fast and Low Power Mobile Applications", 2016), and a table that is looked up a table of shorter
/// rows and a product.
public struct LowRankApproximation: Hashable, Sendable {
  /// What says the ranks.
  public enum Amount: Hashable, Sendable {
    /// The greatest share of the energy of weights, or of what they add to the outputs, that is lost.
    case error(Double)
    /// The greatest share of its weights that a product is left.
    case weights(Double)
  }

  /// What says the ranks.
  public var amount: Amount
  /// Whether errors count as the inputs make them, which takes samples.
  public var usesInputs = false
  /// Weights of fewer elements stay as they are.
  public var leastCount = 1024
  /// Nodes that stay as they are, by their name or that of a node of the source which they compute.
  public var excludedNodes: Set<String> = []

  /// Creates an approximation that takes no samples.
  public init(_ amount: Amount) { self.amount = amount }

  /// What was done to one product.
  public struct Change: Sendable {
    /// The node.
    public let location: Location
    /// The ranks: one of a matrix, those of inputs and outputs of a convolution.
    public let ranks: [Int]
    /// The weights before.
    public let weightsBefore: Int
    /// The weights after.
    public let weightsAfter: Int
    /// The share of the energy that is lost, at most.
    public let error: Double
  }

  /// The graph with smaller products.
  ///
  /// - Parameter samples: Inputs by name; approximations that look at inputs need some.
  /// - Throws: ``ModelError/Code/invalidArgument`` for shares that make no sense, for an excluded node that the graph does not have, and
  ///   for weights or inputs that are no numbers.
  public func apply(
    to source: Graph, samples: [[String: Tensor]] = []
  ) throws(ModelError) -> (graph: Graph, changes: [Change]) {
    switch amount {
    case .error(let share), .weights(let share):
      guard (0...1).contains(share) else {
        throw ModelError(.invalidArgument, "shares are from 0 to 1")
      }
    }
    guard !usesInputs || !samples.isEmpty else {
      throw ModelError(.invalidArgument, "a low rank that suits the inputs takes samples")
    }
    var graph = source
    let excluded = try graph.nodes(named: excludedNodes)
    let weights = WeightTensor.all(in: graph, least: leastCount).filter { weight in
      weight.users.count == 1 && !excluded.contains(weight.users[0])
    }
    let moments = usesInputs ? try InputMoments.all(of: weights, in: graph, samples: samples) : [:]
    var changes: [Change] = []
    for weight in weights {
      let own = moments[weight.value].flatMap {
        $0.groups == 1 ? $0.matrix(group: 0, isCentered: false) : nil
      }
      let product = FactoredProduct(id: weight.users[0], weight: weight, moments: own, amount: amount)
      if let change = try product.apply(to: &graph) { changes.append(change) }
    }
    graph.removeUnused()
    return (graph, changes)
  }
}

/// A product that can become smaller ones.
private struct FactoredProduct {
  let id: NodeID
  let weight: WeightTensor
  /// The sums of products of inputs, nil if all count the same.
  let moments: [Double]?
  let amount: LowRankApproximation.Amount

  /// Replaces the product; nil if that saves nothing.
  func apply(to graph: inout Graph) throws(ModelError) -> LowRankApproximation.Change? {
    let node = graph[id]
    let position = node.inputs.firstIndex(of: weight.value)
    switch node.operator {
    case is FullyConnected where position == 1: return try applyToMatrix(&graph, stride: 1)
    case let product as MatrixMultiply
    where position == 1 && weight.shape.count == 2 && !product.transposesA:
      return try applyToMatrix(&graph, stride: 1)
    case let gather as Gather
    where position == 0 && weight.shape.count == 2 && [0, -2].contains(gather.axis)
      && gather.batchDimensions == 0:
      return try applyToMatrix(&graph, stride: nil)
    case let convolution as Convolution
    where position == 1 && convolution.groups == 1 && convolution.layout == .last:
      let stride = convolution.strides.reduce(1, *)
      return weight.columns == weight.shape[weight.shape.count - 1]
        ? try applyToMatrix(&graph, stride: stride) : try applyToConvolution(convolution, &graph, stride)
    default: return nil
    }
  }

  /// A constant that holds a matrix of rows.
  private func constant(
    _ matrix: [Double], _ shape: [Int], _ suffix: String, _ graph: inout Graph
  ) throws(ModelError) -> ValueID {
    let elements = matrix.map(Float.init)
    guard elements.allSatisfy(\.isFinite) else {
      throw ModelError(.invalidArgument, "a weight is too large", at: Location(tensor: weight.name))
    }
    let name = weight.name.isEmpty ? "" : weight.name + suffix
    return graph.addConstant(Tensor(elements, shape: shape), name: name)
  }

  /// Replaces the product by two.
  ///
  /// - Parameter stride: How many times as many places the first product has; nil for a table, of which only the size counts.
  private func applyToMatrix(
    _ graph: inout Graph, stride: Int?
  ) throws(ModelError) -> LowRankApproximation.Change? {
    let (outputs, inputs) = (weight.rows, weight.columns)
    // Before anything of the size of the weights is made.
    guard min(outputs, inputs) <= LowRankFactors.largestSize else { return nil }
    let matrix = try weight.matrix(in: graph).map(Double.init)
    guard let factors = LowRankFactors(matrix, outputs: outputs, moments: moments) else { return nil }
    let rank =
      switch amount {
      case .error(let share): factors.rank(losing: share)
      case .weights(let share): Int(Double(matrix.count) * share) / (outputs + inputs)
      }
    let after = rank * (outputs + inputs)
    guard rank > 0, after < matrix.count, rank * ((stride ?? 1) * inputs + outputs) < matrix.count else {
      return nil
    }
    let (left, right) = factors.factors(rank: rank)
    let node = graph[id]
    switch node.operator {
    case is Gather:
      let table = try constant(left, [outputs, rank], "_a", &graph)
      let rows = try graph.addNode(
        node.operator, [table] + node.inputs.dropFirst(), name: node.name, origins: node.origins, before: id)
      let columns = LowRankFactors.transposed(right, columns: inputs)
      let product = try constant(columns, [inputs, rank], "_b", &graph)
      graph.setNode(id, to: FullyConnected(), inputs: [rows[0], product])
    case let product as MatrixMultiply:
      func stored(_ matrix: [Double], _ shape: [Int], _ suffix: String) throws(ModelError) -> ValueID {
        if product.transposesB { return try constant(matrix, shape, suffix, &graph) }
        let columns = LowRankFactors.transposed(matrix, columns: shape[1])
        return try constant(columns, shape.reversed(), suffix, &graph)
      }
      let first = try stored(right, [rank, inputs], "_b")
      let middle = try graph.addNode(
        product, [node.inputs[0], first], name: node.name, origins: node.origins, before: id)
      let second = try stored(left, [outputs, rank], "_a")
      graph.setNode(id, to: product, inputs: [middle[0], second])
    default:
      let ones = [Int](repeating: 1, count: weight.shape.count - 2)
      let first = try constant(right, [rank] + ones + [inputs], "_b", &graph)
      let middle = try graph.addNode(
        node.operator.unclamped ?? node.operator, [node.inputs[0], first], name: node.name,
        origins: node.origins, before: id)
      let second = try constant(left, [outputs] + ones + [rank], "_a", &graph)
      graph.setNode(id, to: node.operator.pointwise, inputs: [middle[0], second] + node.inputs.dropFirst(2))
    }
    return LowRankApproximation.Change(
      location: node.location, ranks: [rank], weightsBefore: matrix.count, weightsAfter: after,
      error: factors.losses[rank])
  }

  /// Replaces a convolution by one of fewer channels between two of single places, those that are needed.
  private func applyToConvolution(
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

extension Operator {
  /// The same at single places: with the clamp, but neither steps nor padding.
  fileprivate var pointwise: any Operator {
    guard let convolution = self as? Convolution else { return self }
    var pointwise = Convolution()
    (pointwise.layout, pointwise.activation) = (convolution.layout, convolution.activation)
    return pointwise
  }
}
