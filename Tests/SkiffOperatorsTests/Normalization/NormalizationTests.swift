import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct NormalizationTests {
  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    let images = Tensor.random([2, 6, 4, 5], &random)
    let (six, other) = (Tensor.random([6], &random), Tensor.random([6], &random))
    let positive = Tensor.random([6], in: 0.1...2, &random)
    let rows = (Tensor.random([4, 5], &random), Tensor.random([4, 5], &random))
    var cases = [
      ONNXCase(
        "BatchNormalization", ["epsilon": 0.01], [images, six, other, other, positive],
        is: BatchNormalization().with(0.01, \.epsilon)),
      ONNXCase(
        "InstanceNormalization", ["epsilon": 0.01], [images, six, other],
        is: InstanceNormalization().with(0.01, \.epsilon)),
      ONNXCase(
        "GroupNormalization", ["epsilon": 0.01, "num_groups": 3], [images, six, other],
        is: GroupNormalization().with(3, \.groups).with(0.01, \.epsilon), opset: 21),
      ONNXCase(
        "LayerNormalization", ["axis": 2], [images, rows.0, rows.1], is: LayerNormalization().with(2, \.axis)),
      ONNXCase(
        "LayerNormalization", ["epsilon": 0.1], [images, .random([5], &random)],
        is: LayerNormalization().with(0.1, \.epsilon)),
      ONNXCase("MeanVarianceNormalization", [:], [images], is: MeanVarianceNormalization()),
      ONNXCase(
        "MeanVarianceNormalization", ["axes": [1, 3]], [images],
        is: MeanVarianceNormalization().with([1, 3], \.axes)),
    ]
    for size in [1, 3, 5] {
      cases.append(
        ONNXCase(
          "LRN", ["size": size, "alpha": 0.5, "beta": 0.6, "bias": 1.5], [images],
          is: LocalResponseNormalization().with(size, \.size).with(0.5, \.alpha).with(0.6, \.beta).with(
            1.5, \.bias)))
    }
    for axis in [0, 1, -2, 3] {
      cases += [
        ONNXCase("Softmax", ["axis": axis], [images], is: Softmax(axis: axis)),
        ONNXCase("LogSoftmax", ["axis": axis], [images], is: LogSoftmax().with(axis, \.axis)),
        ONNXCase("Hardmax", ["axis": axis], [images], is: Hardmax().with(axis, \.axis)),
        ONNXCase(
          "LpNormalization", ["axis": axis, "p": 2], [images], is: LpNormalization().with(axis, \.axis)),
        ONNXCase(
          "LpNormalization", ["axis": axis, "p": 1], [images],
          is: LpNormalization().with(axis, \.axis).with(1, \.order)),
      ]
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test func channelsLastIsTheSameTransposed() throws {
    var random = SeededGenerator(Seed(7))
    let images = Tensor.random([2, 6, 4, 5], &random)
    let last = try images.permuted(by: [0, 2, 3, 1])
    let parameters = (Tensor.random([6], &random), Tensor.random([6], &random))
    let operators: [(any ReferenceKernel, any ReferenceKernel, [Tensor])] = [
      (InstanceNormalization(), InstanceNormalization().with(.last, \.layout), [parameters.0, parameters.1]),
      (
        GroupNormalization().with(2, \.groups), GroupNormalization().with(2, \.groups).with(.last, \.layout),
        [parameters.0]
      ),
      (
        BatchNormalization(), BatchNormalization().with(-1, \.axis),
        [parameters.0, parameters.1, parameters.1, .reals([1, 2, 3, 4, 5, 6])]
      ),
      (
        LocalResponseNormalization().with(3, \.size),
        LocalResponseNormalization().with(3, \.size).with(.last, \.layout), []
      ),
    ]
    for (kernel, moved, rest) in operators {
      let expected = try run(kernel, [images] + rest)[0]
      let actual = try run(moved, [last] + rest)[0].permuted(by: [0, 3, 1, 2])
      #expect(FloatDifference(try actual.floats(), from: try expected.floats()).errorOfRange < 1e-6)
    }
  }

  @Test func byHand() throws {
    #expect(
      try run(RMSNormalization().with(0, \.epsilon), .reals([3, 4, 0, 0]), .reals([2])).floats() == [
        2.4, 3.2, 0, 0,
      ])
    #expect(try run(LpNormalization(), .reals([3, 4, 0, 0], shape: [2, 2])).floats() == [0.6, 0.8, 0, 0])
    #expect(try run(LpNormalization().with(1, \.leastNorm), .reals([0.3, 0.4])).floats() == [0.3, 0.4])
    #expect(try run(Softmax().with(2, \.beta), .reals([0, 0])).floats() == [0.5, 0.5])
    #expect(try run(Softmax(), .reals([1000, -1000])).floats() == [1, 0])
    #expect(try run(LogSoftmax(), .reals([1000, -1000])).floats() == [0, -2000])
    #expect(try run(Softmax(), Tensor([0, 0] as [Double], shape: [2])).doubles() == [0.5, 0.5])
    // Of two channels the second lies behind.
    let pairs = LocalResponseNormalization().with(2, \.size).with(2, \.alpha).with(1, \.beta).with(0, \.bias)
    #expect(try run(pairs, .reals([1, 2, 4], shape: [1, 3])).floats() == [0.2, 0.1, 0.25])
    #expect(throws: ModelError.self) { try inferred(Softmax(axis: 3), .floats(.symbol("N"))) }
    #expect(throws: ModelError.self) { try inferred(Softmax(), .list(1)) }
    #expect(throws: ModelError.self) {
      try inferred(LayerNormalization(), .floats(.symbol("N"), .fixed(3)), .constant(.reals([1, 2])))
    }
    let empty = Tensor.reals([], shape: [0, 3])
    #expect(try run(Softmax(), empty).count == 0)
    #expect(try run(Softmax(axis: 0), empty).count == 0)
    #expect(try run(LayerNormalization(), empty).count == 0)
  }
}
