import SkiffBinary

/// The files beside a model that hold tensors.
struct ExternalFiles {
  private var folder: FileFolder?

  init(besideModel path: String?, limits: Limits) {
    folder = path.map { FileFolder(of: $0, kind: "external data", limits: limits) }
  }

  /// The bytes of a tensor; `expectedCount` is how many its type and shape need.
  ///
  /// - Throws: ``ModelError/Code/malformed`` for a path that leads out of the model's folder, by itself or
  ///   through a symbolic link, and ``ModelError/Code/truncated`` where the file is too short.
  mutating func bytes(of data: ONNXExternalData, expectedCount: Int) throws(ModelError) -> ByteRegion {
    guard let region = try folder?.file(data.location) else {
      throw ModelError(
        .unsupported,
        "the tensor is in '\(data.location)' beside the model, but the model was not read from a file")
    }
    return try locating(Location(file: data.location)) { () throws(ModelError) in
      guard data.offset <= region.count else {
        throw ModelError(
          .truncated, "offset \(data.offset) is beyond the end of \(region.count) bytes")
      }
      let count = data.length ?? min(expectedCount, region.count - data.offset)
      return try region.slice(offset: data.offset, count: count)
    }
  }
}
