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

static double real_factor(skiff_factor factor) { return ldexp(factor.multiplier, factor.shift - 31); }

// Sums in float32 whose summands weigh up to four times their bytes are off by less than 15 in the last place: by 2 for each
// weight, by 4 for the offset and by 4 for the first sum, which both stay below 2^27, by 1 for the last, and by 1.75 for what the
// exact sum rounds to its fraction bits.
#define SUM_DOUBT 32

SKIFF_AVX512 static inline __m512 widen_avx512(const int8_t *from, size_t step) {
  __m512i value = step ? _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)from)) : _mm512_set1_epi32(*from);
  return _mm512_cvtepi32_ps(value);
}

SKIFF_AVX512 static void add_avx512(size_t count, const int8_t *a, const int8_t *b, const skiff_qs8_addition *form,
                                    int8_t *output) {
  size_t i = 0;
  if (count >= 64) {
    double last = real_factor(form->factor_output), scale = ldexp(last, LEFT_SHIFT);
    double weight_a = real_factor(form->factor_a) * scale, weight_b = real_factor(form->factor_b) * scale;
    if (form->subtracts) weight_b = -weight_b;
    if (last > 0x1p-17 || weight_a > 4 || fabs(weight_b) > 4) {
      add_avx2(count, a, b, form, output);
      return;
    }
    double start = 0.5 - form->zero_point_a * weight_a - form->zero_point_b * weight_b;
    __m512 factor_a = _mm512_set1_ps((float)ldexp(weight_a, ESTIMATE_BITS));
    __m512 factor_b = _mm512_set1_ps((float)ldexp(weight_b, ESTIMATE_BITS));
    __m512 offset = _mm512_set1_ps((float)(ldexp(start, ESTIMATE_BITS) + SUM_DOUBT / 2));
    for (; i + 64 <= count; i += 64) {
      __m512i sums[4];
      __mmask16 doubt = 0;
      for (size_t j = 0; j < 4; j++) {
        size_t place = i + 16 * j;
        __m512 x = widen_avx512(a + place * form->step_a, form->step_a);
        __m512 y = widen_avx512(b + place * form->step_b, form->step_b);
        __m512 estimate = _mm512_fmadd_ps(x, factor_a, _mm512_fmadd_ps(y, factor_b, offset));
        sums[j] = round_estimate_avx512(estimate, SUM_DOUBT, &doubt);
      }
      if (__builtin_expect(doubt != 0, false)) {
        add_avx2(64, a + i * form->step_a, b + i * form->step_b, form, output + i);
        continue;
      }
      _mm512_storeu_si512(output + i, narrow_in_order_avx512(sums[0], sums[1], sums[2], sums[3],
                                                             form->zero_point_output, form->lower, form->upper));
    }
  }
  add_avx2(count - i, a + i * form->step_a, b + i * form->step_b, form, output + i);
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
