// SPDX-License-Identifier: Apache-2.0
// The door to zlib. Its two initialisers are macros, which Swift cannot import. Only
// Compression/ZlibStream.swift calls these.
#ifndef MODELD_CZLIB_H
#define MODELD_CZLIB_H

#include <zlib.h>

static inline int czlib_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
static inline int czlib_deflate_init(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}

#endif
