import SkiffGradient
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// A graph with what it is run on, its gradients, and the slopes that these must be.
struct GradientCheck {
  private let graph: Graph
  private let inputs: [String: Tensor]
  private let cotangents: [Tensor]
  private let gradients: [[Double]]

  /// Computes the gradients of all outputs of a graph with respect to all of its inputs of real numbers.
  ///
  /// - Parameter inputs: Instead of random ones from −1 to 1.
  init(_ text: String, seed: UInt64 = 1, inputs given: [String: Tensor] = [:]) throws {
    graph = try Graph(text: text, catalog: .standard)
    var inputs = given
    for (index, id) in graph.inputs.enumerated() where inputs[graph[id].name] == nil {
      let type = try #require(graph[id].type)
      inputs[graph[id].name] = try Tensor(
        seed: seed &* 97 &+ UInt64(index), type.dataType, shape: type.shape.fixed ?? [])
    }
    let outputs = graph.outputs.map(\.value)
    let backward = try graph.backward(from: outputs, to: Self.reals(graph))
    try backward.verify()
    var all = inputs
    var cotangents: [Tensor] = []
    for (index, output) in outputs.enumerated() {
      let type = try #require(graph[output].type)
      let tensor = try Tensor(seed: seed &* 89 &+ UInt64(index), type.dataType, shape: type.shape.fixed ?? [])
      all["cotangent \(index)"] = tensor
      cotangents.append(tensor)
    }
    let results = try Session(Plan(backward)).run(all)
    self.inputs = inputs
    self.cotangents = cotangents
    gradients = try backward.outputs.indices.map { try #require(results["gradient \($0)"]).doubles() }
  }

  private static func reals(_ graph: Graph) -> [ValueID] {
    graph.inputs.filter { graph[$0].type?.dataType.isFloatingPoint ?? false }
  }

  /// How far the gradients are from slopes: the greatest difference for a random direction of each input, relative to the slope.
  ///
  /// - Parameter step: The distance to each side, in float64.
  func difference(step: Double = 1e-4) throws -> Double {
    let session = Session(try Plan(graph))
    func sum(_ inputs: [String: Tensor]) throws -> Double {
      let results = try session.run(inputs)
      var sum = 0.0
      for (output, cotangent) in zip(graph.outputs, cotangents) {
        let elements = try #require(results[output.name]).doubles()
        sum += try zip(elements, cotangent.doubles()).reduce(0) { $0 + $1.0 * $1.1 }
      }
      return sum
    }
    var worst = 0.0
    for (index, id) in Self.reals(graph).enumerated() {
      let name = graph[id].name
      let tensor = try #require(inputs[name])
      let direction = try Tensor(seed: 1000 + UInt64(index), .float64, shape: tensor.shape).doubles()
      var sides: [Double] = []
      for side in [step, -step] {
        let moved = try zip(tensor.doubles(), direction).map { $0 + side * $1 }
        var changed = inputs
        changed[name] = try Tensor(moved, shape: tensor.shape).cast(to: tensor.dataType)
        sides.append(try sum(changed))
      }
      let slope = (sides[0] - sides[1]) / (2 * step)
      let gradient = zip(gradients[index], direction).reduce(0) { $0 + $1.0 * $1.1 }
      worst = max(worst, abs(slope - gradient) / max(1, abs(slope)))
    }
    return worst
  }
}
