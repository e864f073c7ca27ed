import SkiffIR
import SkiffOperators

extension Graph {
  /// The indices that an input of integers can be: those of the smallest table in which it looks something up; nil if it
  /// looks nothing up.
  func indexRange(of input: ValueID) -> ClosedRange<Double>? {
    guard self[input].type?.dataType.isInteger == true else { return nil }
    // The input, moved or in another integer type.
    var carriers: Set<ValueID> = [input]
    var size: Int?
    for id in nodeIDs {
      let node = self[id]
      func isCarried(_ index: Int) -> Bool {
        index < node.inputs.count && node.inputs[index].map(carriers.contains) == true
      }
      if let gather = node.operator as? Gather, isCarried(1),
        let table = node.inputs[0].flatMap({ self[$0].type })
      {
        let axis = gather.axis < 0 ? gather.axis + table.rank : gather.axis
        if (0..<table.rank).contains(axis), let own = table.shape[axis].fixed { size = min(size ?? own, own) }
      } else if isCarried(0), node.operator is any DataMovement || node.operator is Cast {
        carriers.formUnion(node.outputs.filter { self[$0].type?.dataType.isInteger == true })
      }
    }
    return size.map { 0...Double(max(0, $0 - 1)) }
  }
}
