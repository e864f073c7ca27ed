// Float32 convolution and matrix product: tiles of positions by channels, read through pointers.

#include "f32_conv.h"

// Packed: for each group and each block of 16 outputs, 16 biases, then 16 weights per tap and input channel.
static size_t block_size(const skiff_convolution *shape) {
  return TILE_COLUMNS * (1 + tap_count(shape) * shape->input_channels) * sizeof(float);
}

size_t skiff_f32_conv_packed_size(const skiff_convolution *shape) {
  return shape->groups * block_count(shape) * block_size(shape);
}

size_t skiff_f32_conv_scratch_size(const skiff_convolution *shape) {
  return window_scratch_size(shape, sizeof(float));
}

void skiff_f32_conv_pack(const skiff_convolution *shape, const float *weights, skiff_weight_strides strides,
                         const float *bias, void *packed) {
  float *target = packed;
  for (size_t group = 0; group < shape->groups; group++) {
    for (size_t block = 0; block < block_count(shape); block++) {
      size_t first = block * TILE_COLUMNS, lanes = skiff_min(TILE_COLUMNS, shape->output_channels - first);
      first += group * shape->output_channels;
      memset(target, 0, block_size(shape));
      if (bias) memcpy(target, bias + first, lanes * sizeof(float));
      target += TILE_COLUMNS;
      for (size_t tap = 0; tap < tap_count(shape); tap++) {
        const float *source = weights + first * strides.output + tap * strides.tap;
        for (size_t input = 0; input < shape->input_channels; input++, target += TILE_COLUMNS) {
          const float *own = source + input * strides.input;
          for (size_t lane = 0; lane < lanes; lane++) target[lane] = own[lane * strides.output];
        }
      }
    }
  }
}

// The results of 6 rows of 16 sums of products. A bias that outweighs the products would cost all of them digits, so it
// is added at the end.
static void finish(const float *sums, const conv_tile *tile) {
  const f32_bounds *bounds = tile->form;
  const float *bias = (const float *)tile->packed;
  for (size_t row = 0; row < tile->rows; row++, sums += TILE_COLUMNS) {
    float *output = (float *)tile->output + row * tile->stride;
    for (size_t lane = 0; lane < tile->columns; lane++) {
      float sum = sums[lane] + bias[lane];
      sum = sum < bounds->lower ? bounds->lower : sum;
      output[lane] = sum > bounds->upper ? bounds->upper : sum;
    }
  }
}

static void tile_portable(const conv_tile *tile) {
  float totals[TILE_ROWS * TILE_COLUMNS] = {0}, sums[TILE_ROWS * TILE_COLUMNS] = {0};
  const float *weights = (const float *)tile->packed + TILE_COLUMNS;
  const void *const *rows = tile->inputs;
  size_t left = SLICE;
  for (size_t run = 0; run < tile->runs; run++, rows += TILE_ROWS) {
    for (size_t place = 0; place < tile->length; place++, weights += TILE_COLUMNS) {
      for (size_t row = 0; row < TILE_ROWS; row++) {
        float value = ((const float *)rows[row])[place];
        for (size_t lane = 0; lane < TILE_COLUMNS; lane++) sums[row * TILE_COLUMNS + lane] += value * weights[lane];
      }
      if (--left) continue;
      left = SLICE;
      for (size_t i = 0; i < TILE_ROWS * TILE_COLUMNS; i++) totals[i] += sums[i];
      memset(sums, 0, sizeof sums);
    }
  }
  for (size_t i = 0; i < TILE_ROWS * TILE_COLUMNS; i++) totals[i] += sums[i];
  finish(totals, tile);
}

#if SKIFF_X86
#define STEP(i)                                             \
  value = _mm256_broadcast_ss(r##i + place);                \
  low##i = _mm256_fmadd_ps(value, w0, low##i);              \
  high##i = _mm256_fmadd_ps(value, w1, high##i)
// Adds the sums of a row to the totals and begins new ones.
#define STORE(i)                                            \
  add_avx2(totals + i * TILE_COLUMNS, low##i, high##i);     \
  low##i = high##i = _mm256_setzero_ps()

SKIFF_AVX2 static inline void add_avx2(float *totals, __m256 low, __m256 high) {
  _mm256_storeu_ps(totals, _mm256_add_ps(_mm256_loadu_ps(totals), low));
  _mm256_storeu_ps(totals + 8, _mm256_add_ps(_mm256_loadu_ps(totals + 8), high));
}

SKIFF_AVX2 static void tile_avx2(const conv_tile *tile) {
  float totals[TILE_ROWS * TILE_COLUMNS] = {0};
  const float *weights = (const float *)tile->packed + TILE_COLUMNS;
  __m256 low0 = _mm256_setzero_ps(), high0 = low0;
  __m256 low1 = low0, low2 = low0, low3 = low0, low4 = low0, low5 = low0;
  __m256 high1 = high0, high2 = high0, high3 = high0, high4 = high0, high5 = high0;
  const void *const *rows = tile->inputs;
  size_t left = SLICE;
  for (size_t run = 0; run < tile->runs; run++, rows += TILE_ROWS) {
    const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4], *r5 = rows[5];
    for (size_t place = 0; place < tile->length;) {
      size_t end = skiff_min(place + left, tile->length);
      left -= end - place;
      for (; place < end; place++, weights += TILE_COLUMNS) {
        __m256 w0 = _mm256_loadu_ps(weights), w1 = _mm256_loadu_ps(weights + 8), value;
        STEP(0); STEP(1); STEP(2); STEP(3); STEP(4); STEP(5);
      }
      if (left) continue;
      left = SLICE;
      STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5);
    }
  }
  STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5);
  finish(totals, tile);
}
#endif

void skiff_f32_conv(const skiff_convolution *shape, const float *input, const void *packed, float lower,
                    float upper, skiff_part part, float *output, void *scratch) {
  f32_bounds bounds = {lower, upper};
  tile_kernel kernel = {.compute = tile_portable, .blocks_at_once = 1, .block_size = block_size(shape), .form = &bounds};
  kernel.input_size = kernel.output_size = sizeof(float);
#if SKIFF_X86
  if (shape->level >= skiff_avx2) kernel.compute = tile_avx2;
  if (shape->level >= skiff_avx512) {
    kernel.compute = skiff_f32_tile_avx512;
    kernel.blocks_at_once = TILE_BLOCKS;
  }
#endif
  run_tiles(shape, input, packed, &kernel, part, output, scratch);
}
