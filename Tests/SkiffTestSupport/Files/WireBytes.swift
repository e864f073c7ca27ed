/// The bytes of a protocol buffer, field by field.
package struct WireBytes {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package init(_ build: (inout WireBytes) -> Void) { build(&self) }

  package mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  package mutating func integer(_ field: UInt64, _ value: Int) {
    varint(field << 3)
    varint(UInt64(bitPattern: Int64(value)))
  }

  package mutating func real(_ field: UInt64, _ value: Float) {
    varint(field << 3 | 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func delimited(_ field: UInt64, _ value: [UInt8]) {
    varint(field << 3 | 2)
    varint(UInt64(value.count))
    bytes += value
  }

  package mutating func text(_ field: UInt64, _ value: String) { delimited(field, Array(value.utf8)) }

  package mutating func message(_ field: UInt64, _ build: (inout WireBytes) -> Void) {
    delimited(field, WireBytes(build).bytes)
  }
}
