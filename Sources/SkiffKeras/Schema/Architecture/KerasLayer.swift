import SkiffBinary

/// A layer as the configuration of a model describes it: its class, its settings, and what it is called with.
package struct KerasLayer: Sendable {
  /// What a layer is called with at one place.
  package indirect enum Argument: Hashable, Sendable {
    /// A tensor, by its place among the inputs of the call.
    case tensor(Int)
    /// Several of them, tensors among them.
    case list([Argument])
    /// Something else: a number, an array, a slice.
    case value(JSONValue)
  }

  /// One application of a layer.
  package struct Call: Hashable, Sendable {
    /// The tensors that it is applied to: those without a name in order, then those with one.
    package var inputs: [TensorReference] = []
    /// What is passed without a name.
    package var positional: [Argument] = []
    /// What is passed by name.
    package var named: [String: Argument] = [:]
    /// Whether there are dictionaries of tensors in it, which are in the order of their keys here.
    package var hasDictionaries = false

    /// The call of a layer with so many tensors and nothing else.
    static func tensors(_ count: Int) -> Call {
      Call(positional: count == 1 ? [.tensor(0)] : [.list((0..<count).map { .tensor($0) })])
    }

    /// What is passed without a name, lists resolved.
    package var operands: [Argument] { positional.flatMap(\.flattened) }
  }

  /// A layer inside of another one, as the attribute of this name.
  package struct Part: Sendable {
    /// The name of the attribute.
    package var attribute: String
    /// Whether the attribute is a list of layers, in which they are called after their classes.
    package var isInList = false
    /// The layer.
    package var layer: KerasLayer
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
  /// The layers inside of it, in the order in which Keras creates them.
  package var parts: [Part] = []
  /// Whether it is an operator on tensors of Keras 3, which may have the name of a layer.
  package var isOperation = false

  /// The layer as the place of an error.
  package var location: Location { Location(node: .init(name: name, operatorName: className)) }
}

extension KerasLayer {
  /// The layer that is the attribute of this name.
  func part(_ attribute: String) throws(ModelError) -> KerasLayer {
    guard let part = parts.first(where: { $0.attribute == attribute }) else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: attribute))
    }
    return part.layer
  }
}

extension KerasLayer.Argument {
  /// The argument, or those in its lists.
  package var flattened: [KerasLayer.Argument] {
    if case .list(let arguments) = self { arguments.flatMap(\.flattened) } else { [self] }
  }
}
