import SkiffBinary
import SkiffHDF5
import SkiffHDF5Index
import Synchronization

/// Reads HDF5 files with libhdf5 inside of this process.
///
/// Faster by the start of a process and in need of no second executable. libhdf5 crashes on some damaged files, and the
/// process with it: use this for files that you trust.
public struct InProcessHDF5: HDF5Indexer {
  /// libhdf5 keeps global state that no two threads may touch.
  private static let lock = Mutex(())

  /// Creates the reader.
  public init() {}

  /// The index of an HDF5 file.
  public func index(of source: HDF5Source, limits: Limits) throws(ModelError) -> ByteRegion {
    let result = Self.lock.withLock { _ in
      source.bytes.withBytes { bytes in
        Result { () throws(ModelError) in try writeIndex(of: bytes, to: Memory(), limits: limits) }
      }
    }
    return ByteRegion(try result.get().bytes)
  }

  private struct Memory: HDF5IndexSink {
    var bytes: [UInt8] = []

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ModelError) {
      self.bytes.append(contentsOf: bytes)
    }
  }
}
