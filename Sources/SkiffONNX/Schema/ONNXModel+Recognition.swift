import SkiffBinary

extension ONNXModel {
  /// Whether the beginning of a file looks like a model.
  ///
  /// Protocol buffers have no magic number. The first fields must be those of a model with their types, names must
  /// be printable, and the IR version must come before the graph ends or the prefix does. Core ML's models,
  /// which begin alike, have a message where ONNX has the producer's name, and so a control character.
  package static func recognizes(prefix: ByteRegion) -> Bool {
    var position = 0
    var hasVersion = false
    while position < prefix.count {
      guard let tag = varint(prefix, &position) else { return hasVersion }
      switch (tag >> 3, tag & 7) {
      case (1, 0):
        guard let version = varint(prefix, &position), (1...1000).contains(version) else { return false }
        hasVersion = true
      case (5, 0): guard varint(prefix, &position) != nil else { return hasVersion }
      case (2...4, 2), (6, 2), (7, 2), (8, 2), (14, 2), (20, 2), (25, 2):
        guard let length = varint(prefix, &position) else { return hasVersion }
        let rest = prefix.count - position
        let count = length > UInt64(rest) ? rest : Int(length)
        guard let value = try? prefix.slice(offset: position, count: count) else { return false }
        let isName = (2...4).contains(tag >> 3)
        if isName, value.withBytes({ $0.contains { $0 < 0x20 || $0 == 0x7F } }) { return false }
        if tag >> 3 == 7 { return hasVersion || count < length || position + count < prefix.count }
        position += count
        if count < length { return hasVersion }
      default: return false
      }
    }
    return hasVersion
  }

  private static func varint(_ bytes: ByteRegion, _ position: inout Int) -> UInt64? {
    var value: UInt64 = 0
    for index in 0..<9 {
      guard let byte = try? bytes.load(at: position, as: UInt8.self) else { return nil }
      position += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
