import Foundation
import SkiffBinary
import SkiffHDF5Index
import SkiffKeras
import SkiffTestSupport

/// The files that `Tests/Peers/make_hdf5.py` makes, once for all tests.
enum HDF5Files {
  private static let folder = Result {
    let folder = try TemporaryFolder()
    try Peer.check.run("make_hdf5.py", [folder.url.path])
    return folder
  }

  static func path(_ name: String) throws -> String { try folder.get().path(name) }
}

/// The index of the HDF5 file at `path`.
func index(
  of path: String, by indexer: any HDF5Indexer = HDF5HelperProcess(), limits: Limits = .standard
) throws -> HDF5Index {
  let file = try ByteRegion(mapping: path)
  let bytes = try indexer.index(of: HDF5Source(file, path: path), limits: limits)
  return try HDF5Index(parsing: bytes, file: file, limits: limits)
}

extension HDF5Index.Dataset {
  /// The elements, read as numbers of this type.
  func elements<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
    bytes?.withBytes { bytes in
      stride(from: 0, to: bytes.count, by: MemoryLayout<Element>.size).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: Element.self)
      }
    } ?? []
  }
}
