import Foundation
import SkiffTestSupport

/// Single-operator models with LiteRT's results, as Tests/Peers/litert_sweep.py writes them.
struct LiteRTSweep {
  /// A tensor of a case with its bytes.
  struct Tensor: Decodable {
    var name: String
    var type: String
    var shape: [Int]
    var role: String
    var scales: [Float]
    var zeroPoints: [Int32]
    var axis: Int
    var offset: Int?
    var bytes: Int?
  }

  /// A value of the attributes.
  enum Value: Decodable {
    case integer(Int)
    case real(Double)
    case boolean(Bool)
    case text(String)
    case integers([Int])

    init(from decoder: any Decoder) throws {
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
  struct Case: Decodable {
    var index: Int
    var `operator`: String
    var attributes: [String: Value]
    var tensors: [Tensor]
    var refused: String?
  }

  let cases: [Case]
  private let data: Data
  private let expected: Data

  /// Generates and runs `count` models of one operator.
  init(_ name: String, seed: Seed, count: Int) throws {
    let folder = try TemporaryFolder()
    try Peer.check.run(
      "litert_sweep.py",
      ["--seed", "\(seed.value)", "--count", "\(count)", "--out", folder.url.path, "--operators", name])
    let results = folder.url.appending(path: name)
    cases = try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: results.appending(path: "cases.json")))
    data = try Data(contentsOf: results.appending(path: "data.bin"))
    expected = try Data(contentsOf: results.appending(path: "expected.bin"))
  }

  /// The elements of an input, a constant or an expected output.
  func elements<Element: BitwiseCopyable>(_ tensor: Tensor, as type: Element.Type) -> [Element] {
    guard let offset = tensor.offset, let count = tensor.bytes else { return [] }
    let bytes = tensor.role == "output" ? expected : data
    return bytes.subdata(in: offset..<offset + count).withUnsafeBytes { raw in
      (0..<count / MemoryLayout<Element>.stride).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: Element.self)
      }
    }
  }
}
