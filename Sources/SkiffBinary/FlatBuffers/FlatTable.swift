/// A table inside a buffer, read in place by the names of its schema.
///
/// A table comes out of ``root(of:schema:limits:)``, which verified the whole buffer; every access is checked
/// again all the same. Absent scalars are their standard value; a name that the schema lacks reads as absent.
package struct FlatTable: Sendable {
  package let region: ByteRegion
  package let schema: FlatSchema
  package let type: FlatTableType
  /// The offset of the table in ``region``.
  package let position: Int

  /// The outermost table of `region`, after the whole buffer was verified.
  package static func root(
    of region: ByteRegion, schema: FlatSchema, limits: Limits = .standard
  ) throws(ModelError) -> FlatTable {
    var verifier = FlatVerifier(region: region, schema: schema, limits: limits)
    return try verifier.verify()
  }

  /// Whether the field is stored.
  package func has(_ name: String) throws(ModelError) -> Bool {
    guard let field = type.field(name) else { return false }
    return try place(of: field.id) != nil
  }

  /// An integer or an enumerator's number.
  package func integer(_ name: String) throws(ModelError) -> Int {
    guard let field = type.field(name), case .scalar(let scalar) = field.type else { return 0 }
    guard let place = try place(of: field.id) else { return field.standard }
    return try integer(scalar, at: place)
  }

  package func bool(_ name: String) throws(ModelError) -> Bool { try integer(name) != 0 }

  package func real(_ name: String) throws(ModelError) -> Double {
    guard let field = type.field(name), case .scalar(let scalar) = field.type else { return 0 }
    guard let place = try place(of: field.id) else { return Double(field.standard) }
    return try real(scalar, at: place)
  }

  package func string(_ name: String) throws(ModelError) -> String? {
    guard let field = type.field(name), let place = try target(of: field.id) else { return nil }
    return try string(at: place, field: name)
  }

  package func strings(_ name: String) throws(ModelError) -> [String]? {
    guard let field = type.field(name), let vector = try vector(of: field, size: 4) else { return nil }
    var result: [String] = []
    result.reserveCapacity(vector.count)
    for index in 0..<vector.count {
      result.append(try string(at: follow(vector.start + 4 * index), field: name))
    }
    return result
  }

  package func integers(_ name: String) throws(ModelError) -> [Int]? {
    guard let field = type.field(name), case .scalars(let scalar) = field.type,
      let vector = try vector(of: field, size: scalar.size)
    else { return nil }
    var result: [Int] = []
    result.reserveCapacity(vector.count)
    for index in 0..<vector.count {
      result.append(try integer(scalar, at: vector.start + scalar.size * index))
    }
    return result
  }

  package func reals(_ name: String) throws(ModelError) -> [Double]? {
    guard let field = type.field(name), case .scalars(let scalar) = field.type,
      let vector = try vector(of: field, size: scalar.size)
    else { return nil }
    var result: [Double] = []
    result.reserveCapacity(vector.count)
    for index in 0..<vector.count {
      result.append(try real(scalar, at: vector.start + scalar.size * index))
    }
    return result
  }

  /// A vector's bytes, without a copy.
  package func bytes(_ name: String) throws(ModelError) -> ByteRegion? {
    guard let field = type.field(name), case .scalars(let scalar) = field.type,
      let vector = try vector(of: field, size: scalar.size)
    else { return nil }
    return try region.slice(offset: vector.start, count: vector.count * scalar.size)
  }

  package func table(_ name: String) throws(ModelError) -> FlatTable? {
    guard let field = type.field(name), let place = try target(of: field.id) else { return nil }
    switch field.type {
    case .table(let type): return child(type, at: place)
    case .union(let members):
      let tag = try unionTag(of: field)
      guard tag > 0, tag <= members.count else { return nil }
      return child(members[tag - 1], at: place)
    default: return nil
    }
  }

  package func tables(_ name: String) throws(ModelError) -> [FlatTable]? {
    guard let field = type.field(name), case .tables(let type) = field.type,
      let vector = try vector(of: field, size: 4)
    else { return nil }
    var result: [FlatTable] = []
    result.reserveCapacity(vector.count)
    for index in 0..<vector.count {
      result.append(child(type, at: try follow(vector.start + 4 * index)))
    }
    return result
  }

  /// The number of a union's member; 0 for none, larger than the schema's count for one it does not know.
  package func unionTag(_ name: String) throws(ModelError) -> Int {
    guard let field = type.field(name), case .union = field.type else { return 0 }
    return try unionTag(of: field)
  }
}

extension FlatTable {
  func unionTag(of field: FlatField) throws(ModelError) -> Int {
    guard let place = try place(of: field.id - 1) else { return 0 }
    return Int(try region.load(at: place, as: UInt8.self))
  }

  /// Where the field `id` is stored in the table.
  func place(of id: Int) throws(ModelError) -> Int? {
    let vtable = position - Int(try region.load(at: position, as: Int32.self))
    let size = Int(try region.load(at: vtable, as: UInt16.self))
    let entry = 4 + 2 * id
    guard id >= 0, entry + 2 <= size else { return nil }
    let offset = Int(try region.load(at: vtable + entry, as: UInt16.self))
    return offset == 0 ? nil : position + offset
  }

  /// Where the offset stored at `place` leads.
  func follow(_ place: Int) throws(ModelError) -> Int {
    place + Int(try region.load(at: place, as: UInt32.self))
  }

  private func target(of id: Int) throws(ModelError) -> Int? {
    guard let place = try place(of: id) else { return nil }
    return try follow(place)
  }

  /// A vector's elements, proven to lie inside the region.
  func vector(of field: FlatField, size: Int) throws(ModelError) -> (start: Int, count: Int)? {
    guard let place = try target(of: field.id) else { return nil }
    let count = Int(try region.load(at: place, as: UInt32.self))
    // At most 2^32 elements of 8 bytes: no overflow.
    _ = try region.slice(offset: place + 4, count: count * size)
    return (place + 4, count)
  }

  private func child(_ type: String, at position: Int) -> FlatTable {
    FlatTable(region: region, schema: schema, type: schema.table(type), position: position)
  }

  private func string(at place: Int, field: String) throws(ModelError) -> String {
    let count = Int(try region.load(at: place, as: UInt32.self))
    let bytes = try region.slice(offset: place + 4, count: count)
    guard let string = bytes.withBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw ModelError(
        .malformed, "the string is not UTF-8", at: Location(byteOffset: bytes.offset, attribute: field))
    }
    return string
  }

  private func integer(_ scalar: FlatScalar, at place: Int) throws(ModelError) -> Int {
    switch scalar {
    case .bool, .uint8: return Int(try region.load(at: place, as: UInt8.self))
    case .int8: return Int(try region.load(at: place, as: Int8.self))
    case .int16: return Int(try region.load(at: place, as: Int16.self))
    case .uint16: return Int(try region.load(at: place, as: UInt16.self))
    case .int32: return Int(try region.load(at: place, as: Int32.self))
    case .uint32: return Int(try region.load(at: place, as: UInt32.self))
    case .int64: return Int(try region.load(at: place, as: Int64.self))
    case .uint64:
      let value = try region.load(at: place, as: UInt64.self)
      guard let number = Int(exactly: value) else {
        throw ModelError(
          .malformed, "\(value) is larger than any size", at: Location(byteOffset: region.offset + place))
      }
      return number
    case .float32, .float64: return 0
    }
  }

  private func real(_ scalar: FlatScalar, at place: Int) throws(ModelError) -> Double {
    switch scalar {
    case .float32: Double(Float(bitPattern: try region.load(at: place, as: UInt32.self)))
    case .float64: Double(bitPattern: try region.load(at: place, as: UInt64.self))
    default: Double(try integer(scalar, at: place))
    }
  }
}
