import SkiffBinary
import SkiffIR
import SkiffOperators

extension LoweringRule {
  /// ONNX's operators on plain integers, for targets that know integers only by fixed parameters: the same in real numbers.
  /// Sums are exact as long as they are below 2^24, and round as real numbers do beyond.
  static let integers: [LoweringRule] = [
    LoweringRule(IntegerMatrixMultiply.self) { (node, a) throws(ModelError) in
      guard let left = try a.less(a.operand(2), listAxis: -2),
        let right = try a.operand(1)?.less(a.operand(3), listAxis: node.transposesB ? -2 : -1)
      else { return nil }
      return try left.applying(node.product, right).cast(to: .int32)
    },
    LoweringRule(IntegerConvolution.self) { (node, x) throws(ModelError) in
      guard let input = try x.less(x.operand(2), listAxis: 1),
        let weights = try x.operand(1)?.less(x.operand(3), listAxis: 0)
      else { return nil }
      let spatial = Array(1..<x.type.rank - 1)
      let last = [0] + spatial.map { $0 + 1 } + [1]
      var convolution = node.convolution
      convolution.layout = .last
      var sums = try input.transposed(last).applying(convolution, weights.transposed(last))
      if let bias = x.operand(4) { sums = try sums + bias.cast(to: .float32) }
      return try sums.transposed([0, x.type.rank - 1] + spatial).cast(to: .int32)
    },
    LoweringRule(RequantizeLinear.self) { (node, x) throws(ModelError) in
      guard let multiplier = try x.operand(1)?.aligned(to: x, axis: node.axis),
        let zeroPoint = try x.zeroPoint(2, axis: node.axis)
      else { return nil }
      return try (x.cast(to: .float32) * multiplier).rounded(plus: zeroPoint, to: node.dataType)
    },
    LoweringRule(QuantizeLinear.self) { (node, x) throws(ModelError) in
      guard x.type.dataType == .float32, node.blockSize == 0, node.dataType.isInteger,
        let scale = try x.operand(1)?.aligned(to: x, axis: node.axis), scale.type.dataType == .float32,
        let zeroPoint = try x.zeroPoint(2, axis: node.axis)
      else { return nil }
      let scaled = try x / scale
      let result = try scaled.rounded(plus: zeroPoint, to: .float32, within: node.dataType)
      // What is not a number becomes the least one.
      let least = try scaled.number(Float(node.dataType.integerRange().lowerBound))
      return try scaled.applying(Equal(), scaled).applying(Select(), result, least).cast(to: node.dataType)
    },
    LoweringRule(DequantizeLinear.self) { (node, x) throws(ModelError) in
      guard x.type.dataType.isInteger, node.blockSize == 0,
        let scale = try x.operand(1)?.aligned(to: x, axis: node.axis), scale.type.dataType == .float32,
        let zeroPoint = try x.zeroPoint(2, axis: node.axis)
      else { return nil }
      return try (x.cast(to: .float32) - zeroPoint) * scale
    },
  ]
}

/// Says the quantization of numbers by their own range in real numbers, where the target lacks it.
struct LowerDynamicQuantization: Rewrite {
  static let name = "lower-dynamic-quantization"

  let target: LoweringTarget

  func rewrite(_ id: NodeID, in graph: inout Graph) throws(ModelError) -> Bool {
    let node = graph[id]
    guard node.operator is DynamicQuantizeLinear, !target.has(node, graph), let input = node.inputs[0],
      let rank = graph[input].type?.rank
    else { return false }
    let scope = FormulaScope(graph, replacing: id)
    let x = Formula(input, in: scope)
    let axes = Array(0..<rank)
    let (greatest, least) = (
      ReduceMax(axes: axes, keepsDimensions: false), ReduceMin(axes: axes, keepsDimensions: false)
    )
    let zero = try x.number(0)
    let high = try (rank == 0 ? x : x.applying(greatest)).applying(Maximum(), zero)
    let low = try (rank == 0 ? x : x.applying(least)).applying(Minimum(), zero)
    let range = try high - low
    // A scale of 1 where there is no range.
    let scale = try range / range.number(255) + range.applying(Equal(), zero).cast(to: .float32)
    let zeroPoint = try (zero - low / scale).rounded(plus: zero, to: .uint8)
    let integers = try (x / scale).rounded(plus: zeroPoint.cast(to: .float32), to: .uint8)
    guard scope.addedNodes.allSatisfy({ target.has(scope.graph[$0], scope.graph) }) else { return false }
    graph = scope.finished(with: [integers, scale, zeroPoint])
    return true
  }
}

extension Formula {
  fileprivate func cast(to dataType: DataType) throws(ModelError) -> Formula {
    type.dataType == dataType ? self : try applying(Cast(to: dataType))
  }

  fileprivate func transposed(_ permutation: [Int]) throws(ModelError) -> Formula {
    guard let tensor = try constantTensor else { return try applying(Transpose(permutation)) }
    return constant(try tensor.permuted(by: permutation))
  }

  /// The nearest integer, halves to even, plus a zero point, as near as a type can hold.
  ///
  /// - Parameter limits: The type, nil if it is that of the result.
  fileprivate func rounded(
    plus zeroPoint: Formula, to dataType: DataType, within limits: DataType? = nil
  ) throws(ModelError) -> Formula {
    let range = (limits ?? dataType).integerRange()
    let whole = try applying(Round()) + zeroPoint
    return try whole.applying(Maximum(), number(Float(range.lowerBound)))
      .applying(Minimum(), number(Float(range.upperBound))).cast(to: dataType)
  }

  /// Narrow integers less their zero points, as real numbers; nil for zero points that are neither one number
  /// nor a list.
  fileprivate func less(_ zeroPoint: Formula?, listAxis: Int) throws(ModelError) -> Formula? {
    if let tensor = try constantTensor {
      guard let zeros = try zeroPoint.map({ (zeros) throws(ModelError) in try zeros.constantTensor }) else {
        return constant(try tensor.cast(to: .float32))
      }
      if let zeros {
        let integers = try tensor.integers(less: zeros, listAxis: listAxis)
        return constant(Tensor(integers.map(Float.init), shape: tensor.shape))
      }
    }
    let real = try cast(to: .float32)
    guard let zeroPoint else { return real }
    guard let zeros = try zeroPoint.aligned(to: self, axis: listAxis) else { return nil }
    return try real - zeros.cast(to: .float32)
  }

  /// The zero points that an operand is, as real numbers; 0 if it is left out.
  fileprivate func zeroPoint(_ index: Int, axis: Int) throws(ModelError) -> Formula? {
    guard let zeros = operand(index) else { return constant(Tensor(scalar: Float(0))) }
    return try zeros.aligned(to: self, axis: axis)?.cast(to: .float32)
  }

  /// One number, or a list along an axis of another value, in a shape that broadcasts; nil for other shapes.
  fileprivate func aligned(to other: Formula, axis: Int) throws(ModelError) -> Formula? {
    guard let shape = type.shape.fixed, let count = type.shape.elementCount else { return nil }
    if count == 1 { return shape.isEmpty ? self : try reshaped(to: []) }
    guard shape.count == 1 else { return nil }
    let rank = other.type.rank
    let place = axis < 0 ? axis + rank : axis
    guard place >= 0, place < rank else { return nil }
    return try reshaped(to: [count] + [Int](repeating: 1, count: rank - 1 - place))
  }
}
