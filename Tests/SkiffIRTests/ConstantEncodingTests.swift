import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct ConstantEncodingTests {
  /// A tensor with `different` elements of any bits, of which the first, zero, takes `zeros` of all places.
  static func tensor(
    _ dataType: DataType, _ count: Int, different: Int, zeros: Double, _ random: inout SeededGenerator
  ) throws -> Tensor {
    let size = dataType.bitWidth / 8
    let elements =
      [[UInt8](repeating: 0, count: size)] + (1..<max(2, different)).map { _ in random.integers(size) }
    var bytes: [UInt8] = []
    for _ in 0..<count {
      let isZero = Double.random(in: 0..<1, using: &random) < zeros
      bytes += elements[isZero ? 0 : .random(in: 0..<elements.count, using: &random)]
    }
    return try Tensor(dataType, shape: [count], bytes: ByteRegion(bytes))
  }

  static let wholeBytes = DataType.allCases.filter { $0.bitWidth >= 8 }

  @Test(arguments: wholeBytes) func palettesGiveBackTheTensor(_ dataType: DataType) throws {
    var random = SeededGenerator(Seed(1))
    for different in [1, 2, 3, 5, 16, 17, 100, 256] {
      for count in [1, 7, 8, 9, 1001] {
        let tensor = try Self.tensor(dataType, count, different: different, zeros: 0.3, &random)
        let palette = try #require(try Constant(palettizing: tensor))
        #expect(try palette.materialize() == tensor)
        let wide = try #require(try Constant(palettizing: tensor, bits: 8))
        #expect(wide.bytes.count == count)
        #expect(try wide.materialize() == tensor)
        #expect(try wide.entropyCoded().materialize() == tensor)
      }
    }
    let many = try Tensor(
      .uint16, shape: [257], bytes: Tensor((0..<257).map(UInt16.init), shape: [257]).bytes)
    #expect(try Constant(palettizing: many) == nil)
    #expect(throws: ModelError.self) {
      try Constant(palettizing: Tensor([1, 2, 3] as [Float], shape: [3]), bits: 1)
    }
  }

  @Test(arguments: wholeBytes) func sparseConstantsGiveBackTheTensor(_ dataType: DataType) throws {
    var random = SeededGenerator(Seed(2))
    for zeros in [0, 0.5, 0.99, 1] {
      for count in [0, 1, 7, 8, 9, 64, 1001] {
        let tensor = try Self.tensor(dataType, count, different: 1000, zeros: zeros, &random)
        let sparse = try #require(try Constant(sifting: tensor))
        #expect(sparse.bytes.count == (count + 7) / 8)
        #expect(try sparse.materialize() == tensor)
        #expect(try sparse.entropyCoded().materialize() == tensor)
      }
    }
  }

  @Test(arguments: DataType.allCases.filter(\.isInteger)) func packedIntegersGiveBackTheTensor(
    _ dataType: DataType
  ) throws {
    var random = SeededGenerator(Seed(3))
    for bits in 1...8 where bits < dataType.bitWidth {
      let low = dataType.isSignedInteger ? -(1 << (bits - 1)) : 0
      for count in [0, 1, 7, 8, 9, 1000] {
        let integers = random.integers(count, in: low...(low + 1 << bits - 1))
        let tensor = try Tensor(integers: integers, as: dataType, shape: [count])
        let packed = try Constant(packing: tensor, bits: bits)
        #expect(try packed.materialize() == tensor)
        #expect(try packed.entropyCoded().materialize() == tensor)
        let fewest = Constant.fewestBits(of: tensor)
        #expect(count == 0 ? fewest == nil : fewest ?? 9 <= bits)
      }
    }
  }

  @Test func whatIsBeyondAPaletteOrABitmapIsRefused() throws {
    let table = Tensor([1, 2, 3] as [Float], shape: [3])
    func error(_ bytes: [UInt8], _ count: Int, _ encoding: Constant.Encoding) throws -> String? {
      let constant = try Constant(.float32, shape: [count], bytes: ByteRegion(bytes), encoding: encoding)
      return #expect(throws: ModelError.self) { try constant.materialize() }?.message
    }
    #expect(
      try error([0b11_10_01_00], 4, .palette(table, bits: 2)) == "an element beyond the 3 of its palette")
    let sparse = Constant.Encoding.sparse(Constant(table))
    #expect(try error([0b1011_0001], 8, sparse) == "a bitmap with 4 ones for 3 elements")
    #expect(try error([0b1000_0011], 7, sparse) == "a bitmap that goes on beyond the tensor")
    #expect(try error([0, 0, 0], 24, sparse) == "a bitmap with 0 ones for 3 elements")
  }

  @Test func encodingsThatDoNotFitTheTypeAreRefused() throws {
    let table = Tensor([1, 2, 3] as [Float], shape: [3])
    let empty = Tensor([] as [Float], shape: [0])
    let values = Constant(table)
    let encodings: [(DataType, Constant.Encoding)] = [
      (.float32, .packed(bits: 4)), (.int8, .packed(bits: 8)), (.int32, .packed(bits: 9)),
      (.float64, .palette(table, bits: 2)), (.float32, .palette(table, bits: 1)),
      (.float32, .palette(table, bits: 9)), (.float32, .palette(empty, bits: 2)),
      (.float32, .palette(try table.reshaped(to: [1, 3]), bits: 2)), (.float64, .sparse(values)),
      (.float32, .sparse(Constant(try table.reshaped(to: [1, 3])))),
      (.float32, .sparse(try values.transformed(by: .reshape([3])))),
      (.float32, .sparse(try #require(try Constant(sifting: table)))),
    ]
    for (dataType, encoding) in encodings {
      for size in 0...4 {
        #expect(throws: ModelError.self, "\(encoding)") {
          try Constant(
            dataType, shape: [4], bytes: ByteRegion([UInt8](repeating: 0, count: size)), encoding: encoding)
        }
      }
    }
    let few = Constant.Encoding.sparse(values)
    #expect(throws: ModelError.self) {
      try Constant(.float32, shape: [2], bytes: ByteRegion([0]), encoding: few)
    }
  }

  @Test func decodingKeepsToTheLimit() throws {
    let coded = Constant(Tensor([0, 0] as [Int8], shape: [2])).entropyCoded()
    let vast = try Constant(.int8, shape: [1 << 50], bytes: coded.bytes, compression: .entropyCoded)
    #expect(#expect(throws: ModelError.self) { try vast.materialize() }?.code == .limitExceeded)
  }
}
