import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffPasses
import SkiffTestSupport
import Testing

/// What every pass is held to on a graph in text form with the input `x` and the output `y`.
struct PassCheck {
  /// The nodes after the pass in text form.
  let nodes: [String]

  /// Runs the passes on `text`; the result must be valid, compute the same, and stay when they run again.
  init(
    _ pipeline: Pipeline, on text: String, inputs: ClosedRange<Float> = -8...8,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try Graph(text: text, catalog: .standard)
    var (after, report) = (before, PassReport())
    try pipeline.run(on: &after, report: &report)
    try after.verify()
    nodes = try after.nodes()
    var (again, second) = (after, PassReport())
    try pipeline.run(on: &again, report: &second)
    #expect(try second.changes.isEmpty && again.nodes() == nodes, sourceLocation: sourceLocation)
    let type = try #require(before[before.inputs[0]].type)
    guard type.dataType == .float32 else { return }
    for seed in Seed.fixedAndFresh {
      var generator = SeededGenerator(seed)
      let sizes = type.shape.dimensions.map { $0.fixed ?? 3 }
      let x = Tensor(generator.floats(sizes.reduce(1, *), in: inputs), shape: sizes)
      let difference = try relativeDifference(before.output(x), after.output(x))
      #expect(difference < 1e-5, "\(seed)", sourceLocation: sourceLocation)
    }
  }
}

extension Graph {
  /// The lines of the nodes in text form, without types.
  fileprivate func nodes() throws -> [String] {
    try text().split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
      .filter { $0.hasPrefix("%") && !$0.contains("= constant") }
      .map { line in String(line[..<(line.range(of: " : ")?.lowerBound ?? line.endIndex)]) }
  }
}
