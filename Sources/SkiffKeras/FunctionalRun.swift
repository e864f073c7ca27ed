import SkiffBinary
import SkiffIR

/// The calls of the layers of a functional model, brought into an order in which they can be made.
struct FunctionalRun {
  private let model: KerasArchitecture
  /// The calls that something depends on, each after those that it depends on.
  private let order: [Call]

  /// One call of one layer, by their positions.
  private struct Call: Hashable {
    let layer: Int
    let call: Int
  }

  init(_ model: KerasArchitecture) throws(ModelError) {
    self.model = model
    let positions = Dictionary(
      model.layers.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
    let inputs = Set(model.inputs)

    func find(_ reference: KerasLayer.TensorReference, from place: Location) throws(ModelError) -> Call? {
      if inputs.contains(reference) { return nil }
      guard let layer = positions[reference.layer], model.layers[layer].calls.indices.contains(reference.call)
      else {
        throw ModelError(
          .malformed, "call \(reference.call) of the layer '\(reference.layer)' is needed, but not there",
          at: place)
      }
      return Call(layer: layer, call: reference.call)
    }

    var order: [Call] = []
    var isDone: [Call: Bool] = [:]  // false: entered
    for output in model.outputs {
      guard let root = try find(output, from: Location(attribute: "output_layers")), isDone[root] == nil
      else {
        continue
      }
      var stack: [(call: Call, next: Int)] = [(root, 0)]
      isDone[root] = false
      while let top = stack.last {
        let layer = model.layers[top.call.layer]
        let references = layer.calls[top.call.call].inputs
        guard top.next < references.count else {
          isDone[top.call] = true
          order.append(top.call)
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        guard let needed = try find(references[top.next], from: layer.location) else { continue }
        switch isDone[needed] {
        case true?: continue
        case false?: throw ModelError(.malformed, "the layer depends on itself", at: layer.location)
        case nil:
          isDone[needed] = false
          stack.append((needed, 0))
        }
      }
    }
    self.order = order
  }

  /// The model's results, where `make` makes one call of a layer.
  func results(
    of inputs: [KerasTensor],
    _ make: (KerasLayer, Int, [KerasTensor]) throws(ModelError) -> [KerasTensor]
  ) throws(ModelError) -> [KerasTensor] {
    guard inputs.count == model.inputs.count else {
      throw ModelError(
        .malformed,
        "the model '\(model.name)' has \(model.inputs.count) inputs, it is called with \(inputs.count)")
    }
    var values: [KerasLayer.TensorReference: KerasTensor] = [:]
    for (reference, value) in zip(model.inputs, inputs) { values[reference] = value }

    func value(_ reference: KerasLayer.TensorReference) throws(ModelError) -> KerasTensor {
      guard let value = values[reference] else {
        throw ModelError(.malformed, "the layer '\(reference.layer)' has no result \(reference.result)")
      }
      return value
    }
    for entry in order {
      let layer = model.layers[entry.layer]
      var operands: [KerasTensor] = []
      for reference in layer.calls[entry.call].inputs { operands.append(try value(reference)) }
      for (result, made) in try make(layer, entry.call, operands).enumerated() {
        values[.init(layer: layer.name, call: entry.call, result: result)] = made
      }
    }
    var results: [KerasTensor] = []
    for output in model.outputs { results.append(try value(output)) }
    return results
  }
}
