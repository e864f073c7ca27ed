import SkiffBinary
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
  /// The transpositions that a change of layout left.
  public internal(set) var transpositions: [Transposition] = []
  /// How the axes of inputs and outputs are ordered that differ from the source's, by name.
  public internal(set) var interfaceOrders: [String: [Int]] = [:]
  /// Whether inputs and outputs get their channels last when the layout changes.
  public var changesInterfaceLayout = false
  /// What was done to the model, step by step.
  public internal(set) var recipe: [String] = []
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
      var warnings: [Warning] = []
      var graph = try format.read(path, options, &warnings)
      if !inputShapes.isEmpty { try graph.setInputShapes(inputShapes) }
      try graph.verify()
      return (format, graph, warnings)
    }
    (format, graph, warnings) = read
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
  }
}

/// How a file is read.
public struct ReadingOptions: Sendable {
  /// How much the file may ask for.
  public var limits = Limits.standard
  /// The helper that reads HDF5 files; nil looks for it in the usual places.
  public var hdf5Helper: String?
  /// A file whose weights replace those of the architecture.
  public var weights: String?

  /// Creates the usual options.
  public init() {}
}
