public import SkiffBinary
public import SkiffHDF5Index

/// A model as Keras stores it: its architecture, and the file that its weights are in.
///
/// Read from `.h5` files of Keras 2.0 to 3, from `.keras` archives, or from an architecture in JSON to which the
/// weights of another file are applied.
public struct KerasModel: Sendable {
  /// The layers and how they are connected.
  package let architecture: KerasArchitecture
  /// The version of Keras that wrote the file; empty if it does not say.
  public let kerasVersion: String
  let weights: HDF5Index?
  let isOwn: Bool

  /// Whether Keras 3 wrote it: the version says, else that sizes of inputs are called `batch_shape`.
  var isKeras3: Bool {
    if let major = kerasVersion.split(separator: ".").first.flatMap({ Int($0) }) { return major >= 3 }
    return architecture.layers.contains { $0.config["batch_shape"] != nil }
  }

  /// Whether a file that starts with `prefix` may be an HDF5 file; the signature can also be at 512, 1024, 2048, …
  public static func recognizesHDF5(_ prefix: ByteRegion) -> Bool {
    (try? prefix.load(at: 0, as: UInt64.self)) == 0x0A1A_0A0D_4644_4889
  }

  /// Whether the file is a zip archive with a model of Keras in it.
  public static func recognizesArchive(_ file: ByteRegion) -> Bool {
    guard Archive.recognizes(file), let archive = try? Archive(parsing: file) else { return false }
    return archive["config.json"] != nil && archive["model.weights.h5"] != nil
  }

  /// Reads a model and its weights from an HDF5 file or a `.keras` archive.
  ///
  /// - Parameters:
  ///   - file: The whole file; where it is mapped, weights are slices of the mapping.
  ///   - path: The path that `file` is a mapping of, nil if it is only in memory.
  ///   - hdf5: What reads HDF5 files.
  /// - Throws: ``ModelError`` if the file is damaged, holds weights without an architecture, or a model whose code is
  ///   not in it.
  public init(
    parsing file: ByteRegion, path: String? = nil, hdf5: some HDF5Indexer = HDF5HelperProcess(),
    limits: Limits = .standard
  ) throws(ModelError) {
    let part = try Self.hdf5Part(of: file, path: path, limits: limits)
    let index = try Self.index(part.source, hdf5, limits)
    var configuration = part.configuration
    if configuration == nil { configuration = try Self.configuration(in: index, limits) }
    guard let configuration else {
      throw ModelError(
        .unsupported, "the file has weights only",
        notes: [
          "give the architecture (what model.to_json() returns, or another model) and this file as its weights"
        ])
    }
    architecture = try KerasArchitecture(parsing: configuration, limits: limits)
    kerasVersion = part.version ?? index.string("keras_version", of: "") ?? ""
    weights = index
    isOwn = true
  }

  /// Reads an architecture without weights, as `model.to_json()` returns it.
  public init(parsingArchitecture json: ByteRegion, limits: Limits = .standard) throws(ModelError) {
    let json = try JSONValue(parsing: json, limits: limits)
    architecture = try KerasArchitecture(parsing: json, limits: limits)
    kerasVersion = json["keras_version"]?.string ?? ""
    weights = nil
    isOwn = false
  }

  /// The same architecture with the weights of another file: an HDF5 file with or without an architecture, or a
  /// `.keras` archive.
  ///
  /// Whether every variable is there, of the right layer and of the right shape is checked when a graph is made.
  public func applyingWeights(
    of file: ByteRegion, path: String? = nil, hdf5: some HDF5Indexer = HDF5HelperProcess(),
    limits: Limits = .standard
  ) throws(ModelError) -> KerasModel {
    let part = try Self.hdf5Part(of: file, path: path, limits: limits)
    return KerasModel(
      architecture: architecture, kerasVersion: kerasVersion,
      weights: try Self.index(part.source, hdf5, limits),
      isOwn: false)
  }

  /// The same architecture with the weights that another model has.
  package func applyingWeights(of other: KerasModel) throws(ModelError) -> KerasModel {
    guard let weights = other.weights else {
      throw ModelError(.invalidArgument, "the model that the weights should come from has none")
    }
    return KerasModel(
      architecture: architecture, kerasVersion: kerasVersion, weights: weights, isOwn: false)
  }

  private init(architecture: KerasArchitecture, kerasVersion: String, weights: HDF5Index, isOwn: Bool) {
    self.architecture = architecture
    self.kerasVersion = kerasVersion
    self.weights = weights
    self.isOwn = isOwn
  }

  private struct Part {
    var source: HDF5Source
    var configuration: JSONValue?
    var version: String?
  }

  private static func hdf5Part(
    of file: ByteRegion, path: String?, limits: Limits
  ) throws(ModelError) -> Part {
    guard Archive.recognizes(file) else { return Part(source: HDF5Source(file, path: path)) }
    let archive = try Archive(parsing: file, limits: limits)
    guard let configuration = archive["config.json"], let weights = archive["model.weights.h5"] else {
      throw ModelError(
        .unsupported, "the archive has no config.json and model.weights.h5: it is no Keras model")
    }
    var part = Part(
      source: HDF5Source(try weights.contents(), path: weights.method == .stored ? path : nil))
    part.configuration = try locating(Location(attribute: "config.json")) { () throws(ModelError) in
      try JSONValue(parsing: configuration.contents(), limits: limits)
    }
    if let metadata = archive["metadata.json"] {
      part.version = try locating(Location(attribute: "metadata.json")) { () throws(ModelError) in
        try JSONValue(parsing: metadata.contents(), limits: limits)["keras_version"]?.string
      }
    }
    return part
  }

  private static func index(
    _ source: HDF5Source, _ hdf5: some HDF5Indexer, _ limits: Limits
  ) throws(ModelError) -> HDF5Index {
    try HDF5Index(parsing: try hdf5.index(of: source, limits: limits), file: source.bytes, limits: limits)
  }

  private static func configuration(in index: HDF5Index, _ limits: Limits) throws(ModelError) -> JSONValue? {
    guard let text = index.string("model_config", of: "") else { return nil }
    return try locating(Location(attribute: "model_config")) { () throws(ModelError) in
      do throws(ModelError) {
        return try JSONValue(parsing: text, limits: limits)
      } catch {
        // The text has an offset of its own, which is none in the file.
        throw ModelError(error.code, "\(error.message), byte \(error.location.byteOffset ?? 0) of the text")
      }
    }
  }
}
