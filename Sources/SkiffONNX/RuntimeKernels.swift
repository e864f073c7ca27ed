import SkiffIR

/// The integers that ONNX Runtime computes with, where it has fewer kernels than the specification has types.
enum RuntimeKernels {
  private static let wide: Set<DataType> = [.int32, .int64]
  private static let bytesAndWide: Set<DataType> = [.int8, .uint8, .int32, .int64]

  private static let integers: [String: Set<DataType>] = {
    var integers: [String: Set<DataType>] = [
      "Max": bytesAndWide.union([.uint32, .uint64]), "Min": bytesAndWide.union([.uint32, .uint64]),
      "Pow": wide, "MatMul": wide.union([.uint32, .uint64]), "Neg": [.int8, .int16, .int32, .int64],
      "Relu": [.int8, .int32], "CumSum": wide, "Trilu": wide.union([.boolean]),
      "ReduceMax": bytesAndWide.union([.boolean]), "ReduceMin": bytesAndWide.union([.boolean]),
      "ArgMax": bytesAndWide, "ArgMin": bytesAndWide, "TopK": wide,
      "Pad": bytesAndWide.union([.uint32, .uint64, .boolean]), "MaxPool": [.int8, .uint8],
      "Unique": [.int8, .int64], "DepthToSpace": [.int8, .uint8], "SpaceToDepth": [.int8, .uint8],
      "Where": bytesAndWide.union([.uint32]), "NonZero": [.uint8, .int32, .int64, .boolean],
    ]
    for name in [
      "Sum", "Mean", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp",
    ] { integers["Reduce" + name] = wide }
    return integers
  }()

  /// Operators that compute integers modulo a power of two, or move them.
  private static let modular: Set<String> = [
    "CumSum", "MatMul", "NonZero", "Pad", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Trilu", "Where",
  ]

  /// The type in which to compute instead; nil if there is a kernel, or none that takes all numbers.
  static func widerType(than own: DataType, for name: String) -> DataType? {
    guard own.isInteger || own == .boolean, let known = integers[name], !known.contains(own) else {
      return nil
    }
    let candidates: [DataType] = [.uint8, .int32, .int64, .float32, .float64]
    return candidates.first { candidate in
      (known.contains(candidate) || candidate.isFloatingPoint)
        && (holds(candidate, own)
          || own == .uint64 && candidate == .int64 && modular.contains(name))
    }
  }

  private static func holds(_ wide: DataType, _ narrow: DataType) -> Bool {
    if narrow == .boolean { return true }
    guard !wide.isFloatingPoint else { return narrow.bitWidth <= wide.bitWidth / 2 }
    return wide.integerRange().lowerBound <= narrow.integerRange().lowerBound
      && wide.integerRange().upperBound >= narrow.integerRange().upperBound
  }
}
