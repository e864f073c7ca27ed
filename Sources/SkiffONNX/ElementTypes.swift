import SkiffIR

/// ONNX's numbers of element types.
enum ElementTypes {
  private static let table: [(number: Int, dataType: DataType)] = [
    (1, .float32), (2, .uint8), (3, .int8), (4, .uint16), (5, .int16), (6, .int32), (7, .int64), (8, .string),
    (9, .boolean), (10, .float16), (11, .float64), (12, .uint32), (13, .uint64), (14, .complex64),
    (15, .complex128), (16, .bfloat16), (17, .float8e4m3fn), (18, .float8e4m3fnuz), (19, .float8e5m2),
    (20, .float8e5m2fnuz), (21, .uint4), (22, .int4),
  ]
  private static let byNumber = Dictionary(uniqueKeysWithValues: table.map { ($0.number, $0.dataType) })

  /// The data type of a number, nil if ONNX 1.16 has none.
  static func dataType(_ number: Int) -> DataType? { byNumber[number] }
}
