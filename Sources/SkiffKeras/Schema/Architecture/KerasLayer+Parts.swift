import SkiffBinary

extension ArchitectureParser {
  /// The layers inside of a layer that is no model.
  ///
  /// Some are in its settings; others Keras makes from them, and their variables are stored as theirs.
  func parts(of layer: KerasLayer, depth: Int) throws(ModelError) -> [KerasLayer.Part] {
    let config = layer.config
    switch layer.className {
    case "TimeDistributed", "SpectralNormalization": return try stored([("layer", config["layer"])], depth)
    case "Bidirectional":
      var backward = config["backward_layer"]
      if backward == nil { backward = try config["layer"].map(reversed) }
      return try stored([("forward_layer", config["layer"]), ("backward_layer", backward)], depth)
    case "RNN": return try stored([("cell", config["cell"])], depth)
    case "StackedRNNCells":
      return try stored((config["cells"]?.array ?? []).map { ("cells", $0) }, depth, isInList: true)
    case "Pipeline":
      return try stored((config["layers"]?.array ?? []).map { ("layers", $0) }, depth, isInList: true)
    case "LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D":
      return [part("cell", "\(layer.className)Cell", config)]
    case "MultiHeadAttention", "GroupQueryAttention":
      let gate = config["use_gate"]?.boolean == true ? ["gate"] : []
      return (["query", "key"] + gate + ["value", "output"]).map { name in
        part(
          "\(name)_dense", "EinsumDense",
          .object(["bias_axes": config["use_bias"] == .boolean(false) ? .null : .string("")]))
      }
    default: return []
    }
  }

  private func stored(
    _ layers: [(attribute: String, json: JSONValue?)], _ depth: Int, isInList: Bool = false
  ) throws(ModelError) -> [KerasLayer.Part] {
    guard depth < limits.depth else { throw ModelError(.limitExceeded, "layers nest too deep") }
    var parts: [KerasLayer.Part] = []
    var names: [String: Int] = [:]
    for (attribute, json) in layers {
      guard let json else { continue }
      var layer = try self.layer(json, in: .sequential, depth: depth + 1)
      // Both directions may have one name, and cells too.
      let count = names[layer.name, default: 0]
      names[layer.name] = count + 1
      if count > 0 { layer.name += "_part\(count)" }
      parts.append(KerasLayer.Part(attribute: attribute, isInList: isInList, layer: layer))
    }
    return parts
  }

  private func part(_ attribute: String, _ className: String, _ config: JSONValue) -> KerasLayer.Part {
    let layer = KerasLayer(name: attribute, className: className, config: config, isTrainable: true)
    return KerasLayer.Part(attribute: attribute, layer: layer)
  }

  /// The layer that goes the other way, which Keras makes where only one is given.
  private func reversed(_ json: JSONValue) throws(ModelError) -> JSONValue {
    guard var members = json.object, var config = json["config"]?.object else {
      throw ModelError(.malformed, "expected a layer, found \(json.kind)", at: Location(attribute: "layer"))
    }
    config["go_backwards"] = .boolean(config["go_backwards"]?.boolean != true)
    members["config"] = .object(config)
    return .object(members)
  }
}
