// Elementary functions of float32 without branches, so that loops over them are vectorized.

#ifndef SKIFF_F32_FUNCTIONS_H
#define SKIFF_F32_FUNCTIONS_H

#include <math.h>
#include <string.h>

#include "dispatch.h"

#define SKIFF_FUNCTION static inline __attribute__((always_inline)) float

SKIFF_FUNCTION power_of_two(uint32_t exponent) {
  uint32_t bits = (exponent + 127) << 23;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

// e^x = 2^n e^r with |r| <= ln(2) / 2. The polynomial is off by 8e-9 at most.
SKIFF_FUNCTION exponential(float x) {
  x = x < -104 ? -104 : x;
  x = x > 89 ? 89 : x;
  // Adding this number rounds to an integer, which is then in the lowest bits.
  const float rounder = 0x1.8p23f;
  float shifted = x * 0x1.715476p+0f + rounder, n = shifted - rounder;
  float r = x - n * 0x1.62e4p-1f;
  r = r - n * 0x1.7f7d1cp-20f;
  float p = 0.0013941120f;
  p = p * r + 0.0083631808f;
  p = p * r + 0.041666374f;
  p = p * r + 0.16666576f;
  p = p * r + 0.5f;
  p = p * r * r + r + 1;
  uint32_t bits, base;
  memcpy(&bits, &shifted, sizeof bits);
  memcpy(&base, &rounder, sizeof base);
  // Twice, since 2^n alone may be beyond the normal numbers; the offset keeps halves of negative numbers right.
  uint32_t exponent = bits - base + 512, half = exponent >> 1;
  return p * power_of_two(half - 256) * power_of_two(exponent - half - 256);
}

// Odd polynomials near zero; 1 - e^-q(x) beyond one, where q = -log(1 - erf). Both are off by 2e-9 at most.
SKIFF_FUNCTION error_function(float x) {
  float magnitude = fabsf(x), square = x * x;
  float near = 7.8891192e-05f;
  near = near * square - 0.00080208411f;
  near = near * square + 0.0051895352f;
  near = near * square - 0.026854444f;
  near = near * square + 0.11283600f;
  near = near * square - 0.37612626f;
  near = near * square + 1.1283791f;
  near = near * x;
  float far = magnitude > 4 ? 4 : magnitude, q = -0.00018797269f;
  q = q * far + 0.0029640156f;
  q = q * far - 0.021906514f;
  q = q * far + 0.10325628f;
  q = q * far + 0.63796490f;
  q = q * far + 1.1272023f;
  q = q * far + 0.00031245817f;
  float result = copysignf(1 - exponential(-q), x);
  return magnitude < 1 ? near : result;
}

// An odd polynomial near zero, else 1 - 2 / (e^2x + 1).
SKIFF_FUNCTION hyperbolic_tangent(float x) {
  float magnitude = fabsf(x), square = x * x;
  float near = -0.0061125826f;
  near = near * square + 0.021009549f;
  near = near * square - 0.053853914f;
  near = near * square + 0.13332793f;
  near = near * square - 0.33333328f;
  near = near * square * x + x;
  float far = copysignf(1 - 2 / (exponential(2 * magnitude) + 1), x);
  return magnitude < 0.625f ? near : far;
}

#endif
