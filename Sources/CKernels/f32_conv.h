// What the forms of the float32 convolution have in common.

#ifndef SKIFF_F32_CONV_H
#define SKIFF_F32_CONV_H

#include "tiles.h"

// Products that are added up before they go to the sum of the ones before: long chains of additions lose digits.
#define SLICE 256

// What results are clamped to.
typedef struct {
  float lower, upper;
} f32_bounds;

#if SKIFF_X86
// Up to four blocks at a time.
tile_function skiff_f32_tile_avx512;
#endif

#endif
