import SkiffBinary

extension Constant {
  /// What integers of few bits stand for: `(integer - zero point) * scale` in float32, rounded to the type of the constant. Runs of
  /// elements along an axis share a scale and a zero point.
  ///
  /// Unlike ``QuantizationParameters`` they need not be in memory: large tensors have millions of them.
  public struct Blocks: Equatable, Sendable {
    /// The bits of an integer in two's complement, 1 to 8.
    public let bits: Int
    /// The axis along which elements share a scale.
    public let axis: Int
    /// How many do; the last ones along the axis can be fewer.
    public let size: Int
    /// Real numbers of 16 or 32 bits: a tensor of the constant's sizes with ``axis`` divided by ``size``, rounded up.
    public let scales: Constant
    /// Integers of 8 bits, as many as scales; nil if all are 0.
    public let zeroPoints: Constant?

    /// Creates the description of integers.
    public init(bits: Int, axis: Int, size: Int, scales: Constant, zeroPoints: Constant? = nil) {
      (self.bits, self.axis, self.size) = (bits, axis, size)
      (self.scales, self.zeroPoints) = (scales, zeroPoints)
    }

    /// The sizes of a tensor of parameters; nil if there are no such blocks.
    package static func shape(of shape: [Int], axis: Int, size: Int) -> [Int]? {
      guard shape.indices.contains(axis), size > 0 else { return nil }
      var sizes = shape
      sizes[axis] = sizes[axis] / size + (sizes[axis] % size == 0 ? 0 : 1)
      return sizes
    }

    func verify(for dataType: DataType, shape: [Int]) throws(ModelError) {
      let sizes = Self.shape(of: shape, axis: axis, size: size)
      guard (1...8).contains(bits), [.float32, .float16, .bfloat16].contains(dataType), let sizes else {
        throw ModelError(
          .malformed,
          "\(dataType.rawValue)\(Shape(shape)) is not stored in blocks of \(size) of \(bits) bits along axis \(axis)"
        )
      }
      func fits(_ parameters: Constant, _ types: [DataType]) -> Bool {
        types.contains(parameters.type.dataType) && parameters.shape == sizes && parameters.canBeNested
      }
      guard fits(scales, [.float32, .float16, .bfloat16]), zeroPoints.map({ fits($0, [.int8]) }) ?? true
      else {
        throw ModelError(
          .malformed,
          "\(scales.type) are no scales of blocks of \(size) along axis \(axis) of \(Shape(shape))")
      }
    }
  }

  /// Creates a constant of real numbers that stores the integers of `tensor`, of one byte, with their blocks' parameters.
  ///
  /// - Parameters:
  ///   - dataType: What the real numbers are rounded to.
  ///   - bits: As many as the integers need.
  /// - Throws: ``ModelError/Code/invalidArgument`` if the tensor has no blocks.
  public init(blocks tensor: Tensor, bits: Int, as dataType: DataType = .float32) throws(ModelError) {
    guard let parameters = tensor.quantization, case .blocked(let axis, let size) = parameters.granularity,
      tensor.dataType == .int8, let sizes = Blocks.shape(of: tensor.shape, axis: axis, size: size)
    else { throw ModelError(.invalidArgument, "\(tensor.type) has no blocks of integers") }
    let isShort = parameters.scales.allSatisfy { $0.bitPattern & 0xFFFF == 0 }
    let blocks = Blocks(
      bits: bits, axis: axis, size: size,
      scales: Constant(
        try Tensor(floats: parameters.scales, as: isShort ? .bfloat16 : .float32, shape: sizes)),
      zeroPoints: parameters.zeroPoints.allSatisfy { $0 == 0 }
        ? nil : Constant(try Tensor(integers: parameters.zeroPoints, as: .int8, shape: sizes)))
    try self.init(
      dataType, shape: tensor.shape, bytes: BitCodes.packed(tensor.bytes, bits: bits),
      encoding: .blocked(blocks))
  }
}

extension Constant.Blocks {
  /// The integers with their parameters in memory.
  package func integers(_ stream: ByteRegion, shape: [Int]) throws(ModelError) -> Tensor {
    let codes = BitCodes.unpacked(stream, bits: bits, count: shape.reduce(1, *))
    let integers = codes.withBytes { codes in codes.map { signed($0) } }
    let scales = try scales.materialize().floats()
    let zeroPoints = try zeroPoints?.materialize().integers()
    return Tensor(
      integers, shape: shape,
      quantization: QuantizationParameters(
        scales: scales, zeroPoints: zeroPoints ?? [Int](repeating: 0, count: scales.count),
        granularity: .blocked(axis: axis, size: size)))
  }

  /// A number of few bits in two's complement.
  @inline(__always)
  private func signed(_ code: UInt8) -> Int8 {
    let shift = 8 - Int8(truncatingIfNeeded: bits)
    return (Int8(bitPattern: code) &<< shift) &>> shift
  }

  /// The real numbers that integers stand for.
  func elements(_ stream: ByteRegion, as dataType: DataType, shape: [Int]) throws(ModelError) -> Tensor {
    let codes = BitCodes.unpacked(stream, bits: bits, count: shape.reduce(1, *))
    let scales = try scales.materialize().floats()
    let zeroPoints = try zeroPoints?.materialize().elements(as: Int8.self)
    let bytes = ByteRegion(count: 4 * codes.count) { target in
      codes.withBytes { codes in
        forEachRun(of: shape) { run, groups in
          for (index, group) in zip(run, groups) {
            let integer = Int32(signed(codes[index])) - Int32(zeroPoints?[group] ?? 0)
            target.storeBytes(of: Float(integer) * scales[group], toByteOffset: 4 * index, as: Float.self)
          }
        }
      }
    }
    let reals = try Tensor(.float32, shape: shape, bytes: bytes)
    return dataType == .float32 ? reals : try reals.cast(to: dataType)
  }

  /// Calls `body` with runs of elements and the group of each of them.
  @inline(__always)
  private func forEachRun(of shape: [Int], _ body: (Range<Int>, GroupRun) -> Void) {
    let (length, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
    let (size, count) = (min(size, max(1, length)), shape.reduce(1, *))
    var (place, group) = (0, 0)
    while place < count {
      for first in stride(from: 0, to: length, by: size) {
        let rows = min(size, length - first)
        if inner == 1 {
          body(place..<place + rows, GroupRun(first: group, step: 0))
        } else {
          for row in 0..<rows {
            let start = place + row * inner
            body(start..<start + inner, GroupRun(first: group, step: 1))
          }
        }
        place += rows * inner
        group += inner
      }
    }
  }

  /// One group again and again, or one behind the other.
  private struct GroupRun: Sequence, IteratorProtocol {
    var first: Int
    let step: Int

    @inline(__always)
    mutating func next() -> Int? {
      defer { first += step }
      return first
    }
  }
}
