import SkiffBinary
import SkiffEdge
import SkiffIR

/// A neural network of a file, in whatever format, and what was done to it since.
///
/// ```swift
/// var model = try Model(contentsOf: "mobilenet.onnx")
/// let report = try model.compress(.int8(calibratedOn: samples))
/// try model.write(to: "mobilenet.skiff")
/// ```
public struct Model: Sendable {
  /// The graph as it is now.
  public internal(set) var graph: Graph
  /// The graph as the file has it.
  public let source: Graph
  /// The format that the file was in.
  public let format: ModelFormat
  /// The path of the file.
  public let path: String
  /// What a user should know of the file and of what was done.
  public internal(set) var warnings: [Warning]
  /// The transpositions that the last change of layout left.
  public internal(set) var transpositions: [Transposition] = []
  /// How the axes of inputs and outputs are ordered that differ from the source's, by name.
  public internal(set) var interfaceOrders: [String: [Int]] = [:]
  /// Whether inputs and outputs get their channels last when the layout changes.
  public var changesInterfaceLayout = false
  /// The passes that run before the model is compressed or written.
  public var passes = PassSelection.all
  /// What was done to the model, step by step.
  public internal(set) var recipe: [String] = []
  /// Whether a compression lowered its precision.
  public internal(set) var isCompressed = false
  /// The digest of the samples that the model was calibrated on.
  var calibrationDigest: Digest?
  /// How callers get from their own data to the inputs, and from the outputs to answers; a `.skiff` file carries it.
  public var contract: EdgeContract?
  /// Inputs and the outputs that they must give; a `.skiff` file carries them.
  public internal(set) var examples: [EdgeExample]
  /// Where the model came from before it was in the file, if that says so.
  let origin: EdgeProvenance?
  /// Whether the graph is in the dialect of the integer kernels.
  var isPrepared = false

  /// Reads the file at `path`; its content tells the format, not its name.
  ///
  /// - Parameters:
  ///   - inputShapes: The sizes of inputs whose dimensions should be fixed, by name.
  /// - Throws: ``ModelError`` with the place of whatever is wrong or not supported.
  public init(
    contentsOf path: String, options: ReadingOptions = ReadingOptions(), inputShapes: [String: [Int]] = [:]
  ) throws(ModelError) {
    let read = try locating(Location(file: path)) { () throws(ModelError) in
      let format = try ModelFormat.recognize(path, limits: options.limits)
      guard options.weights == nil || [.keras, .kerasArchitecture].contains(format) else {
        throw ModelError(
          .invalidArgument, "a file of weights goes with a model of Keras, not of \(format.name)")
      }
      var warnings: [Warning] = []
      var content = try format.read(path, options, &warnings)
      if !inputShapes.isEmpty { try content.graph.setInputShapes(inputShapes) }
      try content.graph.verify()
      return (format, content, warnings)
    }
    let content: EdgeModel
    (format, content, warnings) = read
    (graph, contract, examples, origin) = (
      content.graph, content.contract, content.examples, content.provenance
    )
    source = graph
    self.path = path
  }

  /// Creates a model from a graph that no file holds.
  public init(_ graph: Graph, name: String = "graph") throws(ModelError) {
    try graph.verify()
    self.graph = graph
    source = graph
    format = .memory
    path = name
    warnings = []
    (contract, examples, origin) = (nil, [], nil)
  }
}

/// How a file is read.
public struct ReadingOptions: Sendable {
  /// How much the file may ask for.
  public var limits = Limits.standard
  /// The helper that reads HDF5 files; nil looks for it in the usual places.
  public var hdf5Helper: String?
  /// How long that helper may take for one file, in seconds: there are damaged files that libhdf5 never finishes.
  public var hdf5TimeLimit = 60
  /// A file whose weights replace those of the architecture; only for formats of Keras.
  public var weights: String?
  /// Whether the contents of tensors are compared with the digests that the format has of them, which reads all of the
  /// file.
  public var verifiesContents = true

  /// Creates the usual options.
  public init() {}
}

extension Model {
  /// The bytes of all files that the model was read from.
  ///
  /// - Throws: ``ModelError/Code/inputOutput``.
  public func sourceByteCount() throws(ModelError) -> Int {
    var files = [try ByteRegion(mapping: path).file]
    files += source.constantIDs.map { source[$0].constant?.bytes.file }
    let sizes = Dictionary(files.compactMap(\.self).map { ($0.identity, $0.byteCount) }) { first, _ in first }
    return sizes.values.reduce(0, +)
  }
}
