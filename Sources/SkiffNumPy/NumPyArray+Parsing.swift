import SkiffBinary

extension NumPyArray {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// The longest header that is read; NumPy itself writes one line.
  private static let headerLimit = 1 << 20

  /// Whether a file that starts with `prefix` is a .npy file.
  package static func recognizes(_ prefix: ByteRegion) -> Bool {
    (try? prefix.slice(offset: 0, count: magic.count)) == ByteRegion(magic)
  }

  /// Reads the .npy file, version 1.0, 2.0 or 3.0, that `region` holds from its first byte to its last.
  ///
  /// Nothing is copied unless the elements are big-endian or in column-major order.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if header and bytes contradict each other,
  ///   ``ModelError/Code/unsupported`` for element types that no model has,
  ///   ``ModelError/Code/limitExceeded`` for too many dimensions.
  package init(parsing region: ByteRegion, limits: Limits = .standard) throws(ModelError) {
    var reader = ByteReader(region)
    guard Self.recognizes(region) else {
      throw ModelError(.malformed, "is not a .npy array", at: Location(byteOffset: region.offset))
    }
    try reader.skip(Self.magic.count)
    let major = try reader.read(UInt8.self)
    let minor = try reader.read(UInt8.self)
    guard (1...3).contains(major), minor == 0 else {
      throw ModelError(
        .unsupported, "version \(major).\(minor) of .npy is not known",
        at: Location(byteOffset: region.offset + reader.position - 2))
    }
    let length = major == 1 ? Int(try reader.read(UInt16.self)) : Int(try reader.read(UInt32.self))
    guard length <= Self.headerLimit else {
      throw ModelError(
        .limitExceeded, "the array's header has \(length) bytes, more than the limit of \(Self.headerLimit)",
        at: Location(byteOffset: region.offset + reader.position - 4))
    }
    let header = try NumPyHeader(parsing: reader.read(count: length), limits: limits)
    let place = Location(byteOffset: region.offset + reader.position)
    let type = header.type
    guard let size = byteCount(of: type, shape: header.shape) else {
      throw ModelError(.malformed, "the array's shape \(header.shape) is impossible", at: place)
    }
    guard size == reader.remaining else {
      throw ModelError(
        size > reader.remaining ? .truncated : .malformed,
        "an array of type \(type.rawValue) and shape \(header.shape) has \(size) bytes, "
          + "but \(reader.remaining) are there", at: place)
    }
    var bytes = try reader.read(count: size)
    let isMatrix = header.shape.count { $0 != 1 } > 1
    let swaps = header.isBigEndian && type.size > 1
    let permutes = header.isColumnMajor && isMatrix
    if swaps || permutes {
      guard size <= limits.tensorSize else {
        throw ModelError(
          .limitExceeded, "the array has \(size) bytes, more than the limit of \(limits.tensorSize)",
          at: place)
      }
    }
    if swaps { bytes = bytes.withReversedElements(size: type.size) }
    if permutes { bytes = bytes.rowMajor(shape: header.shape, elementSize: type.size) }
    try self.init(type: type, shape: header.shape, bytes: bytes)
  }

  /// Reads the .npy file at `path`, which stays mapped as long as the array lives.
  package init(mapping path: String, limits: Limits = .standard) throws(ModelError) {
    self = try locating(Location(file: path)) { () throws(ModelError) in
      try NumPyArray(parsing: ByteRegion(mapping: path, limits: limits), limits: limits)
    }
  }
}

extension ByteRegion {
  /// A copy in which the bytes of each element of `size` bytes are in reverse order; `count` is a multiple of `size`.
  fileprivate func withReversedElements(size: Int) -> ByteRegion {
    withBytes { source in
      ByteRegion(count: count) { target in
        for start in stride(from: 0, to: source.count, by: size) {
          for index in 0..<size { target[start + index] = source[start + size - 1 - index] }
        }
      }
    }
  }

  /// A row-major copy of column-major elements; `count` is the product of `shape` and `elementSize`.
  fileprivate func rowMajor(shape: [Int], elementSize: Int) -> ByteRegion {
    // The product of all dimensions is `count`, so that no stride exceeds it unless an array has no elements at all.
    guard !isEmpty else { return self }
    var strides: [Int] = []
    var step = elementSize
    for dimension in shape {
      strides.append(step)
      step *= dimension
    }
    return withBytes { source in
      ByteRegion(count: count) { target in
        var index = [Int](repeating: 0, count: shape.count)
        var position = 0
        for start in Swift.stride(from: 0, to: target.count, by: elementSize) {
          for byte in 0..<elementSize { target[start + byte] = source[position + byte] }
          for axis in shape.indices.reversed() {
            index[axis] += 1
            position += strides[axis]
            if index[axis] < shape[axis] { break }
            position -= index[axis] * strides[axis]
            index[axis] = 0
          }
        }
      }
    }
  }
}
