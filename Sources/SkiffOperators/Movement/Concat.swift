import SkiffBinary
import SkiffIR

/// Tensors one behind another along an axis; all other sizes are equal.
///
/// The result has the operands' common quantization. Where it differs, only an integer kernel can join them.
public struct Concat: DataMovement, ShapeArithmetic {
  public static let name = "Concat"
  public static let summary = "Tensors one behind another along an axis."
  public static let operands: [Operand] = [.variadic("inputs")]
  public static let attributes = [
    Attribute<Concat>("axis", \.axis, "The axis that grows.")
  ]

  /// The axis that grows; negative ones count from behind.
  public var axis = 0

  /// Creates an operator along the first axis.
  public init() {}

  /// Creates the operator.
  public init(axis: Int) { self.axis = axis }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var result = try context.type(0)
    let axis = try normalizedAxis(axis, rank: result.rank)
    for index in 1..<max(1, context.count) {
      let type = try context.type(index)
      guard type.dataType == result.dataType, type.rank == result.rank else {
        throw ModelError(.invalidGraph, "\(type) cannot be joined to \(result)")
      }
      for other in type.shape.dimensions.indices {
        let (old, new) = (result.shape[other], type.shape[other])
        if other == axis {
          result.shape[other] = old + new
        } else if let old = old.fixed, let new = new.fixed, old != new {
          throw ModelError(.invalidGraph, "\(type.shape) cannot be joined to \(result.shape)")
        } else if old.fixed == nil, new.fixed != nil || old == .unknown {
          result.shape[other] = new
        }
      }
      if type.quantization != result.quantization { result.quantization = nil }
    }
    result.quantization = result.quantization?.ofWholeTensor
    return [result]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    var tensors: [Tensor] = []
    for index in inputs.indices { tensors.append(try inputs.required(index)) }
    guard let first = tensors.first else { throw ModelError(.invalidGraph, "nothing to join") }
    guard tensors.allSatisfy({ $0.quantization == first.quantization }) else {
      throw ModelError(.unsupported, "tensors of different quantization cannot be joined as they are")
    }
    return [try Tensor.joined(tensors, axis: normalizedAxis(axis, rank: first.rank))]
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard context.optionalType(0)?.rank == 1 else { return nil }
    var elements: [Shape.Dimension] = []
    for index in 0..<context.count {
      if let known = context.knownElements(index) {
        elements += known
      } else if let type = context.optionalType(index), type.dataType.isInteger,
        let count = type.shape[0].fixed,
        count <= Constant.smallCount
      {
        elements += [Shape.Dimension](repeating: .unknown, count: count)
      } else {
        return nil
      }
    }
    return elements
  }
}
