import Foundation
import Skiff
import SkiffBinary
import SkiffHDF5Index
import SkiffInterpreter
import SkiffTestSupport

/// One file, damaged in many ways, through everything that the command does with a model.
struct FileCases {
  private let original: [UInt8]
  private let folder: TemporaryFolder
  private let path: String
  private let suffix: String
  private let partner: String?
  private let hdf5: (any HDF5Indexer)?
  private let archive: [(name: String, bytes: [UInt8])]

  /// - Parameters:
  ///   - partner: The other half of the model, if the file is an architecture or has weights only.
  ///   - format: The ending that says the format; nil if that is the file's own.
  ///   - hdf5: What reads HDF5 files inside of this process; nil for the helper that a model is read by.
  init(
    _ path: String, partner: String? = nil, format: String? = nil, hdf5: (any HDF5Indexer)? = nil
  ) throws {
    original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    folder = try TemporaryFolder()
    suffix = format ?? path.split(separator: ".").last.map(String.init) ?? ""
    self.path = folder.path("damaged.\(suffix)")
    self.partner = partner
    self.hdf5 = hdf5 ?? (suffix == "index" ? GivenIndex(bytes: .empty) : nil)
    archive = try Self.members(of: path)
  }

  /// The number of truncations.
  var byteCount: Int { original.count }

  /// The file without its end.
  func truncated(_ count: Int) throws -> Bool {
    try write(Array(original.prefix(count)))
    return (try? process()) != nil
  }

  /// A file with other bytes; the digest of an edge file's graph is made right, as nothing behind it would be reached else.
  func replaced(by bytes: [UInt8]) throws -> Bool {
    try write(suffix == "skiff" ? signed(bytes) : bytes)
    return (try? process()) != nil
  }

  /// The file after some mutations.
  func mutated(_ number: Int, _ seed: Seed) throws -> Bool {
    var random = SeededGenerator(Seed(seed.value &+ UInt64(number) &* 0x2545_f491_4f6c_dd1d))
    if let member = archive.indices.randomElement(using: &random), number % 4 != 0 {
      try writeArchive(changing: member, using: &random)
    } else if suffix == "skiff", number % 4 != 0 {
      try write(signedMutation(using: &random))
    } else {
      let kinds =
        suffix == "recipe" && number % 3 != 0
        ? Mutation.ofText : suffix == "json" || number % 3 == 0 ? Mutation.allCases : Mutation.inPlace
      try write(original.mutated(kinds, using: &random))
    }
    return (try? process()) != nil
  }

  private func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

  /// Reads the file, simplifies the model, runs it when that is little work, and writes it.
  private func process() throws(ModelError) {
    if suffix == "recipe" { return try RecipeCase(contentsOf: path, limits: Self.limits).run() }
    if suffix == "npz" || suffix == "npy" {
      _ = try Samples(contentsOf: path, limits: Self.limits)
      return
    }
    var model = try model()
    _ = try model.graph.text()
    // Not every model can be said in TensorFlow Lite.
    try? model.write(to: folder.path("out.tflite"))
    try model.write(to: folder.path("out.skiff"))
    try run(model)
  }

  private func model() throws(ModelError) -> Model {
    if let hdf5 { return try KerasParts.model(path, suffix, hdf5: hdf5, limits: Self.limits) }
    var options = ReadingOptions()
    // Digests would keep most of the damage from what is behind them.
    options.verifiesContents = false
    options.limits = Self.limits
    options.hdf5TimeLimit = 2
    let isArchitecture = suffix == "json"
    options.weights = isArchitecture ? partner : partner.map { _ in path }
    return try Model(contentsOf: isArchitecture ? path : partner ?? path, options: options)
  }

  private func run(_ model: Model) throws(ModelError) {
    var graph = model.graph
    var shapes: [String: [Int]] = [:]
    for input in graph.inputs {
      guard let type = graph[input].type, !type.shape.isFixed else { continue }
      shapes[graph[input].name] = type.shape.dimensions.enumerated().map { axis, dimension in
        dimension.fixed ?? (axis == 0 ? 1 : 8)
      }
    }
    try graph.setInputShapes(shapes)
    var work = 0
    for value in graph.valueIDs {
      guard let count = graph[value].type?.shape.elementCount, count < 1 << 20 else { return }
      work += count
    }
    for node in graph.nodeIDs {
      guard let count = graph.multiplications(of: graph[node]), count < 1 << 22 else { return }
      work += count
    }
    guard work < 1 << 23 else { return }
    var inputs = SeededInputs(seed: 1)
    _ = try Session(Plan(graph)).run(inputs.next(for: graph))
  }

  static let limits = Limits(
    structureSize: 1 << 26, count: 1 << 18, tensorSize: 1 << 26, inflatedSize: 1 << 26)

  // MARK: Damage behind a checksum

  /// The members of a zip archive, none for other files.
  private static func members(of path: String) throws -> [(name: String, bytes: [UInt8])] {
    let region = try ByteRegion(mapping: path)
    guard Archive.recognizes(region) else { return [] }
    return try Archive(parsing: region).members.map { member in
      (member.name, try member.contents().withBytes { Array($0) })
    }
  }

  private func writeArchive(changing member: Int, using random: inout SeededGenerator) throws {
    var writer = try ArchiveWriter(path: path)
    for (index, (name, bytes)) in archive.enumerated() {
      let kinds = name.hasSuffix(".json") ? Mutation.allCases : Mutation.inPlace
      let contents = index == member ? bytes.mutated(kinds, using: &random) : bytes
      try writer.add(name, [ByteRegion(contents)])
    }
    try writer.commit()
  }

  /// The bytes of an edge file's footer.
  private static let edgeFooter = 64

  /// The edge file with a changed graph whose digest is right.
  private func signedMutation(using random: inout SeededGenerator) -> [UInt8] {
    guard let graph = Self.graph(in: original) else { return original }
    var bytes = original.mutated(Mutation.inPlace, in: graph, using: &random)
    let footer = original.count - Self.edgeFooter
    bytes.replaceSubrange(footer..<bytes.count, with: original[footer...])
    return signed(bytes)
  }

  /// Where an edge file's graph is, as its footer says; nil if that is no place in the file.
  private static func graph(in bytes: [UInt8]) -> Range<Int>? {
    let footer = bytes.count - edgeFooter
    guard footer >= 0 else { return nil }
    func integer(at offset: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
    }
    guard let start = Int(exactly: integer(at: footer)), let size = Int(exactly: integer(at: footer + 8)),
      start <= footer, size <= footer - start
    else { return nil }
    return start..<start + size
  }

  /// An edge file with the digest that its graph has.
  private func signed(_ bytes: [UInt8]) -> [UInt8] {
    guard let graph = Self.graph(in: bytes) else { return bytes }
    var bytes = bytes
    let digest = bytes.count - Self.edgeFooter + 16
    bytes.replaceSubrange(digest..<digest + 16, with: Digest(of: Array(bytes[graph])).bytes)
    return bytes
  }
}
