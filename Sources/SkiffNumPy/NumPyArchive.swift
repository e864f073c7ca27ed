import SkiffBinary

/// A .npz file: a zip archive of .npy files, read one array at a time.
package struct NumPyArchive: Sendable {
  /// The names of the arrays, in the order of the file.
  package let names: [String]
  private let archive: Archive
  private let limits: Limits
  private let path: String?

  private static let suffix = ".npy"

  /// Opens the archive that `region` holds.
  ///
  /// - Throws: what ``Archive`` throws, and ``ModelError/Code/unsupported`` for a member that is not an array.
  package init(parsing region: ByteRegion, limits: Limits = .standard) throws(ModelError) {
    try self.init(parsing: region, path: nil, limits: limits)
  }

  /// Opens the .npz file at `path`, which stays mapped as long as the archive or one of its stored arrays lives.
  package init(mapping path: String, limits: Limits = .standard) throws(ModelError) {
    self = try locating(Location(file: path)) { () throws(ModelError) in
      try NumPyArchive(parsing: ByteRegion(mapping: path, limits: limits), path: path, limits: limits)
    }
  }

  private init(parsing region: ByteRegion, path: String?, limits: Limits) throws(ModelError) {
    archive = try Archive(parsing: region, limits: limits)
    var names: [String] = []
    for member in archive.members {
      guard member.name.hasSuffix(Self.suffix) else {
        throw ModelError(.unsupported, "member '\(member.name)' of the archive is not a .npy array")
      }
      names.append(String(member.name.dropLast(Self.suffix.count)))
    }
    self.names = names
    self.path = path
    self.limits = limits
  }

  /// The array with this name, or nil if there is none.
  package func array(named name: String) throws(ModelError) -> NumPyArray? {
    guard let member = archive[name + Self.suffix] else { return nil }
    return try locating(Location(file: path, tensor: name)) { () throws(ModelError) in
      try NumPyArray(parsing: member.contents(), limits: limits)
    }
  }

  /// Every array with its name, in the order of the file.
  package func arrays() throws(ModelError) -> [(name: String, array: NumPyArray)] {
    var arrays: [(name: String, array: NumPyArray)] = []
    for name in names {
      if let array = try array(named: name) { arrays.append((name, array)) }
    }
    return arrays
  }

  /// Writes arrays as the .npz file at `path`, which appears whole or not at all.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if a name is taken or cannot be the name of a member.
  package static func write(
    _ arrays: [(name: String, array: NumPyArray)], to path: String
  ) throws(ModelError) {
    var writer = try ArchiveWriter(path: path)
    for (name, array) in arrays { try writer.add(name + suffix, [array.header, array.bytes]) }
    try writer.commit()
  }
}
