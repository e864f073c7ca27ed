import SkiffBinary
import SkiffIR

/// The best boxes of one class, so many at most, without those that overlap better ones too much; the rest of the results is 0.
///
/// Shapes: boxes `[n, 4]` of two opposite corners (y first), scores `[n]`; the overlap (intersection over union) from which a
/// box is dropped, the score that a box must exceed and, for the soft form of Bodla et al. (2017), the width σ of the Gaussian
/// bell that lowers scores by their overlap are a number each. Results: places `[count]`, scores `[count]` and how many there
/// are.
public struct SoftNonMaxSuppression: ReferenceKernel {
  public static let name = "SoftNonMaxSuppression"
  public static let summary =
    "The best boxes of one class without those that overlap better ones, padded with 0."
  public static let operands: [Operand] = [
    .required("boxes"), .required("scores"), .required("overlap"), .required("leastScore"),
    .optional("sigma"),
  ]
  public static let attributes = [
    Attribute<SoftNonMaxSuppression>("count", \.count, "The length of the results.")
  ]

  /// The length of the results.
  public var count = 0

  /// Creates an operator that selects nothing.
  public init() {}

  public var outputCount: Int { 3 }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (boxes, scores) = (try context.type(0), try context.type(1))
    guard boxes.rank == 2, boxes.shape[1].fixed ?? 4 == 4,
      scores.shape.isCompatible(with: Shape([boxes.shape[0]])),
      boxes.dataType == .float32, scores.dataType == .float32, count >= 0, count <= Limits.current.count
    else { throw ModelError(.invalidGraph, "\(count) of the boxes \(boxes) with scores \(scores)") }
    return [TensorType(.int32, [count]), TensorType(.float32, [count]), TensorType(.int32, .scalar)]
  }

  /// A box that may be selected.
  private struct Candidate {
    var index: Int
    var score: Float
    /// How many of the selected boxes it has been compared with.
    var compared = 0
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (coordinates, scores) = (try inputs.required(0).floats(), try inputs.required(1).floats())
    let (overlap, least) = (try inputs.required(2).floats().first, try inputs.required(3).floats().first)
    let sigma = try inputs.optional(4)?.floats().first ?? 0
    guard let overlap, let least, coordinates.count == 4 * scores.count, sigma >= 0,
      (0...Limits.current.count).contains(count)
    else {
      throw ModelError(
        .invalidGraph, "\(count) of \(scores.count) scores with \(coordinates.count) coordinates")
    }
    let boxes = scores.indices.map { Box(coordinates[4 * $0..<4 * $0 + 4]) }
    var candidates = scores.indices.filter { scores[$0] > least }.map {
      Candidate(index: $0, score: scores[$0])
    }
    let limit = min(candidates.count, count)
    let factor = sigma > 0 ? -0.5 / sigma : 0
    var selected: [Candidate] = []
    while selected.count < limit,
      let best = candidates.indices.max(by: { a, b in
        candidates[a].score == candidates[b].score ? a > b : candidates[a].score < candidates[b].score
      })
    {
      var candidate = candidates.remove(at: best)
      let score = candidate.score
      var isDropped = false
      for other in selected[candidate.compared...].reversed() {
        let shared = boxes[candidate.index].overlap(boxes[other.index])
        isDropped = shared >= overlap
        if isDropped { break }
        if sigma > 0 { candidate.score *= exponential(factor * shared * shared) }
        if candidate.score <= least { break }
      }
      candidate.compared = selected.count
      guard !isDropped else { continue }
      if candidate.score == score { selected.append(candidate) }
      // A selected box meets itself next; only one without area is selected again.
      if candidate.score > least { candidates.append(candidate) }
    }
    let padding = count - selected.count
    return [
      Tensor(selected.map { Int32($0.index) } + [Int32](repeating: 0, count: padding), shape: [count]),
      Tensor(selected.map(\.score) + [Float](repeating: 0, count: padding), shape: [count]),
      Tensor(scalar: Int32(selected.count)),
    ]
  }

  private struct Box {
    let low: (y: Float, x: Float)
    let high: (y: Float, x: Float)

    init(_ corners: ArraySlice<Float>) {
      let c = Array(corners)
      low = (min(c[0], c[2]), min(c[1], c[3]))
      high = (max(c[0], c[2]), max(c[1], c[3]))
    }

    var area: Float { (high.y - low.y) * (high.x - low.x) }

    /// Intersection over union; 0 where a box has no area.
    func overlap(_ other: Box) -> Float {
      guard area > 0, other.area > 0 else { return 0 }
      let height = max(min(high.y, other.high.y) - max(low.y, other.low.y), 0)
      let width = max(min(high.x, other.high.x) - max(low.x, other.low.x), 0)
      return height * width / (area + other.area - height * width)
    }
  }
}
