/* JSON Web Signatures in compact form: RFC 7515, algorithms of RFC 7518 and RFC 8037. */
#include "rats_int.h"

#include <string.h>

#define TEXT_MAX (256u * 1024)

static const struct {
	const char *alg;
	enum rd_signature_form form;
	enum rd_hash hash;
	enum rd_key_kind kind;
} algorithms[] = {
	{ "ES256", RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, RD_KEY_P256 },
	{ "ES384", RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA384, RD_KEY_P384 },
	{ "ES512", RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA512, RD_KEY_P521 },
	{ "EdDSA", RD_SIGNATURE_EDDSA, RD_HASH_SHA512, RD_KEY_ED25519 },
	{ "PS256", RD_SIGNATURE_RSA_PSS, RD_HASH_SHA256, RD_KEY_RSA },
	{ "PS384", RD_SIGNATURE_RSA_PSS, RD_HASH_SHA384, RD_KEY_RSA },
	{ "PS512", RD_SIGNATURE_RSA_PSS, RD_HASH_SHA512, RD_KEY_RSA },
	{ "RS256", RD_SIGNATURE_RSA_PKCS1, RD_HASH_SHA256, RD_KEY_RSA },
	{ "RS384", RD_SIGNATURE_RSA_PKCS1, RD_HASH_SHA384, RD_KEY_RSA },
	{ "RS512", RD_SIGNATURE_RSA_PKCS1, RD_HASH_SHA512, RD_KEY_RSA },
};

static bool malformed(struct rd_err *err, const char *what)
{
	*err = (struct rd_err){ 0 };
	return rd_fail(err, RD_FAULT_MALFORMED, "rats.jws.form", "JWS: %s", what);
}

/* The text up to the next dot, taken off the front. */
static bool part(struct rd_view *rest, struct rd_view *out)
{
	const uint8_t *dot = rest->len ? memchr(rest->data, '.', rest->len) : NULL;

	*out = *rest;
	if (!dot)
		return false;
	out->len = (size_t)(dot - rest->data);
	*rest = rd_view_of(dot + 1, rest->len - out->len - 1);
	return true;
}

bool rd_jws_parse(struct rd_view text, struct rd_arena *arena, struct rd_jws *out,
		  struct rd_err *err)
{
	struct rd_view rest, head, body, header;
	const struct rd_doc *doc, *alg;
	struct rd_jws j = { 0 };

	while (text.len && strchr("\r\n ", text.data[text.len - 1]))
		text.len--;
	rest = text;
	if (text.len > TEXT_MAX || !part(&rest, &head) || !part(&rest, &body))
		return malformed(err, "not three parts between dots");
	j.signing_input = rd_view_of(text.data, head.len + 1 + body.len);
	if (!rd_rats_base64url(head, arena, &header, err) ||
	    !rd_rats_base64url(body, arena, &j.payload, err) ||
	    !rd_rats_base64url(rest, arena, &j.signature, err))
		return malformed(err, "a part is not in base64url");
	if (!rd_json_parse(arena, "header", header, &doc, err))
		return malformed(err, "its header is no JSON");
	alg = rd_doc_get(doc, "alg");
	if (!alg || !alg->quoted)
		return malformed(err, "its header names no algorithm");
	if (rd_doc_get(doc, "crit") || rd_doc_get(doc, "b64"))
		return rd_fail(err, RD_FAULT_REFUSED, "rats.jws.alg",
			       "JWS: its header has parts that must be understood and are not");
	j.alg = alg->text;
	*out = j;
	return true;
}

bool rd_jws_check(const struct rd_jws *jws, struct rd_view spki, struct rd_err *err)
{
	enum rd_key_kind kind;
	uint32_t bits;

	if (!rd_spki_kind(spki, &kind, &bits, err))
		return false;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (!rd_view_eq(jws->alg, rd_view_str(algorithms[i].alg)))
			continue;
		if (algorithms[i].kind != kind)
			return rd_fail(err, RD_FAULT_REFUSED, "rats.jws.alg",
				       "the key is of another kind than %s needs",
				       algorithms[i].alg);
		return rd_signature_verify(spki, algorithms[i].form, algorithms[i].hash,
					   jws->signing_input, jws->signature, err);
	}
	return rd_fail(err, RD_FAULT_REFUSED, "rats.jws.alg",
		       "JWS algorithm '%.*s' is not accepted",
		       (int)(jws->alg.len < 32 ? jws->alg.len : 32), (const char *)jws->alg.data);
}

bool rd_jws_sign(struct rd_view payload, const struct rd_secret *seed, struct rd_buf *out,
		 struct rd_err *err)
{
	uint8_t signature[RD_ED25519_SIG_LEN];
	size_t from = out->len;

	rd_base64url_put(out, rd_view_str("{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}"));
	rd_buf_add_byte(out, '.');
	rd_base64url_put(out, payload);
	if (!rd_buf_ok(out, err) ||
	    !rd_ed25519_sign(seed, rd_view_of(out->data + from, out->len - from), signature, err))
		return false;
	rd_buf_add_byte(out, '.');
	rd_base64url_put(out, rd_view_of(signature, sizeof(signature)));
	return rd_buf_ok(out, err);
}
