#ifndef SKIFF_CPROTOBUFC_SHIM_H
#define SKIFF_CPROTOBUFC_SHIM_H

#include <protobuf-c/protobuf-c.h>

// The header spells its flags as an enumeration of bits, which Swift imports as a closed type without `&`.
static inline int skiff_protobuf_is_oneof(const ProtobufCFieldDescriptor *field) {
  return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

// The descriptor of a field's message type is a `const void *` that is shared with enumerations.
static inline const ProtobufCMessageDescriptor *skiff_protobuf_message_type(const ProtobufCFieldDescriptor *field) {
  return field->type == PROTOBUF_C_TYPE_MESSAGE ? (const ProtobufCMessageDescriptor *)field->descriptor : NULL;
}

#endif
