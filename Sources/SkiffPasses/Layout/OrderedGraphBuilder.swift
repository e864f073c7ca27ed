import SkiffBinary
import SkiffIR
import SkiffOperators

/// Builds the graph in which values are stored in chosen orders.
struct OrderedGraphBuilder {
  /// The graph so far.
  private(set) var result: Graph
  /// The transpositions that could not be avoided.
  private(set) var survivors: [Transposition] = []
  /// The orders of inputs and outputs that differ from the source's, by name.
  private(set) var interfaceOrders: [String: [Int]] = [:]

  private let source: Graph
  private let layout: ChannelLayout
  /// Where each value of the source is in the result, and in which order.
  private var stored: [ValueID: (value: ValueID, order: [Int])] = [:]
  /// Values of the source that the result has in a further order or alignment.
  private var copies: [Key: ValueID] = [:]

  private struct Key: Hashable {
    let value: ValueID
    let order: [Int]
    let rank: Int
  }

  init(source: Graph, layout: ChannelLayout) {
    self.source = source
    self.layout = layout
    result = Graph(name: source.name)
  }

  /// The order in which a value that is not a constant is stored.
  func storedOrder(of value: ValueID) -> [Int]? { stored[value]?.order }

  /// The form of a node for an order, if all of its operands can be brought into it; what has no known type keeps the
  /// order of the source.
  func form(of node: Node, order: [Int]) -> AxisForm? {
    guard let aware = node.operator as? any AxisAware,
      node.inputs.allSatisfy({ $0.map { source[$0].type != nil } ?? true }),
      node.outputs.allSatisfy({ source[$0].type != nil }),
      let form = aware.form(node.axisContext(order: order, layout, in: source))
    else { return nil }
    for case let (input?, operand) in zip(node.inputs, form.operands) {
      guard case .aligned(let order) = operand, let type = source[input].type else { continue }
      guard type.rank <= order.count else { return nil }
      let isAlignable =
        type.rank == order.count || source[input].constant != nil || type.rank == 0
        || type.shape.dimensions.count(where: { $0.fixed == nil }) <= 1
      guard isAlignable else { return nil }
    }
    return form
  }

  /// The number of operands that would have to be reordered.
  func reorderings(for form: AxisForm, of node: Node) -> Int {
    zip(node.inputs, form.operands).count { input, operand in
      guard let input, let present = stored[input] else { return false }
      switch operand {
      case .ordered(let order): return present.order != order && copies[key(input, order)] == nil
      case .aligned(let order):
        guard present.order.count == order.count else { return false }
        return present.order != order && copies[key(input, order)] == nil
      case .logical: return present.order != AxisOrder.identity(present.order.count)
      case .replaced: return false
      }
    }
  }

  /// Adds an input of the source, stored in `order` if one is given.
  mutating func addInput(_ input: ValueID, order: [Int]?) throws(ModelError) {
    let value = source[input]
    guard var type = value.type else {
      stored[input] = (result.addInput(value.name, TensorType(.float32, .scalar)), [])
      throw ModelError(.invalidGraph, "the type is not known", at: Location(tensor: value.name))
    }
    let order = order ?? AxisOrder.identity(type.rank)
    type.shape = Shape(order.map { type.shape[$0] })
    type.quantization = type.quantization?.permuted(by: order)
    stored[input] = (result.addInput(value.name, type), order)
    if order != AxisOrder.identity(order.count) { interfaceOrders[value.name] = order }
  }

  /// Adds the states of the source, which keep their order.
  mutating func addStates() {
    for state in source.states {
      guard let initial = source[state.value].initialState else { continue }
      stored[state.value] = (
        result.addState(source[state.value].name, initial: initial), AxisOrder.identity(initial.type.rank)
      )
    }
  }

  /// Makes runs leave what they leave in the source.
  mutating func updateStates() throws(ModelError) {
    for state in source.states {
      guard let value = stored[state.value] else { continue }
      let next = try fetch(
        state.next, .ordered(value.order), reason: "state '\(source[state.value].name)'", origins: [])
      result.setNext(of: value.value, to: next)
    }
  }

  /// Adds a node in the form for `order`, or as it is in the source.
  mutating func add(_ node: Node, order: [Int]?) throws(ModelError) {
    if try addSizes(node) { return }
    let form =
      order.flatMap { self.form(of: node, order: $0) }
      ?? AxisForm(
        node.operator, node.inputs.map { _ in .logical },
        results: node.outputs.map { AxisOrder.identity(source[$0].type?.rank ?? 0) })
    var inputs: [ValueID?] = []
    for (index, input) in node.inputs.enumerated() {
      guard let input else {
        inputs.append(nil)
        continue
      }
      let operand = index < form.operands.count ? form.operands[index] : .logical
      inputs.append(try fetch(input, operand, for: node))
    }
    guard let applied = form.operator else {
      guard let operand = inputs.first, let operand, let order = form.results.first else { return }
      stored[node.outputs[0]] = (operand, order)
      return
    }
    let types = zip(node.outputs, form.results).map { output, order -> TensorType? in
      guard let type = source[output].type else { return nil }
      return TensorType(
        type.dataType, Shape(order.map { type.shape[$0] }),
        quantization: type.quantization?.permuted(by: order))
    }
    let outputs = try result.addNode(
      applied, inputs, name: node.name, origins: node.origins,
      outputNames: node.outputs.map { source[$0].name }, types: types)
    for (index, output) in node.outputs.enumerated() {
      stored[output] = (outputs[index], form.results[index])
    }
  }

  /// Adds the sizes of a value that is stored in another order than the source's: those of the value as it is stored,
  /// picked in the order of the source. False if the node is anything else.
  private mutating func addSizes(_ node: Node) throws(ModelError) -> Bool {
    guard var sizes = node.operator as? ShapeOf, let input = node.inputs.first.flatMap(\.self),
      let present = stored[input], present.order != AxisOrder.identity(present.order.count)
    else { return false }
    let places = sizes.axes(rank: present.order.count).compactMap { present.order.firstIndex(of: $0) }
    (sizes.start, sizes.end) = (0, nil)
    let all = try result.add(sizes, present.value, name: node.name, origins: node.origins)
    let positions = result.addConstant(Tensor(places.map(Int64.init), shape: [places.count]))
    let picked = try result.add(
      Gather(), all, positions, name: node.name, origins: node.origins,
      outputName: source[node.outputs[0]].name)
    stored[node.outputs[0]] = (picked, [0])
    return true
  }

  /// Adds the outputs of the source, in the source's order or as they are stored.
  mutating func addOutputs(keepsOrder: Bool) throws(ModelError) {
    for output in source.outputs {
      let rank = source[output.value].type?.rank ?? 0
      let order = keepsOrder ? stored[output.value]?.order : nil
      let value = try fetch(
        output.value, .ordered(order ?? AxisOrder.identity(rank)), reason: "output '\(output.name)'",
        origins: [])
      result.addOutput(value, name: output.name)
      if let order, order != AxisOrder.identity(order.count) { interfaceOrders[output.name] = order }
    }
  }

  private mutating func fetch(
    _ value: ValueID, _ operand: AxisForm.Operand, for node: Node
  ) throws(ModelError) -> ValueID {
    try fetch(value, operand, reason: node.location.description, origins: node.origins)
  }

  /// The value of the result that holds `value` as the operand asks for it.
  private mutating func fetch(
    _ value: ValueID, _ operand: AxisForm.Operand, reason: String, origins: [Origin]
  ) throws(ModelError) -> ValueID {
    let rank = source[value].type?.rank ?? 0
    let order: [Int]
    switch operand {
    case .ordered(let wanted), .aligned(let wanted): order = wanted
    case .logical: order = AxisOrder.identity(rank)
    case .replaced(let tensor): return result.addConstant(tensor, name: source[value].name)
    }
    if let present = stored[value], present.order == order { return present.value }
    let key = key(value, order)
    if let copy = copies[key] { return copy }
    let copy: ValueID
    if let constant = source[value].constant {
      copy = result.addConstant(try ordered(constant, order), name: source[value].name)
    } else if rank == order.count {
      copy = try transposed(value, order, reason, origins)
    } else if rank == 0 {
      copy = stored[value]?.value ?? value
    } else {
      copy = try aligned(value, order, reason, origins)
    }
    copies[key] = copy
    return copy
  }

  private func key(_ value: ValueID, _ order: [Int]) -> Key {
    Key(value: value, order: order, rank: order.count)
  }

  /// A constant in an order, with axes of size 1 put before it where the order has more.
  private func ordered(_ constant: Constant, _ order: [Int]) throws(ModelError) -> Constant {
    var result = constant
    if constant.type.rank == 0 { return result }
    if constant.type.rank < order.count {
      let ones = [Int](repeating: 1, count: order.count - constant.type.rank)
      result = try result.transformed(by: .reshape(ones + constant.shape))
    }
    return order == AxisOrder.identity(order.count) ? result : try result.transformed(by: .permute(order))
  }

  private mutating func transposed(
    _ value: ValueID, _ order: [Int], _ reason: String, _ origins: [Origin]
  ) throws(ModelError) -> ValueID {
    guard let present = stored[value], let type = result[present.value].type else {
      throw ModelError(.invalidGraph, "a value is used before it is computed")
    }
    let permutation = order.compactMap { present.order.firstIndex(of: $0) }
    let moved = permutation.filter { type.shape[$0] != .fixed(1) }
    let target = Shape(permutation.map { type.shape[$0] })
    if moved == moved.sorted(), let (reshape, shape) = Self.reshape(to: target) {
      return try result.add(reshape, present.value, result.addConstant(shape), origins: origins)
    }
    survivors.append(Transposition(value: source[value].name, permutation: permutation, reason: reason))
    return try result.add(Transpose(permutation), present.value, origins: origins)
  }

  private mutating func aligned(
    _ value: ValueID, _ order: [Int], _ reason: String, _ origins: [Origin]
  ) throws(ModelError) -> ValueID {
    let rank = source[value].type?.rank ?? 0
    let logical = try fetch(value, .logical, reason: reason, origins: origins)
    let dimensions = result[logical].type?.shape.dimensions ?? []
    let padded = Shape([Shape.Dimension](repeating: .fixed(1), count: order.count - rank) + dimensions)
    let moved = order.filter { padded[$0] != .fixed(1) }
    let target = Shape(order.map { padded[$0] })
    if moved == moved.sorted(), let (reshape, shape) = Self.reshape(to: target) {
      return try result.add(reshape, logical, result.addConstant(shape), origins: origins)
    }
    let missing = Array(0..<order.count - rank)
    let full = try result.add(Unsqueeze(axes: missing), logical, origins: origins)
    survivors.append(Transposition(value: source[value].name, permutation: order, reason: reason))
    return try result.add(Transpose(order), full, origins: origins)
  }

  /// The operator and its operand that reshape to these sizes, nil if more than one is not known, or one beside a 0.
  private static func reshape(to shape: Shape) -> (Reshape, Tensor)? {
    let sizes = shape.dimensions.map { Int64($0.fixed ?? -1) }
    guard sizes.count(where: { $0 < 0 }) <= (sizes.contains(0) ? 0 : 1) else { return nil }
    var reshape = Reshape()
    reshape.allowsZero = sizes.contains(0)
    return (reshape, Tensor(sizes, shape: [sizes.count]))
  }
}
