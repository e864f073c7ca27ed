import SkiffBinary
import SkiffEdge
import SkiffIR

/// What each constant of a model costs in a `.skiff` file, and what it would cost in other forms.
public struct ByteLedger: Sendable {
  /// The account of one constant.
  public struct Entry: Sendable {
    /// The constant's name.
    public let name: String
    /// Its type without quantization, as the text form has it.
    public let type: String
    /// The number of elements.
    public let elements: Int
    /// The form in which it is stored, in words.
    public let form: String
    /// The bytes that it takes: segments with what aligns them, and what the graph says of them. 0 if another constant has
    /// the same bytes.
    public let bytes: Int
    /// The name of an earlier constant with the same bytes.
    public let sharedWith: String?
    /// The bits that an element carries if elements do not depend on each other; nil if there are more than 256 different ones.
    public let entropy: Double?
    /// The other form that takes the fewest bytes, and how many; nil if no other form is possible.
    public let next: (form: String, bytes: Int)?

    /// The bytes for each element.
    public var bitsPerElement: Double { elements == 0 ? 0 : 8 * Double(bytes) / Double(elements) }
  }

  /// In the order of the graph.
  public let entries: [Entry]
  /// The bytes of the file; nil if there is none.
  public let fileBytes: Int?

  /// The bytes of all entries.
  public var bytes: Int { entries.reduce(0) { $0 + $1.bytes } }

  /// The account of a model as its file has it.
  ///
  /// - Throws: Whatever materializing a constant throws.
  public init(of model: Model) throws(ModelError) {
    var entries: [Entry] = []
    var known: [Place: String] = [:]
    for id in model.graph.constantIDs {
      guard let constant = model.graph[id].constant else { continue }
      let name = model.graph[id].name
      entries.append(
        try locating(Location(tensor: name)) { () throws(ModelError) in
          try Self.entry(name, constant, sharedWith: constant.bytes.isEmpty ? nil : known[Place(constant)])
        })
      if known[Place(constant)] == nil { known[Place(constant)] = name }
    }
    self.entries = entries
    fileBytes = model.format == .memory ? nil : try ByteRegion(mapping: model.path).count
  }

  private static func entry(
    _ name: String, _ constant: Constant, sharedWith: String?
  ) throws(ModelError) -> Entry {
    let stored = constant.widened?.narrow ?? constant
    let tensor = try stored.materialize()
    let own = stored.transforms.isEmpty ? stored : Constant(tensor)
    let forms = try StorageChoice(of: tensor).forms.filter { $0.name != own.formName }
    return Entry(
      name: name, type: TensorType(constant.type.dataType, constant.type.shape).description,
      elements: tensor.count,
      form: constant.widened == nil ? own.formName : "\(stored.type.dataType.rawValue), \(own.formName)",
      bytes: sharedWith == nil ? own.edgeByteCount : 0, sharedWith: sharedWith,
      entropy: try tensor.entropy(),
      next: forms.min { $0.byteCount < $1.byteCount }.map { ($0.name, $0.byteCount) })
  }

  /// Where bytes stand.
  private struct Place: Hashable {
    let address: UInt
    let count: Int

    init(_ constant: Constant) {
      address = constant.bytes.withBytes { UInt(bitPattern: $0.baseAddress) }
      count = constant.bytes.count
    }
  }
}

extension Tensor {
  /// The entropy of the elements in bits; nil if there are more than 256 different ones.
  fileprivate func entropy() throws(ModelError) -> Double? {
    guard count > 0, dataType.bitWidth > 0 else { return nil }
    if dataType.bitWidth < 8 {
      let codes = try integers().map { UInt8(truncatingIfNeeded: $0) }
      return ByteHistogram(of: ByteRegion(codes)).entropy
    }
    guard let palette = try Constant(palettizing: self, bits: 8) else { return nil }
    return ByteHistogram(of: palette.bytes).entropy
  }
}
