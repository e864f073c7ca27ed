// From int32 accumulators to int8, rounded twice: first in the high multiplication, half up; then in the right
// shift, half away from zero.

#ifndef SKIFF_REQUANTIZE_H
#define SKIFF_REQUANTIZE_H

#include "dispatch.h"

static inline int32_t multiply_by_factor(int32_t value, skiff_factor factor) {
  int left = factor.shift > 0 ? factor.shift : 0, right = factor.shift > 0 ? 0 : -factor.shift;
  int32_t shifted = (int32_t)((uint32_t)value << left);
  // Both round halves of a negative product up: (ab + 2^30) >> 31. |ab| <= 2^62, and multiplier < 2^31, so
  // that nothing saturates.
  int32_t high = (int32_t)(((int64_t)shifted * factor.multiplier + (1 << 30)) >> 31);
  int32_t mask = (int32_t)(((uint32_t)1 << right) - 1);
  int32_t threshold = (mask >> 1) + (high < 0);
  return (high >> right) + ((high & mask) > threshold);
}

static inline int8_t clamp_to_int8(int32_t value, int32_t lower, int32_t upper) {
  value = value < lower ? lower : value;
  return (int8_t)(value > upper ? upper : value);
}

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

SKIFF_AVX2 static inline factors_avx2 load_factors_avx2(const skiff_factor *factors) {
  // Multipliers and shifts alternate in memory.
  __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
  __m256i low = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)factors), order);
  __m256i high = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)(factors + 4)), order);
  return make_factors_avx2(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31));
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
#endif

#endif
