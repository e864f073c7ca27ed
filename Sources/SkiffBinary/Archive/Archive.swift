/// A zip archive that is read where it lies: stored members are slices of it, deflated ones are inflated on demand.
///
/// Everything that the directory says is checked when the archive is opened: names, sizes, and that no two members
/// share bytes. A member's checksum is verified when its contents are asked for.
package struct Archive: Sendable {
  /// How a member's bytes are kept.
  package enum Method: Sendable {
    /// As they are.
    case stored
    /// Compressed by raw deflate.
    case deflated
  }

  /// A file (or a folder, whose name ends in a slash) of the archive.
  package struct Member: Sendable {
    /// The key of the member. Nothing is extracted by it: it may look like an absolute path or leave its folder.
    package let name: String
    /// How the bytes are kept.
    package let method: Method
    /// The number of bytes of the contents.
    package let size: Int
    /// The CRC-32 of the contents.
    package let checksum: UInt32
    /// The bytes as they are kept.
    package let storage: ByteRegion
  }

  /// The members in the order of the directory; their names differ.
  package let members: [Member]
  private let indices: [String: Int]

  /// Whether a file that starts with `prefix` is a zip archive, an empty one included.
  package static func recognizes(_ prefix: ByteRegion) -> Bool {
    guard let signature = try? prefix.load(at: 0, as: UInt32.self) else { return false }
    return signature == Signature.localHeader || signature == Signature.endOfDirectory
  }

  /// Opens the archive that `region` holds from its first byte to its last.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if directory and members contradict each other,
  ///   ``ModelError/Code/unsupported`` for encryption, several disks or a method other than stored and
  ///   deflate, ``ModelError/Code/limitExceeded`` for too many members or too many bytes to inflate.
  package init(parsing region: ByteRegion, limits: Limits = .standard) throws(ModelError) {
    let directory = try ArchiveDirectory(parsing: region, limits: limits)
    members = try directory.members(of: region, limits: limits)
    var indices: [String: Int] = [:]
    for (index, member) in members.enumerated() {
      guard indices.updateValue(index, forKey: member.name) == nil else {
        throw ModelError(.malformed, "the archive has two members '\(member.name)'")
      }
    }
    self.indices = indices
  }

  /// The member with this name, if there is one.
  package subscript(name: String) -> Member? {
    indices[name].map { members[$0] }
  }
}

extension Archive.Member {
  /// The contents: a slice of the archive if stored, else inflated into new memory.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if they do not have the size and the checksum that the directory states.
  package func contents() throws(ModelError) -> ByteRegion {
    let name = name
    let bytes: ByteRegion
    switch method {
    case .stored: bytes = storage
    case .deflated:
      do {
        bytes = try storage.inflated(count: size)
      } catch {
        throw ModelError(error.code, "member '\(name)': \(error.message)", at: error.location)
      }
    }
    let actual = Checksum(of: bytes).value
    guard actual == checksum else {
      throw ModelError(
        .malformed,
        "member '\(name)': its checksum is \(hexadecimal(actual)), the directory says \(hexadecimal(checksum))",
        at: Location(byteOffset: storage.offset))
    }
    return bytes
  }
}

private func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }

extension Archive {
  /// Why `name` cannot be the name of a member, if so.
  ///
  /// Names are keys and never become paths of the file system: arrays are named after tensors, and those are called
  /// `/conv/Conv_output_0` or `a//b`.
  static func objection(toName name: String) -> String? {
    if name.isEmpty { return "is empty" }
    if name.utf8.contains(0) { return "holds a NUL" }
    return nil
  }

  /// The numbers that start the structures of a zip file (APPNOTE 6.3, section 4.3).
  enum Signature {
    static let localHeader: UInt32 = 0x0403_4b50
    static let directoryEntry: UInt32 = 0x0201_4b50
    static let endOfDirectory: UInt32 = 0x0605_4b50
    static let endOfDirectory64: UInt32 = 0x0606_4b50
    static let endOfDirectory64Locator: UInt32 = 0x0706_4b50
  }

  /// The bits of a header's flags (APPNOTE 6.3, section 4.4.4).
  enum Flag {
    static let encrypted: UInt16 = 1 << 0
    /// Sizes and checksum of the local header are zero and follow the data.
    static let dataDescriptor: UInt16 = 1 << 3
    static let patch: UInt16 = 1 << 5
    static let strongEncryption: UInt16 = 1 << 6
    static let utf8: UInt16 = 1 << 11
    static let maskedHeaders: UInt16 = 1 << 13
  }
}
