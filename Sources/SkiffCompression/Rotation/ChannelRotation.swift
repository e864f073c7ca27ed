import SkiffBinary
import SkiffIR
import SkiffOperators

/// Rotating the channels of values by orthogonal matrices that weights on both sides take up, so that single large channels and weights spread over
/// all and few bits lose less. It changes nothing but the rounding.
///
/// Ashkboos et al., "QuaRot: Outlier-Free 4-Bit Inference in Rotated LLMs", 2024, whose rotations of weights these are; Liu et al., "SpinQuant", 2024,
/// for values and outputs of attention. Layer normalizations lose their means to the weights before them where
/// nothing else sees these: Ashkboos et al., "SliceGPT", 2024.
public struct ChannelRotation: Hashable, Sendable {
  /// Nodes whose operands and results stay.
  public var excludedNodes: Set<String> = []

  /// Creates a rotation of all that can be rotated.
  public init() {}

  /// What was done.
  public struct Report: Sendable {
    /// Values that were rotated together.
    public struct Rotation: Sendable {
      /// The first node that makes one.
      public let location: Location
      /// The number of tensors of weights, biases and tables that took the rotation up.
      public let tensors: Int
      /// The channels that are rotated with each other.
      public let channels: Int
    }

    /// Values that a product makes and that stay.
    public struct Obstacle: Sendable {
      /// The product.
      public let location: Location
      /// Why they cannot be rotated.
      public let reason: String
    }

    /// In the order of the graph.
    public package(set) var rotations: [Rotation] = []
    /// In the order of the graph.
    public package(set) var obstacles: [Obstacle] = []

    /// Nothing done yet.
    package init() {}
  }

  /// The graph with other weights, which computes the same but for rounding.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` for an excluded node that the graph does not have.
  public func apply(to source: Graph) throws(ModelError) -> (graph: Graph, report: Report) {
    var graph = source.untyingVectors()
    var report = Report()
    for group in RotationGroups(graph, excluded: try graph.nodes(named: excludedNodes)).all {
      let location = Self.location(of: group, in: graph)
      var reason = group.obstacle
      if reason == nil, group.users.isEmpty, !group.multipliesRows {
        reason = "nothing multiplies them with weights"
      }
      if reason == nil, let size = try rotate(group, &graph, &reason) {
        report.rotations.append(
          Report.Rotation(
            location: location, tensors: Set((group.makers + group.users).map(\.constant)).count,
            channels: size))
      } else if let reason, !group.products.isEmpty || !group.normalizations.isEmpty {
        report.obstacles.append(Report.Obstacle(location: location, reason: reason))
      }
    }
    graph.removeUnused()
    try graph.verify()
    return (graph, report)
  }

  private static func location(of group: RotationGroup, in graph: Graph) -> Location {
    let node = group.products.min() ?? group.values.lazy.compactMap { graph[$0].producer }.first
    return node.map { graph[$0].location } ?? Location()
  }

  /// Rotates a group, if that is possible.
  ///
  /// - Returns: The channels that are rotated with each other; nil if nothing was done, and why.
  private func rotate(
    _ group: RotationGroup, _ graph: inout Graph, _ reason: inout String?
  ) throws(ModelError) -> Int? {
    let channels = group.values.compactMap { graph.channelCount(of: $0) }
    let size = HadamardMatrix.largestSize(dividing: channels.reduce(0, Self.commonDivisor))
    guard size > 1 else {
      reason = "no rotation has a size that divides their number"
      return nil
    }
    // Products can have got a bias since.
    let biases = group.products.compactMap { graph[$0].inputs.count > 2 ? graph[$0].inputs[2] : nil }
    let makers = group.makers + biases.map { ChannelAxis(constant: $0, axis: 0) }
    let ends = makers + group.users
    guard ends.allSatisfy({ graph[$0.constant].constant?.type.dataType == .float32 }) else {
      reason = "they are made of other numbers than real ones of 32 bits"
      return nil
    }
    var foldings: [NormalizationFolding] = []
    for id in group.normalizations {
      guard let folding = try NormalizationFolding(id, in: graph, reason: &reason) else { return nil }
      foldings.append(folding)
    }
    let subtractsMean = foldings.contains(where: \.subtractsMean)
    if subtractsMean {
      // Without their mean values are others, which only what subtracts it anyway does not see.
      guard foldings.allSatisfy(\.subtractsMean),
        NormalizationFolding.cover(group.users, foldings, in: graph),
        Set(channels).count == 1, !group.multipliesRows
      else {
        reason = "their mean, which a normalization subtracts, is seen by others"
        return nil
      }
    }
    for folding in foldings { try folding.apply(to: &graph) }
    let matrix = HadamardMatrix(size: size)
    var done: Set<ChannelAxis> = []
    for end in ends where done.insert(end).inserted {
      guard let constant = graph[end.constant].constant else { continue }
      let isMaker = makers.contains(end)
      let tensor = try constant.materialize().changingLines(along: end.axis) { line in
        if subtractsMean, isMaker {
          let mean = line.reduce(0, +) / Double(line.count)
          for index in line.indices { line[index] -= mean }
        }
        for first in stride(from: 0, to: line.count, by: size) {
          var block = Array(line[first..<first + size])
          matrix.rotate(&block)
          line.replaceSubrange(first..<first + size, with: block)
        }
      }
      graph.setConstant(end.constant, to: Constant(tensor))
    }
    return size
  }

  private static func commonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}

extension Tensor {
  /// The tensor with all lines of elements along an axis changed.
  fileprivate func changingLines(
    along axis: Int, _ change: (inout [Double]) -> Void
  ) throws(ModelError) -> Tensor {
    var elements = try floats()
    let (count, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
    guard count > 0 else { return self }
    for outer in 0..<elements.count / max(1, count * inner) {
      for offset in 0..<inner {
        let first = outer * count * inner + offset
        var line = (0..<count).map { Double(elements[first + $0 * inner]) }
        change(&line)
        for index in 0..<count { elements[first + index * inner] = Float(line[index]) }
      }
    }
    return Tensor(elements, shape: shape)
  }
}
