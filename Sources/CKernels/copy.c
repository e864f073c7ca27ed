// Copies with strides.

#include <string.h>

#include "dispatch.h"

// A transposition in squares, so that neither side leaves the cache too early.
#define SQUARE 16

#define COPY_PLANE(TYPE)                                                                                     \
  for (size_t y = 0; y < rows; y += SQUARE) {                                                                \
    for (size_t x = 0; x < columns; x += SQUARE) {                                                           \
      for (size_t i = y; i < skiff_min(y + SQUARE, rows); i++) {                                             \
        const char *from = source + (ptrdiff_t)i * form->source_strides[axis];                               \
        char *to = target + (ptrdiff_t)i * form->target_strides[axis];                                       \
        for (size_t j = x; j < skiff_min(x + SQUARE, columns); j++) {                                        \
          *(TYPE *)(to + (ptrdiff_t)j * form->target_strides[axis + 1]) =                                    \
              *(const TYPE *)(from + (ptrdiff_t)j * form->source_strides[axis + 1]);                         \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }

// The last two axes.
static void copy_plane(const skiff_copy_form *form, size_t axis, const char *source, char *target) {
  size_t rows = form->counts[axis], columns = form->counts[axis + 1], size = form->element_size;
  if (form->source_strides[axis + 1] == (ptrdiff_t)size && form->target_strides[axis + 1] == (ptrdiff_t)size) {
    for (size_t row = 0; row < rows; row++) {
      memcpy(target, source, columns * size);
      source += form->source_strides[axis];
      target += form->target_strides[axis];
    }
    return;
  }
  switch (size) {
    case 1: COPY_PLANE(uint8_t) break;
    case 2: COPY_PLANE(uint16_t) break;
    case 4: COPY_PLANE(uint32_t) break;
    default: COPY_PLANE(uint64_t)
  }
}

static void copy_axis(const skiff_copy_form *form, size_t axis, const char *source, char *target) {
  if (axis + 2 == form->axes) {
    copy_plane(form, axis, source, target);
    return;
  }
  for (size_t index = 0; index < form->counts[axis]; index++) {
    copy_axis(form, axis + 1, source, target);
    source += form->source_strides[axis];
    target += form->target_strides[axis];
  }
}

// `axes` is at least 2.
void skiff_copy(const skiff_copy_form *form, const char *source, char *target) { copy_axis(form, 0, source, target); }
