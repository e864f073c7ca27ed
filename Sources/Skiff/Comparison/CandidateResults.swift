import SkiffIR
import Synchronization

/// What a candidate gave in runs that several comparisons make, so that it runs once for all of them.
final class CandidateResults: Sendable {
  private struct Kept {
    var results: [Int: (outputs: [String: Tensor], uses: Int)] = [:]
    var byteCount = 0
  }

  /// The most bytes that are kept; runs beyond are made again.
  private static let mostBytes = 1 << 23
  private let uses: Int
  private let kept = Mutex(Kept())

  /// - Parameter uses: How many comparisons there are, each of which makes a run once.
  init(uses: Int) { self.uses = uses }

  /// What a run gave, if it is kept.
  func take(_ number: Int) -> [String: Tensor]? {
    kept.withLock { kept in
      guard let result = kept.results[number] else { return nil }
      if result.uses > 1 {
        kept.results[number]?.uses -= 1
      } else {
        kept.results[number] = nil
        kept.byteCount -= Self.byteCount(result.outputs)
      }
      return result.outputs
    }
  }

  /// Keeps what a run gave for the other comparisons.
  func keep(_ outputs: [String: Tensor], of number: Int) {
    let size = Self.byteCount(outputs)
    kept.withLock { kept in
      guard uses > 1, kept.results[number] == nil, kept.byteCount + size <= Self.mostBytes else { return }
      kept.results[number] = (outputs, uses - 1)
      kept.byteCount += size
    }
  }

  private static func byteCount(_ outputs: [String: Tensor]) -> Int {
    outputs.values.reduce(0) { $0 + $1.bytes.count }
  }
}
