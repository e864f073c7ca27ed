import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffNumPy
import SkiffOperators
import SkiffTestSupport
import Testing

/// Rotations change weights, and what a graph computes by no more than rounding does.
@Suite struct ChannelRotationTests {
  private static func expected(_ kind: String) throws -> (ids: Tensor, scores: [Float]) {
    let arrays = try NumPyArchive(mapping: TestModel.path("transformers.expected.npz")).arrays()
    func tensor(_ name: String) throws -> Tensor {
      try Tensor(#require(arrays.first { $0.name == name }).array)
    }
    return (try tensor("ids"), try tensor(kind).floats())
  }

  private func scores(_ model: Model, _ ids: Tensor) throws -> [Float] {
    try #require(model.outputs(for: Samples(["ids": ids])).first).tensor.floats()
  }

  private func rotated(
    _ file: String, steps: String = "- rotate: {}"
  ) throws -> (model: Model, report: CompressionReport) {
    var model = try Model(contentsOf: TestModel.path("\(file).onnx"))
    let recipe = try Recipe(yaml: "skiff: 1\nsteps:\n\(steps)\n", name: "rotated")
    let report = try model.compress(recipe.compression(on: nil))
    return (model, report)
  }

  private func count<Kind: Operator>(_ kind: Kind.Type, in model: Model) -> Int {
    model.graph.nodeIDs.count { model.graph[$0].operator is Kind }
  }

  /// PyTorch's own results, before and behind the rotation.
  @Test(arguments: ["decoder", "prenorm", "postnorm"]) func transformersComputeTheSame(kind: String) throws {
    let (ids, expected) = try Self.expected(kind)
    let range = expected.reduce(0) { max($0, abs($1)) }
    let plain = try scores(Model(contentsOf: TestModel.path("\(kind).onnx")), ids)
    #expect(zip(plain, expected).allSatisfy { abs($0 - $1) < 1e-5 * range })
    let (model, report) = try rotated(kind)
    #expect(!report.rotation.rotations.isEmpty)
    let own = try scores(model, ids)
    #expect(zip(own, expected).allSatisfy { abs($0 - $1) < 2e-5 * range }, "\(report)")
    // The file is what is in memory.
    let folder = try TemporaryFolder()
    var copy = model
    try copy.write(to: folder.path("rotated.skiff"))
    #expect(try scores(Model(contentsOf: folder.path("rotated.skiff")), ids) == own)
  }

  /// The stream of sums, and values of attention in each head; rotary positions keep queries and keys.
  @Test func theStreamOfADecoderIsRotated() throws {
    let (model, report) = try rotated("decoder")
    #expect(report.rotation.rotations.map(\.channels) == [24, 12, 12], "\(report)")
    #expect(count(RMSNormalization.self, in: model) == 5)
    let reasons = report.rotation.obstacles.map(\.reason)
    #expect(reasons.contains { $0.contains("sees single channels") })
    #expect(reasons.contains("it is an output of the graph"))
    // Scales went into weights.
    let scales = model.graph.nodeIDs.filter { model.graph[$0].operator is RMSNormalization }
    #expect(scales.allSatisfy { model.graph[$0].inputs.dropFirst().allSatisfy { $0 == nil } })
  }

  /// Means that layer normalizations subtract are taken from the weights before them.
  @Test func theStreamBeforeLayerNormalizationsIsRotated() throws {
    let (model, report) = try rotated("prenorm")
    #expect(
      report.rotation.rotations.map(\.channels).sorted() == [12, 12, 12, 12, 24], "\(report)")
    #expect(count(RMSNormalization.self, in: model) == 5 && count(LayerNormalization.self, in: model) == 0)
  }

  /// Sums of what normalizations scale and shift are none of rotated channels.
  @Test func onlyAttentionIsRotatedBehindNormalizations() throws {
    let (model, report) = try rotated("postnorm")
    #expect(report.rotation.rotations.map(\.channels) == [12, 12, 12, 12], "\(report)")
    #expect(count(LayerNormalization.self, in: model) == 5)
    #expect(report.rotation.obstacles.contains { $0.reason.contains("goes into no weights") }, "\(report)")
  }

  /// Large channels no longer cost the others their digits: on average over both networks and both numbers of bits.
  @Test func fewBitsLoseLess() throws {
    var ratio: Float = 1
    for kind in ["decoder", "prenorm"] {
      let (ids, expected) = try Self.expected(kind)
      func error(_ steps: String) throws -> Float {
        let own = try scores(rotated(kind, steps: steps).model, ids)
        return zip(own, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
      for bits in [3, 4] {
        let rounding = "- weights: {integers: {bits: \(bits)}}"
        ratio *= try error("- rotate: {}\n\(rounding)") / error(rounding)
      }
    }
    #expect(ratio < 0.65, "\(ratio) for the product of four")
  }

  @Test func whatIsExcludedStays() throws {
    let names = try Model(contentsOf: TestModel.path("decoder.onnx")).graph
    let value = try #require(
      names.nodeIDs.map { names[$0].name }.first { $0.contains("attentions.0/value") })
    let (_, report) = try rotated("decoder", steps: "- rotate: {exclude: ['\(value)']}")
    #expect(report.rotation.rotations.map(\.channels) == [12], "\(report)")
    #expect(report.rotation.obstacles.contains { $0.reason == "it is excluded" })
    // Without the product of queries and keys neither can be rotated by itself.
    let (ids, expected) = try Self.expected("postnorm")
    let graph = try Model(contentsOf: TestModel.path("postnorm.onnx")).graph
    let products = graph.nodeIDs.filter { id in
      graph[id].operator is MatrixMultiply
        && graph[id].inputs.allSatisfy { $0.map { graph[$0].constant == nil } ?? false }
    }
    try #require(products.count == 4)
    let list = [0, 2].map { "'\(graph[products[$0]].name)'" }.joined(separator: ", ")
    let (model, kept) = try rotated("postnorm", steps: "- rotate: {exclude: [\(list)]}")
    #expect(kept.rotation.rotations.map(\.channels) == [12, 12], "\(kept)")
    let own = try scores(model, ids)
    let range = expected.reduce(0) { max($0, abs($1)) }
    #expect(zip(own, expected).allSatisfy { abs($0 - $1) < 2e-5 * range })
    let error = #expect(throws: ModelError.self) {
      try rotated("decoder", steps: "- rotate: {exclude: [nothing]}")
    }
    #expect(error?.code == .invalidArgument)
  }

  /// Two products with nothing in between, moved elements, a sum with a constant, means over places, and a number for all.
  @Test(arguments: [4, 12, 20, 24, 40, 48, 100, 36, 7]) func productsBehindProductsAreRotated(channels: Int)
    throws
  {
    var generator = SeededGenerator(Seed(UInt64(channels)))
    func constant(_ shape: [Int]) -> Tensor {
      Tensor(generator.floats(shape.reduce(1, *)), shape: shape)
    }
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 6, 5]))
    let weights = graph.addConstant(constant([channels, 5]))
    let first = try graph.add(FullyConnected(), x, weights, graph.addConstant(constant([channels])))
    let half = graph.addConstant(Tensor([0.5] as [Float], shape: []))
    let sum = try graph.add(
      Add(), graph.add(Multiply(), first, half), graph.addConstant(constant([1, 1, channels])))
    var mean = ReduceMean()
    (mean.axes, mean.keepsDimensions) = ([1], false)
    let product = try graph.add(
      MatrixMultiply(), graph.add(mean, sum), graph.addConstant(constant([channels, 3])))
    graph.addOutput(product, name: "y")
    let (turned, report) = try ChannelRotation().apply(to: graph)
    let size = [4: 4, 12: 12, 20: 20, 24: 24, 40: 40, 48: 48, 100: 20, 36: 12, 7: 1][channels] ?? 0
    #expect(report.rotations.map(\.channels) == (size > 1 ? [size] : []))
    #expect(report.obstacles.map(\.reason).contains { $0.contains("divides") } == (size == 1))
    let input = ["x": constant([2, 6, 5])]
    let (before, behind) = try (
      Model(graph).outputs(for: Samples(input))[0].tensor.floats(),
      Model(turned).outputs(for: Samples(input))[0].tensor.floats()
    )
    #expect(zip(before, behind).allSatisfy { abs($0 - $1) < 1e-5 * Float(channels) })
    let own = try #require(turned[weights].constant).materialize()
    #expect(try (own == #require(graph[weights].constant).materialize()) == (size == 1))
  }

  /// What is used elsewhere too, or is what weights have in common, stays.
  @Test func sharedWeightsAndOutputsStay() throws {
    var generator = SeededGenerator(Seed(3))
    let tensor = Tensor(generator.floats(64), shape: [8, 8])
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 8]))
    let tied = graph.addConstant(tensor)
    let first = try graph.add(FullyConnected(), x, tied, name: "first")
    let second = try graph.add(FullyConnected(), first, tied, name: "second")
    let third = try graph.add(FullyConnected(), second, graph.addConstant(tensor), name: "third")
    graph.addOutput(
      try graph.add(FullyConnected(), third, graph.addConstant(tensor), name: "last"), name: "y")
    graph.addOutput(third, name: "z")
    let (turned, report) = try ChannelRotation().apply(to: graph)
    #expect(report.rotations.isEmpty && report.obstacles.count == 2)
    #expect(try turned.semanticDigest() == graph.semanticDigest())
  }

  /// Random chains of what rotations pass through and what takes them up.
  @Test(arguments: Seed.fixedAndFresh) func randomChainsComputeTheSame(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    var count = 0
    for _ in 0..<(TestRun.isFull ? 500 : 100) {
      let graph = try chain(&generator)
      let (turned, report) = try ChannelRotation().apply(to: graph)
      count += report.rotations.count
      let inputs = ["x": Tensor(generator.floats(60), shape: [3, 4, 5])]
      let before = try Model(graph).outputs(for: Samples(inputs))[0].tensor.floats()
      let behind = try Model(turned).outputs(for: Samples(inputs))[0].tensor.floats()
      let (range, text) = (before.reduce(1) { max($0, abs($1)) }, try graph.text())
      #expect(zip(before, behind).allSatisfy { abs($0 - $1) < 1e-4 * range }, "\(text)")
    }
    #expect(count > 50)
  }

  private func chain(_ generator: inout SeededGenerator) throws -> Graph {
    var graph = Graph()
    func constant(_ shape: [Int]) -> ValueID {
      graph.addConstant(Tensor(generator.floats(shape.reduce(1, *)), shape: shape))
    }
    var x = graph.addInput("x", TensorType(.float32, [3, 4, 5]))
    var channels = 5
    for _ in 0..<Int.random(in: 3...12, using: &generator) {
      switch Int.random(in: 0...9, using: &generator) {
      case 0...2:
        let outputs = [6, 8, 12, 24].randomElement(using: &generator) ?? 8
        let bias = Bool.random(using: &generator) ? constant([outputs]) : nil
        x = try graph.addNode(FullyConnected(), [x, constant([outputs, channels]), bias])[0]
        channels = outputs
      case 3: x = try graph.add(Add(), constant([1, channels]), x)
      case 4: x = try graph.add(Multiply(), x, constant([1, 4, 1]))
      case 5: x = try graph.add(RMSNormalization(), x, constant([channels]))
      case 6: x = try graph.add(LayerNormalization(), x, constant([channels]), constant([channels]))
      case 7 where channels % 2 == 0:
        // Heads apart, places and heads exchanged, and back.
        let size = channels / 2
        let sizes = graph.addConstant(Tensor([3, 4, 2, Int64(size)] as [Int64], shape: [4]))
        let apart = try graph.add(Reshape(), x, sizes)
        let exchange = Transpose([0, 2, 1, 3])
        let there = try graph.add(exchange, try graph.add(exchange, apart))
        let whole = graph.addConstant(Tensor([3, 4, Int64(channels)] as [Int64], shape: [3]))
        x = try graph.add(Reshape(), there, whole)
      case 8: x = try graph.add(Add(), x, graph.add(FullyConnected(), x, constant([channels, channels])))
      default: x = try graph.add(Relu(), x)
      }
    }
    graph.addOutput(try graph.add(FullyConnected(), x, constant([3, channels])), name: "y")
    return graph
  }

  @Test(arguments: [1, 2, 8, 12, 20, 24, 96, 160, 384, 768]) func hadamardMatricesAreOrthogonal(size: Int)
    throws
  {
    #expect(HadamardMatrix.largestSize(dividing: size) == size)
    let matrix = HadamardMatrix(size: size)
    let rows = (0..<size).map { place in
      var row = (0..<size).map { $0 == place ? 1.0 : 0 }
      matrix.rotate(&row)
      return row
    }
    let magnitude = 1 / Double(size).squareRoot()
    for (index, row) in rows.enumerated() {
      #expect(row.allSatisfy { abs(abs($0) - magnitude) < 1e-12 })
      for other in rows[..<index] { #expect(abs(zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-12) }
    }
  }
}
