import SkiffBinary

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The files beside a model that hold tensors; each is mapped once.
struct ExternalFiles {
  private let modelPath: String?
  private let limits: Limits
  private var regions: [String: ByteRegion] = [:]

  init(besideModel path: String?, limits: Limits) {
    modelPath = path
    self.limits = limits
  }

  /// The bytes of a tensor; `expectedCount` is how many its type and shape need.
  ///
  /// - Throws: ``ModelError/Code/malformed`` for a path that leads out of the model's folder, by itself or
  ///   through a symbolic link, and ``ModelError/Code/truncated`` where the file is too short.
  mutating func bytes(of data: ONNXExternalData, expectedCount: Int) throws(ModelError) -> ByteRegion {
    let region = try file(data.location)
    return try locating(Location(file: data.location)) { () throws(ModelError) in
      guard data.offset <= region.count else {
        throw ModelError(
          .truncated, "offset \(data.offset) is beyond the end of \(region.count) bytes")
      }
      let count = data.length ?? min(expectedCount, region.count - data.offset)
      return try region.slice(offset: data.offset, count: count)
    }
  }

  private mutating func file(_ location: String) throws(ModelError) -> ByteRegion {
    if let region = regions[location] { return region }
    guard let modelPath else {
      throw ModelError(
        .unsupported,
        "the tensor is in '\(location)' beside the model, but the model was not read from a file")
    }
    func fail(_ reason: String) -> ModelError {
      ModelError(.malformed, "the location '\(location)' of external data \(reason)")
    }
    guard !location.hasPrefix("/"), !location.hasPrefix("\\") else { throw fail("is absolute") }
    guard !location.split(whereSeparator: { $0 == "/" || $0 == "\\" }).contains("..") else {
      throw fail("leads upwards")
    }
    let folder = modelPath.lastIndex(of: "/").map { String(modelPath[...$0]) } ?? "./"
    guard let root = Self.resolved(folder) else { throw fail("is in a folder that does not exist") }
    guard let path = Self.resolved(folder + location) else {
      throw ModelError(
        .inputOutput, "cannot open external data: \(systemReason())", at: Location(file: location))
    }
    guard path.hasPrefix(root == "/" ? root : root + "/") else {
      throw fail("leads out of the model's folder")
    }
    let region = try ByteRegion(mapping: path, limits: limits)
    regions[location] = region
    return region
  }

  /// The path without links and dots, nil if there is no such file.
  private static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
