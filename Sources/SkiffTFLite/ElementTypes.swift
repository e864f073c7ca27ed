import SkiffBinary
import SkiffIR

/// The format's element types and Skiff's.
package enum ElementTypes {
  private static let pairs: [(name: String, type: DataType)] = [
    ("FLOAT32", .float32), ("FLOAT16", .float16), ("INT32", .int32), ("UINT8", .uint8), ("INT64", .int64),
    ("STRING", .string), ("BOOL", .boolean), ("INT16", .int16), ("COMPLEX64", .complex64), ("INT8", .int8),
    ("FLOAT64", .float64), ("COMPLEX128", .complex128), ("UINT64", .uint64), ("UINT32", .uint32),
    ("UINT16", .uint16), ("INT4", .int4), ("BFLOAT16", .bfloat16), ("INT2", .int2), ("UINT4", .uint4),
    ("FLOAT8_E4M3FN", .float8e4m3fn), ("FLOAT8_E5M2", .float8e5m2),
  ]

  private static let byName = Dictionary(pairs.map { ($0.name, $0.type) }, uniquingKeysWith: { a, _ in a })
  private static let byType = Dictionary(pairs.map { ($0.type, $0.name) }, uniquingKeysWith: { a, _ in a })

  /// The type that the format calls by this name; nil for resources and variants.
  package static func type(named name: String) -> DataType? { byName[name] }

  /// The format's number for a type; nil if it has none.
  package static func number(of type: DataType) -> Int? {
    byType[type].flatMap { FlatSchema.tflite.enumerations["TensorType"]?.number(of: $0) }
  }
}
