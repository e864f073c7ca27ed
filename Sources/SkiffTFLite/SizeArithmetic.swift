import SkiffIR
import SkiffOperators

/// Finds integers that are computed from sizes of tensors, from indices and from constants, and what they are at most.
struct SizeArithmetic {
  /// What the size of an axis is taken to be at most; runtimes count all elements of a tensor in 32 bits.
  private static let largestSize = 0x1p26

  private let graph: Graph
  private var known: [ValueID: Double?] = [:]

  init(_ graph: Graph) { self.graph = graph }

  /// Whether 32 bits hold the elements of a value, whatever their type.
  mutating func fits32Bits(_ value: ValueID) -> Bool { magnitude(value).map { $0 <= 0x1p31 - 1 } ?? false }

  /// The greatest magnitude of the elements, nil for what is not made of sizes and indices.
  private mutating func magnitude(_ value: ValueID) -> Double? {
    if let found = known[value] { return found }
    // What depends on itself through many steps is given up.
    known[value] = .some(nil)
    let found = computed(value)
    known[value] = .some(found)
    return found
  }

  private mutating func computed(_ value: ValueID) -> Double? {
    guard known.count < 256, graph[value].type?.dataType.isInteger == true else { return nil }
    if let constant = graph[value].constant {
      return constant.smallIntegers().map { $0.map { Double($0.magnitude) }.max() ?? 0 }
    }
    guard let producer = graph.producer(of: value) else { return nil }
    var parts: [Double] = []
    func part(_ index: Int, _ arithmetic: inout SizeArithmetic) -> Double? {
      guard index < producer.inputs.count, let input = producer.inputs[index] else { return nil }
      return arithmetic.magnitude(input)
    }
    switch producer.operator {
    case is ShapeOf, is any ArgExtreme, is NonZero: return Self.largestSize
    case is TopK: return value == producer.outputs[1] ? Self.largestSize : part(0, &self)
    case is Modulo: return part(1, &self)
    case is Pad: return nil
    case is Concat, is Add, is Subtract, is Multiply, is Minimum, is Maximum:
      for index in producer.inputs.indices {
        guard let magnitude = part(index, &self) else { return nil }
        parts.append(magnitude)
      }
    case is any DataMovement, is Cast, is Divide, is FloorDivide: return part(0, &self)
    default: return nil
    }
    switch producer.operator {
    case is Add, is Subtract: return parts.reduce(0, +)
    case is Multiply: return parts.reduce(1, *)
    default: return parts.max()
    }
  }
}
