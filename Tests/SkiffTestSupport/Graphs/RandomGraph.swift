import SkiffBinary
import SkiffIR

/// Valid graphs of ``Everything`` and foreign operators that use all that a graph can say.
package struct RandomGraph {
  private var random: SeededGenerator
  private var graph = Graph()
  /// How many graphs the one that is made is inside of.
  private var depth = 0

  package init(_ seed: Seed) { random = SeededGenerator(seed) }

  /// Makes the next graph.
  package mutating func next() throws(ModelError) -> Graph {
    graph = Graph(name: name())
    for index in 0..<integer(0...3) {
      let id = graph.addInput("\(name())\(index)", type())
      if integer(0...9) == 0 { graph.setType(of: id, to: nil) }
    }
    for _ in 0..<integer(1...5) { graph.addConstant(try constant(), name: name()) }
    for _ in 0..<integer(0...2) { graph.addState(name(), initial: try constant()) }
    for _ in 0..<integer(0...8) { try addNode() }
    let values = graph.valueIDs
    for state in graph.states {
      let equal = values.filter { graph[$0].type == graph[state.value].type }
      if let next = equal.randomElement(using: &random) { graph.setNext(of: state.value, to: next) }
    }
    for index in 0..<integer(1...3) {
      if let value = values.randomElement(using: &random) {
        graph.addOutput(value, name: "\(name())\(index)")
      }
    }
    try graph.verify()
    return graph
  }

  private mutating func addNode() throws(ModelError) {
    let values = graph.valueIDs
    var operands: [ValueID?] = [values.randomElement(using: &random)]
    for _ in 0..<integer(0...3) {
      operands.append(integer(0...3) == 0 && operands.count == 1 ? nil : values.randomElement(using: &random))
    }
    let isForeign = integer(0...3) == 0
    let kind: any Operator = isForeign ? foreign() : try everything()
    var types: [TensorType?] = []
    for _ in 0..<kind.outputCount {
      guard !isForeign else {
        types.append(integer(0...4) == 0 ? nil : type())
        continue
      }
      let operand = operands.first.flatMap { $0.flatMap { graph[$0].type } }
      types.append(operand.flatMap { integer(0...1) == 0 ? quantized($0) : $0 })
    }
    try graph.addNode(
      kind, operands, name: name(), origins: origins(),
      outputNames: (0..<kind.outputCount).map { _ in name() }, types: types)
  }

  private mutating func everything() throws(ModelError) -> Everything {
    var result = Everything()
    if coin() { result.integer = Int.random(in: .min ... .max, using: &random) }
    if coin() { result.single = Float(bitPattern: UInt32.random(in: 0...0x7F80_0000, using: &random)) }
    if coin() {
      result.double = Double(bitPattern: UInt64.random(in: 0...0xFFFF_FFFF_FFFF_FFFF, using: &random))
    }
    if coin() { result.flag = false }
    if coin() { result.text = name() }
    if coin() { result.choice = Everything.Choice.allCases.randomElement(using: &random) ?? .first }
    if coin() { result.element = DataType.allCases.randomElement(using: &random) ?? .int8 }
    if coin() { result.integers = random.integers(integer(0...3)) }
    if coin() { result.singles = random.floats(integer(0...3)) }
    if coin() { result.texts = (0..<integer(0...2)).map { _ in name() } }
    if coin() { result.maybe = nil }
    if depth < 2, integer(0...5) == 0 { result.graph = try subgraph() }
    result.outputCount = integer(1...3)
    return result
  }

  private mutating func subgraph() throws(ModelError) -> Subgraph {
    let outer = graph
    depth += 1
    let inner = Subgraph(try next())
    depth -= 1
    graph = outer
    return inner
  }

  private mutating func foreign() -> ForeignOperator {
    var result = ForeignOperator()
    result.dialect = name()
    result.kind = name()
    result.version = integer(0...21)
    result.outputCount = integer(0...2)
    let values: [AttributeValue] = [
      .integer(integer(-5...5)), .real(-0.0), .boolean(coin()), .text(name()), .integers([]),
      .integers([1, -2]),
      .reals([]), .reals([1, .infinity]), .texts([]), .texts(["", name()]), .bytes([]), .bytes([0, 255]),
      .none,
      .real(Double(bitPattern: 0x7ff8_0000_0000_0123)),
    ]
    for index in 0..<integer(0...4) {
      result.foreignAttributes.append(
        .init("\(name())\(index)", values.randomElement(using: &random) ?? .none))
    }
    return result
  }

  private mutating func constant() throws(ModelError) -> Constant {
    let shape = (0..<integer(0...3)).map { _ in integer(0...5) }
    let dataType = DataType.allCases.filter { $0 != .string }.randomElement(using: &random) ?? .float32
    let size = shape.checkedProduct().flatMap { dataType.byteCount(elements: $0) } ?? 0
    if dataType == .float32, integer(0...2) == 0 {
      let tensor = try Tensor(.float32, shape: shape, bytes: bytes(size))
      return try Constant(tensor).transformed(by: .permute(Array(shape.indices.reversed())))
    }
    if dataType.isInteger, dataType.bitWidth > 3, coin() {
      let integers = (0..<(shape.checkedProduct() ?? 0)).map { _ in
        integer(dataType.isSignedInteger ? -4...3 : 0...7)
      }
      let tensor = try Tensor(integers: integers, as: dataType, shape: shape)
      return try Constant(packing: tensor, bits: 3)
    }
    let quantization = quantized(TensorType(dataType, Shape(shape))).quantization
    return Constant(try Tensor(dataType, shape: shape, quantization: quantization, bytes: bytes(size)))
  }

  private mutating func bytes(_ count: Int) -> ByteRegion { ByteRegion(random.integers(count)) }

  private mutating func type() -> TensorType {
    let dimensions: [Shape.Dimension] = [
      .fixed(0), .fixed(1), .fixed(3), .fixed(4), .unknown, .symbol("N"), .symbol("batch size"),
      (.symbol("H") * .fixed(2) - .fixed(1)) / 3 + .symbol("floor"), .symbol("N+1") * .fixed(-3),
    ]
    let shape = Shape((0..<integer(0...4)).map { _ in dimensions.randomElement(using: &random) ?? .unknown })
    return quantized(TensorType(DataType.allCases.randomElement(using: &random) ?? .float32, shape))
  }

  /// The type with random quantization parameters, where it can have some.
  private mutating func quantized(_ type: TensorType) -> TensorType {
    guard type.dataType.isInteger, integer(0...2) > 0 else { return TensorType(type.dataType, type.shape) }
    var result = TensorType(type.dataType, type.shape)
    result.quantization = QuantizationParameters(
      scale: Float(random.logUniform(in: 1e-6...10)),
      zeroPoint: integer(type.dataType.integerRange().clamped(to: -128...127)))
    guard let axis = type.shape.dimensions.indices.randomElement(using: &random) else { return result }
    if let size = type.shape[axis].fixed, coin() {
      result.quantization = QuantizationParameters(scales: random.floats(size, in: 0...1), axis: axis)
    } else if var sizes = type.shape.fixed, coin() {
      sizes[axis] = (sizes[axis] + 1) / 2
      let count = sizes.checkedProduct() ?? 0
      result.quantization = QuantizationParameters(
        scales: random.floats(count, in: 0...1),
        zeroPoints: random.integers(count, in: type.dataType.integerRange().clamped(to: -8...7)),
        granularity: .blocked(axis: axis, size: 2))
    }
    return result
  }

  private mutating func origins() -> [Origin] {
    (0..<integer(0...2)).map { _ in
      Origin(name: name(), operatorName: name(), index: coin() ? integer(0...99) : nil)
    }
  }

  private mutating func name() -> String {
    let names = [
      "", "", "x", "x", "conv", "conv.weight", "/model/conv", "a name", "3", "none", "constant", "nan",
      "é\u{301}",
      "quote\" back\\slash", "line\nbreak", "%0", "graph", "q", "true",
    ]
    return names.randomElement(using: &random) ?? ""
  }

  private mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  private mutating func coin() -> Bool { Bool.random(using: &random) }
}
