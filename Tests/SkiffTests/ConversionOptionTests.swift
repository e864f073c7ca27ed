import Skiff
import SkiffNumPy
import SkiffOperators
import SkiffTestSupport
import Testing

/// What a caller can ask of a conversion beside its target.
@Suite struct ConversionOptionTests {
  private static let torch = TestModel.path("torch.opset17.onnx")
  private static let samples = TestModel.path("calibration.nchw.npz")

  private func compressed(
    _ path: String = torch, _ samples: String = samples, interface: Bool = false, channelsLast: Bool = false
  ) throws -> Model {
    var model = try Model(contentsOf: path)
    model.changesInterfaceLayout = channelsLast
    var quantization = Int8Quantization()
    quantization.quantizesInputs = interface
    quantization.quantizesOutputs = interface
    try model.compress(.int8(calibratedOn: Samples(contentsOf: samples), quantization: quantization))
    return model
  }

  private func images(channelsLast: Bool) throws -> Tensor {
    let array = try TestModel.testImages(channelsLast: channelsLast)
    return Tensor(try array.elements(as: Float.self), shape: array.shape)
  }

  @Test(.needsPeer(.check)) func inputsAndOutputsCanBeIntegers() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    var model = try compressed(interface: true)
    try model.write(to: path)
    let read = try Model(contentsOf: path)
    let type = try #require(read.graph[read.graph.inputs[0]].type)
    #expect(type.dataType == .int8 && type.isQuantized)
    #expect(read.graph[read.graph.outputs[0].value].type?.dataType == .int8)
    let images = try images(channelsLast: false)
    let quantized = try images.quantized(as: .int8, #require(type.quantization))
    let name = read.graph[read.graph.inputs[0]].name
    let ours = try read.outputs(for: Samples([name: quantized]))[0].tensor.integers()
    #expect(try read.outputs(for: Samples([name: images]))[0].tensor.integers() == ours)
    let size = quantized.bytes.count / images.shape[0]
    let sets = try (0..<images.shape[0]).map { row in
      let tensor = try Tensor(
        .int8, shape: [1] + images.shape.dropFirst(),
        bytes: quantized.bytes.slice(offset: row * size, count: size))
      return ["0": try NumPyArray(tensor.integers().map(Int8.init), shape: tensor.shape)]
    }
    let theirs = try Peer.check.outputs(of: path, under: "litert_run.py", inputs: sets)
    let expected = try theirs.flatMap { set in
      try #require(set.values.first).elements(as: Int8.self).map(Int.init)
    }
    #expect(ours == expected)
  }

  @Test func channelsCanBeLastOutside() throws {
    var model = try compressed(channelsLast: true)
    let folder = try TemporaryFolder()
    try model.write(to: folder.path("model.skiff"))
    let read = try Model(contentsOf: folder.path("model.skiff"))
    let (last, first) = (try images(channelsLast: true), try images(channelsLast: false))
    #expect(read.graph[read.graph.inputs[0]].type?.shape.dimensions.last == .fixed(last.shape[3]))
    #expect(!read.graph.nodeIDs.contains { read.graph[$0].operator is Transpose })
    var kept = try compressed()
    try kept.write(to: folder.path("kept.skiff"))
    let name = read.graph[read.graph.inputs[0]].name
    let comparison = try Model(contentsOf: Self.torch).comparison(with: read, samples: Samples([name: first]))
    #expect(comparison.outputs.count == 1 && comparison.outputs.allSatisfy { $0.signalToNoise > 25 })
    let back = try read.comparison(with: Model(contentsOf: Self.torch), samples: Samples([name: last]))
    #expect(back.outputs.allSatisfy { $0.signalToNoise > 25 })
    let outputs = try read.outputs(for: Samples([name: last]))[0].tensor
    #expect(
      try outputs
        == Model(contentsOf: folder.path("kept.skiff")).outputs(for: Samples([name: first]))[0].tensor)
  }

  @Test(arguments: ["skiff", "tflite"]) func openSizesStayOpenUnlessTheyAreGiven(ending: String) throws {
    let folder = try TemporaryFolder()
    var open = try Model(contentsOf: Self.torch)
    let input = open.graph[open.graph.inputs[0]]
    let shape = try #require(input.type?.shape)
    try #require(shape[0].fixed == nil)
    try open.write(to: folder.path("open.\(ending)"))
    let read = try Model(contentsOf: folder.path("open.\(ending)"))
    #expect(read.graph[read.graph.inputs[0]].type?.shape[0].fixed == nil)
    #expect(read.graph[read.graph.outputs[0].value].type?.shape[0].fixed == nil)
    let sizes = [3] + shape.dimensions.dropFirst().compactMap(\.fixed)
    var given = try Model(contentsOf: Self.torch, inputShapes: [input.name: sizes])
    try given.write(to: folder.path("given.\(ending)"))
    let fixed = try Model(contentsOf: folder.path("given.\(ending)"))
    #expect(fixed.graph[fixed.graph.inputs[0]].type?.shape.fixed == sizes)
    #expect(throws: ModelError.self) {
      try Model(contentsOf: Self.torch, inputShapes: [input.name: [1, 1, 1]])
    }
  }

  /// Values that vanish have scales in which a clamp at 6 lies beyond 32 bits, which LiteRT refuses to load.
  @Test(.needsPeer(.check)) func clampsOutOfReachAreLeftOut() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4]))
    var dense = FullyConnected()
    dense.activation = .relu6
    let weights = graph.addConstant(Tensor([Float](repeating: 1e-10, count: 12), shape: [3, 4]))
    let small = try graph.add(dense, x, weights)
    graph.addOutput(try graph.add(Clip(minimum: 0, maximum: 6), small), name: "y")
    var model = try Model(graph)
    let samples = Samples(["x": Tensor([1, 2, 3, 4, 0, 0, 1, 1] as [Float], shape: [2, 4])])
    let report = try model.compress(.int8(calibratedOn: samples))
    #expect(report.floatNodes.isEmpty)
    let folder = try TemporaryFolder()
    try model.write(to: folder.path("model.tflite"))
    let set = ["x": Tensor([4, 3, 2, 1] as [Float], shape: [1, 4])]
    let expected = try Peer.check.liteRTResults(of: folder.path("model.tflite"), [set])
    #expect(try model.results(of: [set]) == expected)
    #expect(expected[0]["y"]?.contains { $0 > 0 } == true)
  }

  @Test(arguments: ["torch.opset17.onnx", "sequential.keras2.h5"], ["tflite", "onnx"])
  func weightsIn16BitsAreCertified(name: String, format: String) throws {
    var model = try Model(contentsOf: TestModel.path(name))
    let folder = try TemporaryFolder()
    var options = WritingOptions()
    options.storesFloat16 = true
    try model.write(to: folder.path("half.\(format)"), options: options)
    let size = try ByteRegion(mapping: folder.path("half.\(format)")).count
    var thresholds = Certificate.Thresholds()
    thresholds.relativeError = 1e-2
    let certificate = try Certificate(
      of: model, writtenTo: folder.path("half.\(format)"), options: options, thresholds: thresholds)
    #expect(certificate.holds, "\(certificate.failures)")
    #expect(certificate.comparison.outputs[0].maximumError > 0)
    try model.write(to: folder.path("full.\(format)"))
    #expect(try size < ByteRegion(mapping: folder.path("full.\(format)")).count)
    let other = try Certificate(of: model, writtenTo: folder.path("half.\(format)"))
    #expect(!other.holds)
  }

  @Test func aDamagedWeightIsNotConverted() throws {
    let folder = try TemporaryFolder()
    var model = try Model(contentsOf: Self.torch)
    try model.write(to: folder.path("model.skiff"))
    let read = try Model(contentsOf: folder.path("model.skiff")).graph
    let largest = try #require(
      read.constantIDs.compactMap { read[$0].constant?.bytes }.max { $0.count < $1.count })
    var bytes = try ByteRegion(mapping: folder.path("model.skiff")).withBytes { Array($0) }
    bytes[largest.offset + 1] ^= 1
    var file = try OutputFile(path: folder.path("damaged.skiff"))
    try file.write(bytes)
    try file.commit()
    #expect(throws: ModelError.self) { try Model(contentsOf: folder.path("damaged.skiff")) }
    var options = ReadingOptions()
    options.verifiesContents = false
    _ = try Model(contentsOf: folder.path("damaged.skiff"), options: options)
  }

  @Test func nodesToExcludeMustBeThere() throws {
    var quantization = Int8Quantization()
    quantization.excludedNodes = ["nosuchnode"]
    var model = try Model(contentsOf: Self.torch)
    let samples = try Samples(contentsOf: Self.samples)
    #expect(throws: ModelError.self) {
      try model.compress(.int8(calibratedOn: samples, quantization: quantization))
    }
    let node = try #require(model.graph.nodeIDs.map { model.graph[$0] }.first { $0.operator is Convolution })
    quantization.excludedNodes = [node.name]
    let report = try model.compress(.int8(calibratedOn: samples, quantization: quantization))
    // Its padding is a node of its own by then.
    #expect(Set(report.floatNodes.map(\.reason)) == ["it is excluded"], "\(report.floatNodes)")
    #expect(report.floatNodes.allSatisfy { $0.location.description.contains(node.name) })
  }

  @Test func nothingIsProvenOfNoElements() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [0, 4]))
    graph.addOutput(try graph.add(Relu(), x), name: "y")
    var model = try Model(graph)
    let folder = try TemporaryFolder()
    try model.write(to: folder.path("empty.skiff"))
    #expect(try !Certificate(of: model, writtenTo: folder.path("empty.skiff")).holds)
  }

  @Test func oneNumberForEachRunIsASample() throws {
    var graph = Graph()
    let (x, rate) = (
      graph.addInput("x", TensorType(.float32, [1, 2])), graph.addInput("rate", TensorType(.float32, []))
    )
    graph.addOutput(try graph.add(Multiply(), x, rate), name: "y")
    let samples = Samples([
      "x": Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]), "rate": Tensor([10, 100] as [Float], shape: [2]),
    ])
    #expect(try Model(graph).outputs(for: samples)[0].tensor.floats() == [10, 20, 300, 400])
  }

  @Test func aFileSaysWhereItComesFrom() throws {
    let folder = try TemporaryFolder()
    var model = try compressed()
    try model.keepExamples(2, of: Samples(contentsOf: Self.samples))
    try model.write(to: folder.path("model.skiff"))
    let edge = try EdgeImporter.makeModel(
      from: ByteRegion(mapping: folder.path("model.skiff")), catalog: .standard)
    #expect(edge.provenance?.source == "torch.opset17.onnx" && edge.provenance?.sourceFormat == "ONNX")
    #expect(try edge.provenance?.sourceDigest == Digest(of: ByteRegion(mapping: Self.torch)))
    #expect(edge.provenance?.calibrationDigest != nil)
    #expect(edge.provenance?.recipe == "int8 (percentile 99.99)")
    #expect(edge.examples.count == 2)
    let read = try Model(contentsOf: folder.path("model.skiff"))
    try read.verifyContents()
    var again = read
    try again.write(to: folder.path("again.skiff"))
    #expect(
      try ByteRegion(mapping: folder.path("model.skiff")) == ByteRegion(mapping: folder.path("again.skiff")))
  }

  @Test func anExampleThatDoesNotComeOutIsFound() throws {
    let folder = try TemporaryFolder()
    var model = try compressed()
    try model.keepExamples(1, of: Samples(contentsOf: Self.samples))
    try model.write(to: folder.path("model.skiff"))
    var edge = try EdgeImporter.makeModel(
      from: ByteRegion(mapping: folder.path("model.skiff")), catalog: .standard)
    let output = edge.examples[0].outputs[0]
    edge.examples[0].outputs[0] = Tensor(try output.floats().map { $0 + 0.5 }, shape: output.shape)
    try EdgeExporter.write(edge, to: folder.path("wrong.skiff"))
    let error = #expect(throws: ModelError.self) {
      try Model(contentsOf: folder.path("wrong.skiff")).verifyContents()
    }
    #expect(error?.code == .checkFailed && "\(error?.description ?? "")".contains("example 0"))
  }
}
