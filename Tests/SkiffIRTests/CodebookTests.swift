import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct CodebookTests {
  /// A constant of random vectors, and its elements, found one by one.
  static func constant(
    _ random: inout SeededGenerator, _ dataType: DataType = .float32
  ) throws -> (constant: Constant, elements: Tensor) {
    let rank = Int.random(in: 2...4, using: &random)
    let axes = Array(0..<rank).shuffled(using: &random)
    let (axis, tableAxis) = (axes[0], axes[1])
    let length = Int.random(in: 1...4, using: &random)
    let bits = Int.random(in: 1...12, using: &random)
    let vectors = Int.random(in: 1...1 << bits, using: &random)
    var shape = (0..<rank).map { _ in Int.random(in: 1...6, using: &random) }
    shape[axis] *= length
    let rows = Int.random(in: 1...7, using: &random)
    let count = (shape[tableAxis] + rows - 1) / rows
    let numbers = random.integers(count * vectors * length, in: -100...100)
    func tensor(_ numbers: [Int], _ shape: [Int]) throws -> Tensor {
      dataType.isFloatingPoint
        ? try Tensor(floats: numbers.map(Float.init), as: dataType, shape: shape)
        : try Tensor(integers: numbers, as: dataType, shape: shape)
    }
    let tables = try tensor(numbers, [count, vectors, length])
    let codes = (0..<shape.reduce(1, *) / length).map { _ in
      UInt16.random(in: 0..<UInt16(vectors), using: &random)
    }
    let codebook = Constant.Codebook(
      bits: bits, axis: axis, tableAxis: tableAxis, rows: rows, tables: Constant(tables))
    let constant = try Constant(codes: codes, of: codebook, dataType, shape: shape)
    var sizes = shape
    sizes[axis] /= length
    let strides = Tensor.strides(of: sizes)
    let elements = (0..<shape.reduce(1, *)).map { index -> Int in
      var (rest, place, position) = (index, 0, [Int](repeating: 0, count: rank))
      for axis in shape.indices.reversed() {
        position[axis] = rest % shape[axis]
        rest /= shape[axis]
      }
      let element = position[axis] % length
      for other in shape.indices {
        place += strides[other] * (other == axis ? position[other] / length : position[other])
      }
      return numbers[(position[tableAxis] / rows * vectors + Int(codes[place])) * length + element]
    }
    return (constant, try tensor(elements, shape))
  }

  @Test(arguments: Seed.fixedAndFresh) func codesStandForTheVectorsOfTheirTable(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    for _ in 0..<200 {
      for dataType in [DataType.float32, .int8, .float16, .int64] {
        let (constant, elements) = try Self.constant(&random, dataType)
        #expect(try constant.materialize() == elements)
        #expect(try constant.entropyCoded().materialize() == elements)
      }
    }
  }

  @Test func tablesThatDoNotFitAreRefused() throws {
    func tables(_ shape: [Int]) -> Constant {
      Constant(Tensor([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape))
    }
    func codebook(
      _ bits: Int, _ axis: Int, _ tableAxis: Int, _ rows: Int, _ tables: Constant
    ) -> Constant.Encoding {
      .codebook(
        Constant.Codebook(bits: bits, axis: axis, tableAxis: tableAxis, rows: rows, tables: tables))
    }
    let good = tables([2, 4, 2])
    // Six vectors of two, in tables for two rows each.
    _ = try Constant(
      .float32, shape: [3, 4], bytes: ByteRegion([0, 0]), encoding: codebook(2, 1, 0, 2, good))
    let integers = Constant(Tensor([Int8](repeating: 0, count: 16), shape: [2, 4, 2]))
    let bad: [Constant.Encoding] = [
      codebook(0, 1, 0, 2, good), codebook(1, 1, 0, 2, good), codebook(13, 1, 0, 2, good),
      codebook(2, 2, 0, 2, good), codebook(2, -1, 0, 2, good), codebook(2, 1, 1, 2, good),
      codebook(2, 1, 5, 2, good), codebook(2, 0, 1, 2, good), codebook(2, 1, 0, 0, good),
      codebook(2, 1, 0, -1, good), codebook(2, 1, 0, 1, good), codebook(2, 1, 0, .max, good),
      codebook(2, 1, 0, 2, tables([2, 4, 3])), codebook(2, 1, 0, 2, tables([2, 4, 0])),
      codebook(2, 1, 0, 2, tables([2, 0, 2])), codebook(2, 1, 0, 2, tables([2, 5, 2])),
      codebook(2, 1, 0, 2, tables([2, 8])), codebook(2, 1, 0, 2, integers),
      codebook(2, 1, 0, 2, try good.transformed(by: .reshape([2, 4, 2]))),
      codebook(
        2, 1, 0, 2,
        try Constant(.float32, shape: [2, 4, 2], bytes: ByteRegion([0, 0]), encoding: .sparse(tables([0])))),
    ]
    for encoding in bad {
      for size in 0...4 {
        #expect(throws: ModelError.self, "\(encoding)") {
          try Constant(
            .float32, shape: [3, 4], bytes: ByteRegion([UInt8](repeating: 0, count: size)),
            encoding: encoding)
        }
      }
    }
    #expect(throws: ModelError.self) {
      try Constant(.float32, shape: [3, 4], bytes: ByteRegion([0]), encoding: codebook(2, 1, 0, 2, good))
    }
  }

  @Test func codesBeyondTheirTableAreRefused() throws {
    for (bits, code) in [(2, UInt16(3)), (8, 200), (10, 1000), (12, 4095)] {
      let codebook = Constant.Codebook(
        bits: bits, axis: 1, tableAxis: 0, rows: 2,
        tables: Constant(Tensor([Float](repeating: 1, count: 6), shape: [1, 3, 2])))
      func constant(_ codes: [UInt16]) throws -> Constant {
        try Constant(codes: codes, of: codebook, .float32, shape: [2, 4])
      }
      #expect(try constant([0, 1, 2, 2]).materialize().count == 8)
      let error = #expect(throws: ModelError.self) { try constant([0, 1, code, 2]).materialize() }
      #expect(error?.message == "a code beyond the 3 vectors of its table")
      #expect(throws: ModelError.self) { try constant([0, 1, 1 << UInt16(bits), 2]) }
      #expect(throws: ModelError.self) { try constant([0, 1, 2]) }
    }
  }

  @Test func decodingKeepsToTheLimit() throws {
    let stream = Constant(Tensor([0] as [Int8], shape: [1])).entropyCoded().bytes
    let tables = Constant(Tensor([1, 2] as [Float], shape: [1, 1, 2]))
    let codebook = Constant.Codebook(bits: 8, axis: 1, tableAxis: 0, rows: 1, tables: tables)
    let vast = try Constant(
      .float32, shape: [1, 1 << 50], bytes: stream, encoding: .codebook(codebook),
      compression: .entropyCoded)
    #expect(#expect(throws: ModelError.self) { try vast.materialize() }?.code == .limitExceeded)
  }
}
