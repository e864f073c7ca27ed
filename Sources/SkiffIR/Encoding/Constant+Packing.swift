import SkiffBinary

extension Constant {
  /// Creates a constant that stores each integer of `tensor` in `bits` bits.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if one of them does not fit.
  public init(packing tensor: Tensor, bits: Int) throws(ModelError) {
    guard (1...32).contains(bits), tensor.dataType.isInteger, tensor.dataType.bitWidth > bits else {
      throw ModelError(.invalidArgument, "\(tensor.dataType.rawValue) cannot be packed to \(bits) bits")
    }
    let integers = try tensor.integers()
    let range = Self.packedRange(bits: bits, isSigned: tensor.dataType.isSignedInteger)
    guard integers.allSatisfy(range.contains) else {
      throw ModelError(.invalidArgument, "an element does not fit in \(bits) bits")
    }
    guard integers.count <= (Int.max - 7) / bits else {
      throw ModelError(.limitExceeded, "impossible number of bits")
    }
    let mask = 1 << bits - 1
    let bytes: ByteRegion
    if bits > 8 {
      bytes = WideBitCodes.packed(integers.lazy.map { UInt64($0 & mask) }, bits: bits)
    } else {
      let codes = ByteRegion(count: integers.count) { target in
        for (index, integer) in integers.enumerated() { target[index] = UInt8(integer & mask) }
      }
      bytes = BitCodes.packed(codes, bits: bits)
    }
    try self.init(
      tensor.dataType, shape: tensor.shape, quantization: tensor.quantization, bytes: bytes,
      encoding: .packed(bits: bits))
  }

  /// The fewest bits in which ``init(packing:bits:)`` can store the integers of `tensor`; nil if that saves nothing.
  package static func fewestBits(of tensor: Tensor) -> Int? {
    guard tensor.count > 0, let found = tensor.integerRange() else { return nil }
    return (1...32).first { bits in
      let range = packedRange(bits: bits, isSigned: tensor.dataType.isSignedInteger)
      return bits < tensor.dataType.bitWidth && range.contains(found.lowerBound)
        && range.contains(found.upperBound)
    }
  }

  /// The integers that stand in `bits` bits each.
  static func integers(
    in packed: ByteRegion, bits: Int, as type: TensorType
  ) throws(ModelError) -> Tensor {
    let (dataType, count) = (type.dataType, type.shape.elementCount ?? 0)
    let sign = dataType.isSignedInteger ? 1 << (bits - 1) : 0
    if bits > 8 {
      let codes = WideBitCodes.unpacked(packed, bits: bits, count: count)
      return try Tensor(
        integers: codes.map { (Int($0) ^ sign) - sign }, as: dataType, shape: type.shape.fixed ?? []
      ).quantized(with: type.quantization)
    }
    let integers = (0..<1 << bits).map { ($0 ^ sign) - sign }
    if dataType.pattern != nil {
      let table = try Tensor(integers: integers, as: dataType, shape: [integers.count])
      return try elements(of: table, in: packed, bits: bits, as: type)
    }
    let codes = BitCodes.unpacked(packed, bits: bits, count: count)
    return try Tensor(
      integers: codes.withBytes { $0.map { integers[Int($0)] } }, as: dataType,
      shape: type.shape.fixed ?? []
    ).quantized(with: type.quantization)
  }

  private static func packedRange(bits: Int, isSigned: Bool) -> ClosedRange<Int> {
    isSigned ? -(1 << (bits - 1))...(1 << (bits - 1) - 1) : 0...(1 << bits - 1)
  }
}

extension Tensor {
  /// The least and the greatest integer; nil for other elements, none, or some beyond `Int`.
  fileprivate func integerRange() -> ClosedRange<Int>? {
    switch dataType {
    case .int2, .uint2, .int4, .uint4:
      guard let integers = try? integers(), let low = integers.min(), let high = integers.max() else {
        return nil
      }
      return low...high
    case .int8: return range(as: Int8.self)
    case .int16: return range(as: Int16.self)
    case .int32: return range(as: Int32.self)
    case .int64: return range(as: Int64.self)
    case .uint8: return range(as: UInt8.self)
    case .uint16: return range(as: UInt16.self)
    case .uint32: return range(as: UInt32.self)
    case .uint64: return range(as: UInt64.self)
    default: return nil
    }
  }

  private func range<Integer: FixedWidthInteger & BitwiseCopyable>(as type: Integer.Type) -> ClosedRange<Int>?
  {
    bytes.withBytes { bytes in
      var (low, high) = (Integer.max, Integer.min)
      for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<Integer>.size) {
        let element = bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self)
        (low, high) = (min(low, element), max(high, element))
      }
      return Int(exactly: high).map { Int(low)...$0 }
    }
  }
}
