import SkiffBinary

/// What every Skiff edge file has in common: `docs/formats/skiff.md` is the specification.
public enum EdgeFormat {
  /// The version that is written, and the only one that is read.
  public static let version: UInt32 = 1

  /// Whether a file that begins with `prefix` (8 bytes or more) is a Skiff edge file of any version.
  public static func recognizes(_ prefix: ByteRegion) -> Bool {
    prefix.withBytes { $0.starts(with: magic) }
  }

  /// The first and the last 8 bytes of a file: not text, and damaged by programs that change the ends of lines.
  static let magic: [UInt8] = [0x89, 0x53, 0x4B, 0x49, 0x46, 0x46, 0x0D, 0x0A]
  /// The feature of files with constants that are stored in another type than their own.
  static let storedTypes = "stored-types"
  /// The feature of files with segments that share a digest.
  static let sharedDigest = "shared-digest"
  /// The features that are read.
  static let features: Set = [storedTypes, sharedDigest]
  /// Segments of fewer bytes share a digest where that is wanted.
  static let ownDigestSize = 4096
  /// What the offsets of large segments, graph and footer are multiples of.
  static let alignment = 64
  /// The bytes of the header, and of the footer.
  static let frameSize = 64

  /// What begins of segments are multiples of.
  static let alignments = [1, 8, alignment]

  /// The first multiple of `alignment` from `count` on; `count` itself beyond `Int`.
  static func room(for count: Int, alignment: Int) -> Int {
    let (sum, overflow) = count.addingReportingOverflow(alignment - 1)
    return overflow ? count : sum / alignment * alignment
  }
}
