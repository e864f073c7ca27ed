import SkiffIR
import SkiffOperators

/// Masks that are added to what a softmax takes: 0 where something counts, and -10000 or the least number where nothing does.
///
/// A scale for such numbers has no steps left for the scores beside them. What matters of a mask is that its places get no share,
/// for which less is enough.
struct SoftmaxMasks {
  /// How far below the least score a masked place is: e^-12 is a thousandth of the smallest share that 8 bits tell from 0.
  private static let depth: Float = 12

  private let graph: Graph
  private let shown: [ValueID: ClosedRange<Float>]
  /// The ranges, where masks and the sums with them reach as far down as is needed. A mask that no sample made use of reaches as
  /// far, since others will.
  private(set) var ranges: [ValueID: ClosedRange<Float>]

  /// - Parameter ranges: What samples showed.
  init(_ graph: Graph, ranges: [ValueID: ClosedRange<Float>]) {
    (self.graph, shown, self.ranges) = (graph, ranges, ranges)
    let sums = graph.nodeIDs.compactMap(maskedSum)
    for mask in Set(sums.map(\.mask)) {
      let own = sums.filter { $0.mask == mask }
      guard Set(graph[mask].users).isSubset(of: own.map(\.addition)), !graph.isOutput(mask) else { continue }
      for sum in own { self.ranges[graph[sum.addition].outputs[0]] = sum.range }
      limit(mask, to: own.map(\.reach).max() ?? 0)
    }
  }

  /// A sum of scores and a mask.
  private struct Sum {
    let addition: NodeID
    let mask: ValueID
    /// How far down the mask has to reach.
    let reach: Float
    /// The range that the sum has then.
    let range: ClosedRange<Float>
  }

  /// The sum that a softmax takes, if a mask is a part of it.
  private func maskedSum(_ softmax: NodeID) -> Sum? {
    guard graph[softmax].operator is Softmax, let sum = graph[softmax].inputs[0],
      graph.soleUser(of: sum) == softmax, let addition = graph[sum].producer, graph[addition].operator is Add
    else { return nil }
    let operands = graph[addition].inputs.compactMap(\.self)
    for (index, mask) in operands.enumerated().reversed() {
      guard let scores = shown[operands[operands.count - 1 - index]], let range = range(of: mask) else {
        continue
      }
      let reach = scores.upperBound - scores.lowerBound + Self.depth
      let isUnused = range.lowerBound == 0 && graph[mask].constant == nil
      guard range.upperBound == 0, range.lowerBound < -reach || isUnused else { continue }
      return Sum(
        addition: addition, mask: mask, reach: reach,
        range: scores.lowerBound - Self.depth...scores.upperBound)
    }
    return nil
  }

  /// Limits a mask, and what it is moved from.
  private mutating func limit(_ mask: ValueID, to reach: Float) {
    var value = mask
    ranges[value] = -reach...0
    while let operand = moved(value) {
      value = operand
      ranges[value] = -reach...0
    }
  }

  /// What a value has its elements from, if nothing else uses that.
  private func moved(_ value: ValueID) -> ValueID? {
    guard let mover = graph[value].producer, graph[mover].operator.movesExactly,
      let operand = graph[mover].inputs[0], graph.soleUser(of: operand) == mover
    else { return nil }
    return operand
  }

  /// The range that samples showed, or that of a constant.
  private func range(of value: ValueID) -> ClosedRange<Float>? {
    if let known = shown[value] { return known }
    guard graph[value].type?.dataType == .float32,
      let elements = try? graph[value].constant?.materialize().floats(),
      let least = elements.min(), let greatest = elements.max(), least <= greatest
    else { return nil }
    return least...greatest
  }
}
