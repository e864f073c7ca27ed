// Exact depthwise convolution of integers of 16 bits: one input and one output channel per group.

#include "window.h"

// Packed: what the sums of all channels begin with, then for each tap the weights of all channels.
size_t skiff_x16_dwconv_packed_size(const skiff_convolution *shape) {
  return shape->groups * (sizeof(int32_t) + tap_count(shape) * sizeof(int16_t));
}

void skiff_x16_dwconv_pack(const skiff_convolution *shape, const int16_t *weights, skiff_weight_strides strides,
                           const int32_t *bias, void *packed) {
  int32_t *starts = packed;
  int16_t *target = (int16_t *)(starts + shape->groups);
  for (size_t channel = 0; channel < shape->groups; channel++) {
    starts[channel] = bias ? bias[channel] : 0;
    for (size_t tap = 0; tap < tap_count(shape); tap++) {
      target[tap * shape->groups + channel] = weights[channel * strides.output + tap * strides.tap];
    }
  }
}

SKIFF_BODY add_tap_body(size_t count, const int16_t *restrict input, const int16_t *restrict weights,
                        int32_t *restrict sums) {
  for (size_t i = 0; i < count; i++) sums[i] = (int32_t)((uint32_t)sums[i] + (uint32_t)(input[i] * weights[i]));
}

SKIFF_BODY x16_dwconv_body(const skiff_convolution *shape, const int16_t *input, const void *packed, skiff_part part,
                           int32_t *output) {
  size_t channels = shape->groups;
  skiff_range share = skiff_share(position_count(shape), part);
  window_position at = position_at(shape, share.begin);
  for (size_t index = share.begin; index < share.end; index++, advance(shape, &at)) {
    int32_t *sums = output + index * channels;
    memcpy(sums, packed, channels * sizeof(int32_t));
    const int16_t *weights = (const int16_t *)((const int32_t *)packed + channels);
    for (size_t row = 0; row < shape->kernel_height; row++) {
      for (size_t column = 0; column < shape->kernel_width; column++, weights += channels) {
        size_t pixel = pixel_under(shape, at, row, column);
        if (pixel != SIZE_MAX) add_tap_body(channels, input + pixel * channels, weights, sums);
      }
    }
  }
}
SKIFF_EACH_LEVEL(x16_dwconv,
                 (const skiff_convolution *shape, const int16_t *input, const void *packed, skiff_part part,
                  int32_t *output),
                 (shape, input, packed, part, output))
