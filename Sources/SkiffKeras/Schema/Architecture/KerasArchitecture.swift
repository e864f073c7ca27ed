import SkiffBinary

/// A model's layers and how they are connected, without weights.
///
/// Read from what `model.to_json()` and the files of Keras 2.0 to 3 hold.
package struct KerasArchitecture: Sendable {
  /// How the layers are connected.
  package enum Kind: Hashable, Sendable {
    /// Each layer is applied to the result of the one before.
    case sequential
    /// As the calls of the layers say.
    case functional
  }

  /// How the layers are connected.
  package var kind: Kind
  /// The model's name.
  package var name: String
  /// The layers in the order of the file.
  package var layers: [KerasLayer]
  /// What the model is applied to; empty in a Sequential.
  package var inputs: [KerasLayer.TensorReference] = []
  /// What it returns; empty in a Sequential.
  package var outputs: [KerasLayer.TensorReference] = []
  /// The sizes of the input of a Sequential without an input layer, nil where they are not fixed.
  package var buildShape: [Int?]?
  /// Whether training would change the weights of any layer.
  package var isTrainable = true

  /// Creates a model without inputs and outputs of its own.
  init(kind: Kind, name: String, layers: [KerasLayer]) {
    self.kind = kind
    self.name = name
    self.layers = layers
  }

  /// Reads a configuration: an object with `class_name` and `config`.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` for a model whose code is not in its configuration,
  ///   ``ModelError/Code/malformed`` for what Keras does not write.
  package init(parsing json: JSONValue, limits: Limits = .standard) throws(ModelError) {
    self = try ArchitectureParser(limits: limits).model(json, depth: 0)
  }

  /// The layer of this name.
  package func layer(_ name: String) -> KerasLayer? { layers.first { $0.name == name } }

  /// Whether this class is one of the models that are connected by their configuration alone.
  static func kind(ofClass name: String) -> Kind? {
    switch name {
    case "Sequential": .sequential
    case "Functional", "Model": .functional
    default: nil
    }
  }
}
