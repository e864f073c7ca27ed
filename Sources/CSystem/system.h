// What the C library has and its module for Swift lacks.

#ifndef SKIFF_SYSTEM_H
#define SKIFF_SYSTEM_H

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

// Lets all threads take memory from one place, so that what one of them gave back is there for the others.
static inline void skiff_share_memory(void) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
#endif
}

#endif
