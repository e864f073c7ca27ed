// Float32 to bytes and back, and integers in other types.

#include <math.h>

#include "dispatch.h"

SKIFF_BODY qs8_quantize_body(size_t count, const float *restrict input, float scale, int32_t zero_point,
                             int8_t *restrict output) {
  for (size_t i = 0; i < count; i++) {
    float steps = input[i] / scale;
    steps = steps == steps ? steps : 0;
    // Everything beyond is clamped.
    steps = steps > -1024 ? steps : -1024;
    steps = steps < 1024 ? steps : 1024;
    // Adding the number below one half and cutting off rounds halves away from zero.
    int32_t value = (int32_t)(steps + copysignf(0x1.fffffep-2f, steps)) + zero_point;
    value = value < INT8_MIN ? INT8_MIN : value;
    output[i] = (int8_t)(value > INT8_MAX ? INT8_MAX : value);
  }
}
SKIFF_EACH_LEVEL(qs8_quantize, (size_t count, const float *input, float scale, int32_t zero_point, int8_t *output),
                 (count, input, scale, zero_point, output))

SKIFF_BODY x8_dequantize_body(size_t count, const uint8_t *restrict input, bool is_signed, float scale,
                              int32_t zero_point, float *restrict output) {
  // A signed byte is the unsigned one with its highest bit changed, less 128.
  uint8_t flip = is_signed ? 128 : 0;
  int32_t zero = zero_point + flip;
  for (size_t i = 0; i < count; i++) output[i] = (float)((uint8_t)(input[i] ^ flip) - zero) * scale;
}
SKIFF_EACH_LEVEL(x8_dequantize,
                 (size_t count, const uint8_t *input, bool is_signed, float scale, int32_t zero_point, float *output),
                 (count, input, is_signed, scale, zero_point, output))

SKIFF_BODY x8_quantize_body(size_t count, const float *restrict input, bool is_signed, float scale, int32_t zero_point,
                            uint8_t *restrict output) {
  int32_t lower = is_signed ? INT8_MIN : 0, upper = is_signed ? INT8_MAX : UINT8_MAX;
  for (size_t i = 0; i < count; i++) {
    float steps = input[i] / scale;
    // Everything beyond is clamped; so is what is not a number.
    steps = steps > -1024 ? steps : -1024;
    steps = steps < 1024 ? steps : 1024;
    int32_t value = (int32_t)rintf(steps) + zero_point;
    value = value < lower ? lower : value;
    output[i] = (uint8_t)(value > upper ? upper : value);
  }
}
SKIFF_EACH_LEVEL(x8_quantize,
                 (size_t count, const float *input, bool is_signed, float scale, int32_t zero_point, uint8_t *output),
                 (count, input, is_signed, scale, zero_point, output))

SKIFF_BODY x8_center_body(size_t count, const uint8_t *restrict input, bool is_signed, int32_t zero_point,
                          int16_t *restrict output) {
  uint8_t flip = is_signed ? 128 : 0;
  int32_t zero = zero_point + flip;
  for (size_t i = 0; i < count; i++) output[i] = (int16_t)((uint8_t)(input[i] ^ flip) - zero);
}
SKIFF_EACH_LEVEL(x8_center,
                 (size_t count, const uint8_t *input, bool is_signed, int32_t zero_point, int16_t *output),
                 (count, input, is_signed, zero_point, output))

SKIFF_BODY s32_to_f32_body(size_t count, const int32_t *restrict input, float *restrict output) {
  for (size_t i = 0; i < count; i++) output[i] = (float)input[i];
}
SKIFF_EACH_LEVEL(s32_to_f32, (size_t count, const int32_t *input, float *output), (count, input, output))
