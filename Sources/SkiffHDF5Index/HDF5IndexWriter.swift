import SkiffBinary

/// Where the bytes of an index go.
package protocol HDF5IndexSink {
  /// Appends `bytes`.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ModelError)
}

/// Writes an ``HDF5Index``, record by record.
package struct HDF5IndexWriter<Sink: HDF5IndexSink>: ~Copyable {
  private var sink: Sink
  private var record: [UInt8] = []
  private var count = 0
  private var records: UInt64 = 0

  /// Starts an index.
  package init(to sink: Sink) throws(ModelError) {
    self.sink = sink
    append(IndexFormat.magic)
    append(IndexFormat.version)
    try flush()
  }

  /// Writes a group.
  package mutating func group(_ path: String) throws(ModelError) {
    begin(.group)
    append(path)
    try flush()
  }

  /// Writes a dataset whose bytes lie in the file, or that has none to offer.
  package mutating func dataset(
    _ path: String, _ type: HDF5Index.ElementType, shape: [UInt64], place: (offset: UInt64, length: UInt64)?
  ) throws(ModelError) {
    begin(.dataset)
    append(path)
    append(type, shape)
    if let place {
      append(IndexFormat.Place.file.rawValue)
      append(place.offset)
      append(place.length)
    } else {
      append(IndexFormat.Place.none.rawValue)
    }
    try flush()
  }

  /// Writes a dataset with its decoded bytes.
  package mutating func dataset(
    _ path: String, _ type: HDF5Index.ElementType, shape: [UInt64], decoded bytes: UnsafeRawBufferPointer
  ) throws(ModelError) {
    begin(.dataset)
    append(path)
    append(type, shape)
    append(IndexFormat.Place.inline.rawValue)
    append(UInt64(bytes.count))
    let end = count + record.count
    let padding = (IndexFormat.alignment - end % IndexFormat.alignment) % IndexFormat.alignment
    record += [UInt8](repeating: 0, count: padding)
    try flush()
    count += bytes.count
    try sink.write(bytes)
  }

  /// Writes an attribute of texts.
  package mutating func attribute(_ name: String, _ texts: [[UInt8]]) throws(ModelError) {
    begin(.attribute)
    append(name)
    append(.string, [UInt64(texts.count)])
    append(UInt64(texts.reduce(0) { $0 + 4 + $1.count }))
    for text in texts {
      append(UInt32(clamping: text.count))
      record += text
    }
    try flush()
  }

  /// Writes an attribute of numbers, or with no bytes one that is not kept.
  package mutating func attribute(
    _ name: String, _ type: HDF5Index.ElementType, shape: [UInt64], _ bytes: [UInt8]
  ) throws(ModelError) {
    begin(.attribute)
    append(name)
    append(type, shape)
    append(UInt64(bytes.count))
    record += bytes
    try flush()
  }

  /// Ends the index.
  package consuming func end() throws(ModelError) -> Sink {
    let before = records
    begin(.end)
    append(before)
    try flush()
    return sink
  }

  /// Ends the index with an error in place of what is missing.
  package consuming func fail(_ error: ModelError) throws(ModelError) -> Sink {
    record = []
    begin(.failure)
    append(error.code.rawValue)
    append(error.message)
    try flush()
    return sink
  }

  private mutating func begin(_ tag: IndexFormat.Tag) {
    records += 1
    append(tag.rawValue)
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { record.append(contentsOf: $0) }
  }

  private mutating func append(_ text: String) {
    append(UInt32(clamping: text.utf8.count))
    record += text.utf8
  }

  private mutating func append(_ type: HDF5Index.ElementType, _ shape: [UInt64]) {
    let code = IndexFormat.code(of: type)
    append(code.kind)
    append(code.size)
    append(UInt32(clamping: shape.count))
    for size in shape { append(size) }
  }

  private mutating func flush() throws(ModelError) {
    let bytes = record
    record.removeAll(keepingCapacity: true)
    count += bytes.count
    try withBytes(of: bytes) { (bytes) throws(ModelError) in try sink.write(bytes) }
  }
}
