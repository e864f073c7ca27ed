/// The layout of a buffer: its tables, and the places of the large vectors that follow them.
///
/// Objects are laid out front to back, each before what it refers to, so that every offset leads on and the large
/// vectors can come last: the tables stand in memory, the vectors never do. Equal field lists of tables are
/// stored once. The same object gives the same bytes.
package struct FlatImage: Sendable {
  /// The tables, up to the first reserved vector.
  package let head: [UInt8]
  /// The reserved vectors in the order in which the object names them.
  package let reserved: [(offset: Int, count: Int)]
  /// The size of the whole buffer, in bytes.
  package let count: Int

  /// Larger buffers are refused: readers use signed 32-bit offsets.
  package static let largestSize = Int(Int32.max)

  /// Lays out `root`.
  ///
  /// - Throws: ``ModelError/Code/limitExceeded`` if the buffer would be larger than ``largestSize``,
  ///   ``ModelError/Code/invalidArgument`` if a value does not fit the field it stands in.
  package init(_ root: FlatObject, schema: FlatSchema) throws(ModelError) {
    var layout = FlatLayout(schema: schema)
    try layout.append(root)
    var end = layout.bytes.count
    var reserved: [(offset: Int, count: Int)] = []
    for slot in layout.slots {
      // The vector's length stands in the four bytes before its first element.
      let start = (end + 4).roundedUp(toMultipleOf: max(4, slot.alignment))
      try layout.patch(slot.position, leadingTo: start - 4)
      reserved.append((start, slot.count))
      guard slot.count <= Self.largestSize else { throw Self.tooLarge }
      end = start + slot.count
    }
    guard end <= Self.largestSize else { throw Self.tooLarge }
    head = layout.bytes
    self.reserved = reserved
    count = end
  }

  /// Appends the buffer to `file`, which must stand at a multiple of the largest alignment.
  ///
  /// - Parameter fill: writes the reserved vector of that index, exactly as many bytes as were reserved.
  package func write(
    to file: inout OutputFile, filling fill: (Int, inout OutputFile) throws(ModelError) -> Void
  ) throws(ModelError) {
    let base = file.count
    try file.write(head)
    for (index, vector) in reserved.enumerated() {
      try file.write([UInt8](repeating: 0, count: vector.offset - 4 - (file.count - base)))
      try file.write(UInt32(vector.count).littleEndianBytes)
      try fill(index, &file)
      guard file.count - base == vector.offset + vector.count else {
        throw ModelError(
          .invalidArgument,
          "\(file.count - base - vector.offset) bytes were written where \(vector.count) were reserved")
      }
    }
  }

  private static let tooLarge = ModelError(
    .limitExceeded, "the tables and their data are larger than 2 GiB, the most that a FlatBuffer can hold")
}

/// The growing bytes of the tables, and the offsets that are not known yet.
private struct FlatLayout {
  let schema: FlatSchema
  var bytes: [UInt8]
  var slots: [(position: Int, count: Int, alignment: Int)] = []
  private var fieldLists: [[UInt16]: Int] = [:]

  init(schema: FlatSchema) {
    self.schema = schema
    bytes = [0, 0, 0, 0] + Array(schema.identifier.utf8)
  }

  mutating func append(_ root: FlatObject) throws(ModelError) {
    try patch(0, leadingTo: try appendTable(root))
  }

  /// Stores the distance from `position` to `target` at `position`.
  mutating func patch(_ position: Int, leadingTo target: Int) throws(ModelError) {
    guard let distance = UInt32(exactly: target - position) else {
      throw ModelError(.limitExceeded, "a FlatBuffer's offset does not fit into 32 bits")
    }
    store(distance, at: position)
  }

  /// Appends the table and all that it refers to; returns the table's position.
  private mutating func appendTable(_ object: FlatObject) throws(ModelError) -> Int {
    let type = schema.table(object.type)
    if let unknown = object.fields.keys.filter({ type.field($0) == nil }).min() {
      throw ModelError(.invalidArgument, "the table \(object.type) has no field '\(unknown)'")
    }
    let present = type.fields.filter { field in
      object[field.name].map { !$0.isStandard(for: field) } ?? false
    }
    // Wide fields first, and the field list padded so that none of them needs padding in between.
    let inline = present.flatMap { field -> [(id: Int, size: Int)] in
      switch field.type {
      case .scalar(let scalar): [(field.id, scalar.size)]
      case .union: [(field.id - 1, 1), (field.id, 4)]
      default: [(field.id, 4)]
      }
    }
    let ordered = inline.sorted { ($1.size, $0.id) < ($0.size, $1.id) }
    let alignment = max(4, ordered.first?.size ?? 4)
    var offsets: [Int: Int] = [:]
    var size = alignment
    for field in ordered {
      offsets[field.id] = size
      size += field.size
    }
    guard let storedSize = UInt16(exactly: size) else {
      throw ModelError(.limitExceeded, "the table \(object.type) has too many fields")
    }
    let ids = (inline.map(\.id).max() ?? -1) + 1
    var list = [UInt16(4 + 2 * ids), storedSize]
    for id in 0..<ids { list.append(UInt16(offsets[id] ?? 0)) }
    let listPosition = appendFieldList(list)
    align(to: alignment)
    let position = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: size))
    store(Int32(position - listPosition), at: position)
    for field in present {
      guard let value = object[field.name], let offset = offsets[field.id] else { continue }
      if case .union(let members) = field.type, case .object(let member) = value,
        let tag = members.firstIndex(of: member.type), let tagOffset = offsets[field.id - 1]
      {
        store(UInt8(tag + 1), at: position + tagOffset)
      }
      do throws(ModelError) {
        try append(value, field, at: position + offset)
      } catch {
        throw error.located(Location(attribute: "\(object.type).\(field.name)"))
      }
    }
    return position
  }

  /// Writes the field's inline part at `position` and appends what it refers to.
  private mutating func append(_ value: FlatValue, _ field: FlatField, at position: Int) throws(ModelError) {
    switch (field.type, value) {
    case (.scalar(let scalar), .integer(let value)): try store(value, scalar, at: position)
    case (.scalar(let scalar), .real(let value)) where scalar.isReal: store(value, scalar, at: position)
    case (.string, .string(let string)): try appendString(string, from: position)
    case (.strings, .strings(let strings)):
      let start = try appendVector(count: strings.count, size: 4, from: position)
      for (index, string) in strings.enumerated() { try appendString(string, from: start + 4 * index) }
    case (.scalars(let scalar), .integers(let values)):
      let start = try appendVector(count: values.count, size: scalar.size, from: position)
      for (index, value) in values.enumerated() { try store(value, scalar, at: start + scalar.size * index) }
    case (.scalars(let scalar), .reals(let values)) where scalar.isReal:
      let start = try appendVector(count: values.count, size: scalar.size, from: position)
      for (index, value) in values.enumerated() { store(value, scalar, at: start + scalar.size * index) }
    case (.scalars(let scalar), .bytes(let region)) where scalar.size == 1:
      let start = try appendVector(count: region.count, size: 1, from: position)
      region.withBytes { bytes.replaceSubrange(start..<start + region.count, with: $0) }
    case (.scalars(let scalar), .reserved(let count, let alignment)) where scalar.size == 1:
      slots.append((position, count, alignment))
    case (.table(let type), .object(let object)) where object.type == type:
      try patch(position, leadingTo: try appendTable(object))
    case (.union(let members), .object(let object)) where members.contains(object.type):
      try patch(position, leadingTo: try appendTable(object))
    case (.tables(let type), .objects(let objects)) where objects.allSatisfy { $0.type == type }:
      let start = try appendVector(count: objects.count, size: 4, from: position)
      for (index, object) in objects.enumerated() {
        try patch(start + 4 * index, leadingTo: try appendTable(object))
      }
    default: throw ModelError(.invalidArgument, "the value is not of the field's type")
    }
  }

  /// Appends a vector of zeros which the offset at `place` leads to; returns where its elements start.
  private mutating func appendVector(count: Int, size: Int, from place: Int) throws(ModelError) -> Int {
    guard let stored = UInt32(exactly: count), count <= FlatImage.largestSize / size else {
      throw ModelError(.limitExceeded, "a vector of \(count) elements is too long")
    }
    let start = (bytes.count + 4).roundedUp(toMultipleOf: max(4, size))
    bytes.append(contentsOf: repeatElement(0, count: start + count * size - bytes.count))
    store(stored, at: start - 4)
    try patch(place, leadingTo: start - 4)
    return start
  }

  private mutating func appendString(_ string: String, from place: Int) throws(ModelError) {
    let characters = Array(string.utf8)
    let start = try appendVector(count: characters.count, size: 1, from: place)
    bytes.replaceSubrange(start..<start + characters.count, with: characters)
    bytes.append(0)
  }

  private mutating func appendFieldList(_ list: [UInt16]) -> Int {
    if let position = fieldLists[list] { return position }
    align(to: 2)
    let position = bytes.count
    fieldLists[list] = position
    for entry in list { bytes.append(contentsOf: entry.littleEndianBytes) }
    return position
  }

  private mutating func align(to alignment: Int) {
    bytes.append(
      contentsOf: repeatElement(0, count: bytes.count.roundedUp(toMultipleOf: alignment) - bytes.count))
  }

  private mutating func store(_ value: Int, _ scalar: FlatScalar, at position: Int) throws(ModelError) {
    let fits =
      switch scalar {
      case .bool: storeExactly(value, as: UInt8.self, at: position) && value <= 1
      case .uint8: storeExactly(value, as: UInt8.self, at: position)
      case .int8: storeExactly(value, as: Int8.self, at: position)
      case .uint16: storeExactly(value, as: UInt16.self, at: position)
      case .int16: storeExactly(value, as: Int16.self, at: position)
      case .uint32: storeExactly(value, as: UInt32.self, at: position)
      case .int32: storeExactly(value, as: Int32.self, at: position)
      case .uint64: storeExactly(value, as: UInt64.self, at: position)
      case .int64: storeExactly(value, as: Int64.self, at: position)
      case .float32, .float64: false
      }
    guard fits else {
      throw ModelError(.invalidArgument, "\(value) does not fit into \(scalar.rawValue)")
    }
  }

  private mutating func storeExactly<Integer: FixedWidthInteger>(
    _ value: Int, as type: Integer.Type, at position: Int
  ) -> Bool {
    guard let value = Integer(exactly: value) else { return false }
    store(value, at: position)
    return true
  }

  private mutating func store(_ value: Double, _ scalar: FlatScalar, at position: Int) {
    if scalar == .float32 {
      store(Float(value).bitPattern, at: position)
    } else {
      store(value.bitPattern, at: position)
    }
  }

  private mutating func store<Integer: FixedWidthInteger>(_ value: Integer, at position: Int) {
    bytes.replaceSubrange(position..<position + MemoryLayout<Integer>.size, with: value.littleEndianBytes)
  }
}

extension FixedWidthInteger {
  /// The bytes, least significant first.
  fileprivate var littleEndianBytes: [UInt8] {
    withUnsafeBytes(of: littleEndian) { Array($0) }
  }
}

extension Int {
  fileprivate func roundedUp(toMultipleOf step: Int) -> Int { (self + step - 1) / step * step }
}
