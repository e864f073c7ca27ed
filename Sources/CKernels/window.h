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

// Points to what each output position of a chunk reads: `pointers` holds [tile][tap][row of the tile]. Positions
// beyond `count` repeat the last one. `padding` is the byte that elements outside of the input have.
static inline void look_up(const skiff_convolution *shape, size_t size, const char *input, size_t group,
                           size_t first, size_t count, int padding, void *scratch) {
  size_t taps = tap_count(shape);
  size_t run = shape->input_channels * size;
  size_t pixel_stride = shape->groups * run;
  const char **pointers = scratch;
  char *empty = (char *)scratch + skiff_round_up(CHUNK_ROWS * (gathers(shape) ? 1 : taps) * sizeof(void *), 64);
  char *rows = empty + skiff_round_up(run, 64);
  memset(empty, padding, run);
  input += group * run;
  window_position at = position_at(shape, first);
  size_t padded = skiff_round_up(count, TILE_ROWS);
  for (size_t index = 0; index < padded; index++) {
    const char **own = pointers + index;
    char *target = rows + index * gathered_size(shape, size);
    if (gathers(shape)) {
      *own = target;
    } else {
      own = pointers + index / TILE_ROWS * taps * TILE_ROWS + index % TILE_ROWS;
    }
    for (size_t row = 0; row < shape->kernel_height; row++) {
      for (size_t column = 0; column < shape->kernel_width; column++) {
        size_t pixel = pixel_under(shape, at, row, column);
        const char *source = pixel == SIZE_MAX ? empty : input + pixel * pixel_stride;
        if (gathers(shape)) {
          memcpy(target, source, run);
          target += run;
        } else {
          *own = source;
          own += TILE_ROWS;
        }
      }
    }
    if (gathers(shape)) memset(target, 0, (size_t)(*own + gathered_size(shape, size) - target));
    if (index + 1 < count) advance(shape, &at);
  }
}

#endif
