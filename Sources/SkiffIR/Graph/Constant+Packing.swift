import SkiffBinary

extension Constant {
  /// Creates a constant that stores each integer of `tensor` in `bits` bits.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if one of them does not fit.
  public init(packing tensor: Tensor, bits: Int) throws(ModelError) {
    guard (1...8).contains(bits), tensor.dataType.isInteger, tensor.dataType.bitWidth > bits else {
      throw ModelError(.invalidArgument, "\(tensor.dataType.rawValue) cannot be packed to \(bits) bits")
    }
    let integers = try tensor.integers()
    let range = Self.packedRange(bits: bits, isSigned: tensor.dataType.isSignedInteger)
    guard integers.allSatisfy(range.contains) else {
      throw ModelError(.invalidArgument, "an element does not fit in \(bits) bits")
    }
    let (size, overflow) = integers.count.multipliedReportingOverflow(by: bits)
    guard !overflow, size <= Int.max - 7 else {
      throw ModelError(.limitExceeded, "impossible number of bits")
    }
    var bytes = [UInt8](repeating: 0, count: (size + 7) / 8)
    let mask = 1 << bits - 1
    for (index, integer) in integers.enumerated() {
      let position = index * bits
      let word = (integer & mask) << (position % 8)
      bytes[position / 8] |= UInt8(truncatingIfNeeded: word)
      // At most 8 + 7 bits: one more byte is enough, and it exists where a bit is set in it.
      if position % 8 + bits > 8 { bytes[position / 8 + 1] |= UInt8(truncatingIfNeeded: word >> 8) }
    }
    try self.init(
      tensor.dataType, shape: tensor.shape, quantization: tensor.quantization, bytes: ByteRegion(bytes),
      encoding: .packed(bits: bits))
  }

  /// The fewest bits in which ``init(packing:bits:)`` can store the integers of `tensor`; nil if that saves nothing.
  package static func fewestBits(of tensor: Tensor) -> Int? {
    guard tensor.dataType.isInteger, tensor.count > 0, let integers = try? tensor.integers() else {
      return nil
    }
    let isSigned = tensor.dataType.isSignedInteger
    var (low, high) = (0, 0)
    for integer in integers { (low, high) = (min(low, integer), max(high, integer)) }
    return (1...8).first { bits in
      let range = packedRange(bits: bits, isSigned: isSigned)
      return bits < tensor.dataType.bitWidth && range.contains(low) && range.contains(high)
    }
  }

  private static func packedRange(bits: Int, isSigned: Bool) -> ClosedRange<Int> {
    isSigned ? -(1 << (bits - 1))...(1 << (bits - 1) - 1) : 0...(1 << bits - 1)
  }
}
