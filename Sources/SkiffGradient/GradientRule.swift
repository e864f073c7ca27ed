import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

/// An operator whose derivatives are expressions of other operators.
protocol GradientRule: Operator {
  /// The gradients with respect to operands, by their index: the products of the cotangents of the results with the derivatives.
  ///
  /// Those of operands that are not wanted may be missing.
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula]
}

/// An operator that maps each element, or each line of elements, of its only operand of real numbers.
protocol UnaryGradient: GradientRule {
  /// The gradient with respect to the operand `x` from that of the result `y`.
  func gradient(_ dy: Formula, x: Formula, y: Formula) throws(ModelError) -> Formula
}

extension UnaryGradient {
  func gradients(_ node: DifferentiatedNode) throws(ModelError) -> [Int: Formula] {
    [0: try gradient(node.cotangent(), x: node.operand(0), y: node.result())]
  }
}

/// An operator whose results are the same for operands that differ little, almost everywhere: nothing depends on it.
protocol StepFunction: Operator {}

extension Node {
  /// Whether small differences of the operands make none of the results.
  func isStep(in graph: Graph) -> Bool {
    if let cast = self.operator as? Cast { return !cast.dataType.isFloatingPoint }
    return self.operator is any StepFunction
  }
}

/// A node on the way back: its values, and the cotangents of its results.
struct DifferentiatedNode {
  private let scope: FormulaScope
  /// The cotangents of the results; nil for one that nothing depends on.
  let cotangents: [Formula?]
  /// The operands that gradients are asked for.
  private let wanted: Set<Int>

  init(_ scope: FormulaScope, cotangents: [Formula?], wanted: Set<Int>) {
    (self.scope, self.cotangents, self.wanted) = (scope, cotangents, wanted)
  }

  /// Whether the gradient with respect to an operand is asked for.
  func wants(_ operand: Int) -> Bool { wanted.contains(operand) }

  /// The number of operands, those left out included.
  var operandCount: Int { scope.node.inputs.count }

  /// An operand that may be left out.
  func optional(_ index: Int) -> Formula? {
    guard index < scope.node.inputs.count, let value = scope.node.inputs[index] else { return nil }
    return Formula(value, in: scope)
  }

  /// An operand.
  func operand(_ index: Int) throws(ModelError) -> Formula {
    guard let operand = optional(index) else {
      throw ModelError(.invalidGraph, "operand \(index) is missing")
    }
    return operand
  }

  /// The tensor of an operand, nil if it is left out.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if it is computed.
  func constant(_ index: Int) throws(ModelError) -> Tensor? {
    guard let operand = optional(index) else { return nil }
    guard let tensor = try operand.constantTensor else {
      throw ModelError(.unsupported, "there is no derivative where operand \(index) is computed")
    }
    return tensor
  }

  /// A result.
  func result(_ index: Int = 0) -> Formula { Formula(scope.node.outputs[index], in: scope) }

  /// The cotangent of the first result.
  func cotangent() throws(ModelError) -> Formula {
    guard let first = cotangents.first, let cotangent = first else {
      throw ModelError(.unsupported, "there is no derivative of other results than the first")
    }
    return cotangent
  }

  /// The cotangent of the first result before a clamp of the result: zero where the clamp holds.
  func cotangent(before clamp: FusedActivation) throws(ModelError) -> Formula {
    try cotangent().inside(result(), clamp.lowerBound, clamp.upperBound)
  }
}
