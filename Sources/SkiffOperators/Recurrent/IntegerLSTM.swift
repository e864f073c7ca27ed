import SkiffBinary
import SkiffIR

/// Long short-term memory in integers, as TensorFlow Lite's 8-bit quantization has it: an int8 input and hidden state, int16
/// cells, gates in 2^-12 before their functions and 2^-15 behind them.
///
/// Operands: 0 the input `[batch, steps, depth]`, or steps first; 1 to 4 the weights `[cells, depth]` of input, forget, cell and
/// output gate; 5 to 8 the recurrent ones `[cells, outputs]`; 9 to 11 int16 peepholes `[cells]` of input, forget and output gate;
/// 12 to 15 int32 biases `[cells]`; 16 and 17 a projection `[outputs, cells]` and its bias; 18 and 19 the hidden state
/// `[batch, outputs]` and the cells `[batch, cells]`. Without the weights of the input gate it is what the forget gate leaves of 1.
///
/// Results: the hidden state after each step, the last one and the last cells.
public struct IntegerLSTM: Operator {
  public static let name = "IntegerLSTM"
  public static let summary = "Long short-term memory in integers of 8 and 16 bits."
  public static let operands: [Operand] = {
    var list: [Operand] = [.required("input")]
    func addGates(_ suffix: String) {
      list.append(.optional("input\(suffix)"))
      for gate in ["forget", "cell", "output"] { list.append(.required("\(gate)\(suffix)")) }
    }
    addGates("Weights")
    addGates("Recurrent")
    for gate in ["input", "forget", "output"] { list.append(.optional("\(gate)Peephole")) }
    addGates("Bias")
    list += [.optional("projection"), .optional("projectionBias"), .required("hidden"), .required("cells")]
    return list
  }()
  public static let attributes: [Attribute<IntegerLSTM>] = [
    Attribute("isTimeMajor", \.isTimeMajor, "Whether steps come before the batch."),
    Attribute("cellClip", \.cellClip, "The greatest magnitude of a cell; 0 for any."),
    Attribute("projectionClip", \.projectionClip, "The greatest magnitude of what is projected; 0 for any."),
    Attribute("hiddenScale", \.hiddenScale, "The scale of what is projected, or of the hidden state."),
    Attribute("hiddenZeroPoint", \.hiddenZeroPoint, "The zero point of the same."),
  ]

  /// Whether steps come before the batch.
  public var isTimeMajor = false
  /// The greatest magnitude of a cell; 0 for any.
  public var cellClip: Float = 0
  /// The greatest magnitude of what is projected; 0 for any.
  public var projectionClip: Float = 0
  /// The scale of what is projected, or of the hidden state where nothing is.
  public var hiddenScale: Float = 1
  /// The zero point of the same.
  public var hiddenZeroPoint = 0

  /// Creates an operator without clipping.
  public init() {}

  public var outputCount: Int { 3 }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, hidden, cells) = (try context.type(0), try context.type(18), try context.type(19))
    guard input.rank == 3, hidden.rank == 2, cells.rank == 2 else {
      throw ModelError(.invalidGraph, "an input \(input) with states \(hidden) and \(cells)")
    }
    let shape = Shape([input.shape[0], input.shape[1], hidden.shape[1]])
    return [TensorType(hidden.dataType, shape, quantization: hidden.quantization), hidden, cells]
  }
}

extension IntegerLSTM: QuantizedKernel {
  public var takesUnsigned: Bool { false }

  public func prepare(_ context: QuantizedContext) throws(ModelError) -> (any PreparedKernel)? {
    guard context.inputs.count == 20, let input = context.int8(0), let hidden = context.linear(18, as: .int8),
      let cell = context.linear(19, as: .int16), cell.zeroPoint == 0, let sizes = context.sizes(0),
      let state = context.sizes(18), let cells = context.sizes(19), sizes.count == 3,
      cell.scale == Float(sign: .plus, exponent: cell.scale.exponent, significand: 1),
      let zeroPoint = Int32(exactly: hiddenZeroPoint), hiddenScale > 0
    else { return nil }
    let gateScale: Double = 0x1p-12
    func factor(_ index: Int, _ scale: Float, as type: DataType) -> QuantizedMultiplier? {
      guard let weights = context.linear(index, as: type) else { return nil }
      return QuantizedMultiplier(Double(weights.scale) * Double(scale) / gateScale)
    }
    var gates: [Gate?] = []
    for (gate, peephole) in [9, 10, nil, 11].enumerated() {
      guard gate > 0 || context.inputs[1] != nil else {
        gates.append(nil)
        continue
      }
      guard let fromInput = factor(1 + gate, input.scale, as: .int8),
        let fromHidden = factor(5 + gate, hidden.scale, as: .int8),
        context.inputs[12 + gate].map({ $0.dataType == .int32 }) ?? true
      else { return nil }
      var fromCell: QuantizedMultiplier?
      if let peephole, context.inputs[peephole] != nil {
        guard let weights = context.linear(peephole, as: .int16) else { return nil }
        fromCell = QuantizedMultiplier(Double(weights.scale) * Double(cell.scale) / gateScale)
      }
      gates.append(
        Gate(
          number: gate, peephole: peephole, fromInput: fromInput, fromHidden: fromHidden, fromCell: fromCell))
    }
    var projection: QuantizedMultiplier?
    if context.inputs[16] != nil {
      guard let weights = context.linear(16, as: .int8) else { return nil }
      projection = QuantizedMultiplier(
        Double(weights.scale) * Double(hiddenScale) / Double(hidden.scale))
    }
    let units = IntegerLSTMKernel.Sizes(
      batch: isTimeMajor ? sizes[1] : sizes[0], steps: isTimeMajor ? sizes[0] : sizes[1], depth: sizes[2],
      outputs: state[1], cells: cells[1], isTimeMajor: isTimeMajor)
    return IntegerLSTMKernel(
      sizes: units, gates: gates, inputZeroPoint: input.zeroPoint, hiddenZeroPoint: hidden.zeroPoint,
      projectedZeroPoint: zeroPoint, cellExponent: Int32(cell.scale.exponent),
      toHidden: QuantizedMultiplier(0x1p-15 / Double(hiddenScale) * 0x1p-15), projection: projection,
      cellClip: cellClip > 0
        ? Int16(min(max(cellClip / cell.scale, -32768), 32767)) : 0,
      projectionClip: projectionClip > 0 ? Int8(min(max(projectionClip / hidden.scale, -128), 127)) : 0,
      types: context.outputs)
  }

  /// What the sums of a gate are scaled by.
  fileprivate struct Gate: Sendable {
    let number: Int
    /// The operand of the peephole.
    let peephole: Int?
    let fromInput: QuantizedMultiplier
    let fromHidden: QuantizedMultiplier
    let fromCell: QuantizedMultiplier?
  }
}

/// A network with all of its factors derived.
private struct IntegerLSTMKernel: PreparedKernel {
  struct Sizes: Sendable {
    let batch: Int
    let steps: Int
    let depth: Int
    let outputs: Int
    let cells: Int
    let isTimeMajor: Bool
  }

  let sizes: Sizes
  let gates: [IntegerLSTM.Gate?]
  let inputZeroPoint: Int32
  let hiddenZeroPoint: Int32
  let projectedZeroPoint: Int32
  let cellExponent: Int32
  let toHidden: QuantizedMultiplier
  let projection: QuantizedMultiplier?
  let cellClip: Int16
  let projectionClip: Int8
  let types: [TensorType]

  /// The operands as lists of integers.
  private struct Lists {
    let weights: [[Int8]]
    let recurrent: [[Int8]]
    let peepholes: [Int: [Int16]]
    let biases: [[Int32]]
    let projection: [Int8]
    let projectionBias: [Int32]

    init(_ inputs: [Tensor?]) throws(ModelError) {
      func list<Element: TensorElement>(_ index: Int, as type: Element.Type) throws(ModelError) -> [Element] {
        try inputs.optional(index)?.elements(as: type) ?? []
      }
      weights = try (1...4).map { (index) throws(ModelError) in try list(index, as: Int8.self) }
      recurrent = try (5...8).map { (index) throws(ModelError) in try list(index, as: Int8.self) }
      biases = try (12...15).map { (index) throws(ModelError) in try list(index, as: Int32.self) }
      var peepholes: [Int: [Int16]] = [:]
      for index in 9...11 { peepholes[index] = try list(index, as: Int16.self) }
      self.peepholes = peepholes
      projection = try list(16, as: Int8.self)
      projectionBias = try list(17, as: Int32.self)
    }
  }

  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0).elements(as: Int8.self)
    let lists = try Lists(inputs)
    var hidden = try inputs.required(18).elements(as: Int8.self)
    var cells = try inputs.required(19).elements(as: Int16.self)
    var result = [Int8](repeating: 0, count: sizes.batch * sizes.steps * sizes.outputs)
    for step in 0..<sizes.steps {
      for sample in 0..<sizes.batch {
        let row = sizes.isTimeMajor ? step * sizes.batch + sample : sample * sizes.steps + step
        let x = input[row * sizes.depth..<(row + 1) * sizes.depth]
        let places = (
          sample * sizes.outputs..<(sample + 1) * sizes.outputs,
          sample * sizes.cells..<(sample + 1) * sizes.cells
        )
        var cell = Array(cells[places.1])
        let next = advance(Array(x), Array(hidden[places.0]), &cell, lists)
        hidden.replaceSubrange(places.0, with: next)
        cells.replaceSubrange(places.1, with: cell)
        result.replaceSubrange(row * sizes.outputs..<(row + 1) * sizes.outputs, with: next)
      }
    }
    let shape = sizes.isTimeMajor ? [sizes.steps, sizes.batch] : [sizes.batch, sizes.steps]
    return [
      Tensor(result, shape: shape + [sizes.outputs], quantization: types[0].quantization),
      Tensor(hidden, shape: [sizes.batch, sizes.outputs], quantization: types[1].quantization),
      Tensor(cells, shape: [sizes.batch, sizes.cells], quantization: types[2].quantization),
    ]
  }

  /// One step of one sample: the new hidden state.
  private func advance(_ x: [Int8], _ hidden: [Int8], _ cells: inout [Int16], _ lists: Lists) -> [Int8] {
    func sums(_ index: Int) -> [Int16]? {
      gates[index].map { gate in
        self.sums(gate, x, hidden, cells, lists)
      }
    }
    func sigmoid(_ values: [Int16]) -> [Int16] {
      values.map { NarrowFixedPoint.logistic($0, integerBits: 3) }
    }
    let inputGate = sums(0).map(sigmoid)
    let forget = sigmoid(sums(1) ?? [])
    let candidate = (sums(2) ?? []).map { NarrowFixedPoint.tanh($0, integerBits: 3) }
    for index in cells.indices {
      let kept = product(forget[index], cells[index], shift: 15)
      let gate = inputGate?[index] ?? .max &- forget[index]
      let added = product(gate, candidate[index], shift: 30 + cellExponent)
      cells[index] = Int16(clamping: Int32(kept) + Int32(added))
      if cellClip > 0 { cells[index] = min(max(cells[index], -cellClip), cellClip) }
    }
    let output = sigmoid(sums(3) ?? [])
    let outer = cells.map { NarrowFixedPoint.tanh($0, integerBits: 15 + cellExponent) }
    let bounds = QuantizedBounds(of: Int8.self)
    let projected = zip(output, outer).map { gate, value in
      Int8(
        truncatingIfNeeded: bounds.clamp(
          toHidden.apply(Int32(gate) &* Int32(value)) &+ projectedZeroPoint))
    }
    guard let projection else { return projected }
    return (0..<sizes.outputs).map { unit in
      var sum = lists.projectionBias.isEmpty ? 0 : lists.projectionBias[unit]
      for index in 0..<sizes.cells {
        sum &+=
          (Int32(projected[index]) &- projectedZeroPoint)
          &* Int32(lists.projection[unit * sizes.cells + index])
      }
      let value = Int8(truncatingIfNeeded: bounds.clamp(projection.apply(sum) &+ hiddenZeroPoint))
      return projectionClip > 0 ? min(max(value, -projectionClip), projectionClip) : value
    }
  }

  /// The product in 32 bits without `shift` bits, rounded.
  private func product(_ a: Int16, _ b: Int16, shift: Int32) -> Int16 {
    Int16(truncatingIfNeeded: roundingDivide(Int32(a) &* Int32(b), byPowerOfTwo: shift))
  }

  /// What goes into the function of a gate; each product is scaled on its own and added with saturation.
  private func sums(
    _ gate: IntegerLSTM.Gate, _ x: [Int8], _ hidden: [Int8], _ cells: [Int16], _ lists: Lists
  ) -> [Int16] {
    let bias = lists.biases[gate.number]
    let peephole = gate.peephole.flatMap { lists.peepholes[$0] } ?? []
    return (0..<sizes.cells).map { unit in
      var sum = bias.isEmpty ? 0 : bias[unit]
      for (index, value) in x.enumerated() {
        sum &+=
          (Int32(value) &- inputZeroPoint) &* Int32(lists.weights[gate.number][unit * sizes.depth + index])
      }
      var total = Int16(clamping: gate.fromInput.apply(sum))
      sum = 0
      for (index, value) in hidden.enumerated() {
        sum &+=
          (Int32(value) &- hiddenZeroPoint)
          &* Int32(lists.recurrent[gate.number][unit * sizes.outputs + index])
      }
      total = Int16(clamping: Int32(total) &+ gate.fromHidden.apply(sum))
      if let factor = gate.fromCell {
        total = Int16(clamping: Int32(total) &+ factor.apply(Int32(peephole[unit]) &* Int32(cells[unit])))
      }
      return total
    }
  }
}
