import SkiffIR
import SkiffOperators

extension Graph {
  /// Whether the integers of a value are computed from sizes of tensors and from constants of 32 bits, so that 32 bits hold
  /// them, whatever their type.
  func isMadeOfSizes(_ value: ValueID, depth: Int = 32) -> Bool {
    guard depth > 0, self[value].type?.dataType.isInteger == true else { return false }
    if let constant = self[value].constant {
      return constant.smallIntegers()?.allSatisfy { Int32(exactly: $0) != nil } ?? false
    }
    guard let producer = producer(of: value) else { return false }
    let parts: [ValueID?]
    switch producer.operator {
    case is ShapeOf, is SizeOf: return true
    case is Gather, is Slice, is Squeeze, is Unsqueeze, is Reshape, is Cast, is Identity:
      parts = [producer.inputs[0]]
    case is Concat, is Add, is Subtract, is Multiply, is Divide, is FloorDivide, is Modulo, is Minimum,
      is Maximum:
      parts = producer.inputs
    default: return false
    }
    return parts.allSatisfy { $0.map { isMadeOfSizes($0, depth: depth - 1) } ?? false }
  }
}
