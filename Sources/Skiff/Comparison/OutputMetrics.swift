import CKernels
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
  ///
  /// A row agrees where the reference's greatest element is among the candidate's greatest; it is tied if another one stands before it.
  public private(set) var top1 = (agreeing: 0, rows: 0, tied: 0)
  /// Elements that are infinite or not a number on one side only, or infinite with other signs.
  public private(set) var incomparableCount = 0

  private var least = Double.infinity
  private var greatest = -Double.infinity
  private var errorSum = 0.0
  private var squaredErrorSum = 0.0
  private var referenceSquares = 0.0
  private var candidateSquares = 0.0
  private var products = 0.0

  package init(name: String) { self.name = name }

  /// Whether there are elements, and none of the reference's is a finite number.
  public var isNeverFinite: Bool { count > 0 && least > greatest }
  /// The mean difference of two elements.
  public var meanError: Double { count == 0 ? 0 : errorSum / Double(count) }
  /// The distance from the reference's least to its greatest element.
  public var range: Double { greatest > least ? greatest - least : max(abs(greatest), abs(least)) }
  /// The greatest difference as a part of the reference's range; 0 where both are equal.
  ///
  /// Numbers that are nearly one and the same have rounding as great as their size makes it, however small their range is: at
  /// least a hundredth of their size is taken for it.
  public var relativeError: Double {
    if incomparableCount > 0 { return .infinity }
    if maximumError == 0 { return 0 }
    let measure = max(range, 0.01 * max(abs(greatest), abs(least)))
    return measure > 0 && measure.isFinite ? maximumError / measure : .infinity
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
  /// - Parameter ranksRows: Whether rows have a greatest element that means something, as those of outputs may.
  /// - Throws: ``ModelError/Code/checkFailed`` if the shapes differ.
  package mutating func add(
    reference: Tensor, candidate: Tensor, ranksRows: Bool = true
  ) throws(ModelError) {
    guard reference.shape == candidate.shape else {
      throw ModelError(
        .checkFailed, "has shape \(Shape(candidate.shape)) instead of \(Shape(reference.shape))",
        at: Location(tensor: name))
    }
    // Integers of which one side does not say what they stand for stand for the same.
    let isSameType = reference.dataType == candidate.dataType
    let (first, second) = (reference.quantization, candidate.quantization)
    let a = try reference.quantized(with: first ?? (isSameType ? second : nil)).dequantizedIfNeeded()
    let b = try candidate.quantized(with: second ?? (isSameType ? first : nil)).dequantizedIfNeeded()
    let width = ranksRows ? reference.shape.last ?? 1 : 1
    if a.dataType == .float32, b.dataType == .float32 {
      a.withFloats { a in b.withFloats { b in addFloats(a, b, width) } }
    } else {
      let (a, b) = (try a.doubles(), try b.doubles())
      a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { b in add(a, b, width) } }
    }
  }

  private mutating func addFloats(
    _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>, _ width: Int
  ) {
    var sums = skiff_differences()
    if let first = a.baseAddress, let second = b.baseAddress {
      skiff_f32_differences(a.count, first, second, &sums)
    }
    guard sums.errors.isFinite, !a.isEmpty else { return add(a, b, width) }
    differingCount += sums.differing
    maximumError = max(maximumError, sums.maximum)
    (least, greatest) = (min(least, sums.least), max(greatest, sums.greatest))
    errorSum += sums.errors
    squaredErrorSum += sums.squared_errors
    referenceSquares += sums.reference
    candidateSquares += sums.candidate
    products += sums.products
    count += a.count
    if width > 1 { addTop1(a, b, width) }
  }

  private mutating func add<Element: BinaryFloatingPoint>(
    _ a: UnsafeBufferPointer<Element>, _ b: UnsafeBufferPointer<Element>, _ width: Int
  ) {
    var (differing, low, high) = (0, least, greatest)
    var (maximum, errors, squaredErrors) = (maximumError, 0.0, 0.0)
    var (squaresA, squaresB, both) = (0.0, 0.0, 0.0)
    for index in a.indices {
      let (x, y) = (Double(a[index]), Double(b[index]))
      let error = abs(x - y)
      guard error < .infinity else {
        add(x, y)
        continue
      }
      differing += error > 0 ? 1 : 0
      maximum = error > maximum ? error : maximum
      low = x < low ? x : low
      high = x > high ? x : high
      errors += error
      squaredErrors += error * error
      squaresA += x * x
      squaresB += y * y
      both += x * y
    }
    differingCount += differing
    maximumError = max(maximumError, maximum)
    (least, greatest) = (min(least, low), max(greatest, high))
    errorSum += errors
    squaredErrorSum += squaredErrors
    referenceSquares += squaresA
    candidateSquares += squaresB
    products += both
    count += a.count
    if width > 1 { addTop1(a, b, width) }
  }

  /// Adds what was found in other runs.
  mutating func join(_ other: OutputMetrics) {
    count += other.count
    maximumError = max(maximumError, other.maximumError)
    differingCount += other.differingCount
    let (mine, its) = (top1, other.top1)
    top1 = (mine.agreeing + its.agreeing, mine.rows + its.rows, mine.tied + its.tied)
    incomparableCount += other.incomparableCount
    (least, greatest) = (min(least, other.least), max(greatest, other.greatest))
    errorSum += other.errorSum
    squaredErrorSum += other.squaredErrorSum
    referenceSquares += other.referenceSquares
    candidateSquares += other.candidateSquares
    products += other.products
  }

  /// Adds elements whose difference is no finite number.
  private mutating func add(_ a: Double, _ b: Double) {
    if a.isFinite {
      least = min(least, a)
      greatest = max(greatest, a)
    }
    if a == b || (a.isNaN && b.isNaN) { return }
    differingCount += 1
    guard a.isFinite, b.isFinite else {
      incomparableCount += 1
      return
    }
    maximumError = .infinity
    errorSum = .infinity
    squaredErrorSum = .infinity
    referenceSquares += a * a
    candidateSquares += b * b
    products += a * b
  }

  /// Where the first of the greatest elements of a long row of finite numbers is, and that of the other; nil for other rows.
  private static func greatest<Element>(
    _ a: UnsafeBufferPointer<Element>, _ b: UnsafeBufferPointer<Element>, _ start: Int, _ width: Int
  ) -> (reference: Int, candidate: Int)? {
    guard width >= 64, let a = a as? UnsafeBufferPointer<Float>, let b = b as? UnsafeBufferPointer<Float>,
      let first = ClosedRange(extremesOf: UnsafeBufferPointer(rebasing: a[start..<start + width])),
      let second = ClosedRange(extremesOf: UnsafeBufferPointer(rebasing: b[start..<start + width])),
      let reference = a[start..<start + width].firstIndex(of: first.upperBound),
      let candidate = b[start..<start + width].firstIndex(of: second.upperBound)
    else { return nil }
    return (reference, candidate)
  }

  private mutating func addTop1<Element: BinaryFloatingPoint>(
    _ a: UnsafeBufferPointer<Element>, _ b: UnsafeBufferPointer<Element>, _ width: Int
  ) {
    for start in stride(from: 0, to: a.count, by: width) {
      guard let first = Self.greatest(a, b, start, width) ?? Self.anyGreatest(a, b, start, width) else {
        continue
      }
      top1.rows += 1
      guard b[first.reference] == b[first.candidate] else { continue }
      top1.agreeing += 1
      if first.candidate != first.reference { top1.tied += 1 }
    }
  }

  /// The same of any row; nil where an element is not a number, beside which none is the greatest.
  private static func anyGreatest<Element: BinaryFloatingPoint>(
    _ a: UnsafeBufferPointer<Element>, _ b: UnsafeBufferPointer<Element>, _ start: Int, _ width: Int
  ) -> (reference: Int, candidate: Int)? {
    var (reference, candidate, strangers) = (start, start, 0)
    for index in start..<start + width {
      let (x, y) = (a[index], b[index])
      strangers += x == x && y == y ? 0 : 1
      reference = x > a[reference] ? index : reference
      candidate = y > b[candidate] ? index : candidate
    }
    return strangers == 0 ? (reference, candidate) : nil
  }
}

extension Tensor {
  /// Calls `body` with the elements of a tensor of float32, where they are unless they begin at an odd place.
  fileprivate func withFloats(_ body: (UnsafeBufferPointer<Float>) -> Void) {
    bytes.withBytes { bytes in
      if Int(bitPattern: bytes.baseAddress) % MemoryLayout<Float>.alignment == 0 {
        body(bytes.assumingMemoryBound(to: Float.self))
      } else {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
          UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
          initialized = count
        }.withUnsafeBufferPointer(body)
      }
    }
  }
}
