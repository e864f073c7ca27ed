// The int8 depthwise convolution for AVX-512 with VNNI: 64 channels and four taps at a time.
//
// The inputs are made greater by 128, without a sign: sum w (x + 128) = sum w x + 128 sum w, and the last term, like the
// zero point's, is taken out of the bias beforehand.

#include "qc8w_dwconv.h"

#include <stdlib.h>

#if SKIFF_X86
#define CHANNELS 64
#define TAPS 4

static size_t quad_count(size_t taps) { return (taps + TAPS - 1) / TAPS; }

static size_t channels_size(size_t taps) { return sizeof(channels_header) + quad_count(taps) * TAPS * CHANNELS; }

size_t skiff_qc8w_dwconv_packed_size_avx512(const skiff_convolution *shape) {
  return skiff_round_up(shape->groups, CHANNELS) / CHANNELS * channels_size(tap_count(shape));
}

void skiff_qc8w_dwconv_pack_avx512(const skiff_convolution *shape, const int8_t *weights,
                                   skiff_weight_strides strides, const int32_t *bias, int32_t input_zero_point,
                                   const skiff_factor *factors, void *packed) {
  size_t taps = tap_count(shape);
  memset(packed, 0, skiff_qc8w_dwconv_packed_size_avx512(shape));
  for (size_t channel = 0; channel < shape->groups; channel += CHANNELS) {
    ((channels_header *)((char *)packed + channel / CHANNELS * channels_size(taps)))->is_small = true;
  }
  for (size_t channel = 0; channel < shape->groups; channel++) {
    char *target = (char *)packed + channel / CHANNELS * channels_size(taps);
    channels_header *header = (channels_header *)target;
    size_t lane = channel % CHANNELS / 16, accumulator = channel % 16 / 4, element = channel % 4;
    size_t place = 16 * accumulator + 4 * lane + element;
    uint32_t sum = 0;
    uint64_t magnitude = (uint64_t)(bias ? llabs((long long)bias[channel]) : 0);
    for (size_t tap = 0; tap < taps; tap++) {
      int8_t weight = weights[channel * strides.output + tap * strides.tap];
      sum += (uint32_t)(int32_t)weight;
      // |x - zero point| <= 255.
      magnitude += 255 * (uint64_t)(weight < 0 ? -weight : weight);
      size_t quad = tap / TAPS * CHANNELS + place;
      target[sizeof *header + quad * TAPS + tap % TAPS] = (char)weight;
    }
    uint32_t offset = 128 + (uint32_t)input_zero_point;
    header->starts[place] = (int32_t)((uint32_t)(bias ? bias[channel] : 0) - sum * offset);
    header->multipliers[place] = factors[channel].multiplier;
    header->shifts[place] = factors[channel].shift;
    bool is_small = is_small_sum(magnitude, factors[channel].shift);
    header->is_small &= is_small;
    header->rights[place] = is_small ? -factors[channel].shift : 0;
    header->halves[place] = is_small ? 1 << (-factors[channel].shift - 1) : 0;
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
  return multiply_small_avx512(sum, multiplier, _mm512_srli_epi64(multiplier, 32),
                               _mm512_loadu_si512(header->rights + place), _mm512_loadu_si512(header->halves + place));
}

SKIFF_AVX512 void skiff_qc8w_dwconv_position_avx512(size_t channels, size_t taps, const int8_t *const *inputs,
                                                    const void *packed, const skiff_qc8w_output *form,
                                                    int8_t *output) {
  const char *own = packed;
  __m512i top = _mm512_set1_epi8(-128), zero = _mm512_setzero_si512();
  for (size_t channel = 0; channel < channels; channel += CHANNELS, own += channels_size(taps)) {
    const channels_header *header = (const channels_header *)own;
    const char *weights = own + sizeof *header;
    size_t left = channels - channel;
    __mmask64 exists = left >= CHANNELS ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1;
    __m512i sum0 = _mm512_loadu_si512(header->starts), sum1 = _mm512_loadu_si512(header->starts + 16);
    __m512i sum2 = _mm512_loadu_si512(header->starts + 32), sum3 = _mm512_loadu_si512(header->starts + 48);
    for (size_t tap = 0; tap < taps; tap += TAPS, weights += TAPS * CHANNELS) {
      // Taps beyond the last have weights of zero.
#define LOAD(i) \
  (tap + i < taps ? _mm512_xor_si512(_mm512_maskz_loadu_epi8(exists, inputs[tap + i] + channel), top) : zero)
      __m512i x0 = LOAD(0), x1 = LOAD(1), x2 = LOAD(2), x3 = LOAD(3);
#undef LOAD
      __m512i low01 = _mm512_unpacklo_epi8(x0, x1), high01 = _mm512_unpackhi_epi8(x0, x1);
      __m512i low23 = _mm512_unpacklo_epi8(x2, x3), high23 = _mm512_unpackhi_epi8(x2, x3);
      sum0 = _mm512_dpbusd_epi32(sum0, _mm512_unpacklo_epi16(low01, low23), _mm512_loadu_si512(weights));
      sum1 = _mm512_dpbusd_epi32(sum1, _mm512_unpackhi_epi16(low01, low23), _mm512_loadu_si512(weights + 64));
      sum2 = _mm512_dpbusd_epi32(sum2, _mm512_unpacklo_epi16(high01, high23), _mm512_loadu_si512(weights + 128));
      sum3 = _mm512_dpbusd_epi32(sum3, _mm512_unpackhi_epi16(high01, high23), _mm512_loadu_si512(weights + 192));
    }
    // Narrowing works on each lane and so brings the channels back into order.
    __m512i bytes;
    if (header->is_small) {
      bytes = narrow_avx512(scale_small_avx512(sum0, header, 0), scale_small_avx512(sum1, header, 16),
                            scale_small_avx512(sum2, header, 32), scale_small_avx512(sum3, header, 48), form);
    } else {
      __m512i low = _mm512_packs_epi32(finish_avx512(sum0, header, 0, form), finish_avx512(sum1, header, 16, form));
      __m512i high = _mm512_packs_epi32(finish_avx512(sum2, header, 32, form), finish_avx512(sum3, header, 48, form));
      bytes = _mm512_packs_epi16(low, high);
    }
    _mm512_mask_storeu_epi8(output + channel, exists, bytes);
  }
}
#endif
