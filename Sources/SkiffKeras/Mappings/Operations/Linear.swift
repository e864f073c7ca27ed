import SkiffBinary
import SkiffIR
import SkiffOperators

let linearOperations: [Operation] = [
  Operation("Matmul", "matmul") { (call) throws(ModelError) in
    let values = try call.realPair()
    var operator_ = MatrixMultiply()
    operator_.transposesA = try call.boolean("transpose_a", "adjoint_a", default: false)
    operator_.transposesB = try call.boolean("transpose_b", "adjoint_b", default: false)
    return try call.add(operator_, values)
  },
  Operation("Einsum", "einsum") { (call) throws(ModelError) in
    let equation = call.parameter("subscripts", "equation")?.string ?? ""
    guard equation.contains("->"), !equation.contains(".") else {
      throw call.wrong("subscripts", .string(equation))
    }
    return try call.add(Einsum(equation.filter { !$0.isWhitespace }), call.operands(call.arguments.operands))
  },
  Operation("Resize", "image.resize") { (call) throws(ModelError) in
    let images = try call.operand(0, "images", "image")
    let (input, type) = (try call.real(images), try call.dataType(of: images))
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
    let interpolation = try call.word("interpolation", "method", default: "bilinear")
    let resized = try call.resized(
      input, size, interpolation, proportions, antialiases: call.boolean("antialias", default: false))
    // TensorFlow leaves real numbers of integers where it computes between them.
    guard type.isInteger, call.layer.isOperation || interpolation == "nearest" else { return resized }
    return try call.cast(call.add(Round(), resized, part: "rounded"), to: type)
  },
]
