// What the forms of the float32 depthwise convolution have in common.

#ifndef SKIFF_F32_DWCONV_H
#define SKIFF_F32_DWCONV_H

#include "window.h"

// One output position: the taps inside of the input, their inputs and their weights.
typedef void position_function(size_t channels, size_t taps, const float *const *inputs,
                               const float *const *weights, const float *bias, float lower, float upper,
                               float *output);

#if SKIFF_X86
position_function skiff_f32_dwconv_position_avx512;

// Output positions side by side that share the loads of weights.
#define SPAN 4

// As many positions, from `at` on, whose taps are all inside of the input along the width.
void skiff_f32_dwconv_span_avx512(const skiff_convolution *shape, window_position at, const float *input,
                                  const float *packed, float lower, float upper, float *output);
#endif

#endif
