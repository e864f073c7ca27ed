import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct MatrixMultiplyTests {
  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchesONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    let shapes: [([Int], [Int])] = [
      ([3, 4], [4, 5]), ([4], [4, 5]), ([3, 4], [4]), ([4], [4]), ([2, 3, 4], [4, 5]),
      ([2, 1, 3, 4], [5, 4, 2]), ([3, 0], [0, 2]),
    ]
    var cases = shapes.map { a, b in
      ONNXCase("MatMul", [:], [.random(a, &random), .random(b, &random)], is: MatrixMultiply())
    }
    let integers = [
      Tensor([1, -2, 3, 4] as [Int32], shape: [2, 2]), Tensor([5, 6, 7, -8] as [Int32], shape: [2, 2]),
    ]
    cases.append(ONNXCase("MatMul", [:], integers, is: MatrixMultiply()))
    let doubles = [
      try Tensor.random([3, 4], &random).cast(to: .float64),
      try Tensor.random([4, 2], &random).cast(to: .float64),
    ]
    cases.append(ONNXCase("MatMul", [:], doubles, is: MatrixMultiply()))
    for (a, b) in [(true, false), (false, true), (true, true)] {
      let operands = [Tensor.random(a ? [4, 3] : [3, 4], &random), .random(b ? [5, 4] : [4, 5], &random)]
      cases.append(
        ONNXCase(
          "Gemm", ["transA": a ? 1 : 0, "transB": b ? 1 : 0], operands,
          is: MatrixMultiply().with(a, \.transposesA).with(b, \.transposesB)))
    }
    try ONNXCase.expectEqual(cases)
  }

  @Test func shapesFollowSymbols() throws {
    let a = InferenceOperand.floats(.symbol("N"), .fixed(3), .symbol("T"), .fixed(4))
    #expect(
      try inferred(MatrixMultiply(), a, .floats(.fixed(4), .fixed(7)))[0].shape.description == "[N,3,T,7]")
    #expect(throws: ModelError.self) { try inferred(MatrixMultiply(), a, .floats(.fixed(5), .fixed(7))) }
  }
}
