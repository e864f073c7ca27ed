import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

/// Second moments of what weights are multiplied with, X Xᵀ, over calibration samples: what an error of the weights does to
/// the outputs follows from them, and the samples need not be kept.
package struct InputMoments: Sendable {
  /// The number of columns.
  package let size: Int
  /// `size · size` sums of products.
  package private(set) var products: [Float]
  private var sums: [Double]
  private var count = 0

  fileprivate init(size: Int) {
    self.size = size
    products = [Float](repeating: 0, count: size * size)
    sums = [Double](repeating: 0, count: size)
  }

  /// How many rows of inputs were seen.
  package var rowCount: Int { count }

  /// The mean of each column.
  package var means: [Float] { sums.map { Float($0 / Double(max(1, count))) } }

  /// The sum of the squares of each column, on average 1.
  package var importance: [Float] {
    let diagonal = (0..<size).map { max(products[$0 * size + $0], 0) }
    let mean = diagonal.reduce(0, +) / Float(max(1, size))
    guard mean > 0, mean.isFinite else { return [Float](repeating: 1, count: size) }
    // What no sample shows still counts a little.
    return diagonal.map { max($0 / mean, 1e-4) }
  }

  /// The moments of the inputs of every weight that has a matrix product or a convolution of its own, and at most `limit` columns.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` for a sample that makes an input infinite or not a number.
  package static func all(
    of weights: [WeightTensor], in graph: Graph, samples: [[String: Tensor]], limit: Int = 2304
  ) throws(ModelError) -> [ValueID: InputMoments] {
    var watched: [ValueID: [(weight: WeightTensor, patches: Patches)]] = [:]
    for weight in weights where weight.columns <= limit && weight.users.count == 1 {
      let node = graph[weight.users[0]]
      guard node.inputs.count > 1, node.inputs[1] == weight.value, let input = node.inputs[0],
        let patches = Patches(node.operator, weight)
      else { continue }
      watched[input, default: []].append((weight, patches))
    }
    var moments: [ValueID: InputMoments] = [:]
    guard !watched.isEmpty else { return moments }
    var sessions: [[String: [Int]]: Session] = [:]
    for (index, sample) in samples.enumerated() {
      let shapes = sample.mapValues(\.shape)
      let session: Session
      if let known = sessions[shapes] {
        session = known
      } else {
        session = Session(try Plan(graph, inputShapes: shapes))
        sessions[shapes] = session
      }
      try locating(Location(attribute: "sample \(index)")) { () throws(ModelError) in
        _ = try session.run(sample) { (id, tensor) throws(ModelError) in
          for (weight, patches) in watched[id] ?? [] {
            let rows = try patches.rows(of: tensor)
            guard rows.allSatisfy(\.isFinite) else {
              throw ModelError(
                .invalidArgument, "the sample makes it infinite or not a number",
                at: Location(tensor: graph[id].name))
            }
            moments[weight.value, default: InputMoments(size: weight.columns)].add(rows)
          }
        }
      }
    }
    return moments
  }

  /// Adds the products of rows of `size` numbers.
  fileprivate mutating func add(_ rows: [Float]) {
    let count = rows.count / max(1, size)
    guard count > 0 else { return }
    self.count += count
    for (index, value) in rows.enumerated() { sums[index % size] += Double(value) }
    products.withUnsafeMutableBufferPointer { products in
      rows.withUnsafeBufferPointer { rows in
        for first in 0..<size {
          let line = UnsafeMutableBufferPointer(rebasing: products[first * size..<(first + 1) * size])
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

/// What an operator multiplies its weights with: a row for each position of its result.
private struct Patches {
  private let convolution: Convolution?
  private let weight: WeightTensor
  /// The most rows of one sample; of more, every so many are taken.
  private static let mostRows = 512

  /// Nil for an operator whose weights have no matrix of inputs.
  init?(_ node: any Operator, _ weight: WeightTensor) {
    self.weight = weight
    switch node {
    case let convolution as Convolution:
      guard convolution.layout == .last, convolution.groups == 1, weight.axis == 0 else { return nil }
      self.convolution = convolution
    case is FullyConnected:
      convolution = nil
    case is MatrixMultiply where weight.shape.count == 2 && weight.axis == 1:
      convolution = nil
    default: return nil
    }
  }

  func rows(of input: Tensor) throws(ModelError) -> [Float] {
    let elements = try input.floats()
    guard let convolution else {
      let width = weight.columns
      return Self.some(of: elements.count / max(1, width)).flatMap { elements[$0 * width..<($0 + 1) * width] }
    }
    let window = try convolution.window(weights: weight.shape)
    let space = Array(input.shape[1..<input.rank - 1])
    guard let positions = Shape(try window.outputSizes(space.map { .fixed($0) })).fixed else { return [] }
    let (begins, channels) = (window.begins(space), input.shape[input.rank - 1])
    let (strides, places) = (Tensor.strides(of: space), Tensor.strides(of: positions))
    let (inner, outer) = (space.reduce(1, *), positions.reduce(1, *))
    var rows: [Float] = []
    for position in Self.some(of: input.shape[0] * outer) {
      forEachIndex(window.size) { element in
        var offset = position / outer * inner
        let isInside = space.indices.allSatisfy { axis in
          let place = position % outer / places[axis] % positions[axis]
          let at = place * window.strides[axis] + element[axis] * window.dilations[axis] - begins[axis]
          offset += at * strides[axis]
          return (0..<space[axis]).contains(at)
        }
        rows +=
          isInside
          ? elements[offset * channels..<(offset + 1) * channels]
          : ArraySlice(repeating: 0, count: channels)
      }
    }
    return rows
  }

  /// Some of so many rows, evenly.
  private static func some(of count: Int) -> [Int] {
    let taken = min(count, mostRows)
    return (0..<taken).map { $0 * count / taken }
  }
}
