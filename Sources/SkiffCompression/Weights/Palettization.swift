import SkiffBinary
import SkiffIR

/// Replacing weights by the nearest of a few numbers, or neighbours by the nearest of a few vectors, which a table holds once: their positions
/// take a few bits each.
///
/// The numbers are the means of clusters: Han et al., "Deep Compression", 2016. Along a line the best clusters follow from those
/// of fewer weights: Wang and Song, "Ckmeans.1d.dp", 2011; quickly by Grønlund et al., "Fast exact k-means", 2017. Vectors: ``VectorClusters``.
public struct Palettization: Hashable, Sendable {
  /// What the numbers of a table are.
  public enum Entries: String, Hashable, Sendable, CaseIterable {
    /// Real numbers.
    case float
    /// Integers times one scale for each table, so that integer arithmetic runs on the weights as they are.
    case int8
  }

  /// The bits of a position, 1 to 8, of vectors up to 12; a table has 2^bits numbers or vectors.
  public var bits = 4
  /// How many neighbouring weights a position stands for: 1, 2 or 4. Weights whose axes are no multiples, and those of which a table
  /// would take more than their positions, have positions each, of as many bits for a weight.
  public var vectorLength = 1
  /// How many rows share a table; 0: all of them.
  public var rowsPerTable = 0
  /// What the numbers of a table are.
  public var entries = Entries.float

  /// Creates the usual palettization: 16 numbers for a tensor.
  public init() {}

  /// Checks that there is such a palettization.
  func verify() throws(ModelError) {
    guard [1, 2, 4].contains(vectorLength), (1...mostBits).contains(bits), rowsPerTable >= 0 else {
      throw ModelError(
        .invalidArgument,
        "no table has positions of \(bits) bits of vectors of \(vectorLength) for \(rowsPerTable) rows")
    }
  }

  /// The most bits of a position.
  package var mostBits: Int { vectorLength > 1 ? Constant.Codebook.mostBits : 8 }

  /// How many rows of a tensor share a table.
  func rows(of weight: WeightTensor) -> Int {
    rowsPerTable > 0 ? min(rowsPerTable, max(1, weight.rows)) : max(1, weight.rows)
  }

  /// Where the vectors of a tensor lie, or why it has none.
  func layout(of weight: WeightTensor, _ matrix: [Float]) -> (layout: VectorLayout?, reason: String?) {
    guard vectorLength > 1 else { return (nil, nil) }
    guard let layout = VectorLayout(weight, length: vectorLength, rowsPerTable: rowsPerTable) else {
      return (nil, "no axis is a multiple of \(vectorLength)")
    }
    let rows = rows(of: weight)
    let tableBits = (entries == .int8 ? 8 : weight.dataType.bitWidth) * vectorLength << bits
    let codeBits = rows * weight.columns / vectorLength * bits
    guard tableBits <= codeBits else { return (nil, "a table of vectors takes more than its positions") }
    // Beyond, squares of differences are no numbers or nothing.
    let greatest = matrix.reduce(Float(0)) { max($0, abs($1)) }
    return (1e-15...1e15).contains(greatest) ? (layout, nil) : (nil, "its squares are no numbers of 32 bits")
  }

  /// The palettization of single weights with about as many bits for each.
  var withoutVectors: Palettization {
    var single = self
    (single.vectorLength, single.bits) = (1, min(8, max(1, bits / vectorLength)))
    return single
  }

  /// What integers are multiplied with so that they reach the largest of some numbers.
  static func scale(of numbers: [Float]) -> Float {
    let greatest = numbers.reduce(Float(0)) { max($0, abs($1)) }
    let scale = greatest / 127
    return scale > 0 ? scale : 1
  }

  /// The integer for a number of a table.
  static func integer(_ number: Float, _ scale: Float) -> Int8 {
    Int8(max(-127, min(127, (number / scale).rounded(.toNearestOrEven))))
  }

  /// A table, in ascending order. Zero is in it if some weights are zero; weights that are few enough are the table.
  ///
  /// - Parameter importance: What an error of each weight costs, nil for the same.
  func table(_ weights: ArraySlice<Float>, importance: WeightImportance?) -> PaletteTable {
    let numbers = numbers(weights, importance: importance)
    guard entries == .int8 else { return PaletteTable(numbers: numbers, scale: nil) }
    let scale = Self.scale(of: numbers)
    return PaletteTable(numbers: numbers.map { Float(Self.integer($0, scale)) * scale }, scale: scale)
  }

  private func numbers(_ weights: ArraySlice<Float>, importance: WeightImportance?) -> [Float] {
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

/// The numbers that single weights become, in ascending order.
struct PaletteTable {
  let numbers: [Float]
  /// What integers are multiplied with to be the numbers; nil for real numbers.
  let scale: Float?

  /// The nearest number.
  func nearest(to value: Float) -> Float { numbers[numbers.nearest(to: value)] }
}

/// How weights lie along a line, in places of which there are at most 65,536: those of 16 bits of precision.
private struct WeightDensity {
  /// In ascending order: what a place weighs, and that times where its weights are.
  private var places: [(mass: Double, moment: Double)] = []
  private(set) var zeroCount = 0

  init(_ weights: ArraySlice<Float>, importance: WeightImportance?) {
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
