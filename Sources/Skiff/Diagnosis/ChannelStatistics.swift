import SkiffBinary
import SkiffIR

/// What the elements of one channel are, over all samples.
public struct ChannelStatistics: Sendable {
  /// The mean.
  public private(set) var mean = 0.0
  /// The least element.
  public private(set) var least = Double.infinity
  /// The greatest element.
  public private(set) var greatest = -Double.infinity
  private var count = 0.0
  private var squares = 0.0

  /// The variance.
  public var variance: Double { count == 0 ? 0 : squares / count }
  /// The standard deviation.
  public var deviation: Double { variance.squareRoot() }
  /// Whether all elements are equal.
  public var isConstant: Bool { least == greatest }

  /// Adds an element (Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", 1962).
  private mutating func add(_ element: Double) {
    count += 1
    let distance = element - mean
    mean += distance / count
    squares += distance * (element - mean)
    (least, greatest) = (min(least, element), max(greatest, element))
  }

  /// The statistics of each channel of tensors that have as many along the axis; nil is one channel of all elements.
  static func of(_ tensors: [Tensor], axis: Int?) throws(ModelError) -> [ChannelStatistics] {
    let size = axis.flatMap { axis in tensors.first.map { $0.shape[axis] } } ?? 1
    var channels = Array(repeating: ChannelStatistics(), count: size)
    guard size > 0 else { return channels }
    for tensor in tensors where tensor.count > 0 {
      let inner = axis.map { tensor.shape[($0 + 1)...].reduce(1, *) } ?? tensor.count
      for (index, element) in try tensor.doubles().enumerated() {
        channels[index / inner % size].add(element)
      }
    }
    return channels
  }
}

/// What the samples of one input of real numbers are.
public struct InputStatistics: Sendable, CustomStringConvertible {
  /// The name of the input.
  public let name: String
  /// The channels: along the second axis where the model has them first, else along the last one.
  public let channels: [ChannelStatistics]
  /// The axis of the channels; nil for an input of less than two axes, which is one channel.
  let axis: Int?

  /// - Parameter tensors: The input in each sample, all finite.
  init(name: String, _ tensors: [Tensor], hasChannelsFirst: Bool) throws(ModelError) {
    let rank = tensors.first?.rank ?? 0
    let axis = rank < 2 ? nil : rank > 2 && hasChannelsFirst ? 1 : rank - 1
    // Samples whose channels are not as many have none to tell of.
    let isSame = axis.map { axis in Set(tensors.map { $0.shape[axis] }).count == 1 } ?? true
    self.name = name
    self.axis = isSame ? axis : nil
    channels = try ChannelStatistics.of(tensors, axis: self.axis)
  }

  /// The input in words: its range, and mean and deviation of each of a few channels.
  public var description: String {
    let (least, greatest) = (channels.map(\.least).min() ?? 0, channels.map(\.greatest).max() ?? 0)
    let figures =
      channels.count > 4
      ? ""
      : "; mean and deviation "
        + channels.map { "\($0.mean.shortText) ± \($0.deviation.shortText)" }.joined(separator: ", ")
    return "\(least.shortText) to \(greatest.shortText)\(figures)"
  }
}
