import SkiffBinary
import SkiffIR
import SkiffOperators

/// `x · ½ · (1 + erf(x / √2))`, in whatever order its factors come → `Gelu(x)`.
///
/// 1. `1 + erf(x / √2)` → the exact form
/// 2. `1 + tanh(√(2/π) · (x + 0.044715 · x³))`, also as `x · (1 + 0.044715 · x²)` → the approximation
///
/// Declines where a product in between has another user, where a constant is off by more than a part in a thousand,
/// and on integers.
public struct FuseGelu: Rewrite {
  public static let name = "fuse-gelu"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard node.operator is Multiply, let result = node.outputs.first,
      graph[result].type?.dataType.isFloatingPoint == true
    else { return false }
    let product = Product(of: result, in: graph)
    guard product.isAbout(0.5), product.factors.count == 2 else { return false }
    for (x, distribution) in [(0, 1), (1, 0)].map({ (product.factors[$0.0], product.factors[$0.1]) }) {
      guard let approximation = approximation(distribution, of: x, in: graph) else { continue }
      var gelu = Gelu()
      gelu.approximation = approximation
      let fused = try graph.add(
        gelu, x, name: node.name, origins: node.origins, outputName: graph[result].name, before: id)
      graph.replaceUses(of: result, with: fused)
      return true
    }
    return false
  }

  /// How `value`, twice the Gaussian distribution, is computed from `x`; nil if it is not.
  private func approximation(_ value: ValueID, of x: ValueID, in graph: Graph) -> GeluApproximation? {
    guard let function = sum(value, of: 1, in: graph), let node = graph.producer(of: function),
      let argument = node.inputs.first.flatMap(\.self)
    else { return nil }
    let product = Product(of: argument, in: graph)
    if node.operator is Erf {
      return product.isAbout(0.5.squareRoot()) && product.factors == [x] ? GeluApproximation.none : nil
    }
    guard node.operator is Tanh, product.isAbout((2 / Double.pi).squareRoot()) else { return nil }
    if product.factors.count == 1 {
      // x + 0.044715 · x³
      guard let node = graph.producer(of: product.factors[0]), node.operator is Add, node.inputs.contains(x),
        let other = node.inputs.first(where: { $0 != x }) ?? nil
      else { return nil }
      return isCubicPart(other, of: x, power: 3, in: graph) ? .tanh : nil
    }
    guard product.factors.count == 2, let place = product.factors.firstIndex(of: x),
      let other = sum(product.factors[1 - place], of: 1, in: graph)
    else { return nil }
    return isCubicPart(other, of: x, power: 2, in: graph) ? .tanh : nil
  }

  private func isCubicPart(_ value: ValueID, of x: ValueID, power: Int, in graph: Graph) -> Bool {
    let product = Product(of: value, in: graph)
    return product.isAbout(0.044715) && product.factors == [ValueID](repeating: x, count: power)
  }

  /// The other term where `value` is a sum with this number.
  private func sum(_ value: ValueID, of number: Float, in graph: Graph) -> ValueID? {
    guard let node = graph.producer(of: value), node.operator is Add, node.inputs.count == 2,
      let first = node.inputs[0], let second = node.inputs[1]
    else { return nil }
    if graph.scalar(second) == number { return first }
    return graph.scalar(first) == number ? second : nil
  }
}
