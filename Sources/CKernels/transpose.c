// Matrices with their rows and columns exchanged.

#include "dispatch.h"

// Goes over all elements, in blocks whose lines stay in the cache on both sides.
#define EACH_ELEMENT                                                                                       \
  for (size_t top = 0; top < rows; top += 16)                                                              \
    for (size_t left = 0; left < columns; left += 16)                                                      \
      for (size_t column = left; column < skiff_min(left + 16, columns); column++)                         \
        for (size_t row = top; row < skiff_min(top + 16, rows); row++)

void skiff_f32_transpose(size_t rows, size_t columns, const float *input, float *output) {
  EACH_ELEMENT output[column * rows + row] = input[row * columns + column];
}

void skiff_s32_transpose(size_t rows, size_t columns, const int32_t *input, int32_t *output) {
  EACH_ELEMENT output[column * rows + row] = input[row * columns + column];
}

void skiff_x8_center_transposed(size_t rows, size_t columns, const uint8_t *input, bool is_signed, int32_t zero_point,
                                int16_t *output) {
  uint8_t flip = is_signed ? 128 : 0;
  int32_t zero = zero_point + flip;
  EACH_ELEMENT output[column * rows + row] = (int16_t)((uint8_t)(input[row * columns + column] ^ flip) - zero);
}
