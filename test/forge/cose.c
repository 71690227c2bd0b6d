/* COSE_Sign1 by forged keys.  A file of its own: tests of crypto alone do not link codec. */
#include "forge.h"

struct rd_view forge_keep(struct forge *f, struct rd_buf *buf)
{
	struct rd_err err = { 0 };
	struct rd_view out;

	rd_assert(!buf->failed);
	rd_assert(rd_arena_copy(f->arena, rd_buf_view(buf), &out, &err));
	rd_buf_free(buf);
	return out;
}

struct rd_view forge_cose(struct forge *f, const struct forge_cose_spec *spec)
{
	struct rd_buf header = { .max = 1u << 20 }, text = { .max = 1u << 20 },
		      out = { .max = 1u << 20 };
	enum rd_hash hash = spec->alg == RD_COSE_ES384 || spec->alg == RD_COSE_PS384
				    ? RD_HASH_SHA384
			    : spec->alg == RD_COSE_ES512 ? RD_HASH_SHA512
							 : RD_HASH_SHA256;
	enum rd_signature_form form = spec->alg == RD_COSE_EDDSA   ? RD_SIGNATURE_EDDSA
				      : spec->alg <= RD_COSE_PS256 ? RD_SIGNATURE_RSA_PSS
								   : RD_SIGNATURE_ECDSA_RAW;
	struct rd_view protected_header = spec->protected_header;

	if (!protected_header.len) {
		rd_cbor_put_map(&header, 1);
		rd_cbor_put_uint(&header, 1);
		rd_cbor_put_int(&header, spec->alg);
		protected_header = forge_keep(f, &header);
	}
	rd_cbor_put_array(&text, 4);
	rd_cbor_put_str(&text, "Signature1");
	rd_cbor_put_bytes(&text, protected_header);
	rd_cbor_put_bytes(&text, (struct rd_view){ 0 });
	rd_cbor_put_bytes(&text, spec->payload);
	if (spec->tagged)
		rd_cbor_put_tag(&out, 18);
	rd_cbor_put_array(&out, 4);
	rd_cbor_put_bytes(&out, protected_header);
	if (spec->unprotected.len)
		rd_buf_add(&out, spec->unprotected);
	else
		rd_cbor_put_map(&out, 0);
	rd_cbor_put_bytes(&out, spec->payload);
	rd_cbor_put_bytes(&out, forge_sign(f, spec->key, form, hash, forge_keep(f, &text)));
	return forge_keep(f, &out);
}
