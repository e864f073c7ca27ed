/// The one error that Skiff throws: what is wrong, and where.
///
/// Inner layers throw what they know (a byte offset, an attribute); outer layers add their step with
/// ``located(_:)``, which never overwrites what is already known.
public struct ModelError: Error, Hashable, Sendable {
  /// The kind of error, for programs; ``message`` is for people.
  public struct Code: Hashable, Sendable, RawRepresentable {
    /// A stable, lower-case name.
    public let rawValue: String

    /// Creates a code from its stable name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Bytes end before the structure they hold does.
    public static let truncated = Code(rawValue: "truncated")
    /// Bytes or attributes contradict the specification of their format.
    public static let malformed = Code(rawValue: "malformed")
    /// Well-formed, but beyond what Skiff can do.
    public static let unsupported = Code(rawValue: "unsupported")
    /// Larger than ``Limits`` allows.
    public static let limitExceeded = Code(rawValue: "limit-exceeded")
    /// A graph that breaks one of its own rules.
    public static let invalidGraph = Code(rawValue: "invalid-graph")
    /// An argument of a call or a command that makes no sense.
    public static let invalidArgument = Code(rawValue: "invalid-argument")
    /// The operating system refused.
    public static let inputOutput = Code(rawValue: "input-output")
    /// A comparison or a certificate did not hold.
    public static let checkFailed = Code(rawValue: "check-failed")
  }

  /// The kind of error.
  public var code: Code
  /// One sentence without a final full stop.
  public var message: String
  /// Where it happened, as far as it is known.
  public var location: Location
  /// Further facts, each a sentence.
  public var notes: [String]

  /// Creates an error; outer layers complete its location.
  public init(_ code: Code, _ message: String, at location: Location = Location(), notes: [String] = []) {
    self.code = code
    self.message = message
    self.location = location
    self.notes = notes
  }

  /// The same error with every part of `outer` that its location does not know yet.
  public func located(_ outer: Location) -> ModelError {
    var copy = self
    copy.location.complete(with: outer)
    return copy
  }
}

/// Runs `body` and adds `location` to whatever error it throws.
@inlinable
public func locating<Result: ~Copyable>(
  _ location: @autoclosure () -> Location, _ body: () throws(ModelError) -> Result
) throws(ModelError) -> Result {
  do throws(ModelError) {
    return try body()
  } catch {
    throw error.located(location())
  }
}
