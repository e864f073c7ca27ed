// Generated from Schemas/tflite.fbs; the test of its schema writes it anew with SKIFF_UPDATE=1.

import SkiffBinary

extension FlatSchema {
  /// The format of Schemas/tflite.fbs.
  static let tflite = FlatSchema(
    identifier: "TFL3", root: "Model", enumerations: allEnumerations, tables: allTables)
}

private let allEnumerations: [FlatEnumeration] = [
  FlatEnumeration(
    "ActivationFunctionType",
    [
      ("NONE", 0),
      ("RELU", 1),
      ("RELU_N1_TO_1", 2),
      ("RELU6", 3),
      ("TANH", 4),
      ("SIGN_BIT", 5),
    ]),
  FlatEnumeration(
    "BuiltinOperator",
    [
      ("ADD", 0),
      ("AVERAGE_POOL_2D", 1),
      ("CONCATENATION", 2),
      ("CONV_2D", 3),
      ("DEPTHWISE_CONV_2D", 4),
      ("DEPTH_TO_SPACE", 5),
      ("DEQUANTIZE", 6),
      ("EMBEDDING_LOOKUP", 7),
      ("FLOOR", 8),
      ("FULLY_CONNECTED", 9),
      ("HASHTABLE_LOOKUP", 10),
      ("L2_NORMALIZATION", 11),
      ("L2_POOL_2D", 12),
      ("LOCAL_RESPONSE_NORMALIZATION", 13),
      ("LOGISTIC", 14),
      ("LSH_PROJECTION", 15),
      ("LSTM", 16),
      ("MAX_POOL_2D", 17),
      ("MUL", 18),
      ("RELU", 19),
      ("RELU_N1_TO_1", 20),
      ("RELU6", 21),
      ("RESHAPE", 22),
      ("RESIZE_BILINEAR", 23),
      ("RNN", 24),
      ("SOFTMAX", 25),
      ("SPACE_TO_DEPTH", 26),
      ("SVDF", 27),
      ("TANH", 28),
      ("CONCAT_EMBEDDINGS", 29),
      ("SKIP_GRAM", 30),
      ("CALL", 31),
      ("CUSTOM", 32),
      ("EMBEDDING_LOOKUP_SPARSE", 33),
      ("PAD", 34),
      ("UNIDIRECTIONAL_SEQUENCE_RNN", 35),
      ("GATHER", 36),
      ("BATCH_TO_SPACE_ND", 37),
      ("SPACE_TO_BATCH_ND", 38),
      ("TRANSPOSE", 39),
      ("MEAN", 40),
      ("SUB", 41),
      ("DIV", 42),
      ("SQUEEZE", 43),
      ("UNIDIRECTIONAL_SEQUENCE_LSTM", 44),
      ("STRIDED_SLICE", 45),
      ("BIDIRECTIONAL_SEQUENCE_RNN", 46),
      ("EXP", 47),
      ("TOPK_V2", 48),
      ("SPLIT", 49),
      ("LOG_SOFTMAX", 50),
      ("DELEGATE", 51),
      ("BIDIRECTIONAL_SEQUENCE_LSTM", 52),
      ("CAST", 53),
      ("PRELU", 54),
      ("MAXIMUM", 55),
      ("ARG_MAX", 56),
      ("MINIMUM", 57),
      ("LESS", 58),
      ("NEG", 59),
      ("PADV2", 60),
      ("GREATER", 61),
      ("GREATER_EQUAL", 62),
      ("LESS_EQUAL", 63),
      ("SELECT", 64),
      ("SLICE", 65),
      ("SIN", 66),
      ("TRANSPOSE_CONV", 67),
      ("SPARSE_TO_DENSE", 68),
      ("TILE", 69),
      ("EXPAND_DIMS", 70),
      ("EQUAL", 71),
      ("NOT_EQUAL", 72),
      ("LOG", 73),
      ("SUM", 74),
      ("SQRT", 75),
      ("RSQRT", 76),
      ("SHAPE", 77),
      ("POW", 78),
      ("ARG_MIN", 79),
      ("FAKE_QUANT", 80),
      ("REDUCE_PROD", 81),
      ("REDUCE_MAX", 82),
      ("PACK", 83),
      ("LOGICAL_OR", 84),
      ("ONE_HOT", 85),
      ("LOGICAL_AND", 86),
      ("LOGICAL_NOT", 87),
      ("UNPACK", 88),
      ("REDUCE_MIN", 89),
      ("FLOOR_DIV", 90),
      ("REDUCE_ANY", 91),
      ("SQUARE", 92),
      ("ZEROS_LIKE", 93),
      ("FILL", 94),
      ("FLOOR_MOD", 95),
      ("RANGE", 96),
      ("RESIZE_NEAREST_NEIGHBOR", 97),
      ("LEAKY_RELU", 98),
      ("SQUARED_DIFFERENCE", 99),
      ("MIRROR_PAD", 100),
      ("ABS", 101),
      ("SPLIT_V", 102),
      ("UNIQUE", 103),
      ("CEIL", 104),
      ("REVERSE_V2", 105),
      ("ADD_N", 106),
      ("GATHER_ND", 107),
      ("COS", 108),
      ("WHERE", 109),
      ("RANK", 110),
      ("ELU", 111),
      ("REVERSE_SEQUENCE", 112),
      ("MATRIX_DIAG", 113),
      ("QUANTIZE", 114),
      ("MATRIX_SET_DIAG", 115),
      ("ROUND", 116),
      ("HARD_SWISH", 117),
      ("IF", 118),
      ("WHILE", 119),
      ("NON_MAX_SUPPRESSION_V4", 120),
      ("NON_MAX_SUPPRESSION_V5", 121),
      ("SCATTER_ND", 122),
      ("SELECT_V2", 123),
      ("DENSIFY", 124),
      ("SEGMENT_SUM", 125),
      ("BATCH_MATMUL", 126),
      ("PLACEHOLDER_FOR_GREATER_OP_CODES", 127),
      ("CUMSUM", 128),
      ("CALL_ONCE", 129),
      ("BROADCAST_TO", 130),
      ("RFFT2D", 131),
      ("CONV_3D", 132),
      ("IMAG", 133),
      ("REAL", 134),
      ("COMPLEX_ABS", 135),
      ("HASHTABLE", 136),
      ("HASHTABLE_FIND", 137),
      ("HASHTABLE_IMPORT", 138),
      ("HASHTABLE_SIZE", 139),
      ("REDUCE_ALL", 140),
      ("CONV_3D_TRANSPOSE", 141),
      ("VAR_HANDLE", 142),
      ("READ_VARIABLE", 143),
      ("ASSIGN_VARIABLE", 144),
      ("BROADCAST_ARGS", 145),
      ("RANDOM_STANDARD_NORMAL", 146),
      ("BUCKETIZE", 147),
      ("RANDOM_UNIFORM", 148),
      ("MULTINOMIAL", 149),
      ("GELU", 150),
      ("DYNAMIC_UPDATE_SLICE", 151),
      ("RELU_0_TO_1", 152),
      ("UNSORTED_SEGMENT_PROD", 153),
      ("UNSORTED_SEGMENT_MAX", 154),
      ("UNSORTED_SEGMENT_SUM", 155),
      ("ATAN2", 156),
      ("UNSORTED_SEGMENT_MIN", 157),
      ("SIGN", 158),
      ("BITCAST", 159),
      ("BITWISE_XOR", 160),
      ("RIGHT_SHIFT", 161),
      ("STABLEHLO_LOGISTIC", 162),
      ("STABLEHLO_ADD", 163),
      ("STABLEHLO_DIVIDE", 164),
      ("STABLEHLO_MULTIPLY", 165),
      ("STABLEHLO_MAXIMUM", 166),
      ("STABLEHLO_RESHAPE", 167),
      ("STABLEHLO_CLAMP", 168),
      ("STABLEHLO_CONCATENATE", 169),
      ("STABLEHLO_BROADCAST_IN_DIM", 170),
      ("STABLEHLO_CONVOLUTION", 171),
      ("STABLEHLO_SLICE", 172),
      ("STABLEHLO_CUSTOM_CALL", 173),
      ("STABLEHLO_REDUCE", 174),
      ("STABLEHLO_ABS", 175),
      ("STABLEHLO_AND", 176),
      ("STABLEHLO_COSINE", 177),
      ("STABLEHLO_EXPONENTIAL", 178),
      ("STABLEHLO_FLOOR", 179),
      ("STABLEHLO_LOG", 180),
      ("STABLEHLO_MINIMUM", 181),
      ("STABLEHLO_NEGATE", 182),
      ("STABLEHLO_OR", 183),
      ("STABLEHLO_POWER", 184),
      ("STABLEHLO_REMAINDER", 185),
      ("STABLEHLO_RSQRT", 186),
      ("STABLEHLO_SELECT", 187),
      ("STABLEHLO_SUBTRACT", 188),
      ("STABLEHLO_TANH", 189),
      ("STABLEHLO_SCATTER", 190),
      ("STABLEHLO_COMPARE", 191),
      ("STABLEHLO_CONVERT", 192),
      ("STABLEHLO_DYNAMIC_SLICE", 193),
      ("STABLEHLO_DYNAMIC_UPDATE_SLICE", 194),
      ("STABLEHLO_PAD", 195),
      ("STABLEHLO_IOTA", 196),
      ("STABLEHLO_DOT_GENERAL", 197),
      ("STABLEHLO_REDUCE_WINDOW", 198),
      ("STABLEHLO_SORT", 199),
      ("STABLEHLO_WHILE", 200),
      ("STABLEHLO_GATHER", 201),
      ("STABLEHLO_TRANSPOSE", 202),
      ("DILATE", 203),
      ("STABLEHLO_RNG_BIT_GENERATOR", 204),
      ("REDUCE_WINDOW", 205),
      ("STABLEHLO_COMPOSITE", 206),
      ("STABLEHLO_SHIFT_LEFT", 207),
      ("STABLEHLO_CBRT", 208),
      ("STABLEHLO_CASE", 209),
    ]),
  FlatEnumeration(
    "CombinerType",
    [
      ("SUM", 0),
      ("MEAN", 1),
      ("SQRTN", 2),
    ]),
  FlatEnumeration(
    "CustomOptionsFormat",
    [
      ("FLEXBUFFERS", 0)
    ]),
  FlatEnumeration(
    "DimensionType",
    [
      ("DENSE", 0),
      ("SPARSE_CSR", 1),
    ]),
  FlatEnumeration(
    "FullyConnectedOptionsWeightsFormat",
    [
      ("DEFAULT", 0),
      ("SHUFFLED4x16INT8", 1),
    ]),
  FlatEnumeration(
    "LSHProjectionType",
    [
      ("UNKNOWN", 0),
      ("SPARSE", 1),
      ("DENSE", 2),
    ]),
  FlatEnumeration(
    "LSTMKernelType",
    [
      ("FULL", 0),
      ("BASIC", 1),
    ]),
  FlatEnumeration(
    "MirrorPadMode",
    [
      ("REFLECT", 0),
      ("SYMMETRIC", 1),
    ]),
  FlatEnumeration(
    "Padding",
    [
      ("SAME", 0),
      ("VALID", 1),
    ]),
  FlatEnumeration(
    "ReduceWindowFunction",
    [
      ("UNSUPPORTED", 0),
      ("ADD", 1),
      ("MUL", 2),
      ("MINIMUM", 3),
      ("MAXIMUM", 4),
      ("ALL", 5),
      ("ANY", 6),
    ]),
  FlatEnumeration(
    "RngAlgorithm",
    [
      ("DEFAULT", 0),
      ("PHILOX", 1),
      ("THREEFRY", 2),
    ]),
  FlatEnumeration(
    "StablehloComparisonDirection",
    [
      ("STABLEHLO_COMPARISON_DIRECTION_EQ", 0),
      ("STABLEHLO_COMPARISON_DIRECTION_NE", 1),
      ("STABLEHLO_COMPARISON_DIRECTION_GE", 2),
      ("STABLEHLO_COMPARISON_DIRECTION_GT", 3),
      ("STABLEHLO_COMPARISON_DIRECTION_LE", 4),
      ("STABLEHLO_COMPARISON_DIRECTION_LT", 5),
    ]),
  FlatEnumeration(
    "StablehloComparisonType",
    [
      ("STABLEHLO_COMPARISON_TYPE_NOTYPE", 0),
      ("STABLEHLO_COMPARISON_TYPE_FLOAT", 1),
      ("STABLEHLO_COMPARISON_TYPE_FLOAT_TOTAL_ORDER", 2),
      ("STABLEHLO_COMPARISON_TYPE_SIGNED", 3),
      ("STABLEHLO_COMPARISON_TYPE_UNSIGNED", 4),
    ]),
  FlatEnumeration(
    "StablehloPrecisionConfig",
    [
      ("DEFAULT", 0),
      ("HIGH", 1),
      ("HIGHEST", 2),
    ]),
  FlatEnumeration(
    "TensorType",
    [
      ("FLOAT32", 0),
      ("FLOAT16", 1),
      ("INT32", 2),
      ("UINT8", 3),
      ("INT64", 4),
      ("STRING", 5),
      ("BOOL", 6),
      ("INT16", 7),
      ("COMPLEX64", 8),
      ("INT8", 9),
      ("FLOAT64", 10),
      ("COMPLEX128", 11),
      ("UINT64", 12),
      ("RESOURCE", 13),
      ("VARIANT", 14),
      ("UINT32", 15),
      ("UINT16", 16),
      ("INT4", 17),
      ("BFLOAT16", 18),
      ("INT2", 19),
      ("UINT4", 20),
      ("FLOAT8_E4M3FN", 21),
      ("FLOAT8_E5M2", 22),
    ]),
]

private let allTables: [FlatTableType] = [
  FlatTableType("ATan2Options", []),
  FlatTableType("AbsOptions", []),
  FlatTableType("AddNOptions", []),
  FlatTableType(
    "AddOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("pot_scale_int16", 1, .scalar(.bool), standard: 1),
    ]),
  FlatTableType(
    "ArgMaxOptions",
    [
      FlatField("output_type", 0, .scalar(.int8), enumeration: "TensorType")
    ]),
  FlatTableType(
    "ArgMinOptions",
    [
      FlatField("output_type", 0, .scalar(.int8), enumeration: "TensorType")
    ]),
  FlatTableType("AssignVariableOptions", []),
  FlatTableType(
    "BatchMatMulOptions",
    [
      FlatField("adj_x", 0, .scalar(.bool)),
      FlatField("adj_y", 1, .scalar(.bool)),
      FlatField("asymmetric_quantize_inputs", 2, .scalar(.bool)),
    ]),
  FlatTableType("BatchToSpaceNDOptions", []),
  FlatTableType(
    "BidirectionalSequenceLSTMOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("cell_clip", 1, .scalar(.float32)),
      FlatField("proj_clip", 2, .scalar(.float32)),
      FlatField("merge_outputs", 3, .scalar(.bool)),
      FlatField("time_major", 4, .scalar(.bool), standard: 1),
      FlatField("asymmetric_quantize_inputs", 5, .scalar(.bool)),
    ]),
  FlatTableType(
    "BidirectionalSequenceRNNOptions",
    [
      FlatField("time_major", 0, .scalar(.bool)),
      FlatField("fused_activation_function", 1, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("merge_outputs", 2, .scalar(.bool)),
      FlatField("asymmetric_quantize_inputs", 3, .scalar(.bool)),
    ]),
  FlatTableType("BitcastOptions", []),
  FlatTableType("BitwiseXorOptions", []),
  FlatTableType(
    "BlockwiseQuantization",
    [
      FlatField("scales", 0, .scalar(.int32)),
      FlatField("zero_points", 1, .scalar(.int32)),
      FlatField("block_size", 2, .scalar(.int32)),
      FlatField("block_shape", 3, .scalars(.int32)),
    ]),
  FlatTableType("BroadcastToOptions", []),
  FlatTableType(
    "BucketizeOptions",
    [
      FlatField("boundaries", 0, .scalars(.float32))
    ]),
  FlatTableType(
    "Buffer",
    [
      FlatField("data", 0, .scalars(.uint8)),
      FlatField("offset", 1, .scalar(.uint64)),
      FlatField("size", 2, .scalar(.uint64)),
    ]),
  FlatTableType(
    "CallOnceOptions",
    [
      FlatField("init_subgraph_index", 0, .scalar(.int32))
    ]),
  FlatTableType(
    "CallOptions",
    [
      FlatField("subgraph", 0, .scalar(.uint32))
    ]),
  FlatTableType(
    "CastOptions",
    [
      FlatField("in_data_type", 0, .scalar(.int8), enumeration: "TensorType"),
      FlatField("out_data_type", 1, .scalar(.int8), enumeration: "TensorType"),
    ]),
  FlatTableType(
    "ConcatEmbeddingsOptions",
    [
      FlatField("num_channels", 0, .scalar(.int32)),
      FlatField("num_columns_per_channel", 1, .scalars(.int32)),
      FlatField("embedding_dim_per_channel", 2, .scalars(.int32)),
    ]),
  FlatTableType(
    "ConcatenationOptions",
    [
      FlatField("axis", 0, .scalar(.int32)),
      FlatField("fused_activation_function", 1, .scalar(.int8), enumeration: "ActivationFunctionType"),
    ]),
  FlatTableType(
    "Conv2DOptions",
    [
      FlatField("padding", 0, .scalar(.int8), enumeration: "Padding"),
      FlatField("stride_w", 1, .scalar(.int32)),
      FlatField("stride_h", 2, .scalar(.int32)),
      FlatField("fused_activation_function", 3, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("dilation_w_factor", 4, .scalar(.int32), standard: 1),
      FlatField("dilation_h_factor", 5, .scalar(.int32), standard: 1),
      FlatField("quantized_bias_type", 6, .scalar(.int8), enumeration: "TensorType"),
    ]),
  FlatTableType(
    "Conv3DOptions",
    [
      FlatField("padding", 0, .scalar(.int8), enumeration: "Padding"),
      FlatField("stride_d", 1, .scalar(.int32)),
      FlatField("stride_w", 2, .scalar(.int32)),
      FlatField("stride_h", 3, .scalar(.int32)),
      FlatField("fused_activation_function", 4, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("dilation_d_factor", 5, .scalar(.int32), standard: 1),
      FlatField("dilation_w_factor", 6, .scalar(.int32), standard: 1),
      FlatField("dilation_h_factor", 7, .scalar(.int32), standard: 1),
    ]),
  FlatTableType("CosOptions", []),
  FlatTableType(
    "CumsumOptions",
    [
      FlatField("exclusive", 0, .scalar(.bool)),
      FlatField("reverse", 1, .scalar(.bool)),
    ]),
  FlatTableType(
    "CustomQuantization",
    [
      FlatField("custom", 0, .scalars(.uint8))
    ]),
  FlatTableType("DensifyOptions", []),
  FlatTableType(
    "DepthToSpaceOptions",
    [
      FlatField("block_size", 0, .scalar(.int32))
    ]),
  FlatTableType(
    "DepthwiseConv2DOptions",
    [
      FlatField("padding", 0, .scalar(.int8), enumeration: "Padding"),
      FlatField("stride_w", 1, .scalar(.int32)),
      FlatField("stride_h", 2, .scalar(.int32)),
      FlatField("depth_multiplier", 3, .scalar(.int32)),
      FlatField("fused_activation_function", 4, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("dilation_w_factor", 5, .scalar(.int32), standard: 1),
      FlatField("dilation_h_factor", 6, .scalar(.int32), standard: 1),
    ]),
  FlatTableType("DequantizeOptions", []),
  FlatTableType("DilateOptions", []),
  FlatTableType(
    "DimensionMetadata",
    [
      FlatField("format", 0, .scalar(.int8), enumeration: "DimensionType"),
      FlatField("dense_size", 1, .scalar(.int32)),
      FlatField(
        "array_segments", 3,
        .union(
          [
            "Int32Vector",
            "Uint16Vector",
            "Uint8Vector",
          ])),
      FlatField(
        "array_indices", 5,
        .union(
          [
            "Int32Vector",
            "Uint16Vector",
            "Uint8Vector",
          ])),
    ]),
  FlatTableType(
    "DivOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType")
    ]),
  FlatTableType("DynamicUpdateSliceOptions", []),
  FlatTableType(
    "EmbeddingLookupSparseOptions",
    [
      FlatField("combiner", 0, .scalar(.int8), enumeration: "CombinerType")
    ]),
  FlatTableType("EqualOptions", []),
  FlatTableType("ExpOptions", []),
  FlatTableType("ExpandDimsOptions", []),
  FlatTableType(
    "ExternalBuffer",
    [
      FlatField("id", 0, .scalar(.uint32)),
      FlatField("group", 1, .scalar(.uint32)),
      FlatField("offset", 2, .scalar(.uint64)),
      FlatField("length", 3, .scalar(.uint64)),
      FlatField("packing", 4, .string),
    ]),
  FlatTableType(
    "ExternalBufferGroup",
    [
      FlatField("name", 0, .string)
    ]),
  FlatTableType(
    "FakeQuantOptions",
    [
      FlatField("min", 0, .scalar(.float32)),
      FlatField("max", 1, .scalar(.float32)),
      FlatField("num_bits", 2, .scalar(.int32)),
      FlatField("narrow_range", 3, .scalar(.bool)),
    ]),
  FlatTableType("FillOptions", []),
  FlatTableType("FloorDivOptions", []),
  FlatTableType("FloorModOptions", []),
  FlatTableType(
    "FullyConnectedOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("weights_format", 1, .scalar(.int8), enumeration: "FullyConnectedOptionsWeightsFormat"),
      FlatField("keep_num_dims", 2, .scalar(.bool)),
      FlatField("asymmetric_quantize_inputs", 3, .scalar(.bool)),
      FlatField("quantized_bias_type", 4, .scalar(.int8), enumeration: "TensorType"),
      FlatField("quant_spec", 5, .scalars(.uint8)),
    ]),
  FlatTableType("GatherNdOptions", []),
  FlatTableType(
    "GatherOptions",
    [
      FlatField("axis", 0, .scalar(.int32)),
      FlatField("batch_dims", 1, .scalar(.int32)),
    ]),
  FlatTableType(
    "GeluOptions",
    [
      FlatField("approximate", 0, .scalar(.bool))
    ]),
  FlatTableType("GreaterEqualOptions", []),
  FlatTableType("GreaterOptions", []),
  FlatTableType("HardSwishOptions", []),
  FlatTableType("HashtableFindOptions", []),
  FlatTableType("HashtableImportOptions", []),
  FlatTableType(
    "HashtableOptions",
    [
      FlatField("table_id", 0, .scalar(.int32)),
      FlatField("key_dtype", 1, .scalar(.int8), enumeration: "TensorType"),
      FlatField("value_dtype", 2, .scalar(.int8), enumeration: "TensorType"),
    ]),
  FlatTableType("HashtableSizeOptions", []),
  FlatTableType(
    "IfOptions",
    [
      FlatField("then_subgraph_index", 0, .scalar(.int32)),
      FlatField("else_subgraph_index", 1, .scalar(.int32)),
    ]),
  FlatTableType(
    "Int32Vector",
    [
      FlatField("values", 0, .scalars(.int32))
    ]),
  FlatTableType(
    "L2NormOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType")
    ]),
  FlatTableType(
    "LSHProjectionOptions",
    [
      FlatField("type", 0, .scalar(.int8), enumeration: "LSHProjectionType")
    ]),
  FlatTableType(
    "LSTMOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("cell_clip", 1, .scalar(.float32)),
      FlatField("proj_clip", 2, .scalar(.float32)),
      FlatField("kernel_type", 3, .scalar(.int8), enumeration: "LSTMKernelType"),
      FlatField("asymmetric_quantize_inputs", 4, .scalar(.bool)),
    ]),
  FlatTableType(
    "LeakyReluOptions",
    [
      FlatField("alpha", 0, .scalar(.float32))
    ]),
  FlatTableType("LessEqualOptions", []),
  FlatTableType("LessOptions", []),
  FlatTableType(
    "LocalResponseNormalizationOptions",
    [
      FlatField("radius", 0, .scalar(.int32)),
      FlatField("bias", 1, .scalar(.float32)),
      FlatField("alpha", 2, .scalar(.float32)),
      FlatField("beta", 3, .scalar(.float32)),
    ]),
  FlatTableType("LogSoftmaxOptions", []),
  FlatTableType("LogicalAndOptions", []),
  FlatTableType("LogicalNotOptions", []),
  FlatTableType("LogicalOrOptions", []),
  FlatTableType("MatrixDiagOptions", []),
  FlatTableType("MatrixSetDiagOptions", []),
  FlatTableType("MaximumMinimumOptions", []),
  FlatTableType(
    "Metadata",
    [
      FlatField("name", 0, .string),
      FlatField("buffer", 1, .scalar(.uint32)),
    ]),
  FlatTableType(
    "MirrorPadOptions",
    [
      FlatField("mode", 0, .scalar(.int8), enumeration: "MirrorPadMode")
    ]),
  FlatTableType(
    "Model",
    [
      FlatField("version", 0, .scalar(.uint32)),
      FlatField("operator_codes", 1, .tables("OperatorCode")),
      FlatField("subgraphs", 2, .tables("SubGraph")),
      FlatField("description", 3, .string),
      FlatField("buffers", 4, .tables("Buffer")),
      FlatField("metadata_buffer", 5, .scalars(.int32)),
      FlatField("metadata", 6, .tables("Metadata")),
      FlatField("signature_defs", 7, .tables("SignatureDef")),
      FlatField("external_buffer_groups", 8, .tables("ExternalBufferGroup")),
      FlatField("external_buffers", 9, .tables("ExternalBuffer")),
    ]),
  FlatTableType(
    "MulOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType")
    ]),
  FlatTableType(
    "MultiAxisQuantization",
    [
      FlatField("scales", 0, .scalar(.int32)),
      FlatField("zero_points", 1, .scalar(.int32)),
      FlatField("block_size", 2, .scalar(.int32)),
      FlatField("quantized_dimensions", 3, .scalars(.int32)),
    ]),
  FlatTableType("NegOptions", []),
  FlatTableType("NonMaxSuppressionV4Options", []),
  FlatTableType("NonMaxSuppressionV5Options", []),
  FlatTableType("NotEqualOptions", []),
  FlatTableType(
    "OneHotOptions",
    [
      FlatField("axis", 0, .scalar(.int32))
    ]),
  FlatTableType(
    "Operator",
    [
      FlatField("opcode_index", 0, .scalar(.uint32)),
      FlatField("inputs", 1, .scalars(.int32)),
      FlatField("outputs", 2, .scalars(.int32)),
      FlatField(
        "builtin_options", 4,
        .union(
          [
            "Conv2DOptions",
            "DepthwiseConv2DOptions",
            "ConcatEmbeddingsOptions",
            "LSHProjectionOptions",
            "Pool2DOptions",
            "SVDFOptions",
            "RNNOptions",
            "FullyConnectedOptions",
            "SoftmaxOptions",
            "ConcatenationOptions",
            "AddOptions",
            "L2NormOptions",
            "LocalResponseNormalizationOptions",
            "LSTMOptions",
            "ResizeBilinearOptions",
            "CallOptions",
            "ReshapeOptions",
            "SkipGramOptions",
            "SpaceToDepthOptions",
            "EmbeddingLookupSparseOptions",
            "MulOptions",
            "PadOptions",
            "GatherOptions",
            "BatchToSpaceNDOptions",
            "SpaceToBatchNDOptions",
            "TransposeOptions",
            "ReducerOptions",
            "SubOptions",
            "DivOptions",
            "SqueezeOptions",
            "SequenceRNNOptions",
            "StridedSliceOptions",
            "ExpOptions",
            "TopKV2Options",
            "SplitOptions",
            "LogSoftmaxOptions",
            "CastOptions",
            "DequantizeOptions",
            "MaximumMinimumOptions",
            "ArgMaxOptions",
            "LessOptions",
            "NegOptions",
            "PadV2Options",
            "GreaterOptions",
            "GreaterEqualOptions",
            "LessEqualOptions",
            "SelectOptions",
            "SliceOptions",
            "TransposeConvOptions",
            "SparseToDenseOptions",
            "TileOptions",
            "ExpandDimsOptions",
            "EqualOptions",
            "NotEqualOptions",
            "ShapeOptions",
            "PowOptions",
            "ArgMinOptions",
            "FakeQuantOptions",
            "PackOptions",
            "LogicalOrOptions",
            "OneHotOptions",
            "LogicalAndOptions",
            "LogicalNotOptions",
            "UnpackOptions",
            "FloorDivOptions",
            "SquareOptions",
            "ZerosLikeOptions",
            "FillOptions",
            "BidirectionalSequenceLSTMOptions",
            "BidirectionalSequenceRNNOptions",
            "UnidirectionalSequenceLSTMOptions",
            "FloorModOptions",
            "RangeOptions",
            "ResizeNearestNeighborOptions",
            "LeakyReluOptions",
            "SquaredDifferenceOptions",
            "MirrorPadOptions",
            "AbsOptions",
            "SplitVOptions",
            "UniqueOptions",
            "ReverseV2Options",
            "AddNOptions",
            "GatherNdOptions",
            "CosOptions",
            "WhereOptions",
            "RankOptions",
            "ReverseSequenceOptions",
            "MatrixDiagOptions",
            "QuantizeOptions",
            "MatrixSetDiagOptions",
            "HardSwishOptions",
            "IfOptions",
            "WhileOptions",
            "DepthToSpaceOptions",
            "NonMaxSuppressionV4Options",
            "NonMaxSuppressionV5Options",
            "ScatterNdOptions",
            "SelectV2Options",
            "DensifyOptions",
            "SegmentSumOptions",
            "BatchMatMulOptions",
            "CumsumOptions",
            "CallOnceOptions",
            "BroadcastToOptions",
            "Rfft2dOptions",
            "Conv3DOptions",
            "HashtableOptions",
            "HashtableFindOptions",
            "HashtableImportOptions",
            "HashtableSizeOptions",
            "VarHandleOptions",
            "ReadVariableOptions",
            "AssignVariableOptions",
            "RandomOptions",
            "BucketizeOptions",
            "GeluOptions",
            "DynamicUpdateSliceOptions",
            "UnsortedSegmentProdOptions",
            "UnsortedSegmentMaxOptions",
            "UnsortedSegmentMinOptions",
            "UnsortedSegmentSumOptions",
            "ATan2Options",
            "SignOptions",
            "BitcastOptions",
            "BitwiseXorOptions",
            "RightShiftOptions",
          ])),
      FlatField("custom_options", 5, .scalars(.uint8)),
      FlatField("custom_options_format", 6, .scalar(.int8), enumeration: "CustomOptionsFormat"),
      FlatField("mutating_variable_inputs", 7, .scalars(.bool)),
      FlatField("intermediates", 8, .scalars(.int32)),
      FlatField("large_custom_options_offset", 9, .scalar(.uint64)),
      FlatField("large_custom_options_size", 10, .scalar(.uint64)),
      FlatField(
        "builtin_options_2", 12,
        .union(
          [
            "StablehloConcatenateOptions",
            "StablehloBroadcastInDimOptions",
            "StablehloSliceOptions",
            "StablehloConvolutionOptions",
            "StablehloCustomCallOptions",
            "StablehloReduceOptions",
            "StablehloScatterOptions",
            "StablehloCompareOptions",
            "StablehloDynamicSliceOptions",
            "StablehloPadOptions",
            "StablehloIotaOptions",
            "StablehloDotGeneralOptions",
            "StablehloReduceWindowOptions",
            "StablehloSortOptions",
            "StablehloWhileOptions",
            "StablehloGatherOptions",
            "StablehloTransposeOptions",
            "DilateOptions",
            "StablehloRngBitGeneratorOptions",
            "ReduceWindowOptions",
            "StableHLOCompositeOptions",
            "StablehloShiftLeftOptions",
            "StablehloCaseOptions",
          ])),
      FlatField("debug_metadata_index", 13, .scalar(.int32), standard: -1),
    ]),
  FlatTableType(
    "OperatorCode",
    [
      FlatField("deprecated_builtin_code", 0, .scalar(.int8)),
      FlatField("custom_code", 1, .string),
      FlatField("version", 2, .scalar(.int32), standard: 1),
      FlatField("builtin_code", 3, .scalar(.int32), enumeration: "BuiltinOperator"),
    ]),
  FlatTableType(
    "PackOptions",
    [
      FlatField("values_count", 0, .scalar(.int32)),
      FlatField("axis", 1, .scalar(.int32)),
    ]),
  FlatTableType("PadOptions", []),
  FlatTableType("PadV2Options", []),
  FlatTableType(
    "Pool2DOptions",
    [
      FlatField("padding", 0, .scalar(.int8), enumeration: "Padding"),
      FlatField("stride_w", 1, .scalar(.int32)),
      FlatField("stride_h", 2, .scalar(.int32)),
      FlatField("filter_width", 3, .scalar(.int32)),
      FlatField("filter_height", 4, .scalar(.int32)),
      FlatField("fused_activation_function", 5, .scalar(.int8), enumeration: "ActivationFunctionType"),
    ]),
  FlatTableType("PowOptions", []),
  FlatTableType(
    "QuantizationParameters",
    [
      FlatField("min", 0, .scalars(.float32)),
      FlatField("max", 1, .scalars(.float32)),
      FlatField("scale", 2, .scalars(.float32)),
      FlatField("zero_point", 3, .scalars(.int64)),
      FlatField(
        "details", 5,
        .union(
          [
            "CustomQuantization",
            "BlockwiseQuantization",
            "MultiAxisQuantization",
          ])),
      FlatField("quantized_dimension", 6, .scalar(.int32)),
    ]),
  FlatTableType("QuantizeOptions", []),
  FlatTableType(
    "RNNOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("asymmetric_quantize_inputs", 1, .scalar(.bool)),
    ]),
  FlatTableType(
    "RandomOptions",
    [
      FlatField("seed", 0, .scalar(.int64)),
      FlatField("seed2", 1, .scalar(.int64)),
    ]),
  FlatTableType("RangeOptions", []),
  FlatTableType("RankOptions", []),
  FlatTableType("ReadVariableOptions", []),
  FlatTableType(
    "ReduceWindowOptions",
    [
      FlatField("reduce_function", 0, .scalar(.int32), enumeration: "ReduceWindowFunction")
    ]),
  FlatTableType(
    "ReducerOptions",
    [
      FlatField("keep_dims", 0, .scalar(.bool))
    ]),
  FlatTableType(
    "ReshapeOptions",
    [
      FlatField("new_shape", 0, .scalars(.int32))
    ]),
  FlatTableType(
    "ResizeBilinearOptions",
    [
      FlatField("align_corners", 2, .scalar(.bool)),
      FlatField("half_pixel_centers", 3, .scalar(.bool)),
    ]),
  FlatTableType(
    "ResizeNearestNeighborOptions",
    [
      FlatField("align_corners", 0, .scalar(.bool)),
      FlatField("half_pixel_centers", 1, .scalar(.bool)),
    ]),
  FlatTableType(
    "ReverseSequenceOptions",
    [
      FlatField("seq_dim", 0, .scalar(.int32)),
      FlatField("batch_dim", 1, .scalar(.int32)),
    ]),
  FlatTableType("ReverseV2Options", []),
  FlatTableType("Rfft2dOptions", []),
  FlatTableType("RightShiftOptions", []),
  FlatTableType(
    "SVDFOptions",
    [
      FlatField("rank", 0, .scalar(.int32)),
      FlatField("fused_activation_function", 1, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("asymmetric_quantize_inputs", 2, .scalar(.bool)),
    ]),
  FlatTableType("ScatterNdOptions", []),
  FlatTableType("SegmentSumOptions", []),
  FlatTableType("SelectOptions", []),
  FlatTableType("SelectV2Options", []),
  FlatTableType(
    "SequenceRNNOptions",
    [
      FlatField("time_major", 0, .scalar(.bool)),
      FlatField("fused_activation_function", 1, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("asymmetric_quantize_inputs", 2, .scalar(.bool)),
    ]),
  FlatTableType(
    "ShapeOptions",
    [
      FlatField("out_type", 0, .scalar(.int8), enumeration: "TensorType")
    ]),
  FlatTableType("SignOptions", []),
  FlatTableType(
    "SignatureDef",
    [
      FlatField("inputs", 0, .tables("TensorMap")),
      FlatField("outputs", 1, .tables("TensorMap")),
      FlatField("signature_key", 2, .string),
      FlatField("subgraph_index", 4, .scalar(.uint32)),
    ]),
  FlatTableType(
    "SkipGramOptions",
    [
      FlatField("ngram_size", 0, .scalar(.int32)),
      FlatField("max_skip_size", 1, .scalar(.int32)),
      FlatField("include_all_ngrams", 2, .scalar(.bool)),
    ]),
  FlatTableType("SliceOptions", []),
  FlatTableType(
    "SoftmaxOptions",
    [
      FlatField("beta", 0, .scalar(.float32))
    ]),
  FlatTableType("SpaceToBatchNDOptions", []),
  FlatTableType(
    "SpaceToDepthOptions",
    [
      FlatField("block_size", 0, .scalar(.int32))
    ]),
  FlatTableType(
    "SparseToDenseOptions",
    [
      FlatField("validate_indices", 0, .scalar(.bool))
    ]),
  FlatTableType(
    "SparsityParameters",
    [
      FlatField("traversal_order", 0, .scalars(.int32)),
      FlatField("block_map", 1, .scalars(.int32)),
      FlatField("dim_metadata", 2, .tables("DimensionMetadata")),
    ]),
  FlatTableType(
    "SplitOptions",
    [
      FlatField("num_splits", 0, .scalar(.int32))
    ]),
  FlatTableType(
    "SplitVOptions",
    [
      FlatField("num_splits", 0, .scalar(.int32))
    ]),
  FlatTableType("SquareOptions", []),
  FlatTableType("SquaredDifferenceOptions", []),
  FlatTableType(
    "SqueezeOptions",
    [
      FlatField("squeeze_dims", 0, .scalars(.int32))
    ]),
  FlatTableType(
    "StableHLOCompositeOptions",
    [
      FlatField("name", 0, .string),
      FlatField("decomposition_subgraph_index", 1, .scalar(.int32)),
      FlatField("composite_attributes", 2, .scalars(.uint8)),
      FlatField("composite_attributes_format", 3, .scalar(.int8), enumeration: "CustomOptionsFormat"),
      FlatField("version", 4, .scalar(.int32)),
    ]),
  FlatTableType(
    "StablehloBroadcastInDimOptions",
    [
      FlatField("broadcast_dimensions", 0, .scalars(.int64))
    ]),
  FlatTableType(
    "StablehloCaseOptions",
    [
      FlatField("branch_subgraph_indices", 0, .scalars(.int32))
    ]),
  FlatTableType(
    "StablehloCompareOptions",
    [
      FlatField("comparison_direction", 0, .scalar(.uint32), enumeration: "StablehloComparisonDirection"),
      FlatField("compare_type", 1, .scalar(.uint32), enumeration: "StablehloComparisonType"),
    ]),
  FlatTableType(
    "StablehloConcatenateOptions",
    [
      FlatField("dimension", 0, .scalar(.int64))
    ]),
  FlatTableType(
    "StablehloConvolutionOptions",
    [
      FlatField("window_strides", 0, .scalars(.int64)),
      FlatField("padding", 1, .scalars(.int64)),
      FlatField("lhs_dilation", 2, .scalars(.int64)),
      FlatField("rhs_dilation", 3, .scalars(.int64)),
      FlatField("window_reversal", 4, .scalars(.bool)),
      FlatField("input_batch_dimension", 5, .scalar(.int64)),
      FlatField("input_feature_dimension", 6, .scalar(.int64)),
      FlatField("input_spatial_dimensions", 7, .scalars(.int64)),
      FlatField("kernel_input_feature_dimension", 8, .scalar(.int64)),
      FlatField("kernel_output_feature_dimension", 9, .scalar(.int64)),
      FlatField("kernel_spatial_dimensions", 10, .scalars(.int64)),
      FlatField("output_batch_dimension", 11, .scalar(.int64)),
      FlatField("output_feature_dimension", 12, .scalar(.int64)),
      FlatField("output_spatial_dimensions", 13, .scalars(.int64)),
      FlatField("feature_group_count", 14, .scalar(.int64)),
      FlatField("batch_group_count", 15, .scalar(.int64)),
      FlatField("precision_config", 16, .scalars(.uint32)),
    ]),
  FlatTableType(
    "StablehloCustomCallOptions",
    [
      FlatField("call_target_name", 0, .string),
      FlatField("has_side_effect", 1, .scalar(.bool)),
      FlatField("backend_config", 2, .string),
      FlatField("api_version", 3, .scalar(.int32)),
      FlatField("called_computations", 4, .scalars(.int32)),
      FlatField("custom_attributes", 5, .scalars(.uint8)),
    ]),
  FlatTableType(
    "StablehloDotGeneralOptions",
    [
      FlatField("lhs_batching_dimensions", 0, .scalars(.int64)),
      FlatField("rhs_batching_dimensions", 1, .scalars(.int64)),
      FlatField("lhs_contracting_dimensions", 2, .scalars(.int64)),
      FlatField("rhs_contracting_dimensions", 3, .scalars(.int64)),
      FlatField("precision_config", 4, .scalars(.uint32)),
    ]),
  FlatTableType(
    "StablehloDynamicSliceOptions",
    [
      FlatField("slice_sizes", 0, .scalars(.int64))
    ]),
  FlatTableType(
    "StablehloGatherOptions",
    [
      FlatField("offset_dims", 0, .scalars(.int64)),
      FlatField("collapsed_slice_dims", 1, .scalars(.int64)),
      FlatField("start_index_map", 2, .scalars(.int64)),
      FlatField("index_vector_dim", 3, .scalar(.int64)),
      FlatField("slice_sizes", 4, .scalars(.int64)),
      FlatField("indices_are_sorted", 5, .scalar(.bool)),
    ]),
  FlatTableType(
    "StablehloIotaOptions",
    [
      FlatField("iota_dimension", 0, .scalar(.int64))
    ]),
  FlatTableType(
    "StablehloPadOptions",
    [
      FlatField("edge_padding_low", 0, .scalars(.int64)),
      FlatField("edge_padding_high", 1, .scalars(.int64)),
      FlatField("interior_padding", 2, .scalars(.int64)),
    ]),
  FlatTableType(
    "StablehloReduceOptions",
    [
      FlatField("dimensions", 0, .scalars(.int64)),
      FlatField("body_subgraph_index", 1, .scalar(.int32)),
    ]),
  FlatTableType(
    "StablehloReduceWindowOptions",
    [
      FlatField("window_dimensions", 0, .scalars(.int64)),
      FlatField("window_strides", 1, .scalars(.int64)),
      FlatField("base_dilations", 2, .scalars(.int64)),
      FlatField("window_dilations", 3, .scalars(.int64)),
      FlatField("padding", 4, .scalars(.int64)),
      FlatField("body_subgraph_index", 5, .scalar(.int32)),
    ]),
  FlatTableType(
    "StablehloRngBitGeneratorOptions",
    [
      FlatField("algorithm", 0, .scalar(.int8), enumeration: "RngAlgorithm")
    ]),
  FlatTableType(
    "StablehloScatterOptions",
    [
      FlatField("indices_are_sorted", 0, .scalar(.bool)),
      FlatField("update_window_dims", 1, .scalars(.int64)),
      FlatField("inserted_window_dims", 2, .scalars(.int64)),
      FlatField("scatter_dims_to_operand_dims", 3, .scalars(.int64)),
      FlatField("index_vector_dim", 4, .scalar(.int64)),
      FlatField("unique_indices", 5, .scalar(.bool)),
      FlatField("update_computation_subgraph_index", 6, .scalar(.int32)),
    ]),
  FlatTableType("StablehloShiftLeftOptions", []),
  FlatTableType(
    "StablehloSliceOptions",
    [
      FlatField("start_indices", 0, .scalars(.int64)),
      FlatField("limit_indices", 1, .scalars(.int64)),
      FlatField("strides", 2, .scalars(.int64)),
    ]),
  FlatTableType(
    "StablehloSortOptions",
    [
      FlatField("dimension", 0, .scalar(.int64)),
      FlatField("is_stable", 1, .scalar(.bool)),
      FlatField("comparator_subgraph_index", 2, .scalar(.int32)),
    ]),
  FlatTableType(
    "StablehloTransposeOptions",
    [
      FlatField("permutation", 0, .scalars(.int64))
    ]),
  FlatTableType(
    "StablehloWhileOptions",
    [
      FlatField("cond_subgraph_index", 0, .scalar(.int32)),
      FlatField("body_subgraph_index", 1, .scalar(.int32)),
    ]),
  FlatTableType(
    "StridedSliceOptions",
    [
      FlatField("begin_mask", 0, .scalar(.int32)),
      FlatField("end_mask", 1, .scalar(.int32)),
      FlatField("ellipsis_mask", 2, .scalar(.int32)),
      FlatField("new_axis_mask", 3, .scalar(.int32)),
      FlatField("shrink_axis_mask", 4, .scalar(.int32)),
      FlatField("offset", 5, .scalar(.bool)),
    ]),
  FlatTableType(
    "SubGraph",
    [
      FlatField("tensors", 0, .tables("Tensor")),
      FlatField("inputs", 1, .scalars(.int32)),
      FlatField("outputs", 2, .scalars(.int32)),
      FlatField("operators", 3, .tables("Operator")),
      FlatField("name", 4, .string),
      FlatField("debug_metadata_index", 5, .scalar(.int32), standard: -1),
    ]),
  FlatTableType(
    "SubOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("pot_scale_int16", 1, .scalar(.bool), standard: 1),
    ]),
  FlatTableType(
    "Tensor",
    [
      FlatField("shape", 0, .scalars(.int32)),
      FlatField("type", 1, .scalar(.int8), enumeration: "TensorType"),
      FlatField("buffer", 2, .scalar(.uint32)),
      FlatField("name", 3, .string),
      FlatField("quantization", 4, .table("QuantizationParameters")),
      FlatField("is_variable", 5, .scalar(.bool)),
      FlatField("sparsity", 6, .table("SparsityParameters")),
      FlatField("shape_signature", 7, .scalars(.int32)),
      FlatField("has_rank", 8, .scalar(.bool)),
      FlatField("variant_tensors", 9, .tables("VariantSubType")),
      FlatField("external_buffer", 10, .scalar(.uint32)),
    ]),
  FlatTableType(
    "TensorMap",
    [
      FlatField("name", 0, .string),
      FlatField("tensor_index", 1, .scalar(.uint32)),
    ]),
  FlatTableType("TileOptions", []),
  FlatTableType("TopKV2Options", []),
  FlatTableType(
    "TransposeConvOptions",
    [
      FlatField("padding", 0, .scalar(.int8), enumeration: "Padding"),
      FlatField("stride_w", 1, .scalar(.int32)),
      FlatField("stride_h", 2, .scalar(.int32)),
      FlatField("fused_activation_function", 3, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("quantized_bias_type", 4, .scalar(.int8), enumeration: "TensorType"),
    ]),
  FlatTableType("TransposeOptions", []),
  FlatTableType(
    "Uint16Vector",
    [
      FlatField("values", 0, .scalars(.uint16))
    ]),
  FlatTableType(
    "Uint8Vector",
    [
      FlatField("values", 0, .scalars(.uint8))
    ]),
  FlatTableType(
    "UnidirectionalSequenceLSTMOptions",
    [
      FlatField("fused_activation_function", 0, .scalar(.int8), enumeration: "ActivationFunctionType"),
      FlatField("cell_clip", 1, .scalar(.float32)),
      FlatField("proj_clip", 2, .scalar(.float32)),
      FlatField("time_major", 3, .scalar(.bool)),
      FlatField("asymmetric_quantize_inputs", 4, .scalar(.bool)),
      FlatField("diagonal_recurrent_tensors", 5, .scalar(.bool)),
    ]),
  FlatTableType(
    "UniqueOptions",
    [
      FlatField("idx_out_type", 0, .scalar(.int8), standard: 2, enumeration: "TensorType")
    ]),
  FlatTableType(
    "UnpackOptions",
    [
      FlatField("num", 0, .scalar(.int32)),
      FlatField("axis", 1, .scalar(.int32)),
    ]),
  FlatTableType("UnsortedSegmentMaxOptions", []),
  FlatTableType("UnsortedSegmentMinOptions", []),
  FlatTableType("UnsortedSegmentProdOptions", []),
  FlatTableType("UnsortedSegmentSumOptions", []),
  FlatTableType(
    "VarHandleOptions",
    [
      FlatField("container", 0, .string),
      FlatField("shared_name", 1, .string),
    ]),
  FlatTableType(
    "VariantSubType",
    [
      FlatField("shape", 0, .scalars(.int32)),
      FlatField("type", 1, .scalar(.int8), enumeration: "TensorType"),
      FlatField("has_rank", 2, .scalar(.bool)),
    ]),
  FlatTableType("WhereOptions", []),
  FlatTableType(
    "WhileOptions",
    [
      FlatField("cond_subgraph_index", 0, .scalar(.int32)),
      FlatField("body_subgraph_index", 1, .scalar(.int32)),
    ]),
  FlatTableType("ZerosLikeOptions", []),
]
