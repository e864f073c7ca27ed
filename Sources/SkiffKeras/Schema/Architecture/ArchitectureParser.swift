import SkiffBinary

/// Reads the configuration of a model, in the style of Keras 2 or of Keras 3.
struct ArchitectureParser {
  let limits: Limits

  func model(_ json: JSONValue, depth: Int) throws(ModelError) -> KerasArchitecture {
    guard depth <= limits.depth else {
      throw ModelError(.limitExceeded, "models nest deeper than \(limits.depth)")
    }
    guard let className = json["class_name"]?.string, let config = json["config"] else {
      throw ModelError(.malformed, "the configuration of a model has no class_name and config")
    }
    guard let kind = KerasArchitecture.kind(ofClass: className), isOwn(json, className) else {
      throw ModelError(
        .unsupported,
        "a model of the class '\(json["registered_name"]?.string ?? className)': its code is not in the file")
    }
    // Keras before 2.2.3 has the list of layers itself as the configuration of a Sequential.
    guard let list = config["layers"]?.array ?? (kind == .sequential ? config.array : nil) else {
      throw ModelError(
        .unsupported,
        "the \(className) has no layers in its configuration: it was subclassed, and its code is not in the file"
      )
    }
    var layers: [KerasLayer] = []
    for item in list { layers.append(try layer(item, in: kind, depth: depth)) }
    var architecture = KerasArchitecture(
      kind: kind, name: config["name"]?.string ?? json["name"]?.string ?? "model", layers: layers)
    architecture.isTrainable = config["trainable"]?.boolean ?? true
    architecture.buildShape =
      shape(config["build_input_shape"]) ?? shape(json["build_config"]?["input_shape"])
      ?? shape(config["batch_input_shape"])
    var names: Set<String> = []
    for layer in layers {
      guard names.insert(layer.name).inserted else {
        throw ModelError(.malformed, "two layers have the name '\(layer.name)'", at: layer.location)
      }
    }
    if kind == .functional {
      architecture.inputs = try references(config["input_layers"], "input_layers")
      architecture.outputs = try references(config["output_layers"], "output_layers")
      try countCallsFromZero(&architecture, areObjects: list.contains(where: hasCallsAsObjects))
    }
    return architecture
  }

  /// A class of the user's own may bear one of Keras's names; what it is registered as tells.
  private func isOwn(_ json: JSONValue, _ className: String) -> Bool {
    guard let registered = json["registered_name"]?.string else { return true }
    return registered == className || registered == "Keras>\(className)"
  }

  func layer(
    _ json: JSONValue, in kind: KerasArchitecture.Kind, depth: Int
  ) throws(ModelError) -> KerasLayer {
    guard let className = json["class_name"]?.string, let config = json["config"] else {
      throw ModelError(.malformed, "a layer has no class_name and config", at: Location(attribute: "layers"))
    }
    guard let name = json["name"]?.string ?? config["name"]?.string else {
      throw ModelError(.malformed, "a layer of the class '\(className)' has no name")
    }
    var layer = KerasLayer(
      // Files without modules have the name under which Keras exports the class.
      name: name, className: className == "GroupedQueryAttention" ? "GroupQueryAttention" : className,
      registeredName: isOwn(json, className) ? nil : json["registered_name"]?.string,
      config: config, isTrainable: config["trainable"]?.boolean ?? true)
    return try locating(layer.location) { () throws(ModelError) in
      layer.buildShape = shape(json["build_config"]?["input_shape"])
      if KerasArchitecture.kind(ofClass: className) != nil, layer.registeredName == nil {
        let model = try model(json, depth: depth + 1)
        layer.model = [model]
        layer.isTrainable = model.isTrainable
      }
      layer.isOperation = isOperation(json)
      if !layer.isOperation, layer.registeredName == nil { layer.parts = try parts(of: layer, depth: depth) }
      if kind == .functional {
        for call in json["inbound_nodes"]?.array ?? [] { layer.calls.append(try self.call(call)) }
        // Others order them by the names of their inputs.
        guard config["input_layers"]?.object != nil || !layer.calls.contains(where: \.hasDictionaries) else {
          throw ModelError(.unsupported, "is called with a dictionary of tensors, but was made of a list")
        }
      }
      return layer
    }
  }

  /// Whether Keras 3 wrote an operator on tensors; without a module, what training would do tells layers from them.
  private func isOperation(_ json: JSONValue) -> Bool {
    if let module = json["module"]?.string { return module.hasPrefix("keras.src.ops.") }
    return hasCallsAsObjects(json) && json["config"]?["trainable"] == nil
      && !Self.silentClasses.contains(json["class_name"]?.string ?? "")
  }

  /// The layers that do not say it, and the function that is written as the layer.
  private static let silentClasses: Set<String> = [
    "Discretization", "HashedCrossing", "Pipeline", "ReLU", "SpatialDropout1D", "SpatialDropout2D",
    "SpatialDropout3D",
  ]

  /// Whether the calls of a layer are written as Keras 3 does it.
  private func hasCallsAsObjects(_ json: JSONValue) -> Bool {
    json["inbound_nodes"]?.array?.first?.object != nil
  }

  /// A list of sizes with null for those that are not fixed; nil if there is none.
  private func shape(_ json: JSONValue?) -> [Int?]? {
    guard let list = json?.array else { return nil }
    var sizes: [Int?] = []
    for item in list {
      switch item {
      case .null: sizes.append(nil)
      case .integer(let size) where size >= 0: sizes.append(size)
      default: return nil  // several shapes, of a model with several inputs
      }
    }
    return sizes
  }

  /// Calls of a model that is a layer are counted from 1 on by Keras 2, since its own making is call 0, and by Keras 3 where they
  /// are outputs of the model around it.
  ///
  /// Every call is used by something, or it would not be in the file: elsewhere, which of both it is can be seen.
  private func countCallsFromZero(
    _ architecture: inout KerasArchitecture, areObjects: Bool
  ) throws(ModelError) {
    let models = architecture.layers.filter { !$0.model.isEmpty }
    guard !models.isEmpty else { return }
    let (inside, outputs) = (architecture.layers.flatMap { $0.calls.flatMap(\.inputs) }, architecture.outputs)
    func countedFromOne(
      in references: [KerasLayer.TensorReference], unlessSeen isUsual: Bool
    ) throws(ModelError) -> Set<String> {
      var names: Set<String> = []
      for layer in models {
        let used = Set(references.filter { $0.layer == layer.name }.map(\.call))
        let isFunctional = layer.model.contains { $0.kind == .functional }
        guard used.contains(layer.calls.count) || isUsual && isFunctional && !used.contains(0) else {
          continue
        }
        guard !used.contains(0) else {
          throw ModelError(.malformed, "its calls are counted from 0 and from 1", at: layer.location)
        }
        names.insert(layer.name)
      }
      return names
    }
    func shift(_ references: inout [KerasLayer.TensorReference], of names: Set<String>) {
      for index in references.indices where names.contains(references[index].layer) {
        references[index].call -= 1
      }
    }
    let shifted = try countedFromOne(in: areObjects ? inside : inside + outputs, unlessSeen: false)
    for layer in architecture.layers.indices {
      for call in architecture.layers[layer].calls.indices {
        shift(&architecture.layers[layer].calls[call].inputs, of: shifted)
      }
    }
    shift(
      &architecture.outputs,
      of: areObjects ? try countedFromOne(in: outputs, unlessSeen: true) : shifted)
  }
}
