import SkiffBinary

/// An array as NumPy exchanges them: an element type, a shape, and bytes in row-major order, least significant byte
/// first, at any alignment.
package struct NumPyArray: Equatable, Sendable {
  /// The type of the elements.
  package let type: NumPyType
  /// The dimensions, outermost first; empty for a scalar.
  package let shape: [Int]
  /// The elements, row-major and little-endian.
  package let bytes: ByteRegion

  /// The number of elements.
  package var count: Int { bytes.count / type.size }

  /// Creates an array over bytes that are row-major and little-endian already.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if `bytes` are not as many as the shape needs.
  package init(type: NumPyType, shape: [Int], bytes: ByteRegion) throws(ModelError) {
    guard let size = byteCount(of: type, shape: shape), size == bytes.count else {
      throw ModelError(
        .invalidArgument,
        "an array of type \(type.rawValue) and shape \(shape) does not have \(bytes.count) bytes")
    }
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  /// Creates an array that holds `elements` in row-major order.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if they are not as many as the shape needs.
  package init<Element: NumPyElement>(_ elements: [Element], shape: [Int]) throws(ModelError) {
    let bytes = elements.withUnsafeBytes { ByteRegion(Array($0)) }
    try self.init(type: Element.numPyType, shape: shape, bytes: bytes)
  }

  /// The elements in row-major order.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if the array's type is another.
  package func elements<Element: NumPyElement>(
    as element: Element.Type = Element.self
  ) throws(ModelError) -> [Element] {
    guard type == Element.numPyType else {
      throw ModelError(
        .invalidArgument, "the array's type is \(type.rawValue), not \(Element.numPyType.rawValue)")
    }
    return bytes.withBytes { bytes in
      [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        initialized = count
      }
    }
  }
}

/// The bytes that an array needs, or nil where a dimension is negative or the product does not fit.
func byteCount(of type: NumPyType, shape: [Int]) -> Int? {
  var size = type.size
  for dimension in shape {
    let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
    guard dimension >= 0, !overflow else { return nil }
    size = product
  }
  return size
}
