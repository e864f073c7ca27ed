import SkiffBinary
import SkiffIR

/// Gives the elements another shape.
///
/// The shape operand has one integer for each axis: −1 (at most once) is what remains, 0 is the size of the
/// input's axis unless ``allowsZero`` says that it is zero.
public struct Reshape: DataMovement {
  public static let name = "Reshape"
  public static let summary = "Gives the elements another shape."
  public static let operands: [Operand] = [.required("input"), .required("shape")]
  public static let attributes: [Attribute<Reshape>] = [
    Attribute("allowsZero", \.allowsZero, "Whether a 0 in the shape is a size of zero, not a copy.")
  ]

  /// Whether a 0 in the shape is a size of zero, not a copy of the input's size.
  public var allowsZero = false

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, shapeType) = (try context.type(0), try context.type(1))
    guard shapeType.rank == 1, shapeType.dataType.isInteger else {
      throw ModelError(.invalidGraph, "a shape must be a list of integers, found \(shapeType)")
    }
    var quantization = input.quantization
    if quantization?.granularity != .perTensor { quantization = nil }
    guard let wanted = context.knownElements(1) else {
      guard let rank = shapeType.shape[0].fixed else {
        throw ModelError(.unsupported, "a shape whose rank is computed when the graph runs")
      }
      guard rank > 0 || input.shape.elementCount ?? 1 == 1 else {
        throw ModelError(.invalidGraph, "\(input.shape) has more than the one element of no axes")
      }
      return [TensorType(input.dataType, try Shape(unknownOfRank: rank), quantization: quantization)]
    }
    let shape = try resolve(wanted, of: input.shape)
    if let count = input.shape.elementCount, let new = shape.elementCount, count != new {
      throw ModelError(.invalidGraph, "\(input.shape) has other than \(new) elements")
    }
    return [TensorType(input.dataType, shape, quantization: quantization)]
  }

  /// The shape with copies and the remainder filled in.
  private func resolve(_ wanted: [Shape.Dimension], of input: Shape) throws(ModelError) -> Shape {
    var result: [Shape.Dimension] = []
    var remainder: Int?
    for (axis, dimension) in wanted.enumerated() {
      switch dimension {
      case .fixed(0) where !allowsZero:
        guard axis < input.rank else {
          throw ModelError(.invalidGraph, "the shape copies axis \(axis) of an input \(input)")
        }
        result.append(input[axis])
      case .fixed(-1):
        guard remainder == nil else { throw ModelError(.invalidGraph, "the shape has two unknown sizes") }
        remainder = axis
        result.append(.unknown)
      case .fixed(let size) where size < 0: throw ModelError(.invalidGraph, "the shape has a size of \(size)")
      default: result.append(dimension)
      }
    }
    if let remainder { result[remainder] = try remaining(result, at: remainder, of: input.dimensions) }
    return Shape(result)
  }

  /// What is left for one axis: equal factors cancel first, so that symbols survive.
  private func remaining(
    _ result: [Shape.Dimension], at axis: Int, of input: [Shape.Dimension]
  ) throws(ModelError) -> Shape.Dimension {
    var rest = input
    var divisor = 1
    for (index, dimension) in result.enumerated() where index != axis {
      if case .fixed(let size) = dimension {
        let (product, overflow) = divisor.multipliedReportingOverflow(by: size)
        guard !overflow else { throw ModelError(.invalidGraph, "the shape is beyond any size") }
        divisor = product
      } else if let position = rest.firstIndex(of: dimension), dimension != .unknown {
        rest.remove(at: position)
      } else {
        return .unknown
      }
    }
    let total = rest.reduce(.fixed(1)) { $0 * $1 }
    guard divisor > 0 else { return total == .fixed(0) ? .fixed(0) : .unknown }
    if let count = total.fixed {
      guard count % divisor == 0 else {
        throw ModelError(.invalidGraph, "\(count) elements do not divide by \(divisor)")
      }
      return .fixed(count / divisor)
    }
    return total / divisor
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let wanted = try inputs.required(1).integers().map { Shape.Dimension.fixed($0) }
    guard let shape = try resolve(wanted, of: Shape(input.shape)).fixed else {
      throw ModelError(.invalidGraph, "a shape \(Shape(wanted)) for \(input.count) elements")
    }
    return [try input.reshaped(to: shape)]
  }
}

extension Reshape: ShapeArithmetic {
  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? { context.knownElements(0) }
}
