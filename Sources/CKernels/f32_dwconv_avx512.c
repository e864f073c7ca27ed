// The float32 depthwise convolution for AVX-512: sixteen channels in a register, the last of which may be partly there.

#include "f32_dwconv.h"

#if SKIFF_X86
#define UNROLL _Pragma("clang loop unroll(full)")
#define LANES 16

static inline __mmask16 lanes_left(size_t count) {
  return count >= LANES ? (__mmask16)0xFFFF : (__mmask16)((1u << count) - 1);
}

// The second operand of both wins where one is not a number.
SKIFF_AVX512 static inline __m512 clamp(__m512 value, float lower, float upper) {
  return _mm512_min_ps(_mm512_set1_ps(upper), _mm512_max_ps(_mm512_set1_ps(lower), value));
}

SKIFF_AVX512 void skiff_f32_dwconv_position_avx512(size_t channels, size_t taps, const float *const *inputs,
                                                   const float *const *weights, const float *bias, float lower,
                                                   float upper, float *output) {
  size_t channel = 0;
  for (; channel + 4 * LANES <= channels; channel += 4 * LANES) {
    __m512 sums[4];
    UNROLL for (size_t i = 0; i < 4; i++) sums[i] = _mm512_loadu_ps(bias + channel + LANES * i);
    for (size_t tap = 0; tap < taps; tap++) {
      const float *input = inputs[tap] + channel, *weight = weights[tap] + channel;
      UNROLL for (size_t i = 0; i < 4; i++) {
        sums[i] = _mm512_fmadd_ps(_mm512_loadu_ps(input + LANES * i), _mm512_loadu_ps(weight + LANES * i), sums[i]);
      }
    }
    UNROLL for (size_t i = 0; i < 4; i++) {
      _mm512_storeu_ps(output + channel + LANES * i, clamp(sums[i], lower, upper));
    }
  }
  for (; channel < channels; channel += LANES) {
    __mmask16 exists = lanes_left(channels - channel);
    __m512 sum = _mm512_maskz_loadu_ps(exists, bias + channel);
    for (size_t tap = 0; tap < taps; tap++) {
      __m512 x = _mm512_maskz_loadu_ps(exists, inputs[tap] + channel);
      sum = _mm512_fmadd_ps(x, _mm512_maskz_loadu_ps(exists, weights[tap] + channel), sum);
    }
    _mm512_mask_storeu_ps(output + channel, exists, clamp(sum, lower, upper));
  }
}

// What a span reads: rows of taps inside of the input.
typedef struct {
  size_t rows, columns, channels;
  const float *input, *weights;
  size_t row_step, column_step, position_step, weight_step;  // in elements
} span;

// Sixteen channels of all positions. Columns and steps that are known when this is compiled, let positions share inputs.
SKIFF_AVX512 static inline __attribute__((always_inline)) void span_channels(
    const span *from, const size_t columns, const size_t column_step, const size_t position_step, size_t channel,
    __mmask16 exists, const float *bias, float lower, float upper, float *output) {
  __m512 sums[SPAN];
  UNROLL for (size_t i = 0; i < SPAN; i++) sums[i] = _mm512_maskz_loadu_ps(exists, bias + channel);
  const float *input = from->input + channel, *weights = from->weights + channel;
  for (size_t row = 0; row < from->rows; row++, input += from->row_step, weights += from->weight_step) {
    for (size_t column = 0; column < columns; column++) {
      __m512 w = _mm512_maskz_loadu_ps(exists, weights + column * from->channels);
      UNROLL for (size_t i = 0; i < SPAN; i++) {
        __m512 x = _mm512_maskz_loadu_ps(exists, input + column * column_step + i * position_step);
        sums[i] = _mm512_fmadd_ps(x, w, sums[i]);
      }
    }
  }
  UNROLL for (size_t i = 0; i < SPAN; i++) {
    _mm512_mask_storeu_ps(output + i * from->channels + channel, exists, clamp(sums[i], lower, upper));
  }
}

SKIFF_AVX512 void skiff_f32_dwconv_span_avx512(const skiff_convolution *shape, window_position at, const float *input,
                                               const float *packed, float lower, float upper, float *output) {
  size_t channels = shape->groups;
  tap_range rows = taps_inside(at.y, shape->stride_height, shape->padding_top, shape->kernel_height,
                               shape->dilation_height, shape->input_height);
  span from = {.rows = rows.end - rows.first, .columns = shape->kernel_width, .channels = channels};
  from.row_step = shape->dilation_height * shape->input_width * channels;
  from.column_step = shape->dilation_width * channels;
  from.position_step = shape->stride_width * channels;
  from.weight_step = shape->kernel_width * channels;
  from.weights = packed + channels + rows.first * from.weight_step;
  from.input = from.rows ? input + pixel_under(shape, at, rows.first, 0) * channels : input;
  bool is_common = shape->kernel_width == 3 && shape->stride_width == 1 && shape->dilation_width == 1;
  for (size_t channel = 0; channel < channels; channel += LANES) {
    __mmask16 exists = lanes_left(channels - channel);
    if (is_common) {
      span_channels(&from, 3, channels, channels, channel, exists, packed, lower, upper, output);
    } else {
      span_channels(&from, from.columns, from.column_step, from.position_step, channel, exists, packed, lower, upper,
                    output);
    }
  }
}
#endif
