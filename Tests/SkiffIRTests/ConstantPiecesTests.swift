import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct ConstantPiecesTests {
  static let chains: [(shape: [Int], transforms: [Constant.Transform], comesInPieces: Bool)] = [
    ([4, 6], [], true),
    ([4, 6], [.permute([1, 0])], true),
    ([40, 33], [.permute([1, 0])], true),
    ([3, 4, 5, 6], [.permute([0, 2, 3, 1])], true),
    ([3, 4, 5, 6], [.permute([3, 1, 0, 2])], true),
    ([3, 20, 6], [.reshape([3, 4, 5, 6]), .permute([0, 2, 3, 1]), .reshape([3, 120])], true),
    ([2, 18, 7], [.permute([1, 2, 0]), .permute([1, 0, 2]), .reshape([7, 36])], true),
    ([1, 1], [.permute([1, 0])], true),
    ([], [.reshape([1, 1])], true),
    ([0, 3], [.permute([1, 0])], false),
    ([4, 6], [.permute([1, 0]), .reshape([4, 6]), .permute([1, 0])], false),
    ([4, 6], [.permute([1, 0]), .scale(axis: 0, factors: [1, 2, 3, 4, 5, 6])], false),
    ([4, 6], [.cast(.float16)], false),
  ]

  /// The element of each position, moved as the definition of a permutation says.
  private func moved(_ tensor: Tensor, by permutation: [Int]) throws -> Tensor {
    let (old, new) = (tensor.shape, permutation.map { tensor.shape[$0] })
    let strides = Tensor.strides(of: old)
    let numbers = try tensor.doubles()
    let result = (0..<tensor.count).map { position -> Float in
      var (rest, place) = (position, 0)
      for axis in new.indices.reversed() {
        place += rest % new[axis] * strides[permutation[axis]]
        rest /= new[axis]
      }
      return Float(numbers[place])
    }
    return Tensor(result, shape: new)
  }

  @Test(arguments: chains.indices, [1, 50, 1 << 22])
  func piecesAreWhatTheWholeIs(_ index: Int, _ size: Int) throws {
    let (shape, transforms, comesInPieces) = Self.chains[index]
    var expected = Tensor((0..<shape.reduce(1, *)).map(Float.init), shape: shape)
    var constant = Constant(expected)
    for transform in transforms {
      constant = try constant.transformed(by: transform)
      switch transform {
      case .permute(let permutation): expected = try moved(expected, by: permutation)
      case .reshape(let sizes): expected = try expected.reshaped(to: sizes)
      default: expected = try Constant(expected).transformed(by: transform).materialize()
      }
    }
    var bytes: [UInt8] = []
    var pieces = 0
    try constant.forEachPiece(of: size) {
      bytes += $0
      pieces += 1
    }
    #expect(bytes == expected.bytes.withBytes { Array($0) })
    #expect(try constant.materialize() == expected)
    #expect(constant.comesInPieces == comesInPieces)
    if size == 1, comesInPieces, transforms.count > 1, shape.count > 2 { #expect(pieces > 1) }
  }

  /// Elements that no view copies, and sizes whose products are beyond integers, are left to the whole.
  @Test func otherElementsAreWhole() throws {
    let bytes = ByteRegion((0..<96).map(UInt8.init))
    let complex = try Constant(.complex128, shape: [2, 3], bytes: bytes).transformed(by: .reshape([3, 2]))
    var pieces: [UInt8] = []
    try complex.forEachPiece { pieces += $0 }
    #expect(!complex.comesInPieces && pieces == bytes.withBytes { Array($0) })
    let text = try Constant(.string, shape: [2, 3], bytes: .empty).transformed(by: .reshape([3, 2]))
    #expect(!text.comesInPieces)
    let vast = try Constant(.float32, shape: [0, 1 << 40, 1 << 40], bytes: .empty)
    #expect(try !vast.transformed(by: .permute([2, 0, 1])).comesInPieces)
  }
}
