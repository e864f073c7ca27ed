// What ranges are estimated from.

#include <math.h>
#include <string.h>

#include "dispatch.h"

// Extremes are found in so many lanes.
#define LANES 64

SKIFF_BODY f32_extremes_body(size_t count, const float *restrict input, float *restrict least,
                             float *restrict greatest, bool *restrict is_finite) {
  float low[LANES], high[LANES], zero[LANES];
  for (size_t lane = 0; lane < LANES; lane++) {
    low[lane] = *least;
    high[lane] = *greatest;
    zero[lane] = 0;
  }
  size_t whole = count / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) {
      float x = input[i + lane];
      low[lane] = x < low[lane] ? x : low[lane];
      high[lane] = x > high[lane] ? x : high[lane];
      // Anything times zero is zero, but for infinities and not-a-number, which stay.
      zero[lane] += x * 0;
    }
  }
  for (size_t i = whole; i < count; i++) {
    low[0] = input[i] < low[0] ? input[i] : low[0];
    high[0] = input[i] > high[0] ? input[i] : high[0];
    zero[0] += input[i] * 0;
  }
  float sum = 0;
  for (size_t lane = 0; lane < LANES; lane++) {
    *least = low[lane] < *least ? low[lane] : *least;
    *greatest = high[lane] > *greatest ? high[lane] : *greatest;
    sum += zero[lane];
  }
  *is_finite = sum == 0;
}
SKIFF_EACH_LEVEL(f32_extremes,
                 (size_t count, const float *input, float *least, float *greatest, bool *is_finite),
                 (count, input, least, greatest, is_finite))

// Places are computed for this many elements at once, and counted after it.
#define PLACES 512

SKIFF_BODY f32_histogram_tables_body(size_t count, const float *restrict input, const float scales[2], size_t bins,
                                     uint32_t *restrict tables) {
  int32_t places[PLACES];
  float first = scales[0], second = scales[1];
  int32_t half = (int32_t)bins / 2, last = (int32_t)bins - 1;
  for (size_t start = 0; start < count; start += PLACES) {
    size_t length = skiff_min(PLACES, count - start);
    for (size_t i = 0; i < length; i++) {
      // Exact, since the scales are powers of two; rounded down.
      float scaled = input[start + i] * first * second;
      int32_t place = (int32_t)scaled;
      place += half - ((float)place > scaled);
      place = place < 0 ? 0 : place;
      places[i] = place > last ? last : place;
    }
    for (size_t i = 0; i < length; i++) tables[(size_t)places[i] * SKIFF_HISTOGRAM_TABLES + i % SKIFF_HISTOGRAM_TABLES]++;
  }
}
SKIFF_EACH_LEVEL(f32_histogram_tables,
                 (size_t count, const float *input, const float scales[2], size_t bins, uint32_t *tables),
                 (count, input, scales, bins, tables))

void skiff_f32_histogram(size_t count, const float *input, const float scales[2], size_t bins, uint64_t *counts,
                         uint32_t *tables) {
  // No table counts beyond 32 bits.
  const size_t most = (size_t)1 << 31;
  for (size_t start = 0; start < count; start += most) {
    memset(tables, 0, bins * SKIFF_HISTOGRAM_TABLES * sizeof *tables);
    skiff_f32_histogram_tables(skiff_min(most, count - start), input + start, scales, bins, tables);
    for (size_t bin = 0; bin < bins; bin++) {
      for (size_t table = 0; table < SKIFF_HISTOGRAM_TABLES; table++) {
        counts[bin] += tables[bin * SKIFF_HISTOGRAM_TABLES + table];
      }
    }
  }
}
