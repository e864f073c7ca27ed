import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// What a certificate takes for a failure of a lower precision.
@Suite struct CertificateThresholdTests {
  /// Failures where the first row is a near tie that turned, and what follows is as it was.
  private func failures(
    rows: Int, turned: Int = 1, by error: Float = 0.02, least: Double? = nil
  ) throws -> [String] {
    var reference: [Float] = []
    var candidate: [Float] = []
    for row in 0..<rows {
      reference += [1, 1.001, -1, 0.5]
      candidate += row < turned ? [1 + error, 1.001 - error, -1, 0.5] : [1, 1.001, -1, 0.5]
    }
    var output = OutputMetrics(name: "y")
    try output.add(
      reference: Tensor(reference, shape: [rows, 4]), candidate: Tensor(candidate, shape: [rows, 4]))
    var thresholds = Certificate.Thresholds()
    thresholds.top1Agreement = least
    return Certificate.failures(of: output, true, thresholds)
  }

  @Test func oneNearTieOfFewRowsIsNoFailure() throws {
    #expect(try failures(rows: 2, by: 0.005).isEmpty)
    #expect(try failures(rows: 3, by: 0.005).isEmpty)
    #expect(try failures(rows: 10, turned: 2, by: 0.005).isEmpty)
  }

  @Test func moreOfThemAre() throws {
    #expect(try failures(rows: 3, turned: 2, by: 0.005).count == 1)
    #expect(try failures(rows: 10, turned: 3, by: 0.005).count == 1)
  }

  @Test func oneIsWhereErrorsAreNotSmallOrAUserSaysSo() throws {
    #expect(try failures(rows: 2, by: 0.1).count == 1)
    #expect(try failures(rows: 3, by: 0.005, least: 0.8).count == 1)
    #expect(try failures(rows: 3, by: 0.005, least: 0.6).isEmpty)
  }

  /// Rows of any length in which the greatest element is one of several.
  @Test(arguments: [4, 100]) func tiesAreCounted(width: Int) throws {
    var row = [Float](repeating: 0, count: width)
    (row[1], row[2], row[3]) = (2, 3, 1)
    var (before, behind, equal) = (row, row, row)
    (before[1], behind[3], equal[2]) = (3, 3, 3)
    var other = row
    other[3] = 4
    var output = OutputMetrics(name: "y")
    try output.add(
      reference: Tensor([row, row, row, row].flatMap { $0 }, shape: [4, width]),
      candidate: Tensor([before, behind, equal, other].flatMap { $0 }, shape: [4, width]))
    let (agreeing, rows, tied) = output.top1
    #expect(agreeing == 3 && rows == 4 && tied == 1)
    #expect(output.summary.contains("(1 of 4 rows by a tie)"))
  }

  /// Numbers that are the same but for their last digits have no range that rounding could be a part of.
  @Test func lastDigitsOfNearlyConstantOutputsAreRounding() throws {
    var output = OutputMetrics(name: "y")
    let numbers: [Float] = [2, Float(2).nextUp, Float(2).nextDown, 2]
    try output.add(
      reference: Tensor(numbers, shape: [1, 4]), candidate: Tensor(numbers.reversed(), shape: [1, 4]))
    #expect(Certificate.failures(of: output, false, Certificate.Thresholds()).isEmpty)
    var wrong = OutputMetrics(name: "y")
    try wrong.add(
      reference: Tensor(numbers, shape: [1, 4]), candidate: Tensor([2, 2, 2, 2.0001], shape: [1, 4]))
    #expect(Certificate.failures(of: wrong, false, Certificate.Thresholds()).count == 1)
  }

  /// A pass makes Swish of a product with a sigmoid, which rounds to 16 bits once instead of twice.
  @Test(arguments: [DataType.float16, .bfloat16]) func passesMayRoundLessOften(type: DataType) throws {
    var (graph, random) = (Graph(), SeededGenerator(Seed(3)))
    var x = graph.addInput("x", TensorType(type, [4, 64]))
    let weights = try Tensor(random.floats(64), shape: [1, 64]).cast(to: type)
    x = try graph.add(Multiply(), x, graph.addConstant(weights))
    graph.addOutput(try graph.add(Multiply(), x, graph.add(Sigmoid(), x)), name: "y")
    var model = try Model(graph)
    let folder = try TemporaryFolder()
    for name in ["a.skiff", "a.onnx"] {
      try model.write(to: folder.path(name))
      let certificate = try Certificate(of: model, writtenTo: folder.path(name))
      #expect(certificate.holds, "\(name): \(certificate.failures)")
    }
  }

  /// A run of two samples at a time is checked as well, but its samples are counted once.
  @Test func samplesCountOnce() throws {
    var (graph, random) = (Graph(), SeededGenerator(Seed(4)))
    let x = graph.addInput("x", TensorType(.float32, Shape([.symbol("N"), .fixed(8)])))
    graph.addOutput(try graph.add(Sigmoid(), x), name: "y")
    var model = try Model(graph)
    let folder = try TemporaryFolder()
    let path = folder.path("a.skiff")
    try model.write(to: path)
    let samples = try Samples(["x": Tensor(random.floats(24), shape: [3, 8])])
    let certificate = try Certificate(of: model, writtenTo: path, samples: samples)
    #expect(certificate.inputs.contains("3 samples, also two at a time"))
    #expect(certificate.comparison.outputs.map(\.count) == [24])
    #expect(certificate.comparison.outputs.map(\.top1.rows) == [3])
    #expect(certificate.comparison.runCount == 4)
  }
}
