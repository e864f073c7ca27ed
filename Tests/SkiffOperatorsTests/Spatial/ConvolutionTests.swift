import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct ConvolutionTests {
  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchesONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    var cases: [ONNXCase] = []
    func add(
      _ attributes: [String: any Sendable], _ input: [Int], _ weights: [Int], bias: Int? = nil,
      _ kernel: Convolution
    ) {
      var tensors = [Tensor.random(input, &random), Tensor.random(weights, &random)]
      if let bias { tensors.append(.random([bias], &random)) }
      cases.append(ONNXCase("Conv", attributes, tensors, is: kernel))
    }
    let plain = Convolution()
    add([:], [2, 3, 6, 5], [4, 3, 3, 2], bias: 4, plain)
    add([:], [1, 8, 7, 7], [5, 8, 1, 1], plain)
    add(
      ["strides": [2, 3], "pads": [1, 0, 2, 3]], [1, 3, 8, 9], [2, 3, 3, 4], bias: 2,
      plain.with([2, 3], \.strides).with([1, 0, 2, 3], \.pads))
    add(
      ["group": 2, "dilations": [2, 3]], [1, 4, 9, 9], [6, 2, 3, 3],
      plain.with(2, \.groups).with([2, 3], \.dilations))
    add(
      ["group": 4, "pads": [1, 1, 1, 1]], [1, 4, 5, 5], [8, 1, 3, 3],
      plain.with(4, \.groups).with([1, 1, 1, 1], \.pads))
    add(
      ["strides": [3], "pads": [4, 0]], [2, 3, 7], [4, 3, 5], plain.with([3], \.strides).with([4, 0], \.pads))
    add(["strides": [1, 2, 1]], [1, 2, 4, 5, 3], [3, 2, 2, 3, 1], plain.with([1, 2, 1], \.strides))
    for (name, padding) in [("SAME_UPPER", Padding.sameUpper), ("SAME_LOWER", .sameLower)] {
      add(
        ["auto_pad": name, "strides": [2, 2]], [1, 2, 7, 8], [3, 2, 4, 3],
        plain.with(padding, \.padding).with([2, 2], \.strides))
    }
    // A window wider than the input, that only padding makes fit.
    add(["pads": [3, 3, 3, 3]], [1, 1, 2, 2], [1, 1, 7, 7], plain.with([3, 3, 3, 3], \.pads))
    try ONNXCase.expectEqual(cases)
  }

  @Test func channelsLastIsTheSameTransposed() throws {
    var random = SeededGenerator(Seed(5))
    let kernel = Convolution().with(2, \.groups).with([2, 1], \.strides).with([1, 0, 0, 1], \.pads)
      .with(.relu6, \.activation)
    let (input, weights) = (Tensor.random([2, 4, 5, 6], &random), Tensor.random([6, 2, 3, 3], &random))
    let bias = Tensor.random([6], &random)
    let first = try run(kernel, input, weights, bias)
    let last = try run(
      kernel.with(.last, \.layout), input.permuted(by: [0, 2, 3, 1]), weights.permuted(by: [0, 2, 3, 1]), bias
    )
    #expect(try last.permuted(by: [0, 3, 1, 2]) == first)
    #expect(try first.floats().allSatisfy { $0 >= 0 && $0 <= 6 })
  }

  @Test func hostileWindowsAreRefusedOrQuick() throws {
    let image = Tensor.reals([1, 2, 3, 4], shape: [1, 1, 2, 2])
    let half = 1 << 29
    let pool = AveragePool().with([2 * half, 2 * half], \.size).with([half, half, half, half], \.pads)
    #expect(try run(pool, image).floats()[4] == 2.5)
    #expect(throws: ModelError.self) {
      try MaxPool().with([1, 1], \.size).with([half, half, half, half], \.pads).evaluate([image])
    }
    let empty = Tensor.reals([], shape: [0, 1, 1 << 30, 1 << 30])
    #expect(try run(Convolution().with([half, half, half, half], \.pads), image, empty).shape[1] == 0)
    #expect(throws: ModelError.self) { try Tensor(.float32, shape: [0, 1 << 40, 1 << 40], bytes: .empty) }
    #expect(throws: ModelError.self) { try Convolution().with(0, \.groups).evaluate([image, image]) }
    #expect(throws: ModelError.self) {
      try Convolution().evaluate([image, .reals([1, 2], shape: [1, 2, 1, 1])])
    }
  }
}
