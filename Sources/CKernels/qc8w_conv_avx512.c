// The int8 tile for AVX-512 with VNNI: up to 6 positions by up to 64 outputs.
//
// The instruction multiplies bytes without a sign by bytes with one and adds four products to 32 bits, exactly. The
// inputs are made greater by 128, without a sign: sum w (x + 128) = sum w x + 128 sum w, and the last term, like the zero
// point's, is taken out of the bias beforehand.

#include "qc8w_conv.h"

#if SKIFF_X86
// Scaled sums with the zero point, clamped and stored where outputs exist.
SKIFF_AVX512 static inline void store_avx512(__m512i scaled, __mmask16 exists, const skiff_qc8w_output *form,
                                             int8_t *output) {
  scaled = _mm512_add_epi32(scaled, _mm512_set1_epi32(form->output_zero_point));
  scaled = _mm512_max_epi32(scaled, _mm512_set1_epi32(form->lower));
  scaled = _mm512_min_epi32(scaled, _mm512_set1_epi32(form->upper));
  _mm_mask_storeu_epi8(output, exists, _mm512_cvtepi32_epi8(scaled));
}

SKIFF_AVX512 static inline const block_header *header_of(const conv_tile *tile, size_t block) {
  return (const block_header *)(tile->packed + block * tile->block_size);
}

SKIFF_AVX512 static inline small_factors_avx512 load_small_factors_avx512(const block_header *header) {
  return make_small_factors_avx512(_mm512_loadu_si512(header->multipliers), _mm512_loadu_si512(header->shifts));
}

// Narrows and stores the results of a row that exists.
SKIFF_AVX512 static inline __attribute__((always_inline)) void store_row(const __m512i *results, const size_t blocks,
                                                                          const conv_tile *tile, size_t row) {
  const skiff_qc8w_output *form = tile->form;
  __mmask64 exists = tile->columns == 64 ? ~(__mmask64)0 : ((__mmask64)1 << tile->columns) - 1;
  __m512i none = _mm512_setzero_si512();
  __m512i bytes = narrow_in_order_avx512(results[0], blocks > 1 ? results[1] : none, blocks > 2 ? results[2] : none,
                                         blocks > 3 ? results[3] : none, form->output_zero_point, form->lower,
                                         form->upper);
  if (row < tile->rows) _mm512_mask_storeu_epi8((int8_t *)tile->output + row * tile->stride, exists, bytes);
}

// A tile of a size that is known when this is compiled.
SKIFF_AVX512 static inline __attribute__((always_inline)) void compute(const size_t rows, const size_t blocks,
                                                                        const conv_tile *tile) {
  __m512i sums[TILE_ROWS][TILE_BLOCKS];
  const char *weights[TILE_BLOCKS];
  UNROLL for (size_t block = 0; block < blocks; block++) {
    const block_header *header = header_of(tile, block);
    weights[block] = (const char *)(header + 1);
    UNROLL for (size_t row = 0; row < rows; row++) sums[row][block] = _mm512_loadu_si512(header->starts);
  }
  size_t whole = tile->length / QUAD * QUAD, rest = tile->length - whole;
  size_t offset = 0;
  __m512i top = _mm512_set1_epi8(-128);
  const void *const *inputs = tile->inputs;
  for (size_t run = 0; run < tile->runs; run++, inputs += TILE_ROWS) {
    const int8_t *input[TILE_ROWS];
    UNROLL for (size_t row = 0; row < rows; row++) input[row] = inputs[row];
    size_t place = 0;
    for (; place < whole; place += QUAD, offset += QUAD * TILE_COLUMNS) {
      __m512i w[TILE_BLOCKS];
      UNROLL for (size_t block = 0; block < blocks; block++) w[block] = _mm512_loadu_si512(weights[block] + offset);
      UNROLL for (size_t row = 0; row < rows; row++) {
        __m512i x = _mm512_xor_si512(_mm512_set1_epi32(load_quad(input[row] + place)), top);
        UNROLL for (size_t block = 0; block < blocks; block++) {
          sums[row][block] = _mm512_dpbusd_epi32(sums[row][block], x, w[block]);
        }
      }
    }
    if (rest) {
      UNROLL for (size_t row = 0; row < rows; row++) {
        __m512i x = _mm512_xor_si512(_mm512_set1_epi32(load_rest(input[row] + place, rest)), top);
        UNROLL for (size_t block = 0; block < blocks; block++) {
          sums[row][block] = _mm512_dpbusd_epi32(sums[row][block], x, _mm512_loadu_si512(weights[block] + offset));
        }
      }
      offset += QUAD * TILE_COLUMNS;
    }
  }
  const skiff_qc8w_output *form = tile->form;
  bool is_small = true, is_estimable = is_rectified(form);
  UNROLL for (size_t block = 0; block < blocks; block++) {
    is_small &= header_of(tile, block)->is_small;
    is_estimable &= header_of(tile, block)->is_estimable;
  }
  if (is_estimable) {
    __m512 factors[TILE_BLOCKS], offsets[TILE_BLOCKS];
    UNROLL for (size_t block = 0; block < blocks; block++) {
      factors[block] = _mm512_loadu_ps(header_of(tile, block)->estimate_factors);
      offsets[block] = _mm512_loadu_ps(header_of(tile, block)->estimate_offsets);
    }
    UNROLL for (size_t row = 0; row < rows; row++) {
      __m512i results[TILE_BLOCKS];
      __mmask16 doubt = 0;
      UNROLL for (size_t block = 0; block < blocks; block++) {
        results[block] = estimate_avx512(sums[row][block], factors[block], offsets[block], &doubt);
      }
      if (__builtin_expect(doubt != 0, false)) {
        UNROLL for (size_t block = 0; block < blocks; block++) {
          small_factors_avx512 exact = load_small_factors_avx512(header_of(tile, block));
          results[block] = multiply_small_avx512(sums[row][block], &exact);
        }
      }
      store_row(results, blocks, tile, row);
    }
    return;
  }
  if (is_small) {
    UNROLL for (size_t block = 0; block < blocks; block++) {
      small_factors_avx512 factors = load_small_factors_avx512(header_of(tile, block));
      UNROLL for (size_t row = 0; row < rows; row++) {
        sums[row][block] = multiply_small_avx512(sums[row][block], &factors);
      }
    }
    UNROLL for (size_t row = 0; row < rows; row++) store_row(sums[row], blocks, tile, row);
    return;
  }
  UNROLL for (size_t block = 0; block < blocks; block++) {
    const block_header *header = header_of(tile, block);
    size_t columns = skiff_min(TILE_COLUMNS, tile->columns - block * TILE_COLUMNS);
    __mmask16 exists = (__mmask16)((1u << columns) - 1);
    int8_t *output = (int8_t *)tile->output + block * TILE_COLUMNS;
    if (form->has_real_factors) {
      // Results beyond 16 bits are clamped the same with the zero point, which must not carry them out of 32.
      __m512i greatest = _mm512_set1_epi32(1 << 16), least = _mm512_set1_epi32(-(1 << 16));
      UNROLL for (size_t row = 0; row < rows; row++) {
        __m512i scaled = multiply_by_real_factors_avx512(sums[row][block], header->real_factors);
        scaled = _mm512_max_epi32(_mm512_min_epi32(scaled, greatest), least);
        if (row < tile->rows) store_avx512(scaled, exists, form, output + row * tile->stride);
      }
      continue;
    }
    factors_avx512 factors = load_factors_avx512(header->multipliers, header->shifts);
    UNROLL for (size_t row = 0; row < rows; row++) {
      __m512i scaled = multiply_by_factors_avx512(sums[row][block], &factors);
      if (row < tile->rows) store_avx512(scaled, exists, form, output + row * tile->stride);
    }
  }
}

#define SIZES(ROWS)                                                                                        \
  switch (tile->blocks) {                                                                                  \
    case 1: compute(ROWS, 1, tile); break;                                                                 \
    case 2: compute(ROWS, 2, tile); break;                                                                 \
    case 3: compute(ROWS, 3, tile); break;                                                                 \
    default: compute(ROWS, 4, tile);                                                                       \
  }

SKIFF_AVX512 static void tile1(const conv_tile *tile) { SIZES(1) }
SKIFF_AVX512 static void tile3(const conv_tile *tile) { SIZES(3) }
SKIFF_AVX512 static void tile6(const conv_tile *tile) { SIZES(6) }

void skiff_qc8w_tile_avx512(const conv_tile *tile) {
  (tile->rows == 1 ? tile1 : tile->rows <= 3 ? tile3 : tile6)(tile);
}
#endif
