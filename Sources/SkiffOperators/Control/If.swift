import SkiffBinary
import SkiffIR

/// One of two graphs, as a truth value says.
public struct If: ControlFlow {
  public static let name = "If"
  public static let summary = "One of two graphs, as a truth value says."
  public static let operands: [Operand] = [.required("condition"), .variadic("captures")]
  public static let attributes = [
    Attribute<If>("thenBranch", \.thenBranch, "The graph for a true condition."),
    Attribute<If>("elseBranch", \.elseBranch, "The graph for a false one."),
    Attribute<If>(
      "thenCount", \.thenCount, "The captures that are the first graph's inputs; the others are the second's."
    ),
  ]

  /// The graph for a true condition.
  public var thenBranch = Subgraph.empty
  /// The graph for a false one; as many outputs.
  public var elseBranch = Subgraph.empty
  /// The captures that are the first graph's inputs; the others are the second's.
  public var thenCount = 0

  /// Creates an operator of two empty graphs.
  public init() {}

  public var outputCount: Int { thenBranch.graph.outputs.count }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let results = try resultTypes(context)
    let types = results.compactMap(\.self)
    guard types.count == results.count else {
      throw ModelError(.unsupported, "the branches give tensors of different ranks")
    }
    return types
  }

  /// The types of the results, nil where the branches give different ranks.
  private func resultTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType?] {
    try checkedOutputs(elseBranch, outputCount)
    let captures = context.types(from: 1)
    guard (0...captures.count).contains(thenCount) else {
      throw ModelError(.invalidGraph, "\(thenCount) of \(captures.count) captures")
    }
    let ours = Result { () throws(ModelError) in
      try thenBranch.outputTypes(Array(captures[..<thenCount]))
    }
    let others = Result { () throws(ModelError) in
      try elseBranch.outputTypes(Array(captures[thenCount...]))
    }
    // A branch that cannot take these sizes is not the one that is meant for them.
    guard case .success(let others) = others else { return try ours.get() }
    guard case .success(let ours) = ours else { return others }
    var types: [TensorType?] = []
    for (a, b) in zip(ours, others) {
      guard let a, let b else {
        types.append(nil)
        continue
      }
      types.append(try a.generalized(to: b))
    }
    return types
  }

  package func evaluate(_ inputs: [Tensor?], call: Call) throws(ModelError) -> [Tensor] {
    let condition = try inputs.required(0).integers()
    guard condition.count == 1 else {
      throw ModelError(.invalidGraph, "\(condition.count) truth values as condition")
    }
    let captures = inputs.dropFirst().compactMap(\.self)
    return try condition[0] != 0
      ? call(thenBranch, Array(captures.prefix(thenCount)))
      : call(elseBranch, Array(captures.dropFirst(thenCount)))
  }
}
