import SkiffBinary
import SkiffIR

/// A graph run once for each index along an axis of some operands.
///
/// The body's inputs: the states, the parts of the scanned operands at the index, the captures. Its outputs: the states,
/// and tensors whose stack over all indices is a result. Results: the last states, then the stacks.
public struct Scan: ControlFlow {
  public static let name = "Scan"
  public static let summary = "A graph run once for each index along an axis of some operands."
  public static let operands: [Operand] = [.variadic("statesScannedAndCaptures")]
  public static let attributes = [
    Attribute<Scan>("body", \.body, "The graph."),
    Attribute<Scan>("stateCount", \.stateCount, "The values that one iteration hands to the next."),
    Attribute<Scan>("axes", \.axes, "The axis of each scanned operand."),
    Attribute<Scan>("isReversed", \.isReversed, "Of each scanned operand, 1 if its last index comes first."),
    Attribute<Scan>("stackAxes", \.stackAxes, "The new axis of each stack."),
    Attribute<Scan>("isStackReversed", \.isStackReversed, "Of each stack, 1 if its last index comes first."),
  ]

  /// The graph.
  public var body = Subgraph.empty
  /// The values that one iteration hands to the next.
  public var stateCount = 0
  /// The axis of each scanned operand; negative ones count from behind.
  public var axes: [Int] = []
  /// Of each scanned operand, 1 if its last index comes first.
  public var isReversed: [Int] = []
  /// The new axis of each stack; negative ones count from behind.
  public var stackAxes: [Int] = []
  /// Of each stack, 1 if its last index comes first.
  public var isStackReversed: [Int] = []

  /// Creates an operator of an empty graph.
  public init() {}

  public var outputCount: Int { body.graph.outputs.count }

  /// Checks the numbers of everything.
  private func check(_ count: Int) throws(ModelError) {
    guard (0...count).contains(stateCount), !axes.isEmpty, isReversed.count == axes.count,
      stateCount + axes.count <= count, stateCount + stackAxes.count == outputCount,
      isStackReversed.count == stackAxes.count
    else {
      throw ModelError(
        .invalidGraph,
        "\(stateCount) states, \(axes.count) scanned operands and \(stackAxes.count) stacks "
          + "for \(count) operands and \(outputCount) results")
    }
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    try check(context.count)
    let operands = context.types(from: 0)
    var states = Array(operands[..<stateCount])
    var parts: [TensorType?] = []
    var length = Shape.Dimension.unknown
    for (operand, axis) in zip(operands[stateCount...], axes) {
      guard var type = operand else {
        parts.append(nil)
        continue
      }
      let axis = try normalizedAxis(axis, rank: type.rank)
      if type.shape[axis] != .unknown { length = type.shape[axis] }
      var dimensions = type.shape.dimensions
      dimensions.remove(at: axis)
      type.shape = Shape(dimensions)
      type.quantization = nil
      parts.append(type)
    }
    while true {
      let types = try body.outputTypes(states + parts + operands[(stateCount + axes.count)...])
      let next = try Loop.generalized(states, types[..<stateCount])
      if next == states { return try results(types, states, length) }
      states = next
    }
  }

  private func results(
    _ types: [TensorType?], _ states: [TensorType?], _ length: Shape.Dimension
  ) throws(ModelError) -> [TensorType] {
    var results: [TensorType] = []
    for (index, type) in types.enumerated() {
      guard let type = index < states.count ? states[index] : type else {
        throw ModelError(.unsupported, "the type of result \(index) is not known")
      }
      guard index >= states.count else {
        results.append(type)
        continue
      }
      var dimensions = type.shape.dimensions
      let axis = try normalizedAxis(stackAxes[index - states.count], rank: dimensions.count + 1)
      dimensions.insert(length, at: axis)
      results.append(TensorType(type.dataType, Shape(dimensions)))
    }
    return results
  }

  package func evaluate(_ inputs: [Tensor?], call: Call) throws(ModelError) -> [Tensor] {
    try check(inputs.count)
    let operands = inputs.compactMap(\.self)
    var states = Array(operands[..<stateCount])
    let scanned = Array(operands[stateCount..<stateCount + axes.count])
    let captures = operands[(stateCount + axes.count)...]
    var places: [Int] = []
    for (operand, axis) in zip(scanned, axes) { places.append(try normalizedAxis(axis, rank: operand.rank)) }
    let length = scanned[0].shape[places[0]]
    guard zip(scanned, places).allSatisfy({ $0.shape[$1] == length }) else {
      throw ModelError(.invalidGraph, "scanned operands of different lengths")
    }
    var stacks = [[Tensor]](repeating: [], count: stackAxes.count)
    for iteration in 0..<length {
      var parts: [Tensor] = []
      for (index, operand) in scanned.enumerated() {
        let place = isReversed[index] != 0 ? length - 1 - iteration : iteration
        parts.append(try operand.part(at: place, along: places[index]))
      }
      let outputs = try call(body, states + parts + captures)
      states = Array(outputs[..<stateCount])
      for (index, output) in outputs[stateCount...].enumerated() { stacks[index].append(output) }
    }
    var results = states
    for (index, stack) in stacks.enumerated() {
      guard let first = stack.first else { throw ModelError(.unsupported, "a scan of no elements") }
      let axis = try normalizedAxis(stackAxes[index], rank: first.rank + 1)
      results.append(
        try Tensor.stacked(isStackReversed[index] != 0 ? stack.reversed() : stack, along: axis))
    }
    return results
  }
}
