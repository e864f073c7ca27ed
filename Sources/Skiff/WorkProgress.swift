/// How far a step that takes its time has come.
public struct WorkProgress: Hashable, Sendable {
  /// What is being done, for example `calibrating`.
  public let step: String
  /// The runs that are done.
  public let completed: Int
  /// The runs that there are.
  public let total: Int

  /// A function that is told of progress after each run, from whatever thread it was done by, one at a time.
  public typealias Observer = @Sendable (WorkProgress) -> Void
}
