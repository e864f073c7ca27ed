import SkiffBinary
import SkiffIR

/// Replacing weights by the nearest of a few numbers, which a table holds once: their positions take 1 to 8 bits each.
///
/// The numbers are the means of clusters, found by Lloyd's algorithm ("Least squares quantization in PCM", 1982) from
/// places with equal shares of the weights: Han et al., "Deep Compression", 2016.
public struct Palettization: Hashable, Sendable {
  /// The bits of a position, 1 to 8; a table has 2^bits numbers.
  public var bits = 4
  /// How many rows share a table; 0: all of them.
  public var rowsPerTable = 0

  /// Creates the usual palettization: 16 numbers for a tensor.
  public init() {}

  /// A table, in ascending order. Zero is in it if some weights are zero.
  ///
  /// - Parameter importance: What an error of each column costs, nil for the same.
  func table(_ weights: ArraySlice<Float>, columns: Int, importance: [Float]?) -> [Float] {
    var density = WeightDensity(weights, columns: columns, importance: importance)
    let size = 1 << bits
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

  init(_ weights: ArraySlice<Float>, columns: Int, importance: [Float]?) {
    var sums = [(mass: Double, moment: Double)](repeating: (0, 0), count: 1 << 16)
    for (index, weight) in zip(weights.indices, weights) {
      if weight == 0 { zeroCount += 1 }
      let mass = importance.map { Double($0[index % columns]) } ?? 1
      let bits = weight.bitPattern >> 16
      // The order of the bits becomes that of the numbers.
      let place = Int(bits & 0x8000 == 0 ? bits | 0x8000 : ~bits & 0xFFFF)
      sums[place].mass += mass
      sums[place].moment += mass * Double(weight)
    }
    places = sums.filter { $0.mass > 0 }
  }

  mutating func removeZero() { places.removeAll { $0.moment == 0 } }

  /// The means of at most `count` clusters, in ascending order.
  func clusters(_ count: Int) -> [Float] {
    guard places.count > count else { return places.map { Float($0.moment / $0.mass) } }
    guard count > 0 else { return [] }
    var sums: [(mass: Double, moment: Double)] = [(0, 0)]
    for place in places {
      let last = sums[sums.count - 1]
      sums.append((last.mass + place.mass, last.moment + place.moment))
    }
    let total = sums[sums.count - 1].mass
    // The first place of each cluster.
    var begins = (0...count).map { share in
      sums.partitioningIndex { $0.mass * Double(count) >= total * Double(share) }
    }
    (begins[0], begins[count]) = (0, places.count)
    for index in 1...count { begins[index] = max(begins[index], begins[index - 1] + 1) }
    for index in stride(from: count, through: 0, by: -1) {
      begins[index] = min(begins[index], places.count - (count - index))
    }
    var centers: [Double] = []
    for _ in 0..<100 {
      centers = (0..<count).map { cluster in
        let (from, to) = (sums[begins[cluster]], sums[begins[cluster + 1]])
        return (to.moment - from.moment) / (to.mass - from.mass)
      }
      var moved = begins
      for cluster in 1..<max(1, count) {
        let middle = (centers[cluster - 1] + centers[cluster]) / 2
        let place = places.partitioningIndex { $0.moment >= middle * $0.mass }
        moved[cluster] = min(max(place, moved[cluster - 1] + 1), places.count - (count - cluster))
      }
      if moved == begins { break }
      begins = moved
    }
    return centers.map(Float.init)
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
