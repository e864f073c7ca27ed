import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Every operator with extreme attributes on operands of all kinds: a result that keeps what inference said, or an
/// error; never a trap, more than two seconds, or a gibibyte.
@Suite struct HostileOperatorTests {
  @Test(arguments: Seed.fixedAndFresh) func operatorsTakeAnythingOrRefuseIt(seed: Seed) throws {
    let run = try RobustnessRun("operators", seed.value, count: TestRun.isFull ? 1_000_000 : 40_000)
    #expect(run.failures.isEmpty, "\(run.failures.joined(separator: "\n"))")
    // Those with graphs inside are run by sessions.
    let all = OperatorCatalog.standard.operators.filter { $0.init() is any ReferenceKernel }.map { $0.name }
    let silent = all.filter { !run.operators.contains($0) }
    // Some operators take few of the operands drawn; a seed may miss them, but not many.
    #expect(silent.count <= 5, "the cases gave no result of \(silent)")
  }
}
