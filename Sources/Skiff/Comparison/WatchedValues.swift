import SkiffBinary
import SkiffIR
import SkiffOperators

/// The values inside two graphs that have a name in common.
struct WatchedNames: Sendable {
  fileprivate let reference: [ValueID: String]
  fileprivate let candidate: [ValueID: String]
  /// The layout of spatial operators of the reference where the candidate may have the other; nil if both have their channels
  /// last.
  fileprivate let layout: ChannelLayout?

  init(_ reference: Graph, _ candidate: Graph) {
    let (first, second) = (Self.computed(in: reference), Self.computed(in: candidate))
    // Outputs are compared on their own; their names can be those of other values inside.
    let names = Set(first.values).intersection(second.values)
      .subtracting((reference.outputs + candidate.outputs).map(\.name))
    self.reference = first.filter { names.contains($0.value) }
    self.candidate = second.filter { names.contains($0.value) }
    layout = reference.hasChannelsFirst ? .first : candidate.hasChannelsFirst ? .last : nil
  }

  /// The computed values with a name of their own.
  private static func computed(in graph: Graph) -> [ValueID: String] {
    let values = graph.valueIDs.filter { graph[$0].producer != nil && !graph[$0].name.isEmpty }
    let byName = Dictionary(grouping: values) { graph[$0].name }
    return Dictionary(
      uniqueKeysWithValues: byName.compactMap { name, ids in ids.count == 1 ? (ids[0], name) : nil })
  }
}

/// Values inside both graphs that have the same name, in one run.
struct WatchedValues {
  private let names: WatchedNames
  private var kept: [String: Tensor] = [:]

  init(_ names: WatchedNames) { self.names = names }

  /// Keeps a value of the reference.
  mutating func keep(_ id: ValueID, _ tensor: Tensor) {
    guard let name = names.reference[id] else { return }
    kept[name] = try? tensor.copied()
  }

  /// Compares a value of the candidate with its namesake; one whose channels moved is moved back first.
  mutating func compare(_ id: ValueID, _ tensor: Tensor, _ metrics: inout RunMetrics) throws(ModelError) {
    guard let name = names.candidate[id], let expected = kept.removeValue(forKey: name) else { return }
    var found = tensor
    if let layout = names.layout, found.rank >= 3, found.rank == expected.rank {
      let back = AxisOrder.channels(layout, found.rank)
      // Sizes that allow both orders do not tell which one it is.
      if found.shape == expected.shape, back.map({ found.shape[$0] }) == expected.shape { return }
      if found.shape != expected.shape { found = try found.dequantizedIfNeeded().permuted(by: back) }
    }
    // Integers of one side that stand for nothing are not what real numbers of the other are, nor integers of another type: these have
    // another zero point.
    guard found.shape == expected.shape,
      found.dataType == expected.dataType || found.isOfRealNumbers && expected.isOfRealNumbers
    else { return }
    var row = OutputMetrics(name: name)
    try row.add(reference: expected, candidate: found, ranksRows: false)
    metrics.values.append(row)
  }
}

extension Tensor {
  /// Whether elements are real numbers or stand for some.
  fileprivate var isOfRealNumbers: Bool { dataType.isFloatingPoint || quantization != nil }
}
