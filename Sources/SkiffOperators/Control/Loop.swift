import SkiffBinary
import SkiffIR

/// A graph run again and again, at most so many times and while a condition holds.
///
/// The body's inputs: the number of the iteration (int64), whether the condition holds (bool), the carried values, the
/// captures. Its outputs: the condition, the carried values, and tensors whose stack over all iterations is a result.
///
/// Results: the carried values after the last iteration, then the stacks.
public struct Loop: ControlFlow {
  public static let name = "Loop"
  public static let summary = "A graph run again and again, a number of times or while a condition holds."
  public static let operands: [Operand] = [
    .optional("count"), .optional("condition"), .variadic("carriedAndCaptures"),
  ]
  public static let attributes = [
    Attribute<Loop>("body", \.body, "The graph."),
    Attribute<Loop>("carriedCount", \.carriedCount, "The values that one iteration hands to the next."),
  ]

  /// The graph.
  public var body = Subgraph.empty
  /// The values that one iteration hands to the next.
  public var carriedCount = 0

  /// Creates an operator of an empty graph.
  public init() {}

  public var outputCount: Int { max(0, body.graph.outputs.count - 1) }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let values = context.types(from: 2)
    guard (0...outputCount).contains(carriedCount), carriedCount <= values.count else {
      throw ModelError(.invalidGraph, "\(carriedCount) carried values")
    }
    for index in 0..<2 {
      guard let type = context.optionalType(index) else { continue }
      guard type.dataType.isInteger || type.dataType == .boolean, type.shape.elementCount ?? 1 == 1 else {
        throw ModelError(.invalidGraph, "\(type) to control a loop")
      }
    }
    var carried = Array(values[..<carriedCount])
    let counters = [TensorType(.int64, []), TensorType(.boolean, [])]
    while true {
      let types = try body.outputTypes(counters + carried + values[carriedCount...])
      let next = try Self.generalized(carried, types[1..<1 + carriedCount])
      if next == carried { return try results(types.dropFirst(), carried) }
      carried = next
    }
  }

  /// The carried types with what an iteration changes unknown.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if the rank changes.
  package static func generalized(
    _ carried: [TensorType?], _ types: ArraySlice<TensorType?>
  ) throws(ModelError) -> [TensorType?] {
    var next: [TensorType?] = []
    for (old, new) in zip(carried, types) {
      guard let old, let new else {
        next.append(old)
        continue
      }
      guard let type = try old.generalized(to: new) else {
        throw ModelError(.unsupported, "a carried value changes from \(old) to \(new)")
      }
      next.append(type)
    }
    return next
  }

  private func results(
    _ types: ArraySlice<TensorType?>, _ carried: [TensorType?]
  ) throws(ModelError) -> [TensorType] {
    var results: [TensorType] = []
    for (index, type) in types.enumerated() {
      guard let type = index < carried.count ? carried[index] : type else {
        throw ModelError(.unsupported, "the type of result \(index) is not known")
      }
      results.append(
        index < carried.count
          ? type : TensorType(type.dataType, Shape([.unknown] + type.shape.dimensions)))
    }
    return results
  }

  package func evaluate(_ inputs: [Tensor?], call: Call) throws(ModelError) -> [Tensor] {
    let count = try inputs.optional(0)?.integers().first ?? .max
    var isRunning = try inputs.optional(1)?.integers().first.map { $0 != 0 } ?? true
    var carried: [Tensor] = []
    for index in 0..<carriedCount { carried.append(try inputs.required(2 + index)) }
    let captures = inputs.dropFirst(2 + carriedCount).compactMap(\.self)
    var stacks = [[Tensor]](repeating: [], count: outputCount - carriedCount)
    var iteration = 0
    while isRunning, iteration < count {
      guard iteration < Limits.current.count else {
        throw ModelError(.limitExceeded, "more than \(iteration) iterations")
      }
      let counters = [
        try Tensor(integers: [iteration], as: .int64, shape: []),
        try Tensor(integers: [1], as: .boolean, shape: []),
      ]
      let outputs = try call(body, counters + carried + captures)
      isRunning = try outputs[0].integers().first.map { $0 != 0 } ?? false
      carried = Array(outputs[1..<1 + carriedCount])
      for (index, output) in outputs[(1 + carriedCount)...].enumerated() { stacks[index].append(output) }
      iteration += 1
    }
    var results = carried
    for (index, stack) in stacks.enumerated() {
      guard stack.isEmpty else {
        results.append(try Tensor.stacked(stack, along: 0))
        continue
      }
      let type = body.graph[body.graph.outputs[1 + carriedCount + index].value].type
      guard let type else { throw ModelError(.unsupported, "the type of an empty stack is not known") }
      let sizes = [0] + type.shape.dimensions.map { $0.fixed ?? 0 }
      results.append(try Tensor(type.dataType, shape: sizes, bytes: .empty))
    }
    return results
  }
}
