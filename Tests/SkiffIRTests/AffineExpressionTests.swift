import SkiffIR
import Testing

@Suite struct AffineExpressionTests {
  let n = Shape.Dimension.symbol("N")
  let h = Shape.Dimension.symbol("H")

  @Test func equalExpressionsHaveOneForm() {
    #expect(n + h == h + n)
    #expect(n * .fixed(2) - n == n)
    #expect(n - n == .fixed(0))
    #expect((n * .fixed(4) + .fixed(3)) / 2 == n * .fixed(2) + .fixed(1))
  }

  @Test func whatCannotBeSaidIsUnknown() {
    #expect(n * h == .unknown)
    #expect(n + .unknown == .unknown)
    #expect(.fixed(Int.max) + .fixed(1) == .unknown)
    #expect(n * .fixed(Int.max) * .fixed(2) == .unknown)
  }

  @Test func signsTellWhatIsNeverNegative() {
    func holds(_ size: Shape.Dimension) -> Bool? { size.expression?.isNeverNegative }
    #expect(holds(.fixed(0)) == true)
    #expect(holds(.fixed(-1)) == false)
    #expect(holds(n * .fixed(2) + h + .fixed(3)) == true)
    #expect(holds(n - .fixed(1)) == false)
    #expect(holds(n - h) == false)
    #expect(holds((n + .fixed(3)) / 2) == true)
    #expect(holds((n - .fixed(3)) / 2) == false)
    #expect(holds((n - h) / 2 + .fixed(9)) == false)
  }

  @Test func divisionsRoundDownAlsoBelowZero() {
    let size = (h + .fixed(-3)) / 2 + .fixed(1)
    for value in 0...9 {
      #expect(size.binding(["H": value]).fixed == Int((Double(value - 3) / 2).rounded(.down)) + 1)
    }
    #expect(n.roundedUpDivision(by: 3).binding(["N": 7]) == .fixed(3))
    #expect(size.description == "floor((H+1)/2)-1")
  }

  @Test func descriptionsReadLikeFormulas() {
    #expect((n * .fixed(2) + .fixed(-1)).description == "2*N-1")
    #expect((h * .fixed(-1) + n).description == "-H+N")
    #expect(Shape([n, .fixed(3), .unknown]).description == "[N,3,?]")
  }
}
