import Foundation
import Skiff
import SkiffTestSupport
import Testing

/// What `skiff compress` writes, prints and ends with.
@Suite struct CompressCommandTests {
  private static let model = TestModel.path("torch.opset17.onnx")
  private static let samples = TestModel.path("calibration.nchw.npz")

  private func compress(_ folder: TemporaryFolder, _ arguments: String...) throws -> ProcessResult {
    try processResult(
      Product.path("skiff"),
      ["compress", Self.model, "-o", folder.path("out.skiff"), "--calibrate", Self.samples] + arguments)
  }

  private func size(_ path: String) throws -> Int { try Data(contentsOf: URL(fileURLWithPath: path)).count }

  @Test(arguments: Recipe.presets) func presetsMakeModelsSmaller(preset: String) throws {
    let folder = try TemporaryFolder()
    let result = try compress(folder, "--recipe", preset)
    #expect(result.exitCode == 0, "\(result.ending): \(result.output)\(result.errorOutput)")
    #expect(result.output.contains("certificate: holds"))
    #expect(try size(folder.path("out.skiff")) < size(Self.model) * 3 / 5)
  }

  @Test func aDryRunWritesNothing() throws {
    let folder = try TemporaryFolder()
    for arguments in [["--dry-run"], ["--dry-run", "--strip"], ["--dry-run", "--no-check"]] {
      let result = try processResult(
        Product.path("skiff"),
        ["compress", Self.model, "-o", folder.path("out.skiff"), "--recipe", "int4-weights"] + arguments)
      #expect(result.exitCode == 0 && result.errorOutput.isEmpty, "\(result.errorOutput)")
      #expect(result.output.contains("4 bits") && !result.output.contains("certificate"))
      #expect(try folder.contents().isEmpty)
    }
    // What was there before stays.
    try Data("before".utf8).write(to: folder.url.appending(path: "out.skiff"))
    #expect(try compress(folder, "--recipe", "int8", "--dry-run").exitCode == 0)
    #expect(try String(contentsOfFile: folder.path("out.skiff"), encoding: .utf8) == "before")
  }

  @Test func theRecipeIsShown() throws {
    let result = try compress(TemporaryFolder(), "--recipe", "small", "--show-recipe", "--dry-run")
    let text = try #require(Recipe.presetText("small"))
    #expect(result.exitCode == 0 && result.output.hasPrefix(text))
  }

  @Test func withoutNamesFilesAreSmaller() throws {
    let (named, nameless) = (try TemporaryFolder(), try TemporaryFolder())
    #expect(try compress(named, "--recipe", "small").exitCode == 0)
    #expect(try compress(nameless, "--recipe", "small", "--strip").exitCode == 0)
    #expect(try size(nameless.path("out.skiff")) < size(named.path("out.skiff")))
    let (left, right) = (
      try Model(contentsOf: named.path("out.skiff")), try Model(contentsOf: nameless.path("out.skiff"))
    )
    let samples = try Samples(contentsOf: Self.samples)
    #expect(try left.outputs(for: samples).map(\.tensor) == right.outputs(for: samples).map(\.tensor))
  }

  /// A file that is no smaller than its source stays to be looked at, but is no success.
  @Test func whatIsNotSmallerIsToldOf() throws {
    let folder = try TemporaryFolder()
    #expect(try compress(folder, "--recipe", "smallest", "--strip").exitCode == 0)
    let again = folder.path("again.tflite")
    let result = try processResult(
      Product.path("skiff"),
      ["compress", folder.path("out.skiff"), "-o", again, "--recipe", folder.path("r.recipe")])
    #expect(result.exitCode == 1)
    try Data("skiff: 1\nsteps: [weights: {float: bfloat16}]".utf8).write(
      to: folder.url.appending(path: "r.recipe"))
    let larger = try processResult(
      Product.path("skiff"),
      ["compress", folder.path("out.skiff"), "-o", again, "--recipe", folder.path("r.recipe")])
    #expect(larger.exitCode == 2, "\(larger.ending): \(larger.output)\(larger.errorOutput)")
    #expect(larger.errorOutput.contains("again.tflite' is not smaller than its source"))
    #expect(try folder.contents() == ["again.tflite", "out.skiff", "r.recipe"])
  }

  @Test func aCertificateThatDoesNotHoldIsToldOf() throws {
    let folder = try TemporaryFolder()
    let result = try compress(folder, "--recipe", "small", "--min-sqnr", "99")
    #expect(
      result.exitCode == 2 && result.output.contains("certificate: FAILS"),
      "\(result.output)\(result.errorOutput)")
  }

  @Test func programsGetJSON() throws {
    let folder = try TemporaryFolder()
    let result = try compress(folder, "--recipe", "smallest", "--json")
    let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    let size = try size(folder.path("out.skiff"))
    #expect(result.exitCode == 0 && report?["outputBytes"] as? Int == size)
    let compression = report?["compression"] as? [String: Any]
    #expect(compression?["quantizedNodes"] as? Int ?? 0 > 0)
    let weights = compression?["weights"] as? [[String: Any]] ?? []
    #expect(!weights.isEmpty && weights.allSatisfy { $0["coding"] as? String == "4 bits" })
    let dry = try compress(folder, "--recipe", "smallest", "--json", "--dry-run")
    let alone = try JSONSerialization.jsonObject(with: Data(dry.output.utf8)) as? [String: Any]
    #expect(alone?["bytesAfter"] as? Int == compression?["bytesAfter"] as? Int)
  }

  /// Samples that are all alike say little, which a warning says.
  @Test func samplesThatAreAllAlikeAreToldOf() throws {
    let folder = try TemporaryFolder()
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 8, 8), }"
    let padded = header + String(repeating: " ", count: 117 - header.count) + "\n"
    let zeros = [UInt8](repeating: 0, count: 256)
    try Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8) + zeros).write(
      to: folder.url.appending(path: "s.npy"))
    let result = try processResult(
      Product.path("skiff"),
      [
        "compress", Self.model, "-o", folder.path("out.skiff"), "--recipe", "int8-accurate", "--calibrate",
        folder.path("s.npy"), "--check-samples", Self.samples,
      ])
    #expect(
      result.errorOutput.contains("every calibration sample is 0.0 throughout"), "\(result.errorOutput)")
    #expect(try folder.contents() == ["out.skiff", "s.npy"])
  }

  @Test func theSourceIsNotReplaced() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.onnx")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Self.model))
    try bytes.write(to: URL(fileURLWithPath: path))
    try FileManager.default.createSymbolicLink(atPath: folder.path("link.onnx"), withDestinationPath: path)
    for output in [path, folder.path("link.onnx")] {
      for command in [
        ["compress", path, "-o", output, "--recipe", "int4-weights"], ["convert", path, "-o", output],
      ] {
        let result = try processResult(Product.path("skiff"), command)
        #expect(result.exitCode == 1 && result.errorOutput.contains("would replace its source"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
      }
    }
  }

  /// Samples, pages and recipes as little as the model.
  @Test func nothingThatIsReadIsReplaced() throws {
    let folder = try TemporaryFolder()
    let (model, samples) = (folder.path("model.onnx"), folder.path("samples.npz"))
    try Data(contentsOf: URL(fileURLWithPath: Self.model)).write(to: URL(fileURLWithPath: model))
    try Data(contentsOf: URL(fileURLWithPath: Self.samples)).write(to: URL(fileURLWithPath: samples))
    let (output, recipe) = (folder.path("out.skiff"), folder.path("recipe.yaml"))
    try Data(try #require(Recipe.presetText("int8")).utf8).write(to: URL(fileURLWithPath: recipe))
    let compress = ["compress", model, "-o", output, "--recipe", recipe, "--calibrate", samples]
    func files() throws -> [Data] {
      try folder.contents().map { try Data(contentsOf: URL(fileURLWithPath: folder.path($0))) }
    }
    for command in [
      compress + ["--report", model], compress + ["--report", samples], compress + ["--report", recipe],
      compress + ["--report", output], compress + ["--max-size", "1M", "--data", samples, "--pareto", model],
      compress + ["--max-size", "1M", "--data", samples, "--pareto", "a.csv", "--save-recipe", "a.svg"],
      compress + ["--max-size", "1M", "--data", samples, "--journal", samples],
      ["diagnose", model, "--calibrate", samples, "--report", samples],
      ["run", model, "--input", samples, "--output", samples],
    ] {
      let before = try files()
      let result = try processResult(Product.path("skiff"), command)
      #expect(
        result.exitCode == 1 && result.errorOutput.contains(" would "), "\(command): \(result.errorOutput)")
      #expect(try files() == before)
    }
  }
}
