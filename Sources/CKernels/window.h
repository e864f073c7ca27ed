// Which inputs lie under a convolution's window: shared by the float and the integer kernels.

#ifndef SKIFF_WINDOW_H
#define SKIFF_WINDOW_H

#include <string.h>

#include "dispatch.h"

// A tile is this many output positions by this many output channels.
#define TILE_ROWS 6
#define TILE_COLUMNS 16
// Output positions whose inputs are looked up at once: a block of weights is read once for all of them.
#define CHUNK_ROWS (16 * TILE_ROWS)

static inline size_t tap_count(const skiff_convolution *shape) {
  return shape->kernel_height * shape->kernel_width;
}

static inline size_t position_count(const skiff_convolution *shape) {
  return shape->batch * shape->output_height * shape->output_width;
}

// An output position.
typedef struct {
  size_t batch, y, x;
} window_position;

static inline window_position position_at(const skiff_convolution *shape, size_t index) {
  size_t line = index / shape->output_width;
  return (window_position){line / shape->output_height, line % shape->output_height, index % shape->output_width};
}

static inline void advance(const skiff_convolution *shape, window_position *at) {
  if (++at->x < shape->output_width) return;
  at->x = 0;
  if (++at->y < shape->output_height) return;
  at->y = 0;
  at->batch++;
}

// The offset in pixels of the input under a tap at an output position, or SIZE_MAX in the padding.
static inline size_t pixel_under(const skiff_convolution *shape, window_position at, size_t tap_row,
                                 size_t tap_column) {
  // Positions above or left of the input wrap around to large numbers.
  size_t row = at.y * shape->stride_height + tap_row * shape->dilation_height - shape->padding_top;
  size_t column = at.x * shape->stride_width + tap_column * shape->dilation_width - shape->padding_left;
  if (row >= shape->input_height || column >= shape->input_width) return SIZE_MAX;
  return (at.batch * shape->input_height + row) * shape->input_width + column;
}

// Short runs of channels are gathered into whole rows first; longer ones are read where they are.
static inline bool gathers(const skiff_convolution *shape) {
  return shape->input_channels < 16 && tap_count(shape) > 1;
}

// The bytes of a gathered row: whole groups of four, so that integers can be read four at a time.
static inline size_t gathered_size(const skiff_convolution *shape, size_t size) {
  return skiff_round_up(tap_count(shape) * shape->input_channels * size, 4);
}

// The working memory of a convolution on elements of `size` bytes: pointers, a padding pixel, gathered rows.
static inline size_t window_scratch_size(const skiff_convolution *shape, size_t size) {
  size_t taps = tap_count(shape);
  size_t pointers = CHUNK_ROWS * (gathers(shape) ? 1 : taps) * sizeof(void *);
  size_t rows = gathers(shape) ? CHUNK_ROWS * gathered_size(shape, size) : 0;
  return skiff_round_up(pointers, 64) + skiff_round_up(shape->input_channels * size, 64) +
         skiff_round_up(rows, 64);
}

// Whether a window of one tap moves pixel by pixel over all of the input.
static inline bool reads_every_pixel(const skiff_convolution *shape) {
  return tap_count(shape) == 1 && shape->stride_height == 1 && shape->stride_width == 1 && shape->padding_top == 0 &&
         shape->padding_left == 0 && shape->output_height == shape->input_height &&
         shape->output_width == shape->input_width;
}

// Whether every tap of a position is inside of the input along one axis.
static inline bool is_inside(size_t at, size_t stride, size_t padding, size_t kernel, size_t dilation, size_t size) {
  size_t first = at * stride - padding;
  return first < size && (kernel - 1) * dilation < size - first;
}

static inline bool is_window_inside(const skiff_convolution *shape, window_position at) {
  return is_inside(at.y, shape->stride_height, shape->padding_top, shape->kernel_height, shape->dilation_height,
                   shape->input_height) &&
         is_inside(at.x, shape->stride_width, shape->padding_left, shape->kernel_width, shape->dilation_width,
                   shape->input_width);
}

// Gathers what lies under the window at an output position; the rest of the row is zero.
static inline void gather(const skiff_convolution *shape, size_t size, const char *input, window_position at,
                          const char *empty, char *target) {
  size_t run = shape->input_channels * size;
  size_t pixel_stride = shape->groups * run;
  char *end = target + gathered_size(shape, size);
  bool has_whole_lines = shape->groups == 1 && shape->dilation_width == 1 && is_window_inside(shape, at);
  for (size_t row = 0; row < shape->kernel_height; row++) {
    if (has_whole_lines) {
      size_t line = shape->kernel_width * run;
      memcpy(target, input + pixel_under(shape, at, row, 0) * pixel_stride, line);
      target += line;
      continue;
    }
    for (size_t column = 0; column < shape->kernel_width; column++, target += run) {
      size_t pixel = pixel_under(shape, at, row, column);
      memcpy(target, pixel == SIZE_MAX ? empty : input + pixel * pixel_stride, run);
    }
  }
  memset(target, 0, (size_t)(end - target));
}

// Points to what each output position of a chunk reads: `pointers` holds [tile][tap][row of the tile]. Positions
// beyond `count` repeat the last one. `padding` is the byte that elements outside of the input have.
static inline void look_up(const skiff_convolution *shape, size_t size, const char *input, size_t group,
                           size_t first, size_t count, int padding, void *scratch) {
  size_t taps = tap_count(shape);
  size_t run = shape->input_channels * size;
  size_t pixel_stride = shape->groups * run;
  const char **pointers = scratch;
  size_t padded = skiff_round_up(count, TILE_ROWS);
  input += group * run;
  if (reads_every_pixel(shape)) {
    for (size_t index = 0; index < padded; index++) {
      pointers[index] = input + (first + skiff_min(index, count - 1)) * pixel_stride;
    }
    return;
  }
  char *empty = (char *)scratch + skiff_round_up(CHUNK_ROWS * (gathers(shape) ? 1 : taps) * sizeof(void *), 64);
  char *rows = empty + skiff_round_up(run, 64);
  memset(empty, padding, run);
  window_position at = position_at(shape, first);
  for (size_t index = 0; index < padded; index++) {
    if (gathers(shape)) {
      char *row = rows + index * gathered_size(shape, size);
      pointers[index] = row;
      gather(shape, size, input, at, empty, row);
    } else {
      const char **own = pointers + index / TILE_ROWS * taps * TILE_ROWS + index % TILE_ROWS;
      for (size_t row = 0; row < shape->kernel_height; row++) {
        for (size_t column = 0; column < shape->kernel_width; column++, own += TILE_ROWS) {
          size_t pixel = pixel_under(shape, at, row, column);
          *own = pixel == SIZE_MAX ? empty : input + pixel * pixel_stride;
        }
      }
    }
    if (index + 1 < count) advance(shape, &at);
  }
}

#endif
