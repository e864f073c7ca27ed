import Foundation
import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffTestSupport
import Testing

/// The bytes of an edge file, to be changed.
struct EdgeBytes {
  var bytes: [UInt8]

  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// What the exporter writes for a model.
  static func written(
    _ model: EdgeModel, storage: EdgeExporter.Storage = .asStored, isCompact: Bool? = nil
  ) throws -> EdgeBytes {
    let folder = try TemporaryFolder()
    try EdgeExporter.write(
      model, to: folder.path("model.skiff"), storage: storage, isCompact: isCompact)
    #expect(try folder.contents() == ["model.skiff"])
    return EdgeBytes(try Data(contentsOf: URL(fileURLWithPath: folder.path("model.skiff"))))
  }

  var region: ByteRegion { ByteRegion(bytes) }

  func read(catalog: OperatorCatalog = .testing, limits: Limits = .standard) throws(ModelError) -> EdgeModel {
    try EdgeImporter.makeModel(from: region, catalog: catalog, limits: limits)
  }

  func check() throws(ModelError) -> EdgeModel { try EdgeImporter.check(region, catalog: .testing) }

  /// The offset of the footer.
  var footer: Int { bytes.count - 64 }

  /// Where the graph stands, as the footer says.
  var graph: Range<Int> {
    let start = integer(at: footer)
    return start..<start + integer(at: footer + 8)
  }

  func integer(at offset: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }

  mutating func set(_ value: Int, at offset: Int) {
    for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  /// Makes the footer's digest that of the graph as it is now.
  mutating func signGraph() {
    bytes.replaceSubrange(footer + 16..<footer + 32, with: Digest(of: Array(bytes[graph])).bytes)
  }
}
