import Foundation
import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffTestSupport
import Testing

/// Random networks under random recipes: the file is read back as what is in memory, errors are those that are reported, and
/// integers are LiteRT's.
@Suite struct RandomRecipeTests {
  /// A network, and a recipe for it.
  private struct Case {
    let name: String
    let samples: Samples
    let sets: [[String: Tensor]]
    let recipe: Recipe
    let text: String
    let source: Graph

    var comment: Comment { "network 0x\(name)\n\(text)" }
  }

  /// Nil for a network without outputs.
  private func makeCase(_ number: UInt64, isInteger: Bool? = nil) throws -> Case? {
    var network = try RandomNetwork(Seed(number))
    guard !network.graph.outputs.isEmpty else { return nil }
    var source = network.graph
    for (index, id) in source.constantIDs.enumerated() { source.setName(of: id, to: "c\(index)") }
    var prepared = try Model(source)
    try prepared.prepare()
    let graph = prepared.graph
    let weights = WeightTensor.all(in: graph, least: 1).map { weight in
      RandomRecipe.Weight(
        name: weight.name, count: weight.shape.reduce(1, *),
        operators: weight.users.map { type(of: graph[$0].operator).name })
    }
    let text = RandomRecipe(Seed(number &+ 1), for: weights, isInteger: isInteger).text
    return Case(
      name: String(number, radix: 16), samples: Samples(network.inputs(4, bound: 1)),
      sets: (0..<3).map { _ in network.inputs(1, bound: 1.3) },
      recipe: try Recipe(yaml: text, name: "random"),
      text: text, source: source)
  }

  @Test(arguments: Seed.fixedAndFresh) func everyRecipeSurvives(seed: Seed) throws {
    let folder = try TemporaryFolder()
    var seeds = SeededGenerator(seed)
    var (done, steps, refused) = (0, 0, 0)
    while done < (TestRun.isFull ? 500 : 50) {
      guard let one = try makeCase(seeds.next()) else { continue }
      done += 1
      do {
        var model = try Model(one.source)
        try model.compress(one.recipe.compression(on: one.samples))
        try expectReadBack(model, one, folder.path("model.skiff"))
        steps += try expectReportedErrors(one)
      } catch {
        if Self.knowsNoLoss(error) { refused += 1 } else { Issue.record("\(one.comment)\(error)") }
      }
    }
    // Networks without weights prove nothing of them.
    #expect(steps > done / 4 && refused <= done / 50)
  }

  /// A global pruning by Fisher information is refused where activations are zero for all samples, so that nothing is known of the
  /// weights behind them.
  private static func knowsNoLoss(_ error: any Error) -> Bool {
    guard let error = error as? ModelError else { return false }
    return error.code == .unsupported && error.message.hasPrefix("the loss does not depend on it")
  }

  /// Nil if the recipe is refused so.
  private func compress(_ model: inout Model, _ one: Case) throws -> CompressionReport? {
    do {
      return try model.compress(one.recipe.compression(on: one.samples))
    } catch {
      guard Self.knowsNoLoss(error) else { throw error }
      return nil
    }
  }

  /// The file computes what the graph in memory computes, bit for bit, and is as far from the source as the certificate says.
  private func expectReadBack(_ model: Model, _ one: Case, _ path: String) throws {
    var model = model
    try model.write(to: path)
    let file = try Model(contentsOf: path)
    #expect(file.graph.constantIDs.count == model.graph.constantIDs.count, one.comment)
    for (mine, stored) in zip(model.graph.constantIDs, file.graph.constantIDs) {
      #expect(
        try model.graph[mine].constant?.materialize() == file.graph[stored].constant?.materialize(),
        one.comment)
    }
    var errors: [String: Double] = [:]
    let source = try Model(one.source)
    for set in one.sets {
      let (mine, stored) = (try model.outputs(for: Samples(set)), try file.outputs(for: Samples(set)))
      for ((name, original), (left, right)) in zip(try source.outputs(for: Samples(set)), zip(mine, stored)) {
        #expect(left.name == name && left == right, one.comment)
        let pairs = zip(try original.floats(), try real(right.tensor))
        errors[name] = pairs.reduce(errors[name] ?? 0) { max($0, abs(Double($1.0) - Double($1.1))) }
      }
    }
    let joined = try Dictionary(
      uniqueKeysWithValues: one.sets[0].keys.map { name in
        let tensors = one.sets.compactMap { $0[name] }
        return (
          name, Tensor(try tensors.flatMap { try $0.floats() }, shape: [3] + tensors[0].shape.dropFirst())
        )
      })
    let certificate = try Certificate(of: model, writtenTo: path, samples: Samples(joined))
    #expect(certificate.isSameGraph, one.comment)
    for output in certificate.comparison.outputs {
      let difference = abs(output.maximumError - (errors[output.name] ?? -1))
      // The certificate runs the source in the plainest way, which rounds sums elsewhere.
      #expect(difference <= 1e-5 * (1 + output.range + output.maximumError), one.comment)
    }
  }

  private func real(_ tensor: Tensor) throws -> [Float] {
    try (tensor.quantization == nil ? tensor : tensor.dequantized()).floats()
  }

  /// What is reported of each tensor is so: its elements, its zeros, and its error where inputs do not weigh it.
  ///
  /// - Returns: How many tensors there were.
  private func expectReportedErrors(_ one: Case) throws -> Int {
    var before = try Model(one.source)
    try before.prepare()
    var (count, known) = (0, 0)
    for (index, step) in one.recipe.steps.enumerated() {
      if case .int8 = step { break }
      var after = try Model(one.source)
      let steps = Compression(Array(one.recipe.steps[...index]), samples: one.samples, description: "")
      let changes = try after.compress(steps).weights.dropFirst(known)
      guard case .weights(let weights) = step else {
        before = after
        continue
      }
      known += changes.count
      // What passes made has no name to be found by.
      for change in changes where !change.name.isEmpty {
        let own = before.graph.constantIDs.filter { before.graph[$0].name == change.name }
        guard own.count == 1, let old = try before.graph[own[0]].constant?.materialize().floats(),
          let new = try after.graph[own[0]].constant?.materialize().floats()
        else { throw TestSupportError("there are \(own.count) tensors '\(change.name)'") }
        count += 1
        #expect(change.elements == new.count && change.zeros == new.count { $0 == 0 }, one.comment)
        guard !weights.needsSamples else { continue }
        let signal = old.reduce(0.0) { $0 + Double($1) * Double($1) }
        let noise = zip(old, new).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        let expected = noise == 0 ? Double.infinity : 10 * log10(signal / noise)
        #expect(expected == change.signalToNoise || abs(expected - change.signalToNoise) < 1e-6, one.comment)
      }
      before = after
    }
    return count
  }

  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func integersAreLiteRTs(seed: Seed) throws {
    let folder = try TemporaryFolder()
    var seeds = SeededGenerator(seed)
    var cases: [(one: Case, model: Model, sets: [[String: Tensor]])] = []
    var skipped = 0
    while cases.count < (TestRun.isFull ? 500 : 50) {
      guard let one = try makeCase(seeds.next(), isInteger: true) else { continue }
      var model = try Model(one.source)
      // What stays real is rounded in another order.
      guard try compress(&model, one)?.floatNodes.isEmpty == true else {
        skipped += 1
        try #require(skipped < 10_000)
        continue
      }
      try model.write(to: folder.path("\(one.name).tflite"))
      let sets = try one.sets.map { try stored($0, in: model.graph) }
      let arrays = try sets.enumerated().flatMap { index, set in
        try set.sorted { $0.key < $1.key }.map {
          (name: "\(index)/\($0.key)", array: try NumPyArray($0.value))
        }
      }
      try NumPyArchive.write(arrays, to: folder.path("\(one.name).npz"))
      cases.append((one, model, sets))
    }
    try Peer.check.run("litert_folder.py", [folder.path(".")], timeout: .seconds(600))
    for (one, model, sets) in cases {
      let theirs = try NumPyArchive(mapping: folder.path("\(one.name).out.npz")).arrays()
      let expected = Dictionary(uniqueKeysWithValues: theirs.map { ($0.name, $0.array) })
      let file = try Model(contentsOf: folder.path("\(one.name).tflite"))
      for (origin, graph) in [("memory", model.graph), ("file", file.graph)] {
        let session = Session(try Plan(graph))
        for (index, set) in sets.enumerated() {
          for (output, tensor) in try session.run(set) {
            let peer = try Tensor(#require(expected["\(index)/\(output)"]))
            let ours = try tensor.quantized(with: nil).doubles()
            let count = try zip(ours, peer.doubles()).count { $0 != $1 }
            #expect(
              count == 0 && ours.count == peer.count && peer.dataType == tensor.dataType,
              "\(origin), \(output): \(count) of \(peer.count) differ\n\(one.comment)")
          }
        }
      }
    }
  }

  /// Inputs as a graph takes them: integers where it does.
  private func stored(_ set: [String: Tensor], in graph: Graph) throws -> [String: Tensor] {
    var set = set
    for id in graph.inputs {
      guard let type = graph[id].type, let parameters = type.quantization else { continue }
      set[graph[id].name] = try set[graph[id].name]?.quantized(as: type.dataType, parameters).quantized(
        with: nil)
    }
    return set
  }
}
