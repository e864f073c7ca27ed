import SkiffIR
import SkiffOperators
import SkiffTestSupport

/// Networks drawn at random whose channels are made, joined, parted and used up in all ways that pruning follows.
struct RandomPrunableNetwork {
  private var generator: SeededGenerator
  private(set) var graph = Graph(name: "prunable")
  /// Values `[1, side, side, channels]`.
  private var values: [ValueID] = []
  private let side = 4

  init(_ seed: Seed) throws {
    generator = SeededGenerator(seed)
    values.append(graph.addInput("x", TensorType(.float32, [1, side, side, integer(1...4)])))
    try convolve(values[0])
    for _ in 0..<integer(3...12) { try addNode() }
    // What nothing uses is used up by convolutions, or else returned.
    for value in values where graph[value].users.isEmpty {
      if integer(0...7) > 0 { try convolve(value, outputs: 2) }
    }
    let ends = values.filter { graph[$0].users.isEmpty }
    for (index, value) in ends.enumerated() {
      switch integer(0...2) {
      case 0: graph.addOutput(value, name: "y\(index)")
      case 1: graph.addOutput(try dense(flatten(dense(flatten(value), 6)), 3), name: "y\(index)")
      default:
        var mean = ReduceMean()
        (mean.axes, mean.keepsDimensions) = ([1, 2], Bool.random(using: &generator))
        graph.addOutput(try dense(graph.add(mean, value), 3), name: "y\(index)")
      }
    }
    try graph.verify()
  }

  mutating func inputs() -> [String: Tensor] {
    let shape = graph[graph.inputs[0]].type?.shape.fixed ?? []
    return ["x": Tensor(generator.floats(shape.reduce(1, *)), shape: shape)]
  }

  private mutating func integer(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }
  private func channels(_ value: ValueID) -> Int { graph[value].type?.shape.fixed?.last ?? 0 }

  private mutating func value() -> ValueID {
    let made = values.dropFirst()
    return (integer(0...3) > 0 ? made.suffix(2) : made[...]).randomElement(using: &generator) ?? values[0]
  }

  private mutating func constant(_ sizes: [Int]) -> ValueID {
    graph.addConstant(Tensor(generator.floats(sizes.reduce(1, *)), shape: sizes))
  }

  private mutating func list(_ integers: [Int]) -> ValueID {
    graph.addConstant(Tensor(integers.map(Int64.init), shape: [integers.count]))
  }

  private mutating func divisor(of count: Int) -> Int {
    (1...max(1, count)).filter { count % $0 == 0 }.randomElement(using: &generator) ?? 1
  }

  private mutating func addNode() throws {
    let x = value()
    let count = channels(x)
    switch integer(0...15) {
    case 0, 1, 2: try convolve(x)
    case 3: try transposed(x)
    case 4, 5, 6: try combine(x)
    case 7:
      try values.append(
        graph.addNode(Concat(axis: -1), [x, value(), value()].shuffled(using: &generator))[0])
    case 8 where count > 1:
      let first = integer(1...count - 1)
      var split = Split()
      (split.axis, split.sizes) = (3, [first, count - first])
      values += try graph.addNode(split, [x])
    case 9 where count > 1:
      let (start, end) = (integer(0...count - 1), integer(1...count))
      guard start < end else { return }
      let (starts, ends, axes) = (list([start - count]), list([end]), list([3]))
      values.append(try graph.add(Slice(), x, starts, ends, axes))
    case 10: try shuffle(x)
    case 11:
      let pads = list([0, 0, 0, integer(0...2), 0, 0, 0, integer(0...2)])
      values.append(try graph.add(Pad(), x, pads))
    case 12:
      let places = (0..<integer(1...6)).map { _ in integer(-count...count - 1) }
      let indices = list(places)
      values.append(try graph.add(Gather(axis: 3), x, indices))
    case 13:
      var reverse = Reverse()
      reverse.axes = [integer(1...3)]
      values.append(try graph.add(reverse, x))
    case 14:
      let activations: [any Operator] = [Relu(), Sigmoid(), Gelu(), Abs(), HardSwish()]
      values.append(try graph.addNode(activations.randomElement(using: &generator) ?? Relu(), [x])[0])
    default: try pool(x)
    }
  }

  private mutating func convolve(_ x: ValueID, outputs: Int? = nil) throws {
    var convolution = Convolution()
    let count = channels(x)
    convolution.layout = .last
    convolution.groups =
      outputs == nil ? [1, divisor(of: count), count].randomElement(using: &generator) ?? 1 : 1
    convolution.padding = .sameUpper
    convolution.activation = Bool.random(using: &generator) ? .relu : .none
    let made = outputs ?? convolution.groups * integer(1...max(1, 8 / convolution.groups))
    let size = integer(1...3)
    let w = constant([made, size, size, count / convolution.groups])
    let bias = Bool.random(using: &generator) ? constant([made]) : nil
    values.append(try graph.add(convolution, x, w, bias))
  }

  private mutating func transposed(_ x: ValueID) throws {
    var convolution = TransposedConvolution()
    let count = channels(x)
    (convolution.layout, convolution.groups) = (.last, divisor(of: count))
    let each = integer(1...3)
    let w = constant([each, 1, 1, count])
    values.append(try graph.add(convolution, x, w, constant([each * convolution.groups])))
  }

  private mutating func combine(_ x: ValueID) throws {
    let alike = values.filter { channels($0) == channels(x) }
    var other = alike.randomElement(using: &generator) ?? x
    if integer(0...3) == 0 { other = constant([channels(x)]) }
    let operators: [any Operator] = [Add(), Multiply(), Maximum(), Subtract()]
    let operands = Bool.random(using: &generator) ? [x, other] : [other, x]
    values.append(try graph.addNode(operators.randomElement(using: &generator) ?? Add(), operands)[0])
  }

  private mutating func shuffle(_ x: ValueID) throws {
    let count = channels(x)
    let groups = divisor(of: count)
    let (parts, whole) = (list([1, side, side, groups, count / groups]), list([1, side, side, count]))
    let parted = try graph.add(Transpose([0, 1, 2, 4, 3]), graph.add(Reshape(), x, parts))
    values.append(try graph.add(Reshape(), parted, whole))
  }

  private mutating func pool(_ x: ValueID) throws {
    var pool = MaxPool()
    (pool.layout, pool.size, pool.padding) = (.last, [2, 2], .sameUpper)
    values.append(try graph.add(pool, x))
  }

  private mutating func flatten(_ x: ValueID) throws -> ValueID {
    try graph.add(Reshape(), x, list([1, -1]))
  }

  private mutating func dense(_ x: ValueID, _ outputs: Int) throws -> ValueID {
    let rank = graph[x].type?.rank ?? 1
    let inputs = graph[x].type?.shape[rank - 1].fixed ?? 0
    return try graph.add(FullyConnected(), x, constant([outputs, inputs]), constant([outputs]))
  }
}
