#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Histogram {
  /// The bins between two edges, one on either side of 0 or at it, at which a cost is least.
  ///
  /// Edges are tried in pairs on a grid that is even in their logarithm, since it is ratios of ranges that matter, down to a
  /// 256th of the greatest. From the best pair on, a smooth cost is searched evenly up to the neighbours on the grid; for one that
  /// changes from bin to bin, every bin is tried for either edge in turn, until none is better. Of equal costs the first wins.
  ///
  /// - Parameters:
  ///   - isSmooth: Whether the cost changes little from one bin to the next.
  ///   - cost: Infinite for what must not be chosen.
  func bins(isSmooth: Bool, ofLeast cost: (Range<Int>) -> Double) -> Range<Int>? {
    guard let occupied else { return nil }
    let below = max(0, middle - occupied.lowerBound)
    let above = max(0, occupied.upperBound + 1 - middle)
    var best = (below: below, above: above)
    var least = cost(middle - below..<middle + above)
    func search(_ belows: [Int], _ aboves: [Int]) {
      for below in belows {
        for above in aboves where below + above > 0 {
          let own = cost(middle - below..<middle + above)
          if own < least { (least, best) = (own, (below, above)) }
        }
      }
    }
    search(Self.grid(below), Self.grid(above))
    if isSmooth {
      search(Self.refined(best.below, upTo: below), Self.refined(best.above, upTo: above))
    } else {
      var before: (below: Int, above: Int)
      repeat {
        before = best
        search([best.below], Array(0...above))
        search(Array(0...below), [best.above])
      } while before != best
    }
    return middle - best.below..<middle + best.above
  }

  /// Grid points for each doubling.
  private static let resolution = 8

  /// Distances from 0 to the greatest, in falling order.
  private static func grid(_ greatest: Int) -> [Int] {
    var distances: [Int] = []
    for step in 0...8 * resolution {
      let distance = Int((Double(greatest) * exp2(-Double(step) / Double(resolution))).rounded())
      if distance != distances.last { distances.append(distance) }
    }
    return distances
  }

  /// Distances between the neighbours on the grid of one of them.
  private static func refined(_ distance: Int, upTo greatest: Int) -> [Int] {
    let reach = Double(distance) * (exp2(1 / Double(resolution)) - 1)
    var distances: [Int] = []
    for step in -16...16 {
      let refined = min(greatest, max(0, distance - Int((reach * Double(step) / 16).rounded())))
      if refined != distances.last { distances.append(refined) }
    }
    return distances
  }
}
