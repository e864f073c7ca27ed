// Decoding of interleaved range asymmetric numeral systems (rANS).
//
// A state x in [2^16, 2^32) stands for its next symbol by x mod 2^14: symbol s owns `frequency[s]` of the 2^14 slots from
// `start[s]` on. Decoding leaves x' = frequency * (x >> 14) + slot - start, and if that is below 2^16 the next word is
// appended to it; once is enough, because x' is at least x >> 14, which is at least 4. All sums stay below 2^32.

#include "rans.h"

#include <string.h>

void skiff_rans_table_fill(skiff_rans_table *table) {
  unsigned start = 0;
  for (unsigned symbol = 0; symbol < 256; symbol++) {
    table->start[symbol] = (uint16_t)start;
    memset(table->symbols + start, (int)symbol, table->frequency[symbol]);
    start += table->frequency[symbol];
  }
}

static inline uint32_t decode(const skiff_rans_table *table, uint32_t state, uint8_t *output) {
  uint32_t slot = state % RANS_SLOTS;
  uint8_t symbol = table->symbols[slot];
  *output = symbol;
  return table->frequency[symbol] * (state >> SKIFF_RANS_BITS) + slot - table->start[symbol];
}

static inline uint16_t load_word(const uint8_t *bytes) {
  uint16_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

// As many lanes at a time as there are words for without looking at each.
static void decode_groups(const skiff_rans_table *table, size_t lanes, uint32_t *states, rans_rest *rest) {
  const uint8_t *words = rest->words;
  uint8_t *output = rest->output, *last = output + rest->count;
  for (; (size_t)(last - output) >= lanes && (size_t)(rest->end - words) >= 2 * lanes; output += lanes) {
    for (size_t lane = 0; lane < lanes; lane++) {
      uint32_t state = decode(table, states[lane], output + lane);
      uint32_t longer = state << 16 | load_word(words);
      bool isLow = state < RANS_LOW;
      states[lane] = isLow ? longer : state;
      words += 2 * isLow;
    }
  }
  rest->count = (size_t)(last - output);
  rest->output = output;
  rest->words = words;
}

bool skiff_rans_decode(const skiff_rans_table *table, size_t lanes, uint32_t *states, const uint8_t *words,
                       size_t word_count, uint8_t *output, size_t count) {
  rans_rest rest = {words, words + 2 * word_count, output, count};
#if SKIFF_X86
  if (lanes == RANS_GROUP && SKIFF_HAS_AVX512) rans_decode_groups_avx512(table, states, &rest);
#endif
  decode_groups(table, lanes, states, &rest);
  for (size_t index = 0; index < rest.count; index++) {
    uint32_t state = decode(table, states[index % lanes], rest.output + index);
    if (state < RANS_LOW) {
      if (rest.words == rest.end) return false;
      state = state << 16 | load_word(rest.words);
      rest.words += 2;
    }
    states[index % lanes] = state;
  }
  for (size_t lane = 0; lane < lanes; lane++) {
    if (states[lane] != RANS_LOW) return false;
  }
  return rest.words == rest.end;
}
