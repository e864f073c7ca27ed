// Exact int8 convolution and matrix product.
//
// The weights' sign is changed by the input's and the input made positive, so that the unsigned-by-signed product
// of AVX2 applies: |x| <= 128 and |w| <= 127, two products are at most 32,512 and never saturate 16 bits. Sums
// are 32 bits wide and wrap like the reference's. The input's zero point is taken out of the bias beforehand;
// elements in the padding are the zero point, which adds nothing.

#include <math.h>

#include "requantize.h"
#include "window.h"

// Input channels are taken four at a time.
#define QUAD 4

// The runs of input channels that a tap or a gathered row consists of.
static size_t run_count(const skiff_convolution *shape) { return gathers(shape) ? 1 : tap_count(shape); }
static size_t run_length(const skiff_convolution *shape) {
  return gathers(shape) ? gathered_size(shape, 1) : shape->input_channels;
}

// Packed: for each group and each block of 16 outputs, 16 starting sums (int32), then for each run and each four
// input channels the four weights of each output.
static size_t block_size(const skiff_convolution *shape) {
  return TILE_COLUMNS * (sizeof(int32_t) + run_count(shape) * skiff_round_up(run_length(shape), QUAD));
}

static size_t block_count(const skiff_convolution *shape) {
  return (shape->output_channels + TILE_COLUMNS - 1) / TILE_COLUMNS;
}

size_t skiff_qc8w_conv_packed_size(const skiff_convolution *shape) {
  return shape->groups * block_count(shape) * block_size(shape);
}

size_t skiff_qc8w_conv_scratch_size(const skiff_convolution *shape) { return window_scratch_size(shape, 1); }

// The weight of an output channel at a place of a run; zero beyond the last.
static int8_t weight_at(const skiff_convolution *shape, const int8_t *weights, skiff_weight_strides strides,
                        size_t channel, size_t run, size_t place) {
  size_t tap = gathers(shape) ? place / shape->input_channels : run;
  size_t input = gathers(shape) ? place % shape->input_channels : place;
  if (tap >= tap_count(shape) || input >= shape->input_channels) return 0;
  return weights[channel * strides.output + tap * strides.tap + input * strides.input];
}

bool skiff_qc8w_conv_pack(const skiff_convolution *shape, const int8_t *weights, skiff_weight_strides strides,
                          const int32_t *bias, int32_t input_zero_point, void *packed) {
  size_t quads = skiff_round_up(run_length(shape), QUAD) / QUAD;
  for (size_t group = 0; group < shape->groups; group++) {
    for (size_t block = 0; block < block_count(shape); block++) {
      char *target = (char *)packed + (group * block_count(shape) + block) * block_size(shape);
      for (size_t lane = 0; lane < TILE_COLUMNS; lane++) {
        size_t channel = block * TILE_COLUMNS + lane;
        bool exists = channel < shape->output_channels;
        channel += group * shape->output_channels;
        uint32_t sum = 0;
        for (size_t run = 0; run < run_count(shape); run++) {
          for (size_t quad = 0; quad < quads; quad++) {
            for (size_t place = 0; place < QUAD; place++) {
              int8_t weight = exists ? weight_at(shape, weights, strides, channel, run, quad * QUAD + place) : 0;
              if (weight == INT8_MIN) return false;
              sum += (uint32_t)(int32_t)weight;
              char *blockWeights = target + TILE_COLUMNS * sizeof(int32_t);
              blockWeights[((run * quads + quad) * TILE_COLUMNS + lane) * QUAD + place] = weight;
            }
          }
        }
        uint32_t start = (uint32_t)(exists && bias ? bias[channel] : 0) - sum * (uint32_t)input_zero_point;
        memcpy(target + lane * sizeof(int32_t), &start, sizeof start);
      }
    }
  }
  return true;
}

// A tile's sums: 6 rows of 16.
typedef void tile_function(size_t runs, size_t length, const int8_t *const *rows, const char *weights,
                           int32_t *restrict sums);

static void tile_portable(size_t runs, size_t length, const int8_t *const *rows, const char *weights,
                          int32_t *restrict sums) {
  for (size_t row = 0; row < TILE_ROWS; row++) memcpy(sums + row * TILE_COLUMNS, weights, TILE_COLUMNS * sizeof(int32_t));
  const int8_t *weight = (const int8_t *)weights + TILE_COLUMNS * sizeof(int32_t);
  for (size_t run = 0; run < runs; run++, rows += TILE_ROWS) {
    for (size_t place = 0; place < length; place += QUAD, weight += QUAD * TILE_COLUMNS) {
      for (size_t row = 0; row < TILE_ROWS; row++) {
        for (size_t k = 0; k < skiff_min(QUAD, length - place); k++) {
          uint32_t value = (uint32_t)(int32_t)rows[row][place + k];
          for (size_t lane = 0; lane < TILE_COLUMNS; lane++) {
            uint32_t product = value * (uint32_t)(int32_t)weight[lane * QUAD + k];
            sums[row * TILE_COLUMNS + lane] = (int32_t)((uint32_t)sums[row * TILE_COLUMNS + lane] + product);
          }
        }
      }
    }
  }
}

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

static inline int32_t load_quad(const int8_t *from) {
  int32_t value;
  memcpy(&value, from, sizeof value);
  return value;
}

// The last bytes of a run, zeros after them.
static inline int32_t load_rest(const int8_t *from, size_t count) {
  uint32_t value = (uint8_t)from[0];
  if (count > 1) value |= (uint32_t)(uint8_t)from[1] << 8;
  if (count > 2) value |= (uint32_t)(uint8_t)from[2] << 16;
  return (int32_t)value;
}

SKIFF_AVX2 static void tile_avx2(size_t runs, size_t length, const int8_t *const *rows, const char *weights,
                                 int32_t *restrict sums) {
  __m256i low0 = _mm256_loadu_si256((const __m256i *)weights);
  __m256i high0 = _mm256_loadu_si256((const __m256i *)(weights + 32));
  __m256i low1 = low0, low2 = low0, low3 = low0, low4 = low0, low5 = low0;
  __m256i high1 = high0, high2 = high0, high3 = high0, high4 = high0, high5 = high0;
  __m256i ones = _mm256_set1_epi16(1);
  weights += TILE_COLUMNS * sizeof(int32_t);
  size_t whole = length / QUAD * QUAD, rest = length - whole;
  for (size_t run = 0; run < runs; run++, rows += TILE_ROWS) {
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
  STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5);
}

SKIFF_AVX2 static void finish_avx2(const int32_t *sums, const skiff_factor *factors,
                                   const skiff_qc8w_output *form, int8_t *output) {
  __m256i zero = _mm256_set1_epi32(form->output_zero_point);
  __m256i lower = _mm256_set1_epi32(form->lower), upper = _mm256_set1_epi32(form->upper);
  __m256i half[2];
  for (int i = 0; i < 2; i++) {
    __m256i value = _mm256_loadu_si256((const __m256i *)(sums + 8 * i));
    value = _mm256_add_epi32(multiply_by_factors_avx2(value, load_factors_avx2(factors + 8 * i)), zero);
    half[i] = _mm256_min_epi32(_mm256_max_epi32(value, lower), upper);
  }
  _mm_storeu_si128((__m128i *)output, narrow_avx2(half[0], half[1]));
}
#endif

static int8_t finish(int32_t sum, size_t channel, const skiff_qc8w_output *form) {
  int32_t scaled;
  if (form->factors) {
    scaled = multiply_by_factor(sum, form->factors[channel]);
  } else {
    double product = round((double)sum * form->real_factors[channel]);
    product = product < -0x1p31 ? -0x1p31 : product;
    scaled = (int32_t)(product > 0x1p31 - 1 ? 0x1p31 - 1 : product);
    int64_t result = (int64_t)scaled + form->output_zero_point;
    result = result < form->lower ? form->lower : result;
    return (int8_t)(result > form->upper ? form->upper : result);
  }
  scaled = (int32_t)((uint32_t)scaled + (uint32_t)form->output_zero_point);
  return clamp_to_int8(scaled, form->lower, form->upper);
}

void skiff_qc8w_conv(const skiff_convolution *shape, const int8_t *input, const void *packed,
                     const skiff_qc8w_output *form, int8_t *output, void *scratch) {
  tile_function *tile = tile_portable;
#if SKIFF_X86
  bool fast = SKIFF_HAS_AVX2;
  if (fast) tile = tile_avx2;
#endif
  size_t runs = run_count(shape), length = run_length(shape);
  size_t total = position_count(shape);
  size_t stride = shape->groups * shape->output_channels;
  const int8_t *const *pointers = scratch;
  for (size_t first = 0; first < total; first += CHUNK_ROWS) {
    size_t count = skiff_min(CHUNK_ROWS, total - first);
    for (size_t group = 0; group < shape->groups; group++) {
      look_up(shape, 1, (const char *)input, group, first, count, (uint8_t)form->input_zero_point, scratch);
      for (size_t block = 0; block < block_count(shape); block++) {
        const char *weights = (const char *)packed + (group * block_count(shape) + block) * block_size(shape);
        size_t columns = skiff_min(TILE_COLUMNS, shape->output_channels - block * TILE_COLUMNS);
        size_t channel = group * shape->output_channels + block * TILE_COLUMNS;
        for (size_t row = 0; row < count; row += TILE_ROWS) {
          int32_t sums[TILE_ROWS * TILE_COLUMNS];
          tile(runs, length, pointers + row * runs, weights, sums);
          for (size_t i = 0; i < skiff_min(TILE_ROWS, count - row); i++) {
            int8_t *target = output + (first + row + i) * stride + channel;
            const int32_t *line = sums + i * TILE_COLUMNS;
#if SKIFF_X86
            if (fast && form->factors && columns == TILE_COLUMNS) {
              finish_avx2(line, form->factors + channel, form, target);
              continue;
            }
#endif
            for (size_t lane = 0; lane < columns; lane++) target[lane] = finish(line[lane], channel + lane, form);
          }
        }
      }
    }
  }
}
