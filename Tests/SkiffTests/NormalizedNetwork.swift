import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// A network whose batch normalizations have the statistics of the samples that it is made for: what each one gives has its shift as
/// its mean and its scale as its standard deviation.
struct NormalizedNetwork {
  private(set) var graph = Graph()
  let samples: [Tensor]
  let input: ValueID
  private var generator: SeededGenerator
  private var count = 0

  /// A network of nothing but its input.
  init(_ seed: Seed) {
    var generator = SeededGenerator(seed)
    samples = (0..<100).map { _ in
      // Sums of uniform numbers, near a normal distribution.
      let sums = (0..<3 * 144).map { _ in generator.floats(12).reduce(0, +) / 2 }
      return Tensor(sums, shape: [1, 3, 12, 12])
    }
    input = graph.addInput("x", TensorType(.float32, [1, 3, 12, 12]))
    self.generator = generator
  }

  /// Depthwise, grouped and dense products, behind clamps, another product, a residual sum, a join, a mean and a reshape: twelve, of which the first one is 'n1'.
  ///
  /// - Parameter clamp: What stands behind most normalizations.
  static func ofEveryShape(
    _ seed: Seed, clamp: any Operator = Clip(minimum: 0, maximum: 6)
  ) throws -> NormalizedNetwork {
    var network = NormalizedNetwork(seed)
    try network.addEveryShape(clamp)
    return network
  }

  private mutating func addEveryShape(_ clamp: any Operator) throws {
    var x = try add(clamp, normalized(product(input, 8, window: 3)))
    x = try add(HardSwish(), normalized(product(x, 8, window: 3, groups: 8)))
    x = try normalized(product(x, 8))
    x = try normalized(product(product(x, 8, window: 3, groups: 8), 8))
    x = try add(Relu(), add(Add(), x, normalized(product(add(clamp, normalized(product(x, 12))), 8))))
    let grouped = try add(clamp, normalized(product(x, 8, groups: 2)))
    x = try add(Concat(axis: 1), grouped, add(clamp, normalized(product(x, 4))))
    x = try add(clamp, normalized(product(x, 6, window: 3)))
    let flat = try add(Reshape(), x, graph.addConstant(Tensor([1, -1] as [Int64], shape: [2])))
    let mean = try add(ReduceMean(axes: [2, 3], keepsDimensions: false), x)
    graph.addOutput(try dense(flat, 5), name: "y0")
    graph.addOutput(try dense(mean, 5), name: "y1")
  }

  /// Adds a node that has its own origin.
  @discardableResult
  mutating func add(_ node: any Operator, _ inputs: ValueID?...) throws -> ValueID {
    count += 1
    let name = "n\(count)"
    let origin = Origin(name: name, operatorName: type(of: node).name, index: count)
    return try graph.addNode(node, inputs, name: name, origins: [origin])[0]
  }

  private func channels(of value: ValueID) throws -> Int {
    try #require(graph[value].type?.shape.dimensions[1].fixed)
  }

  /// A convolution without padding.
  mutating func product(
    _ x: ValueID, _ outputs: Int, window: Int = 1, groups: Int = 1
  ) throws -> ValueID {
    var convolution = Convolution()
    convolution.groups = groups
    let shape = [outputs, try channels(of: x) / groups, window, window]
    let w = graph.addConstant(Tensor(generator.floats(shape.reduce(1, *)), shape: shape), name: "w\(count)")
    return try add(convolution, x, w)
  }

  private mutating func dense(_ x: ValueID, _ outputs: Int) throws -> ValueID {
    let shape = [outputs, try channels(of: x)]
    let w = graph.addConstant(Tensor(generator.floats(shape.reduce(1, *)), shape: shape), name: "w\(count)")
    let b = graph.addConstant(Tensor(generator.floats(outputs), shape: [outputs]))
    return try add(FullyConnected(), x, w, b)
  }

  /// A factor for each channel.
  mutating func scaled(_ x: ValueID, by factors: [Float]) throws -> ValueID {
    try add(Multiply(), x, graph.addConstant(Tensor(factors, shape: [1, factors.count, 1, 1])))
  }

  /// Makes a value an output.
  mutating func `return`(_ x: ValueID) { graph.addOutput(x, name: "y\(graph.outputs.count)") }

  /// A batch normalization with the mean and the variance that the value has.
  mutating func normalized(_ x: ValueID) throws -> ValueID {
    var measured = graph
    measured.addOutput(x, name: "measured")
    measured.removeUnused()
    let session = Session(try Plan(measured))
    let channels = try channels(of: x)
    var (sums, squares, each) = (
      [Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels), 0
    )
    for sample in samples {
      let elements = try #require(session.run(["x": sample])["measured"]).floats()
      each = elements.count / channels
      for (index, element) in elements.enumerated() {
        sums[index / each] += Double(element)
        squares[index / each] += Double(element) * Double(element)
      }
    }
    let total = Double(each * samples.count)
    let means = sums.map { $0 / total }
    let variances = zip(squares, means).map { $0 / total - $1 * $1 }
    var node = BatchNormalization()
    node.epsilon = 1e-3
    let parameters = [
      (0..<channels).map { _ in
        Float.random(in: 0.5...2, using: &generator) * (Bool.random(using: &generator) ? 1 : -1)
      },
      generator.floats(channels, in: -0.5...1.5), means.map { Float($0) }, variances.map { Float($0) },
    ].map { graph.addConstant(Tensor($0, shape: [channels])) }
    return try add(node, x, parameters[0], parameters[1], parameters[2], parameters[3])
  }
}
