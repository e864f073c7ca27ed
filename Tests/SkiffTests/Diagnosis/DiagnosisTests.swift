import Foundation
import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Where a compressed model loses precision.
@Suite struct DiagnosisTests {
  private static let source = TestModel.path("torch.opset17.onnx")

  private func samples() throws -> Samples { try Samples(contentsOf: TestModel.path("calibration.nchw.npz")) }

  private func quantized() throws -> Model {
    var model = try Model(contentsOf: Self.source)
    try model.compress(.int8(calibratedOn: samples()))
    return model
  }

  private func diagnosis(of candidate: Graph) throws -> Diagnosis {
    let model = try Model(contentsOf: Self.source)
    return try Diagnosis(
      reference: model.graph, candidate: candidate, runs: Array(samples().runs(for: model.graph).prefix(8)))
  }

  /// Each operator in turn.
  @Test func theOperatorThatWasSpoiledIsNamedFirst() throws {
    let graph = try quantized().graph
    let plain = try diagnosis(of: graph)
    // All but what a change of layout put in between.
    let others = Set(plain.operators.filter { $0.signalToNoise == nil }.map(\.operatorName))
    #expect(others == ["Reshape"])
    var spoiledCount = 0
    for (index, id) in graph.nodeIDs.enumerated() {
      guard graph[id].operator is Convolution || graph[id].operator is FullyConnected,
        let weights = graph[id].inputs[1], let tensor = try graph[weights].constant?.materialize()
      else { continue }
      var spoiled = graph
      // Every second weight is another one.
      let codes = try tensor.integers().enumerated().map { $0.offset % 2 == 0 ? -$0.element : $0.element }
      spoiled.setConstant(
        weights,
        to: Constant(
          try Tensor(integers: codes, as: .int8, shape: tensor.shape).quantized(with: tensor.quantization)))
      let found = try diagnosis(of: spoiled)
      let first = try #require(found.costliest.first)
      #expect(first.name == found.operators[index].name)
      #expect(first.advice.contains { $0.kind == .costly })
      #expect(first.advice.contains { $0.remedy.contains(first.name) })
      spoiledCount += 1
    }
    #expect(spoiledCount >= 4)
  }

  /// What it says to do about an operator makes it better.
  @Test func excludingTheCostliestOperatorHelps() throws {
    let plain = try diagnosis(of: quantized().graph)
    let worst = try #require(
      plain.costliest.first { $0.isQuantized && $0.recipeName != nil && $0.parameters > 0 })
    var options = Int8Quantization()
    options.excludedNodes = [try #require(worst.recipeName)]
    var model = try Model(contentsOf: Self.source)
    try model.compress(.int8(calibratedOn: samples(), quantization: options))
    let better = try diagnosis(of: model.graph)
    let same = try #require(better.operators.first { $0.name == worst.name })
    #expect(!same.isQuantized && (same.noiseAdded ?? 1) < (worst.noiseAdded ?? 0))
  }

  @Test func aGraphLosesNothingBesideItself() throws {
    let graph = try Model(contentsOf: Self.source).graph
    let found = try diagnosis(of: graph)
    let compared = found.operators.filter { $0.signalToNoise != nil }
    // The product of a Gemm has no name.
    #expect(compared.count == graph.nodeIDs.count - 1)
    #expect(compared.allSatisfy { $0.signalToNoise == .infinity && $0.fall == 0 && $0.noiseAdded == 0 })
    #expect(found.operators.allSatisfy { $0.advice.isEmpty })
    #expect(found.outputs.allSatisfy { $0.signalToNoise == .infinity })
  }

  /// Channels that the source has last and the written file first are compared all the same.
  @Test func channelsMayBeFirstInTheCandidate() throws {
    let source = try Model(contentsOf: TestModel.path("residual.float.tflite"))
    let folder = try TemporaryFolder()
    var copy = source
    try copy.write(to: folder.path("first.onnx"))
    let candidate = try Model(contentsOf: folder.path("first.onnx"))
    let runs = try Samples(contentsOf: TestModel.path("calibration.nhwc.npz")).runs(for: source.graph)
    let found = try Diagnosis(
      reference: source.graph, candidate: candidate.graph, runs: Array(runs.prefix(4)))
    let compared = found.operators.filter { $0.signalToNoise != nil }
    #expect(compared.count { ["Convolution", "Relu"].contains($0.operatorName) } >= 6)
    #expect(compared.allSatisfy { $0.signalToNoise ?? 0 > 80 })
  }

  /// Equalized channels have other values inside, but are no loss; beside them it shows what few bits cost.
  @Test(arguments: [nil, 8]) func equalizedChannelsAreNotBlamed(bits: Int?) throws {
    var builder = ChannelPruningTests.Builder([1, 8, 8, 3])
    let first = try builder.convolution(builder.x, 8)
    let graph = builder.finish(try builder.convolution(first, 4))
    var model = try Model(graph)
    var steps: [Compression.Step] = [.equalize(CrossLayerEqualization())]
    if let bits {
      var (settings, integers) = (WeightCompression.Settings(), WeightQuantization())
      integers.bits = bits
      settings.coding = .integers(integers)
      steps.append(.weights(WeightCompression(settings)))
    }
    let report = try model.compress(Compression(steps, description: "equalize"))
    #expect(report.equalizedGroups == 1)
    // Names tell which values belong together.
    var named = (reference: graph, candidate: model.graph)
    named.reference.setName(of: first, to: "inside")
    let inside = try #require(
      model.graph.nodeIDs.first { model.graph[$0].operator is Convolution }.map { model.graph[$0].outputs[0] }
    )
    named.candidate.setName(of: inside, to: "inside")
    let found = try Diagnosis(
      reference: named.reference, candidate: named.candidate, runs: builder.samples([1, 8, 8, 3]))
    #expect(found.operators.contains { $0.isRescaled && $0.signalToNoise ?? .infinity < 40 })
    // The mean square of an error is a twelfth of that of a step, and weights are some part of the widest one.
    let most = bits.map { pow(2, -2 * Double($0 - 1)) } ?? 1e-6
    #expect(found.operators.allSatisfy { ($0.noiseAdded ?? 0) < most })
    #expect(bits != nil || found.operators.allSatisfy(\.advice.isEmpty))
  }

  @Test func aRangeThatIsTooNarrowOrTooWideIsTold() throws {
    let model = try Model(contentsOf: Self.source)
    func found(scale: Float) throws -> [Finding] {
      let runs = try samples().runs(for: model.graph)
      let images = try runs.flatMap { try $0.values.first?.floats() ?? [] }
      let scaled = Tensor(images.map { $0 * scale }, shape: [runs.count, 1, 8, 8])
      var copy = model
      try copy.compress(.int8(calibratedOn: Samples(["image": scaled]), estimation: .minMax))
      return try diagnosis(of: copy.graph).operators.flatMap(\.advice)
    }
    #expect(try found(scale: 1).allSatisfy { $0.kind != .saturated })
    #expect(try found(scale: 0.25).contains { $0.kind == .saturated })
    #expect(try found(scale: 40).contains { $0.kind == .unusedRange })
  }

  /// Where only the output is compared, nobody is blamed for all.
  @Test func operatorsWithoutNamesAreTogether() throws {
    var graph = try quantized().graph
    for id in graph.valueIDs where graph[id].producer != nil { graph.setName(of: id, to: "") }
    let weights = try #require(
      graph.nodeIDs.first { graph[$0].operator is FullyConnected }.flatMap { graph[$0].inputs[1] })
    let tensor = try #require(try graph[weights].constant?.materialize())
    let codes = try tensor.integers().map { -$0 }
    graph.setConstant(
      weights,
      to: Constant(
        try Tensor(integers: codes, as: .int8, shape: tensor.shape).quantized(with: tensor.quantization)))
    let found = try diagnosis(of: graph)
    let compared = found.operators.filter { $0.signalToNoise != nil }
    #expect(compared.count == 1)
    let first = try #require(found.costliest.first)
    #expect(first.operatorName == "Dequantize" && first.uncomparedBefore >= 6)
    #expect(first.advice.map(\.kind) == [.costly])
    #expect(first.advice.allSatisfy { $0.remedy.contains("names") })
  }

  /// In a deep network many operators lose a little each: with 16 bits, as is advised, a quarter of the noise is left at most.
  @Test func noiseOfManyOperatorsIsNobodysFault() throws {
    var (graph, random) = (Graph(), SeededGenerator(Seed(6)))
    var value = graph.addInput("x", TensorType(.float32, [1, 32]))
    for layer in 0..<40 {
      let weights = random.floats(32 * 32).map { $0 * 0.4 }
      value = try graph.add(
        FullyConnected(), value, graph.addConstant(Tensor(weights, shape: [32, 32]), name: "w\(layer)"))
      value = try graph.add(Tanh(), value)
      graph.setName(of: value, to: "v\(layer)")
    }
    graph.addOutput(value, name: "y")
    let samples = Samples(["x": Tensor(random.floats(32 * 32), shape: [32, 32])])
    func found(_ activations: Int8Quantization.Activations) throws -> Diagnosis {
      var (model, options) = (try Model(graph), Int8Quantization())
      options.activations = activations
      try model.compress(.int8(calibratedOn: samples, quantization: options))
      return try Diagnosis(reference: graph, candidate: model.graph, runs: samples.runs(for: graph))
    }
    let bytes = try found(.int8)
    #expect(bytes.advice.last?.kind == .spread && bytes.advice.last?.place == "y")
    let wide = try found(.int16)
    #expect(wide.advice.allSatisfy { $0.kind != .spread })
    #expect(wide.outputs[0].signalToNoise > bytes.outputs[0].signalToNoise + 6)
  }

  @Test func workIsCounted() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 3]))
    let w = graph.addConstant(
      Tensor([0, 1, 2, 0, 0, 3, 4, 5, 6, 7, 8, 9] as [Float], shape: [4, 3]), name: "w")
    graph.addOutput(try graph.add(FullyConnected(), x, w), name: "y")
    let run = ["x": Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])]
    let row = try #require(Diagnosis(reference: graph, candidate: graph, runs: [run]).operators.first)
    #expect(row.parameters == 12 && row.zeros == 3 && row.sparsity == 0.25 && row.weightBytes == 48)
    #expect(row.multiplyAccumulates == 24 && row.activationBytes == 4 * (6 + 8))
    #expect(row.intensity == 24.0 / 104 && row.name == "FullyConnected 0" && row.recipeName == nil)
  }

  @Test func otherInterfacesAreRefused() throws {
    #expect(throws: ModelError.self) { _ = try diagnosis(of: Graph()) }
  }
}
