import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport

/// A small network with its channels first, as ONNX and PyTorch have them: two convolutions with batch
/// normalization around a residual connection, pooling, a flattening and a dense layer.
struct SampleNetwork {
  var graph = Graph(name: "sample")
  private var generator: SeededGenerator

  init(seed: Seed, batch: Shape.Dimension = .fixed(2)) throws {
    generator = SeededGenerator(seed)
    let x = graph.addInput("x", TensorType(.float32, Shape([batch, .fixed(3), .fixed(9), .fixed(7)])))
    var first = Convolution()
    first.pads = [1, 0, 2, 1]
    let a = try normalized(try graph.add(first, x, constant([4, 3, 3, 2]), constant([4])), channels: 4)
    var depthwise = Convolution()
    depthwise.groups = 4
    depthwise.pads = [1, 1, 1, 1]
    let b = try normalized(try graph.add(depthwise, a, constant([4, 1, 3, 3])), channels: 4)
    let scaled = try graph.add(Multiply(), b, constant([1, 4, 1, 1]))
    let sum = try graph.add(Relu(), graph.add(Add(), scaled, a))
    var pool = MaxPool()
    (pool.size, pool.strides) = ([2, 2], [2, 2])
    let pooled = try graph.add(pool, sum)
    let features = (graph[pooled].type?.shape.dimensions ?? []).dropFirst().compactMap(\.fixed).reduce(1, *)
    let shape = graph.addConstant(Tensor([-1, Int64(features)], shape: [2]))
    let flat = try graph.add(Reshape(), pooled, shape)
    let product = try graph.add(MatrixMultiply(), flat, constant([features, 5]))
    graph.addOutput(try graph.add(Add(), product, constant([5])), name: "y")
    try graph.verify()
  }

  private mutating func constant(_ shape: [Int]) -> ValueID {
    graph.addConstant(Tensor(generator.floats(shape.reduce(1, *)), shape: shape))
  }

  private mutating func normalized(_ x: ValueID, channels: Int) throws -> ValueID {
    let variance = graph.addConstant(Tensor(generator.floats(channels, in: 0.5...2), shape: [channels]))
    return try graph.add(
      Relu(),
      graph.add(
        BatchNormalization(), x, constant([channels]), constant([channels]), constant([channels]), variance))
  }

  mutating func input(batch: Int = 2) -> Tensor {
    Tensor(generator.floats(batch * 3 * 9 * 7), shape: [batch, 3, 9, 7])
  }
}

extension Graph {
  /// The output `y` for the input `x`, with every operator run in the plainest way.
  func output(_ x: Tensor) throws -> Tensor? {
    try Session(Plan(self, inputShapes: ["x": x.shape], usesReferenceKernels: true)).run(["x": x])["y"]
  }

  /// The number of nodes that apply an operator.
  func count<Kind: Operator>(_ kind: Kind.Type) -> Int { nodeIDs.count { self[$0].operator is Kind } }
}

/// The greatest difference as a part of the range of `a`.
func relativeDifference(_ a: Tensor?, _ b: Tensor?) throws -> Float {
  guard let a = try a?.floats(), let b = try b?.floats(), a.count == b.count, let top = a.max(),
    let bottom = a.min()
  else { return .infinity }
  return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / (top - bottom)
}
