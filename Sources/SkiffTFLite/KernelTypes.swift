import SkiffIR

/// The types of elements for which LiteRT has kernels: a file with an operator on another one would be refused when it is
/// loaded or run, although the format can say it.
///
/// Those of LiteRT 2.3.0 for elements that are not quantized, without those whose kernels take integers to be quantized
/// nevertheless; a test tries every operator with every type.
package enum KernelTypes {
  /// Whether a builtin operator with these operands and results has a kernel.
  package static func has(_ name: String, _ inputs: [TensorType?], _ outputs: [TensorType]) -> Bool {
    if name == "CAST", outputs.contains(where: { $0.dataType == .uint64 }) { return false }
    let index = dataOperands[name] ?? 0
    guard index < inputs.count, let type = inputs[index], !type.isQuantized, all.contains(type.dataType),
      let known = kernels[name]
    else { return true }
    return known.contains(type.dataType)
  }

  /// The operand whose type chooses the kernel, where it is not the first.
  package static let dataOperands = [
    "SPLIT": 1, "TRANSPOSE_CONV": 2, "SCATTER_ND": 1, "CONV_3D_TRANSPOSE": 2,
  ]

  /// The types that the table is about.
  package static let all: Set<DataType> = [
    .boolean, .float16, .float32, .float64, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64,
  ]

  /// The types with kernels by the names of the operators; what is not listed takes all.
  package static let kernels: [String: Set<DataType>] = {
    var result: [String: Set<DataType>] = [:]
    for (types, names) in groups { for name in names.split(separator: " ") { result[String(name)] = types } }
    return result
  }()

  /// What most kernels for all kinds of numbers take, and those that move elements.
  private static let numbers: Set<DataType> = [.float32, .int8, .uint8, .int16, .int32, .int64]
  private static let moved = numbers.union([.float16, .boolean])

  private static let groups: [(types: Set<DataType>, names: String)] = [
    ([.boolean], "LOGICAL_AND LOGICAL_NOT LOGICAL_OR REDUCE_ALL REDUCE_ANY"),
    (
      [.float32],
      """
      BATCH_MATMUL CEIL CONV_2D CONV_3D CONV_3D_TRANSPOSE DEPTHWISE_CONV_2D FULLY_CONNECTED L2_NORMALIZATION \
      LOCAL_RESPONSE_NORMALIZATION LOG LOG_SOFTMAX L2_POOL_2D RELU RSQRT SQRT SQUARE TRANSPOSE_CONV
      """
    ),
    ([.float32, .float16], "COS FLOOR LOGISTIC ROUND SIN"),
    ([.float32, .float16, .float64], "ATAN2"),
    ([.float32, .float64, .int32], "SIGN"),
    (
      [.float32, .int32],
      "DIV POW SQUARED_DIFFERENCE UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD"
    ),
    ([.float32, .int32, .int64], "CUMSUM MEAN RANGE SUB"),
    ([.float32, .boolean, .int32, .int64], "SUM"),
    ([.float32, .int16, .int32], "ABS"),
    ([.float32, .int8, .int16, .int32], "FLOOR_DIV"),
    ([.float32, .int8], "ELU"),
    ([.float32, .int8, .int16], "EXP"),
    ([.float32, .float16, .uint8], "SOFTMAX"),
    ([.float32, .int8, .uint8], "HARD_SWISH RELU_0_TO_1 RELU_N1_TO_1"),
    ([.float32, .float16, .int8, .uint8], "TANH"),
    (
      [.float32, .int8, .uint8, .int16],
      "AVERAGE_POOL_2D LEAKY_RELU MAX_POOL_2D PRELU RELU6 RESIZE_BILINEAR"
    ),
    ([.float32, .float16, .int8, .uint8, .int16], "GELU"),
    ([.float32, .boolean, .int8, .uint8, .int32], "ARG_MAX ARG_MIN"),
    ([.int8, .uint8, .int16, .uint16, .int32, .uint32], "BITWISE_XOR RIGHT_SHIFT"),
    ([.float32, .float16, .int16, .int32, .int64], "ADD GREATER GREATER_EQUAL LESS LESS_EQUAL"),
    ([.float32, .float16, .boolean, .int16, .int32, .int64], "EQUAL NOT_EQUAL"),
    (numbers.subtracting([.uint8]), "FLOOR_MOD"),
    (numbers.subtracting([.uint8]).union([.float16]), "NEG"),
    (numbers.subtracting([.int8]), "REVERSE_SEQUENCE"),
    (numbers.subtracting([.int16]), "DEPTH_TO_SPACE SPACE_TO_DEPTH"),
    (numbers.subtracting([.int16]).union([.boolean]), "SCATTER_ND"),
    (numbers.subtracting([.int16]).union([.boolean, .uint32]), "WHERE"),
    (numbers, "REDUCE_MAX REDUCE_MIN REDUCE_PROD SPLIT SPLIT_V TOPK_V2 UNIQUE"),
    (numbers.union([.float16]), "MAXIMUM MINIMUM"),
    (numbers.union([.float16, .uint32]), "MUL"),
    (moved, "GATHER GATHER_ND PAD PADV2 REVERSE_V2"),
    (moved.union([.uint32]), "CONCATENATION"),
    (moved.subtracting([.int64]).union([.uint16, .uint32]), "RESIZE_NEAREST_NEIGHBOR"),
    (all.subtracting([.uint64]), "CAST"),
  ]
}
