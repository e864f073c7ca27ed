import Foundation
import SkiffTestSupport

/// Random graphs drawn, run by ONNX Runtime, by every stage of Skiff, and where they can be written by LiteRT and by ONNX Runtime
/// again.
struct RandomGraphRun {
  /// A graph that some stage computes wrongly.
  struct Failure {
    let number: Int
    /// The stage, as the program names it.
    let stage: String
    let text: String
  }

  private(set) var failures: [Failure] = []
  /// What Skiff does not do, with the reason.
  private(set) var refusals: [String] = []
  /// The number of graphs that ONNX Runtime runs.
  private(set) var drawn = 0
  /// The operators in them.
  private(set) var operators: Set<String> = []
  /// The number of files that LiteRT runs and that give what they must.
  private(set) var litertCount = 0
  /// The number of written files that ONNX Runtime runs and that give what they must.
  private(set) var runtimeCount = 0
  /// What LiteRT does not do although the file is right: how often by reason.
  private(set) var peerFaults: [String: Int] = [:]
  /// How often a graph was not written in a format.
  private(set) var unwritten = 0

  /// - Parameter script: What draws the graphs.
  init(
    _ seed: Seed, count: Int, in folder: TemporaryFolder, script: String = "onnx_random.py"
  ) throws {
    let path = folder.path(".")
    let drawing = try Peer.check.run(
      script, [path, "\(seed.value >> 1)", "0", "\(count)"], timeout: .seconds(1200))
    for line in drawing.split(separator: "\n") where line.hasPrefix("drawn ") {
      drawn += 1
      operators.formUnion(line.split(separator: " ").dropFirst(3).map(String.init))
    }
    let run = try RobustnessRun("graphs", 0, count: count, file: [path])
    for text in run.failures { add(text) }
    for text in run.refusals {
      if text.contains(" write ") { unwritten += 1 } else { refusals.append(text) }
    }
    var running = ""
    for kind in [[], ["int8"]] {
      running += try Peer.check.run(
        "litert_graphs.py", [path, "0", "\(count)"] + kind, timeout: .seconds(1200))
    }
    for line in try Peer.check.run("ort_graphs.py", [path, "0", "\(count)"], timeout: .seconds(1200))
      .split(separator: "\n")
    {
      if line.hasPrefix("ran ") { runtimeCount += 1 } else { add(String(line)) }
    }
    for line in running.split(separator: "\n") {
      if line.hasPrefix("ran ") {
        litertCount += 1
      } else if line.hasPrefix("peer ") {
        peerFaults[line.split(separator: " ").dropFirst(2).joined(separator: " "), default: 0] += 1
      } else {
        add(String(line))
      }
    }
  }

  private mutating func add(_ text: String) {
    let words = text.split(separator: " ")
    let number = words.dropFirst().first.flatMap { Int($0) } ?? 0
    failures.append(
      Failure(number: number, stage: words.dropFirst(2).first.map(String.init) ?? "", text: text))
  }

  var summary: String {
    "\(drawn) graphs of \(operators.count) operators, \(failures.count) failures, \(refusals.count) refused; "
      + "\(unwritten) times not written, \(litertCount) files run by LiteRT, not by it \(peerFaults), "
      + "\(runtimeCount) by ONNX Runtime"
  }
}
