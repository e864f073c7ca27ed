// Exact int8 depthwise convolution: sixteen channels and two taps at a time, in 16 bits.
//
// |x - zeroPoint| <= 255 and |w| <= 128: a product is below 2^15 in magnitude, a pair of them fits 32 bits.

#include "requantize.h"
#include "window.h"

// Packed: the biases, then for each tap the weights of all channels.
size_t skiff_qc8w_dwconv_packed_size(const skiff_convolution *shape) {
  return shape->groups * (sizeof(int32_t) + tap_count(shape) * sizeof(int16_t));
}

void skiff_qc8w_dwconv_pack(const skiff_convolution *shape, const int8_t *weights,
                            skiff_weight_strides strides, const int32_t *bias, void *packed) {
  int32_t *start = packed;
  for (size_t channel = 0; channel < shape->groups; channel++) *start++ = bias ? bias[channel] : 0;
  int16_t *target = (int16_t *)start;
  for (size_t tap = 0; tap < tap_count(shape); tap++) {
    for (size_t channel = 0; channel < shape->groups; channel++) {
      *target++ = weights[channel * strides.output + tap * strides.tap];
    }
  }
}

// The taps of one output position that lie inside of the input.
#define MAX_TAPS 64
typedef struct {
  size_t count;
  const int8_t *inputs[MAX_TAPS];
  const int16_t *weights[MAX_TAPS];
} taps_inside;

static int8_t finish(uint32_t sum, size_t channel, const skiff_qc8w_output *form) {
  uint32_t scaled = (uint32_t)multiply_by_factor((int32_t)sum, form->factors[channel]);
  return clamp_to_int8((int32_t)(scaled + (uint32_t)form->output_zero_point), form->lower, form->upper);
}

static void position_portable(size_t start, size_t channels, const taps_inside *taps, const int32_t *bias,
                              const skiff_qc8w_output *form, int8_t *output) {
  for (size_t channel = start; channel < channels; channel++) {
    uint32_t sum = (uint32_t)bias[channel];
    for (size_t tap = 0; tap < taps->count; tap++) {
      int32_t value = taps->inputs[tap][channel] - form->input_zero_point;
      sum += (uint32_t)(value * taps->weights[tap][channel]);
    }
    output[channel] = finish(sum, channel, form);
  }
}

#if SKIFF_X86
SKIFF_AVX2 static inline __m256i centred_avx2(const int8_t *input, __m256i zero_point) {
  return _mm256_sub_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)input)), zero_point);
}

SKIFF_AVX2 static void position_avx2(size_t channels, const taps_inside *taps, const int32_t *bias,
                                     const skiff_qc8w_output *form, int8_t *output) {
  __m256i zero_in = _mm256_set1_epi16((int16_t)form->input_zero_point);
  __m256i zero_out = _mm256_set1_epi32(form->output_zero_point);
  __m256i lower = _mm256_set1_epi32(form->lower), upper = _mm256_set1_epi32(form->upper);
  size_t channel = 0;
  for (; channel + 16 <= channels; channel += 16) {
    // Unpacking works on each half of a register: `even` holds channels 0-3 and 8-11, `odd` 4-7 and 12-15.
    __m256i even = _mm256_setzero_si256(), odd = even;
    for (size_t tap = 0; tap < taps->count; tap += 2) {
      __m256i x0 = centred_avx2(taps->inputs[tap] + channel, zero_in);
      __m256i w0 = _mm256_loadu_si256((const __m256i *)(taps->weights[tap] + channel));
      __m256i x1 = _mm256_setzero_si256(), w1 = x1;
      if (tap + 1 < taps->count) {
        x1 = centred_avx2(taps->inputs[tap + 1] + channel, zero_in);
        w1 = _mm256_loadu_si256((const __m256i *)(taps->weights[tap + 1] + channel));
      }
      even = _mm256_add_epi32(even, _mm256_madd_epi16(_mm256_unpacklo_epi16(x0, x1), _mm256_unpacklo_epi16(w0, w1)));
      odd = _mm256_add_epi32(odd, _mm256_madd_epi16(_mm256_unpackhi_epi16(x0, x1), _mm256_unpackhi_epi16(w0, w1)));
    }
    __m256i half[2] = {_mm256_permute2x128_si256(even, odd, 0x20), _mm256_permute2x128_si256(even, odd, 0x31)};
    for (int i = 0; i < 2; i++) {
      __m256i sum = _mm256_add_epi32(half[i], _mm256_loadu_si256((const __m256i *)(bias + channel + 8 * i)));
      sum = multiply_by_factors_avx2(sum, load_factors_avx2(form->factors + channel + 8 * i));
      half[i] = _mm256_min_epi32(_mm256_max_epi32(_mm256_add_epi32(sum, zero_out), lower), upper);
    }
    _mm_storeu_si128((__m128i *)(output + channel), narrow_avx2(half[0], half[1]));
  }
  position_portable(channel, channels, taps, bias, form, output);
}
#endif

// A position of a window with more taps than are looked up at once.
static void position_large(const skiff_convolution *shape, window_position at, const int8_t *input,
                           const int32_t *bias, const int16_t *weights, const skiff_qc8w_output *form,
                           int8_t *output) {
  size_t channels = shape->groups;
  for (size_t channel = 0; channel < channels; channel++) {
    uint32_t sum = (uint32_t)bias[channel];
    const int16_t *weight = weights + channel;
    for (size_t row = 0; row < shape->kernel_height; row++) {
      for (size_t column = 0; column < shape->kernel_width; column++, weight += channels) {
        size_t pixel = pixel_under(shape, at, row, column);
        if (pixel == SIZE_MAX) continue;
        int32_t value = input[pixel * channels + channel] - form->input_zero_point;
        sum += (uint32_t)(value * *weight);
      }
    }
    output[channel] = finish(sum, channel, form);
  }
}

void skiff_qc8w_dwconv(const skiff_convolution *shape, const int8_t *input, const void *packed,
                       const skiff_qc8w_output *form, int8_t *output) {
  size_t channels = shape->groups;
  const int32_t *bias = packed;
  const int16_t *weights = (const int16_t *)(bias + channels);
  window_position at = {0, 0, 0};
  for (size_t left = position_count(shape); left > 0; left--, advance(shape, &at), output += channels) {
    if (tap_count(shape) > MAX_TAPS) {
      position_large(shape, at, input, bias, weights, form, output);
      continue;
    }
    taps_inside inside;
    inside.count = 0;
    const int16_t *weight = weights;
    for (size_t row = 0; row < shape->kernel_height; row++) {
      for (size_t column = 0; column < shape->kernel_width; column++, weight += channels) {
        size_t pixel = pixel_under(shape, at, row, column);
        if (pixel == SIZE_MAX) continue;
        inside.inputs[inside.count] = input + pixel * channels;
        inside.weights[inside.count++] = weight;
      }
    }
#if SKIFF_X86
    if (SKIFF_HAS_AVX2) {
      position_avx2(channels, &inside, bias, form, output);
      continue;
    }
#endif
    position_portable(0, channels, &inside, bias, form, output);
  }
}
