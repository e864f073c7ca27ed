import Foundation
import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffTestSupport
import Testing

import SkiffTFLite

/// Single operators on elements of every type that are not quantized: LiteRT has kernels for what is written, and for nothing
/// that the table of kernels refuses.
@Suite(.needsPeer(.check), .onlyInFullRuns) struct KernelTypeTests {
  @Test func theTableIsLiteRTs() throws {
    let (folder, written) = (try TemporaryFolder(), try TemporaryFolder())
    let made = try Peer.check.run("litert_kernels.py", ["make", folder.path(".")], timeout: .seconds(600))
    let outcomes = made.split(separator: "\n").map(Outcome.init)
    var tried: Set<Kernel> = []
    var graphs: [String: Graph] = [:]
    for outcome in outcomes {
      let path = folder.path("\(outcome.name).tflite")
      let signature = try Self.signature(of: path)
      if let type = signature.data(of: outcome.operator) {
        tried.insert(Kernel(name: outcome.operator, type: type))
      }
      guard let graph = try? Runs.graph(path).graph,
        !graph.nodeIDs.contains(where: { graph[$0].operator is ForeignOperator })
      else { continue }
      if outcome.ran, !KernelTypes.has(outcome.operator, signature.inputs, signature.outputs),
        try Self.difference(graph, folder.path("\(outcome.name).npz")) == nil
      {
        Issue.record("\(outcome.name) runs, but is refused")
      }
      for (form, write) in [("plain", Self.writePlainly), ("lowered", Runs.write)] {
        let name = "\(form).\(outcome.name)"
        do {
          try write(graph, written.path("\(name).tflite"))
          graphs[name] = graph
        } catch let error as ModelError where error.code == .unsupported {}
      }
    }
    for name in KernelTypes.kernels.keys {
      for type in KernelTypes.all where !tried.contains(Kernel(name: name, type: type)) {
        Issue.record("\(name) is never tried with \(type.rawValue)")
      }
    }
    let run = try Peer.check.run("litert_kernels.py", ["run", written.path(".")], timeout: .seconds(600))
    for outcome in run.split(separator: "\n").map(Outcome.init) {
      guard outcome.ran else {
        Issue.record("\(outcome.name) is written, but \(outcome.reason)")
        continue
      }
      let graph = try #require(graphs[outcome.name])
      guard let difference = try Self.difference(graph, written.path("\(outcome.name).npz")) else { continue }
      Issue.record("\(outcome.name): \(difference)")
    }
    let ran = outcomes.count(where: \.ran)
    print("\(outcomes.count) tried, \(ran) run by LiteRT; \(graphs.count) files written")
  }

  /// An operator on a type.
  private struct Kernel: Hashable {
    let name: String
    let type: DataType
  }

  /// A line of the script.
  private struct Outcome {
    let ran: Bool
    let name: String
    let `operator`: String
    let reason: String

    init(_ line: Substring) {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      ran = words[0] == "ran"
      (name, `operator`) = (words[1], words[2])
      reason = words.count > 3 ? words[3] : ""
    }
  }

  private struct Signature {
    let inputs: [TensorType?]
    let outputs: [TensorType]

    /// The type that chooses the kernel.
    func data(of name: String) -> DataType? {
      let index = KernelTypes.dataOperands[name] ?? 0
      return index < inputs.count ? inputs[index]?.dataType : nil
    }
  }

  /// The types of the only operator of a file.
  private static func signature(of path: String) throws -> Signature {
    let graph = try TFLiteModel(parsing: ByteRegion(mapping: path)).subgraphs[0]
    let types = try graph.tensors.map { tensor in
      let name = FlatSchema.tflite.enumerations["TensorType"]?.name(of: tensor.type) ?? ""
      return TensorType(try #require(ElementTypes.type(named: name)), Shape(tensor.shape))
    }
    let item = graph.operators[0]
    return Signature(
      inputs: item.inputs.map { $0 < 0 ? nil : types[$0] }, outputs: item.outputs.map { types[$0] })
  }

  /// Writes a graph as it is: types that are otherwise computed in others reach the table.
  private static func writePlainly(_ graph: Graph, to path: String) throws {
    var file = try OutputFile(path: path)
    try Exporter.write(graph, to: &file)
    try file.commit()
  }

  /// What differs between what a graph computes from ones and LiteRT's results in a file, nil if nothing does.
  private static func difference(_ graph: Graph, _ path: String) throws -> String? {
    var inputs: [String: Tensor] = [:]
    for (name, shape) in Runs.inputShapes(graph) {
      let type = try #require(graph.inputs.first { graph[$0].name == name }.flatMap { graph[$0].type })
      let ones = [Float](repeating: 1, count: shape.reduce(1, *))
      inputs[name] = try Tensor(ones, shape: shape).cast(to: type.dataType)
    }
    guard let ours = try? Runs.outputs(graph, [inputs])[0] else { return nil }
    let theirs = try NumPyArchive(mapping: path).arrays()
    for (index, tensor) in ours.enumerated() {
      let other = try #require(theirs.first { $0.name == "\(index)" }).array.tensor()
      guard tensor.type == other.type else { return "\(other.type) instead of \(tensor.type)" }
      let (expected, actual) = (try tensor.doubles(), try other.doubles())
      let bound = tensor.dataType == .float16 ? 0.01 : tensor.dataType.isFloatingPoint ? 1e-5 : 0
      if zip(expected, actual).contains(where: { abs($0 - $1) > bound * max(1, abs($0)) }) {
        return "\(actual) instead of \(expected)"
      }
    }
    return nil
  }
}
