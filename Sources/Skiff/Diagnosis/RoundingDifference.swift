import SkiffBinary
import SkiffIR
import SkiffOperators

/// How far an operator's integers depend on the runtime that computes them.
///
/// Skiff rounds as LiteRT's reference kernels do: with factors in fixed point, in one to three steps. XNNPACK, ONNX Runtime and others compute
/// the same result in real numbers and round once, halves to even; and so does what this compares with, from the same operands.
public struct RoundingDifference: Hashable, Sendable {
  /// The elements that were compared.
  public internal(set) var count = 0
  /// Those of them that are other integers if they are rounded once.
  public internal(set) var differingCount = 0
  /// By how many steps an element differs at most.
  public internal(set) var largest = 0

  /// The share of the elements that differ.
  public var share: Double { count == 0 ? 0 : Double(differingCount) / Double(count) }

  /// Adds the elements of a run: the integers that were found and the real numbers that they stand for.
  mutating func add(_ found: Tensor, exact: Tensor) throws(ModelError) {
    // Beyond 32 bits integers are no rounding of float32.
    guard found.dataType.bitWidth <= 32, let parameters = found.quantization?.perTensor, parameters.scale > 0,
      found.shape == exact.shape
    else { return }
    let range = found.dataType.integerRange()
    let (codes, reals) = (try found.integers(), try exact.floats())
    let bounds = (Double(range.lowerBound), Double(range.upperBound))
    for (code, real) in zip(codes, reals) where real.isFinite {
      let steps = (real / parameters.scale).rounded(.toNearestOrEven)
      let expected = Int(min(max(Double(steps) + Double(parameters.zeroPoint), bounds.0), bounds.1))
      count += 1
      if code != expected { differingCount += 1 }
      largest = max(largest, abs(code - expected))
    }
  }
}

/// A node of integers as a graph of its own that computes in the real numbers that they stand for.
struct RealTwin: Sendable {
  /// Its inputs are named by numbers, in the order of ``operands``; its output is `result`.
  let graph: Graph
  /// The values that the inputs stand for.
  let operands: [ValueID]

  /// Nil if the first result is not made of integers that stand for real numbers, or an operand says too little.
  init?(of node: Node, in graph: Graph) throws(ModelError) {
    guard let output = node.outputs.first, let type = graph[output].type, type.isQuantized,
      !(node.operator is any DataMovement)
    else { return nil }
    var twin = Graph()
    var operands: [ValueID] = []
    var inputs: [ValueID?] = []
    for (index, input) in node.inputs.enumerated() {
      guard let input else {
        inputs.append(nil)
        continue
      }
      guard let type = graph[input].type else { return nil }
      // Sums without a scale, as biases can be, stand for nothing known.
      guard type.isQuantized || index < 2 || type.dataType.isFloatingPoint else { return nil }
      if let constant = graph[input].constant {
        inputs.append(twin.addConstant(try constant.materialize().dequantizedIfNeeded()))
      } else {
        inputs.append(
          twin.addInput("\(operands.count)", type.isQuantized ? TensorType(.float32, type.shape) : type))
        operands.append(input)
      }
    }
    let result: ValueID?
    if node.operator is Quantize {
      result = inputs[0]
    } else {
      let types = node.outputs.map { graph[$0].type.map { TensorType(.float32, $0.shape) } }
      result = try twin.addNode(node.operator, inputs, types: types).first
    }
    guard let result else { return nil }
    twin.addOutput(result, name: "result")
    (self.graph, self.operands) = (twin, operands)
  }
}

extension SideBySide {
  /// How far the integers of each node of the candidate depend on the runtime; without those that cannot be told.
  func roundingDifferences(_ progress: WorkProgress.Observer?) throws(ModelError) -> [NodeID:
    RoundingDifference]
  {
    var twins: [(node: NodeID, output: ValueID, twin: RealTwin, sessions: SessionCache)] = []
    for id in candidate.nodeIDs {
      // What does not run in real numbers is not compared.
      guard let output = candidate[id].outputs.first,
        let twin = try? RealTwin(of: candidate[id], in: candidate)
      else { continue }
      twins.append((id, output, twin, SessionCache(PlanCache(twin.graph))))
    }
    let wanted = Set(twins.flatMap { $0.twin.operands + [$0.output] })
    var differences: [NodeID: RoundingDifference] = [:]
    var sessions = SessionCache(PlanCache(candidate))
    for (number, run) in runs.enumerated() where !twins.isEmpty {
      var kept: [ValueID: Tensor] = [:]
      let inputs = try interface.inputs(from: run, orders: orders, candidate: candidate)
      _ = try sessions.run(inputs) { id, tensor throws(ModelError) in
        if wanted.contains(id) { kept[id] = try tensor.copied() }
      }
      for index in twins.indices {
        var operands: [String: Tensor] = [:]
        for (place, operand) in twins[index].twin.operands.enumerated() {
          operands["\(place)"] = try kept[operand]?.dequantizedIfNeeded()
        }
        guard let found = kept[twins[index].output],
          let exact = try? twins[index].sessions.run(operands)["result"]
        else { continue }
        try differences[twins[index].node, default: RoundingDifference()].add(found, exact: exact)
      }
      progress?(WorkProgress(step: "diagnosing rounding", completed: number + 1, total: runs.count))
    }
    return differences
  }
}
