import SkiffBinary

/// A file of named tensors: eight bytes that say how long the header is, the header in JSON, and the tensors' bytes one behind
/// the other.
///
/// Source: the format section of the README of huggingface/safetensors.
public struct SafetensorsFile: Sendable {
  /// A tensor of the file.
  public struct Entry: Sendable {
    /// The tensor's name.
    public let name: String
    /// Its type as the header calls it, for example `BF16`.
    public let type: String
    /// The sizes of its axes.
    public let shape: [Int]
    /// Its bytes, where they are in the file.
    public let bytes: ByteRegion
  }

  /// The tensors in the order of their bytes.
  public let entries: [Entry]
  /// Texts that belong to the file.
  public let metadata: [String: String]

  /// The longest header that the format allows.
  private static let longestHeader = 100_000_000
  private static let prefixSize = 8
  private static let metadataName = "__metadata__"

  /// Whether bytes begin like a file of this format.
  public static func recognizes(_ prefix: ByteRegion) -> Bool {
    guard let size = try? prefix.load(at: 0, as: UInt64.self), size <= UInt64(longestHeader) else {
      return false
    }
    return (try? prefix.load(at: prefixSize, as: UInt8.self)) == UInt8(ascii: "{")
  }

  /// Reads the header of a file; the tensors' bytes are not touched.
  ///
  /// - Throws: ``ModelError/Code/truncated`` or ``ModelError/Code/malformed`` if the bytes break the format, naming the tensor
  ///   where there is one, ``ModelError/Code/limitExceeded``.
  public init(parsing region: ByteRegion, limits: Limits = .standard) throws(ModelError) {
    let size = try region.load(at: 0, as: UInt64.self)
    guard size <= UInt64(Self.longestHeader) else {
      throw ModelError(
        .limitExceeded,
        "a header of \(size) bytes, more than the \(Self.longestHeader) that the format allows")
    }
    let header = try region.slice(offset: Self.prefixSize, count: Int(size))
    let start = Self.prefixSize + header.count
    let data = try region.slice(offset: start, count: region.count - start)
    guard header.withBytes({ $0.first }) == UInt8(ascii: "{") else {
      throw ModelError(
        .malformed, "the header does not begin with a brace", at: Location(byteOffset: header.offset))
    }
    guard case .object(var members) = try JSONValue(parsing: header, limits: limits) else {
      throw ModelError(.malformed, "the header is no object", at: Location(byteOffset: header.offset))
    }
    metadata = try Self.metadata(members.removeValue(forKey: Self.metadataName))
    var tensors: [(name: String, header: TensorHeader)] = []
    for (name, value) in members {
      tensors.append(
        try locating(Location(tensor: name)) { () throws(ModelError) in
          (name, try TensorHeader(value, limits: limits))
        })
    }
    // Tensors without bytes stand where others begin.
    tensors.sort { ($0.header.begin, $0.header.end, $0.name) < ($1.header.begin, $1.header.end, $1.name) }
    var entries: [Entry] = []
    var end = 0
    for (name, header) in tensors {
      entries.append(
        try locating(Location(byteOffset: data.offset + end, tensor: name)) { () throws(ModelError) in
          guard header.begin == end else {
            throw ModelError(
              .malformed,
              "begins at \(header.begin) of the data, \(header.begin > end ? "behind a hole" : "inside another tensor")"
                + " that ends at \(max(header.begin, end))")
          }
          return Entry(
            name: name, type: header.type, shape: header.shape,
            bytes: try data.slice(offset: header.begin, count: header.end - header.begin))
        })
      end = header.end
    }
    guard end == data.count else {
      throw ModelError(
        .malformed, "\(data.count - end) bytes belong to no tensor",
        at: Location(byteOffset: data.offset + end))
    }
    self.entries = entries
  }

  private static func metadata(_ value: JSONValue?) throws(ModelError) -> [String: String] {
    guard let value, value != .null else { return [:] }
    guard let members = value.object else {
      throw ModelError(.malformed, "\(metadataName) is \(value.kind), not an object of texts")
    }
    var metadata: [String: String] = [:]
    for (name, value) in members {
      guard let text = value.string else {
        throw ModelError(.malformed, "'\(name)' of \(metadataName) is \(value.kind), not a text")
      }
      metadata[name] = text
    }
    return metadata
  }
}

/// What a header says of a tensor.
private struct TensorHeader {
  let type: String
  let shape: [Int]
  /// Offsets from the first tensor's first byte.
  let begin: Int
  let end: Int

  init(_ value: JSONValue, limits: Limits) throws(ModelError) {
    guard let members = value.object else { throw ModelError(.malformed, "\(value.kind), not a tensor") }
    guard let type = members["dtype"]?.string else { throw ModelError(.malformed, "has no dtype") }
    guard let shape = members["shape"]?.sizes else { throw ModelError(.malformed, "has no shape") }
    guard shape.count <= limits.rank else { throw ModelError(.limitExceeded, "a rank of \(shape.count)") }
    guard let offsets = members["data_offsets"]?.sizes, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw ModelError(.malformed, "has no data_offsets of a beginning and an end")
    }
    (self.type, self.shape, begin, end) = (type, shape, offsets[0], offsets[1])
  }
}

extension JSONValue {
  /// Integers that are written as such and not negative.
  fileprivate var sizes: [Int]? {
    guard let elements = array else { return nil }
    var sizes: [Int] = []
    for element in elements {
      guard case .integer(let size) = element, size >= 0 else { return nil }
      sizes.append(size)
    }
    return sizes
  }
}
