/* Certificates and revocation lists among the collateral, and what all vendors ask of them. */
#include <redoubt/tee.h>

#include <string.h>

#define WARNINGS_MAX 32u
#define JSON_MAX ((size_t)1 << 20)
#define PERCENT_MAX ((size_t)256 << 10)
#define PEM_CRL "-----BEGIN X509 CRL-----"
#define PERCENT_CERTIFICATE "-----BEGIN%20CERTIFICATE-----"

static void unusable(struct rd_tee_work *w, const struct rd_collateral *piece,
		     const struct rd_err *why)
{
	const char *name = rd_tee_name(w, "%s", piece->name[0] ? piece->name : "collateral");
	struct rd_view found = { 0 };

	/* Many broken pieces do not take the room of what is found later. */
	if (w->out->n_reasons >= WARNINGS_MAX)
		return;
	if (!rd_arena_copy(w->arena, rd_view_str(why->text), &found, w->err))
		w->failed = true;
	rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					     .result = RD_RESULT_WARNING,
					     .code = "tee.collateral",
					     .claim = name,
					     .expected = rd_view_str("something readable"),
					     .found = found });
}

static bool holds(struct rd_view bytes, const char *text)
{
	return bytes.len && memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

static bool add_crl(struct rd_tee_work *w, struct rd_tee_pool *pool, struct rd_view bytes,
		    struct rd_err *err)
{
	if (pool->n_crls == RD_TEE_CRLS_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.crl.form",
			       "more than %u revocation lists", RD_TEE_CRLS_MAX);
	if (!rd_crl_parse(bytes, w->arena, &pool->crl[pool->n_crls], err))
		return false;
	pool->n_crls++;
	return true;
}

/* Every PEM block of a list. */
static bool add_pem_crls(struct rd_tee_work *w, struct rd_tee_pool *pool, struct rd_view text,
			 struct rd_err *err)
{
	const uint8_t *at;

	while (text.len && (at = memmem(text.data, text.len, PEM_CRL, strlen(PEM_CRL))) != NULL) {
		text = rd_view_of(at, text.len - (size_t)(at - text.data));
		if (!add_crl(w, pool, text, err))
			return false;
		text = rd_view_of(at + 1, text.len - 1);
	}
	return true;
}

static void read_plain(struct rd_tee_work *w, struct rd_tee_pool *pool,
		       const struct rd_collateral *piece)
{
	struct rd_err why = { 0 };
	bool der = piece->bytes.len > 2 && piece->bytes.data[0] == RD_DER_SEQUENCE;
	bool certs = holds(piece->bytes, "-----BEGIN CERTIFICATE-----");
	bool crls = holds(piece->bytes, PEM_CRL);
	/* Intel's service gives its lists as hexadecimal of DER. */
	bool hex = piece->bytes.len > 4 && memcmp(piece->bytes.data, "308", 3) == 0;
	bool ok = true;
	uint32_t n = 0;

	if (der || certs) {
		ok = rd_certs_read(piece->bytes, w->arena, pool->cert + pool->n_certs,
				   RD_TEE_CERTS_MAX - pool->n_certs, &n, &why);
		pool->n_certs += ok ? n : 0;
	}
	if (crls)
		ok = add_pem_crls(w, pool, piece->bytes, &why) && ok;
	else if ((der && !ok) || (hex && !certs))
		ok = add_crl(w, pool, piece->bytes, &(struct rd_err){ 0 });
	/* A DER structure may be a key: whoever wants keys looks for them. */
	if (!ok && (certs || crls))
		unusable(w, piece, &why);
}

/* ---- wrapped pieces -------------------------------------------------------------------------- */

/* Certificates as the header of an answer carries them (TCB-Info-Issuer-Chain): percent-encoded.
 * Decoded, each block at the beginning of a line. */
static void read_percent(struct rd_tee_work *w, struct rd_tee_pool *pool,
			 const struct rd_collateral *piece)
{
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = PERCENT_MAX };
	struct rd_collateral plain = *piece;
	struct rd_view rest = piece->bytes, byte;
	struct rd_err why = { 0 };

	while (rest.len) {
		size_t len = 1;

		if (rd_view_starts(rest, rd_view_str(PERCENT_CERTIFICATE)))
			rd_buf_add_byte(&text, '\n');
		if (rest.data[0] == '%' && rest.len > 2 &&
		    rd_unhex(w->arena, rd_view_of(rest.data + 1, 2), &byte, &why)) {
			rd_buf_add(&text, byte);
			len = 3;
		} else {
			rd_buf_add_byte(&text, rest.data[0]);
		}
		rest = rd_view_of(rest.data + len, rest.len - len);
	}
	if (!rd_buf_ok(&text, &why))
		unusable(w, piece, &why);
	else if (!rd_arena_copy(w->arena, rd_buf_view(&text), &plain.bytes, w->err))
		w->failed = true;
	else
		read_plain(w, pool, &plain);
}

static void read_text(struct rd_tee_work *w, struct rd_tee_pool *pool,
		      const struct rd_collateral *piece)
{
	if (holds(piece->bytes, PERCENT_CERTIFICATE))
		read_percent(w, pool, piece);
	else
		read_plain(w, pool, piece);
}

/* Every string of a JSON text may be a piece: "quote collateral" in one file, or saved headers.  A
 * tree of bounded depth (rd_json_parse), so this recursion is too. */
static void read_strings(struct rd_tee_work *w, struct rd_tee_pool *pool, const char *name,
			 const struct rd_doc *doc)
{
	struct rd_collateral piece = { .name = name, .bytes = doc->text };

	if (doc->kind == RD_DOC_SCALAR && doc->quoted)
		read_text(w, pool, &piece);
	for (uint32_t i = 0; doc->kind != RD_DOC_SCALAR && i < doc->n; i++)
		read_strings(w, pool, name, &doc->item[i]);
}

static void read_piece(struct rd_tee_work *w, struct rd_tee_pool *pool,
		       const struct rd_collateral *piece)
{
	struct rd_view text = piece->bytes;
	struct rd_err why = { 0 };
	const struct rd_doc *doc;

	while (text.len && memchr(" \t\r\n", text.data[0], 4))
		text = rd_view_of(text.data + 1, text.len - 1);
	if (text.len == 0 || text.len > JSON_MAX || text.data[0] != '{' ||
	    (!holds(text, "-----BEGIN") && !holds(text, "\"308")))
		read_text(w, pool, piece);
	else if (rd_json_parse(w->arena, "collateral", text, &doc, &why))
		read_strings(w, pool, piece->name, doc);
	else
		unusable(w, piece, &why);
}

struct rd_tee_pool *rd_tee_pool_read(struct rd_tee_work *w)
{
	struct rd_tee_pool *pool = RD_NEW(w->arena, struct rd_tee_pool, w->err);

	if (!pool) {
		w->failed = true;
		return NULL;
	}
	for (uint32_t i = 0; i < w->in->n_collateral; i++)
		read_piece(w, pool, &w->in->collateral[i]);
	return pool;
}

void rd_tee_pool_add(struct rd_tee_work *w, struct rd_tee_pool *pool, struct rd_view bytes)
{
	read_piece(w, pool, &(struct rd_collateral){ .name = "", .bytes = bytes });
}

/* ---- keys ------------------------------------------------------------------------------------ */

struct keys {
	struct rd_view *spki;
	uint32_t n, max;
};

/* A JWK, or a set of them (RFC 7517 section 5): members of other kinds are passed over. */
static bool read_jwks(struct rd_tee_work *w, const struct rd_doc *doc, struct keys *keys,
		      struct rd_err *err)
{
	const struct rd_doc *set = rd_doc_get(doc, "keys");
	bool any = false;

	if (rd_doc_get(doc, "kty")) {
		any = rd_jwk_spki(doc, w->arena, &keys->spki[keys->n], err);
		keys->n += any;
		return any;
	}
	for (uint32_t i = 0; set && set->kind == RD_DOC_LIST && i < set->n; i++) {
		struct rd_err why = { 0 };

		if (keys->n == keys->max || !rd_doc_get(&set->item[i], "kty"))
			continue;
		if (rd_jwk_spki(&set->item[i], w->arena, &keys->spki[keys->n], &why)) {
			keys->n++;
			any = true;
		} else {
			*err = why;
		}
	}
	return any;
}

/* False: the piece is no key at all; *err.code is set if it is one that cannot be used. */
static bool read_keys(struct rd_tee_work *w, struct rd_view bytes, struct keys *keys,
		      struct rd_err *err)
{
	struct rd_err unused = { 0 };
	const struct rd_doc *doc;
	bool ok;

	if (holds(bytes, "-----BEGIN PUBLIC KEY-----"))
		ok = rd_spki_from_pem(bytes, w->arena, &keys->spki[keys->n], err);
	else if (bytes.len && bytes.len < 64 * 1024 && bytes.data[0] == '{' &&
		 rd_json_parse(w->arena, "key", bytes, &doc, &unused))
		return read_jwks(w, doc, keys, err);
	else
		ok = rd_cose_key_spki(bytes, w->arena, &keys->spki[keys->n], &unused);
	keys->n += ok;
	return ok;
}

uint32_t rd_tee_keys(struct rd_tee_work *w, struct rd_view *spki, uint32_t max)
{
	struct keys keys = { .spki = spki, .max = max };

	for (uint32_t i = 0; i < w->in->n_collateral && keys.n < max; i++) {
		const struct rd_collateral *c = &w->in->collateral[i];
		struct rd_err why = { 0 };

		if (c->trusted && !read_keys(w, c->bytes, &keys, &why) && why.code)
			unusable(w, c, &why);
	}
	return keys.n;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool is_own(const struct rd_tee_work *w, const struct rd_cert *anchor)
{
	for (uint32_t i = 0; i < w->in->n_anchors; i++)
		if (rd_view_eq(w->in->anchor[i].spki, anchor->spki))
			return true;
	return false;
}

static void say_dates(struct rd_tee_work *w, const char *claim, bool held, const struct rd_err *why)
{
	if (w->in->now_unix_s < 0)
		rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
						     .result = RD_RESULT_ABSENT,
						     .code = "tee.chain.time",
						     .claim = claim,
						     .expected = rd_view_str("a trusted time"),
						     .found = rd_view_str("none") });
	else
		rd_tee_check_err(w, RD_ASPECT_CRYPTO, held,
				 (struct rd_tee_words){ "tee.chain.time", claim,
							"valid at the time of verification",
							"valid" },
				 why);
}

bool rd_tee_check_chain(struct rd_tee_work *w, const struct rd_tee_chain *chain,
			const struct rd_tee_pool *pool, struct rd_cert_path *out)
{
	uint32_t n = chain->n_roots + w->in->n_anchors;
	struct rd_cert *anchors = RD_NEW_ARRAY(w->arena, struct rd_cert, n + 1, w->err);
	struct rd_cert_path_rules rules = { .anchor = anchors,
					    .n_anchors = n,
					    .pool = pool->cert,
					    .n_pool = pool->n_certs,
					    .now_unix_s = w->in->now_unix_s,
					    .ignore_unknown_critical =
						    chain->ignore_unknown_critical };
	struct rd_err why = { 0 };
	bool ok, dates;

	if (!anchors) {
		w->failed = true;
		return false;
	}
	for (uint32_t i = 0; i < n; i++)
		anchors[i] =
			i < chain->n_roots ? chain->root[i] : w->in->anchor[i - chain->n_roots];
	ok = rd_cert_path_build(chain->leaf, &rules, out, &why);
	dates = ok;
	ok = ok || strcmp(why.code, "crypto.cert.time") == 0;
	rd_tee_check_err(w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ "tee.chain", chain->claim,
						"a path to the vendor's root", "one" },
			 &why);
	if (!ok)
		return false;
	say_dates(w, chain->claim, dates, &why);
	if (is_own(w, out->anchor))
		rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
						     .result = RD_RESULT_WARNING,
						     .code = "tee.anchor.test",
						     .claim = chain->claim,
						     .expected = rd_view_str("the vendor's root"),
						     .found = out->anchor->subject_cn });
	return true;
}

void rd_tee_check_revocation(struct rd_tee_work *w, const struct rd_tee_pool *pool,
			     const struct rd_cert *cert, const struct rd_cert *issuer)
{
	struct rd_reason reason = { .aspect = RD_ASPECT_REVOCATION,
				    .result = RD_RESULT_ABSENT,
				    .code = "tee.crl.absent",
				    .claim = rd_tee_name(w, "%.*s", RD_FMT(cert->subject_cn)),
				    .expected = rd_view_str("a revocation list of its issuer"),
				    .found = rd_view_str("none") };

	/* All lists of the issuer: a newer one may say what an older one, still in its dates, does
	 * not.  One that cannot be used spoils nothing where another can. */
	for (uint32_t i = 0; i < pool->n_crls; i++) {
		struct rd_err why = { 0 };
		bool revoked = true;

		if (!rd_view_eq(pool->crl[i].issuer, issuer->subject))
			continue;
		if (!rd_crl_check(&pool->crl[i], issuer, w->in->now_unix_s, &why) ||
		    !rd_crl_revokes(&pool->crl[i], cert, &revoked, &why)) {
			if (reason.result == RD_RESULT_PASS)
				continue;
			reason.result = RD_RESULT_FAIL;
			reason.code = "tee.crl";
			reason.expected = rd_view_str("signed by its issuer, in its dates");
			if (!rd_arena_copy(w->arena, rd_view_str(why.text), &reason.found, w->err))
				w->failed = true;
			continue;
		}
		reason.result = revoked ? RD_RESULT_FAIL : RD_RESULT_PASS;
		reason.code = revoked ? "tee.revoked" : "tee.crl";
		reason.expected = rd_view_str("not revoked");
		reason.found = rd_view_str(revoked ? "revoked" : "not revoked");
		if (revoked)
			break;
	}
	if (w->in->now_unix_s < 0 && reason.result == RD_RESULT_PASS)
		reason.result = RD_RESULT_ABSENT;
	rd_tee_reason(w, reason);
}
