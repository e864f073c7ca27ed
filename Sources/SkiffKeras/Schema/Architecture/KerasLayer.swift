import SkiffBinary

/// A layer as the configuration of a model describes it: its class, its settings, and what it is called with.
package struct KerasLayer: Sendable {
  /// One application of a layer.
  package struct Call: Hashable, Sendable {
    /// The tensors that it is applied to, in order.
    package var inputs: [TensorReference] = []
    /// The numbers that are passed in the place of tensors, by their places among the operands.
    package var numbers: [Int: Double] = [:]
    /// What else is passed, by name: tensors among them are listed in ``inputs`` only if they come without a name.
    package var arguments: [String: JSONValue] = [:]
    /// Whether a tensor is passed by name or something else than a number in the place of a tensor.
    package var isUnusual = false
  }

  /// A tensor: one of the results of one call of a layer.
  package struct TensorReference: Hashable, Sendable {
    /// The name of the layer.
    package var layer: String
    /// Which of its calls, counted from 0.
    package var call: Int
    /// Which of the results.
    package var result: Int

    /// Creates the reference.
    package init(layer: String, call: Int, result: Int) {
      self.layer = layer
      self.call = call
      self.result = result
    }
  }

  /// The name, unique within its model.
  package var name: String
  /// The class, for example `Conv2D`.
  package var className: String
  /// What the class is registered as if it is not one of Keras's own.
  package var registeredName: String?
  /// The settings.
  package var config: JSONValue
  /// The calls, in the order in which they are counted; empty in a Sequential.
  package var calls: [Call] = []
  /// Whether training would change its weights; it decides on their order in files of Keras 2.
  package var isTrainable: Bool
  /// The sizes that it was built for, nil where they are not fixed; nil if the file does not say.
  package var buildShape: [Int?]?
  /// The model that the layer is, if it is one: no or one element.
  package var model: [KerasArchitecture] = []
  /// The layer inside of a `TimeDistributed`: no or one element.
  package var wrapped: [KerasLayer] = []

  /// The layer as the place of an error.
  package var location: Location { Location(node: .init(name: name, operatorName: className)) }
}
