import Skiff
import SkiffIR
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
}
