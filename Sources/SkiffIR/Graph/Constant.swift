import SkiffBinary

/// A tensor of the file: the bytes it has there, and what still has to be done to them.
///
/// Nothing is copied before ``materialize()``, so that a model's weights are never all in memory.
public struct Constant: Sendable {
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
  public enum Encoding: Hashable, Sendable {
    /// As ``Tensor`` has them.
    case dense
    /// Integers of a wider type that fit in `bits` bits (1 to 8), packed lowest bits first.
    case packed(bits: Int)
  }

  /// The type after every transform.
  public private(set) var type: TensorType
  /// The type of what is stored.
  public let storedType: TensorType
  /// The bytes as they are stored.
  public let bytes: ByteRegion
  /// How they encode the stored type's elements.
  public let encoding: Encoding
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
  }

  /// Creates a constant over stored bytes.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if the bytes are not as many as type and encoding need.
  public init(
    _ dataType: DataType, shape: [Int], quantization: QuantizationParameters? = nil, bytes: ByteRegion,
    encoding: Encoding = .dense
  ) throws(ModelError) {
    let bits = if case .packed(let bits) = encoding { bits } else { dataType.bitWidth }
    guard shape.allSatisfy({ $0 >= 0 }), let count = shape.checkedProduct() else {
      throw ModelError(.malformed, "impossible shape \(shape)")
    }
    if case .packed = encoding {
      guard (1...8).contains(bits), dataType.isInteger, dataType.bitWidth > bits else {
        throw ModelError(.malformed, "\(dataType.rawValue) cannot be packed to \(bits) bits")
      }
    }
    let (size, overflow) = count.multipliedReportingOverflow(by: bits)
    guard !overflow, size <= Int.max - 7, (size + 7) / 8 == bytes.count else {
      throw ModelError(
        .malformed,
        "\(dataType.rawValue)\(Shape(shape)) of \(bits) bits each does not fit \(bytes.count) bytes")
    }
    type = TensorType(dataType, Shape(shape), quantization: quantization)
    storedType = type
    self.bytes = bytes
    self.encoding = encoding
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
    guard type.dataType == .float32, transforms.contains(.dequantize) else { return nil }
    var result = storedType
    for transform in transforms where transform != .dequantize {
      switch transform {
      case .permute, .reshape:
        guard let moved = try? transform.resultType(of: result) else { return nil }
        result = moved
      default: return nil
      }
    }
    return result.isQuantized ? result : nil
  }

  /// The elements if the constant is a small tensor of integers, else nil.
  package func smallIntegers() -> [Int]? {
    guard type.dataType.isInteger, !type.isQuantized, let count = type.shape.elementCount,
      count <= Self.smallCount
    else { return nil }
    return (try? materialize()).flatMap { try? $0.integers() }
  }
}
