// Pooling: one output position after the other, all channels of a tap at once.

#include <math.h>

#include "window.h"

#define POSITIONS                                                                                          \
  size_t channels = shape->groups;                                                                         \
  skiff_range share = skiff_share(position_count(shape), part);                                            \
  window_position at = position_at(shape, share.begin);                                                    \
  output += share.begin * channels;                                                                        \
  for (size_t left = share.end - share.begin; left > 0; left--, advance(shape, &at), output += channels) { \
    tap_range rows = taps_inside(at.y, shape->stride_height, shape->padding_top, shape->kernel_height,     \
                                 shape->dilation_height, shape->input_height);                             \
    tap_range columns = taps_inside(at.x, shape->stride_width, shape->padding_left, shape->kernel_width,   \
                                    shape->dilation_width, shape->input_width);

#define TAPS                                                                                               \
  for (size_t row = rows.first; row < rows.end; row++) {                                                   \
    for (size_t column = columns.first; column < columns.end; column++) {                                  \
      const __typeof__(*input) *tap = input + pixel_under(shape, at, row, column) * channels;

SKIFF_BODY f32_maxpool_body(const skiff_convolution *shape, skiff_part part, const float *restrict input, float *restrict output) {
  POSITIONS
    for (size_t c = 0; c < channels; c++) output[c] = -INFINITY;
    TAPS
      // Not-a-number wins.
      for (size_t c = 0; c < channels; c++) output[c] = tap[c] <= output[c] ? output[c] : tap[c];
    }}
  }
}
SKIFF_EACH_LEVEL(f32_maxpool, (const skiff_convolution *shape, skiff_part part, const float *input, float *output),
                 (shape, part, input, output))

SKIFF_BODY qs8_maxpool_body(const skiff_convolution *shape, skiff_part part, const int8_t *restrict input, int8_t *restrict output) {
  POSITIONS
    for (size_t c = 0; c < channels; c++) output[c] = INT8_MIN;
    TAPS
      for (size_t c = 0; c < channels; c++) output[c] = tap[c] > output[c] ? tap[c] : output[c];
    }}
  }
}
SKIFF_EACH_LEVEL(qs8_maxpool, (const skiff_convolution *shape, skiff_part part, const int8_t *input, int8_t *output),
                 (shape, part, input, output))

SKIFF_BODY f32_avgpool_body(const skiff_convolution *shape, skiff_part part, const float *restrict input, float lower, float upper,
                            float *restrict output) {
  POSITIONS
    for (size_t c = 0; c < channels; c++) output[c] = 0;
    TAPS
      for (size_t c = 0; c < channels; c++) output[c] += tap[c];
    }}
    float count = (float)((rows.end - rows.first) * (columns.end - columns.first));
    for (size_t c = 0; c < channels; c++) {
      float mean = output[c] / count;
      mean = mean < lower ? lower : mean;
      output[c] = mean > upper ? upper : mean;
    }
  }
}
SKIFF_EACH_LEVEL(f32_avgpool,
                 (const skiff_convolution *shape, skiff_part part, const float *input, float lower, float upper, float *output),
                 (shape, part, input, lower, upper, output))

SKIFF_BODY qs8_avgpool_body(const skiff_convolution *shape, skiff_part part, const int8_t *restrict input, int32_t lower,
                            int32_t upper, int8_t *restrict output, int32_t *restrict scratch) {
  POSITIONS
    for (size_t c = 0; c < channels; c++) scratch[c] = 0;
    TAPS
      for (size_t c = 0; c < channels; c++) scratch[c] += tap[c];
    }}
    int32_t count = (int32_t)((rows.end - rows.first) * (columns.end - columns.first));
    for (size_t c = 0; c < channels; c++) {
      int32_t sum = scratch[c], half = sum > 0 ? count / 2 : -(count / 2);
      // A quotient in double, cut off, is that of the integers.
      int32_t mean = count ? (int32_t)((double)(sum + half) / (double)count) : lower;
      mean = mean < lower ? lower : mean;
      output[c] = (int8_t)(mean > upper ? upper : mean);
    }
  }
}
SKIFF_EACH_LEVEL(qs8_avgpool,
                 (const skiff_convolution *shape, skiff_part part, const int8_t *input, int32_t lower, int32_t upper, int8_t *output,
                  int32_t *scratch),
                 (shape, part, input, lower, upper, output, scratch))
