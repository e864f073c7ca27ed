import SkiffBinary

extension Constant {
  /// Creates a constant that stores the different elements of `tensor` once each, and for each element which of them it is.
  ///
  /// - Parameter bits: For each of those positions; nil takes as few as suffice, at least one.
  /// - Returns: nil if there are more than 256 different elements or they do not have whole bytes.
  /// - Throws: ``ModelError/Code/malformed`` if `bits` are too few.
  public init?(palettizing tensor: Tensor, bits: Int? = nil) throws(ModelError) {
    guard tensor.count > 0,
      let (table, codes) = tensor.dataType.pattern.flatMap({ pattern in
        tensor.bytes.withBytes { pattern.palette(of: $0) }
      })
    else { return nil }
    let count = table.count * 8 / tensor.dataType.bitWidth
    let fewest = max(1, Int.bitWidth - (count - 1).leadingZeroBitCount)
    let elements = try Tensor(tensor.dataType, shape: [count], bytes: ByteRegion(table))
    guard fewest <= bits ?? fewest else {
      throw ModelError(.malformed, "\(count) elements have no positions of \(bits ?? 0) bits")
    }
    try self.init(
      tensor.dataType, shape: tensor.shape, quantization: tensor.quantization,
      bytes: BitCodes.packed(ByteRegion(codes), bits: bits ?? fewest),
      encoding: .palette(elements, bits: bits ?? fewest))
  }

  /// The elements at positions of some bits, one behind the other, in a table.
  static func elements(
    of table: Tensor, in packed: ByteRegion, bits: Int, as type: TensorType
  ) throws(ModelError) -> Tensor {
    guard let pattern = type.dataType.pattern else {
      throw ModelError(.malformed, "\(type.dataType.rawValue) has no palette")
    }
    let (width, count) = (type.dataType.bitWidth, type.shape.elementCount ?? 0)
    let whole = table.bytes.withBytes { Array($0) }
    let isComplete = table.count >= 1 << bits
    func lookUp(_ codes: ByteRegion, in table: [UInt8], _ pattern: any BitPattern.Type) throws(ModelError)
      -> Tensor
    {
      let bytes = ByteRegion(count: count * width / 8) { target in
        codes.withBytes { pattern.lookUp($0, in: table, to: target) }
      }
      return try Tensor(
        type.dataType, shape: type.shape.fixed ?? [], quantization: type.quantization, bytes: bytes)
    }
    // What the positions in one byte stand for is looked up at once.
    if isComplete, 8 % bits == 0, count % (8 / bits) == 0,
      let joined = DataType.pattern(bits: width * 8 / bits)
    {
      let size = width / 8
      let elements = (0..<256).flatMap { byte in
        stride(from: 0, to: 8, by: bits).flatMap { shift in
          let code = byte >> shift & (1 << bits - 1)
          return whole[code * size..<(code + 1) * size]
        }
      }
      return try lookUp(packed, in: elements, joined)
    }
    let codes = BitCodes.unpacked(packed, bits: bits, count: count)
    guard isComplete || codes.withBytes({ Int($0.greatest) }) < table.count else {
      throw ModelError(.malformed, "an element beyond the \(table.count) of its palette")
    }
    return try lookUp(codes, in: whole + [UInt8](repeating: 0, count: width * 32 - whole.count), pattern)
  }
}

extension UnsafeRawBufferPointer {
  /// The greatest byte; 0 if there is none.
  fileprivate var greatest: UInt8 {
    var greatest: UInt8 = 0
    for index in indices { greatest = Swift.max(greatest, self[index]) }
    return greatest
  }
}
