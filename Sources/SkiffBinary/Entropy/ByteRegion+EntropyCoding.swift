import CKernels

/// Interleaved rANS: `docs/formats/skiff.md` specifies the bytes, `CKernels/rans.c` the arithmetic.
private enum EntropyCoding {
  /// What states begin with, and end with when they are decoded.
  static let low: UInt32 = 1 << 16
  static let wordSize = 2
  static let stateSize = 4
  static let laneExponents = 0...6

  /// The exponent of the number of lanes, and the digits of frequencies, for so many bytes.
  ///
  /// Many lanes are decoded at once, but each costs two bytes or three; digits cost some hundred bytes. Only long inputs do
  /// not feel that.
  static func parameters(count: Int) -> (laneExponent: Int, digits: Int) {
    count < 1 << 12 ? (0, 1) : count < 1 << 15 ? (2, 1) : count < 1 << 17 ? (2, 2) : (6, 3)
  }
}

extension ByteRegion {
  /// The bytes, at least one, in about as many bits as their entropy says, with which they decode.
  package func entropyCoded(_ histogram: ByteHistogram? = nil) -> ByteRegion {
    let (exponent, digits) = EntropyCoding.parameters(count: count)
    let frequencies = SymbolFrequencies((histogram ?? ByteHistogram(of: self)).counts, digits: digits)
    var states = [UInt32](repeating: EntropyCoding.low, count: 1 << exponent)
    let words = words(coding: frequencies, &states)
    var bytes = [UInt8(digits << 4 | exponent)] + frequencies.bytes
    for state in states { withUnsafeBytes(of: state.littleEndian) { bytes += $0 } }
    bytes.reserveCapacity(bytes.count + EntropyCoding.wordSize * words.count)
    for word in words.reversed() { withUnsafeBytes(of: word.littleEndian) { bytes += $0 } }
    return ByteRegion(bytes)
  }

  /// The words that the states take up when they decode the bytes, last word first.
  private func words(coding frequencies: SymbolFrequencies, _ states: inout [UInt32]) -> [UInt16] {
    var starts: [UInt32] = []
    var start: UInt32 = 0
    let shares = frequencies.shares.map(UInt32.init)
    for share in shares {
      starts.append(start)
      start += share
    }
    let mask = states.count - 1
    var words: [UInt16] = []
    withBytes { bytes in
      // What is decoded first is coded last.
      for index in bytes.indices.reversed() {
        let symbol = Int(bytes[index])
        let share = shares[symbol]
        var state = states[index & mask]
        if UInt64(state) >= UInt64(share) << (32 - UInt64(SKIFF_RANS_BITS)) {
          words.append(UInt16(truncatingIfNeeded: state))
          state >>= 16
        }
        let (quotient, remainder) = state.quotientAndRemainder(dividingBy: share)
        states[index & mask] = quotient << UInt32(SKIFF_RANS_BITS) + remainder + starts[symbol]
      }
    }
    return words
  }

  /// The `count` bytes that ``entropyCoded(_:)`` made these of.
  ///
  /// - Throws: ``ModelError/Code/malformed`` or ``ModelError/Code/truncated`` if they are not exactly that.
  package func entropyDecoded(count: Int) throws(ModelError) -> ByteRegion {
    try locating(Location(byteOffset: offset)) { () throws(ModelError) in
      var reader = ByteReader(self)
      let head = Int(try reader.read(UInt8.self))
      let (exponent, digits) = (head & 15, head >> 4)
      guard EntropyCoding.laneExponents.contains(exponent), SymbolFrequencies.digits.contains(digits) else {
        throw ModelError(
          .malformed, "an entropy-coded stream of 2^\(exponent) lanes, frequencies of \(digits) digits")
      }
      let frequencies = try SymbolFrequencies(from: &reader, digits: digits)
      var states: [UInt32] = []
      for _ in 0..<1 << exponent { states.append(try reader.read(UInt32.self)) }
      guard states.allSatisfy({ $0 >= EntropyCoding.low }) else {
        throw ModelError(.malformed, "an entropy-coded stream begins in no possible state")
      }
      guard reader.remaining % EntropyCoding.wordSize == 0 else {
        throw ModelError(.malformed, "an entropy-coded stream ends within a word")
      }
      let words = try reader.read(count: reader.remaining)
      return try ByteRegion(count: count) { (output) throws(ModelError) in
        guard words.decode(frequencies, &states, into: output) else {
          throw ModelError(
            .malformed, "the entropy-coded stream is damaged: \(count) bytes do not end where it does")
        }
      }
    }
  }

  /// Whether the words and nothing more decode to `output` from `states`.
  private func decode(
    _ frequencies: SymbolFrequencies, _ states: inout [UInt32], into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let table = UnsafeMutablePointer<skiff_rans_table>.allocate(capacity: 1)
    defer { table.deallocate() }
    table.initialize(to: skiff_rans_table())
    withUnsafeMutableBytes(of: &table.pointee.frequency) { target in
      for (symbol, share) in frequencies.shares.enumerated() {
        target.storeBytes(of: UInt16(share), toByteOffset: 2 * symbol, as: UInt16.self)
      }
    }
    skiff_rans_table_fill(table)
    return withBytes { words in
      skiff_rans_decode(
        table, states.count, &states, words.baseAddress?.assumingMemoryBound(to: UInt8.self),
        words.count / EntropyCoding.wordSize, output.baseAddress?.assumingMemoryBound(to: UInt8.self),
        output.count)
    }
  }
}
