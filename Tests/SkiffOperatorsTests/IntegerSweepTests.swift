import SkiffTestSupport
import Testing

import SkiffOperators

/// Every integer kernel against LiteRT's reference kernels, bit for bit, with parameters at random.
@Suite(.needsPeer(.check), .serialized)
struct IntegerSweepTests {
  static let operators = [
    "conv", "depthwise", "transpose_conv", "fully_connected", "average_pool", "max_pool", "mean", "sum",
    "reduce_max", "reduce_min", "reduce_prod", "add", "sub", "mul", "maximum", "minimum",
    "squared_difference",
    "relu", "relu6", "relu_n1_to_1", "leaky_relu", "prelu", "logistic", "tanh", "hard_swish", "elu", "gelu",
    "exp", "log", "abs", "rsqrt", "softmax", "log_softmax", "l2_normalization", "quantize", "requantize",
    "dequantize", "resize_nearest", "resize_bilinear", "batch_matmul", "equal", "not_equal", "less",
    "less_equal", "greater", "greater_equal",
  ]

  @Test(arguments: operators, Seed.fixedAndFresh)
  func matchesLiteRT(operator name: String, seed: Seed) throws {
    try expectNoDifferences(name, seed)
  }

  /// Sequences with a factor whose last place depends on where float32 ends and float64 begins.
  @Test(arguments: [("rsqrt", Seed(0xba2_54be_696e_c3e7))])
  func lastPlacesOfFactorsMatchLiteRT(operator name: String, seed: Seed) throws {
    try expectNoDifferences(name, seed)
  }

  private func expectNoDifferences(_ name: String, _ seed: Seed) throws {
    let sweep = try LiteRTSweep(name, seed: seed, count: 200)
    let run = sweep.cases.filter { $0.refused == nil }
    #expect(run.count == 200, "\(seed): \(sweep.cases.compactMap(\.refused).first ?? "")")
    for testCase in run {
      let differences = try IntegerCase(testCase, in: sweep).countDifferences()
      #expect(differences == 0, "\(name), \(seed), case \(testCase.index): \(testCase)")
      if differences != 0 { break }
    }
  }
}
