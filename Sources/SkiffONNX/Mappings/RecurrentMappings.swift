import SkiffBinary
import SkiffIR
import SkiffOperators

/// Recurrent operators.
enum RecurrentMappings {
  static let rows: [Mapping] = [
    Mapping("LSTM") { (node) throws(ModelError) in
      var lstm = try recurrent(LSTM(), &node)
      lstm.couplesGates = try node.flag("input_forget")
      return try node.add(lstm, node.inputs)
    },
    Mapping("DynamicQuantizeLSTM", domain: "com.microsoft") { (node) throws(ModelError) in
      var lstm = try recurrent(LSTM(), &node)
      lstm.couplesGates = try node.flag("input_forget")
      lstm.roundsOperands = true
      let operands = node.inputs
      guard operands.count == 12 else {
        throw ModelError(.malformed, "\(operands.count) operands instead of 12")
      }
      let weights = try transposed(1, scale: 8, zeroPoint: 9, &node)
      let recurrent = try transposed(2, scale: 10, zeroPoint: 11, &node)
      return try node.add(lstm, [operands[0], weights, recurrent] + operands[3..<8])
    },
    Mapping("GRU") { (node) throws(ModelError) in
      var gru = try recurrent(GRU(), &node)
      gru.resetsAfter = try node.flag("linear_before_reset")
      return try node.add(gru, node.inputs)
    },
    Mapping("RNN") { (node) throws(ModelError) in
      try node.add(recurrent(RNN(), &node), node.inputs)
    },
  ]

  /// Weights `[D, features, G · H]` of bytes, with a scale and zero point for each direction, as real ones
  /// `[D, G · H, features]`.
  private static func transposed(
    _ index: Int, scale: Int, zeroPoint: Int, _ node: inout NodeImport
  ) throws(ModelError) -> ValueID {
    var dequantize = DequantizeLinear()
    dequantize.axis = 0
    guard try node.type(of: node.input(scale)).rank == 1 else {
      throw ModelError(.unsupported, "a scale for each column of recurrent weights")
    }
    let real = try node.add(dequantize, node.input(index), node.input(scale), node.input(zeroPoint))
    return try node.add(Transpose([0, 2, 1]), real)
  }

  private static func recurrent<Kind: RecurrentOperator>(
    _ kind: Kind, _ node: inout NodeImport
  ) throws(ModelError) -> Kind {
    var kind = kind
    // Both follow from shapes and from which results are named.
    node.ignore("hidden_size", "output_sequence")
    let name = try node.text("direction", default: "forward")
    guard let direction = RecurrentDirection(rawValue: name) else {
      throw ModelError(.malformed, "'\(name)' is no direction", at: Location(attribute: "direction"))
    }
    kind.direction = direction
    kind.isBatchFirst = try node.flag("layout")
    kind.clip = try node.optionalReal("clip") ?? 0
    try setActivations(of: &kind, &node)
    return kind
  }

  /// The lists of alphas and betas have numbers for those functions only that take one.
  private static func setActivations<Kind: RecurrentOperator>(
    of kind: inout Kind, _ node: inout NodeImport
  ) throws(ModelError) {
    var alphas = (try node.optionalReals("activation_alpha") ?? [])[...]
    var betas = (try node.optionalReals("activation_beta") ?? [])[...]
    guard let names = try node.optionalTexts("activations") else { return }
    for name in names {
      guard
        let activation = RecurrentActivation.allCases.first(where: {
          $0.rawValue.lowercased() == name.lowercased()
        })
      else {
        throw ModelError(.unsupported, "the function '\(name)'", at: Location(attribute: "activations"))
      }
      let standard = activation.standardParameters
      kind.activations.append(activation.rawValue)
      kind.alphas.append(standard.alpha.map { alphas.popFirst() ?? $0 } ?? 0)
      kind.betas.append(standard.beta.map { betas.popFirst() ?? $0 } ?? 0)
    }
  }
}
