/// The element types of NumPy arrays that a model's samples and results have.
package enum NumPyType: String, CaseIterable, Hashable, Sendable {
  case bool = "b1"
  case int8 = "i1"
  case int16 = "i2"
  case int32 = "i4"
  case int64 = "i8"
  case uint8 = "u1"
  case uint16 = "u2"
  case uint32 = "u4"
  case uint64 = "u8"
  case float16 = "f2"
  case float32 = "f4"
  case float64 = "f8"

  /// The number of bytes of an element.
  package var size: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// The type as NumPy writes it, least significant byte first: `<f4`, `|u1`.
  package var descriptor: String { (size == 1 ? "|" : "<") + rawValue }
}

/// A Swift type whose values are the elements of one ``NumPyType``, bit for bit.
package protocol NumPyElement: BitwiseCopyable, Sendable {
  /// The type in NumPy.
  static var numPyType: NumPyType { get }
}

extension Int8: NumPyElement { package static var numPyType: NumPyType { .int8 } }
extension Int16: NumPyElement { package static var numPyType: NumPyType { .int16 } }
extension Int32: NumPyElement { package static var numPyType: NumPyType { .int32 } }
extension Int64: NumPyElement { package static var numPyType: NumPyType { .int64 } }
extension UInt8: NumPyElement { package static var numPyType: NumPyType { .uint8 } }
extension UInt16: NumPyElement { package static var numPyType: NumPyType { .uint16 } }
extension UInt32: NumPyElement { package static var numPyType: NumPyType { .uint32 } }
extension UInt64: NumPyElement { package static var numPyType: NumPyType { .uint64 } }
extension Float: NumPyElement { package static var numPyType: NumPyType { .float32 } }
extension Double: NumPyElement { package static var numPyType: NumPyType { .float64 } }
