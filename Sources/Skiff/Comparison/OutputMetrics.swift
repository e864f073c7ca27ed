import SkiffBinary
import SkiffIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How far one output of a candidate is from that of the reference, over all runs.
public struct OutputMetrics: Sendable {
  /// The name of the output or value.
  public let name: String
  /// The number of elements compared.
  public private(set) var count = 0
  /// The greatest difference of two elements.
  public private(set) var maximumError = 0.0
  /// The number of elements that differ at all.
  public private(set) var differingCount = 0
  /// The runs in which the greatest element along the last axis is at the same place in every row, and all rows.
  public private(set) var top1 = (agreeing: 0, rows: 0)
  /// Elements that are infinite or not a number on one side only, or infinite with other signs.
  public private(set) var incomparableCount = 0

  private var least = Double.infinity
  private var greatest = -Double.infinity
  private var errorSum = 0.0
  private var squaredErrorSum = 0.0
  private var referenceSquares = 0.0
  private var candidateSquares = 0.0
  private var products = 0.0

  init(name: String) { self.name = name }

  /// The mean difference of two elements.
  public var meanError: Double { count == 0 ? 0 : errorSum / Double(count) }
  /// The distance from the reference's least to its greatest element.
  public var range: Double { greatest > least ? greatest - least : max(abs(greatest), abs(least)) }
  /// The greatest difference as a part of the reference's range; 0 where both are equal.
  public var relativeError: Double {
    if incomparableCount > 0 { return .infinity }
    if maximumError == 0 { return 0 }
    return range > 0 && range.isFinite ? maximumError / range : .infinity
  }
  /// The cosine of the angle between both, 1 where both are zero.
  public var cosine: Double {
    let norm = (referenceSquares * candidateSquares).squareRoot()
    return norm == 0 ? (referenceSquares == candidateSquares ? 1 : 0) : products / norm
  }
  /// The signal to quantization noise ratio in decibels; infinite where both are equal.
  public var signalToNoise: Double {
    squaredErrorSum == 0
      ? .infinity : referenceSquares == 0 ? -.infinity : 10 * log10(referenceSquares / squaredErrorSum)
  }
  /// The share of rows along the last axis whose greatest element is at the same place; nil for single elements.
  public var top1Agreement: Double? { top1.rows == 0 ? nil : Double(top1.agreeing) / Double(top1.rows) }

  /// Adds one run.
  ///
  /// - Throws: ``ModelError/Code/checkFailed`` if the shapes differ.
  mutating func add(reference: Tensor, candidate: Tensor) throws(ModelError) {
    guard reference.shape == candidate.shape else {
      throw ModelError(
        .checkFailed, "has shape \(Shape(candidate.shape)) instead of \(Shape(reference.shape))",
        at: Location(tensor: name))
    }
    let (a, b) = (try reference.numbers(), try candidate.numbers())
    for index in a.indices { add(a[index], b[index]) }
    count += a.count
    if let width = reference.shape.last, width > 1 { addTop1(a, b, width) }
  }

  private mutating func add(_ a: Double, _ b: Double) {
    if a.isFinite {
      least = min(least, a)
      greatest = max(greatest, a)
    }
    if a == b || (a.isNaN && b.isNaN) {
      if a.isFinite { accumulate(a, b, error: 0) }
      return
    }
    differingCount += 1
    guard a.isFinite, b.isFinite else {
      incomparableCount += 1
      return
    }
    accumulate(a, b, error: abs(a - b))
  }

  private mutating func accumulate(_ a: Double, _ b: Double, error: Double) {
    maximumError = max(maximumError, error)
    errorSum += error
    squaredErrorSum += error * error
    referenceSquares += a * a
    candidateSquares += b * b
    products += a * b
  }

  private mutating func addTop1(_ a: [Double], _ b: [Double], _ width: Int) {
    for start in stride(from: 0, to: a.count, by: width) {
      let row = start..<start + width
      // No element is the greatest beside one that is not a number.
      guard !row.contains(where: { a[$0].isNaN || b[$0].isNaN }) else { continue }
      let best = row.max { a[$0] < a[$1] }
      // A tie in the candidate agrees if the reference's best is among the best.
      let bestValue = row.map { b[$0] }.max()
      top1.rows += 1
      if let best, b[best] == bestValue { top1.agreeing += 1 }
    }
  }
}

extension Tensor {
  /// The real numbers that the elements are or stand for.
  fileprivate func numbers() throws(ModelError) -> [Double] {
    quantization == nil ? try doubles() : try dequantized().doubles()
  }
}
