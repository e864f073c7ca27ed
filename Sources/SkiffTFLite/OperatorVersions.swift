import SkiffBinary
import SkiffIR

/// What the version of an operator in a file depends on.
struct OperatorSignature {
  /// The operands; nil for one that is left out.
  let inputs: [TensorType?]
  let outputs: [TensorType]
  let options: FlatObject

  func input(_ index: Int) -> DataType? { index < inputs.count ? inputs[index]?.dataType : nil }

  var rank: Int { inputs.first.flatMap { $0?.rank } ?? 0 }

  /// Whether the operands have different shapes and one has more than four axes.
  var broadcastsWidely: Bool {
    guard let first = inputs.first, let second = inputs.dropFirst().first else { return false }
    return first?.shape != second?.shape && inputs.contains { $0?.rank ?? 0 > 4 }
  }

  /// Whether real inputs meet integer weights.
  var isHybrid: Bool { input(0) == .float32 && input(1) == .int8 }

  func isPerAxis(_ index: Int) -> Bool {
    guard index < inputs.count, case .perAxis? = inputs[index]?.quantization?.granularity else {
      return false
    }
    return true
  }
}

/// The versions of the format's operators: what a runtime must know to run one.
///
/// A runtime refuses versions above those it knows, so that the least one is written. The numbers are those of
/// LiteRT's versioning tool; the strings are the first runtimes with version 1, 2, ….
struct OperatorVersions: Sendable {
  private let runtimes: [String]
  private let rule: @Sendable (OperatorSignature) -> Int

  private init(_ runtimes: [String], _ rule: @escaping @Sendable (OperatorSignature) -> Int = { _ in 1 }) {
    self.runtimes = runtimes
    self.rule = rule
  }

  /// The least version of the operator that covers the signature, and the first runtime that has it.
  static func version(of name: String, _ signature: OperatorSignature) -> (number: Int, runtime: String?) {
    guard let versions = table[name] else { return (1, nil) }
    let number = versions.rule(signature)
    return (number, versions.runtimes.indices.contains(number - 1) ? versions.runtimes[number - 1] : nil)
  }

  /// The first runtime that has a version of the operator, if it is known.
  static func runtime(of name: String, version: Int) -> String? {
    guard let runtimes = table[name]?.runtimes, runtimes.indices.contains(version - 1) else { return nil }
    return runtimes[version - 1]
  }

  // MARK: Rules

  private static let int8: @Sendable (OperatorSignature) -> Int = { $0.input(0) == .int8 ? 2 : 1 }

  private static let integer: @Sendable (OperatorSignature) -> Int = {
    $0.input(0) == .int16 ? 3 : $0.input(0) == .int8 ? 2 : 1
  }

  private static let extreme: @Sendable (OperatorSignature) -> Int = {
    $0.input(0) == .int16 ? 4 : $0.broadcastsWidely ? 3 : $0.input(0) == .int8 ? 2 : 1
  }

  private static let pad: @Sendable (OperatorSignature) -> Int = {
    if $0.input(0) == .boolean { return 5 }
    if $0.rank > 4 { return 4 }
    return integer($0)
  }

  private static let resize: @Sendable (OperatorSignature) -> Int = {
    if $0.input(0) == .int16 { return 4 }
    let isBilinear = $0.options.type == "ResizeBilinearOptions"
    if $0.options.boolean("half_pixel_centers") || (!isBilinear && $0.options.boolean("align_corners")) {
      return 3
    }
    return int8($0)
  }

  private static let batchSpace: @Sendable (OperatorSignature) -> Int = {
    $0.input(0) == .int16 ? 4 : $0.rank != 4 ? 3 : int8($0)
  }

  private static let convolution: @Sendable (OperatorSignature) -> Int = { signature in
    if let channels = signature.inputs[0]?.shape.dimensions.last?.fixed,
      let depth = signature.inputs[1]?.shape.dimensions.last?.fixed, channels != depth
    {
      return 6
    }
    if signature.isHybrid { return signature.isPerAxis(1) ? 5 : 2 }
    return switch (signature.input(0), signature.input(1)) {
    case (.int16?, _): 4
    case (.int8?, .int4?): 7
    case (.int8?, _): 3
    default: 1
    }
  }

  private static let depthwise: @Sendable (OperatorSignature) -> Int = { signature in
    if signature.isHybrid { return signature.isPerAxis(1) ? 6 : 4 }
    switch (signature.input(0), signature.input(1)) {
    case (.int16?, _): return 5
    case (.int8?, .int4?): return 7
    case (.int8?, _): return 3
    default:
      let options = signature.options
      return options.integer("dilation_w_factor") != 1 || options.integer("dilation_h_factor") != 1 ? 2 : 1
    }
  }

  private static let fullyConnected: @Sendable (OperatorSignature) -> Int = { signature in
    let options = signature.options
    if signature.isHybrid, signature.isPerAxis(1) { return 12 }
    if signature.input(0) == .int16 { return signature.input(1) == .int4 ? 13 : 7 }
    // Integer weights with a scale for each output are as new as the hybrid form of them.
    if signature.input(0) == .int8, signature.isPerAxis(1) { return 12 }
    if signature.inputs.count == 2 { return 6 }
    if options.boolean("keep_num_dims") { return 5 }
    if signature.input(0) == .int8 { return signature.input(1) == .int4 ? 10 : 4 }
    if signature.isHybrid { return options.boolean("asymmetric_quantize_inputs") ? 9 : 3 }
    return 1
  }

  private static let multiplication: @Sendable (OperatorSignature) -> Int = { signature in
    switch signature.input(0) {
    case .int16?: return signature.inputs[0]?.isQuantized == true ? 4 : 7
    case .uint32?: return 7
    case .complex64?: return 6
    case .int64?: return 5
    default: break
    }
    if let first = signature.inputs[0]?.quantization?.perTensor?.scale,
      let second = signature.inputs[1]?.quantization?.perTensor?.scale,
      let result = signature.outputs[0].quantization?.perTensor?.scale, result > 0,
      first * second / result >= 1
    {
      return 3
    }
    return int8(signature)
  }

  private static let stridedSlice: @Sendable (OperatorSignature) -> Int = { signature in
    let options = signature.options
    if options.boolean("offset") { return 8 }
    if options.integer("ellipsis_mask") != 0 || options.integer("new_axis_mask") != 0 { return 6 }
    if signature.rank > 4 { return 4 }
    return signature.input(0) == .boolean ? 3 : int8(signature)
  }

  private static let cast: @Sendable (OperatorSignature) -> Int = { signature in
    let types = [signature.input(0), signature.outputs.first?.dataType]
    if types.contains(.bfloat16) { return 7 }
    if types.contains(.float64) || types.contains(.float16) { return 5 }
    if types.contains(.uint16) { return 4 }
    if types.contains(.int8) { return 3 }
    return types.contains(.uint32) ? 2 : 1
  }

  // MARK: The table

  private static let table: [String: OperatorVersions] = [
    "ABS": .init(["1.13.0", "2.4.0", "2.5.0", "2.6.0", "2.12.0"]) {
      switch $0.input(0) {
      case .int32?: 5
      case .int16?: $0.inputs[0]?.isQuantized == true ? 3 : 4
      case .int8?, .uint8?: 2
      default: 1
      }
    },
    "ADD": .init(["1.5.0", "1.14.0", "2.4.0", "2.6.0", "2.13.0"]) {
      switch $0.input(0) {
      case .int16?: $0.inputs[0]?.isQuantized == true ? 3 : 5
      case .int64?: 4
      case .int8?: 2
      default: 1
      }
    },
    "ARG_MAX": .init(["1.9.0", "1.14.0", "2.9.0"]) { $0.input(0) == .boolean ? 3 : int8($0) },
    "ARG_MIN": .init(["1.9.0", "1.14.0", "2.9.0"]) { $0.input(0) == .boolean ? 3 : int8($0) },
    "AVERAGE_POOL_2D": .init(["1.5.0", "1.14.0", "2.3.0"], integer),
    "BATCH_MATMUL": .init(["2.3.0", "2.3.0", "2.4.0", "2.5.0"], integer),
    "BATCH_TO_SPACE_ND": .init(["1.6.0", "1.14.0", "2.3.0", "2.12.0"], batchSpace),
    "BROADCAST_TO": .init(["2.5.0", "2.5.0", "2.5.0"]) {
      $0.input(0) == .int8 || $0.input(0) == .int16 ? 3 : 2
    },
    "CAST": .init(["1.5.0", "2.7.0", "2.8.0", "2.9.0", "2.12.0", "2.15.0", "2.17.0"], cast),
    "CEIL": .init(["1.14.0"]),
    "CONCATENATION": .init(["1.5.0", "1.14.0", "2.3.0", "2.14.0"]) {
      $0.input(0) == .uint32 ? 4 : integer($0)
    },
    "CONV_2D": .init(
      ["1.5.0", "1.14.0", "1.14.0", "2.3.0", "2.4.0", "2.9.0", "2.11.0", "2.15.0"], convolution),
    "COS": .init(["1.14.0"]),
    "CUMSUM": .init(["2.4.0"]),
    "DEPTHWISE_CONV_2D": .init(
      ["1.5.0", "1.12.0", "1.14.0", "2.2.0", "2.3.0", "2.3.0", "2.11.0"], depthwise),
    "DEPTH_TO_SPACE": .init(["2.1.0", "2.5.0"], int8),
    "DEQUANTIZE": .init(["1.13.1", "1.14.0", "1.15.0", "2.2.0", "2.7.0", "2.18.0"]) {
      switch $0.input(0) {
      case .int4?: 6
      case .int16?, .float16?: 3
      case .int8?: $0.isPerAxis(0) ? 5 : 2
      default: 1
      }
    },
    "DIV": .init(["1.6.0", "2.3.0"]) { $0.broadcastsWidely ? 2 : 1 },
    "ELU": .init(["1.14.0"]),
    "EQUAL": .init(["1.14.0", "1.14.0", "2.3.0", "2.13.0"]) { $0.input(0) == .int16 ? 4 : int8($0) },
    "EXP": .init(["1.7.0", "2.12.0"]) { integer($0) > 1 ? 2 : 1 },
    "EXPAND_DIMS": .init(["1.10.0"]),
    "FILL": .init(["1.13.0", "2.3.0", "2.5.0", "2.12.0"]) {
      switch $0.input(1) {
      case .float16?: 4
      case .int8?, .int16?: 3
      case .boolean?: 2
      default: 1
      }
    },
    "FLOOR": .init(["1.9.0"]),
    "FLOOR_DIV": .init(["1.14.0", "1.14.0", "2.13.0"]) {
      integer($0) > 1 ? 3 : $0.input(0) == .float32 ? 2 : 1
    },
    "FLOOR_MOD": .init(["1.13.0", "2.13.0"]) { integer($0) > 1 ? 2 : 1 },
    "FULLY_CONNECTED": .init(
      [
        "1.5.0", "1.10.0", "1.14.0", "1.14.0", "2.0.0", "2.1.0", "2.3.0", "2.3.0", "2.3.0", "2.11.0",
        "2.15.0",
        "2.17.0", "2.18.0",
      ], fullyConnected),
    "GATHER": .init(["1.6.0", "1.14.0", "1.15.0", "2.4.0", "2.5.0", "2.13.0", "2.15.0"]) {
      if $0.input(1) == .int16 { return 6 }
      if $0.options.integer("batch_dims") != 0 { return 5 }
      if $0.input(0) == .int16 { return 4 }
      return $0.input(0) == .boolean ? 3 : int8($0)
    },
    "GATHER_ND": .init(["1.14.0", "2.3.0", "2.5.0", "2.13.0", "2.16.0"]) {
      $0.input(0) == .boolean ? 5 : $0.input(1) == .int16 ? 4 : $0.input(0) == .int16 ? 3 : 1
    },
    "GELU": .init(["2.9.0", "2.9.0"], int8),
    "GREATER": .init(["1.14.0", "1.14.0"], int8),
    "GREATER_EQUAL": .init(["1.14.0", "1.14.0", "2.13.0"], integer),
    "HARD_SWISH": .init(["1.15.0"]),
    "L2_NORMALIZATION": .init(["1.5.0", "1.14.0"], int8),
    "LEAKY_RELU": .init(["1.13.1", "2.3.0"]) { $0.input(0) == .int16 ? 2 : 1 },
    "LESS": .init(["1.14.0", "1.14.0", "2.13.0"], integer),
    "LESS_EQUAL": .init(["1.14.0", "1.14.0"], int8),
    "LOCAL_RESPONSE_NORMALIZATION": .init(["1.5.0"]),
    "LOG": .init(["1.14.0", "2.15.0"]) { integer($0) > 1 ? 2 : 1 },
    "LOGICAL_AND": .init(["1.11.0"]),
    "LOGICAL_NOT": .init(["1.11.0"]),
    "LOGICAL_OR": .init(["1.11.0"]),
    "LOGISTIC": .init(["1.14.0", "1.14.0", "2.3.0"], integer),
    "LOG_SOFTMAX": .init(["1.14.0", "1.14.0"], int8),
    "MAXIMUM": .init(["1.14.0", "1.14.0", "2.3.0", "2.3.0"], extreme),
    "MAX_POOL_2D": .init(["1.5.0", "1.14.0", "2.3.0"], integer),
    "MEAN": .init(["1.6.0", "1.14.0", "2.4.0"], integer),
    "MINIMUM": .init(["1.14.0", "1.14.0", "2.3.0", "2.3.0"], extreme),
    "MIRROR_PAD": .init(["1.13.1", "2.3.0", "2.12.0"], integer),
    "MUL": .init(["1.5.0", "1.14.0", "1.15.0", "2.3.0", "2.6.0", "2.11.0", "2.13.0"], multiplication),
    "NEG": .init(["1.9.0"]),
    "NOT_EQUAL": .init(["1.14.0", "1.14.0", "2.3.0"], int8),
    "ONE_HOT": .init(["1.11.0"]),
    "PACK": .init(["1.11.0", "1.14.0", "2.3.0", "2.13.0"]) { $0.input(0) == .uint32 ? 4 : integer($0) },
    "PAD": .init(["1.5.0", "1.14.0", "2.4.0", "2.6.0"], pad),
    "PADV2": .init(["1.9.0", "1.14.0", "2.4.0", "2.6.0"], pad),
    "POW": .init(["1.10.0"]),
    "PRELU": .init(["1.8.0"]),
    "QUANTIZE": .init(["1.14.0", "1.15.0", "2.7.0"]) {
      if case .perAxis? = $0.outputs.first?.quantization?.granularity { return 3 }
      return $0.outputs.first?.dataType == .int16 ? 2 : 1
    },
    "RANGE": .init(["1.13.0", "2.14.0"]) { $0.input(0) == .int64 ? 2 : 1 },
    "REDUCE_ALL": .init(["2.6.0"]),
    "REDUCE_ANY": .init(["1.11.0"]),
    "REDUCE_MAX": .init(["1.11.0", "1.14.0", "2.5.0"], integer),
    "REDUCE_MIN": .init(["1.11.0", "1.14.0", "2.5.0"], integer),
    "REDUCE_PROD": .init(["1.11.0", "2.6.0"]) { integer($0) > 1 ? 2 : 1 },
    "RELU": .init(["1.5.0", "2.1.0", "2.5.0"]) { $0.input(0) == .uint8 ? 2 : integer($0) },
    "RELU6": .init(["1.5.0", "1.14.0", "2.5.0"], integer),
    "RELU_0_TO_1": .init(["2.10.0"]),
    "RELU_N1_TO_1": .init(["1.5.0"]),
    "RESHAPE": .init(["1.5.0"]),
    "RESIZE_BILINEAR": .init(["1.7.0", "1.14.0", "2.2.0", "2.5.0"], resize),
    "RESIZE_NEAREST_NEIGHBOR": .init(["1.13.1", "1.14.0", "2.3.0", "2.4.0"], resize),
    "REVERSE_V2": .init(["1.14.0", "2.2.0", "2.5.0"]) {
      $0.input(0) == .int8 ? 3 : $0.input(0) == .boolean ? 2 : 1
    },
    "ROUND": .init(["1.14.0"]),
    "RSQRT": .init(["1.10.0", "2.5.0", "2.15.0"], integer),
    "SELECT": .init(["1.14.0", "1.14.0", "2.12.0"]) {
      $0.inputs.contains { $0?.rank == 5 } ? 3 : int8($0)
    },
    "SELECT_V2": .init(["2.2.0"]),
    "SHAPE": .init(["1.10.0"]),
    "SIGN": .init(["2.11.0", "2.12.0"]) { $0.input(0) == .int32 ? 2 : 1 },
    "SIN": .init(["1.9.0"]),
    "SLICE": .init(["1.14.0", "1.14.0", "1.14.0", "2.4.0", "2.5.0", "2.14.0"]) {
      $0.input(0) == .uint32 ? 6 : $0.rank > 4 ? 5 : $0.input(0) == .int16 ? 4 : int8($0)
    },
    "SOFTMAX": .init(["1.5.0", "1.14.0", "2.3.0"], integer),
    "SPACE_TO_BATCH_ND": .init(["1.6.0", "1.14.0", "2.3.0", "2.12.0"], batchSpace),
    "SPACE_TO_DEPTH": .init(["1.5.0", "1.14.0"], int8),
    "SPLIT": .init(["1.5.0", "1.14.0", "1.14.0", "2.3.0"]) {
      switch $0.input(1) {
      case .int16?: 4
      case .int32?: 3
      case .int8?: 2
      default: 1
      }
    },
    "SPLIT_V": .init(["1.13.1", "2.3.0"], int8),
    "SQRT": .init(["1.10.0"]),
    "SQUARE": .init(["1.12.0"]),
    "SQUARED_DIFFERENCE": .init(["1.13.1", "2.5.0"], int8),
    "SQUEEZE": .init(["1.6.0"]),
    "STRIDED_SLICE": .init(
      ["1.6.0", "1.14.0", "2.1.0", "2.2.0", "2.5.0", "2.6.0", "2.14.0", "2.14.0"], stridedSlice),
    "SUB": .init(["1.6.0", "1.14.0", "2.3.0", "2.4.0", "2.4.0"]) {
      if $0.input(0) == .int16, $0.inputs[0]?.isQuantized == true { return 5 }
      if $0.input(0) == .int64 { return 4 }
      return $0.broadcastsWidely ? 3 : int8($0)
    },
    "SUM": .init(["1.10.0", "1.15.0"], int8),
    "TANH": .init(["1.14.0", "1.14.0", "2.3.0"], integer),
    "TILE": .init(["1.10.1", "2.2.0", "2.8.0"]) { $0.input(0) == .int8 ? 3 : 1 },
    "TOPK_V2": .init(["1.7.0", "1.14.0", "2.13.0"], integer),
    "TRANSPOSE": .init(["1.6.0", "1.14.0", "1.15.0", "2.3.0", "2.4.0", "2.12.0", "2.14.4"]) {
      if $0.input(0) == .int4 { return 7 }
      if $0.rank > 5 { return 6 }
      if $0.input(0) == .int16 { return 5 }
      if $0.rank > 4 { return 4 }
      return $0.input(0) == .boolean ? 3 : int8($0)
    },
    "TRANSPOSE_CONV": .init(["1.9.0", "2.2.0", "2.3.0", "2.13.0", "2.15.0"]) {
      if $0.options.integer("fused_activation_function") != 0 { return 4 }
      if $0.inputs.count == 4, $0.input(3) != nil { return 3 }
      return $0.input(1) == .int8 ? 2 : 1
    },
    "UNPACK": .init(["1.11.0", "1.14.0", "2.2.0", "2.3.0"]) {
      switch $0.input(0) {
      case .int16?: 4
      case .boolean?: 3
      case .int8?, .uint8?: 2
      default: 1
      }
    },
    "WHERE": .init(["1.14.0", "2.8.0"]) { $0.input(0) == .boolean ? 1 : 2 },
  ]
}
