/// Files of safetensors, right and wrong ones.
package enum SafetensorsBytes {
  /// A tensor of a file.
  package struct Entry: Sendable {
    package let name: String
    package let type: String
    package let shape: [Int]
    package let bytes: [UInt8]

    package init(_ name: String, _ type: String, _ shape: [Int], _ bytes: [UInt8]) {
      (self.name, self.type, self.shape, self.bytes) = (name, type, shape, bytes)
    }
  }

  /// A file of tensors one behind the other.
  package static func file(_ entries: [Entry], metadata: String? = nil) -> [UInt8] {
    var (members, data) = (metadata.map { ["\"__metadata__\":\($0)"] } ?? [], [UInt8]())
    for entry in entries {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      members.append(
        """
        "\(entry.name)":{"dtype":"\(entry.type)","shape":[\(shape)],\
        "data_offsets":[\(data.count),\(data.count + entry.bytes.count)]}
        """)
      data += entry.bytes
    }
    return file(header: "{\(members.joined(separator: ","))}", data)
  }

  /// A file of any header, filled up with blanks as the format likes it.
  package static func file(header: String, _ data: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    let padded = text + [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(padded.count).littleEndian) { Array($0) } + padded + data
  }

  /// A small checkpoint: a matrix of each of three widths, a vector, integers, and a tensor without elements.
  package static func checkpoint(using random: inout SeededGenerator) -> [UInt8] {
    func bytes(_ floats: [Float]) -> [UInt8] { floats.flatMap { withUnsafeBytes(of: $0) { Array($0) } } }
    let halves = random.floats(20 * 40).map(Float16.init)
    return file(
      [
        Entry("a.weight", "F32", [24, 40], bytes(random.floats(24 * 40))),
        Entry("a.bias", "F32", [24], bytes(random.floats(24))),
        Entry("b.weight", "F16", [20, 40], halves.flatMap { withUnsafeBytes(of: $0) { Array($0) } }),
        Entry(
          "c.weight", "BF16", [8, 3, 33],
          random.floats(8 * 99).flatMap { [UInt8](bytes([$0])[2...]) }),
        Entry("none", "F64", [0, 3], []),
        Entry("steps", "I64", [], [7, 0, 0, 0, 0, 0, 0, 0]),
      ], metadata: "{\"format\":\"pt\"}")
  }
}
