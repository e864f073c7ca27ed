import Foundation
import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// `skiff inspect`.
@Suite struct InspectCommandTests {
  private func inspected(_ arguments: String...) throws -> [String: Any] {
    let result = try processResult(Product.path("skiff"), ["inspect", "--json"] + arguments)
    #expect(result.exitCode == 0, "\(result.errorOutput)")
    return try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  /// A branch with a product inside, and one without.
  @Test func whatIsInsideOfBranchesIsCounted() throws {
    var product = Graph()
    let x = product.addInput("x", TensorType(.float32, [2, 8]))
    let weights = product.addConstant(try Tensor(seed: 1, .float32, shape: [8, 8]))
    product.addOutput(try product.add(Relu(), product.add(MatrixMultiply(), x, weights)), name: "y")
    var same = Graph()
    let y = same.addInput("x", TensorType(.float32, [2, 8]))
    same.addOutput(try same.add(Selu(), y), name: "y")
    var branches = If()
    (branches.thenBranch, branches.elseBranch, branches.thenCount) = (Subgraph(product), Subgraph(same), 1)
    var graph = Graph(name: "branches")
    let condition = graph.addInput("condition", TensorType(.boolean, []))
    let input = graph.addInput("x", TensorType(.float32, [2, 8]))
    graph.addOutput(try graph.add(branches, condition, input, input), name: "y")
    let folder = try TemporaryFolder()
    var model = try Model(graph)
    try model.write(to: folder.path("model.onnx"))

    let found = try inspected(folder.path("model.onnx"))
    #expect(found["nodes"] as? Int == 1 && found["parameters"] as? Int == 0)
    let inside = try #require(found["inside"] as? [String: Any])
    #expect(inside["nodes"] as? Int == 3 && inside["parameters"] as? Int == 64)
    #expect(inside["constantBytes"] as? Int == 256)
    let names = (inside["operators"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
    #expect(names == ["MatrixMultiply", "Relu", "Selu"])
  }

  @Test(arguments: ["2,8", "2x8"]) func sizesAreGivenInEitherForm(sizes: String) throws {
    let graph = try Graph(
      text: "graph (%x: f32[n,8]) -> (y: %y) {\n  %y = Relu(%x) : f32[n,8]\n}", catalog: .standard)
    let folder = try TemporaryFolder()
    var model = try Model(graph)
    try model.write(to: folder.path("model.onnx"))
    let found = try inspected(folder.path("model.onnx"), "--input-shape", "x=\(sizes)")
    let inputs = found["inputs"] as? [[String: Any]]
    #expect(inputs?.first?["shape"] as? [Int] == [2, 8])
  }
}
