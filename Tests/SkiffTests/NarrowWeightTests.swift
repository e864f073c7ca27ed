import Foundation
import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTFLite
import SkiffTestSupport
import Testing

/// Weights of few bits in TensorFlow Lite files whose activations are real numbers: LiteRT computes what Skiff does.
@Suite struct NarrowWeightTests {
  static let sources = Array(IntegerConversionTests.sources.prefix(2))

  private static func recipe(_ step: String) throws -> Recipe {
    try Recipe(yaml: "skiff: 1\nsteps:\n  - \(step)\n", name: "narrow")
  }

  /// Channels of weights that a file has in 16 bits, and widens by operators, are removed, and what is left stays in 16 bits.
  @Test(arguments: ["torch.opset17.onnx", "sequential.keras2.h5"])
  func channelsOf16BitsAreRemoved(name: String) throws {
    let folder = try TemporaryFolder()
    let (half, less) = (folder.path("half.tflite"), folder.path("less.tflite"))
    var source = try Model(contentsOf: TestModel.path(name))
    var options = WritingOptions()
    options.storesFloat16 = true
    try source.write(to: half, options: options)
    var model = try Model(contentsOf: half)
    let report = try model.compress(Self.recipe("channels: {multiplications: 0.5}").compression(on: nil))
    let groups = try #require(report.channels.first).groups
    #expect(groups.contains { $0.after < $0.before })
    try model.write(to: less)
    let (bytes, before) = (try ByteRegion(mapping: less).count, try ByteRegion(mapping: half).count)
    #expect(bytes < before)
    let types = try TFLiteModel(parsing: ByteRegion(mapping: less)).subgraphs[0].tensors.map(\.type)
    #expect(types.contains(1), "FLOAT16 is 1")
  }

  /// Weights alone: stored as int8, the same real numbers, results within the float bound.
  @Test(
    .needsPeer(.check), .needsModels(sources.map(\.file) + [Digits.imagesFile]), arguments: sources,
    [
      "{bits: 8}", "{bits: 4}", "{bits: 8, per: tensor}", "{bits: 5, symmetric: false}",
      "{bits: 3, per: tensor, symmetric: false}",
    ])
  func roundedWeightsAreStoredAsIntegers(source: SourceModel, integers: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.tflite")
    var model = try source.model()
    try model.compress(Self.recipe("weights: {integers: \(integers)}").compression(on: nil))
    try model.write(to: path)
    let plain = folder.path("float.tflite")
    var original = try source.model()
    try original.write(to: plain)
    let types = try TFLiteModel(parsing: ByteRegion(mapping: path)).subgraphs[0].tensors.map(\.type)
    let isShort = integers.contains("bits: 4") || integers.contains("bits: 3")
    #expect(types.contains(17) == isShort && (isShort || types.contains(9)), "INT4 is 17, INT8 is 9")
    let (bytes, before) = (try ByteRegion(mapping: path).count, try ByteRegion(mapping: plain).count)
    #expect(Double(bytes) < 0.67 * Double(before), "\(bytes), \(before)")
    let sets = try source.inputs(20)
    let lite = try ["BUILTIN_REF", "BUILTIN"].map { resolver in
      try Peer.check.liteRTResults(of: path, resolver: resolver, sets).flatMap { $0.values.joined() }
    }
    let bound = FloatBound(peerRuns: lite)
    #expect(bound.spread <= 1e-3 * bound.range)
    for one in [model, try Model(contentsOf: path)] {
      let ours = try one.results(of: sets).flatMap { $0.values.joined() }
      #expect(bound.holds(for: ours, from: lite[0]), "\(FloatDifference(ours, from: lite[0])), \(bound)")
    }
    // Few bits cost more than a certificate allows; that the file is the graph in memory holds nevertheless.
    let failures = try Certificate(of: model, writtenTo: path).failures
    #expect(!failures.contains { $0.contains("differs from the graph in memory") }, "\(failures)")
  }

  /// One product that rounds its input when it runs: nothing adds to an error, so that all results are LiteRT's.
  @Test(
    .needsPeer(.check), arguments: ["dense", "convolution", "depthwise", "pointwise"], ["channel", "tensor"])
  func oneDynamicProductIsLiteRTs(kind: String, granularity: String) throws {
    var generator = SeededGenerator(Seed(0xd1))
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, kind == "dense" ? [3, 24] : [2, 7, 6, 8]))
    func constant(_ shape: [Int]) -> ValueID {
      graph.addConstant(Tensor(generator.floats(shape.reduce(1, *)), shape: shape))
    }
    if kind == "dense" {
      graph.addOutput(try graph.add(FullyConnected(), x, constant([10, 24]), constant([10])), name: "y")
    } else {
      var convolution = Convolution()
      (convolution.layout, convolution.activation) = (.last, .relu)
      convolution.groups = kind == "depthwise" ? 8 : 1
      let size = kind == "pointwise" ? 1 : 3
      let weights = constant([8, size, size, kind == "depthwise" ? 1 : 8])
      graph.addOutput(try graph.add(convolution, x, weights, constant([8])), name: "y")
    }
    let folder = try TemporaryFolder()
    let path = (lite: folder.path("model.tflite"), edge: folder.path("model.skiff"))
    var model = try Model(graph)
    let step = "int8: {activations: dynamic, convolution: \(granularity), fully-connected: \(granularity)}"
    let report = try model.compress(Self.recipe(step).compression(on: nil))
    #expect(report.quantizedNodes == 1 && report.floatNodes.isEmpty, "\(report)")
    try model.write(to: path.lite)
    try model.write(to: path.edge)
    let sets = (0..<20).map { index -> [String: Tensor] in
      let shape = kind == "dense" ? [3, 24] : [2, 7, 6, 8]
      let range: ClosedRange<Float> = index % 3 == 0 ? 0...4 : -1...2
      return ["x": Tensor(generator.floats(shape.reduce(1, *), in: range), shape: shape)]
    }
    let expected = try Peer.check.liteRTResults(of: path.lite, sets).flatMap { $0.values.joined() }
    for file in [path.lite, path.edge] {
      let ours = try Model(contentsOf: file).results(of: sets).flatMap { $0.values.joined() }
      let difference = FloatDifference(ours, from: expected)
      #expect(difference.largestError == 0, "\(file): \(difference)")
    }
    let plain = try Model(graph).results(of: sets).flatMap { $0.values.joined() }
    #expect(FloatDifference(expected, from: plain).errorOfRange < 0.03)
  }

  /// Whole models, in which the last bit of a real number decides the side that the next product rounds it to.
  @Test(.needsPeer(.check), .needsModels(sources.map(\.file) + [Digits.imagesFile]), arguments: sources)
  func dynamicModelsAreNearerToLiteRTsThanToRealNumbers(source: SourceModel) throws {
    let folder = try TemporaryFolder()
    let path = (lite: folder.path("model.tflite"), edge: folder.path("model.skiff"))
    var model = try source.model()
    let report = try model.compress(Self.recipe("int8: {activations: dynamic}").compression(on: nil))
    #expect(report.quantizedNodes > 0 && report.floatNodes.isEmpty, "\(report)")
    try model.write(to: path.lite)
    try model.write(to: path.edge)
    let sets = try source.inputs(40)
    func all(_ runs: [[String: [Float]]]) -> [Float] { runs.flatMap { $0.values.joined() } }
    let expected = all(try Peer.check.liteRTResults(of: path.lite, sets))
    let plain = all(try source.model().results(of: sets))
    func error(_ a: [Float], _ b: [Float]) -> (root: Double, largest: Double) {
      let squares = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
      return ((squares / Double(a.count)).squareRoot(), FloatDifference(a, from: b).largestError)
    }
    let rounding = error(plain, expected)
    for file in [path.lite, path.edge] {
      let own = error(all(try Model(contentsOf: file).results(of: sets)), expected)
      #expect(own.root < 0.3 * rounding.root && own.largest < rounding.largest, "\(own), \(rounding)")
    }
    let certificate = try Certificate(of: model, writtenTo: path.lite)
    #expect(certificate.holds, "\(certificate.failures)")
  }

  @Test func whatStaysRealIsNamed() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4]))
    let w = graph.addInput("w", TensorType(.float32, [4, 4]))
    let constant = graph.addConstant(Tensor([Float](repeating: 1, count: 16), shape: [4, 4]))
    let first = try graph.add(FullyConnected(), x, constant, name: "first")
    let second = try graph.add(FullyConnected(), first, constant, name: "second")
    graph.addOutput(try graph.add(FullyConnected(), second, w, name: "third"), name: "y")
    var model = try Model(graph)
    let report = try model.compress(
      Self.recipe("int8: {activations: dynamic, exclude: [second]}").compression(on: nil))
    #expect(report.quantizedNodes == 1)
    #expect(report.floatNodes.map(\.reason) == ["it is excluded", "its weights are not constant"])
    // What both nodes share is there as it was for the other.
    let types = model.graph.constantIDs.compactMap { model.graph[$0].type?.dataType }
    #expect(Set(types) == [.int8, .float32])
  }

  /// Weights that a file has in 16 bits stay so where some of them become zero.
  @Test func weightsOf16BitsArePrunedAsSuch() throws {
    let folder = try TemporaryFolder()
    let (half, less) = (folder.path("half.tflite"), folder.path("less.skiff"))
    var source = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
    var options = WritingOptions()
    options.storesFloat16 = true
    try source.write(to: half, options: options)
    var model = try Model(contentsOf: half)
    let whole = folder.path("whole.skiff")
    try model.write(to: whole)
    try model.compress(Self.recipe("weights: {prune: {sparsity: 0.1}}").compression(on: nil))
    try model.write(to: less)
    let (bytes, before) = (try ByteRegion(mapping: less).count, try ByteRegion(mapping: whole).count)
    #expect(bytes < before, "\(bytes), \(before)")
    #expect(try Model(contentsOf: less).graph.semanticDigest() == model.graph.semanticDigest())
  }

  /// Rows that are infinite, or whose range is beyond all numbers, are rounded to something.
  @Test(arguments: [Float.infinity, -.infinity, .nan, .greatestFiniteMagnitude])
  func anyRowIsRounded(number: Float) throws {
    var model = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
    try model.compress(Self.recipe("int8: {activations: dynamic}").compression(on: nil))
    let input = model.graph.inputs[0]
    let shape = try #require(model.graph[input].type).shape.dimensions.map { $0.fixed ?? 1 }
    var numbers = [Float](repeating: -number, count: shape.reduce(1, *))
    numbers[0] = number
    let samples = Samples([model.graph[input].name: Tensor(numbers, shape: shape)])
    for plain in [true, false] {
      #expect(throws: Never.self) { try model.outputs(for: samples, usesReferenceKernels: plain) }
    }
  }

  /// Weights in int8 of a file in 16 bits, whose biases an operator widens: every way to run it in LiteRT takes it.
  @Test(.needsPeer(.check), arguments: ["BUILTIN_REF", "BUILTIN"])
  func dynamicWeightsOf16BitsRun(resolver: String) throws {
    let folder = try TemporaryFolder()
    let (half, path) = (folder.path("half.tflite"), folder.path("dynamic.tflite"))
    var source = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
    var options = WritingOptions()
    options.storesFloat16 = true
    try source.write(to: half, options: options)
    var model = try Model(contentsOf: half)
    try model.compress(Self.recipe("int8: {activations: dynamic}").compression(on: nil))
    try model.write(to: path)
    let input = model.graph.inputs[0]
    let shape = try #require(model.graph[input].type).shape.dimensions.map { $0.fixed ?? 1 }
    var generator = SeededGenerator(Seed(5))
    let set = [model.graph[input].name: Tensor(generator.floats(shape.reduce(1, *)), shape: shape)]
    let found = try #require(try Peer.check.liteRTResults(of: path, resolver: resolver, [set])[0].first)
    let own = try #require(try model.results(of: [set])[0].first)
    let difference = FloatDifference(own.value, from: found.value)
    #expect(difference.largestError < 0.05 * difference.range, "\(difference)")
  }

  /// A file with int8 weights and real activations is compressed as what its weights stand for.
  @Test func dynamicSourcesAreCompressed() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("dynamic.tflite")
    var source = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
    try source.compress(Self.recipe("int8: {activations: dynamic}").compression(on: nil))
    try source.write(to: path)
    let samples = try Samples(contentsOf: TestModel.path("calibration.nchw.npz"))
    let plain = try Model(contentsOf: path)
    let wanted = try plain.outputs(for: samples)[0].tensor.floats()
    func compressed(_ step: String) throws -> (report: CompressionReport, signalToNoise: Double) {
      var model = plain
      let report = try model.compress(Self.recipe(step).compression(on: samples))
      let found = try model.outputs(for: samples)[0].tensor.floats()
      let noise = zip(wanted, found).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      return (report, 10 * log10(wanted.reduce(0.0) { $0 + Double($1 * $1) } / noise))
    }
    let integers = try compressed("int8: {}")
    #expect(integers.report.quantizedNodes > 5 && integers.signalToNoise > 25, "\(integers)")
    let few = try compressed("weights: {integers: {bits: 4}, feedback: true}")
    let large = plain.graph.constantIDs.count { id in
      plain.graph[id].type.map { $0.rank >= 2 && $0.shape.elementCount ?? 0 >= 64 } ?? false
    }
    #expect(few.report.weights.count == large && few.signalToNoise > 15, "\(few)")
    let fewer = try compressed("channels: {multiplications: 0.8, ranking: taylor}")
    #expect(try #require(fewer.report.channels.first).groups.contains { $0.after < $0.before })
  }
}
