import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

import SkiffTFLite

/// MediaPipe's transposed convolution computes what TensorFlow Lite's does for the same sizes.
@Suite struct BiasedTransposedConvolutionTests {
  struct Form: Sendable, CustomTestStringConvertible {
    let size: [Int]
    let window: [Int]
    let strides: [Int]
    let isSame: Bool
    var testDescription: String { "\(size) \(window) \(strides) \(isSame)" }
  }

  static let forms: [Form] = [
    Form(size: [4, 5], window: [3, 3], strides: [2, 2], isSame: true),
    Form(size: [5, 4], window: [2, 4], strides: [2, 3], isSame: true),
    Form(size: [3, 3], window: [2, 2], strides: [2, 2], isSame: false),
    Form(size: [4, 2], window: [1, 3], strides: [2, 1], isSame: false),
    Form(size: [4, 2], window: [1, 1], strides: [3, 2], isSame: true),
  ]

  /// The size of the result as MediaPipe computes it.
  private static func sizes(_ form: Form) -> [Int] {
    (0..<2).map { axis in
      let (size, extent, stride) = (form.size[axis], form.window[axis], form.strides[axis])
      let cut = form.isSame ? max(0, extent - (size - 1) % stride - 1) : 0
      return stride * (size - 1) + extent - cut
    }
  }

  @Test(.needsPeer(.check), arguments: forms)
  func equalsTransposedConvolution(form: Form) throws {
    var generator = SeededGenerator(Seed(7))
    var node = TransposedConvolution()
    (node.layout, node.strides) = (.last, form.strides)
    (node.padding, node.outputSizes) = (form.isSame ? .sameUpper : .explicit, Self.sizes(form))
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape([1] + form.size + [3])))
    let shape = [2] + form.window + [3]
    let weights = graph.addConstant(Tensor(generator.floats(shape.reduce(1, *), in: -1...1), shape: shape))
    let bias = graph.addConstant(Tensor([Float(0.5), -0.25], shape: [2]))
    graph.addOutput(try graph.addNode(node, [x, weights, bias])[0], name: "y")
    let folder = try TemporaryFolder()
    let path = folder.path("y.tflite")
    try Runs.write(graph, to: path)

    var model = try TFLiteModel(parsing: ByteRegion(mapping: path))
    try #require(model.subgraphs[0].operators.count == 1)
    let operands = model.subgraphs[0].operators[0].inputs
    model.operatorCodes = [.init(builtin: 32, customCode: "Convolution2DTransposeBias")]
    model.subgraphs[0].operators[0].inputs = [operands[2], operands[1], operands[3]]
    model.subgraphs[0].operators[0].options = nil
    let numbers = [form.isSame ? 1 : 2, form.strides[0], form.strides[1]]
    model.subgraphs[0].operators[0].customOptions = ByteRegion(numbers.flatMap { [UInt8($0), 0, 0, 0] })
    var warnings: [Warning] = []
    let read = try Importer.makeGraph(from: model, warnings: &warnings)
    #expect(warnings.isEmpty)

    let inputs = try Runs.inputs(graph, count: 3, seed: Seed(11))
    let expected = try Runs.peerOutputs(path, graph, inputs)
    try expectClose(Runs.outputs(read, inputs), expected, 1e-5)
    // It is written as an operator that every runtime has.
    let again = folder.path("again.tflite")
    try Runs.write(read, to: again)
    try expectClose(Runs.outputs(read, inputs), Runs.peerOutputs(again, read, inputs), 1e-5)
  }

  @Test(arguments: [[], [1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]] as [[UInt8]])
  func badOptionsAreRefused(options: [UInt8]) throws {
    var model = TFLiteFiles.small
    model.operatorCodes[0] = .init(builtin: 32, customCode: "Convolution2DTransposeBias")
    model.subgraphs[0].operators[0].customOptions = ByteRegion(options)
    var warnings: [Warning] = []
    #expect(throws: ModelError.self) { try Importer.makeGraph(from: model, warnings: &warnings) }
  }
}
