import SkiffBinary

extension Constant {
  /// Tables of vectors: a code of few bits stands for as many neighbouring elements as a vector has. Runs of indices along another axis have a
  /// table each.
  ///
  /// Codes stand in the order of the elements of a tensor whose ``axis`` is divided by the length of a vector.
  public struct Codebook: Equatable, Sendable {
    /// The bits of a code, 1 to 12.
    public let bits: Int
    /// The axis along which elements are neighbours.
    public let axis: Int
    /// The axis along which tables follow each other, another one.
    public let tableAxis: Int
    /// How many indices along ``tableAxis`` share a table; the last ones can be fewer.
    public let rows: Int
    /// A tensor of the constant's data type: tables, vectors of a table, elements of a vector.
    public let tables: Constant

    /// Creates the description of codes.
    public init(bits: Int, axis: Int, tableAxis: Int, rows: Int, tables: Constant) {
      (self.bits, self.axis, self.tableAxis) = (bits, axis, tableAxis)
      (self.rows, self.tables) = (rows, tables)
    }

    /// The most bits of a code.
    public static let mostBits = 12
  }

  /// Creates a constant whose elements are vectors of tables.
  ///
  /// - Parameters:
  ///   - codes: As many as the codebook asks for, each below the number of vectors of a table.
  ///   - shape: The sizes of the constant.
  /// - Throws: ``ModelError/Code/malformed`` if codes or tables do not fit.
  public init(
    codes: [UInt16], of codebook: Codebook, _ dataType: DataType, shape: [Int],
    quantization: QuantizationParameters? = nil
  ) throws(ModelError) {
    guard
      shape.checkedProduct().map({ $0 % codebook.length == 0 && $0 / codebook.length == codes.count }) == true
    else {
      throw ModelError(
        .malformed, "\(codes.count) codes of vectors of \(codebook.length) for \(Shape(shape))")
    }
    guard codes.allSatisfy({ Int($0) >> codebook.bits == 0 }) else {
      throw ModelError(.malformed, "a code that does not fit in \(codebook.bits) bits")
    }
    try self.init(
      dataType, shape: shape, quantization: quantization, bytes: codebook.packed(codes),
      encoding: .codebook(codebook))
  }
}

extension Constant.Codebook {
  /// The elements of a vector.
  package var length: Int { max(1, tables.shape.last ?? 1) }
  /// The vectors of a table.
  package var count: Int { tables.shape.count == 3 ? tables.shape[1] : 0 }

  func verify(for dataType: DataType, shape: [Int]) throws(ModelError) {
    let sizes = tables.shape
    guard (1...Self.mostBits).contains(bits), dataType.pattern != nil, shape.indices.contains(axis),
      shape.indices.contains(tableAxis), axis != tableAxis, rows > 0
    else {
      throw ModelError(
        .malformed,
        "\(dataType.rawValue)\(Shape(shape)) has no vectors along axis \(axis) of \(bits) bits with tables for \(rows) along axis \(tableAxis)"
      )
    }
    let tableCount = shape[tableAxis] / rows + (shape[tableAxis] % rows == 0 ? 0 : 1)
    guard tables.type.dataType == dataType, tables.canBeNested, sizes.count == 3, sizes[0] == tableCount,
      (1...1 << bits).contains(sizes[1]), sizes[2] > 0, shape[axis] % sizes[2] == 0
    else {
      throw ModelError(
        .malformed,
        "\(tables.type) are no \(tableCount) tables of vectors of \(bits) bits along axis \(axis) of \(dataType.rawValue)\(Shape(shape))"
      )
    }
  }

  /// The sizes of a tensor of codes.
  private func codeShape(_ shape: [Int]) -> [Int] {
    var sizes = shape
    sizes[axis] /= length
    return sizes
  }

  fileprivate func packed(_ codes: [UInt16]) -> ByteRegion {
    if bits > 8 { return WideBitCodes.packed(codes.lazy.map(UInt64.init), bits: bits) }
    return BitCodes.packed(ByteRegion(codes.map { UInt8(truncatingIfNeeded: $0) }), bits: bits)
  }

  /// The codes of a stream, each below ``count``.
  package func codes(_ stream: ByteRegion, shape: [Int]) throws(ModelError) -> [UInt16] {
    let count = codeShape(shape).reduce(1, *)
    let codes =
      bits > 8
      ? WideBitCodes.unpacked(stream, bits: bits, count: count).map { UInt16(truncatingIfNeeded: $0) }
      : BitCodes.unpacked(stream, bits: bits, count: count).withBytes { $0.map(UInt16.init) }
    guard codes.allSatisfy({ $0 < self.count }) else {
      throw ModelError(.malformed, "a code beyond the \(self.count) vectors of its table")
    }
    return codes
  }

  /// The elements that codes stand for.
  func elements(_ stream: ByteRegion, as type: TensorType) throws(ModelError) -> Tensor {
    let shape = type.shape.fixed ?? []
    let codes = try codes(stream, shape: shape)
    let sizes = codeShape(shape)
    let vectors = try tables.materialize().bytes
    let size = length * type.dataType.bitWidth / 8
    let step = sizes[(tableAxis + 1)...].reduce(1, *)
    let bytes = ByteRegion(count: codes.count * size) { target in
      vectors.withBytes { vectors in
        for (index, code) in codes.enumerated() {
          let table = index / step % sizes[tableAxis] / rows
          let place = (table * count + Int(code)) * size
          UnsafeMutableRawBufferPointer(rebasing: target[index * size..<(index + 1) * size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: vectors[place..<place + size]))
        }
      }
    }
    // Elements of a vector come last; they belong behind their axis.
    let apart = try Tensor(type.dataType, shape: sizes + [length], bytes: bytes)
    let order = Array(0...axis) + [sizes.count] + Array((axis + 1)..<sizes.count)
    let together = length == 1 ? apart : try apart.permuted(by: order)
    return try together.reshaped(to: shape).quantized(with: type.quantization)
  }

  /// The same codebook with as few bits as its tables need, and the tables in another form.
  package func tightened(_ tables: Constant) -> Self {
    let fewest = Int.bitWidth - max(1, count - 1).leadingZeroBitCount
    return Self(bits: fewest, axis: axis, tableAxis: tableAxis, rows: rows, tables: tables)
  }

  /// The same codebook with codes of other bits.
  package func withBits(_ bits: Int) -> Self {
    Self(bits: bits, axis: axis, tableAxis: tableAxis, rows: rows, tables: tables)
  }
}
