import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct EinsumTests {
  @Test(.needsPeer(.check), arguments: Seed.fixedAndFresh) func matchesONNXRuntime(seed: Seed) throws {
    var random = SeededGenerator(seed)
    let examples: [(String, [[Int]])] = [
      ("ij,jk->ik", [[3, 4], [4, 5]]), ("ij,jk", [[3, 4], [4, 5]]),
      ("bij,bjk->bik", [[2, 3, 4], [2, 4, 5]]),
      ("bhwc,hkc->bhwk", [[2, 3, 4, 5], [3, 6, 5]]), ("ii->i", [[4, 4]]), ("ij->ji", [[3, 4]]),
      ("ij->", [[3, 4]]), ("i,j->ij", [[3], [4]]), ("...ij,...jk->...ik", [[2, 1, 3, 4], [1, 5, 4, 2]]),
      ("bqhd,bkhd->bhqk", [[2, 3, 2, 4], [2, 5, 2, 4]]), ("ij,jk,kl->il", [[2, 3], [3, 4], [4, 2]]),
    ]
    try ONNXCase.expectEqual(
      examples.map { equation, shapes in
        ONNXCase("Einsum", ["equation": equation], shapes.map { .random($0, &random) }, is: Einsum(equation))
      })
  }

  @Test func shapesAndErrors() throws {
    let (a, b) = (
      InferenceOperand.floats(.symbol("N"), .fixed(4)), InferenceOperand.floats(.fixed(4), .symbol("M"))
    )
    #expect(try inferred(Einsum("ij,jk->ik"), a, b)[0].shape.description == "[N,M]")
    #expect(try run(Einsum("i,i->"), .list([1, 2]), .list([3, 4])).integers() == [11])
    for equation in ["ij->ik", "ij,jk,kl", "i,jk", "ij,jk->ii", "i1,jk", "ij->jk->k", "", "....,jk"] {
      #expect(throws: ModelError.self, "\(equation)") { try inferred(Einsum(equation), a, b) }
    }
    #expect(throws: ModelError.self) { try inferred(Einsum("ij,ij"), .floats(.fixed(2), .fixed(3)), b) }
  }
}
