// Exact convolution and matrix product of integers of 16 bits, such as bytes less a zero point. Sums are 32 bits wide
// and wrap like the reference's.

#include "tiles.h"

// Input channels are taken two at a time.
#define PAIR 2

// Packed: for each group and each block of 16 outputs what their sums begin with, then for each run and each two input
// channels the two weights of each output.
static size_t block_size(const skiff_convolution *shape) {
  size_t weights = run_count(shape) * skiff_round_up(run_length(shape, sizeof(int16_t)), PAIR);
  return TILE_COLUMNS * (sizeof(int32_t) + weights * sizeof(int16_t));
}

size_t skiff_x16_conv_packed_size(const skiff_convolution *shape) {
  return shape->groups * block_count(shape) * block_size(shape);
}

size_t skiff_x16_conv_scratch_size(const skiff_convolution *shape) {
  return window_scratch_size(shape, sizeof(int16_t));
}

void skiff_x16_conv_pack(const skiff_convolution *shape, const int16_t *weights, skiff_weight_strides strides,
                         const int32_t *bias, void *packed) {
  size_t length = gathers(shape) ? tap_count(shape) * shape->input_channels : shape->input_channels;
  size_t padded = skiff_round_up(length, PAIR);
  memset(packed, 0, skiff_x16_conv_packed_size(shape));
  for (size_t index = 0; index < shape->groups * shape->output_channels; index++) {
    size_t group = index / shape->output_channels, channel = index % shape->output_channels;
    size_t lane = channel % TILE_COLUMNS;
    char *block = (char *)packed + (group * block_count(shape) + channel / TILE_COLUMNS) * block_size(shape);
    if (bias) ((int32_t *)block)[lane] = bias[index];
    int16_t *target = (int16_t *)((int32_t *)block + TILE_COLUMNS) + lane * PAIR;
    for (size_t run = 0; run < run_count(shape); run++) {
      for (size_t place = 0; place < length; place++) {
        size_t tap = gathers(shape) ? place / shape->input_channels : run;
        size_t input = gathers(shape) ? place % shape->input_channels : place;
        target[(run * padded + place) / PAIR * PAIR * TILE_COLUMNS + place % PAIR] =
            weights[index * strides.output + tap * strides.tap + input * strides.input];
      }
    }
  }
}

// Two input channels, zero for one that does not exist.
static inline int32_t load_pair(const int16_t *from) {
  int32_t value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline int32_t load_last(const int16_t *from) { return (int32_t)(uint32_t)(uint16_t)*from; }

static void tile_portable(const conv_tile *tile) {
  uint32_t sums[TILE_ROWS][TILE_COLUMNS];
  for (size_t row = 0; row < TILE_ROWS; row++) memcpy(sums[row], tile->packed, sizeof sums[row]);
  const int16_t *weights = (const int16_t *)((const int32_t *)tile->packed + TILE_COLUMNS);
  const void *const *rows = tile->inputs;
  for (size_t run = 0; run < tile->runs; run++, rows += TILE_ROWS) {
    for (size_t place = 0; place < tile->length; place += PAIR, weights += PAIR * TILE_COLUMNS) {
      for (size_t row = 0; row < TILE_ROWS; row++) {
        for (size_t k = 0; k < skiff_min(PAIR, tile->length - place); k++) {
          int32_t value = ((const int16_t *)rows[row])[place + k];
          for (size_t lane = 0; lane < TILE_COLUMNS; lane++) {
            sums[row][lane] += (uint32_t)(value * weights[lane * PAIR + k]);
          }
        }
      }
    }
  }
  for (size_t row = 0; row < tile->rows; row++) {
    memcpy((int32_t *)tile->output + row * tile->stride, sums[row], tile->columns * sizeof(int32_t));
  }
}

#if SKIFF_X86
#define INLINE static inline __attribute__((always_inline)) void

// Adds the products of two input channels, or of the last one, of each row.
SKIFF_AVX2 INLINE add_avx2(__m256i sums[TILE_ROWS][2], const void *const *rows, size_t place, const bool is_whole,
                           const __m256i *weights) {
  __m256i w0 = _mm256_loadu_si256(weights), w1 = _mm256_loadu_si256(weights + 1);
  UNROLL for (size_t row = 0; row < TILE_ROWS; row++) {
    const int16_t *from = (const int16_t *)rows[row] + place;
    __m256i x = _mm256_set1_epi32(is_whole ? load_pair(from) : load_last(from));
    sums[row][0] = _mm256_add_epi32(sums[row][0], _mm256_madd_epi16(x, w0));
    sums[row][1] = _mm256_add_epi32(sums[row][1], _mm256_madd_epi16(x, w1));
  }
}

SKIFF_AVX2 static void tile_avx2(const conv_tile *tile) {
  const __m256i *weights = (const __m256i *)tile->packed;
  __m256i sums[TILE_ROWS][2];
  UNROLL for (size_t row = 0; row < TILE_ROWS; row++) {
    sums[row][0] = _mm256_loadu_si256(weights);
    sums[row][1] = _mm256_loadu_si256(weights + 1);
  }
  weights += 2;
  const void *const *rows = tile->inputs;
  for (size_t run = 0; run < tile->runs; run++, rows += TILE_ROWS) {
    size_t place = 0;
    for (; place + PAIR <= tile->length; place += PAIR, weights += 2) add_avx2(sums, rows, place, true, weights);
    if (place < tile->length) {
      add_avx2(sums, rows, place, false, weights);
      weights += 2;
    }
  }
  int32_t lines[TILE_ROWS][TILE_COLUMNS];
  UNROLL for (size_t row = 0; row < TILE_ROWS; row++) {
    _mm256_storeu_si256((__m256i *)lines[row], sums[row][0]);
    _mm256_storeu_si256((__m256i *)lines[row] + 1, sums[row][1]);
  }
  for (size_t row = 0; row < tile->rows; row++) {
    memcpy((int32_t *)tile->output + row * tile->stride, lines[row], tile->columns * sizeof(int32_t));
  }
}

SKIFF_AVX512 INLINE add_avx512(__m512i sums[TILE_ROWS][TILE_BLOCKS], const size_t rows, const size_t blocks,
                               const int16_t *const *inputs, size_t place, const bool is_whole, const char *weights,
                               size_t block_size) {
  __m512i w[TILE_BLOCKS];
  UNROLL for (size_t block = 0; block < blocks; block++) w[block] = _mm512_loadu_si512(weights + block * block_size);
  UNROLL for (size_t row = 0; row < rows; row++) {
    const int16_t *from = inputs[row] + place;
    __m512i x = _mm512_set1_epi32(is_whole ? load_pair(from) : load_last(from));
    UNROLL for (size_t block = 0; block < blocks; block++) {
      sums[row][block] = _mm512_dpwssd_epi32(sums[row][block], x, w[block]);
    }
  }
}

// A tile of a size that is known when this is compiled.
SKIFF_AVX512 INLINE compute(const size_t rows, const size_t blocks, const conv_tile *tile) {
  __m512i sums[TILE_ROWS][TILE_BLOCKS];
  size_t between = tile->block_size;
  UNROLL for (size_t block = 0; block < blocks; block++) {
    __m512i start = _mm512_loadu_si512(tile->packed + block * between);
    UNROLL for (size_t row = 0; row < rows; row++) sums[row][block] = start;
  }
  const char *weights = tile->packed + sizeof(__m512i);
  const void *const *inputs = tile->inputs;
  for (size_t run = 0; run < tile->runs; run++, inputs += TILE_ROWS) {
    const int16_t *own[TILE_ROWS];
    UNROLL for (size_t row = 0; row < rows; row++) own[row] = inputs[row];
    size_t place = 0;
    for (; place + PAIR <= tile->length; place += PAIR, weights += sizeof(__m512i)) {
      add_avx512(sums, rows, blocks, own, place, true, weights, between);
    }
    if (place < tile->length) {
      add_avx512(sums, rows, blocks, own, place, false, weights, between);
      weights += sizeof(__m512i);
    }
  }
  UNROLL for (size_t block = 0; block < blocks; block++) {
    size_t columns = skiff_min(TILE_COLUMNS, tile->columns - block * TILE_COLUMNS);
    __mmask16 exists = (__mmask16)((1u << columns) - 1);
    UNROLL for (size_t row = 0; row < rows; row++) {
      int32_t *output = (int32_t *)tile->output + row * tile->stride + block * TILE_COLUMNS;
      if (row < tile->rows) _mm512_mask_storeu_epi32(output, exists, sums[row][block]);
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

SKIFF_AVX512 static void tile1_avx512(const conv_tile *tile) { SIZES(1) }
SKIFF_AVX512 static void tile6_avx512(const conv_tile *tile) { SIZES(6) }
static void tile_avx512(const conv_tile *tile) { (tile->rows == 1 ? tile1_avx512 : tile6_avx512)(tile); }
#endif

void skiff_x16_conv(const skiff_convolution *shape, const int16_t *input, const void *packed, skiff_part part,
                    int32_t *output, void *scratch) {
  tile_kernel kernel = {.compute = tile_portable, .blocks_at_once = 1, .block_size = block_size(shape)};
  kernel.input_size = sizeof(int16_t);
  kernel.output_size = sizeof(int32_t);
#if SKIFF_X86
  if (shape->level >= skiff_avx2) kernel.compute = tile_avx2;
  if (shape->level >= skiff_avx512) {
    kernel.compute = tile_avx512;
    kernel.blocks_at_once = TILE_BLOCKS;
  }
#endif
  run_tiles(shape, input, packed, &kernel, part, output, scratch);
}
