import SkiffBinary
import SkiffIR
import SkiffOperators

let elementwiseOperations: [Operation] =
  unaryOperations + binaryOperations + composedOperations + [
    Operation("Where", "where", "where_v2") { (call) throws(ModelError) in
      let condition = try call.operand(0, "condition")
      guard let a = call.arguments.operand(1, ["x1", "x"]), let b = call.arguments.operand(2, ["x2", "y"])
      else {
        throw ModelError(.unsupported, "has a condition only")
      }
      let values = try call.operands([a, b])
      return try call.add(Select(), call.cast(condition, to: .boolean), values[0], values[1])
    },
    Operation("Clip", "clip_by_value") { (call) throws(ModelError) in
      let input = try call.operand(0, "x", "t")
      if try call.dataType(of: input).isInteger, let low = call.parameter("x_min", "clip_value_min")?.integer,
        let high = call.parameter("x_max", "clip_value_max")?.integer
      {
        let raised = try call.add(Maximum(), input, call.scalar(low, like: input), part: "raised")
        return try call.add(Minimum(), raised, call.scalar(high, like: input))
      }
      let low = try call.number("x_min", "clip_value_min", default: -.infinity)
      let high = try call.number("x_max", "clip_value_max", default: .infinity)
      return try call.add(Clip(minimum: Float(low), maximum: Float(high)), call.real(input))
    },
    Operation("Cast", "cast") { (call) throws(ModelError) in
      let input = try call.operand(0, "x")
      guard let type = try call.elementType() else {
        throw ModelError(.malformed, "is missing", at: Location(attribute: "dtype"))
      }
      return try call.add(Cast(to: type), input)
    },
    Operation(nil, "bias_add") { (call) throws(ModelError) in
      guard (call.parameter("data_format")?.string ?? "NHWC").hasSuffix("C") else {
        throw ModelError(.unsupported, "has channels first", at: Location(attribute: "data_format"))
      }
      return try call.add(Add(), call.real(call.operand(0, "value")), call.real(call.operand(1, "bias")))
    },
    Operation("ZerosLike", "zeros_like") { (call) throws(ModelError) in try filled(call, with: 0) },
    Operation("OnesLike", "ones_like") { (call) throws(ModelError) in try filled(call, with: 1) },
    Operation("ConvertToTensor", "convert_to_tensor") { (call) throws(ModelError) in
      let input = try call.operand(0, "x", "value")
      let type = try call.elementType(of: input)
      return try call.dataType(of: input) == type
        ? call.add(Identity(), input) : call.add(Cast(to: type), input)
    },
  ]

/// A tensor of one number, of the size of the operand and of its type if no other is said.
private func filled(_ call: LayerCall, with number: Double) throws(ModelError) -> ValueID {
  let input = try call.operand(0, "x", "input")
  let type = try call.elementType(of: input)
  return try call.add(ConstantOfShape(number, of: type), call.add(ShapeOf(), input, part: "shape"))
}

extension LayerCall {
  /// The type that the parameter `dtype` names, or that of a tensor.
  fileprivate func elementType(of value: ValueID) throws(ModelError) -> DataType {
    if let type = try elementType() { return type }
    return try dataType(of: value)
  }

  /// The type that the parameter `dtype` names, nil if it is left out.
  fileprivate func elementType() throws(ModelError) -> DataType? {
    guard let name = parameter("dtype")?.string else { return nil }
    let type = try KerasPolicy.dataType(of: .string(name), default: .float32)
    guard [.float32, .int32, .int64, .boolean, .uint8, .int8].contains(type) else {
      throw wrong("dtype", .string(name))
    }
    return type
  }
}

private let unaryOperations: [Operation] = [
  unary("Abs", "abs") { Abs() }, unary("Absolute") { Abs() }, real("Exp", "exp") { Exp() },
  real("Log", "log") { Log() },
  real("Sqrt", "sqrt") { Sqrt() }, real("Rsqrt", "rsqrt") { Rsqrt() }, unary("Square", "square") { Square() },
  unary("Negative", "negative") { Negate() }, real("Sigmoid", "sigmoid") { Sigmoid() },
  real("Tanh", "tanh") { Tanh() },
  unary("Relu", "relu") { Relu() }, real("Relu6", "relu6") { Clip(minimum: 0, maximum: 6) },
  real("Silu", "silu", "swish") { Swish() }, real("Softplus", "softplus") { Softplus() },
  real("Softsign", "softsign") { Softsign() }, real("Selu", "selu") { Selu() },
  real("HardSilu") { HardSwish() },
  real("HardTanh") { Clip(minimum: -1, maximum: 1) }, real("LogSigmoid", "log_sigmoid") { LogSigmoid() },
  unary("Sign", "sign") { Sign() }, real("Floor", "floor") { Floor() }, real("Ceil", "ceil") { Ceil() },
  real("Sin", "sin") { Sin() }, real("Cos", "cos") { Cos() }, real("Tan", "tan") { Tan() },
  real("Arcsin", "asin") { Asin() }, real("Arccos", "acos") { Acos() }, real("Arctan", "atan") { Atan() },
  real("Sinh", "sinh") { Sinh() }, real("Cosh", "cosh") { Cosh() }, real("Arcsinh", "asinh") { Asinh() },
  real("Arccosh", "acosh") { Acosh() }, real("Arctanh", "atanh") { Atanh() },
  real("Reciprocal", "reciprocal") { Reciprocal() }, real("Erf", "erf") { Erf() },
  unary("LogicalNot", "logical_not") { Not() }, unary("Isnan", "is_nan") { IsNaN() },
  unary("Isinf", "is_inf") { IsInf() }, unary("Copy", "identity") { Identity() },
  unary("BitwiseNot", "bitwise.invert") { BitwiseNot() }, unary("BitwiseInvert") { BitwiseNot() },
  unary("StopGradient", "stop_gradient") { Identity() },
  Operation("HardSigmoid") { (call) throws(ModelError) in
    var operator_ = HardSigmoid()
    operator_.alpha = 1 / 6
    return try call.add(operator_, call.operand(0, "x"))
  },
  Operation("Round", "round") { (call) throws(ModelError) in
    guard try call.integer("decimals", default: 0) == 0 else { throw call.settings.unsupported("decimals") }
    return try call.add(Round(), call.operand(0, "x"))
  },
  Operation("Elu", "elu") { (call) throws(ModelError) in
    var operator_ = Elu()
    operator_.alpha = Float(try call.number("alpha", default: 1))
    return try call.add(operator_, call.operand(0, "x", "features"))
  },
  Operation("Celu") { (call) throws(ModelError) in
    var operator_ = Celu()
    operator_.alpha = Float(try call.number("alpha", default: 1))
    return try call.add(operator_, call.operand(0, "x"))
  },
  Operation("LeakyRelu", "leaky_relu") { (call) throws(ModelError) in
    try call.leakyRelu(
      call.operand(0, "x", "features"), slope: call.number("negative_slope", "alpha", default: 0.2))
  },
  Operation("Gelu", "gelu") { (call) throws(ModelError) in
    var operator_ = Gelu()
    // Keras 3 has another standard than TensorFlow.
    operator_.approximation = try call.boolean("approximate", default: call.layer.isOperation) ? .tanh : .none
    return try call.add(operator_, call.operand(0, "x", "features"))
  },
  Operation("Softmax", "softmax") { (call) throws(ModelError) in
    try call.softmax(call.operand(0, "x", "logits"), axis: call.integer("axis", default: -1))
  },
  Operation("LogSoftmax", "log_softmax") { (call) throws(ModelError) in
    var operator_ = LogSoftmax()
    operator_.axis = try call.integer("axis", default: -1)
    return try call.add(operator_, call.operand(0, "x", "logits"))
  },
  Operation("Log1p", "log1p") { (call) throws(ModelError) in
    try call.add(Log(), call.add(Add(), call.operand(0, "x"), call.constant([1], shape: []), part: "sum"))
  },
  Operation("Expm1", "expm1") { (call) throws(ModelError) in
    try call.add(
      Subtract(), call.add(Exp(), call.operand(0, "x"), part: "power"), call.constant([1], shape: []))
  },
]

private let composedOperations: [Operation] = [
  composed("TanhShrink") { (x, _, functions) throws(ModelError) in try functions.tanhShrink(x) },
  composed("SparsePlus") { (x, _, functions) throws(ModelError) in try functions.sparsePlus(x) },
  composed("SparseSigmoid") { (x, _, functions) throws(ModelError) in try functions.sparseSigmoid(x) },
  composed("SoftShrink") { (x, call, functions) throws(ModelError) in
    try functions.softShrink(x, threshold: call.number("threshold", default: 0.5))
  },
  composed("HardShrink") { (x, call, functions) throws(ModelError) in
    try functions.hardShrink(x, threshold: call.number("threshold", default: 0.5))
  },
  composed("Threshold") { (x, call, functions) throws(ModelError) in
    try functions.threshold(
      x, call.number("threshold", default: 0), else: call.number("default_value", "value", default: 0))
  },
  composed("Squareplus") { (x, call, functions) throws(ModelError) in
    try functions.squareplus(x, b: call.number("b", default: 4))
  },
  composed("Glu") { (x, call, functions) throws(ModelError) in
    try functions.gatedLinearUnit(x, axis: call.integer("axis", default: -1))
  },
  composed("Sparsemax") { (x, call, functions) throws(ModelError) in
    try functions.sparsemax(x, axis: call.integer("axis", default: -1))
  },
]

private let binaryOperations: [Operation] = [
  binary("Add", "add", "add_v2") { Add() }, binary("Subtract", "subtract") { Subtract() },
  binary("Multiply", "multiply") { Multiply() }, binary("Maximum", "maximum") { Maximum() },
  binary("Minimum", "minimum") { Minimum() }, binary("Power", "pow") { Power() },
  binary("FloorDivide", "floordiv", "floor_div") { FloorDivide() },
  binary("Greater", "greater") { Greater() }, binary("GreaterEqual", "greater_equal") { GreaterOrEqual() },
  binary("Less", "less") { Less() }, binary("LessEqual", "less_equal") { LessOrEqual() },
  binary("Equal", "equal") { Equal() }, binary("NotEqual", "not_equal") { NotEqual() },
  binary("LogicalAnd", "logical_and") { And() }, binary("LogicalOr", "logical_or") { Or() },
  binary("LogicalXor", "logical_xor") { Xor() }, binary(nil, "squared_difference") { SquaredDifference() },
  binary("BitwiseAnd", "bitwise.bitwise_and") { BitwiseAnd() },
  binary("BitwiseOr", "bitwise.bitwise_or") { BitwiseOr() },
  binary("BitwiseXor", "bitwise.bitwise_xor") { BitwiseXor() },
  Operation("Divide", "truediv", "divide", "realdiv", "div") { (call) throws(ModelError) in try divided(call)
  },
  Operation("TrueDivide") { (call) throws(ModelError) in try divided(call) },
  Operation("Arctan2", "atan2") { (call) throws(ModelError) in
    // TensorFlow calls the second operand x, Keras x2.
    try call.add(Atan2(), call.real(call.operand(0, "x1", "y")), call.real(call.operand(1, "x2", "x")))
  },
]

/// A function of a tensor that has results of the same type.
private func unary(
  _ className: String?, _ functions: String..., make: @escaping @Sendable () -> any Operator
) -> Operation {
  Operation(
    className, functions,
    make: { (call) throws(ModelError) in
      try call.add(make(), call.operand(0, "x", "features", "input"))
    })
}

/// A function of a tensor of real numbers; integers are turned into such.
private func real(
  _ className: String?, _ functions: String..., make: @escaping @Sendable () -> any Operator
) -> Operation {
  Operation(
    className, functions,
    make: { (call) throws(ModelError) in
      try call.add(make(), call.real(call.operand(0, "x", "features", "input")))
    })
}

/// A function of a tensor of real numbers that takes several operators.
private func composed(
  _ className: String,
  make: @escaping @Sendable (ValueID, LayerCall, ComposedActivations) throws(ModelError) -> ValueID
) -> Operation {
  Operation(className) { (call) throws(ModelError) in
    try make(call.real(call.operand(0, "x")), call, ComposedActivations(call: call))
  }
}

private func binary(
  _ className: String?, _ functions: String..., make: @escaping @Sendable () -> any Operator
) -> Operation {
  Operation(
    className, functions, make: { (call) throws(ModelError) in try call.add(make(), call.pair().map { $0 }) })
}

private func divided(_ call: LayerCall) throws(ModelError) -> ValueID {
  let values = try call.pair()
  return try call.add(Divide(), call.real(values[0]), call.real(values[1]))
}
