import SkiffBinary
import SkiffIR

/// The input at places that a grid says, in coordinates from −1 to 1.
///
/// Shapes: input `[batch, channels, space…]`, grid `[batch, places…, n]` with the coordinate of the last spatial axis
/// first, result `[batch, channels, places…]`. Jaderberg and others, "Spatial Transformer Networks", 2015.
public struct GridSample: ReferenceKernel {
  /// How values between elements come about.
  public enum Mode: String, AttributeEnumeration, CaseIterable {
    /// The nearest element; halves to even.
    case nearest
    /// Linearly between neighbours.
    case linear
    /// By cubic polynomials through four neighbours along each axis, with −0.75 as slope.
    case cubic
  }

  /// What lies outside.
  public enum Outside: String, AttributeEnumeration, CaseIterable {
    /// Zeros.
    case zeros
    /// The nearest element of the border.
    case border
    /// The input, mirrored at its border again and again.
    case reflection
  }

  public static let name = "GridSample"
  public static let summary = "The input at places that a grid says, in coordinates from −1 to 1."
  public static let operands: [Operand] = [.required("input"), .required("grid")]
  public static let attributes = [
    Attribute<GridSample>("mode", \.mode, "How values between elements come about."),
    Attribute<GridSample>("outside", \.outside, "What lies outside."),
    Attribute<GridSample>(
      "alignsCorners", \.alignsCorners,
      "Whether −1 and 1 are the centers of the outermost elements, not their edges."),
  ]

  /// How values between elements come about.
  public var mode = Mode.linear
  /// What lies outside.
  public var outside = Outside.zeros
  /// Whether −1 and 1 are the centers of the outermost elements, not their edges.
  public var alignsCorners = false

  /// Creates an operator for linear values and zeros outside.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, grid) = (try context.type(0), try context.type(1))
    guard input.rank >= 3, grid.rank == input.rank, grid.dataType.isFloatingPoint,
      grid.shape[grid.rank - 1].fixed ?? input.rank - 2 == input.rank - 2
    else { throw ModelError(.invalidGraph, "a grid \(grid) for \(input)") }
    let places = grid.shape.dimensions[1..<grid.rank - 1]
    return [TensorType(input.dataType, Shape([input.shape[0], input.shape[1]] + places))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, grid) = (try inputs.required(0), try inputs.required(1))
    guard input.rank >= 3, grid.rank == input.rank, grid.shape[0] == input.shape[0],
      grid.shape[grid.rank - 1] == input.rank - 2
    else { throw ModelError(.invalidGraph, "a grid \(grid.type) for \(input.type)") }
    let shape = Array(input.shape[..<2]) + grid.shape[1..<grid.rank - 1]
    _ = try checkedCount(shape, of: input.dataType)
    guard !input.shape[2...].contains(0) else {
      throw ModelError(.invalidGraph, "nothing to sample in \(input.type)")
    }
    if input.dataType == .float64 {
      return [Tensor(sample(try input.doubles(), input.shape, try grid.doubles(), shape), shape: shape)]
    }
    let values = sample(try input.floats(), input.shape, try grid.floats(), shape)
    return [try Tensor(floats: values, as: input.dataType, shape: shape)]
  }

  private func sample<Real: RealNumber>(
    _ x: [Real], _ inputShape: [Int], _ grid: [Real], _ shape: [Int]
  ) -> [Real] {
    let space = Array(inputShape[2...])
    let strides = Tensor.strides(of: space)
    let plane = space.reduce(1, *)
    let (channels, places) = (shape[1], shape[2...].reduce(1, *))
    var result = [Real](repeating: 0, count: shape.reduce(1, *))
    for batch in 0..<shape[0] {
      for place in 0..<places {
        let start = (batch * places + place) * space.count
        let taps = taps(space, strides) { axis in grid[start + space.count - 1 - axis] }
        for channel in 0..<channels {
          let from = (batch * channels + channel) * plane
          var sum: Real = 0
          for tap in taps { sum += x[from + tap.offset] * tap.weight }
          result[(batch * channels + channel) * places + place] = sum
        }
      }
    }
    return result
  }

  /// The elements that make a value, with their weights.
  private func taps<Real: RealNumber>(
    _ space: [Int], _ strides: [Int], _ coordinate: (Int) -> Real
  ) -> [(offset: Int, weight: Real)] {
    var taps: [(offset: Int, weight: Real)] = [(0, 1)]
    let positions = space.indices.map { position(coordinate($0), space[$0]) }
    // One coordinate outside moves the others to the inside too, which changes nothing there.
    for (axis, size) in space.enumerated() {
      var next: [(offset: Int, weight: Real)] = []
      for (index, weight) in weights(positions[axis]) {
        guard let inside = inside(index, size) else { continue }
        for tap in taps { next.append((tap.offset + inside * strides[axis], tap.weight * weight)) }
      }
      taps = next
    }
    return taps
  }

  /// The position of a coordinate among the elements of an axis.
  private func position<Real: RealNumber>(_ coordinate: Real, _ size: Int) -> Real {
    let length = Real(size)
    var position = alignsCorners ? (coordinate + 1) / 2 * (length - 1) : ((coordinate + 1) * length - 1) / 2
    if mode == .nearest { position.round(.toNearestOrEven) }
    let (first, last): (Real, Real) = alignsCorners ? (0, length - 1) : (-0.5, length - 0.5)
    if position < first || position > last {
      switch outside {
      case .zeros: break
      // Cubic polynomials go on outside, over elements that repeat the border.
      case .border where mode == .cubic: break
      case .border: position = min(max(position, 0), length - 1)
      case .reflection: position = Self.reflected(position, first, last)
      }
    }
    // Far outside, and not a number: nothing is there.
    return position.magnitude < 0x1p30 ? position : -0x1p30
  }

  private static func reflected<Real: RealNumber>(_ x: Real, _ first: Real, _ last: Real) -> Real {
    let range = last - first
    guard range > 0, x.isFinite else { return first }
    let distance = x < first ? first - x : x - last
    let times = (distance / range).rounded(.towardZero)
    let rest = distance - times * range
    let isEven = times.truncatingRemainder(dividingBy: 2) == 0
    return (x < first) == isEven ? first + rest : last - rest
  }

  private func weights<Real: RealNumber>(_ position: Real) -> [(Int, Real)] {
    let floor = position.rounded(.down)
    let index = Int(floor)
    let rest = position - floor
    switch mode {
    case .nearest: return [(Int(position.rounded(.toNearestOrEven)), 1)]
    case .linear: return [(index, 1 - rest), (index + 1, rest)]
    case .cubic:
      let a: Real = -0.75
      func near(_ t: Real) -> Real { ((a + 2) * t - (a + 3)) * t * t + 1 }
      func far(_ t: Real) -> Real { ((a * t - 5 * a) * t + 8 * a) * t - 4 * a }
      return [
        (index - 1, far(rest + 1)), (index, near(rest)), (index + 1, near(1 - rest)),
        (index + 2, far(2 - rest)),
      ]
    }
  }

  /// The element that stands at an index, nil where there are zeros.
  private func inside(_ index: Int, _ size: Int) -> Int? {
    if index >= 0, index < size { return index }
    switch outside {
    case .zeros: return nil
    case .border: return min(max(index, 0), size - 1)
    case .reflection:
      let (first, last): (Double, Double) = alignsCorners ? (0, Double(size - 1)) : (-0.5, Double(size) - 0.5)
      return min(max(Int(Self.reflected(Double(index), first, last)), 0), size - 1)
    }
  }
}
