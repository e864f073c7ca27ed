import Foundation
import Skiff
import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

/// The smallest file at a loss, and the best one of a size.
@Suite struct CompressionSearchTests {
  private static let calibration = TestModel.path("calibration.nchw.npz")

  private func model() throws -> Model { try Model(contentsOf: TestModel.path("torch.opset17.onnx")) }

  private func search(
    _ budget: CompressionSearch.Budget, _ measure: Measure = .error, recipe: String = "small"
  ) throws -> CompressionSearch {
    let samples = try Samples(contentsOf: Self.calibration)
    return CompressionSearch(
      recipe: try #require(Recipe.presetText(recipe)), name: recipe, budget: budget, measure: measure,
      samples: samples, calibration: samples)
  }

  /// The classes that the model itself finds.
  private func ownLabels() throws -> Tensor {
    let scores = try model().outputs(for: Samples(contentsOf: Self.calibration))[0].tensor
    let (elements, width) = (try scores.floats(), try #require(scores.shape.last))
    let classes = stride(from: 0, to: elements.count, by: width).map { start in
      Int64((0..<width).max { elements[start + $0] < elements[start + $1] } ?? 0)
    }
    return Tensor(classes, shape: [classes.count])
  }

  /// The recipe that is found makes the file that was measured, and it is as bad as was said.
  @Test(arguments: ["small", "int4-weights"]) func theRecipeMakesTheFile(recipe: String) throws {
    let folder = try TemporaryFolder()
    let search = try search(.loss(5), recipe: recipe)
    let outcome = try search.run(on: model(), journal: folder.path("journal"))
    #expect(outcome.best.loss <= 5 && !outcome.isCutShort)
    #expect(outcome.candidates.contains { $0.loss > 5 }, "no plan was too bad")
    var made = try model()
    try made.compress(Recipe(yaml: outcome.recipe, name: recipe).compression(on: search.calibration))
    let path = folder.path("made.skiff")
    try made.write(to: path)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == outcome.best.bytes)
    // Measured again, in another way.
    var (errors, squares) = (0.0, 0.0)
    for (ours, theirs) in zip(
      try Model(contentsOf: path).outputs(for: search.samples), try model().outputs(for: search.samples))
    {
      for (a, b) in zip(try ours.tensor.floats(), try theirs.tensor.floats()) {
        errors += Double(a - b) * Double(a - b)
        squares += Double(b) * Double(b)
      }
    }
    #expect(abs(100 * (errors / squares).squareRoot() - outcome.best.loss) < 1e-3)
    // Smaller than all others that are good enough.
    #expect(outcome.candidates.allSatisfy { $0.loss > 5 || $0.bytes >= outcome.best.bytes })
    #expect(try folder.contents().sorted() == ["journal", "made.skiff"])
  }

  @Test func labelsCount() throws {
    let folder = try TemporaryFolder()
    let labels = try ownLabels()
    let outcome = try search(.loss(10), .top(1, labels: labels)).run(
      on: model(), journal: folder.path("journal"))
    #expect(outcome.best.loss <= 10)
    // Each loss is a number of rows.
    for candidate in outcome.candidates {
      let rows = candidate.loss * Double(labels.count) / 100
      #expect(abs(rows - rows.rounded()) < 1e-9)
    }
    let five = try search(.loss(0), .top(5, labels: labels)).run(on: model(), journal: folder.path("five"))
    #expect(five.best.bytes <= outcome.candidates.map(\.bytes).max() ?? 0)
  }

  @Test func theBestFileOfASize() throws {
    let folder = try TemporaryFolder()
    let all = try search(.loss(1000)).run(on: model(), journal: folder.path("all"))
    let sizes = all.candidates.map(\.bytes)
    let limit = (try #require(sizes.min()) + (try #require(sizes.max()))) / 2
    let outcome = try search(.bytes(limit)).run(on: model(), journal: folder.path("journal"))
    #expect(outcome.best.bytes <= limit)
    #expect(outcome.candidates.allSatisfy { $0.bytes > limit || $0.loss >= outcome.best.loss })
    let error = #expect(throws: ModelError.self) {
      try search(.bytes(100)).run(on: model(), journal: folder.path("hopeless"))
    }
    #expect(error?.code == .checkFailed)
  }

  @Test func aSearchGoesOnWhereItWas() throws {
    let folder = try TemporaryFolder()
    let whole = try search(.loss(5)).run(on: model(), journal: folder.path("whole"))
    let lines = try String(contentsOfFile: folder.path("whole"), encoding: .utf8).split(separator: "\n")
    for count in [1, 2, lines.count / 2, lines.count - 1] {
      let path = folder.path("part\(count)")
      try (lines.prefix(count).joined(separator: "\n") + "\n{\"of\"").write(
        toFile: path, atomically: false, encoding: .utf8)
      let outcome = try search(.loss(5)).run(on: model(), journal: path)
      #expect(outcome.recipe == whole.recipe && outcome.candidates == whole.candidates)
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: path))
          == Data(contentsOf: URL(fileURLWithPath: folder.path("whole"))))
    }
    // What was measured serves another budget too.
    let other = try search(.loss(20)).run(on: model(), journal: folder.path("whole"))
    #expect(other.best.bytes < whole.best.bytes)
  }

  @Test func timeEndsASearch() throws {
    let folder = try TemporaryFolder()
    var search = try search(.loss(50))
    search.timeLimit = .zero
    let outcome = try search.run(on: model(), journal: folder.path("journal"))
    #expect(outcome.isCutShort && outcome.best.loss <= 50)
  }

  @Test func aCommandJudges() throws {
    let folder = try TemporaryFolder()
    // The score is the size in negative: the smallest file is the best.
    let outcome = try search(.loss(0), .command("f() { echo score -$(wc -c < \"$1\"); }; f")).run(
      on: model(), journal: folder.path("journal"))
    #expect(outcome.best.bytes == outcome.candidates.map(\.bytes).min())
    for command in ["exit 3; true", "echo none; true"] {
      let error = #expect(throws: ModelError.self) {
        try search(.loss(0), .command(command)).run(on: model(), journal: folder.path(command))
      }
      #expect(error?.code == .invalidArgument && error?.location.attribute == command)
    }
  }

  @Test func badLabelsAreRefused() throws {
    let folder = try TemporaryFolder()
    let count = try ownLabels().count
    for labels in [
      Tensor([Int64](repeating: 0, count: count - 1), shape: [count - 1]),
      Tensor([Int64](repeating: 0, count: count + 1), shape: [count + 1]),
      Tensor([Int64](repeating: 1000, count: count), shape: [count]),
      Tensor([Int64](repeating: -1, count: count), shape: [count]),
    ] {
      let error = #expect(throws: ModelError.self) {
        try search(.loss(1), .top(1, labels: labels)).run(on: model(), journal: folder.path("journal"))
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test func recipesWithoutWeightsAreRefused() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelError.self) {
      try search(.loss(1), recipe: "int8").run(on: model(), journal: folder.path("journal"))
    }
    #expect(error?.code == .invalidArgument)
  }

  @Test func theFrontIsWhatNothingBeats() {
    func candidate(_ bytes: Int, _ loss: Double) -> CompressionSearch.Candidate {
      CompressionSearch.Candidate(bytes: bytes, loss: loss, settings: [.init(name: "a\"b", text: "{x}")])
    }
    let front = ParetoFront(of: [
      candidate(5, 1), candidate(3, 2), candidate(4, 3), candidate(9, 0), candidate(8, 1),
    ])
    #expect(front.front == [candidate(3, 2), candidate(5, 1), candidate(9, 0)])
    #expect(front.csv.split(separator: "\n").count == 6)
    #expect(front.csv.contains("3,2.0,true,\"a\"\"b={x}\"\n") && front.csv.contains("4,3.0,false,"))
    #expect(front.svg.contains("<polyline") && front.svg.matches(of: /<circle/).count == 5)
    #expect(ParetoFront(of: []).svg.hasSuffix("</svg>\n"))
  }
}
