import SkiffBinary
import SkiffGradient
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// A graph that returns, for each index of the axes that sums run along, what a loss changes by to first order without it.
struct GatedLoss: Sendable {
  /// An output that the loss looks at: real numbers, or what a softmax makes probabilities of.
  private struct Source: Sendable {
    let name: String
    let shape: [Int]
    let dataType: DataType
  }

  let plan: Plan
  /// The axes, in the order of the outputs.
  private let axes: [ValueAxis]
  private let sources: [Source]

  /// - Parameter hasLabels: Whether the loss is the cross-entropy with labels; else it is the divergence from the model itself.
  init(
    _ graph: Graph, _ coupling: AxisCoupling, inputShapes: [String: [Int]], hasLabels: Bool
  ) throws(ModelError) {
    var graph = graph
    try graph.setInputShapes(inputShapes)
    let gates = try graph.addGates(coupling.contractions)
    var losses = graph.outputs.map(\.value).filter { graph[$0].type?.dataType.isFloatingPoint ?? false }
    if hasLabels { losses = Array(losses.prefix(1)) }
    guard !losses.isEmpty else {
      throw ModelError(.unsupported, "the ranking 'taylor' of a model without outputs of real numbers")
    }
    var (outputs, cotangents, sources): ([ValueID], [ValueID], [Source]) = ([], [], [])
    for (index, output) in losses.enumerated() {
      let place = Location(tensor: graph[output].name)
      let (value, softmax) = graph.logits(of: output)
      guard let type = graph[value].type, let shape = type.shape.fixed else {
        throw ModelError(.unsupported, "the ranking 'taylor' needs sizes that are fixed", at: place)
      }
      let source = Source(name: "taylor/\(index)", shape: shape, dataType: type.dataType)
      let given = graph.addInput(source.name, type)
      outputs.append(value)
      sources.append(source)
      if hasLabels {
        guard type.rank > 0, softmax.map({ $0.isLast(in: type.rank) }) ?? true else {
          throw ModelError(
            .unsupported, "labels for an output without an axis of classes at the end", at: place)
        }
        let probabilities = try graph.add(Softmax(), value)
        cotangents.append(try graph.add(Subtract(), probabilities, given))
      } else if let softmax {
        cotangents.append(try graph.addFisherRoot(of: softmax, value, signs: given))
      } else {
        cotangents.append(given)
      }
    }
    let gradients = try graph.addGradients(of: outputs, cotangents, to: gates.map(\.value))
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
    self.sources = sources
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

  /// Random signs for each of the outputs.
  func signs(seed: UInt64) throws(ModelError) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (index, source) in sources.enumerated() {
      let numbers = try Tensor(seed: seed &<< 8 ^ UInt64(index), source.dataType, shape: source.shape)
      let signs = try numbers.floats().map { $0 < 0 ? Float(-1) : 1 }
      result[source.name] = try Tensor(floats: signs, as: source.dataType, shape: source.shape)
    }
    return result
  }

  /// The distribution that is all in the labelled class, for each row of the first output.
  ///
  /// - Parameter row: The label of the first row; behind the last one in the end.
  func target(
    _ labels: [Int], from row: inout Int
  ) throws(ModelError) -> (name: String, target: Tensor) {
    let source = sources[0]
    let classes = source.shape.last ?? 1
    var elements = [Float](repeating: 0, count: source.shape.reduce(1, *))
    for start in stride(from: 0, to: elements.count, by: max(1, classes)) {
      guard row < labels.count else {
        throw ModelError(
          .invalidArgument, "there are \(labels.count) labels, and more rows of the model's first output")
      }
      guard (0..<classes).contains(labels[row]) else {
        throw ModelError(
          .invalidArgument, "\(labels[row]) is none of the \(classes) classes of the model's first output",
          at: Location(attribute: "label \(row)"))
      }
      elements[start + labels[row]] = 1
      row += 1
    }
    return (source.name, try Tensor(floats: elements, as: source.dataType, shape: source.shape))
  }
}

extension Softmax {
  fileprivate func isLast(in rank: Int) -> Bool { axis == -1 || axis == rank - 1 }
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

  /// What an output is a softmax of, and the softmax; the output itself if it is none.
  fileprivate func logits(of output: ValueID) -> (value: ValueID, softmax: Softmax?) {
    guard let node = producer(of: output), let softmax = node.operator as? Softmax, softmax.beta == 1,
      let input = node.inputs[0]
    else { return (output, nil) }
    return (input, softmax)
  }

  /// Adds `B · signs` with `B · Bᵀ = diag(p) − p · pᵀ`, the Fisher information of `p = softmax(x)`: B is `diag(√p) − p · √pᵀ`.
  fileprivate mutating func addFisherRoot(
    of softmax: Softmax, _ logits: ValueID, signs: ValueID
  ) throws(ModelError) -> ValueID {
    let probabilities = try add(softmax, logits)
    let scaled = try add(Multiply(), add(Sqrt(), probabilities), signs)
    let sum = try add(ReduceSum(axes: [softmax.axis], keepsDimensions: true), scaled)
    return try add(Subtract(), scaled, add(Multiply(), probabilities, sum))
  }
}
