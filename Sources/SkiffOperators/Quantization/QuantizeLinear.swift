import SkiffBinary
import SkiffIR

/// `round(x / scale) + zeroPoint`, halves to even, clamped to the integer type; scale and zero point are operands.
///
/// ONNX's QuantizeLinear. The result is plain integers, whose meaning only the graph knows. To an eight-bit
/// floating point type, `x / scale` is rounded instead.
public struct QuantizeLinear: ReferenceKernel {
  public static let name = "QuantizeLinear"
  public static let summary =
    "Real numbers divided by scales, rounded half to even, plus zero points, in a narrow type."
  public static let operands: [Operand] = [.required("input"), .required("scale"), .optional("zeroPoint")]
  public static let attributes = [
    Attribute<QuantizeLinear>("dataType", \.dataType, "The type of the result."),
    Attribute<QuantizeLinear>("axis", \.axis, "The axis of scales that are not one for the whole tensor."),
    Attribute<QuantizeLinear>(
      "blockSize", \.blockSize, "The elements along the axis that share a scale; 0 where scales are a list."),
    Attribute<QuantizeLinear>(
      "saturates", \.saturates,
      "Whether what is beyond the greatest number of an eight-bit floating point type becomes it."),
  ]

  /// The type of the result.
  public var dataType = DataType.uint8
  /// The axis of scales that are not one for the whole tensor; negative ones count from behind.
  public var axis = 1
  /// The elements along the axis that share a scale; 0 where scales are a list.
  public var blockSize = 0
  /// Whether what is beyond the greatest number of an eight-bit floating point type becomes it.
  public var saturates = true

  /// Creates an operator for unsigned bytes.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    guard dataType.isNarrowInteger || dataType.isFloatingPoint && dataType.bitWidth == 8 else {
      throw ModelError(
        .invalidGraph, "quantized to \(dataType.rawValue)", at: Location(attribute: "dataType"))
    }
    return [TensorType(dataType, try context.type(0).shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let parameters = try LinearParameters(
      inputs.required(1), inputs.optional(2), of: input.shape, axis: axis, blockSize: blockSize)
    let values = try input.floats()
    guard dataType.isInteger else {
      let scaled = values.indices.map { values[$0] / parameters.scale(at: $0) }
      return [try Tensor(floats: scaled, as: dataType, shape: input.shape, saturates: saturates)]
    }
    let integers = values.indices.map { index in
      dataType.rounding(values[index] / parameters.scale(at: index), plus: parameters.zeroPoint(at: index))
    }
    return [try Tensor(integers: integers, as: dataType, shape: input.shape)]
  }
}

/// `(x − zeroPoint) · scale` in the type of the scale; scale and zero point are operands.
///
/// ONNX's DequantizeLinear.
public struct DequantizeLinear: ReferenceKernel {
  public static let name = "DequantizeLinear"
  public static let summary = "Numbers of a narrow type less their zero points, times their scales."
  public static let operands: [Operand] = [.required("input"), .required("scale"), .optional("zeroPoint")]
  public static let attributes = [
    Attribute<DequantizeLinear>("axis", \.axis, "The axis of scales that are not one for the whole tensor."),
    Attribute<DequantizeLinear>(
      "blockSize", \.blockSize, "The elements along the axis that share a scale; 0 where scales are a list."),
  ]

  /// The axis of scales that are not one for the whole tensor; negative ones count from behind.
  public var axis = 1
  /// The elements along the axis that share a scale; 0 where scales are a list.
  public var blockSize = 0

  /// Creates an operator for one scale or those of the second axis.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (type, scale) = (try context.type(0), try context.type(1))
    guard scale.dataType.isFloatingPoint, type.dataType.bitWidth <= 32 else {
      throw ModelError(.invalidGraph, "\(type.dataType.rawValue) with a scale of \(scale.dataType.rawValue)")
    }
    return [TensorType(scale.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, scale) = (try inputs.required(0), try inputs.required(1))
    let parameters = try LinearParameters(
      scale, inputs.optional(2), of: input.shape, axis: axis, blockSize: blockSize)
    let reals: [Float]
    if input.dataType.isFloatingPoint {
      let values = try input.floats()
      reals = values.indices.map { values[$0] * parameters.scale(at: $0) }
    } else {
      let integers = try input.plainIntegers()
      reals = integers.indices.map {
        Float(integers[$0] &- parameters.zeroPoint(at: $0)) * parameters.scale(at: $0)
      }
    }
    return [try Tensor(floats: reals, as: scale.dataType, shape: input.shape)]
  }
}

/// Integers times real multipliers, rounded half to even, plus zero points: what ends a product of integers in ONNX
/// Runtime.
public struct RequantizeLinear: ReferenceKernel {
  public static let name = "RequantizeLinear"
  public static let summary =
    "Integers times real multipliers, rounded half to even, plus a zero point, in a narrow type."
  public static let operands: [Operand] = [
    .required("input"), .required("multiplier"), .optional("zeroPoint"),
  ]
  public static let attributes = [
    Attribute<RequantizeLinear>("dataType", \.dataType, "The integer type of the result."),
    Attribute<RequantizeLinear>("axis", \.axis, "The axis of multipliers that are a list."),
  ]

  /// The integer type of the result.
  public var dataType = DataType.uint8
  /// The axis of multipliers that are a list; negative ones count from behind.
  public var axis = 1

  /// Creates an operator for unsigned bytes.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    guard dataType.isNarrowInteger else {
      throw ModelError(.invalidGraph, "requantized to \(dataType.rawValue)")
    }
    return [TensorType(dataType, try context.type(0).shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let parameters = try LinearParameters(
      inputs.required(1), inputs.optional(2), of: input.shape, axis: axis, blockSize: 0)
    let values = try input.plainIntegers()
    let integers = values.indices.map { index in
      dataType.rounding(
        Float(values[index]) * parameters.scale(at: index), plus: parameters.zeroPoint(at: index))
    }
    return [try Tensor(integers: integers, as: dataType, shape: input.shape)]
  }
}

extension DataType {
  /// The integer next to a real number, halves to even, plus the zero point, as near as the type can hold.
  ///
  /// What is not a number gives the least integer, as ONNX Runtime has it.
  @inline(__always)
  func rounding(_ value: Float, plus zeroPoint: Int) -> Int {
    let range = integerRange()
    guard value > -0x1p40 else { return range.lowerBound }
    let rounded = Int(min(value, 0x1p40).rounded(.toNearestOrEven)) + zeroPoint
    return min(max(rounded, range.lowerBound), range.upperBound)
  }
}

/// The scales and zero points of a tensor's elements, as operands give them.
struct LinearParameters {
  private let scales: [Float]
  private let zeroPoints: [Int]?
  private let group: (Int) -> Int

  /// One scale, a list along the axis, or blocks along it.
  init(
    _ scale: Tensor, _ zeroPoint: Tensor?, of shape: [Int], axis: Int, blockSize: Int
  ) throws(ModelError) {
    func misfit() -> ModelError {
      ModelError(.invalidGraph, "scales \(Shape(scale.shape)) for \(Shape(shape)) along axis \(axis)")
    }
    let granularity: QuantizationParameters.Granularity
    if scale.count == 1, blockSize == 0 {
      granularity = .perTensor
    } else {
      let axis = try normalizedAxis(axis, rank: shape.count)
      if blockSize == 0 {
        guard scale.rank == 1, scale.count == shape[axis] else { throw misfit() }
        granularity = .perAxis(axis)
      } else {
        guard blockSize > 0, scale.rank == shape.count else { throw misfit() }
        var blocks = shape
        blocks[axis] = shape[axis] == 0 ? 0 : (shape[axis] - 1) / blockSize + 1
        guard scale.shape == blocks else { throw misfit() }
        granularity = .blocked(axis: axis, size: blockSize)
      }
    }
    scales = try scale.floats()
    guard let zeroPoint, zeroPoint.dataType.isInteger else {
      zeroPoints = nil
      group = Tensor.parameterIndices(granularity, of: shape)
      return
    }
    let integers = try zeroPoint.integers()
    guard zeroPoint.dataType.bitWidth <= 32 else { throw misfit() }
    guard integers.count == scales.count || integers.count == 1 else { throw misfit() }
    zeroPoints = integers.count == 1 ? [Int](repeating: integers[0], count: scales.count) : integers
    group = Tensor.parameterIndices(granularity, of: shape)
  }

  @inline(__always) func scale(at index: Int) -> Float { scales[group(index)] }
  @inline(__always) func zeroPoint(at index: Int) -> Int { zeroPoints.map { $0[group(index)] } ?? 0 }
}
