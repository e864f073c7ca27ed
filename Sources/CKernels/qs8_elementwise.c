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

// How numbers below 2^29 are multiplied by a factor: all of them can be small in the sense of is_small_sum.
typedef enum { by_half, as_small, as_any } scaling;

static scaling scaling_by(skiff_factor factor) {
  if (factor.multiplier == 1 << 30 && factor.shift == 0) return by_half;
  return is_small_sum(1 << 29, factor.shift) ? as_small : as_any;
}

typedef struct {
  factors_avx512 any;
  __m512i multiplier, odd_multiplier, right, half;
} scale_avx512;

SKIFF_AVX512 static inline scale_avx512 make_scale_avx512(skiff_factor factor) {
  scale_avx512 scale = {.any = repeat_factor_avx512(factor), .multiplier = _mm512_set1_epi32(factor.multiplier)};
  int32_t right = factor.shift < 0 ? -factor.shift : 0;
  scale.odd_multiplier = scale.multiplier;
  scale.right = _mm512_set1_epi32(right);
  scale.half = _mm512_set1_epi32(right > 0 ? (int32_t)(1u << (right - 1)) : 0);
  return scale;
}

// A factor of one half, which one of the operands always has, is a shift of what is a multiple of two.
SKIFF_AVX512 static inline __attribute__((always_inline)) __m512i scale_by_avx512(__m512i value,
                                                                                  const scale_avx512 *scale,
                                                                                  const scaling how) {
  if (how == by_half) return _mm512_srai_epi32(value, 1);
  if (how == as_any) return multiply_by_factors_avx512(value, &scale->any);
  return multiply_small_avx512(value, scale->multiplier, scale->odd_multiplier, scale->right, scale->half);
}

SKIFF_AVX512 static inline __m512i centred_avx512(const int8_t *from, size_t step, int32_t zero_point) {
  __m512i value = step ? _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)from)) : _mm512_set1_epi32(*from);
  return _mm512_slli_epi32(_mm512_sub_epi32(value, _mm512_set1_epi32(zero_point)), LEFT_SHIFT);
}

SKIFF_AVX512 static inline __attribute__((always_inline)) size_t add_whole_avx512(
    size_t count, const int8_t *a, const int8_t *b, const skiff_qs8_addition *form, int8_t *output,
    const scaling how_a, const scaling how_b, const scaling how_output) {
  scale_avx512 scale_a = make_scale_avx512(form->factor_a), scale_b = make_scale_avx512(form->factor_b);
  scale_avx512 scale_output = make_scale_avx512(form->factor_output);
  __m512i zero = _mm512_set1_epi32(form->zero_point_output);
  __m512i lower = _mm512_set1_epi32(form->lower), upper = _mm512_set1_epi32(form->upper);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m512i x = centred_avx512(a + i * form->step_a, form->step_a, form->zero_point_a);
    __m512i y = centred_avx512(b + i * form->step_b, form->step_b, form->zero_point_b);
    x = scale_by_avx512(x, &scale_a, how_a);
    y = scale_by_avx512(y, &scale_b, how_b);
    __m512i sum = form->subtracts ? _mm512_sub_epi32(x, y) : _mm512_add_epi32(x, y);
    sum = _mm512_add_epi32(scale_by_avx512(sum, &scale_output, how_output), zero);
    sum = _mm512_min_epi32(_mm512_max_epi32(sum, lower), upper);
    _mm_storeu_si128((__m128i *)(output + i), _mm512_cvtepi32_epi8(sum));
  }
  return i;
}

SKIFF_AVX512 static void add_avx512(size_t count, const int8_t *a, const int8_t *b, const skiff_qs8_addition *form,
                                    int8_t *output) {
  scaling how_a = scaling_by(form->factor_a), how_b = scaling_by(form->factor_b);
  bool ends_small = scaling_by(form->factor_output) == as_small;
  size_t done;
  if (ends_small && how_a == by_half && how_b == as_small) {
    done = add_whole_avx512(count, a, b, form, output, by_half, as_small, as_small);
  } else if (ends_small && how_a == as_small && how_b == by_half) {
    done = add_whole_avx512(count, a, b, form, output, as_small, by_half, as_small);
  } else {
    done = add_whole_avx512(count, a, b, form, output, as_any, as_any, as_any);
  }
  add_portable(done, count, a, b, form, output);
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
