import SkiffBinary
import SkiffIR

/// Writes Skiff edge files: the same model gives the same bytes.
public enum EdgeExporter {
  /// How constants are stored.
  public enum Storage: Hashable, Sendable {
    /// As they are in the graph.
    case asStored
    /// Densely, so that they can be used where they are in the file.
    case dense
    /// Each in the form that takes the fewest bytes and loses nothing.
    case smallest
  }

  /// Writes a graph of which nothing else is known.
  ///
  /// See ``write(_:to:storage:)``.
  public static func write(
    _ graph: Graph, to path: String, storage: Storage = .asStored
  ) throws(ModelError) {
    try write(EdgeModel(graph), to: path, storage: storage)
  }

  /// Writes a model: the file appears whole or not at all.
  ///
  /// Constants are materialized one at a time, and those with equal bytes are stored once.
  ///
  /// - Parameter isCompact: Whether what the file says of the constants and all else is a compressed tree, and small segments share
  ///   a digest; nil: if storage is ``Storage/smallest``.
  /// - Throws: ``ModelError/Code/inputOutput``, ``ModelError/Code/invalidGraph`` if contract or examples do not
  ///   fit the graph, and whatever materializing a constant throws.
  public static func write(
    _ model: EdgeModel, to path: String, storage: Storage = .asStored, isCompact: Bool? = nil
  ) throws(ModelError) {
    try model.verify()
    var file = try OutputFile(path: path)
    try file.write(EdgeFrame.header)
    let isCompact = isCompact ?? (storage == .smallest)
    var segments = EdgeSegmentWriter(storage: storage, isCompact: isCompact)
    var pool = EdgeTypePool()
    let graph = try EdgeGraphWriter.object(of: model.graph, &segments, &pool, &file)
    var examples: [FlatObject] = []
    for example in model.examples {
      var object = FlatObject("Example")
      object["inputs"] = .nonEmpty(try tensors(example.inputs, &segments, &pool, &file))
      object["outputs"] = .nonEmpty(try tensors(example.outputs, &segments, &pool, &file))
      examples.append(object)
    }
    var root = FlatObject("Model", ["graph": .object(graph)])
    root["required"] = .nonEmpty(segments.requiredFeatures)
    root["types"] = .nonEmpty(pool.objects)
    root["segments"] = .nonEmpty(segments.objects)
    root["contract"] = model.contract.map { .object($0.edgeObject) }
    var provenance = model.provenance
    if let digest = model.sourceDigest { provenance?.sourceDigest = try digest.value() }
    root["provenance"] = provenance.map { .object($0.edgeObject) }
    root["examples"] = .nonEmpty(examples)
    root["shared_digest"] = .digest(segments.sharedDigest)
    let stored = try EdgeStoredGraph(root, isCompact: isCompact)
    try file.align(to: stored.alignment)
    let offset = file.count
    try stored.bytes.withBytes { (bytes) throws(ModelError) in try file.write(bytes) }
    try file.align(to: stored.alignment)
    let size = file.count + EdgeFormat.frameSize
    try file.write(EdgeFrame.footer(graphOffset: offset, graph: stored, fileSize: size))
    try file.commit()
  }

  private static func tensors(
    _ tensors: [Tensor], _ segments: inout EdgeSegmentWriter, _ pool: inout EdgeTypePool,
    _ file: inout OutputFile
  ) throws(ModelError) -> [FlatObject] {
    var objects: [FlatObject] = []
    for tensor in tensors {
      objects.append(try segments.object(writing: tensor, as: "ExampleTensor", &pool, &file))
    }
    return objects
  }
}

/// The types of a file, each once.
struct EdgeTypePool {
  private(set) var objects: [FlatObject] = []
  private var numbers: [[UInt8]: Int] = [:]

  /// The position of a type; -1 for nil.
  mutating func number(of type: TensorType?) -> Int {
    guard let type else { return -1 }
    // Its text tells types apart that compare equal, like those with scales 0 and -0.
    let key = Array(type.description.utf8)
    if let number = numbers[key] { return number }
    numbers[key] = objects.count
    objects.append(type.edgeObject)
    return objects.count - 1
  }
}
