import SkiffBinary
import SkiffIR

/// The greatest element along some axes; of truth values, whether any holds.
public struct ReduceMax: Reduction {
  public static let name = "ReduceMax"
  public static let summary = "The greatest element along some axes."

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
    row.greatest
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    row.max() ?? range.lowerBound
  }
}

/// The least element along some axes; of truth values, whether all hold.
public struct ReduceMin: Reduction {
  public static let name = "ReduceMin"
  public static let summary = "The least element along some axes."

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
    var least = Double.infinity
    for element in row { least = Minimum().apply(least, Double(element)) }
    return least
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    row.min() ?? range.upperBound
  }
}

extension ArraySlice where Element: RealNumber {
  /// The greatest element, minus infinity of none.
  var greatest: Double { reduce(-.infinity) { Maximum().apply($0, Double($1)) } }
}
