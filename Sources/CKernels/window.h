// Which inputs lie under a convolution's window: shared by the float and the integer kernels.

#ifndef SKIFF_WINDOW_H
#define SKIFF_WINDOW_H

#include <string.h>

#include "dispatch.h"

// A tile is this many output positions by this many output channels.
#define TILE_ROWS 6
#define TILE_COLUMNS 16
// Output positions whose inputs are looked up at once, at most: a block of weights is read once for all of them.
#define CHUNK_ROWS (34 * TILE_ROWS)

static inline size_t tap_count(const skiff_convolution *shape) {
  return shape->kernel_height * shape->kernel_width;
}

static inline size_t position_count(const skiff_convolution *shape) {
  return shape->batch * shape->output_height * shape->output_width;
}

// How many of `blocks` a tile takes, at most `greatest`: all tiles as many, so that none is left over.
static inline size_t even_width(size_t blocks, size_t greatest) {
  size_t tiles = (blocks + greatest - 1) / greatest;
  return tiles ? (blocks + tiles - 1) / tiles : 1;
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

// The taps of a position that lie inside of the input along one axis.
typedef struct {
  size_t first, end;
} tap_range;

static inline tap_range taps_inside(size_t at, size_t stride, size_t padding, size_t kernel, size_t dilation,
                                    size_t size) {
  ptrdiff_t origin = (ptrdiff_t)(at * stride - padding);
  tap_range range = {0, 0};
  if (origin < 0) range.first = ((size_t)-origin + dilation - 1) / dilation;
  if (origin < (ptrdiff_t)size) range.end = ((size_t)((ptrdiff_t)size - origin) + dilation - 1) / dilation;
  range.end = skiff_min(range.end, kernel);
  range.first = skiff_min(range.first, range.end);
  return range;
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

// The columns of output positions whose taps are all inside of the input along the width.
static inline skiff_range positions_inside(const skiff_convolution *shape) {
  ptrdiff_t padding = (ptrdiff_t)shape->padding_left, stride = (ptrdiff_t)shape->stride_width;
  ptrdiff_t reach = (ptrdiff_t)((shape->kernel_width - 1) * shape->dilation_width);
  ptrdiff_t last = (ptrdiff_t)shape->input_width - 1 - reach + padding;
  size_t begin = padding > 0 ? (size_t)((padding + stride - 1) / stride) : 0;
  size_t end = last < 0 ? 0 : (size_t)(last / stride) + 1;
  end = skiff_min(end, shape->output_width);
  return (skiff_range){skiff_min(begin, end), end};
}

// Copies a run of a few bytes; a call would take longer.
static inline void copy_run(char *target, const char *source, size_t size) {
  if (size >= 16) {
    for (size_t place = 0; place + 16 <= size; place += 16) memcpy(target + place, source + place, 16);
    memcpy(target + size - 16, source + size - 16, 16);
  } else if (size >= 8) {
    memcpy(target, source, 8);
    memcpy(target + size - 8, source + size - 8, 8);
  } else {
    for (size_t place = 0; place < size; place++) target[place] = source[place];
  }
}

// Gathers what lies under the window at an output position near the padding.
static inline void gather(const skiff_convolution *shape, size_t size, const char *input, window_position at,
                          const char *empty, char *target) {
  size_t run = shape->input_channels * size;
  for (size_t row = 0; row < shape->kernel_height; row++) {
    for (size_t column = 0; column < shape->kernel_width; column++, target += run) {
      size_t pixel = pixel_under(shape, at, row, column);
      copy_run(target, pixel == SIZE_MAX ? empty : input + pixel * shape->groups * run, run);
    }
  }
}

// The same for `count` positions side by side whose windows are inside of the input and have their pixels in a row.
static inline void gather_inside(const skiff_convolution *shape, size_t size, const char *input, window_position at,
                                 size_t count, char *target) {
  size_t pixel_size = shape->input_channels * size, line = shape->kernel_width * pixel_size;
  size_t stride = shape->dilation_height * shape->input_width * pixel_size;
  size_t step = shape->stride_width * pixel_size, row_size = gathered_size(shape, size);
  const char *source = input + pixel_under(shape, at, 0, 0) * pixel_size;
  for (; count > 0; count--, source += step, target += row_size) {
    for (size_t row = 0; row < shape->kernel_height; row++) copy_run(target + row * line, source + row * stride, line);
  }
}

// Gathers what lies under the window at `count` output positions from `first` on, a row each, zero at its end.
static inline void gather_rows(const skiff_convolution *shape, size_t size, const char *input, size_t first,
                               size_t count, const char *empty, char *rows) {
  size_t row_size = gathered_size(shape, size), used = tap_count(shape) * shape->input_channels * size;
  if (used < row_size) memset(rows, 0, count * row_size);
  bool is_contiguous = shape->groups == 1 && shape->dilation_width == 1;
  size_t end = positions_inside(shape).end;
  window_position at = position_at(shape, first);
  while (count > 0) {
    size_t run = 1;
    if (is_contiguous && is_window_inside(shape, at)) {
      run = skiff_min(count, end - at.x);
      gather_inside(shape, size, input, at, run, rows);
    } else {
      gather(shape, size, input, at, empty, rows);
    }
    rows += run * row_size;
    count -= run;
    at.x += run - 1;
    if (count > 0) advance(shape, &at);
  }
}

// What a part of a convolution computes: output positions, and those of `tiles` tiles of outputs, all groups together.
typedef struct {
  skiff_range positions, tiles;
} conv_share;

// Many positions are divided by position. Few of them would leave whole tiles of positions over, and all of the weights to
// each part: then outputs are divided.
static inline conv_share share_of(const skiff_convolution *shape, size_t tiles, skiff_part part) {
  size_t total = position_count(shape), rows = (total + TILE_ROWS - 1) / TILE_ROWS;
  size_t by_rows = (rows + part.count - 1) / part.count * tiles;
  size_t by_tiles = (tiles + part.count - 1) / part.count * rows;
  if (rows < 16 * part.count && by_tiles <= by_rows) {
    return (conv_share){{0, total}, skiff_share(tiles, part)};
  }
  skiff_range share = skiff_share(rows, part);
  return (conv_share){{share.begin * TILE_ROWS, skiff_min(share.end * TILE_ROWS, total)}, {0, tiles}};
}

// The positions of each chunk, all of them as many.
static inline size_t chunk_rows(const conv_share *share) {
  size_t rows = (share->positions.end - share->positions.begin + TILE_ROWS - 1) / TILE_ROWS;
  return rows ? even_width(rows, CHUNK_ROWS / TILE_ROWS) * TILE_ROWS : TILE_ROWS;
}

// Points to what each output position of a chunk reads: `pointers` holds [tile][tap][row of the tile]. Positions
// beyond `count` repeat the last one. `padding` is the byte that elements outside of the input have.
static inline void look_up(const skiff_convolution *shape, size_t size, const char *input, size_t group,
                           size_t first, size_t count, int padding, void *scratch) {
  size_t taps = tap_count(shape);
  size_t run = shape->input_channels * size;
  size_t pixel_stride = shape->groups * run;
  // Pointers to nothing in particular: kernels read them as those of their elements.
  const void **pointers = scratch;
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
  if (gathers(shape)) {
    size_t row_size = gathered_size(shape, size);
    gather_rows(shape, size, input, first, count, empty, rows);
    for (size_t index = 0; index < padded; index++) pointers[index] = rows + skiff_min(index, count - 1) * row_size;
    return;
  }
  window_position at = position_at(shape, first);
  for (size_t index = 0; index < padded; index++) {
    const void **own = pointers + index / TILE_ROWS * taps * TILE_ROWS + index % TILE_ROWS;
    bool is_inside = is_window_inside(shape, at);
    const char *corner = is_inside ? input + pixel_under(shape, at, 0, 0) * pixel_stride : NULL;
    for (size_t row = 0; row < shape->kernel_height; row++) {
      size_t line = row * shape->dilation_height * shape->input_width;
      for (size_t column = 0; column < shape->kernel_width; column++, own += TILE_ROWS) {
        if (is_inside) {
          *own = corner + (line + column * shape->dilation_width) * pixel_stride;
          continue;
        }
        size_t pixel = pixel_under(shape, at, row, column);
        *own = pixel == SIZE_MAX ? empty : input + pixel * pixel_stride;
      }
    }
    if (index + 1 < count) advance(shape, &at);
  }
}

#endif
