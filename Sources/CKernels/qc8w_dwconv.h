// What the forms of the int8 depthwise convolution have in common.

#ifndef SKIFF_QC8W_DWCONV_H
#define SKIFF_QC8W_DWCONV_H

#include "requantize.h"
#include "window.h"

// So many positions, or spans, side by side: how far apart are their inputs under each tap and their results.
typedef struct {
  size_t count, input_step, output_step;
} position_run;

// Computes the channels of a run from the inputs under all taps of its first.
typedef void run_function(size_t channels, size_t taps, const int8_t *const *inputs, const void *packed,
                          const skiff_qc8w_output *form, position_run run, int8_t *output);

// Output positions side by side that are computed at once, as if they had so many channels.
typedef struct {
  size_t positions, channels;
  run_function *compute;
} dwconv_span;

#if SKIFF_X86
// Packed for AVX-512: for each 64 channels this header, then for each four taps their weights; channels in the order
// 16 l + 4 a + e of the accumulators a, their lanes l and the elements e of those. Four taps are three of a row and
// nothing where rows have three, so that a row of four inputs serves two positions.
typedef struct {
  int32_t starts[64], multipliers[64], shifts[64];
  // What small_factors_avx512 has, for sums that are small in the sense of is_small_sum.
  int32_t rights[64], added[64], flips[64];
  float estimate_factors[64], estimate_offsets[64];
  bool is_small, is_estimable;
  char unused[62];
} channels_header;

size_t skiff_qc8w_dwconv_packed_size_avx512(const skiff_convolution *shape);
void skiff_qc8w_dwconv_pack_avx512(const skiff_convolution *shape, const int8_t *weights,
                                   skiff_weight_strides strides, const int32_t *bias, int32_t input_zero_point,
                                   const skiff_factor *factors, void *packed);

// The taps that a row takes among the four at a time.
size_t skiff_qc8w_dwconv_columns_avx512(const skiff_convolution *shape);
run_function *skiff_qc8w_dwconv_run_avx512(const skiff_convolution *shape);
dwconv_span skiff_qc8w_dwconv_span_avx512(const skiff_convolution *shape);
#endif

#endif
