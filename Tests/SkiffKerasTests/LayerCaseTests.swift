import Foundation
import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffKeras
import SkiffNumPy
import SkiffTestSupport
import Testing

/// A model for each layer and configuration of a table (`Tests/Peers/keras_cases.py`), made and run by Keras 3 and by
/// tf_keras, against the interpreter.
@Suite struct LayerCaseTests {
  private struct Report: Decodable {
    let files: [String]
    let failures: [String]
    let sets: Int
    let spread: [Double]
  }

  /// Those that are in the repository, of which one file each is kept.
  @Test(.needsPeer(.check), arguments: ["keras3", "keras2"])
  func storedLayersEqualTheFrameworks(name: String) throws {
    let folder = try TemporaryFolder()
    try Peer.check.run(
      "unzip.py", [TestModel.path("layer-cases.\(name).zip"), folder.url.path])
    let count = try compareAll(in: folder, label: name)
    #expect(count > 200)
  }

  @Test(.onlyInFullRuns, .needsPeer(.tf), arguments: ["keras", "tf_keras"])
  func everyLayerEqualsTheFrameworks(framework: String) throws {
    let folder = try TemporaryFolder()
    let part = TestRun.variable("SKIFF_KERAS_CASE") ?? ""
    try Peer.tf.run("keras_cases.py", [framework, folder.url.path, part], timeout: .seconds(1800))
    let count = try compareAll(in: folder, label: framework)
    #expect(part != "" || count > 400)
  }

  /// Compares every file that is there with what the framework gave; returns their number.
  private func compareAll(in folder: TemporaryFolder, label: String) throws -> Int {
    let reports = try JSONDecoder().decode(
      [String: Report].self, from: Data(contentsOf: URL(fileURLWithPath: folder.path("cases.json"))))
    var compared = 0
    for (name, report) in reports.sorted(by: { $0.key < $1.key }) {
      #expect(!report.files.isEmpty, "\(label) \(name): \(report.failures)")
      let arrays = Dictionary(
        try NumPyArchive(mapping: folder.path("\(name).npz")).arrays().map { ($0.name, $0.array) },
        uniquingKeysWith: { first, _ in first })
      for file in report.files where FileManager.default.fileExists(atPath: folder.path(file)) {
        do {
          try compare(folder.path(file), with: arrays, report, label: "\(label) \(file)")
          compared += 1
        } catch {
          Issue.record("\(label) \(file): \(error)")
        }
      }
    }
    return compared
  }

  private func compare(
    _ path: String, with arrays: [String: NumPyArray], _ report: Report, label: String
  ) throws {
    var warnings: [Warning] = []
    let graph = try Importer.makeGraph(from: model(path), warnings: &warnings)
    var shapes: [String: [Int]] = [:]
    for (index, id) in graph.inputs.enumerated() { shapes[graph[id].name] = arrays["0/in\(index)"]?.shape }
    let session = Session(try Plan(graph, inputShapes: shapes))
    // The sets come one after the other: what a layer remembers goes on.
    for set in 0..<report.sets {
      var tensors: [String: Tensor] = [:]
      for (index, id) in graph.inputs.enumerated() {
        let array = try #require(arrays["\(set)/in\(index)"])
        tensors[graph[id].name] = try tensor(array, as: graph[id].type?.dataType ?? .float32)
      }
      let results = try session.run(tensors)
      #expect(graph.outputs.count == report.spread.count, "\(label)")
      for (index, output) in graph.outputs.enumerated() {
        let expected = try #require(arrays["\(set)/out\(index)"], "\(label)")
        let result = try #require(results[output.name], "\(label)")
        #expect(result.shape == expected.shape, "\(label) output \(index)")
        let difference = FloatDifference(try result.floats(), from: try expected.numbers())
        let bound = max(1e-5 * difference.range, 2 * report.spread[index])
        #expect(difference.largestError <= bound, "\(label) output \(index) set \(set): \(difference)")
      }
    }
  }
}

extension NumPyArray {
  /// The elements as real numbers.
  fileprivate func numbers() throws -> [Float] {
    if let integers = try? elements(as: Int32.self) { return integers.map(Float.init) }
    if let integers = try? elements(as: Int64.self) { return integers.map(Float.init) }
    if let integers = try? elements(as: UInt32.self) { return integers.map { Float($0) } }
    if let integers = try? elements(as: UInt8.self) { return integers.map { Float($0) } }
    return try elements(as: Float.self)
  }
}
