import SkiffBinary
import SkiffCompression
import SkiffIR

/// What was seen of one value of a candidate beside the value of the reference that it stands for.
struct ValueRecord: Sendable {
  /// Both sides of one channel, along the last axis of the candidate.
  struct Channel: Sendable {
    var reference = 0.0
    var candidate = 0.0
    var product = 0.0
    var greatest = 0.0
  }

  private(set) var metrics: OutputMetrics
  private(set) var channels: [Channel] = []
  private(set) var range: RangeUse?
  private(set) var spread = ValueSpread()
  /// How the axes of the reference's value are ordered in the candidate; nil if they are as they were.
  private(set) var order: [Int]?

  init(name: String) { metrics = OutputMetrics(name: name) }

  /// The energy of the error as a part of the energy of the signal.
  var noise: Double {
    metrics.incomparableCount > 0 ? .infinity : noiseRatio(ofDecibels: metrics.signalToNoise)
  }

  /// The same if each channel were multiplied by the factor that suits it the best.
  var noiseBesideScales: Double {
    let signal = channels.reduce(0) { $0 + $1.reference }
    guard signal > 0 else { return noise }
    let error = channels.reduce(0.0) { sum, channel in
      guard channel.candidate > 0 else { return sum + channel.reference }
      return sum + max(0, channel.reference - channel.product * channel.product / channel.candidate)
    }
    return error / signal
  }

  /// The range of the widest channel as a multiple of the middle one's.
  var channelSpread: Double {
    let ranges = channels.map(\.greatest).filter { $0 > 0 }.sorted()
    guard ranges.count >= 4, let widest = ranges.last else { return 1 }
    return widest / ranges[ranges.count / 2]
  }

  /// Adds what one run gave; where sizes allow two orders of the axes, the nearer one counts.
  mutating func add(
    reference: Tensor, candidate: Tensor, orders: ValuePairs.Order
  ) throws(ModelError) {
    let found = try candidate.dequantizedIfNeeded()
    guard reference.dataType.isComparable, found.dataType.isComparable else { return }
    var best: (metrics: OutputMetrics, expected: Tensor, order: [Int]?)?
    for (expected, order) in try orders.ordered(reference.dequantizedIfNeeded(), like: candidate) {
      var metrics = OutputMetrics(name: metrics.name)
      try metrics.add(reference: expected, candidate: found)
      if best.map({ metrics.signalToNoise > $0.metrics.signalToNoise }) ?? true {
        best = (metrics, expected, order)
      }
    }
    guard let best else { return }
    order = best.order
    metrics.join(best.metrics)
    let (a, b) = (try best.expected.floats(), try found.floats())
    spread.add(reference: a, candidate: b)
    addChannels(a, b, width: found.rank >= 2 ? found.shape[found.rank - 1] : 1)
    if let parameters = candidate.quantization?.perTensor, candidate.dataType.bitWidth <= 16 {
      range = range ?? RangeUse()
      range?.add(
        codes: try candidate.integers(), reference: a, in: candidate.dataType.integerRange(), parameters)
    }
  }

  private mutating func addChannels(_ a: [Float], _ b: [Float], width: Int) {
    guard width > 0, channels.isEmpty || channels.count == width else { return }
    if channels.isEmpty { channels = Array(repeating: Channel(), count: width) }
    channels.withUnsafeMutableBufferPointer { channels in
      for start in stride(from: 0, to: a.count, by: width) {
        for channel in 0..<width {
          let (x, y) = (Double(a[start + channel]), Double(b[start + channel]))
          guard x.isFinite, y.isFinite else { continue }
          channels[channel].reference += x * x
          channels[channel].candidate += y * y
          channels[channel].product += x * y
          channels[channel].greatest = max(channels[channel].greatest, abs(x))
        }
      }
    }
  }
}

/// How the elements of a value are spread, in the source and now.
public struct ValueSpread: Sendable {
  private(set) var reference = Histogram()
  private(set) var candidate = Histogram()

  mutating func add(reference: [Float], candidate: [Float]) {
    self.reference.add(finite: reference)
    self.candidate.add(finite: candidate)
  }
}

/// How the elements of a value use the integers that they can be.
public struct RangeUse: Sendable {
  /// The number of elements.
  public private(set) var count = 0
  /// The elements whose real number lies beyond the least or the greatest integer by half a step or more.
  public private(set) var saturated = 0
  private var least = Int.max
  private var greatest = Int.min
  private var size = 1

  /// The share of the elements that are saturated.
  public var saturatedShare: Double { count == 0 ? 0 : Double(saturated) / Double(count) }
  /// The share of the integers that lie outside of those that occur.
  public var unusedShare: Double {
    count == 0 ? 0 : 1 - Double(greatest - least + 1) / Double(size)
  }

  mutating func add(
    codes: [Int], reference: [Float], in range: ClosedRange<Int>, _ parameters: (scale: Float, zeroPoint: Int)
  ) {
    size = range.count
    count += codes.count
    let half = parameters.scale / 2
    let lower = Float(range.lowerBound - parameters.zeroPoint) * parameters.scale - half
    let upper = Float(range.upperBound - parameters.zeroPoint) * parameters.scale + half
    for (code, real) in zip(codes, reference) {
      (least, greatest) = (min(least, code), max(greatest, code))
      if code == range.lowerBound && real < lower || code == range.upperBound && real > upper {
        saturated += 1
      }
    }
  }
}

extension DataType {
  /// Whether elements are real numbers, integers or truth values.
  fileprivate var isComparable: Bool { isFloatingPoint || isInteger || self == .boolean }
}
