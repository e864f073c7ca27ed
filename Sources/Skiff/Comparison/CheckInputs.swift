import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// What a model and its copy are run on when they are compared: at two sizes where a dimension is open.
struct CheckInputs {
  let runs: [[String: Tensor]]
  /// How many of them, the first ones, are like what the model is for: all but seeded ones beside samples.
  let typicalCount: Int
  /// The run of two samples at a time, which the model itself may refuse.
  let pairRun: Int?
  private let isSeeded: Bool
  private let origin: String
  private let otherSizes: String

  /// Samples one by one, two at a time where their number is open, and seeded inputs of other sizes where more is open; samples that
  /// depend on each other all at once.
  init(of samples: Samples, for model: Model, limit: Int) throws(ModelError) {
    let graph = model.source
    let all = try model.separateRuns(of: samples)
    let single = Array(all.prefix(limit))
    guard !single.isEmpty else {
      throw ModelError(.invalidArgument, "there are no samples to check with")
    }
    let isOpen = !graph.inputs.isEmpty && graph.inputs.allSatisfy(graph.hasOpenFirstAxis)
    let pairs = isOpen && all.count > 1 ? try samples.runs(for: graph, openCount: 2) : []
    // Sets begin with silence, or black, more often than they have it in their middle.
    let pair = pairs.isEmpty ? [] : [pairs[pairs.count / 2]]
    let hasOpenSizes = graph.inputs.contains { input in
      graph[input].type?.shape.dimensions.dropFirst().contains { $0.fixed == nil } ?? false
    }
    let others = hasOpenSizes ? (try? Self.seeded(for: graph, count: 2)) ?? [] : []
    runs = single + pair + others
    typicalCount = single.count + pair.count
    pairRun = pair.isEmpty ? nil : single.count
    isSeeded = false
    let isWhole = isOpen && all.count == 1 && samples.count > 1
    origin = isWhole ? "\(samples.count) samples at once" : "\(single.count) samples"
    otherSizes =
      !hasOpenSizes
      ? "" : others.isEmpty ? ", no other size" : ", and \(others.count) seeded inputs of another size"
  }

  /// Where the inputs came from, once it is known which runs the model refused.
  func description(refused: [Int]) -> String {
    guard let pairRun else { return origin + otherSizes }
    return origin + (refused.contains(pairRun) ? Self.oneSize : ", also two at a time") + otherSizes
  }

  /// Seeded random inputs and those at the bounds of their types.
  init(seededFor graph: Graph) throws(ModelError) {
    let first = try Self.seeded(for: graph, count: 1)
    let isOpen = graph.inputs.contains { graph[$0].type?.shape.isFixed == false }
    let second = isOpen ? (try? Self.seeded(for: graph, count: 2)) ?? [] : []
    runs = first + second
    typicalCount = runs.count
    pairRun = nil
    isSeeded = true
    origin = "\(runs.count) seeded and boundary inputs"
    otherSizes = !isOpen ? "" : second.isEmpty ? Self.oneSize : " at two sizes"
  }

  /// Why a graph cannot take one of the runs, nil if it can take all that it must.
  func refusal(by graph: Graph) -> ModelError? {
    for (number, run) in runs.enumerated() where number != pairRun {
      do throws(ModelError) {
        try graph.run(run)
      } catch {
        var refusal = error
        if isSeeded, refusal.code != .unsupported {
          refusal.notes.append("inputs are random numbers, which do not suit the model: give samples")
        }
        return refusal
      }
    }
    return nil
  }

  private static let oneSize = " at one size, since the source does not run at the other"

  /// Runs at the first sizes that the model can run at.
  private static func seeded(for graph: Graph, count: Int) throws(ModelError) -> [[String: Tensor]] {
    let isFixed = graph.inputs.allSatisfy { graph[$0].type?.shape.isFixed == true }
    var refusal: ModelError?
    // Small networks, then those that halve their sizes often, then those that look at sequences or single items.
    for extent in isFixed ? [1] : [32, 64, 224, 512, 8, 1] {
      var fixed = graph
      do throws(ModelError) {
        let shapes = graph.exampleShapes(count: count, extent: extent * count)
        guard isFixed || extent == 1 || shapes.values.allSatisfy({ Self.isModest($0) }) else { continue }
        try fixed.setInputShapes(shapes)
        var generator = SeededInputs(seed: 0x5eed + UInt64(count))
        let first = try generator.next(for: fixed)
        if !isFixed { try graph.run(first) }
        return [first] + (try rest(of: fixed, &generator))
      } catch {
        refusal = refusal ?? error
      }
    }
    guard var refusal else { return [] }
    if !isFixed, refusal.code != .unsupported {
      refusal.notes.append("sizes are open, and none that was tried suits the model: give samples or sizes")
    }
    throw refusal
  }

  /// Whether a tensor of such a shape may be made up where sizes are open: several open axes multiply.
  private static func isModest(_ shape: [Int]) -> Bool { (shape.checkedProduct() ?? .max) <= 1 << 22 }

  /// More random inputs and those at the bounds; fewer for large networks, of which a plain run takes seconds.
  private static func rest(
    of graph: Graph, _ generator: inout SeededInputs
  ) throws(ModelError) -> [[String: Tensor]] {
    let isLarge = graph.nodeIDs.reduce(0) { $0 + (graph.multiplications(of: graph[$1]) ?? 0) } > 200_000_000
    var runs: [[String: Tensor]] = []
    for _ in 0..<(isLarge ? 0 : 3) { runs.append(try generator.next(for: graph)) }
    let boundaries = try generator.boundaries(for: graph)
    return runs + (isLarge ? boundaries.prefix(1) : boundaries[...])
  }
}

extension Graph {
  /// Sizes for inputs that are not fixed: `count` along the first axis, `extent` along the others.
  fileprivate func exampleShapes(count: Int, extent: Int) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    // A symbol stands for one size wherever it is.
    var sizes: [Shape.Dimension: Int] = [:]
    for id in inputs {
      guard let type = self[id].type else { continue }
      shapes[self[id].name] = type.shape.dimensions.enumerated().map { axis, dimension in
        if let fixed = dimension.fixed { return fixed }
        let chosen = axis == 0 ? count : extent
        guard dimension != .unknown else { return chosen }
        let known = sizes[dimension] ?? chosen
        sizes[dimension] = known
        return known
      }
    }
    return shapes
  }

  fileprivate func run(_ inputs: [String: Tensor]) throws(ModelError) {
    let plan = try Plan(self, inputShapes: inputs.mapValues(\.shape), threads: Parallel.processorCount)
    _ = try Session(plan).run(inputs)
  }
}
