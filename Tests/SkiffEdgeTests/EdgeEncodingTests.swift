import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct EdgeEncodingTests {
  static func graph(_ tensors: [Tensor]) throws -> Graph { try graph(tensors.map { Constant($0) }) }

  static func graph(_ constants: [Constant]) throws -> Graph {
    var graph = Graph()
    for (index, constant) in constants.enumerated() {
      graph.addOutput(graph.addConstant(constant, name: "w\(index)"), name: "y\(index)")
    }
    return graph
  }

  static func constants(of graph: Graph) -> [Constant] { graph.constantIDs.compactMap { graph[$0].constant } }

  /// A tensor of a random type, size and skew.
  static func tensor(_ random: inout SeededGenerator) throws -> Tensor {
    let dataType = try #require(DataType.allCases.filter { $0 != .string }.randomElement(using: &random))
    let count = Int(random.logUniform(in: 1...20_000))
    let different = Int(random.logUniform(in: 1...2000))
    let power = random.logUniform(in: 0.2...30)
    let shares = Double.random(in: 0...1, using: &random)
    let width = max(8, dataType.bitWidth) / 8
    let elements = (0..<different).map { index -> [UInt8] in
      index == 0 ? [UInt8](repeating: 0, count: width) : random.integers(width)
    }
    let low = dataType.isInteger && shares < 0.3
    let bytes = (0..<count).flatMap { _ -> [UInt8] in
      let place = Double(different) * Double.random(in: 0..<1, using: &random).power(power)
      var element = elements[Int(place)]
      if low { for index in 1..<width { element[index] = 0 } }
      return element
    }
    if dataType.bitWidth < 8 {
      return try Tensor(integers: bytes.map { Int($0) >> 6 }, as: dataType, shape: [count])
    }
    return try Tensor(dataType, shape: [count], bytes: ByteRegion(bytes))
  }

  /// Real numbers that are stored as integers or in fewer bits.
  private static func narrow(_ random: inout SeededGenerator) throws -> [Constant] {
    let shape = [Int.random(in: 4...12, using: &random), 64]
    let codes = (0..<shape[0] * 64).map { _ in Int.random(in: -8...7, using: &random) }
    let scales = random.floats(shape[0] * 4, in: 0.5...2)
    let blocked = QuantizationParameters(
      scales: scales, zeroPoints: scales.indices.map { $0 % 3 - 1 }, granularity: .blocked(axis: 1, size: 16))
    let perAxis = QuantizationParameters(scales: Array(scales.prefix(shape[0])), axis: 0)
    return [
      try Constant(Tensor(integers: codes, as: .int4, shape: shape).quantized(with: blocked))
        .transformed(by: .dequantize),
      try Constant(
        blocks: Tensor(integers: codes, as: .int8, shape: shape).quantized(with: blocked), bits: 4),
      try Constant(Tensor(integers: codes, as: .int8, shape: shape).quantized(with: perAxis))
        .transformed(by: .dequantize).transformed(by: .cast(.bfloat16)),
      try Constant(Tensor(integers: codes, as: .int8, shape: shape).quantized(with: perAxis))
        .transformed(by: .dequantize).transformed(by: .permute([1, 0])),
      try Constant(Tensor(floats: random.floats(shape[0] * 64), as: .float16, shape: shape))
        .transformed(by: .reshape([64, shape[0]])).transformed(by: .cast(.float32)),
      // Integers that stand for nothing else are no narrow form.
      try Constant(Tensor(integers: codes, as: .int8, shape: shape)).transformed(by: .cast(.float32)),
    ]
  }

  @Test(arguments: Seed.fixedAndFresh) func realNumbersStayInFewBits(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    for storage in [.asStored, .smallest] as [EdgeExporter.Storage] {
      let constants = try Self.narrow(&random)
      let graph = try Self.graph(constants)
      let file = try EdgeBytes.written(EdgeModel(graph), storage: storage)
      let read = try file.check().graph
      #expect(try read.semanticDigest() == graph.semanticDigest())
      for (index, constant) in Self.constants(of: read).enumerated() {
        #expect(try constant.materialize() == constants[index].materialize())
        #expect(constant.widened?.narrow.type == constants[index].widened?.narrow.type)
        #expect(try constant.hasEqualElements(as: constants[index]))
      }
      #expect(
        try EdgeBytes.written(EdgeModel(read), isCompact: storage == .smallest).bytes == file.bytes)
      #expect(try file.bytes.count < EdgeBytes.written(EdgeModel(graph), storage: .dense).bytes.count)
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func everyTensorReadsBackFromTheSmallestForm(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    for _ in 0..<40 {
      let tensors = try (0..<10).map { _ in try Self.tensor(&random) }
      let graph = try Self.graph(tensors)
      let small = try EdgeBytes.written(EdgeModel(graph), storage: .smallest)
      let dense = try EdgeBytes.written(EdgeModel(graph), storage: .dense)
      let read = try small.check().graph
      #expect(try Self.constants(of: read).map { try $0.materialize() } == tensors)
      #expect(small.bytes.count <= dense.bytes.count)
      for storage in [.asStored, .smallest] as [EdgeExporter.Storage] {
        #expect(
          try EdgeBytes.written(EdgeModel(read), storage: storage, isCompact: true).bytes == small.bytes)
      }
      #expect(try EdgeBytes.written(EdgeModel(read), storage: .dense).bytes == dense.bytes)
      #expect(
        try EdgeBytes.written(EdgeModel(try dense.read().graph), storage: .smallest).bytes == small.bytes)
    }
  }

  /// Vectors of tables stay so where that is the smallest form, and are read back and written again as they are.
  @Test(arguments: Seed.fixedAndFresh) func codebooksReadBack(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    for (bits, length, power) in [(8, 2, 1.0), (8, 4, 3.0), (10, 4, 1.0), (4, 1, 1.0)] {
      let tableCount = length == 1 ? 20 : 1
      let tables = Tensor(
        random.floats(tableCount * length << bits), shape: [tableCount, 1 << bits, length])
      let codes = (0..<200 * 400 / length).map { _ -> UInt16 in
        let number = Double.random(in: 0..<1, using: &random)
        return UInt16(Double(1 << bits) * (power > 1 ? number.power(power) : number))
      }
      let codebook = Constant.Codebook(
        bits: 12, axis: 1, tableAxis: 0, rows: 200 / tableCount, tables: Constant(tables))
      let constant = try Constant(codes: codes, of: codebook, .float32, shape: [200, 400])
      let graph = try Self.graph([constant])
      for storage in [.asStored, .smallest] as [EdgeExporter.Storage] {
        let file = try EdgeBytes.written(EdgeModel(graph), storage: storage)
        let read = try file.check().graph
        let stored = try #require(Self.constants(of: read).first)
        #expect(try stored.materialize() == constant.materialize())
        guard case .codebook(let own) = stored.encoding else {
          Issue.record("\(stored.formName)")
          continue
        }
        #expect(own.bits == (storage == .asStored ? 12 : stored.compression == .none ? bits : max(8, bits)))
        #expect((stored.compression == .entropyCoded) == (power > 1 && storage == .smallest))
        #expect(
          try EdgeBytes.written(EdgeModel(read), storage: storage).bytes == file.bytes)
      }
      // What hardly any vector is different in takes another form.
      let few = try Constant(
        codes: codes.map { $0 & 1 }, of: codebook, .float32, shape: [200, 400])
      let smallest = try EdgeBytes.written(EdgeModel(Self.graph([few])), storage: .smallest)
      let again = try EdgeBytes.written(EdgeModel(smallest.check().graph), storage: .smallest)
      #expect(try Self.constants(of: smallest.check().graph)[0].materialize() == few.materialize())
      #expect(again.bytes == smallest.bytes)
    }
  }

  /// What is wrong with a codebook is said with the tensor's name.
  @Test func badCodebooksAreNamed() throws {
    let tables = Constant(Tensor([Float](repeating: 1, count: 6), shape: [1, 3, 2]))
    let constant = try Constant(
      .float32, shape: [2, 4], bytes: ByteRegion([0b11_10_01_00]),
      encoding: .codebook(Constant.Codebook(bits: 2, axis: 1, tableAxis: 0, rows: 2, tables: tables)))
    let file = try EdgeBytes.written(EdgeModel(try Self.graph([constant])))
    let model = try file.read()
    let error = #expect(throws: ModelError.self) { try model.graph.semanticDigest() }
    #expect(error?.description == "tensor 'w0': a code beyond the 3 vectors of its table")
    // Bits, axes and rows that do not fit.
    var messages: Set<String> = []
    for place in file.graph where [1, 2].contains(file.bytes[place]) {
      for byte in [0, 3, 7] as [UInt8] {
        var other = file
        other.bytes[place] = byte
        other.signGraph()
        do throws(ModelError) { _ = try other.read() } catch { messages.insert(error.description) }
      }
    }
    #expect(messages.contains { $0.hasPrefix("tensor 'w0': ") && $0.contains("has no vectors along axis 3") })
    #expect(messages.contains { $0.hasPrefix("tensor 'w0': ") && $0.contains("tables of vectors of 2 bits") })
  }

  @Test func eachTensorTakesTheFormThatSuitsIt() throws {
    var random = SeededGenerator(Seed(4))
    let noise = random.integers(40_000) as [UInt8]
    let tensors = [
      Tensor(random.floats(10_000), shape: [10_000]),
      Tensor(noise, shape: [noise.count]),
      Tensor(noise.map { Int32($0 & 15) - 8 }, shape: [noise.count]),
      Tensor(noise.map { Float($0 & 15) }, shape: [noise.count]),
      Tensor(noise.map { Int8(bitPattern: $0 & ($0 >> 3) & ($0 << 2)) }, shape: [noise.count]),
      Tensor(noise.map { Float(1 + Int($0) * Int($0 & ($0 >> 3)) & 96) }, shape: [noise.count]),
      Tensor(
        noise.map { $0 < 60 ? Float.random(in: -1...1, using: &random) : 0 }, shape: [noise.count]),
      Tensor([1, 2, 3] as [Int64], shape: [3]),
    ]
    let read = try EdgeBytes.written(EdgeModel(Self.graph(tensors)), storage: .smallest).check().graph
    let forms = Self.constants(of: read).map(\.formName)
    #expect(
      forms[0...4] == [
        "dense", "dense", "packed to 4 bits", "palette of 16 in 4 bits", "entropy-coded",
      ])
    #expect(forms[5].hasPrefix("palette of ") && forms[5].hasSuffix("entropy-coded"))
    #expect(forms[6].hasPrefix("sparse with ") && forms[6].contains("elements, dense"))
    #expect(forms[7] == "packed to 3 bits")
  }

  @Test func whatTheChoiceSaysIsWhatTheFileTakes() throws {
    var random = SeededGenerator(Seed(5))
    for _ in 0..<50 {
      let choice = try StorageChoice(of: Self.tensor(&random))
      #expect(choice.forms[0].name == "dense")
      for form in choice.forms {
        let constant = try form.constant()
        #expect(constant.edgeByteCount == form.byteCount)
        #expect(constant.formName == form.name)
        #expect(Double(choice.chosen.byteCount) <= 1.01 * Double(form.byteCount))
      }
    }
  }

  @Test func tiedConstantsShareCompressedSegments() throws {
    let tensor = Tensor((0..<50_000).map { Int8($0 % 7 == 0 ? 1 : 0) }, shape: [50_000])
    let one = try EdgeBytes.written(EdgeModel(Self.graph([tensor])), storage: .smallest)
    let two = try EdgeBytes.written(
      EdgeModel(Self.graph([tensor, tensor.reshaped(to: [100, 500])])), storage: .smallest)
    #expect(two.bytes.count < one.bytes.count + 500)
    // The same bytes can be a tensor and the compressed form of another: they are two segments.
    let coded = Constant(tensor).entropyCoded()
    let plain = try Constant(.uint8, shape: [coded.bytes.count], bytes: coded.bytes)
    let mixed = try EdgeBytes.written(EdgeModel(Self.graph([coded, plain]))).check().graph
    #expect(try Self.constants(of: mixed).map { try $0.materialize() } == [tensor, plain.materialize()])
  }
}

extension Double {
  /// This number, from 0 to 1, to a power, roughly: what it is used for only has to be skewed.
  fileprivate func power(_ exponent: Double) -> Double {
    var result = self
    for _ in 1..<max(2, Int(exponent)) { result *= self }
    return result
  }
}
