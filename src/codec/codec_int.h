/* codec, inside: what the CBOR reader and writer share. */
#ifndef RD_CODEC_INT_H
#define RD_CODEC_INT_H

#include <redoubt/codec.h>

/* The bits of the one NaN of the deterministic encoding (RFC 8949 4.2.2). */
#define RD_CBOR_NAN 0x7ff8000000000000

/* Sig_structure (RFC 9052 section 4.4) of anyone's COSE_Sign1, at the end of a buffer of at least
 * RD_COSE_TEXT_MAX. */
#define RD_COSE_TEXT_MAX (((size_t)64 << 20) + 65536 + 1024)
RD_MUST_USE bool rd_cose_to_be_signed(const struct rd_cose_sign1 *sign1,
				      struct rd_view external_aad, struct rd_buf *out,
				      struct rd_err *err);

#endif
