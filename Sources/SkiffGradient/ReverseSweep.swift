import SkiffBinary
import SkiffIR
import SkiffPasses

/// The walk from results to operands that adds up what each value does to the outputs.
///
/// Griewank and Walther, "Evaluating Derivatives", 2008, chapter 3: one visit to each node, in the reverse order of the graph.
struct ReverseSweep {
  private let scope: FormulaScope
  private let path: DependencePath
  private var gradients: [ValueID: Formula] = [:]

  /// The graph with what computes the gradients.
  var graph: Graph { scope.graph }

  init(
    _ graph: Graph, from outputs: [ValueID], _ cotangents: [ValueID], to values: [ValueID]
  ) throws(ModelError) {
    path = DependencePath(in: graph, from: outputs, to: values)
    guard let start = path.nodes.last ?? graph.nodeIDs.last else {
      throw ModelError(.invalidArgument, "the graph computes nothing")
    }
    scope = FormulaScope(appendingTo: graph, from: start)
    for (output, cotangent) in zip(outputs, cotangents) where path.values.contains(output) {
      try add(Formula(cotangent, in: scope), to: output)
    }
    for id in path.nodes.reversed() {
      scope.turn(to: id)
      try locating(scope.node.location) { () throws(ModelError) in try visit() }
    }
  }

  private mutating func visit() throws(ModelError) {
    let node = scope.node
    let cotangents = node.outputs.map { gradients[$0] }
    guard let rule = node.operator as? any GradientRule, cotangents.contains(where: { $0 != nil }) else {
      return
    }
    var wanted: Set<Int> = []
    for (index, input) in node.inputs.enumerated() {
      if let input, path.values.contains(input) { wanted.insert(index) }
    }
    let found = try rule.gradients(DifferentiatedNode(scope, cotangents: cotangents, wanted: wanted))
    for index in wanted.sorted() {
      guard let input = node.inputs[index] else { continue }
      guard let gradient = found[index] else {
        throw ModelError(.unsupported, "there is no derivative with respect to operand \(index)")
      }
      guard gradient.type == scope.graph[input].type else {
        throw ModelError(.invalidGraph, "a gradient \(gradient.type) of operand \(index)")
      }
      try add(gradient, to: input)
    }
  }

  private mutating func add(_ gradient: Formula, to value: ValueID) throws(ModelError) {
    if let sum = gradients[value] {
      gradients[value] = try sum + gradient
    } else {
      gradients[value] = gradient
    }
  }

  /// The gradient with respect to a value; nil if no output depends on it.
  func gradient(of value: ValueID) -> ValueID? { gradients[value]?.value }
}
