// Functions of float32 element by element.

#include "f32_functions.h"

#define FUNCTION(NAME, EXPRESSION)                                                                         \
  SKIFF_BODY NAME##_body(size_t count, const float *restrict input, float *restrict output) {              \
    for (size_t i = 0; i < count; i++) {                                                                   \
      float x = input[i];                                                                                  \
      output[i] = EXPRESSION;                                                                              \
    }                                                                                                      \
  }                                                                                                        \
  SKIFF_EACH_LEVEL(NAME, (size_t count, const float *input, float *output), (count, input, output))

FUNCTION(f32_exp, exponential(x))
FUNCTION(f32_erf, error_function(x))
FUNCTION(f32_tanh, hyperbolic_tangent(x))
FUNCTION(f32_sigmoid, 1 / (1 + exponential(-x)))
FUNCTION(f32_swish, x / (1 + exponential(-x)))
FUNCTION(f32_gelu, x / 2 * (1 + error_function(x * 0x1.6a09e6p-1f)))
FUNCTION(f32_gelu_tanh, x / 2 * (1 + hyperbolic_tangent(0.79788456f * (x + 0.044715f * x * x * x))))
