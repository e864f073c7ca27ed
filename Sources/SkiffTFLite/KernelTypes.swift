import SkiffIR

/// The types of elements that no kernel of LiteRT takes, although the format can say them: a file with such an operator
/// would be refused when it is loaded or run.
///
/// Found by trying every operator with every type in LiteRT 2.3.0, on elements that are not quantized.
enum KernelTypes {
  /// Whether a builtin operator with these operands and results has a kernel.
  static func has(_ name: String, _ inputs: [TensorType?], _ outputs: [TensorType]) -> Bool {
    if name == "CAST", outputs.contains(where: { $0.dataType == .uint64 }) { return false }
    let index = dataOperands[name] ?? 0
    guard index < inputs.count, let type = inputs[index], !type.isQuantized else { return true }
    return refused[name]?.contains(type.dataType) != true
  }

  /// The operand whose type chooses the kernel, where it is not the first.
  private static let dataOperands = ["SPLIT": 1, "TRANSPOSE_CONV": 2, "SCATTER_ND": 1]

  private static let refused: [String: Set<DataType>] = {
    var result: [String: Set<DataType>] = [:]
    for (types, names) in groups { for name in names.split(separator: " ") { result[String(name)] = types } }
    return result
  }()

  /// Types that hardly any kernel has.
  private static let rare: Set<DataType> = [.float16, .float64, .uint16, .uint32, .uint64]

  private static let groups: [(types: Set<DataType>, names: String)] = [
    ([.float64], "COS FLOOR GELU LOGISTIC ROUND SIN SOFTMAX TANH"),
    ([.float64, .float16], "CEIL ELU EXP HARD_SWISH LEAKY_RELU LOG LOG_SOFTMAX SQRT"),
    ([.float64, .uint64], "ADD EQUAL FLOOR_MOD MAXIMUM MINIMUM MUL NOT_EQUAL SUB"),
    ([.float64, .uint64, .boolean], "GREATER GREATER_EQUAL LESS LESS_EQUAL"),
    ([.float64, .uint64, .int64], "DIV POW"),
    ([.int64, .uint64], "BITWISE_XOR RIGHT_SHIFT"),
    ([.uint64], "CAST"),
    ([.float64, .uint64, .uint16], "CONCATENATION"),
    ([.float64, .uint64, .uint16, .uint32], "GATHER GATHER_ND PAD PADV2"),
    ([.float64, .uint64, .uint16, .uint32, .uint8], "NEG"),
    ([.float64, .uint64, .float16, .int16, .uint16], "WHERE"),
    (rare, "REDUCE_MAX REDUCE_MIN"),
    (rare.union([.boolean]), "MEAN REDUCE_PROD SPLIT SPLIT_V SUM TOPK_V2"),
    (rare.union([.int16]), "SCATTER_ND"),
    (rare.union([.boolean, .int8]), "REVERSE_SEQUENCE"),
    (rare.union([.boolean, .int16]), "DEPTH_TO_SPACE SPACE_TO_DEPTH"),
    (rare.union([.boolean, .int8, .uint8, .int16]), "CUMSUM"),
    (rare.union([.int16, .int64]), "ARG_MAX ARG_MIN"),
    (rare.union([.int32, .int64]), "RELU"),
    (rare.union([.int8, .uint8, .int64]), "ABS"),
    ([.float16, .int8, .uint8, .int16, .uint16, .uint32, .int64, .uint64], "SIGN"),
    (rare.union([.boolean, .int32, .int64]), "AVERAGE_POOL_2D MAX_POOL_2D PRELU"),
    (rare.union([.boolean, .int32, .int64, .uint8]), "BATCH_MATMUL"),
    (
      rare.union([.boolean, .int64, .uint8, .int8, .int16]),
      "UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD"
    ),
    (
      rare.union([.boolean, .int32, .int64, .uint8, .int8, .int16]),
      "CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED TRANSPOSE_CONV"
    ),
  ]
}
