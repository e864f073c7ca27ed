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

  /// The elements at positions of some bits in a table.
  static func elements(
    of table: Tensor, at codes: ByteRegion, bits: Int, as type: TensorType
  ) throws(ModelError) -> Tensor {
    guard let pattern = type.dataType.pattern else {
      throw ModelError(.malformed, "\(type.dataType.rawValue) has no palette")
    }
    guard table.count >= 1 << bits || codes.withBytes({ Int($0.greatest) }) < table.count else {
      throw ModelError(.malformed, "an element beyond the \(table.count) of its palette")
    }
    let whole = table.bytes.withBytes { Array($0) }
    let padded = whole + [UInt8](repeating: 0, count: type.dataType.bitWidth * 32 - whole.count)
    let bytes = ByteRegion(count: codes.count * type.dataType.bitWidth / 8) { target in
      codes.withBytes { pattern.lookUp($0, in: padded, to: target) }
    }
    return try Tensor(
      type.dataType, shape: type.shape.fixed ?? [], quantization: type.quantization, bytes: bytes)
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
