import SkiffBinary
import SkiffIR

/// Where each place of a result lies in an input that affine maps move, in coordinates from −1 to 1.
///
/// Shapes: maps `[batch, n, n + 1]`, sizes a list `batch, channels, space…` of the result, result
/// `[batch, space…, n]` with the coordinate of the last axis first. For two or three spatial axes.
public struct AffineGrid: ReferenceKernel {
  public static let name = "AffineGrid"
  public static let summary = "Where each place of a result lies in an input that affine maps move."
  public static let operands: [Operand] = [.required("maps"), .required("sizes")]
  public static let attributes = [
    Attribute<AffineGrid>(
      "alignsCorners", \.alignsCorners,
      "Whether −1 and 1 are the centers of the outermost elements, not their edges.")
  ]

  /// Whether −1 and 1 are the centers of the outermost elements, not their edges.
  public var alignsCorners = false

  /// Creates an operator for coordinates that end at the edges.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let maps = try context.type(0)
    let known = context.knownElements(1)
    let listed = try context.type(1).shape.elementCount
    guard maps.rank == 3, maps.dataType.isFloatingPoint else {
      throw ModelError(.invalidGraph, "affine maps \(maps)")
    }
    guard let n = maps.shape[1].fixed ?? maps.shape[2].fixed.map({ $0 - 1 }) ?? listed.map({ $0 - 2 }) else {
      throw ModelError(.unsupported, "affine maps \(maps), whose axes are not known")
    }
    guard n == 2 || n == 3, maps.shape[1].fixed ?? n == n, maps.shape[2].fixed ?? n + 1 == n + 1 else {
      throw ModelError(.invalidGraph, "affine maps \(maps)")
    }
    let sizes = known ?? [Shape.Dimension](repeating: .unknown, count: n + 2)
    guard sizes.count == n + 2 else { throw ModelError(.invalidGraph, "\(sizes.count) sizes for \(maps)") }
    return [TensorType(maps.dataType, Shape([maps.shape[0]] + sizes[2...] + [.fixed(n)]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let maps = try inputs.required(0)
    let sizes = try inputs.required(1).integers()
    guard maps.rank == 3, sizes.count == maps.shape[1] + 2, maps.shape[2] == maps.shape[1] + 1 else {
      throw ModelError(.invalidGraph, "\(sizes.count) sizes for affine maps \(maps.type)")
    }
    let n = maps.shape[1]
    let space = Array(sizes[2...])
    let shape = [maps.shape[0]] + space + [n]
    var result: [Double] = []
    let count = try checkedCount(shape, of: .float64)
    guard count > 0 else { return [try Tensor.zeros(maps.dataType, shape: shape)] }
    result.reserveCapacity(count)
    let theta = try maps.doubles()
    let coordinates = space.map(coordinates)
    for batch in 0..<maps.shape[0] {
      let map = batch * n * (n + 1)
      forEachIndex(space) { index in
        for row in 0..<n {
          let start = map + row * (n + 1)
          var sum = theta[start + n]
          for column in 0..<n {
            let axis = n - 1 - column
            sum += theta[start + column] * coordinates[axis][index[axis]]
          }
          result.append(sum)
        }
      }
    }
    return [try Tensor(result, shape: shape).cast(to: maps.dataType)]
  }

  /// The coordinates of the elements of an axis.
  private func coordinates(_ size: Int) -> [Double] {
    (0..<max(0, size)).map { index in
      if alignsCorners { return size == 1 ? -1 : 2 * Double(index) / Double(size - 1) - 1 }
      return (2 * Double(index) + 1) / Double(size) - 1
    }
  }
}
