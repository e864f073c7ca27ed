import SkiffBinary
import SkiffIR

extension Graph {
  /// The graph without some indices of axes. Identifiers of values and nodes stay the same.
  ///
  /// - Parameter kept: The indices that are left of each axis that loses some, in order.
  func sliced(_ kept: [ValueAxis: [Int]]) throws(ModelError) -> Graph {
    var result = self
    var constants: [ValueID: [Int: [Int]]] = [:]
    for (axis, indices) in kept where self[axis.value].constant != nil {
      constants[axis.value, default: [:]][axis.axis] = indices
    }
    for (id, axes) in constants {
      guard let constant = self[id].constant else { continue }
      result.setConstant(id, to: try constant.keeping(axes))
    }
    for id in nodeIDs {
      let node = self[id]
      guard let rule = node.operator as? any AxisRelated, node.touches(kept.keys, in: self) else { continue }
      var slicing = NodeSlicing(id, of: self, in: result, kept: kept)
      try locating(node.location) { () throws(ModelError) in try rule.slice(&slicing) }
      result = slicing.graph
      result.setNode(id, to: slicing.operator, inputs: slicing.inputs)
    }
    try result.inferTypes()
    result.removeUnused()
    try result.verify()
    return result
  }
}

extension Node {
  /// Whether one of its operands or results is among the axes.
  fileprivate func touches(_ axes: Dictionary<ValueAxis, [Int]>.Keys, in graph: Graph) -> Bool {
    (inputs.compactMap(\.self) + outputs).contains { id in
      (0..<(graph[id].type?.rank ?? 0)).contains { axes.contains(ValueAxis(value: id, axis: $0)) }
    }
  }
}

extension Constant {
  /// The elements with the given indices along some axes; what is widened to real numbers, of 16 bits or integers, stays as
  /// narrow as it is.
  fileprivate func keeping(_ indices: [Int: [Int]]) throws(ModelError) -> Constant {
    guard let narrow = widened?.narrow else { return Constant(try materialize().keeping(indices)) }
    guard let quantization = narrow.type.quantization else {
      let kept = try narrow.materialize().keeping(indices)
      return try Constant(kept).transformed(by: .cast(type.dataType))
    }
    guard type.dataType == .float32, let parameters = quantization.keeping(indices) else {
      return Constant(try materialize().keeping(indices))
    }
    let kept = try narrow.materialize().quantized(with: nil).keeping(indices).quantized(with: parameters)
    return try Constant(kept).transformed(by: .dequantize)
  }
}

extension QuantizationParameters {
  /// Those of the elements with the given indices along some axes; nil where these divide blocks.
  fileprivate func keeping(_ indices: [Int: [Int]]) -> QuantizationParameters? {
    switch granularity {
    case .perTensor: return self
    case .perAxis(let axis):
      guard let kept = indices[axis] else { return self }
      return QuantizationParameters(
        scales: kept.map { scales[$0] }, zeroPoints: kept.map { zeroPoints[$0] }, granularity: granularity)
    case .blocked: return nil
    }
  }
}

extension Tensor {
  /// The elements with the given indices along some axes.
  func keeping(_ indices: [Int: [Int]]) throws(ModelError) -> Tensor {
    var result = self
    for (axis, list) in indices.sorted(by: { $0.key < $1.key }) {
      let inner = result.shape[(axis + 1)...].reduce(1, *)
      let size = result.shape[axis]
      var offsets: [Int] = []
      offsets.reserveCapacity(result.count / max(1, size) * list.count)
      for outer in 0..<result.shape[..<axis].reduce(1, *) {
        for index in list {
          let start = (outer * size + index) * inner
          offsets += start..<start + inner
        }
      }
      var shape = result.shape
      shape[axis] = list.count
      result = try result.selecting(offsets, shape: shape)
    }
    return result
  }
}
