import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffNumPy
import SkiffTestSupport
import Testing

/// Random networks quantized to int8, with activations of 8 bits, with and without zero points, of 16 or of both, and written: LiteRT's reference kernels compute what Skiff does, to the bit.
@Suite struct RandomNetworkTests {
  private struct Case {
    let name: String
    let model: Model
    let sets: [[String: Tensor]]
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      IntegerMode(activations: .int8), IntegerMode(activations: .int16),
      IntegerMode(activations: .int8, isMixed: true), IntegerMode(activations: .int16, isMixed: true),
      IntegerMode(activations: .int8, isMixed: true, isSymmetric: true),
    ], Seed.fixedAndFresh)
  func everyElementIsLiteRTs(mode: IntegerMode, seed: Seed) throws {
    let folder = try TemporaryFolder()
    var seeds = SeededGenerator(seed)
    var cases: [Case] = []
    var skipped: [String: Int] = [:]
    while cases.count < 120 {
      let name = String(seeds.next(), radix: 16)
      guard let one = try makeCase(name, mode, in: folder, &skipped) else {
        try #require(skipped.values.reduce(0, +) < 1000, "\(skipped)")
        continue
      }
      cases.append(one)
    }
    try Peer.check.run("litert_folder.py", [folder.path(".")], timeout: .seconds(300))
    try expectNearInONNXRuntime(cases, in: folder)
    for one in cases {
      let text = try one.model.source.text()
      let theirs = try NumPyArchive(mapping: folder.path("\(one.name).out.npz")).arrays()
      let expected = Dictionary(uniqueKeysWithValues: theirs.map { ($0.name, $0.array) })
      for (origin, model) in [
        ("memory", one.model), ("file", try Model(contentsOf: folder.path("\(one.name).tflite"))),
      ] {
        for (index, set) in try model.results(of: one.sets).enumerated() {
          for (output, elements) in set {
            let peer = try #require(expected["\(index)/\(output)"]).elements(as: Float.self)
            let count = zip(elements, peer).count { $0 != $1 }
            #expect(
              count == 0 && elements.count == peer.count,
              "network 0x\(one.name), \(origin), \(output): \(count) of \(peer.count) differ\n\(text)")
          }
        }
      }
    }
  }

  /// What is written as ONNX computes real numbers between the same integers: it differs from ours by few steps, which random
  /// weights can make more.
  private func expectNearInONNXRuntime(
    _ cases: [Case], in folder: TemporaryFolder
  ) throws {
    var noise: [Double] = []
    try Peer.check.run("ort_folder.py", [folder.path(".")], timeout: .seconds(300))
    for one in cases {
      let theirs = try NumPyArchive(mapping: folder.path("\(one.name).onnx.npz")).arrays()
      let expected = Dictionary(uniqueKeysWithValues: theirs.map { ($0.name, $0.array) })
      for (index, set) in try one.model.results(of: one.sets).enumerated() {
        for output in one.model.graph.outputs {
          let elements = try #require(set[output.name])
          let peer = try #require(expected["\(index)/\(output.name)"]).elements(as: Float.self)
          #expect(elements.count == peer.count)
          let difference = zip(elements, peer).map { abs($0 - $1) }.max() ?? 0
          guard let full = range(of: output.value, in: one.model.graph) else {
            #expect(difference == 0, "network 0x\(one.name), \(output.name)")
            continue
          }
          noise.append(Double(difference / full))
          #expect(difference < 0.25 * full, "network 0x\(one.name), \(output.name): \(difference) of \(full)")
        }
      }
    }
    noise.sort()
    print(
      "ONNX Runtime: median \(noise[noise.count / 2]), greatest \(noise[noise.count - 1]) of what integers hold"
    )
    #expect(noise[noise.count * 95 / 100] < 0.02)
  }

  /// The distance of the least and the greatest number that the integers of a result stand for; nil for what no integers become.
  private func range(of value: ValueID, in graph: Graph) -> Float? {
    guard let integers = graph.producer(of: value)?.inputs.first?.flatMap({ graph[$0].type }),
      let scale = integers.quantization?.perTensor?.scale
    else { return nil }
    return scale * Float(integers.dataType == .int16 ? 65535 : 255)
  }

  /// A network that computes with integers throughout, written with its inputs; nil for another.
  private func makeCase(
    _ name: String, _ mode: IntegerMode, in folder: TemporaryFolder, _ skipped: inout [String: Int]
  ) throws -> Case? {
    var network = try RandomNetwork(Seed(UInt64(name, radix: 16) ?? 0))
    guard !network.graph.outputs.isEmpty else { return nil }
    var model = try Model(network.graph)
    var quantization = mode.quantization
    if mode.isMixed {
      quantization.exceptions = exceptions(network.graph, from: mode.activations, name)
      guard !quantization.exceptions.isEmpty else { return nil }
    }
    let compression = Compression.int8(
      calibratedOn: Samples(network.inputs(4, bound: 1)), quantization: quantization)
    guard let report = try self.report(of: compression, on: &model, &skipped) else { return nil }
    if let node = report.floatNodes.first {
      skipped[node.reason, default: 0] += 1
      return nil
    }
    try model.write(to: folder.path("\(name).tflite"))
    try model.write(to: folder.path("\(name).onnx"))
    // Beyond what was calibrated, so that clamps saturate.
    let sets = (0..<3).map { _ in network.inputs(1, bound: 1.3) }
    let arrays = try sets.enumerated().flatMap { index, set in
      try set.sorted { $0.key < $1.key }.map { key, tensor in
        ("\(index)/\(key)", try NumPyArray(tensor.floats(), shape: tensor.shape))
      }
    }
    try NumPyArchive.write(arrays.map { (name: $0.0, array: $0.1) }, to: folder.path("\(name).npz"))
    return Case(name: name, model: model, sets: sets)
  }

  /// Nil where lowering and fusion leave none of an operator that activations are for.
  private func report(
    of compression: Compression, on model: inout Model, _ skipped: inout [String: Int]
  ) throws -> CompressionReport? {
    let outcome = Result { () throws(ModelError) in try model.compress(compression) }
    if case .failure(let error) = outcome, error.message.hasPrefix("no node belongs to") {
      skipped[error.message, default: 0] += 1
      return nil
    }
    return try outcome.get()
  }

  /// The other activations for some operators that the graph has.
  private func exceptions(
    _ graph: Graph, from activations: Int8Quantization.Activations, _ name: String
  ) -> [SettingScope: Int8Quantization.Activations?] {
    var generator = SeededGenerator(Seed(UInt64(name, radix: 16) ?? 1))
    var result: [SettingScope: Int8Quantization.Activations?] = [:]
    let other: Int8Quantization.Activations = activations == .int8 ? .int16 : .int8
    for operatorName in Set(graph.nodeIDs.map { type(of: graph[$0].operator).name }).sorted()
    where Int.random(in: 0...2, using: &generator) == 0 {
      result.updateValue(other, forKey: .operators(operatorName))
    }
    return result
  }
}
