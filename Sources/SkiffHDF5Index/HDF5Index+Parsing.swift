import SkiffBinary

extension HDF5Index {
  /// Reads the index in `bytes`, which a process wrote that may have been led astray by the file it read: every number
  /// is checked against `file` and `limits` before it is believed.
  ///
  /// - Throws: the error that the writer ended with, ``ModelError/Code/truncated`` if it did not come to its end,
  ///   ``ModelError/Code/malformed`` or ``ModelError/Code/limitExceeded`` for what no honest index says.
  package init(parsing bytes: ByteRegion, file: ByteRegion, limits: Limits) throws(ModelError) {
    var parser = IndexParser(bytes, file: file, limits: limits)
    try parser.parse()
    self = parser.index
  }
}

private struct IndexParser {
  var index = HDF5Index()
  private var reader: ByteReader
  private let file: ByteRegion
  private let limits: Limits
  private var owner: String?
  private var records = 0

  init(_ bytes: ByteRegion, file: ByteRegion, limits: Limits) {
    reader = ByteReader(bytes)
    self.file = file
    self.limits = limits
  }

  mutating func parse() throws(ModelError) {
    guard try reader.read(UInt32.self) == IndexFormat.magic else {
      throw ModelError(.malformed, "what the HDF5 reader wrote is not an index")
    }
    let version = try reader.read(UInt32.self)
    guard version == IndexFormat.version else {
      throw ModelError(
        .unsupported,
        "the HDF5 reader speaks version \(version) of the index, this library version \(IndexFormat.version)")
    }
    while true {
      switch IndexFormat.Tag(rawValue: try reader.read()) {
      case .group: try group()
      case .dataset: try dataset()
      case .attribute: try attribute()
      case .failure:
        let code = try text("code")
        throw ModelError(ModelError.Code(rawValue: code), try text("message"))
      case .end:
        guard try reader.read(UInt64.self) == UInt64(records) else { throw lie("another number of records") }
        guard reader.isAtEnd else { throw lie("bytes after its end") }
        return
      case nil: throw lie("a record of an unknown kind")
      }
      records += 1
      guard records <= limits.count else {
        throw ModelError(
          .limitExceeded, "the file has more than \(limits.count) groups, datasets and attributes")
      }
    }
  }

  private mutating func group() throws(ModelError) {
    let path = try text("path")
    if path.isEmpty {
      guard index.groups.isEmpty else { throw lie("two roots") }
    } else {
      try enter(path)
    }
    index.groups.insert(path)
    owner = path
  }

  /// Makes `path` a child of its group, which must be known and have no such child yet.
  private mutating func enter(_ path: String) throws(ModelError) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard let name = parts.last, !parts.contains("") else { throw lie("the path '\(path)'") }
    guard parts.count <= limits.depth else {
      throw ModelError(.limitExceeded, "groups nest deeper than \(limits.depth) at '\(path)'")
    }
    let parent = parts.dropLast().joined(separator: "/")
    guard index.groups.contains(parent) else { throw lie("'\(path)' outside of any group") }
    guard !index.groups.contains(path), index.datasets[path] == nil else { throw lie("'\(path)' twice") }
    index.children[parent, default: []].append(String(name))
  }

  private mutating func dataset() throws(ModelError) {
    let path = try text("path")
    try enter(path)
    owner = path
    let (type, shape) = try typeAndShape(of: path)
    let expected = try byteCount(type, shape, of: path)
    var bytes: ByteRegion?
    switch IndexFormat.Place(rawValue: try reader.read()) {
    case .file:
      let offset = Int(exactly: try reader.read(UInt64.self))
      let length = Int(exactly: try reader.read(UInt64.self))
      guard let offset, let length, length == expected else { throw lie("a wrong length for '\(path)'") }
      bytes = try locating(Location(tensor: path)) { () throws(ModelError) in
        try file.slice(offset: offset, count: length)
      }
    case .inline:
      guard let length = Int(exactly: try reader.read(UInt64.self)), length == expected else {
        throw lie("a wrong length for '\(path)'")
      }
      let rest = reader.position % IndexFormat.alignment
      if rest != 0 { try reader.skip(IndexFormat.alignment - rest) }
      bytes = try reader.read(count: length)
    case .some(.none): break
    case nil: throw lie("an unknown place for '\(path)'")
    }
    index.datasets[path] = HDF5Index.Dataset(elementType: type, shape: shape, bytes: bytes)
  }

  private mutating func attribute() throws(ModelError) {
    let name = try text("attribute's name")
    guard let owner else { throw lie("an attribute of nothing") }
    let (type, shape) = try typeAndShape(of: name)
    guard let length = Int(exactly: try reader.read(UInt64.self)) else { throw lie("a wrong length") }
    let payload = try reader.read(count: length)
    let value: HDF5Index.Attribute
    switch type {
    case .string: value = .strings(try texts(payload, shape))
    case .other, .opaque: value = .other
    case .signed(let size):
      value = .integers(
        try elements(payload, type, shape, of: name) { (bytes, index) throws(ModelError) in
          switch size {
          case 1: Int(try bytes.load(at: index, as: Int8.self))
          case 2: Int(try bytes.load(at: index, as: Int16.self))
          case 4: Int(try bytes.load(at: index, as: Int32.self))
          default: Int(try bytes.load(at: index, as: Int64.self))
          }
        })
    case .unsigned, .boolean:
      let size = type.size ?? 1
      value = .integers(
        try elements(payload, type, shape, of: name) { (bytes, index) throws(ModelError) in
          switch size {
          case 1: Int(try bytes.load(at: index, as: UInt8.self))
          case 2: Int(try bytes.load(at: index, as: UInt16.self))
          case 4: Int(try bytes.load(at: index, as: UInt32.self))
          default: Int(clamping: try bytes.load(at: index, as: UInt64.self))
          }
        })
    case .float(let size):
      value = .numbers(
        try elements(payload, type, shape, of: name) { (bytes, index) throws(ModelError) in
          switch size {
          case 2: Double(Float16(bitPattern: try bytes.load(at: index, as: UInt16.self)))
          case 4: Double(Float(bitPattern: try bytes.load(at: index, as: UInt32.self)))
          default: Double(bitPattern: try bytes.load(at: index, as: UInt64.self))
          }
        })
    }
    guard index.attributes[owner, default: [:]].updateValue(value, forKey: name) == nil else {
      throw lie("the attribute '\(name)' twice")
    }
  }

  private func elements<Element>(
    _ payload: ByteRegion, _ type: HDF5Index.ElementType, _ shape: [Int], of name: String,
    _ element: (ByteRegion, Int) throws(ModelError) -> Element
  ) throws(ModelError) -> [Element] {
    guard let size = type.size, payload.count == (try byteCount(type, shape, of: name)) else {
      throw lie("a wrong length for '\(name)'")
    }
    var values: [Element] = []
    for offset in stride(from: 0, to: payload.count, by: size) { values.append(try element(payload, offset)) }
    return values
  }

  private func texts(_ payload: ByteRegion, _ shape: [Int]) throws(ModelError) -> [String] {
    guard shape.count == 1, let count = shape.first, count <= payload.count / 4 else {
      throw lie("a wrong number of texts")
    }
    var reader = ByteReader(payload)
    var values: [String] = []
    for _ in 0..<count { values.append(try Self.text(&reader, "text")) }
    guard reader.isAtEnd else { throw lie("bytes after its texts") }
    return values
  }

  private mutating func typeAndShape(
    of name: String
  ) throws(ModelError) -> (HDF5Index.ElementType, shape: [Int]) {
    let kind = try reader.read(UInt8.self)
    let size = try reader.read(UInt32.self)
    guard let type = IndexFormat.elementType(kind: kind, size: size) else {
      throw lie("an unknown type for '\(name)'")
    }
    let rank = Int(try reader.read(UInt32.self))
    guard rank <= limits.rank else {
      throw ModelError(.limitExceeded, "'\(name)' has rank \(rank), more than the limit of \(limits.rank)")
    }
    var shape: [Int] = []
    for _ in 0..<rank {
      guard let size = Int(exactly: try reader.read(UInt64.self)) else {
        throw lie("an impossible size for '\(name)'")
      }
      shape.append(size)
    }
    return (type, shape)
  }

  /// The bytes that the elements take, or nil if the type has no size.
  private func byteCount(
    _ type: HDF5Index.ElementType, _ shape: [Int], of name: String
  ) throws(ModelError) -> Int? {
    guard var product = type.size else { return nil }
    for size in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow else { throw ModelError(.malformed, "'\(name)' has the impossible shape \(shape)") }
      product = next
    }
    return product
  }

  private mutating func text(_ what: String) throws(ModelError) -> String { try Self.text(&reader, what) }

  private static func text(_ reader: inout ByteReader, _ what: String) throws(ModelError) -> String {
    let count = Int(try reader.read(UInt32.self))
    let bytes = try reader.read(count: count)
    guard let text = bytes.withBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw ModelError(.malformed, "a \(what) is not UTF-8")
    }
    return text
  }

  private func lie(_ what: String) -> ModelError {
    ModelError(
      .malformed, "the index of the HDF5 file states \(what)", at: Location(byteOffset: reader.position))
  }
}
