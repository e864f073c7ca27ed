import SkiffBinary
import SkiffIR
import SkiffOperators

/// Functions of numbers that take several operators.
let numericOperations: [Operation] = [
  scaled("Log2", by: 1 / Double.logarithm(2)) { Log() },
  scaled("Log10", by: 1 / Double.logarithm(10)) { Log() },
  scaled("Deg2rad", by: .pi / 180) { Identity() },
  scaled("Rad2deg", by: 180 / .pi) { Identity() },
  numeric("Exp2") { (call, x) throws(ModelError) in
    try call.add(Power(), call.constant([2], shape: []), x)
  },
  numeric("Erfc", "erfc") { (call, x) throws(ModelError) in
    try call.add(Subtract(), call.constant([1], shape: []), call.add(Erf(), x, part: "error"))
  },
  numeric("Trunc", keepsIntegers: true) { (call, x) throws(ModelError) in
    let isNegative = try call.add(Less(), x, call.constant([0], shape: []), part: "negative")
    return try call.add(
      Select(), isNegative, call.add(Ceil(), x, part: "up"), call.add(Floor(), x, part: "down"))
  },
  numeric("Isfinite", "is_finite") { (call, x) throws(ModelError) in
    let wrong = try call.add(
      Or(), call.add(IsNaN(), x, part: "nan"), call.add(IsInf(), x, part: "infinite"), part: "either")
    return try call.add(Not(), wrong)
  },
  numeric("NanToNum", keepsIntegers: true) { (call, x) throws(ModelError) in
    let greatest = Double(Float.greatestFiniteMagnitude)
    func number(_ name: String, _ value: Double) throws(ModelError) -> ValueID {
      call.constant([Float(try call.number(name, default: value))], shape: [])
    }
    let known = try call.add(
      Select(), call.add(IsNaN(), x, part: "nan"), number("nan", 0), x, part: "known")
    func limit(_ sign: Float, _ name: String, _ value: ValueID, part: String) throws(ModelError) -> ValueID {
      let infinity = call.constant([sign * .infinity], shape: [])
      let isBeyond = try call.add(Equal(), value, infinity, part: "\(name)/beyond")
      return try call.add(
        Select(), isBeyond, number(name, Double(sign) * greatest), value, part: part)
    }
    return try limit(-1, "neginf", limit(1, "posinf", known, part: "upper"), part: "")
  },
  paired("Logaddexp") { (call, a, b) throws(ModelError) in
    let difference = try call.add(Subtract(), a, b, part: "difference")
    let opposite = try call.add(Negate(), call.add(Abs(), difference, part: "distance"), part: "opposite")
    let larger = try call.add(
      Add(), call.add(Maximum(), a, b, part: "greater"), call.add(Softplus(), opposite, part: "rest"),
      part: "finite")
    // Of two infinities.
    let isNone = try call.add(IsNaN(), difference, part: "nan")
    return try call.add(Select(), isNone, call.add(Add(), a, b, part: "sum"), larger)
  },
  paired("Hypot") { (call, a, b) throws(ModelError) in
    let (a, b) = (try call.add(Abs(), a, part: "first"), try call.add(Abs(), b, part: "second"))
    let greater = try call.add(Maximum(), a, b, part: "greater")
    let isZero = try call.add(Equal(), greater, call.constant([0], shape: []), part: "zero")
    let divisor = try call.add(Select(), isZero, call.constant([1], shape: []), greater, part: "divisor")
    let share = try call.add(Divide(), call.add(Minimum(), a, b, part: "less"), divisor, part: "share")
    let sum = try call.add(
      Add(), call.add(Square(), share, part: "square"), call.constant([1], shape: []), part: "sum")
    return try call.add(Multiply(), greater, call.add(Sqrt(), sum, part: "root"))
  },
  Operation("Mod", "mod", "floormod") { (call) throws(ModelError) in
    try call.add(Modulo(), call.pair().map { $0 })
  },
  Operation("Fmod", "truncatemod") { (call) throws(ModelError) in
    var operator_ = Modulo()
    operator_.truncates = true
    return try call.add(operator_, call.pair().map { $0 })
  },
  Operation("FullLike") { (call) throws(ModelError) in
    let input = try call.operand(0, "x")
    guard case .value(let json)? = call.arguments.argument(1, "fill_value"), let number = json.number,
      call.parameter("dtype") == nil
    else { throw ModelError(.unsupported, "a number that is computed or of another type") }
    return try call.add(
      ConstantOfShape(number, of: call.dataType(of: input)), call.add(ShapeOf(), input, part: "shape"))
  },
  Operation("Average") { (call) throws(ModelError) in
    guard call.arguments.argument(1, "weights") == nil else {
      throw ModelError(.unsupported, "cannot be given", at: Location(attribute: "weights"))
    }
    let (axes, _) = try call.reducedAxes(call.operand(0, "x"))
    return try call.add(ReduceMean(axes: axes, keepsDimensions: false), call.real(call.operand(0, "x")))
  },
  Operation("CountNonzero", "count_nonzero") { (call) throws(ModelError) in
    let input = try call.operand(0, "x", "input")
    let (axes, keeps) = try call.reducedAxes(input)
    guard ["int32", "int64", nil].contains(call.parameter("dtype")?.string) else {
      throw call.settings.unsupported("dtype")
    }
    // TensorFlow counts in 64 bits.
    let isWide = !call.layer.isOperation && call.parameter("dtype")?.string != "int32"
    let isCounted = try call.add(NotEqual(), input, call.scalar(0, like: input), part: "counted")
    return try call.add(
      ReduceSum(axes: axes, keepsDimensions: keeps),
      call.cast(isCounted, to: isWide ? .int64 : .int32, part: "ones"))
  },
  Operation("Ptp") { (call) throws(ModelError) in
    let input = try call.operand(0, "x")
    let (axes, keeps) = try call.reducedAxes(input)
    return try call.add(
      Subtract(), call.add(ReduceMax(axes: axes, keepsDimensions: keeps), input, part: "greatest"),
      call.add(ReduceMin(axes: axes, keepsDimensions: keeps), input, part: "least"))
  },
  Operation(results: "Moments", "moments") { (call) throws(ModelError) in
    let input = try call.real(call.operand(0, "x"))
    let (axes, keeps) = try call.reducedAxes(input)
    // Over the devices of one machine that is the same.
    _ = call.parameter("synchronized", "shift")
    return [
      try call.add(ReduceMean(axes: axes, keepsDimensions: keeps), input, part: "mean"),
      try call.variance(of: input, axes: axes, keepsDimensions: keeps, part: "variance"),
    ]
  },
]

/// A function of real numbers; `keepsIntegers` says that those are what it would make of them.
private func numeric(
  _ className: String, _ functions: String..., keepsIntegers: Bool = false,
  make: @escaping @Sendable (LayerCall, ValueID) throws(ModelError) -> ValueID
) -> Operation {
  Operation(
    className, functions,
    make: { (call) throws(ModelError) in
      let x = try call.operand(0, "x", "input")
      let result = try make(call, call.real(x))
      let isReal = try call.dataType(of: x).isFloatingPoint
      return try isReal || !keepsIntegers ? result : call.add(Identity(), x, part: "same")
    })
}

/// A function of two real numbers.
private func paired(
  _ className: String, make: @escaping @Sendable (LayerCall, ValueID, ValueID) throws(ModelError) -> ValueID
) -> Operation {
  Operation(className) { (call) throws(ModelError) in
    let values = try call.pair()
    return try make(call, call.real(values[0]), call.real(values[1]))
  }
}

/// An operator's result times a number.
private func scaled(
  _ className: String, by factor: Double, make: @escaping @Sendable () -> any Operator
) -> Operation {
  numeric(className) { (call, x) throws(ModelError) in
    try call.add(Multiply(), call.add(make(), x, part: "unscaled"), call.constant([Float(factor)], shape: []))
  }
}
