/* COSE with other people's keys: COSE_Key and JWK to SPKI, and every algorithm that evidence uses.
 */
#include "codec_int.h"

#include <string.h>

#define COORDINATE_MAX 66u

static const struct {
	int64_t cose;
	const char *jwk;
	enum rd_key_kind kind;
	size_t len;
} curves[] = {
	{ 1, "P-256", RD_KEY_P256, 32 },
	{ 2, "P-384", RD_KEY_P384, 48 },
	{ 3, "P-521", RD_KEY_P521, 66 },
};

#define N_CURVES (sizeof(curves) / sizeof(curves[0]))

static bool no_key(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "codec.key", "key: %s", what);
}

static bool from_xy(size_t curve, struct rd_view x, struct rd_view y, struct rd_arena *arena,
		    struct rd_view *spki, struct rd_err *err)
{
	uint8_t point[1 + 2 * COORDINATE_MAX] = { 4 };
	size_t len = curves[curve].len;

	if (x.len != len || y.len != len)
		return no_key(err, "a coordinate has not the length of its curve");
	memcpy(point + 1, x.data, len);
	memcpy(point + 1 + len, y.data, len);
	return rd_spki_from_point(curves[curve].kind, rd_view_of(point, 1 + 2 * len), arena, spki,
				  err);
}

/* ---- COSE_Key (RFC 9053, section 7) ---------------------------------------------------------- */

#define KTY_OKP 1
#define KTY_EC2 2
#define CRV_ED25519 6

struct cose_key {
	int64_t kty, crv;
	struct rd_view x, y;
};

static bool read_cose_key(struct rd_view bytes, struct cose_key *k, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, bytes, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, 32);
	while (rd_cbor_more(&r)) {
		enum rd_cbor_kind kind = rd_cbor_peek(&r);
		int64_t label = 0;

		if (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT)
			label = rd_cbor_read_int(&r, INT32_MIN, INT32_MAX);
		else
			(void)rd_cbor_read_item(&r);
		kind = rd_cbor_peek(&r);
		if (label == 1 && kind == RD_CBOR_UINT)
			k->kty = rd_cbor_read_int(&r, 0, INT32_MAX);
		else if (label == -1 && kind == RD_CBOR_UINT)
			k->crv = rd_cbor_read_int(&r, 0, INT32_MAX);
		else if (label == -2 && kind == RD_CBOR_BYTES)
			k->x = rd_cbor_read_bytes(&r, 1, COORDINATE_MAX);
		else if (label == -3 && kind == RD_CBOR_BYTES)
			k->y = rd_cbor_read_bytes(&r, 1, COORDINATE_MAX);
		else
			(void)rd_cbor_read_item(&r);
	}
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err);
}

bool rd_cose_key_spki(struct rd_view bytes, struct rd_arena *arena, struct rd_view *spki,
		      struct rd_err *err)
{
	struct cose_key k = { 0 };

	if (!read_cose_key(bytes, &k, err))
		return false;
	if (k.kty == KTY_OKP && k.crv == CRV_ED25519)
		return rd_spki_from_ed25519(k.x, arena, spki, err);
	for (size_t i = 0; i < N_CURVES && k.kty == KTY_EC2; i++)
		if (curves[i].cose == k.crv)
			return from_xy(i, k.x, k.y, arena, spki, err);
	return no_key(err, "a COSE_Key of a kind that is not known");
}

/* ---- JWK (RFC 7518, section 6) --------------------------------------------------------------- */

static bool member(const struct rd_doc *jwk, const char *name, struct rd_arena *arena,
		   struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *d = rd_doc_get(jwk, name);

	return d && d->kind == RD_DOC_SCALAR ? rd_base64_decode(d->text, arena, out, err)
					     : no_key(err, "a JWK lacks a part of its key");
}

static bool is(const struct rd_doc *jwk, const char *name, const char *value)
{
	const struct rd_doc *d = rd_doc_get(jwk, name);

	return d && d->kind == RD_DOC_SCALAR && rd_view_eq(d->text, rd_view_str(value));
}

bool rd_jwk_spki(const struct rd_doc *jwk, struct rd_arena *arena, struct rd_view *spki,
		 struct rd_err *err)
{
	struct rd_view a, b;

	if (is(jwk, "kty", "OKP") && is(jwk, "crv", "Ed25519"))
		return member(jwk, "x", arena, &a, err) &&
		       rd_spki_from_ed25519(a, arena, spki, err);
	if (is(jwk, "kty", "RSA"))
		return member(jwk, "n", arena, &a, err) && member(jwk, "e", arena, &b, err) &&
		       rd_spki_from_rsa(a, b, arena, spki, err);
	for (size_t i = 0; i < N_CURVES && is(jwk, "kty", "EC"); i++)
		if (is(jwk, "crv", curves[i].jwk))
			return member(jwk, "x", arena, &a, err) &&
			       member(jwk, "y", arena, &b, err) &&
			       from_xy(i, a, b, arena, spki, err);
	return no_key(err, "a JWK of a kind that is not known");
}

/* ---- signatures ------------------------------------------------------------------------------ */

static const struct {
	int64_t alg;
	enum rd_signature_form form;
	enum rd_hash hash;
	enum rd_key_kind kind; /* 0: by the form alone */
} algorithms[] = {
	{ RD_COSE_ES256, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, RD_KEY_P256 },
	{ RD_COSE_ES384, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA384, RD_KEY_P384 },
	{ RD_COSE_ES512, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA512, RD_KEY_P521 },
	{ RD_COSE_EDDSA, RD_SIGNATURE_EDDSA, RD_HASH_SHA512, RD_KEY_ED25519 },
	{ RD_COSE_PS256, RD_SIGNATURE_RSA_PSS, RD_HASH_SHA256, RD_KEY_RSA },
	{ RD_COSE_PS384, RD_SIGNATURE_RSA_PSS, RD_HASH_SHA384, RD_KEY_RSA },
	{ RD_COSE_PS512, RD_SIGNATURE_RSA_PSS, RD_HASH_SHA512, RD_KEY_RSA },
};

/* RFC 9053 section 2.1 leaves the curve open: ES512 by a key on P-256 is one, too. */
static bool fits(enum rd_key_kind wanted, enum rd_key_kind key)
{
	bool curve = false, wants_curve = false;

	for (size_t i = 0; i < N_CURVES; i++) {
		curve = curve || curves[i].kind == key;
		wants_curve = wants_curve || curves[i].kind == wanted;
	}
	return wanted == key || (curve && wants_curve);
}

bool rd_cose_check_spki(const struct rd_cose_sign1 *sign1, struct rd_view external_aad,
			struct rd_view spki, struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = RD_COSE_TEXT_MAX };
	enum rd_key_kind kind;
	uint32_t bits;

	if (!rd_spki_kind(spki, &kind, &bits, err) ||
	    !rd_cose_to_be_signed(sign1, external_aad, &text, err))
		return false;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (algorithms[i].alg != sign1->alg)
			continue;
		if (!fits(algorithms[i].kind, kind))
			return rd_fail(err, RD_FAULT_REFUSED, "codec.cose.alg",
				       "the key is of another kind than algorithm %lld needs",
				       (long long)sign1->alg);
		return rd_signature_verify(spki, algorithms[i].form, algorithms[i].hash,
					   rd_buf_view(&text), sign1->signature, err);
	}
	return rd_fail(err, RD_FAULT_REFUSED, "codec.cose.alg",
		       "signature algorithm %lld is not supported", (long long)sign1->alg);
}
