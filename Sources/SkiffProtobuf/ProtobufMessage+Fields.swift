import CProtobufC
import SkiffBinary

extension ProtobufMessage {
  /// The text of a field, nil if it is not there.
  package func text(_ name: StaticString) -> String? {
    let field = expect(name, [PROTOBUF_C_TYPE_STRING], repeated: false)
    if let leaf = leaves(of: field).last { return Self.text(of: leaf.bytes) }
    guard isPresent(field),
      let characters = load(field.offset, as: UnsafePointer<CChar>?.self)
    else { return nil }
    return String(cString: characters)
  }

  /// The texts of a list.
  package func texts(_ name: StaticString) -> [String] {
    let field = expect(name, [PROTOBUF_C_TYPE_STRING], repeated: true)
    var texts = list(field, of: UnsafePointer<CChar>?.self).map { $0.map { String(cString: $0) } ?? "" }
    for leaf in leaves(of: field) where texts.indices.contains(leaf.index) {
      texts[leaf.index] = Self.text(of: leaf.bytes)
    }
    return texts
  }

  /// The bytes of a field, without a copy if they are many.
  package func bytes(_ name: StaticString) -> ByteRegion? {
    let field = expect(name, [PROTOBUF_C_TYPE_BYTES], repeated: false)
    if let leaf = leaves(of: field).last { return leaf.bytes }
    guard isPresent(field) else { return nil }
    return Self.region(of: load(field.offset, as: ProtobufCBinaryData.self))
  }

  /// The byte strings of a list.
  package func byteStrings(_ name: StaticString) -> [ByteRegion] {
    let field = expect(name, [PROTOBUF_C_TYPE_BYTES], repeated: true)
    var strings = list(field, of: ProtobufCBinaryData.self).map(Self.region)
    for leaf in leaves(of: field) where strings.indices.contains(leaf.index) {
      strings[leaf.index] = leaf.bytes
    }
    return strings
  }

  /// The number of a field of integers or of an enumeration, nil if it is not there.
  package func integer(_ name: StaticString) -> Int? {
    let field = expect(
      name, [PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_ENUM], repeated: false)
    guard isPresent(field) else { return nil }
    return field.type == PROTOBUF_C_TYPE_INT64
      ? Int(load(field.offset, as: Int64.self)) : Int(load(field.offset, as: Int32.self))
  }

  /// The real number of a field, nil if it is not there.
  package func real(_ name: StaticString) -> Float? {
    let field = expect(name, [PROTOBUF_C_TYPE_FLOAT], repeated: false)
    return isPresent(field) ? load(field.offset, as: Float.self) : nil
  }

  /// The message of a field, nil if it is not there.
  package func message(_ name: StaticString) -> ProtobufMessage? {
    let field = expect(name, [PROTOBUF_C_TYPE_MESSAGE], repeated: false)
    guard isPresent(field), let type = field.messageType,
      let pointer = load(field.offset, as: UnsafeRawPointer?.self),
      let child = node.children.last(where: { $0.field == field.number })
    else { return nil }
    return ProtobufMessage(tree: tree, base: pointer, descriptor: type, node: child)
  }

  /// The messages of a list.
  package func messages(_ name: StaticString) -> [ProtobufMessage] {
    let field = expect(name, [PROTOBUF_C_TYPE_MESSAGE], repeated: true)
    guard let type = field.messageType else { return [] }
    let pointers = list(field, of: UnsafeRawPointer?.self)
    let children = node.children.filter { $0.field == field.number }
    // The walk and protobuf-c see the same fields in the same order.
    precondition(pointers.count == children.count, "protobuf-c read other messages than the walk")
    return zip(pointers, children).compactMap { pointer, child in
      pointer.map { ProtobufMessage(tree: tree, base: $0, descriptor: type, node: child) }
    }
  }
}

extension ProtobufMessage {
  private static func text(of bytes: ByteRegion) -> String {
    bytes.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  private static func region(of data: ProtobufCBinaryData) -> ByteRegion {
    guard let start = data.data else { return .empty }
    return ByteRegion(Array(UnsafeBufferPointer(start: start, count: data.len)))
  }

  func leaves(of field: FieldDescriptor) -> [WireLeaf] {
    node.leaves.isEmpty ? [] : node.leaves.filter { $0.field == field.number }
  }

  func load<Value: BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
    base.loadUnaligned(fromByteOffset: offset, as: Value.self)
  }

  /// The elements of a repeated field in the C structure.
  func list<Element>(_ field: FieldDescriptor, of type: Element.Type) -> [Element] {
    let count = load(field.quantifierOffset, as: Int.self)
    guard count > 0, let start = load(field.offset, as: UnsafeRawPointer?.self) else { return [] }
    return Array(UnsafeBufferPointer(start: start.assumingMemoryBound(to: Element.self), count: count))
  }

  func isPresent(_ field: FieldDescriptor) -> Bool {
    if field.isOneOf { return load(field.quantifierOffset, as: UInt32.self) == field.number }
    switch field.type {
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_MESSAGE:
      return load(field.offset, as: UnsafeRawPointer?.self) != nil
    default: return load(field.quantifierOffset, as: protobuf_c_boolean.self) != 0
    }
  }

  /// The field of this name, which must be of one of the types that the caller reads.
  func expect(_ name: StaticString, _ types: [ProtobufCType], repeated: Bool) -> FieldDescriptor {
    let field = descriptor.field(named: name)
    precondition(
      types.contains(field.type) && field.isRepeated == repeated, "\(descriptor.name).\(name) is another kind"
    )
    return field
  }
}
