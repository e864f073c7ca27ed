import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that make tensors of little or nothing.
enum CreationMappings {
  static let rows: [Mapping] = [
    Mapping("Constant", constant),
    Mapping("ConstantOfShape", since: 9, constantOfShape)
      .writing(ConstantOfShape.self) { (filling, node) throws(ModelError) in
        let value = try Cast(to: filling.dataType).evaluate([Tensor([filling.value], shape: [1])])[0]
        return try node.add(
          "ConstantOfShape", [node.indices(0)], ["value": .tensor(ONNXTensor(Constant(value), name: ""))])
      },
    Mapping("EyeLike", since: 9, eyeLike).writing(EyeLike.self) { (eye, node) throws(ModelError) in
      var attributes: AttributeList = ["k": .integer(eye.diagonal)]
      attributes["dtype"] = try eye.dataType.map { (type) throws(ModelError) in
        .integer(try ElementTypes.number(of: type))
      }
      return try node.add("EyeLike", node.operands(), attributes)
    },
    .plain("NonZero", NonZero.self, since: 9),
    Mapping("OneHot", since: 9) { (node) throws(ModelError) in
      var oneHot = OneHot()
      oneHot.axis = try node.integer("axis", default: -1)
      return try node.add(oneHot, node.inputs)
    }.writing(OneHot.self) { (oneHot, node) throws(ModelError) in
      // Runtimes have it for few types of values.
      let own = try node.realType(2)
      let wide: DataType = own.isInteger || own == .boolean ? .int64 : own
      let values = try node.cast(node.operand(2), from: own, to: wide)
      let result = try node.add(
        "OneHot", node.indices(0), node.indices(1), values, attributes: ["axis": .integer(oneHot.axis)])
      return [try node.cast(result, from: wide, to: own)]
    },
    Mapping("Range", since: 11) { (node) throws(ModelError) in try node.add(NumberRange(), node.inputs) }
      .writing(NumberRange.self) { (_, node) throws(ModelError) in
        try node.add("Range", [node.reshaped(0, to: []), node.reshaped(1, to: []), node.reshaped(2, to: [])])
      },
    Mapping("Trilu", since: 14, triangle).writing(Trilu.self) { (triangle, node) throws(ModelError) in
      let diagonal = try node.constant(Tensor(scalar: Int64(triangle.diagonal)))
      return try node.triangle(diagonal, isUpper: triangle.isUpper)
    },
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

  static func constantOfShape(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard let value = try node.tensor("value") else { return try node.add(ConstantOfShape(), node.inputs) }
    let tensor = try value.materialize()
    guard tensor.count == 1, let number = try tensor.doubles().first else {
      throw ModelError(.malformed, "expected one element", at: Location(attribute: "value"))
    }
    return try node.add(ConstantOfShape(number, of: tensor.dataType), node.inputs)
  }

  static func eyeLike(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var eye = EyeLike()
    eye.diagonal = try node.integer("k", default: 0)
    if let number = try node.optionalInteger("dtype") {
      guard let dataType = ElementTypes.dataType(number) else {
        throw ModelError(.malformed, "expected the number of a type", at: Location(attribute: "dtype"))
      }
      eye.dataType = dataType
    }
    return try node.add(eye, node.inputs)
  }

  static func triangle(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var triangle = Trilu()
    triangle.isUpper = try node.flag("upper", default: true)
    if node.has(1) { return try node.add(triangle, "diagonal", from: 1) }
    return try node.add(triangle, [node.input(0)])
  }
}

extension NodeExport {
  /// Adds an operator that keeps one triangle of each matrix.
  func triangle(_ diagonal: String, isUpper: Bool) throws(ModelError) -> [String] {
    let own = try realType()
    let wide = RuntimeKernels.widerType(than: own, for: "Trilu") ?? own
    let input = try cast(operand(0), from: own, to: wide)
    let result = try add("Trilu", input, diagonal, attributes: ["upper": .flag(isUpper)])
    return [try cast(result, from: wide, to: own)]
  }
}
