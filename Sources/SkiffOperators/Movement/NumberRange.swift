import SkiffBinary
import SkiffIR

/// The numbers from `start` up to but not including `limit`, `step` apart.
public struct NumberRange: ReferenceKernel {
  public static let name = "NumberRange"
  public static let summary = "The numbers from start to limit, step apart."
  public static let operands: [Operand] = [.required("start"), .required("limit"), .required("step")]

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    for index in 0..<3 {
      let operand = try context.type(index)
      guard operand.dataType == type.dataType, operand.shape.elementCount.map({ $0 == 1 }) ?? true else {
        throw ModelError(.invalidGraph, "a range from \(type) with \(operand)")
      }
    }
    if let start = context.knownElements(0)?.first, let limit = context.knownElements(1)?.first,
      let step = context.integers(2)?.first, step != 0, step != .min
    {
      let distance = step > 0 ? limit - start : start - limit
      let isNone = (distance * .fixed(-1)).expression?.isNeverNegative == true
      let positive = distance.fixed.map { .fixed(max(0, $0)) } ?? (isNone ? .fixed(0) : distance)
      return [TensorType(type.dataType, Shape([positive.roundedUpDivision(by: abs(step))]))]
    }
    if let start = try context.constant(0), let limit = try context.constant(1),
      let step = try context.constant(2)
    {
      return [TensorType(type.dataType, Shape([try count(start, limit, step)]))]
    }
    return [TensorType(type.dataType, Shape([.unknown]))]
  }

  private func count(_ start: Tensor, _ limit: Tensor, _ step: Tensor) throws(ModelError) -> Int {
    if start.dataType.isInteger {
      let count = try integerCount(start.integers().first, limit.integers().first, step.integers().first)
      return try checkedCount([count], of: start.dataType)
    }
    guard let first = try start.doubles().first, let last = try limit.doubles().first,
      let distance = try step.doubles().first, distance != 0,
      let count = Int(exactly: max(0, ((last - first) / distance).rounded(.up)))
    else { throw ModelError(.invalidGraph, "an endless range") }
    guard count <= Limits.current.count else {
      throw ModelError(.limitExceeded, "a range of \(count) numbers")
    }
    return try checkedCount([count], of: start.dataType)
  }

  private func integerCount(_ start: Int?, _ limit: Int?, _ step: Int?) throws(ModelError) -> Int {
    guard let start, let limit, let step, step != 0 else {
      throw ModelError(.invalidGraph, "an endless range")
    }
    guard step > 0 ? limit > start : limit < start else { return 0 }
    // The distance without a sign, which has one bit more.
    let distance = UInt(bitPattern: step > 0 ? limit &- start : start &- limit)
    let count = (distance - 1) / step.magnitude + 1
    guard count <= UInt(Limits.current.count) else {
      throw ModelError(.limitExceeded, "a range of \(count) numbers")
    }
    return Int(count)
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (start, limit, step) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let count = try count(start, limit, step)
    if start.dataType.isInteger {
      guard let first = try start.integers().first, let distance = try step.integers().first else {
        throw ModelError(.invalidGraph, "a range without a start")
      }
      return [
        try Tensor(integers: (0..<count).map { first &+ $0 &* distance }, as: start.dataType, shape: [count])
      ]
    }
    guard let first = try start.doubles().first, let distance = try step.doubles().first else {
      throw ModelError(.invalidGraph, "a range without a start")
    }
    return [
      try Tensor((0..<count).map { first + Double($0) * distance }, shape: [count]).cast(to: start.dataType)
    ]
  }
}
