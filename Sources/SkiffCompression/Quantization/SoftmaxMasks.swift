import SkiffIR
import SkiffOperators

/// Masks that are added to what a softmax takes: 0, or a bias, where something counts, and -10000 or the least number where nothing
/// does; and such numbers that are chosen instead of scores.
///
/// A scale for such numbers has no steps left for the scores beside them. What matters of a mask is that its places get no share,
/// for which less is enough.
struct SoftmaxMasks {
  /// How far below the least score a masked place is: e^-12 is a thousandth of the smallest share that 8 bits tell from 0.
  private static let depth: Float = 12
  /// What is above this is no mask of a bias.
  private static let highestMask: Float = -256

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
      limit(mask, to: own.map(\.least).min() ?? 0)
    }
    for choice in graph.nodeIDs.compactMap(maskedChoice) {
      self.ranges[choice.result] = choice.range
      if graph[choice.mask].users.count == 1 { self.ranges[choice.mask] = choice.range.lowerBound...0 }
    }
  }

  /// What a softmax takes, and its range, if it is scores or a constant that masks them.
  private func maskedChoice(
    _ softmax: NodeID
  ) -> (result: ValueID, mask: ValueID, range: ClosedRange<Float>)? {
    guard graph[softmax].operator is Softmax, let result = graph[softmax].inputs[0],
      graph.soleUser(of: result) == softmax, let choice = graph.producer(of: result),
      choice.operator is Select
    else { return nil }
    for (mask, scores) in [(choice.inputs[1], choice.inputs[2]), (choice.inputs[2], choice.inputs[1])] {
      guard let mask, let scores, graph[mask].constant != nil, let masks = range(of: mask),
        masks.upperBound < Self.highestMask, let range = shown[scores]
      else { continue }
      let least = range.lowerBound - Self.depth
      return (result, mask, min(least, 0)...max(range.upperBound, 0))
    }
    return nil
  }

  /// A sum of scores and a mask.
  private struct Sum {
    let addition: NodeID
    let mask: ValueID
    /// How far down the mask has to reach.
    let least: Float
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
      guard let scores = shown[operands[operands.count - 1 - index]], let range = range(of: mask),
        let free = unmasked(mask)
      else { continue }
      let least = free.lowerBound - (scores.upperBound - scores.lowerBound) - Self.depth
      guard range.lowerBound < least || isUnused(biasAndMask(mask)?.mask ?? mask) else { continue }
      return Sum(
        addition: addition, mask: mask, least: least,
        range: scores.lowerBound + free.lowerBound - Self.depth...scores.upperBound + free.upperBound)
    }
    return nil
  }

  /// What a mask is where it masks nothing: 0, or the bias that it was added to.
  private func unmasked(_ mask: ValueID) -> ClosedRange<Float>? {
    guard let range = range(of: mask) else { return nil }
    if range.upperBound == 0 { return 0...0 }
    if let parts = biasAndMask(mask) { return self.range(of: parts.bias) }
    guard range.lowerBound < Self.highestMask else { return nil }
    let rest = elements(mask)?.filter { $0 > range.lowerBound / 2 } ?? []
    guard let least = rest.min(), let greatest = rest.max() else { return nil }
    return least...greatest
  }

  /// The operands of a sum of a bias and a mask.
  private func biasAndMask(_ sum: ValueID) -> (bias: ValueID, mask: ValueID)? {
    guard let addition = graph[sum].producer, graph[addition].operator is Add else { return nil }
    let operands = graph[addition].inputs.compactMap(\.self)
    for (index, mask) in operands.enumerated() {
      guard let range = range(of: mask), range.upperBound == 0,
        range.lowerBound < Self.highestMask || isUnused(mask)
      else { continue }
      return (operands[operands.count - 1 - index], mask)
    }
    return nil
  }

  /// Whether something that is computed was 0 in all samples, as a mask is that none of them needed.
  private func isUnused(_ mask: ValueID) -> Bool { shown[mask] == 0...0 && graph[mask].constant == nil }

  /// Limits a mask, what it is moved from, and the mask that a bias was added to.
  private mutating func limit(_ mask: ValueID, to least: Float) {
    var (next, least) = (ValueID?.some(mask), least)
    while var value = next {
      next = nil
      let greatest = max(least, range(of: value)?.upperBound ?? 0)
      ranges[value] = least...greatest
      while let operand = moved(value) {
        value = operand
        ranges[value] = least...greatest
      }
      guard let parts = biasAndMask(value), let bias = range(of: parts.bias),
        graph.soleUser(of: parts.mask) == graph[value].producer
      else { continue }
      (next, least) = (parts.mask, least - bias.upperBound)
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
    guard let elements = elements(value), let least = elements.min(), let greatest = elements.max(),
      least <= greatest
    else { return nil }
    return least...greatest
  }

  private func elements(_ value: ValueID) -> [Float]? {
    guard graph[value].type?.dataType == .float32 else { return nil }
    return try? graph[value].constant?.materialize().floats()
  }
}
