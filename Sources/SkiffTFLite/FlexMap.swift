import SkiffBinary

/// The options of custom operators: a map from names to numbers in the self-describing format FlexBuffers.
///
/// A buffer ends with its root, the type of the root and the width of the root in bytes. A map is the place of a vector of
/// values, before which stand its length, the width of its keys and the distance to the vector of them; behind the values
/// there is a type for each.
struct FlexMap {
  /// A number.
  enum Number: Equatable {
    case integer(Int)
    case real(Double)
    case boolean(Bool)
  }

  /// The numbers by their names.
  var numbers: [String: Number]

  init(_ numbers: [String: Number]) { self.numbers = numbers }

  /// Reads a map; values that are no numbers are left out.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if the bytes contradict the format.
  init(_ bytes: ByteRegion) throws(ModelError) {
    let reader = FlexReader(bytes: bytes.withBytes { [UInt8]($0) })
    numbers = try reader.map()
  }

  /// The bytes of the map, with numbers of 4 bytes.
  var bytes: [UInt8] {
    var result: [UInt8] = []
    func append(_ value: Int) {
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian) { result += $0 }
    }
    let sorted = numbers.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
    var places: [Int] = []
    for (name, _) in sorted {
      places.append(result.count)
      result += Array(name.utf8) + [0]
    }
    while result.count % 4 != 0 { result.append(0) }
    append(sorted.count)
    let keys = result.count
    for place in places { append(result.count - place) }
    append(result.count - keys)
    append(4)
    append(sorted.count)
    let values = result.count
    var types: [UInt8] = []
    for (_, number) in sorted {
      switch number {
      case .integer(let integer):
        append(integer)
        types.append(FlexReader.Kind.integer.packed)
      case .real(let real):
        append(Int(Float(real).bitPattern))
        types.append(FlexReader.Kind.real.packed)
      case .boolean(let boolean):
        append(boolean ? 1 : 0)
        types.append(FlexReader.Kind.boolean.packed)
      }
    }
    result += types
    // The root is the place of the values, whose distance fits two bytes or does not exist at this size.
    while result.count % 4 != 0 { result.append(0) }
    append(result.count - values)
    return result + [FlexReader.Kind.map.packed, 4]
  }

  func integer(_ name: String) -> Int? {
    switch numbers[name] {
    case .integer(let integer): integer
    case .real(let real): Int(exactly: real.rounded(.towardZero))
    case .boolean(let boolean): boolean ? 1 : 0
    case nil: nil
    }
  }

  func real(_ name: String) -> Float? {
    switch numbers[name] {
    case .integer(let integer): Float(integer)
    case .real(let real): Float(real)
    case .boolean(let boolean): boolean ? 1 : 0
    case nil: nil
    }
  }
}

/// The walk over the bytes of a map.
private struct FlexReader {
  let bytes: [UInt8]

  enum Kind: UInt8 {
    case integer = 1
    case unsigned = 2
    case real = 3
    case indirectInteger = 6
    case indirectUnsigned = 7
    case indirectReal = 8
    case map = 9
    case boolean = 26

    /// The type of a value of 4 bytes.
    var packed: UInt8 { rawValue << 2 | 2 }
  }

  private func fail(_ offset: Int) -> ModelError {
    ModelError(.malformed, "the options are no map of numbers", at: Location(byteOffset: offset))
  }

  private func unsigned(_ offset: Int, _ width: Int) throws(ModelError) -> Int {
    guard [1, 2, 4, 8].contains(width), offset >= 0, offset <= bytes.count - width else { throw fail(offset) }
    var value: UInt64 = 0
    for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
    return Int(truncatingIfNeeded: value)
  }

  private func signed(_ offset: Int, _ width: Int) throws(ModelError) -> Int {
    let value = try unsigned(offset, width)
    let spare = 64 - 8 * width
    return (value << spare) >> spare
  }

  private func real(_ offset: Int, _ width: Int) throws(ModelError) -> Double {
    let bits = try unsigned(offset, width)
    return switch width {
    case 8: Double(bitPattern: UInt64(bitPattern: Int64(bits)))
    case 4: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    default: throw fail(offset)
    }
  }

  /// What is at the distance before a place that is stored there.
  private func target(_ offset: Int, _ width: Int) throws(ModelError) -> Int {
    let distance = try unsigned(offset, width)
    guard distance > 0, distance <= offset else { throw fail(offset) }
    return offset - distance
  }

  func map() throws(ModelError) -> [String: FlexMap.Number] {
    guard bytes.count >= 3, Kind(rawValue: bytes[bytes.count - 2] >> 2) == .map else {
      throw fail(bytes.count)
    }
    let rootWidth = Int(bytes[bytes.count - 1])
    let width = 1 << Int(bytes[bytes.count - 2] & 3)
    let values = try target(bytes.count - 2 - rootWidth, rootWidth)
    let count = try unsigned(values - width, width)
    let keyWidth = try unsigned(values - 2 * width, width)
    let keys = try target(values - 3 * width, width)
    guard count >= 0, count <= bytes.count else { throw fail(values) }
    var result: [String: FlexMap.Number] = [:]
    for index in 0..<count {
      let start = try target(keys + index * keyWidth, keyWidth)
      guard let end = bytes[start...].firstIndex(of: 0) else { throw fail(start) }
      let name = String(decoding: bytes[start..<end], as: UTF8.self)
      let type = try unsigned(values + count * width + index, 1)
      if let number = try number(values + index * width, width, UInt8(type)) { result[name] = number }
    }
    return result
  }

  private func number(_ offset: Int, _ width: Int, _ type: UInt8) throws(ModelError) -> FlexMap.Number? {
    let inner = 1 << Int(type & 3)
    switch Kind(rawValue: type >> 2) {
    case .integer: return .integer(try signed(offset, width))
    case .unsigned: return .integer(try unsigned(offset, width))
    case .real: return .real(try real(offset, width))
    case .boolean: return .boolean(try unsigned(offset, width) != 0)
    case .indirectInteger: return .integer(try signed(target(offset, width), inner))
    case .indirectUnsigned: return .integer(try unsigned(target(offset, width), inner))
    case .indirectReal: return .real(try real(target(offset, width), inner))
    case .map, nil: return nil
    }
  }
}
