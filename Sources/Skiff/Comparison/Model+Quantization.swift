import SkiffBinary
import SkiffIR
import SkiffPasses

extension Model {
  /// The graph as its file has it, with what operators say of integers in the types of the values, if the format says it so.
  func withQuantization(of format: ModelFormat) throws(ModelError) -> Graph {
    var (adopted, report) = (graph, PassReport())
    if format.quantizesByOperators {
      try Pipeline(unconditional: RewritePass(AdoptQuantization())).run(on: &adopted, report: &report)
    }
    return adopted
  }
}
