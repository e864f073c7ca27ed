import SkiffBinary
import SkiffIR

/// Real numbers as unsigned bytes, with the scale and the zero point that their own range asks for.
///
/// ONNX's DynamicQuantizeLinear, in float32: the range is widened to hold 0, `scale = (max − min) / 255` or 1 for an
/// empty range, `zeroPoint = round(−min / scale)`, halves to even.
public struct DynamicQuantizeLinear: ReferenceKernel {
  public static let name = "DynamicQuantizeLinear"
  public static let summary =
    "Real numbers as unsigned bytes, and the scale and zero point of their own range."
  public static let operands: [Operand] = [.required("input")]

  /// Creates the operator.
  public init() {}

  public var outputCount: Int { 3 }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.dataType == .float32 else {
      throw ModelError(.invalidGraph, "the range of \(type.dataType.rawValue)")
    }
    return [
      TensorType(.uint8, type.shape), TensorType(.float32, .scalar), TensorType(.uint8, .scalar),
    ]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let values = try input.floats()
    let parameters = Parameters(of: values)
    return [
      Tensor(values.map(parameters.byte), shape: input.shape), Tensor(scalar: parameters.scale),
      Tensor(scalar: UInt8(parameters.zeroPoint)),
    ]
  }

  /// A scale and a zero point of unsigned bytes.
  package struct Parameters: Sendable {
    package let scale: Float
    package let zeroPoint: Int

    /// Those by which a range with 0 in it becomes that of unsigned bytes.
    package init(least: Float, greatest: Float) {
      scale = least == greatest ? 1 : (greatest - least) / 255
      zeroPoint = DataType.uint8.rounding(-least / scale, plus: 0)
    }

    /// Those of the range of some numbers, with 0 in it.
    init(of values: some Sequence<Float>) {
      var (least, greatest) = (Float(0), Float(0))
      for value in values {
        if value < least { least = value }
        if value > greatest { greatest = value }
      }
      self.init(least: least, greatest: greatest)
    }

    func byte(_ value: Float) -> UInt8 { UInt8(DataType.uint8.rounding(value / scale, plus: zeroPoint)) }

    /// The numbers that the bytes of some numbers stand for.
    func rounded(_ values: [Float]) -> [Float] { values.map { Float(Int(byte($0)) - zeroPoint) * scale } }
  }
}
