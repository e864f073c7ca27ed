// Sums over rows.

#include "dispatch.h"

SKIFF_BODY f32_sum_rows_body(size_t count, size_t width, const float *restrict input, double *restrict sums) {
  for (size_t row = 0; row < count; row++, input += width) {
    for (size_t i = 0; i < width; i++) sums[i] += (double)input[i];
  }
}
SKIFF_EACH_LEVEL(f32_sum_rows, (size_t count, size_t width, const float *input, double *sums),
                 (count, width, input, sums))

SKIFF_BODY qs8_sum_rows_body(size_t count, size_t width, const int8_t *restrict input, int32_t *restrict sums) {
  for (size_t row = 0; row < count; row++, input += width) {
    for (size_t i = 0; i < width; i++) sums[i] += input[i];
  }
}
SKIFF_EACH_LEVEL(qs8_sum_rows, (size_t count, size_t width, const int8_t *input, int32_t *sums),
                 (count, width, input, sums))
