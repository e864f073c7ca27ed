import Foundation
import SkiffBinary
import SkiffNumPy
import SkiffTestSupport
import Testing

import SkiffTFLite

@Suite struct SchemaRoundTripTests {
  @Test func aSmallModelSurvives() throws {
    let model = TFLiteFiles.small
    let bytes = try model.bytes()
    #expect(TFLiteModel.recognizes(ByteRegion(bytes)))
    #expect(try TFLiteModel(parsing: ByteRegion(bytes)) == model)
    #expect(try model.bytes() == bytes)
  }

  @Test func dataBehindTheTablesIsTheSame() throws {
    let model = TFLiteFiles.small
    let bytes = try model.bytes(largestImage: 0)
    #expect(try bytes != model.bytes())
    #expect(try TFLiteModel(parsing: ByteRegion(bytes)) == model)
  }

  @Test(.needsModels(TFLiteFiles.real), arguments: TFLiteFiles.real)
  func realModelsSurvive(name: String) throws {
    let model = try TFLiteModel(parsing: ByteRegion(mapping: RealModel.path(name)))
    let bytes = try model.bytes()
    #expect(try TFLiteModel(parsing: ByteRegion(bytes)) == model)
    let outside = try model.bytes(largestImage: 0)
    #expect(try TFLiteModel(parsing: ByteRegion(outside)) == model)
  }

  @Test(.needsPeer(.check), .needsModels(TFLiteFiles.real[6], TFLiteFiles.real[8], TFLiteFiles.real[13]))
  func liteRTComputesTheSameFromWhatWeWrite() throws {
    for index in [6, 8, 13] {
      let path = try RealModel.path(TFLiteFiles.real[index])
      let model = try TFLiteModel(parsing: ByteRegion(mapping: path))
      let folder = try TemporaryFolder()
      for (name, largest) in [("inside", FlatImage.largestSize), ("outside", 0)] {
        var file = try OutputFile(path: folder.path(name))
        try model.write(to: &file, largestImage: largest)
        try file.commit()
        try Peer.check.run("tflite_same.py", [path, folder.path(name)])
      }
    }
  }

  @Test(.enabled("needs flatc") { TestRun.requiresPeers || FlatSchemaSource.compiler != nil })
  func flatcReadsWhatWeWrite() throws {
    let compiler = try #require(FlatSchemaSource.compiler)
    let folder = try TemporaryFolder()
    try Data(TFLiteFiles.small.bytes()).write(to: URL(fileURLWithPath: folder.path("small.tflite")))
    try runProcess(
      compiler,
      [
        "--json", "--strict-json", "-o", folder.path(""), Checkout.path("Schemas/tflite.fbs"), "--",
        folder.path("small.tflite"),
      ])
    let text = try String(contentsOfFile: folder.path("small.json"), encoding: .utf8)
    for part in ["\"description\": \"small\"", "FullyConnectedOptions", "ReduceWindowOptions", "\"STABLEHLO"]
    {
      #expect(text.contains(part) == !part.hasSuffix("STABLEHLO"), "\(part)")
    }
  }
}
