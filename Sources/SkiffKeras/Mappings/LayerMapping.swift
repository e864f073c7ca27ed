import SkiffBinary
import SkiffIR

/// A row of the table: what Skiff knows of a class of layers.
struct LayerMapping: Sendable {
  /// The class.
  let className: String
  /// The variables in the order in which Keras creates them.
  let variables: @Sendable (KerasSettings) throws(ModelError) -> [KerasVariable]
  /// Adds what one call of the layer computes, and returns its results.
  let makeNodes: @Sendable (LayerCall) throws(ModelError) -> [KerasTensor]
  /// What may stand in the places of tensors.
  private(set) var operands = Operands.tensors

  /// What may stand in the places of a layer's tensors.
  enum Operands {
    case tensors
    case numbers
    /// Whatever the layer reads itself.
    case anything
  }

  /// What becomes of the mask of a layer's input.
  enum Masking {
    /// The result has none.
    case dropped
    /// It is that of the result.
    case kept
    /// In Keras 3 it is that of the result, in Keras 2 that has none.
    case keptByKeras3
  }

  /// A class with one result.
  init(
    _ className: String, masking: Masking = .dropped,
    variables: @escaping @Sendable (KerasSettings) throws(ModelError) -> [KerasVariable] = noVariables,
    _ makeNodes: @escaping @Sendable (LayerCall) throws(ModelError) -> ValueID
  ) {
    self.init(className, variables: variables) { (call: LayerCall) throws(ModelError) in
      let value = try makeNodes(call)
      let isKept = masking == .kept || masking == .keptByKeras3 && call.importer.isKeras3
      return [KerasTensor(value: value, mask: isKept ? try call.keptMask() : nil)]
    }
  }

  /// A class whose results may have masks.
  init(
    _ className: String,
    variables: @escaping @Sendable (KerasSettings) throws(ModelError) -> [KerasVariable] = noVariables,
    results makeNodes: @escaping @Sendable (LayerCall) throws(ModelError) -> [KerasTensor]
  ) {
    self.className = className
    self.variables = variables
    self.makeNodes = makeNodes
  }

  /// The same row for a class in whose calls numbers may stand in the place of tensors.
  var takingNumbers: LayerMapping { taking(.numbers) }

  /// The same row for a class in whose calls this may stand in the place of tensors.
  func taking(_ operands: Operands) -> LayerMapping {
    var copy = self
    copy.operands = operands
    return copy
  }

  /// The same row for another class.
  func named(_ className: String) -> LayerMapping {
    var copy = LayerMapping(className, variables: variables, results: makeNodes)
    copy.operands = operands
    return copy
  }

  /// Whether a layer can be called so.
  func takes(_ call: KerasLayer.Call) -> Bool {
    call.operands.allSatisfy { operand in
      switch (operand, operands) {
      case (.tensor, _), (_, .anything), (.value(.null), _): true
      case (.value(let json), .numbers): KerasArray(json) != nil
      default: false
      }
    }
  }
}

private func noVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] { [] }

extension LayerMapping {
  /// Every class of layers that Skiff knows.
  static let all: [LayerMapping] =
    inputMappings + convolutionMappings + denseMappings + normalizationMappings + activationMappings
    + poolingMappings + adaptivePoolingMappings + shapeMappings + mergeMappings + regularizationMappings
    + preprocessingMappings + imageMappings + categoryMappings + spectrogramMappings + wrapperMappings
    + recurrentMappings + attentionMappings + tensorFlowMappings

  private static let byClass = Dictionary(
    all.map { ($0.className, $0) }, uniquingKeysWith: { first, _ in first })

  private static let operationsByClass = Dictionary(
    operationMappings.map { ($0.className, $0) }, uniquingKeysWith: { first, _ in first })

  /// The row of a layer, nil if Skiff does not know its class.
  static func of(_ layer: KerasLayer) -> LayerMapping? {
    guard layer.registeredName == nil else { return nil }
    return layer.isOperation ? operationsByClass[layer.className] : byClass[layer.className]
  }

  /// Checks that every layer of a model is known and called in a way that is.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` with a note for each that is not.
  static func requireAll(of model: KerasArchitecture) throws(ModelError) {
    let notes = objections(to: model, path: "")
    guard notes.isEmpty else {
      throw ModelError(
        .unsupported,
        "the model has \(notes.count == 1 ? "a layer" : "\(notes.count) layers") that Skiff cannot import",
        notes: notes)
    }
  }

  private static func objections(to model: KerasArchitecture, path: String) -> [String] {
    model.layers.flatMap { objections(to: $0, path: path) }
  }

  private static func objections(to layer: KerasLayer, path: String) -> [String] {
    let path = join(path, layer.name)
    if let mode = layer.config["dtype"]?["config"]?["mode"]?.string {
      return [
        "layer '\(path)' (\(layer.className)): Keras has quantized it ('\(mode)'); quantize the model as it was before"
      ]
    }
    if let mapping = of(layer), !layer.calls.allSatisfy(mapping.takes) {
      return ["layer '\(path)' (\(layer.className)) is called with more than its tensors in order"]
    }
    if let inner = layer.model.first { return objections(to: inner, path: path) }
    if of(layer) != nil { return layer.parts.flatMap { objections(to: $0.layer, path: path) } }
    if layer.className == "Lambda" || layer.registeredName != nil || !isOfKeras(layer.className) {
      return ["layer '\(path)' (\(layer.registeredName ?? layer.className)): its code is not in the file"]
    }
    return ["layer '\(path)' (\(layer.className)): this class of layers is not known"]
  }

  /// TensorFlow's operators as layers and such classes that Keras has; others are the author's own.
  private static func isOfKeras(_ className: String) -> Bool { !className.contains(">") }
}

extension VariableOwner {
  /// The variables of a whole model.
  init(_ model: KerasArchitecture) throws(ModelError) {
    path = ""
    name = model.name
    className = model.kind == .sequential ? "Sequential" : "Functional"
    isTrainable = model.isTrainable
    variables = []
    children = try Self.children(of: model, path: "")
  }

  private init(_ layer: KerasLayer, path: String) throws(ModelError) {
    self.path = path
    name = layer.name
    // Keras exports this class under a name that is not its own.
    className = layer.className == "GroupQueryAttention" ? "GroupedQueryAttention" : layer.className
    isTrainable = layer.isTrainable
    if let model = layer.model.first {
      variables = []
      children = try Self.children(of: model, path: path)
      return
    }
    variables =
      try locating(layer.location) { () throws(ModelError) in
        try LayerMapping.of(layer)?.variables(KerasSettings(layer.config)) ?? []
      }
    var children: [(place: Place, owner: VariableOwner)] = []
    for part in layer.parts {
      let place: Place = part.isInList ? .list(part.attribute) : .attribute(part.attribute)
      children.append((place, try VariableOwner(part.layer, path: join(path, part.layer.name))))
    }
    self.children = children
  }

  private static func children(
    of model: KerasArchitecture, path: String
  ) throws(ModelError) -> [(place: Place, owner: VariableOwner)] {
    var children: [(place: Place, owner: VariableOwner)] = []
    for layer in model.layers {
      children.append((.layers, try VariableOwner(layer, path: join(path, layer.name))))
    }
    return children
  }
}
