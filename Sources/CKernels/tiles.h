// How a convolution's results are computed: in tiles of positions by blocks of 16 outputs, whose inputs are read through
// pointers. Shared by the kernels of all data types; a kernel is how weights are packed, and what a tile does.

#ifndef SKIFF_TILES_H
#define SKIFF_TILES_H

#include "window.h"

// Blocks of 16 outputs that a tile has at most.
#define TILE_BLOCKS 4
#define UNROLL _Pragma("clang loop unroll(full)")

// Up to 6 output positions by up to 4 blocks of outputs.
typedef struct {
  size_t rows, blocks;
  size_t columns;             // the outputs that exist
  size_t runs, length;        // of input channels
  const void *const *inputs;  // [run][row]
  const char *packed;         // the first block
  size_t block_size;
  void *output;
  size_t stride;              // from row to row, in elements
  const void *form;           // what else the kernel is told
} conv_tile;

// Computes a tile and stores it.
typedef void tile_function(const conv_tile *tile);

// What computes the tiles of a convolution, and on what.
typedef struct {
  tile_function *compute;
  size_t blocks_at_once;
  size_t block_size;               // of packed weights
  size_t input_size, output_size;  // of an element
  int padding;                     // each byte of an element outside of the input
  const void *form;
} tile_kernel;

// The runs of input channels that a position reads, one under each tap or a gathered row, and their elements.
static inline size_t run_count(const skiff_convolution *shape) { return gathers(shape) ? 1 : tap_count(shape); }
static inline size_t run_length(const skiff_convolution *shape, size_t size) {
  return gathers(shape) ? gathered_size(shape, size) / size : shape->input_channels;
}

// The blocks of outputs of a group.
static inline size_t block_count(const skiff_convolution *shape) {
  return (shape->output_channels + TILE_COLUMNS - 1) / TILE_COLUMNS;
}

static inline void run_tiles(const skiff_convolution *shape, const void *input, const void *packed,
                             const tile_kernel *kernel, skiff_part part, void *output, void *scratch) {
  size_t blocks = block_count(shape), width = even_width(blocks, kernel->blocks_at_once);
  size_t tiles = (blocks + width - 1) / width;
  conv_share share = share_of(shape, shape->groups * tiles, part);
  conv_tile tile = {.runs = run_count(shape), .length = run_length(shape, kernel->input_size)};
  tile.block_size = kernel->block_size;
  tile.form = kernel->form;
  tile.stride = shape->groups * shape->output_channels;
  const void *const *pointers = scratch;
  size_t chunk = chunk_rows(&share);
  for (size_t first = share.positions.begin; first < share.positions.end; first += chunk) {
    size_t count = skiff_min(chunk, share.positions.end - first), known = SIZE_MAX;
    for (size_t index = share.tiles.begin; index < share.tiles.end; index++) {
      size_t group = index / tiles, block = index % tiles * width;
      if (group != known) {
        known = group;
        look_up(shape, kernel->input_size, input, group, first, count, kernel->padding, scratch);
      }
      tile.blocks = skiff_min(width, blocks - block);
      tile.columns = skiff_min(tile.blocks * TILE_COLUMNS, shape->output_channels - block * TILE_COLUMNS);
      tile.packed = (const char *)packed + (group * blocks + block) * tile.block_size;
      size_t channel = group * shape->output_channels + block * TILE_COLUMNS;
      for (size_t row = 0; row < count; row += TILE_ROWS) {
        tile.rows = skiff_min(TILE_ROWS, count - row);
        tile.inputs = pointers + row * tile.runs;
        tile.output = (char *)output + ((first + row) * tile.stride + channel) * kernel->output_size;
        kernel->compute(&tile);
      }
    }
  }
}

#endif
