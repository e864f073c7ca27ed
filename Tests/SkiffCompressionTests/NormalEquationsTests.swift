import SkiffCompression
import SkiffTestSupport
import Testing

@Suite struct NormalEquationsTests {
  private func doubles(_ count: Int, _ generator: inout SeededGenerator) -> [Double] {
    generator.floats(count).map(Double.init)
  }

  /// `y = Wᵀx` gives W back, whatever it starts near to; over more than one block of the factorization.
  @Test(arguments: [1, 3, 48, 49, 130]) func exactWeightsAreFound(width: Int) throws {
    var generator = SeededGenerator(Seed(UInt64(width)))
    let (rows, outputs) = (3 * width + 5, 4)
    let weights = doubles(width * outputs, &generator)
    var equations = NormalEquations(width: width, outputs: outputs)
    for _ in 0..<2 {
      let x = doubles(rows * width, &generator)
      var y = [Double](repeating: 0, count: rows * outputs)
      for row in 0..<rows {
        for index in 0..<width {
          for output in 0..<outputs {
            y[row * outputs + output] += x[row * width + index] * weights[index * outputs + output]
          }
        }
      }
      equations.add(x, y)
    }
    let start = doubles(width * outputs, &generator)
    let found = try #require(equations.solution(near: start, ridge: 1e-12))
    #expect(zip(found, weights).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(equations.error(of: found) < 1e-9 * equations.energy)
    #expect(equations.error(of: start) > equations.error(of: found))
  }

  /// The error that is computed from sums of products is that of the rows.
  @Test func theErrorIsThatOfTheRows() throws {
    var generator = SeededGenerator(Seed(3))
    let (x, y, weights) = (doubles(7 * 3, &generator), doubles(7 * 2, &generator), doubles(3 * 2, &generator))
    var equations = NormalEquations(width: 3, outputs: 2)
    equations.add(Array(x[..<12]), Array(y[..<8]))
    var rest = NormalEquations(width: 3, outputs: 2)
    rest.add(Array(x[12...]), Array(y[8...]))
    equations.join(rest)
    var error = 0.0
    for row in 0..<7 {
      for output in 0..<2 {
        let value = (0..<3).reduce(0) { $0 + x[row * 3 + $1] * weights[$1 * 2 + output] }
        error += (y[row * 2 + output] - value) * (y[row * 2 + output] - value)
      }
    }
    #expect(abs(equations.error(of: weights) - error) < 1e-12)
  }

  @Test func nothingIsFoundWhereNothingWasSeen() {
    #expect(NormalEquations(width: 2, outputs: 1).solution(near: [1, 2], ridge: 1) == nil)
  }
}
