import Foundation
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct RangeEstimationTests {
  static let estimations: [RangeEstimation] = [
    .minMax, .movingAverage, .movingAverage(momentum: 0), .percentile(99), .entropy, .squaredError,
  ]

  /// Elements of several samples: some of nothing but zeros, some next to nothing, of sizes far apart.
  private func parts(_ generator: inout SeededGenerator) -> [[Float]] {
    (0..<12).map { part in
      if part == 3 { return [0, 0, 0] }
      if part == 5 { return [1e-45, -1e-45] }
      let reach = Float(generator.logUniform(in: 1e-3...1e3))
      return generator.floats(500, in: -reach...reach)
    }
  }

  /// Sums of uniform numbers, near a normal distribution, and a few far outside.
  static func bell(_ count: Int, outliers: Int, _ generator: inout SeededGenerator) -> [Float] {
    let body = (0..<count).map { _ in generator.floats(6).reduce(0, +) }
    return body + (0..<outliers).map { _ in Float.random(in: -30...30, using: &generator) }
  }

  static func distributions(_ generator: inout SeededGenerator) -> [[Float]] {
    let bell = bell(150_000, outliers: 50, &generator)
    return [
      bell, bell.map { max(0, $0) }, bell.map { min(6, max(-0.5, $0)) }, bell.map { -abs($0) },
      bell.map { abs($0) + 3 }, generator.floats(5000, in: -2...7),
      (0..<5000).map { _ in Float(generator.logUniform(in: 1e-4...100)) },
    ]
  }

  /// Processors share the samples, so that ranges must not depend on who saw which.
  @Test(arguments: estimations, Seed.fixedAndFresh)
  func rangesDoNotDependOnWhoSawWhat(estimation: RangeEstimation, seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let parts = parts(&generator)
    func range(_ groups: [[Int]], expecting count: Int? = nil) throws -> ClosedRange<Float> {
      var joined = estimation.observer(expecting: count)
      for group in groups {
        var observer = estimation.observer(expecting: count)
        for index in group { observer.observe(parts[index], inSample: index) }
        joined.join(observer)
      }
      return try #require(joined.range)
    }
    let order = Array(parts.indices)
    let all = try range([order])
    #expect(try range([Array(order[..<5]), Array(order[5...])]) == all)
    #expect(try range(order.reversed().map { [$0] }) == all)
    // What need not be counted makes no difference, whatever comes first.
    let count = parts.joined().count
    for _ in 0..<20 {
      let shuffled = order.shuffled(using: &generator)
      #expect(try range([shuffled], expecting: count) == all)
      #expect(try range([Array(shuffled[..<6]), Array(shuffled[6...])], expecting: count) == all)
    }
    #expect(try all.upperBound <= #require(parts.joined().max()))
    #expect(try all.lowerBound >= #require(parts.joined().min()))
  }

  @Test(arguments: estimations) func degenerateElementsHaveARange(estimation: RangeEstimation) throws {
    let greatest = Float.greatestFiniteMagnitude
    for elements in [
      [0], [0, 0], [-3], [5, 5], [1e-45], [greatest, -greatest], [greatest], [-1e-45, greatest],
    ] {
      var observer = estimation.observer(expecting: elements.count)
      #expect(observer.range == nil)
      observer.observe(elements)
      let range = try #require(observer.range, "\(elements)")
      #expect(try range.lowerBound >= #require(elements.min()), "\(elements) \(range)")
      #expect(try range.upperBound <= #require(elements.max()), "\(elements) \(range)")
      #expect(range.lowerBound.isFinite && range.upperBound.isFinite)
    }
  }

  @Test func aPercentileLeavesOutliersAway() {
    var observer = PercentileObserver(percentile: 99)
    var generator = SeededGenerator(Seed(4))
    for _ in 0..<100 { observer.observe(generator.floats(1000)) }
    observer.observe([1000])
    let range = observer.range ?? 0...0
    #expect(
      range.lowerBound > -1.3 && range.lowerBound < -0.9 && range.upperBound > 0.9 && range.upperBound < 1.3,
      "\(range)")
  }

  /// The ranges of a graph's values, whose samples several processors run, are the averages in the order of the samples.
  @Test(arguments: Seed.fixedAndFresh) func aMovingAverageIsInTheOrderOfTheSamples(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 8]))
    graph.addOutput(try graph.add(Negate(), x), name: "y")
    let samples = (0..<13).map { _ in ["x": Tensor(generator.floats(8), shape: [1, 8])] }
    let calibration = try Calibration(graph, samples: samples, estimation: .movingAverage(momentum: 0.7))
    var (lower, upper) = (0.0, 0.0)
    for (index, sample) in samples.enumerated() {
      let elements = try #require(sample["x"]).floats()
      let (least, greatest) = (Double(elements.min() ?? 0), Double(elements.max() ?? 0))
      let weight = index == 0 ? 1 : 1 - 0.7
      lower = index == 0 ? least : lower * 0.7 + weight * least
      upper = index == 0 ? greatest : upper * 0.7 + weight * greatest
    }
    #expect(calibration.ranges[x] == Float(lower)...Float(upper))
    #expect(calibration.ranges[graph.outputs[0].value] == Float(-upper)...Float(-lower))
  }

  @Test func textsAreReadAsTheyAreWritten() {
    for estimation in Self.estimations + [.percentile(100), .movingAverage(momentum: 0.999)] {
      #expect(RangeEstimation(estimation.description) == estimation)
    }
    #expect(RangeEstimation("moving-average") == .movingAverage(momentum: 0.95))
    for text in [
      "", "max", "mse 2", "entropy 128", "moving-average 1", "moving-average -0.1", "moving-average nan",
      "percentile", "percentile 50", "percentile 100.5", "percentile nan", "percentile 99 9",
    ] { #expect(RangeEstimation(text) == nil, "\(text)") }
  }
}

/// Both measures of a histogram, beside the same computed from each element.
@Suite struct HistogramMeasureTests {
  private func extremes(of elements: [Float]) -> ClosedRange<Float>? {
    elements.min().flatMap { least in elements.max().map { least...$0 } }
  }

  private func histogram(_ elements: [Float]) -> Histogram {
    var observer = HistogramObserver(choosing: { _ in nil })
    observer.observe(elements)
    return observer.histogram
  }

  /// Pairs of bins on either side of 0.
  private func ranges(_ histogram: Histogram, _ generator: inout SeededGenerator) throws -> [Range<Int>] {
    let occupied = try #require(histogram.occupied)
    let (low, high) = (
      min(occupied.lowerBound, histogram.middle), max(occupied.upperBound + 1, histogram.middle)
    )
    return [low..<high]
      + (0..<30).map { _ in
        Int.random(
          in: low...histogram.middle, using: &generator)..<Int.random(
            in: histogram.middle...high, using: &generator)
      }
  }

  /// The definition, from the elements themselves; infinite where elements are clamped to what rounds to nothing.
  private func divergence(_ elements: [Float], _ range: Range<Int>, width: Double, middle: Int) -> Double {
    guard range.count >= 128 else { return .infinity }
    var inside = [Double](repeating: 0, count: range.count)
    var clamped = inside
    var bins = elements.map { Int((Double($0) / width).rounded(.down)) + middle }
    // Zeros count no more than their neighbours.
    let neighbours = max(bins.count { $0 == middle - 1 }, bins.count { $0 == middle + 1 })
    let excess = bins.count { $0 == middle } - neighbours
    if excess > 0 {
      bins.removeAll { $0 == middle }
      bins += Array(repeating: middle, count: neighbours)
    }
    for bin in bins {
      if range.contains(bin) { inside[bin - range.lowerBound] += 1 }
      clamped[min(max(bin, range.lowerBound), range.upperBound - 1) - range.lowerBound] += 1
    }
    var spread = [Double](repeating: 0, count: range.count)
    for level in 0..<128 {
      let run = range.count * level / 128..<range.count * (level + 1) / 128
      let members = run.filter { clamped[$0] > 0 }
      let mass = run.reduce(0) { $0 + inside[$1] }
      for bin in members { spread[bin] = mass / Double(members.count) }
    }
    let (p, q) = (clamped.reduce(0, +), spread.reduce(0, +))
    guard q > 0 else { return .infinity }
    return zip(clamped, spread).reduce(0) { sum, pair in
      guard pair.0 > 0 else { return sum }
      return sum + pair.0 / p * log((pair.0 / p) / (pair.1 / q))
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func divergencesAreThoseOfTheElements(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    for elements in RangeEstimationTests.distributions(&generator) {
      let histogram = histogram(elements)
      let measure = Divergence(of: histogram)
      for range in try ranges(histogram, &generator) {
        let direct = divergence(elements, range, width: histogram.width, middle: histogram.middle)
        let own = measure(range)
        #expect(own == direct || abs(own - direct) < 1e-9, "\(range): \(own), \(direct)")
      }
    }
  }

  /// The least divergence is found among all pairs, of which some are tried here.
  @Test(arguments: Seed.fixedAndFresh) func noOtherRangeDivergesMuchLess(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    for elements in RangeEstimationTests.distributions(&generator) {
      var observer = RangeEstimation.entropy.observer(expecting: nil)
      observer.observe(elements)
      let range = try #require(observer.range)
      guard let histogram = histogram(elements).smoothed else {
        #expect(range == extremes(of: elements), "few elements are not clamped")
        continue
      }
      let occupied = try #require(histogram.occupied)
      func bin(_ edge: Float) -> Int {
        Int((Double(edge) / histogram.width).rounded(.down)) + histogram.middle
      }
      let isWidest = range.upperBound == histogram.extremes?.upperBound
      let end = isWidest ? occupied.upperBound + 1 : bin(range.upperBound)
      let chosen = min(histogram.middle, bin(range.lowerBound))..<max(histogram.middle, end)
      let measure = Divergence(of: histogram)
      let own = measure(chosen)
      for other in try ranges(histogram, &generator) {
        #expect(own <= measure(other) * 1.1 + 1e-9, "\(chosen): \(own), \(other): \(measure(other))")
      }
    }
  }

  /// The squared error of elements as int8, by the rules of TensorFlow Lite, in double.
  private func squaredError(
    _ elements: [Float], _ range: ClosedRange<Float>, isSymmetric: Bool = false
  ) -> Double {
    let (least, greatest) = (min(0, range.lowerBound), max(0, range.upperBound))
    let scale = isSymmetric ? max(-least, greatest) / 127 : (greatest - least) / 255
    let zeroPoint = isSymmetric ? 0 : Double((-128 - least / scale).rounded())
    return elements.reduce(0) { sum, element in
      let integer = max(-128, min(127, (Double(element) / Double(scale)).rounded() + zeroPoint))
      let error = Double(element) - (integer - zeroPoint) * Double(scale)
      return sum + error * error
    }
  }

  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func squaredErrorsAreNearThoseOfTheElements(seed: Seed, isSymmetric: Bool) throws {
    var generator = SeededGenerator(seed)
    let elements = RangeEstimationTests.bell(50_000, outliers: 10, &generator)
    let measure = SquaredError(of: histogram(elements), isSymmetric: isSymmetric)
    for _ in 0..<30 {
      let range =
        Float.random(in: -20 ... -0.1, using: &generator)...Float.random(in: 0.1...20, using: &generator)
      let (own, direct) = (measure(range), squaredError(elements, range, isSymmetric: isSymmetric))
      #expect(abs(own - direct) < 0.05 * direct, "\(range): \(own), \(direct)")
    }
  }

  /// The range found has an error next to the least that a search on the elements themselves finds.
  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func noOtherRangeHasAMuchSmallerError(seed: Seed, isSymmetric: Bool) throws {
    var generator = SeededGenerator(seed)
    for elements in RangeEstimationTests.distributions(&generator) {
      var observer = RangeEstimation.squaredError.observer(expecting: nil, isSymmetric: isSymmetric)
      observer.observe(elements)
      let range = try #require(observer.range)
      let own = squaredError(elements, range, isSymmetric: isSymmetric)
      let (least, greatest) = try (min(0, #require(elements.min())), max(0, #require(elements.max())))
      for _ in 0..<100 {
        let (a, b) = (generator.logUniform(in: 1e-2...1), generator.logUniform(in: 1e-2...1))
        let other = least * Float(a)...greatest * Float(b)
        let error = squaredError(elements, other, isSymmetric: isSymmetric)
        #expect(own <= 1.05 * error, "\(range): \(own), \(other): \(error)")
      }
    }
  }

  /// What TensorRT calibrates for: few elements far outside are clamped.
  @Test(arguments: [RangeEstimation.entropy, .squaredError])
  func outliersAreClamped(estimation: RangeEstimation) throws {
    var generator = SeededGenerator(Seed(6))
    let elements = RangeEstimationTests.bell(100_000, outliers: 0, &generator).map { max(0, $0) }
    var observer = estimation.observer(expecting: nil)
    observer.observe(elements + [8])
    let range = try #require(observer.range)
    #expect(range.lowerBound == 0 && range.upperBound > 3 && range.upperBound < 7.9, "\(range)")
  }

  /// What is infinite in places has no range; a sample that is so, or what is infinite throughout, is refused.
  @Test func infinitePlacesHaveNoRange() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [1, 4]))
    let mask = graph.addConstant(Tensor([0, -.infinity, 0, -.infinity] as [Float], shape: [1, 4]))
    let sum = try graph.add(Add(), x, mask)
    let shares = try graph.add(Softmax(), sum)
    graph.addOutput(shares, name: "y")
    let samples = (0..<8).map { ["x": Tensor([Float($0), 1, 2, 3], shape: [1, 4])] }
    for estimation in RangeEstimationTests.estimations {
      let calibration = try Calibration(graph, samples: samples, estimation: estimation)
      #expect(calibration.ranges[x] != nil && calibration.ranges[shares] != nil)
      #expect(calibration.ranges[sum] == nil)
      let (quantized, report) = try Int8Quantization().apply(to: graph, calibration: calibration)
      #expect(report.quantizedNodes == 2)
      let wanted: [Float] = try #require(try Session(Plan(graph)).run(samples[2])["y"]).floats()
      let found: [Float] = try #require(try Session(Plan(quantized)).run(samples[2])["y"]).floats()
      for (a, b) in zip(wanted, found) { #expect(abs(a - b) < 0.02) }
    }
    let infinite = ["x": Tensor([.infinity, 1, 2, 3] as [Float], shape: [1, 4])]
    #expect(throws: ModelError.self) { try Calibration(graph, samples: [infinite]) }
    var broken = graph
    broken.setConstant(mask, to: Constant(Tensor([Float](repeating: -.infinity, count: 4), shape: [1, 4])))
    #expect(throws: ModelError.self) { try Calibration(broken, samples: samples) }
  }
}
