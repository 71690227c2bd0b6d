/* COSE_Sign1 (RFC 9052 section 4.2 and 4.4) and CMW records: see redoubt/codec.h. */
#include "codec_int.h"

#include <string.h>

#define TAG_SIGN1 18
#define TAG_CWT 61
#define HEADER_ALG 1
#define HEADER_CRIT 2
#define HEADER_CONTENT_TYPE 3
#define TYPE_MAX 64
#define PAYLOAD_MAX ((size_t)64 << 20)
#define HEADERS_MAX 65536
#define EMPTY_MAP 0xa0

/* {1: EdDSA, 3: "application/redoubt-<type>"} */
static void put_protected(struct rd_view content_type, struct rd_buf *out)
{
	rd_cbor_put_map(out, 2);
	rd_cbor_put_uint(out, HEADER_ALG);
	rd_cbor_put_int(out, RD_COSE_EDDSA);
	rd_cbor_put_uint(out, HEADER_CONTENT_TYPE);
	rd_cbor_put_text(out, content_type);
}

static bool own_protected(const char *type, struct rd_buf *out, struct rd_err *err)
{
	struct rd_buf name RD_AUTO(rd_buf_free) = { 0 };

	rd_buf_init(&name, TYPE_MAX);
	rd_buf_printf(&name, "application/redoubt-%s", type);
	put_protected(rd_buf_view(&name), out);
	return rd_buf_ok(&name, err) && rd_buf_ok(out, err);
}

static bool own_aad(const char *type, struct rd_buf *out, struct rd_err *err)
{
	rd_buf_printf(out, "redoubt-%s-v1", type);
	return rd_buf_ok(out, err);
}

/* Sig_structure of RFC 9052 section 4.4. */
static bool to_be_signed(struct rd_view protected_bytes, struct rd_view external_aad,
			 struct rd_view payload, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 4);
	rd_cbor_put_str(out, "Signature1");
	rd_cbor_put_bytes(out, protected_bytes);
	rd_cbor_put_bytes(out, external_aad);
	rd_cbor_put_bytes(out, payload);
	return rd_buf_ok(out, err);
}

/* Tag 18, the header, nothing unprotected, the payload inside. */
struct signing {
	struct rd_view header, external_aad, payload;
	const struct rd_secret *seed;
};

static bool put_signed(const struct signing *s, struct rd_buf *out, struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { 0 };
	uint8_t signature[RD_ED25519_SIG_LEN];

	rd_buf_init(&text, PAYLOAD_MAX + 1024);
	if (!to_be_signed(s->header, s->external_aad, s->payload, &text, err) ||
	    !rd_ed25519_sign(s->seed, rd_buf_view(&text), signature, err))
		return false;
	rd_cbor_put_tag(out, TAG_SIGN1);
	rd_cbor_put_array(out, 4);
	rd_cbor_put_bytes(out, s->header);
	rd_cbor_put_map(out, 0);
	rd_cbor_put_bytes(out, s->payload);
	rd_cbor_put_bytes(out, rd_view_of(signature, sizeof(signature)));
	return rd_buf_ok(out, err);
}

bool rd_cose_sign(const char *type, struct rd_view payload, const struct rd_secret *ed25519_seed,
		  struct rd_buf *out, struct rd_err *err)
{
	struct rd_buf header RD_AUTO(rd_buf_free) = { 0 }, aad RD_AUTO(rd_buf_free) = { 0 };

	rd_buf_init(&header, 256);
	rd_buf_init(&aad, 256);
	return own_protected(type, &header, err) && own_aad(type, &aad, err) &&
	       put_signed(&(struct signing){ rd_buf_view(&header), rd_buf_view(&aad), payload,
					     ed25519_seed },
			  out, err);
}

bool rd_cose_sign_for_others(struct rd_view content_type, struct rd_view payload,
			     const struct rd_secret *ed25519_seed, struct rd_buf *out,
			     struct rd_err *err)
{
	struct rd_buf header RD_AUTO(rd_buf_free) = { 0 };

	rd_buf_init(&header, 256);
	put_protected(content_type, &header);
	return rd_buf_ok(&header, err) &&
	       put_signed(&(struct signing){ rd_buf_view(&header), rd_view_of(NULL, 0), payload,
					     ed25519_seed },
			  out, err);
}

/* Takes apart an object of our own; its protected header must be the one of `type`. */
static bool parse_own(const char *type, struct rd_view object, struct rd_cose_sign1 *out,
		      struct rd_err *err)
{
	struct rd_buf header RD_AUTO(rd_buf_free) = { 0 };
	struct rd_cbor_reader r;

	rd_buf_init(&header, 256);
	if (!own_protected(type, &header, err))
		return false;
	rd_cbor_read_init(&r, object, RD_CBOR_STRICT);
	(void)rd_cbor_read_tag(&r);
	rd_cbor_enter_array(&r, 4);
	out->protected_bytes = rd_cbor_read_bytes(&r, 1, 256);
	(void)rd_cbor_enter_map(&r, 0);
	rd_cbor_leave(&r);
	out->payload = rd_cbor_read_bytes(&r, 0, PAYLOAD_MAX);
	out->signature = rd_cbor_read_bytes(&r, RD_ED25519_SIG_LEN, RD_ED25519_SIG_LEN);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "signed %s", type);
	if (!rd_view_eq(out->protected_bytes, rd_buf_view(&header)))
		return rd_fail(err, RD_FAULT_MALFORMED, "codec.cose.type",
			       "signed as something else than a %s", type);
	out->alg = RD_COSE_EDDSA;
	return true;
}

bool rd_cose_verify(const char *type, struct rd_view object, struct rd_view public_key,
		    struct rd_view *payload, struct rd_err *err)
{
	struct rd_buf aad RD_AUTO(rd_buf_free) = { 0 };
	struct rd_cose_sign1 sign1 = { 0 };

	rd_buf_init(&aad, 256);
	if (!parse_own(type, object, &sign1, err) || !own_aad(type, &aad, err))
		return false;
	if (!rd_cose_check(&sign1, rd_buf_view(&aad), public_key, err))
		return rd_wrap(err, "signed %s", type);
	*payload = sign1.payload;
	return true;
}

bool rd_cose_peek(const char *type, struct rd_view object, struct rd_view *payload,
		  struct rd_err *err)
{
	struct rd_cose_sign1 sign1 = { 0 };

	if (!parse_own(type, object, &sign1, err))
		return false;
	*payload = sign1.payload;
	return true;
}

/* The algorithm of a header; 0 where it names none as a number. */
static bool header_alg(struct rd_view header, int64_t *alg, struct rd_err *err)
{
	struct rd_cbor_reader r;

	*alg = 0;
	if (header.len == 0)
		return true;
	rd_cbor_read_init(&r, header, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, 64);
	while (rd_cbor_more(&r)) {
		struct rd_view label = rd_cbor_read_item(&r);
		enum rd_cbor_kind kind = rd_cbor_peek(&r);

		/* RFC 9052 3.1: what is marked critical and not understood refuses the object. */
		if (label.len == 1 && label.data[0] == HEADER_CRIT)
			rd_cbor_complain(&r, "codec.cose.crit", "critical headers are not known");
		if (label.len == 1 && label.data[0] == HEADER_ALG &&
		    (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT))
			*alg = rd_cbor_read_int(&r, INT32_MIN, INT32_MAX);
		else
			(void)rd_cbor_read_item(&r);
	}
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "header");
}

/* No tag, 18, or 18 inside the one of a CWT (RFC 8392 section 6). */
static bool check_tag(struct rd_cbor_reader *r, struct rd_err *err)
{
	/* COSE_Encrypt0, Mac0, Encrypt, Mac and Sign. */
	static const uint64_t others[] = { 16, 17, 96, 97, 98 };
	uint64_t tag = TAG_SIGN1;

	if (rd_cbor_peek(r) == RD_CBOR_TAG)
		tag = rd_cbor_read_tag(r);
	if (tag == TAG_CWT && rd_cbor_peek(r) == RD_CBOR_TAG)
		tag = rd_cbor_read_tag(r);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (tag == others[i])
			return rd_fail(err, RD_FAULT_REFUSED, "codec.cose.unsupported",
				       "COSE of tag %llu: only COSE_Sign1 (18) is verified here",
				       (unsigned long long)tag);
	return tag == TAG_SIGN1 || rd_fail(err, RD_FAULT_MALFORMED, "codec.cose.type",
					   "the tag is not that of a COSE_Sign1 (18)");
}

bool rd_cose_parse(struct rd_view object, struct rd_cose_sign1 *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	memset(out, 0, sizeof(*out));
	rd_cbor_read_init(&r, object, RD_CBOR_TOLERANT);
	if (!check_tag(&r, err))
		return false;
	(void)rd_cbor_enter_array_upto(&r, 4, 4);
	out->protected_bytes = rd_cbor_read_bytes(&r, 0, HEADERS_MAX);
	if (rd_cbor_peek(&r) != RD_CBOR_MAP)
		rd_cbor_complain(&r, "codec.cbor.type", "the unprotected header is no map");
	out->unprotected = rd_cbor_read_item(&r);
	if (rd_cbor_at_null(&r))
		return rd_fail(err, RD_FAULT_REFUSED, "codec.cose.unsupported",
			       "COSE_Sign1: its payload is not in it");
	out->payload = rd_cbor_read_bytes(&r, 0, PAYLOAD_MAX);
	out->signature = rd_cbor_read_bytes(&r, 1, 1024);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "COSE_Sign1");
	/* RFC 9052 section 3: an empty map may stand for no protected header, and is then signed
	 * as none. */
	if (out->protected_bytes.len == 1 && out->protected_bytes.data[0] == EMPTY_MAP)
		out->protected_bytes.len = 0;
	return header_alg(out->protected_bytes, &out->alg, err) &&
	       (out->alg || header_alg(out->unprotected, &out->alg, err));
}

static bool check_signature(const struct rd_cose_sign1 *sign1, struct rd_view text,
			    struct rd_view key, struct rd_err *err)
{
	switch (sign1->alg) {
	case RD_COSE_EDDSA:
		return rd_ed25519_verify(key, text, sign1->signature, err);
	case RD_COSE_ES256:
		return rd_ecdsa_verify(key, RD_HASH_SHA256, text, sign1->signature, err);
	case RD_COSE_ES384:
		return rd_ecdsa_verify(key, RD_HASH_SHA384, text, sign1->signature, err);
	case RD_COSE_ES512:
		return rd_ecdsa_verify(key, RD_HASH_SHA512, text, sign1->signature, err);
	default:
		return rd_fail(err, RD_FAULT_REFUSED, "codec.cose.alg",
			       "signature algorithm %lld is not one of EdDSA, ES256, ES384, ES512",
			       (long long)sign1->alg);
	}
}

bool rd_cose_to_be_signed(const struct rd_cose_sign1 *sign1, struct rd_view external_aad,
			  struct rd_buf *out, struct rd_err *err)
{
	return to_be_signed(sign1->protected_bytes, external_aad, sign1->payload, out, err);
}

bool rd_cose_check(const struct rd_cose_sign1 *sign1, struct rd_view external_aad,
		   struct rd_view key, struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = RD_COSE_TEXT_MAX };

	return rd_cose_to_be_signed(sign1, external_aad, &text, err) &&
	       check_signature(sign1, rd_buf_view(&text), key, err);
}

/* ---- CMW ------------------------------------------------------------------------------------- */

bool rd_cmw_put(struct rd_buf *out, const char *content_type, struct rd_view value,
		struct rd_err *err)
{
	rd_cbor_put_array(out, 2);
	rd_cbor_put_str(out, content_type);
	rd_cbor_put_bytes(out, value);
	return rd_buf_ok(out, err);
}

bool rd_cmw_get(struct rd_view cmw, struct rd_view *content_type, struct rd_view *value,
		struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, cmw, RD_CBOR_STRICT);
	if (rd_cbor_enter_array_upto(&r, 2, 3) == 3) {
		*content_type = rd_cbor_read_text(&r, 1, 256);
		*value = rd_cbor_read_bytes(&r, 0, PAYLOAD_MAX);
		(void)rd_cbor_read_uint(&r, UINT32_MAX); /* what kind of message: a hint only */
	} else {
		*content_type = rd_cbor_read_text(&r, 1, 256);
		*value = rd_cbor_read_bytes(&r, 0, PAYLOAD_MAX);
	}
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "CMW record");
}
