import SkiffBinary
import SkiffIR
import SkiffOperators

/// ONNX Runtime's attention operators, taken apart into products and Softmax.
enum AttentionMappings {
  /// Operands: input `[batch, words, width]`, weights of query, key and value side by side, their biases, a mask, the
  /// past, a bias of the scores.
  static func attention(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var joined = try node.add(MatrixMultiply(), node.input(0), node.input(1))
    if let bias = node.optional(2) { joined = try node.add(Add(), joined, bias) }
    return try attention(&node, joined, mask: 3, past: 4, bias: 5)
  }

  /// The same on integers: scales of input and weights follow the bias, zero points the mask.
  static func quantizedAttention(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    let sums = try node.add(
      IntegerMatrixMultiply(), node.input(0), node.input(1), node.optional(6), node.optional(7))
    let scale = try node.add(Multiply(), node.input(3), node.input(4))
    return try attention(&node, node.scaledSum(sums, scale, bias: node.input(2)), mask: 5, past: 8, bias: 9)
  }

  private static func attention(
    _ node: inout NodeImport, _ joined: ValueID, mask: Int, past: Int, bias: Int
  ) throws(ModelError) -> [ValueID] {
    node.ignore("past_present_share_buffer")
    guard try !node.flag("do_rotary") else {
      throw ModelError(.unsupported, "rotated positions", at: Location(attribute: "do_rotary"))
    }
    guard node.optional(past) == nil, node.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw ModelError(.unsupported, "keys and values of the past")
    }
    let heads = try headCount(&node)
    guard let width = try node.type(of: joined).shape.dimensions.last?.fixed
    else { throw ModelError(.unsupported, "the width of the heads is not known") }
    let widths = try node.optionalIntegers("qkv_hidden_sizes") ?? [width / 3, width / 3, width / 3]
    guard widths.count == 3, widths.allSatisfy({ $0 > 0 && $0 % heads == 0 }), widths.reduce(0, &+) == width,
      widths[0] == widths[1]
    else {
      throw ModelError(.malformed, "\(heads) heads of \(widths) for a width of \(width)")
    }
    var split = Split()
    (split.axis, split.sizes) = (-1, widths)
    let parts = try node.add(split, [joined])
    var core = Core(query: parts[0], key: parts[1], value: parts[2], heads: heads, widths: widths)
    core.mask = node.optional(mask)
    core.bias = node.optional(bias)
    return [try core.result(&node)]
  }

  /// Operands: query, key and value `[batch, words, width]`, their biases in one list, a mask, a bias of the scores.
  static func multiHead(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    guard (6..<10).allSatisfy({ node.optional($0) == nil }),
      node.node.outputs.dropFirst().allSatisfy(\.isEmpty)
    else { throw ModelError(.unsupported, "keys and values of the past") }
    let heads = try headCount(&node)
    guard let key = node.optional(1), let value = node.optional(2) else {
      throw ModelError(.unsupported, "query, key and value in one tensor")
    }
    var operands = [try node.input(0), key, value]
    var widths: [Int] = []
    for operand in operands {
      let type = try node.type(of: operand)
      guard type.rank == 3, let width = type.shape[2].fixed, width > 0, width % heads == 0 else {
        throw ModelError(.unsupported, "\(heads) heads in \(type)")
      }
      widths.append(width)
    }
    if let biases = node.optional(3) {
      var split = Split()
      (split.axis, split.sizes) = (0, widths)
      let parts = try node.add(split, [biases])
      for index in 0..<3 { operands[index] = try node.add(Add(), operands[index], parts[index]) }
    }
    var core = Core(query: operands[0], key: operands[1], value: operands[2], heads: heads, widths: widths)
    core.mask = node.optional(4)
    core.bias = node.optional(5)
    return [try core.result(&node)]
  }

  private static func headCount(_ node: inout NodeImport) throws(ModelError) -> Int {
    guard let heads = try node.optionalInteger("num_heads"), heads > 0 else {
      throw ModelError(.malformed, "is missing", at: Location(attribute: "num_heads"))
    }
    return heads
  }

  /// `softmax(query · keyᵀ · scale + mask) · value`, head by head.
  private struct Core {
    let query: ValueID
    let key: ValueID
    let value: ValueID
    let heads: Int
    let widths: [Int]
    /// Which words count: `[batch]` lengths, `[batch, words]`, or with the words that ask between.
    var mask: ValueID?
    /// What is added to the scores.
    var bias: ValueID?

    func result(_ node: inout NodeImport) throws(ModelError) -> ValueID {
      let dataType = try node.type(of: query).dataType
      let standard = 1 / Float(widths[0] / heads).squareRoot()
      let stated = try node.real("scale", default: 0)
      var product = MatrixMultiply()
      product.transposesB = true
      var scores = try node.add(
        product, node.parted(query, heads: heads), node.parted(key, heads: heads))
      scores = try node.scaled(scores, by: stated == 0 ? standard : stated, dataType)
      let filter = try node.real("mask_filter_value", default: -10000)
      if let mask { scores = try node.add(Add(), scores, additive(mask, filter, dataType, &node)) }
      if try node.flag("unidirectional") {
        let ask = try node.reshaped(node.places(ofAxis: 1, of: query), to: [-1, 1])
        let isLater = try node.add(Greater(), node.places(ofAxis: 1, of: key), ask)
        scores = try node.add(
          Add(), scores, node.scaled(node.add(Cast(to: dataType), isLater), by: filter, dataType))
      }
      if let bias { scores = try node.add(Add(), scores, bias) }
      let mixed = try node.add(
        MatrixMultiply(), node.add(Softmax(axis: -1), scores), node.parted(value, heads: heads))
      return try node.reshaped(node.add(Transpose([0, 2, 1, 3]), mixed), to: [0, 0, widths[2]])
    }

    /// What is added to the scores of words that do not count.
    private func additive(
      _ mask: ValueID, _ filter: Float, _ dataType: DataType, _ node: inout NodeImport
    ) throws(ModelError) -> ValueID {
      var type = try node.type(of: mask)
      guard type.dataType.isInteger || type.dataType == .boolean else {
        throw ModelError(.unsupported, "a mask \(type)")
      }
      var mask = mask
      if type.rank == 1 {
        let batch = try node.type(of: query).shape.dimensions.prefix(1)
        guard type.shape.isCompatible(with: Shape(Array(batch))) else {
          throw ModelError(.unsupported, "a mask \(type)")
        }
        let lengths = try node.add(Unsqueeze(axes: [1]), node.add(Cast(to: .int64), mask))
        mask = try node.add(Less(), node.places(ofAxis: 1, of: key), lengths)
        type = try node.type(of: mask)
      }
      let axes: [Int]
      switch type.rank {
      case 2: axes = [1, 2]
      case 3: axes = [1]
      default: throw ModelError(.unsupported, "a mask \(type)")
      }
      let counted = try node.add(Unsqueeze(axes: axes), node.add(Cast(to: dataType), mask))
      let missing = try node.add(Subtract(), node.number(1, as: dataType), counted)
      return try node.scaled(missing, by: filter, dataType)
    }
  }
}

extension NodeImport {
  /// `[batch, words, width]` as `[batch, heads, words, width / heads]`.
  mutating func parted(_ value: ValueID, heads: Int) throws(ModelError) -> ValueID {
    let width = try type(of: value).shape.dimensions.last?.fixed.map { $0 / heads } ?? -1
    return try add(Transpose([0, 2, 1, 3]), add(Reshape(), value, constant([0, 0, heads, width])))
  }
}
