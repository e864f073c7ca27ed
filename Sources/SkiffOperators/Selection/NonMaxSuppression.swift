import SkiffBinary
import SkiffIR

/// The boxes that remain when each one is dropped that overlaps a better one of its class too much.
///
/// Shapes: boxes `[batch, boxes, 4]`, scores `[batch, classes, boxes]`, result `[n, 3]`: rows of batch, class and
/// box. The other operands are a number each: how many remain of a class (0 by default), the overlap from which a box
/// is dropped (intersection over union, 0 by default), the score that a box must exceed. Of equal scores the first
/// comes first.
public struct NonMaxSuppression: ReferenceKernel {
  public static let name = "NonMaxSuppression"
  public static let summary =
    "The boxes that remain when those that overlap better ones too much are dropped."
  public static let operands: [Operand] = [
    .required("boxes"), .required("scores"), .optional("largestCount"), .optional("overlap"),
    .optional("leastScore"),
  ]
  public static let attributes = [
    Attribute<NonMaxSuppression>(
      "hasCenters", \.hasCenters, "Whether a box is center and size (x first), not two corners (y first).")
  ]

  /// Whether a box is center and size (x first); else it is two opposite corners (y first).
  public var hasCenters = false

  /// Creates an operator for boxes of two corners.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (boxes, scores) = (try context.type(0), try context.type(1))
    guard boxes.rank == 3, scores.rank == 3, boxes.shape[2].fixed ?? 4 == 4,
      Shape([boxes.shape[0], boxes.shape[1]]).isCompatible(with: Shape([scores.shape[0], scores.shape[2]])),
      boxes.dataType.isFloatingPoint, scores.dataType == boxes.dataType
    else { throw ModelError(.invalidGraph, "boxes \(boxes) with scores \(scores)") }
    return [TensorType(.int64, Shape([.unknown, .fixed(3)]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (boxes, scores) = (try inputs.required(0), try inputs.required(1))
    guard boxes.rank == 3, scores.rank == 3, boxes.shape[2] == 4,
      boxes.shape[0] == scores.shape[0], boxes.shape[1] == scores.shape[2]
    else { throw ModelError(.invalidGraph, "boxes \(boxes.type) with scores \(scores.type)") }
    let largest = try inputs.optional(2)?.integers().first ?? 0
    let overlap = try inputs.optional(3)?.floats().first ?? 0
    let least = try inputs.optional(4)?.floats().first
    let (coordinates, values) = (try boxes.floats(), try scores.floats())
    let (classes, count) = (scores.shape[1], boxes.shape[1])
    var selected: [Int64] = []
    var found = 0
    for batch in 0..<boxes.shape[0] where largest > 0 {
      let corners = (0..<count).map { box(coordinates, (batch * count + $0) * 4) }
      for label in 0..<classes {
        let start = (batch * classes + label) * count
        var candidates = (0..<count).filter { index in least.map { values[start + index] > $0 } ?? true }
        candidates.sort {
          values[start + $0] == values[start + $1] ? $0 < $1 : values[start + $0] > values[start + $1]
        }
        var kept: [Int] = []
        for candidate in candidates where kept.count < largest {
          if kept.contains(where: { corners[$0].overlap(corners[candidate]) > overlap }) { continue }
          kept.append(candidate)
          for part in [batch, label, candidate] { selected.append(Int64(part)) }
        }
        found += kept.count
      }
    }
    return [Tensor(selected, shape: [found, 3])]
  }

  private func box(_ values: [Float], _ start: Int) -> Box {
    let (a, b, c, d) = (values[start], values[start + 1], values[start + 2], values[start + 3])
    if hasCenters { return Box(left: a - c / 2, right: a + c / 2, low: b - d / 2, high: b + d / 2) }
    return Box(left: min(b, d), right: max(b, d), low: min(a, c), high: max(a, c))
  }

  private struct Box {
    let left: Float
    let right: Float
    let low: Float
    let high: Float

    var area: Float { (right - left) * (high - low) }

    /// Intersection over union; 0 where nothing is shared.
    func overlap(_ other: Box) -> Float {
      let width = min(right, other.right) - max(left, other.left)
      let height = min(high, other.high) - max(low, other.low)
      guard width > 0, height > 0, area > 0, other.area > 0 else { return 0 }
      return width * height / (area + other.area - width * height)
    }
  }
}
