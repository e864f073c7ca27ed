import SkiffBinary
import SkiffIR
import SkiffOperators

/// Activations of Keras 3 (`keras.activations`) that take several operators.
struct ComposedActivations {
  let call: LayerCall
  /// What the nodes are called behind the layer's name; that of the last one is just this.
  var part = ""

  /// `x - tanh(x)`.
  func tanhShrink(_ x: ValueID) throws(ModelError) -> ValueID {
    try last(Subtract(), x, inner("tanh", Tanh(), x))
  }

  /// `x` brought nearer to 0 by the threshold, and 0 up to there.
  func softShrink(_ x: ValueID, threshold: Double = 0.5) throws(ModelError) -> ValueID {
    let limit = Float(threshold)
    return try last(Subtract(), x, inner("middle", Clip(minimum: -limit, maximum: limit), x))
  }

  /// `x` beyond the threshold on both sides, else 0.
  func hardShrink(_ x: ValueID, threshold: Double = 0.5) throws(ModelError) -> ValueID {
    try kept(x, where: inner("beyond", Greater(), inner("size", Abs(), x), number(threshold)), else: 0)
  }

  /// `x` above the threshold, else another number.
  func threshold(_ x: ValueID, _ threshold: Double, else other: Double) throws(ModelError) -> ValueID {
    try kept(x, where: inner("above", Greater(), x, number(threshold)), else: other)
  }

  /// `(x + √(x² + b)) / 2`.
  func squareplus(_ x: ValueID, b: Double = 4) throws(ModelError) -> ValueID {
    let root = try inner("root", Sqrt(), inner("raised", Add(), inner("square", Square(), x), number(b)))
    return try last(Multiply(), inner("sum", Add(), x, root), number(0.5))
  }

  /// 0 up to -1, `x` from 1 on, and `(x + 1)² / 4` in between.
  func sparsePlus(_ x: ValueID) throws(ModelError) -> ValueID {
    let middle = try inner("raised", Add(), inner("clipped", Clip(minimum: -1, maximum: 1), x), number(1))
    let curve = try inner("curve", Multiply(), inner("square", Square(), middle), number(0.25))
    let beyond = try inner("beyond", Relu(), inner("lowered", Subtract(), x, number(1)))
    return try last(Add(), curve, beyond)
  }

  /// `(x + 1) / 2` between 0 and 1.
  func sparseSigmoid(_ x: ValueID) throws(ModelError) -> ValueID {
    var operator_ = HardSigmoid()
    operator_.alpha = 0.5
    return try last(operator_, x)
  }

  /// One half of an axis times the sigmoid of the other half.
  func gatedLinearUnit(_ x: ValueID, axis: Int = -1) throws(ModelError) -> ValueID {
    var split = Split()
    split.axis = try normalizedAxis(axis, rank: call.shape(of: x).rank)
    split.parts = 2
    guard try call.size(of: x, axis: split.axis) % 2 == 0 else {
      throw ModelError(.malformed, "an odd number of channels has no halves")
    }
    let halves = try call.addAll(split, [x], part: name("halves"))
    return try last(Multiply(), halves[0], inner("gate", Sigmoid(), halves[1]))
  }

  /// Keras's `sparsemax`: with `s` the sums of the greatest elements, the `k` of them that are above `(s - 1) / k` give the number
  /// that is taken from all, and nothing is left below 0.
  ///
  /// Keras adds up all sums of these elements where the paper (Martins and Astudillo, 2016, algorithm 1) takes the last one.
  func sparsemax(_ x: ValueID, axis: Int = -1) throws(ModelError) -> ValueID {
    let shape = try call.shape(of: x)
    let axis = try normalizedAxis(axis, rank: shape.rank)
    let size = try call.size(of: x, axis: axis)
    guard size <= 1 << 20 else { throw ModelError(.limitExceeded, "\(size) shares to be ordered") }
    var (sort, sums, total) = (TopK(), CumSum(), ReduceSum())
    (sort.axis, sums.axis, total.axes) = (axis, axis, [axis])
    let sorted = try call.addAll(sort, [x, call.integers([size])], part: name("sorted"))[0]
    let sum = try inner("sums", sums, sorted)
    var sizes = [Int](repeating: 1, count: shape.rank)
    sizes[axis] = size
    let ranks = call.constant((1...max(1, size)).prefix(size).map(Float.init), shape: sizes)
    let level = try inner("level", Divide(), inner("rest", Subtract(), sum, number(1)), ranks)
    let isAbove = try inner("above", Greater(), sorted, level)
    let count = try inner("count", total, inner("counted", Cast(to: .float32), isAbove))
    let kept = try inner("kept", Select(), isAbove, sum, number(0))
    let excess = try inner("excess", Subtract(), inner("total", total, kept), number(1))
    return try last(Relu(), inner("lowered", Subtract(), x, inner("taken", Divide(), excess, count)))
  }

  private func kept(
    _ x: ValueID, where condition: ValueID, else other: Double
  ) throws(ModelError) -> ValueID { try last(Select(), condition, x, number(other)) }

  private func number(_ value: Double) -> ValueID { call.constant([Float(value)], shape: []) }

  private func name(_ inner: String) -> String { part.isEmpty ? inner : "\(part)/\(inner)" }

  /// A node before the last one.
  private func inner(
    _ inner: String, _ operator: any Operator, _ operands: ValueID...
  ) throws(ModelError) -> ValueID { try call.add(`operator`, operands, part: name(inner)) }

  private func last(_ operator: any Operator, _ operands: ValueID...) throws(ModelError) -> ValueID {
    try call.add(`operator`, operands, part: part)
  }
}
