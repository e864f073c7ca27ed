// Int8 sums element by element, and tables.

#include "requantize.h"

// Fraction bits gained before the inputs are scaled.
#define LEFT_SHIFT 20

static void add_portable(size_t start, size_t count, const int8_t *a, const int8_t *b,
                         const skiff_qs8_addition *form, int8_t *output) {
  for (size_t i = start; i < count; i++) {
    int32_t x = (a[i * form->step_a] - form->zero_point_a) * (1 << LEFT_SHIFT);
    int32_t y = (b[i * form->step_b] - form->zero_point_b) * (1 << LEFT_SHIFT);
    x = multiply_by_factor(x, form->factor_a.multiplier, form->factor_a.shift);
    y = multiply_by_factor(y, form->factor_b.multiplier, form->factor_b.shift);
    // Both are below 2^27 in magnitude.
    int32_t sum = form->subtracts ? x - y : x + y;
    sum = multiply_by_factor(sum, form->factor_output.multiplier, form->factor_output.shift);
    output[i] = clamp_to_int8((int32_t)((uint32_t)sum + (uint32_t)form->zero_point_output), form->lower, form->upper);
  }
}

#if SKIFF_X86
SKIFF_AVX2 static inline factors_avx2 repeat_factor_avx2(skiff_factor factor) {
  return make_factors_avx2(_mm256_set1_epi32(factor.multiplier), _mm256_set1_epi32(factor.shift));
}

SKIFF_AVX2 static inline __m256i scaled_avx2(const int8_t *from, size_t step, int32_t zero_point,
                                             factors_avx2 factor) {
  __m256i value = step ? _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)from)) : _mm256_set1_epi32(*from);
  value = _mm256_slli_epi32(_mm256_sub_epi32(value, _mm256_set1_epi32(zero_point)), LEFT_SHIFT);
  return multiply_by_factors_avx2(value, factor);
}

SKIFF_AVX2 static void add_avx2(size_t count, const int8_t *a, const int8_t *b, const skiff_qs8_addition *form,
                                int8_t *output) {
  factors_avx2 factor_a = repeat_factor_avx2(form->factor_a), factor_b = repeat_factor_avx2(form->factor_b);
  factors_avx2 factor_output = repeat_factor_avx2(form->factor_output);
  __m256i zero = _mm256_set1_epi32(form->zero_point_output);
  __m256i lower = _mm256_set1_epi32(form->lower), upper = _mm256_set1_epi32(form->upper);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m256i half[2];
    for (size_t j = 0; j < 2; j++) {
      __m256i x = scaled_avx2(a + (i + 8 * j) * form->step_a, form->step_a, form->zero_point_a, factor_a);
      __m256i y = scaled_avx2(b + (i + 8 * j) * form->step_b, form->step_b, form->zero_point_b, factor_b);
      __m256i sum = form->subtracts ? _mm256_sub_epi32(x, y) : _mm256_add_epi32(x, y);
      sum = _mm256_add_epi32(multiply_by_factors_avx2(sum, factor_output), zero);
      half[j] = _mm256_min_epi32(_mm256_max_epi32(sum, lower), upper);
    }
    _mm_storeu_si128((__m128i *)(output + i), narrow_avx2(half[0], half[1]));
  }
  add_portable(i, count, a, b, form, output);
}

// One operand always has a factor of one half, a shift of what is a multiple of two.
static bool is_half(skiff_factor factor) { return factor.multiplier == 1 << 30 && factor.shift == 0; }

// Whether all that a factor multiplies here, numbers below 2^29, is small in the sense of is_small_sum.
static bool is_small(skiff_factor factor) { return is_small_sum(1 << 29, factor.shift); }

SKIFF_AVX512 static inline small_factors_avx512 repeat_small_factor_avx512(skiff_factor factor) {
  return make_small_factors_avx512(_mm512_set1_epi32(factor.multiplier), _mm512_set1_epi32(factor.shift));
}

// Sixteen elements less their zero point.
SKIFF_AVX512 static inline __m512i centred_avx512(const int8_t *from, size_t step, int32_t zero_point) {
  __m512i value = step ? _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)from)) : _mm512_set1_epi32(*from);
  return _mm512_sub_epi32(value, _mm512_set1_epi32(zero_point));
}

// Numbers of nine bits with the fraction bits, times a small factor: the product with the upper bits of the multiplier is
// whole, that with the lower ten loses what is shifted out.
SKIFF_AVX512 static inline __m512i scale_centred_avx512(__m512i value, int32_t multiplier,
                                                        const small_factors_avx512 *factors) {
  __m512i upper = _mm512_mullo_epi32(value, _mm512_set1_epi32(multiplier >> 10));
  __m512i lower = _mm512_madd_epi16(value, _mm512_set1_epi32(multiplier & 0x3FF));
  return round_small_avx512(_mm512_add_epi32(upper, _mm512_srai_epi32(lower, 10)), value, factors);
}

// Adds what is halved and what is scaled, 64 elements at a time; returns how many.
SKIFF_AVX512 static inline __attribute__((always_inline)) size_t add_whole_avx512(
    size_t count, const int8_t *a, const int8_t *b, const skiff_qs8_addition *form, int8_t *output,
    const bool halves_a) {
  skiff_factor factor = halves_a ? form->factor_b : form->factor_a;
  small_factors_avx512 scale = repeat_small_factor_avx512(factor);
  small_factors_avx512 scale_output = repeat_small_factor_avx512(form->factor_output);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m512i sums[4];
    for (size_t j = 0; j < 4; j++) {
      size_t place = i + 16 * j;
      __m512i x = centred_avx512(a + place * form->step_a, form->step_a, form->zero_point_a);
      __m512i y = centred_avx512(b + place * form->step_b, form->step_b, form->zero_point_b);
      x = halves_a ? _mm512_slli_epi32(x, LEFT_SHIFT - 1) : scale_centred_avx512(x, factor.multiplier, &scale);
      y = halves_a ? scale_centred_avx512(y, factor.multiplier, &scale) : _mm512_slli_epi32(y, LEFT_SHIFT - 1);
      sums[j] = form->subtracts ? _mm512_sub_epi32(x, y) : _mm512_add_epi32(x, y);
      sums[j] = multiply_small_avx512(sums[j], &scale_output);
    }
    _mm512_storeu_si512(output + i, narrow_in_order_avx512(sums[0], sums[1], sums[2], sums[3], form->zero_point_output,
                                                           form->lower, form->upper));
  }
  return i;
}

SKIFF_AVX512 static void add_avx512(size_t count, const int8_t *a, const int8_t *b, const skiff_qs8_addition *form,
                                    int8_t *output) {
  size_t done = 0;
  bool ends_small = is_small(form->factor_output);
  if (ends_small && is_half(form->factor_a) && is_small(form->factor_b)) {
    done = add_whole_avx512(count, a, b, form, output, true);
  } else if (ends_small && is_half(form->factor_b) && is_small(form->factor_a)) {
    done = add_whole_avx512(count, a, b, form, output, false);
  }
  add_avx2(count - done, a + done * form->step_a, b + done * form->step_b, form, output + done);
}
#endif

void skiff_qs8_add(size_t count, const int8_t *a, const int8_t *b, const skiff_qs8_addition *form,
                   int8_t *output) {
#if SKIFF_X86
  if (SKIFF_HAS_AVX512) {
    add_avx512(count, a, b, form, output);
    return;
  }
  if (SKIFF_HAS_AVX2) {
    add_avx2(count, a, b, form, output);
    return;
  }
#endif
  add_portable(0, count, a, b, form, output);
}

void skiff_qs8_lookup(size_t count, const int8_t *input, const int8_t table[256], int8_t *output) {
  for (size_t i = 0; i < count; i++) output[i] = table[(uint8_t)input[i]];
}
