import SkiffBinary
import SkiffIR

/// Replacing weights by the nearest of a few numbers, which a table holds once: their positions take 1 to 8 bits each.
///
/// The numbers are the means of clusters: Han et al., "Deep Compression", 2016. Along a line the best clusters follow from those
/// of fewer weights: Wang and Song, "Ckmeans.1d.dp", 2011; quickly by Grønlund et al., "Fast exact k-means", 2017.
public struct Palettization: Hashable, Sendable {
  /// The bits of a position, 1 to 8; a table has 2^bits numbers.
  public var bits = 4
  /// How many rows share a table; 0: all of them.
  public var rowsPerTable = 0

  /// Creates the usual palettization: 16 numbers for a tensor.
  public init() {}

  /// Checks that there is such a palettization.
  func verify() throws(ModelError) {
    guard (1...8).contains(bits), rowsPerTable >= 0 else {
      throw ModelError(.invalidArgument, "no table has positions of \(bits) bits for \(rowsPerTable) rows")
    }
  }

  /// A table, in ascending order. Zero is in it if some weights are zero; weights that are few enough are the table.
  ///
  /// - Parameter importance: What an error of each weight costs, nil for the same.
  func table(_ weights: ArraySlice<Float>, importance: ColumnImportance?) -> [Float] {
    let size = 1 << bits
    var different: Set<Float> = []
    for weight in weights where different.insert(weight).inserted && different.count > size { break }
    if different.count <= size { return different.sorted() }
    var density = WeightDensity(weights, importance: importance)
    guard density.zeroCount > 0 else { return density.clusters(size) }
    density.removeZero()
    return (density.clusters(size - 1) + [0]).sorted()
  }
}

/// How weights lie along a line, in places of which there are at most 65,536: those of 16 bits of precision.
private struct WeightDensity {
  /// In ascending order: what a place weighs, and that times where its weights are.
  private var places: [(mass: Double, moment: Double)] = []
  private(set) var zeroCount = 0

  init(_ weights: ArraySlice<Float>, importance: ColumnImportance?) {
    var sums = [(mass: Double, moment: Double)](repeating: (0, 0), count: 1 << 16)
    for (index, weight) in zip(weights.indices, weights) {
      if weight == 0 { zeroCount += 1 }
      let mass = importance.map { Double($0[index]) } ?? 1
      let bits = weight.bitPattern >> 16
      // The order of the bits becomes that of the numbers.
      let place = Int(bits & 0x8000 == 0 ? bits | 0x8000 : ~bits & 0xFFFF)
      sums[place].mass += mass
      sums[place].moment += mass * Double(weight)
    }
    places = sums.filter { $0.mass > 0 }
  }

  mutating func removeZero() { places.removeAll { $0.moment == 0 } }

  /// The means of at most `count` clusters, in ascending order, so that the squared error is the least.
  func clusters(_ count: Int) -> [Float] {
    guard places.count > count else { return places.map { Float($0.moment / $0.mass) } }
    guard count > 0 else { return [] }
    let sums = DensitySums(places)
    // The ends of the last clusters, by where the last one of all ends.
    var starts: [[Int32]] = []
    // What so many clusters take away of the sum of squares, by where the last one ends.
    var gains = (0...places.count).map { sums.gain(0, $0) }
    for clusters in 1..<max(1, count) {
      var (next, nextStarts) = (gains, [Int32](repeating: 0, count: gains.count))
      // Where the last cluster starts moves along with its end: halving the ends halves the starts that are tried.
      var open = [(ends: clusters + 1..<gains.count, starts: clusters...places.count)]
      while let (ends, candidates) = open.popLast() {
        guard !ends.isEmpty else { continue }
        let end = (ends.lowerBound + ends.upperBound) / 2
        var best = (gain: -Double.infinity, start: candidates.lowerBound)
        for start in candidates.lowerBound...min(candidates.upperBound, end - 1) {
          let gain = gains[start] + sums.gain(start, end)
          if gain > best.gain { best = (gain, start) }
        }
        (next[end], nextStarts[end]) = (best.gain, Int32(best.start))
        open.append((ends.lowerBound..<end, candidates.lowerBound...best.start))
        open.append((end + 1..<ends.upperBound, best.start...candidates.upperBound))
      }
      gains = next
      starts.append(nextStarts)
    }
    var (centers, end) = ([Float](), places.count)
    for start in starts.reversed() {
      centers.append(sums.mean(Int(start[end]), end))
      end = Int(start[end])
    }
    return [sums.mean(0, end)] + centers.reversed()
  }
}

/// The masses and moments of all places before each.
private struct DensitySums {
  private var sums: [(mass: Double, moment: Double)] = [(0, 0)]

  init(_ places: [(mass: Double, moment: Double)]) {
    for place in places {
      let last = sums[sums.count - 1]
      sums.append((last.mass + place.mass, last.moment + place.moment))
    }
  }

  /// What becomes of the sum of squares when the places of a range move to their mean: it is less by this.
  func gain(_ start: Int, _ end: Int) -> Double {
    guard start < end else { return 0 }
    let moment = sums[end].moment - sums[start].moment
    return moment * moment / (sums[end].mass - sums[start].mass)
  }

  func mean(_ start: Int, _ end: Int) -> Float {
    Float((sums[end].moment - sums[start].moment) / (sums[end].mass - sums[start].mass))
  }
}

extension Array {
  /// The first index from which on the predicate holds; it must hold from some index on.
  func partitioningIndex(_ belongs: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension [Float] {
  /// The position of the nearest number of this ascending table; of two the lower one.
  func nearest(to value: Float) -> Int {
    let upper = partitioningIndex { $0 >= value }
    guard upper > 0 else { return 0 }
    guard upper < count else { return count - 1 }
    return value - self[upper - 1] <= self[upper] - value ? upper - 1 : upper
  }
}
