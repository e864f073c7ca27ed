// From int32 accumulators to int8, rounded twice: first in the high multiplication, half up; then in the right
// shift, half away from zero.

#ifndef SKIFF_REQUANTIZE_H
#define SKIFF_REQUANTIZE_H

#include <math.h>

#include "dispatch.h"

static inline int32_t multiply_by_factor(int32_t value, int32_t multiplier, int32_t shift) {
  int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
  int32_t shifted = (int32_t)((uint32_t)value << left);
  // Both round halves of a negative product up: (ab + 2^30) >> 31. |ab| <= 2^62, and multiplier < 2^31, so
  // that nothing saturates.
  int32_t high = (int32_t)(((int64_t)shifted * multiplier + (1 << 30)) >> 31);
  int32_t mask = (int32_t)(((uint32_t)1 << right) - 1);
  int32_t threshold = (mask >> 1) + (high < 0);
  return (high >> right) + ((high & mask) > threshold);
}

// Rounded once in double precision, halves away from zero; saturates where the reference is undefined.
static inline int32_t multiply_by_real_factor(int32_t value, double factor) {
  double product = round((double)value * factor);
  product = product < -0x1p31 ? -0x1p31 : product;
  return (int32_t)(product > 0x1p31 - 1 ? 0x1p31 - 1 : product);
}

static inline int8_t clamp_to_int8(int64_t value, int32_t lower, int32_t upper) {
  value = value < lower ? lower : value;
  return (int8_t)(value > upper ? upper : value);
}

// With the zero point, which wraps.
static inline int8_t finish_sum(int32_t sum, int32_t multiplier, int32_t shift, const skiff_qc8w_output *form) {
  uint32_t scaled = (uint32_t)multiply_by_factor(sum, multiplier, shift);
  return clamp_to_int8((int32_t)(scaled + (uint32_t)form->output_zero_point), form->lower, form->upper);
}

// Whether sums of at most this magnitude, times factors from 2^-30 up to one half, can be scaled without leaving 32 bits
// where two bits are added (multiply_small_avx512).
static inline bool is_small_sum(uint64_t magnitude, int32_t shift) {
  return magnitude <= 1 << 29 && shift < 0 && shift >= -29;
}

// Results that become bytes and count only from zero upwards, as behind a rectifier, are estimated in float32 with 16
// fraction bits. For such sums both roundings together are one: of the quotient and 2^(shift - 1) to the nearest. Up to 256,
// where a byte ends with any zero point, three roundings to 24 bits take the estimate off by less than four in the last
// place. The offset makes it greater by these four: an estimate whose fraction is less than eight is in doubt.
#define ESTIMATE_BITS 16
#define ESTIMATE_DOUBT 8

static inline float estimate_factor(int32_t multiplier, int32_t shift) {
  return ldexpf((float)multiplier, shift - 31 + ESTIMATE_BITS);
}

static inline float estimate_offset(int32_t shift) {
  return (float)(1 << (ESTIMATE_BITS - 1)) + ldexpf(1, shift - 1 + ESTIMATE_BITS) + ESTIMATE_DOUBT / 2;
}

// The offset of a lane without an output, whose factor is zero.
#define ESTIMATE_NOTHING ((float)(1 << (ESTIMATE_BITS - 1)))

// Whether the estimates of sums of at most this magnitude stay inside of 32 bits.
static inline bool is_estimable(uint64_t magnitude, int32_t multiplier, int32_t shift) {
  return is_small_sum(magnitude, shift) && magnitude * (uint64_t)multiplier >> (31 - shift) < (1 << 15) - 2;
}

static inline bool is_rectified(const skiff_qc8w_output *form) { return form->lower >= form->output_zero_point; }

#if SKIFF_X86
// Eight factors.
typedef struct {
  __m256i multiplier, left, right, mask;
} factors_avx2;

SKIFF_AVX2 static inline factors_avx2 make_factors_avx2(__m256i multiplier, __m256i shift) {
  __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi32(1);
  factors_avx2 result;
  result.multiplier = multiplier;
  result.left = _mm256_max_epi32(shift, zero);
  result.right = _mm256_max_epi32(_mm256_sub_epi32(zero, shift), zero);
  result.mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, result.right), one);
  return result;
}

SKIFF_AVX2 static inline factors_avx2 load_factors_avx2(const int32_t *multipliers, const int32_t *shifts) {
  return make_factors_avx2(_mm256_loadu_si256((const __m256i *)multipliers),
                           _mm256_loadu_si256((const __m256i *)shifts));
}

SKIFF_AVX2 static inline __m256i multiply_by_factors_avx2(__m256i value, factors_avx2 factors) {
  __m256i half = _mm256_set1_epi64x(1 << 30);
  value = _mm256_sllv_epi32(value, factors.left);
  __m256i even = _mm256_add_epi64(_mm256_mul_epi32(value, factors.multiplier), half);
  __m256i odd = _mm256_add_epi64(
      _mm256_mul_epi32(_mm256_srli_epi64(value, 32), _mm256_srli_epi64(factors.multiplier, 32)), half);
  // Bits 31 to 62 of each product, the even ones moved down and the odd ones up by one.
  __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
  __m256i remainder = _mm256_and_si256(high, factors.mask);
  __m256i threshold = _mm256_sub_epi32(_mm256_srli_epi32(factors.mask, 1), _mm256_srai_epi32(high, 31));
  __m256i carry = _mm256_cmpgt_epi32(remainder, threshold);
  return _mm256_sub_epi32(_mm256_srav_epi32(high, factors.right), carry);
}

// Two times eight numbers that fit int8, in order.
SKIFF_AVX2 static inline __m128i narrow_avx2(__m256i low, __m256i high) {
  __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
  return _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

// Sixteen factors.
typedef struct {
  __m512i multiplier, odd_multiplier, left, right, below;
} factors_avx512;

SKIFF_AVX512 static inline factors_avx512 make_factors_avx512(__m512i multiplier, __m512i shift) {
  __m512i zero = _mm512_setzero_si512(), one = _mm512_set1_epi32(1);
  factors_avx512 result;
  result.multiplier = multiplier;
  result.odd_multiplier = _mm512_srli_epi64(multiplier, 32);
  result.left = _mm512_max_epi32(shift, zero);
  result.right = _mm512_max_epi32(_mm512_sub_epi32(zero, shift), zero);
  result.below = _mm512_sub_epi32(_mm512_sllv_epi32(one, result.right), one);
  return result;
}

SKIFF_AVX512 static inline factors_avx512 load_factors_avx512(const int32_t *multipliers, const int32_t *shifts) {
  return make_factors_avx512(_mm512_loadu_si512(multipliers), _mm512_loadu_si512(shifts));
}

SKIFF_AVX512 static inline factors_avx512 repeat_factor_avx512(skiff_factor factor) {
  return make_factors_avx512(_mm512_set1_epi32(factor.multiplier), _mm512_set1_epi32(factor.shift));
}

SKIFF_AVX512 static inline __m512i multiply_by_factors_avx512(__m512i value, const factors_avx512 *factors) {
  __m512i half = _mm512_set1_epi64(1 << 30);
  value = _mm512_sllv_epi32(value, factors->left);
  __m512i even = _mm512_add_epi64(_mm512_mul_epi32(value, factors->multiplier), half);
  __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(value, 32), factors->odd_multiplier), half);
  // Bits 31 to 62 of each product, the even ones moved down and the odd ones up by one.
  __m512i high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
  // The bits below the last one that stays: more than half rounds up, and for a negative number more than half and one.
  __m512i remainder = _mm512_and_si512(high, factors->below);
  __m512i threshold = _mm512_sub_epi32(_mm512_srli_epi32(factors->below, 1), _mm512_srai_epi32(high, 31));
  __mmask16 carry = _mm512_cmpgt_epi32_mask(remainder, threshold);
  __m512i result = _mm512_srav_epi32(high, factors->right);
  return _mm512_mask_add_epi32(result, carry, result, _mm512_set1_epi32(1));
}

// Sixteen factors for small sums. With a shift to the right by r, both roundings together are (p + 2^30 + 2^(r + 30)) >>
// (r + 31) of the product p, and 2^31 less is added to a negative one. All that is added is a multiple of 2^30, so that the
// bits of p from there on are enough.
typedef struct {
  __m512i multiplier, odd_multiplier;
  __m512i right;  // r + 1
  __m512i added;  // 2^r + 1
  __m512i flips;  // the bits in which 2^r - 1 differs from that
} small_factors_avx512;

SKIFF_AVX512 static inline small_factors_avx512 make_small_factors_avx512(__m512i multiplier, __m512i shift) {
  __m512i one = _mm512_set1_epi32(1), two = _mm512_set1_epi32(2);
  small_factors_avx512 result;
  result.multiplier = multiplier;
  result.odd_multiplier = _mm512_srli_epi64(multiplier, 32);
  result.right = _mm512_sub_epi32(one, shift);
  result.added = _mm512_add_epi32(_mm512_sllv_epi32(one, _mm512_sub_epi32(_mm512_setzero_si512(), shift)), one);
  result.flips = _mm512_xor_si512(result.added, _mm512_sub_epi32(result.added, two));
  return result;
}

SKIFF_AVX512 static inline __m512i multiply_small_avx512(__m512i value, const small_factors_avx512 *factors) {
  __m512i even = _mm512_mul_epi32(value, factors->multiplier);
  __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(value, 32), factors->odd_multiplier);
  __m512i high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 30), _mm512_slli_epi64(odd, 2));
  // added ^ (sign & flips)
  __m512i added = _mm512_ternarylogic_epi32(_mm512_srai_epi32(value, 31), factors->flips, factors->added, 0x6A);
  return _mm512_srav_epi32(_mm512_add_epi32(high, added), factors->right);
}

// The integers of sixteen estimates; `doubt` collects where their fractions are less than `width`, a power of two.
SKIFF_AVX512 static inline __m512i round_estimate_avx512(__m512 estimate, const int width, __mmask16 *doubt) {
  __m512i places = _mm512_cvtps_epi32(estimate);
  __m512i certain = _mm512_set1_epi32((1 << ESTIMATE_BITS) - width);
  *doubt = _kor_mask16(*doubt, _mm512_testn_epi32_mask(places, certain));
  return _mm512_srai_epi32(places, ESTIMATE_BITS);
}

SKIFF_AVX512 static inline __m512i estimate_avx512(__m512i value, __m512 factor, __m512 offset, __mmask16 *doubt) {
  return round_estimate_avx512(_mm512_fmadd_ps(_mm512_cvtepi32_ps(value), factor, offset), ESTIMATE_DOUBT, doubt);
}

// 64 results of four registers of sixteen, in the order of their lanes, with the zero point and clamped. Numbers beyond
// 16 bits are clamped the same.
SKIFF_AVX512 static inline __m512i narrow_avx512(__m512i a, __m512i b, __m512i c, __m512i d, int32_t zero_point,
                                                 int32_t lower, int32_t upper) {
  __m512i zero = _mm512_set1_epi16((int16_t)zero_point);
  __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero);
  __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero);
  __m512i bytes = _mm512_packs_epi16(low, high);
  bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8((int8_t)lower));
  return _mm512_min_epi8(bytes, _mm512_set1_epi8((int8_t)upper));
}

// The same in order.
SKIFF_AVX512 static inline __m512i narrow_in_order_avx512(__m512i a, __m512i b, __m512i c, __m512i d,
                                                          int32_t zero_point, int32_t lower, int32_t upper) {
  // Narrowing leaves four of each register in each lane.
  __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, narrow_avx512(a, b, c, d, zero_point, lower, upper));
}

// Sixteen sums times their real factors, rounded once. Adding the number below one half and cutting off rounds halves
// away from zero; the conversion gives INT32_MIN beyond 32 bits, which the minimum prevents above.
SKIFF_AVX512 static inline __m512i multiply_by_real_factors_avx512(__m512i value, const double *factors) {
  __m512d sign = _mm512_set1_pd(-0.0), half = _mm512_set1_pd(0x1.fffffffffffffp-2);
  __m512d greatest = _mm512_set1_pd(0x1p31 - 1);
  __m256i parts[2] = {_mm512_castsi512_si256(value), _mm512_extracti64x4_epi64(value, 1)};
  for (int i = 0; i < 2; i++) {
    __m512d product = _mm512_mul_pd(_mm512_cvtepi32_pd(parts[i]), _mm512_loadu_pd(factors + 8 * i));
    product = _mm512_add_pd(product, _mm512_or_pd(_mm512_and_pd(product, sign), half));
    parts[i] = _mm512_cvttpd_epi32(_mm512_min_pd(product, greatest));
  }
  return _mm512_inserti64x4(_mm512_castsi256_si512(parts[0]), parts[1], 1);
}
#endif

#endif
