#ifndef SKIFF_CSCHEMAS_H
#define SKIFF_CSCHEMAS_H

#include "onnx.pb-c.h"

// Descriptors are compared and passed on by address; reading the global from Swift would copy it.
static inline const ProtobufCMessageDescriptor *skiff_onnx_model_descriptor(void) {
  return &skiff__onnx__model_proto__descriptor;
}

#endif
