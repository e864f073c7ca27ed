#ifndef SKIFF_CZLIB_SHIM_H
#define SKIFF_CZLIB_SHIM_H

#include <zlib.h>

// inflateInit2 is a macro, which Swift cannot see. A negative window size says raw deflate, as zip stores it.
static inline int skiff_inflate_init_raw(z_streamp stream) { return inflateInit2(stream, -MAX_WBITS); }

#endif
