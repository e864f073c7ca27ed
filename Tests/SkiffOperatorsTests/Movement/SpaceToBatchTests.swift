import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct SpaceToBatchTests {
  private let image = Tensor.reals((1...12).map { Float($0) }, shape: [1, 3, 4, 1])

  @Test func blocksGoToTheBatchAndBack() throws {
    let forward = SpaceToBatch().with([2, 2], \.blockSizes).with([1, 0, 0, 0], \.pads)
    let blocks = try run(forward, image)
    #expect(blocks.shape == [4, 2, 2, 1])
    #expect(try blocks.floats() == [0, 0, 5, 7, 0, 0, 6, 8, 1, 3, 9, 11, 2, 4, 10, 12])
    let back = BatchToSpace().with([2, 2], \.blockSizes).with([1, 0, 0, 0], \.crops)
    #expect(try run(back, blocks) == image)
  }

  @Test func paddingOfQuantizedIntegersIsTheZeroPoint() throws {
    let parameters = QuantizationParameters(scale: 1, zeroPoint: 5)
    let bytes = Tensor([1] as [Int8], shape: [1, 1], quantization: parameters)
    let blocks = try run(SpaceToBatch().with([2], \.blockSizes).with([0, 1], \.pads), bytes)
    #expect(try blocks.integers() == [1, 5])
    #expect(blocks.quantization == parameters)
  }

  @Test func symbolsAndErrors() throws {
    let images = InferenceOperand.floats(.symbol("N"), .symbol("H"), .fixed(4), .fixed(3))
    let forward = SpaceToBatch().with([2, 2], \.blockSizes)
    #expect(try inferred(forward, images)[0].shape.description == "[4*N,floor((H)/2),2,3]")
    #expect(
      try inferred(BatchToSpace().with([2], \.blockSizes), images)[0].shape.description
        == "[floor((N)/2),2*H,4,3]")
    #expect(throws: ModelError.self) { try forward.evaluate([image]) }
    #expect(throws: ModelError.self) { try SpaceToBatch().with([0], \.blockSizes).evaluate([image]) }
    #expect(throws: ModelError.self) { try BatchToSpace().with([2], \.blockSizes).evaluate([image]) }
    #expect(throws: ModelError.self) {
      try BatchToSpace().with([1], \.blockSizes).with([2, 2], \.crops).evaluate([image])
    }
  }
}
