// The int8 depthwise convolution for AVX-512 with VNNI: 64 channels and four taps at a time.
//
// The inputs are made greater by 128, without a sign: sum w (x + 128) = sum w x + 128 sum w, and the last term, like the
// zero point's, is taken out of the bias beforehand.

#include "qc8w_dwconv.h"

#include <stdlib.h>

#if SKIFF_X86
#define CHANNELS 64
#define TAPS 4
#define UNROLL _Pragma("clang loop unroll(full)")

static bool has_rows_of_three(const skiff_convolution *shape) { return shape->kernel_width == 3; }

size_t skiff_qc8w_dwconv_columns_avx512(const skiff_convolution *shape) {
  return has_rows_of_three(shape) ? TAPS : shape->kernel_width;
}

// The taps with those that are nothing.
static size_t slot_count(const skiff_convolution *shape) {
  return skiff_round_up(shape->kernel_height * skiff_qc8w_dwconv_columns_avx512(shape), TAPS);
}

static size_t channels_size(size_t slots) { return sizeof(channels_header) + slots * CHANNELS; }

size_t skiff_qc8w_dwconv_packed_size_avx512(const skiff_convolution *shape) {
  return skiff_round_up(shape->groups, CHANNELS) / CHANNELS * channels_size(slot_count(shape));
}

// How often all channels fit into a register, for positions side by side.
static size_t repeat_count(const skiff_convolution *shape) {
  return shape->stride_width == 1 && CHANNELS % shape->groups == 0 ? CHANNELS / shape->groups : 1;
}

void skiff_qc8w_dwconv_pack_avx512(const skiff_convolution *shape, const int8_t *weights,
                                   skiff_weight_strides strides, const int32_t *bias, int32_t input_zero_point,
                                   const skiff_factor *factors, void *packed) {
  size_t taps = tap_count(shape), size = channels_size(slot_count(shape));
  size_t columns = skiff_qc8w_dwconv_columns_avx512(shape);
  size_t count = shape->groups * repeat_count(shape);
  memset(packed, 0, skiff_qc8w_dwconv_packed_size_avx512(shape));
  for (size_t lane = 0; lane < count; lane += CHANNELS) {
    channels_header *header = (channels_header *)((char *)packed + lane / CHANNELS * size);
    header->is_small = header->is_estimable = true;
    for (size_t place = 0; place < CHANNELS; place++) header->estimate_offsets[place] = ESTIMATE_NOTHING;
  }
  for (size_t index = 0; index < count; index++) {
    size_t channel = index % shape->groups;
    char *target = (char *)packed + index / CHANNELS * size;
    channels_header *header = (channels_header *)target;
    size_t lane = index % CHANNELS / 16, accumulator = index % 16 / 4, element = index % 4;
    size_t place = 16 * accumulator + 4 * lane + element;
    uint32_t sum = 0;
    uint64_t magnitude = (uint64_t)(bias ? llabs((long long)bias[channel]) : 0);
    for (size_t tap = 0; tap < taps; tap++) {
      int8_t weight = weights[channel * strides.output + tap * strides.tap];
      sum += (uint32_t)(int32_t)weight;
      // |x - zero point| <= 255.
      magnitude += 255 * (uint64_t)(weight < 0 ? -weight : weight);
      size_t slot = tap / shape->kernel_width * columns + tap % shape->kernel_width;
      target[sizeof *header + (slot / TAPS * CHANNELS + place) * TAPS + slot % TAPS] = (char)weight;
    }
    uint32_t offset = 128 + (uint32_t)input_zero_point;
    header->starts[place] = (int32_t)((uint32_t)(bias ? bias[channel] : 0) - sum * offset);
    header->multipliers[place] = factors[channel].multiplier;
    header->shifts[place] = factors[channel].shift;
    bool is_small = is_small_sum(magnitude, factors[channel].shift);
    header->is_small &= is_small;
    header->is_estimable &= is_estimable(magnitude, factors[channel].multiplier, factors[channel].shift);
    if (!is_small) continue;
    int32_t half = 1 << -factors[channel].shift;
    header->rights[place] = 1 - factors[channel].shift;
    header->added[place] = half + 1;
    header->flips[place] = (half + 1) ^ (half - 1);
    header->estimate_factors[place] = estimate_factor(factors[channel].multiplier, factors[channel].shift);
    header->estimate_offsets[place] = estimate_offset(factors[channel].shift);
  }
}

SKIFF_AVX512 static inline __m512i finish_avx512(__m512i sum, const channels_header *header, size_t place,
                                                 const skiff_qc8w_output *form) {
  factors_avx512 factors = load_factors_avx512(header->multipliers + place, header->shifts + place);
  __m512i scaled = multiply_by_factors_avx512(sum, &factors);
  scaled = _mm512_add_epi32(scaled, _mm512_set1_epi32(form->output_zero_point));
  return _mm512_min_epi32(_mm512_max_epi32(scaled, _mm512_set1_epi32(form->lower)),
                          _mm512_set1_epi32(form->upper));
}

SKIFF_AVX512 static inline __m512i scale_small_avx512(__m512i sum, const channels_header *header, size_t place) {
  __m512i multiplier = _mm512_loadu_si512(header->multipliers + place);
  small_factors_avx512 factors = {multiplier, _mm512_srli_epi64(multiplier, 32),
                                  _mm512_loadu_si512(header->rights + place),
                                  _mm512_loadu_si512(header->added + place),
                                  _mm512_loadu_si512(header->flips + place)};
  return multiply_small_avx512(sum, &factors);
}

// The results of 64 sums. Narrowing works on each lane and so brings the channels back into order.
SKIFF_AVX512 static inline __attribute__((always_inline)) __m512i results_avx512(const __m512i *sums,
                                                                                  const channels_header *header,
                                                                                  const skiff_qc8w_output *form) {
  if (header->is_estimable && is_rectified(form)) {
    __m512i results[4];
    __mmask16 doubt = 0;
    UNROLL for (size_t i = 0; i < 4; i++) {
      results[i] = estimate_avx512(sums[i], _mm512_loadu_ps(header->estimate_factors + 16 * i),
                                   _mm512_loadu_ps(header->estimate_offsets + 16 * i), &doubt);
    }
    if (__builtin_expect(doubt == 0, true)) {
      return narrow_avx512(results[0], results[1], results[2], results[3], form->output_zero_point, form->lower,
                           form->upper);
    }
  }
  if (header->is_small) {
    return narrow_avx512(scale_small_avx512(sums[0], header, 0), scale_small_avx512(sums[1], header, 16),
                         scale_small_avx512(sums[2], header, 32), scale_small_avx512(sums[3], header, 48),
                         form->output_zero_point, form->lower, form->upper);
  }
  __m512i low = _mm512_packs_epi32(finish_avx512(sums[0], header, 0, form), finish_avx512(sums[1], header, 16, form));
  __m512i high =
      _mm512_packs_epi32(finish_avx512(sums[2], header, 32, form), finish_avx512(sums[3], header, 48, form));
  return _mm512_packs_epi16(low, high);
}

// Runs of one or two positions; of each four taps the first `used` are something, or for two positions of each four inputs the
// first three are the one's and the last three the other's.
SKIFF_AVX512 static inline __attribute__((always_inline)) void compute(
    const size_t positions, const size_t used, size_t channels, size_t slots, const int8_t *const *inputs,
    const void *packed, const skiff_qc8w_output *form, position_run run, int8_t *output) {
  const char *own = packed;
  __m512i top = _mm512_set1_epi8(-128);
  for (size_t channel = 0; channel < channels; channel += CHANNELS, own += channels_size(slots)) {
    const channels_header *header = (const channels_header *)own;
    size_t left = channels - channel;
    __mmask64 exists = left >= CHANNELS ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1;
    for (size_t index = 0; index < run.count; index++) {
      size_t offset = channel + index * run.input_step;
      int8_t *target = output + channel + index * run.output_step;
      const char *weights = own + sizeof *header;
      __m512i sums[2][4];
      UNROLL for (size_t i = 0; i < 4; i++) sums[0][i] = sums[1][i] = _mm512_loadu_si512(header->starts + 16 * i);
      for (size_t slot = 0; slot < slots; slot += TAPS, weights += TAPS * CHANNELS) {
        __m512i x[TAPS];
        UNROLL for (size_t i = 0; i < TAPS; i++) {
          // Where weights are zero, so may be inputs.
          x[i] = i < used ? _mm512_xor_si512(_mm512_maskz_loadu_epi8(exists, inputs[slot + i] + offset), top)
                          : _mm512_setzero_si512();
        }
        __m512i low01 = _mm512_unpacklo_epi8(x[0], x[1]), high01 = _mm512_unpackhi_epi8(x[0], x[1]);
        __m512i low23 = _mm512_unpacklo_epi8(x[2], x[3]), high23 = _mm512_unpackhi_epi8(x[2], x[3]);
        x[0] = _mm512_unpacklo_epi16(low01, low23);
        x[1] = _mm512_unpackhi_epi16(low01, low23);
        x[2] = _mm512_unpacklo_epi16(high01, high23);
        x[3] = _mm512_unpackhi_epi16(high01, high23);
        UNROLL for (size_t i = 0; i < 4; i++) {
          __m512i w = _mm512_loadu_si512(weights + CHANNELS * i);
          sums[0][i] = _mm512_dpbusd_epi32(sums[0][i], x[i], w);
          if (positions > 1) sums[1][i] = _mm512_dpbusd_epi32(sums[1][i], x[i], _mm512_slli_epi32(w, 8));
        }
      }
      UNROLL for (size_t i = 0; i < positions; i++) {
        _mm512_mask_storeu_epi8(target + i * channels, exists, results_avx512(sums[i], header, form));
      }
    }
  }
}

#define FORM(NAME, POSITIONS, USED)                                                                                  \
  SKIFF_AVX512 static void NAME(size_t channels, size_t slots, const int8_t *const *inputs, const void *packed,      \
                                const skiff_qc8w_output *form, position_run run, int8_t *output) {                   \
    compute(POSITIONS, USED, channels, slots, inputs, packed, form, run, output);                                    \
  }
FORM(one_of_three, 1, 3)
FORM(one_of_four, 1, 4)
FORM(two_of_three, 2, 4)

run_function *skiff_qc8w_dwconv_run_avx512(const skiff_convolution *shape) {
  return has_rows_of_three(shape) ? one_of_three : one_of_four;
}

dwconv_span skiff_qc8w_dwconv_span_avx512(const skiff_convolution *shape) {
  size_t repeats = repeat_count(shape);
  if (repeats > 1) return (dwconv_span){repeats, CHANNELS, skiff_qc8w_dwconv_run_avx512(shape)};
  bool shares = has_rows_of_three(shape) && shape->stride_width == 1 && shape->dilation_width == 1;
  return shares ? (dwconv_span){2, shape->groups, two_of_three} : (dwconv_span){1, shape->groups, one_of_four};
}
#endif
