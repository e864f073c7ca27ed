// The float32 tile for AVX-512: up to 6 positions by up to 64 outputs.

#include "f32_conv.h"

#if SKIFF_X86
// A tile of a size that is known when this is compiled.
SKIFF_AVX512 static inline __attribute__((always_inline)) void compute(const size_t rows, const size_t blocks,
                                                                        const conv_tile *tile) {
  __m512 sums[TILE_ROWS][TILE_BLOCKS], totals[TILE_ROWS][TILE_BLOCKS];
  UNROLL for (size_t block = 0; block < blocks; block++) {
    UNROLL for (size_t row = 0; row < rows; row++) sums[row][block] = _mm512_setzero_ps();
  }
  const float *packed = (const float *)tile->packed, *weights = packed + TILE_COLUMNS;
  size_t left = SLICE, between = tile->block_size / sizeof(float);
  bool has_totals = false;
  const void *const *inputs = tile->inputs;
  for (size_t run = 0; run < tile->runs; run++, inputs += TILE_ROWS) {
    const float *input[TILE_ROWS];
    UNROLL for (size_t row = 0; row < rows; row++) input[row] = inputs[row];
    for (size_t place = 0; place < tile->length;) {
      size_t end = skiff_min(place + left, tile->length);
      left -= end - place;
      for (; place < end; place++, weights += TILE_COLUMNS) {
        __m512 w[TILE_BLOCKS];
        UNROLL for (size_t block = 0; block < blocks; block++) w[block] = _mm512_loadu_ps(weights + block * between);
        UNROLL for (size_t row = 0; row < rows; row++) {
          __m512 x = _mm512_set1_ps(input[row][place]);
          UNROLL for (size_t block = 0; block < blocks; block++) {
            sums[row][block] = _mm512_fmadd_ps(x, w[block], sums[row][block]);
          }
        }
      }
      if (left) continue;
      left = SLICE;
      UNROLL for (size_t row = 0; row < rows; row++) {
        UNROLL for (size_t block = 0; block < blocks; block++) {
          totals[row][block] = has_totals ? _mm512_add_ps(totals[row][block], sums[row][block]) : sums[row][block];
          sums[row][block] = _mm512_setzero_ps();
        }
      }
      has_totals = true;
    }
  }
  const f32_bounds *bounds = tile->form;
  __m512 lower = _mm512_set1_ps(bounds->lower), upper = _mm512_set1_ps(bounds->upper);
  UNROLL for (size_t block = 0; block < blocks; block++) {
    size_t columns = skiff_min(TILE_COLUMNS, tile->columns - block * TILE_COLUMNS);
    __mmask16 exists = (__mmask16)((1u << columns) - 1);
    __m512 bias = _mm512_loadu_ps(packed + block * between);
    UNROLL for (size_t row = 0; row < rows; row++) {
      __m512 sum = has_totals ? _mm512_add_ps(totals[row][block], sums[row][block]) : sums[row][block];
      // The second operand wins where one is not a number.
      __m512 result = _mm512_min_ps(upper, _mm512_max_ps(lower, _mm512_add_ps(sum, bias)));
      float *output = (float *)tile->output + row * tile->stride + block * TILE_COLUMNS;
      if (row < tile->rows) _mm512_mask_storeu_ps(output, exists, result);
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
SKIFF_AVX512 static void tile2(const conv_tile *tile) { SIZES(2) }
SKIFF_AVX512 static void tile4(const conv_tile *tile) { SIZES(4) }
SKIFF_AVX512 static void tile6(const conv_tile *tile) { SIZES(6) }

void skiff_f32_tile_avx512(const conv_tile *tile) {
  (tile->rows == 1 ? tile1 : tile->rows == 2 ? tile2 : tile->rows <= 4 ? tile4 : tile6)(tile);
}
#endif
