import Foundation
import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct EdgeSchemaTests {
  @Test(.enabled("needs flatc") { TestRun.requiresPeers || FlatSchemaSource.compiler != nil })
  func theSwiftDescriptionIsThatOfTheSchema() throws {
    let path = Checkout.path("Sources/SkiffEdge/Schema/Schema+Generated.swift")
    let source = try FlatSchemaSource.swift(for: "skiff")
    if TestRun.variable("SKIFF_UPDATE") == "1" {
      try source.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == source)
  }

  @Test(.enabled("needs flatc") { TestRun.requiresPeers || FlatSchemaSource.compiler != nil })
  func flatcReadsTheGraph() throws {
    let compiler = try #require(FlatSchemaSource.compiler)
    let folder = try TemporaryFolder()
    try EdgeExporter.write(EdgeExamples.model(), to: folder.path("model.skiff"))
    let file = EdgeBytes(try Data(contentsOf: URL(fileURLWithPath: folder.path("model.skiff"))))
    try Data(file.bytes[file.graph]).write(to: URL(fileURLWithPath: folder.path("graph.skfg")))
    try runProcess(
      compiler,
      [
        "--json", "--strict-json", "-o", folder.path(""), Checkout.path("Schemas/skiff.fbs"), "--",
        folder.path("graph.skfg"),
      ])
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: folder.path("graph.json"))))
    let root = try #require(json as? [String: Any])
    let graph = try #require(root["graph"] as? [String: Any])
    let nodes = try #require(graph["nodes"] as? [[String: Any]])
    #expect(nodes.map { $0["operator"] as? String } == ["Everything", "Foreign"])
    let types = try #require(root["types"] as? [[String: Any]])
    #expect(types.compactMap { $0["data_type"] as? String }.first == "f32")
    #expect((root["segments"] as? [Any])?.count == 5)
  }

  @Test func everyDataTypeHasANumber() throws {
    for dataType in DataType.allCases {
      var graph = Graph()
      graph.addOutput(graph.addInput("x", TensorType(dataType, [1])), name: "y")
      let read = try EdgeBytes.written(EdgeModel(graph)).read()
      #expect(read.graph[read.graph.inputs[0]].type == TensorType(dataType, [1]))
    }
  }
}
