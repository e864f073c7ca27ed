import SkiffBinary
import SkiffIR
import SkiffOperators

let reductionOperations: [Operation] = [
  reduction("Sum", "reduce_sum") { ReduceSum(axes: $0, keepsDimensions: $1) },
  reduction("Mean", "reduce_mean") { ReduceMean(axes: $0, keepsDimensions: $1) },
  reduction("Max", "reduce_max") { ReduceMax(axes: $0, keepsDimensions: $1) },
  reduction("Min", "reduce_min") { ReduceMin(axes: $0, keepsDimensions: $1) },
  reduction("Amax") { ReduceMax(axes: $0, keepsDimensions: $1) },
  reduction("Amin") { ReduceMin(axes: $0, keepsDimensions: $1) },
  reduction("Prod", "reduce_prod") { ReduceProd(axes: $0, keepsDimensions: $1) },
  reduction("Logsumexp", "reduce_logsumexp") { ReduceLogSumExp(axes: $0, keepsDimensions: $1) },
  Operation("Var", "reduce_variance") { (call) throws(ModelError) in try variance(call, part: "") },
  Operation("Std", "reduce_std") { (call) throws(ModelError) in
    try call.add(Sqrt(), variance(call, part: "variance"))
  },
  Operation("Norm", "norm") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "tensor")
    let isEuclidean =
      call.parameter("ord").map { [.string("euclidean"), .integer(2), .string("fro")].contains($0) } ?? true
    let (axes, keeps) = try call.reducedAxes(input)
    guard isEuclidean || call.parameter("ord") == .integer(1) else {
      throw call.wrong("ord", call.parameter("ord") ?? .null)
    }
    // Of two axes, 2 and 1 would be norms of matrices.
    guard axes.count == 1 || call.parameter("ord").map({ $0 != .integer(2) && $0 != .integer(1) }) ?? true
    else {
      throw call.wrong("ord", call.parameter("ord") ?? .null)
    }
    return try isEuclidean
      ? call.add(ReduceL2(axes: axes, keepsDimensions: keeps), input)
      : call.add(ReduceL1(axes: axes, keepsDimensions: keeps), input)
  },
  Operation("Any", "reduce_any") { (call) throws(ModelError) in
    try truth(call) { ReduceMax(axes: $0, keepsDimensions: $1) }
  },
  Operation("All", "reduce_all") { (call) throws(ModelError) in
    try truth(call) { ReduceMin(axes: $0, keepsDimensions: $1) }
  },
  Operation("Argmax", "argmax") { (call) throws(ModelError) in
    var operator_ = ArgMax()
    (operator_.axis, operator_.keepsDimensions, operator_.dataType) = try positionParameters(call)
    return try call.add(operator_, call.operand(0, "x", "input"))
  },
  Operation("Argmin", "argmin") { (call) throws(ModelError) in
    var operator_ = ArgMin()
    (operator_.axis, operator_.keepsDimensions, operator_.dataType) = try positionParameters(call)
    return try call.add(operator_, call.operand(0, "x", "input"))
  },
  Operation("Cumsum", "cumsum") { (call) throws(ModelError) in
    var operator_ = CumSum()
    operator_.axis = try call.integer("axis", default: call.layer.isOperation ? nil : 0)
    operator_.isExclusive = try call.boolean("exclusive", default: false)
    operator_.isReversed = try call.boolean("reverse", default: false)
    let input = try call.operand(0, "x")
    // Booleans are counted in 32 bits; narrow integers go on from the least one behind the greatest.
    return try call.add(
      operator_, call.dataType(of: input) == .boolean ? call.cast(input, to: .int32, part: "wide") : input)
  },
  Operation("Normalize", "l2_normalize") { (call) throws(ModelError) in
    guard try call.integer("order", default: 2) == 2 else { throw call.settings.unsupported("order") }
    var operator_ = LpNormalization()
    let axes = try call.integers("axis", "dim") ?? [-1]
    guard axes.count == 1, let axis = axes.first else { throw call.settings.unsupported("axis") }
    operator_.axis = axis
    let isKeras3 = call.layer.isOperation
    // Keras 3 bounds the norm, TensorFlow the sum of squares.
    operator_.leastNorm = Float(
      try call.number("epsilon", default: isKeras3 ? 1e-7 : 1e-12).squareRootIf(!isKeras3))
    return try call.add(operator_, call.operand(0, "x"))
  },
]

extension Double {
  fileprivate func squareRootIf(_ condition: Bool) -> Double { condition ? squareRoot() : self }
}

private func reduction(
  _ className: String?, _ functions: String..., make: @escaping @Sendable ([Int], Bool) -> any Operator
) -> Operation {
  Operation(
    className, functions,
    make: { (call) throws(ModelError) in
      let input = try call.operand(0, "x", "input_tensor")
      let (axes, keeps) = try call.reducedAxes(input)
      let operand =
        switch className {
        case "Mean", "Logsumexp": try call.real(input)
        case "Sum", "Prod": try call.widened(input)
        default: input
        }
      return try call.add(make(axes, keeps), operand)
    })
}

extension LayerCall {
  /// What operators of Keras 3 add up or multiply of booleans and narrow integers: integers of 32 bits.
  fileprivate func widened(_ value: ValueID) throws(ModelError) -> ValueID {
    guard layer.isOperation else { return value }
    switch try dataType(of: value) {
    case .boolean, .int8, .int16: return try cast(value, to: .int32, part: "wide")
    case .uint8, .uint16: return try cast(value, to: .uint32, part: "wide")
    default: return value
    }
  }
}

/// The axes that a function goes over, all of them if it does not say, and whether they stay with size 1.
extension LayerCall {
  /// The axes of a reduction, all if none are given, and whether they stay.
  func reducedAxes(_ input: ValueID) throws(ModelError) -> ([Int], Bool) {
    let rank = try shape(of: input).rank
    let axes = try integers("axis", "axes", "reduction_indices") ?? Array(0..<rank)
    return (try normalizedAxes(axes, rank: rank), try boolean("keepdims", "keep_dims", default: false))
  }

  /// The mean of squared differences to the mean.
  func variance(
    of input: ValueID, axes: [Int], keepsDimensions: Bool, part: String
  ) throws(ModelError) -> ValueID {
    let mean = try add(ReduceMean(axes: axes, keepsDimensions: true), input, part: join(part, "mean"))
    let squares = try add(SquaredDifference(), input, mean, part: join(part, "squares"))
    return try add(ReduceMean(axes: axes, keepsDimensions: keepsDimensions), squares, part: part)
  }
}

private func variance(_ call: LayerCall, part: String) throws(ModelError) -> ValueID {
  let input = try call.real(call.operand(0, "x", "input_tensor"))
  let (axes, keeps) = try call.reducedAxes(input)
  return try call.variance(of: input, axes: axes, keepsDimensions: keeps, part: part)
}

private func truth(
  _ call: LayerCall, _ make: ([Int], Bool) -> any Operator
) throws(ModelError) -> ValueID {
  let input = try call.operand(0, "x", "input_tensor")
  let (axes, keeps) = try call.reducedAxes(input)
  let numbers = try call.real(call.cast(input, to: .boolean, part: "truth"))
  return try call.add(Cast(to: .boolean), call.add(make(axes, keeps), numbers, part: "extreme"))
}

private func positionParameters(_ call: LayerCall) throws(ModelError) -> (Int, Bool, DataType) {
  let axis = try call.integer("axis", "dimension", default: call.layer.isOperation ? nil : 0)
  let isInt32 = call.layer.isOperation || call.parameter("output_type")?.string == "int32"
  return (axis, try call.boolean("keepdims", default: false), isInt32 ? .int32 : .int64)
}
