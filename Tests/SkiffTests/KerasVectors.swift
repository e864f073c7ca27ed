import Foundation
import SkiffIR
import SkiffTestSupport
import Testing

/// What Keras computed for the inputs of a formula, as `Tests/Peers/keras_vectors.py` wrote it.
struct KerasVectors: Decodable {
  let low: Float
  let high: Float
  let outputs: [Float]
  /// The greatest difference between the framework's ways to run the model.
  let spread: Double

  /// All of them by the model's file.
  static func all() throws -> [String: KerasVectors] {
    let path = Checkout.path("Tests/SkiffKerasTests/Fixtures/outputs.json")
    return try JSONDecoder().decode(
      [String: KerasVectors].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// The inputs: three samples of multiples of the golden ratio's fraction.
  func inputs(of graph: Graph) throws -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    for id in graph.inputs {
      let type = try #require(graph[id].type)
      let shape = [3] + type.shape.dimensions.dropFirst().compactMap(\.fixed)
      let numbers = (0..<shape.reduce(1, *)).map { position in
        let word = UInt32(truncatingIfNeeded: UInt64(position) &* 2_654_435_769)
        let number = Float(Double(low) + Double(word) / 4_294_967_296 * Double(high - low))
        return high > 1 ? number.rounded(.down) : number
      }
      inputs[graph[id].name] = try Tensor(floats: numbers, as: type.dataType, shape: shape)
    }
    return inputs
  }
}
