import SkiffBinary
import SkiffIR

/// Writes the bytes of tensors, equal ones once.
struct EdgeSegmentWriter {
  private let storage: EdgeExporter.Storage
  /// Whether small segments share a digest, and what is not aligned says no offset.
  private let isCompact: Bool
  /// Those of the segments that have no digest of their own.
  private var sharedBytes: [UInt8]?
  private var sources: [Source] = []
  private var numbers: [Digest: [Int]] = [:]
  /// The numbers of bytes that occur.
  private var sizes: Set<Int> = []
  private(set) var objects: [FlatObject] = []
  /// Whether some constant is stored in another type than its own.
  private var usesStoredTypes = false

  /// What a segment was written of, to be made again where a digest occurs twice.
  private struct Source {
    let constant: Constant
    let isStored: Bool
    var part: Part?

    func taking(_ part: Part) -> Source { Source(constant: constant, isStored: isStored, part: part) }
  }

  /// A part of a constant with segments of its own.
  private enum Part {
    case nonzeros, scales, zeroPoints, tables
  }

  init(storage: EdgeExporter.Storage, isCompact: Bool) {
    (self.storage, self.isCompact) = (storage, isCompact)
  }

  /// What a reader must know.
  var requiredFeatures: [String] {
    (usesStoredTypes ? [EdgeFormat.storedTypes] : []) + (sharedBytes == nil ? [] : [EdgeFormat.sharedDigest])
  }

  /// The digest of all segments that have none of their own, in order; nil if all have one.
  var sharedDigest: Digest? { sharedBytes.map { Digest(of: $0) } }

  /// The constant as it is to be stored, with nothing pending but what is done on the way to the file.
  private func stored(_ constant: Constant) throws(ModelError) -> Constant {
    switch storage {
    case .asStored: constant.comesInPieces ? constant : Constant(try constant.materialize())
    case .dense:
      constant.isPlain && constant.comesInPieces ? constant : Constant(try constant.materialize())
    case .smallest: try StorageChoice.smallest(of: constant)
    }
  }

  /// Writes a tensor as it is; returns what the graph says of it.
  mutating func object(
    writing tensor: Tensor, as table: String, _ pool: inout EdgeTypePool, _ file: inout OutputFile
  ) throws(ModelError) -> FlatObject {
    let constant = Constant(tensor)
    return try object(constant, Source(constant: constant, isStored: true), as: table, &pool, &file)
  }

  /// Writes a constant in the form in which it is to be stored; returns what the graph says of it.
  mutating func object(
    writing constant: Constant, as table: String, _ pool: inout EdgeTypePool, _ file: inout OutputFile
  ) throws(ModelError) -> FlatObject {
    guard storage != .dense, let (narrow, _) = constant.widened else {
      return try object(
        stored(constant), Source(constant: constant, isStored: false), as: table, &pool, &file)
    }
    var object = try object(
      stored(narrow), Source(constant: narrow, isStored: false), as: table, &pool, &file)
    object["stored_type"] = object["type"]
    object["type"] = .integer(pool.number(of: constant.type))
    usesStoredTypes = true
    return object
  }

  private mutating func object(
    _ stored: Constant, _ source: Source, as table: String, _ pool: inout EdgeTypePool,
    _ file: inout OutputFile
  ) throws(ModelError) -> FlatObject {
    var object = FlatObject(table, ["type": .integer(pool.number(of: stored.type))])
    object["segment"] = .integer(try segment(stored, source, &file))
    switch stored.encoding {
    case .dense: break
    case .packed(let bits):
      object["encoding"] = .object(FlatObject("Packed", ["bits": .integer(bits)]))
    case .palette(let table, let bits):
      object["encoding"] = .object(
        FlatObject("Palette", ["bits": .integer(bits), "elements": .bytes(table.bytes)]))
    case .sparse(let nonzeros):
      let elements = try self.object(nonzeros, source.taking(.nonzeros), as: "Constant", &pool, &file)
      object["encoding"] = .object(FlatObject("Sparse", ["elements": .object(elements)]))
    case .blocked(let blocks):
      let scales = try self.object(blocks.scales, source.taking(.scales), as: "Constant", &pool, &file)
      var encoding = FlatObject(
        "Blocked",
        [
          "bits": .integer(blocks.bits), "axis": .integer(blocks.axis), "block": .integer(blocks.size),
          "scales": .object(scales),
        ])
      if let zeroPoints = blocks.zeroPoints {
        encoding["zero_points"] = .object(
          try self.object(zeroPoints, source.taking(.zeroPoints), as: "Constant", &pool, &file))
      }
      object["encoding"] = .object(encoding)
    case .codebook(let codebook):
      let tables = try self.object(codebook.tables, source.taking(.tables), as: "Constant", &pool, &file)
      object["encoding"] = .object(
        FlatObject(
          "Codebook",
          [
            "bits": .integer(codebook.bits), "axis": .integer(codebook.axis),
            "table_axis": .integer(codebook.tableAxis), "rows": .integer(codebook.rows),
            "tables": .object(tables),
          ]))
    }
    return object
  }

  /// Writes the bytes of a stored constant, unless they are in the file; returns their segment.
  private mutating func segment(
    _ stored: Constant, _ source: Source, _ file: inout OutputFile
  ) throws(ModelError) -> Int {
    let size = stored.bytes.count
    if sizes.contains(size) {
      let digest = try stored.digest()
      for number in numbers[digest, default: []] {
        // Different bytes can have one digest.
        let other = try remade(sources[number])
        if other.compression == stored.compression, try other.finalBytes() == stored.finalBytes() {
          return number
        }
      }
    }
    sizes.insert(size)
    try file.align(to: stored.segmentAlignment)
    var object = FlatObject("Segment", ["size": .integer(size)])
    if !isCompact || stored.segmentAlignment > 1 { object["offset"] = .integer(file.count) }
    let digest: Digest
    if isCompact, size < EdgeFormat.ownDigestSize {
      let bytes = try stored.finalBytes()
      digest = Digest(of: bytes)
      try bytes.withBytes { (bytes) throws(ModelError) in
        sharedBytes = (sharedBytes ?? []) + bytes
        try file.write(bytes)
      }
    } else {
      digest = try stored.digest { (piece) throws(ModelError) in try file.write(piece) }
      object["digest"] = .digest(digest)
    }
    stored.bytes.releasePages()
    if stored.compression == .entropyCoded { object["compression"] = .integer(1) }
    numbers[digest, default: []].append(objects.count)
    sources.append(source)
    objects.append(object)
    return objects.count - 1
  }

  private func remade(_ source: Source) throws(ModelError) -> Constant {
    let constant = source.isStored ? source.constant : try stored(source.constant)
    switch (source.part, constant.encoding) {
    case (.nonzeros, .sparse(let nonzeros)): return nonzeros
    case (.scales, .blocked(let blocks)): return blocks.scales
    case (.zeroPoints, .blocked(let blocks)): return blocks.zeroPoints ?? constant
    case (.tables, .codebook(let codebook)): return codebook.tables
    default: return constant
    }
  }
}
