import SkiffBinary
import SkiffIR
import SkiffOperators

let recurrentMappings: [LayerMapping] =
  ["LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "RNN"].map { name in
    LayerMapping(name, results: recurrent)
  }
  + ["LSTMCell", "GRUCell", "SimpleRNNCell", "ConvLSTM1DCell", "ConvLSTM2DCell", "ConvLSTM3DCell"].map {
    name in
    LayerMapping(name, variables: cellVariables, results: cellAlone)
  }
  + [
    LayerMapping("StackedRNNCells", results: cellAlone),
    LayerMapping("Bidirectional", results: bidirectional),
  ]

private func cellVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  [KerasVariable("kernel"), KerasVariable("recurrent_kernel")] + (try biasVariable(settings))
}

private func cellAlone(_ call: LayerCall) throws(ModelError) -> [KerasTensor] {
  throw ModelError(.unsupported, "a cell that no layer runs through a sequence")
}

/// The results after all steps, or after the last one; then the states if they are asked for.
private func recurrent(_ call: LayerCall) throws(ModelError) -> [KerasTensor] {
  let initial = try initialStates(of: call)
  let mask = try call.mask()
  let run = try RecurrentRun(call, layer: call.layer, path: call.path, name: call.name)
  let result = try run.results(of: call.sequence(), initial: initial, mask: mask)
  var output = result.last
  if run.returnsSequences {
    output = run.isReversed ? try call.add(Reverse(axes: [1]), result.steps, part: "reversed") : result.steps
  }
  let first = KerasTensor(value: output, mask: run.returnsSequences ? try call.keptMask() : nil)
  return [first] + (run.returnsState ? result.states.map { KerasTensor(value: $0) } : [])
}

/// Two layers in opposite directions, their results combined.
private func bidirectional(_ call: LayerCall) throws(ModelError) -> [KerasTensor] {
  let (forward, backward) = (try call.layer.part("forward_layer"), try call.layer.part("backward_layer"))
  let initial = try initialStates(of: call)
  let mask = try call.mask()
  let input = try call.sequence()
  var runs: [RecurrentRun] = []
  for layer in [forward, backward] {
    runs.append(
      try RecurrentRun(
        call, layer: layer, path: join(call.path, layer.name), name: join(call.name, layer.name)))
  }
  guard runs[0].returnsSequences == runs[1].returnsSequences, runs[0].returnsState == runs[1].returnsState,
    runs[0].isReversed != runs[1].isReversed, initial.count.isMultiple(of: 2)
  else { throw call.settings.unsupported("backward_layer") }
  var outputs: [ValueID] = []
  var states: [ValueID] = []
  for index in runs.indices {
    // With sequences, what is masked is zero in both directions.
    runs[index].zeroesMasked = runs[index].returnsSequences
    let half = initial.count / 2
    let result = try runs[index].results(
      of: input, initial: Array(initial[index * half..<(index + 1) * half]), mask: mask)
    states += result.states
    guard runs[index].returnsSequences else {
      outputs.append(result.last)
      continue
    }
    // The backward layer's results are turned around, whichever way it went.
    let isReversed = runs[index].isReversed != (index == 1)
    outputs.append(
      isReversed ? try call.add(Reverse(axes: [1]), result.steps, part: "reversed\(index)") : result.steps)
  }
  let outputMask = runs[0].returnsSequences ? try call.keptMask() : nil
  let merged = try call.merged(outputs).map { KerasTensor(value: $0, mask: outputMask) }
  return merged + (runs[0].returnsState ? states.map { KerasTensor(value: $0) } : [])
}

/// The tensors behind the sequence, or those that are called so.
private func initialStates(of call: LayerCall) throws(ModelError) -> [ValueID] {
  let named = try call.arguments.tensors(nil, "initial_state").map(\.value)
  return named.isEmpty ? Array(call.inputs.dropFirst()) : named
}

extension LayerCall {
  /// The sequence that a recurrent layer goes through.
  fileprivate func sequence() throws(ModelError) -> ValueID {
    guard let sequence = inputs.first else {
      throw ModelError(.malformed, "the layer is called without a tensor")
    }
    return sequence
  }

  fileprivate func merged(_ outputs: [ValueID]) throws(ModelError) -> [ValueID] {
    guard settings.has("merge_mode") else { return outputs }
    switch try settings.string("merge_mode") {
    case "concat": return [try add(Concat(axis: -1), outputs)]
    case "sum": return [try add(Add(), outputs)]
    case "mul": return [try add(Multiply(), outputs)]
    case "ave":
      return [try add(Multiply(), add(Add(), outputs, part: "sum"), constant([0.5], shape: []))]
    default: throw settings.unsupported("merge_mode")
    }
  }
}
