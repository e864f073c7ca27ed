// Run-time choice of kernels. A function with a faster form asks for the level each time: a load and a branch.

#ifndef SKIFF_DISPATCH_H
#define SKIFF_DISPATCH_H

#include "include/CKernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define SKIFF_X86 1
#define SKIFF_AVX2 __attribute__((target("avx2,fma")))
#define SKIFF_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")))
#include <immintrin.h>
#define SKIFF_HAS_AVX2 (skiff_kernels_level() >= skiff_avx2)
#define SKIFF_HAS_AVX512 (skiff_kernels_level() >= skiff_avx512)
#else
#define SKIFF_X86 0
#endif

// Makes skiff_NAME of the plain loops in NAME_body, which the compiler vectorizes for each level.
#define SKIFF_BODY static inline __attribute__((always_inline)) void
#if SKIFF_X86
#define SKIFF_EACH_LEVEL(NAME, PARAMETERS, ARGUMENTS)                                                      \
  SKIFF_AVX512 static void NAME##_avx512 PARAMETERS { NAME##_body ARGUMENTS; }                             \
  SKIFF_AVX2 static void NAME##_avx2 PARAMETERS { NAME##_body ARGUMENTS; }                                 \
  static void NAME##_portable PARAMETERS { NAME##_body ARGUMENTS; }                                        \
  void skiff_##NAME PARAMETERS {                                                                           \
    (SKIFF_HAS_AVX512 ? NAME##_avx512 : SKIFF_HAS_AVX2 ? NAME##_avx2 : NAME##_portable) ARGUMENTS;         \
  }
#else
#define SKIFF_EACH_LEVEL(NAME, PARAMETERS, ARGUMENTS)                                                      \
  void skiff_##NAME PARAMETERS { NAME##_body ARGUMENTS; }
#endif

static inline size_t skiff_min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t skiff_round_up(size_t a, size_t multiple) { return (a + multiple - 1) / multiple * multiple; }

typedef struct {
  size_t begin, end;
} skiff_range;

// What of `total` steps belongs to a part.
static inline skiff_range skiff_share(size_t total, skiff_part part) {
  size_t each = total / part.count, more = total % part.count;
  size_t begin = part.index * each + skiff_min(part.index, more);
  return (skiff_range){begin, begin + each + (part.index < more)};
}

#endif
