import Foundation
import SkiffTestSupport

/// Cases that `skiff-robustness` runs; after one that ends the program, it is started again with the next.
struct RobustnessRun {
  /// The cases that ended the program, and those whose outcome is wrong, with what is known of them.
  private(set) var failures: [String] = []
  /// The graphs that may be refused and were, with the reason.
  private(set) var refusals: [String] = []
  /// The operators that gave a result.
  private(set) var operators: Set<String> = []
  /// The number of files that were read, although damaged.
  private(set) var accepted = 0

  /// - Parameter parameter: The seed, or the step of truncations.
  init(_ mode: String, _ parameter: UInt64, count: Int, file: [String] = []) throws {
    // Thousands of files are written, synced: in memory where there is such a folder.
    let memory = FileManager.default.isWritableFile(atPath: "/dev/shm") ? ["TMPDIR": "/dev/shm"] : [:]
    let environment = memory.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    let program = try Product.path("skiff-robustness")
    var first = 0
    // A batch is small enough for a time limit; more failures than a few dozen tell nothing new.
    while first < count, failures.count < 30 {
      let end = min(count, first + 5000)
      let arguments = [mode, "\(parameter)", "\(first)", "\(end - first)"] + file
      let result = try processResult(
        program, arguments, environment: environment, timeout: .seconds(1200))
      let lines = result.output.split(separator: "\n")
      for line in lines {
        if line.hasPrefix("wrong ") { failures.append(String(line)) }
        if line.hasPrefix("refused ") { refusals.append(String(line)) }
        if line.hasPrefix("ran ") {
          operators.formUnion(line.split(separator: " ").dropFirst().map(String.init))
        }
        if line.hasPrefix("accepted ") { accepted += Int(line.dropFirst("accepted ".count)) ?? 0 }
      }
      guard lines.last != "done" else {
        first = end
        continue
      }
      guard let last = lines.last(where: { $0.hasPrefix("case ") }), let number = Self.number(in: last) else {
        throw TestSupportError(
          "skiff-robustness \(result.ending) before its first case: \(result.errorOutput)")
      }
      let reason = result.errorOutput.split(separator: "\n").first ?? ""
      failures.append("\(last) \(result.ending): \(reason)")
      first = number + 1
    }
  }

  private static func number(in line: Substring) -> Int? {
    let words = line.split(separator: " ")
    return words.count > 1 ? Int(words[1]) : nil
  }
}
