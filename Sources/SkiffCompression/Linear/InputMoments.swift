import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// Second moments of what weights are multiplied with, X Xᵀ, over calibration samples: what an error of the weights does to
/// the outputs follows from them, and the samples need not be kept. A grouped convolution has a matrix for each group.
package struct InputMoments: Sendable {
  /// The number of columns: the weights of an output.
  package let size: Int
  /// The groups that rows of weights are divided into, in order.
  package let groups: Int
  /// For each group `size · size` sums of products.
  package private(set) var products: [Float]
  /// For each group `size` sums.
  private var sums: [Double]
  private var count = 0

  /// The most rows of one sample; of more, every so many are taken.
  private static let mostRows = 512

  fileprivate init(size: Int, groups: Int) {
    (self.size, self.groups) = (size, groups)
    products = [Float](repeating: 0, count: groups * size * size)
    sums = [Double](repeating: 0, count: groups * size)
  }

  /// How many rows of inputs were seen of each group.
  package var rowCount: Int { count }

  /// The mean of each column, group by group.
  package var means: [Float] { sums.map { Float($0 / Double(max(1, count))) } }

  /// The sum of the squares of each column, group by group; on average 1.
  package var importance: [Float] {
    let diagonal = (0..<groups * size).map { max(products[$0 * size + $0 % size], 0) }
    let mean = diagonal.reduce(0, +) / Float(max(1, diagonal.count))
    guard mean > 0, mean.isFinite else { return [Float](repeating: 1, count: diagonal.count) }
    // What no sample shows still counts a little.
    return diagonal.map { max($0 / mean, 1e-4) }
  }

  /// The moments of the inputs of every weight that has a matrix product or a convolution of its own, and of at most `limit` columns;
  /// those of all groups take no more than those of that many columns.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` for a sample that makes an input infinite or not a number.
  package static func all(
    of weights: [WeightTensor], in graph: Graph, samples: [[String: Tensor]], limit: Int = 2304
  ) throws(ModelError) -> [ValueID: InputMoments] {
    var watched: [ValueID: [(weight: WeightTensor, node: any Operator)]] = [:]
    var moments: [ValueID: InputMoments] = [:]
    for weight in weights {
      guard let (node, input) = weight.product(in: graph),
        let groups = InputRows.groups(of: node, weights: weight.shape),
        weight.columns <= limit, groups * weight.columns * weight.columns <= limit * limit
      else { continue }
      watched[input, default: []].append((weight, node))
      moments[weight.value] = InputMoments(size: weight.columns, groups: groups)
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

  /// The moments of a group in double precision, row by row.
  ///
  /// - Parameter isCentered: Whether they are those of the inputs less their means: what is left of an error of the weights when
  ///   the bias takes what it adds on average.
  func matrix(group: Int, isCentered: Bool) -> [Double] {
    var matrix = products[group * size * size..<(group + 1) * size * size].map(Double.init)
    guard isCentered else { return matrix }
    let sums = sums[group * size..<(group + 1) * size]
    for (row, first) in sums.enumerated() {
      for (column, second) in sums.enumerated() {
        matrix[row * size + column] -= first * second / Double(max(1, count))
      }
    }
    return matrix
  }

  /// What a difference of the weights, row by row, adds to the squares of the outputs over all samples.
  package func outputError(_ difference: [Float]) -> Double {
    let rows = difference.count / max(1, size)
    return (0..<rows).reduce(0.0) { sum, row in
      sum
        + outputError(
          difference[row * size..<(row + 1) * size], group: row * groups / rows, isCentered: false)
    }
  }

  /// The same of one row of a group.
  func outputError(_ difference: ArraySlice<Float>, group: Int, isCentered: Bool) -> Double {
    let size = size
    let error = products.withUnsafeBufferPointer { products in
      difference.withUnsafeBufferPointer { difference in
        var error = 0.0
        for first in 0..<size where difference[first] != 0 {
          let start = (group * size + first) * size
          let line = UnsafeBufferPointer(rebasing: products[start..<start + size])
          var sum: Float = 0
          for column in 0..<size { sum += line[column] * difference[column] }
          error += Double(difference[first]) * Double(sum)
        }
        return error
      }
    }
    guard isCentered else { return max(0, error) }
    let sum = zip(difference, sums[group * size..<(group + 1) * size]).reduce(0.0) {
      $0 + Double($1.0) * $1.1
    }
    return max(0, error - sum * sum / Double(max(1, count)))
  }

  /// Adds the products of rows; false if one is infinite or not a number.
  private mutating func add(_ rows: InputRows) -> Bool {
    count += rows.count
    for group in 0..<groups {
      var numbers: [Float] = []
      numbers.reserveCapacity(rows.count * size)
      for row in 0..<rows.count { rows.append(row, group: group, to: &numbers) }
      guard numbers.allSatisfy(\.isFinite) else { return false }
      for (index, value) in numbers.enumerated() { sums[group * size + index % size] += Double(value) }
      add(numbers, to: group)
    }
    return true
  }

  /// Adds the products of rows of `size` numbers.
  private mutating func add(_ rows: [Float], to group: Int) {
    let (size, count) = (size, rows.count / max(1, size))
    products.withUnsafeMutableBufferPointer { products in
      rows.withUnsafeBufferPointer { rows in
        for first in 0..<size {
          let start = (group * size + first) * size
          let line = UnsafeMutableBufferPointer(rebasing: products[start..<start + size])
          for row in 0..<count {
            let values = UnsafeBufferPointer(rebasing: rows[row * size..<(row + 1) * size])
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
