import SkiffBinary
import SkiffIR
import SkiffOperators

let wrapperMappings: [LayerMapping] = [
  LayerMapping("TimeDistributed", timeDistributed)
]

/// The wrapped layer on each step of the second axis: batch and steps are one axis for it.
private func timeDistributed(_ call: LayerCall) throws(ModelError) -> ValueID {
  guard let layer = call.layer.wrapped.first else { throw call.settings.unsupported("layer") }
  let input = try call.input()
  let shape = try call.shape(of: input)
  guard shape.rank > 2, let sizes = Shape(Array(shape.dimensions.dropFirst(2))).fixed,
    let steps = shape[1].fixed
  else { throw ModelError(.unsupported, "an input \(shape)") }
  let together = try call.reshape(input, [-1] + sizes, part: "steps")
  let results = try call.importer.call(
    layer, on: [together], path: join(call.path, layer.name), name: join(call.name, layer.name))
  guard results.count == 1, let result = results.first else {
    throw ModelError(.unsupported, "the wrapped layer has \(results.count) results")
  }
  guard let outputs = try Shape(Array(call.shape(of: result).dimensions.dropFirst())).fixed else {
    throw ModelError(.unsupported, "the wrapped layer has a result whose sizes are not known")
  }
  return try call.reshape(result, [-1, steps] + outputs)
}
