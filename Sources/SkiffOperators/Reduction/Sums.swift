import SkiffBinary
import SkiffIR

/// The sum along some axes.
public struct ReduceSum: Reduction, ShapeArithmetic {
  public static let name = "ReduceSum"
  public static let summary = "The sum along some axes."

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
    row.sum { $0 }
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    row.reduce(0, &+)
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard context.optionalType(0)?.rank == 1, let elements = context.knownElements(0) else {
      return nil
    }
    return [elements.reduce(.fixed(0), +)]
  }
}

/// The mean along some axes; that of integers is truncated.
public struct ReduceMean: Reduction {
  public static let name = "ReduceMean"
  public static let summary = "The mean along some axes."

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
    row.sum { $0 } / Double(row.count)
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    guard !row.isEmpty else { throw ModelError(.invalidGraph, "the mean of nothing") }
    return row.reduce(0, &+) / row.count
  }
}

/// The product along some axes.
public struct ReduceProd: Reduction, ShapeArithmetic {
  public static let name = "ReduceProd"
  public static let summary = "The product along some axes."

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
    var product = 1.0
    for element in row { product *= Double(element) }
    return product
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    row.reduce(1, &*)
  }

  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard context.optionalType(0)?.rank == 1, let elements = context.knownElements(0) else {
      return nil
    }
    return [elements.reduce(.fixed(1), *)]
  }
}

/// The sum of squares along some axes.
public struct ReduceSumSquare: Reduction {
  public static let name = "ReduceSumSquare"
  public static let summary = "The sum of squares along some axes."

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
    row.sum { $0 * $0 }
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    row.reduce(0) { $0 &+ $1 &* $1 }
  }
}

/// The logarithm of the sum along some axes.
public struct ReduceLogSum: Reduction {
  public static let name = "ReduceLogSum"
  public static let summary = "The logarithm of the sum along some axes."

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
    Double.logarithm(row.sum { $0 })
  }
}

/// `log Σ e^x` along some axes, computed without overflow.
public struct ReduceLogSumExp: Reduction {
  public static let name = "ReduceLogSumExp"
  public static let summary = "log Σ e^x along some axes."

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
    let greatest = row.greatest
    guard greatest.isFinite else { return greatest }
    return greatest + Double.logarithm(row.sum { Double.exponential($0 - greatest) })
  }
}
