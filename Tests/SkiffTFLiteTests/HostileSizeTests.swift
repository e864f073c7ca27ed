import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

import SkiffTFLite

/// Sizes come from files: what the format cannot hold, or only by constants out of proportion to the graph, is refused.
@Suite struct HostileSizeTests {
  private enum Operand {
    case input(TensorType)
    case constant(Tensor)

    static func reals(_ sizes: Int...) -> Operand { .input(TensorType(.float32, Shape(sizes))) }
    static func integers(_ values: [Int], _ dataType: DataType = .int64, shape: [Int]? = nil) throws
      -> Operand
    {
      .constant(try Tensor(integers: values, as: dataType, shape: shape ?? [values.count]))
    }
  }

  private static func write(_ node: any SkiffIR.Operator, _ operands: [Operand?]) throws {
    var graph = Graph()
    var inputs: [ValueID?] = []
    for (index, operand) in operands.enumerated() {
      switch operand {
      case .input(let type): inputs.append(graph.addInput("x\(index)", type))
      case .constant(let tensor): inputs.append(graph.addConstant(tensor))
      case nil: inputs.append(nil)
      }
    }
    let result = try graph.addNode(node, inputs)[0]
    graph.addOutput(result, name: "y")
    try graph.verify()
    let folder = try TemporaryFolder()
    try withExtendedLifetime(folder) { try Runs.write(graph, to: folder.path("y.tflite")) }
  }

  private static func expectRefusal(
    _ node: any SkiffIR.Operator, _ operands: [Operand?], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(sourceLocation: sourceLocation) {
      try write(node, operands)
    } throws: { error in
      [.unsupported, .limitExceeded].contains((error as? ModelError)?.code)
    }
  }

  @Test func shuffledChannelsAreCounted() throws {
    var shuffle = DepthToSpace()
    (shuffle.layout, shuffle.order, shuffle.blockSize) = (.last, .channelFirst, 1)
    try Self.expectRefusal(shuffle, [.reals(0, 8, 1 << 16, .max)])
    try Self.expectRefusal(shuffle, [.reals(1, 1, 1, 1 << 30)])
  }

  @Test func scatteredPartsAreCounted() throws {
    var replacement = ScatterND()
    try Self.expectRefusal(
      replacement, [.reals(1 << 62, 4), .integers([0], shape: [1, 1]), .reals(1 << 62, 4)])
    // As many ones as updates are no part of the file.
    try Self.write(
      replacement, [.reals(1 << 28, 4), .integers([0], shape: [1, 1]), .reals(1 << 28, 4)])
    replacement.reduction = .multiply
    try Self.expectRefusal(replacement, [.reals(), .integers([]), .reals()])
  }

  @Test func biasesAreCounted() throws {
    var convolution = Convolution()
    convolution.layout = .last
    try Self.expectRefusal(convolution, [.reals(1, 4, 1), .reals(1 << 30, 1, 1)])
    try Self.expectRefusal(convolution, [.reals(1, 4, 2), .reals(1 << 62, 3, 2)])
  }

  @Test func resizesAreCounted() throws {
    var resize = Resize()
    try Self.expectRefusal(resize, [.reals(4), nil, nil, .integers([1 << 30])])
    resize.mode = .cubic
    try Self.expectRefusal(resize, [.reals(1 << 20), nil, nil, .integers([1 << 22])])
    // One size for no axes.
    let scalar = Operand.input(TensorType(.int8, .scalar))
    #expect(throws: ModelError.self) {
      try Self.write(resize, [scalar, nil, nil, .integers([2], .int8, shape: [])])
    }
  }

  @Test func paddingsAreCounted() throws {
    var pad = Pad()
    pad.content = .edge
    try Self.expectRefusal(pad, [.reals(4), .integers([1 << 30, 0])])
  }

  @Test func meansAreCounted() throws {
    var pool = AveragePool()
    (pool.layout, pool.pads) = (.last, [1, 1, 0, 0])
    pool.size = [2, 2]
    try Self.expectRefusal(pool, [.reals(1, 1 << 15, 1 << 14, 1)])
    // Under a large window places are counted at once.
    (pool.size, pool.pads) = ([1 << 20, 1], [1 << 19, 0, 1 << 19, 0])
    try Self.write(pool, [.reals(1, 1 << 20, 1, 1)])
  }
}
