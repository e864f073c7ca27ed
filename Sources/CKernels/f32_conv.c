// Float32 convolution and matrix product: tiles of 6 positions by 16 channels, read through pointers.

#include "window.h"

// Packed: for each group and each block of 16 outputs, 16 biases, then 16 weights per tap and input channel.
static size_t block_size(const skiff_convolution *shape) {
  return TILE_COLUMNS * (1 + tap_count(shape) * shape->input_channels);
}

static size_t block_count(const skiff_convolution *shape) {
  return (shape->output_channels + TILE_COLUMNS - 1) / TILE_COLUMNS;
}

size_t skiff_f32_conv_packed_size(const skiff_convolution *shape) {
  return shape->groups * block_count(shape) * block_size(shape) * sizeof(float);
}

size_t skiff_f32_conv_scratch_size(const skiff_convolution *shape) {
  return window_scratch_size(shape, sizeof(float));
}

void skiff_f32_conv_pack(const skiff_convolution *shape, const float *weights, skiff_weight_strides strides,
                         const float *bias, void *packed) {
  float *target = packed;
  size_t taps = tap_count(shape);
  for (size_t group = 0; group < shape->groups; group++) {
    size_t base = group * shape->output_channels;
    for (size_t block = 0; block < block_count(shape); block++) {
      for (size_t lane = 0; lane < TILE_COLUMNS; lane++) {
        size_t channel = block * TILE_COLUMNS + lane;
        *target++ = bias && channel < shape->output_channels ? bias[base + channel] : 0;
      }
      for (size_t tap = 0; tap < taps; tap++) {
        for (size_t input = 0; input < shape->input_channels; input++) {
          for (size_t lane = 0; lane < TILE_COLUMNS; lane++) {
            size_t channel = block * TILE_COLUMNS + lane;
            *target++ = channel < shape->output_channels
                            ? weights[(base + channel) * strides.output + tap * strides.tap +
                                      input * strides.input]
                            : 0;
          }
        }
      }
    }
  }
}

// A tile's sums of products: 6 rows of 16. A bias that outweighs the products would cost all of them digits, so it is
// added at the end.
typedef void tile_function(size_t taps, size_t channels, const float *const *rows, const float *weights,
                           float *restrict sums);

static void tile_portable(size_t taps, size_t channels, const float *const *rows, const float *weights,
                          float *restrict sums) {
  memset(sums, 0, TILE_ROWS * TILE_COLUMNS * sizeof(float));
  for (size_t tap = 0; tap < taps; tap++, rows += TILE_ROWS) {
    for (size_t channel = 0; channel < channels; channel++, weights += TILE_COLUMNS) {
      for (size_t row = 0; row < TILE_ROWS; row++) {
        float value = rows[row][channel];
        for (size_t lane = 0; lane < TILE_COLUMNS; lane++) sums[row * TILE_COLUMNS + lane] += value * weights[lane];
      }
    }
  }
}

#if SKIFF_X86
#define STEP(i)                                             \
  value = _mm256_broadcast_ss(r##i + channel);              \
  low##i = _mm256_fmadd_ps(value, w0, low##i);              \
  high##i = _mm256_fmadd_ps(value, w1, high##i)
#define STORE(i)                                            \
  _mm256_storeu_ps(sums + i * TILE_COLUMNS, low##i);        \
  _mm256_storeu_ps(sums + i * TILE_COLUMNS + 8, high##i)

SKIFF_AVX2 static void tile_avx2(size_t taps, size_t channels, const float *const *rows, const float *weights,
                                 float *restrict sums) {
  __m256 low0 = _mm256_setzero_ps(), high0 = low0;
  __m256 low1 = low0, low2 = low0, low3 = low0, low4 = low0, low5 = low0;
  __m256 high1 = high0, high2 = high0, high3 = high0, high4 = high0, high5 = high0;
  for (size_t tap = 0; tap < taps; tap++, rows += TILE_ROWS) {
    const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4], *r5 = rows[5];
    for (size_t channel = 0; channel < channels; channel++, weights += TILE_COLUMNS) {
      __m256 w0 = _mm256_loadu_ps(weights), w1 = _mm256_loadu_ps(weights + 8), value;
      STEP(0); STEP(1); STEP(2); STEP(3); STEP(4); STEP(5);
    }
  }
  STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5);
}
#endif

void skiff_f32_conv(const skiff_convolution *shape, const float *input, const void *packed, float lower,
                    float upper, float *output, void *scratch) {
  tile_function *tile = tile_portable;
#if SKIFF_X86
  if (SKIFF_HAS_AVX2) tile = tile_avx2;
#endif
  size_t taps = gathers(shape) ? 1 : tap_count(shape);
  size_t channels = gathers(shape) ? tap_count(shape) * shape->input_channels : shape->input_channels;
  size_t total = position_count(shape);
  size_t stride = shape->groups * shape->output_channels;
  const float *const *pointers = scratch;
  for (size_t first = 0; first < total; first += CHUNK_ROWS) {
    size_t count = skiff_min(CHUNK_ROWS, total - first);
    for (size_t group = 0; group < shape->groups; group++) {
      look_up(shape, sizeof(float), (const char *)input, group, first, count, 0, scratch);
      for (size_t block = 0; block < block_count(shape); block++) {
        const float *bias =
            (const float *)packed + (group * block_count(shape) + block) * block_size(shape);
        size_t columns = skiff_min(TILE_COLUMNS, shape->output_channels - block * TILE_COLUMNS);
        for (size_t row = 0; row < count; row += TILE_ROWS) {
          float sums[TILE_ROWS * TILE_COLUMNS];
          tile(taps, channels, pointers + row * taps, bias + TILE_COLUMNS, sums);
          for (size_t i = 0; i < skiff_min(TILE_ROWS, count - row); i++) {
            float *target = output + (first + row + i) * stride + group * shape->output_channels +
                            block * TILE_COLUMNS;
            for (size_t lane = 0; lane < columns; lane++) {
              float sum = sums[i * TILE_COLUMNS + lane] + bias[lane];
              sum = sum < lower ? lower : sum;
              target[lane] = sum > upper ? upper : sum;
            }
          }
        }
      }
    }
  }
}
