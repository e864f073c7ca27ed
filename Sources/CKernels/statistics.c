// What ranges are estimated from.

#include <math.h>

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

// Elements are looked at in so many at a time.
#define PIECE 64

SKIFF_BODY f32_histogram_body(size_t count, const float *restrict input, const float scales[2], float low, float high,
                              size_t bins, uint64_t *restrict counts) {
  float first = scales[0], second = scales[1];
  int32_t half = (int32_t)bins / 2, last = (int32_t)bins - 1;
  for (size_t start = 0; start < count; start += PIECE) {
    size_t length = skiff_min(PIECE, count - start);
    int32_t selected[PIECE], any = 0;
    for (size_t i = 0; i < length; i++) {
      selected[i] = (input[start + i] < low) | (input[start + i] >= high);
      any |= selected[i];
    }
    if (!any) continue;
    int32_t places[PIECE];
    for (size_t i = 0; i < length; i++) {
      // Exact, since the scales are powers of two, but for numbers far below the width of a bin; rounded down.
      float scaled = input[start + i] * first * second;
      int32_t place = (int32_t)scaled;
      place += half - ((float)place > scaled);
      place = place < 0 ? 0 : place;
      places[i] = place > last ? last : place;
    }
    for (size_t i = 0; i < length; i++) counts[places[i]] += (uint64_t)selected[i];
  }
}
SKIFF_EACH_LEVEL(f32_histogram,
                 (size_t count, const float *input, const float scales[2], float low, float high, size_t bins,
                  uint64_t *counts),
                 (count, input, scales, low, high, bins, counts))
