import SkiffBinary
import SkiffNumPy
import SkiffTestSupport
import Testing

/// The stored models and the stored outputs belong together.
@Suite struct TestModelTests {
  @Test(arguments: [("sequential", 353), ("residual", 356), ("torch", 354)])
  func expectedScoresAreRightAsOftenAsTheReadmeSays(model: String, count: Int) throws {
    #expect(try TestModel.countRight(TestModel.expectedScores(model)) == count)
  }

  @Test func bothLayoutsHoldTheSameImages() throws {
    // One channel: the order of the points is the same.
    let (last, first) = try (
      TestModel.testImages(channelsLast: true), TestModel.testImages(channelsLast: false)
    )
    #expect(last.shape == [360, 8, 8, 1] && first.shape == [360, 1, 8, 8])
    #expect(last.bytes == first.bytes)
  }

  @Test(.needsPeer(.check), arguments: ["torch.opset13.onnx", "torch.opset17.onnx"])
  func onnxRuntimeComputesTheExpectedScores(file: String) throws {
    let outputs = try Peer.check.outputs(
      of: TestModel.path(file), under: "ort_run.py",
      inputs: [["image": TestModel.testImages(channelsLast: false)]])
    let scores: [Float] = try #require(outputs[0]["scores"]).elements()
    let difference = try FloatDifference(scores, from: TestModel.expectedScores("torch"))
    #expect(difference.errorOfRange < 1e-5, "\(difference)")
  }

  @Test(.needsPeer(.check), arguments: ["sequential", "residual"])
  func liteRTComputesTheExpectedScores(model: String) throws {
    let outputs = try Peer.check.outputs(
      of: TestModel.path("\(model).float.tflite"), under: "litert_run.py",
      inputs: [["0": TestModel.testImages(channelsLast: true)]])
    let scores: [Float] = try #require(outputs[0].values.first).elements()
    let difference = try FloatDifference(scores, from: TestModel.expectedScores(model))
    #expect(difference.errorOfRange < 1e-5, "\(difference)")
  }

  @Test(.needsPeer(.check), arguments: [("sequential", 353), ("residual", 356)])
  func theInt8ModelsAreRightAsOftenAsTheReadmeSays(model: String, count: Int) throws {
    // The converter gave the input the scale 1/255 and the zero point −128.
    let images: [Float] = try TestModel.testImages(channelsLast: true).elements()
    let quantized = images.map { Int8(($0 * 255).rounded() - 128) }
    let outputs = try Peer.check.outputs(
      of: TestModel.path("\(model).int8.tflite"), under: "litert_run.py",
      inputs: [["0": NumPyArray(quantized, shape: [360, 8, 8, 1])]])
    let scores: [Int8] = try #require(outputs[0].values.first).elements()
    #expect(try TestModel.countRight(scores) == count)
  }
}
