// Float32 depthwise convolution: whole registers of channels at a time.

#include "f32_dwconv.h"

// Packed: for each tap the weights of all channels, the bias before them.
size_t skiff_f32_dwconv_packed_size(const skiff_convolution *shape) {
  return (1 + tap_count(shape)) * shape->groups * sizeof(float);
}

void skiff_f32_dwconv_pack(const skiff_convolution *shape, const float *weights, skiff_weight_strides strides,
                           const float *bias, void *packed) {
  float *target = packed;
  for (size_t channel = 0; channel < shape->groups; channel++) *target++ = bias ? bias[channel] : 0;
  for (size_t tap = 0; tap < tap_count(shape); tap++) {
    for (size_t channel = 0; channel < shape->groups; channel++) {
      *target++ = weights[channel * strides.output + tap * strides.tap];
    }
  }
}

static inline __attribute__((always_inline)) void position(size_t start, size_t channels, size_t taps,
                                                           const float *const *inputs,
                                                           const float *const *weights, const float *bias,
                                                           float lower, float upper, float *output) {
  for (size_t channel = start; channel < channels; channel++) {
    float sum = bias[channel];
    for (size_t tap = 0; tap < taps; tap++) sum += inputs[tap][channel] * weights[tap][channel];
    sum = sum < lower ? lower : sum;
    output[channel] = sum > upper ? upper : sum;
  }
}

static void position_portable(size_t channels, size_t taps, const float *const *inputs,
                              const float *const *weights, const float *bias, float lower, float upper,
                              float *output) {
  position(0, channels, taps, inputs, weights, bias, lower, upper, output);
}

#if SKIFF_X86
SKIFF_AVX2 static void position_avx2(size_t channels, size_t taps, const float *const *inputs,
                                     const float *const *weights, const float *bias, float lower, float upper,
                                     float *output) {
  __m256 low = _mm256_set1_ps(lower), high = _mm256_set1_ps(upper);
  size_t channel = 0;
  for (; channel + 16 <= channels; channel += 16) {
    __m256 sum0 = _mm256_loadu_ps(bias + channel), sum1 = _mm256_loadu_ps(bias + channel + 8);
    for (size_t tap = 0; tap < taps; tap++) {
      const float *input = inputs[tap] + channel, *weight = weights[tap] + channel;
      sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(input), _mm256_loadu_ps(weight), sum0);
      sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(input + 8), _mm256_loadu_ps(weight + 8), sum1);
    }
    // The second operand wins where one is not a number.
    _mm256_storeu_ps(output + channel, _mm256_min_ps(high, _mm256_max_ps(low, sum0)));
    _mm256_storeu_ps(output + channel + 8, _mm256_min_ps(high, _mm256_max_ps(low, sum1)));
  }
  for (; channel + 8 <= channels; channel += 8) {
    __m256 sum = _mm256_loadu_ps(bias + channel);
    for (size_t tap = 0; tap < taps; tap++) {
      sum = _mm256_fmadd_ps(_mm256_loadu_ps(inputs[tap] + channel), _mm256_loadu_ps(weights[tap] + channel), sum);
    }
    _mm256_storeu_ps(output + channel, _mm256_min_ps(high, _mm256_max_ps(low, sum)));
  }
  position(channel, channels, taps, inputs, weights, bias, lower, upper, output);
}
#endif

// Taps are looked up this many at a time; the sums of earlier ones are the bias of the next.
#define MAX_TAPS 64

void skiff_f32_dwconv(const skiff_convolution *shape, const float *input, const void *packed, float lower,
                      float upper, skiff_part part, float *output) {
  position_function *compute = position_portable;
  skiff_range inside = {0, 0};
#if SKIFF_X86
  if (shape->level >= skiff_avx512) {
    compute = skiff_f32_dwconv_position_avx512;
    inside = positions_inside(shape);
  } else if (shape->level >= skiff_avx2) {
    compute = position_avx2;
  }
#endif
  size_t channels = shape->groups;
  const float *bias = packed;
  const float *inputs[MAX_TAPS], *weights[MAX_TAPS];
  skiff_range share = skiff_share(position_count(shape), part);
  window_position at = position_at(shape, share.begin);
  output += share.begin * channels;
  for (size_t left = share.end - share.begin; left > 0; left--, advance(shape, &at), output += channels) {
#if SKIFF_X86
    if (at.x >= inside.begin && at.x + SPAN <= inside.end && left >= SPAN) {
      skiff_f32_dwconv_span_avx512(shape, at, input, packed, lower, upper, output);
      at.x += SPAN - 1;
      left -= SPAN - 1;
      output += (SPAN - 1) * channels;
      continue;
    }
#endif
    size_t count = 0;
    const float *start = bias, *weight = bias + channels;
    for (size_t row = 0; row < shape->kernel_height; row++) {
      for (size_t column = 0; column < shape->kernel_width; column++, weight += channels) {
        size_t pixel = pixel_under(shape, at, row, column);
        if (pixel == SIZE_MAX) continue;
        if (count == MAX_TAPS) {
          compute(channels, count, inputs, weights, start, -__builtin_inff(), __builtin_inff(), output);
          start = output;
          count = 0;
        }
        inputs[count] = input + pixel * channels;
        weights[count++] = weight;
      }
    }
    compute(channels, count, inputs, weights, start, lower, upper, output);
  }
}
