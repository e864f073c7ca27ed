import SkiffIR
import SkiffOperators
import SkiffTestSupport

/// Small convolutional networks drawn at random, whose values join and part in ways that quantization must follow: an
/// operand used twice, inputs and constants that are concatenated, concatenations of concatenations, parts of parts.
struct RandomNetwork {
  private var generator: SeededGenerator
  private(set) var graph = Graph(name: "random")
  private var values: [ValueID] = []
  private let layout: ChannelLayout

  init(_ seed: Seed) throws {
    generator = SeededGenerator(seed)
    layout = Bool.random(using: &generator) ? .first : .last
    for index in 0..<integer(1...2) {
      let channels = integer(1...4)
      let sizes = layout == .first ? [1, channels, 6, 6] : [1, 6, 6, channels]
      values.append(graph.addInput("x\(index)", TensorType(.float32, Shape(sizes))))
    }
    for _ in 0..<integer(3...10) { try addNode() }
    let unused = values.filter { graph[$0].users.isEmpty && !graph.inputs.contains($0) }
    for (index, value) in unused.enumerated() { graph.addOutput(value, name: "y\(index)") }
    // What is used inside is sometimes returned as well.
    if integer(0...2) == 0, let inner = values.filter({ !graph[$0].users.isEmpty }).last,
      !graph.inputs.contains(inner)
    {
      graph.addOutput(inner, name: "inner")
    }
    try graph.verify()
  }

  /// `count` sets of inputs within ±`bound`, the samples along the first axis.
  mutating func inputs(_ count: Int, bound: Float) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for input in graph.inputs {
      let sizes = [count] + sizes(input).dropFirst()
      result[graph[input].name] = Tensor(
        generator.floats(sizes.reduce(1, *), in: -bound...bound), shape: sizes)
    }
    return result
  }

  // MARK: Choices

  private mutating func integer(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }

  private mutating func value() -> ValueID {
    // The latest values are taken more often, so that networks are deep.
    let recent = values.suffix(3)
    return
      (integer(0...2) > 0 ? recent.randomElement(using: &generator) : values.randomElement(using: &generator))
      ?? values[0]
  }

  private mutating func value(like other: ValueID) -> ValueID {
    let alike = values.filter { sizes($0) == sizes(other) }
    switch integer(0...5) {
    case 0: return constant(sizes(other))
    case 1: return constant(channels(other).map { layout == .first ? [$0, 1, 1] : [$0] } ?? [1])
    default: return alike.randomElement(using: &generator) ?? other
    }
  }

  private func sizes(_ value: ValueID) -> [Int] { graph[value].type?.shape.fixed ?? [] }
  private func channels(_ value: ValueID) -> Int? { sizes(value)[layout.channelAxis(rank: 4)] }
  private func space(_ value: ValueID) -> [Int] { Array(sizes(value)[layout.spatialAxes(rank: 4)]) }

  private mutating func constant(_ sizes: [Int]) -> ValueID {
    let bound = Float(generator.logUniform(in: 0.1...3))
    return graph.addConstant(Tensor(generator.floats(sizes.reduce(1, *), in: -bound...bound), shape: sizes))
  }

  private mutating func list(_ integers: [Int]) -> ValueID {
    graph.addConstant(Tensor(integers.map(Int64.init), shape: [integers.count]))
  }

  // MARK: Nodes

  private mutating func addNode() throws {
    let x = value()
    switch integer(0...18) {
    case 0, 1: try convolve(x)
    case 2, 3: try combine(x)
    case 4, 5, 6: try concatenate(x)
    case 7: try pool(x)
    case 8: try split(x)
    case 9: try pad(x)
    case 10: try reshape(x)
    case 11: try resize(x)
    case 12, 13: try activate(x)
    case 14: try slice(x)
    case 15, 16: try stack(x)
    case 17: try reduce(x)
    default: try select(x)
    }
  }

  private mutating func convolve(_ x: ValueID) throws {
    guard let channels = channels(x) else { return }
    var convolution = Convolution()
    convolution.layout = layout
    let isDepthwise = integer(0...2) == 0
    let (size, outputs) = (integer(1...3), isDepthwise ? channels : integer(1...4))
    convolution.groups = isDepthwise ? channels : 1
    let depth = isDepthwise ? 1 : channels
    convolution.padding = Padding.allCases.randomElement(using: &generator) ?? .explicit
    if convolution.padding == .explicit {
      guard space(x).allSatisfy({ $0 >= 3 }) else { return }
      convolution.pads = [integer(0...2), integer(0...2), integer(0...2), integer(0...2)]
    }
    if space(x).allSatisfy({ $0 > 3 }) { convolution.strides = [integer(1...2), integer(1...2)] }
    convolution.activation = FusedActivation.allCases.randomElement(using: &generator) ?? .none
    let w = constant(layout == .first ? [outputs, depth, size, size] : [outputs, size, size, depth])
    let bias = integer(0...1) == 0 ? constant([outputs]) : nil
    values.append(try graph.add(convolution, x, w, bias))
  }

  private mutating func combine(_ x: ValueID) throws {
    let other = value(like: x)
    let operands = Bool.random(using: &generator) ? [x, other] : [other, x]
    let operators: [any Operator] = [
      Add(), Add(), Subtract(), Multiply(), Maximum(), Minimum(), Maximum(), Minimum(),
    ]
    let chosen = operators.randomElement(using: &generator) ?? Add()
    values.append(try graph.add(chosen, operands[0], operands[1]))
  }

  private mutating func concatenate(_ x: ValueID) throws {
    let axis = Bool.random(using: &generator) ? layout.channelAxis(rank: 4) : integer(1...3)
    guard sizes(x)[axis] < 16 else { return }
    let alike = values.filter { other in
      sizes(other)[axis] < 16 && (0..<4).allSatisfy { $0 == axis || sizes(other)[$0] == sizes(x)[$0] }
    }
    var operands: [ValueID] = [x]
    for _ in 0..<integer(1...3) {
      operands.append(
        integer(0...4) == 0 ? constant(sizes(x)) : alike.randomElement(using: &generator) ?? x)
    }
    values.append(
      try graph.addNode(
        Concat(axis: integer(0...1) == 0 ? axis : axis - 4), operands.shuffled(using: &generator))[0]
    )
  }

  private mutating func pool(_ x: ValueID) throws {
    guard space(x).allSatisfy({ $0 >= 2 }) else { return }
    let padding: Padding = Bool.random(using: &generator) ? .sameUpper : .explicit
    if Bool.random(using: &generator) {
      var pool = MaxPool()
      (pool.layout, pool.size, pool.strides, pool.padding) = (layout, [2, 2], [integer(1...2), 1], padding)
      if padding == .explicit {
        pool.pads = [integer(0...1), integer(0...1), integer(0...1), integer(0...1)]
      }
      values.append(try graph.add(pool, x))
    } else {
      var pool = AveragePool()
      (pool.layout, pool.size, pool.strides, pool.padding) = (layout, [2, 2], [integer(1...2), 1], padding)
      values.append(try graph.add(pool, x))
    }
  }

  private mutating func split(_ x: ValueID) throws {
    let axis = layout.channelAxis(rank: 4)
    guard let channels = channels(x), channels >= 2 else { return }
    var split = Split()
    split.axis = axis
    let first = integer(1...channels - 1)
    split.sizes = [first, channels - first]
    values += try graph.addNode(split, [x])
  }

  private mutating func pad(_ x: ValueID) throws {
    guard space(x).allSatisfy({ (2...12).contains($0) }) else { return }
    let amounts = [integer(0...1), integer(0...1), integer(0...1), integer(0...1)]
    let around =
      layout == .first
      ? [0, 0, amounts[0], amounts[1], 0, 0, amounts[2], amounts[3]]
      : [0, amounts[0], amounts[1], 0, 0, amounts[2], amounts[3], 0]
    let content: PaddingContent = integer(0...2) == 0 ? .reflect : .constant
    let number: ValueID? =
      content == .constant && integer(0...1) == 0
      ? graph.addConstant(Tensor(scalar: Float.random(in: -2...2, using: &generator))) : nil
    values.append(try graph.add(Pad(content), x, list(around), number))
  }

  private mutating func reshape(_ x: ValueID) throws {
    let old = sizes(x)
    let flat = try graph.add(Reshape(), x, list([1, -1]))
    values.append(try graph.add(Reshape(), flat, list([1, old[1], old[3], old[2]])))
  }

  private mutating func resize(_ x: ValueID) throws {
    guard space(x).allSatisfy({ $0 <= 6 }) else { return }
    var resize = Resize()
    let factors: [Float] = layout == .first ? [1, 1, 2, 2] : [1, 2, 2, 1]
    if Bool.random(using: &generator) {
      resize.mode = .linear
      resize.coordinates = Bool.random(using: &generator) ? .halfPixel : .alignCorners
    } else {
      (resize.coordinates, resize.rounding) = (.asymmetric, .floor)
    }
    values.append(try graph.add(resize, x, nil, graph.addConstant(Tensor(factors, shape: [4]))))
  }

  private mutating func activate(_ x: ValueID) throws {
    var elu = Elu()
    elu.alpha = 0.7
    // The reference resolver has no ELU with its usual slope.
    let operators: [any Operator] = [
      Relu(), Sigmoid(), Tanh(), LeakyRelu(), HardSwish(), Clip(minimum: 0, maximum: 6),
      Clip(minimum: -0.3, maximum: 0.9), Clip(minimum: nil, maximum: 0.5), Swish(), HardSigmoid(), elu,
      Selu(), Gelu(), Abs(),
    ]
    values.append(try graph.add(operators.randomElement(using: &generator) ?? Relu(), x))
  }

  private mutating func slice(_ x: ValueID) throws {
    let axis = layout.spatialAxes(rank: 4).lowerBound + integer(0...1)
    guard sizes(x)[axis] >= 3 else { return }
    values.append(
      try graph.add(Slice(), x, list([1]), list([integer(0...1) == 0 ? -1 : sizes(x)[axis]]), list([axis])))
  }

  private mutating func stack(_ x: ValueID) throws {
    let axis = integer(1...3)
    guard sizes(x)[axis] < 8 else { return }
    var operands: [ValueID] = []
    for operand in [x, value(like: x)] where sizes(operand) == sizes(x) {
      operands.append(try graph.add(Unsqueeze(axes: [axis]), operand))
    }
    let stacked = try graph.addNode(Concat(axis: axis), operands)[0]
    var joined = sizes(x)
    joined[axis] *= operands.count
    values.append(try graph.add(Reshape(), stacked, list(joined)))
  }

  private mutating func reduce(_ x: ValueID) throws {
    let axes = Bool.random(using: &generator) ? Array(layout.spatialAxes(rank: 4)) : [integer(1...3)]
    let operators: [any Operator] = [
      ReduceMean(axes: axes, keepsDimensions: true), ReduceMax(axes: axes, keepsDimensions: true),
      ReduceMin(axes: axes, keepsDimensions: true),
    ]
    let reduced = try graph.add(operators.randomElement(using: &generator) ?? ReduceMean(), x)
    values.append(try graph.add(Multiply(), x, reduced))
  }

  private mutating func select(_ x: ValueID) throws {
    let sizes = sizes(x)
    let choices = (0..<sizes.reduce(1, *)).map { _ in UInt8(integer(0...1)) }
    let condition = graph.addConstant(
      try Tensor(integers: choices.map(Int.init), as: .boolean, shape: sizes))
    values.append(try graph.add(Select(), condition, x, value(like: x)))
  }
}
