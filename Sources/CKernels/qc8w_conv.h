// What the forms of the int8 convolution have in common: how weights are packed, and what a tile is.

#ifndef SKIFF_QC8W_CONV_H
#define SKIFF_QC8W_CONV_H

#include "requantize.h"
#include "tiles.h"

// Input channels are taken four at a time.
#define QUAD 4

// Packed: for each group and each block of 16 outputs this header, then for each run and each four input channels the
// four weights of each output.
typedef struct {
  int32_t starts[TILE_COLUMNS];
  union {
    struct {
      int32_t multipliers[TILE_COLUMNS], shifts[TILE_COLUMNS];
    };
    double real_factors[TILE_COLUMNS];
  };
  float estimate_factors[TILE_COLUMNS], estimate_offsets[TILE_COLUMNS];
  // In the sense of is_small_sum and is_estimable; a cache line, so that weights begin with one.
  bool is_small, is_estimable;
  char unused[62];
} block_header;

static inline int32_t load_quad(const int8_t *from) {
  int32_t value;
  memcpy(&value, from, sizeof value);
  return value;
}

// The last bytes of a run, zeros after them.
static inline int32_t load_rest(const int8_t *from, size_t count) {
  uint32_t value = (uint8_t)from[0];
  if (count > 1) value |= (uint32_t)(uint8_t)from[1] << 8;
  if (count > 2) value |= (uint32_t)(uint8_t)from[2] << 16;
  return (int32_t)value;
}

#if SKIFF_X86
// One block at a time.
tile_function skiff_qc8w_tile_avx2;

// Up to four blocks at a time.
tile_function skiff_qc8w_tile_avx512;
#endif

// The results of one row of one block.
static inline void finish_row(const int32_t *sums, const block_header *header, size_t columns,
                              const skiff_qc8w_output *form, int8_t *output) {
  for (size_t lane = 0; lane < columns; lane++) {
    if (form->has_real_factors) {
      int64_t scaled = multiply_by_real_factor(sums[lane], header->real_factors[lane]);
      output[lane] = clamp_to_int8(scaled + form->output_zero_point, form->lower, form->upper);
    } else {
      output[lane] = finish_sum(sums[lane], header->multipliers[lane], header->shifts[lane], form);
    }
  }
}

#endif
