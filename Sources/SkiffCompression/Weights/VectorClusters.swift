/// Tables of the vectors that others are nearest to: the means of clusters, where errors count as they cost.
///
/// Clusters begin at vectors drawn by their distance from those drawn before (Arthur and Vassilvitskii, "k-means++", 2007), and move to
/// the means of what is nearest to them (Lloyd, "Least squares quantization in PCM", 1982). What is drawn is always the same. As codebooks of weights:
/// Gong et al., "Compressing Deep Convolutional Networks using Vector Quantization", 2014; with costs by the inputs: van Baalen et al., "GPTVQ", 2024.
struct VectorClusters {
  /// Vectors that clusters are found of, at most; all of them become what is nearest in the end.
  private static let mostVectors = 1 << 16
  private static let mostRounds = 30
  /// The share of the error that another round must take away.
  private static let leastGain = 1e-3

  /// A table of at most `size` vectors; those that are few enough are the table. A vector of zeros is in it if there are some.
  static func table(_ vectors: WeightVectors, size: Int) -> VectorTable {
    if let few = different(vectors, most: size) { return table(of: few, vectors.length) }
    let zero = SIMD4<Float>(repeating: 0)
    let sample = vectors.sample(mostVectors)
    let hasZeros = vectors.values.contains(zero)
    // The vector of zeros takes the place of one cluster, and its own vectors belong to no other.
    let places = hasZeros ? sample.values.indices.filter { sample.values[$0] != zero } : []
    let others =
      hasZeros
      ? WeightVectors(
        length: sample.length, values: places.map { sample.values[$0] },
        costs: places.map { sample.costs[$0] })
      : sample
    let centers = clusters(others, hasZeros ? size - 1 : size)
    return table(of: (hasZeros ? [zero] : []) + centers, vectors.length)
  }

  private static func table(of vectors: [SIMD4<Float>], _ length: Int) -> VectorTable {
    VectorTable(vectors.flatMap { vector in (0..<length).map { vector[$0] } }, length: length)
  }

  /// The different vectors in the order in which they first occur; nil if there are more than `most`.
  private static func different(_ vectors: WeightVectors, most: Int) -> [SIMD4<Float>]? {
    var (known, found) = (Set<SIMD4<Float>>(), [SIMD4<Float>]())
    for vector in vectors.values where known.insert(vector).inserted {
      guard found.count < most else { return nil }
      found.append(vector)
    }
    return found
  }

  private static func clusters(_ vectors: WeightVectors, _ count: Int) -> [SIMD4<Float>] {
    guard count > 0, vectors.count > 0 else { return [] }
    var centers = drawn(vectors, count)
    var before = Double.infinity
    for _ in 0..<mostRounds {
      let (codes, error) = vectors.codes(in: table(of: centers, vectors.length))
      guard error < before * (1 - leastGain) else { break }
      before = error
      var masses = [SIMD4<Double>](repeating: .zero, count: centers.count)
      var moments = masses
      for (index, code) in codes.enumerated() {
        let cost = SIMD4<Double>(vectors.costs[index])
        masses[Int(code)] += cost
        moments[Int(code)] += cost * SIMD4<Double>(vectors.values[index])
      }
      // What no vector is nearest to stays where it is.
      for index in centers.indices where masses[index][0] > 0 {
        centers[index] = SIMD4<Float>(moments[index] / masses[index])
      }
    }
    return centers
  }

  /// Vectors, each drawn by its distance from those drawn before.
  private static func drawn(_ vectors: WeightVectors, _ count: Int) -> [SIMD4<Float>] {
    var random = SplitMix(state: UInt64(vectors.count))
    var centers = [vectors.values[Int(random.next() % UInt64(vectors.count))]]
    var distances = [Float](repeating: .infinity, count: vectors.count)
    while centers.count < count {
      let last = centers[centers.count - 1]
      var total = 0.0
      for index in distances.indices {
        let difference = vectors.values[index] - last
        distances[index] = min(distances[index], (difference * difference * vectors.costs[index]).sum())
        total += Double(distances[index])
      }
      guard total > 0, total.isFinite else { break }
      var left = Double(random.next() >> 11) * 0x1p-53 * total
      var place = 0
      while place < distances.count - 1, left >= Double(distances[place]) {
        left -= Double(distances[place])
        place += 1
      }
      centers.append(vectors.values[place])
    }
    return centers
  }
}

/// Numbers that look random and are the same each time: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix {
  private(set) var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
