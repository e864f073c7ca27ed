/// Damage as disks, transfers and attackers do it to a file.
package enum Mutation: CaseIterable {
  /// Sets a byte to anything.
  case byte
  /// Turns a bit around.
  case bit
  /// Sets a byte to an extreme.
  case extremeByte
  /// Sets an aligned 32-bit or 64-bit integer to an extreme.
  case extremeInteger
  /// Writes another number where decimal digits stand.
  case extremeDigits
  /// Writes another of the file's words where one stands, or another of its numbers.
  case word
  /// Copies a run of bytes to another place.
  case copy
  /// Leaves a run of bytes out.
  case removal
  /// Doubles a run of bytes.
  case insertion

  /// Mutations after which a text is often still one.
  package static let ofText: [Mutation] = [.word, .word, .word, .extremeDigits]
  /// Mutations after which every other byte is at its place.
  package static let inPlace: [Mutation] = [.byte, .bit, .extremeByte, .extremeInteger, .copy]

  private static let extremes: [Int] = [
    0, 1, -1, 2, 127, 128, 255, 256, 1 << 16, Int(Int32.max), Int(Int32.min), 1 << 31, 1 << 32, 1 << 62,
    .max, .min,
  ]
  private static let numbers = [
    "-1", "0", "1", "2147483648", "9223372036854775807", "-9223372036854775808", "1e999", "0.5", "null",
    "true", "\"\"", "[]", "{}", "[1,[2]]",
  ]

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }

  /// Applies the mutation at or after `index`, a place in `bytes`.
  fileprivate func apply(to bytes: inout [UInt8], at index: Int, using generator: inout SeededGenerator) {
    let run = index..<min(bytes.count, index + Int.random(in: 1...16, using: &generator))
    switch self {
    case .byte: bytes[index] = .random(in: 0...255, using: &generator)
    case .bit: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case .extremeByte: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
    case .extremeInteger:
      let width = Bool.random(using: &generator) ? 4 : 8
      let value = Self.extremes.randomElement(using: &generator) ?? 0
      let start = index / width * width
      for offset in 0..<min(width, bytes.count - start) {
        bytes[start + offset] = UInt8(truncatingIfNeeded: value >> (8 * offset))
      }
    case .extremeDigits:
      guard let first = bytes[index...].firstIndex(where: Self.isDigit) else { return }
      let end = bytes[first...].firstIndex { !Self.isDigit($0) } ?? bytes.count
      bytes.replaceSubrange(first..<end, with: (Self.numbers.randomElement(using: &generator) ?? "").utf8)
    case .word:
      guard let first = bytes[index...].firstIndex(where: { Self.isLetter($0) || Self.isDigit($0) }) else {
        return
      }
      let belongs = Self.isDigit(bytes[first]) ? Self.isDigit : Self.isLetter
      let other = Int.random(in: bytes.indices, using: &generator)
      guard let start = bytes[other...].firstIndex(where: belongs) else { return }
      let ends = [first, start].map { bytes[$0...].firstIndex { !belongs($0) } ?? bytes.count }
      bytes.replaceSubrange(first..<ends[0], with: Array(bytes[start..<ends[1]]))
    case .copy:
      let target = Int.random(in: 0...bytes.count - run.count, using: &generator)
      bytes.replaceSubrange(target..<target + run.count, with: Array(bytes[run]))
    case .removal: bytes.removeSubrange(run)
    case .insertion: bytes.insert(contentsOf: Array(bytes[run]), at: index)
    }
  }
}

extension [UInt8] {
  /// The bytes with one to four mutations that begin within `range`, by default anywhere.
  package func mutated(
    _ kinds: [Mutation] = Mutation.allCases, in range: Range<Int>? = nil,
    using generator: inout SeededGenerator
  ) -> [UInt8] {
    var result = self
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      let places = (range ?? result.indices).clamped(to: result.indices)
      guard let index = places.randomElement(using: &generator),
        let kind = kinds.randomElement(using: &generator)
      else { break }
      kind.apply(to: &result, at: index, using: &generator)
    }
    return result
  }
}
