import SkiffBinary
import SkiffIR

/// Setting the least important weights to zero; what is zero costs next to nothing in a `.skiff` file.
///
/// Magnitude pruning: Han et al., "Learning both Weights and Connections", 2015. Importance that counts the inputs:
/// Sun et al., "A Simple and Effective Pruning Approach for Large Language Models" (Wanda), 2023; what it costs to second order: LeCun,
/// Denker and Solla, "Optimal Brain Damage", 1990.
public struct WeightPruning: Hashable, Sendable {
  /// Which weights can become zero by themselves.
  public enum Pattern: Hashable, Sendable {
    /// Each.
    case element
    /// Of each `of` that follow each other in a row, all but `keep`.
    case structured(keep: Int, of: Int)
    /// Runs of so many in a row, together.
    case block(Int)
  }

  /// What is compared to find the least important ones.
  public enum Scope: String, Hashable, Sendable, CaseIterable {
    /// The weights of each tensor by themselves.
    case tensor
    /// The weights of all tensors.
    case global
  }

  /// The share of weights that become zero, from 0 to 1; the pattern says it where it is structured.
  public var sparsity = 0.5
  /// Which weights can become zero by themselves.
  public var pattern = Pattern.element
  /// What is compared.
  public var scope = Scope.tensor

  /// Creates the usual pruning: half of each tensor.
  public init() {}

  /// Checks that there is such a pruning.
  func verify() throws(ModelError) {
    guard (0...1).contains(sparsity) else {
      throw ModelError(.invalidArgument, "a share of \(sparsity) of the weights cannot become zero")
    }
    switch pattern {
    case .element: break
    case .structured(let keep, let of):
      guard keep >= 0, of > keep, of <= WeightCompression.longestRun else {
        throw ModelError(.invalidArgument, "of \(of) weights \(keep) cannot be kept")
      }
    case .block(let size):
      guard (1...WeightCompression.longestRun).contains(size) else {
        throw ModelError(.invalidArgument, "blocks cannot have \(size) weights")
      }
    }
  }

  /// Whether what becomes zero depends on how weights compare with all others.
  var isUnstructured: Bool { if case .structured = pattern { false } else { true } }

  /// The magnitudes of the parts that can become zero: of elements their own, of blocks the root of the mean square.
  ///
  /// - Parameter importance: A factor for the square of each weight, nil for 1.
  func scores(_ matrix: [Float], columns: Int, importance: WeightImportance?) -> [Float] {
    var scores = matrix.map(abs)
    if let importance {
      let mean = scope == .global ? importance.mean : 1
      for index in scores.indices { scores[index] *= (importance[index] * mean).squareRoot() }
    }
    guard case .block(let size) = pattern, columns > 0 else { return scores }
    return Self.runs(of: size, count: matrix.count, columns: columns).map { run in
      // In double precision, in which the squares of small weights are not zero.
      let squares = run.reduce(0.0) { $0 + Double(scores[$1]) * Double(scores[$1]) }
      return Float((squares / Double(run.count)).squareRoot())
    }
  }

  /// The ranges of a matrix that are blocks; the last of a row can be shorter.
  private static func runs(of size: Int, count: Int, columns: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: max(1, columns)).flatMap { row in
      stride(from: row, to: row + columns, by: max(1, size)).map { $0..<min($0 + size, row + columns) }
    }
  }

  /// Whether each weight stays.
  ///
  /// - Parameter limit: What says which parts go, and keeps count of them; nil finds it among these scores.
  func mask(_ scores: [Float], count: Int, columns: Int, limit: inout PruningLimit?) -> [Bool] {
    switch pattern {
    case .structured(let keep, let of):
      var mask = [Bool](repeating: false, count: count)
      for run in Self.runs(of: of, count: count, columns: columns) {
        // Of equal ones the first stay.
        for index in run.sorted(by: { (scores[$0], $1) > (scores[$1], $0) }).prefix(keep) {
          mask[index] = true
        }
      }
      return mask
    case .element: return kept(scores, &limit)
    case .block(let size):
      var mask = [Bool](repeating: false, count: count)
      let kept = kept(scores, &limit)
      for (index, run) in Self.runs(of: size, count: count, columns: columns).enumerated() where kept[index] {
        for place in run { mask[place] = true }
      }
      return mask
    }
  }

  private func kept(_ scores: [Float], _ limit: inout PruningLimit?) -> [Bool] {
    guard limit == nil else { return scores.map { limit?.keeps($0) ?? true } }
    var ranks = MagnitudeRanks()
    ranks.add(scores)
    let count = removedCount(of: scores.count)
    ranks.refine(scores, removing: count)
    var own = ranks.limit(removing: count)
    return scores.map { own.keeps($0) }
  }

  /// How many of so many parts become zero.
  func removedCount(of count: Int) -> Int { Int((Double(count) * sparsity).rounded()) }
}

/// What parts go: those below a score, and the first of those that equal it.
struct PruningLimit {
  fileprivate let score: Float
  /// How many that equal the score are still to go.
  fileprivate var left: Int

  /// Whether the next part stays.
  mutating func keeps(_ score: Float) -> Bool {
    guard score == self.score, left > 0 else { return score >= self.score }
    left -= 1
    return false
  }
}

/// Counts of numbers that are not negative, from which the greatest of the least ones follows: exactly, in bounded memory.
///
/// All numbers are added; then, again, those that share the upper bits of the one that is looked for.
struct MagnitudeRanks {
  /// By the upper half of their bits, which order such numbers.
  private var high = [Int](repeating: 0, count: 1 << 16)
  /// Those of one upper half by the lower one.
  private var low = [Int](repeating: 0, count: 1 << 16)
  private(set) var total = 0

  mutating func add(_ magnitudes: [Float]) {
    for magnitude in magnitudes { high[Int(magnitude.bitPattern >> 16)] += 1 }
    total += magnitudes.count
  }

  /// Adds the numbers again whose upper bits the greatest of the `count` least ones has.
  mutating func refine(_ magnitudes: [Float], removing count: Int) {
    guard count > 0 else { return }
    let bin = Self.place(of: count - 1, in: high).place
    for magnitude in magnitudes where Int(magnitude.bitPattern >> 16) == bin {
      low[Int(magnitude.bitPattern & 0xFFFF)] += 1
    }
  }

  /// What removes the `count` least ones, after all lists were added twice.
  func limit(removing count: Int) -> PruningLimit {
    guard count > 0 else { return PruningLimit(score: 0, left: 0) }
    let (bin, before) = Self.place(of: count - 1, in: high)
    let (place, beforeInBin) = Self.place(of: count - 1 - before, in: low)
    return PruningLimit(
      score: Float(bitPattern: UInt32(bin) << 16 | UInt32(place)), left: count - before - beforeInBin)
  }

  private static func place(of rank: Int, in counts: [Int]) -> (place: Int, before: Int) {
    var (place, before) = (0, 0)
    while place < counts.count - 1, before + counts[place] <= rank {
      before += counts[place]
      place += 1
    }
    return (place, before)
  }
}
