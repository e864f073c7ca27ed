import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Moving the ranges of channels from values into the weights of the products that use them, or the other way round: what a product
/// or a normalization divides a channel by, the products behind it multiply it with.
public struct ChannelSmoothing: Hashable, Sendable {
  /// How much of the range of a channel goes into the weights.
  public enum Strength: Hashable, Sendable {
    /// A channel j is divided by max|xⱼ|^α / max|wⱼ|^(1 − α), so that values and weights are both easy to round: Xiao et al., "SmoothQuant:
    /// Accurate and Efficient Post-Training Quantization for Large Language Models", 2022.
    case alpha(Double)
    /// A channel j is divided by (mean|xⱼ|)^α, with that of 21 α from 0 to 1 with which rounding the weights so changes the outputs the
    /// least: Lin et al., "AWQ: Activation-aware Weight Quantization for LLM Compression and Acceleration", 2023.
    case searched(for: WeightQuantization)
  }

  /// How much goes into the weights.
  public var strength: Strength

  /// Creates a smoothing.
  public init(_ strength: Strength = .alpha(0.5)) { self.strength = strength }

  /// The greatest factor of a channel, and the inverse of the smallest.
  private static let largestFactor: Float = 1e4
  private static let searchSteps = 20

  /// The graph with other weights, which computes the same but for rounding.
  ///
  /// - Parameter samples: Inputs by name.
  /// - Returns: Also the number of values whose channels were divided by something.
  /// - Throws: ``ModelError/Code/invalidArgument`` without samples, and for settings and samples that make no sense.
  public func apply(
    to source: Graph, samples: [[String: Tensor]]
  ) throws(ModelError) -> (graph: Graph, values: Int) {
    switch strength {
    case .alpha(let alpha):
      guard (0...1).contains(alpha) else {
        throw ModelError(.invalidArgument, "a share of \(alpha) of the ranges cannot go into weights")
      }
    case .searched(let quantization): try quantization.verify()
    }
    guard !samples.isEmpty else { throw ModelError(.invalidArgument, "smoothing takes samples") }
    var graph = source.untyingVectors()
    let edges = ScalingGroups(graph).all.compactMap { SmoothedEdge($0, in: graph) }
    let magnitudes = try ChannelMagnitudes.all(of: edges.map(\.value), in: graph, samples: samples)
    let moments = try moments(of: edges, in: graph, samples: samples)
    var changed = 0
    for edge in edges {
      guard let magnitudes = magnitudes[edge.value], var producer = try ScaledLayer(edge.producer, graph)
      else { continue }
      var users: [ScaledLayer] = []
      for user in edge.users { if let layer = try ScaledLayer(user, graph) { users.append(layer) } }
      // A layer can take what is not channels alone, like all elements of an image in a row.
      guard users.count == edge.users.count, producer.outputCount == magnitudes.greatest.count,
        users.allSatisfy({ $0.inputCount == producer.outputCount })
      else { continue }
      let factors =
        switch strength {
        case .alpha(let alpha): Self.factors(magnitudes, users, alpha: Float(alpha))
        case .searched(let quantization):
          Self.factors(magnitudes, users, quantization, graph, moments)
        }
      guard factors.contains(where: { $0 != 1 }) else { continue }
      changed += 1
      producer.divideOutputs(by: factors)
      try producer.store(in: &graph)
      for var user in users {
        user.multiplyInputs(by: factors)
        try user.store(in: &graph)
      }
    }
    return (graph, changed)
  }

  /// Those of the weights behind the edges, if they are looked at.
  private func moments(
    of edges: [SmoothedEdge], in graph: Graph, samples: [[String: Tensor]]
  ) throws(ModelError) -> [ValueID: (weight: WeightTensor, moments: InputMoments)] {
    guard case .searched = strength else { return [:] }
    let users = Set(edges.flatMap(\.users).compactMap { graph[$0].inputs[1] })
    let weights = WeightTensor.all(in: graph, least: 1).filter { users.contains($0.value) }
    let moments = try InputMoments.all(of: weights, in: graph, samples: samples)
    var result: [ValueID: (weight: WeightTensor, moments: InputMoments)] = [:]
    for weight in weights { result[weight.value] = moments[weight.value].map { (weight, $0) } }
    return result
  }

  private static func limited(_ factor: Float) -> Float {
    factor > 0 && factor.isFinite ? min(max(factor, 1 / largestFactor), largestFactor) : 1
  }

  private static func factors(
    _ magnitudes: ChannelMagnitudes, _ users: [ScaledLayer], alpha: Float
  ) -> [Float] {
    let ranges = users.map { $0.inputRanges() }
    return magnitudes.greatest.indices.map { channel in
      let weight = ranges.reduce(0) { max($0, $1[channel]) }
      return limited(powf(magnitudes.greatest[channel], alpha) / powf(weight, 1 - alpha))
    }
  }

  private static func factors(
    _ magnitudes: ChannelMagnitudes, _ users: [ScaledLayer], _ quantization: WeightQuantization,
    _ graph: Graph, _ moments: [ValueID: (weight: WeightTensor, moments: InputMoments)]
  ) -> [Float] {
    var best: (error: Double, factors: [Float]) = (.infinity, magnitudes.means.map { _ in 1 })
    guard users.allSatisfy({ moments[$0.weights] != nil }) else { return best.factors }
    for step in 0...searchSteps {
      let powers = magnitudes.means.map { limited(powf($0, Float(step) / Float(searchSteps))) }
      let middle = ((powers.min() ?? 1) * (powers.max() ?? 1)).squareRoot()
      let factors = powers.map { step == 0 ? 1 : limited($0 / middle) }
      let inverses = factors.map { 1 / $0 }
      let error = users.reduce(0.0) { sum, user in
        guard let (weight, moments) = moments[user.weights] else { return sum }
        var scaled = user
        scaled.multiplyInputs(by: factors)
        scaled.round { WeightNumbers(.integers(quantization), $0, weight, importance: nil).nearest(to: $0) }
        scaled.multiplyInputs(by: inverses)
        return sum + moments.outputError(zip(scaled.matrix, user.matrix).map { $0 - $1 })
      }
      if error < best.error { best = (error, factors) }
    }
    return best.factors
  }
}

/// Channels that one layer makes and that products take, all in the same place.
private struct SmoothedEdge {
  let producer: NodeID
  let value: ValueID
  let users: [NodeID]

  /// Nil for what several layers make, or products take in several places.
  init?(_ group: ScalingGroup, in graph: Graph) {
    let taken = Set(group.users.map { graph[$0].inputs[0] })
    guard group.producers.count == 1, taken.count == 1, let first = taken.first, let value = first else {
      return nil
    }
    (producer, self.value, users) = (group.producers[0], value, group.users)
  }
}

/// How large the channels of a value are, the last axis, over samples.
private struct ChannelMagnitudes {
  private(set) var greatest: [Float]
  private var sums: [Double]
  private var count = 0

  private init(_ channels: Int) {
    greatest = [Float](repeating: 0, count: channels)
    sums = [Double](repeating: 0, count: channels)
  }

  /// The means of what is not negative of each channel.
  var means: [Float] { sums.map { Float($0 / Double(max(1, count))) } }

  /// - Throws: ``ModelError/Code/invalidArgument`` for a sample that makes a value infinite or not a number.
  static func all(
    of values: [ValueID], in graph: Graph, samples: [[String: Tensor]]
  ) throws(ModelError) -> [ValueID: ChannelMagnitudes] {
    let values = Set(values)
    var magnitudes: [ValueID: ChannelMagnitudes] = [:]
    guard !values.isEmpty else { return magnitudes }
    let sessions = SampleSessions(graph)
    for (index, sample) in samples.enumerated() {
      try locating(Location(attribute: "sample \(index)")) { () throws(ModelError) in
        _ = try sessions.run(sample) { (id, tensor) throws(ModelError) in
          guard values.contains(id), let channels = tensor.shape.last, channels > 0 else { return }
          let elements = try tensor.floats()
          guard elements.allSatisfy(\.isFinite) else {
            throw ModelError(
              .invalidArgument, "the sample makes it infinite or not a number",
              at: Location(tensor: graph[id].name))
          }
          magnitudes[id, default: ChannelMagnitudes(channels)].add(elements)
        }
      }
    }
    return magnitudes
  }

  private mutating func add(_ elements: [Float]) {
    let channels = greatest.count
    guard elements.count % channels == 0 else { return }
    count += elements.count / channels
    for (index, element) in elements.enumerated() {
      let channel = index % channels
      greatest[channel] = max(greatest[channel], abs(element))
      sums[channel] += Double(abs(element))
    }
  }
}
