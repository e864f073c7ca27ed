import SkiffBinary
import SkiffIR

/// Regions of the input, each divided into as many cells; a cell is the mean or maximum of points sampled linearly.
///
/// Shapes: input `[batch, channels, height, width]`, regions `[n, 4]` (left, top, right, bottom), samples `[n]`,
/// result `[n, channels, rows, columns]`. He and others, "Mask R-CNN", 2017.
public struct RegionAlign: ReferenceKernel {
  public static let name = "RegionAlign"
  public static let summary =
    "Regions of the input, each divided into as many cells of points sampled linearly."
  public static let operands: [Operand] = [.required("input"), .required("regions"), .required("samples")]
  public static let attributes = [
    Attribute<RegionAlign>("rows", \.rows, "The cells of a region from top to bottom."),
    Attribute<RegionAlign>("columns", \.columns, "The cells of a region from left to right."),
    Attribute<RegionAlign>(
      "points", \.points, "The points of a cell along each axis; 0 for as many as elements."),
    Attribute<RegionAlign>("scale", \.scale, "What coordinates are multiplied with."),
    Attribute<RegionAlign>("takesMaximum", \.takesMaximum, "Whether a cell is the maximum, not the mean."),
    Attribute<RegionAlign>(
      "centersPixels", \.centersPixels, "Whether whole coordinates are edges of elements, not their centers."),
  ]

  /// The cells of a region from top to bottom.
  public var rows = 1
  /// The cells of a region from left to right.
  public var columns = 1
  /// The points of a cell along each axis; 0 for as many as elements.
  public var points = 0
  /// What coordinates are multiplied with.
  public var scale: Float = 1
  /// Whether a cell is the maximum of its weighted elements, not the mean of its points.
  public var takesMaximum = false
  /// Whether whole coordinates are edges of elements, not their centers.
  public var centersPixels = true

  /// Creates an operator for one cell in each region.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, regions, samples) = (try context.type(0), try context.type(1), try context.type(2))
    guard input.rank == 4, regions.rank == 2, regions.shape[1].fixed ?? 4 == 4, samples.rank == 1,
      samples.dataType.isInteger, input.dataType.isFloatingPoint, rows >= 0, columns >= 0, points >= 0,
      rows < 1 << 20, columns < 1 << 20, points <= 1024
    else { throw ModelError(.invalidGraph, "regions \(regions) of \(input)") }
    return [
      TensorType(input.dataType, Shape([regions.shape[0], input.shape[1], .fixed(rows), .fixed(columns)]))
    ]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, regions) = (try inputs.required(0), try inputs.required(1))
    let samples = try inputs.required(2).integers()
    guard input.rank == 4, regions.shape == [samples.count, 4],
      samples.allSatisfy({ $0 >= 0 && $0 < input.shape[0] })
    else { throw ModelError(.invalidGraph, "regions \(regions.type) of \(input.type)") }
    let shape = [samples.count, input.shape[1], rows, columns]
    guard try checkedCount(shape, of: .float64) > 0 else {
      return [try Tensor.zeros(input.dataType, shape: shape)]
    }
    if input.dataType == .float64 {
      let cells = try cells(of: input.doubles(), input.shape, regions.doubles(), samples)
      return [Tensor(cells, shape: shape)]
    }
    let cells = try cells(of: input.floats(), input.shape, regions.floats(), samples)
    return [try Tensor(floats: cells, as: input.dataType, shape: shape)]
  }

  private func cells<Real: RealNumber>(
    of x: [Real], _ shape: [Int], _ corners: [Real], _ samples: [Int]
  ) throws(ModelError) -> [Real] {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    var result: [Real] = []
    result.reserveCapacity(samples.count * channels * rows * columns)
    let offset: Real = centersPixels ? 0.5 : 0
    for (region, sample) in samples.enumerated() {
      let corner = (0..<4).map { corners[region * 4 + $0] * Real(scale) - offset }
      var (wide, high) = (corner[2] - corner[0], corner[3] - corner[1])
      if !centersPixels { (wide, high) = (max(wide, 1), max(high, 1)) }
      let across = try taps(start: corner[0], length: wide, cells: columns, size: width)
      let down = try taps(start: corner[1], length: high, cells: rows, size: height)
      for channel in 0..<channels {
        let plane = (sample * channels + channel) * height * width
        for vertical in down {
          for horizontal in across { result.append(cell(x, plane, width, vertical, horizontal)) }
        }
      }
    }
    return result
  }

  /// A point along one axis: two neighbours and their weights; nil outside.
  private typealias Tap<Real> = (low: Int, high: Int, lowWeight: Real, highWeight: Real)

  /// The points of each cell along an axis.
  private func taps<Real: RealNumber>(
    start: Real, length: Real, cells: Int, size: Int
  ) throws(ModelError) -> [[Tap<Real>?]] {
    let step = length / Real(cells)
    let wanted = points > 0 ? Real(points) : step.rounded(.up)
    guard wanted <= 1024 else { throw ModelError(.limitExceeded, "\(wanted) points in a cell of a region") }
    let count = wanted > 0 ? Int(wanted) : 0
    return (0..<cells).map { cell in
      (0..<count).map { point in
        let place = start + Real(cell) * step + (Real(point) + 0.5) * step / Real(count)
        return Self.tap(place, size)
      }
    }
  }

  private static func tap<Real: RealNumber>(_ place: Real, _ size: Int) -> Tap<Real>? {
    guard place >= -1, place <= Real(size), size > 0 else { return nil }
    let inside = max(place, 0)
    let low = Int(inside)
    guard low < size - 1 else { return (size - 1, size - 1, 1, 0) }
    let rest = inside - Real(low)
    return (low, low + 1, 1 - rest, rest)
  }

  private func cell<Real: RealNumber>(
    _ x: [Real], _ plane: Int, _ width: Int, _ down: [Tap<Real>?], _ across: [Tap<Real>?]
  ) -> Real {
    var sum: Real = 0
    var greatest: Real?
    for vertical in down {
      for horizontal in across {
        var parts: (Real, Real, Real, Real) = (0, 0, 0, 0)
        if let vertical, let horizontal {
          let (top, bottom) = (plane + vertical.low * width, plane + vertical.high * width)
          parts = (
            vertical.lowWeight * horizontal.lowWeight * x[top + horizontal.low],
            vertical.lowWeight * horizontal.highWeight * x[top + horizontal.high],
            vertical.highWeight * horizontal.lowWeight * x[bottom + horizontal.low],
            vertical.highWeight * horizontal.highWeight * x[bottom + horizontal.high]
          )
        }
        sum += parts.0 + parts.1 + parts.2 + parts.3
        let best = max(parts.0, parts.1, parts.2, parts.3)
        greatest = greatest.map { max($0, best) } ?? best
      }
    }
    return takesMaximum ? greatest ?? 0 : sum / Real(max(1, down.count * across.count))
  }
}
