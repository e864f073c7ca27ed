import SkiffBinary

/// A checkpoint in several files: which of them has which tensor.
public struct SafetensorsIndex: Sendable {
  /// The file of each tensor, a path from the folder of the index.
  public let files: [String: String]

  private static let mapName = "weight_map"

  /// Whether bytes are such an index: a JSON object with a map of tensors.
  public static func recognizes(_ region: ByteRegion) -> Bool {
    guard (try? region.load(at: 0, as: UInt8.self)) == UInt8(ascii: "{"), region.contains("\"\(mapName)\""),
      let value = try? JSONValue(parsing: region)
    else { return false }
    return value[mapName]?.object != nil
  }

  /// Reads an index.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if it is none.
  public init(parsing region: ByteRegion, limits: Limits = .standard) throws(ModelError) {
    guard let map = try JSONValue(parsing: region, limits: limits)[Self.mapName]?.object else {
      throw ModelError(.malformed, "the index has no '\(Self.mapName)'")
    }
    var files: [String: String] = [:]
    for (name, value) in map {
      guard let file = value.string else {
        throw ModelError(.malformed, "is in \(value.kind), not in a file", at: Location(tensor: name))
      }
      files[name] = file
    }
    self.files = files
  }

  /// The tensors of all files, file by file in the order of their names.
  ///
  /// - Parameter path: The path of the index.
  /// - Returns: The tensors, and those that a file has although the index says nothing of them there.
  /// - Throws: ``ModelError/Code/malformed`` if a tensor is missing in its file, naming both.
  func entries(
    besidePath path: String, limits: Limits
  ) throws(ModelError) -> (entries: [SafetensorsFile.Entry], unlisted: [String]) {
    var folder = FileFolder(of: path, kind: "a shard", limits: limits)
    var (entries, unlisted): ([SafetensorsFile.Entry], [String]) = ([], [])
    for file in Set(files.values).sorted() {
      let region = try folder.file(file)
      let found = try locating(Location(file: file)) { () throws(ModelError) in
        try SafetensorsFile(parsing: region, limits: limits).entries
      }
      let missing = Set(files.filter { $0.value == file }.keys).subtracting(found.map(\.name))
      if let name = missing.min() {
        throw ModelError(
          .malformed, "is not in '\(file)', where the index says it is", at: Location(tensor: name))
      }
      entries += found.filter { files[$0.name] == file }
      unlisted += found.filter { files[$0.name] != file }.map { "'\($0.name)' of '\(file)'" }
    }
    return (entries, unlisted)
  }
}

extension ByteRegion {
  /// Whether a text occurs.
  fileprivate func contains(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    return withBytes { bytes in
      guard bytes.count >= wanted.count else { return false }
      return (0...bytes.count - wanted.count).contains {
        bytes[$0] == wanted[0] && bytes[$0...].starts(with: wanted)
      }
    }
  }
}
