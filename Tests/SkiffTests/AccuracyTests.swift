import Skiff
import SkiffIR
import SkiffTestSupport
import Testing

/// What int8 costs on labelled data: the median of five draws of calibration samples.
@Suite struct AccuracyTests {
  @Test(.needsModels(RealModelConversion.keywordModel, "eembc-kws01/kws01"))
  func keywordsLoseAtMostTwoOf400() throws {
    let (keywords, labels) = try RealModelConversion.keywords()
    let all = Array(0..<500)
    var generator = SeededGenerator(Seed(0x5eed))
    // The first hundred, and four random hundreds of the 500; the 400 others are scored.
    let draws = [Array(all[..<100])] + (0..<4).map { _ in Array(all.shuffled(using: &generator)[..<100]) }
    try expectLoss(
      atMost: 2, source: keywords.path,
      draws: draws.map { draw in
        let scored = all.filter { !Set(draw).contains($0) }
        return Draw(
          calibration: Samples([keywords.input: try keywords.rows(draw)]),
          scored: Samples([keywords.input: try keywords.rows(scored)]), labels: scored.map { labels[$0] })
      })
  }

  @Test(.needsModels("moonflower-mnist/mnist_model.h5", Digits.imagesFile, Digits.labelsFile))
  func digitsLoseAtMostEightOf4000() throws {
    let scored = Samples(["input_layer": try Digits.images(1000..<5000, scale: 1 / 255)])
    let labels = try Digits.labels(1000..<5000)
    try expectLoss(
      atMost: 8, source: RealModel.path("moonflower-mnist/mnist_model.h5"),
      draws: (0..<5).map { draw in
        let images = try Digits.images(draw * 100..<(draw + 1) * 100, scale: 1 / 255)
        return Draw(calibration: Samples(["input_layer": images]), scored: scored, labels: labels)
      })
  }

  private struct Draw {
    let calibration: Samples
    let scored: Samples
    let labels: [Int]
  }

  private func expectLoss(atMost bound: Int, source: String, draws: [Draw]) throws {
    let losses = try draws.map { draw in
      let model = try Model(contentsOf: source)
      var quantized = model
      try quantized.compress(.int8(calibratedOn: draw.calibration))
      let right = try [model, quantized].map { model in
        RealModelConversion.countRight(
          try model.outputs(for: draw.scored, batchSize: 1)[0].tensor.floats(), draw.labels)
      }
      print("\(source): float \(right[0]), int8 \(right[1]) of \(draw.labels.count)")
      return right[0] - right[1]
    }
    #expect(losses.sorted()[2] <= bound, "\(losses)")
  }
}
