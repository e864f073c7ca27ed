import Skiff
import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport

/// A recipe's text, and a small network that it is for.
struct RecipeCase {
  private let recipe: Recipe

  init(contentsOf path: String, limits: Limits) throws(ModelError) {
    recipe = try Recipe(contentsOf: path, limits: limits)
  }

  /// Compresses the network.
  func run() throws(ModelError) {
    var random = SeededGenerator(Seed(1))
    var model = try Model(Self.network(&random))
    let samples = Samples(["x": Tensor(random.floats(3 * 32), shape: [3, 4, 4, 2])])
    try model.compress(recipe.compression(on: samples))
  }

  /// Two operators with weights, and a third matrix.
  private static func network(_ random: inout SeededGenerator) throws(ModelError) -> Graph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 4, 2]))
    var convolution = Convolution()
    convolution.layout = .last
    let kernel = graph.addConstant(Tensor(random.floats(6 * 8), shape: [6, 2, 2, 2]), name: "kernel")
    let bias = graph.addConstant(Tensor(random.floats(6), shape: [6]), name: "bias")
    let y = try graph.add(convolution, x, kernel, bias, name: "product0")
    let flat = try graph.add(
      Reshape(), y, graph.addConstant(Tensor([1, 54] as [Int64], shape: [2]), name: "sizes"))
    let dense = graph.addConstant(Tensor(random.floats(4 * 54), shape: [4, 54]), name: "dense")
    let z = try graph.add(FullyConnected(), flat, dense, name: "product1")
    let right = graph.addConstant(Tensor(random.floats(4 * 8), shape: [4, 8]), name: "matrix2")
    graph.addOutput(try graph.add(MatrixMultiply(), z, right, name: "product2"), name: "y")
    return graph
  }
}
