import Foundation
import SkiffBinary
import SkiffHDF5InProcess
import SkiffHDF5Index
import SkiffKeras
import SkiffTestSupport
import Testing

@Suite(.needsPeer(.check)) struct HDF5IndexTests {
  static let indexers: [any HDF5Indexer] = [HDF5HelperProcess(), InProcessHDF5()]

  @Test(arguments: indexers.indices) func readsAttributes(indexer: Int) throws {
    let file = try index(of: HDF5Files.path("plain.h5"), by: Self.indexers[indexer])
    let root = try #require(file.attributes[""])
    #expect(root["model_config"] == .strings([#"{"class_name": "Sequential"}"#]))
    #expect(root["fixed"] == .strings(["fixed text"]))
    #expect(root["fixed_list"] == .strings(["one", "three"]))
    #expect(root["list"] == .strings(["eins", "zwei", "dräi"]))
    #expect(root["empty_list"] == .numbers([]))
    #expect(root["integer"] == .integers([-7]))
    #expect(root["numbers"] == .numbers([0.5, -2]))
    #expect(root["truth"] == .integers([1]))
    #expect(root["nothing"] == .other)
    #expect(file.string("name", of: "layers/dense/vars") == "dense")
  }

  @Test(arguments: indexers.indices) func readsDatasets(indexer: Int) throws {
    let path = try HDF5Files.path("plain.h5")
    let file = try index(of: path, by: Self.indexers[indexer])
    func dataset(_ name: String) throws -> HDF5Index.Dataset {
      try #require(file.datasets["layers/dense/vars/\(name)"])
    }
    #expect(file.groups == ["", "layers", "layers/dense", "layers/dense/vars"])
    let kernel = try dataset("0")
    #expect(kernel.shape == [3, 4])
    #expect(kernel.elementType == .float(4))
    #expect(kernel.elements(Float.self) == (0..<12).map(Float.init))
    #expect(try dataset("1").elements(Double.self) == [0, 1, 2, 3])
    #expect(try dataset("half").elements(Float16.self) == [0, 1, 2, 3, 4])
    #expect(try dataset("half").elementType == .float(2))
    #expect(try dataset("integers").elements(Int64.self) == [0, 1, 2, 3, 4, 5])
    #expect(try dataset("bytes").elementType == .unsigned(1))
    #expect(try dataset("truth").elementType == .boolean)
    #expect(try dataset("truth").elements(UInt8.self) == [1, 0])
    #expect(try dataset("scalar").shape == [])
    #expect(try dataset("empty").shape == [0, 3])
    #expect(try dataset("big").elements(Float.self) == [0, 1, 2])
    #expect(try dataset("raw").elementType == .opaque(2))
    #expect(try dataset("raw").elements(UInt16.self) == [0x3F80, 0x4000])
    #expect(try dataset("text").elementType == .string)
    #expect(try dataset("complex").elementType == .other)
    #expect(try dataset("chunked").elements(Float.self) == (0..<100).map(Float.init))
    #expect(try dataset("shuffled").elements(Int32.self) == (0..<64).map(Int32.init))
    #expect(try dataset("unwritten").elements(Float.self) == [2.5, 2.5, 2.5, 2.5])
    #expect(try dataset("compact").elements(Float.self) == [1, 2, 3])
  }

  @Test func contiguousDatasetsAreSlicesOfTheFile() throws {
    let path = try HDF5Files.path("plain.h5")
    let file = try ByteRegion(mapping: path)
    let bytes = try HDF5HelperProcess().index(of: HDF5Source(file, path: path), limits: .standard)
    let index = try HDF5Index(parsing: bytes, file: file, limits: .standard)
    let kernel = try #require(index.datasets["layers/dense/vars/0"]?.bytes)
    let inFile = file.withBytes { $0.baseAddress }
    let inKernel = kernel.withBytes { $0.baseAddress }
    #expect(try #require(inKernel) == #require(inFile) + kernel.offset)
  }

  @Test func readsAFileInsideOfAnother() throws {
    let plain = try Array(Data(contentsOf: URL(fileURLWithPath: HDF5Files.path("plain.h5"))))
    let folder = try TemporaryFolder()
    let path = folder.path("archive")
    try Data([UInt8](repeating: 7, count: 5001) + plain + [1, 2, 3]).write(to: URL(fileURLWithPath: path))
    let part = try ByteRegion(mapping: path).slice(offset: 5001, count: plain.count)
    for source in [HDF5Source(part, path: path), HDF5Source(ByteRegion(plain))] {
      let bytes = try HDF5HelperProcess().index(of: source, limits: .standard)
      let index = try HDF5Index(parsing: bytes, file: source.bytes, limits: .standard)
      #expect(index.datasets["layers/dense/vars/0"]?.elements(Float.self) == (0..<12).map(Float.init))
    }
  }

  @Test(arguments: [
    ("external_link.h5", "link", ModelError.Code.unsupported), ("soft_link.h5", "link", .unsupported),
    ("external_storage.h5", "other files", .unsupported), ("virtual.h5", "other files", .unsupported),
    ("cycle.h5", "another place", .unsupported), ("deep.h5", "nest deeper", .limitExceeded),
    ("bomb.h5", "decodes to", .limitExceeded),
  ])
  func refuses(name: String, because reason: String, code: ModelError.Code) throws {
    for indexer in Self.indexers {
      let path = try HDF5Files.path(name)
      let error = #expect(throws: ModelError.self) { try index(of: path, by: indexer) }
      #expect(error?.code == code)
      #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
  }

  @Test func refusesWhatIsNoHDF5File() throws {
    for bytes in [[], Array("no HDF5 file at all".utf8), [UInt8](repeating: 0, count: 4096)] {
      for indexer in Self.indexers {
        #expect(throws: ModelError.self) {
          let source = HDF5Source(ByteRegion(bytes))
          _ = try HDF5Index(
            parsing: indexer.index(of: source, limits: .standard), file: source.bytes, limits: .standard)
        }
      }
    }
  }
}
