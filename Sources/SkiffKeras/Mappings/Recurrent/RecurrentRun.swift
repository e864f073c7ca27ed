import SkiffBinary
import SkiffIR
import SkiffOperators

/// A recurrent layer's way through a sequence, whichever cell it has.
///
/// Cells of which each takes the results of the one before are run one after the other, each through the whole sequence: a
/// step that is masked changes the states of none of them.
struct RecurrentRun {
  /// What a run gives, the steps in the order of time.
  struct Results {
    /// The results after each step `[batch, steps, …]`.
    var steps: ValueID
    /// The result after the step that came last.
    var last: ValueID
    /// The last states of all cells.
    var states: [ValueID]
  }

  let returnsSequences: Bool
  let returnsState: Bool
  /// Whether the last step comes first.
  let isReversed: Bool
  /// Whether results of masked steps are zero; otherwise they are those of the step before.
  var zeroesMasked: Bool
  private let isStateful: Bool
  private let path: String
  private let name: String
  private let call: LayerCall
  private let cells: [RecurrentCell]

  /// - Parameters:
  ///   - call: The call in which the layer is run.
  ///   - layer: The recurrent layer, of the call itself or inside of it.
  init(_ call: LayerCall, layer: KerasLayer, path: String, name: String) throws(ModelError) {
    let settings = KerasSettings(layer.config)
    returnsSequences = try settings.boolean("return_sequences", default: false)
    returnsState = try settings.boolean("return_state", default: false)
    isReversed = try settings.boolean("go_backwards", default: false)
    zeroesMasked = try settings.boolean("zero_output_for_mask", default: false)
    isStateful = try settings.boolean("stateful", default: false)
    self.call = call
    self.path = path
    self.name = name
    guard try !settings.boolean("time_major", default: false) else {
      throw settings.unsupported("time_major")
    }
    let cell = try layer.part("cell")
    guard cell.config["reverse_state_order"]?.boolean != true else {
      throw ModelError(.unsupported, "cannot be true", at: Location(attribute: "reverse_state_order"))
    }
    let inner = cell.className == "StackedRNNCells" ? cell.parts.map(\.layer) : [cell]
    guard !inner.isEmpty else { throw ModelError(.malformed, "no cells", at: layer.location) }
    let cellPath = join(path, cell.name)
    var cells: [RecurrentCell] = []
    for part in inner {
      let isCell = part.name == cell.name && cell.parts.isEmpty
      let place = isCell ? cellPath : join(cellPath, part.name)
      cells.append(try RecurrentCell(call, layer: part, path: place, name: name))
    }
    self.cells = cells
  }

  /// Runs all cells.
  ///
  /// - Parameters:
  ///   - initial: The states before the first step, those of each cell in order; empty for zeros.
  ///   - mask: Which steps count `[batch, steps]`; nil for all.
  func results(
    of input: ValueID, initial: [ValueID], mask: ValueID?
  ) throws(ModelError) -> Results {
    if let mask { try call.requireRank(of: mask, 2) }
    var given = initial
    if isStateful, given.isEmpty {
      var types: [TensorType] = []
      // The states of a later cell have sizes of their own, not those of the input.
      for cell in cells { types += try cell.stateTypes(for: input) }
      given = try call.importer.states(of: path, types)
    }
    var results = Results(steps: input, last: input, states: [])
    for (index, cell) in cells.enumerated() {
      let count = cell.stateCount
      guard given.isEmpty || given.count >= count else {
        throw ModelError(
          .malformed, "\(initial.count) states for the cells", at: Location(attribute: "initial_state"))
      }
      let states = Array(given.prefix(count))
      given.removeFirst(states.count)
      let part = cells.count == 1 ? "" : "cell\(index)"
      let next: Results
      if mask == nil,
        let whole = try cell.run(through: results.steps, states, isReversed: isReversed, part: part)
      {
        next = whole
      } else {
        next = try scanned(cell, results.steps, states, mask, isLast: index == cells.count - 1, part: part)
      }
      results = Results(steps: next.steps, last: next.last, states: results.states + next.states)
    }
    guard given.isEmpty else {
      throw ModelError(
        .malformed, "\(initial.count) states for the cells", at: Location(attribute: "initial_state"))
    }
    if isStateful { call.importer.setStates(of: path, to: results.states) }
    return results
  }

  /// The cell's graph run for each step. Its states are the cell's, and the result where masked steps repeat it.
  private func scanned(
    _ cell: RecurrentCell, _ input: ValueID, _ initial: [ValueID], _ mask: ValueID?, isLast: Bool,
    part: String
  ) throws(ModelError) -> Results {
    let importer = call.importer
    var stateTypes = try cell.stateTypes(for: input)
    var states = initial
    for type in stateTypes[states.count...] { states.append(try call.zeros(type, batchOf: input)) }
    for (index, state) in states.enumerated() {
      if let type = importer.graph[state].type { stateTypes[index] = type }
    }
    guard let inputType = importer.graph[input].type, let outputType = stateTypes.first else {
      throw ModelError(.invalidGraph, "an input of unknown type")
    }
    let output = mask == nil ? [] : [try call.zeros(outputType, batchOf: input)]
    var types = output.map { _ in outputType } + stateTypes + [inputType.step]
    if let mask, let type = importer.graph[mask].type { types.append(type.step) }
    let count = output.count
    let zeroes = zeroesMasked && isLast
    let body = try importer.subgraph(types) { (values) throws(ModelError) in
      let old = Array(values[count..<count + stateTypes.count])
      let new = try cell.step(values[count + stateTypes.count], old)
      guard mask != nil, let step = values.last else { return new + [new[0]] }
      func chosen(_ new: ValueID, _ old: ValueID) throws(ModelError) -> ValueID {
        let rank = try call.shape(of: new).rank
        let condition = try call.add(Unsqueeze(axes: Array(1..<rank)), step, part: "mask")
        return try call.add(Select(), condition, new, old, part: "unmasked")
      }
      let zero = call.constant([0], shape: [])
      let result = try chosen(new[0], zeroes ? zero : values[0])
      var next: [ValueID] = []
      for (new, old) in zip(new, old) { next.append(try chosen(new, old)) }
      return [result] + next + [result]
    }
    var scan = Scan()
    scan.body = body
    scan.stateCount = count + stateTypes.count
    let reversed = isReversed ? 1 : 0
    scan.axes = mask == nil ? [1] : [1, 1]
    scan.isReversed = scan.axes.map { _ in reversed }
    (scan.stackAxes, scan.isStackReversed) = ([1], [reversed])
    let results = try call.addAll(scan, output + states + [input] + (mask.map { [$0] } ?? []), part: part)
    guard let steps = results.last, let last = results.first else {
      throw ModelError(.invalidGraph, "a scan without results")
    }
    return Results(steps: steps, last: last, states: Array(results.dropFirst(count).dropLast()))
  }
}

extension TensorType {
  /// The type of one step of a sequence with the batch first.
  var step: TensorType {
    var dimensions = shape.dimensions
    dimensions.remove(at: 1)
    return TensorType(dataType, Shape(dimensions))
  }
}

extension LayerCall {
  /// Zeros with the batch of another tensor.
  fileprivate func zeros(_ type: TensorType, batchOf input: ValueID) throws(ModelError) -> ValueID {
    guard let sizes = Shape(Array(type.shape.dimensions.dropFirst())).fixed else {
      throw ModelError(.unsupported, "states \(type.shape) whose sizes are not known")
    }
    var batch = ShapeOf()
    batch.end = 1
    let shape = try add(
      Concat(axis: 0), add(batch, input, part: "batch"), integers(sizes), part: "stateShape")
    return try add(ConstantOfShape(0, of: .float32), shape, part: "zeros")
  }
}
