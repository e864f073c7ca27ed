import SkiffBinary
import SkiffIR
import SkiffOperators

/// Replaces a node whose operator the target lacks by an expression of operators that it has, for example
/// `Swish(x)` → `x · Sigmoid(x)`.
///
/// Declines where there is no expression, where the target lacks a part of it too, on tensors of more elements than 32 bits
/// count, so that rules can compute with sizes, on quantized types but for clamps that keep their parameters, and, for a
/// target that computes with integers, where the expression would lose more to rounding than staying in real numbers.
public struct Lower: Rewrite {
  public static let name = "lower"

  private let target: LoweringTarget

  /// Creates the rewrite.
  public init(for target: LoweringTarget) { self.target = target }

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard !target.has(node, graph), node.outputs.count == 1, let x = node.inputs.first.flatMap(\.self),
      let operand = graph[x].type, let result = graph[node.outputs[0]].type,
      let rule = LoweringRule.all[type(of: node.operator).name]
    else { return false }
    let types = (node.inputs + node.outputs).compactMap { $0.flatMap { graph[$0].type } }
    guard types.allSatisfy(\.isCountedIn32Bits) else { return false }
    let suits = !target.computesWithIntegers || rule.suitsIntegers || target.roundsFinely
    if !suits || target.computesWithIntegers && result.dataType != .float32 { return false }
    if result.isQuantized, !(node.operator is Clip && operand == result) { return false }
    let scope = FormulaScope(graph, replacing: id)
    let formula = try locating(node.location) { () throws(ModelError) in
      try rule.formula(node.operator, Formula(x, in: scope))
    }
    guard let formula, formula.type.isCompatible(with: result),
      scope.addedNodes.allSatisfy({ target.has(scope.graph[$0], scope.graph) })
    else { return false }
    graph = scope.finished(with: [formula])
    return true
  }
}

/// How an operator is expressed by others.
struct LoweringRule: Sendable {
  let name: String
  /// Whether the expression is as good as the operator where each step is rounded to 8 bits.
  let suitsIntegers: Bool
  /// The expression for a node whose first operand is given; nil for a form that has none.
  let formula: @Sendable (any Operator, Formula) throws(ModelError) -> Formula?

  init<Kind: Operator>(
    _ kind: Kind.Type, suitsIntegers: Bool = false,
    _ formula: @escaping @Sendable (Kind, Formula) throws(ModelError) -> Formula?
  ) {
    name = Kind.name
    self.suitsIntegers = suitsIntegers
    self.formula = { (node, x) throws(ModelError) in
      guard let node = node as? Kind else { return nil }
      return try formula(node, x)
    }
  }

  /// The rules by the operators that they express.
  static let all = Dictionary(
    (activations + functions + normalizations + reductions + windows + places + signal + integers + others)
      .map {
        ($0.name, $0)
      },
    uniquingKeysWith: { first, _ in first }
  )
}
