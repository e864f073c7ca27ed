import SkiffBinary
import SkiffIR

/// ONNX's numbers of element types.
enum ElementTypes {
  private static let table: [(number: Int, name: String, dataType: DataType)] = [
    (1, "FLOAT", .float32), (2, "UINT8", .uint8), (3, "INT8", .int8), (4, "UINT16", .uint16),
    (5, "INT16", .int16), (6, "INT32", .int32), (7, "INT64", .int64), (8, "STRING", .string),
    (9, "BOOL", .boolean), (10, "FLOAT16", .float16), (11, "DOUBLE", .float64), (12, "UINT32", .uint32),
    (13, "UINT64", .uint64), (14, "COMPLEX64", .complex64), (15, "COMPLEX128", .complex128),
    (16, "BFLOAT16", .bfloat16), (17, "FLOAT8E4M3FN", .float8e4m3fn),
    (18, "FLOAT8E4M3FNUZ", .float8e4m3fnuz), (19, "FLOAT8E5M2", .float8e5m2),
    (20, "FLOAT8E5M2FNUZ", .float8e5m2fnuz), (21, "UINT4", .uint4), (22, "INT4", .int4),
  ]
  private static let byNumber = Dictionary(uniqueKeysWithValues: table.map { ($0.number, $0.dataType) })
  private static let byName = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0.dataType) })

  /// The data type of a number, nil if ONNX 1.16 has none.
  static func dataType(_ number: Int) -> DataType? { byNumber[number] }

  /// The number of a data type.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if ONNX 1.16 has none.
  static func number(of dataType: DataType) throws(ModelError) -> Int {
    guard let number = table.first(where: { $0.dataType == dataType })?.number else {
      throw ModelError(.unsupported, "elements of type \(dataType.rawValue) are not in the format")
    }
    return number
  }

  /// The data type that the first versions of Cast name by a text.
  static func dataType(named name: String) -> DataType? { byName[name] }
}
