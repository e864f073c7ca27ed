import CKernels
import SkiffBinary
import SkiffIR

/// Which way a recurrent operator goes through a sequence.
public enum RecurrentDirection: String, AttributeEnumeration, CaseIterable {
  /// From the first step to the last.
  case forward
  /// From the last step to the first.
  case reverse
  /// Both, each with weights and states of its own.
  case bidirectional

  /// The number of passes.
  public var count: Int { self == .bidirectional ? 2 : 1 }
}

/// An operator that goes through sequences step by step, with a state for each of them.
///
/// Shapes, with `D` directions, `G` gates and `H` the size of the state: input `[steps, batch, features]`, weights
/// `[D, G · H, features]`, recurrent weights `[D, G · H, H]`, bias `[D, 2 · G · H]` (that of the input, then that of the
/// state), lengths `[batch]`, initial states `[D, batch, H]`. Results: the states after each step
/// `[steps, D, batch, H]`, and each last state `[D, batch, H]`. With the batch first: `[batch, steps, features]`,
/// `[batch, D, H]` and `[batch, steps, D, H]`.
package protocol RecurrentOperator: PreparableKernel {
  /// Which way the sequence is gone through.
  var direction: RecurrentDirection { get set }
  /// Whether the batch is the first axis.
  var isBatchFirst: Bool { get set }
  /// The functions of each direction, one after the other; empty means the standard ones.
  var activations: [String] { get set }
  /// Alpha of each function.
  var alphas: [Float] { get set }
  /// Beta of each function.
  var betas: [Float] { get set }
  /// The greatest magnitude of the functions' arguments; 0 for any.
  var clip: Float { get set }
  /// Whether input and states are rounded to 8 bits of their own range before they are multiplied.
  var roundsOperands: Bool { get }
  /// The gates that weights are stacked for.
  static var gateCount: Int { get }
  /// The standard functions of a direction.
  static var standardActivations: [RecurrentActivation] { get }
  /// The states of a sequence: the hidden one, and others that only the last are results of.
  static var stateCount: Int { get }
  /// Where the first initial state is among the operands; the others follow it.
  static var firstState: Int { get }

  /// Takes one step of one sequence.
  ///
  /// - Parameters:
  ///   - gates: What the input adds to each gate, with its bias; changed at will.
  ///   - states: The states before the step, and after it.
  func step(_ gates: inout [Float], _ states: inout [[Float]], _ pass: RecurrentPass)
}

/// What one direction computes with.
package struct RecurrentPass {
  package let hidden: Int
  /// The recurrent weights `[H, G · H]`.
  let weights: [Float]
  /// Whether products are added in the plainest way.
  let isPlain: Bool
  /// The bias of the state `[G · H]`.
  let bias: [Float]
  /// Further parameters of a direction, for example peepholes.
  let parameters: [Float]
  let functions: [RecurrentFunction]
  /// What states are rounded by before they are multiplied; nil if they are not.
  var rounding: DynamicQuantizeLinear.Parameters?

  /// Adds the products of a state with the recurrent weights of some gates.
  func addProducts(of state: [Float], gates range: Range<Int>, to gates: inout [Float]) {
    let state = rounding?.rounded(state) ?? state
    let start = range.lowerBound * hidden
    weights.withUnsafeBufferPointer { weights in
      gates.withUnsafeMutableBufferPointer { gates in
        guard let first = weights.baseAddress, let sums = gates.baseAddress else { return }
        let add = isPlain ? addProductsPlainly : skiff_f32_add_products
        add(state.count, range.count * hidden, bias.count, state, first + start, sums + start)
      }
    }
  }
}

extension RecurrentOperator {
  package var roundsOperands: Bool { false }

  static var sharedAttributes: [Attribute<Self>] {
    [
      Attribute("direction", \.direction, "Which way the sequence is gone through."),
      Attribute("isBatchFirst", \.isBatchFirst, "Whether the batch is the first axis."),
      Attribute(
        "activations", \.activations, "The functions of each direction; empty means the standard ones."),
      Attribute("alphas", \.alphas, "Alpha of each function; empty means the standard ones."),
      Attribute("betas", \.betas, "Beta of each function; empty means the standard ones."),
      Attribute("clip", \.clip, "The greatest magnitude of the functions' arguments; 0 for any."),
    ]
  }

  public var outputCount: Int { 1 + Self.stateCount }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, weights, recurrent) = (try context.type(0), try context.type(1), try context.type(2))
    guard input.rank == 3, weights.rank == 3, recurrent.rank == 3, input.dataType.isFloatingPoint else {
      throw ModelError(
        .invalidGraph, "an input \(input) with weights \(weights.shape) and \(recurrent.shape)")
    }
    let hidden = recurrent.shape[2]
    _ = try functions()
    let directions = Shape.Dimension.fixed(direction.count)
    func check(_ shape: Shape, _ wanted: [Shape.Dimension], _ name: String) throws(ModelError) {
      guard shape.isCompatible(with: Shape(wanted)) else {
        throw ModelError(.invalidGraph, "\(name) of shape \(shape) instead of \(Shape(wanted))")
      }
    }
    let gates = hidden * .fixed(Self.gateCount)
    try check(weights.shape, [directions, gates, input.shape[2]], "weights")
    try check(recurrent.shape, [directions, gates, hidden], "recurrent weights")
    if let bias = context.optionalType(3) {
      try check(bias.shape, [directions, gates * .fixed(2)], "a bias")
    }
    let (batch, steps) =
      isBatchFirst ? (input.shape[0], input.shape[1]) : (input.shape[1], input.shape[0])
    if let lengths = context.optionalType(4) { try check(lengths.shape, [batch], "lengths") }
    let state = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
    for index in 0..<Self.stateCount {
      guard let initial = context.optionalType(Self.firstState + index) else { continue }
      try check(initial.shape, state, "an initial state")
    }
    if let peepholes = context.optionalType(Self.firstState + Self.stateCount) {
      try check(peepholes.shape, [directions, hidden * .fixed(3)], "peepholes")
    }
    let all = isBatchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]
    return [TensorType(input.dataType, Shape(all))]
      + (0..<Self.stateCount).map { _ in TensorType(input.dataType, Shape(state)) }
  }

  /// The functions of all directions.
  package func functions() throws(ModelError) -> [RecurrentFunction] {
    let count = direction.count * Self.standardActivations.count
    let names =
      activations.isEmpty
      ? (0..<count).map { Self.standardActivations[$0 % Self.standardActivations.count].rawValue }
      : activations
    guard names.count == count, [0, count].contains(alphas.count), [0, count].contains(betas.count) else {
      throw ModelError(
        .invalidGraph,
        "\(names.count) functions, \(alphas.count) alphas and \(betas.count) betas, "
          + "but \(count) gates with one")
    }
    var functions: [RecurrentFunction] = []
    for (index, name) in names.enumerated() {
      guard let activation = RecurrentActivation(rawValue: name) else {
        throw ModelError(.invalidGraph, "'\(name)' is no function", at: Location(attribute: "activations"))
      }
      let standard = activation.standardParameters
      functions.append(
        RecurrentFunction(
          activation: activation, alpha: alphas.isEmpty ? standard.alpha ?? 0 : alphas[index],
          beta: betas.isEmpty ? standard.beta ?? 0 : betas[index], clip: clip > 0 ? clip : .infinity))
    }
    return functions
  }
}
