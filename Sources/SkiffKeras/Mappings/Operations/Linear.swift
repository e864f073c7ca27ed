import SkiffBinary
import SkiffIR
import SkiffOperators

let linearOperations: [Operation] = [
  Operation("Matmul", "matmul") { (call) throws(ModelError) in
    let values = try call.pair()
    var operator_ = MatrixMultiply()
    operator_.transposesA = try call.boolean("transpose_a", "adjoint_a", default: false)
    operator_.transposesB = try call.boolean("transpose_b", "adjoint_b", default: false)
    return try call.add(operator_, call.real(values[0]), call.real(values[1]))
  },
  Operation("Einsum", "einsum") { (call) throws(ModelError) in
    let equation = call.parameter("subscripts", "equation")?.string ?? ""
    guard equation.contains("->"), !equation.contains(".") else {
      throw call.wrong("subscripts", .string(equation))
    }
    return try call.add(Einsum(equation.filter { !$0.isWhitespace }), call.operands(call.arguments.operands))
  },
  Operation("Resize", "image.resize") { (call) throws(ModelError) in
    let input = try call.real(call.operand(0, "images", "image"))
    try call.requireRank(of: input, 4)
    guard ["channels_last", nil].contains(call.parameter("data_format")?.string),
      try !call.boolean("preserve_aspect_ratio", default: false),
      ["constant", nil].contains(call.parameter("fill_mode")?.string)
    else { throw ModelError(.unsupported, "resizes in a way that is not known") }
    let proportions = Proportions(
      isCropped: try call.boolean("crop_to_aspect_ratio", default: false),
      isPadded: try call.boolean("pad_to_aspect_ratio", default: false),
      filling: try call.number("fill_value", default: 0))
    guard let size = try call.integers("size"), size.count == 2 else {
      throw call.settings.unsupported("size")
    }
    return try call.resized(
      input, size, call.parameter("interpolation", "method")?.string ?? "bilinear", proportions,
      antialiases: call.boolean("antialias", default: false))
  },
]
