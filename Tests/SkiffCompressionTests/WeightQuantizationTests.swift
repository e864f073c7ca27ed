import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Weights are stored as integers whose groups are numbered as ``QuantizationParameters`` says, whichever axis the outputs have.
@Suite struct WeightQuantizationTests {
  private typealias Settings = WeightCompression.Settings

  /// Weights of an operator, and the axes of their outputs and of their blocks.
  struct Place: Sendable, CustomTestStringConvertible {
    let input: [Int]
    let shape: [Int]
    let product: any Operator
    let outputs: Int
    let blocks: Int

    var testDescription: String { "\(type(of: product).name) \(shape)" }

    func subject(_ weights: [Float]) throws -> WeightSubject {
      var subject = WeightSubject(input: input)
      try subject.add(product, Tensor(weights, shape: shape))
      return subject
    }

    /// The group of an element, counted plainly.
    func group(_ element: Int, _ granularity: WeightQuantization.Granularity) -> Int {
      var index = shape
      var rest = element
      for axis in shape.indices.reversed() {
        index[axis] = rest % shape[axis]
        rest /= shape[axis]
      }
      switch granularity {
      case .tensor: return 0
      case .channel: return index[outputs]
      // Blocks of single weights are not made.
      case .block where shape[blocks] == 1: return index[outputs]
      case .block(let size):
        var sizes = shape
        index[blocks] /= size
        sizes[blocks] = (sizes[blocks] + size - 1) / size
        return sizes.indices.reduce(0) { $0 * sizes[$1] + index[$1] }
      }
    }
  }

  private static func convolution(groups: Int = 1) -> Convolution {
    var convolution = Convolution()
    (convolution.layout, convolution.groups) = (.last, groups)
    return convolution
  }

  private static var transposed: MatrixMultiply {
    var product = MatrixMultiply()
    product.transposesB = true
    return product
  }

  static let places = [
    Place(input: [1, 19], shape: [6, 19], product: FullyConnected(), outputs: 0, blocks: 1),
    Place(input: [1, 19], shape: [19, 6], product: MatrixMultiply(), outputs: 1, blocks: 0),
    Place(input: [2, 3, 19], shape: [2, 19, 5], product: MatrixMultiply(), outputs: 2, blocks: 1),
    Place(input: [2, 3, 19], shape: [2, 5, 19], product: transposed, outputs: 1, blocks: 2),
    Place(input: [1, 5, 5, 7], shape: [4, 3, 2, 7], product: convolution(), outputs: 0, blocks: 3),
    Place(input: [1, 5, 5, 6], shape: [6, 3, 3, 1], product: convolution(groups: 6), outputs: 0, blocks: 3),
  ]
  static let granularities: [WeightQuantization.Granularity] = [
    .tensor, .channel, .block(1), .block(4), .block(19), .block(1000),
  ]

  @Test(arguments: places, Seed.fixedAndFresh)
  func eachWeightIsAnIntegerOfItsScale(place: Place, seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let count = place.shape.reduce(1, *)
    for granularity in Self.granularities {
      for (bits, isSymmetric) in (2...8).flatMap({ [($0, true), ($0, false)] }) {
        var weights = generator.weights(count)
        // Zeros, a group that has none but positive ones, and one of zeros alone.
        for index in stride(from: 0, to: count, by: 5) { weights[index] = 0 }
        for index in weights.indices {
          switch place.group(index, .channel) {
          case 1: weights[index] = 0
          case 2: weights[index] = abs(weights[index])
          default: break
          }
        }
        let subject = try place.subject(weights)
        let settings = Settings.integers(bits) {
          ($0.granularity, $0.isSymmetric, $0.clips) = (granularity, isSymmetric, false)
        }
        let (graph, _) = try subject.compressed(settings)
        let (codes, parameters) = try WeightSubject.integers(subject.weights[0], in: graph)
        let found = try WeightSubject.elements(subject.weights[0], in: graph)
        let comment: Comment = "\(bits) bits, \(granularity), \(isSymmetric)"
        #expect(parameters.scales.allSatisfy { $0.bitPattern & 0xFFFF == 0 })
        let half = 1 << (bits - 1)
        let range = isSymmetric ? 1 - half...half - 1 : -half...half - 1
        for index in weights.indices {
          let group = place.group(index, granularity)
          let (scale, zeroPoint) = (parameters.scales[group], parameters.zeroPoints[group])
          #expect(range.contains(codes[index]), comment)
          #expect(found[index] == Float(codes[index] - zeroPoint) * scale, comment)
          #expect(abs(found[index] - weights[index]) <= scale * 0.50001, comment)
          if weights[index] == 0 { #expect(found[index] == 0, comment) }
          if isSymmetric { #expect(zeroPoint == 0) }
        }
        // The scales are no larger than they must be.
        let groups = Dictionary(grouping: weights.indices) { place.group($0, granularity) }
        for (group, members) in groups {
          let extremes = members.map { weights[$0] } + [0]
          let (least, greatest) = (extremes.min() ?? 0, extremes.max() ?? 0)
          let wanted =
            isSymmetric ? max(-least, greatest) / Float(half - 1) : (greatest - least) / Float(2 * half - 1)
          #expect(parameters.scales[group] >= wanted * 0.99999, comment)
          #expect(parameters.scales[group] <= wanted * (1 + 1 / 128), comment)
        }
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh, [true, false])
  func clippingLowersTheError(seed: Seed, isSymmetric: Bool) throws {
    var generator = SeededGenerator(seed)
    for bits in 2...8 {
      var weights = generator.weights(8 * 100)
      for row in 0..<8 { weights[row * 100 + row] = 2.5 }
      let subject = try WeightSubject.dense(Tensor(weights, shape: [8, 100]))
      func errors(_ clips: Bool) throws -> [Double] {
        let found = try subject.changed(.integers(bits) { ($0.clips, $0.isSymmetric) = (clips, isSymmetric) })
        return (0..<8).map { row in
          let places = row * 100..<row * 100 + 100
          return squaredError(Array(weights[places]), Array(found[places]))
        }
      }
      let (with, without) = (try errors(true), try errors(false))
      #expect(zip(with, without).allSatisfy { $0 <= $1 }, "\(bits) bits: \(with) \(without)")
      if (3...4).contains(bits) { #expect(with.reduce(0, +) < without.reduce(0, +)) }
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func importanceCountsTheInputs(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(30 * 12)
    let values = generator.correlated(50, columns: 12)
    let subject = try WeightSubject.dense(Tensor(weights, shape: [30, 12]), samples: 50)
    let squares = (0..<12).map { column in
      stride(from: column, to: 600, by: 12).reduce(Float(0)) { $0 + values[$1] * values[$1] }
    }
    let plain = try subject.changed(.integers(3))
    let aware = try subject.changed(
      .integers(3).with { $0.importance = .inputs }, samples: [Tensor(values, shape: [50, 12])])
    #expect(
      squaredError(weights, aware, importance: squares) < squaredError(weights, plain, importance: squares))
  }

  /// The greatest and the least numbers there are.
  @Test func extremesAreNumbersOrRefused() throws {
    for magnitude in [
      Float.leastNonzeroMagnitude, .leastNormalMagnitude / 1000, .leastNormalMagnitude, 1e38, 3.3e38,
    ] {
      let weights = [magnitude, -magnitude, magnitude / 2, 0, -magnitude / 3, magnitude]
      let subject = try WeightSubject.dense(Tensor(weights, shape: [2, 3]))
      for (bits, isSymmetric) in [(8, true), (8, false), (4, true), (2, false)] {
        let found = try subject.changed(.integers(bits) { $0.isSymmetric = isSymmetric })
        let step = magnitude / Float(1 << (bits - 1))
        #expect(
          zip(weights, found).allSatisfy { abs($0 / 2 - $1 / 2) <= max(step * 1.1, .leastNormalMagnitude) },
          "\(magnitude): \(found)")
      }
    }
  }
}
