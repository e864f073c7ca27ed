"""Prints every field that a ModelProto of the package onnx can have, as `Message.field number type list`.

Types are numbered like those of protobuf-c.
"""
import onnx

# The types of google.protobuf.FieldDescriptor, in protobuf-c's order.
F = type(onnx.ModelProto.DESCRIPTOR.fields[0])
ORDER = ["INT32", "SINT32", "SFIXED32", "INT64", "SINT64", "SFIXED64", "UINT32", "FIXED32", "UINT64", "FIXED64",
         "FLOAT", "DOUBLE", "BOOL", "ENUM", "STRING", "BYTES", "MESSAGE"]
TYPES = {getattr(F, "TYPE_" + name): number for number, name in enumerate(ORDER)}

pending = [onnx.ModelProto.DESCRIPTOR]
seen = set()
while pending:
    message = pending.pop()
    if message.full_name in seen:
        continue
    seen.add(message.full_name)
    for field in message.fields:
        repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == F.LABEL_REPEATED
        name = message.full_name.removeprefix("onnx.")
        print(f"{name}.{field.name} {field.number} {TYPES[field.type]}{' list' if repeated else ''}")
        if field.message_type:
            pending.append(field.message_type)
