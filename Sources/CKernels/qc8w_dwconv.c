// Exact int8 depthwise convolution: sixteen channels and two taps at a time, in 16 bits.
//
// |x - zeroPoint| <= 255 and |w| <= 128: a product is below 2^15 in magnitude, a pair of them fits 32 bits. Taps in the
// padding read a line of zero points, which add nothing.

#include "qc8w_dwconv.h"

// Packed: starts, multipliers and shifts of all channels, then for each tap the weights of all channels.
size_t skiff_qc8w_dwconv_packed_size(const skiff_convolution *shape) {
#if SKIFF_X86
  if (shape->level >= skiff_avx512) return skiff_qc8w_dwconv_packed_size_avx512(shape);
#endif
  return shape->groups * (3 * sizeof(int32_t) + tap_count(shape) * sizeof(int16_t));
}

// The columns of each row of taps that positions are given, and all of them; AVX-512 takes four at a time.
static size_t column_count(const skiff_convolution *shape) {
#if SKIFF_X86
  if (shape->level >= skiff_avx512) return skiff_qc8w_dwconv_columns_avx512(shape);
#endif
  return shape->kernel_width;
}

static size_t slot_count(const skiff_convolution *shape) {
  return skiff_round_up(shape->kernel_height * column_count(shape), 4);
}

// A line of zero points; the inputs under the taps of a position; how far those are from the first.
size_t skiff_qc8w_dwconv_scratch_size(const skiff_convolution *shape) {
  return skiff_round_up(shape->groups, 64) + slot_count(shape) * (sizeof(int8_t *) + sizeof(size_t));
}

void skiff_qc8w_dwconv_pack(const skiff_convolution *shape, const int8_t *weights,
                            skiff_weight_strides strides, const int32_t *bias, int32_t input_zero_point,
                            const skiff_factor *factors, void *packed) {
#if SKIFF_X86
  if (shape->level >= skiff_avx512) {
    skiff_qc8w_dwconv_pack_avx512(shape, weights, strides, bias, input_zero_point, factors, packed);
    return;
  }
#endif
  size_t channels = shape->groups;
  int32_t *start = packed;
  for (size_t channel = 0; channel < channels; channel++) {
    start[channel] = bias ? bias[channel] : 0;
    start[channels + channel] = factors[channel].multiplier;
    start[2 * channels + channel] = factors[channel].shift;
  }
  int16_t *target = (int16_t *)(start + 3 * channels);
  for (size_t tap = 0; tap < tap_count(shape); tap++) {
    for (size_t channel = 0; channel < channels; channel++) {
      *target++ = weights[channel * strides.output + tap * strides.tap];
    }
  }
}

// One position's channels from `first` on; its inputs are `offset` behind those of the first.
static void position_from(size_t first, size_t channels, size_t taps, const int8_t *const *inputs, size_t offset,
                          const void *packed, const skiff_qc8w_output *form, int8_t *output) {
  const int32_t *start = packed;
  const int16_t *weights = (const int16_t *)(start + 3 * channels);
  for (size_t channel = first; channel < channels; channel++) {
    uint32_t sum = (uint32_t)start[channel];
    for (size_t tap = 0; tap < taps; tap++) {
      int32_t value = inputs[tap][offset + channel] - form->input_zero_point;
      sum += (uint32_t)(value * weights[tap * channels + channel]);
    }
    output[channel] = finish_sum((int32_t)sum, start[channels + channel], start[2 * channels + channel], form);
  }
}

static void run_portable(size_t channels, size_t taps, const int8_t *const *inputs, const void *packed,
                         const skiff_qc8w_output *form, position_run run, int8_t *output) {
  for (size_t i = 0; i < run.count; i++) {
    position_from(0, channels, taps, inputs, i * run.input_step, packed, form, output + i * run.output_step);
  }
}

#if SKIFF_X86
SKIFF_AVX2 static inline __m256i centred_avx2(const int8_t *input, __m256i zero_point) {
  return _mm256_sub_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)input)), zero_point);
}

SKIFF_AVX2 static void position_avx2(size_t channels, size_t taps, const int8_t *const *inputs, size_t offset,
                                     const void *packed, const skiff_qc8w_output *form, int8_t *output) {
  const int32_t *start = packed;
  const int16_t *weights = (const int16_t *)(start + 3 * channels);
  __m256i zero_in = _mm256_set1_epi16((int16_t)form->input_zero_point);
  __m256i zero_out = _mm256_set1_epi32(form->output_zero_point);
  __m256i lower = _mm256_set1_epi32(form->lower), upper = _mm256_set1_epi32(form->upper);
  size_t channel = 0;
  for (; channel + 16 <= channels; channel += 16) {
    // Unpacking works on each half of a register: `even` holds channels 0-3 and 8-11, `odd` 4-7 and 12-15.
    __m256i even = _mm256_setzero_si256(), odd = even;
    for (size_t tap = 0; tap < taps; tap += 2) {
      const int16_t *weight = weights + tap * channels + channel;
      __m256i x0 = centred_avx2(inputs[tap] + offset + channel, zero_in);
      __m256i w0 = _mm256_loadu_si256((const __m256i *)weight);
      __m256i x1 = _mm256_setzero_si256(), w1 = x1;
      if (tap + 1 < taps) {
        x1 = centred_avx2(inputs[tap + 1] + offset + channel, zero_in);
        w1 = _mm256_loadu_si256((const __m256i *)(weight + channels));
      }
      even = _mm256_add_epi32(even, _mm256_madd_epi16(_mm256_unpacklo_epi16(x0, x1), _mm256_unpacklo_epi16(w0, w1)));
      odd = _mm256_add_epi32(odd, _mm256_madd_epi16(_mm256_unpackhi_epi16(x0, x1), _mm256_unpackhi_epi16(w0, w1)));
    }
    __m256i half[2] = {_mm256_permute2x128_si256(even, odd, 0x20), _mm256_permute2x128_si256(even, odd, 0x31)};
    for (int i = 0; i < 2; i++) {
      const int32_t *own = start + channel + 8 * i;
      __m256i sum = _mm256_add_epi32(half[i], _mm256_loadu_si256((const __m256i *)own));
      sum = multiply_by_factors_avx2(sum, load_factors_avx2(own + channels, own + 2 * channels));
      half[i] = _mm256_min_epi32(_mm256_max_epi32(_mm256_add_epi32(sum, zero_out), lower), upper);
    }
    _mm_storeu_si128((__m128i *)(output + channel), narrow_avx2(half[0], half[1]));
  }
  position_from(channel, channels, taps, inputs, offset, packed, form, output);
}

SKIFF_AVX2 static void run_avx2(size_t channels, size_t taps, const int8_t *const *inputs, const void *packed,
                                const skiff_qc8w_output *form, position_run run, int8_t *output) {
  for (size_t i = 0; i < run.count; i++) {
    position_avx2(channels, taps, inputs, i * run.input_step, packed, form, output + i * run.output_step);
  }
}
#endif

// Positions side by side that lie inside of the input are computed at once, in spans where those are wider.
void skiff_qc8w_dwconv(const skiff_convolution *shape, const int8_t *input, const void *packed,
                       const skiff_qc8w_output *form, skiff_part part, int8_t *output, void *scratch) {
  run_function *compute = run_portable;
  dwconv_span span = {1, shape->groups, run_portable};
  size_t channels = shape->groups, columns = column_count(shape), slots = slot_count(shape);
  size_t used = shape->kernel_height * columns, taps = used;
#if SKIFF_X86
  if (shape->level >= skiff_avx512) {
    compute = skiff_qc8w_dwconv_run_avx512(shape);
    span = skiff_qc8w_dwconv_span_avx512(shape);
    taps = slots;
  } else if (shape->level >= skiff_avx2) {
    compute = run_avx2;
  }
#endif
  int8_t *padding = scratch;
  const int8_t **inputs = (const int8_t **)(padding + skiff_round_up(channels, 64));
  size_t *offsets = (size_t *)(inputs + slots);
  memset(padding, (uint8_t)form->input_zero_point, skiff_round_up(channels, 64));
  for (size_t slot = 0; slot < slots; slot++) {
    size_t row = slot / columns * shape->dilation_height, column = slot % columns * shape->dilation_width;
    // What is no tap has weights of zero: it reads what is there anyway.
    offsets[slot] = slot < used ? (row * shape->input_width + column) * channels : 0;
  }
  skiff_range share = skiff_share(position_count(shape), part);
  size_t end = positions_inside(shape).end;
  window_position at = position_at(shape, share.begin);
  output += share.begin * channels;
  for (size_t left = share.end - share.begin; left > 0;) {
    size_t step = 1;
    if (is_window_inside(shape, at)) {
      const int8_t *first = input + pixel_under(shape, at, 0, 0) * channels;
      for (size_t slot = 0; slot < slots; slot++) inputs[slot] = first + offsets[slot];
      step = skiff_min(left, end - at.x);
    } else {
      for (size_t slot = 0; slot < slots; slot++) {
        size_t pixel = slot < used ? pixel_under(shape, at, slot / columns, slot % columns) : SIZE_MAX;
        inputs[slot] = pixel == SIZE_MAX ? padding : input + pixel * channels;
      }
    }
    if (span.positions > 1 && step >= span.positions) {
      position_run run = {step / span.positions, span.positions * channels, span.positions * channels};
      span.compute(span.channels, taps, inputs, packed, form, run, output);
      step = run.count * span.positions;
    } else {
      position_run run = {step, shape->stride_width * channels, channels};
      compute(channels, taps, inputs, packed, form, run, output);
    }
    at.x += step - 1;
    advance(shape, &at);
    left -= step;
    output += step * channels;
  }
}
