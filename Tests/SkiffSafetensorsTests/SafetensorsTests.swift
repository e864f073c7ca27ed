import Foundation
import SkiffBinary
import SkiffIR
import SkiffSafetensors
import SkiffTestSupport
import Testing

@Suite struct SafetensorsTests {
  private func graph(_ bytes: [UInt8]) throws -> Graph {
    try Importer.makeGraph(from: SafetensorsFile(parsing: ByteRegion(bytes)))
  }

  @Test func tensorsAreOutputsOfTheirNamesInTheOrderOfTheFile() throws {
    var random = SeededGenerator(Seed(1))
    let bytes = SafetensorsBytes.checkpoint(using: &random)
    let file = try SafetensorsFile(parsing: ByteRegion(bytes))
    #expect(file.metadata == ["format": "pt"])
    let graph = try graph(bytes)
    try graph.verify()
    #expect(graph.outputs.map(\.name) == ["a.weight", "a.bias", "b.weight", "c.weight", "none", "steps"])
    let types = graph.outputs.map { graph[$0.value].type?.description }
    #expect(types == ["f32[24,40]", "f32[24]", "f16[20,40]", "bf16[8,3,33]", "f64[0,3]", "i64[]"])
    #expect(graph.outputs.allSatisfy { graph[$0.value].constant?.bytes.offset ?? 0 > 8 })
  }

  @Test func theOrderOfTheHeaderMakesNoDifference() throws {
    let header = """
      {"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"empty":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},\
      "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}
      """
    let graph = try graph(SafetensorsBytes.file(header: header, [1, 2, 3]))
    #expect(graph.outputs.map(\.name) == ["a", "empty", "b"])
    #expect(try graph[graph.outputs[2].value].constant?.materialize().integers() == [2, 3])
  }

  /// A file that breaks a rule, and what is said of it.
  static let defects: [(String, [UInt8], [String])] = [
    ("{}", [1], ["1 bytes belong to no tensor"]),
    ("[]", [], ["does not begin with a brace"]),
    (" {}", [], ["does not begin with a brace"]),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
      [1], ["two members 'a'"]
    ),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, [1, 2], ["'a'", "behind a hole"]),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
      [1, 2, 3], ["'b'", "inside another tensor"]
    ),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, [1], ["'a'", "beyond the end"]),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, [1, 2], ["1 bytes belong to no tensor"]),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, [1, 2, 3, 4],
      ["'a'", "does not fit 4 bytes"]
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, [],
      ["'a'", "impossible shape"]
    ),
    (#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#, [1], ["'a'", "has no shape"]),
    (#"{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#, [1], ["'a'", "has no shape"]),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}"#, [1], ["'a'", "data_offsets"]),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#, [1], ["'a'", "data_offsets"]),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9223372036854775807]}}"#, [1],
      ["'a'", "beyond the end"]
    ),
    (#"{"a":{"shape":[1],"data_offsets":[0,1]}}"#, [1], ["'a'", "no dtype"]),
    (#"{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}"#, [1], ["'a'", "the type 'F4'"]),
    (#"{"a":7}"#, [], ["'a'", "not a tensor"]),
    (#"{"__metadata__":{"a":1}}"#, [], ["__metadata__", "not a text"]),
    (#"{"__metadata__":[]}"#, [], ["__metadata__", "not an object"]),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#, [1], ["ends too early"]),
  ]

  @Test(arguments: defects.indices) func defectsAreNamed(index: Int) throws {
    let (header, data, words) = Self.defects[index]
    let error = #expect(throws: ModelError.self) {
      try graph(SafetensorsBytes.file(header: header, data))
    }
    let text = error?.description ?? ""
    #expect(words.allSatisfy(text.contains), "\(header): \(text)")
  }

  @Test func headersThatAreTooLongOrCutOffAreRefused() throws {
    let long = withUnsafeBytes(of: UInt64(100_000_001).littleEndian) { Array($0) } + Array("{}".utf8)
    #expect(throws: ModelError.self) { try graph(long) }
    #expect(!SafetensorsFile.recognizes(ByteRegion(long)))
    var random = SeededGenerator(Seed(2))
    let whole = SafetensorsBytes.checkpoint(using: &random)
    for count in 0..<whole.count {
      #expect(throws: ModelError.self) { try graph(Array(whole.prefix(count))) }
    }
  }

  // MARK: An index

  private func checkpoint(
    _ index: String, _ files: [String: [UInt8]], warnings: inout [Warning]
  ) throws -> Graph {
    let folder = try TemporaryFolder()
    let path = folder.path("model.safetensors.index.json")
    try Data(index.utf8).write(to: URL(fileURLWithPath: path))
    for (name, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: folder.path(name))) }
    return try Importer.makeGraph(
      from: SafetensorsIndex(parsing: ByteRegion(mapping: path)), besidePath: path, warnings: &warnings)
  }

  private static let one = SafetensorsBytes.file([.init("a", "U8", [1], [1]), .init("c", "U8", [1], [3])])
  private static let two = SafetensorsBytes.file([.init("b", "U8", [1], [2])])

  @Test func anIndexJoinsItsFiles() throws {
    var warnings: [Warning] = []
    let files = ["1.safetensors": Self.one, "2.safetensors": Self.two]
    let index =
      #"{"metadata":{"total_size":3},"weight_map":{"b":"2.safetensors","a":"1.safetensors","c":"1.safetensors"}}"#
    let graph = try checkpoint(index, files, warnings: &warnings)
    #expect(graph.outputs.map(\.name) == ["a", "c", "b"] && warnings.isEmpty)
    // What no index lists is left out, not without a word.
    let part = try checkpoint(
      #"{"weight_map":{"b":"2.safetensors","a":"1.safetensors"}}"#, files, warnings: &warnings)
    #expect(part.outputs.map(\.name) == ["a", "b"])
    #expect(warnings.map(\.message) == ["the index does not list 'c' of '1.safetensors', which are left out"])
  }

  @Test(arguments: [
    (#"{"weight_map":{"a":"1.safetensors","x":"1.safetensors"}}"#, "tensor 'x': is not in '1.safetensors'"),
    (#"{"weight_map":{"a":"none.safetensors"}}"#, "cannot open a shard"),
    (#"{"weight_map":{"a":"../1.safetensors"}}"#, "leads upwards"),
    (#"{"weight_map":{"a":"/etc/passwd"}}"#, "is absolute"),
    (#"{"weight_map":{"a":"model.safetensors.index.json"}}"#, "model.safetensors.index.json"),
    (#"{"weight_map":{"a":1}}"#, "tensor 'a': is in 1"),
    (#"{"weight_map":[]}"#, "no 'weight_map'"), ("{}", "no 'weight_map'"),
    (#"{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}"#, "two members 'a'"),
  ]) func indexesThatLeadAstrayAreRefused(index: String, words: String) throws {
    var warnings: [Warning] = []
    let error = #expect(throws: ModelError.self) {
      try checkpoint(index, ["1.safetensors": Self.one], warnings: &warnings)
    }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: Seed.fixedAndFresh) func damagedIndexesAreReadOrRefused(seed: Seed) throws {
    var random = SeededGenerator(seed)
    let folder = try TemporaryFolder()
    let path = folder.path("model.safetensors.index.json")
    try Data(Self.one).write(to: URL(fileURLWithPath: folder.path("1.safetensors")))
    let index = Array(
      #"{"metadata":{"total_size":3},"weight_map":{"a":"1.safetensors","c":"1.safetensors"}}"#.utf8)
    var accepted = 0
    for round in 0..<4000 {
      let kinds = round % 2 == 0 ? Mutation.ofText : Mutation.allCases
      let region = ByteRegion(index.mutated(kinds, using: &random))
      var warnings: [Warning] = []
      do throws(ModelError) {
        _ = try Importer.makeGraph(
          from: SafetensorsIndex(parsing: region), besidePath: path, warnings: &warnings)
        accepted += 1
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
    #expect(accepted > 100)
  }

  // MARK: The reference

  /// Reads what the safetensors package wrote, and accepts no damaged file that it refuses.
  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func theReferenceReadsTheSame(seed: Seed) throws {
    var random = SeededGenerator(seed)
    let folder = try TemporaryFolder()
    try Peer.check.run(
      "safetensors_files.py", ["write", folder.path("peer.safetensors"), String(seed.value % 1000)])
    let written = try ByteRegion(mapping: folder.path("peer.safetensors"))
    var cases = [written.withBytes { Array($0) }]
    let headerCount = Int(try written.load(at: 0, as: UInt64.self))
    for round in 0..<2000 {
      let kinds = round % 3 == 0 ? Mutation.allCases : Mutation.ofText
      cases.append(cases[0].mutated(kinds, in: 0..<8 + headerCount, using: &random))
    }
    for (index, bytes) in cases.enumerated() {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.path("\(index).bin")))
    }
    let lines = try Peer.check.run("safetensors_files.py", ["read", folder.path(""), "\(cases.count)"])
      .split(separator: "\n", omittingEmptySubsequences: false)
    var (both, ours) = (0, 0)
    for (index, bytes) in cases.enumerated() {
      guard let graph = try? graph(bytes) else {
        #expect(index > 0)
        continue
      }
      ours += 1
      let tensors = graph.outputs.compactMap { output -> String? in
        guard let constant = graph[output.value].constant else { return nil }
        return
          "\(hexadecimal(Array(output.name.utf8))) \(constant.shape) \(hexadecimal(constant.bytes.withBytes { Array($0) }))"
      }
      let expected = lines[index]
      #expect(expected != "refused", "case \(index)")
      if expected == tensors.sorted().joined(separator: ";") { both += 1 }
    }
    #expect(both == ours && both > 20, "\(both) of \(ours)")
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
