import Foundation
import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffTestSupport
import Testing

/// Checkpoints: weights without a graph that computes with them.
@Suite struct CheckpointTests {
  /// A checkpoint in one file, and in two with an index.
  private func write(in folder: TemporaryFolder) throws -> [String] {
    var random = SeededGenerator(Seed(3))
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.path(name)))
      return folder.path(name)
    }
    let whole = SafetensorsBytes.checkpoint(using: &random)
    let more = SafetensorsBytes.file([.init("more", "F32", [8, 40], (0..<1280).map { UInt8($0 % 50) })])
    let names = ["a.weight", "a.bias", "b.weight", "c.weight", "none", "steps"]
    let places = names.map { "\"\($0)\":\"1.safetensors\"" } + ["\"more\":\"2.safetensors\""]
    _ = try write("1.safetensors", whole)
    _ = try write("2.safetensors", more)
    return [
      try write("whole.safetensors", whole),
      try write(
        "model.safetensors.index.json", "{\"weight_map\":{\(places.joined(separator: ","))}}".utf8),
    ]
  }

  @Test func checkpointsAreCompressedAndReadBack() throws {
    let folder = try TemporaryFolder()
    for (path, count) in zip(try write(in: folder), [6, 7]) {
      for text in [
        "weights: {integers: {bits: 4, per: block 32}}",
        "weights: {integers: {bits: 4, per: block 8, symmetric: false}}",
        "weights: {integers: {bits: 8}}", "weights: {palette: {bits: 3}}",
        "weights: {prune: {sparsity: 0.5}}",
        "weights: {float: float16}",
      ] {
        guard let recipe = try? Recipe(yaml: "skiff: 1\nsteps:\n  - \(text)\n", name: "test") else {
          Issue.record("\(text)")
          continue
        }
        var model = try Model(contentsOf: path)
        #expect(model.graph.outputs.count == count)
        let source = model.graph
        let report = try model.compress(recipe.compression(on: nil))
        #expect(
          Set(report.weights.map(\.name)).isSuperset(of: ["a.weight", "b.weight", "c.weight"]), "\(text)")
        try model.write(to: folder.path("out.skiff"))
        let certificate = try Certificate(of: model, writtenTo: folder.path("out.skiff"))
        #expect(certificate.holds && certificate.exactTensors == count, "\(text): \(certificate.failures)")
        let written = try Model(contentsOf: folder.path("out.skiff"))
        try written.verifyContents()
        #expect(try written.graph.semanticDigest() == model.graph.semanticDigest())
        for (mine, original) in zip(written.graph.outputs, source.outputs) {
          #expect(mine.name == original.name)
          #expect(written.graph[mine.value].type == source[original.value].type)
        }
      }
    }
  }

  @Test func aDamagedCopyIsNoticed() throws {
    let folder = try TemporaryFolder()
    var model = try Model(contentsOf: try write(in: folder)[0])
    try model.write(to: folder.path("plain.skiff"))
    try model.compress(
      Recipe.preset("int4-weights")?.compression(on: nil) ?? Compression([], description: ""))
    let certificate = try Certificate(of: model, writtenTo: folder.path("plain.skiff"))
    #expect(!certificate.holds && certificate.exactTensors == 3)
    #expect(certificate.failures.first?.contains("'a.weight'") == true)
  }

  @Test func theCommandKeepsToItsMemoryAndSaysThatNothingRan() throws {
    let folder = try TemporaryFolder()
    // 64 million weights: 256 MB, which one thread of a plain program would hold three times.
    let count = 1 << 26
    let header = #"{"w":{"dtype":"F32","shape":[8192,8192],"data_offsets":[0,\#(4 * count)]}}"#
    var bytes = Data(SafetensorsBytes.file(header: header))
    var random = SeededGenerator(Seed(4))
    let pool = random.floats(1 << 16)
    let piece = pool.withUnsafeBytes { Data($0) }
    for _ in 0..<count / pool.count { bytes += piece }
    try bytes.write(to: URL(fileURLWithPath: folder.path("large.safetensors")))
    bytes = Data()
    let result = try processResult(
      Product.path("skiff"),
      [
        "compress", folder.path("large.safetensors"), "-o", folder.path("out.skiff"), "--recipe",
        "int4-weights",
        "--max-memory", "100M",
      ])
    #expect(result.exitCode == 0, "\(result.ending): \(result.output)\(result.errorOutput)")
    #expect(result.output.contains("certificate: holds on its tensors, with which nothing computes"))
    #expect(result.output.contains("bit for bit, in 1 tensors; nothing was run"))
    #expect(result.output.contains("'w': \(count) weights, 4 bits"))
    #expect(try folder.contents() == ["large.safetensors", "out.skiff"])
    let check = try processResult(
      Product.path("skiff"), ["check", folder.path("out.skiff"), "--max-memory", "100M"])
    #expect(check.exitCode == 0, "\(check.output)\(check.errorOutput)")
  }
}
