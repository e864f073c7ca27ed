import Foundation
import SkiffTestSupport

/// A failing graph made as small as it can be while it fails in the same stage.
struct ReducedGraph: CustomStringConvertible {
  let description: String

  init(of failure: RandomGraphRun.Failure, in folder: TemporaryFolder) throws {
    var base = folder.path("\(failure.number)")
    var reason = failure.text
    // Runtimes are not asked again; their graphs stay as they are.
    for _ in 0..<(["litert", "ort"].contains(where: failure.stage.hasPrefix) ? 0 : 20) {
      let next = folder.path(UUID().uuidString)
      try FileManager.default.createDirectory(atPath: next, withIntermediateDirectories: false)
      let count = try Int(
        Peer.check.run("onnx_reduce.py", [base, next]).trimmingCharacters(in: .whitespacesAndNewlines))
      let run = try RobustnessRun("graphs", 0, count: count ?? 0, file: [next])
      let first = run.failures.compactMap { text -> (Int, String)? in
        let words = text.split(separator: " ")
        guard words.count > 2, words[2] == failure.stage, let number = Int(words[1]) else { return nil }
        return (number, text)
      }.min { $0.0 < $1.0 }
      guard let first else { break }
      (base, reason) = ("\(next)/\(first.0)", first.1)
    }
    description = "\(reason)\n" + (try Peer.check.run("onnx_text.py", ["\(base).onnx"]))
  }
}
