// Float32 arithmetic element by element. The loops are plain: the compiler vectorizes them in each form.

#include "dispatch.h"

#define LOOP(A, B, EXPRESSION)                          \
  for (size_t i = 0; i < count; i++) {                  \
    float x = a[A], y = b[B];                           \
    float value = EXPRESSION;                           \
    value = value < lower ? lower : value;              \
    output[i] = value > upper ? upper : value;          \
  }

#define OPERATION(NAME, EXPRESSION)                                                                        \
  SKIFF_BODY NAME##_body(size_t count, const float *restrict a, const float *restrict b,                   \
                         const skiff_f32_binary *form, float *restrict output) {                           \
    float lower = form->lower, upper = form->upper;                                                        \
    if (form->step_a && form->step_b) { LOOP(i, i, EXPRESSION) }                                           \
    else if (form->step_a) { LOOP(i, 0, EXPRESSION) }                                                      \
    else if (form->step_b) { LOOP(0, i, EXPRESSION) }                                                      \
    else { LOOP(0, 0, EXPRESSION) }                                                                        \
  }                                                                                                        \
  SKIFF_EACH_LEVEL(NAME,                                                                                   \
                   (size_t count, const float *a, const float *b, const skiff_f32_binary *form, float *output), \
                   (count, a, b, form, output))

OPERATION(f32_add, x + y)
OPERATION(f32_sub, x - y)
OPERATION(f32_mul, x *y)
OPERATION(f32_div, x / y)

SKIFF_BODY f32_clamp_body(size_t count, const float *restrict input, float lower, float upper,
                          float *restrict output) {
  for (size_t i = 0; i < count; i++) {
    float value = input[i];
    value = value < lower ? lower : value;
    output[i] = value > upper ? upper : value;
  }
}
SKIFF_EACH_LEVEL(f32_clamp, (size_t count, const float *input, float lower, float upper, float *output),
                 (count, input, lower, upper, output))
