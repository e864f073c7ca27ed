#include "dispatch.h"

#include <stdatomic.h>

// 0 unknown, 1 portable, 2 AVX2 and FMA.
static atomic_int level;

static int detect(void) {
#if SKIFF_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 2;
#endif
  return 1;
}

bool skiff_kernels_use_avx2(void) {
  int known = atomic_load_explicit(&level, memory_order_relaxed);
  if (known == 0) {
    known = detect();
    atomic_store_explicit(&level, known, memory_order_relaxed);
  }
  return known == 2;
}

void skiff_kernels_set_portable(bool portable) {
  atomic_store_explicit(&level, portable ? 1 : detect(), memory_order_relaxed);
}
