import SkiffBinary
import SkiffIR
import Testing

@Suite struct TensorTests {
  @Test func narrowIntegersShareBytes() throws {
    let tensor = try Tensor(integers: [-8, 7, -1, 0, 3], as: .int4, shape: [5])
    #expect(tensor.bytes.count == 3)
    #expect(try tensor.integers() == [-8, 7, -1, 0, 3])
    #expect(try Tensor(integers: [0, 1, 2, 3, 3], as: .uint2, shape: [5]).integers() == [0, 1, 2, 3, 3])
    #expect(try Tensor(integers: [-2, -1, 0, 1], as: .int2, shape: [4]).integers() == [-2, -1, 0, 1])
  }

  @Test func permutationMovesAxesAndTheirParameters() throws {
    let parameters = QuantizationParameters(scales: [1, 2], axis: 0)
    let tensor = Tensor([1, 2, 3, 4, 5, 6] as [Int8], shape: [2, 3], quantization: parameters)
    let moved = try tensor.permuted(by: [1, 0])
    #expect(try moved.integers() == [1, 4, 2, 5, 3, 6])
    #expect(moved.shape == [3, 2])
    #expect(moved.quantization?.granularity == .perAxis(1))
    #expect(try moved.dequantized().floats() == [1, 8, 2, 10, 3, 12])
  }

  @Test func quantizationRoundsHalvesAwayFromZeroAndClamps() throws {
    let tensor = Tensor([0.5, -0.5, 1.5, -300, 300, .nan] as [Float], shape: [6])
    let quantized = try tensor.quantized(as: .int8, QuantizationParameters(scale: 1, zeroPoint: 3))
    #expect(try quantized.integers() == [4, 2, 5, -128, 127, 3])
    let narrow = try Tensor([-300, 0] as [Float], shape: [2])
      .quantized(as: .int8, QuantizationParameters(scales: [1, 0], axis: 0))
    #expect(try narrow.integers() == [-127, 0])
  }

  @Test func integersOfEveryWidthAreNumbers() throws {
    let types: [DataType] = [
      .int2, .uint2, .int4, .uint4, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64,
    ]
    for type in types {
      let tensor = try Tensor(integers: [0, 1], as: type, shape: [2])
      #expect(try tensor.doubles() == [0, 1], "\(type.rawValue)")
      #expect(try tensor.floats() == [0, 1], "\(type.rawValue)")
      #expect(try tensor.integers() == [0, 1], "\(type.rawValue)")
    }
  }

  @Test func bfloatRoundsToEven() {
    #expect(BFloat16(1 + 0x1p-8).float == 1)
    #expect(BFloat16(1 + 3 * 0x1p-8).float == 1 + 0x1p-6)
    #expect(BFloat16(.nan).float.isNaN)
    #expect(BFloat16(.infinity).float == .infinity)
  }

  @Test func bytesMustFitTheShape() {
    #expect(throws: ModelError.self) { try Tensor(.float32, shape: [2], bytes: ByteRegion([0, 0, 0, 0])) }
    #expect(throws: ModelError.self) { try Tensor(.float32, shape: [Int.max, 8], bytes: .empty) }
    #expect(throws: ModelError.self) { try Tensor(.float32, shape: [-1], bytes: .empty) }
  }

  @Test func constantsTransformOnlyWhenAsked() throws {
    let constant = try Constant(Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]))
      .transformed(by: .permute([1, 0]))
      .transformed(by: .scale(axis: 0, factors: [10, 1]))
      .transformed(by: .reshape([4]))
      .transformed(by: .cast(.float16))
    #expect(constant.type == TensorType(.float16, [4]))
    #expect(try constant.materialize().floats() == [10, 30, 2, 4])
    #expect(throws: ModelError.self) { try constant.transformed(by: .reshape([3])) }
    #expect(throws: ModelError.self) { try constant.transformed(by: .permute([1])) }
    #expect(throws: ModelError.self) { try constant.transformed(by: .scale(axis: 0, factors: [1])) }
  }

  @Test func packedConstantsUnpack() throws {
    let values = [-4, 3, -1, 0, 1, 2, -3]
    var bits: [UInt8] = [0, 0, 0]
    for (index, value) in values.enumerated() {
      for bit in 0..<3 where value >> bit & 1 == 1 {
        bits[(index * 3 + bit) / 8] |= 1 << ((index * 3 + bit) % 8)
      }
    }
    let constant = try Constant(.int8, shape: [7], bytes: ByteRegion(bits), encoding: .packed(bits: 3))
    #expect(try constant.materialize() == Tensor(values.map(Int8.init), shape: [7]))
  }
}
