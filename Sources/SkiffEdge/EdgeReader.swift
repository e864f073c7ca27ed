import SkiffBinary
import SkiffIR

/// A file whose frame and segments were verified.
struct EdgeReader {
  let limits: Limits
  let catalog: OperatorCatalog
  /// The `Model`.
  let root: FlatTable
  /// What stands before the graph.
  let segments: [EdgeSegment]
  let types: [TensorType]

  private let region: ByteRegion
  private let frame: EdgeFrame

  init(_ region: ByteRegion, catalog: OperatorCatalog, limits: Limits) throws(ModelError) {
    self.region = region
    self.catalog = catalog
    self.limits = limits
    frame = try EdgeFrame(region, limits: limits)
    root = try FlatTable.root(of: frame.graph, schema: .skiff, limits: limits)
    if let feature = try root.strings("required")?.first(where: { !EdgeFormat.features.contains($0) }) {
      throw ModelError(.unsupported, "needs the feature '\(feature)', which is not known")
    }
    segments = try Self.segments(of: root, in: region, frame)
    var types: [TensorType] = []
    for (index, table) in (try root.tables("types") ?? []).enumerated() {
      types.append(
        try locating(Location(attribute: "type \(index)")) { () throws(ModelError) in
          try TensorType(edge: table, limits: limits)
        })
    }
    self.types = types
  }

  /// The segments, which follow each other from the header to the graph, with no holes but those that align them.
  private static func segments(
    of root: FlatTable, in region: ByteRegion, _ frame: EdgeFrame
  ) throws(ModelError) -> [EdgeSegment] {
    var segments: [EdgeSegment] = []
    let graph = frame.graphOffset
    let sharesDigest = try root.has("shared_digest")
    var end = EdgeFormat.frameSize
    for (index, table) in (try root.tables("segments") ?? []).enumerated() {
      try locating(Location(byteOffset: end, attribute: "segment \(index)")) { () throws(ModelError) in
        let size = try table.integer("size")
        let offset = try table.has("offset") ? table.integer("offset") : end
        let begins = EdgeFormat.alignments.map { EdgeFormat.room(for: end, alignment: $0) }
        guard begins.contains(offset), offset <= graph, size <= graph - offset else {
          throw ModelError(
            .malformed, "\(size) bytes at \(offset) do not fit between \(end) and \(graph)")
        }
        let digest = try table.digest("digest")
        guard digest != nil || sharesDigest else { throw ModelError(.malformed, "has no digest") }
        segments.append(
          EdgeSegment(
            bytes: try region.slice(offset: offset, count: size), digest: digest,
            compression: try table.integer("compression")))
        end = offset + size
      }
    }
    guard EdgeFormat.room(for: end, alignment: frame.alignment) == graph else {
      throw ModelError(.malformed, "belong to no segment", at: Location(byteOffset: end))
    }
    return segments
  }

  /// The type at a position; nil for -1.
  func type(_ number: Int) throws(ModelError) -> TensorType? {
    if number == -1 { return nil }
    guard types.indices.contains(number) else { throw ModelError(.malformed, "there is no type \(number)") }
    return types[number]
  }

  /// All that the file says.
  func model() throws(ModelError) -> EdgeModel {
    guard let table = try root.table("graph") else { throw ModelError(.malformed, "has no graph") }
    var usage = EdgeSegmentUsage(segments.count)
    var builder = EdgeGraphBuilder(self)
    let graph = try builder.graph(table, usage: &usage)
    var model = EdgeModel(graph)
    model.contract = try root.table("contract").map { table throws(ModelError) in
      try EdgeContract(edge: table)
    }
    model.provenance = try root.table("provenance").map { table throws(ModelError) in
      try EdgeProvenance(edge: table)
    }
    for (index, table) in (try root.tables("examples") ?? []).enumerated() {
      try locating(Location(attribute: "example \(index)")) { () throws(ModelError) in
        model.examples.append(
          EdgeExample(
            inputs: try tensors(table.tables("inputs"), usage: &usage),
            outputs: try tensors(table.tables("outputs"), usage: &usage)))
      }
    }
    if let unused = usage.isUsed.firstIndex(of: false) {
      throw ModelError(.malformed, "belongs to no tensor", at: Location(attribute: "segment \(unused)"))
    }
    try model.verify()
    return model
  }

  /// Compares every segment with its digest, or those that share one with that, and what is between them with zeros.
  func verifyContents() throws(ModelError) {
    var shared = DigestStream()
    for (index, segment) in segments.enumerated() {
      guard let digest = segment.digest else {
        segment.bytes.withBytes { shared.append($0) }
        continue
      }
      guard Digest(of: segment.bytes) == digest else {
        throw ModelError(
          .malformed, "is damaged: its bytes do not match their digest",
          at: Location(byteOffset: segment.bytes.offset, tensor: try name(ofSegment: index)))
      }
      segment.bytes.releasePages()
    }
    let found = shared.digest()
    if let digest = try root.digest("shared_digest"), digest != found {
      throw ModelError(.malformed, "a small tensor is damaged: their bytes do not match their digest")
    }
    var parts = segments.map {
      ($0.bytes.offset - region.offset)..<($0.bytes.offset - region.offset + $0.bytes.count)
    }
    parts.append(frame.graphOffset..<frame.graphOffset + frame.storedGraphSize)
    parts.append(region.count - EdgeFormat.frameSize..<region.count)
    var end = EdgeFormat.frameSize
    for part in parts {
      let hole = try region.slice(offset: end, count: part.lowerBound - end)
      guard hole.withBytes({ $0.allSatisfy { $0 == 0 } }) else {
        throw ModelError(.malformed, "bytes between segments are not zero", at: Location(byteOffset: end))
      }
      end = part.upperBound
    }
  }

  /// The name of the first constant that a segment holds.
  private func name(ofSegment number: Int) throws(ModelError) -> String {
    for table in try root.table("graph")?.tables("constants") ?? [] {
      var places = [try table.integer("segment")]
      let encoding = try table.table("encoding")
      for part in ["elements", "scales", "zero_points", "tables"] {
        if let nested = try encoding?.table(part) { places.append(try nested.integer("segment")) }
      }
      if places.contains(number) { return try table.string("name") ?? "" }
    }
    return "example"
  }
}
