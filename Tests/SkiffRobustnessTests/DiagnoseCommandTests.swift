import Foundation
import SkiffTestSupport
import Testing

/// What `skiff diagnose` prints, writes and ends with.
@Suite struct DiagnoseCommandTests {
  private static let model = TestModel.path("torch.opset17.onnx")
  private static let samples = TestModel.path("calibration.nchw.npz")

  private func skiff(_ arguments: String...) throws -> ProcessResult {
    try processResult(Product.path("skiff"), arguments)
  }

  @Test(arguments: ["out.skiff", "out.tflite"]) func aCompressedFileIsDiagnosed(name: String) throws {
    let folder = try TemporaryFolder()
    let (output, page) = (folder.path(name), folder.path("page.html"))
    let compressed = try skiff(
      "compress", Self.model, "-o", output, "--calibrate", Self.samples, "--recipe", "int8", "--report", page)
    #expect(compressed.exitCode == 0, "\(compressed.errorOutput)")
    #expect(
      try String(contentsOfFile: page, encoding: .utf8).contains("Operators by the precision they cost"))
    let other = folder.path("other.html")
    let result = try skiff("diagnose", Self.model, output, "--data", Self.samples, "--report", other)
    #expect(result.exitCode == 0, "\(result.errorOutput)")
    #expect(result.output.contains("SQNR dB") && result.output.contains("output 'scores'"))
    #expect(try String(contentsOfFile: other, encoding: .utf8).hasPrefix("<!DOCTYPE html>"))
    let json = try skiff("diagnose", Self.model, output, "--json")
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect((object?["operators"] as? [Any])?.isEmpty == false)
  }

  /// Outputs have names where values inside have none.
  @Test func aFileWithoutNamesIsDiagnosedByItsOutputs() throws {
    let folder = try TemporaryFolder()
    let output = folder.path("out.skiff")
    let compressed = try skiff(
      "compress", Self.model, "-o", output, "--calibrate", Self.samples, "--recipe", "int8", "--strip")
    #expect(compressed.exitCode == 0, "\(compressed.errorOutput)")
    let result = try skiff("diagnose", Self.model, output, "--data", Self.samples)
    #expect(result.exitCode == 0 && result.output.contains("output 'scores'"), "\(result.errorOutput)")
  }

  @Test func samplesAreDiagnosed() throws {
    let result = try skiff("diagnose", Self.model, "--calibrate", Self.samples)
    #expect(result.exitCode == 0 && result.output.contains("samples"), "\(result.errorOutput)")
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    #expect(try skiff("diagnose", Self.model).exitCode == 64)
    #expect(
      try skiff("diagnose", Self.model, "--calibrate", Self.samples, "--data", Self.samples).exitCode == 64)
    #expect(try skiff("diagnose", Self.model, Self.model, "--runs", "0").exitCode == 64)
    #expect(try skiff("diagnose", Self.model, Self.samples).exitCode == 1)
  }
}
