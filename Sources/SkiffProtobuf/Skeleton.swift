import CProtobufC
import SkiffBinary

/// A walk over a message on the wire that checks it and cuts large leaves out.
///
/// What remains, the skeleton, is small and known to be well-formed: protobuf-c unpacks it without a surprise.
/// The walk is driven by the schema's descriptors, so that it follows every path that protobuf-c would. It checks
/// what protobuf-c does not: depth, memory, the number of fields, UTF-8, embedded zeros, wire types, and that
/// no message which can be there once is there twice.
struct Skeleton {
  /// Leaves of at least so many bytes are cut out.
  static let leafSize = 256
  /// The bytes that protobuf-c takes for a field while it scans a message.
  private static let scanSize = 48

  private let limits: Limits
  private var budget: Int
  private var fieldCount = 0

  /// The skeleton's bytes and the tree of what they were.
  static func walk(
    _ region: ByteRegion, as descriptor: MessageDescriptor, limits: Limits
  ) throws(ModelError) -> (bytes: [UInt8], node: WireNode) {
    var skeleton = Skeleton(limits: limits, budget: limits.structureSize)
    return try skeleton.message(region, as: descriptor, field: 0, depth: 1)
  }

  private init(limits: Limits, budget: Int) {
    self.limits = limits
    self.budget = budget
  }

  private mutating func message(
    _ region: ByteRegion, as descriptor: MessageDescriptor, field number: UInt32, depth: Int
  ) throws(ModelError) -> (bytes: [UInt8], node: WireNode) {
    let place = Location(byteOffset: region.offset)
    guard depth <= limits.depth else {
      throw ModelError(.limitExceeded, "messages nest deeper than \(limits.depth)", at: place)
    }
    try spend(descriptor.structureSize + MemoryLayout<WireNode>.size, at: region)
    var node = WireNode(field: number, region: region)
    var bytes: [UInt8] = []
    var counts: [UInt32: Int] = [:]
    var reader = ByteReader(region)
    while !reader.isAtEnd {
      let wire = try reader.readField()
      fieldCount += 1
      guard fieldCount <= limits.count else {
        throw ModelError(
          .limitExceeded, "more than \(limits.count) fields", at: Location(byteOffset: wire.whole.offset))
      }
      guard let field = descriptor.field(wire.number) else { continue }
      try spend(Self.scanSize + field.elementSize, at: wire.whole)
      let isPacked = field.isRepeated && field.wireType != .delimited && wire.type == .delimited
      guard isPacked || wire.type == field.wireType else {
        throw error(.malformed, "has the wrong wire type", descriptor, field, wire.whole)
      }
      if let type = field.messageType {
        if !field.isRepeated, counts.updateValue(1, forKey: wire.number) != nil {
          throw error(.malformed, "is there twice", descriptor, field, wire.whole)
        }
        let child = try message(wire.value, as: type, field: wire.number, depth: depth + 1)
        node.children.append(child.node)
        Self.append(child.bytes, number: wire.number, to: &bytes)
      } else if isPacked {
        if wire.value.count >= Self.leafSize {
          try cut(wire.value, field, 0, into: &node)
        } else {
          try checkPacked(wire.value, field, descriptor)
          wire.whole.withBytes { bytes.append(contentsOf: $0) }
        }
      } else if wire.type == .delimited {
        if field.type == PROTOBUF_C_TYPE_STRING { try checkText(wire.value, field, descriptor) }
        let index = field.isRepeated ? counts[wire.number, default: 0] : 0
        if field.isRepeated { counts[wire.number] = index + 1 }
        if wire.value.count >= Self.leafSize {
          try cut(wire.value, field, index, into: &node)
          if field.isRepeated { Self.append([], number: wire.number, to: &bytes) }
        } else {
          try spend(wire.value.count + 1, at: wire.whole)
          // A later value takes the place of one that was cut out.
          if !field.isRepeated { node.leaves.removeAll { $0.field == wire.number } }
          wire.whole.withBytes { bytes.append(contentsOf: $0) }
        }
      } else {
        wire.whole.withBytes { bytes.append(contentsOf: $0) }
      }
    }
    try spend(bytes.count, at: region)
    return (bytes, node)
  }

  private mutating func cut(
    _ value: ByteRegion, _ field: FieldDescriptor, _ index: Int, into node: inout WireNode
  ) throws(ModelError) {
    try spend(MemoryLayout<WireLeaf>.size, at: value)
    if !field.isRepeated { node.leaves.removeAll { $0.field == field.number } }
    node.leaves.append(WireLeaf(field: field.number, index: index, bytes: value))
  }

  /// Checks a packed list that stays in the skeleton.
  private mutating func checkPacked(
    _ value: ByteRegion, _ field: FieldDescriptor, _ descriptor: MessageDescriptor
  ) throws(ModelError) {
    // Each element takes a byte at least, so that the list takes eight times its bytes at most.
    try spend(8 * value.count, at: value)
    switch field.wireType {
    case .fixed32, .fixed64:
      let size = field.wireType == .fixed32 ? 4 : 8
      guard value.count % size == 0 else {
        throw error(.malformed, "has \(value.count) bytes for elements of \(size)", descriptor, field, value)
      }
    default:
      var reader = ByteReader(value)
      while !reader.isAtEnd { _ = try reader.readVarint() }
    }
  }

  private func checkText(
    _ value: ByteRegion, _ field: FieldDescriptor, _ descriptor: MessageDescriptor
  ) throws(ModelError) {
    let isText = value.withBytes { !$0.contains(0) && String(validating: $0, as: UTF8.self) != nil }
    guard isText else {
      throw error(.malformed, "is not UTF-8 without zeros", descriptor, field, value)
    }
  }

  private mutating func spend(_ size: Int, at region: ByteRegion) throws(ModelError) {
    guard size <= budget else {
      throw ModelError(
        .limitExceeded, "the structures take more than \(limits.structureSize) bytes",
        at: Location(byteOffset: region.offset))
    }
    budget -= size
  }

  private func error(
    _ code: ModelError.Code, _ reason: String, _ descriptor: MessageDescriptor, _ field: FieldDescriptor,
    _ region: ByteRegion
  ) -> ModelError {
    ModelError(
      code, "field '\(field.name)' of \(descriptor.name) \(reason)", at: Location(byteOffset: region.offset))
  }

  /// Appends a field with a length.
  private static func append(_ value: [UInt8], number: UInt32, to bytes: inout [UInt8]) {
    for var rest in [UInt64(number) << 3 | WireType.delimited.rawValue, UInt64(value.count)] {
      while rest >= 0x80 {
        bytes.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
    bytes += value
  }
}
