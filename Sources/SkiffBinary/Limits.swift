#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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

  /// Creates limits; the defaults fit every model that the machine can hold.
  public init(
    fileSize: Int = 1 << 46, structureSize: Int = 1 << 30, depth: Int = 64, count: Int = 1 << 24,
    rank: Int = 32, tensorSize: Int = largestTensor, inflatedSize: Int = 1 << 33
  ) {
    self.fileSize = fileSize
    self.structureSize = structureSize
    self.depth = depth
    self.count = count
    self.rank = rank
    self.tensorSize = tensorSize
    self.inflatedSize = inflatedSize
  }

  /// 64 GiB, or the memory of the machine if that is less: a larger tensor could only be refused by the system, which
  /// ends the process.
  public static let largestTensor: Int = {
    let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
    let (memory, overflow) = pages.multipliedReportingOverflow(by: size)
    return pages > 0 && size > 0 && !overflow ? min(1 << 36, memory) : 1 << 32
  }()

  /// The limits that hold where none are given.
  public static let standard = Limits()

  /// The limits of the computation that runs now; kernels, which no caller gives any, keep to these.
  @TaskLocal public static var current = standard
}
