import SkiffBinary
import SkiffIR
import SkiffOperators

let wrapperMappings: [LayerMapping] = [
  LayerMapping("TimeDistributed", masking: .kept, timeDistributed),
  // The norm that its weights are divided by is theirs already when a model is stored.
  LayerMapping(
    "SpectralNormalization",
    variables: { (_) throws(ModelError) in
      // Keras 3 lists the kernel of the layer inside once more.
      [
        KerasVariable("wrapped_kernel", isOptional: true),
        KerasVariable("vector_u", isTrainable: false, otherNames: ["sn_u"]),
      ]
    }
  ) { (call) throws(ModelError) in
    let layer = try call.layer.part("layer")
    let result = try call.importer.call(
      layer, on: [KerasTensor(value: call.input())], path: join(call.path, layer.name),
      name: join(call.name, layer.name))
    return try call.single(result)
  },
  LayerMapping("Pipeline") { (call) throws(ModelError) in
    var tensors = [KerasTensor(value: try call.input(), mask: try call.mask())]
    for part in call.layer.parts {
      tensors = try call.importer.call(
        part.layer, on: tensors, path: join(call.path, part.layer.name),
        name: join(call.name, part.layer.name))
    }
    return tensors
  },
]

/// The wrapped layer on each step of the second axis: batch and steps are one axis for it.
private func timeDistributed(_ call: LayerCall) throws(ModelError) -> ValueID {
  let layer = try call.layer.part("layer")
  let input = try call.input()
  let shape = try call.shape(of: input)
  guard shape.rank > 2, let sizes = Shape(Array(shape.dimensions.dropFirst(2))).fixed else {
    throw ModelError(.unsupported, "an input \(shape)")
  }
  // What looks at masks would get that of each step.
  let mask = try call.mask()
  guard mask == nil || layer.model.isEmpty && layer.parts.isEmpty && layer.className != "Softmax" else {
    throw ModelError(.unsupported, "a mask for a '\(layer.className)'")
  }
  guard layer.config["stateful"]?.boolean != true else {
    throw ModelError(
      .unsupported, "cannot be true inside of another layer", at: Location(attribute: "stateful"))
  }
  guard !layer.looksAtAllSamples else {
    throw ModelError(.unsupported, "a '\(layer.className)' that looks at all samples of a step")
  }
  let together = try call.reshape(input, [-1] + sizes, part: "steps")
  let results = try call.importer.call(
    layer, on: [KerasTensor(value: together)], path: join(call.path, layer.name),
    name: join(call.name, layer.name))
  guard results.first?.mask == nil || call.importer.isKeras3 else {
    throw ModelError(.unsupported, "a '\(layer.className)' that makes a mask for each step")
  }
  let result = try call.single(results)
  guard let outputs = try Shape(Array(call.shape(of: result).dimensions.dropFirst())).fixed else {
    throw ModelError(.unsupported, "the wrapped layer has a result whose sizes are not known")
  }
  guard let steps = shape[1].fixed else {
    var first = ShapeOf()
    first.end = 2
    let wanted = try call.add(
      Concat(axis: 0), call.add(first, input, part: "batchAndSteps"), call.integers(outputs), part: "shape")
    return try call.add(Reshape(), result, wanted)
  }
  return try call.reshape(result, [-1, steps] + outputs)
}

extension LayerCall {
  /// The only result of a layer inside.
  fileprivate func single(_ results: [KerasTensor]) throws(ModelError) -> ValueID {
    guard results.count == 1, let result = results.first else {
      throw ModelError(.unsupported, "the wrapped layer has \(results.count) results")
    }
    return result.value
  }
}

extension KerasLayer {
  /// Whether what it makes of a sample depends on the others: decibels are limited by the loudest of all.
  fileprivate var looksAtAllSamples: Bool {
    className == "MelSpectrogram" && config["power_to_db"] != .boolean(false)
      || parts.contains { $0.layer.looksAtAllSamples }
      || model.contains { $0.layers.contains { $0.looksAtAllSamples } }
  }
}
