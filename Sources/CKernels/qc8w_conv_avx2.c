// The int8 tile for AVX2: 6 positions by 16 outputs.
//
// The weights' sign is changed by the input's and the input made positive, so that the unsigned-by-signed product
// applies: |x| <= 128 and |w| <= 127, two products are at most 32,512 and never saturate 16 bits.

#include "qc8w_conv.h"

#if SKIFF_X86
#define SUM(sum, weight)                                                                                   \
  sum = _mm256_add_epi32(                                                                                  \
      sum, _mm256_madd_epi16(_mm256_maddubs_epi16(positive, _mm256_sign_epi8(weight, value)), ones))
#define STEP(i, LOAD)                       \
  value = _mm256_set1_epi32(LOAD(r##i));    \
  positive = _mm256_abs_epi8(value);        \
  SUM(low##i, w0);                          \
  SUM(high##i, w1)
#define STORE(i)                                                               \
  _mm256_storeu_si256((__m256i *)(sums + i * TILE_COLUMNS), low##i);           \
  _mm256_storeu_si256((__m256i *)(sums + i * TILE_COLUMNS + 8), high##i)

SKIFF_AVX2 static void finish_avx2(const int32_t *sums, const block_header *header, const skiff_qc8w_output *form,
                                   int8_t *output) {
  __m256i zero = _mm256_set1_epi32(form->output_zero_point);
  __m256i lower = _mm256_set1_epi32(form->lower), upper = _mm256_set1_epi32(form->upper);
  __m256i half[2];
  for (int i = 0; i < 2; i++) {
    __m256i value = _mm256_loadu_si256((const __m256i *)(sums + 8 * i));
    factors_avx2 factors = load_factors_avx2(header->multipliers + 8 * i, header->shifts + 8 * i);
    value = _mm256_add_epi32(multiply_by_factors_avx2(value, factors), zero);
    half[i] = _mm256_min_epi32(_mm256_max_epi32(value, lower), upper);
  }
  _mm_storeu_si128((__m128i *)output, narrow_avx2(half[0], half[1]));
}

SKIFF_AVX2 void skiff_qc8w_tile_avx2(const conv_tile *tile) {
  const block_header *header = (const block_header *)tile->packed;
  __m256i low0 = _mm256_loadu_si256((const __m256i *)header->starts);
  __m256i high0 = _mm256_loadu_si256((const __m256i *)(header->starts + 8));
  __m256i low1 = low0, low2 = low0, low3 = low0, low4 = low0, low5 = low0;
  __m256i high1 = high0, high2 = high0, high3 = high0, high4 = high0, high5 = high0;
  __m256i ones = _mm256_set1_epi16(1);
  const char *weights = (const char *)(header + 1);
  size_t whole = tile->length / QUAD * QUAD, rest = tile->length - whole;
  const void *const *rows = tile->inputs;
  for (size_t run = 0; run < tile->runs; run++, rows += TILE_ROWS) {
    const int8_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4], *r5 = rows[5];
    __m256i value, positive;
    size_t place = 0;
    for (; place < whole; place += QUAD, weights += QUAD * TILE_COLUMNS) {
      __m256i w0 = _mm256_loadu_si256((const __m256i *)weights);
      __m256i w1 = _mm256_loadu_si256((const __m256i *)(weights + 32));
#define LOAD(row) load_quad(row + place)
      STEP(0, LOAD); STEP(1, LOAD); STEP(2, LOAD); STEP(3, LOAD); STEP(4, LOAD); STEP(5, LOAD);
#undef LOAD
    }
    if (rest) {
      __m256i w0 = _mm256_loadu_si256((const __m256i *)weights);
      __m256i w1 = _mm256_loadu_si256((const __m256i *)(weights + 32));
#define LOAD(row) load_rest(row + place, rest)
      STEP(0, LOAD); STEP(1, LOAD); STEP(2, LOAD); STEP(3, LOAD); STEP(4, LOAD); STEP(5, LOAD);
#undef LOAD
      weights += QUAD * TILE_COLUMNS;
    }
  }
  const skiff_qc8w_output *form = tile->form;
  int32_t sums[TILE_ROWS * TILE_COLUMNS];
  STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5);
  for (size_t row = 0; row < tile->rows; row++) {
    const int32_t *line = sums + row * TILE_COLUMNS;
    int8_t *output = (int8_t *)tile->output + row * tile->stride;
    if (tile->columns == TILE_COLUMNS && !form->has_real_factors) {
      finish_avx2(line, header, form, output);
    } else {
      finish_row(line, header, tile->columns, form, output);
    }
  }
}
#endif
