import Foundation
import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct EdgeRoundTripTests {
  @Test func everythingReadsBack() throws {
    let model = try EdgeExamples.model()
    let file = try EdgeBytes.written(model)
    #expect(EdgeFormat.recognizes(ByteRegion(Array(file.bytes.prefix(8)))))
    let read = try file.check()
    #expect(try difference(model.graph, read.graph) == nil)
    #expect(try read.graph.text(.complete) == model.graph.text(.complete))
    #expect(read.contract == model.contract)
    #expect(read.provenance == model.provenance)
    #expect(read.examples.map(\.inputs) == model.examples.map(\.inputs))
    #expect(read.examples.map(\.outputs) == model.examples.map(\.outputs))
    #expect(try EdgeBytes.written(read).bytes == file.bytes)
  }

  @Test(arguments: Seed.fixedAndFresh) func everyGraphReadsBackToTheSameBytes(_ seed: Seed) throws {
    var graphs = RandomGraph(seed)
    for _ in 0..<200 {
      let graph = try graphs.next()
      let file = try EdgeBytes.written(EdgeModel(graph))
      let read = try file.check().graph
      let text = try graph.text(.complete)
      #expect(try difference(graph, read) == nil, "\(text)")
      #expect(try read.text(.complete) == text)
      #expect(try read.semanticDigest() == graph.semanticDigest())
      #expect(try EdgeBytes.written(EdgeModel(read)).bytes == file.bytes)
      let small = try EdgeBytes.written(EdgeModel(graph), storage: .smallest)
      let unpacked = try small.check().graph
      #expect(try unpacked.semanticDigest() == graph.semanticDigest())
      #expect(try EdgeBytes.written(EdgeModel(unpacked), isCompact: true).bytes == small.bytes)
      #expect(try EdgeBytes.written(EdgeModel(unpacked), storage: .smallest).bytes == small.bytes)
    }
  }

  @Test func denseConstantsStayInTheFile() throws {
    let region = try EdgeBytes.written(EdgeExamples.model()).region
    let graph = try EdgeImporter.makeGraph(from: region, catalog: .testing)
    let constants = graph.constantIDs.compactMap { graph[$0].constant }
    let base = region.withBytes { UInt(bitPattern: $0.baseAddress) }
    for constant in constants where !constant.bytes.isEmpty {
      let place = constant.bytes.withBytes { UInt(bitPattern: $0.baseAddress) }
      #expect(place == base + UInt(constant.bytes.offset))
      #expect(constant.bytes.offset % (constant.bytes.count < 1024 ? 8 : 64) == 0)
    }
    #expect(constants[0].bytes.offset == 64)
  }

  @Test func tiedConstantsAreStoredOnce() throws {
    let graph = try EdgeBytes.written(EdgeExamples.model()).read().graph
    let constants = graph.constantIDs.compactMap { graph[$0].constant }
    #expect(constants[0].bytes.offset == constants[1].bytes.offset)
    #expect(Set(constants.map(\.bytes.offset)).count == 4)
    // What is still to be computed is tied by what it becomes.
    var pending = Graph()
    for _ in 0..<2 {
      let tensor = try Tensor(seed: 3, .float32, shape: [100, 10])
      let id = pending.addConstant(try Constant(tensor).transformed(by: .permute([1, 0])))
      pending.addOutput(id, name: "\(pending.outputs.count)")
    }
    #expect(try EdgeBytes.written(EdgeModel(pending)).bytes.count < 2 * 4000)
  }

  @Test func theBytesOfTheFrameAreThoseOfTheSpecification() throws {
    let file = try EdgeBytes.written(EdgeExamples.model())
    #expect(Array(file.bytes[0..<8]) == Array("\u{89}SKIFF\r\n".unicodeScalars.map { UInt8($0.value) }))
    #expect(Array(file.bytes[8..<64]) == [1] + [UInt8](repeating: 0, count: 55))
    #expect(file.bytes.count % 64 == 0)
    #expect(file.graph.lowerBound % 64 == 0)
    #expect(Array(file.bytes[file.graph].dropFirst(4).prefix(4)) == Array("SKFG".utf8))
    #expect(file.integer(at: file.footer + 32) == file.bytes.count)
    #expect(Array(file.bytes.suffix(8)) == Array(file.bytes.prefix(8)))
  }

  @Test func whatDoesNotFitIsNotWritten() throws {
    let folder = try TemporaryFolder()
    var model = try EdgeExamples.model()
    model.contract?.outputs = []
    #expect(throws: ModelError.self) { try EdgeExporter.write(model, to: folder.path("a")) }
    model = try EdgeExamples.model()
    model.examples[0].inputs = [Tensor([1] as [Int8], shape: [1, 1])]
    #expect(throws: ModelError.self) { try EdgeExporter.write(model, to: folder.path("a")) }
    model.examples[0].inputs = [Tensor([1] as [Float], shape: [1])]
    #expect(throws: ModelError.self) { try EdgeExporter.write(model, to: folder.path("a")) }
    #expect(try folder.contents().isEmpty)
  }
}
