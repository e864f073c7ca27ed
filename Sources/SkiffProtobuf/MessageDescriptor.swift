import CProtobufC
import SkiffBinary

/// What protobuf-c knows of a message type; the tables are static and never change.
package struct MessageDescriptor: @unchecked Sendable {
  let pointer: UnsafePointer<ProtobufCMessageDescriptor>

  /// Creates the description from protobuf-c's.
  package init(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) { self.pointer = pointer }

  /// The name in the schema, without its package.
  package var name: String { String(cString: pointer.pointee.short_name) }

  /// The bytes of the C structure.
  var structureSize: Int { pointer.pointee.sizeof_message }

  /// The field of this number, nil if the schema has none.
  func field(_ number: UInt32) -> FieldDescriptor? {
    protobuf_c_message_descriptor_get_field(pointer, number).map(FieldDescriptor.init)
  }

  /// The field of this name, which the schema must have.
  func field(named name: StaticString) -> FieldDescriptor {
    let found = name.withUTF8Buffer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.flatMap { protobuf_c_message_descriptor_get_field_by_name(pointer, $0) }
      }
    }
    guard let found else { preconditionFailure("the schema's \(self.name) has no field \(name)") }
    return FieldDescriptor(pointer: found)
  }
}

/// What protobuf-c knows of a field.
struct FieldDescriptor {
  let pointer: UnsafePointer<ProtobufCFieldDescriptor>

  var number: UInt32 { pointer.pointee.id }
  var name: String { String(cString: pointer.pointee.name) }
  var type: ProtobufCType { pointer.pointee.type }
  var isRepeated: Bool { pointer.pointee.label == PROTOBUF_C_LABEL_REPEATED }
  var isOneOf: Bool { skiff_protobuf_is_oneof(pointer) != 0 }
  /// Where the C structure has the value, or the pointer to the list.
  var offset: Int { Int(pointer.pointee.offset) }
  /// Where the C structure has the presence, the count, or the case.
  var quantifierOffset: Int { Int(pointer.pointee.quantifier_offset) }
  /// The type of the field's messages, nil for other fields.
  var messageType: MessageDescriptor? { skiff_protobuf_message_type(pointer).map(MessageDescriptor.init) }

  /// How one value is delimited on the wire.
  var wireType: WireType {
    switch type {
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_MESSAGE: .delimited
    case PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32: .fixed32
    case PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64: .fixed64
    default: .varint
    }
  }

  /// The most bytes that one value takes in the C structure, apart from what it points to.
  var elementSize: Int { type == PROTOBUF_C_TYPE_BYTES ? 16 : 8 }
}
