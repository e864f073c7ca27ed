// 64 states in four registers. The symbols are gathered; their frequencies and starts come out of registers, which hold all
// 256 of each.

#include "rans.h"

#if SKIFF_X86
#define INLINE SKIFF_AVX512 static inline __attribute__((always_inline))

typedef struct {
  __m512i part[8];
} table256;

INLINE table256 load_table(const uint16_t *values) {
  table256 table;
  for (int i = 0; i < 8; i++) table.part[i] = _mm512_loadu_si512(values + 32 * i);
  return table;
}

// The entries at 32 positions. A permutation of two registers looks at the lowest six bits of each.
INLINE __m512i look_up(const table256 *table, __m512i index, __mmask32 bit6, __mmask32 bit7) {
  __m512i quarters[4];
  for (int i = 0; i < 4; i++) {
    quarters[i] = _mm512_permutex2var_epi16(table->part[2 * i], index, table->part[2 * i + 1]);
  }
  __m512i low = _mm512_mask_blend_epi16(bit6, quarters[0], quarters[1]);
  __m512i high = _mm512_mask_blend_epi16(bit6, quarters[2], quarters[3]);
  return _mm512_mask_blend_epi16(bit7, low, high);
}

INLINE __m512i widened_half(__m512i words, int half) {
  return _mm512_cvtepu16_epi32(half ? _mm512_extracti64x4_epi64(words, 1) : _mm512_castsi512_si256(words));
}

// The states with the next words appended to those that are low; returns the words behind.
INLINE const uint8_t *refill(__m512i *states, const uint8_t *words) {
  __mmask16 low = _mm512_cmplt_epu32_mask(*states, _mm512_set1_epi32(RANS_LOW));
  __m512i next = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)words));
  next = _mm512_maskz_expand_epi32(low, next);
  *states = _mm512_mask_or_epi32(*states, low, _mm512_slli_epi32(*states, 16), next);
  return words + 2 * __builtin_popcount(low);
}

// Decodes 32 lanes.
INLINE const uint8_t *decode32(const skiff_rans_table *table, const table256 *frequencies, const table256 *starts,
                               __m512i *states, const uint8_t *words, uint8_t *output) {
  __m512i slots[2];
  __m256i halves[2];
  for (int i = 0; i < 2; i++) {
    slots[i] = _mm512_and_si512(states[i], _mm512_set1_epi32(RANS_SLOTS - 1));
    __m512i gathered = _mm512_i32gather_epi32(slots[i], table->symbols, 1);
    _mm_storeu_si128((__m128i *)(output + 16 * i), _mm512_cvtepi32_epi8(gathered));
    halves[i] = _mm512_cvtepi32_epi16(gathered);
  }
  // What a gather reads behind a symbol stays in the upper bytes, which no permutation looks at.
  __m512i symbols = _mm512_inserti64x4(_mm512_castsi256_si512(halves[0]), halves[1], 1);
  __mmask32 bit6 = _mm512_test_epi16_mask(symbols, _mm512_set1_epi16(64));
  __mmask32 bit7 = _mm512_test_epi16_mask(symbols, _mm512_set1_epi16(128));
  __m512i frequency = look_up(frequencies, symbols, bit6, bit7), start = look_up(starts, symbols, bit6, bit7);
  for (int i = 0; i < 2; i++) {
    __m512i product =
        _mm512_mullo_epi32(widened_half(frequency, i), _mm512_srli_epi32(states[i], SKIFF_RANS_BITS));
    states[i] = _mm512_add_epi32(product, _mm512_sub_epi32(slots[i], widened_half(start, i)));
    words = refill(states + i, words);
  }
  return words;
}

SKIFF_AVX512 void rans_decode_groups_avx512(const skiff_rans_table *table, uint32_t *states, rans_rest *rest) {
  table256 frequencies = load_table(table->frequency), starts = load_table(table->start);
  __m512i state[RANS_GROUP / 16];
  for (int i = 0; i < RANS_GROUP / 16; i++) state[i] = _mm512_loadu_si512(states + 16 * i);
  const uint8_t *words = rest->words;
  uint8_t *output = rest->output, *last = output + rest->count;
  while (last - output >= RANS_GROUP && rest->end - words >= 2 * RANS_GROUP) {
    words = decode32(table, &frequencies, &starts, state, words, output);
    words = decode32(table, &frequencies, &starts, state + 2, words, output + 32);
    output += RANS_GROUP;
  }
  *rest = (rans_rest){words, rest->end, output, (size_t)(last - output)};
  for (int i = 0; i < RANS_GROUP / 16; i++) _mm512_storeu_si512(states + 16 * i, state[i]);
}
#endif
