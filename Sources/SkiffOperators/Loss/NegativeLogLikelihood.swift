import SkiffBinary
import SkiffIR

/// The negative log-probability that a model gives to the right class, weighted by class.
///
/// Shapes: log-probabilities `[batch, classes, space…]`, classes `[batch, space…]` in integers, weights `[classes]`.
/// The mean is that of the weighted places, divided by the sum of their weights.
public struct NegativeLogLikelihood: ReferenceKernel {
  /// What becomes of the losses of all places.
  public enum Combination: String, AttributeEnumeration, CaseIterable {
    /// They stay apart.
    case none
    /// They are added.
    case sum
    /// They are averaged by weight.
    case mean
  }

  public static let name = "NegativeLogLikelihood"
  public static let summary = "The negative log-probability of the right classes, weighted by class."
  public static let operands: [Operand] = [
    .required("logProbabilities"), .required("classes"), .optional("weights"),
  ]
  public static let attributes = [
    Attribute<NegativeLogLikelihood>(
      "combination", \.combination, "What becomes of the losses of all places."),
    Attribute<NegativeLogLikelihood>("ignoredClass", \.ignoredClass, "The class whose places do not count."),
  ]

  /// What becomes of the losses of all places.
  public var combination = Combination.mean
  /// The class whose places do not count.
  public var ignoredClass: Int?

  /// Creates a mean over all places.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, classes) = (try context.type(0), try context.type(1))
    guard input.rank >= 2, input.dataType.isFloatingPoint, classes.dataType.isInteger else {
      throw ModelError(.invalidGraph, "classes \(classes) for \(input)")
    }
    let places = Shape([input.shape[0]] + Array(input.shape.dimensions[2...]))
    guard classes.shape.isCompatible(with: places),
      context.optionalType(2).map({ $0.shape.isCompatible(with: Shape([input.shape[1]])) }) ?? true
    else { throw ModelError(.invalidGraph, "classes \(classes) for \(input)") }
    return [TensorType(input.dataType, combination == .none ? places : .scalar)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, target) = (try inputs.required(0), try inputs.required(1))
    let (values, classes) = (try input.doubles(), try target.integers())
    guard input.rank >= 2, target.shape == [input.shape[0]] + input.shape[2...] else {
      throw ModelError(.invalidGraph, "classes \(target.type) for \(input.type)")
    }
    let (count, plane) = (input.shape[1], input.shape[2...].reduce(1, *))
    let weights = try inputs.optional(2)?.doubles() ?? [Double](repeating: 1, count: count)
    guard weights.count == count else {
      throw ModelError(.invalidGraph, "\(weights.count) weights of classes")
    }
    var losses = [Double](repeating: 0, count: classes.count)
    var total = 0.0
    for (place, label) in classes.enumerated() where label != ignoredClass {
      guard label >= 0, label < count else {
        throw ModelError(.invalidGraph, "class \(label) of \(count)")
      }
      losses[place] = -weights[label] * values[(place / plane * count + label) * plane + place % plane]
      total += weights[label]
    }
    let sum = losses.reduce(0, +)
    let result: Tensor =
      switch combination {
      case .none: Tensor(losses, shape: target.shape)
      case .sum: Tensor(scalar: sum)
      case .mean: Tensor(scalar: sum / total)
      }
    return [try result.cast(to: input.dataType)]
  }
}
