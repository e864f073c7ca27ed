// Real numbers of 16 bits, whose memory need not be aligned, in 32.

#include <string.h>

#include "dispatch.h"

SKIFF_BODY f16_widen_body(size_t count, const uint16_t *restrict input, float *restrict output) {
  for (size_t i = 0; i < count; i++) {
    uint16_t half;
    memcpy(&half, input + i, 2);
    // The exponent is moved by a product, which also makes what is denormal in 16 bits normal.
    uint32_t magnitude = (uint32_t)(half & 0x7FFF) << 13;
    float number;
    memcpy(&number, &magnitude, 4);
    number *= 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &number, 4);
    bits |= magnitude >= 0x0F800000 ? 0x7F800000 : 0;
    bits |= (uint32_t)(half & 0x8000) << 16;
    memcpy(output + i, &bits, 4);
  }
}
SKIFF_EACH_LEVEL(f16_widen, (size_t count, const uint16_t *input, float *output), (count, input, output))

SKIFF_BODY bf16_widen_body(size_t count, const uint16_t *restrict input, float *restrict output) {
  for (size_t i = 0; i < count; i++) {
    uint16_t half;
    memcpy(&half, input + i, 2);
    uint32_t bits = (uint32_t)half << 16;
    memcpy(output + i, &bits, 4);
  }
}
SKIFF_EACH_LEVEL(bf16_widen, (size_t count, const uint16_t *input, float *output), (count, input, output))
