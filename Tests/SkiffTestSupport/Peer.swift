import Foundation
import SkiffNumPy
import Testing

/// A Python environment with the frameworks that results are compared with; `Scripts/setup` makes them.
package enum Peer: String, Sendable {
  /// onnx, onnxruntime, ai-edge-litert, numpy, h5py, flatbuffers, safetensors.
  case check
  /// TensorFlow, Keras 3 and tf_keras: for making test models, too large for every run.
  case tf
  /// PyTorch: for making test models.
  case torch

  /// The folder of the environments: `SKIFF_PEERS`, or else `~/.cache/skiff/peers`.
  package static let folder =
    TestRun.variable("SKIFF_PEERS").map { URL(fileURLWithPath: $0) }
    ?? URL(fileURLWithPath: TestRun.variable("HOME") ?? "/").appendingPathComponent(".cache/skiff/peers")

  /// The path of the environment's Python.
  package var python: String {
    Self.folder.appendingPathComponent("\(rawValue)/bin/python").path
  }

  /// Whether the environment is there.
  package var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: python) }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test if the peer is missing, unless a run requires it.
  package static func needsPeer(_ peer: Peer) -> Self {
    .enabled("needs the peer environment '\(peer.rawValue)', see Scripts/setup") {
      TestRun.requiresPeers || peer.isAvailable
    }
  }
}

extension Peer {
  /// Runs `Tests/Peers/<script>` in a process of its own and returns what it printed.
  ///
  /// - Throws: ``TestSupportError`` with the end of its error output if it fails or takes longer than `timeout`.
  @discardableResult
  package func run(
    _ script: String, _ arguments: [String], timeout: Duration = .seconds(120)
  ) throws -> String {
    guard isAvailable else {
      throw TestSupportError("the peer \(python) is missing: run Scripts/setup, or set SKIFF_PEERS")
    }
    return try runProcess(
      python, ["-I", "-B", Checkout.path("Tests/Peers/\(script)")] + arguments, timeout: timeout)
  }

  /// Runs a model under a script that reads sets of inputs from one .npz and writes the outputs to another.
  ///
  /// The arrays of set number `i` are called `i/name` in both files.
  ///
  /// - Returns: the outputs by name, one dictionary per set of inputs.
  package func outputs(
    of model: String, under script: String, options: [String] = [], inputs: [[String: NumPyArray]],
    timeout: Duration = .seconds(300)
  ) throws -> [[String: NumPyArray]] {
    let folder = try TemporaryFolder()
    var arrays: [(name: String, array: NumPyArray)] = []
    for (index, set) in inputs.enumerated() {
      for (name, array) in set.sorted(by: { $0.key < $1.key }) { arrays.append(("\(index)/\(name)", array)) }
    }
    try NumPyArchive.write(arrays, to: folder.path("inputs.npz"))
    try run(
      script, [model, folder.path("inputs.npz"), folder.path("outputs.npz")] + options, timeout: timeout)
    var outputs = [[String: NumPyArray]](repeating: [:], count: inputs.count)
    for (key, array) in try NumPyArchive(mapping: folder.path("outputs.npz")).arrays() {
      guard let slash = key.firstIndex(of: "/"), let index = Int(key[..<slash]),
        outputs.indices.contains(index)
      else { throw TestSupportError("\(script) wrote an array '\(key)' that belongs to no set of inputs") }
      outputs[index][String(key[key.index(after: slash)...])] = array
    }
    return outputs
  }
}
