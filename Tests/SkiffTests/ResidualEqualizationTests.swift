import Foundation
import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffOperators
import SkiffTestSupport
import Testing

/// Layers that have channels in common by sums are equalized together, and compute what they computed.
@Suite struct ResidualEqualizationTests {
  /// What single channels lose to the greatest of their layer, on average over all rows of weights, in bits.
  private static func unevenness(_ graph: Graph) throws -> Float {
    var (sum, count) = (Float(0), 0)
    for weight in WeightTensor.all(in: graph, least: 1) {
      let matrix = try weight.matrix(in: graph)
      let ranges = (0..<weight.rows).map { row in
        matrix[row * weight.columns..<(row + 1) * weight.columns].map(abs).max() ?? 0
      }
      let greatest = ranges.max() ?? 0
      for range in ranges {
        sum += log2(greatest / range)
        count += 1
      }
    }
    return sum / Float(count)
  }

  private static func worst(_ found: [Float], from expected: [Float]) -> Float {
    let range = (expected.max() ?? 0) - (expected.min() ?? 0)
    let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    return found.count == expected.count ? error / max(range, 1e-6) : .infinity
  }

  @Test(arguments: Seed.fixedAndFresh) func residualNetworksComputeTheSame(seed: Seed) throws {
    var seeds = SeededGenerator(seed)
    var (before, after) = (Float(0), Float(0))
    for _ in 0..<20 {
      let own = seeds.next()
      var network = try RandomResidualNetwork(Seed(own))
      let (equalized, groups, _) = try CrossLayerEqualization().apply(to: network.graph)
      try equalized.verify()
      #expect(groups == network.groups, "network \(own)")
      let (source, changed) = (try Session(Plan(network.graph)), try Session(Plan(equalized)))
      for set in network.inputs(3) {
        let (expected, found) = (
          try #require(source.run(set)["y"]).floats(), try #require(changed.run(set)["y"]).floats()
        )
        #expect(Self.worst(found, from: expected) < 1e-5, "network \(own)")
      }
      before += try Self.unevenness(network.graph)
      after += try Self.unevenness(equalized)
    }
    // How much more even 20 networks become is a matter of chance: 0.84 was seen. That they do is none.
    #expect(after < (seed == Seed.fixedAndFresh[0] ? 0.8 : 1) * before, "\(before) \(after)")
  }

  @Test(.needsPeer(.check), arguments: [Seed(0x5eed), Seed(2)])
  func onnxRuntimeComputesTheSame(seed: Seed) throws {
    let folder = try TemporaryFolder()
    var seeds = SeededGenerator(seed)
    for _ in 0..<5 {
      var network = try RandomResidualNetwork(Seed(seeds.next()))
      let sets = network.inputs(3)
      var results: [[[String: [Float]]]] = []
      for isEqualized in [false, true] {
        var model = try Model(network.graph)
        if isEqualized {
          let recipe = try Recipe(yaml: "skiff: 1\nsteps:\n- equalize: {}\n", name: "equalized")
          #expect(try model.compress(recipe.compression(on: nil)).equalizedGroups == network.groups)
        }
        try model.write(to: folder.path("\(isEqualized).onnx"))
        results.append(
          try Peer.check.results(
            of: folder.path("\(isEqualized).onnx"), under: "ort_run.py", options: [], sets))
      }
      for (expected, found) in zip(results[0], results[1]) {
        #expect(try Self.worst(#require(found["y"]), from: #require(expected["y"])) < 1e-5)
      }
    }
  }

  /// Two convolutions that a sum joins, and one that takes it; each case has something that sees how large the channels are.
  @Test(arguments: [
    ("Relu(%s)", "y: %y", 1),
    ("LeakyRelu(%s)", "y: %y", 1),
    ("Add(%s, %s) {activation = \"relu6\"}", "y: %y", 0),
    ("Add(%s, %s) {activation = \"relu\"}", "y: %y", 1),
    ("Sigmoid(%s)", "y: %y", 0),
    ("Softmax(%s)", "y: %y", 0),
    ("Relu(%s)", "y: %y, s: %s", 0),
    ("Relu(%s)", "y: %y, a: %a", 0),
    ("Add(%s, %shift)", "y: %y", 0),
    ("Multiply(%s, %shift)", "y: %y", 1),
    ("Add(%s, %x)", "y: %y", 0),
    ("Concat(%s) {axis = 3}", "y: %y", 0),
  ]) func whatSeesChannelsKeepsThem(node: String, outputs: String, groups: Int) throws {
    let graph = try Graph(
      text: """
        graph @t (%x: f32[1,4,4,4]) -> (\(outputs)) {
          %v = constant f32[4,1,1,4] = seeded(1)
          %w = constant f32[4,3,3,4] = seeded(2)
          %u = constant f32[2,1,1,4] = seeded(3)
          %shift = constant f32[4] = seeded(4)
          %a = Convolution(%x, %v) {layout = "last"} : f32[1,4,4,4]
          %b = Convolution(%x, %w) {layout = "last", padding = "sameUpper"} : f32[1,4,4,4]
          %s = Add(%a, %b) : f32[1,4,4,4]
          %r = \(node) : f32[1,4,4,4]
          %y = Convolution(%r, %u) {layout = "last"} : f32[1,4,4,2]
        }
        """, catalog: .standard)
    let (equalized, found, _) = try CrossLayerEqualization().apply(to: graph)
    #expect(found == groups)
    let input = try ["x": Tensor(seed: 5, .float32, shape: [1, 4, 4, 4])]
    let (before, after) = (
      try Session(Plan(graph)).run(input), try Session(Plan(equalized)).run(input)
    )
    for (name, tensor) in before {
      #expect(
        try Self.worst(#require(after[name]).floats(), from: tensor.floats()) < (groups == 0 ? 1e-9 : 1e-5))
    }
  }

  /// The factor of a channel is the root of the greatest range that makes it by the greatest that takes it, as parts of their layers'.
  @Test func factorsFollowTheFormula() throws {
    let graph = try Graph(
      text: """
        graph @t (%x: f32[1,2]) -> (y: %y) {
          %a = constant f32[2,2] = [4.0, 1.0, 0.5, -1.0]
          %b = constant f32[2,2] = [0.25, 0.1, 0.5, 0.2]
          %c = constant f32[1,2] = [2.0, 8.0]
          %p = FullyConnected(%x, %a) : f32[1,2]
          %q = FullyConnected(%x, %b) : f32[1,2]
          %s = Add(%p, %q) : f32[1,2]
          %y = FullyConnected(%s, %c) : f32[1,1]
        }
        """, catalog: .standard)
    var equalization = CrossLayerEqualization()
    equalization.rounds = 1
    let equalized = try equalization.apply(to: graph).graph
    func elements(_ name: String) throws -> [Float] {
      let id = try #require(equalized.constantIDs.first { equalized[$0].name == name })
      return try #require(equalized[id].constant).materialize().floats()
    }
    // Ranges 4 and 1 in a, 0.25 and 0.5 in b, which count as 2 and 4: p is 4 and 4, u is 2 and 8.
    let factors = [Float(2).squareRoot(), Float(0.5).squareRoot()]
    let expected = [
      "a": [4 / factors[0], 1 / factors[0], 0.5 / factors[1], -1 / factors[1]],
      "b": [0.25 / factors[0], 0.1 / factors[0], 0.5 / factors[1], 0.2 / factors[1]],
      "c": [2 * factors[0], 8 * factors[1]],
    ]
    for (name, expected) in expected {
      #expect(zip(try elements(name), expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
    }
  }
}
