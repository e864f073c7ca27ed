import SkiffBinary
import SkiffGradient
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// A graph that returns, for each index of the axes that sums run along, what a loss changes by to first order without it.
struct GatedLoss: SampledLoss {
  let plan: Plan
  let outputs: LossOutputs
  /// The axes, in the order of the outputs.
  private let axes: [ValueAxis]

  /// - Parameter hasLabels: Whether the loss is the cross-entropy with labels.
  init(
    _ graph: Graph, _ coupling: AxisCoupling, inputShapes: [String: [Int]], hasLabels: Bool
  ) throws(ModelError) {
    var graph = graph
    try graph.setInputShapes(inputShapes)
    let gates = try graph.addGates(coupling.contractions)
    outputs = try LossOutputs(addingTo: &graph, hasLabels: hasLabels)
    let gradients = try graph.addGradients(
      of: outputs.values, outputs.cotangents, to: gates.map(\.value))
    graph.removeOutputs(after: 0)
    for (index, (gate, gradient)) in zip(gates, gradients).enumerated() {
      let product = try graph.add(Multiply(), gate.value, gradient)
      let others = (0..<(graph[product].type?.rank ?? 0)).filter { $0 != gate.axis.axis }
      let sum =
        try others.isEmpty
        ? product : graph.add(ReduceSum(axes: others, keepsDimensions: false), product)
      graph.addOutput(sum, name: "change \(index)")
    }
    graph.removeUnused()
    plan = try Plan(graph)
    axes = gates.map(\.axis)
  }

  /// What the loss changes by for each index, as the outputs of a run say.
  func changes(_ outputs: [String: Tensor]) throws(ModelError) -> [ValueAxis: [Double]] {
    var result: [ValueAxis: [Double]] = [:]
    for (index, axis) in axes.enumerated() {
      guard let changes = try outputs["change \(index)"]?.doubles() else { continue }
      if let old = result[axis] {
        result[axis] = zip(old, changes).map { $0 + $1 }
      } else {
        result[axis] = changes
      }
    }
    return result
  }
}

extension Graph {
  /// Puts an identity before each use in a sum, so that it has a gradient of its own.
  fileprivate mutating func addGates(
    _ contractions: [AxisCoupling.Contraction]
  ) throws(ModelError) -> [(value: ValueID, axis: ValueAxis)] {
    var gates: [(value: ValueID, axis: ValueAxis)] = []
    for contraction in contractions {
      let (node, data) = (self[contraction.node], contraction.data.value)
      guard self[data].constant == nil, self[data].type?.dataType.isFloatingPoint ?? false,
        node.inputs.contains(data)
      else { continue }
      let gate = try add(Identity(), data, before: contraction.node)
      setNode(contraction.node, to: node.operator, inputs: node.inputs.map { $0 == data ? gate : $0 })
      gates.append((gate, contraction.data))
    }
    return gates
  }
}
