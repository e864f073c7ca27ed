#include "dispatch.h"

#include <stdatomic.h>

// 0 until it is asked for.
static atomic_int level;

static skiff_kernel_level detect(void) {
#if SKIFF_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    bool has512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512vnni");
    return has512 ? skiff_avx512 : skiff_avx2;
  }
#endif
  return skiff_portable;
}

skiff_kernel_level skiff_kernels_level(void) {
  int known = atomic_load_explicit(&level, memory_order_relaxed);
  return known ? (skiff_kernel_level)known : skiff_kernels_limit_level(skiff_avx512);
}

skiff_kernel_level skiff_kernels_limit_level(skiff_kernel_level greatest) {
  skiff_kernel_level found = detect();
  found = found < greatest ? found : greatest;
  atomic_store_explicit(&level, found, memory_order_relaxed);
  return found;
}
