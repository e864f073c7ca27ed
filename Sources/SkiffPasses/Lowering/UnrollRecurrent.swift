import SkiffBinary
import SkiffIR
import SkiffOperators

/// Says a recurrent operator by products and activations, step by step, where the target lacks it.
///
/// Declines on sequences whose length is not known or great, on lengths for each sequence, on weights that are not constant,
/// and for targets that compute with integers, where a state would lose precision at every step.
///
/// ```
/// %y, %h = RNN(%x, %w, %r) : f32[2,1,N,4], …
///   →
/// %p = FullyConnected(%x, %w', %b) : f32[2,N,4]
/// %p0, %p1 = Split(%p)
/// %h0 = Tanh(%p0)
/// %h1 = Tanh(%p1 + FullyConnected(%h0, %r'))
/// ```
public struct UnrollRecurrent: Rewrite {
  public static let name = "unroll-recurrent"

  /// The most steps, in all directions, that are said one by one.
  private static let mostSteps = 512

  private let target: LoweringTarget

  /// Creates the rewrite.
  public init(for target: LoweringTarget) { self.target = target }

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let kind = node.operator as? any RecurrentOperator, !target.computesWithIntegers,
      !target.has(node, graph), node.inputs.count < 5 || node.inputs[4] == nil,
      !kind.roundsOperands,
      let sequence = node.inputs[0], let type = graph[sequence].type, type.dataType == .float32,
      let steps = type.shape[kind.isBatchFirst ? 1 : 0].fixed, steps > 0,
      steps * kind.direction.count <= Self.mostSteps
    else { return false }
    var unrolling = Unrolling(graph, id, steps: steps)
    guard let results = try unrolling.results(of: kind) else { return false }
    graph = unrolling.graph
    for (old, new) in zip(node.outputs, results) {
      graph.replaceUses(of: old, with: new)
    }
    return true
  }
}

/// The graph while a recurrent node is said step by step.
private struct Unrolling {
  private(set) var graph: Graph
  private let id: NodeID
  private let steps: Int

  init(_ graph: Graph, _ id: NodeID, steps: Int) {
    self.graph = graph
    self.id = id
    self.steps = steps
  }

  /// The states after each step and the last ones, as the node has them; nil for a form that cannot be said.
  mutating func results(of kind: any RecurrentOperator) throws(ModelError) -> [ValueID]? {
    guard let cells = try cells(of: kind), let sequence = node.inputs[0] else { return nil }
    let timeAxis = kind.isBatchFirst ? 1 : 0
    var hidden: [ValueID] = []
    var last: [[ValueID]] = []
    for (direction, cell) in cells.enumerated() {
      let projected = try add(FullyConnected(), sequence, cell.inputWeights, cell.inputBias)
      let parts = try split(projected, axis: timeAxis, into: steps)
      var states: [ValueID] = []
      for state in 0..<type(of: kind).stateCount {
        states.append(try initialState(state, of: kind, direction, size: cell.size))
      }
      var after = [ValueID?](repeating: nil, count: steps)
      let isReverse = kind.direction == .reverse || direction == 1
      for step in isReverse ? Array((0..<steps).reversed()) : Array(0..<steps) {
        let gates = try reshaped(parts[step], [-1, cell.width])
        states = try self.step(of: kind, cell, gates, states)
        after[step] = try reshaped(
          states[0], kind.isBatchFirst ? [-1, 1, 1, cell.size] : [1, 1, -1, cell.size])
      }
      hidden.append(try joined(after.compactMap(\.self), axis: timeAxis))
      last.append(states)
    }
    var results = [try joined(hidden, axis: timeAxis + 1)]
    for state in 0..<type(of: kind).stateCount {
      var parts: [ValueID] = []
      for (states, cell) in zip(last, cells) {
        parts.append(
          try reshaped(states[state], kind.isBatchFirst ? [-1, 1, cell.size] : [1, -1, cell.size]))
      }
      results.append(try joined(parts, axis: timeAxis))
    }
    return results
  }

  /// What one direction computes with.
  private struct Cell {
    let size: Int
    let width: Int
    let inputWeights: ValueID
    let inputBias: ValueID
    /// The recurrent weights and biases of gates that are computed together: all of them, but the last of a gated recurrent
    /// unit by itself.
    let recurrent: [(weights: ValueID, bias: ValueID)]
    let peepholes: [ValueID]
    let functions: [RecurrentFunction]
  }

  /// The cells of the directions; nil if weights are not constant or a function has no operator.
  private mutating func cells(of kind: any RecurrentOperator) throws(ModelError) -> [Cell]? {
    let gates = type(of: kind).gateCount
    let (givenBias, peepholes) = (try elements(3), try elements(7))
    guard let weights = try elements(1), let recurrent = try elements(2), let shape = sizes(1),
      let size = sizes(2)?.last, !has(3) || givenBias != nil, !has(7) || peepholes != nil
    else { return nil }
    let (directions, width, depth) = (shape[0], gates * size, shape[2])
    let bias = givenBias ?? [Float](repeating: 0, count: 2 * directions * width)
    let functions = try kind.functions()
    guard functions.allSatisfy({ $0.operator != nil }) else { return nil }
    let each = functions.count / directions
    return (0..<directions).map { direction in
      let first = 2 * direction * width
      let start = direction * width
      return Cell(
        size: size, width: width,
        inputWeights: constant(weights[start * depth..<(start + width) * depth], [width, depth]),
        inputBias: constant(bias[first..<first + width], [width]),
        recurrent: (kind is GRU ? [0..<2, 2..<3] : [0..<gates]).map { part in
          let (row, place, rows) = (
            start + part.lowerBound * size, first + width + part.lowerBound * size, part.count * size
          )
          return (
            constant(recurrent[row * size..<(row + rows) * size], [rows, size]),
            constant(bias[place..<place + rows], [rows])
          )
        },
        peepholes: (0..<3).compactMap { gate in
          peepholes.map {
            constant($0[(3 * direction + gate) * size..<(3 * direction + gate + 1) * size], [size])
          }
        },
        functions: Array(functions[direction * each..<(direction + 1) * each]))
    }
  }

  /// A state of one direction before the first step: `[batch, H]`, or `[1, H]` for zeros.
  private mutating func initialState(
    _ state: Int, of kind: any RecurrentOperator, _ direction: Int, size: Int
  ) throws(ModelError) -> ValueID {
    let index = type(of: kind).firstState + state
    guard has(index), let value = node.inputs[index] else {
      return constant([Float](repeating: 0, count: size)[...], [1, size])
    }
    let parts = try split(value, axis: kind.isBatchFirst ? 1 : 0, into: kind.direction.count)
    return try reshaped(parts[direction], [-1, size])
  }

  // MARK: Steps

  private mutating func step(
    of kind: any RecurrentOperator, _ cell: Cell, _ gates: ValueID, _ states: [ValueID]
  ) throws(ModelError) -> [ValueID] {
    switch kind {
    case let lstm as LSTM: try step(of: lstm, cell, gates, states)
    case let gru as GRU: try step(of: gru, cell, gates, states)
    default: [try apply(cell.functions[0], add(Add(), gates, product(states[0], cell.recurrent[0])))]
    }
  }

  private mutating func step(
    of lstm: LSTM, _ cell: Cell, _ gates: ValueID, _ states: [ValueID]
  ) throws(ModelError) -> [ValueID] {
    let sums = try split(add(Add(), gates, product(states[0], cell.recurrent[0])), axis: 1, into: 4)
    func peeping(_ gate: Int, _ state: ValueID) throws(ModelError) -> ValueID {
      guard !cell.peepholes.isEmpty else { return sums[gate] }
      return try add(Add(), sums[gate], add(Multiply(), state, cell.peepholes[gate]))
    }
    let (f, g, h) = (cell.functions[0], cell.functions[1], cell.functions[2])
    let input = try apply(f, peeping(0, states[1]))
    let forget = try lstm.couplesGates ? complement(input) : apply(f, peeping(2, states[1]))
    let kept = try add(Multiply(), forget, states[1])
    var next = try add(Add(), kept, add(Multiply(), input, apply(g, sums[3])))
    if lstm.cellClip > 0 { next = try add(Clip(minimum: -lstm.cellClip, maximum: lstm.cellClip), next) }
    let output = try apply(f, peeping(1, next))
    return [try add(Multiply(), output, apply(h, next, isClipped: false)), next]
  }

  private mutating func step(
    of gru: GRU, _ cell: Cell, _ gates: ValueID, _ states: [ValueID]
  ) throws(ModelError) -> [ValueID] {
    var parts = Split()
    (parts.axis, parts.sizes) = (1, [2 * cell.size, cell.size])
    let own = try addAll(parts, [gates])
    let sums = try apply(cell.functions[0], add(Add(), own[0], product(states[0], cell.recurrent[0])))
    let (update, reset) = (try split(sums, axis: 1, into: 2)[0], try split(sums, axis: 1, into: 2)[1])
    let further =
      try gru.resetsAfter
      ? add(Multiply(), reset, product(states[0], cell.recurrent[1]))
      : product(add(Multiply(), reset, states[0]), cell.recurrent[1])
    let hidden = try apply(cell.functions[1], add(Add(), own[1], further))
    let new = try add(Multiply(), complement(update), hidden)
    return [try add(Add(), new, add(Multiply(), update, states[0]))]
  }

  /// What a state adds to some gates.
  private mutating func product(
    _ state: ValueID, _ gates: (weights: ValueID, bias: ValueID)
  ) throws(ModelError) -> ValueID {
    try add(FullyConnected(), state, gates.weights, gates.bias)
  }

  private mutating func apply(
    _ function: RecurrentFunction, _ value: ValueID, isClipped: Bool = true
  ) throws(ModelError) -> ValueID {
    guard let kernel = function.operator else { return value }
    guard isClipped, function.clip < .infinity else { return try add(kernel, value) }
    return try add(kernel, add(Clip(minimum: -function.clip, maximum: function.clip), value))
  }

  private mutating func complement(_ value: ValueID) throws(ModelError) -> ValueID {
    try add(Subtract(), constant([1], []), value)
  }

  // MARK: Nodes

  private var node: Node { graph[id] }

  private func has(_ index: Int) -> Bool { index < node.inputs.count && node.inputs[index] != nil }

  private func sizes(_ index: Int) -> [Int]? { node.inputs[index].flatMap { graph[$0].type?.shape.fixed } }

  private func elements(_ index: Int) throws(ModelError) -> [Float]? {
    guard has(index), let value = node.inputs[index] else { return nil }
    return try graph[value].constant?.materialize().floats()
  }

  private mutating func constant(_ elements: ArraySlice<Float>, _ shape: [Int]) -> ValueID {
    graph.addConstant(Tensor(Array(elements), shape: shape))
  }

  private mutating func add(_ operator: any Operator, _ operands: ValueID?...) throws(ModelError) -> ValueID {
    try addAll(`operator`, operands)[0]
  }

  private mutating func addAll(
    _ operator: any Operator, _ operands: [ValueID?]
  ) throws(ModelError) -> [ValueID] {
    try graph.addNode(`operator`, operands, name: node.name, origins: node.origins, before: id)
  }

  private mutating func reshaped(_ value: ValueID, _ sizes: [Int]) throws(ModelError) -> ValueID {
    try add(Reshape(), value, graph.addConstant(Tensor(sizes.map(Int64.init), shape: [sizes.count])))
  }

  private mutating func split(_ value: ValueID, axis: Int, into count: Int) throws(ModelError) -> [ValueID] {
    guard count > 1 else { return [value] }
    var split = Split()
    (split.axis, split.parts) = (axis, count)
    return try addAll(split, [value])
  }

  private mutating func joined(_ values: [ValueID], axis: Int) throws(ModelError) -> ValueID {
    values.count == 1 ? values[0] : try addAll(Concat(axis: axis), values)[0]
  }
}

extension RecurrentFunction {
  /// The function as an operator; nil for those that no framework's layers use.
  fileprivate var `operator`: (any Operator)? {
    switch activation {
    case .hardSigmoid:
      var function = HardSigmoid()
      (function.alpha, function.beta) = (alpha, beta)
      return function
    case .relu: return Relu()
    case .sigmoid: return Sigmoid()
    case .softplus: return Softplus()
    case .softsign: return Softsign()
    case .tanh: return Tanh()
    case .affine, .elu, .leakyRelu, .scaledTanh, .thresholdedRelu: return nil
    }
  }
}
