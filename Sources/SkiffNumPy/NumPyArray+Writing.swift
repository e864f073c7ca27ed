import SkiffBinary

extension NumPyArray {
  /// What precedes ``bytes`` in a .npy file; its length is a multiple of 64.
  package var header: ByteRegion {
    let dimensions = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(type.descriptor)', 'fortran_order': False, 'shape': (\(dimensions)), }"
    // Version 1 counts the text in 16 bits. A shape that needs more has thousands of dimensions, which no tensor has,
    // but which nothing here forbids: version 2 counts in 32.
    let isLong = text.utf8.count + 64 > Int(UInt16.max)
    let prefix = isLong ? 12 : 10
    let padding = 63 - (prefix + text.utf8.count) % 64
    let length = text.utf8.count + padding + 1
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [isLong ? 2 : 1, 0]
    for shift in stride(from: 0, to: isLong ? 32 : 16, by: 8) { bytes.append(UInt8(length >> shift & 0xff)) }
    bytes += text.utf8
    bytes += [UInt8](repeating: 0x20, count: padding) + [0x0a]
    return ByteRegion(bytes)
  }

  /// Writes the array as the .npy file at `path`, which appears whole or not at all.
  package func write(to path: String) throws(ModelError) {
    var file = try OutputFile(path: path)
    try file.write(header)
    try file.write(bytes)
    try file.commit()
  }
}
