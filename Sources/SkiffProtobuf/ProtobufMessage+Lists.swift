import CProtobufC
import SkiffBinary

extension ProtobufMessage {
  /// The integers of a list, packed or not.
  ///
  /// - Throws: ``ModelError/Code/limitExceeded`` if there are more than `limit`.
  package func integers(_ name: StaticString, limit: Int) throws(ModelError) -> [Int] {
    let field = expect(name, [PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_INT64], repeated: true)
    if let packed = try packedLeaf(of: field) {
      var integers: [Int] = []
      var reader = ByteReader(packed)
      while !reader.isAtEnd {
        guard integers.count < limit else { throw tooMany(field, limit) }
        integers.append(Int(truncatingIfNeeded: try reader.readVarint()))
      }
      return integers
    }
    let integers =
      field.type == PROTOBUF_C_TYPE_INT64
      ? list(field, of: Int64.self).map { Int($0) } : list(field, of: Int32.self).map { Int($0) }
    guard integers.count <= limit else { throw tooMany(field, limit) }
    return integers
  }

  /// The real numbers of a list, packed or not.
  ///
  /// - Throws: ``ModelError/Code/limitExceeded`` if there are more than `limit`.
  package func reals(_ name: StaticString, limit: Int) throws(ModelError) -> [Float] {
    let bytes = try packedBytes(name)
    guard bytes.count / 4 <= limit else { throw tooMany(descriptor.field(named: name), limit) }
    var reals: [Float] = []
    var reader = ByteReader(bytes)
    while !reader.isAtEnd { reals.append(Float(bitPattern: try reader.read())) }
    return reals
  }

  /// A list of real numbers as little-endian bytes, without a copy if they are many.
  package func packedBytes(_ name: StaticString) throws(ModelError) -> ByteRegion {
    let field = expect(name, [PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_DOUBLE], repeated: true)
    let size = field.type == PROTOBUF_C_TYPE_FLOAT ? 4 : 8
    if let packed = try packedLeaf(of: field) {
      guard packed.count % size == 0 else {
        throw ModelError(
          .malformed,
          "field '\(field.name)' of \(descriptor.name) has \(packed.count) bytes for elements of \(size)",
          at: Location(byteOffset: packed.offset))
      }
      return packed
    }
    return size == 4
      ? list(field, of: UInt32.self).withUnsafeBytes { ByteRegion(Array($0)) }
      : list(field, of: UInt64.self).withUnsafeBytes { ByteRegion(Array($0)) }
  }

  /// The integers of a list as they are packed, if they are many and therefore stayed in the file.
  package func packedIntegers(_ name: StaticString) throws(ModelError) -> PackedIntegers {
    let field = expect(
      name, [PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_UINT64], repeated: true)
    if let packed = try packedLeaf(of: field) { return .packed(packed) }
    return .decoded(
      field.type == PROTOBUF_C_TYPE_INT32
        ? list(field, of: Int32.self).map { UInt64(truncatingIfNeeded: $0) }
        : list(field, of: UInt64.self))
  }

  /// The one packed run of a list that was cut out.
  private func packedLeaf(of field: FieldDescriptor) throws(ModelError) -> ByteRegion? {
    let leaves = leaves(of: field)
    guard let leaf = leaves.first else { return nil }
    guard leaves.count == 1, load(field.quantifierOffset, as: Int.self) == 0 else {
      throw ModelError(
        .unsupported, "field '\(field.name)' of \(descriptor.name) is packed in several runs",
        at: Location(byteOffset: leaf.bytes.offset))
    }
    return leaf.bytes
  }

  private func tooMany(_ field: FieldDescriptor, _ limit: Int) -> ModelError {
    ModelError(
      .limitExceeded, "field '\(field.name)' of \(descriptor.name) has more than \(limit) elements",
      at: location)
  }
}

/// Integers of a list that need not be in memory.
package enum PackedIntegers: Sendable {
  /// Seven bits a byte, in the file.
  case packed(ByteRegion)
  /// In memory; signed ones are extended to 64 bits.
  case decoded([UInt64])

  /// Whether there are none.
  package var isEmpty: Bool {
    switch self {
    case .packed(let bytes): bytes.isEmpty
    case .decoded(let integers): integers.isEmpty
    }
  }

  /// Calls `body` with each integer in turn.
  package func forEach(_ body: (UInt64) throws(ModelError) -> Void) throws(ModelError) {
    switch self {
    case .decoded(let integers): for integer in integers { try body(integer) }
    case .packed(let bytes):
      var reader = ByteReader(bytes)
      while !reader.isAtEnd { try body(try reader.readVarint()) }
    }
  }
}
