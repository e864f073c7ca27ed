// Float32 arithmetic element by element. The loops are plain: the compiler vectorizes them in each form.

#include "dispatch.h"

#define LOOP(A, B, EXPRESSION)                          \
  for (size_t i = 0; i < count; i++) {                  \
    float x = a[A], y = b[B];                           \
    float value = EXPRESSION;                           \
    value = value < lower ? lower : value;              \
    output[i] = value > upper ? upper : value;          \
  }

#define BODY(EXPRESSION)                                                                                   \
  float lower = form->lower, upper = form->upper;                                                          \
  if (form->step_a && form->step_b) { LOOP(i, i, EXPRESSION) }                                             \
  else if (form->step_a) { LOOP(i, 0, EXPRESSION) }                                                        \
  else if (form->step_b) { LOOP(0, i, EXPRESSION) }                                                        \
  else { LOOP(0, 0, EXPRESSION) }

#define SIGNATURE(NAME)                                                                                    \
  NAME(size_t count, const float *restrict a, const float *restrict b, const skiff_f32_binary *form,       \
       float *restrict output)

#if SKIFF_X86
#define OPERATION(NAME, EXPRESSION)                                                                        \
  SKIFF_AVX2 static void SIGNATURE(NAME##_avx2) { BODY(EXPRESSION) }                                       \
  static void SIGNATURE(NAME##_portable) { BODY(EXPRESSION) }                                              \
  void skiff_f32_##NAME(size_t count, const float *a, const float *b, const skiff_f32_binary *form,        \
                        float *output) {                                                                   \
    (SKIFF_HAS_AVX2 ? NAME##_avx2 : NAME##_portable)(count, a, b, form, output);                           \
  }
#else
#define OPERATION(NAME, EXPRESSION)                                                                        \
  static void SIGNATURE(NAME##_portable) { BODY(EXPRESSION) }                                              \
  void skiff_f32_##NAME(size_t count, const float *a, const float *b, const skiff_f32_binary *form,        \
                        float *output) {                                                                   \
    NAME##_portable(count, a, b, form, output);                                                            \
  }
#endif

OPERATION(add, x + y)
OPERATION(sub, x - y)
OPERATION(mul, x *y)
OPERATION(div, x / y)

void skiff_f32_clamp(size_t count, const float *input, float lower, float upper, float *output) {
  for (size_t i = 0; i < count; i++) {
    float value = input[i];
    value = value < lower ? lower : value;
    output[i] = value > upper ? upper : value;
  }
}

void skiff_f32_transpose(size_t rows, size_t columns, const float *input, float *output) {
  enum { block = 16 };
  for (size_t top = 0; top < rows; top += block) {
    for (size_t left = 0; left < columns; left += block) {
      for (size_t column = left; column < skiff_min(left + block, columns); column++) {
        for (size_t row = top; row < skiff_min(top + block, rows); row++) {
          output[column * rows + row] = input[row * columns + column];
        }
      }
    }
  }
}
