import SkiffBinary
import SkiffIR
import SkiffOperators

/// What a recurrent layer does at each step. The result of a step is the first state after it.
struct RecurrentCell {
  /// The cells that Keras has.
  private enum Kind {
    case simple
    case lstm
    case gru(resetsAfter: Bool)
    /// Long short-term memory whose products are convolutions over so many axes.
    case convolutional(rank: Int)
  }

  private let kind: Kind
  private let call: LayerCall
  /// The number of units or filters.
  private let units: Int
  private let hasBias: Bool

  init(_ call: LayerCall, layer: KerasLayer, path: String, name: String) throws(ModelError) {
    let settings = KerasSettings(layer.config)
    switch layer.className {
    case "SimpleRNNCell": kind = .simple
    case "LSTMCell": kind = .lstm
    // Keras 2.0 has no such setting and applies the gate first.
    case "GRUCell": kind = .gru(resetsAfter: try settings.boolean("reset_after", default: false))
    case "ConvLSTM1DCell": kind = .convolutional(rank: 1)
    case "ConvLSTM2DCell": kind = .convolutional(rank: 2)
    case "ConvLSTM3DCell": kind = .convolutional(rank: 3)
    default: throw ModelError(.unsupported, "this class of cells is not known", at: layer.location)
    }
    var isConvolutional = false
    if case .convolutional = kind { isConvolutional = true }
    units = try settings.integer(isConvolutional ? "filters" : "units")
    guard units > 0 else { throw settings.unsupported(isConvolutional ? "filters" : "units") }
    hasBias = try settings.boolean("use_bias", default: true)
    self.call = try LayerCall(
      importer: call.importer, layer: layer, path: path, name: name, how: .tensors(0), tensors: [])
  }

  /// How many states it has.
  var stateCount: Int {
    switch kind {
    case .simple, .gru: 1
    case .lstm, .convolutional: 2
    }
  }

  /// The types of the states for a sequence.
  func stateTypes(for input: ValueID) throws(ModelError) -> [TensorType] {
    let shape = try call.shape(of: input)
    guard let type = call.importer.graph[input].type, type.dataType == .float32 else {
      throw ModelError(.unsupported, "an input that is not of float32")
    }
    var dimensions = [shape[0], .fixed(units)]
    if case .convolutional(let rank) = kind {
      try call.requireRank(of: input, rank + 3)
      var result: [Shape.Dimension] = []
      // The sizes are those that the convolution of a step has.
      _ = try call.importer.subgraph([type.step]) { (values) throws(ModelError) in
        let convolved = try convolution(of: values[0], rank: rank)
        result = try call.shape(of: convolved).dimensions
        return [convolved]
      }
      let channels = try call.channelLayout().channelAxis(rank: rank + 2)
      result[channels] = .fixed(units)
      dimensions = result
    } else {
      try call.requireRank(of: input, 3)
    }
    return [TensorType](repeating: TensorType(.float32, Shape(dimensions)), count: stateCount)
  }

  /// The states after a step.
  func step(_ input: ValueID, _ states: [ValueID]) throws(ModelError) -> [ValueID] {
    switch kind {
    case .simple:
      let sum = try call.add(Add(), projected(input, gates: 1), recurrent(states[0], gates: 1), part: "sum")
      return [try call.activated(sum)]
    case .lstm:
      let sum = try call.add(Add(), projected(input, gates: 4), recurrent(states[0], gates: 4), part: "sum")
      return try memory(sum, axis: 1, cell: states[1])
    case .gru(let resetsAfter): return [try gated(input, states[0], resetsAfter: resetsAfter)]
    case .convolutional(let rank):
      let sum = try call.add(
        Add(), convolution(of: input, rank: rank), recurrentConvolution(of: states[0], rank: rank),
        part: "sum")
      return try memory(sum, axis: call.channelLayout().channelAxis(rank: rank + 2), cell: states[1])
    }
  }

  /// The states of long short-term memory from the sums of its gates.
  private func memory(_ sums: ValueID, axis: Int, cell: ValueID) throws(ModelError) -> [ValueID] {
    var split = Split()
    (split.axis, split.parts) = (axis, 4)
    let gates = try call.addAll(split, [sums], part: "gates")
    let input = try call.activated(gates[0], setting: "recurrent_activation")
    let forget = try call.activated(gates[1], setting: "recurrent_activation")
    let output = try call.activated(gates[3], setting: "recurrent_activation")
    let kept = try call.add(Multiply(), forget, cell, part: "kept")
    let added = try call.add(Multiply(), input, call.activated(gates[2]), part: "added")
    let next = try call.add(Add(), kept, added, part: "cell")
    return [try call.add(Multiply(), output, call.activated(next), part: "hidden"), next]
  }

  private func gated(_ input: ValueID, _ state: ValueID, resetsAfter: Bool) throws(ModelError) -> ValueID {
    var split = Split()
    (split.axis, split.parts) = (1, 3)
    let own = try call.addAll(split, [projected(input, gates: 3)], part: "own")
    func gate(_ value: ValueID, _ product: ValueID) throws(ModelError) -> ValueID {
      try call.activated(call.add(Add(), value, product, part: "sum"), setting: "recurrent_activation")
    }
    let products = try call.addAll(split, [recurrent(state, gates: 3)], part: "products")
    let update = try gate(own[0], products[0])
    let reset = try gate(own[1], products[1])
    var further = try call.add(Multiply(), reset, resetsAfter ? products[2] : state, part: "reset")
    if !resetsAfter {
      further = try call.addAll(split, [recurrent(further, gates: 3)], part: "further")[2]
    }
    let hidden = try call.activated(call.add(Add(), own[2], further, part: "sum"))
    let complement = try call.add(Subtract(), call.constant([1], shape: []), update, part: "complement")
    let new = try call.add(Multiply(), complement, hidden, part: "new")
    return try call.add(Add(), call.add(Multiply(), update, state, part: "kept"), new, part: "hidden")
  }

  // MARK: Products

  /// What the input adds to the gates.
  private func projected(_ input: ValueID, gates: Int) throws(ModelError) -> ValueID {
    let features = try call.size(of: input, axis: 1)
    let weights = try call.variable("kernel", [features, gates * units], .permute([1, 0]))
    guard hasBias else { return try call.add(FullyConnected(), input, weights, part: "projected") }
    guard case .gru(true) = kind else {
      return try call.add(
        FullyConnected(), input, weights, call.variable("bias", [gates * units]), part: "projected")
    }
    let biases = try call.importer.numbers(of: "bias", at: call.path, shape: [2, gates * units])
    let bias = call.constant(Array(biases[..<(gates * units)]), shape: [gates * units])
    return try call.add(FullyConnected(), input, weights, bias, part: "projected")
  }

  /// What a state adds to the gates.
  private func recurrent(_ state: ValueID, gates: Int) throws(ModelError) -> ValueID {
    let weights = try call.variable("recurrent_kernel", [units, gates * units], .permute([1, 0]))
    guard case .gru(true) = kind, hasBias else {
      return try call.add(FullyConnected(), state, weights, part: "recurrent")
    }
    let biases = try call.importer.numbers(of: "bias", at: call.path, shape: [2, gates * units])
    let bias = call.constant(Array(biases[(gates * units)...]), shape: [gates * units])
    return try call.add(FullyConnected(), state, weights, bias, part: "recurrent")
  }

  /// The convolution of one step of the input for all gates.
  private func convolution(of input: ValueID, rank: Int) throws(ModelError) -> ValueID {
    var operator_ = try call.convolutionOperator(rank: rank)
    operator_.groups = 1
    let size = try call.settings.integers("kernel_size", rank: rank)
    let channels = try call.size(of: input, axis: operator_.layout.channelAxis(rank: rank + 2))
    let weights = try call.variable(
      "kernel", size + [channels, 4 * units], .permute(weightPermutation(rank: rank, operator_.layout)))
    let bias = try call.optionalVariable("bias", 4 * units, if: "use_bias")
    return try call.add(operator_, input, weights, bias, part: "convolution")
  }

  private func recurrentConvolution(of state: ValueID, rank: Int) throws(ModelError) -> ValueID {
    var operator_ = Convolution()
    operator_.layout = try call.channelLayout()
    operator_.padding = .sameUpper
    let size = try call.settings.integers("kernel_size", rank: rank)
    let weights = try call.variable(
      "recurrent_kernel", size + [units, 4 * units], .permute(weightPermutation(rank: rank, operator_.layout))
    )
    return try call.add(operator_, state, weights, part: "recurrent")
  }
}

// MARK: Recurrent operators

extension RecurrentCell {
  /// The results of the operator that is this cell's way through a whole sequence; nil if there is none.
  func run(
    through input: ValueID, _ states: [ValueID], isReversed: Bool, part: String
  ) throws(ModelError) -> RecurrentRun.Results? {
    switch kind {
    case .convolutional: return nil
    case .simple:
      guard let function = try function("activation") else { return nil }
      return try run(RNN(), [function], gates: [0], input, states, isReversed, part)
    case .lstm:
      guard let gate = try function("recurrent_activation"), let function = try function("activation") else {
        return nil
      }
      // Keras: input, forget, cell, output.
      return try run(
        LSTM(), [gate, function, function], gates: [0, 3, 1, 2], input, states, isReversed, part)
    case .gru(let resetsAfter):
      guard let gate = try function("recurrent_activation"), let function = try function("activation") else {
        return nil
      }
      var gru = GRU()
      gru.resetsAfter = resetsAfter
      return try run(gru, [gate, function], gates: [0, 1, 2], input, states, isReversed, part)
    }
  }

  private typealias Function = (activation: RecurrentActivation, alpha: Float, beta: Float)

  /// - Parameter gates: Where Keras has each gate of the operator.
  private func run<Kind: RecurrentOperator>(
    _ kind: Kind, _ functions: [Function], gates: [Int], _ input: ValueID, _ states: [ValueID],
    _ isReversed: Bool,
    _ part: String
  ) throws(ModelError) -> RecurrentRun.Results {
    try call.requireRank(of: input, 3)
    var operator_ = kind
    operator_.direction = isReversed ? .reverse : .forward
    operator_.isBatchFirst = true
    operator_.activations = functions.map(\.activation.rawValue)
    operator_.alphas = functions.map(\.alpha)
    operator_.betas = functions.map(\.beta)
    let features = try call.size(of: input, axis: 2)
    let weights = try stacked("kernel", rows: features, gates)
    let recurrent = try stacked("recurrent_kernel", rows: units, gates)
    var operands: [ValueID?] = [input, weights, recurrent, hasBias ? try bias(gates) : nil, nil]
    for (index, state) in states.enumerated() {
      try call.requireRank(of: state, 2)
      operands.append(try call.add(Unsqueeze(axes: [1]), state, part: "initial\(index)"))
    }
    let results = try call.addAll(operator_, operands, part: part)
    let steps = try call.add(Squeeze(axes: [2]), results[0], part: join(part, "steps"))
    var last: [ValueID] = []
    for (index, state) in results.dropFirst().enumerated() {
      last.append(try call.add(Squeeze(axes: [1]), state, part: join(part, "state\(index)")))
    }
    return RecurrentRun.Results(steps: steps, last: last[0], states: last)
  }

  /// Weights `[rows, G · units]` as `[1, G · units, rows]`, with the gates in the order of the operator.
  private func stacked(_ name: String, rows: Int, _ gates: [Int]) throws(ModelError) -> ValueID {
    let width = gates.count * units
    guard gates != gates.sorted() else {
      return try call.variable(name, [rows, width], .permute([1, 0]), .reshape([1, width, rows]))
    }
    let numbers = try call.importer.numbers(of: name, at: call.path, shape: [rows, width])
    var result: [Float] = []
    result.reserveCapacity(numbers.count)
    for gate in gates {
      for unit in gate * units..<(gate + 1) * units {
        for row in 0..<rows { result.append(numbers[row * width + unit]) }
      }
    }
    return call.constant(result, shape: [1, width, rows])
  }

  /// The bias of the input, then that of the state, which Keras has only where a reset comes after the product.
  private func bias(_ gates: [Int]) throws(ModelError) -> ValueID {
    let width = gates.count * units
    if case .gru(true) = kind { return try call.variable("bias", [2, width], .reshape([1, 2 * width])) }
    let numbers = try call.importer.numbers(of: "bias", at: call.path, shape: [width])
    let ordered = gates.flatMap { numbers[$0 * units..<($0 + 1) * units] }
    return call.constant(ordered + [Float](repeating: 0, count: width), shape: [1, 2 * width])
  }

  /// A function of a setting, nil for one that recurrent operators do not have.
  private func function(_ setting: String) throws(ModelError) -> Function? {
    guard let json = call.settings[setting] else { return (.affine, 1, 0) }
    switch call.functionName(json) {
    case "sigmoid": return (.sigmoid, 0, 0)
    case "tanh": return (.tanh, 0, 0)
    case "relu": return (.relu, 0, 0)
    case "linear": return (.affine, 1, 0)
    case "softplus": return (.softplus, 0, 0)
    case "softsign": return (.softsign, 0, 0)
    case "elu": return (.elu, 1, 0)
    case "hard_sigmoid": return (.hardSigmoid, call.importer.isKeras3 ? 1 / 6 : 0.2, 0.5)
    default: return nil
    }
  }
}
