// Kernels for channel-last tensors, chosen at run time by what the CPU can do.
//
// Names say the data types: f32 float32; qs8 int8 with one scale; qc8w int8 weights with a scale per output
// channel. A pack function turns weights into the order in which its kernel reads them, once, into memory of the
// size that the function beside it states. No function allocates, keeps a pointer, or checks its arguments:
// the caller proves that buffers hold what the shapes say. Buffers never overlap.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What the kernels are made of, from the plainest to the fastest.
typedef enum {
  skiff_portable = 1,
  skiff_avx2 = 2,    // and FMA
  skiff_avx512 = 3,  // F, BW, DQ, VL and VNNI
} skiff_kernel_level;

// The level that the kernels run in.
skiff_kernel_level skiff_kernels_level(void);

// Keeps the kernels at or below a level, for tests; the result is the level in force. Convolutions keep theirs.
skiff_kernel_level skiff_kernels_limit_level(skiff_kernel_level greatest);

// Tells the processor that a loop only waits.
static inline void skiff_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// A convolution over [batch, input_height, input_width, groups * input_channels]. A matrix product is one with a
// kernel of one tap, its rows as the width. Packed weights and working memory have the form of the level: one
// convolution keeps one level throughout.
typedef struct {
  skiff_kernel_level level;
  size_t batch;
  size_t input_height, input_width;
  size_t output_height, output_width;
  size_t kernel_height, kernel_width;
  size_t stride_height, stride_width;
  size_t dilation_height, dilation_width;
  size_t padding_top, padding_left;
  size_t groups;
  size_t input_channels;   // per group
  size_t output_channels;  // per group
} skiff_convolution;

// One of `count` parts of a kernel's work. Parts may be computed at the same time, each with working memory of its own.
typedef struct {
  size_t index, count;
} skiff_part;

// Where the weight of an output channel, a tap and an input channel stands, in elements.
typedef struct {
  size_t output, tap, input;
} skiff_weight_strides;

// MARK: float32

// The bytes of the packed weights and of the working memory.
size_t skiff_f32_conv_packed_size(const skiff_convolution *shape);
size_t skiff_f32_conv_scratch_size(const skiff_convolution *shape);

// Packs weights and bias (null: zeros).
void skiff_f32_conv_pack(const skiff_convolution *shape, const float *weights, skiff_weight_strides strides,
                         const float *bias, void *packed);

// Each result is clamped to [lower, upper]; not-a-number stays one.
void skiff_f32_conv(const skiff_convolution *shape, const float *input, const void *packed, float lower,
                    float upper, skiff_part part, float *output, void *scratch);

// A depthwise convolution: one input and one output channel per group.
size_t skiff_f32_dwconv_packed_size(const skiff_convolution *shape);
void skiff_f32_dwconv_pack(const skiff_convolution *shape, const float *weights, skiff_weight_strides strides,
                           const float *bias, void *packed);
void skiff_f32_dwconv(const skiff_convolution *shape, const float *input, const void *packed, float lower,
                      float upper, skiff_part part, float *output);

// sums[column] += values[row] * matrix[row * stride + column], row by row.
void skiff_f32_add_products(size_t rows, size_t columns, size_t stride, const float *values, const float *matrix,
                            float *sums);

// output[column][row] = input[row][column].
void skiff_f32_transpose(size_t rows, size_t columns, const float *input, float *output);

// `count` results of two inputs, each of which advances by its step, 0 or 1; clamped like a convolution's.
typedef struct {
  size_t step_a, step_b;
  float lower, upper;
} skiff_f32_binary;

void skiff_f32_add(size_t count, const float *a, const float *b, const skiff_f32_binary *form, float *output);
void skiff_f32_sub(size_t count, const float *a, const float *b, const skiff_f32_binary *form, float *output);
void skiff_f32_mul(size_t count, const float *a, const float *b, const skiff_f32_binary *form, float *output);
void skiff_f32_div(size_t count, const float *a, const float *b, const skiff_f32_binary *form, float *output);
// input[i] / scale + zero_point: halves away from zero, not-a-number to the zero point.
void skiff_qs8_quantize(size_t count, const float *input, float scale, int32_t zero_point, int8_t *output);
// (input[i] - zero_point) * scale of signed or unsigned bytes, and back: halves to even, not-a-number to the least byte.
void skiff_x8_dequantize(size_t count, const uint8_t *input, bool is_signed, float scale, int32_t zero_point,
                         float *output);
void skiff_x8_quantize(size_t count, const float *input, bool is_signed, float scale, int32_t zero_point,
                       uint8_t *output);

// The greatest element under each window and the mean of those inside of the input; `groups` are the channels. A mean
// of integers is rounded half away from zero, of at most 2^20 elements, and one of nothing is `lower`.
void skiff_f32_maxpool(const skiff_convolution *shape, skiff_part part, const float *input, float *output);
void skiff_qs8_maxpool(const skiff_convolution *shape, skiff_part part, const int8_t *input, int8_t *output);
void skiff_f32_avgpool(const skiff_convolution *shape, skiff_part part, const float *input, float lower, float upper, float *output);
void skiff_qs8_avgpool(const skiff_convolution *shape, skiff_part part, const int8_t *input, int32_t lower, int32_t upper,
                       int8_t *output, int32_t *scratch);  // one number for each channel

// Widens least and greatest to those of the elements, and tells whether all are finite numbers.
void skiff_f32_extremes(size_t count, const float *input, float *least, float *greatest, bool *is_finite);

// How far the elements of a candidate are from those of a reference. `errors` is infinite or not a number if a difference is.
typedef struct {
  double least, greatest;  // of the reference
  double maximum;          // of the differences
  double errors, squared_errors, reference, candidate, products;  // sums: |a - b|, (a - b)^2, a^2, b^2, a b
  size_t differing;
} skiff_differences;
void skiff_f32_differences(size_t count, const float *reference, const float *candidate, skiff_differences *sums);

// Counts the elements below `low` and those from `high` on in `bins` bins around zero, of a width of
// 1 / (scales[0] * scales[1]) each, which are powers of two; |element| * scales[0] * scales[1] is at most bins / 2.
void skiff_f32_histogram(size_t count, const float *input, const float scales[2], float low, float high, size_t bins,
                         uint64_t *counts);

// Functions element by element, within 2^-20 of the greatest result.
void skiff_f32_exp(size_t count, const float *input, float *output);
void skiff_f32_erf(size_t count, const float *input, float *output);
void skiff_f32_tanh(size_t count, const float *input, float *output);
void skiff_f32_sigmoid(size_t count, const float *input, float *output);
void skiff_f32_swish(size_t count, const float *input, float *output);       // x * sigmoid(x)
void skiff_f32_gelu(size_t count, const float *input, float *output);        // by the error function
void skiff_f32_gelu_tanh(size_t count, const float *input, float *output);   // by the hyperbolic tangent

// e^(beta x) / sum of e^(beta x), for each of `count` rows of `width` elements.
void skiff_f32_softmax(size_t count, size_t width, const float *input, float beta, float *output);

// (x - mean) / sqrt(variance + epsilon) * scale + shift (null: 1 and 0), for each row.
void skiff_f32_layernorm(size_t count, size_t width, const float *input, const float *scale, const float *shift,
                         float epsilon, float *output);

// (x - center) * factor + offset with numbers for each channel; input and output are [count][channels][inner].
void skiff_f32_batchnorm(size_t count, size_t channels, size_t inner, const float *input, const float *center,
                         const float *factor, const float *offset, float *output);

// Sums over `count` rows of `width` elements, added to `sums`.
void skiff_f32_sum_rows(size_t count, size_t width, const float *input, double *sums);
void skiff_qs8_sum_rows(size_t count, size_t width, const int8_t *input, int32_t *sums);

// Copies elements of a size between places with strides in bytes, over axes of which the last is the innermost.
#define SKIFF_COPY_AXES 8
typedef struct {
  size_t axes;  // at least 2
  size_t counts[SKIFF_COPY_AXES];
  ptrdiff_t source_strides[SKIFF_COPY_AXES], target_strides[SKIFF_COPY_AXES];
  size_t element_size;  // 1, 2, 4 or 8; everything is a multiple of it
} skiff_copy_form;

void skiff_copy(const skiff_copy_form *form, const char *source, char *target);
void skiff_f32_clamp(size_t count, const float *input, float lower, float upper, float *output);

// MARK: int32

// Sums of products of integers of 16 bits, exact up to wrapping; bias null: zeros. Padding is 0.
size_t skiff_x16_conv_packed_size(const skiff_convolution *shape);
size_t skiff_x16_conv_scratch_size(const skiff_convolution *shape);
void skiff_x16_conv_pack(const skiff_convolution *shape, const int16_t *weights, skiff_weight_strides strides,
                         const int32_t *bias, void *packed);
void skiff_x16_conv(const skiff_convolution *shape, const int16_t *input, const void *packed, skiff_part part,
                    int32_t *output, void *scratch);

// A depthwise one.
size_t skiff_x16_dwconv_packed_size(const skiff_convolution *shape);
void skiff_x16_dwconv_pack(const skiff_convolution *shape, const int16_t *weights, skiff_weight_strides strides,
                           const int32_t *bias, void *packed);
void skiff_x16_dwconv(const skiff_convolution *shape, const int16_t *input, const void *packed, skiff_part part,
                      int32_t *output);

// Bytes, signed or not, less a zero point; and the same of a matrix with its rows and columns exchanged.
void skiff_x8_center(size_t count, const uint8_t *input, bool is_signed, int32_t zero_point, int16_t *output);
void skiff_x8_center_transposed(size_t rows, size_t columns, const uint8_t *input, bool is_signed, int32_t zero_point,
                                int16_t *output);

void skiff_s32_transpose(size_t rows, size_t columns, const int32_t *input, int32_t *output);
void skiff_s32_to_f32(size_t count, const int32_t *input, float *output);

// MARK: int8

// A real factor: multiplier / 2^31 * 2^shift; multiplier >= 0, shift from -31 to 30.
typedef struct {
  int32_t multiplier, shift;
} skiff_factor;

// What an int8 convolution multiplies its accumulators by, one per output channel: factors, rounded twice; or null,
// and then real factors, rounded once in double precision.
typedef struct {
  const skiff_factor *factors;
  const double *real_factors;
} skiff_qc8w_scales;

// What an int8 convolution does besides.
typedef struct {
  int32_t input_zero_point, output_zero_point;
  int32_t lower, upper;  // within int8
  bool has_real_factors;
} skiff_qc8w_output;

// The bytes of the packed weights and of the working memory.
size_t skiff_qc8w_conv_packed_size(const skiff_convolution *shape);
size_t skiff_qc8w_conv_scratch_size(const skiff_convolution *shape);

// Packs weights, bias (null: zeros) and scales. False if a weight is -128 and the kernel could not be exact with it.
bool skiff_qc8w_conv_pack(const skiff_convolution *shape, const int8_t *weights, skiff_weight_strides strides,
                          const int32_t *bias, int32_t input_zero_point, skiff_qc8w_scales scales, void *packed);
void skiff_qc8w_conv(const skiff_convolution *shape, const int8_t *input, const void *packed,
                     const skiff_qc8w_output *form, skiff_part part, int8_t *output, void *scratch);

// A depthwise convolution: one input and one output channel per group.
size_t skiff_qc8w_dwconv_packed_size(const skiff_convolution *shape);
size_t skiff_qc8w_dwconv_scratch_size(const skiff_convolution *shape);
void skiff_qc8w_dwconv_pack(const skiff_convolution *shape, const int8_t *weights,
                            skiff_weight_strides strides, const int32_t *bias, int32_t input_zero_point,
                            const skiff_factor *factors, void *packed);
void skiff_qc8w_dwconv(const skiff_convolution *shape, const int8_t *input, const void *packed,
                       const skiff_qc8w_output *form, skiff_part part, int8_t *output, void *scratch);

// The sum or difference of two int8 tensors, each of which advances by its step, 0 or 1.
typedef struct {
  size_t step_a, step_b;
  int32_t zero_point_a, zero_point_b, zero_point_output;
  skiff_factor factor_a, factor_b, factor_output;
  int32_t lower, upper;
  bool subtracts;
} skiff_qs8_addition;

void skiff_qs8_add(size_t count, const int8_t *a, const int8_t *b, const skiff_qs8_addition *form,
                   int8_t *output);

// output[i] = table[input[i] read as unsigned].
void skiff_qs8_lookup(size_t count, const int8_t *input, const int8_t table[256], int8_t *output);

// Real numbers of 16 bits in 32.
void skiff_f16_widen(size_t count, const uint16_t *input, float *output);
void skiff_bf16_widen(size_t count, const uint16_t *input, float *output);

// Weights as integers of few bits, see codes.c.

// The integers that weights may become.
typedef struct {
  int32_t lower, upper;  // within int8
  bool is_symmetric;     // there are no zero points
  bool clips;            // ranges are narrowed where that lowers the squared error
} skiff_code_form;

// A weight is (integer - zero_point) * scale. The scale has the precision of bfloat16; 0 for a group of zeros.
typedef struct {
  float scale;
  int32_t zero_point;
} skiff_code_scale;

// The scale of a group of finite weights. An error counts as much as its importance says (null: each the same).
void skiff_f32_code_scale(size_t count, const float *weights, const float *importance, const skiff_code_form *form,
                          skiff_code_scale *scale);

// Rows of `length` weights, each in blocks of `size`, of which the last can be shorter; the first weight stands in a column
// where a block begins.
typedef struct {
  size_t length, size, column;
} skiff_code_rows;

// What became of weights: sums of squares, what is zero now, and the greatest magnitude.
typedef struct {
  double signal, noise;
  size_t zeros;
  float greatest;
} skiff_code_sums;

// Encodes finite weights, block by block; adds to the sums. Scales are the bits of bfloat16.
void skiff_f32_encode_blocks(size_t count, const float *weights, skiff_code_rows rows, const skiff_code_form *form,
                             int8_t *codes, uint16_t *scales, int8_t *zero_points, skiff_code_sums *sums);

// Entropy coding: interleaved rANS of bytes, see rans.c.

// Frequencies are counted in so many bits.
#define SKIFF_RANS_BITS 14

// Which symbol each of the 2^14 slots belongs to.
typedef struct {
  uint16_t frequency[256];  // given; 2^14 in all
  uint16_t start[256];
  // A gather reads three bytes more.
  uint8_t symbols[(1 << SKIFF_RANS_BITS) + 3];
} skiff_rans_table;

// Fills in what follows from the frequencies.
void skiff_rans_table_fill(skiff_rans_table *table);

// Decodes `count` symbols, of which symbol i comes from lane i mod `lanes`, a number of 1 to 64. Words may be any, states any
// from 2^16 on; false if there are too few or too many words or a state is not 2^16 in the end. Words stand anywhere,
// two bytes each, the lower first.
bool skiff_rans_decode(const skiff_rans_table *table, size_t lanes, uint32_t *states, const uint8_t *words,
                       size_t word_count, uint8_t *output, size_t count);

#endif
