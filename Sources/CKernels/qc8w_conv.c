// Exact int8 convolution and matrix product. Sums are 32 bits wide and wrap like the reference's. The input's zero
// point is taken out of the bias beforehand; elements in the padding are the zero point, which adds nothing.

#include "qc8w_conv.h"

#include <stdlib.h>

static size_t block_size(const skiff_convolution *shape) {
  return sizeof(block_header) + TILE_COLUMNS * run_count(shape) * skiff_round_up(run_length(shape, 1), QUAD);
}

size_t skiff_qc8w_conv_packed_size(const skiff_convolution *shape) {
  return shape->groups * block_count(shape) * block_size(shape);
}

size_t skiff_qc8w_conv_scratch_size(const skiff_convolution *shape) { return window_scratch_size(shape, 1); }

// The weight of an output channel at a place of a run; zero beyond the last.
static int8_t weight_at(const skiff_convolution *shape, const int8_t *weights, skiff_weight_strides strides,
                        size_t channel, size_t run, size_t place) {
  size_t tap = gathers(shape) ? place / shape->input_channels : run;
  size_t input = gathers(shape) ? place % shape->input_channels : place;
  if (tap >= tap_count(shape) || input >= shape->input_channels) return 0;
  return weights[channel * strides.output + tap * strides.tap + input * strides.input];
}

// The weights of an output channel, their sum and that of their magnitudes; false if one is -128.
static bool pack_lane(const skiff_convolution *shape, const int8_t *weights, skiff_weight_strides strides,
                      size_t channel, char *target, uint32_t *sum, uint64_t *magnitude) {
  bool is_symmetric = true;
  size_t length = skiff_round_up(run_length(shape, 1), QUAD);
  for (size_t run = 0; run < run_count(shape); run++) {
    for (size_t place = 0; place < length; place++) {
      int8_t weight = weight_at(shape, weights, strides, channel, run, place);
      is_symmetric &= weight != INT8_MIN;
      *sum += (uint32_t)(int32_t)weight;
      *magnitude += (uint64_t)(weight < 0 ? -weight : weight);
      target[(run * length + place) / QUAD * QUAD * TILE_COLUMNS + place % QUAD] = (char)weight;
    }
  }
  return is_symmetric;
}

bool skiff_qc8w_conv_pack(const skiff_convolution *shape, const int8_t *weights, skiff_weight_strides strides,
                          const int32_t *bias, int32_t input_zero_point, skiff_qc8w_scales scales, void *packed) {
  bool is_exact = true;
  // The form for AVX-512 adds 128 to each input.
  uint32_t offset = (uint32_t)input_zero_point + (shape->level >= skiff_avx512 ? 128 : 0);
  memset(packed, 0, skiff_qc8w_conv_packed_size(shape));
  for (size_t group = 0; group < shape->groups; group++) {
    for (size_t block = 0; block < block_count(shape); block++) {
      char *target = (char *)packed + (group * block_count(shape) + block) * block_size(shape);
      block_header *header = (block_header *)target;
      target += sizeof *header;
      header->is_small = header->is_estimable = scales.factors != NULL;
      for (size_t lane = 0; lane < TILE_COLUMNS; lane++) {
        size_t channel = block * TILE_COLUMNS + lane;
        if (channel >= shape->output_channels) {
          header->estimate_offsets[lane] = ESTIMATE_NOTHING;
          continue;
        }
        channel += group * shape->output_channels;
        uint32_t sum = 0;
        uint64_t magnitude = 0;
        bool is_symmetric = pack_lane(shape, weights, strides, channel, target + lane * QUAD, &sum, &magnitude);
        is_exact &= is_symmetric || shape->level != skiff_avx2;
        header->starts[lane] = (int32_t)((uint32_t)(bias ? bias[channel] : 0) - sum * offset);
        if (scales.factors) {
          skiff_factor factor = scales.factors[channel];
          header->multipliers[lane] = factor.multiplier;
          header->shifts[lane] = factor.shift;
          header->estimate_factors[lane] = estimate_factor(factor.multiplier, factor.shift);
          header->estimate_offsets[lane] = estimate_offset(factor.shift);
          // |x - zero point| <= 255.
          magnitude = 255 * magnitude + (uint64_t)(bias ? llabs((long long)bias[channel]) : 0);
          header->is_small &= is_small_sum(magnitude, factor.shift);
          header->is_estimable &= is_estimable(magnitude, factor.multiplier, factor.shift);
        } else {
          header->real_factors[lane] = scales.real_factors[channel];
        }
      }
    }
  }
  return is_exact;
}

static void tile_portable(const conv_tile *tile) {
  const block_header *header = (const block_header *)tile->packed;
  int32_t sums[TILE_ROWS * TILE_COLUMNS];
  for (size_t row = 0; row < TILE_ROWS; row++) memcpy(sums + row * TILE_COLUMNS, header->starts, sizeof header->starts);
  const int8_t *weight = (const int8_t *)(header + 1);
  const void *const *rows = tile->inputs;
  for (size_t run = 0; run < tile->runs; run++, rows += TILE_ROWS) {
    for (size_t place = 0; place < tile->length; place += QUAD, weight += QUAD * TILE_COLUMNS) {
      for (size_t row = 0; row < TILE_ROWS; row++) {
        for (size_t k = 0; k < skiff_min(QUAD, tile->length - place); k++) {
          uint32_t value = (uint32_t)(int32_t)((const int8_t *)rows[row])[place + k];
          for (size_t lane = 0; lane < TILE_COLUMNS; lane++) {
            uint32_t product = value * (uint32_t)(int32_t)weight[lane * QUAD + k];
            sums[row * TILE_COLUMNS + lane] = (int32_t)((uint32_t)sums[row * TILE_COLUMNS + lane] + product);
          }
        }
      }
    }
  }
  for (size_t row = 0; row < tile->rows; row++) {
    int8_t *output = (int8_t *)tile->output + row * tile->stride;
    finish_row(sums + row * TILE_COLUMNS, header, tile->columns, tile->form, output);
  }
}

void skiff_qc8w_conv(const skiff_convolution *shape, const int8_t *input, const void *packed,
                     const skiff_qc8w_output *form, skiff_part part, int8_t *output, void *scratch) {
  tile_kernel kernel = {.compute = tile_portable, .blocks_at_once = 1, .block_size = block_size(shape)};
  kernel.input_size = kernel.output_size = 1;
  kernel.padding = (uint8_t)form->input_zero_point;
  kernel.form = form;
#if SKIFF_X86
  if (shape->level >= skiff_avx2) kernel.compute = skiff_qc8w_tile_avx2;
  if (shape->level >= skiff_avx512) {
    kernel.compute = skiff_qc8w_tile_avx512;
    kernel.blocks_at_once = TILE_BLOCKS;
  }
#endif
  run_tiles(shape, input, packed, &kernel, part, output, scratch);
}
