import SkiffBinary

/// Where a message is in the file, and what was left out of its skeleton.
struct WireNode: Sendable {
  /// The field of the enclosing message that it is a value of; 0 for the outermost.
  let field: UInt32
  /// The message in the file.
  let region: ByteRegion
  /// The messages in it, in the order of the file.
  var children: [WireNode] = []
  /// The values that were cut out of it, in the order of the file.
  var leaves: [WireLeaf] = []
}

/// A value that stays in the file.
struct WireLeaf: Sendable {
  let field: UInt32
  /// The position in a list of texts or byte strings; 0 otherwise.
  let index: Int
  /// The value: contents of a text or of bytes, or a packed list.
  let bytes: ByteRegion
}
