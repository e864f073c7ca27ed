import SkiffBinary
import SkiffIR

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
        $0.groups * $0.parts == 1 ? $0.matrix(0, isCentered: false) : nil
      }
      let product = FactoredProduct(id: weight.users[0], weight: weight, moments: own, amount: amount)
      if let change = try product.apply(to: &graph) { changes.append(change) }
    }
    graph.removeUnused()
    return (graph, changes)
  }
}
