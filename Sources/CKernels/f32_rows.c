// Functions of whole rows of float32. Sums run in sixteen lanes, which are added up at the end.

#include "f32_functions.h"

#define LANES 16

SKIFF_BODY f32_softmax_body(size_t count, size_t width, const float *restrict input, float beta,
                            float *restrict output) {
  size_t whole = width / LANES * LANES;
  for (size_t row = 0; row < count; row++, input += width, output += width) {
    float lanes[LANES], greatest = -INFINITY, sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) lanes[lane] = greatest;
    for (size_t i = 0; i < whole; i += LANES) {
      for (size_t lane = 0; lane < LANES; lane++) {
        lanes[lane] = input[i + lane] > lanes[lane] ? input[i + lane] : lanes[lane];
      }
    }
    for (size_t lane = 0; lane < LANES; lane++) greatest = lanes[lane] > greatest ? lanes[lane] : greatest;
    for (size_t i = whole; i < width; i++) greatest = input[i] > greatest ? input[i] : greatest;
    // Not-a-number goes into the sum, and so everywhere.
    for (size_t i = 0; i < width; i++) output[i] = exponential((input[i] - greatest) * beta);
    for (size_t lane = 0; lane < LANES; lane++) lanes[lane] = 0;
    for (size_t i = 0; i < whole; i += LANES) {
      for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += output[i + lane];
    }
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    for (size_t i = whole; i < width; i++) sum += output[i];
    for (size_t i = 0; i < width; i++) output[i] /= sum;
  }
}
SKIFF_EACH_LEVEL(f32_softmax, (size_t count, size_t width, const float *input, float beta, float *output),
                 (count, width, input, beta, output))

// The sum of (x - shift)^power for a power of 1 or 2, in double precision.
static inline __attribute__((always_inline)) double sum_of_powers(size_t width, const float *input, double shift,
                                                                  bool squares) {
  double lanes[LANES] = {0}, sum = 0;
  size_t whole = width / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) {
      double x = (double)input[i + lane] - shift;
      lanes[lane] += squares ? x * x : x;
    }
  }
  for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
  for (size_t i = whole; i < width; i++) {
    double x = (double)input[i] - shift;
    sum += squares ? x * x : x;
  }
  return sum;
}

SKIFF_BODY f32_layernorm_body(size_t count, size_t width, const float *restrict input, const float *restrict scale,
                              const float *restrict shift, float epsilon, float *restrict output) {
  for (size_t row = 0; row < count; row++, input += width, output += width) {
    double mean = sum_of_powers(width, input, 0, false) / (double)width;
    double variance = sum_of_powers(width, input, mean, true) / (double)width;
    double factor = 1 / sqrt(variance + (double)epsilon);
    for (size_t i = 0; i < width; i++) output[i] = (float)(((double)input[i] - mean) * factor);
    if (scale) {
      for (size_t i = 0; i < width; i++) output[i] *= scale[i];
    }
    if (shift) {
      for (size_t i = 0; i < width; i++) output[i] += shift[i];
    }
  }
}
SKIFF_EACH_LEVEL(f32_layernorm,
                 (size_t count, size_t width, const float *input, const float *scale, const float *shift,
                  float epsilon, float *output),
                 (count, width, input, scale, shift, epsilon, output))

SKIFF_BODY f32_batchnorm_body(size_t count, size_t channels, size_t inner, const float *restrict input,
                              const float *restrict center, const float *restrict factor,
                              const float *restrict offset, float *restrict output) {
  for (size_t row = 0; row < count; row++) {
    if (inner == 1) {
      for (size_t i = 0; i < channels; i++) output[i] = (input[i] - center[i]) * factor[i] + offset[i];
    } else {
      for (size_t channel = 0; channel < channels; channel++) {
        const float *own = input + channel * inner;
        float *target = output + channel * inner;
        float middle = center[channel], scale = factor[channel], shift = offset[channel];
        for (size_t i = 0; i < inner; i++) target[i] = (own[i] - middle) * scale + shift;
      }
    }
    input += channels * inner;
    output += channels * inner;
  }
}
SKIFF_EACH_LEVEL(f32_batchnorm,
                 (size_t count, size_t channels, size_t inner, const float *input, const float *center,
                  const float *factor, const float *offset, float *output),
                 (count, channels, inner, input, center, factor, offset, output))

SKIFF_BODY f32_add_products_body(size_t rows, size_t columns, size_t stride, const float *restrict values,
                                 const float *restrict matrix, float *restrict sums) {
  size_t row = 0;
  for (; row + 4 <= rows; row += 4, matrix += 4 * stride) {
    const float *value = values + row;
    for (size_t column = 0; column < columns; column++) {
      float sum = sums[column];
      for (size_t i = 0; i < 4; i++) sum += value[i] * matrix[i * stride + column];
      sums[column] = sum;
    }
  }
  for (; row < rows; row++, matrix += stride) {
    for (size_t column = 0; column < columns; column++) sums[column] += values[row] * matrix[column];
  }
}
SKIFF_EACH_LEVEL(f32_add_products,
                 (size_t rows, size_t columns, size_t stride, const float *values, const float *matrix, float *sums),
                 (rows, columns, stride, values, matrix, sums))
