import SkiffBinary

/// Something that a user should know, though the work went on.
public struct Warning: Hashable, Sendable, CustomStringConvertible {
  /// One sentence without a final full stop.
  public var message: String
  /// Where it was noticed.
  public var location: Location

  /// Creates a warning.
  public init(_ message: String, at location: Location = Location()) {
    self.message = message
    self.location = location
  }

  /// The warning as a compiler prints one.
  public var description: String {
    let place = location.description
    return place.isEmpty ? "warning: \(message)" : "\(place): warning: \(message)"
  }
}
