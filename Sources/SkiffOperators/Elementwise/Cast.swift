import SkiffBinary
import SkiffIR

/// The elements converted to another data type.
///
/// Floating point rounds to nearest, ties to even. Towards integers it truncates; integers wrap around to
/// narrower ones. What a 32-bit integer (for 32-bit targets unsigned, and for 64-bit ones: a 64-bit integer)
/// cannot hold becomes the least one before it wraps, as ONNX Runtime has it on x86; specifications leave that
/// open. To integers of less than eight bits it rounds, halves away from zero, and saturates. Anything but 0 is true.
public struct Cast: ReferenceKernel, ShapeArithmetic {
  public static let name = "Cast"
  public static let summary = "The elements converted to another data type."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<Cast>("dataType", \.dataType, "The type of the result."),
    Attribute<Cast>(
      "saturates", \.saturates,
      "Whether what is beyond the greatest number of an eight-bit floating point type becomes it."),
  ]

  /// The type of the result.
  public var dataType = DataType.float32
  /// Whether what is beyond the greatest number of an eight-bit floating point type becomes it; else infinity or
  /// not a number.
  public var saturates = true

  /// Creates a cast to float32.
  public init() {}

  /// Creates the operator.
  public init(to dataType: DataType) { self.dataType = dataType }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    [TensorType(dataType, try context.type(0).shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.quantization == nil else {
      throw ModelError(.unsupported, "a cast of quantized integers; Dequantize converts them")
    }
    if dataType.isFloatingPoint, dataType.bitWidth == 8, dataType != input.dataType {
      return [
        try Tensor(floats: input.floats(), as: dataType, shape: input.shape, saturates: saturates)
      ]
    }
    guard input.dataType.isFloatingPoint, dataType.isInteger else { return [try input.cast(to: dataType)] }
    if dataType.bitWidth < 8 {
      let range = dataType.integerRange()
      let integers = try input.doubles().map { value -> Int in
        let rounded = value.rounded(.toNearestOrAwayFromZero)
        return value.isNaN ? 0 : Int(min(max(rounded, Double(range.lowerBound)), Double(range.upperBound)))
      }
      return [try Tensor(integers: integers, as: dataType, shape: input.shape)]
    }
    if dataType == .uint64 {
      let bits = try input.doubles().map { UInt64(exactly: $0.rounded(.towardZero)) ?? Self.wrapped($0) }
      return [Tensor(bits, shape: input.shape)]
    }
    let isWide = dataType.bitWidth == 64 || dataType == .uint32
    let integers = try input.doubles().map { value -> Int in
      let whole = value.rounded(.towardZero)
      return isWide ? Int(exactly: whole) ?? .min : Int(Int32(exactly: whole) ?? .min)
    }
    return [try Tensor(integers: integers, as: dataType, shape: input.shape)]
  }

  private static func wrapped(_ value: Double) -> UInt64 {
    UInt64(bitPattern: Int64(exactly: value.rounded(.towardZero)) ?? .min)
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard dataType == .int32 || dataType == .int64 else { return nil }
    return context.knownElements(0)
  }
}
