import SkiffBinary
import SkiffIR
import SkiffOperators

let activationMappings: [LayerMapping] = [
  LayerMapping("Activation", masking: .kept) { (call) throws(ModelError) in try call.activated(call.input())
  },
  LayerMapping("ReLU", masking: .kept, relu),
  LayerMapping("LeakyReLU", masking: .kept) { (call) throws(ModelError) in
    // Keras 2 calls it alpha, with another default.
    let slope = call.settings.has("alpha") ? "alpha" : "negative_slope"
    return try call.leakyRelu(call.input(), slope: call.settings.number(slope, default: 0.3))
  },
  LayerMapping("ELU", masking: .kept) { (call) throws(ModelError) in
    var operator_ = Elu()
    operator_.alpha = Float(try call.settings.number("alpha", default: 1))
    return try call.add(operator_, call.input())
  },
  LayerMapping("ThresholdedReLU", masking: .kept) { (call) throws(ModelError) in
    var operator_ = ThresholdedRelu()
    operator_.alpha = Float(try call.settings.number("theta", default: 1))
    return try call.add(operator_, call.input())
  },
  LayerMapping(
    "PReLU", masking: .kept, variables: { (_) throws(ModelError) in [KerasVariable("alpha")] }, prelu),
  LayerMapping("Softmax", masking: .kept) { (call) throws(ModelError) in
    guard try call.mask() == nil else {
      throw ModelError(.unsupported, "cannot be given", at: Location(attribute: "mask"))
    }
    let axes = try call.settings.integers("axis", default: [-1])
    guard axes.count == 1, let axis = axes.first else { throw call.settings.unsupported("axis") }
    return try call.softmax(call.input(), axis: axis)
  },
]

/// `max_value` from there on, `x` above `threshold`, `negative_slope · (x − threshold)` below.
private func relu(_ call: LayerCall) throws(ModelError) -> ValueID {
  let x = try call.input()
  let slope = try call.settings.number("negative_slope", default: 0)
  let threshold = try call.settings.number("threshold", default: 0)
  let limit = call.settings.has("max_value") ? try call.settings.number("max_value") : nil
  if threshold == 0, slope == 0 { return try call.clampedRelu(x, limit) }
  if threshold == 0, limit == nil { return try call.leakyRelu(x, slope: slope) }
  var positive = x
  if threshold != 0 {
    var operator_ = ThresholdedRelu()
    operator_.alpha = Float(threshold)
    positive = try call.add(operator_, positive, part: slope == 0 && limit == nil ? "" : "threshold")
  }
  if threshold == 0 || limit != nil {
    positive = try call.clampedRelu(positive, limit, part: slope == 0 ? "" : "limit")
  }
  guard slope != 0 else { return positive }
  let below = try call.add(Subtract(), call.constant([Float(threshold)], shape: []), x, part: "below")
  let negative = try call.add(
    Multiply(), call.add(Relu(), below, part: "negative"), call.constant([Float(slope)], shape: []),
    part: "slope")
  return try call.add(Subtract(), positive, negative)
}

/// A slope for each element of the input, with one in common along `shared_axes`.
private func prelu(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.input()
  var sizes: [Int] = []
  for axis in 1..<max(1, try call.shape(of: input).rank) {
    let shared = try call.settings.integers("shared_axes", default: [])
    sizes.append(shared.contains(axis) ? 1 : try call.size(of: input, axis: axis))
  }
  return try call.add(PRelu(), input, call.variable("alpha", sizes))
}

extension LayerCall {
  /// The value after the function that a setting says.
  func activated(_ value: ValueID, setting: String = "activation") throws(ModelError) -> ValueID {
    guard let json = settings[setting] else { return value }
    if let name = functionName(json) { return try activated(value, by: name, setting) }
    guard let className = json["class_name"]?.string else { throw settings.unsupported(setting) }
    // An activation may be a layer; one with variables would need a place for them.
    let layer = KerasLayer(
      name: setting, className: className, config: json["config"] ?? .object([:]), isTrainable: false)
    guard let mapping = LayerMapping.of(layer), try mapping.variables(KerasSettings(layer.config)).isEmpty
    else {
      throw settings.unsupported(setting)
    }
    let call = try LayerCall(self, layer: layer, part: setting, input: value)
    guard let result = try mapping.makeNodes(call).first else { throw settings.unsupported(setting) }
    return result.value
  }

  /// The name of a function, nil if the activation is a layer or something else.
  func functionName(_ json: JSONValue) -> String? {
    if let className = json["class_name"]?.string, className != "function" { return nil }
    return json.string ?? json["config"]?.string
  }

  /// The value after the function that Keras knows by this name.
  private func activated(_ value: ValueID, by name: String, _ setting: String) throws(ModelError) -> ValueID {
    let part = layer.className == "Activation" ? "" : setting == "activation" ? name : "\(setting)/\(name)"
    func add(_ operator: any Operator) throws(ModelError) -> ValueID {
      try self.add(`operator`, value, part: part)
    }
    let composed = ComposedActivations(call: self, part: part)
    switch name {
    case "linear": return value
    case "relu": return try add(Relu())
    case "relu6": return try add(Clip(minimum: 0, maximum: 6))
    case "sigmoid": return try add(Sigmoid())
    case "tanh": return try add(Tanh())
    case "elu": return try add(Elu())
    case "selu": return try add(Selu())
    case "celu": return try add(Celu())
    case "softplus": return try add(Softplus())
    case "softsign": return try add(Softsign())
    case "swish", "silu": return try add(Swish())
    case "gelu": return try add(Gelu())
    case "mish": return try add(Mish())
    case "exponential": return try add(Exp())
    case "log_softmax": return try add(LogSoftmax())
    case "log_sigmoid": return try add(LogSigmoid())
    case "hard_tanh": return try add(Clip(minimum: -1, maximum: 1))
    case "hard_swish", "hard_silu": return try add(HardSwish())
    case "leaky_relu": return try leakyRelu(value, slope: 0.2, part: part)
    case "softmax": return try softmax(value, axis: -1, part: part)
    case "hard_sigmoid":
      var operator_ = HardSigmoid()
      // Keras 2: 0.2 · x + 0.5; Keras 3 as everybody else: x / 6 + 0.5.
      operator_.alpha = importer.isKeras3 ? 1 / 6 : 0.2
      return try add(operator_)
    case "glu": return try composed.gatedLinearUnit(value)
    case "hard_shrink": return try composed.hardShrink(value)
    case "soft_shrink": return try composed.softShrink(value)
    case "sparse_plus": return try composed.sparsePlus(value)
    case "sparse_sigmoid": return try composed.sparseSigmoid(value)
    case "sparsemax": return try composed.sparsemax(value)
    case "squareplus": return try composed.squareplus(value)
    case "tanh_shrink": return try composed.tanhShrink(value)
    default: throw settings.unsupported(setting)
    }
  }

  func leakyRelu(_ value: ValueID, slope: Double, part: String = "") throws(ModelError) -> ValueID {
    var operator_ = LeakyRelu()
    operator_.alpha = Float(slope)
    return try add(operator_, value, part: part)
  }

  func clampedRelu(_ value: ValueID, _ limit: Double?, part: String = "") throws(ModelError)
    -> ValueID
  {
    guard let limit, limit.isFinite else { return try add(Relu(), value, part: part) }
    return try add(Clip(minimum: 0, maximum: Float(limit)), value, part: part)
  }

  func softmax(_ value: ValueID, axis: Int, part: String = "") throws(ModelError) -> ValueID {
    try add(Softmax(axis: axis), value, part: part)
  }
}
