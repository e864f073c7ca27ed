/// Something that was noticed of a model or of samples, and what to do about it.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
  /// What was noticed, for programs.
  public struct Kind: Hashable, Sendable, RawRepresentable {
    /// A stable, lower-case name.
    public let rawValue: String

    /// Creates a kind from its stable name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Elements lie beyond what the integers of a value hold.
    public static let saturated = Kind(rawValue: "saturated")
    /// Most of the integers of a value never occur.
    public static let unusedRange = Kind(rawValue: "unused-range")
    /// One scale for weights whose channels have ranges that differ much.
    public static let sharedScale = Kind(rawValue: "shared-scale")
    /// Weights have few bits.
    public static let fewBits = Kind(rawValue: "few-bits")
    /// One scale for a value whose channels have ranges that differ much.
    public static let unevenChannels = Kind(rawValue: "uneven-channels")
    /// An operator adds much of the noise.
    public static let costly = Kind(rawValue: "costly")
    /// Many operators add a little noise each, and an output has lost too much.
    public static let spread = Kind(rawValue: "spread")
    /// Integers of an operator are others in another runtime.
    public static let rounding = Kind(rawValue: "rounding")

    /// Ranges of values are not known well after so many samples.
    public static let tooFewSamples = Kind(rawValue: "too-few-samples")
    /// Samples are there more than once.
    public static let repeatedSamples = Kind(rawValue: "repeated-samples")
    /// Very few elements decide the range of a value.
    public static let outlier = Kind(rawValue: "outlier")
    /// An input is the same number throughout.
    public static let constantInput = Kind(rawValue: "constant-input")
    /// A channel of an input is the same number throughout.
    public static let constantChannel = Kind(rawValue: "constant-channel")
    /// A value inside is the same number throughout.
    public static let constantValue = Kind(rawValue: "constant-value")
    /// Values are not as the statistics of a normalization say.
    public static let normalization = Kind(rawValue: "normalization")
    /// Values agree better with the statistics of a normalization with the channels of the input in reverse.
    public static let channelOrder = Kind(rawValue: "channel-order")
    /// An element is infinite or not a number.
    public static let notFinite = Kind(rawValue: "not-finite")
    /// All samples are of one class.
    public static let oneClass = Kind(rawValue: "one-class")
  }

  /// What was noticed.
  public let kind: Kind
  /// The operator, value or input; empty if it is all of them.
  public let place: String
  /// What was noticed, with its figures.
  public let message: String
  /// What to do about it.
  public let remedy: String

  init(_ kind: Kind, at place: String = "", _ message: String, remedy: String) {
    (self.kind, self.place, self.message, self.remedy) = (kind, place, message, remedy)
  }

  /// A line for people.
  public var description: String { (place.isEmpty ? "" : "'\(place)': ") + "\(message): \(remedy)" }
}

extension Double {
  /// A share in percent, with three digits.
  var percentText: String { "\((100 * self).shortText) %" }

  /// The number with three digits that count.
  var shortText: String {
    guard self != 0, isFinite else { return self == 0 ? "0" : "\(self)" }
    var unit = 1.0
    var size = magnitude
    while size < 100, unit < 1e12 { (size, unit) = (size * 10, unit * 10) }
    let rounded = (self * unit).rounded() / unit
    return rounded.magnitude >= 100 && rounded.magnitude < 1e15 ? "\(Int(rounded))" : "\(rounded)".trimmed
  }
}

extension String {
  /// Without the fraction of a whole number.
  fileprivate var trimmed: String { hasSuffix(".0") ? String(dropLast(2)) : self }
}
