import SkiffIR
import SkiffOperators

extension Graph {
  /// Whether some operator rounds what it takes by ranges that it finds when it runs.
  var roundsByOwnRange: Bool {
    nodeIDs.contains { id in
      let node = self[id]
      let types = node.inputs.map { $0.flatMap { self[$0].type } }
      let isHybrid =
        types.count > 1 && types[0]?.dataType.isFloatingPoint == true && types[1]?.isQuantized == true
      return node.operator is DynamicQuantizeLinear || (node.operator as? LSTM)?.roundsOperands == true
        || isHybrid && (node.operator is FullyConnected || node.operator is Convolution)
    }
  }

  /// Whether some operator rounds what it computes to 16 bits.
  var roundsTo16Bits: Bool {
    nodeIDs.contains { id in
      let node = self[id]
      let isMoved = node.operator is any DataMovement || node.operator is Cast || node.operator is Identity
      let isNarrow = node.outputs.contains { [.float16, .bfloat16].contains(self[$0].type?.dataType) }
      return isNarrow && !isMoved || node.operator.subgraphs.contains { $0.graph.roundsTo16Bits }
    }
  }
}

extension Certificate.Thresholds {
  /// What may be expected of a file whose source rounds while it runs; with `stored`, of a file against that graph in memory.
  func allowing(for source: Graph, copiedTo stored: Graph? = nil) -> Certificate.Thresholds {
    var copy = self
    if source.roundsByOwnRange { copy.relativeError = max(relativeError, roundedError) }
    if (stored ?? source).roundsTo16Bits { copy.relativeError = max(copy.relativeError, narrowError) }
    return copy
  }
}
