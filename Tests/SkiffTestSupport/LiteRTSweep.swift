import Foundation

/// Single-operator models with LiteRT's results, as Tests/Peers/litert_sweep.py and litert_operators.py write them.
package struct LiteRTSweep {
  /// A tensor of a case with its bytes.
  package struct Tensor: Decodable {
    package var name: String
    package var type: String
    package var shape: [Int]
    package var role: String
    package var scales: [Float]
    package var zeroPoints: [Int32]
    package var axis: Int
    package var offset: Int?
    package var bytes: Int?
  }

  /// A value of the attributes.
  package enum Value: Decodable {
    case integer(Int)
    case real(Double)
    case boolean(Bool)
    case text(String)
    case integers([Int])

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        self = .boolean(value)
      } else if let value = try? container.decode(Int.self) {
        self = .integer(value)
      } else if let value = try? container.decode(Double.self) {
        self = .real(value)
      } else if let value = try? container.decode(String.self) {
        self = .text(value)
      } else {
        self = .integers(try container.decode([Int].self))
      }
    }
  }

  /// One model.
  package struct Case: Decodable {
    package var index: Int
    package var `operator`: String
    package var attributes: [String: Value]
    package var tensors: [Tensor]
    package var refused: String?
  }

  package let cases: [Case]
  /// Where the models are, by the number of the case with four digits.
  package let folder: URL
  private let temporary: TemporaryFolder
  private let data: Data
  private let expected: Data

  /// Generates and runs `count` models of one operator.
  package init(
    _ name: String, seed: Seed, count: Int, script: String = "litert_sweep.py"
  ) throws {
    let temporary = try TemporaryFolder()
    try Peer.check.run(
      script,
      [
        "--seed", "\(seed.value)", "--count", "\(count)", "--out", temporary.url.path, "--operators", name,
      ])
    try self.init(folder: temporary.url.appending(path: name), temporary)
  }

  private init(folder: URL, _ temporary: TemporaryFolder) throws {
    self.folder = folder
    self.temporary = temporary
    cases = try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: folder.appending(path: "cases.json")))
    data = try Data(contentsOf: folder.appending(path: "data.bin"))
    expected = try Data(contentsOf: folder.appending(path: "expected.bin"))
  }

  /// The path of the model of a case.
  package func path(of testCase: Case) -> String {
    folder.appending(path: String(format: "%04d.tflite", testCase.index)).path
  }

  /// The same cases with other models, which `write` puts at the path that it gets.
  package func rerunning(_ write: (Case, String) throws -> Void) throws -> LiteRTSweep {
    let again = temporary.url.appending(path: "again")
    try FileManager.default.createDirectory(at: again, withIntermediateDirectories: true)
    for file in ["cases.json", "data.bin"] {
      try FileManager.default.copyItem(at: folder.appending(path: file), to: again.appending(path: file))
    }
    for testCase in cases {
      try write(testCase, again.appending(path: String(format: "%04d.tflite", testCase.index)).path)
    }
    try Peer.check.run("litert_sweep.py", ["--rerun", again.path])
    return try LiteRTSweep(folder: again, temporary)
  }

  /// The elements of an input, a constant or an expected output.
  package func elements<Element: BitwiseCopyable>(_ tensor: Tensor, as type: Element.Type) -> [Element] {
    guard let offset = tensor.offset, let count = tensor.bytes else { return [] }
    let bytes = tensor.role == "output" ? expected : data
    return bytes.subdata(in: offset..<offset + count).withUnsafeBytes { raw in
      (0..<count / MemoryLayout<Element>.stride).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: Element.self)
      }
    }
  }
}
