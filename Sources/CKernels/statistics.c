// What ranges are estimated from.

#include <math.h>

#include "dispatch.h"

SKIFF_BODY f32_extremes_body(size_t count, const float *restrict input, float *restrict least,
                             float *restrict greatest, bool *restrict is_finite) {
  float low = *least, high = *greatest;
  // Anything times zero is zero, but for infinities and not-a-number.
  float zero = 0;
  for (size_t i = 0; i < count; i++) {
    float x = input[i];
    low = x < low ? x : low;
    high = x > high ? x : high;
    zero = x * 0 == 0 ? zero : 1;
  }
  *least = low;
  *greatest = high;
  *is_finite = zero == 0;
}
SKIFF_EACH_LEVEL(f32_extremes,
                 (size_t count, const float *input, float *least, float *greatest, bool *is_finite),
                 (count, input, least, greatest, is_finite))

// Places are computed for this many elements at once, and counted after it.
#define PLACES 512

SKIFF_BODY f32_histogram_body(size_t count, const float *restrict input, double scale, size_t bins,
                              uint64_t *restrict counts) {
  int32_t places[PLACES];
  double half = (double)(bins / 2);
  int32_t last = (int32_t)bins - 1;
  for (size_t start = 0; start < count; start += PLACES) {
    size_t length = skiff_min(PLACES, count - start);
    for (size_t i = 0; i < length; i++) {
      // Below 2^31, since elements are within the reach of the bins.
      int32_t place = (int32_t)((double)input[start + i] * scale + half);
      place = place < 0 ? 0 : place;
      places[i] = place > last ? last : place;
    }
    for (size_t i = 0; i < length; i++) counts[places[i]]++;
  }
}
SKIFF_EACH_LEVEL(f32_histogram,
                 (size_t count, const float *input, double scale, size_t bins, uint64_t *counts),
                 (count, input, scale, bins, counts))
