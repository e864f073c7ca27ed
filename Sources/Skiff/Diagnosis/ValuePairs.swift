import SkiffBinary
import SkiffIR

/// Which value of a candidate stands for which value of its reference.
///
/// Inputs and outputs belong together as ``Interface`` says, values inside by their names. Several values of a candidate
/// can stand for one, as integers and the real numbers that they become.
struct ValuePairs: Sendable {
  /// The value of the reference.
  struct Partner: Sendable {
    let value: ValueID
    /// How its axes are ordered in the candidate.
    let order: Order
  }

  /// How the axes of a reference's value are ordered in the candidate.
  enum Order: Sendable {
    case permuted([Int])
    case same
    /// The same, or with the channels moved.
    case toBeFound([ChannelMove])
  }

  /// Where the channels of a reference's value can be in the candidate.
  enum ChannelMove: Sendable {
    case fromSecondToLast
    case fromLastToSecond

    fileprivate func order(rank: Int) -> [Int] {
      switch self {
      case .fromSecondToLast: [0] + Array(2..<rank) + [1]
      case .fromLastToSecond: [0, rank - 1] + Array(1..<rank - 1)
      }
    }
  }

  /// By the candidate's values.
  let partners: [ValueID: Partner]
  /// The values of the reference that some value stands for.
  let wanted: Set<ValueID>

  init(_ reference: Graph, _ candidate: Graph, _ interface: Interface, orders: [String: [Int]]) {
    var moves: [ChannelMove] = []
    if reference.hasChannelsFirst { moves.append(.fromSecondToLast) }
    if candidate.hasChannelsFirst { moves.append(.fromLastToSecond) }
    var partners: [ValueID: Partner] = [:]
    let names = Self.names(in: reference)
    for id in candidate.valueIDs where candidate[id].producer != nil {
      guard let value = names[candidate[id].name] else { continue }
      partners[id] = Partner(value: value, order: .toBeFound(moves))
    }
    func order(_ name: String) -> Order { orders[name].map { .permuted($0) } ?? .same }
    for pair in interface.inputs {
      guard let value = reference.inputs.first(where: { reference[$0].name == pair.reference }),
        let id = candidate.inputs.first(where: { candidate[$0].name == pair.candidate })
      else { continue }
      partners[id] = Partner(value: value, order: order(pair.candidate))
    }
    for pair in interface.outputs {
      guard let value = reference.outputs.first(where: { $0.name == pair.reference })?.value,
        let id = candidate.outputs.first(where: { $0.name == pair.candidate })?.value
      else { continue }
      partners[id] = Partner(value: value, order: order(pair.candidate))
    }
    self.partners = partners
    wanted = Set(partners.values.map(\.value))
  }

  /// The inputs and computed values that alone have their name, which is no output's unless it is theirs.
  private static func names(in graph: Graph) -> [String: ValueID] {
    let values = graph.valueIDs.filter { id in
      !graph[id].name.isEmpty && (graph[id].producer != nil || graph[id].isInput)
    }
    let returned = Dictionary(graph.outputs.map { ($0.name, $0.value) }) { first, _ in first }
    return Dictionary(grouping: values) { graph[$0].name }.compactMapValues { ids in
      guard ids.count == 1, let id = ids.first, returned[graph[id].name] ?? id == id else { return nil }
      return id
    }
  }
}

extension ValuePairs.Order {
  /// The reference's tensor with its axes as the candidate's, in each way that the sizes allow, and how they are ordered; nil
  /// for an order that stays.
  func ordered(
    _ expected: Tensor, like found: Tensor
  ) throws(ModelError) -> [(tensor: Tensor, order: [Int]?)] {
    let rank = expected.rank
    var orders: [[Int]?] = [nil]
    switch self {
    case .permuted(let order): orders = [order]
    case .toBeFound(let moves): if rank >= 3 { orders += moves.map { $0.order(rank: rank) } }
    case .same: break
    }
    var results: [(tensor: Tensor, order: [Int]?)] = []
    for order in orders where order.map({ $0.count == rank }) ?? true {
      let tensor = try order.map { order throws(ModelError) in try expected.permuted(by: order) } ?? expected
      if tensor.shape == found.shape { results.append((tensor, order)) }
    }
    return results
  }
}
