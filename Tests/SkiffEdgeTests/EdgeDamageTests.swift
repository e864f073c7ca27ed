import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct EdgeDamageTests {
  @Test func everyTruncationIsRefused() throws {
    let file = try EdgeBytes.written(EdgeExamples.model())
    for count in 0..<file.bytes.count {
      #expect(throws: ModelError.self) { try EdgeBytes(file.bytes.prefix(count)).read() }
    }
    #expect(throws: ModelError.self) { try EdgeBytes(file.bytes + [0]).read() }
    #expect(throws: ModelError.self) { try EdgeBytes(file.bytes + [UInt8](repeating: 0, count: 64)).read() }
  }

  @Test func checkFindsEveryChangedByte() throws {
    var file = try EdgeBytes.written(EdgeExamples.model())
    for index in file.bytes.indices {
      file.bytes[index] ^= 0x40
      #expect(throws: ModelError.self, "byte \(index)") { try file.check() }
      file.bytes[index] ^= 0x40
    }
  }

  @Test func damageOfATensorIsFoundByNameWhenAsked() throws {
    var file = try EdgeBytes.written(EdgeExamples.model())
    file.bytes[64] ^= 1
    _ = try file.read()
    let error = #expect(throws: ModelError.self) { try file.check() }
    #expect(error?.location.tensor == "w")
    #expect(error?.message == "is damaged: its bytes do not match their digest")
  }

  /// Where a FlatBuffer stores what, found by what the exporter wrote there.
  private func changed(_ old: [UInt8], to new: [UInt8]) throws -> EdgeBytes {
    var file = try EdgeBytes.written(EdgeExamples.model())
    let graph = Array(file.bytes[file.graph])
    let places = graph.indices.filter { graph[$0...].starts(with: old) }
    try #require(places.count == 1)
    file.bytes.replaceSubrange(
      file.graph.lowerBound + places[0]..<file.graph.lowerBound + places[0] + old.count, with: new)
    file.signGraph()
    return file
  }

  @Test func unknownOperatorsAndFeaturesAreNamed() throws {
    let error = #expect(throws: ModelError.self) {
      try changed(Array("Everything".utf8), to: Array("Everywhere".utf8)).read()
    }
    #expect(error?.description == "node 'Conv_12' (Everywhere, #0): the operator is not known")
    let attribute = #expect(throws: ModelError.self) {
      try changed(Array("integers".utf8), to: Array("integerz".utf8)).read()
    }
    #expect(
      attribute?.description
        == "node 'Conv_12' (Everything, #0), attribute 'integerz': Everything has no such attribute")
  }

  @Test func otherVersionsAreNamed() throws {
    var file = try EdgeBytes.written(EdgeExamples.model())
    file.bytes[8] = 2
    #expect(EdgeFormat.recognizes(file.region))
    let error = #expect(throws: ModelError.self) { try file.read() }
    #expect(error?.code == .unsupported)
    #expect(error?.message == "version 2 of the format; 1 is known")
  }

  @Test func framesThatLieAreRefused() throws {
    let file = try EdgeBytes.written(EdgeExamples.model())
    for value in [0, 1, 63, 64, 128, file.graph.lowerBound + 64, file.footer, Int.max, Int.min, -1] {
      for place in [0, 8, 32, 48] where file.integer(at: file.footer + place) != value {
        var damaged = file
        damaged.set(value, at: file.footer + place)
        #expect(throws: ModelError.self) { try damaged.read() }
      }
    }
  }

  /// Changes bytes of the graph and makes its digest right again, so that the reader sees the damage.
  @Test(arguments: Seed.fixedAndFresh) func damagedGraphsAreRefusedOrValid(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    var graphs = RandomGraph(seed)
    var valid = 0
    for round in 0..<100 {
      let model = round < 20 ? try EdgeExamples.model() : EdgeModel(try graphs.next())
      let file = try EdgeBytes.written(model)
      let limits = Limits(structureSize: 1 << 24)
      for _ in 0..<100 {
        var damaged = file
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let place = Int.random(in: file.graph, using: &random)
          damaged.bytes[place] =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: 0
            case 1: 0xFF
            case 2: damaged.bytes[place] &+ UInt8.random(in: 0...2, using: &random) &- 1
            default: UInt8.random(in: 0...255, using: &random)
            }
        }
        damaged.signGraph()
        do throws(ModelError) {
          let read = try damaged.read(limits: limits)
          valid += 1
          _ = try read.graph.text(.complete)
        } catch {
          #expect(!error.message.isEmpty)
        }
      }
    }
    #expect(valid > 100)
  }
}
