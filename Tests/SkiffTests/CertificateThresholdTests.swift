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
}
