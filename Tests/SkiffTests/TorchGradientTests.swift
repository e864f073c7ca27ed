import Foundation
import Skiff
import SkiffBinary
import SkiffGradient
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffOperators
import SkiffTestSupport
import Testing

/// Gradients with respect to all inputs and constants, beside those of torch.autograd in float64.
@Suite struct TorchGradientTests {
  /// A graph with what it is run on.
  private struct Case {
    let graph: Graph
    let inputs: [String: Tensor]
    let cotangents: [Tensor]

    init(_ graph: Graph, inputs: [String: Tensor]) throws {
      (self.graph, self.inputs) = (graph, inputs)
      cotangents = try graph.outputs.enumerated().map { index, output in
        let type = try #require(graph[output.value].type)
        return try Tensor(seed: UInt64(index), type.dataType, shape: type.shape.fixed ?? [])
      }
    }

    /// Inputs and constants of real numbers, but for those that sizes follow from.
    var leaves: [ValueID] {
      let constants = graph.constantIDs.filter { id in
        let users = graph[id].users.map { graph[$0] }
        return !users.isEmpty && !users.contains { $0.operator is Resize && $0.inputs[0] != id }
      }
      return (graph.inputs + constants).filter { graph[$0].type?.dataType.isFloatingPoint ?? false }
    }

    /// The gradients by the names that ``write(to:)`` gives the leaves.
    func gradients(of leaves: [ValueID]) throws -> [String: [Float]] {
      let backward = try graph.backward(from: graph.outputs.map(\.value), to: leaves)
      try backward.verify()
      var all = inputs
      for (index, cotangent) in cotangents.enumerated() { all["cotangent \(index)"] = cotangent }
      let results = try Session(Plan(backward)).run(all)
      var gradients: [String: [Float]] = [:]
      for (index, leaf) in leaves.enumerated() {
        gradients[name(of: leaf)] = try #require(results["gradient \(index)"]).floats()
      }
      return gradients
    }

    func name(of value: ValueID) -> String { "v\(graph.valueIDs.firstIndex(of: value) ?? -1)" }

    func write(to path: String) throws {
      let nodes: [[String: Any]] = graph.nodeIDs.map { id in
        let node = graph[id]
        let inputs: [Any] = node.inputs.map { input in
          if let input { return name(of: input) }
          return NSNull()
        }
        var attributes: [String: Any] = [:]
        for (name, value) in node.operator.attributeValues { attributes[name] = value.plain }
        return [
          "operator": type(of: node.operator).name, "inputs": inputs, "outputs": node.outputs.map(name),
          "attributes": attributes,
        ]
      }
      try JSONSerialization.data(withJSONObject: ["nodes": nodes]).write(
        to: URL(fileURLWithPath: path + ".json"))
      var arrays: [(name: String, array: NumPyArray)] = []
      for id in graph.inputs {
        arrays.append(("value/\(name(of: id))", try NumPyArray(#require(inputs[graph[id].name]))))
      }
      for id in graph.constantIDs where !graph[id].users.isEmpty {
        arrays.append(("value/\(name(of: id))", try NumPyArray(#require(graph[id].constant).materialize())))
      }
      var seen: Set<ValueID> = []
      for (output, cotangent) in zip(graph.outputs, cotangents) where seen.insert(output.value).inserted {
        arrays.append(("cotangent/\(name(of: output.value))", try NumPyArray(cotangent)))
      }
      try NumPyArchive.write(arrays, to: path + ".npz")
    }
  }

  /// Fails unless torch computes the same gradients.
  private func compare(_ cases: [Case], leaves: ((Case) -> [ValueID])? = nil) throws {
    let folder = try TemporaryFolder()
    for (index, one) in cases.enumerated() { try one.write(to: folder.path("\(index)")) }
    try Peer.torch.run("torch_gradients.py", [folder.path("."), "\(cases.count)"], timeout: .seconds(300))
    for (index, one) in cases.enumerated() {
      let arrays = try NumPyArchive(mapping: folder.path("\(index).out.npz")).arrays()
      let theirs = Dictionary(uniqueKeysWithValues: arrays.map { ($0.name, $0.array) })
      for (name, ours) in try one.gradients(of: leaves?(one) ?? one.leaves).sorted(by: { $0.key < $1.key }) {
        let expected = try Tensor(#require(theirs["gradient/\(name)"])).floats()
        let scale = max(1, expected.map(abs).max() ?? 0)
        let worst = zip(ours, expected).map { abs($0 - $1) }.max() ?? 0
        let text = try one.graph.text()
        #expect(
          ours.count == expected.count && worst <= 2e-4 * scale,
          "case \(index), \(name): \(worst) of \(scale)\n\(text)")
      }
    }
  }

  @Test(.needsPeer(.torch), arguments: Seed.fixedAndFresh) func randomNetworks(seed: Seed) throws {
    var seeds = SeededGenerator(seed)
    var cases: [Case] = []
    while cases.count < 100 {
      var network = try RandomNetwork(Seed(seeds.next()))
      guard !network.graph.outputs.isEmpty else { continue }
      cases.append(try Case(network.graph, inputs: network.inputs(1, bound: 1)))
    }
    while cases.count < 200 {
      var network = try RandomPrunableNetwork(Seed(seeds.next()))
      guard !network.graph.outputs.isEmpty else { continue }
      cases.append(try Case(network.graph, inputs: network.inputs()))
    }
    try compare(cases)
  }

  /// Recurrent operators step by step; with respect to all but their weights, which these steps are said with.
  @Test(.needsPeer(.torch)) func recurrentOperators() throws {
    let texts = [
      """
      graph @t (%x: f32[5,2,3], %h: f32[1,2,4], %c: f32[1,2,4]) -> (y: %y, last: %hl, cell: %cl) {
        %w = constant f32[1,16,3] = seeded(1)
        %r = constant f32[1,16,4] = seeded(2)
        %b = constant f32[1,32] = seeded(3)
        %y, %hl, %cl = LSTM(%x, %w, %r, %b, none, %h, %c) : f32[5,1,2,4], f32[1,2,4], f32[1,2,4]
      }
      """,
      """
      graph @t (%x: f32[5,2,3], %h: f32[1,2,4]) -> (y: %y, last: %hl) {
        %w = constant f32[1,12,3] = seeded(1)
        %r = constant f32[1,12,4] = seeded(2)
        %b = constant f32[1,24] = seeded(3)
        %y, %hl = GRU(%x, %w, %r, %b, none, %h) {resetsAfter = true} : f32[5,1,2,4], f32[1,2,4]
      }
      """,
    ]
    let cases = try texts.map { text in
      let graph = try Graph(text: text, catalog: .standard)
      var inputs: [String: Tensor] = [:]
      for (index, id) in graph.inputs.enumerated() {
        let type = try #require(graph[id].type)
        inputs[graph[id].name] = try Tensor(seed: 50 + UInt64(index), .float32, shape: type.shape.fixed ?? [])
      }
      return try Case(graph, inputs: inputs)
    }
    try compare(cases) { $0.graph.inputs }
  }

  /// Whole networks as they were read, before and after they were simplified.
  @Test(.needsPeer(.torch), arguments: ["torch.opset13.onnx", "torch.opset17.onnx", "residual.keras"])
  func wholeModels(file: String) throws {
    var model = try Model(contentsOf: TestModel.path(file))
    var cases: [Case] = []
    for isPrepared in [false, true] {
      if isPrepared { try model.prepare() }
      var graph = model.graph
      var inputs: [String: Tensor] = [:]
      var shapes: [String: [Int]] = [:]
      for id in graph.inputs {
        let sizes = try #require(graph[id].type).shape.dimensions.map { $0.fixed ?? 2 }
        shapes[graph[id].name] = sizes
        inputs[graph[id].name] = try Tensor(seed: 3, .float32, shape: sizes)
      }
      try graph.setInputShapes(shapes)
      cases.append(try Case(graph, inputs: inputs))
    }
    try compare(cases)
  }
}

extension AttributeValue {
  /// The value as JSON has it.
  fileprivate var plain: Any {
    switch self {
    case .integer(let value): value
    case .real(let value): value
    case .boolean(let value): value
    case .text(let value): value
    case .integers(let list): list
    case .reals(let list): list
    case .texts(let list): list
    case .bytes, .graph, .none: NSNull()
    }
  }
}
