// What ranges are estimated from.

#include <math.h>

#include "dispatch.h"

// The same digits at each level, of which some could multiply and add in one step.
#pragma STDC FP_CONTRACT OFF

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
#define PIECE 16

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

// Sums of differences are made in so many lanes, the same ones at each level.
#define SUMS 16

typedef struct {
  float least[SUMS], greatest[SUMS];
  double maximum[SUMS], errors[SUMS], squared_errors[SUMS], reference[SUMS], candidate[SUMS], products[SUMS];
  int64_t differing[SUMS];
} difference_lanes;

static inline __attribute__((always_inline)) void add_difference(difference_lanes *restrict lanes, size_t lane,
                                                                 float a, float b) {
  double x = a, y = b, error = fabs(x - y);
  lanes->differing[lane] += error > 0;
  lanes->maximum[lane] = error > lanes->maximum[lane] ? error : lanes->maximum[lane];
  lanes->least[lane] = a < lanes->least[lane] ? a : lanes->least[lane];
  lanes->greatest[lane] = a > lanes->greatest[lane] ? a : lanes->greatest[lane];
  lanes->errors[lane] += error;
  lanes->squared_errors[lane] += error * error;
  lanes->reference[lane] += x * x;
  lanes->candidate[lane] += y * y;
  lanes->products[lane] += x * y;
}

SKIFF_BODY f32_differences_body(size_t count, const float *restrict reference, const float *restrict candidate,
                                skiff_differences *restrict sums) {
  difference_lanes lanes = {0};
  for (size_t lane = 0; lane < SUMS; lane++) {
    lanes.least[lane] = INFINITY;
    lanes.greatest[lane] = -INFINITY;
  }
  size_t whole = count / SUMS * SUMS;
  for (size_t i = 0; i < whole; i += SUMS) {
    for (size_t lane = 0; lane < SUMS; lane++) add_difference(&lanes, lane, reference[i + lane], candidate[i + lane]);
  }
  for (size_t i = whole; i < count; i++) add_difference(&lanes, i - whole, reference[i], candidate[i]);
  *sums = (skiff_differences){.least = INFINITY, .greatest = -INFINITY};
  for (size_t lane = 0; lane < SUMS; lane++) {
    sums->least = fmin(sums->least, lanes.least[lane]);
    sums->greatest = fmax(sums->greatest, lanes.greatest[lane]);
    sums->maximum = fmax(sums->maximum, lanes.maximum[lane]);
    sums->differing += (size_t)lanes.differing[lane];
    sums->errors += lanes.errors[lane];
    sums->squared_errors += lanes.squared_errors[lane];
    sums->reference += lanes.reference[lane];
    sums->candidate += lanes.candidate[lane];
    sums->products += lanes.products[lane];
  }
}
SKIFF_EACH_LEVEL(f32_differences,
                 (size_t count, const float *reference, const float *candidate, skiff_differences *sums),
                 (count, reference, candidate, sums))
