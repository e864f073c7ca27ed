import SkiffBinary
import SkiffNumPy
import SkiffTestSupport
import Testing

/// Files that Skiff writes are read by NumPy, and what NumPy makes of them is read back.
@Suite struct NumPyPeerTests {
  /// An array of every type, of odd shapes.
  static func arrays(_ seed: Seed) throws -> [(name: String, array: NumPyArray)] {
    var random = SeededGenerator(seed)
    var arrays: [(name: String, array: NumPyArray)] = []
    for type in NumPyType.allCases {
      for shape in [[], [0], [5], [2, 3, 4], [1, 7, 1]] {
        let count = shape.reduce(type.size, *)
        var bytes = random.integers(count, in: 0...255 as ClosedRange<UInt8>)
        // NumPy keeps what a NaN carries, but a bool that is neither 0 nor 1 it need not keep.
        if type == .bool { bytes = bytes.map { $0 & 1 } }
        let name = "\(type.rawValue)/\(shape.map(String.init).joined(separator: "x")):0"
        arrays.append((name, try NumPyArray(type: type, shape: shape, bytes: ByteRegion(bytes))))
      }
    }
    arrays.append(("/conv//Conv_output_0", try NumPyArray([1.5] as [Float], shape: [1])))
    return arrays
  }

  @Test(
    .needsPeer(.check),
    arguments: [[], ["big"], ["fortran"], ["compressed"], ["big", "fortran", "compressed"]],
    Seed.fixedAndFresh)
  func numPyReadsOursAndWeReadNumPys(options: [String], seed: Seed) throws {
    let folder = try TemporaryFolder()
    let arrays = try Self.arrays(seed)
    try NumPyArchive.write(arrays, to: folder.path("a.npz"))
    try Peer.check.run("npz_copy.py", [folder.path("a.npz"), folder.path("b.npz")] + options)
    for file in ["a.npz", "b.npz"] {
      let archive = try NumPyArchive(mapping: folder.path(file))
      #expect(archive.names == arrays.map(\.name))
      for (name, array) in arrays { #expect(try archive.array(named: name) == array, "\(name)") }
      #expect(try archive.array(named: "none") == nil)
    }
  }

  @Test func aSingleArrayIsWrittenAndReadBack() throws {
    let folder = try TemporaryFolder()
    let array = try NumPyArray([1, 2, 3, 4, 5, 6] as [Double], shape: [3, 2])
    try array.write(to: folder.path("a.npy"))
    #expect(try NumPyArray(mapping: folder.path("a.npy")) == array)
    let error = #expect(throws: ModelError.self) { try NumPyArchive(mapping: folder.path("a.npy")) }
    #expect(error?.location.file == folder.path("a.npy"))
  }

  @Test(.needsPeer(.check), .onlyInFullRuns)
  func archivesBeyond4GiBAreZip64() throws {
    let folder = try TemporaryFolder()
    let part = ByteRegion([UInt8](repeating: 7, count: 1 << 26))
    var writer = try ArchiveWriter(path: folder.path("large.zip"))
    try writer.add("large", [ByteRegion](repeating: part, count: 65))
    try writer.add("after", [ByteRegion([1, 2, 3])])
    try writer.commit()
    let archive = try Archive(parsing: ByteRegion(mapping: folder.path("large.zip")))
    #expect(archive["large"]?.size == 65 << 26)
    #expect(try archive["after"]?.contents() == ByteRegion([1, 2, 3]))
    let listing = try Peer.check.run("zip_list.py", [folder.path("large.zip")])
    #expect(listing == "large \(65 << 26)\nafter 3\n")
  }

  /// zlib counts in 32 bits: more than it takes at once must be inflated in portions.
  @Test(.needsPeer(.check), .onlyInFullRuns)
  func membersBeyond2GiBAreInflated() throws {
    let folder = try TemporaryFolder()
    let count = (1 << 31) + 5
    try Peer.check.run("npz_ramp.py", [folder.path("ramp.npz"), "\(count)"])
    let array = try #require(try NumPyArchive(mapping: folder.path("ramp.npz")).array(named: "ramp"))
    #expect(array.shape == [count])
    array.bytes.withBytes { bytes in
      for index in [0, 255, (1 << 31) - 1, 1 << 31, count - 1] {
        #expect(bytes[index] == UInt8(truncatingIfNeeded: index))
      }
    }
  }
}
