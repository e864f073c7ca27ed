// What the C library has and its module for Swift lacks.

#ifndef SKIFF_SYSTEM_H
#define SKIFF_SYSTEM_H

#include <stddef.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
int sync_file_range(int file, long long offset, long long count, unsigned flags);
#endif

// Lets the system begin to store a part of a file while the rest of it is written; a file system may do nothing.
static inline void skiff_begin_storing(int file, long long offset, long long count) {
#ifdef __linux__
  enum { begin_and_return = 2 };
  sync_file_range(file, offset, count, begin_and_return);
#endif
}

// Asks for huge pages in a block of memory that nothing was written to yet.
static inline void skiff_prefer_huge_pages(void *memory, size_t size) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t begin = ((size_t)memory + page - 1) / page * page, end = ((size_t)memory + size) / page * page;
  if (begin < end) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#endif
}

// Lets all threads take memory from one place, so that what one of them gave back is there for the others, and gives large
// blocks back to the system at once, whose places others seldom fit into.
static inline void skiff_set_up_allocator(void) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
#endif
}

#endif
