import SkiffBinary

/// Something that finds out what an HDF5 file holds.
///
/// libhdf5 crashes on some damaged files, so that by default a process of its own does this
/// (`HDF5HelperProcess`); the product `SkiffHDF5InProcess` has one that works inside of this process.
public protocol HDF5Indexer: Sendable {
  /// The index of an HDF5 file, in the form that this library reads; everything in it is checked afterwards.
  ///
  /// - Throws: ``ModelError`` if the file is damaged or nothing is there that could read it.
  func index(of source: HDF5Source, limits: Limits) throws(ModelError) -> ByteRegion
}

/// The bytes of an HDF5 file, and the file that they are a part of if there is one.
public struct HDF5Source: Sendable {
  /// The HDF5 file, from its first byte to its last.
  public let bytes: ByteRegion
  /// The path of the file whose mapping ``bytes`` is a slice of, or nil if they are only in memory.
  public let path: String?

  /// Creates a source; with a path, the region's offset must be the offset in that file.
  public init(_ bytes: ByteRegion, path: String? = nil) {
    self.bytes = bytes
    self.path = path
  }
}
