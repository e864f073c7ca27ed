import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that move elements, or only rename them.
enum MovementMappings {
  static let rows: [Mapping] = [
    Mapping("Constant", constant),
    Mapping("Dropout", dropout),
    Mapping("Flatten", flatten),
    Mapping("Identity", identity),
    Mapping("Reshape", since: 1, reshape1),
    Mapping("Reshape", since: 5, reshape5),
    Mapping("Transpose", transpose),
  ]

  static func constant(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let names = [
      "value", "sparse_value", "value_float", "value_floats", "value_int", "value_ints", "value_string",
      "value_strings",
    ]
    for name in names {
      guard let value = try node.anyValue(name) else { continue }
      return [node.graph.addConstant(try constant(value, in: &node))]
    }
    throw ModelError(.malformed, "has no value")
  }

  private static func constant(
    _ value: ONNXAttribute.Value, in node: inout NodeImport
  ) throws(ModelError) -> Constant {
    switch value {
    case .tensor(let tensor): return try node.constant(tensor)
    case .sparseTensor(let tensor): return try node.constant(tensor)
    case .real(let real): return Constant(Tensor(scalar: real))
    case .reals(let reals): return Constant(Tensor(reals, shape: [reals.count]))
    case .integer(let integer): return Constant(Tensor(scalar: Int64(integer)))
    case .integers(let integers):
      return Constant(Tensor(integers.map(Int64.init), shape: [integers.count]))
    case .bytes, .byteStrings: throw ModelError(.unsupported, "a tensor of texts")
    default: throw ModelError(.malformed, "the value is not a tensor")
    }
  }

  /// The operand itself: nothing is dropped at inference.
  static func dropout(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("ratio", "is_test", "seed", "consumed_inputs")
    let input = try node.input(0)
    if node.has(2), try node.integers(2).contains(where: { $0 != 0 }) {
      throw ModelError(.unsupported, "the node is in training mode")
    }
    guard node.node.outputs.count > 1 else { return [input] }
    guard let sizes = try node.type(of: input).shape.fixed, let count = sizes.checkedProduct(),
      count <= node.limits.tensorSize
    else { throw ModelError(.unsupported, "the mask of elements that are kept is wanted") }
    // From version 10 on the mask has truth values; before, the type of the operand.
    let mask = Tensor([Bool](repeating: true, count: count), shape: sizes)
    let dataType = node.version < 10 ? try node.type(of: input).dataType : .boolean
    return [input, node.graph.addConstant(try mask.cast(to: dataType))]
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
    var sizes = [rowCount ?? -1, columnCount ?? -1]
    if sizes == [-1, -1] {
      // A first axis alone can be copied, whatever its size is.
      guard axis == 1 else {
        throw ModelError(.unsupported, "several sizes are known only when the graph runs")
      }
      sizes[0] = 0
    }
    return try node.add(Reshape(), [input, node.constant(sizes)])
  }

  static func identity(_ node: inout NodeImport) throws(ModelError) -> [ValueID] { [try node.input(0)] }

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

  static func transpose(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    try node.add(Transpose(node.optionalIntegers("perm") ?? []), node.inputs)
  }
}
