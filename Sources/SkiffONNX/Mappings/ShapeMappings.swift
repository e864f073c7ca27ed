import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that change or tell shapes.
enum ShapeMappings {
  static let rows: [Mapping] = [
    Mapping("Dropout", dropout),
    Mapping("Flatten", flatten),
    Mapping("Identity") { (node) throws(ModelError) in [try node.input(0)] }
      .writing(Identity.self) { (_, node) throws(ModelError) in try node.add("Identity", node.operands()) },
    Mapping("Reshape", since: 1, reshape1),
    Mapping("Reshape", since: 5, reshape5).writing(Reshape.self) { (reshape, node) throws(ModelError) in
      var attributes = AttributeList()
      if reshape.allowsZero { attributes["allowzero"] = .flag(true) }
      return try node.add("Reshape", [node.operand(0), node.indices(1)], attributes)
    },
    Mapping("Shape", shape).writing(ShapeOf.self) { (sizes, node) throws(ModelError) in
      var attributes: AttributeList = ["start": .integer(sizes.start)]
      attributes["end"] = sizes.end.map { .integer($0) }
      return [
        try node.cast(node.add("Shape", [node.operand(0)], attributes)[0], from: .int64, to: sizes.dataType)
      ]
    },
    Mapping("Size") { (node) throws(ModelError) in try node.add(SizeOf(), node.inputs) }
      .writing(SizeOf.self) { (size, node) throws(ModelError) in
        [try node.cast(node.add("Size", node.operand(0)), from: .int64, to: size.dataType)]
      },
    Mapping("Squeeze", since: 1) { (node) throws(ModelError) in
      try node.add(Squeeze(axes: node.optionalIntegers("axes") ?? []), node.inputs)
    },
    Mapping("Squeeze", since: 13) { (node) throws(ModelError) in
      node.has(1) ? try node.add(Squeeze(), "axes", from: 1) : try node.add(Squeeze(), [node.input(0)])
    }.writing(Squeeze.self) { (squeeze, node) throws(ModelError) in
      // Which axes of open sizes go is known when the graph runs.
      try node.add("Squeeze", [node.operand(0)] + (squeeze.axes.isEmpty ? [] : [node.integers(squeeze.axes)]))
    },
    Mapping("Transpose") { (node) throws(ModelError) in
      try node.add(Transpose(node.optionalIntegers("perm") ?? []), node.inputs)
    }.writing(Transpose.self) { (transpose, node) throws(ModelError) in
      let order = try transpose.permutation(rank: node.type(0).rank)
      return [try node.transposed(node.operand(0), by: order)]
    },
    Mapping("Unsqueeze", since: 1) { (node) throws(ModelError) in
      guard let axes = try node.optionalIntegers("axes") else {
        throw ModelError(.malformed, "is missing", at: Location(attribute: "axes"))
      }
      return try node.add(Unsqueeze(axes: axes), node.inputs)
    },
    Mapping("Unsqueeze", since: 13) { (node) throws(ModelError) in
      try node.add(Unsqueeze(), "axes", from: 1)
    }.writing(Unsqueeze.self) { (unsqueeze, node) throws(ModelError) in
      try node.add("Unsqueeze", [node.operand(0), node.integers(unsqueeze.axes)])
    },
  ]

  /// The operand itself: nothing is dropped at inference.
  static func dropout(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("ratio", "is_test", "seed", "consumed_inputs")
    let input = try node.input(0)
    if node.has(2), try node.integers(2).contains(where: { $0 != 0 }) {
      throw ModelError(.unsupported, "the node is in training mode")
    }
    guard node.node.outputs.count > 1 else { return [input] }
    // The mask keeps all: from version 10 on it has truth values; before, the type of the operand.
    let dataType = node.version < 10 ? try node.type(of: input).dataType : .boolean
    let sizes = try node.add(ShapeOf(), [input])
    return try [input] + node.add(ConstantOfShape(1, of: dataType), sizes)
  }

  static func flatten(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let input = try node.input(0)
    let shape = try node.type(of: input).shape
    let wanted = try node.integer("axis", default: 1)
    let axis = wanted < 0 ? wanted + shape.rank : wanted
    guard (0...shape.rank).contains(axis) else {
      throw ModelError(.malformed, "axis \(wanted) of rank \(shape.rank)", at: Location(attribute: "axis"))
    }
    let rows = shape.dimensions[..<axis].map(\.fixed)
    let columns = shape.dimensions[axis...].map(\.fixed)
    let rowCount = rows.contains(nil) ? nil : rows.compactMap(\.self).checkedProduct()
    let columnCount = columns.contains(nil) ? nil : columns.compactMap(\.self).checkedProduct()
    var reshape = Reshape()
    var sizes = [rowCount ?? -1, columnCount ?? -1]
    if sizes == [-1, -1] {
      // A first axis alone can be copied, whatever its size is.
      guard axis == 1 else {
        throw ModelError(.unsupported, "several sizes are known only when the graph runs")
      }
      sizes[0] = 0
    } else {
      reshape.allowsZero = sizes.contains(0)
    }
    return try node.add(reshape, [input, node.constant(sizes)])
  }

  static func reshape1(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("consumed_inputs")
    guard let shape = try node.optionalIntegers("shape") else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "shape"))
    }
    return try node.add(Reshape(), [node.input(0), node.constant(shape)])
  }

  static func reshape5(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var reshape = Reshape()
    reshape.allowsZero = try node.flag("allowzero")
    return try node.add(reshape, node.inputs)
  }

  static func shape(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var shape = ShapeOf()
    shape.start = try node.integer("start", default: 0)
    shape.end = try node.optionalInteger("end")
    return try node.add(shape, node.inputs)
  }
}
