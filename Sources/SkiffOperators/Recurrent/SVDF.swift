import SkiffBinary
import SkiffIR

/// A streaming filter of rank-constrained weights (Nakkiran and others, "Compressing Deep Neural Networks using a
/// Rank-Constrained Topology", 2015).
///
/// Each of `F` filters reduces the input of a step to one number, remembers those of the last `M` steps, and weighs them;
/// `rank` neighbouring filters are added up to one output. Shapes: input `[batch, features]`, feature weights `[F, features]`,
/// time weights `[F, M]`, bias `[F / rank]`, state `[batch, F · M]`. Results: `[batch, F / rank]` and the next state.
public struct SVDF: ReferenceKernel {
  public static let name = "SVDF"
  public static let summary = "A streaming filter of rank-constrained weights."
  public static let operands: [Operand] = [
    .required("input"), .required("featureWeights"), .required("timeWeights"), .optional("bias"),
    .required("state"),
  ]
  public static let attributes = [
    Attribute<SVDF>("rank", \.rank, "The filters that are added up to one output."),
    Attribute<SVDF>("activation", \.activation, "The clamp of the result."),
  ]

  /// The filters that are added up to one output.
  public var rank = 1
  /// The clamp of the result.
  public var activation = FusedActivation.none

  /// Creates a filter of rank 1.
  public init() {}

  public var outputCount: Int { 2 }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, state) = (try context.type(0), try context.type(4))
    let (features, time) = (try context.type(1).shape, try context.type(2).shape)
    guard input.rank == 2, features.rank == 2, time.rank == 2, state.rank == 2, rank > 0,
      let filters = features[0].fixed, filters % rank == 0, time[0] == features[0],
      Shape([input.shape[1]]).isCompatible(with: Shape([features[1]])),
      Shape([state.shape[1]]).isCompatible(with: Shape([features[0] * time[1]])),
      Shape([state.shape[0]]).isCompatible(with: Shape([input.shape[0]]))
    else {
      throw ModelError(
        .invalidGraph,
        "an input \(input) and a state \(state) with weights \(features) and \(time) of rank \(rank)")
    }
    if let bias = context.optionalType(3), !bias.shape.isCompatible(with: Shape([.fixed(filters / rank)])) {
      throw ModelError(.invalidGraph, "a bias \(bias.shape) for \(filters / rank) outputs")
    }
    return [TensorType(input.dataType, Shape([input.shape[0], .fixed(filters / rank)])), state]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, features) = (try inputs.required(0), try inputs.required(1))
    let (time, state) = (try inputs.required(2), try inputs.required(4))
    let bias = inputs.optional(3)
    guard input.rank == 2, features.rank == 2, time.rank == 2, rank > 0, features.shape[0] % rank == 0,
      time.shape[0] == features.shape[0], features.shape[1] == input.shape[1],
      state.shape == [input.shape[0], time.count],
      bias.map({ $0.shape == [features.shape[0] / rank] }) ?? true
    else {
      throw ModelError(.invalidGraph, "an input \(input.type) with weights \(features.type) and \(time.type)")
    }
    let run = SVDFRun(
      batch: input.shape[0], depth: input.shape[1], filters: features.shape[0], memory: time.shape[1])
    // Without elements in the operands there can still be some in the result.
    _ = try checkedCount([run.batch, run.filters / rank], of: .float32)
    let (x, w, t, b) = (try input.floats(), try features.floats(), try time.floats(), try bias?.floats())
    var next = try state.floats()
    run.shift(&next)
    var result: [Float] = []
    for sample in 0..<run.batch {
      for filter in 0..<run.filters {
        var sum: Float = 0
        for index in 0..<run.depth { sum += x[sample * run.depth + index] * w[filter * run.depth + index] }
        if run.memory > 0 { next[run.newest(sample, filter)] = sum }
      }
      for unit in 0..<run.filters / rank {
        var sum = b?[unit] ?? 0
        for filter in unit * rank..<(unit + 1) * rank {
          for (step, place) in run.places(sample, filter).enumerated() {
            sum += next[place] * t[filter * run.memory + step]
          }
        }
        result.append(activation(sum))
      }
    }
    return [
      try Tensor(floats: result, as: input.dataType, shape: [run.batch, run.filters / rank]),
      try Tensor(floats: next, as: state.dataType, shape: state.shape),
    ]
  }
}

/// Where the elements of a state are.
struct SVDFRun: Sendable {
  let batch: Int
  let depth: Int
  let filters: Int
  let memory: Int

  /// What a filter remembers of a sample, oldest first.
  func places(_ sample: Int, _ filter: Int) -> Range<Int> {
    let start = (sample * filters + filter) * memory
    return start..<start + memory
  }

  /// The last of ``places(_:_:)``.
  func newest(_ sample: Int, _ filter: Int) -> Int { (sample * filters + filter + 1) * memory - 1 }

  /// Forgets the oldest of every filter; the newest keeps its place until it is written.
  func shift<Element>(_ state: inout [Element]) {
    for index in state.indices.dropFirst() { state[index - 1] = state[index] }
  }
}
