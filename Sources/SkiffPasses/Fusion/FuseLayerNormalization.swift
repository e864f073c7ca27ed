import SkiffBinary
import SkiffIR
import SkiffOperators

/// Takes the arithmetic of a layer normalization, or of one by the root mean square, together, so that it is one operator in real numbers.
///
/// 1. With `d = x − mean(x)`: `d / √(mean(d²) + epsilon)` → `LayerNormalization(x)`
/// 2. `LayerNormalization(x) · w` → `LayerNormalization(x; w)` if it has no scale and no shift
/// 3. `LayerNormalization(x; w) + b` → `LayerNormalization(x; w, b)` if it has no shift
/// 4. `x / √(mean(x²) + epsilon)`, or times the reciprocal, → `RMSNormalization(x)`, and that `· w` → `RMSNormalization(x; w)`
///
/// Declines where the means are not along the same last axes, where `w` or `b` is no constant of the sizes of those
/// axes, and where a value in between has another user.
public struct FuseLayerNormalization: Rewrite {
  public static let name = "fuse-layer-normalization"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    switch graph[id].operator {
    case is Divide:
      if try fuseQuotient(id, in: &graph) { return true }
      return try fuseRootMeanSquare(id, in: &graph)
    case is Multiply:
      if try fuseParameter(id, at: 1, in: &graph) { return true }
      return try fuseRootMeanSquare(id, in: &graph)
    case is Add: return try fuseParameter(id, at: 2, in: &graph)
    default: return false
    }
  }

  private func fuseQuotient(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard let centred = node.inputs[0], let deviation = node.inputs[1],
      let difference = graph.producer(of: centred), difference.operator is Subtract,
      let x = difference.inputs[0], let mean = difference.inputs[1], let type = graph[x].type,
      type.dataType.isFloatingPoint, let axes = trailingMean(mean, of: x, in: graph),
      let root = graph.producer(of: deviation), root.operator is Sqrt, let shifted = root.inputs[0],
      let sum = graph.producer(of: shifted), sum.operator is Add
    else { return false }
    for (place, other) in [(0, 1), (1, 0)] {
      guard let variance = sum.inputs[place], let epsilon = sum.inputs[other].flatMap({ graph.scalar($0) }),
        epsilon >= 0, let square = graph.producer(of: variance)?.inputs.first.flatMap(\.self),
        trailingMean(variance, of: square, in: graph) == axes, isSquare(square, of: centred, in: graph)
      else { continue }
      var operator_ = LayerNormalization()
      operator_.axis = axes.lowerBound - type.rank
      operator_.epsilon = epsilon
      let result = try graph.add(
        operator_, x, name: node.name, origins: node.origins, outputName: graph[node.outputs[0]].name,
        before: id)
      graph.replaceUses(of: node.outputs[0], with: result)
      return true
    }
    return false
  }

  private func fuseRootMeanSquare(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    for (place, other) in [(0, 1), (1, 0)] {
      guard let x = node.inputs[place], let factor = node.inputs[other], let type = graph[x].type,
        type.dataType.isFloatingPoint, node.operator is Multiply || place == 0,
        let shifted = radicand(factor, isReciprocal: node.operator is Multiply, in: graph),
        let sum = graph.producer(of: shifted), sum.operator is Add,
        // The quotient of a layer normalization has the same form.
        !(graph.producer(of: x)?.operator is Subtract)
      else { continue }
      for (first, second) in [(0, 1), (1, 0)] {
        guard let mean = sum.inputs[first], let epsilon = sum.inputs[second].flatMap({ graph.scalar($0) }),
          epsilon >= 0, let square = graph.producer(of: mean)?.inputs.first.flatMap(\.self),
          let axes = trailingMean(mean, of: square, in: graph), isSquare(square, of: x, in: graph)
        else { continue }
        var normalization = RMSNormalization()
        normalization.axis = axes.lowerBound - type.rank
        normalization.epsilon = epsilon
        let result = try graph.add(
          normalization, x, name: node.name, origins: node.origins,
          outputName: graph[node.outputs[0]].name, before: id)
        graph.replaceUses(of: node.outputs[0], with: result)
        return true
      }
    }
    return false
  }

  /// What a value is the root of, or the reciprocal of the root.
  private func radicand(_ value: ValueID, isReciprocal: Bool, in graph: Graph) -> ValueID? {
    guard let node = graph.producer(of: value) else { return nil }
    guard isReciprocal else { return node.operator is Sqrt ? node.inputs[0] : nil }
    switch node.operator {
    case is Rsqrt: return node.inputs[0]
    case is Reciprocal: return node.inputs[0].flatMap { radicand($0, isReciprocal: false, in: graph) }
    case is Divide where node.inputs[0].flatMap { graph.scalar($0) } == 1:
      return node.inputs[1].flatMap { radicand($0, isReciprocal: false, in: graph) }
    default: return nil
    }
  }

  private func fuseParameter(_ id: NodeID, at index: Int, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    for (place, other) in [(0, 1), (1, 0)] {
      guard let value = node.inputs[place], let parameter = node.inputs[other],
        let producer = graph.producer(of: value),
        let operator_ = producer.operator as? any TrailingNormalization,
        index < type(of: operator_).operands.count,
        graph.soleUser(of: value) == id,
        producer.inputs.count <= index || producer.inputs[index...].allSatisfy({ $0 == nil }),
        let valueType = graph[value].type, let constant = graph[parameter].constant,
        constant.type.dataType == valueType.dataType,
        let axis = try? normalizedAxis(operator_.axis, rank: valueType.rank),
        Shape(constant.shape) == Shape(Array(valueType.shape.dimensions[axis...]))
      else { continue }
      var inputs = Array(producer.inputs.prefix(index))
      while inputs.count < index { inputs.append(nil) }
      let result = try graph.addNode(
        operator_, inputs + [parameter], name: producer.name, origins: producer.origins + node.origins,
        outputNames: [graph[node.outputs[0]].name], before: id)
      graph.replaceUses(of: node.outputs[0], with: result[0])
      return true
    }
    return false
  }

  /// The axes, all up to the last one, that `value` is the mean of `x` along.
  private func trailingMean(_ value: ValueID, of x: ValueID, in graph: Graph) -> Range<Int>? {
    guard let node = graph.producer(of: value), let mean = node.operator as? ReduceMean, mean.keepsDimensions,
      node.inputs.first == x, let rank = graph[x].type?.rank, let axes = try? mean.reducedAxes(rank: rank),
      let first = axes.min(), axes.sorted() == Array(first..<rank)
    else { return nil }
    return first..<rank
  }

  private func isSquare(_ value: ValueID, of x: ValueID, in graph: Graph) -> Bool {
    guard let node = graph.producer(of: value), node.inputs.first == x else { return false }
    if node.operator is Square { return true }
    if node.operator is Power { return node.inputs[1].flatMap { graph.scalar($0) } == 2 }
    return node.operator is Multiply && node.inputs[1] == x
  }
}
