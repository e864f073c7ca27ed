import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// Second moments of what weights are multiplied with, X Xᵀ, over calibration samples: what an error of the weights does to
/// the outputs follows from them, and the samples need not be kept. A grouped convolution has a matrix for each group. Many columns
/// are divided into parts, a matrix each: what inputs of different parts have in common is not looked at.
package struct InputMoments: Sendable {
  /// The number of columns of a part.
  package let size: Int
  /// The parts that the columns are divided into, in order.
  package let parts: Int
  /// The groups that rows of weights are divided into, in order.
  package let groups: Int
  /// For each group and part of it `size · size` sums of products.
  package private(set) var products: [Float]
  /// For each of them `size` sums.
  private var sums: [Double]
  private var count = 0

  /// The most rows of one sample; of more, every so many are taken.
  private static let mostRows = 512

  fileprivate init(columns: Int, parts: Int, groups: Int) {
    (size, self.parts, self.groups) = (columns / parts, parts, groups)
    products = [Float](repeating: 0, count: groups * columns * size)
    sums = [Double](repeating: 0, count: groups * columns)
  }

  /// The number of columns: the weights of an output.
  package var columns: Int { parts * size }

  /// Which of the matrices, counted group by group, is that of a part of one of so many rows of weights.
  func matrixIndex(row: Int, of rows: Int, part: Int) -> Int { row * groups / max(1, rows) * parts + part }

  /// How many rows of inputs were seen of each group.
  package var rowCount: Int { count }

  /// The mean of each column, group by group.
  package var means: [Float] { sums.map { Float($0 / Double(max(1, count))) } }

  /// The sum of the squares of each column, group by group; on average 1.
  package var importance: [Float] {
    let diagonal = (0..<groups * columns).map { max(products[$0 * size + $0 % size], 0) }
    let mean = diagonal.reduce(0, +) / Float(max(1, diagonal.count))
    guard mean > 0, mean.isFinite else { return [Float](repeating: 1, count: diagonal.count) }
    // What no sample shows still counts a little.
    return diagonal.map { max($0 / mean, 1e-4) }
  }

  /// The moments of the inputs of every weight that has a matrix product or a convolution of its own.
  ///
  /// - Parameter limit: The most columns of a part. All groups take no more than a matrix of that many, and four times that where
  ///   columns are divided; of others nothing is known.
  /// - Throws: ``ModelError/Code/invalidArgument`` for a sample that makes an input infinite or not a number.
  package static func all(
    of weights: [WeightTensor], in graph: Graph, samples: [[String: Tensor]], limit: Int = 2304
  ) throws(ModelError) -> [ValueID: InputMoments] {
    var watched: [ValueID: [(weight: WeightTensor, node: any Operator)]] = [:]
    var moments: [ValueID: InputMoments] = [:]
    for weight in weights {
      guard let (node, input) = weight.product(in: graph),
        let groups = InputRows.groups(of: node, weights: weight.shape),
        let parts = parts(of: weight.columns, groups: groups, limit: limit)
      else { continue }
      watched[input, default: []].append((weight, node))
      moments[weight.value] = InputMoments(columns: weight.columns, parts: parts, groups: groups)
    }
    guard !watched.isEmpty else { return moments }
    let sessions = SampleSessions(graph)
    for (index, sample) in samples.enumerated() {
      try locating(Location(attribute: "sample \(index)")) { () throws(ModelError) in
        _ = try sessions.run(sample) { (id, tensor) throws(ModelError) in
          for (weight, node) in watched[id] ?? [] {
            let rows = try InputRows(node, weights: weight.shape, input: tensor, limit: Self.mostRows)
            guard rows.map({ moments[weight.value]?.add($0) ?? true }) ?? true else {
              throw ModelError(
                .invalidArgument, "the sample makes it infinite or not a number",
                at: Location(tensor: graph[id].name))
            }
          }
        }
      }
    }
    return moments.filter { $0.value.count > 0 }
  }

  /// The fewest equal parts of whole vectors of 16 columns that are small enough; nil if there are none.
  private static func parts(of columns: Int, groups: Int, limit: Int) -> Int? {
    (1...64).first { parts in
      let size = columns / parts
      guard parts > 1 else { return size <= limit && groups * columns * size <= limit * limit }
      return columns % (16 * parts) == 0 && size <= limit && groups * columns * size <= 4 * limit * limit
    }
  }

  /// One of the matrices in double precision, row by row.
  ///
  /// - Parameter isCentered: Whether its moments are those of the inputs less their means: what is left of an error of the weights
  ///   when the bias takes what it adds on average.
  func matrix(_ index: Int, isCentered: Bool) -> [Double] {
    var matrix = products[index * size * size..<(index + 1) * size * size].map(Double.init)
    guard isCentered else { return matrix }
    let sums = sums[index * size..<(index + 1) * size]
    for (row, first) in sums.enumerated() {
      for (column, second) in sums.enumerated() {
        matrix[row * size + column] -= first * second / Double(max(1, count))
      }
    }
    return matrix
  }

  /// What a difference of the weights, row by row, adds to the squares of the outputs over all samples, part by part.
  package func outputError(_ difference: [Float]) -> Double {
    let rows = difference.count / max(1, columns)
    var sum = 0.0
    for piece in 0..<rows * parts {
      let index = matrixIndex(row: piece / parts, of: rows, part: piece % parts)
      sum += outputError(difference[piece * size..<(piece + 1) * size], matrix: index, isCentered: false)
    }
    return sum
  }

  /// The same of a part of one row.
  func outputError(_ difference: ArraySlice<Float>, matrix index: Int, isCentered: Bool) -> Double {
    let size = size
    let error = products.withUnsafeBufferPointer { products in
      difference.withUnsafeBufferPointer { difference in
        var error = 0.0
        for first in 0..<size where difference[first] != 0 {
          let start = (index * size + first) * size
          let line = UnsafeBufferPointer(rebasing: products[start..<start + size])
          var sum: Float = 0
          for column in 0..<size { sum += line[column] * difference[column] }
          error += Double(difference[first]) * Double(sum)
        }
        return error
      }
    }
    guard isCentered else { return max(0, error) }
    let sum = zip(difference, sums[index * size..<(index + 1) * size]).reduce(0.0) {
      $0 + Double($1.0) * $1.1
    }
    return max(0, error - sum * sum / Double(max(1, count)))
  }

  /// Adds the products of rows; false if one is infinite or not a number.
  private mutating func add(_ rows: InputRows) -> Bool {
    count += rows.count
    for group in 0..<groups {
      var numbers: [Float] = []
      numbers.reserveCapacity(rows.count * columns)
      for row in 0..<rows.count { rows.append(row, group: group, to: &numbers) }
      guard numbers.allSatisfy(\.isFinite) else { return false }
      for (index, value) in numbers.enumerated() { sums[group * columns + index % columns] += Double(value) }
      for part in 0..<parts { add(numbers, part, to: group * parts + part) }
    }
    return true
  }

  /// Adds the products of a part of rows to one of the matrices.
  private mutating func add(_ rows: [Float], _ part: Int, to index: Int) {
    let (size, columns) = (size, columns)
    let (count, begin) = (rows.count / max(1, columns), part * size)
    products.withUnsafeMutableBufferPointer { products in
      rows.withUnsafeBufferPointer { rows in
        for first in 0..<size {
          let start = (index * size + first) * size
          let line = UnsafeMutableBufferPointer(rebasing: products[start..<start + size])
          for row in 0..<count {
            let place = row * columns + begin
            let values = UnsafeBufferPointer(rebasing: rows[place..<place + size])
            let factor = values[first]
            if factor == 0 { continue }
            for column in 0..<size { line[column] += factor * values[column] }
          }
        }
      }
    }
  }
}

extension WeightTensor {
  /// The operator that alone multiplies its input with the weights, row by row of their matrix, and that input.
  func product(in graph: Graph) -> (node: any Operator, input: ValueID)? {
    guard users.count == 1, case let node = graph[users[0]], node.inputs.count > 1,
      node.inputs[1] == value, let input = node.inputs[0]
    else { return nil }
    return (node.operator, input)
  }
}
