import Foundation
import SkiffBinary
import SkiffIR
import SkiffKeras
import SkiffTestSupport
import Testing

/// Models whose outputs the framework that wrote them has computed; `TestModels/keras_layers.py` and
/// `TestModels/keras_models.py` make them.
@Suite struct ImportTests {
  @Test(arguments: [
    ("layers.keras", "layers", "layers.expected.npz"),
    ("layers.keras2.h5", "layers", "layers.keras2-expected.npz"),
    ("hard.keras", "hard", "hard.expected.npz"), ("hard.keras2.h5", "hard", "hard.keras2-expected.npz"),
    ("nested.keras", "nested", "nested.expected.npz"), ("nested.keras3.h5", "nested", "nested.expected.npz"),
    ("nested.keras2.h5", "nested", "nested.keras2-expected.npz"),
  ]) func everyOutputEqualsTheFrameworks(file: String, inputs: String, expected: String) throws {
    let graph = try graph(model(file))
    let results = try run(graph, on: arrays("\(inputs).inputs.npz"))
    let expected = try arrays(expected).sorted {
      (Int($0.key.prefix { $0 != "/" }) ?? 0) < (Int($1.key.prefix { $0 != "/" }) ?? 0)
    }
    #expect(graph.outputs.count == expected.count)
    for (output, (name, array)) in zip(graph.outputs, expected) {
      let result = try #require(results[output.name])
      #expect(result.shape == array.shape, "\(name)")
      let difference = FloatDifference(try result.floats(), from: try array.elements(as: Float.self))
      #expect(difference.errorOfRange <= 1e-5, "\(file) \(name): \(difference)")
    }
  }

  @Test(arguments: [
    ("sequential", "sequential.keras"), ("sequential", "sequential.keras2.h5"),
    ("sequential", "sequential.keras3.h5"), ("residual", "residual.keras"),
    ("residual", "residual.keras2.h5"), ("residual", "residual.keras3.h5"),
  ]) func scoresEqualTheFrameworks(name: String, file: String) throws {
    try expectScores(of: graph(model(file)), toEqualThoseOf: name)
  }

  @Test(arguments: [
    ("sequential.json", "sequential.weights.h5"), ("sequential.keras2.json", "sequential.keras2-weights.h5"),
    ("sequential.json", "sequential.keras"), ("sequential.keras2.json", "sequential.keras2.h5"),
  ]) func architectureAndWeightsApartEqualTheWholeModel(architecture: String, weights: String) throws {
    try expectScores(of: graph(model(architecture, weights: weights)), toEqualThoseOf: "sequential")
  }

  private func expectScores(of graph: Graph, toEqualThoseOf name: String) throws {
    #expect(graph.inputs.map { graph[$0].name } == ["image"])
    #expect(
      graph[graph.inputs[0]].type
        == TensorType(.float32, Shape([.symbol("batch"), .fixed(8), .fixed(8), .fixed(1)])))
    #expect(graph.outputs.map(\.name) == ["scores"])
    let results = try run(graph, on: ["image": TestModel.testImages(channelsLast: true)])
    let scores = try #require(results["scores"]).floats()
    let difference = FloatDifference(scores, from: try TestModel.expectedScores(name))
    #expect(difference.errorOfRange <= 1e-5, "\(difference)")
  }

  @Test func aBatchThatIsNotFixedStaysASymbol() throws {
    for file in ["layers.keras", "nested.keras2.h5"] {
      let graph = try graph(model(file))
      #expect(graph.symbols == ["batch"])
      for output in graph.outputs {
        let shape = try #require(graph[output.value].type?.shape)
        #expect(shape[0] == .symbol("batch"), "\(output.name): \(shape)")
        #expect(shape.dimensions.dropFirst().allSatisfy { $0.fixed != nil }, "\(output.name): \(shape)")
      }
    }
  }

  @Test func everythingUnknownIsReportedAtOnce() throws {
    let layers = [
      #"{"class_name": "Lambda", "config": {"name": "code"}}"#,
      #"{"class_name": "StringLookup", "config": {"name": "memory"}}"#,
      #"{"class_name": "Dense", "registered_name": "mine>Dense", "config": {"name": "own"}}"#,
      #"{"class_name": "Sequential", "config": {"name": "inner", "layers": [{"class_name": "Hashing", "config": {"name": "gates"}}]}}"#,
      #"{"class_name": "TimeDistributed", "config": {"name": "steps", "layer": {"class_name": "Odd", "config": {"name": "odd"}}}}"#,
      #"{"class_name": "Dense", "config": {"name": "fine", "units": 1}}"#,
    ]
    let json =
      #"{"class_name": "Sequential", "config": {"name": "m", "layers": [\#(layers.joined(separator: ","))]}}"#
    let error = #expect(throws: ModelError.self) {
      try graph(KerasModel(parsingArchitecture: ByteRegion(Array(json.utf8))))
    }
    #expect(error?.code == .unsupported)
    let notes = error?.notes ?? []
    #expect(notes.count == 5)
    for (note, name) in zip(
      notes,
      [
        "'code' (Lambda)", "'memory' (StringLookup)", "'own' (mine>Dense)", "'inner/gates' (Hashing)",
        "'steps/odd' (Odd)",
      ])
    {
      #expect(note.contains(name), "\(note)")
    }
  }
}
