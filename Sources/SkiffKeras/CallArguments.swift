import SkiffBinary
import SkiffIR

/// What a layer is called with beside its tensors in order; what nothing has read would be left out silently.
final class CallArguments {
  private let call: KerasLayer.Call
  private let tensors: [KerasTensor]
  private var read: Set<String> = []

  init(_ call: KerasLayer.Call, _ tensors: [KerasTensor]) {
    self.call = call
    self.tensors = tensors
  }

  /// The argument at this place, or else of this name; nil if there is none or null.
  func argument(_ place: Int?, _ name: String) -> KerasLayer.Argument? {
    var argument = call.named[name]
    if let place, call.positional.indices.contains(place) { argument = call.positional[place] }
    read.insert(name)
    return argument == .value(.null) ? nil : argument
  }

  /// The operand at this place, lists resolved, or else the one of any of these names.
  func operand(_ place: Int, _ names: [String]) -> KerasLayer.Argument? {
    let operands = call.operands
    if operands.indices.contains(place) { return operands[place] }
    return names.lazy.compactMap { self.argument(nil, $0) }.first
  }

  /// What is passed without a name, lists resolved.
  var operands: [KerasLayer.Argument] { call.operands }

  /// How many arguments have tensors in them.
  var tensorArgumentCount: Int {
    (call.positional + call.named.values).count { argument in
      argument.flattened.contains { if case .tensor = $0 { true } else { false } }
    }
  }

  /// The tensor that an argument stands for.
  func tensor(_ argument: KerasLayer.Argument) -> KerasTensor? {
    if case .tensor(let index) = argument { tensors[index] } else { nil }
  }

  /// The tensors of such an argument, empty if there is none.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` for anything else than tensors.
  func tensors(_ place: Int?, _ name: String) throws(ModelError) -> [KerasTensor] {
    var result: [KerasTensor] = []
    for argument in argument(place, name)?.flattened ?? [] {
      guard case .tensor(let index) = argument else {
        throw ModelError(.unsupported, "is no tensor", at: Location(attribute: name))
      }
      result.append(tensors[index])
    }
    return result
  }

  /// What a model inside of another is called with, with the masks that are given by name.
  func modelInputs() throws(ModelError) -> [KerasTensor] {
    var inputs = operands.compactMap(tensor)
    for (index, mask) in (argument(nil, "mask")?.flattened ?? []).enumerated() {
      if let mask = tensor(mask) {
        guard inputs.indices.contains(index) else { continue }
        inputs[index].mask = mask.value
      } else if case .value(let json) = mask, !json.isNothing {
        throw ModelError(.unsupported, "is no tensor", at: Location(attribute: "mask"))
      }
    }
    if let name = unread.first(where: { $0 != "training" }) {
      throw ModelError(.unsupported, "is an argument that Skiff does not know", at: Location(attribute: name))
    }
    return inputs
  }

  /// The single tensor of such an argument.
  func tensor(_ place: Int?, _ name: String) throws(ModelError) -> KerasTensor? {
    let tensors = try tensors(place, name)
    guard tensors.count < 2 else {
      throw ModelError(.unsupported, "has \(tensors.count) tensors", at: Location(attribute: name))
    }
    return tensors.first
  }

  /// The argument of this name as it is written, nil if it is a tensor or not there.
  func value(_ place: Int?, _ name: String) -> JSONValue? {
    if case .value(let json)? = argument(place, name) { json } else { nil }
  }

  /// The names of arguments that nothing has read and that say something.
  var unread: [String] {
    call.named.keys.filter { name in
      switch call.named[name] {
      case nil, .value(.null)?: false
      case .value(.boolean(false))? where name == "training": false
      default: name != "name" && !read.contains(name)
      }
    }.sorted()
  }
}

extension LayerCall {
  /// Refuses a call with arguments that nothing has read.
  ///
  /// Keras 3 replaces what it has recorded as `training` when a model is run.
  func requireAllRead() throws(ModelError) {
    if let name = arguments.unread.first(where: { $0 != "training" || !importer.isKeras3 }) {
      throw ModelError(.unsupported, "is an argument that Skiff does not know", at: Location(attribute: name))
    }
    if layer.isOperation, let name = settings.unread.first(where: { $0 != "name" && $0 != "trainable" }) {
      throw ModelError(.unsupported, "is a setting that Skiff does not know", at: Location(attribute: name))
    }
  }

  /// The mask that a layer computes with: what it is called with, or else that of its input.
  ///
  /// Keras 3 hands the mask of the input on only if no other argument has tensors.
  func mask() throws(ModelError) -> ValueID? {
    if let mask = try arguments.tensor(nil, "mask") { return mask.value }
    return importer.isKeras3 && arguments.tensorArgumentCount > 1 ? nil : masks.first ?? nil
  }

  /// The mask that the result has if the layer keeps it.
  func keptMask() throws(ModelError) -> ValueID? {
    try arguments.tensor(nil, "mask")?.value ?? masks.first ?? nil
  }
}

extension JSONValue {
  /// Whether there is nothing but null in it.
  fileprivate var isNothing: Bool {
    switch self {
    case .null: true
    case .array(let elements): elements.allSatisfy(\.isNothing)
    case .object(let members): members.values.allSatisfy(\.isNothing)
    default: false
    }
  }
}
