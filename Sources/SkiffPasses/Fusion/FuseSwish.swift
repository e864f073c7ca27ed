import SkiffBinary
import SkiffIR
import SkiffOperators

/// Takes a gate of `x` on `x` itself together, in whatever order its factors come.
///
/// 1. `x · Sigmoid(x)` → `Swish(x)`
/// 2. `x · HardSigmoid(x)` with slope 1/6 from 1/2 → `HardSwish(x)`
/// 3. `x · clamp(x + 3, 0, 6) / 6` → `HardSwish(x)`; the clamp is a `Clip`, a minimum of a maximum, or one that the
///    addition has
/// 4. `x · clamp(x / 6 + 1/2, 0, 1)` → `HardSwish(x)`
///
/// Declines where a product in between has another user, where a constant is off by more than rounding to float32, and
/// on integers.
public struct FuseSwish: Rewrite {
  public static let name = "fuse-swish"

  /// By how large a share constants may be off.
  private static let rounding = 1e-6

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard Self.canEnd(node), let result = node.outputs.first, let type = graph[result].type,
      type.dataType.isFloatingPoint
    else { return false }
    let product = Product(of: result, in: graph)
    guard product.factors.count == 2 else { return false }
    for (x, gate) in [(0, 1), (1, 0)].map({ (product.factors[$0.0], product.factors[$0.1]) }) {
      guard let fused = function(of: x, gate: gate, product, in: graph), graph[x].type?.shape == type.shape
      else { continue }
      let value = try graph.add(
        fused, x, name: node.name, origins: node.origins, outputName: graph[result].name, before: id)
      graph.replaceUses(of: result, with: value)
      return true
    }
    return false
  }

  private static func canEnd(_ node: Node) -> Bool {
    guard let host = node.operator as? any ActivationHost, host.activation == .none else { return false }
    return node.operator is Multiply || node.operator is Divide
  }

  private func function(
    of x: ValueID, gate: ValueID, _ product: Product, in graph: Graph
  ) -> (any Operator)? {
    func isAbout(_ number: Double) -> Bool { product.isAbout(number, within: Self.rounding) }
    guard let producer = graph.producer(of: gate) else { return nil }
    if producer.inputs == [x] {
      if producer.operator is Sigmoid { return isAbout(1) ? Swish() : nil }
      guard let line = producer.operator as? HardSigmoid else { return nil }
      return isAbout(1) && abs(line.alpha - 1 / 6) < 1e-6 && line.beta == 0.5 ? HardSwish() : nil
    }
    guard let clamp = Clamp(of: gate, in: graph), clamp.minimum == 0 else { return nil }
    // The line under the clamp is slope · (x + 3) with the slope that makes the product x / 6.
    guard let slope = clamp.maximum.map({ Double($0) / 6 }), slope > 0, isAbout(1 / 6 / slope),
      let offset = clamp.offset, abs(Double(offset) - 3 * slope) <= Self.rounding
    else { return nil }
    let line = Product(of: clamp.base, in: graph)
    return line.isAbout(slope, within: Self.rounding) && line.factors == [x] ? HardSwish() : nil
  }
}

/// A value as a clamp of `base + offset`.
private struct Clamp {
  private(set) var minimum: Float?
  private(set) var maximum: Float?
  private(set) var base: ValueID
  private(set) var offset: Float?

  /// Nil if the value is no clamp with bounds that are known.
  init?(of value: ValueID, in graph: Graph) {
    base = value
    guard takeClamps(in: graph), let node = graph.producer(of: base), node.operator is Add,
      node.inputs.count == 2, let first = node.inputs[0], let second = node.inputs[1]
    else { return nil }
    if let number = graph.scalar(second) {
      (base, offset) = (first, number)
    } else if let number = graph.scalar(first) {
      (base, offset) = (second, number)
    }
  }

  private mutating func takeClamps(in graph: Graph) -> Bool {
    while let node = graph.producer(of: base), let first = node.inputs.first.flatMap(\.self) {
      switch node.operator {
      case let sum as Add:
        guard sum.activation != .none else { return minimum != nil || maximum != nil }
        guard minimum == nil, maximum == nil else { return false }
        (minimum, maximum) = (sum.activation.lowerBound, sum.activation.upperBound)
        return true
      case let clip as Clip:
        guard minimum == nil, maximum == nil else { return false }
        let bounds = node.inputs.dropFirst()
        guard bounds.allSatisfy({ $0.map { graph.scalar($0) != nil } ?? true }) else { return false }
        minimum =
          node.inputs.count > 1 ? node.inputs[1].flatMap { graph.scalar($0) } ?? clip.minimum : clip.minimum
        maximum =
          node.inputs.count > 2 ? node.inputs[2].flatMap { graph.scalar($0) } ?? clip.maximum : clip.maximum
        base = first
      case is Relu:
        guard minimum == nil else { return false }
        (minimum, base) = (0, first)
      case is Minimum, is Maximum:
        guard node.inputs.count == 2, let second = node.inputs[1] else { return false }
        guard let number = graph.scalar(second) ?? graph.scalar(first) else { return false }
        if node.operator is Minimum {
          guard maximum == nil else { return false }
          maximum = number
        } else {
          guard minimum == nil else { return false }
          minimum = number
        }
        base = graph.scalar(second) != nil ? first : second
      default: return false
      }
    }
    return false
  }
}
