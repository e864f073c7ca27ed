// Weights become integers of few bits, in groups that share a scale.
//
// Numbers are looked at in rows of so many lanes, at each level: sums do not depend on the processor. Of short groups each has a lane of
// its own, so that as many are made at a time; a long one takes all lanes, which are added up in the end.

#include <math.h>
#include <string.h>

#include "dispatch.h"

// The same digits at each level, of which some could multiply and add in one step.
#pragma STDC FP_CONTRACT OFF

#define LANES 16
// The numbers of a short group.
#define SHORT 128
// Rows of a long group whose sums are made in float32.
#define PIECE 256
// Parts of a range that are tried, widest first: 1 - i / 40.
#define SHARES 25

#define INLINE static inline __attribute__((always_inline))
#define EACH_LANE for (size_t lane = 0; lane < LANES; lane++)

typedef struct {
  // The least and the greatest weight, or zero.
  float least[LANES], greatest[LANES];
} ranges;

typedef struct {
  float scale[LANES], zero_point[LANES], inverse[LANES];
  // The integers that a weight may become, less the zero point.
  float low[LANES], high[LANES];
  // The squared error of the least or the greatest weight alone, in steps; infinite if one of them becomes so, or the inverse is.
  float bound[LANES];
} candidate;

// The next number with 8 digits of mantissa that is not less, or the greatest such number: scales in bfloat16.
INLINE float short_scale(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  bits = (bits + 0xFFFF) & 0xFFFF0000;
  bits = bits > 0x7F7F0000 ? 0x7F7F0000 : bits;
  memcpy(&value, &bits, 4);
  return value;
}

// In this order what is not a number becomes the least one.
INLINE float clamped(float value, float low, float high) {
  value = high < value ? high : value;
  return value >= low ? value : low;
}

// What a part of each range gives.
INLINE candidate candidate_of(const ranges *range, float share, const skiff_code_form *form) {
  candidate result;
  float lower = (float)form->lower, upper = (float)form->upper;
  bool is_symmetric = form->is_symmetric;
  float divisor = is_symmetric ? upper : upper - lower;
  EACH_LANE {
    float least = range->least[lane], greatest = range->greatest[lane];
    float magnitude = -least > greatest ? -least : greatest;
    // The difference of large ones would be infinite.
    float width = is_symmetric ? magnitude * share / divisor : greatest * share / divisor - least * share / divisor;
    float scale = short_scale(width), inverse = 1 / scale;
    float zero_point = is_symmetric ? 0 : clamped(rintf(lower - least * share / scale), lower, upper);
    zero_point = scale > 0 ? zero_point : 0;
    float low = lower - zero_point, high = upper - zero_point;
    float beyond = greatest * inverse - high, below = low - least * inverse;
    float lost = beyond > below ? beyond : below;
    lost = lost > 0 ? lost : 0;
    float last = clamped(rintf(greatest * inverse), low, high) * scale;
    float first = clamped(rintf(least * inverse), low, high) * scale;
    bool is_finite = (last < INFINITY) & (first > -INFINITY) & (inverse < INFINITY);
    result.scale[lane] = scale;
    result.zero_point[lane] = zero_point;
    result.inverse[lane] = inverse;
    result.low[lane] = low;
    result.high[lane] = high;
    result.bound[lane] = is_finite ? lost * lost : INFINITY;
  }
  return result;
}

INLINE void add_extremes(const float *restrict row, ranges *restrict range) {
  EACH_LANE {
    range->least[lane] = row[lane] < range->least[lane] ? row[lane] : range->least[lane];
    range->greatest[lane] = row[lane] > range->greatest[lane] ? row[lane] : range->greatest[lane];
  }
}

// What weights lose when they become integers, in steps.
INLINE void add_losses(const float *restrict row, const float *restrict importance, const candidate *restrict to,
                       float sums[LANES]) {
  EACH_LANE {
    float steps = row[lane] * to->inverse[lane], rounded = rintf(steps);
    rounded = rounded < to->high[lane] ? rounded : to->high[lane];
    rounded = rounded > to->low[lane] ? rounded : to->low[lane];
    float lost = (rounded - steps) * (rounded - steps);
    sums[lane] += importance ? lost * importance[lane] : lost;
  }
}

// Numbers in rows: `count` rows, and behind them a row of its own for what does not fill one, with zeros, which lose nothing.
typedef struct {
  const float *rows;
  size_t count;
  bool has_rest;
  float rest[LANES];
} table;

INLINE table table_of(size_t count, const float *restrict numbers) {
  table result = {numbers, count / LANES, count % LANES > 0, {0}};
  memcpy(result.rest, numbers + count / LANES * LANES, count % LANES * sizeof(float));
  return result;
}

INLINE double sum_of(const float lanes[LANES]) {
  float sums[LANES];
  memcpy(sums, lanes, sizeof sums);
  for (size_t half = LANES / 2; half > 0; half /= 2) {
    for (size_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

// The squared error of each lane in steps, or in each lane that of all.
INLINE void errors_of(const table *weights, const table *importance, bool is_long, const candidate *to,
                      float errors[LANES]) {
  double total = 0;
  size_t first = 0;
  do {
    size_t end = is_long ? skiff_min(first + PIECE, weights->count) : weights->count;
    float sums[LANES] = {0};
    for (size_t row = first; row < end; row++) {
      add_losses(weights->rows + row * LANES, importance ? importance->rows + row * LANES : NULL, to, sums);
    }
    if (weights->has_rest && end == weights->count) {
      add_losses(weights->rest, importance ? importance->rest : NULL, to, sums);
    }
    first = end;
    if (is_long) {
      total += sum_of(sums);
    } else {
      EACH_LANE errors[lane] = sums[lane];
    }
  } while (first < weights->count);
  if (is_long) EACH_LANE errors[lane] = (float)total;
}

INLINE ranges ranges_of(const table *weights, bool is_long) {
  ranges range = {{0}, {0}};
  for (size_t row = 0; row < weights->count; row++) add_extremes(weights->rows + row * LANES, &range);
  if (weights->has_rest) add_extremes(weights->rest, &range);
  if (!is_long) return range;
  float least = 0, greatest = 0;
  EACH_LANE {
    least = range.least[lane] < least ? range.least[lane] : least;
    greatest = range.greatest[lane] > greatest ? range.greatest[lane] : greatest;
  }
  EACH_LANE {
    range.least[lane] = least;
    range.greatest[lane] = greatest;
  }
  return range;
}

// Of all parts of the ranges that which loses least.
INLINE candidate best_of(const table *weights, const table *importance, bool is_long, const ranges *range,
                         const skiff_code_form *form) {
  candidate best = candidate_of(range, 1, form);
  if (!form->clips) return best;
  // Errors are told in steps of the widest range, which are numbers whatever the weights are.
  float widest[LANES], least_errors[LANES];
  EACH_LANE {
    widest[lane] = best.scale[lane];
    least_errors[lane] = INFINITY;
  }
  for (int i = 0; i < SHARES; i++) {
    candidate next = candidate_of(range, 1 - (float)i / 40, form);
    // A part is left out where one weight alone loses more. Around zero, it does in all that are narrower.
    float squares[LANES], errors[LANES];
    int32_t candidates = 0;
    EACH_LANE {
      float part = next.scale[lane] / widest[lane], bound = next.bound[lane];
      squares[lane] = part * part;
      bound = importance && bound < INFINITY ? 0 : bound * squares[lane];
      candidates += bound < least_errors[lane];
    }
    if (candidates == 0) {
      if (form->is_symmetric && i > 0) break;
      continue;
    }
    errors_of(weights, importance, is_long, &next, errors);
    EACH_LANE {
      float error = next.bound[lane] < INFINITY ? errors[lane] * squares[lane] : INFINITY;
      bool is_better = error < least_errors[lane];
      least_errors[lane] = is_better ? error : least_errors[lane];
      best.scale[lane] = is_better ? next.scale[lane] : best.scale[lane];
      best.zero_point[lane] = is_better ? next.zero_point[lane] : best.zero_point[lane];
    }
  }
  EACH_LANE {
    best.low[lane] = (float)form->lower - best.zero_point[lane];
    best.high[lane] = (float)form->upper - best.zero_point[lane];
  }
  return best;
}

// `count` groups of `size` numbers each, a lane for each.
INLINE void transpose(size_t count, size_t size, const float *restrict numbers, float *restrict rows) {
  for (size_t row = 0; row < size; row++) {
    for (size_t lane = 0; lane < count; lane++) rows[row * LANES + lane] = numbers[lane * size + row];
    for (size_t lane = count; lane < LANES; lane++) rows[row * LANES + lane] = 0;
  }
}

SKIFF_BODY f32_code_scale_body(size_t count, const float *restrict numbers, const float *restrict importance,
                               const skiff_code_form *form, skiff_code_scale *restrict scale) {
  float rows[SHORT * LANES], importance_rows[SHORT * LANES];
  bool is_long = count > SHORT;
  if (!is_long) {
    transpose(1, count, numbers, rows);
    if (importance) transpose(1, count, importance, importance_rows);
  }
  table weights = is_long ? table_of(count, numbers) : table_of(count * LANES, rows);
  table weighing = weights;
  if (importance) weighing = is_long ? table_of(count, importance) : table_of(count * LANES, importance_rows);
  ranges range = ranges_of(&weights, is_long);
  candidate best = best_of(&weights, importance ? &weighing : NULL, is_long, &range, form);
  *scale = (skiff_code_scale){best.scale[0], (int32_t)best.zero_point[0]};
}
SKIFF_EACH_LEVEL(f32_code_scale,
                 (size_t count, const float *weights, const float *importance, const skiff_code_form *form,
                  skiff_code_scale *scale),
                 (count, weights, importance, form, scale))

// Sums of squares, and what is found beside.
typedef struct {
  double signal[LANES], noise[LANES];
  float greatest[LANES];
  int32_t others[LANES];  // that are not zero
} lane_sums;

INLINE void encode(const float *restrict row, const candidate *restrict to, int8_t *restrict codes,
                   lane_sums *restrict sums) {
  float numbers[LANES];
  EACH_LANE {
    // A group without a scale has zeros, or what is too small to have one.
    float divisor = to->scale[lane] > 0 ? to->scale[lane] : 1;
    float rounded = clamped(rintf(row[lane] / divisor), to->low[lane], to->high[lane]);
    numbers[lane] = rounded * to->scale[lane];
    sums->others[lane] += rounded != 0;
    codes[lane] = (int8_t)((int32_t)rounded + (int32_t)to->zero_point[lane]);
  }
  EACH_LANE {
    float magnitude = fabsf(numbers[lane]);
    sums->greatest[lane] = magnitude > sums->greatest[lane] ? magnitude : sums->greatest[lane];
    double weight = row[lane], lost = row[lane] - numbers[lane];
    sums->signal[lane] += weight * weight;
    sums->noise[lane] += lost * lost;
  }
}

INLINE void add_sums(const lane_sums *lanes, size_t count, skiff_code_sums *restrict sums) {
  int32_t others = 0;
  EACH_LANE {
    sums->signal += lanes->signal[lane];
    sums->noise += lanes->noise[lane];
    others += lanes->others[lane];
    sums->greatest = lanes->greatest[lane] > sums->greatest ? lanes->greatest[lane] : sums->greatest;
  }
  sums->zeros += count - (size_t)others;
}

INLINE void put_scales(size_t count, const candidate *best, uint16_t *restrict scales, int8_t *restrict zero_points) {
  for (size_t lane = 0; lane < count; lane++) {
    uint32_t bits;
    memcpy(&bits, &best->scale[lane], 4);
    scales[lane] = (uint16_t)(bits >> 16);
    zero_points[lane] = (int8_t)best->zero_point[lane];
  }
}

// Up to LANES short groups.
INLINE void encode_short(size_t count, size_t size, const float *restrict numbers, const skiff_code_form *form,
                         int8_t *restrict codes, uint16_t *restrict scales, int8_t *restrict zero_points,
                         skiff_code_sums *restrict sums) {
  float rows[SHORT * LANES];
  int8_t row_codes[SHORT * LANES];
  transpose(count, size, numbers, rows);
  table weights = {rows, size, false, {0}};
  ranges range = ranges_of(&weights, false);
  candidate best = best_of(&weights, NULL, false, &range, form);
  lane_sums lanes = {{0}, {0}, {0}, {0}};
  for (size_t row = 0; row < size; row++) encode(rows + row * LANES, &best, row_codes + row * LANES, &lanes);
  for (size_t lane = 0; lane < count; lane++) {
    for (size_t row = 0; row < size; row++) codes[lane * size + row] = row_codes[row * LANES + lane];
  }
  add_sums(&lanes, count * size, sums);
  put_scales(count, &best, scales, zero_points);
}

INLINE void encode_long(size_t count, const float *restrict numbers, const skiff_code_form *form,
                        int8_t *restrict codes, uint16_t *restrict scales, int8_t *restrict zero_points,
                        skiff_code_sums *restrict sums) {
  table weights = table_of(count, numbers);
  ranges range = ranges_of(&weights, true);
  candidate best = best_of(&weights, NULL, true, &range, form);
  for (size_t first = 0; first < count; first += PIECE * LANES) {
    size_t end = skiff_min(first + PIECE * LANES, count), i = first;
    lane_sums lanes = {{0}, {0}, {0}, {0}};
    for (; i + LANES <= end; i += LANES) encode(numbers + i, &best, codes + i, &lanes);
    if (i < end) {
      int8_t rest[LANES];
      encode(weights.rest, &best, rest, &lanes);
      memcpy(codes + i, rest, end - i);
    }
    add_sums(&lanes, end - first, sums);
  }
  put_scales(1, &best, scales, zero_points);
}

// Of this size most groups are: the compiler unrolls it.
#define USUAL 32

SKIFF_BODY f32_encode_blocks_body(size_t count, const float *restrict weights, skiff_code_rows rows,
                                  const skiff_code_form *form, int8_t *restrict codes, uint16_t *restrict scales,
                                  int8_t *restrict zero_points, skiff_code_sums *restrict sums) {
  size_t column = rows.column, block = 0, most = skiff_min(rows.size, rows.length);
  for (size_t first = 0; first < count;) {
    // Blocks of one length follow each other up to the end of the row, or of all rows.
    size_t rest = rows.length % most == 0 ? count - first : skiff_min(rows.length - column, count - first);
    size_t size = skiff_min(most, rest), number = size > SHORT ? 1 : skiff_min(LANES, rest / size);
    if (size == USUAL && number == LANES) {
      encode_short(LANES, USUAL, weights + first, form, codes + first, scales + block, zero_points + block, sums);
    } else if (size <= SHORT) {
      encode_short(number, size, weights + first, form, codes + first, scales + block, zero_points + block, sums);
    } else {
      encode_long(size, weights + first, form, codes + first, scales + block, zero_points + block, sums);
    }
    block += number;
    first += number * size;
    column = (column + number * size) % rows.length;
  }
}
SKIFF_EACH_LEVEL(f32_encode_blocks,
                 (size_t count, const float *weights, skiff_code_rows rows, const skiff_code_form *form,
                  int8_t *codes, uint16_t *scales, int8_t *zero_points, skiff_code_sums *sums),
                 (count, weights, rows, form, codes, scales, zero_points, sums))
