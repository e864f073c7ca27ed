import SkiffBinary
import SkiffIR

/// A row of the table: what Skiff knows of a class of layers.
struct LayerMapping: Sendable {
  /// The class.
  let className: String
  /// The variables in the order in which Keras creates them.
  let variables: @Sendable (KerasSettings) throws(ModelError) -> [KerasVariable]
  /// Adds what one call of the layer computes, and returns its results.
  let makeNodes: @Sendable (LayerCall) throws(ModelError) -> [ValueID]
  /// Whether numbers may stand in the place of its tensors.
  private(set) var takesNumbers = false

  /// A class without variables and with one result.
  init(_ className: String, _ makeNodes: @escaping @Sendable (LayerCall) throws(ModelError) -> ValueID) {
    self.init(className, variables: noVariables, makeNodes)
  }

  /// A class with one result.
  init(
    _ className: String, variables: @escaping @Sendable (KerasSettings) throws(ModelError) -> [KerasVariable],
    _ makeNodes: @escaping @Sendable (LayerCall) throws(ModelError) -> ValueID
  ) {
    self.className = className
    self.variables = variables
    self.makeNodes = { (call: LayerCall) throws(ModelError) in [try makeNodes(call)] }
  }

  /// The same row for a class in whose calls numbers may stand in the place of tensors.
  var takingNumbers: LayerMapping {
    var copy = self
    copy.takesNumbers = true
    return copy
  }
}

private func noVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] { [] }

extension LayerMapping {
  /// Every class of layers that Skiff knows.
  static let all: [LayerMapping] =
    inputMappings + convolutionMappings + denseMappings + normalizationMappings + activationMappings
    + poolingMappings + shapeMappings + mergeMappings + regularizationMappings + preprocessingMappings
    + wrapperMappings

  private static let byClass = Dictionary(
    all.map { ($0.className, $0) }, uniquingKeysWith: { first, _ in first })

  /// The row of a layer, nil if Skiff does not know its class.
  static func of(_ layer: KerasLayer) -> LayerMapping? {
    layer.registeredName == nil ? byClass[layer.className] : nil
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
    let takesNumbers = of(layer)?.takesNumbers ?? false
    if layer.calls.contains(where: { $0.isUnusual || !$0.numbers.isEmpty && !takesNumbers }) {
      return ["layer '\(path)' (\(layer.className)) is called with more than its tensors in order"]
    }
    if let inner = layer.model.first { return objections(to: inner, path: path) }
    if of(layer) != nil { return layer.wrapped.flatMap { objections(to: $0, path: path) } }
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
    className = layer.className
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
    for wrapped in layer.wrapped {
      children.append((.attribute("layer"), try VariableOwner(wrapped, path: join(path, wrapped.name))))
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
