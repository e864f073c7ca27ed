import Foundation
import SkiffBinary
import SkiffIR
import SkiffKeras
import SkiffTestSupport
import Testing

@Suite struct WeightTests {
  @Test func everyFileOfKeras3HoldsTheSameModel() throws {
    let expected = try graph(model("nested.keras"))
    let values = try variables(of: expected)
    #expect(values.count == 20)
    let others = [
      try model("nested.keras3.h5"), try model("nested.json", weights: "nested.weights.h5"),
      try model("nested.json", weights: "nested.keras"),
      try model("nested.json", weights: "nested.keras3.h5"),
    ]
    for other in others { #expect(try variables(of: graph(other)) == values) }
  }

  @Test func everyFileOfKeras2HoldsTheSameModel() throws {
    let values = try variables(of: graph(model("nested.keras2.h5")))
    #expect(values.count == 20)
    let apart = try model("nested.keras2.json", weights: "nested.keras2-weights.h5")
    #expect(try variables(of: graph(apart)) == values)
    let whole = try model("nested.keras2.json", weights: "nested.keras2.h5")
    #expect(try variables(of: graph(whole)) == values)
  }

  /// Keras counts the layers of a process: another copy of a model has other names, and weights apart go by their order.
  @Test func weightsOfAnotherCopyGoByOrder() throws {
    let folder = try TemporaryFolder()
    let json = try String(
      decoding: Data(contentsOf: URL(fileURLWithPath: TestModel.path("nested.keras2.json"))), as: UTF8.self)
    let other = json.replacing("\"tail\"", with: "\"tail_1\"").replacing("\"deep\"", with: "\"deep_1\"")
    #expect(other != json)
    try Data(other.utf8).write(to: URL(fileURLWithPath: folder.path("other.json")))
    let weights = TestModel.path("nested.keras2-weights.h5")
    let model = try KerasModel(parsingArchitecture: ByteRegion(mapping: folder.path("other.json")))
      .applyingWeights(of: ByteRegion(mapping: weights), path: weights)
    let expected = try variables(of: graph(SkiffKerasTests.model("nested.keras2.h5")))
    var warnings: [Warning] = []
    let found = try variables(of: Importer.makeGraph(from: model, warnings: &warnings))
    #expect(warnings.contains { $0.message.contains("2 layers have other names") }, "\(warnings)")
    #expect(found.keys.contains { $0.hasPrefix("tail_1/") })
    for (name, values) in found {
      let old = name.replacing("tail_1/", with: "tail/").replacing("deep_1/", with: "deep/")
      #expect(expected[old] == values, "\(name)")
    }
  }

  @Test func weightsAreSlicesOfTheMappedFile() throws {
    let path = TestModel.path("sequential.keras")
    let file = try ByteRegion(mapping: path)
    let graph = try graph(KerasModel(parsing: file, path: path))
    let kernel = try #require(graph.constantIDs.first { graph[$0].name == "conv/kernel" })
    let constant = try #require(graph[kernel].constant)
    #expect(constant.transforms == [.permute([3, 0, 1, 2])])
    let inFile = try #require(file.withBytes { $0.baseAddress })
    let inConstant = try #require(constant.bytes.withBytes { $0.baseAddress })
    #expect(inConstant == inFile + constant.bytes.offset)
  }

  @Test func anArchitectureAloneHasNoWeights() throws {
    let json = try ByteRegion(mapping: TestModel.path("nested.json"))
    let error = #expect(throws: ModelError.self) { try graph(KerasModel(parsingArchitecture: json)) }
    #expect(error?.message.contains("weights") == true)
  }

  @Test func weightsAloneHaveNoArchitecture() {
    let error = #expect(throws: ModelError.self) { try model("nested.weights.h5") }
    #expect(error?.message.contains("weights only") == true)
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      // Keras 3
      (
        ["delete", "layers/sequential/layers/dense/vars/1"],
        "'shared/inner_first' (Dense): its variable 'bias' is missing"
      ),
      (["delete", "layers/dense"], "'tail' (Dense): its variable 'kernel' is missing"),
      (["add", "layers/dense/vars/2"], "'layers/dense/vars/2' is no variable of the model"),
      (["add", "layers/dense_1/vars/0"], "'layers/dense_1/vars/0' is no variable of the model"),
      (
        ["swap", "layers/sequential/layers/dense", "layers/sequential/layers/dense_1"],
        "'shared/inner_first' has the variables of the layer 'inner_frozen'"
      ),
      (["reshape", "layers/dense/vars/1"], "[2,1]"),
    ]) func misfitsAreNamed(change: [String], complaint: String) throws
  {
    let file = try editedFile("nested.weights.h5", change)
    try expectComplaint(complaint) { try model("nested.json", weights: file.path) }
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      (["delete", "tail"], "'tail' (Dense): its variable 'kernel' is missing"),
      (
        ["delete", "shared/inner_norm/gamma:0"],
        "'shared/inner_norm' (BatchNormalization): its variable 'gamma' is missing"
      ),
      (
        ["attribute", ".", "layer_names", "shared", "deep"],
        "'tail' (Dense): its variable 'kernel' is missing"
      ),
      (
        ["attribute", ".", "layer_names", "a", "tail", "shared", "deep"], "the layers in another order: tail"
      ),
      (["attribute", "joined", "weight_names", "x:0"], "layer 'joined' (Concatenate): needs 0 variables"),
      (["attribute", ".", "layer_names", "a", "shared", "deep", "tail", "shared"], "twice"),
      (
        ["attribute", "tail", "weight_names", "tail/bias:0", "tail/kernel:0"],
        "has 'tail/bias:0' in the place of its variable 'kernel'"
      ),
      (
        [
          "attribute", "shared", "weight_names", "inner_last/kernel:0", "inner_last/bias:0",
          "inner_norm/gamma:0",
          "inner_norm/beta:0", "inner_first/kernel:0", "inner_first/bias:0", "inner_norm/moving_mean:0",
          "inner_norm/moving_variance:0", "inner_frozen/kernel:0", "inner_frozen/bias:0",
        ],
        "'shared/inner_first' (Dense): has the variable 'inner_last/kernel:0' of the layer 'inner_last'"
      ),
      (["reshape", "tail/tail/bias:0"], "[2,1]"),
    ]) func misfitsInFilesOfKeras2AreNamed(change: [String], complaint: String) throws
  {
    let file = try editedFile("nested.keras2-weights.h5", change)
    try expectComplaint(complaint) { try model("nested.keras2.json", weights: file.path) }
  }

  @Test func weightsOfAnotherModelAreRefused() {
    for weights in ["sequential.keras", "sequential.keras2.h5", "sequential.weights.h5"] {
      let error = #expect(throws: ModelError.self) { try graph(model("nested.json", weights: weights)) }
      #expect(error?.message == "the weights do not fit the model")
      #expect((error?.notes.count ?? 0) > 10)
    }
  }

  @Test(.needsPeer(.check)) func narrowerWeightsAreWidened() throws {
    let file = try editedFile("nested.weights.h5", ["half"])
    let narrow = try variables(of: graph(model("nested.json", weights: file.path)))
    let wide = try variables(of: graph(model("nested.json", weights: "nested.weights.h5")))
    #expect(narrow == wide.mapValues { $0.map { Float(Float16($0)) } })
  }

  private func editedFile(_ name: String, _ change: [String]) throws -> (
    folder: TemporaryFolder, path: String
  ) {
    let folder = try TemporaryFolder()
    let path = folder.path("edited.h5")
    try Peer.check.run("edit_hdf5.py", [TestModel.path(name), path] + change)
    return (folder, path)
  }

  private func expectComplaint(_ complaint: String, _ make: () throws -> KerasModel) throws {
    let error = #expect(throws: ModelError.self) { try graph(make()) }
    #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
  }
}
