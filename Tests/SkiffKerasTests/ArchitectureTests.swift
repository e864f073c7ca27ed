import Foundation
import SkiffBinary
import SkiffKeras
import SkiffTestSupport
import Testing

@Suite struct ArchitectureTests {
  private func architecture(_ json: String) throws(ModelError) -> KerasArchitecture {
    try KerasArchitecture(parsing: JSONValue(parsing: json))
  }

  @Test func bothStylesOfANestedModelAreTheSame() throws {
    let new = try architecture(String(contentsOfFile: TestModel.path("nested.json"), encoding: .utf8))
    let old = try architecture(String(contentsOfFile: TestModel.path("nested.keras2.json"), encoding: .utf8))
    #expect(new.layers.map(\.name) == old.layers.map(\.name))
    #expect(new.layers.map { $0.calls.map(\.inputs) } == old.layers.map { $0.calls.map(\.inputs) })
    #expect(new.inputs == old.inputs)
    #expect(new.outputs == old.outputs)
    let shared = try #require(new.layer("shared"))
    #expect(
      shared.calls.map(\.inputs) == [
        [.init(layer: "a", call: 0, result: 0)], [.init(layer: "b", call: 0, result: 0)],
      ])
    #expect(shared.model.first?.layers.map(\.isTrainable) == [true, true, true, false, true])
    let both = try #require(new.layer("both"))
    #expect(
      both.calls.first?.inputs == [
        .init(layer: "shared", call: 0, result: 0), .init(layer: "shared", call: 1, result: 0),
      ])
  }

  /// `maximum(3, x + 3) / 6`, as both versions of Keras write operators on tensors.
  @Test(arguments: [
    #"""
    {"class_name": "Functional", "config": {"name": "m", "layers": [
    {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, 2]}, "name": "x", "inbound_nodes": []},
    {"class_name": "Add", "config": {"name": "a"}, "name": "a", "inbound_nodes": [{"args": [
      {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}, 3.0], "kwargs": {}}]},
    {"class_name": "Maximum", "config": {"name": "b"}, "name": "b", "inbound_nodes": [{"args": [
      3, {"class_name": "__keras_tensor__", "config": {"keras_history": ["a", 0, 0]}}], "kwargs": {}}]},
    {"class_name": "Divide", "config": {"name": "c"}, "name": "c", "inbound_nodes": [{"args": [
      {"class_name": "__keras_tensor__", "config": {"keras_history": ["b", 0, 0]}}, 6.0], "kwargs": {}}]}],
    "input_layers": [["x", 0, 0]], "output_layers": [["c", 0, 0]]}}
    """#,
    #"""
    {"class_name": "Functional", "config": {"name": "m", "layers": [
    {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [null, 2]}, "name": "x", "inbound_nodes": []},
    {"class_name": "TFOpLambda", "config": {"name": "a", "function": "__operators__.add"}, "name": "a",
      "inbound_nodes": [["x", 0, 0, {"y": 3.0, "name": null}]]},
    {"class_name": "TFOpLambda", "config": {"name": "b", "function": "math.maximum"}, "name": "b",
      "inbound_nodes": [["_CONSTANT_VALUE", -1, 3.0, {"y": ["a", 0, 0], "name": null}]]},
    {"class_name": "TFOpLambda", "config": {"name": "c", "function": "math.truediv"}, "name": "c",
      "inbound_nodes": [["b", 0, 0, {"y": 6.0, "name": null}]]}],
    "input_layers": [["x", 0, 0]], "output_layers": [["c", 0, 0]]}}
    """#,
  ]) func numbersStandInThePlaceOfTensors(json: String) throws {
    let layers = try architecture(json).layers.dropFirst()
    let operands = layers.map {
      $0.calls[0].operands + $0.calls[0].named.filter { $0.key == "y" }.map(\.value)
    }
    #expect(
      operands.map { $0.map { if case .value(let number) = $0 { number.number } else { nil } } } == [
        [nil, 3], [3, nil], [nil, 6],
      ])
    #expect(layers.map { $0.calls[0].inputs.map(\.layer) } == [["x"], ["a"], ["b"]])
    // Without a complaint about the calls, only the weights are missing, of which these layers have none.
    let error = #expect(throws: ModelError.self) {
      try graph(KerasModel(parsingArchitecture: ByteRegion(Array(json.utf8))))
    }
    #expect(error?.description.contains("an architecture only") == true)
  }

  @Test func layersThatWantTensorsTakeNoNumbers() throws {
    let json = #"""
      {"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, 2]}, "name": "x", "inbound_nodes": []},
      {"class_name": "Concatenate", "config": {"name": "a", "trainable": true}, "name": "a", "inbound_nodes": [{"args": [
        {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}, 3.0], "kwargs": {}}]}],
      "input_layers": [["x", 0, 0]], "output_layers": [["a", 0, 0]]}}
      """#
    let error = #expect(throws: ModelError.self) {
      try graph(KerasModel(parsingArchitecture: ByteRegion(Array(json.utf8))))
    }
    #expect(error?.description.contains("more than its tensors in order") == true)
  }

  @Test func theOldestSequentialIsAListOfLayers() throws {
    let model = try architecture(
      #"{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [null, 3]}}]}"#
    )
    #expect(model.layers.map(\.name) == ["d"])
  }

  @Test(arguments: [
    (#"{}"#, "class_name"),
    (#"{"class_name": "MyModel", "config": {"layers": []}}"#, "its code is not in the file"),
    (
      #"{"class_name": "Functional", "registered_name": "mine>Functional", "config": {"layers": []}}"#,
      "mine>Functional"
    ),
    (#"{"class_name": "Functional", "config": {"name": "m"}}"#, "subclassed"),
    (#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}]}}"#, "a layer has no"),
    (
      #"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {}}]}}"#,
      "has no name"
    ),
    (
      #"{"class_name": "Sequential", "config": {"layers": [{"class_name": "A", "config": {"name": "x"}}, {"class_name": "B", "config": {"name": "x"}}]}}"#,
      "two layers have the name 'x'"
    ),
    (
      #"{"class_name": "Functional", "config": {"layers": [], "output_layers": [["a", 0, 0]]}}"#,
      "expected a list of tensors"
    ),
    (
      #"{"class_name": "Functional", "config": {"layers": [], "input_layers": [["a", -1, 0]], "output_layers": [["a", 0, 0]]}}"#,
      "expected a tensor"
    ),
  ]) func refuses(json: String, because reason: String) {
    let error = #expect(throws: ModelError.self) { try architecture(json) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func nestingIsLimited() {
    var json = #"{"class_name": "Dense", "config": {"name": "d"}}"#
    for level in 0..<100 {
      json = #"{"class_name": "Sequential", "config": {"name": "s\#(level)", "layers": [\#(json)]}}"#
    }
    let error = #expect(throws: ModelError.self) { try architecture(json) }
    #expect(error?.code == .limitExceeded)
  }

  @Test(arguments: ["nested.json", "nested.keras2.json", "sequential.json"], Seed.fixedAndFresh)
  func mutatedArchitecturesAreAnErrorOrAModel(file: String, seed: Seed) throws {
    let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TestModel.path(file))))
    let weights = TestModel.path(file.hasPrefix("sequential") ? "sequential.weights.h5" : "nested.weights.h5")
    let whole = try KerasModel(parsingArchitecture: ByteRegion(text))
      .applyingWeights(of: ByteRegion(mapping: weights), path: weights)
    var generator = SeededGenerator(seed)
    var errors = 0
    for _ in 0..<1000 {
      var mutant = text
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let position = Int.random(in: 0..<mutant.count, using: &generator)
        mutant[position] = "0123456789-,:[]{}\"enulltraf".utf8.randomElement(using: &generator) ?? 0
      }
      do {
        let model = try KerasModel(parsingArchitecture: ByteRegion(mutant)).applyingWeights(of: whole)
        _ = try graph(model)
      } catch is ModelError {
        errors += 1
      }
    }
    #expect(errors > 100)
  }
}
