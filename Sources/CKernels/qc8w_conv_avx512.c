// The int8 tile for AVX-512 with VNNI: up to 6 positions by up to 64 outputs.
//
// The instruction multiplies bytes without a sign by bytes with one and adds four products to 32 bits, exactly. The
// weights are stored greater by 128, so that the inputs can be read as they are: sum (w + 128) x = sum w x + 128 sum x,
// and the last term, the same for all outputs of a position, is taken off.

#include "qc8w_conv.h"

#if SKIFF_X86
#define UNROLL _Pragma("clang loop unroll(full)")

// Scaled sums with the zero point, clamped and stored where outputs exist.
SKIFF_AVX512 static inline void store_avx512(__m512i scaled, __mmask16 exists, const skiff_qc8w_output *form,
                                             int8_t *output) {
  scaled = _mm512_add_epi32(scaled, _mm512_set1_epi32(form->output_zero_point));
  scaled = _mm512_max_epi32(scaled, _mm512_set1_epi32(form->lower));
  scaled = _mm512_min_epi32(scaled, _mm512_set1_epi32(form->upper));
  _mm_mask_storeu_epi8(output, exists, _mm512_cvtepi32_epi8(scaled));
}

// A tile of a size that is known when this is compiled.
SKIFF_AVX512 static inline __attribute__((always_inline)) void compute(const size_t rows, const size_t blocks,
                                                                        const conv_tile *tile) {
  __m512i sums[TILE_ROWS][TILE_BLOCKS];
  const char *weights[TILE_BLOCKS];
  UNROLL for (size_t block = 0; block < blocks; block++) {
    const block_header *header = (const block_header *)(tile->packed + block * tile->block_size);
    weights[block] = (const char *)(header + 1);
    UNROLL for (size_t row = 0; row < rows; row++) {
      uint32_t extra = 128 * (uint32_t)tile->input_sums[row];
      sums[row][block] = _mm512_sub_epi32(_mm512_loadu_si512(header->starts), _mm512_set1_epi32((int32_t)extra));
    }
  }
  size_t whole = tile->length / QUAD * QUAD, rest = tile->length - whole;
  size_t offset = 0;
  const int8_t *const *inputs = tile->inputs;
  for (size_t run = 0; run < tile->runs; run++, inputs += TILE_ROWS) {
    const int8_t *input[TILE_ROWS];
    UNROLL for (size_t row = 0; row < rows; row++) input[row] = inputs[row];
    size_t place = 0;
    for (; place < whole; place += QUAD, offset += QUAD * TILE_COLUMNS) {
      __m512i w[TILE_BLOCKS];
      UNROLL for (size_t block = 0; block < blocks; block++) w[block] = _mm512_loadu_si512(weights[block] + offset);
      UNROLL for (size_t row = 0; row < rows; row++) {
        __m512i x = _mm512_set1_epi32(load_quad(input[row] + place));
        UNROLL for (size_t block = 0; block < blocks; block++) {
          sums[row][block] = _mm512_dpbusd_epi32(sums[row][block], w[block], x);
        }
      }
    }
    if (rest) {
      UNROLL for (size_t row = 0; row < rows; row++) {
        __m512i x = _mm512_set1_epi32(load_rest(input[row] + place, rest));
        UNROLL for (size_t block = 0; block < blocks; block++) {
          sums[row][block] = _mm512_dpbusd_epi32(sums[row][block], _mm512_loadu_si512(weights[block] + offset), x);
        }
      }
      offset += QUAD * TILE_COLUMNS;
    }
  }
  bool is_small = true;
  UNROLL for (size_t block = 0; block < blocks; block++) {
    is_small &= ((const block_header *)(tile->packed + block * tile->block_size))->is_small;
  }
  if (is_small) {
    UNROLL for (size_t block = 0; block < blocks; block++) {
      const block_header *header = (const block_header *)(tile->packed + block * tile->block_size);
      __m512i multiplier = _mm512_loadu_si512(header->multipliers);
      __m512i odd = _mm512_srli_epi64(multiplier, 32), one = _mm512_set1_epi32(1);
      __m512i right = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_loadu_si512(header->shifts));
      __m512i half = _mm512_sllv_epi32(one, _mm512_sub_epi32(right, one));
      UNROLL for (size_t row = 0; row < rows; row++) {
        sums[row][block] = multiply_small_avx512(sums[row][block], multiplier, odd, right, half);
      }
    }
    // Narrowing leaves four outputs of each block in each lane.
    __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __mmask64 exists = tile->columns == 64 ? ~(__mmask64)0 : ((__mmask64)1 << tile->columns) - 1;
    UNROLL for (size_t row = 0; row < rows; row++) {
      __m512i none = _mm512_setzero_si512();
      __m512i bytes = narrow_avx512(sums[row][0], blocks > 1 ? sums[row][1] : none, blocks > 2 ? sums[row][2] : none,
                                    blocks > 3 ? sums[row][3] : none, tile->form);
      bytes = _mm512_permutexvar_epi32(order, bytes);
      if (row < tile->rows) _mm512_mask_storeu_epi8(tile->output + row * tile->stride, exists, bytes);
    }
    return;
  }
  UNROLL for (size_t block = 0; block < blocks; block++) {
    const block_header *header = (const block_header *)(tile->packed + block * tile->block_size);
    size_t columns = skiff_min(TILE_COLUMNS, tile->columns - block * TILE_COLUMNS);
    __mmask16 exists = (__mmask16)((1u << columns) - 1);
    int8_t *output = tile->output + block * TILE_COLUMNS;
    if (tile->form->has_real_factors) {
      // Results beyond 16 bits are clamped the same with the zero point, which must not carry them out of 32.
      __m512i greatest = _mm512_set1_epi32(1 << 16), least = _mm512_set1_epi32(-(1 << 16));
      UNROLL for (size_t row = 0; row < rows; row++) {
        __m512i scaled = multiply_by_real_factors_avx512(sums[row][block], header->real_factors);
        scaled = _mm512_max_epi32(_mm512_min_epi32(scaled, greatest), least);
        if (row < tile->rows) store_avx512(scaled, exists, tile->form, output + row * tile->stride);
      }
      continue;
    }
    factors_avx512 factors = load_factors_avx512(header->multipliers, header->shifts);
    UNROLL for (size_t row = 0; row < rows; row++) {
      __m512i scaled = multiply_by_factors_avx512(sums[row][block], &factors);
      if (row < tile->rows) store_avx512(scaled, exists, tile->form, output + row * tile->stride);
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

// Adds up two neighbours of each of two registers, alternately.
SKIFF_AVX512 static inline __m512i add_neighbours(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

// The sums of four registers.
SKIFF_AVX512 static inline __m128i sum_four(__m512i a, __m512i b, __m512i c, __m512i d) {
  __m512i low = add_neighbours(a, b), high = add_neighbours(c, d);
  __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
  __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

SKIFF_AVX512 void skiff_qc8w_sum_inputs_avx512(const conv_tile *tile, int32_t *sums) {
  __m512i ones = _mm512_set1_epi8(1), own[TILE_ROWS];
  UNROLL for (size_t row = 0; row < TILE_ROWS; row++) own[row] = _mm512_setzero_si512();
  for (size_t run = 0; run < tile->runs; run++) {
    const int8_t *const *inputs = tile->inputs + run * TILE_ROWS;
    for (size_t place = 0; place < tile->length; place += 64) {
      size_t left = tile->length - place;
      __mmask64 exists = left >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1;
      UNROLL for (size_t row = 0; row < TILE_ROWS; row++) {
        own[row] = _mm512_dpbusd_epi32(own[row], ones, _mm512_maskz_loadu_epi8(exists, inputs[row] + place));
      }
    }
  }
  _mm_storeu_si128((__m128i *)sums, sum_four(own[0], own[1], own[2], own[3]));
  _mm_storel_epi64((__m128i *)(sums + 4), sum_four(own[4], own[5], own[4], own[5]));
}
#endif
