import SkiffBinary
import SkiffGradient
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Each rule against central differences in float64.
@Suite struct GradientRuleTests {
  /// An operator of `x`, and of `a`, `b` and so on where it has more operands; `c` are constants.
  struct Case: Sendable, CustomTestStringConvertible {
    let node: String
    let x: String
    let y: String
    let others: [String]
    let constants: String

    init(_ node: String, _ x: String, _ y: String, others: [String] = [], constants: String = "") {
      (self.node, self.x, self.y, self.others, self.constants) = (node, x, y, others, constants)
    }

    var testDescription: String { node }

    var text: String {
      let inputs = zip(["a", "b", "c", "d"], others).map { ", %\($0): f64[\($1)]" }.joined()
      return """
        graph @t (%x: f64[\(x)]\(inputs)) -> (y: %y) {
        \(constants)
          %y = \(node) : f64[\(y)]
        }
        """
    }

    func difference() throws -> Double {
      try (0..<3).map { try GradientCheck(text, seed: 5 + $0).difference() }.max() ?? .infinity
    }
  }

  @Test(arguments: [
    "Abs", "Asinh", "Atan", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Gelu",
    "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "LogSigmoid", "LogSoftmax", "Mish", "Negate", "Relu",
    "Selu", "Sigmoid", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Square", "Swish", "Tan", "Tanh",
    "LpNormalization", "LayerNormalization", "RMSNormalization", "Ceil", "Round", "Sign",
  ])
  func functions(name: String) throws {
    #expect(try Case("\(name)(%x)", "3,5", "3,5").difference() < 1e-6)
  }

  /// Functions that end in ever steeper slopes at 1, away from there.
  @Test(arguments: ["Acos", "Asin", "Atanh"])
  func functionsOfSmallNumbers(name: String) throws {
    let text = """
      graph @t (%x: f64[3,5]) -> (y: %y) {
        %half = constant f64[] = [0.5]
        %p = Multiply(%x, %half) : f64[3,5]
        %y = \(name)(%p) : f64[3,5]
      }
      """
    #expect(try GradientCheck(text).difference() < 1e-6)
  }

  /// Functions of what is above 1.
  @Test(arguments: ["Acosh", "Log", "Reciprocal", "Rsqrt", "Sqrt"])
  func functionsOfGreatNumbers(name: String) throws {
    let text = """
      graph @t (%x: f64[3,5]) -> (y: %y) {
        %p = Exp(%x) : f64[3,5]
        %q = Exp(%p) : f64[3,5]
        %y = \(name)(%q) : f64[3,5]
      }
      """
    #expect(try GradientCheck(text).difference() < 1e-6)
  }

  @Test(arguments: [
    Case("Celu(%x) {alpha = 0.3}", "12", "12"), Case("Elu(%x) {alpha = 0.3}", "12", "12"),
    Case("Selu(%x) {alpha = 0.3, gamma = 2.0}", "12", "12"),
    Case("Gelu(%x) {approximation = \"tanh\"}", "12", "12"),
    Case("LeakyRelu(%x) {alpha = 0.3}", "12", "12"), Case("ThresholdedRelu(%x) {alpha = 0.3}", "12", "12"),
    Case("HardSigmoid(%x) {alpha = 0.9, beta = 0.4}", "12", "12"),
    Case("Clip(%x) {minimum = -0.5, maximum = 0.25}", "12", "12"),
    Case("Clip(%x) {maximum = 0.25}", "12", "12"),
    Case(
      "Clip(%x, %low)", "12", "12", constants: "  %low = constant f64[1] = [-0.25]"),
    Case("Softmax(%x) {axis = 1, beta = 0.7}", "2,4,3", "2,4,3"),
    Case("LogSoftmax(%x) {axis = 0}", "2,4", "2,4"),
    Case("CumSum(%x) {axis = 1, isExclusive = true}", "2,4", "2,4"),
    Case("CumSum(%x) {axis = 0, isReversed = true}", "3,4", "3,4"),
    Case("LpNormalization(%x) {axis = 1, order = 1}", "2,4", "2,4"),
  ])
  func attributes(of one: Case) throws { #expect(try one.difference() < 1e-6) }

  @Test(arguments: [
    Case("Add(%x, %a)", "2,3,4", "2,3,4", others: ["3,1"]),
    Case("Add(%x, %a)", "4", "2,3,4", others: ["2,3,4"]),
    Case("Add(%x, %a) {activation = \"relu\"}", "2,3", "2,3", others: ["3"]),
    Case("Subtract(%x, %a)", "1,3", "2,3", others: ["2,1"]),
    Case("Multiply(%x, %a)", "2,3", "5,2,3", others: ["5,1,3"]),
    Case("Multiply(%x, %a) {activation = \"reluN1To1\"}", "2,3", "2,3", others: ["2,3"]),
    Case("Maximum(%x, %a)", "4,3", "4,3", others: ["3"]),
    Case("Minimum(%x, %a)", "4,3", "4,3", others: ["4,1"]),
    Case("SquaredDifference(%x, %a)", "4,3", "4,3", others: ["3"]),
    Case("PRelu(%x, %a)", "4,3", "4,3", others: ["3"]),
    Case("Atan2(%x, %a)", "4,3", "4,3", others: ["3"]),
  ])
  func broadcasting(of one: Case) throws { #expect(try one.difference() < 1e-6) }

  /// Away from a divisor of zero, and from negative bases.
  @Test(arguments: [
    "%y = Divide(%x, %p)", "%y = Divide(%p, %x2)", "%y = Power(%p, %x)", "%y = Power(%p, %a)",
  ])
  func quotientsAndPowers(node: String) throws {
    let text = """
      graph @t (%x: f64[2,3], %a: f64[3]) -> (y: %y) {
        %p = Exp(%a) : f64[3]
        %x1 = Square(%x) : f64[2,3]
        %x2 = Exp(%x1) : f64[2,3]
        \(node) : f64[\(node.contains("%a)") ? "3" : "2,3")]
      }
      """
    #expect(try GradientCheck(text).difference() < 1e-6)
  }

  @Test(arguments: [
    Case("ReduceSum(%x) {axes = [1]}", "2,3,4", "2,1,4"),
    Case("ReduceSum(%x) {keepsDimensions = false}", "2,3,4", ""),
    Case("ReduceMean(%x) {axes = [0, -1], keepsDimensions = false}", "2,3,4", "3"),
    Case("ReduceMax(%x) {axes = [1], keepsDimensions = false}", "2,3,4", "2,4"),
    Case("ReduceMin(%x) {axes = [2]}", "2,3,4", "2,3,1"), Case("ReduceL1(%x) {axes = [1]}", "2,3", "2,1"),
    Case("ReduceL2(%x) {axes = [1]}", "2,3", "2,1"), Case("ReduceSumSquare(%x) {axes = [0]}", "2,3", "1,3"),
    Case("ReduceLogSumExp(%x) {axes = [1], keepsDimensions = false}", "2,3", "2"),
  ])
  func reductions(_ one: Case) throws { #expect(try one.difference() < 1e-6) }

  @Test(arguments: [
    Case("Reshape(%x, %c)", "2,6", "3,4", constants: "  %c = constant i64[2] = [3, -1]"),
    Case("Squeeze(%x) {axes = [1]}", "2,1,3", "2,3"), Case("Unsqueeze(%x) {axes = [0, 2]}", "2,3", "1,2,1,3"),
    Case("Transpose(%x) {permutation = [1, 2, 0]}", "2,3,4", "3,4,2"),
    Case("Transpose(%x)", "2,3,4", "4,3,2"),
    Case("Concat(%x, %a, %x) {axis = -1}", "2,3", "2,7", others: ["2,1"]),
    Case("Expand(%x, %c)", "3,1", "2,3,4", constants: "  %c = constant i64[3] = [2, 3, 4]"),
    Case("Tile(%x, %c)", "2,3", "4,9", constants: "  %c = constant i64[2] = [2, 3]"),
    Case("Reverse(%x) {axes = [1]}", "2,3", "2,3"), Case("Trilu(%x) {isUpper = false}", "3,4", "3,4"),
    Case("DepthToSpace(%x) {blockSize = 2}", "1,8,2,3", "1,2,4,6"),
    Case("DepthToSpace(%x) {blockSize = 2, order = \"channelFirst\"}", "1,8,2,3", "1,2,4,6"),
    Case("SpaceToDepth(%x) {blockSize = 2, layout = \"last\"}", "1,4,6,2", "1,2,3,8"),
    Case("SpaceToBatch(%x) {blockSizes = [2], pads = [1, 0]}", "1,3,2", "2,2,2"),
    Case("BatchToSpace(%x) {blockSizes = [2]}", "2,2,2", "1,4,2"),
    Case(
      "Slice(%x, %s, %e, %a)", "4,5", "4,2",
      constants: "  %s = constant i64[1] = [-3]\n  %e = constant i64[1] = [4]\n  %a = constant i64[1] = [1]"),
    Case(
      "Slice(%x, %s, %e, %a, %t)", "4,5", "2,5",
      constants: "  %s = constant i64[1] = [3]\n  %e = constant i64[1] = [-9]\n  %a = constant i64[1] = [0]\n"
        + "  %t = constant i64[1] = [-2]"),
    Case("Pad(%x, %c)", "2,3", "3,3", constants: "  %c = constant i64[4] = [1, 2, 0, -2]"),
    Case("Pad(%x, %p, %a)", "2,3", "3,4", others: [""], constants: "  %p = constant i64[4] = [1, 2, 0, -1]"),
    Case(
      "Pad(%x, %c) {content = \"reflect\"}", "2,3", "3,7", constants: "  %c = constant i64[4] = [1, 2, 0, 2]"),
    Case(
      "Pad(%x, %c) {content = \"symmetric\"}", "2,3", "3,7",
      constants: "  %c = constant i64[4] = [1, 2, 0, 2]"),
    Case(
      "Pad(%x, %c) {content = \"edge\"}", "2,3", "3,7", constants: "  %c = constant i64[4] = [1, 2, 0, 2]"),
    Case(
      "Pad(%x, %c) {content = \"wrap\"}", "2,3", "3,7", constants: "  %c = constant i64[4] = [1, 2, 0, 2]"),
    Case("Gather(%x, %c)", "4,3", "2,2,3", constants: "  %c = constant i64[2,2] = [1, -1, 1, 0]"),
    Case(
      "Gather(%x, %c) {axis = 1}", "2,4,3", "2,2,2,3", constants: "  %c = constant i64[2,2] = [1, 3, 1, 0]"),
    Case("Gather(%x, %c) {axis = 2}", "2,4,3", "2,4", constants: "  %c = constant i64[] = [2]"),
    Case(
      "Gather(%x, %c) {axis = 1, batchDimensions = 1}", "2,4,3", "2,2,3",
      constants: "  %c = constant i64[2,2] = [1, 3, 1, 0]"),
    Case(
      "GatherElements(%x, %c) {axis = 1}", "2,4", "2,3",
      constants: "  %c = constant i64[2,3] = [1, 3, 1, 0, 0, -1]"),
    Case("GatherND(%x, %c)", "2,4,3", "3,3", constants: "  %c = constant i64[3,2] = [1, 3, 1, 3, 0, 0]"),
    Case(
      "Select(%c, %x, %a)", "2,3", "2,3", others: ["3"],
      constants: "  %c = constant bool[2,1] = [true, false]"),
  ])
  func movement(_ one: Case) throws { #expect(try one.difference() < 1e-6) }

  @Test func partsAndGreatestElements() throws {
    let text = """
      graph @t (%x: f64[2,7]) -> (y: %p, z: %r, k: %v) {
        %two = constant i64[1] = [2]
        %p, %q, %r = Split(%x) {axis = 1, sizes = [2, 3, 2]} : f64[2,2], f64[2,3], f64[2,2]
        %v, %i = TopK(%x, %two) : f64[2,2], i64[2,2]
      }
      """
    #expect(try GradientCheck(text).difference() < 1e-6)
  }

  @Test(arguments: [
    Case("FullyConnected(%x, %a, %b)", "2,3,4", "2,3,5", others: ["5,4", "5"]),
    Case("FullyConnected(%x, %a) {activation = \"relu\"}", "3,4", "3,5", others: ["5,4"]),
    Case("MatrixMultiply(%x, %a)", "2,3,4", "2,3,5", others: ["4,5"]),
    Case("MatrixMultiply(%x, %a)", "3,4", "2,3,5", others: ["2,4,5"]),
    Case("MatrixMultiply(%x, %a) {transposesA = true}", "2,1,4,3", "2,6,3,5", others: ["6,4,5"]),
    Case("MatrixMultiply(%x, %a) {transposesB = true}", "2,3,4", "2,3,5", others: ["5,4"]),
    Case("MatrixMultiply(%x, %a) {transposesA = true, transposesB = true}", "4,3", "3,5", others: ["5,4"]),
    Case("MatrixMultiply(%x, %a)", "4", "5", others: ["4,5"]),
    Case("MatrixMultiply(%x, %a)", "2,3,4", "2,3", others: ["4"]),
    Case("MatrixMultiply(%x, %a)", "4", "", others: ["4"]),
    Case("Einsum(%x, %a) {equation = \"bij,bjk->bki\"}", "2,3,4", "2,5,3", others: ["2,4,5"]),
  ])
  func products(_ one: Case) throws { #expect(try one.difference() < 1e-6) }

  @Test(arguments: [
    Case("Convolution(%x, %a, %b)", "2,3,5,6", "2,4,3,5", others: ["4,3,3,2", "4"]),
    Case(
      "Convolution(%x, %a, %b) {groups = 2, strides = [2, 3], dilations = [2, 1], pads = [1, 2, 0, 1]}",
      "2,4,7,8",
      "2,6,2,4", others: ["6,2,3,2", "6"]),
    Case(
      "Convolution(%x, %a) {layout = \"last\", groups = 4, strides = [2, 2], padding = \"sameUpper\"}",
      "2,7,6,4",
      "2,4,3,8", others: ["8,3,3,1"]),
    Case(
      "Convolution(%x, %a) {layout = \"last\", padding = \"sameLower\", activation = \"relu6\"}", "1,5,4,2",
      "1,5,4,3",
      others: ["3,2,2,2"]),
    // The last places of the input that no window reaches.
    Case("Convolution(%x, %a) {strides = [3]}", "1,2,9", "1,3,3", others: ["3,2,2"]),
    Case("Convolution(%x, %a) {pads = [1, 0, 2, 0, 1, 1]}", "1,1,3,4,3", "1,2,3,4,5", others: ["2,1,2,2,2"]),
    Case("TransposedConvolution(%x, %a, %b)", "2,3,4,3", "2,4,6,4", others: ["3,4,3,2", "4"]),
    Case(
      "TransposedConvolution(%x, %a) {groups = 2, strides = [2, 3], dilations = [1, 2], pads = [1, 0, 0, 1], "
        + "outputPadding = [1, 2]}", "2,4,3,2", "2,6,7,7", others: ["4,3,3,2"]),
    Case(
      "TransposedConvolution(%x, %a) {layout = \"last\", strides = [2, 2], padding = \"sameUpper\"}",
      "1,3,2,2", "1,6,4,3",
      others: ["3,3,3,2"]),
  ])
  func convolutions(_ one: Case) throws { #expect(try one.difference() < 1e-6) }

  @Test(arguments: [
    Case("MaxPool(%x) {size = [2, 3], strides = [1, 2], pads = [1, 1, 0, 1]}", "2,3,4,6", "2,3,4,3"),
    Case(
      "MaxPool(%x) {layout = \"last\", size = [2, 2], strides = [2, 2], padding = \"sameUpper\"}", "1,5,4,3",
      "1,3,2,3"),
    Case("MaxPool(%x) {size = [2], strides = [2], roundsUp = true}", "1,2,5", "1,2,3"),
    Case("AveragePool(%x) {size = [2, 3], strides = [1, 2], pads = [1, 1, 0, 1]}", "2,3,4,6", "2,3,4,3"),
    Case(
      "AveragePool(%x) {size = [2, 3], strides = [1, 2], pads = [1, 1, 0, 1], countsPadding = true}",
      "2,3,4,6",
      "2,3,4,3"),
    Case(
      "AveragePool(%x) {layout = \"last\", size = [3, 2], strides = [2, 2], padding = \"sameUpper\"}",
      "1,5,4,3", "1,3,2,3"),
    Case("AveragePool(%x) {size = [2], strides = [2], roundsUp = true}", "1,2,5", "1,2,3"),
    Case("AveragePool(%x) {size = [4, 5]}", "2,3,4,5", "2,3,1,1"),
    Case(
      "Resize(%x, none, %c) {mode = \"linear\", coordinates = \"halfPixel\", axes = [2, 3]}", "1,2,3,4",
      "1,2,6,6",
      constants: "  %c = constant f32[2] = [2.0, 1.5]"),
    Case(
      "Resize(%x, none, %c) {mode = \"cubic\", coordinates = \"alignCorners\", axes = [1]}", "1,4", "1,7",
      constants: "  %c = constant f32[1] = [1.75]"),
    Case("Resize(%x, none, %c) {axes = [0]}", "3,2", "6,2", constants: "  %c = constant f32[1] = [2.0]"),
  ])
  func windows(_ one: Case) throws { #expect(try one.difference() < 1e-6) }

  @Test(arguments: [
    Case(
      "BatchNormalization(%x, %a, %b, %c, %v)", "2,3,4", "2,3,4", others: ["3", "3", "3"],
      constants: "  %v = constant f64[3] = [0.5, 1.0, 2.0]"),
    Case("LayerNormalization(%x, %a, %b) {axis = 1}", "2,3,4", "2,3,4", others: ["3,4", "3,4"]),
    Case("RMSNormalization(%x, %a)", "2,3,4", "2,3,4", others: ["4"]),
    Case("InstanceNormalization(%x, %a, %b)", "2,3,4,2", "2,3,4,2", others: ["3", "3"]),
    Case("GroupNormalization(%x, %a, %b) {groups = 2}", "2,4,3", "2,4,3", others: ["4", "4"]),
    Case(
      "GroupNormalization(%x, %a, %b) {groups = 2, layout = \"last\"}", "2,3,4", "2,3,4", others: ["4", "2"]),
    Case("MeanVarianceNormalization(%x) {axes = [0, 2]}", "2,3,4", "2,3,4"),
  ])
  func normalizations(_ one: Case) throws { #expect(try one.difference() < 1e-6) }
}
