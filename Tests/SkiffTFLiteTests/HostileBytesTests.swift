import Foundation
import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

import SkiffTFLite

@Suite struct HostileBytesTests {
  let limits = Limits(structureSize: 1 << 22)

  /// Parses; anything but an error of ours fails the test or ends the process.
  private func parse(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try TFLiteModel(parsing: ByteRegion(bytes), limits: limits)
      return true
    } catch {
      return false
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = try TFLiteFiles.small.bytes()
    for count in 0..<bytes.count { #expect(!parse(Array(bytes[..<count])), "\(count) bytes") }
  }

  @Test(arguments: Seed.fixedAndFresh)
  func mutationsNeverCrash(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let original = try TFLiteFiles.small.bytes()
    var accepted = 0
    for _ in 0..<10_000 {
      if parse(original.mutated(Mutation.inPlace, using: &generator)) { accepted += 1 }
    }
    // Changes of data and padding are no errors; most others are.
    #expect(accepted > 100 && accepted < 9_900, "\(accepted)")
  }

  @Test func subgraphsThatRunEachOtherOftenAreRefused() throws {
    var model = TFLiteModel()
    let call = try #require(FlatSchema.tflite.enumerations["BuiltinOperator"]?.number(of: "CALL"))
    model.operatorCodes = [.init(builtin: call)]
    model.subgraphs = (0..<8).map { level in
      var subgraph = TFLiteModel.Subgraph()
      guard level < 7 else { return subgraph }
      var item = TFLiteModel.Operator()
      item.options = FlatObject("CallOptions", ["subgraph": .integer(level + 1)])
      subgraph.operators = [TFLiteModel.Operator](repeating: item, count: 64)
      return subgraph
    }
    var warnings: [Warning] = []
    let error = #expect(throws: ModelError.self) {
      try Importer.makeGraph(from: model, warnings: &warnings)
    }
    #expect(error?.code == .limitExceeded)
  }

  @Test(
    .needsModels(RealModelTests.integer + RealModelTests.real),
    arguments: ["split_concat", "hello_world_int8", "trained_lstm_int8", "micro_speech", "nmp", "emotion"],
    Seed.fixedAndFresh)
  func mutatedModelsBecomeGraphsOrErrors(name: String, seed: Seed) throws {
    let path = try RealModel.path(#require(TFLiteFiles.real.first { $0.contains(name) }))
    let original = try TFLiteModel(parsing: ByteRegion(mapping: path))
    // The data of constants is left out, so that most mutations hit the tables.
    var bare = original
    bare.buffers = original.buffers.map {
      $0.count <= 64 ? $0 : .data(ByteRegion([UInt8](repeating: 1, count: $0.count)))
    }
    let bytes = try bare.bytes()
    let tables = try #require(bytes.count > 4000 ? min(bytes.count, 20_000) : bytes.count)
    var generator = SeededGenerator(seed)
    for _ in 0..<(TestRun.isFull ? 1500 : 300) {
      let mutated = bytes.mutated(Mutation.inPlace, in: 0..<tables, using: &generator)
      guard let model = try? TFLiteModel(parsing: ByteRegion(mutated), limits: limits) else { continue }
      var warnings: [Warning] = []
      guard let graph = try? Importer.makeGraph(from: model, warnings: &warnings) else { continue }
      let folder = try TemporaryFolder()
      try? Runs.write(graph, to: folder.path("again.tflite"))
    }
  }

  @Test func aTableNamedManyTimesIsCountedManyTimes() throws {
    // A list of subgraphs, each element of which leads to the same one.
    let image = try FlatImage(
      FlatObject(
        "Model",
        [
          "version": .integer(3),
          "subgraphs": .objects([FlatObject](repeating: FlatObject("SubGraph"), count: 100_000)),
        ]), schema: .tflite)
    #expect(throws: ModelError.self) {
      try TFLiteModel(parsing: ByteRegion(image.head), limits: limits)
    }
    _ = try TFLiteModel(parsing: ByteRegion(image.head))
  }

  @Test func newerVersionsAndForeignBytesAreNamed() throws {
    var bytes = try TFLiteFiles.small.bytes()
    bytes.replaceSubrange(4..<8, with: Array("TFL4".utf8))
    let error = #expect(throws: ModelError.self) { try TFLiteModel(parsing: ByteRegion(bytes)) }
    #expect(error?.code == .malformed)
    #expect(error?.description.contains("TFL3") == true)
  }

  @Test func numbersThatReferToNothingAreRefused() throws {
    var cases: [(String, TFLiteModel)] = []
    var model = TFLiteFiles.small
    model.subgraphs[0].operators[0].inputs[0] = 4
    cases.append(("takes tensor 4", model))
    model = TFLiteFiles.small
    model.subgraphs[0].operators[1].outputs[0] = -1
    cases.append(("writes tensor -1", model))
    model = TFLiteFiles.small
    model.subgraphs[0].operators[1].code = 2
    cases.append(("operator code 2", model))
    model = TFLiteFiles.small
    model.subgraphs[0].tensors[1].buffer = 3
    cases.append(("buffer 3", model))
    model = TFLiteFiles.small
    model.subgraphs[0].outputs = [7]
    cases.append(("tensor 7", model))
    model = TFLiteFiles.small
    model.signatures[0].subgraph = 1
    cases.append(("subgraph 1", model))
    model = TFLiteFiles.small
    model.metadata[0].buffer = 3
    cases.append(("buffer 3", model))
    model = TFLiteFiles.small
    model.subgraphs[0].tensors[0].shapeSignature = [-1]
    cases.append(("signature", model))
    for (message, model) in cases {
      let bytes = ByteRegion(try model.bytes())
      let error = #expect(throws: ModelError.self) { try TFLiteModel(parsing: bytes) }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
  }
}
