/* codec, inside: what the CBOR reader and writer share. */
#ifndef RD_CODEC_INT_H
#define RD_CODEC_INT_H

#include <redoubt/codec.h>

/* The bits of the one NaN of the deterministic encoding (RFC 8949 4.2.2). */
#define RD_CBOR_NAN 0x7ff8000000000000

#endif
