import SkiffBinary
import SkiffIR
import SkiffOperators

/// Activation functions.
enum ActivationMappings {
  static let rows: [Mapping] =
    ElementwiseMappings.unary("Relu", Relu.self) + ElementwiseMappings.unary("Sigmoid", Sigmoid.self)
    + ElementwiseMappings.unary("Tanh", Tanh.self) + [
      Mapping("Celu", since: 12) { (node) throws(ModelError) in
        var celu = Celu()
        celu.alpha = try node.real("alpha", default: 1)
        return try node.add(celu, node.inputs)
      }.writing(Celu.self) { (celu, node) throws(ModelError) in
        try node.add("Celu", node.operands(), ["alpha": .real(celu.alpha)])
      },
      Mapping("Clip", since: 1, clip1),
      Mapping("Clip", since: 11, clip11).writing(Clip.self) { (clip, node) throws(ModelError) in
        let dataType = try node.realType()
        var operands = [try node.operand(0)]
        for (index, bound) in [clip.minimum, clip.maximum].enumerated() {
          if let bound, !node.has(index + 1) {
            operands.append(try node.number(bound, as: dataType))
          } else {
            operands.append(try node.optional(index + 1))
          }
        }
        return try node.add("Clip", operands)
      },
      Mapping("Elu") { (node) throws(ModelError) in
        node.ignore("consumed_inputs")
        var elu = Elu()
        elu.alpha = try node.real("alpha", default: 1)
        return try node.add(elu, node.inputs)
      }.writing(Elu.self) { (elu, node) throws(ModelError) in
        try node.add("Elu", node.operands(), ["alpha": .real(elu.alpha)])
      },
      Mapping("Gelu", since: 20, gelu).writing(Gelu.self) { (gelu, node) throws(ModelError) in
        try node.add(
          "Gelu", node.operands(), ["approximate": .text(gelu.approximation == .tanh ? "tanh" : "none")])
      },
      Mapping("HardSigmoid") { (node) throws(ModelError) in
        node.ignore("consumed_inputs")
        var sigmoid = HardSigmoid()
        sigmoid.alpha = try node.real("alpha", default: 0.2)
        sigmoid.beta = try node.real("beta", default: 0.5)
        return try node.add(sigmoid, node.inputs)
      }.writing(HardSigmoid.self) { (sigmoid, node) throws(ModelError) in
        try node.add(
          "HardSigmoid", node.operands(), ["alpha": .real(sigmoid.alpha), "beta": .real(sigmoid.beta)])
      },
      .plain("HardSwish", HardSwish.self, since: 14),
      Mapping("LeakyRelu") { (node) throws(ModelError) in
        node.ignore("consumed_inputs")
        var relu = LeakyRelu()
        relu.alpha = try node.real("alpha", default: 0.01)
        return try node.add(relu, node.inputs)
      }.writing(LeakyRelu.self) { (relu, node) throws(ModelError) in
        guard try node.realType() == .float64 else {
          return try node.add("LeakyRelu", node.operands(), ["alpha": .real(relu.alpha)])
        }
        return try node.scaledBelowZero(by: node.number(relu.alpha, as: .float64))
      },
      .plain("Mish", Mish.self, since: 18),
      Mapping("PRelu", since: 1, prelu1),
      Mapping("PRelu", since: 7) { (node) throws(ModelError) in try node.add(PRelu(), node.inputs) }
        .writing(PRelu.self) { (_, node) throws(ModelError) in
          guard try node.realType() == .float64 else { return try node.addNumeric("PRelu") }
          return try node.scaledBelowZero(by: node.operand(1))
        },
      Mapping("Selu", since: 1) { (node) throws(ModelError) in
        node.ignore("consumed_inputs")
        return try selu(&node, alpha: 1.6732, gamma: 1.0507)
      },
      Mapping("Selu", since: 6) { (node) throws(ModelError) in
        try selu(&node, alpha: 1.673_263_2, gamma: 1.050_701)
      }.writing(Selu.self) { (selu, node) throws(ModelError) in
        try node.add("Selu", node.operands(), ["alpha": .real(selu.alpha), "gamma": .real(selu.gamma)])
      },
      Mapping("Shrink", since: 9, shrink),
      .plain("Softplus", Softplus.self),
      .plain("Softsign", Softsign.self),
      Mapping("ThresholdedRelu", since: 10) { (node) throws(ModelError) in
        var relu = ThresholdedRelu()
        relu.alpha = try node.real("alpha", default: 1)
        return try node.add(relu, node.inputs)
      }.writing(ThresholdedRelu.self) { (relu, node) throws(ModelError) in
        try node.add("ThresholdedRelu", node.operands(), ["alpha": .real(relu.alpha)])
      },
    ]

  static func clip1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("consumed_inputs")
    var clip = Clip()
    // The defaults, the ends of float32, bound nothing.
    clip.minimum = try node.optionalReal("min").flatMap { $0 > -.greatestFiniteMagnitude ? $0 : nil }
    clip.maximum = try node.optionalReal("max").flatMap { $0 < .greatestFiniteMagnitude ? $0 : nil }
    return try node.add(clip, node.inputs)
  }

  /// Bounds that are constants of float32 become attributes.
  static func clip11(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var clip = Clip()
    var inputs = node.inputs
    for index in 1..<3 {
      guard let bound = node.optional(index), let constant = node.graph[bound].constant,
        constant.type.dataType == .float32, constant.type.shape.elementCount == 1,
        let number = try constant.materialize().floats().first
      else { continue }
      if index == 1 { clip.minimum = number } else { clip.maximum = number }
      inputs[index] = nil
    }
    while inputs.last == .some(nil) { inputs.removeLast() }
    return try node.add(clip, inputs)
  }

  static func gelu(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var gelu = Gelu()
    switch try node.text("approximate", default: "none") {
    case "none": gelu.approximation = .none
    case "tanh": gelu.approximation = .tanh
    default: throw ModelError(.malformed, "expected none or tanh", at: Location(attribute: "approximate"))
    }
    return try node.add(gelu, node.inputs)
  }

  /// Below version 7 a slope of one axis is one number for each channel.
  static func prelu1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("consumed_inputs")
    let (input, slope) = (try node.input(0), try node.input(1))
    let type = try node.type(of: slope)
    guard type.rank == 1, type.shape[0] != .fixed(1) else { return try node.add(PRelu(), [input, slope]) }
    let rank = try node.type(of: input).rank
    return try node.add(PRelu(), [input, node.withTrailingAxes(slope, rank - 2)])
  }

  private static func selu(
    _ node: inout NodeImport, alpha: Float, gamma: Float
  ) throws(ModelError) -> [ValueID] {
    var selu = Selu()
    selu.alpha = try node.real("alpha", default: alpha)
    selu.gamma = try node.real("gamma", default: gamma)
    return try node.add(selu, node.inputs)
  }

  /// `x + bias` below `−lambd`, `x − bias` above `lambd`, 0 in between.
  static func shrink(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let input = try node.input(0)
    let dataType = try node.type(of: input).dataType
    let (lambda, bias) = (try node.real("lambd", default: 0.5), try node.real("bias", default: 0))
    func number(_ value: Float) throws(ModelError) -> ValueID { try node.number(value, as: dataType) }
    let raised = try node.add(Add(), input, number(bias))
    let lowered = try node.add(Subtract(), input, number(bias))
    let isLow = try node.add(Less(), input, number(-lambda))
    let isHigh = try node.add(Greater(), input, number(lambda))
    let high = try node.add(Select(), isHigh, lowered, number(0))
    return [try node.add(Select(), isLow, raised, high)]
  }
}

extension NodeExport {
  /// Adds `x` where it is not below zero and `slope · x` elsewhere, in float64, for which ONNX Runtime has no kernel of either operator.
  fileprivate func scaledBelowZero(by slope: String) throws(ModelError) -> [String] {
    let input = try operand(0)
    let isBelow = try add("Less", [input, number(0, as: .float64)])[0]
    let scaled = try add("Mul", [input, slope])[0]
    return try add("Where", [isBelow, scaled, input])
  }
}
