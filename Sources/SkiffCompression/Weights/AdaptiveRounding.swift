import SkiffInterpreter

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Rounding each weight down or up, whichever changes the outputs the least together with all others of its row, as the inputs'
/// moments say.
///
/// Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization" (AdaRound), 2020, equations 21 to 25: what is added to
/// the integer below is a rectified sigmoid of a variable; gradients move it, and a regularization, ever stricter, drives it
/// to 0 or 1. The outputs' error needs only second moments. In the end single weights go the other way as long as that lowers the
/// error.
struct AdaptiveRounding {
  private let moments: InputMoments
  private let isCentered: Bool
  private let rows: Int
  private let steps: Int

  /// How far a sigmoid is stretched beyond 0 and 1.
  private static let stretch: Float = 0.1
  private static let mostSteps = 1000
  private static let fewestSteps = 200
  /// The most multiplications that are done for a tensor.
  private static let largestWork = 1 << 36
  /// The share of the steps without regularization.
  private static let warmUp: Float = 0.2
  private static let regularization: Float = 0.02
  private static let rate: Float = 0.02

  /// A weight: what it is, the integer below in multiples of its scale, and the multiples that it can be.
  struct Weight {
    let value: Float
    let scale: Float
    let range: ClosedRange<Float>

    fileprivate var floor: Float { (value / scale).rounded(.down) }

    /// The weight as what is added to the integer below says; false if it is beyond what it can be.
    fileprivate func rounded(adding part: Float) -> (value: Float, isInside: Bool) {
      let multiple = floor + part
      let limited = min(max(multiple, range.lowerBound), range.upperBound)
      return (limited * scale, limited == multiple)
    }
  }

  /// - Parameter isCentered: Whether the bias will take what errors add to an output on average.
  /// - Returns: Nil for more weights than can be rounded in reasonable time.
  init?(_ moments: InputMoments, rows: Int, isCentered: Bool) {
    guard moments.parts == 1 else { return nil }
    (self.moments, self.rows, self.isCentered) = (moments, rows, isCentered)
    let (work, overflow) = (moments.size * moments.size).multipliedReportingOverflow(by: max(1, rows))
    guard !overflow, work > 0, Self.largestWork / work >= Self.fewestSteps else { return nil }
    steps = min(Self.mostSteps, Self.largestWork / work)
  }

  /// Rounds a matrix of rows of weights; to nearest in rows in which that is better, or of which moments say nothing.
  ///
  /// - Parameters:
  ///   - weight: A weight by row and column; nil for one that is only ever what `nearest` says.
  ///   - nearest: What a weight becomes by itself.
  func round(
    _ matrix: [Float], weight: (Int, Int) -> Weight?, nearest: (Int, Int) -> Float
  ) -> [Float] {
    let size = moments.size
    let lines = (0..<rows).map { row in (0..<size).map { weight(row, $0) } }
    let plain = (0..<rows).map { row in (0..<size).map { nearest(row, $0) } }
    let matrices = (0..<moments.groups).map { group in
      moments.matrix(group, isCentered: isCentered).map(Float.init)
    }
    let workers = min(rows, Parallel.processorCount)
    let shares = try? Parallel.map(workers: workers) { worker in
      stride(from: worker, to: rows, by: workers).map { row in
        let group = row * moments.groups / rows
        let original = Array(matrix[row * size..<(row + 1) * size])
        let found = optimized(lines[row], original, plain[row], matrices[group])
        let errors = [plain[row], found].map { candidate in
          let difference = zip(candidate, original).map { $0 - $1 }
          return moments.outputError(difference[...], matrix: group, isCentered: isCentered)
        }
        return errors[1] < errors[0] ? found : plain[row]
      }
    }
    guard let shares, shares.count == workers else { return plain.flatMap(\.self) }
    return (0..<rows).flatMap { shares[$0 % workers][$0 / workers] }
  }

  /// A row after all steps.
  private func optimized(
    _ weights: [Weight?], _ original: [Float], _ nearest: [Float], _ matrix: [Float]
  ) -> [Float] {
    let size = weights.count
    let scales = weights.map { $0?.scale ?? 0 }
    // In units in which an error of one step costs about 1.
    let cost = (0..<size).reduce(Float(0)) { $0 + matrix[$1 * size + $1] * scales[$1] * scales[$1] }
    guard cost > 0, cost.isFinite else { return nearest }
    let unit = Float(size) / cost
    var variables = zip(weights, original).map { weight, value in
      weight.map { Self.variable(of: min(max(value / $0.scale - $0.floor, 0), 1)) } ?? 0
    }
    var (first, second) = ([Float](repeating: 0, count: size), [Float](repeating: 0, count: size))
    var errors = zip(nearest, original).map { $0 - $1 }
    var slopes = [Float](repeating: 0, count: size)
    for step in 0..<steps {
      for index in 0..<size {
        guard let weight = weights[index] else { continue }
        let (part, slope) = Self.part(of: variables[index])
        let (value, isInside) = weight.rounded(adding: part)
        errors[index] = value - original[index]
        slopes[index] = isInside ? slope : 0
      }
      let progress = (Float(step) / Float(steps) - Self.warmUp) / (1 - Self.warmUp)
      let exponent = 2 + 18 * max(0, 1 - progress)
      let (shrink, shrinkSquares) = (1 - powf(0.9, Float(step + 1)), 1 - powf(0.999, Float(step + 1)))
      matrix.withUnsafeBufferPointer { matrix in
        errors.withUnsafeBufferPointer { errors in
          for index in 0..<size where slopes[index] != 0 {
            let line = UnsafeBufferPointer(rebasing: matrix[index * size..<(index + 1) * size])
            var gradient = 2 * unit * scales[index] * Self.product(line, errors)
            if progress > 0 {
              let side = 2 * Self.part(of: variables[index]).value - 1
              let steepness = 2 * exponent * powf(abs(side), exponent - 1)
              gradient -= Self.regularization * (side < 0 ? -steepness : steepness)
            }
            gradient *= slopes[index]
            // Adam: Kingma and Ba, 2015.
            first[index] = 0.9 * first[index] + 0.1 * gradient
            second[index] = 0.999 * second[index] + 0.001 * gradient * gradient
            let direction = first[index] / shrink / ((second[index] / shrinkSquares).squareRoot() + 1e-8)
            variables[index] -= Self.rate * direction
          }
        }
      }
    }
    let parts = variables.map { Self.part(of: $0).value < 0.5 ? Float(0) : 1 }
    return descended(weights, original, nearest, matrix, parts)
  }

  /// The row after the integers of single weights, each time of that which lowers the error the most, became the other ones.
  private func descended(
    _ weights: [Weight?], _ original: [Float], _ nearest: [Float], _ matrix: [Float], _ start: [Float]
  ) -> [Float] {
    let size = weights.count
    var parts = start
    func value(_ index: Int, _ part: Float) -> Float {
      weights[index]?.rounded(adding: part).value ?? nearest[index]
    }
    var result = parts.indices.map { value($0, parts[$0]) }
    let errors = zip(result, original).map { $0 - $1 }
    var slopes = matrix.withUnsafeBufferPointer { matrix in
      errors.withUnsafeBufferPointer { errors in
        (0..<size).map { row in
          Self.product(UnsafeBufferPointer(rebasing: matrix[row * size..<(row + 1) * size]), errors)
        }
      }
    }
    // Each change lowers the error, but rounded sums could go on forever.
    for _ in 0..<4 * size {
      var best: (gain: Float, index: Int) = (0, 0)
      for index in 0..<size where weights[index] != nil {
        let change = value(index, 1 - parts[index]) - result[index]
        let gain = -change * (2 * slopes[index] + change * matrix[index * size + index])
        if gain > best.gain { best = (gain, index) }
      }
      guard best.gain > 0 else { break }
      let index = best.index
      parts[index] = 1 - parts[index]
      let change = value(index, parts[index]) - result[index]
      result[index] += change
      for other in 0..<size { slopes[other] += change * matrix[index * size + other] }
    }
    return parts.indices.map { value($0, parts[$0]) }
  }

  private static func product(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Float {
    var sums = SIMD8<Float>()
    var index = 0
    while index + 8 <= a.count {
      var (x, y) = (SIMD8<Float>(), SIMD8<Float>())
      for lane in 0..<8 { (x[lane], y[lane]) = (a[index + lane], b[index + lane]) }
      sums += x * y
      index += 8
    }
    var sum = sums.sum()
    while index < a.count {
      sum += a[index] * b[index]
      index += 1
    }
    return sum
  }

  /// The rectified sigmoid of a variable, and its slope, which is 0 where it is cut off.
  private static func part(of variable: Float) -> (value: Float, slope: Float) {
    let sigmoid = 1 / (1 + expf(-variable))
    let stretched = sigmoid * (1 + 2 * stretch) - stretch
    guard stretched > 0, stretched < 1 else { return (min(max(stretched, 0), 1), 0) }
    return (stretched, sigmoid * (1 - sigmoid) * (1 + 2 * stretch))
  }

  /// The variable whose rectified sigmoid is a number from 0 to 1.
  private static func variable(of part: Float) -> Float {
    let sigmoid = (part + stretch) / (1 + 2 * stretch)
    return logf(sigmoid / (1 - sigmoid))
  }
}
