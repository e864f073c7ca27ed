import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffOperators
import SkiffPasses

/// A file format for models.
public struct ModelFormat: Sendable, Hashable, CustomStringConvertible {
  /// The name, for example `ONNX`.
  public let name: String
  /// The endings of file names by which a target is chosen, without a full stop.
  public let fileExtensions: [String]

  let recognizes: @Sendable (_ prefix: ByteRegion, _ path: String) -> Bool
  let read: @Sendable (String, ReadingOptions, inout [Warning]) throws(ModelError) -> EdgeModel
  let write: (@Sendable (EdgeModel, String, WritingOptions) throws(ModelError) -> Void)?

  /// The operators that the format has; nil if it has all of Skiff's.
  var dialect: LoweringTarget?
  /// Where the format's operators have channels.
  var layout = ChannelLayout.last
  /// Whether the format says what integers stand for by operators, between which it computes with real numbers.
  var quantizesByOperators = false

  /// Whether Skiff writes the format.
  public var isWritable: Bool { write != nil }
  public var description: String { name }

  public static func == (a: ModelFormat, b: ModelFormat) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// The format of the file at `path`, by its content.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if no format recognizes it.
  public static func recognize(_ path: String, limits: Limits = .standard) throws(ModelError) -> ModelFormat {
    let region = try ByteRegion(mapping: path, limits: limits)
    guard let format = all.first(where: { $0.recognizes(region, path) }) else {
      throw ModelError(
        .unsupported, "is in no format that Skiff reads",
        notes: ["Skiff reads \(all.map(\.name).joined(separator: ", "))"])
    }
    return format
  }

  /// The format for a file of this name.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if its ending belongs to no format that Skiff writes.
  public static func target(for path: String) throws(ModelError) -> ModelFormat {
    let ending =
      path.split(separator: ".", omittingEmptySubsequences: false).last.map { $0.lowercased() } ?? ""
    guard let format = all.first(where: { $0.isWritable && $0.fileExtensions.contains(ending) }) else {
      let known = all.filter(\.isWritable).flatMap(\.fileExtensions).map { "." + $0 }.joined(separator: ", ")
      let file = path.split(separator: "/").last ?? ""
      throw ModelError(
        .invalidArgument,
        file.contains(".")
          ? "no format that Skiff writes ends in '.\(ending)'; it writes \(known)"
          : "the name has no ending, which says the format: \(known)",
        at: Location(file: path))
    }
    return format
  }
}

/// How a file is written.
public struct WritingOptions: Sendable {
  /// Whether real constants are stored in 16 bits where the format can.
  public var storesFloat16 = false
  /// Whether `.skiff` stores constants as they are in memory, so that they are used where they are in the file, instead of each in
  /// the form that takes the fewest bytes.
  public var storesDensely = false

  /// Creates the usual options.
  public init() {}
}
