import SkiffBinary
import SkiffIR

/// The sum of absolute values along some axes.
public struct ReduceL1: Reduction {
  public static let name = "ReduceL1"
  public static let summary = "The sum of absolute values along some axes."

  /// The axes that are reduced; negative ones count from behind, and empty means all.
  public var axes: [Int] = []
  /// Whether reduced axes stay, with size 1.
  public var keepsDimensions = true

  /// Creates an operator that reduces all axes.
  public init() {}

  /// Creates the operator.
  public init(axes: [Int], keepsDimensions: Bool) {
    self.axes = axes
    self.keepsDimensions = keepsDimensions
  }

  package func reduce<Real: RealNumber>(_ row: ArraySlice<Real>) -> Double {
    row.sum { abs($0) }
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    row.reduce(0) { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }
  }
}

/// The square root of the sum of squares along some axes; that of integers is truncated.
public struct ReduceL2: Reduction {
  public static let name = "ReduceL2"
  public static let summary = "The square root of the sum of squares along some axes."

  /// The axes that are reduced; negative ones count from behind, and empty means all.
  public var axes: [Int] = []
  /// Whether reduced axes stay, with size 1.
  public var keepsDimensions = true

  /// Creates an operator that reduces all axes.
  public init() {}

  /// Creates the operator.
  public init(axes: [Int], keepsDimensions: Bool) {
    self.axes = axes
    self.keepsDimensions = keepsDimensions
  }

  package func reduce<Real: RealNumber>(_ row: ArraySlice<Real>) -> Double {
    row.sum { $0 * $0 }.squareRoot()
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    let norm = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return Int(exactly: norm.rounded(.towardZero)) ?? range.upperBound
  }
}
