import SkiffIR
import SkiffOperators

extension Graph {
  /// The indices that an input of integers can be: those that every operator allows which it tells places; nil if it tells
  /// none.
  func indexRange(of input: ValueID) -> ClosedRange<Double>? {
    guard let dataType = self[input].type?.dataType, dataType.isInteger else { return nil }
    // The input, moved or in another integer type.
    var carriers: Set<ValueID> = [input]
    var greatest: Int?
    for id in nodeIDs {
      let node = self[id]
      func isCarried(_ index: Int) -> Bool {
        index < node.inputs.count && node.inputs[index].map(carriers.contains) == true
      }
      if let indexed = node.operator as? any IndexedOperator, isCarried(type(of: indexed).indexOperand) {
        let operands = node.inputs.map { $0.flatMap { self[$0].type?.shape } }
        if let own = indexed.greatestIndex(operands, result: self[node.outputs[0]].type?.shape) {
          greatest = min(greatest ?? own, own)
        }
      } else if isCarried(0) && (node.operator is any DataMovement || node.operator is Cast)
        || node.operator is Concat && node.inputs.indices.contains(where: isCarried)
      {
        carriers.formUnion(node.outputs.filter { self[$0].type?.dataType.isInteger == true })
      }
    }
    return greatest.map { 0...Double(min(max(0, $0), dataType.integerRange().upperBound)) }
  }
}
