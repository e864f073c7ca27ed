import SkiffBinary
import SkiffIR

/// The objects that a single-shot detector found: boxes decoded from their anchors, without those that overlap better ones.
///
/// Shapes: boxes `[1, n, 4…]` of y, x, height and width relative to the anchors, scores `[1, n, classes]` or one more for the
/// background before them, anchors `[n, 4]` of center y, center x, height and width. A center is
/// `box / scale · size of the anchor + center of the anchor`, a size `e^(box / scale) · size of the anchor`, in double precision.
///
/// Results: boxes of two corners (y first) `[1, m, 4]`, classes `[1, m]`, scores `[1, m]` and how many there are `[1]`, all real
/// numbers; what is left over is 0. The model garden's TensorFlow Lite detectors end with it.
public struct DetectionPostProcess: ReferenceKernel {
  public static let name = "DetectionPostProcess"
  public static let summary = "The objects that a single-shot detector found, decoded and without overlaps."
  public static let operands: [Operand] = [.required("boxes"), .required("scores"), .required("anchors")]
  public static let attributes: [Attribute<DetectionPostProcess>] = [
    Attribute("detections", \.detections, "How many objects are found at most."),
    Attribute("classesPerDetection", \.classesPerDetection, "How many classes are given for each box."),
    Attribute(
      "detectionsPerClass", \.detectionsPerClass, "How many boxes of a class are kept where they are."),
    Attribute(
      "suppressesEachClass", \.suppressesEachClass,
      "Whether overlaps are sought within each class, not among the best classes of all boxes."),
    Attribute("leastScore", \.leastScore, "The least score of a box."),
    Attribute("overlap", \.overlap, "The intersection over union beyond which a box is dropped."),
    Attribute("classes", \.classes, "The number of classes without the background."),
    Attribute("scales", \.scales, "What y, x, height and width are divided by."),
  ]

  /// How many objects are found at most.
  public var detections = 0
  /// How many classes are given for each box.
  public var classesPerDetection = 1
  /// How many boxes of a class are kept where overlaps are sought within each class.
  public var detectionsPerClass = 100
  /// Whether overlaps are sought within each class, not among the best classes of all boxes.
  public var suppressesEachClass = false
  /// The least score of a box.
  public var leastScore: Float = 0
  /// The intersection over union beyond which a box is dropped.
  public var overlap: Float = 0.5
  /// The number of classes without the background.
  public var classes = 1
  /// What y, x, height and width are divided by.
  public var scales: [Float] = [1, 1, 1, 1]

  /// Creates an operator that finds nothing.
  public init() {}

  public var outputCount: Int { 4 }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (boxes, scores, anchors) = (try context.type(0), try context.type(1), try context.type(2))
    guard boxes.rank == 3, scores.rank == 3, anchors.rank == 2, boxes.shape[2].fixed ?? 4 >= 4,
      [boxes, scores, anchors].allSatisfy({ $0.dataType == .float32 }), scales.count == 4,
      hasPlausibleCounts, classes > 0,
      boxes.shape[0].fixed ?? 1 == 1, scores.shape[0].fixed ?? 1 == 1, anchors.shape[1].fixed ?? 4 == 4,
      scores.shape[2].fixed.map({ (0...1).contains($0 - classes) }) ?? true
    else { throw ModelError(.invalidGraph, "boxes \(boxes), scores \(scores) and anchors \(anchors)") }
    let count = try checkedCount([detections, classesPerDetection], of: .float32)
    return [
      TensorType(.float32, [1, count, 4]), TensorType(.float32, [1, count]),
      TensorType(.float32, [1, count]), TensorType(.float32, [1]),
    ]
  }

  private var hasPlausibleCounts: Bool {
    let counts = 1...Limits.current.count
    return (0...Limits.current.count).contains(detections) && counts.contains(classesPerDetection)
      && counts.contains(detectionsPerClass)
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (boxes, scores, anchors) = (
      try inputs.required(0), try inputs.required(1), try inputs.required(2)
    )
    guard boxes.rank == 3, scores.rank == 3, boxes.shape[0] == 1, scores.shape[0] == 1,
      boxes.shape[1] == scores.shape[1], boxes.shape[2] >= 4, anchors.shape == [boxes.shape[1], 4],
      classes > 0, (0...1).contains(scores.shape[2] - classes), overlap > 0, overlap <= 1, scales.count == 4,
      hasPlausibleCounts
    else {
      throw ModelError(.invalidGraph, "boxes \(boxes.type), scores \(scores.type), anchors \(anchors.type)")
    }
    let found = Found(
      corners: try decoded(boxes.floats(), boxes.shape[2], anchors.floats()), scores: try scores.floats(),
      width: scores.shape[2])
    guard found.corners.allSatisfy({ $0.isValid }) else {
      throw ModelError(.invalidGraph, "a box whose end is before its beginning")
    }
    return suppressesEachClass ? selectWithinClasses(found) : selectAmongBest(found)
  }

  private struct Found {
    let corners: [Corners]
    let scores: [Float]
    /// The classes with the background.
    let width: Int
  }

  private struct Corners {
    var low: (y: Float, x: Float)
    var high: (y: Float, x: Float)

    var isValid: Bool { !(low.y > high.y || low.x > high.x) }
    var area: Float { (high.y - low.y) * (high.x - low.x) }

    func overlap(_ other: Corners) -> Float {
      if area <= 0 || other.area <= 0 { return 0 }
      let height = max(min(high.y, other.high.y) - max(low.y, other.low.y), 0)
      let width = max(min(high.x, other.high.x) - max(low.x, other.low.x), 0)
      let shared = height * width
      return shared / (area + other.area - shared)
    }
  }

  private func decoded(_ boxes: [Float], _ step: Int, _ anchors: [Float]) -> [Corners] {
    (0..<anchors.count / 4).map { index in
      let box = (0..<4).map { Double(boxes[index * step + $0]) / Double(scales[$0]) }
      let anchor = (0..<4).map { Double(anchors[4 * index + $0]) }
      let center = (Float(box[0] * anchor[2] + anchor[0]), Float(box[1] * anchor[3] + anchor[1]))
      let half = (
        Float(0.5 * exponential(box[2]) * anchor[2]), Float(0.5 * exponential(box[3]) * anchor[3])
      )
      return Corners(
        low: (center.0 - half.0, center.1 - half.1), high: (center.0 + half.0, center.1 + half.1))
    }
  }

  /// The boxes that remain of those with these scores, the best first; of equal ones the first.
  private func suppressed(_ found: Found, _ scores: [Float], _ most: Int) -> [Int] {
    let order = scores.indices.filter { scores[$0] >= leastScore }.sorted {
      scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1]
    }
    var kept: [Int] = []
    for index in order where kept.count < most {
      if kept.contains(where: { found.corners[$0].overlap(found.corners[index]) > overlap }) { continue }
      kept.append(index)
    }
    return kept
  }

  private func selectAmongBest(_ found: Found) -> [Tensor] {
    let offset = found.width - classes
    let perBox = min(classesPerDetection, classes)
    let best = found.corners.indices.map { box in
      let row = found.scores[box * found.width + offset..<(box + 1) * found.width]
      let order = row.indices.sorted { row[$0] == row[$1] ? $0 < $1 : row[$0] > row[$1] }
      return order.prefix(perBox).map { (label: $0 - row.startIndex, score: row[$0]) }
    }
    let kept = suppressed(found, best.map { $0[0].score }, detections)
    var objects = [(box: Int, label: Int, score: Float)?](
      repeating: nil, count: detections * classesPerDetection)
    for (place, box) in kept.enumerated() {
      for (column, found) in best[box].enumerated() {
        objects[place * classesPerDetection + column] = (box, found.label, found.score)
      }
    }
    return results(objects, found, kept.count)
  }

  private func selectWithinClasses(_ found: Found) -> [Tensor] {
    let offset = found.width - classes
    var merged: [(box: Int, label: Int, score: Float)] = []
    for label in 0..<classes {
      let scores = found.corners.indices.map { found.scores[$0 * found.width + label + offset] }
      merged += suppressed(found, scores, min(detectionsPerClass, detections)).map { ($0, label, scores[$0]) }
      // Sorting is stable, so that of equal scores those of earlier classes stay first.
      merged = Array(
        merged.enumerated().sorted {
          $0.element.score == $1.element.score ? $0.offset < $1.offset : $0.element.score > $1.element.score
        }.map(\.element).prefix(detections))
    }
    var objects: [(box: Int, label: Int, score: Float)?] = merged
    objects += [(box: Int, label: Int, score: Float)?](
      repeating: nil, count: detections * classesPerDetection - merged.count)
    return results(objects, found, merged.count)
  }

  private func results(
    _ objects: [(box: Int, label: Int, score: Float)?], _ found: Found, _ count: Int
  ) -> [Tensor] {
    let corners = objects.flatMap { object -> [Float] in
      guard let object else { return [0, 0, 0, 0] }
      let box = found.corners[object.box]
      return [box.low.y, box.low.x, box.high.y, box.high.x]
    }
    return [
      Tensor(corners, shape: [1, objects.count, 4]),
      Tensor(objects.map { Float($0?.label ?? 0) }, shape: [1, objects.count]),
      Tensor(objects.map { $0?.score ?? 0 }, shape: [1, objects.count]), Tensor([Float(count)], shape: [1]),
    ]
  }
}
