import CKernels
import SkiffBinary
import SkiffIR

extension RecurrentOperator {
  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    try evaluate(inputs, RecurrentWeights(inputs.required(1), inputs.required(2), isPlain: true))
  }

  /// The results with weights that have been transposed before.
  func evaluate(_ inputs: [Tensor?], _ weights: RecurrentWeights) throws(ModelError) -> [Tensor] {
    let run = try RecurrentRun(self, inputs, weights)
    var steps = [Float](repeating: 0, count: run.stepCount)
    var last = [[Float]](repeating: [Float](repeating: 0, count: run.stateCount), count: Self.stateCount)
    let functions = try functions()
    for pass in 0..<direction.count {
      let isReverse = direction == .reverse || pass == 1
      var parameters = try run.pass(pass, functions)
      let projected = try run.projection(pass)
      var states = (0..<run.batch).map { sequence in
        (0..<Self.stateCount).map { run.initialState($0, pass, sequence) }
      }
      for index in 0..<(run.lengths.max() ?? 0) {
        let sequences = run.lengths.indices.filter { run.lengths[$0] > index }
        if roundsOperands {
          // All sequences have one range, and those that have just ended their part in it.
          let present = run.lengths.indices.filter { run.lengths[$0] >= index }
          parameters.rounding = .init(of: present.lazy.flatMap { states[$0][0] })
        }
        for sequence in sequences {
          let place = isReverse ? run.lengths[sequence] - 1 - index : index
          var gates = Array(projected[run.gates(place, sequence)])
          step(&gates, &states[sequence], parameters)
          steps.replaceSubrange(run.step(place, pass, sequence), with: states[sequence][0])
        }
      }
      for sequence in 0..<run.batch {
        for (index, state) in states[sequence].enumerated() {
          last[index].replaceSubrange(run.state(pass, sequence), with: state)
        }
      }
    }
    let type = run.dataType
    var results = [try Tensor(floats: steps, as: type, shape: run.stepShape)]
    for state in last { results.append(try Tensor(floats: state, as: type, shape: run.stateShape)) }
    return results
  }
}

/// The operands of a recurrent operator, and where the elements of its results are.
private struct RecurrentRun {
  let dataType: DataType
  let batch: Int
  let lengths: [Int]
  let stepShape: [Int]
  let stateShape: [Int]
  private let steps: Int
  private let features: Int
  private let hidden: Int
  private let directions: Int
  private let gateCount: Int
  private let isBatchFirst: Bool
  private let input: [Float]
  private let weights: RecurrentWeights
  private let bias: [Float]?
  private let initial: [[Float]?]
  private let parameters: [Float]?

  init<Kind: RecurrentOperator>(
    _ kind: Kind, _ inputs: [Tensor?], _ weights: RecurrentWeights
  ) throws(ModelError) {
    let (x, w, r) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard x.rank == 3, w.rank == 3, r.rank == 3, x.dataType.isFloatingPoint else {
      throw ModelError(.invalidGraph, "an input \(x.type) with weights \(w.type) and \(r.type)")
    }
    guard x.dataType != .float64 else { throw ModelError(.unsupported, "\(Kind.name) of float64") }
    dataType = x.dataType
    isBatchFirst = kind.isBatchFirst
    let (count, length) = isBatchFirst ? (x.shape[0], x.shape[1]) : (x.shape[1], x.shape[0])
    (batch, steps) = (count, length)
    (features, hidden) = (x.shape[2], r.shape[2])
    (directions, gateCount) = (kind.direction.count, Kind.gateCount)
    let (gates, overflow) = hidden.multipliedReportingOverflow(by: gateCount)
    let isComplete =
      !overflow && w.shape == [directions, gates, features] && r.shape == [directions, gates, hidden]
    let bias = inputs.optional(3)
    let state = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
    stateShape = state
    stepShape = isBatchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]
    let hasBias = bias != nil
    guard isComplete, !hasBias || bias?.shape == [directions, 2 * gates] else {
      throw ModelError(.invalidGraph, "weights \(Shape(w.shape)) and \(Shape(r.shape)) for \(Shape(x.shape))")
    }
    _ = try checkedCount(stepShape, of: .float32)
    _ = try checkedCount([batch, steps, gates], of: .float32)
    self.weights = weights
    let values = try x.floats()
    input = kind.roundsOperands ? DynamicQuantizeLinear.Parameters(of: values).rounded(values) : values
    self.bias = try bias?.floats()
    let lengths = try inputs.optional(4)?.integers() ?? [Int](repeating: length, count: count)
    guard lengths.count == count, lengths.allSatisfy({ (0...length).contains($0) }) else {
      throw ModelError(.invalidGraph, "lengths \(lengths) of \(count) sequences of \(length) steps")
    }
    self.lengths = lengths
    var initial: [[Float]?] = []
    for index in 0..<Kind.stateCount {
      let given = inputs.optional(Kind.firstState + index)
      guard given == nil || given?.shape == state else {
        throw ModelError(.invalidGraph, "an initial state of another shape than \(Shape(state))")
      }
      initial.append(try given?.floats())
    }
    self.initial = initial
    let further = inputs.optional(Kind.firstState + Kind.stateCount)
    guard further == nil || further?.shape == [directions, 3 * hidden] else {
      throw ModelError(
        .invalidGraph, "peepholes of another shape than \([directions, 3 * hidden])")
    }
    parameters = try further?.floats()
  }

  var stepCount: Int { stepShape.reduce(1, *) }
  var stateCount: Int { stateShape.reduce(1, *) }
  private var width: Int { gateCount * hidden }

  /// Where the elements of a step are in the first result.
  func step(_ place: Int, _ pass: Int, _ sequence: Int) -> Range<Int> {
    let row =
      isBatchFirst
      ? (sequence * steps + place) * directions + pass : (place * directions + pass) * batch + sequence
    return row * hidden..<(row + 1) * hidden
  }

  /// Where those of a state are.
  func state(_ pass: Int, _ sequence: Int) -> Range<Int> {
    let row = isBatchFirst ? sequence * directions + pass : pass * batch + sequence
    return row * hidden..<(row + 1) * hidden
  }

  /// Where what the input adds to the gates of a step is in ``projection(_:)``.
  func gates(_ place: Int, _ sequence: Int) -> Range<Int> {
    let row = inputRow(place, sequence)
    return row * width..<(row + 1) * width
  }

  private func inputRow(_ place: Int, _ sequence: Int) -> Int {
    isBatchFirst ? sequence * steps + place : place * batch + sequence
  }

  func initialState(_ index: Int, _ pass: Int, _ sequence: Int) -> [Float] {
    initial[index].map { Array($0[state(pass, sequence)]) } ?? [Float](repeating: 0, count: hidden)
  }

  /// What a direction computes with.
  func pass(_ pass: Int, _ functions: [RecurrentFunction]) throws(ModelError) -> RecurrentPass {
    let each = functions.count / directions
    let further = parameters.map { $0.count / directions } ?? 0
    return RecurrentPass(
      hidden: hidden, weights: weights.recurrent[pass], isPlain: weights.isPlain,
      bias: biases(pass, second: true),
      parameters: parameters.map { Array($0[pass * further..<(pass + 1) * further]) } ?? [],
      functions: Array(functions[pass * each..<(pass + 1) * each]))
  }

  /// The bias of the input or that of the state.
  private func biases(_ pass: Int, second: Bool) -> [Float] {
    guard let bias else { return [Float](repeating: 0, count: width) }
    let start = (2 * pass + (second ? 1 : 0)) * width
    return Array(bias[start..<start + width])
  }

  /// What the input adds to the gates at every step of every sequence.
  func projection(_ pass: Int) throws(ModelError) -> [Float] {
    let matrix = weights.input[pass]
    var result = (0..<steps * batch).flatMap { _ in biases(pass, second: false) }
    result.withUnsafeMutableBufferPointer { result in
      input.withUnsafeBufferPointer { input in
        matrix.withUnsafeBufferPointer { matrix in
          guard let sums = result.baseAddress, let values = input.baseAddress, let first = matrix.baseAddress
          else { return }
          let add = weights.isPlain ? addProductsPlainly : skiff_f32_add_products
          for row in 0..<steps * batch {
            add(features, width, width, values + row * features, first, sums + row * width)
          }
        }
      }
    }
    return result
  }
}
