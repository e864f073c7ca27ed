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
    Mapping("GRU") { (node) throws(ModelError) in
      var gru = try recurrent(GRU(), &node)
      gru.resetsAfter = try node.flag("linear_before_reset")
      return try node.add(gru, node.inputs)
    },
    Mapping("RNN") { (node) throws(ModelError) in
      try node.add(recurrent(RNN(), &node), node.inputs)
    },
  ]

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
