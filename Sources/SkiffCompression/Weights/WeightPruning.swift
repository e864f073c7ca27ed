import SkiffBinary
import SkiffIR

/// Setting the least important weights to zero; what is zero costs next to nothing in a `.skiff` file.
///
/// Magnitude pruning: Han et al., "Learning both Weights and Connections", 2015. Importance that counts the inputs:
/// Sun et al., "A Simple and Effective Pruning Approach for Large Language Models" (Wanda), 2023.
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

  /// Whether what becomes zero depends on how weights compare with all others.
  var isUnstructured: Bool { if case .structured = pattern { false } else { true } }

  /// The magnitudes of the parts that can become zero: of elements their own, of blocks the root of the mean square.
  ///
  /// - Parameter importance: A factor for the square of each column, nil for 1.
  func scores(_ matrix: [Float], columns: Int, importance: [Float]?) -> [Float] {
    var scores = matrix.map(abs)
    if let importance {
      let factors = importance.map { $0.squareRoot() }
      for index in scores.indices { scores[index] *= factors[index % columns] }
    }
    guard case .block(let size) = pattern, columns > 0 else { return scores }
    return Self.runs(of: size, count: matrix.count, columns: columns).map { run in
      (run.reduce(Float(0)) { $0 + scores[$1] * scores[$1] } / Float(run.count)).squareRoot()
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
  /// - Parameter threshold: The score that parts must exceed; nil finds it among these scores.
  func mask(_ scores: [Float], count: Int, columns: Int, threshold: Float?) -> [Bool] {
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
    case .element: return kept(scores, threshold)
    case .block(let size):
      var mask = [Bool](repeating: false, count: count)
      let kept = kept(scores, threshold)
      for (index, run) in Self.runs(of: size, count: count, columns: columns).enumerated() where kept[index] {
        for place in run { mask[place] = true }
      }
      return mask
    }
  }

  private func kept(_ scores: [Float], _ threshold: Float?) -> [Bool] {
    if let threshold { return scores.map { $0 > threshold } }
    let removed = Int((Double(scores.count) * sparsity).rounded())
    guard removed > 0 else { return [Bool](repeating: true, count: scores.count) }
    var ranks = MagnitudeRanks()
    ranks.add(scores)
    ranks.refine(scores, rank: removed - 1)
    let limit = ranks.value(ofRank: removed - 1)
    // Of those that equal the limit the first go.
    var left = removed - scores.count { $0 < limit }
    return scores.map { score in
      if score == limit, left > 0 {
        left -= 1
        return false
      }
      return score >= limit
    }
  }
}

/// Counts of numbers that are not negative, from which the one of a rank follows: exactly, in bounded memory.
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

  /// Adds the numbers again whose upper bits the one of a rank has, 0 for the least.
  mutating func refine(_ magnitudes: [Float], rank: Int) {
    let bin = Self.place(of: rank, in: high).place
    for magnitude in magnitudes where Int(magnitude.bitPattern >> 16) == bin {
      low[Int(magnitude.bitPattern & 0xFFFF)] += 1
    }
  }

  /// The number of a rank, after all lists were added twice.
  func value(ofRank rank: Int) -> Float {
    let (bin, before) = Self.place(of: rank, in: high)
    return Float(bitPattern: UInt32(bin) << 16 | UInt32(Self.place(of: rank - before, in: low).place))
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
