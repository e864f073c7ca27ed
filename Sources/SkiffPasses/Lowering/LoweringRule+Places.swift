import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// What finds, takes or changes elements at places.
  static let places: [LoweringRule] = [
    LoweringRule(GatherElements.self) { (node, data) throws(ModelError) in
      guard let indices = data.operand(1) else { return nil }
      let (shape, rank) = (data.type.shape, data.type.rank)
      let axis = try normalizedAxis(node.axis, rank: rank)
      // Along the last axis each line looks up in its own.
      if axis == rank - 1, shape.dimensions.dropLast() == indices.type.shape.dimensions.dropLast(),
        let size = shape[axis].fixed, rank <= 4
      {
        var gather = Gather(axis: axis)
        gather.batchDimensions = axis
        return try data.applying(gather, indices.countedFromStart(size))
      }
      guard let places = try indices.places(in: data, axis: axis) else { return nil }
      return try data.reshaped(to: [-1]).applying(Gather(axis: 0), places)
    },
    LoweringRule(ScatterElements.self) { (node, data) throws(ModelError) in
      let axis = try normalizedAxis(node.axis, rank: data.type.rank)
      guard let indices = data.operand(1), let updates = data.operand(2), let shape = data.type.shape.fixed,
        let places = try indices.places(in: data, axis: axis)
      else { return nil }
      var scatter = ScatterND()
      scatter.reduction = node.reduction
      return try data.reshaped(to: [-1])
        .applying(scatter, places.reshaped(to: [-1, 1]), updates.reshaped(to: [-1])).reshaped(to: shape)
    },
    // The last of equal elements is the first one from behind.
    LoweringRule(ArgMax.self) { (node, x) throws(ModelError) in
      var first = node
      first.selectsLast = false
      return try x.lastPlace(node.axis, first, node.dataType)
    },
    LoweringRule(ArgMin.self) { (node, x) throws(ModelError) in
      var first = node
      first.selectsLast = false
      return try x.lastPlace(node.axis, first, node.dataType)
    },
    LoweringRule(Hardmax.self) { (node, x) throws(ModelError) in
      let axis = try normalizedAxis(node.axis, rank: x.type.rank)
      guard let size = x.type.shape[axis].fixed, size <= 1 << 20 else { return nil }
      guard size > 0 else { return x }
      var place = ArgMax()
      (place.axis, place.keepsDimensions, place.dataType) = (axis, true, .int32)
      let sizes = [size] + [Int](repeating: 1, count: x.type.rank - 1 - axis)
      let all = x.constant(try Tensor(integers: Array(0..<size), as: .int32, shape: sizes))
      return try x.applying(place).applying(Equal(), all).applying(Cast(to: x.type.dataType))
    },
    LoweringRule(SizeOf.self) { (node, x) throws(ModelError) in
      var shape = ShapeOf()
      shape.dataType = node.dataType
      return try x.applying(shape).reduced(by: ReduceProd.self, along: [0], keepsDimensions: false)
    },
    LoweringRule(EyeLike.self) { (node, x) throws(ModelError) in
      guard let shape = x.type.shape.fixed, let count = x.type.shape.elementCount, count <= 1 << 20 else {
        return nil
      }
      let like = try Tensor(integers: [Int](repeating: 0, count: count), as: .int32, shape: shape)
      var typed = node
      typed.dataType = node.dataType ?? x.type.dataType
      return x.constant(try typed.evaluate([like])[0])
    },
  ]
}

extension Formula {
  /// Indices of which none counts from the end.
  fileprivate func countedFromStart(_ size: Int) throws(ModelError) -> Formula {
    if let tensor = try constantTensor {
      let places = try tensor.integers().map { $0 < 0 ? $0 + size : $0 }
      return constant(try Tensor(integers: places, as: tensor.dataType, shape: tensor.shape))
    }
    return try applying(Less(), integer(0)).applying(Select(), self + integer(size), self)
  }

  /// Where in the whole of the data the elements are that indices along an axis name; nil where sizes are not fixed.
  fileprivate func places(in data: Formula, axis: Int) throws(ModelError) -> Formula? {
    guard let sizes = data.type.shape.fixed, let own = type.shape.fixed else { return nil }
    if let tensor = try constantTensor {
      return constant(
        try Tensor(integers: elementOffsets(tensor, in: sizes, axis: axis), as: tensor.dataType, shape: own))
    }
    guard let count = type.shape.elementCount, count <= 1 << 20 else { return nil }
    let zeros = try Tensor(integers: [Int](repeating: 0, count: count), as: .int64, shape: own)
    let lines = try Tensor(
      integers: elementOffsets(zeros, in: sizes, axis: axis), as: type.dataType, shape: own)
    let stride = sizes[(axis + 1)...].reduce(1, *)
    return try countedFromStart(sizes[axis]) * integer(stride) + constant(lines)
  }

  /// An integer in the type of this value.
  private func integer(_ number: Int) throws(ModelError) -> Formula {
    constant(try Tensor(integers: [number], as: type.dataType, shape: []))
  }

  /// The last place along an axis of what `first` finds.
  fileprivate func lastPlace(
    _ axis: Int, _ first: any Operator, _ dataType: DataType
  ) throws(ModelError) -> Formula? {
    let axis = try normalizedAxis(axis, rank: type.rank)
    guard let size = type.shape[axis].fixed else { return nil }
    let last = constant(try Tensor(integers: [size - 1], as: dataType, shape: []))
    return try last - applying(Reverse(axes: [axis])).applying(first)
  }
}
