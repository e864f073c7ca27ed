/// A table and all that it refers to, as bytes without offsets, alignment or lists of fields: some times smaller than a
/// FlatBuffer, and compressed better, but to be read as a whole.
///
/// A table is a number whose bits say which of its schema's fields are there, lowest first, and those fields in order. Numbers
/// stand in groups of 7 bits, lowest first, each but the last with its highest bit set; signed ones as 0, -1, 1, -2, 2 …. An
/// integer is such a number, a real one its own bytes, little-endian. A string or a vector is the number of its bytes or elements,
/// and these; a union the number of its member, from 1, and the table.
package enum FlatTree {
  /// The bytes of a table of a schema.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if a value does not fit the field it stands in.
  package static func bytes(of root: FlatObject, schema: FlatSchema) throws(ModelError) -> [UInt8] {
    var writer = FlatTreeWriter(schema: schema)
    try writer.append(root)
    return writer.bytes
  }

  /// The schema's root in such bytes.
  ///
  /// - Throws: ``ModelError/Code/malformed``, ``ModelError/Code/truncated``, and ``ModelError/Code/limitExceeded`` for what is nested
  ///   deeper than ``Limits/depth`` or becomes structures larger than ``Limits/structureSize``.
  package static func root(
    of region: ByteRegion, schema: FlatSchema, limits: Limits = .standard
  ) throws(ModelError) -> FlatObject {
    var reader = FlatTreeReader(region, schema: schema, limits: limits)
    let root = try reader.object(schema.table(schema.root), depth: 1)
    try reader.end()
    return root
  }
}

private struct FlatTreeWriter {
  let schema: FlatSchema
  private(set) var bytes: [UInt8] = []

  init(schema: FlatSchema) { self.schema = schema }

  mutating func append(_ object: FlatObject) throws(ModelError) {
    let type = schema.table(object.type)
    let present = type.fields.indices.filter { index in
      object[type.fields[index].name].map { !$0.isStandard(for: type.fields[index]) } ?? false
    }
    append(number: present.reduce(0) { $0 | 1 << UInt64($1) })
    for index in present {
      let field = type.fields[index]
      guard let value = object[field.name] else { continue }
      do throws(ModelError) {
        try append(value, field)
      } catch {
        throw error.located(Location(attribute: "\(object.type).\(field.name)"))
      }
    }
  }

  private mutating func append(_ value: FlatValue, _ field: FlatField) throws(ModelError) {
    switch (field.type, value) {
    case (.scalar(let scalar), .integer(let value)) where !scalar.isReal: append(integer: value)
    case (.scalar(let scalar), .real(let value)) where scalar.isReal: append(value, scalar)
    case (.string, .string(let string)): append(string)
    case (.strings, .strings(let strings)):
      append(number: UInt64(strings.count))
      for string in strings { append(string) }
    case (.scalars(.uint8), .bytes(let region)):
      append(number: UInt64(region.count))
      region.withBytes { bytes.append(contentsOf: $0) }
    case (.scalars(let scalar), .integers(let values)) where !scalar.isReal && scalar != .uint8:
      append(number: UInt64(values.count))
      for value in values { append(integer: value) }
    case (.scalars(let scalar), .reals(let values)) where scalar.isReal:
      append(number: UInt64(values.count))
      for value in values { append(value, scalar) }
    case (.table(let type), .object(let object)) where object.type == type: try append(object)
    case (.union(let members), .object(let object)):
      guard let member = members.firstIndex(of: object.type) else { throw Self.misfit }
      append(number: UInt64(member + 1))
      try append(object)
    case (.tables(let type), .objects(let objects)) where objects.allSatisfy { $0.type == type }:
      append(number: UInt64(objects.count))
      for object in objects { try append(object) }
    default: throw Self.misfit
    }
  }

  private static let misfit = ModelError(.invalidArgument, "the value is not of the field's type")

  private mutating func append(_ string: String) {
    append(number: UInt64(string.utf8.count))
    bytes.append(contentsOf: string.utf8)
  }

  private mutating func append(_ value: Double, _ scalar: FlatScalar) {
    if scalar == .float32 {
      withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    } else {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
  }

  private mutating func append(integer value: Int) {
    append(number: UInt64(bitPattern: Int64(value << 1 ^ value >> (Int.bitWidth - 1))))
  }

  private mutating func append(number: UInt64) {
    var rest = number
    while rest >= 128 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

private struct FlatTreeReader {
  private let schema: FlatSchema
  private let limits: Limits
  private var reader: ByteReader
  private var budget: Int

  init(_ region: ByteRegion, schema: FlatSchema, limits: Limits) {
    (self.schema, self.limits) = (schema, limits)
    reader = ByteReader(region)
    budget = limits.structureSize
  }

  func end() throws(ModelError) {
    guard reader.isAtEnd else { throw malformed("\(reader.remaining) bytes behind the root") }
  }

  mutating func object(_ type: FlatTableType, depth: Int) throws(ModelError) -> FlatObject {
    guard depth <= limits.depth else {
      throw ModelError(.limitExceeded, "tables nest deeper than \(limits.depth)")
    }
    try spend(FlatVerifier.tableCost)
    let present = try number()
    guard type.fields.count >= UInt64.bitWidth - present.leadingZeroBitCount else {
      throw ModelError(.unsupported, "a table \(type.name) has fields that are not known")
    }
    var object = FlatObject(type.name)
    for (index, field) in type.fields.enumerated() where present >> UInt64(index) & 1 == 1 {
      do throws(ModelError) {
        object[field.name] = try value(of: field, depth: depth)
      } catch {
        throw error.located(Location(attribute: "\(type.name).\(field.name)"))
      }
    }
    return object
  }

  private mutating func value(of field: FlatField, depth: Int) throws(ModelError) -> FlatValue {
    switch field.type {
    case .scalar(let scalar) where scalar.isReal: return .real(try real(scalar))
    case .scalar(let scalar): return .integer(try integer(scalar))
    case .string: return .string(try string())
    case .strings:
      var strings: [String] = []
      for _ in 0..<(try count(FlatVerifier.elementCost)) { strings.append(try string()) }
      return .strings(strings)
    case .scalars(.uint8): return .bytes(try reader.read(count: count(0)))
    case .scalars(let scalar) where scalar.isReal:
      var reals: [Double] = []
      for _ in 0..<(try count(FlatVerifier.elementCost)) { reals.append(try real(scalar)) }
      return .reals(reals)
    case .scalars(let scalar):
      var integers: [Int] = []
      for _ in 0..<(try count(FlatVerifier.elementCost)) { integers.append(try integer(scalar)) }
      return .integers(integers)
    case .table(let type): return .object(try object(schema.table(type), depth: depth + 1))
    case .union(let members):
      let member = try number()
      guard member > 0 else { throw malformed("a union without a member") }
      guard member <= UInt64(members.count) else {
        throw ModelError(.unsupported, "the union's member \(member) is not known")
      }
      return .object(try object(schema.table(members[Int(member) - 1]), depth: depth + 1))
    case .tables(let type):
      var objects: [FlatObject] = []
      for _ in 0..<(try count(0)) { objects.append(try object(schema.table(type), depth: depth + 1)) }
      return .objects(objects)
    }
  }

  /// The number of bytes or elements that follow, each of which takes at least one byte and makes a structure of so many.
  private mutating func count(_ cost: Int) throws(ModelError) -> Int {
    let count = try number()
    guard count <= UInt64(reader.remaining) else {
      throw ModelError(
        .truncated, "\(count) elements, but only \(reader.remaining) bytes are left",
        at: Location(byteOffset: reader.position))
    }
    try spend(Int(count) * cost)
    return Int(count)
  }

  private mutating func string() throws(ModelError) -> String {
    let count = try count(1)
    let region = try reader.read(count: count)
    guard let text = region.withBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw malformed("a string is not UTF-8")
    }
    return text
  }

  private mutating func real(_ scalar: FlatScalar) throws(ModelError) -> Double {
    scalar == .float32
      ? Double(Float(bitPattern: try reader.read(UInt32.self)))
      : Double(bitPattern: try reader.read(UInt64.self))
  }

  private mutating func integer(_ scalar: FlatScalar) throws(ModelError) -> Int {
    let number = try number()
    let value = Int(truncatingIfNeeded: number >> 1) ^ -Int(truncatingIfNeeded: number & 1)
    guard scalar.holds(value) else { throw malformed("\(value) does not fit into \(scalar.rawValue)") }
    return value
  }

  private mutating func number() throws(ModelError) -> UInt64 {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let byte = try reader.read(UInt8.self)
      let digits = UInt64(byte & 127)
      // The last group has one bit left, and no group but the first is zero at the end.
      guard shift < 63 || digits <= 1, byte != 0 || shift == 0 else { break }
      number |= digits << shift
      if byte < 128 { return number }
    }
    throw malformed("is no number")
  }

  private mutating func spend(_ cost: Int) throws(ModelError) {
    guard cost <= budget else {
      throw ModelError(
        .limitExceeded, "structures take more than the limit of \(limits.structureSize) bytes",
        at: Location(byteOffset: reader.position))
    }
    budget -= cost
  }

  private func malformed(_ message: String) -> ModelError {
    ModelError(.malformed, message, at: Location(byteOffset: reader.position))
  }
}

extension FlatScalar {
  /// Whether an integer of this type can be a value; one that does not fit into `Int` never is.
  fileprivate func holds(_ value: Int) -> Bool {
    switch self {
    case .bool: (0...1).contains(value)
    case .int8: Int8(exactly: value) != nil
    case .uint8: UInt8(exactly: value) != nil
    case .int16: Int16(exactly: value) != nil
    case .uint16: UInt16(exactly: value) != nil
    case .int32: Int32(exactly: value) != nil
    case .uint32: UInt32(exactly: value) != nil
    case .int64: true
    case .uint64: value >= 0
    case .float32, .float64: false
    }
  }
}
