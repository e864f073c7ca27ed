import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that make tensors of little or nothing.
enum CreationMappings {
  static let rows: [Mapping] = [
    Mapping("Constant", constant),
    Mapping("ConstantOfShape", since: 9, constantOfShape),
    Mapping("EyeLike", since: 9, eyeLike),
    .plain("NonZero", NonZero.self, since: 9),
    Mapping("OneHot", since: 9) { (node) throws(ModelError) in
      var oneHot = OneHot()
      oneHot.axis = try node.integer("axis", default: -1)
      return try node.add(oneHot, node.inputs)
    },
    .plain("Range", NumberRange.self, since: 11),
    Mapping("Trilu", since: 14, triangle),
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
