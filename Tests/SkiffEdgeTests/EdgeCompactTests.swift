import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffTestSupport
import Testing

/// Files whose graph is a deflated tree and whose small segments share a digest.
@Suite struct EdgeCompactTests {
  private static func compact() throws -> EdgeBytes {
    try EdgeBytes.written(EdgeExamples.model(), storage: .smallest)
  }

  @Test func everyTruncationAndEveryChangedByteIsFound() throws {
    var file = try Self.compact()
    for count in 0..<file.bytes.count {
      #expect(throws: ModelError.self) { try EdgeBytes(file.bytes.prefix(count)).read() }
    }
    for index in file.bytes.indices {
      file.bytes[index] ^= 0x40
      #expect(throws: ModelError.self, "byte \(index)") { try file.check() }
      file.bytes[index] ^= 0x40
    }
  }

  @Test func damageOfSmallTensorsIsFoundWhenAsked() throws {
    var file = try Self.compact()
    file.bytes[64] ^= 1
    _ = try file.read()
    let error = #expect(throws: ModelError.self) { try file.check() }
    #expect(error?.message == "a small tensor is damaged: their bytes do not match their digest")
  }

  /// The file with a graph that is not deflated, and signed.
  private static func file(_ file: EdgeBytes, tree: [UInt8]) -> EdgeBytes {
    var changed = EdgeBytes(file.bytes[..<file.graph.lowerBound] + tree + file.bytes.suffix(64))
    changed.set(tree.count, at: changed.footer + 8)
    changed.set(changed.bytes.count, at: changed.footer + 32)
    changed.set(0, at: changed.footer + 48)
    changed.signGraph()
    return changed
  }

  private static func tree(of file: EdgeBytes) throws -> [UInt8] {
    let size = file.integer(at: file.footer + 48)
    let graph = ByteRegion(Array(file.bytes[file.graph]))
    return try (size == 0 ? graph : graph.inflated(count: size)).withBytes { Array($0) }
  }

  /// The graph of little takes fewer bytes than header or footer.
  @Test func littleIsRead() throws {
    var graph = Graph()
    graph.addOutput(graph.addInput("x", TensorType(.float32, [0])), name: "y")
    let file = try EdgeBytes.written(EdgeModel(graph), storage: .smallest)
    #expect(file.bytes.count < 3 * 64)
    #expect(try file.check().graph.semanticDigest() == graph.semanticDigest())
    let empty = try EdgeBytes.written(EdgeModel(Graph()), storage: .smallest)
    #expect(try empty.check().graph.nodeIDs.isEmpty)
    for count in 0..<file.bytes.count {
      #expect(throws: ModelError.self) { try EdgeBytes(file.bytes.prefix(count)).read() }
    }
  }

  @Test func aTreeNeedNotBeDeflated() throws {
    let file = try Self.compact()
    let plain = Self.file(file, tree: try Self.tree(of: file))
    #expect(try plain.check().graph.semanticDigest() == file.check().graph.semanticDigest())
    #expect(try EdgeBytes.written(plain.read(), isCompact: true).bytes == file.bytes)
  }

  /// What is no tree is refused, and what is one is read; nothing else happens.
  @Test(arguments: Seed.fixedAndFresh) func damagedTreesDoNoHarm(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    let file = try Self.compact()
    let tree = try Self.tree(of: file)
    for count in 0..<tree.count {
      #expect(throws: ModelError.self) { try Self.file(file, tree: Array(tree.prefix(count))).read() }
    }
    for _ in 0..<4000 {
      var damaged = tree
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: damaged.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: damaged.remove(at: place)
        case 1: damaged.insert(.random(in: 0...255, using: &random), at: place)
        case 2: damaged[place] = [0, 1, 127, 128, 255].randomElement(using: &random) ?? 0
        default: damaged[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        }
      }
      _ = try? Self.file(file, tree: damaged).read()
    }
  }

  @Test func manyTablesOfFewBytesAreTooMany() throws {
    let file = try Self.compact()
    // A graph, of which a million inputs are named, each of one byte.
    let tree: [UInt8] = [0b10, 0b10] + [0xC0, 0x84, 0x3D] + [UInt8](repeating: 0, count: 1_000_000)
    var limits = Limits.standard
    limits.structureSize = 1 << 20
    let error = #expect(throws: ModelError.self) { try Self.file(file, tree: tree).read(limits: limits) }
    #expect(error?.code == .limitExceeded)
  }
}
