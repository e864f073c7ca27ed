#ifndef SKIFF_RANS_H
#define SKIFF_RANS_H

#include "dispatch.h"

#define RANS_SLOTS (1u << SKIFF_RANS_BITS)
// A state below this takes up the next word.
#define RANS_LOW (1u << 16)
// The lanes that are decoded at once where there are as many.
#define RANS_GROUP 64

// What is left of the words and of the output.
typedef struct {
  const uint8_t *words, *end;
  uint8_t *output;
  size_t count;
} rans_rest;

#if SKIFF_X86
// Decodes groups of 64 lanes while both words and output suffice for any group.
SKIFF_AVX512 void rans_decode_groups_avx512(const skiff_rans_table *table, uint32_t *states, rans_rest *rest);
#endif

#endif
