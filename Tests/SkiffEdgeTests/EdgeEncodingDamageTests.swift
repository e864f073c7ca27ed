import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct EdgeEncodingDamageTests {
  /// A constant in every form, small enough that damage often hits what matters.
  static func constants(_ random: inout SeededGenerator) throws -> [Constant] {
    let skewed = (0..<400).map { _ in
      Int8.random(in: -2...2, using: &random) * .random(in: 0...1, using: &random)
    }
    let integers = Tensor(skewed, shape: [400])
    let reals = Tensor(skewed.map(Float.init), shape: [20, 20])
    let palette = try #require(try Constant(palettizing: reals))
    let sparse = try #require(
      try Constant(
        sifting: reals,
        encode: { (tensor) throws(ModelError) in
          try Constant(palettizing: tensor, bits: 8)?.entropyCoded() ?? Constant(tensor)
        }))
    let blocks = try [0, 1].map { axis in
      let codes = Tensor(skewed, shape: [20, 20])
      let count = axis == 0 ? 3 * 20 : 20 * 5
      return try Constant(
        blocks: codes.quantized(
          with: QuantizationParameters(
            scales: (0..<count).map { Float($0 + 1) / 64 },
            zeroPoints: (0..<count).map { axis * ($0 % 3 - 1) },
            granularity: .blocked(axis: axis, size: axis == 0 ? 8 : 4))), bits: 3,
        as: axis == 0 ? .float32 : .float16)
    }
    let codebooks = try [3, 10].map { bits in
      let codes = (0..<200).map { _ in UInt16.random(in: 0...4, using: &random) }
      let tables = Tensor(
        skewed.prefix(bits == 3 ? 20 : 10).map(Float.init), shape: [bits == 3 ? 2 : 1, 5, 2])
      return try Constant(
        codes: codes,
        of: Constant.Codebook(
          bits: bits, axis: bits == 3 ? 1 : 0, tableAxis: bits == 3 ? 0 : 1, rows: bits == 3 ? 12 : 20,
          tables: bits == 3
            ? #require(try Constant(palettizing: tables)) : Constant(tables).entropyCoded()),
        .float32, shape: [20, 20])
    }
    return [
      Constant(integers).entropyCoded(), try Constant(packing: integers, bits: 3),
      try Constant(packing: integers, bits: 3).entropyCoded(), palette, palette.entropyCoded(), sparse,
      sparse.entropyCoded(), try #require(try Constant(sifting: integers)), blocks[0], blocks[1],
      blocks[1].entropyCoded(), codebooks[0], codebooks[1], codebooks[0].entropyCoded(),
    ]
  }

  /// Changes bytes of segments or of the graph, makes its digest right again, and decodes everything.
  @Test(arguments: Seed.fixedAndFresh) func damagedEncodingsAreRefusedOrDecode(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    let limits = Limits(tensorSize: 1 << 24, inflatedSize: 1 << 26)
    let constants = try Self.constants(&random)
    var (refused, decoded) = (0, 0)
    for constant in constants {
      let file = try EdgeBytes.written(EdgeModel(try EdgeEncodingTests.graph([constant])))
      #expect(EdgeEncodingTests.constants(of: try file.check().graph) == [constant])
      for round in 0..<1500 {
        var damaged = file
        let range = round % 2 == 0 ? file.graph : 64..<file.graph.lowerBound
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let place = Int.random(in: range, using: &random)
          damaged.bytes[place] =
            Bool.random(using: &random) ? .random(in: 0...255, using: &random) : damaged.bytes[place] ^ 1
        }
        damaged.signGraph()
        do {
          let graph = try damaged.read(limits: limits).graph
          try Limits.$current.withValue(limits) {
            for constant in EdgeEncodingTests.constants(of: graph) { _ = try constant.materialize() }
          }
          decoded += 1
        } catch {
          #expect((error as? ModelError)?.message.isEmpty == false)
          refused += 1
        }
      }
    }
    #expect(refused > 1000 && decoded > 100, "\(refused) refused, \(decoded) decoded")
  }

  @Test func everyTruncatedStreamIsRefused() throws {
    var random = SeededGenerator(Seed(6))
    for constant in try Self.constants(&random) where constant.compression == .entropyCoded {
      for count in 0..<constant.bytes.count {
        let cut = try Constant(
          constant.type.dataType, shape: constant.shape, bytes: constant.bytes.slice(offset: 0, count: count),
          encoding: constant.encoding, compression: .entropyCoded)
        #expect(throws: ModelError.self) { try cut.materialize() }
      }
    }
  }

  /// A stream of one symbol says nothing of how often it occurs.
  @Test func smallFilesThatClaimHugeTensorsAreRefused() throws {
    let stream = Constant(Tensor([0] as [Int8], shape: [1])).entropyCoded().bytes
    func file(_ counts: [Int], _ encoding: Constant.Encoding = .dense) throws -> EdgeBytes {
      let constants = try counts.map {
        try Constant(.float32, shape: [$0], bytes: stream, encoding: encoding, compression: .entropyCoded)
      }
      return try EdgeBytes.written(EdgeModel(EdgeEncodingTests.graph(constants)))
    }
    let one = #expect(throws: ModelError.self) { try file([8, 1 << 50]).read() }
    #expect(one?.code == .limitExceeded)
    #expect(one?.location.tensor == "w1")
    let limits = Limits(tensorSize: 1 << 20, inflatedSize: 1 << 21)
    _ = try file([1 << 18, 1 << 18]).read(limits: limits)
    let sum = #expect(throws: ModelError.self) { try file([1 << 18, 1 << 18, 1 << 18]).read(limits: limits) }
    #expect(sum?.code == .limitExceeded)
    let palette = Constant.Encoding.palette(Tensor([1] as [Float], shape: [1]), bits: 8)
    #expect(throws: ModelError.self) { try file([1 << 19], palette).read(limits: limits) }
    let sparse = Constant.Encoding.sparse(Constant(Tensor([] as [Float], shape: [0])))
    #expect(throws: ModelError.self) { try file([1 << 19], sparse).read(limits: limits) }
  }

  /// Readers of this version name the tensor whose form they do not know.
  @Test func unknownFormsAreNamed() throws {
    var random = SeededGenerator(Seed(7))
    let constant = try Self.constants(&random)[2]
    let file = try EdgeBytes.written(EdgeModel(EdgeEncodingTests.graph([constant])))
    var messages: Set<String> = []
    for place in file.graph where file.bytes[place] == 1 {
      var other = file
      other.bytes[place] = 9
      other.signGraph()
      do throws(ModelError) { _ = try other.read() } catch  where error.code == .unsupported {
        messages.insert(error.description)
      } catch {}
    }
    #expect(messages.contains("tensor 'w0': is stored in the encoding 9, which is not known"))
    #expect(messages.contains("tensor 'w0': is stored in the compression 9, which is not known"))
  }
}
