import SkiffBinary

/// A tensor that exists: fixed sizes and its elements, densely stored with the last axis innermost.
public struct Tensor: Sendable, Equatable {
  /// What one element is stored as.
  public let dataType: DataType
  /// The sizes, outermost axis first.
  public let shape: [Int]
  /// How stored integers stand for real numbers.
  public let quantization: QuantizationParameters?
  /// The elements' bytes, exactly as many as data type and shape ask for.
  public let bytes: ByteRegion

  /// The number of elements.
  public let count: Int

  /// Creates a tensor over bytes that exist.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if their number does not fit data type and shape.
  public init(
    _ dataType: DataType, shape: [Int], quantization: QuantizationParameters? = nil, bytes: ByteRegion
  ) throws(ModelError) {
    guard let count = dataType.elementCount(of: shape), let size = dataType.byteCount(elements: count)
    else { throw ModelError(.malformed, "impossible shape \(shape)") }
    guard size == bytes.count else {
      throw ModelError(
        .malformed, "\(dataType.rawValue)\(Shape(shape)) needs \(size) bytes, found \(bytes.count)")
    }
    self.init(unchecked: dataType, shape, quantization, bytes, count)
  }

  /// Creates a tensor of `elements`, of which there must be as many as `shape` says.
  public init<Element: TensorElement>(
    _ elements: [Element], shape: [Int], quantization: QuantizationParameters? = nil
  ) {
    precondition(shape.checkedProduct() == elements.count, "\(elements.count) elements for shape \(shape)")
    let bytes = elements.withUnsafeBytes { source in
      ByteRegion(count: source.count) { $0.copyMemory(from: source) }
    }
    self.init(unchecked: Element.dataType, shape, quantization, bytes, elements.count)
  }

  /// Creates a tensor of one element and rank 0.
  public init<Element: TensorElement>(scalar element: Element) { self.init([element], shape: []) }

  private init(
    unchecked dataType: DataType, _ shape: [Int], _ quantization: QuantizationParameters?,
    _ bytes: ByteRegion,
    _ count: Int
  ) {
    self.dataType = dataType
    self.shape = shape
    self.quantization = quantization
    self.bytes = bytes
    self.count = count
  }

  /// The type, with every size fixed.
  public var type: TensorType { TensorType(dataType, Shape(shape), quantization: quantization) }
  /// The number of axes.
  public var rank: Int { shape.count }

  /// The same elements in another shape with as many.
  public func reshaped(to shape: [Int]) throws(ModelError) -> Tensor {
    // The bytes alone do not tell: elements below a byte leave some over.
    guard shape.checkedProduct() == count else {
      throw ModelError(.invalidArgument, "\(count) elements do not make up \(Shape(shape))")
    }
    return try Tensor(dataType, shape: shape, quantization: quantization, bytes: bytes)
  }

  /// The same bytes with other quantization parameters.
  public func quantized(with parameters: QuantizationParameters?) -> Tensor {
    Tensor(unchecked: dataType, shape, parameters, bytes, count)
  }

  /// A copy of the elements.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if the data type is not that of `Element`.
  public func elements<Element: TensorElement>(as type: Element.Type = Element.self) throws(ModelError)
    -> [Element]
  {
    guard Element.dataType == dataType else {
      throw ModelError(
        .invalidArgument, "expected a tensor of \(Element.dataType.rawValue), found \(dataType.rawValue)")
    }
    return bytes.withBytes { source in
      [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
        initialized = count
      }
    }
  }
}
