import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffTestSupport
import Testing

import SkiffTFLite

/// Single-operator files of all element types: they are imported, run as in LiteRT's reference kernels, and are written so
/// that LiteRT computes the same again.
@Suite(.needsPeer(.check), .serialized)
struct OperatorSweepTests {
  static let plain = [
    "gather_nd", "scatter_nd", "sparse_to_dense", "segment_sum", "one_hot", "where", "embedding_lookup",
    "unsorted_segment_sum", "unsorted_segment_prod", "unsorted_segment_max", "unsorted_segment_min",
    "dynamic_update_slice", "reverse_sequence", "cumsum", "range", "unique", "rank", "zeros_like", "add_n",
    "broadcast_args", "bucketize", "matrix_diag", "matrix_set_diag", "topk", "strided_slice", "cast",
    "reduce_any", "reduce_all", "sum", "mean", "reduce_max", "reduce_min", "reduce_prod", "arg_max",
    "arg_min", "select", "select_v2", "space_to_batch", "batch_to_space", "conv_3d", "conv_3d_transpose",
    "average_pool", "max_pool", "l2_pool", "non_max_suppression_v4", "non_max_suppression_v5",
    "detection_post_process", "if", "while",
    "depth_to_space", "space_to_depth", "atan2", "bitwise_xor", "right_shift", "add", "sub", "mul", "div",
    "floor_div", "floor_mod", "maximum", "minimum", "pow", "squared_difference", "logical_and",
    "logical_or", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "abs", "ceil",
    "round", "floor", "sin", "cos", "exp", "log", "sqrt", "rsqrt", "neg", "sign", "square", "logical_not",
    "elu", "relu", "relu6", "relu_n1_to_1", "relu_0_to_1", "logistic", "tanh", "hard_swish", "gelu",
    "log_softmax", "l2_normalization",
  ]

  /// The operators on unsigned bytes that LiteRT has.
  static let unsigned = [
    "conv", "depthwise", "transpose_conv", "fully_connected", "average_pool", "max_pool", "mean", "sum",
    "reduce_max", "reduce_min", "add", "sub", "mul", "maximum", "minimum", "relu", "relu6", "relu_n1_to_1",
    "leaky_relu", "prelu", "logistic", "tanh", "hard_swish", "gelu", "softmax", "log_softmax",
    "l2_normalization", "quantize", "requantize", "dequantize", "resize_nearest", "resize_bilinear", "pad",
    "concatenation", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
  ]

  /// Those on integers of 16 bits; sums are left out, since LiteRT 2.3.0 reads their elements as bytes.
  static let wide = [
    "conv", "depthwise", "transpose_conv", "fully_connected", "average_pool", "max_pool", "mean",
    "reduce_max", "reduce_min", "reduce_prod", "add", "sub", "mul", "maximum", "minimum", "relu",
    "relu6", "leaky_relu", "logistic", "tanh", "gelu", "exp", "log", "abs", "softmax", "quantize",
    "requantize", "dequantize", "resize_nearest", "resize_bilinear", "batch_matmul", "pad", "concatenation",
  ]

  static let operators = plain + unsigned.map { "\($0)_of_uint8" } + wide.map { "\($0)_of_int16" }

  @Test(arguments: operators, Seed.fixedAndFreshInLongRuns)
  func matchesLiteRT(operator name: String, seed: Seed) throws {
    let sweep = try LiteRTSweep(name, seed: seed, count: 40, script: "litert_operators.py")
    let run = sweep.cases.filter { $0.refused == nil }
    #expect(run.count >= 20, "\(seed): \(sweep.cases.compactMap(\.refused).first ?? "")")
    var graphs: [Int: Graph] = [:]
    for testCase in run {
      let place: Comment = "\(name), \(seed), case \(testCase.index): \(testCase)"
      let (graph, warnings) = try Runs.graph(sweep.path(of: testCase))
      #expect(warnings.isEmpty, place)
      graphs[testCase.index] = graph
      try #require(try differences(graph, testCase, in: sweep) == nil, place)
    }
    let again = try sweep.rerunning { testCase, path in
      if let graph = graphs[testCase.index] { try Runs.write(graph, to: path) }
    }
    for testCase in again.cases where graphs[testCase.index] != nil {
      let place: Comment = "\(name), \(seed), case \(testCase.index) as written: \(testCase)"
      try #require(testCase.refused == nil, place)
      guard let first = sweep.cases.first(where: { $0.index == testCase.index }) else { continue }
      for (old, new) in zip(first.tensors, testCase.tensors) where old.role == "output" {
        try #require(difference(values(old, in: sweep), values(new, in: again)) == nil, place)
      }
    }
  }

  /// What differs between the outputs of a graph and those of the peer, nil if nothing does.
  private func differences(
    _ graph: Graph, _ testCase: LiteRTSweep.Case, in sweep: LiteRTSweep
  ) throws -> String? {
    var inputs: [String: Tensor] = [:]
    for tensor in testCase.tensors where tensor.role == "input" {
      let dataType = try ElementTypes.type(named: tensor.type == "bool" ? "BOOL" : tensor.type.uppercased())
        .unwrapped("no such type")
      inputs[tensor.name] = try Tensor(
        dataType, shape: tensor.shape, bytes: ByteRegion(sweep.elements(tensor, as: UInt8.self)))
    }
    let outputs = try Runs.outputs(graph, [inputs])[0]
    let rounding: Double
    switch testCase.operator {
    // LiteRT multiplies a factor that it computes as 1 + erf, whose last place counts with the input.
    case "gelu":
      rounding = 0x1p-23 * (try inputs.values.flatMap { try $0.doubles().map(\.magnitude) }.max() ?? 0)
    // LiteRT takes e^x for e^x / (1 + e^x) below -9: too much by less than e^2x.
    case "logistic": rounding = 1.6e-8
    default: rounding = 0
    }
    let expected = testCase.tensors.filter { $0.role == "output" }
    for (actual, wanted) in zip(outputs, expected) {
      guard actual.shape == wanted.shape else { return "\(actual.shape) instead of \(wanted.shape)" }
      let values =
        try actual.dataType.isFloatingPoint
        ? actual.doubles() : actual.quantized(with: nil).integers().map(Double.init)
      if let found = difference(self.values(wanted, in: sweep), values, rounding) { return found }
    }
    return outputs.count == expected.count ? nil : "\(outputs.count) results"
  }

  /// Whether real numbers differ by more than 1e-5 of their range or what rounding explains, or any integers.
  private func difference(_ expected: [Double], _ actual: [Double], _ rounding: Double = 0) -> String? {
    guard expected.count == actual.count else { return "\(actual.count) elements" }
    let finite = expected.filter(\.isFinite)
    let isInteger = expected.allSatisfy { $0 == $0.rounded() }
    let range = (finite.max() ?? 0) - (finite.min() ?? 0)
    let bound = isInteger ? 0 : max(rounding, 1e-5 * max(range, finite.map(\.magnitude).max() ?? 0))
    for (a, b) in zip(expected, actual) {
      if a == b || a.isNaN && b.isNaN || abs(a - b) <= bound { continue }
      return "\(b) instead of \(a)"
    }
    return nil
  }

  private func values(_ tensor: LiteRTSweep.Tensor, in sweep: LiteRTSweep) -> [Double] {
    switch tensor.type {
    case "float32": sweep.elements(tensor, as: Float.self).map(Double.init)
    case "int64": sweep.elements(tensor, as: Int64.self).map(Double.init)
    case "int32": sweep.elements(tensor, as: Int32.self).map(Double.init)
    case "int16": sweep.elements(tensor, as: Int16.self).map(Double.init)
    case "int8": sweep.elements(tensor, as: Int8.self).map(Double.init)
    default: sweep.elements(tensor, as: UInt8.self).map(Double.init)
    }
  }
}
