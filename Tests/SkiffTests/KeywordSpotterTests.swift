import Skiff
import SkiffCompression
import SkiffIR
import SkiffTestSupport
import Testing

/// The whole main job on a model that other people made.
@Suite(.needsPeer(.check), .needsModels(RealModelConversion.keywordModel, "eembc-kws01/kws01"))
struct KeywordSpotterTests {
  private func quantized(
    to path: String, calibratedOn range: Range<Int> = 0..<100
  ) throws -> Model {
    let (keywords, _) = try RealModelConversion.keywords()
    var model = try Model(contentsOf: keywords.path)
    let report = try model.compress(.int8(calibratedOn: keywords.samples(range)))
    #expect(report.floatNodes.isEmpty)
    try model.write(to: path)
    return model
  }

  @Test func theInt8FileEqualsLiteRTInEveryElement() throws {
    let (keywords, _) = try RealModelConversion.keywords()
    let folder = try TemporaryFolder()
    _ = try quantized(to: folder.path("kws.tflite"))
    _ = try quantized(to: folder.path("kws.skiff"))
    let expected = try keywords.peerOutputs(
      of: folder.path("kws.tflite"), 100..<500, under: "litert_run.py",
      options: ["--resolver", "BUILTIN_REF"])
    #expect(try keywords.outputs(of: folder.path("kws.tflite"), 100..<500) == expected)
    #expect(try keywords.outputs(of: folder.path("kws.skiff"), 100..<500) == expected)
  }

  @Test func noTranspositionIsLeft() throws {
    let folder = try TemporaryFolder()
    #expect(try quantized(to: folder.path("kws.tflite")).transpositions.isEmpty)
  }

  @Test func theCertificateHolds() throws {
    let (keywords, _) = try RealModelConversion.keywords()
    let folder = try TemporaryFolder()
    let model = try quantized(to: folder.path("kws.tflite"))
    let certificate = try Certificate(
      of: model, writtenTo: folder.path("kws.tflite"), samples: keywords.samples(0..<16))
    #expect(certificate.holds && certificate.isLowerPrecision, "\(certificate.failures)")
  }

  @Test func aCertificateFailsForAnotherModelsFile() throws {
    let (keywords, _) = try RealModelConversion.keywords()
    let folder = try TemporaryFolder()
    let model = try quantized(to: folder.path("kws.tflite"))
    _ = try quantized(to: folder.path("other.tflite"), calibratedOn: 0..<3)
    let certificate = try Certificate(
      of: model, writtenTo: folder.path("other.tflite"), samples: keywords.samples(0..<16))
    #expect(!certificate.holds)
  }
}
