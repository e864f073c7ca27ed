// Run-time choice of kernels. A function with a faster form asks SKIFF_HAS_AVX2 each time: a load and a branch.

#ifndef SKIFF_DISPATCH_H
#define SKIFF_DISPATCH_H

#include "include/CKernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define SKIFF_X86 1
#define SKIFF_AVX2 __attribute__((target("avx2,fma")))
#include <immintrin.h>
#define SKIFF_HAS_AVX2 skiff_kernels_use_avx2()
#else
#define SKIFF_X86 0
#endif

static inline size_t skiff_min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t skiff_round_up(size_t a, size_t multiple) { return (a + multiple - 1) / multiple * multiple; }

#endif
