import SkiffBinary
import SkiffIR

/// The part of a reference that computes what one node of a candidate does, as a graph of its own: on the candidate's
/// operands it tells what the node alone loses.
struct Counterpart: Sendable {
  /// Its inputs are named by numbers, in the order of ``operands``.
  let graph: Graph
  /// The candidate's values that the inputs stand for.
  let operands: [ValueID]

  /// The most nodes of such a part.
  private static let limit = 64

  /// Nil if the part is too large, or reaches what the candidate's operands do not give.
  ///
  /// - Parameters:
  ///   - output: The candidate's value, which has a partner.
  ///   - isUsable: Whether a value of the candidate equals its partner but for noise.
  init?(
    of output: ValueID, computedBy node: Node, in candidate: Graph, _ reference: Graph, _ pairs: ValuePairs,
    isUsable: (ValueID) -> Bool
  ) {
    guard let result = pairs.partners[output]?.value else { return nil }
    var part = Graph()
    var copies: [ValueID: ValueID] = [:]
    var operands: [ValueID] = []
    // Values without a partner are passed by.
    var (open, seen) = (node.inputs.compactMap(\.self), Set<ValueID>())
    while let value = open.popLast() {
      guard seen.insert(value).inserted, candidate[value].constant == nil else { continue }
      if isUsable(value), let partner = pairs.partners[value]?.value {
        guard copies[partner] == nil, reference[partner].constant == nil else { continue }
        guard let type = reference[partner].type else { return nil }
        copies[partner] = part.addInput("\(operands.count)", type)
        operands.append(value)
      } else if let producer = candidate.producer(of: value), seen.count <= Self.limit {
        open += producer.inputs.compactMap(\.self)
      } else {
        return nil
      }
    }
    guard let copy = Self.copy(result, of: reference, to: &part, &copies) else { return nil }
    part.addOutput(copy, name: "result")
    (graph, self.operands) = (part, operands)
  }

  /// Copies what computes a value from those that are copied already.
  private static func copy(
    _ value: ValueID, of reference: Graph, to part: inout Graph, _ copies: inout [ValueID: ValueID]
  ) -> ValueID? {
    if let known = copies[value] { return known }
    if let constant = reference[value].constant {
      copies[value] = part.addConstant(constant)
      return copies[value]
    }
    guard let node = reference.producer(of: value), part.nodeIDs.count < limit, copies.count < 4 * limit
    else { return nil }
    var inputs: [ValueID?] = []
    for input in node.inputs {
      guard let input else {
        inputs.append(nil)
        continue
      }
      guard let copy = copy(input, of: reference, to: &part, &copies) else { return nil }
      inputs.append(copy)
    }
    guard part.nodeIDs.count < limit,
      let results = try? part.addNode(node.operator, inputs, types: node.outputs.map { reference[$0].type })
    else { return nil }
    for (old, new) in zip(node.outputs, results) { copies[old] = new }
    return copies[value]
  }
}
