/// Proves, before anything is read, that a buffer keeps the rules of FlatBuffers and of its schema.
///
/// Every offset, table, string and vector lies inside the buffer and is aligned; strings end in a zero; unions
/// have a tag and a value or neither; nesting stays within ``Limits/depth``. What a structure built from the
/// buffer would take is counted once per way that leads to it, since a small buffer can name one table a
/// million times, and stays within ``Limits/structureSize``. Fields that the schema does not know are ignored.
struct FlatVerifier {
  let region: ByteRegion
  let schema: FlatSchema
  let limits: Limits
  private var budget: Int

  /// What one table is taken to cost when it becomes a structure, in bytes.
  static let tableCost = 256
  /// What one number, offset or empty string of a vector is taken to cost.
  static let elementCost = 16

  init(region: ByteRegion, schema: FlatSchema, limits: Limits) {
    self.region = region
    self.schema = schema
    self.limits = limits
    budget = limits.structureSize
  }

  mutating func verify() throws(ModelError) -> FlatTable {
    guard region.count >= 8 else {
      throw ModelError(
        .truncated, "\(region.count) bytes are too few for a FlatBuffer",
        at: Location(byteOffset: region.offset))
    }
    guard schema.recognizes(region) else {
      throw malformed("the identifier is not \"\(schema.identifier)\"", at: 4)
    }
    let root = try follow(0)
    try verify(schema.table(schema.root), at: root, depth: 1)
    return FlatTable(region: region, schema: schema, type: schema.table(schema.root), position: root)
  }

  private mutating func verify(_ type: FlatTableType, at position: Int, depth: Int) throws(ModelError) {
    guard depth <= limits.depth else {
      throw ModelError(
        .limitExceeded, "tables nest deeper than \(limits.depth)",
        at: Location(byteOffset: region.offset + position))
    }
    try spend(Self.tableCost, at: position)
    try check(position, 4, alignment: 4)
    let vtable = position - Int(try region.load(at: position, as: Int32.self))
    try check(vtable, 4, alignment: 2)
    let vtableSize = Int(try region.load(at: vtable, as: UInt16.self))
    guard vtableSize >= 4, vtableSize % 2 == 0 else {
      throw malformed("a table's field list has the size \(vtableSize)", at: vtable)
    }
    try check(vtable, vtableSize, alignment: 2)
    let size = Int(try region.load(at: vtable + 2, as: UInt16.self))
    guard size >= 4 else { throw malformed("a table has the size \(size)", at: vtable + 2) }
    try check(position, size, alignment: 4)
    let table = FlatTable(region: region, schema: schema, type: type, position: position)
    for field in type.fields {
      do throws(ModelError) {
        try verify(field, of: table, size: size, depth: depth)
      } catch {
        throw error.located(Location(attribute: "\(type.name).\(field.name)"))
      }
    }
  }

  private mutating func verify(
    _ field: FlatField, of table: FlatTable, size: Int, depth: Int
  ) throws(ModelError) {
    let place = try table.place(of: field.id)
    if let place {
      let width = if case .scalar(let scalar) = field.type { scalar.size } else { 4 }
      guard place + width <= table.position + size else {
        throw malformed("the field lies beyond its table", at: place)
      }
      try check(place, width, alignment: width)
    }
    switch field.type {
    case .scalar: break
    case .union(let members):
      let tag = try unionTag(of: field, in: table, size: size)
      guard (tag != 0) == (place != nil) else {
        throw malformed(
          "a union has a \(tag == 0 ? "value without a type" : "type without a value")", at: table.position)
      }
      guard let place else { break }
      let target = try follow(place)
      // A member that the schema does not know yet cannot be checked further; nobody reads it either.
      guard tag <= members.count else { break }
      try verify(schema.table(members[tag - 1]), at: target, depth: depth + 1)
    case .table(let type):
      guard let place else { break }
      try verify(schema.table(type), at: follow(place), depth: depth + 1)
    case .string:
      guard let place else { break }
      try verifyString(at: follow(place))
    case .scalars(let scalar):
      guard let place else { break }
      let vector = try verifyVector(at: follow(place), size: scalar.size)
      // Bytes are read in place.
      if scalar != .uint8 { try spend(vector.count * Self.elementCost, at: place) }
    case .strings:
      guard let place else { break }
      let vector = try verifyVector(at: follow(place), size: 4)
      for index in 0..<vector.count { try verifyString(at: follow(vector.start + 4 * index)) }
    case .tables(let type):
      guard let place else { break }
      let vector = try verifyVector(at: follow(place), size: 4)
      let type = schema.table(type)
      for index in 0..<vector.count {
        try verify(type, at: follow(vector.start + 4 * index), depth: depth + 1)
      }
    }
  }

  private func unionTag(of field: FlatField, in table: FlatTable, size: Int) throws(ModelError) -> Int {
    guard let place = try table.place(of: field.id - 1) else { return 0 }
    guard place < table.position + size else { throw malformed("the field lies beyond its table", at: place) }
    return Int(try region.load(at: place, as: UInt8.self))
  }

  private mutating func verifyString(at position: Int) throws(ModelError) {
    let (start, count) = try verifyVector(at: position, size: 1)
    try spend(Self.elementCost + count, at: position)
    guard try region.load(at: start + count, as: UInt8.self) == 0 else {
      throw malformed("a string does not end in a zero", at: start + count)
    }
  }

  private func verifyVector(at position: Int, size: Int) throws(ModelError) -> (start: Int, count: Int) {
    try check(position, 4, alignment: 4)
    let count = Int(try region.load(at: position, as: UInt32.self))
    guard size == 1 || count <= limits.count else {
      throw ModelError(
        .limitExceeded, "a list has \(count) elements, more than the limit of \(limits.count)",
        at: Location(byteOffset: region.offset + position))
    }
    try check(position + 4, count * size, alignment: 4)
    return (position + 4, count)
  }

  /// Where the offset at `place` leads; it always leads on.
  private func follow(_ place: Int) throws(ModelError) -> Int {
    let offset = Int(try region.load(at: place, as: UInt32.self))
    guard offset > 0 else { throw malformed("an offset leads nowhere", at: place) }
    return place + offset
  }

  private func check(_ position: Int, _ count: Int, alignment: Int) throws(ModelError) {
    guard position >= 0, position <= region.count, count <= region.count - position else {
      throw ModelError(
        .truncated, "\(count) bytes at \(position) are beyond the end of \(region.count)",
        at: Location(byteOffset: region.offset + max(0, min(position, region.count))))
    }
    guard position % alignment == 0 else {
      throw malformed("is not aligned to \(alignment) bytes", at: position)
    }
  }

  private mutating func spend(_ cost: Int, at position: Int) throws(ModelError) {
    guard cost <= budget else {
      throw ModelError(
        .limitExceeded, "the structures would take more than \(limits.structureSize) bytes",
        at: Location(byteOffset: region.offset + position))
    }
    budget -= cost
  }

  private func malformed(_ message: String, at position: Int) -> ModelError {
    ModelError(.malformed, message, at: Location(byteOffset: region.offset + position))
  }
}
