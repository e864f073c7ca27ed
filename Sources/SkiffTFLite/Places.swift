import SkiffBinary
import SkiffIR
import SkiffOperators

/// Indices as kernels of the format take them: none counts from the end, which they take to be out of bounds.
extension NodeWriter {
  /// The indices along an axis of the first operand.
  func countedFromStart(_ index: Int, axis: Int) throws(ModelError) -> Int {
    let indices = try required(index)
    let shape = try type(0).shape
    let axis = try normalizedAxis(axis, rank: shape.rank)
    if let constant = exporter.constants[indices] {
      let places = constant.type.isQuantized ? [] : try constant.materialize().integers()
      guard places.contains(where: { $0 < 0 }) else { return indices }
      if let size = shape[axis].fixed {
        let counted = places.map { $0 < 0 ? $0 + size : $0 }
        return try exporter.addUnnamed(
          Tensor(integers: counted, as: constant.type.dataType, shape: constant.shape))
      }
    } else if try !mayCountFromEnd(index) {
      return indices
    }
    return try wrapped(indices, by: size(of: axis, as: exporter.types[indices].dataType))
  }

  /// The indices in the last axis of an operand, one for each of the first axes of the first operand.
  func countedFromStart(listsOf index: Int) throws(ModelError) -> Int {
    let indices = try self.index(index)
    let (shape, depth) = (try type(0).shape, exporter.types[indices].shape.dimensions.last?.fixed)
    if let constant = exporter.constants[indices] {
      guard try constant.materialize().integers().contains(where: { $0 < 0 }) else { return indices }
    } else if try !mayCountFromEnd(index) {
      return indices
    }
    guard let depth, let sizes = Shape(Array(shape.dimensions.prefix(depth))).fixed else {
      throw ModelError(.unsupported, "indices that count from the end of a size that is not fixed")
    }
    return try wrapped(indices, by: exporter.addUnnamed(Tensor(integers: sizes, as: .int32, shape: [depth])))
  }

  /// Whether computed indices can be below zero: what a caller looks up in a table is taken not to be.
  private func mayCountFromEnd(_ index: Int) throws(ModelError) -> Bool {
    let graph = exporter.graph
    guard var value = node.inputs[index], try !type(index).dataType.isUnsignedInteger else { return false }
    while let producer = graph.producer(of: value) {
      switch producer.operator {
      case is Cast, is Identity, is Reshape, is Squeeze, is Unsqueeze, is Transpose:
        guard let input = producer.inputs[0] else { return true }
        value = input
      case is ArgMax, is ArgMin, is NonZero, is ShapeOf, is SizeOf: return false
      case is TopK:
        return graph[producer.outputs[0]].type?.dataType.isInteger == true && producer.outputs[0] == value
      default: return true
      }
    }
    let isTable = node.inputs[0].flatMap { graph[$0].constant } != nil
    return !(isTable && graph[value].isInput)
  }

  /// The indices, with a size added to those below zero.
  private func wrapped(_ indices: Int, by size: Int) throws(ModelError) -> Int {
    let type = exporter.types[indices]
    let zero = try exporter.addUnnamed(Tensor(integers: [0], as: type.dataType, shape: []))
    let isNegative = try temporary(TensorType(.boolean, type.shape))
    let (moved, result) = (try temporary(type), try temporary(type))
    try emit("LESS", [indices, zero], [isNegative], FlatObject("LessOptions"))
    try emit("ADD", [indices, size], [moved], FlatObject("AddOptions"))
    try emit("SELECT_V2", [isNegative, moved, indices], [result], FlatObject("SelectV2Options"))
    return result
  }

  /// The size of an axis of the first operand as one number.
  private func size(of axis: Int, as dataType: DataType) throws(ModelError) -> Int {
    let shape = try type(0).shape
    if let size = shape[axis].fixed {
      return try exporter.addUnnamed(Tensor(integers: [size], as: dataType, shape: []))
    }
    let (sizes, list) = (try self.sizes(of: required(0)), try temporary(TensorType(.int32, [1])))
    let size = try temporary(TensorType(.int32, .scalar))
    try emit("SLICE", [sizes, integers([axis]), integers([1])], [list], FlatObject("SliceOptions"))
    try emit("SQUEEZE", [list], [size], FlatObject("SqueezeOptions", ["squeeze_dims": .integers([0])]))
    guard dataType != .int32 else { return size }
    let wide = try temporary(TensorType(dataType, .scalar))
    try emitCast(size, to: wide)
    return wide
  }
}
