/// How much an input may ask for before it is refused.
///
/// Every count and size that comes from bytes is checked against these before anything is allocated.
public struct Limits: Hashable, Sendable {
  /// The largest file that is opened, in bytes.
  public var fileSize: Int
  /// The memory that the structures parsed from a file may take, in bytes; tensors' data is not counted.
  public var structureSize: Int
  /// How deep messages, groups and subgraphs may nest.
  public var depth: Int
  /// The number of elements of a list that a format stores (nodes, tensors, attributes).
  public var count: Int
  /// The largest rank of a tensor.
  public var rank: Int
  /// The largest size of one tensor that is computed or decoded, in bytes.
  public var tensorSize: Int
  /// The bytes that the compressed members of one archive may expand to, together.
  public var inflatedSize: Int

  /// Creates limits; the defaults fit every model that a workstation can hold.
  public init(
    fileSize: Int = 1 << 46, structureSize: Int = 1 << 30, depth: Int = 64, count: Int = 1 << 24,
    rank: Int = 32, tensorSize: Int = 1 << 36, inflatedSize: Int = 1 << 33
  ) {
    self.fileSize = fileSize
    self.structureSize = structureSize
    self.depth = depth
    self.count = count
    self.rank = rank
    self.tensorSize = tensorSize
    self.inflatedSize = inflatedSize
  }

  /// The limits that hold where none are given.
  public static let standard = Limits()
}
