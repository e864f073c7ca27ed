#ifndef SKIFF_CZLIB_SHIM_H
#define SKIFF_CZLIB_SHIM_H

#include <zlib.h>

// These are macros, which Swift cannot see. A negative window size says raw deflate, as zip stores it.
static inline int skiff_inflate_init_raw(z_streamp stream) { return inflateInit2(stream, -MAX_WBITS); }
static inline int skiff_deflate_init_raw(z_streamp stream) {
  return deflateInit2(stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
}

#endif
