#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The files beside a model that hold its tensors; each is mapped once, and none is outside of the model's folder.
package struct FileFolder {
  private let modelPath: String
  private let limits: Limits
  private let kind: String
  private var regions: [String: ByteRegion] = [:]

  /// - Parameters:
  ///   - kind: What the files are, for messages.
  package init(of modelPath: String, kind: String, limits: Limits) {
    (self.modelPath, self.kind, self.limits) = (modelPath, kind, limits)
  }

  /// The bytes of the file at a path from the folder.
  ///
  /// - Throws: ``ModelError/Code/malformed`` for a path that leads out of the model's folder, by itself or
  ///   through a symbolic link, and ``ModelError/Code/inputOutput`` if there is no such file.
  package mutating func file(_ location: String) throws(ModelError) -> ByteRegion {
    if let region = regions[location] { return region }
    func fail(_ reason: String) -> ModelError {
      ModelError(.malformed, "the location '\(location)' of \(kind) \(reason)")
    }
    guard !location.hasPrefix("/"), !location.hasPrefix("\\") else { throw fail("is absolute") }
    guard !location.split(whereSeparator: { $0 == "/" || $0 == "\\" }).contains("..") else {
      throw fail("leads upwards")
    }
    let folder = modelPath.lastIndex(of: "/").map { String(modelPath[...$0]) } ?? "./"
    guard let root = Self.resolved(folder) else { throw fail("is in a folder that does not exist") }
    guard let path = Self.resolved(folder + location) else {
      throw ModelError(
        .inputOutput, "cannot open \(kind): \(systemReason())", at: Location(file: location))
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
