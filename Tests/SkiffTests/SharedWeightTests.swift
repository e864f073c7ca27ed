import Skiff
import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Weights that several operators use are in a file once.
@Suite struct SharedWeightTests {
  /// Four products with the same weights, which are one tensor, or tensors of their own that are equal.
  private func products(areOne: Bool) throws -> (graph: Graph, byteCount: Int) {
    var graph = Graph()
    var random = SeededGenerator(Seed(3))
    let weights = random.floats(64 * 64)
    var x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(64)])))
    let shared = graph.addConstant(Tensor(weights, shape: [64, 64]))
    for _ in 0..<4 {
      let own = areOne ? shared : graph.addConstant(Tensor(weights, shape: [64, 64]))
      x = try graph.add(Tanh(), graph.add(FullyConnected(), x, own))
    }
    graph.addOutput(x, name: "y")
    return (graph, 4 * weights.count)
  }

  @Test(arguments: ["onnx", "tflite", "skiff"], [false, true])
  func equalWeightsAreStoredOnce(format: String, areOne: Bool) throws {
    let (graph, byteCount) = try products(areOne: areOne)
    let folder = try TemporaryFolder()
    let path = folder.path("model.\(format)")
    var model = try Model(graph)
    try model.write(to: path)
    #expect(try ByteRegion(mapping: path).count < byteCount + byteCount / 2)
    #expect(try Certificate(of: model, writtenTo: path).holds)
  }

  /// Products of integers in operators that take both and yield a third kind, as ONNX Runtime quantizes networks.
  @Test(.needsPeer(.check), arguments: ["int8", "uint8"], ["onnx", "tflite"])
  func quantizedProductsShareWeights(type: String, format: String) throws {
    let folder = try TemporaryFolder()
    let source = folder.path("source.onnx")
    try Peer.check.run("make_shared_products.py", [type, source])
    var model = try Model(contentsOf: source)
    try model.write(to: folder.path("model.\(format)"))
    let (before, after) = (
      try ByteRegion(mapping: source).count, try ByteRegion(mapping: folder.path("model.\(format)")).count
    )
    #expect(Double(after) < 1.5 * Double(before), "\(before) -> \(after)")
  }
}
