import SkiffIR
import SkiffOperators

/// What is known of values that something is done to alike or not at all.
protocol ValueGroup {
  /// The values.
  var values: [ValueID] { get set }
  /// Why nothing can be done; nil if it can.
  var obstacle: String? { get set }

  /// A group of nothing.
  init()
  /// Takes what another group has.
  mutating func add(_ other: Self)
}

/// The values of a graph, the channels of which are their last axis, in groups that are joined as nodes say.
struct ValueSets<Group: ValueGroup> {
  private let graph: Graph
  private var parents: [ValueID: ValueID] = [:]
  private var members: [ValueID: Group] = [:]

  init(of graph: Graph) { self.graph = graph }

  /// The groups, in no order.
  var groups: [Group] { Array(members.values) }

  /// Whether something was said of a value.
  func contains(_ value: ValueID) -> Bool { parents[value] != nil }

  /// Whether two values have as many channels.
  func haveEqualChannels(_ first: ValueID, _ second: ValueID) -> Bool {
    guard let channels = graph.channelCount(of: first) else { return false }
    return channels == graph.channelCount(of: second)
  }

  /// Looks at the group of a value, or changes it.
  mutating func with<Result>(_ value: ValueID, _ body: (inout Group) -> Result) -> Result {
    let root = root(of: value)
    return body(&members[root, default: Group()])
  }

  private mutating func root(of value: ValueID) -> ValueID {
    guard let parent = parents[value] else {
      parents[value] = value
      var group = Group()
      group.values = [value]
      if graph.channelCount(of: value) == nil { group.obstacle = "its channels are not known" }
      members[value] = group
      return value
    }
    guard parent != value else { return value }
    let root = root(of: parent)
    parents[value] = root
    return root
  }

  /// Says that two values belong together.
  ///
  /// The smaller group goes to the larger one, so that of n values none is more than log₂ n steps from its root.
  mutating func join(_ first: ValueID, _ second: ValueID) {
    var (a, b) = (root(of: first), root(of: second))
    guard a != b, let own = members[a], let other = members[b] else { return }
    if own.values.count < other.values.count { swap(&a, &b) }
    guard let smaller = members.removeValue(forKey: b) else { return }
    parents[b] = a
    members[a]?.add(smaller)
  }

  /// Says that the operands and the result of a sum belong together, or that nothing can be done to them if it repeats one along the channels.
  mutating func joinSum(_ id: NodeID) {
    let node = graph[id]
    guard let a = node.inputs[0], let b = node.inputs[1], haveEqualChannels(a, b) else { return block(id) }
    join(a, b)
    join(a, node.outputs[0])
  }

  /// Says that a value and its sums or means over axes without the channels belong together, or that nothing can be done to them.
  mutating func joinReduced(_ id: NodeID, _ reduction: any Reduction) {
    let node = graph[id]
    guard let x = node.inputs[0], let rank = graph[x].type?.rank,
      let axes = try? reduction.reducedAxes(rank: rank), !axes.isEmpty, !axes.contains(rank - 1),
      haveEqualChannels(x, node.outputs[0])
    else { return block(id) }
    join(x, node.outputs[0])
  }

  /// Says that nothing can be done to a value.
  mutating func block(_ value: ValueID, _ reason: String) {
    guard graph[value].type.map({ $0.dataType.isFloatingPoint }) ?? true else { return }
    with(value) { $0.obstacle = $0.obstacle ?? reason }
  }

  /// Says that nothing can be done to the operands and results of a node.
  ///
  /// - Parameter reason: Nil for an operator that looks at single channels.
  mutating func block(_ id: NodeID, _ reason: String? = nil) {
    let node = graph[id]
    let reason = reason ?? "\(type(of: node.operator).name) '\(node.name)' sees single channels"
    for value in node.inputs { if let value { block(value, reason) } }
    for value in node.outputs { block(value, reason) }
  }

  /// Says that nothing can be done to what is seen from outside of a run.
  mutating func blockInterface() {
    for input in graph.inputs { block(input, "it is an input of the graph") }
    for output in graph.outputs { block(output.value, "it is an output of the graph") }
    for state in graph.states {
      block(state.value, "it is a state of the graph")
      block(state.next, "it is a state of the graph")
    }
  }
}

extension Graph {
  /// The channels of a value of real numbers, which are its last axis; nil if they are not known.
  func channelCount(of value: ValueID) -> Int? {
    guard let type = self[value].type, type.dataType == .float32, type.rank > 0 else { return nil }
    return type.shape[type.rank - 1].fixed
  }
}
