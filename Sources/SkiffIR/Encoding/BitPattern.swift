import SkiffBinary

/// The bits of an element of 8 to 128 bits, whatever they mean. What is done to all elements is done here, for each width.
protocol BitPattern: FixedWidthInteger, UnsignedInteger, BitwiseCopyable, Sendable {
  /// Writes the element of `table`, which has 256, at each of `codes` to `target`.
  static func lookUp(
    _ codes: UnsafeRawBufferPointer, in table: [UInt8], to target: UnsafeMutableRawBufferPointer)

  /// Writes the elements of `source` to where `bitmap` has a one, as often as it has them, and zeros elsewhere.
  static func scatter(
    _ source: UnsafeRawBufferPointer, by bitmap: UnsafeRawBufferPointer,
    to target: UnsafeMutableRawBufferPointer)

  /// A one for each element that is not zero, and those elements.
  static func sifted(_ elements: UnsafeRawBufferPointer) -> (bitmap: [UInt8], nonzeros: [UInt8])

  /// The different elements in the order in which they first occur, and for each element the position of its like; nil if there
  /// are more than 256.
  static func palette(of elements: UnsafeRawBufferPointer) -> (table: [UInt8], codes: [UInt8])?
}

extension DataType {
  /// The type of the bits of an element; nil for elements that share bytes or have none.
  var pattern: (any BitPattern.Type)? { Self.pattern(bits: bitWidth) }

  /// The type of so many bits; nil if there is none.
  static func pattern(bits: Int) -> (any BitPattern.Type)? {
    switch bits {
    case 8: UInt8.self
    case 16: UInt16.self
    case 32: UInt32.self
    case 64: UInt64.self
    case 128: UInt128.self
    default: nil
    }
  }
}

extension UInt8: BitPattern {}
extension UInt16: BitPattern {}
extension UInt32: BitPattern {}
extension UInt64: BitPattern {}
extension UInt128: BitPattern {}

extension BitPattern {
  private static var size: Int { bitWidth / 8 }

  @inline(__always)
  private static func load(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Self {
    bytes.loadUnaligned(fromByteOffset: index * size, as: Self.self)
  }

  static func lookUp(
    _ codes: UnsafeRawBufferPointer, in table: [UInt8], to target: UnsafeMutableRawBufferPointer
  ) {
    precondition(table.count == 256 * size && target.count == codes.count * size)
    table.withUnsafeBytes { table in
      for (index, code) in codes.enumerated() {
        target.storeBytes(of: load(table, Int(code)), toByteOffset: index * size, as: Self.self)
      }
    }
  }

  static func scatter(
    _ source: UnsafeRawBufferPointer, by bitmap: UnsafeRawBufferPointer,
    to target: UnsafeMutableRawBufferPointer
  ) {
    target.initializeMemory(as: UInt8.self, repeating: 0)
    var next = 0
    for (index, byte) in bitmap.enumerated() {
      var bits = byte
      while bits != 0 {
        let place = 8 * index + bits.trailingZeroBitCount
        target.storeBytes(of: load(source, next), toByteOffset: place * size, as: Self.self)
        next += 1
        bits &= bits &- 1
      }
    }
  }

  static func sifted(_ elements: UnsafeRawBufferPointer) -> (bitmap: [UInt8], nonzeros: [UInt8]) {
    let count = elements.count / size
    var bitmap = [UInt8](repeating: 0, count: (count + 7) / 8)
    var nonzeros: [UInt8] = []
    for index in 0..<count {
      let element = load(elements, index)
      guard element != 0 else { continue }
      bitmap[index / 8] |= 1 << UInt8(index % 8)
      withUnsafeBytes(of: element) { nonzeros += $0 }
    }
    return (bitmap, nonzeros)
  }

  static func palette(of elements: UnsafeRawBufferPointer) -> (table: [UInt8], codes: [UInt8])? {
    let count = elements.count / size
    // A hash table in which at least three of four places stay free.
    var places = [(element: Self, code: Int)](repeating: (0, -1), count: 1024)
    var table: [UInt8] = []
    var (known, codes) = (0, [UInt8]())
    codes.reserveCapacity(Swift.min(count, 1 << 16))
    for index in 0..<count {
      let element = load(elements, index)
      let mixed = UInt64(truncatingIfNeeded: element ^ (element >> (bitWidth / 2))) &* 0x9E37_79B9_7F4A_7C15
      var place = Int(truncatingIfNeeded: mixed >> 54)
      while places[place].code >= 0, places[place].element != element { place = (place + 1) % places.count }
      if places[place].code < 0 {
        guard known < 256 else { return nil }
        places[place] = (element, known)
        known += 1
        withUnsafeBytes(of: element) { table += $0 }
      }
      codes.append(UInt8(places[place].code))
    }
    return (table, codes)
  }
}
