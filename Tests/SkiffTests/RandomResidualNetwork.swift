import SkiffIR
import SkiffOperators
import SkiffTestSupport

/// A network of images whose blocks are added to what goes into them, with weights whose ranges are far apart from channel to channel.
struct RandomResidualNetwork {
  private(set) var graph = Graph()
  private var random: SeededGenerator
  /// The groups of layers that have channels in common.
  private(set) var groups = 0
  private let channels: Int
  private var stream: ValueID

  init(_ seed: Seed) throws {
    random = SeededGenerator(seed)
    channels = Int.random(in: 3...8, using: &random)
    stream = graph.addInput("x", TensorType(.float32, [1, 8, 8, 3]))
    stream = try convolution(stream, channels, size: 3, .relu)
    // All that is added to it is of one group, and the head is beyond a mean.
    groups = 1
    for _ in 0..<Int.random(in: 2...4, using: &random) {
      switch Int.random(in: 0...4, using: &random) {
      case 0: try addBasicBlock()
      case 1: try addInvertedBlock(.relu)
      case 2: try addInvertedBlock(.relu6)
      case 3: try addGatedBlock()
      default: try addPooledBlock()
      }
    }
    let mean = try graph.add(ReduceMean(axes: [1, 2], keepsDimensions: false), stream)
    graph.addOutput(try layer(FullyConnected(), mean, [5, channels]), name: "y")
  }

  mutating func inputs(_ count: Int) -> [[String: Tensor]] {
    (0..<count).map { _ in ["x": Tensor(random.floats(192, in: -2...2), shape: [1, 8, 8, 3])] }
  }

  private mutating func layer(_ node: any Operator, _ x: ValueID, _ shape: [Int]) throws -> ValueID {
    let each = shape.dropFirst().reduce(1, *)
    var elements = random.floats(shape.reduce(1, *))
    for row in 0..<shape[0] {
      let size = Float(random.logUniform(in: 0.1...4)) / Float(each).squareRoot()
      for column in 0..<each { elements[row * each + column] *= size }
    }
    let bias = graph.addConstant(Tensor(random.floats(shape[0]), shape: [shape[0]]))
    return try graph.addNode(node, [x, graph.addConstant(Tensor(elements, shape: shape)), bias])[0]
  }

  private mutating func convolution(
    _ x: ValueID, _ outputs: Int, size: Int, groups: Int = 1, _ activation: FusedActivation
  ) throws -> ValueID {
    var node = Convolution()
    (node.layout, node.padding, node.groups, node.activation) = (.last, .sameUpper, groups, activation)
    let inputs = graph[x].type?.shape.fixed?.last ?? 0
    return try layer(node, x, [outputs, size, size, inputs / groups])
  }

  /// The sum with a rectifier of its own, behind it, or none.
  private mutating func add(_ branch: ValueID) throws {
    var sum = Add()
    let kind = Int.random(in: 0...2, using: &random)
    if kind == 0 { sum.activation = .relu }
    stream = try graph.add(sum, branch, stream)
    if kind == 1 { stream = try graph.add(Relu(), stream) }
  }

  private mutating func addBasicBlock() throws {
    let inner = try convolution(stream, 5, size: 3, .relu)
    try add(convolution(inner, channels, size: 3, .none))
    groups += 1
  }

  private mutating func addInvertedBlock(_ activation: FusedActivation) throws {
    let wide = try convolution(stream, 2 * channels, size: 1, activation)
    let deep = try convolution(wide, 2 * channels, size: 3, groups: 2 * channels, activation)
    try add(convolution(deep, channels, size: 1, .none))
    if activation == .relu { groups += 2 }
  }

  /// A branch whose channels are weighed by what their means say, and that the gate leaves as they are behind it.
  private mutating func addGatedBlock() throws {
    let inner = try convolution(stream, 6, size: 1, .relu)
    let mean = try graph.add(ReduceMean(axes: [1, 2], keepsDimensions: true), inner)
    let gate = try graph.add(Sigmoid(), convolution(mean, 6, size: 1, .none))
    try add(convolution(graph.add(Multiply(), inner, gate), channels, size: 1, .none))
    groups += 1
  }

  private mutating func addPooledBlock() throws {
    var pool = MaxPool()
    (pool.layout, pool.size, pool.strides, pool.padding) = (.last, [3, 3], [1, 1], .sameUpper)
    let pooled = try graph.add(pool, stream)
    try add(convolution(pooled, channels, size: 3, .none))
  }
}
