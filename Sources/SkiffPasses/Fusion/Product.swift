import SkiffIR
import SkiffOperators

/// A value as a product of a number and other values, seen through products and quotients that nothing else uses.
struct Product {
  private(set) var number = 1.0
  private(set) var factors: [ValueID] = []

  init(of value: ValueID, in graph: Graph) {
    expand(value, in: graph, depth: 0)
  }

  /// Whether the number is this one, but for a share by which constants are rounded.
  func isAbout(_ wanted: Double, within share: Double = 1e-5) -> Bool {
    abs(number - wanted) <= share * wanted
  }

  private mutating func expand(_ value: ValueID, in graph: Graph, depth: Int) {
    if let scalar = graph.scalar(value) {
      number *= Double(scalar)
      return
    }
    guard depth < 8, let node = graph.producer(of: value), depth == 0 || graph.soleUser(of: value) != nil,
      let first = node.inputs.first.flatMap(\.self)
    else { return factors.append(value) }
    let second = node.inputs.count > 1 ? node.inputs[1] : nil
    if let host = node.operator as? any ActivationHost, host.activation != .none {
      return factors.append(value)
    }
    switch node.operator {
    case is Multiply:
      guard let second else { return factors.append(value) }
      expand(first, in: graph, depth: depth + 1)
      expand(second, in: graph, depth: depth + 1)
    case is Divide:
      guard let divisor = second.flatMap({ graph.scalar($0) }), divisor != 0 else {
        return factors.append(value)
      }
      number /= Double(divisor)
      expand(first, in: graph, depth: depth + 1)
    case is Power:
      guard let exponent = second.flatMap({ graph.scalar($0) }), exponent == 2 || exponent == 3 else {
        return factors.append(value)
      }
      factors += [ValueID](repeating: first, count: Int(exponent))
    default: factors.append(value)
    }
  }
}
