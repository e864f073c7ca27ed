import SkiffBinary
import SkiffIR
import SkiffOperators

/// Post-training quantization of weights to int8 and of activations to integers: what to do, apart from the ranges.
public struct Int8Quantization: Hashable, Sendable {
  /// What activations are.
  public enum Activations: String, Hashable, Sendable, CaseIterable {
    /// int8 with a scale and a zero point for each tensor, from its range.
    case int8
    /// int16 with a scale for each tensor, from its range; sums have 64 bits. TensorFlow Lite's 16x8.
    case int16
    /// Real numbers, which products with weights round to int8 by their own range when they run; no samples are needed.
    /// TensorFlow Lite's dynamic range.
    case dynamic

    /// The integers that the graph has between operators; nil if it has real numbers there.
    var dataType: DataType? {
      switch self {
      case .int8: .int8
      case .int16: .int16
      case .dynamic: nil
      }
    }
  }

  /// Which weights share a scale.
  public enum WeightGranularity: Hashable, Sendable {
    /// Those of one output channel.
    case perChannel
    /// All of an operator.
    case perTensor
  }

  /// What activations are.
  public var activations = Activations.int8
  /// Whether activations of 8 bits have the zero point 0 and ranges that are symmetric around 0, for processors without zero points; those of 16 bits
  /// always are so. Operators whose range TensorFlow Lite's quantization specification fixes keep it, and with it the zero point
  /// -128 of softmax and logistic; so does what only moves their results.
  public var hasSymmetricActivations = false
  /// How the weights of convolutions are quantized.
  public var convolutionWeights = WeightGranularity.perChannel
  /// How the weights of fully connected operators are quantized.
  public var fullyConnectedWeights = WeightGranularity.perChannel
  /// Whether inputs of the graph are given as integers.
  public var quantizesInputs = false
  /// Whether outputs of the graph are returned as integers.
  public var quantizesOutputs = false
  /// Nodes that stay in floating point, by their name or that of a node of the source which they compute.
  public var excludedNodes: Set<String> = []
  /// Other activations of some nodes, nil for real numbers; the last one that fits a node goes, names before operators. Between nodes
  /// of different integers values are requantized. None of them is ``Activations/dynamic``, nor is ``activations`` then.
  public var exceptions: [SettingScope: Activations?] = [:]

  /// Creates the usual quantization: per channel, interface in floating point.
  public init() {}

  /// The graph in integers wherever there is an integer form, with explicit conversions around the rest.
  ///
  /// - Parameters:
  ///   - graph: A graph in floating point, legalized for its target. Where it rounds values to integers itself, as models
  ///     trained or stored in integers do, it is these that are computed with, but for zero points where activations are symmetric.
  ///   - calibration: The ranges of the same graph's values.
  /// - Throws: ``ModelError/Code/invalidArgument`` for an excluded node that the graph does not have.
  public func apply(
    to graph: Graph, calibration: Calibration
  ) throws(ModelError) -> (graph: Graph, report: QuantizationReport) {
    try apply(
      to: graph, ranges: calibration.ranges, inputShapes: calibration.inputShapes,
      warnings: calibration.warnings)
  }

  /// The graph in integers wherever it rounds its values to integers itself and there is an integer form.
  ///
  /// - Parameter inputShapes: Sizes that the graph can run at.
  package func apply(
    to graph: Graph, inputShapes: [String: [Int]]
  ) throws(ModelError) -> (graph: Graph, report: QuantizationReport) {
    try apply(to: graph, ranges: [:], inputShapes: inputShapes, warnings: [])
  }

  private func apply(
    to source: Graph, ranges: [ValueID: ClosedRange<Float>], inputShapes: [String: [Int]], warnings: [Warning]
  ) throws(ModelError) -> (graph: Graph, report: QuantizationReport) {
    guard activations != .dynamic || exceptions.isEmpty, !exceptions.values.contains(.dynamic) else {
      throw ModelError(.invalidArgument, "dynamic activations are those of the whole graph")
    }
    let dataType = activations.dataType ?? .int8
    let plan = try ActivationPlan(source, self)
    // As long as sums with masks stand before their softmax.
    let ranges = SoftmaxMasks(source, ranges: ranges).ranges
    var outcome = try quantized(source, plan, ranges: ranges, inputShapes: inputShapes)
    var (count, others, declined) = (outcome.assignment.quantized.count, 0, outcome.assignment.declined)
    let other: DataType = dataType == .int8 ? .int16 : .int8
    if !plan.nodes(other).isEmpty {
      var again = self
      (again.quantizesInputs, again.quantizesOutputs) = (false, false)
      again.activations = dataType == .int8 ? .int16 : .int8
      outcome = try again.quantizedFurther(
        outcome, plan.nodes(other), ranges: ranges, inputShapes: inputShapes)
      others = outcome.assignment.quantized.count
      count += others
      declined += outcome.assignment.declined
    }
    try outcome.graph.verify()
    return (
      outcome.graph,
      QuantizationReport(
        quantizedNodes: count, otherNodes: others, floatNodes: declined, warnings: warnings)
    )
  }

  /// A graph some of whose nodes compute with integers.
  private struct Outcome {
    let graph: Graph
    let assignment: ParameterAssignment
    /// Where the real numbers, or else the integers, of the values of the source are.
    let places: [ValueID: ValueID]
    /// Where the nodes of the source are.
    let nodes: [NodeID: NodeID]
  }

  /// The graph with the nodes in integers that a plan has in those of ``activations``.
  private func quantized(
    _ source: Graph, _ plan: ActivationPlan, ranges: [ValueID: ClosedRange<Float>],
    inputShapes: [String: [Int]]
  ) throws(ModelError) -> Outcome {
    var graph = source
    let dataType = activations.dataType ?? .int8
    let known =
      dataType == .int8
      ? KnownParameters(takenFrom: &graph, ranges: ranges, isSymmetric: hasSymmetricActivations)
      : KnownParameters(ranges: ranges, as: dataType, isSymmetric: hasSymmetricActivations)
    let assignment = try ParameterAssignment(
      graph, known, inputShapes: inputShapes, nodes: plan.nodes(dataType), excluded: plan.nodes(nil),
      returnsReals: !quantizesOutputs)
    return try outcome(graph, assignment, known)
  }

  /// The graph of an outcome with some more nodes of the source in integers, those of ``activations``.
  private func quantizedFurther(
    _ before: Outcome, _ nodes: Set<NodeID>, ranges: [ValueID: ClosedRange<Float>],
    inputShapes: [String: [Int]]
  ) throws(ModelError) -> Outcome {
    var moved: [ValueID: ClosedRange<Float>] = [:]
    for (value, range) in ranges {
      if let place = before.places[value] { moved[place] = range }
    }
    let graph = before.graph
    let known = KnownParameters(
      ranges: moved, as: activations.dataType ?? .int8, isSymmetric: hasSymmetricActivations)
    let assignment = try ParameterAssignment(
      graph, known, inputShapes: inputShapes, nodes: Set(nodes.compactMap { before.nodes[$0] }), excluded: [],
      returnsReals: false)
    return try outcome(graph, assignment, known)
  }

  private func outcome(
    _ graph: Graph, _ assignment: ParameterAssignment, _ known: KnownParameters
  ) throws(ModelError) -> Outcome {
    var builder = QuantizedGraphBuilder(
      source: graph, assignment: assignment, given: known.given, dataType: known.dataType, options: self)
    let result = try builder.build()
    return Outcome(graph: result, assignment: assignment, places: builder.places, nodes: builder.nodes)
  }
}

extension Int8Quantization {
  /// Whether each output of a node gets a scale of its own for its weights.
  func isPerChannel(_ node: Node) -> Bool {
    (node.operator is FullyConnected ? fullyConnectedWeights : convolutionWeights) == .perChannel
  }
}

extension Node {
  /// Its name and those of the nodes that it comes from.
  var names: [String] { [name] + origins.map(\.name) }
}

/// What a quantization did.
public struct QuantizationReport: Sendable {
  /// A node that stayed in floating point.
  public struct FloatNode: Hashable, Sendable {
    /// Where it is.
    public let location: Location
    /// Why it was not quantized.
    public let reason: String
  }

  /// The number of nodes that compute with integers.
  public let quantizedNodes: Int
  /// How many of them have other activations than the rest: 16 bits among 8, or 8 among 16.
  public let otherNodes: Int
  /// The nodes that stayed in floating point, in the order of the graph.
  public let floatNodes: [FloatNode]
  /// What a user should know.
  public let warnings: [Warning]
}
