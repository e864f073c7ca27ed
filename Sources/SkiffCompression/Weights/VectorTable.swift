import SkiffInterpreter

/// A table of vectors, and the nearest of them to others.
struct VectorTable {
  /// The elements of a vector.
  let length: Int
  /// The vectors, one behind the other.
  let elements: [Float]
  /// Eight vectors at a time: their first elements, then their second ones. What fills the last eight is infinitely far.
  private let lanes: [SIMD8<Float>]

  init(_ elements: [Float], length: Int) {
    (self.elements, self.length) = (elements, length)
    let count = elements.count / length
    lanes = (0..<(count + 7) / 8 * length).map { place in
      var lane = SIMD8<Float>(repeating: .infinity)
      for index in 0..<8 where place / length * 8 + index < count {
        lane[index] = elements[(place / length * 8 + index) * length + place % length]
      }
      return lane
    }
  }

  var count: Int { elements.count / length }

  func vector(_ code: Int) -> ArraySlice<Float> { elements[code * length..<(code + 1) * length] }

  /// The code of the vector with the least squared distance, and that; the first of several.
  ///
  /// - Parameter costs: What the error of each element costs, more than nothing.
  func nearest(to vector: SIMD4<Float>, costs: SIMD4<Float>) -> (code: Int, distance: Float) {
    var least = SIMD8<Float>(repeating: .infinity)
    var blocks = SIMD8<Int32>(repeating: 0)
    lanes.withUnsafeBufferPointer { lanes in
      for block in 0..<lanes.count / length {
        var distance = SIMD8<Float>(repeating: 0)
        for element in 0..<length {
          let difference = lanes[block * length + element] - vector[element]
          distance += difference * difference * costs[element]
        }
        let isNearer = distance .< least
        least.replace(with: distance, where: isNearer)
        blocks.replace(with: SIMD8(repeating: Int32(truncatingIfNeeded: block)), where: isNearer)
      }
    }
    var best = (code: 0, distance: Float.infinity)
    for lane in 0..<8 {
      let code = Int(blocks[lane]) * 8 + lane
      if least[lane] < best.distance || least[lane] == best.distance && code < best.code {
        best = (code, least[lane])
      }
    }
    return best
  }
}

/// Vectors of up to four weights, and what an error of each costs.
struct WeightVectors {
  let length: Int
  let values: [SIMD4<Float>]
  let costs: [SIMD4<Float>]

  var count: Int { values.count }

  /// Of more vectors than so many, some evenly over all.
  func sample(_ most: Int) -> WeightVectors {
    guard count > most else { return self }
    let places = (0..<most).map { $0 * count / most }
    return WeightVectors(length: length, values: places.map { values[$0] }, costs: places.map { costs[$0] })
  }

  /// The codes of the nearest vectors of a table, and the sum of the distances.
  func codes(in table: VectorTable) -> (codes: [UInt16], error: Double) {
    let workers = max(1, min(Parallel.processorCount, count / 1024))
    let parts = try? Parallel.map(workers: workers) { worker in
      (worker * count / workers..<(worker + 1) * count / workers).map {
        table.nearest(to: values[$0], costs: costs[$0])
      }
    }
    let found = (parts ?? []).joined()
    return (
      found.map { UInt16(truncatingIfNeeded: $0.code) }, found.reduce(0.0) { $0 + Double($1.distance) }
    )
  }
}
