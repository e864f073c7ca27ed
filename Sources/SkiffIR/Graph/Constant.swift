import SkiffBinary

/// A tensor of the file: the bytes it has there, and what still has to be done to them.
///
/// Nothing is copied before ``materialize()``, so that a model's weights are never all in memory.
public struct Constant: Equatable, Sendable {
  /// A step from the stored tensor towards the wanted one.
  public enum Transform: Hashable, Sendable {
    /// Gives the elements another shape.
    case reshape([Int])
    /// Makes axis `i` of the result axis `permutation[i]` of the operand.
    case permute([Int])
    /// Rounds floating point numbers to another floating point type, or converts to one.
    case cast(DataType)
    /// Multiplies by one factor for each index along an axis, in float32.
    case scale(axis: Int, factors: [Float])
    /// Quantizes float32 as ``Tensor/quantized(as:_:inverseScales:)`` does.
    case quantize(DataType, QuantizationParameters, inverseScales: [Float])
    /// Turns integers into the float32 numbers that they stand for.
    case dequantize
  }

  /// How the stored bytes encode the elements.
  public indirect enum Encoding: Equatable, Sendable {
    /// As ``Tensor`` has them.
    case dense
    /// Integers of a wider type that fit in `bits` bits (1 to 32), packed lowest bits first.
    case packed(bits: Int)
    /// Positions in a table of rank 1, of `bits` bits each (1 to 8), packed lowest bits first.
    case palette(Tensor, bits: Int)
    /// A bit for each element, lowest bit first: whether it is the next of those that are given, or zero.
    case sparse(Constant)
    /// Integers of few bits, packed lowest bits first, which stand for the real numbers.
    case blocked(Blocks)
    /// Positions of vectors in tables, packed lowest bits first.
    case codebook(Codebook)
  }

  /// How the bytes of an encoding are stored.
  public enum Compression: Hashable, Sendable {
    /// As they are.
    case none
    /// In as many bits as the frequency of each byte asks for.
    case entropyCoded
  }

  /// The type after every transform.
  public private(set) var type: TensorType
  /// The type of what is stored.
  public let storedType: TensorType
  /// The bytes as they are stored.
  public let bytes: ByteRegion
  /// How they encode the stored type's elements.
  public let encoding: Encoding
  /// What the bytes become before they encode anything.
  public let compression: Compression
  /// What is still to be done, first step first.
  public private(set) var transforms: [Transform] = []

  /// The most elements that inference looks at.
  package static let smallCount = 1024

  /// Creates a constant that holds `tensor`.
  public init(_ tensor: Tensor) {
    type = tensor.type
    storedType = tensor.type
    bytes = tensor.bytes
    encoding = .dense
    compression = .none
  }

  /// Creates a constant over stored bytes.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if the encoding does not fit the type, or the bytes, unless compressed, are not
  ///   as many as type and encoding need.
  public init(
    _ dataType: DataType, shape: [Int], quantization: QuantizationParameters? = nil, bytes: ByteRegion,
    encoding: Encoding = .dense, compression: Compression = .none
  ) throws(ModelError) {
    guard shape.allSatisfy({ $0 >= 0 }), let count = shape.checkedProduct() else {
      throw ModelError(.malformed, "impossible shape \(shape)")
    }
    let bits = try encoding.bits(for: dataType, shape: shape, count: count)
    let (size, overflow) = encoding.codeCount(of: count).multipliedReportingOverflow(by: bits)
    guard !overflow, size <= Int.max - 7, compression != .none || (size + 7) / 8 == bytes.count else {
      throw ModelError(
        .malformed,
        "\(dataType.rawValue)\(Shape(shape)) of \(bits) bits each does not fit \(bytes.count) bytes")
    }
    type = TensorType(dataType, Shape(shape), quantization: quantization)
    storedType = type
    self.bytes = bytes
    self.encoding = encoding
    self.compression = compression
  }

  /// The same elements in other bytes.
  init(_ other: Constant, bytes: ByteRegion, compression: Compression) {
    (type, storedType, encoding, transforms) = (
      other.type, other.storedType, other.encoding, other.transforms
    )
    self.bytes = bytes
    self.compression = compression
  }

  /// The same constant with its bytes somewhere else.
  package func moved(to scratch: inout ScratchFile) throws(ModelError) -> Constant {
    Constant(self, bytes: try scratch.moved(bytes), compression: compression)
  }

  /// The bytes of what ``materialize()`` makes.
  package var byteCount: Int { type.dataType.byteCount(elements: type.shape.elementCount ?? 0) ?? Int.max }

  /// Whether the stored bytes are those of a tensor.
  public var isPlain: Bool { encoding == .dense && compression == .none }

  /// Whether the constant can be a part of another: it has no such part itself.
  var canBeNested: Bool {
    switch encoding {
    case .dense, .packed, .palette: transforms.isEmpty && !type.isQuantized
    case .sparse, .blocked, .codebook: false
    }
  }

  /// The number of bytes before compression.
  package var streamByteCount: Int {
    BitCodes.byteCount(
      encoding.codeCount(of: storedType.shape.elementCount ?? 0),
      bits: encoding.bits(of: storedType.dataType))
  }

  /// The sizes after every transform.
  public var shape: [Int] { type.shape.fixed ?? [] }

  /// The same constant with one more step to be done.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if the step does not fit the type.
  public func transformed(by transform: Transform) throws(ModelError) -> Constant {
    var result = self
    result.type = try transform.resultType(of: type)
    result.transforms.append(transform)
    return result
  }

  /// The type of the integers that the real numbers are stored as, its axes moved along with theirs; nil if they are not
  /// stored as integers, or were changed since.
  package var integerType: TensorType? {
    guard let (narrow, step) = widened, step == .dequantize, type.dataType == .float32 else { return nil }
    return narrow.type
  }

  /// Forgets what is still to be done.
  mutating func removeTransforms() {
    transforms = []
    type = storedType
  }

  /// The elements if the constant is a small tensor of integers, else nil.
  package func smallIntegers() -> [Int]? {
    guard type.dataType.isInteger, !type.isQuantized, let count = type.shape.elementCount,
      count <= Self.smallCount
    else { return nil }
    return (try? materialize()).flatMap { try? $0.integers() }
  }
}

extension Constant.Encoding {
  /// The bits that each code of `count` elements takes.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if they cannot be encoded so.
  fileprivate func bits(for dataType: DataType, shape: [Int], count: Int) throws(ModelError) -> Int {
    switch self {
    case .dense: break
    case .packed(let bits):
      guard (1...32).contains(bits), dataType.isInteger, dataType.bitWidth > bits else {
        throw ModelError(.malformed, "\(dataType.rawValue) cannot be packed to \(bits) bits")
      }
    case .palette(let table, let bits):
      guard (1...8).contains(bits), dataType.pattern != nil, table.dataType == dataType,
        table.rank == 1, (1...1 << bits).contains(table.count)
      else {
        throw ModelError(.malformed, "\(table.type) is no palette for \(dataType.rawValue) and \(bits) bits")
      }
    case .sparse(let nonzeros):
      guard dataType.pattern != nil, nonzeros.type.dataType == dataType, nonzeros.canBeNested,
        nonzeros.shape.count == 1, nonzeros.shape[0] <= count
      else {
        throw ModelError(.malformed, "\(nonzeros.type) are no elements of \(count) \(dataType.rawValue)")
      }
    case .blocked(let blocks): try blocks.verify(for: dataType, shape: shape)
    case .codebook(let codebook): try codebook.verify(for: dataType, shape: shape)
    }
    return bits(of: dataType)
  }

  /// How many codes stand for so many elements.
  fileprivate func codeCount(of elements: Int) -> Int {
    if case .codebook(let codebook) = self { elements / max(1, codebook.length) } else { elements }
  }

  /// The bits that each code takes.
  fileprivate func bits(of dataType: DataType) -> Int {
    switch self {
    case .dense: dataType.bitWidth
    case .packed(let bits), .palette(_, let bits): bits
    case .sparse: 1
    case .blocked(let blocks): blocks.bits
    case .codebook(let codebook): codebook.bits
    }
  }
}
