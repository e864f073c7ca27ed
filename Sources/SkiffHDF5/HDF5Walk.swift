import CHDF5
import SkiffBinary
import SkiffHDF5Index

/// Writes the index of the HDF5 file `image` to `sink`.
///
/// An error of the file becomes the last record; only what `sink` throws is thrown. libhdf5 keeps global state: one
/// call at a time.
package func writeIndex<Sink: HDF5IndexSink>(
  of image: UnsafeRawBufferPointer, to sink: Sink, limits: Limits
) throws(ModelError) -> Sink {
  skiff_h5_silence()
  // No filter from a shared library that the file's author may have wished for.
  H5PLset_loading_state(0)
  var walk = HDF5Walk(writer: try HDF5IndexWriter(to: sink), limits: limits)
  do throws(ModelError) {
    try walk.file(image)
  } catch {
    return try walk.fail(error)
  }
  return try walk.end()
}

/// A walk over every group, dataset and attribute of a file.
private struct HDF5Walk<Sink: HDF5IndexSink>: ~Copyable {
  private var writer: HDF5IndexWriter<Sink>
  private let limits: Limits
  private var visitedGroups: Set<UInt64> = []
  private var count = 0
  private var attributeBytes = 0
  private var decodedBytes = 0

  init(writer: consuming HDF5IndexWriter<Sink>, limits: Limits) {
    self.writer = writer
    self.limits = limits
  }

  consuming func end() throws(ModelError) -> Sink { try writer.end() }
  consuming func fail(_ error: ModelError) throws(ModelError) -> Sink { try writer.fail(error) }

  mutating func file(_ bytes: UnsafeRawBufferPointer) throws(ModelError) {
    // The library keeps the pointer until the file is closed, which the handle does before this is deallocated.
    let image = UnsafeMutablePointer<skiff_h5_image>.allocate(capacity: 1)
    image.initialize(to: skiff_h5_image(bytes: bytes.baseAddress, size: bytes.count))
    defer { image.deallocate() }
    guard !bytes.isEmpty else { throw ModelError(.truncated, "the HDF5 file is empty") }
    let file = try HDF5Handle(skiff_h5_open_image(image), "the file: it is damaged or no HDF5 file")
    let root = try HDF5Handle(skiff_h5_open_group(file.id, "/"), "the root group")
    try group(root, path: "", depth: 0)
  }

  private mutating func group(
    _ group: borrowing HDF5Handle, path: String, depth: Int
  ) throws(ModelError) {
    guard depth <= limits.depth else {
      throw ModelError(.limitExceeded, "groups nest deeper than \(limits.depth) at '\(path)'")
    }
    try writer.group(path)
    try attributes(of: group, path: path)
    for entry in try entries(.links, of: group, path: path, limit: limits.count) {
      guard !entry.name.contains("/") else {
        throw ModelError(.malformed, "a member of '\(path)' has a slash in its name")
      }
      let child = path.isEmpty ? entry.name : path + "/" + entry.name
      guard entry.kind == H5L_TYPE_HARD.rawValue else {
        throw ModelError(
          .unsupported, "'\(child)' is a soft or an external link, which models have no use for")
      }
      try Self.take(1, of: limits.count, from: &count, "groups, datasets and attributes")
      try object(entry.name, child, in: group, depth: depth)
    }
  }

  private mutating func object(
    _ name: String, _ path: String, in parent: borrowing HDF5Handle, depth: Int
  ) throws(ModelError) {
    var kind: Int32 = 0
    var address: UInt64 = 0
    guard skiff_h5_object(parent.id, name, &kind, &address) >= 0 else {
      throw ModelError(.malformed, "libhdf5 cannot read '\(path)'")
    }
    switch H5O_type_t(kind) {
    case H5O_TYPE_GROUP:
      guard visitedGroups.insert(address).inserted else {
        throw ModelError(.unsupported, "'\(path)' is a group that is also at another place")
      }
      let child = try HDF5Handle(skiff_h5_open_group(parent.id, name), "the group '\(path)'")
      try group(child, path: path, depth: depth + 1)
    case H5O_TYPE_DATASET:
      let child = try HDF5Handle(skiff_h5_open_dataset(parent.id, name), "the dataset '\(path)'")
      try dataset(child, path: path)
      try attributes(of: child, path: path)
    default: break  // a named datatype says nothing about a model
    }
  }

  private mutating func dataset(
    _ dataset: borrowing HDF5Handle, path: String
  ) throws(ModelError) {
    let properties = try HDF5Handle(H5Dget_create_plist(dataset.id), "the properties of '\(path)'")
    let layout = H5Pget_layout(properties.id)
    guard layout != H5D_VIRTUAL, H5Pget_external_count(properties.id) <= 0 else {
      throw ModelError(.unsupported, "the dataset '\(path)' is stored in other files")
    }
    let stored = try HDF5Handle(H5Dget_type(dataset.id), "the type of '\(path)'")
    let space = try HDF5Handle(H5Dget_space(dataset.id), "the shape of '\(path)'")
    let element = HDF5Element(of: stored)
    guard let shape = try shape(of: space, path: path), element.memoryType >= 0 else {
      let type = element.type == .string ? HDF5Index.ElementType.string : .other
      try writer.dataset(path, type, shape: [], place: nil)
      return
    }
    let size = try byteCount(shape, element.size, path: path)
    let offset = H5Dget_offset(dataset.id)
    if layout == H5D_CONTIGUOUS, element.isStoredAsRead, skiff_h5_is_address(offset) != 0 {
      try writer.dataset(path, element.type, shape: shape, place: (UInt64(offset), UInt64(size)))
      return
    }
    guard size <= limits.structureSize else {
      throw ModelError(
        .limitExceeded,
        "the dataset '\(path)' decodes to \(size) bytes, more than the limit of \(limits.structureSize)")
    }
    try Self.take(size, of: limits.inflatedSize, from: &decodedBytes, "bytes of decoded datasets")
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
    defer { bytes.deallocate() }
    guard size == 0 || skiff_h5_read(dataset.id, element.memoryType, bytes.baseAddress) >= 0 else {
      throw ModelError(.malformed, "libhdf5 cannot decode the dataset '\(path)'")
    }
    let decoded = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<size])
    try writer.dataset(path, element.type, shape: shape, decoded: decoded)
  }

  private mutating func attributes(
    of object: borrowing HDF5Handle, path: String
  ) throws(ModelError) {
    for entry in try entries(.attributes, of: object, path: path, limit: limits.count) {
      let name = entry.name
      try Self.take(1, of: limits.count, from: &count, "groups, datasets and attributes")
      let what = "the attribute '\(name)' of '\(path)'"
      let attribute = try HDF5Handle(skiff_h5_open_attribute(object.id, name), what)
      let stored = try HDF5Handle(H5Aget_type(attribute.id), what)
      let space = try HDF5Handle(H5Aget_space(attribute.id), what)
      let element = HDF5Element(of: stored)
      let shape = try shape(of: space, path: what)
      if let shape, element.type == .string {
        let count = try byteCount(shape, 1, path: what)
        try writer.attribute(name, try texts(attribute, stored, space, count: count, what))
      } else if let shape, element.memoryType >= 0 {
        let size = try byteCount(shape, element.size, path: what)
        try Self.take(size, of: limits.structureSize, from: &attributeBytes, "bytes of attributes")
        var bytes = [UInt8](repeating: 0, count: size)
        guard size == 0 || H5Aread(attribute.id, element.memoryType, &bytes) >= 0 else {
          throw ModelError(.malformed, "libhdf5 cannot read \(what)")
        }
        try writer.attribute(name, element.type, shape: shape, bytes)
      } else {
        try writer.attribute(name, .other, shape: [], [])
      }
    }
  }

  private mutating func texts(
    _ attribute: borrowing HDF5Handle, _ stored: borrowing HDF5Handle, _ space: borrowing HDF5Handle,
    count: Int, _ what: String
  ) throws(ModelError) -> [[UInt8]] {
    guard count > 0 else { return [] }
    let isVariable = H5Tis_variable_str(stored.id) > 0
    let stride = isVariable ? MemoryLayout<UnsafeMutablePointer<CChar>?>.size : H5Tget_size(stored.id)
    let (size, overflow) = count.multipliedReportingOverflow(by: stride)
    guard !overflow else { throw ModelError(.malformed, "\(what) is impossibly long") }
    try Self.take(size, of: limits.structureSize, from: &attributeBytes, "bytes of attributes")
    if isVariable {
      let type = try HDF5Handle(skiff_h5_variable_string(stored.id), what)
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      guard H5Aread(attribute.id, type.id, &pointers) >= 0 else {
        throw ModelError(.malformed, "libhdf5 cannot read \(what)")
      }
      defer { _ = skiff_h5_reclaim_strings(type.id, space.id, &pointers) }
      var texts: [[UInt8]] = []
      for pointer in pointers {
        let length = pointer.map { strlen($0) } ?? 0
        try Self.take(length, of: limits.structureSize, from: &attributeBytes, "bytes of attributes")
        texts.append(Array(UnsafeRawBufferPointer(start: pointer, count: length)))
      }
      return texts
    }
    var bytes = [UInt8](repeating: 0, count: size)
    guard H5Aread(attribute.id, stored.id, &bytes) >= 0 else {
      throw ModelError(.malformed, "libhdf5 cannot read \(what)")
    }
    return (0..<count).map { index in
      // `index * stride` is below `size`, which did not overflow; padding by zeros is not part of the text.
      Array(bytes[index * stride..<(index + 1) * stride].prefix { $0 != 0 })
    }
  }

  /// The sizes of a dataspace, or nil for one without elements of any kind.
  private func shape(of space: borrowing HDF5Handle, path: String) throws(ModelError) -> [UInt64]? {
    guard H5Sget_simple_extent_type(space.id) != H5S_NULL else { return nil }
    let rank = Int(H5Sget_simple_extent_ndims(space.id))
    guard rank >= 0, rank <= limits.rank else {
      throw ModelError(.limitExceeded, "\(path) has rank \(rank), more than the limit of \(limits.rank)")
    }
    var sizes = [hsize_t](repeating: 0, count: rank)
    guard H5Sget_simple_extent_dims(space.id, &sizes, nil) >= 0 else {
      throw ModelError(.malformed, "libhdf5 cannot read the shape of \(path)")
    }
    return sizes
  }

  private func byteCount(_ shape: [UInt64], _ size: Int, path: String) throws(ModelError) -> Int {
    var product = size
    for size in shape {
      let size = Int(exactly: size)
      let (next, overflow) = product.multipliedReportingOverflow(by: size ?? 0)
      guard size != nil, !overflow else {
        throw ModelError(.malformed, "\(path) has the impossible shape \(shape)")
      }
      product = next
    }
    return product
  }

  private static func take(_ amount: Int, of limit: Int, from sum: inout Int, _ what: String)
    throws(ModelError)
  {
    let (next, overflow) = sum.addingReportingOverflow(amount)
    guard !overflow, next <= limit else {
      throw ModelError(.limitExceeded, "the HDF5 file has more than \(limit) \(what)")
    }
    sum = next
  }
}
