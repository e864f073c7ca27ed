import Foundation
import SkiffNumPy
import SkiffTestSupport

/// Models with inputs and the outputs that they must give.
struct ConformanceCorpus {
  /// A model and what it must compute.
  struct Case: Decodable {
    struct Set: Decodable {
      let inputs: Int
      let outputs: Int
    }

    struct Fixed: Decodable {
      let model: String
      /// The positions of the inputs that remain.
      let inputs: [Int]
    }

    let name: String
    let model: String
    let sets: [Set]
    /// Why the data are not arrays, nil if they are.
    let skipped: String?
    /// The same with the lists of integers among its inputs as constants, nil if there are none.
    let fixed: Fixed?
  }

  let cases: [Case]
  private let archive: NumPyArchive

  /// Lets the peer write the corpus to a folder with a script and reads it.
  init(from script: String, in folder: TemporaryFolder) throws {
    try Peer.check.run(script, [folder.url.path])
    let index = try Data(contentsOf: URL(fileURLWithPath: folder.path("corpus.json")))
    cases = try JSONDecoder().decode([Case].self, from: index)
    archive = try NumPyArchive(mapping: folder.path("arrays.npz"))
  }

  /// The inputs or outputs of one set of a case.
  func arrays(_ role: String, _ count: Int, of test: Case, set: Int) throws -> [NumPyArray] {
    try (0..<count).map { position in
      let name = "\(test.name)/\(set)/\(role)/\(position)"
      guard let array = try archive.array(named: name) else {
        throw TestSupportError("the corpus has no array '\(name)'")
      }
      return array
    }
  }
}

/// The cases that are known to fail, grouped by the reason.
struct ExpectedFailures {
  /// The reason by the name of the case.
  let reasons: [String: String]

  /// Reads a file of lines: `# reason`, then the names it is true of.
  init(path: String) throws {
    var reasons: [String: String] = [:]
    var reason = ""
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
      if line.hasPrefix("# ") {
        reason = String(line.dropFirst(2))
      } else {
        guard !reason.isEmpty, reasons.updateValue(reason, forKey: String(line)) == nil else {
          throw TestSupportError("\(path): '\(line)' has no reason or stands there twice")
        }
      }
    }
    self.reasons = reasons
  }
}
