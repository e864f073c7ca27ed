import SkiffBinary
import SkiffIR

/// Writes Skiff edge files: the same model gives the same bytes.
public enum EdgeExporter {
  /// How constants are stored.
  public enum Packing: Hashable, Sendable {
    /// As they are in the graph: what is dense stays dense, so that it can be used where it is in the file.
    case asStored
    /// Integers in as few bits as they need.
    case smallest
  }

  /// Writes a graph of which nothing else is known.
  ///
  /// See ``write(_:to:packing:)``.
  public static func write(
    _ graph: Graph, to path: String, packing: Packing = .asStored
  ) throws(ModelError) {
    try write(EdgeModel(graph), to: path, packing: packing)
  }

  /// Writes a model: the file appears whole or not at all.
  ///
  /// Constants are materialized one at a time, and those with equal bytes are stored once.
  ///
  /// - Throws: ``ModelError/Code/inputOutput``, ``ModelError/Code/invalidGraph`` if contract or examples do not
  ///   fit the graph, and whatever materializing a constant throws.
  public static func write(
    _ model: EdgeModel, to path: String, packing: Packing = .asStored
  ) throws(ModelError) {
    try model.verify()
    var file = try OutputFile(path: path)
    try file.write(EdgeFrame.header)
    var segments = EdgeSegmentWriter(packing: packing)
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
    root["types"] = .nonEmpty(pool.objects)
    root["segments"] = .nonEmpty(segments.objects)
    root["contract"] = model.contract.map { .object($0.edgeObject) }
    root["provenance"] = model.provenance.map { .object($0.edgeObject) }
    root["examples"] = .nonEmpty(examples)
    let image = try FlatImage(root, schema: .skiff).head
    try file.align(to: EdgeFormat.alignment)
    let offset = file.count
    try file.write(image)
    try file.align(to: EdgeFormat.alignment)
    let size = file.count + EdgeFormat.frameSize
    try file.write(EdgeFrame.footer(graphOffset: offset, graph: image, fileSize: size))
    try file.commit()
  }

  private static func tensors(
    _ tensors: [Tensor], _ segments: inout EdgeSegmentWriter, _ pool: inout EdgeTypePool,
    _ file: inout OutputFile
  ) throws(ModelError) -> [FlatObject] {
    var objects: [FlatObject] = []
    for tensor in tensors {
      let number = try segments.append(Constant(tensor), to: &file)
      objects.append(
        FlatObject(
          "ExampleTensor", ["type": .integer(pool.number(of: tensor.type)), "segment": .integer(number)]))
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

/// Writes the bytes of tensors, equal ones once.
struct EdgeSegmentWriter {
  private let packing: EdgeExporter.Packing
  /// What was written, to be made again where a digest occurs twice.
  private var sources: [Constant] = []
  private var numbers: [Digest: [Int]] = [:]
  /// The numbers of bytes that occur.
  private var sizes: Set<Int> = []
  private(set) var objects: [FlatObject] = []

  init(packing: EdgeExporter.Packing) { self.packing = packing }

  /// The constant as it is to be stored, with nothing pending but what is done on the way to the file.
  func stored(_ constant: Constant) throws(ModelError) -> Constant {
    let plain = constant.comesInPieces ? constant : Constant(try constant.materialize())
    guard packing == .smallest, plain.encoding == .dense, plain.type.dataType.isInteger else { return plain }
    let tensor = try plain.materialize()
    guard let bits = Constant.fewestBits(of: tensor) else { return plain }
    return try Constant(packing: tensor, bits: bits)
  }

  /// Writes the bytes of a constant that has nothing pending, unless they are in the file; returns their segment.
  mutating func append(_ constant: Constant, to file: inout OutputFile) throws(ModelError) -> Int {
    try append(constant, stored: constant, to: &file)
  }

  /// Writes the bytes of a constant in their stored form.
  mutating func append(
    _ constant: Constant, stored: Constant, to file: inout OutputFile
  ) throws(ModelError) -> Int {
    let size = stored.bytes.count
    if sizes.contains(size) {
      let digest = try stored.digest()
      for number in numbers[digest, default: []] {
        // Different bytes can have one digest.
        if try self.stored(sources[number]).finalBytes() == stored.finalBytes() { return number }
      }
    }
    sizes.insert(size)
    try file.align(to: EdgeFormat.alignment)
    var object = FlatObject("Segment", ["offset": .integer(file.count), "size": .integer(size)])
    let digest = try stored.digest { (piece) throws(ModelError) in try file.write(piece) }
    object["digest"] = .digest(digest)
    numbers[digest, default: []].append(objects.count)
    sources.append(constant)
    objects.append(object)
    return objects.count - 1
  }
}
