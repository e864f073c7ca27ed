import SkiffBinary
import SkiffIR
import SkiffOperators

/// Takes blocks that are gathered into the batch around a convolution, and spread again behind it, for what they are: gaps in the
/// window.
///
/// 1. `BatchToSpace(Convolution(SpaceToBatch(x)))` → `Convolution(x) {dilations, pads}`
/// 2. the same with an axis of size 1 before the first one of space, put in before the convolution and taken away behind it
///
/// Declines on windows with strides, gaps or padding of their own, where a result has other users, where more is cropped than was
/// padded, where the integers of operand and result stand for other numbers than those around them, and where the operand is rounded
/// by its range: each place of a block has its own.
public struct FuseDilation: Rewrite {
  public static let name = "fuse-dilation"

  /// Creates the rewrite.
  public init() {}

  public func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    guard let spread = graph[id].operator as? BatchToSpace,
      let chain = Chain(endingAt: id, in: graph),
      let gather = chain.gather.operator as? SpaceToBatch, gather.blockSizes == spread.blockSizes,
      var convolution = chain.convolution.operator as? Convolution, convolution.layout == .last,
      convolution.padding == .explicit, convolution.pads.allSatisfy({ $0 == 0 }),
      (convolution.strides + convolution.dilations).allSatisfy({ $0 == 1 }),
      let x = chain.gather.inputs[0], let w = chain.convolution.inputs[1],
      graph[x].type?.isQuantized == graph[w].type?.isQuantized,
      let rank = graph[chain.convolution.outputs[0]].type?.rank,
      graph[x].type?.quantization == graph[chain.gather.outputs[0]].type?.quantization,
      let result = graph[graph[id].outputs[0]].type,
      result.quantization == graph[chain.convolution.outputs[0]].type?.quantization,
      result.quantization.map({ $0.granularity == .perTensor }) ?? true
    else { return false }
    let blocks = (chain.isFlat ? [1] : []) + gather.blockSizes
    let added = amounts(gather.pads, gather.blockSizes.count, chain.isFlat)
    let removed = amounts(spread.crops, spread.blockSizes.count, chain.isFlat)
    let rest = rank - 2 - blocks.count
    guard rest >= 0, zip(added, removed).allSatisfy({ $0 >= $1 }) else { return false }
    let pads = zip(added, removed).map { $0 - $1 }
    let none = [Int](repeating: 0, count: rest)
    convolution.dilations = blocks + [Int](repeating: 1, count: rest)
    convolution.pads = pads[..<blocks.count] + none + pads[blocks.count...] + none

    let node = graph[id]
    let origins = chain.gather.origins + chain.convolution.origins + node.origins
    let operand = chain.isFlat ? try graph.add(Unsqueeze(axes: [1]), x, before: id) : x
    let type = chain.isFlat ? try Self.withUnitAxis(result) : result
    let computed = try graph.addNode(
      convolution, [operand] + chain.convolution.inputs.dropFirst(), name: chain.convolution.name,
      origins: origins, outputNames: [chain.isFlat ? "" : graph[node.outputs[0]].name], before: id,
      types: [type])[0]
    let value =
      chain.isFlat
      ? try graph.addNode(
        Squeeze(axes: [1]), [computed], outputNames: [graph[node.outputs[0]].name], before: id,
        types: [result])[0]
      : computed
    graph.replaceUses(of: node.outputs[0], with: value)
    return true
  }

  /// What is added or removed, all beginnings and then all ends, also along an axis that is put before.
  private func amounts(_ list: [Int], _ count: Int, _ isFlat: Bool) -> [Int] {
    let all = list.isEmpty ? [Int](repeating: 0, count: 2 * count) : list
    return isFlat ? [0] + all[..<count] + [0] + all[count...] : all
  }

  private static func withUnitAxis(_ type: TensorType) throws(ModelError) -> TensorType {
    var dimensions = type.shape.dimensions
    dimensions.insert(.fixed(1), at: 1)
    return TensorType(type.dataType, Shape(dimensions), quantization: type.quantization)
  }

  /// The nodes before the one that spreads the batch.
  private struct Chain {
    let gather: Node
    let convolution: Node
    /// Whether an axis of size 1 is put before those of space.
    let isFlat: Bool

    /// Nil if other nodes are there, or other users of what they give.
    init?(endingAt id: NodeID, in graph: Graph) {
      func producer(of value: ValueID?, for user: NodeID) -> (id: NodeID, node: Node)? {
        guard let value, graph.soleUser(of: value) == user, let id = graph[value].producer else { return nil }
        return (id, graph[id])
      }
      guard var last = producer(of: graph[id].inputs[0], for: id) else { return nil }
      isFlat = !(last.node.operator is Convolution)
      if isFlat {
        guard Self.hasUnitAxis(last.node.inputs[0], butNot: last.node.outputs[0], last.node, in: graph),
          let before = producer(of: last.node.inputs[0], for: last.id)
        else { return nil }
        last = before
      }
      guard last.node.operator is Convolution, var first = producer(of: last.node.inputs[0], for: last.id)
      else { return nil }
      convolution = last.node
      if isFlat {
        guard Self.hasUnitAxis(first.node.outputs[0], butNot: first.node.inputs[0], first.node, in: graph),
          let before = producer(of: first.node.inputs[0], for: first.id)
        else { return nil }
        first = before
      }
      guard first.node.operator is SpaceToBatch else { return nil }
      gather = first.node
    }

    /// Whether a value has an axis of size 1 before those of space, and the other value of a node that moves nothing has not.
    private static func hasUnitAxis(
      _ value: ValueID?, butNot other: ValueID?, _ node: Node, in graph: Graph
    ) -> Bool {
      guard node.operator is Squeeze || node.operator is Unsqueeze || node.operator is Reshape,
        let sizes = value.flatMap({ graph[$0].type?.shape.dimensions }),
        let flat = other.flatMap({ graph[$0].type?.shape.dimensions }), sizes.count == flat.count + 1,
        sizes.count > 2, sizes[1] == .fixed(1)
      else { return false }
      return sizes[2...].elementsEqual(flat[1...]) && !sizes[2...].contains(.unknown)
    }
  }
}
