/// A variable that a layer has, as Keras creates it.
package struct KerasVariable: Hashable, Sendable {
  /// The name in the layer, for example `kernel`.
  package let name: String
  /// Whether training changes it.
  package let isTrainable: Bool
  /// What other versions of Keras call it.
  package let otherNames: [String]
  /// Whether it may be missing: other versions of Keras do not have it, and nothing is computed with it.
  package let isOptional: Bool

  /// Creates the description of a variable.
  package init(
    _ name: String, isTrainable: Bool = true, otherNames: [String] = [], isOptional: Bool = false
  ) {
    self.isOptional = isOptional
    self.name = name
    self.isTrainable = isTrainable
    self.otherNames = otherNames
  }

  /// Whether a file that calls a variable `name` may mean this one.
  ///
  /// Keras 3 calls variables that it was given no name for `variable` and counts them.
  func isCalled(_ name: String) -> Bool {
    if name == self.name || otherNames.contains(name) { return true }
    guard otherNames.contains(Self.unnamed), name.hasPrefix("\(Self.unnamed)_") else { return false }
    return name.dropFirst(Self.unnamed.count + 1).allSatisfy(\.isNumber)
  }

  /// What Keras 3 calls a variable without a name.
  static let unnamed = "variable"
}

/// A layer with its variables and the layers inside of it: the order of weights in files follows from this tree.
struct VariableOwner {
  /// How a layer holds another one.
  enum Place: Hashable {
    /// In the list of a model's layers.
    case layers
    /// As the attribute of this name.
    case attribute(String)
    /// In the list that is the attribute of this name.
    case list(String)
  }

  /// The names of the layers from the outermost in, joined by slashes; empty for the whole model.
  let path: String
  let name: String
  let className: String
  let isTrainable: Bool
  let variables: [KerasVariable]
  let children: [(place: Place, owner: VariableOwner)]

  /// A variable and the layer that has it.
  typealias Slot = (owner: VariableOwner, variable: KerasVariable)

  /// The variables of the layer and of those inside, as Keras lists `trainable_weights + non_trainable_weights`.
  var legacyOrder: [Slot] { trainable + nonTrainable }

  private var trainable: [Slot] {
    guard isTrainable else { return [] }
    return variables.filter(\.isTrainable).map { (self, $0) } + children.flatMap(\.owner.trainable)
  }

  private var nonTrainable: [Slot] {
    guard isTrainable else { return all }
    return variables.filter { !$0.isTrainable }.map { (self, $0) } + children.flatMap(\.owner.nonTrainable)
  }

  private var all: [Slot] {
    storedOrder.map { (self, $0) } + children.flatMap(\.owner.all)
  }

  /// The layer's own variables as Keras 3 numbers them.
  var storedOrder: [KerasVariable] { variables.filter(\.isTrainable) + variables.filter { !$0.isTrainable } }

  /// The names of the layers inside, at any depth.
  var namesInside: Set<String> {
    children.reduce(into: []) { names, child in
      names.insert(child.owner.name)
      names.formUnion(child.owner.namesInside)
    }
  }
}
