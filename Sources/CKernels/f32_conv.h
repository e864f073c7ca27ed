// What the forms of the float32 convolution have in common.

#ifndef SKIFF_F32_CONV_H
#define SKIFF_F32_CONV_H

#include "window.h"

// Blocks of 16 outputs that a tile has at most.
#define TILE_BLOCKS 4

// Products that are added up before they go to the sum of the ones before: long chains of additions lose digits.
#define SLICE 256

// Up to 6 output positions by up to 4 blocks of outputs.
typedef struct {
  size_t rows, blocks;
  size_t columns;              // the outputs that exist
  size_t runs, length;         // of input channels
  const float *const *inputs;  // [run][row]
  const float *packed;         // the first block
  size_t block_size;           // in elements
  float lower, upper;
  float *output;
  size_t stride;
} conv_tile;

// Computes a tile and stores it.
typedef void tile_function(const conv_tile *tile);

#if SKIFF_X86
// Up to four blocks at a time.
tile_function skiff_f32_tile_avx512;
#endif

#endif
