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
    }.writing(LSTM.self, when: { lstm, _, _ in !lstm.roundsOperands && lstm.cellClip == 0 }) {
      (lstm, node) throws(ModelError) in
      try node.recurrent("LSTM", lstm, ["input_forget": .flag(lstm.couplesGates)])
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
    }.writing(GRU.self) { (gru, node) throws(ModelError) in
      try node.recurrent("GRU", gru, ["linear_before_reset": .flag(gru.resetsAfter)])
    },
    Mapping("RNN") { (node) throws(ModelError) in
      try node.add(recurrent(RNN(), &node), node.inputs)
    }.writing(RNN.self) { (rnn, node) throws(ModelError) in try node.recurrent("RNN", rnn, [:]) },
  ]

  /// Weights `[D, features, G · H]` of bytes, with a scale and zero point for each direction `[D]` or each column
  /// `[D, G · H]`, as real ones `[D, G · H, features]`.
  private static func transposed(
    _ index: Int, scale: Int, zeroPoint: Int, _ node: inout NodeImport
  ) throws(ModelError) -> ValueID {
    let (weights, scales) = (try node.input(index), try node.input(scale))
    guard try node.type(of: scales).rank > 1 else {
      var dequantize = DequantizeLinear()
      dequantize.axis = 0
      let real = try node.add(dequantize, weights, scales, node.input(zeroPoint))
      return try node.add(Transpose([0, 2, 1]), real)
    }
    let transposed = try node.add(Cast(to: .float32), node.add(Transpose([0, 2, 1]), weights))
    // A column each, behind the exchange a row.
    let row = Unsqueeze(axes: [2])
    let zeros = try node.add(Cast(to: .float32), node.add(row, node.input(zeroPoint)))
    return try node.add(Multiply(), node.add(Subtract(), transposed, zeros), node.add(row, scales))
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
    if let clip = try node.optionalReal("clip") {
      guard clip > 0 else {
        throw ModelError(.malformed, "a bound of \(clip)", at: Location(attribute: "clip"))
      }
      kind.clip = clip
    }
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

extension NodeExport {
  /// Adds a recurrent operator; runtimes have none with the batch first.
  fileprivate func recurrent<Kind: RecurrentOperator>(
    _ name: String, _ kind: Kind, _ own: AttributeList
  ) throws(ModelError) -> [String] {
    guard let hidden = try type(2).shape.dimensions.last?.fixed else {
      throw ModelError(.unsupported, "a state whose size is not known")
    }
    var attributes = own
    attributes["direction"] = .text(kind.direction.rawValue)
    attributes["hidden_size"] = .integer(hidden)
    if kind.clip > 0 { attributes["clip"] = .real(kind.clip) }
    if !kind.activations.isEmpty {
      let functions = try kind.functions()
      attributes["activations"] = .texts(functions.map(\.activation.onnxName))
      // Numbers are there for those functions only that take one.
      let alphas = functions.filter { $0.activation.standardParameters.alpha != nil }.map(\.alpha)
      let betas = functions.filter { $0.activation.standardParameters.beta != nil }.map(\.beta)
      attributes["activation_alpha"] = alphas.isEmpty ? nil : .reals(alphas)
      attributes["activation_beta"] = betas.isEmpty ? nil : .reals(betas)
    }
    var operands = try operands()
    if has(4) { operands[4] = try cast(operands[4], from: realType(4), to: .int32) }
    if kind.isBatchFirst {
      for index in [0] + (Kind.firstState..<Kind.firstState + Kind.stateCount) where has(index) {
        operands[index] = try permuted(index, by: [1, 0, 2])
      }
    }
    var results = try add(name, operands, attributes, results: kind.outputCount)
    if kind.isBatchFirst {
      results[0] = try transposed(results[0], by: [2, 0, 1, 3])
      for index in results.indices.dropFirst() {
        results[index] = try transposed(results[index], by: [1, 0, 2])
      }
    }
    return results
  }
}

extension RecurrentActivation {
  /// ONNX's name, which begins with a capital letter.
  fileprivate var onnxName: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}
