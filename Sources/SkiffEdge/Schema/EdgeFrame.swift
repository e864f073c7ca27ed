import SkiffBinary

/// The header and the footer of a file: how the graph is found.
struct EdgeFrame {
  /// What the offsets of graph and footer are multiples of.
  let alignment: Int
  /// The offset of the graph.
  let graphOffset: Int
  /// The bytes that it takes in the file.
  let storedGraphSize: Int
  /// Its FlatBuffer.
  let graph: ByteRegion

  /// Verifies header and footer, and the digest of the graph.
  init(_ region: ByteRegion, limits: Limits) throws(ModelError) {
    guard EdgeFormat.recognizes(region) else {
      throw Self.malformed("does not begin like a Skiff edge file", at: 0)
    }
    let size = EdgeFormat.frameSize
    let version = try region.load(at: 8, as: UInt32.self)
    guard version == EdgeFormat.version else {
      throw ModelError(.unsupported, "version \(version) of the format; \(EdgeFormat.version) is known")
    }
    guard region.count >= 2 * size, try region.slice(offset: region.count - 8, count: 8).isMagic else {
      throw ModelError(
        .truncated, "does not end with a footer: the file was cut off", at: Location(byteOffset: region.count)
      )
    }
    let header = try region.slice(offset: 0, count: size)
    guard header == ByteRegion(Self.header) else { throw Self.malformed("an unknown header", at: 12) }
    let start = region.count - size
    var footer = ByteReader(try region.slice(offset: start, count: size))
    let (offset, count) = (try footer.read(UInt64.self), try footer.read(UInt64.self))
    let digest = try footer.read(count: 16)
    let fileSize = try footer.read(UInt64.self)
    let (footerVersion, formNumber) = (try footer.read(UInt32.self), try footer.read(UInt32.self))
    let expandedSize = try footer.read(UInt64.self)
    guard footerVersion == version, let form = EdgeStoredGraph.Form(rawValue: formNumber) else {
      throw Self.malformed("an unknown footer", at: start)
    }
    guard fileSize == region.count else {
      throw Self.malformed("has \(region.count) bytes, its footer says \(fileSize)", at: start)
    }
    alignment = form.alignment(isDeflated: expandedSize != 0)
    guard let graphOffset = Int(exactly: offset), let count = Int(exactly: count), graphOffset >= size,
      graphOffset % alignment == 0, graphOffset <= start, count <= start - graphOffset,
      EdgeFormat.room(for: graphOffset + count, alignment: alignment) == start
    else { throw Self.malformed("\(count) bytes at \(offset) cannot be the graph", at: start) }
    self.graphOffset = graphOffset
    storedGraphSize = count
    let stored = try region.slice(offset: graphOffset, count: count)
    guard digest.withBytes({ Digest(bytes: $0) }) == Digest(of: stored) else {
      throw Self.malformed("the graph is damaged: its bytes do not match their digest", at: graphOffset)
    }
    guard expandedSize <= limits.structureSize else {
      throw ModelError(
        .limitExceeded, "a graph of \(expandedSize) bytes, more than the limit of \(limits.structureSize)",
        at: Location(byteOffset: start))
    }
    graph = try EdgeStoredGraph(form: form, bytes: stored, expandedSize: Int(expandedSize))
      .flatBuffer(limits: limits)
  }

  /// Every header of this version.
  static let header =
    EdgeFormat.magic + EdgeFormat.version.littleEndianBytes + [UInt8](repeating: 0, count: 52)

  /// The footer of a file whose graph stands at an offset.
  static func footer(graphOffset: Int, graph: EdgeStoredGraph, fileSize: Int) -> [UInt8] {
    UInt64(graphOffset).littleEndianBytes + UInt64(graph.bytes.count).littleEndianBytes
      + Digest(of: graph.bytes).bytes + UInt64(fileSize).littleEndianBytes
      + EdgeFormat.version.littleEndianBytes + graph.form.rawValue.littleEndianBytes
      + UInt64(graph.expandedSize).littleEndianBytes + EdgeFormat.magic
  }

  private static func malformed(_ message: String, at offset: Int) -> ModelError {
    ModelError(.malformed, message, at: Location(byteOffset: offset))
  }
}

extension ByteRegion {
  fileprivate var isMagic: Bool { self == ByteRegion(EdgeFormat.magic) }
}

extension FixedWidthInteger {
  fileprivate var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
