import CProtobufC
import SkiffBinary

/// A message that is being written: its fields in the order in which they are given, asked for by their names in the schema.
///
/// Lengths stand before what they are the lengths of, so a message is complete before it is part of another. Large leaves are
/// only counted; their bytes come from elsewhere when the whole is written.
package struct MessageWriter<Leaf> {
  private let descriptor: MessageDescriptor
  private var bytes: [UInt8] = []
  /// What comes between the bytes: where, how many bytes, and what they are.
  private var leaves: [(position: Int, count: Int, leaf: Leaf)] = []
  /// The bytes of the message with its leaves.
  package private(set) var count = 0

  /// Starts an empty message.
  package init(_ descriptor: MessageDescriptor) { self.descriptor = descriptor }

  /// Adds an integer, or a member of an enumeration.
  package mutating func integer(_ name: StaticString, _ value: Int) {
    tag(name, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// Adds each integer of a list.
  package mutating func integers(_ name: StaticString, _ values: [Int]) {
    for value in values { integer(name, value) }
  }

  /// Adds a real number.
  package mutating func real(_ name: StaticString, _ value: Float) {
    tag(name, 5)
    append((0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) })
  }

  /// Adds each number of a list.
  package mutating func reals(_ name: StaticString, _ values: [Float]) {
    for value in values { real(name, value) }
  }

  /// Adds a text; none if it is empty, which is what it means.
  package mutating func text(_ name: StaticString, _ text: String) {
    if !text.isEmpty { delimited(name, Array(text.utf8)) }
  }

  /// Adds each text of a list, also empty ones.
  package mutating func texts(_ name: StaticString, _ texts: [String]) {
    for text in texts { delimited(name, Array(text.utf8)) }
  }

  /// Adds some bytes.
  package mutating func bytes(_ name: StaticString, _ region: ByteRegion) {
    delimited(name, region.withBytes { Array($0) })
  }

  /// Adds `count` bytes that `leaf` stands for.
  package mutating func leaf(_ name: StaticString, _ leaf: Leaf, count: Int) {
    tag(name, 2)
    varint(UInt64(count))
    leaves.append((bytes.count, count, leaf))
    self.count += count
  }

  /// Adds a message with the fields that `fill` gives it.
  package mutating func message(_ name: StaticString, _ fill: (inout MessageWriter) -> Void) {
    // Names are literals of the program, and every message is written by some test.
    guard let type = descriptor.field(named: name).messageType else {
      preconditionFailure("\(descriptor.name).\(name) is no message")
    }
    var inner = MessageWriter(type)
    fill(&inner)
    tag(name, 2)
    varint(UInt64(inner.count))
    leaves += inner.leaves.map { ($0.position + bytes.count, $0.count, $0.leaf) }
    bytes += inner.bytes
    count += inner.count
  }

  /// Writes the message; `body` writes the bytes of each leaf.
  package func write(
    to file: inout OutputFile, _ body: (Leaf, inout OutputFile) throws(ModelError) -> Void
  ) throws(ModelError) {
    var start = 0
    for (position, count, leaf) in leaves {
      try file.write(Array(bytes[start..<position]))
      let end = file.count + count
      try body(leaf, &file)
      guard file.count == end else {
        throw ModelError(.invalidGraph, "\(file.count - end + count) bytes for a leaf of \(count)")
      }
      start = position
    }
    try file.write(Array(bytes[start...]))
  }

  private mutating func delimited(_ name: StaticString, _ content: [UInt8]) {
    tag(name, 2)
    varint(UInt64(content.count))
    append(content)
  }

  private mutating func tag(_ name: StaticString, _ wireType: UInt64) {
    varint(UInt64(descriptor.field(named: name).number) << 3 | wireType)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append([UInt8(truncatingIfNeeded: rest) | 0x80])
      rest >>= 7
    }
    append([UInt8(rest)])
  }

  private mutating func append(_ more: [UInt8]) {
    bytes += more
    count += more.count
  }
}
