/* Anyone's COSE_Sign1, such as the endorsements of a utility VM: by a chain in its header (x5chain,
 * RFC 9360) to one of the policy's anchors, or by a key of the verifier's own. */
#include "rats_int.h"

#include <string.h>

#define HEADER_CONTENT_TYPE 3
#define HEADER_CWT_CLAIMS 15 /* RFC 9597 */
#define HEADER_X5CHAIN 33
#define CLAIM_ISSUER 1
#define CLAIM_SUBJECT 2
#define CHAIN_MAX RD_CERT_PATH_MAX
#define LABEL_MAX 256u
#define NAME_MAX_LEN 1024u

struct headers {
	struct rd_view type, issuer, feed;
	uint32_t n;
	struct rd_view cert[CHAIN_MAX]; /* leaf first */
};

static void read_chain(struct rd_cbor_reader *r, struct headers *h)
{
	if (rd_cbor_peek(r) == RD_CBOR_BYTES) {
		h->cert[h->n++] = rd_cbor_read_bytes(r, 1, RD_CERT_MAX);
		return;
	}
	(void)rd_cbor_enter_array_upto(r, 2, CHAIN_MAX);
	while (rd_cbor_more(r) && h->n < CHAIN_MAX)
		h->cert[h->n++] = rd_cbor_read_bytes(r, 1, RD_CERT_MAX);
	rd_cbor_leave(r);
}

/* {1: issuer, 2: subject, ...} */
static void read_cwt_claims(struct rd_cbor_reader *r, struct headers *h)
{
	(void)rd_cbor_enter_map(r, 64);
	while (rd_cbor_more(r)) {
		enum rd_cbor_kind kind = rd_cbor_peek(r);
		int64_t key = INT64_MAX;

		if (kind == RD_CBOR_UINT)
			key = rd_cbor_read_int(r, 0, INT32_MAX);
		else
			(void)rd_cbor_read_item(r);
		if (key == CLAIM_ISSUER && rd_cbor_peek(r) == RD_CBOR_TEXT)
			h->issuer = rd_cbor_read_text(r, 0, NAME_MAX_LEN);
		else if (key == CLAIM_SUBJECT && rd_cbor_peek(r) == RD_CBOR_TEXT)
			h->feed = rd_cbor_read_text(r, 0, NAME_MAX_LEN);
		else
			(void)rd_cbor_read_item(r);
	}
	rd_cbor_leave(r);
}

static void read_header(struct rd_cbor_reader *r, struct headers *h)
{
	enum rd_cbor_kind kind = rd_cbor_peek(r);
	struct rd_view name = { 0 };
	int64_t key = INT64_MAX;

	if (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT)
		key = rd_cbor_read_int(r, INT32_MIN, INT32_MAX);
	else if (kind == RD_CBOR_TEXT)
		name = rd_cbor_read_text(r, 0, LABEL_MAX);
	else
		(void)rd_cbor_read_item(r);
	kind = rd_cbor_peek(r);
	if (key == HEADER_X5CHAIN && h->n == 0)
		read_chain(r, h);
	else if (key == HEADER_CONTENT_TYPE && kind == RD_CBOR_TEXT)
		h->type = rd_cbor_read_text(r, 1, 256);
	else if (key == HEADER_CWT_CLAIMS && kind == RD_CBOR_MAP)
		read_cwt_claims(r, h);
	else if (rd_view_eq(name, rd_view_str("iss")) && kind == RD_CBOR_TEXT)
		h->issuer = rd_cbor_read_text(r, 0, NAME_MAX_LEN);
	else if (rd_view_eq(name, rd_view_str("feed")) && kind == RD_CBOR_TEXT)
		h->feed = rd_cbor_read_text(r, 0, NAME_MAX_LEN);
	else
		(void)rd_cbor_read_item(r);
}

static bool read_headers(struct rd_view header, struct headers *h, struct rd_err *err)
{
	struct rd_cbor_reader r;

	if (header.len == 0)
		return true;
	rd_cbor_read_init(&r, header, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, 64);
	while (rd_cbor_more(&r))
		read_header(&r, h);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "headers");
}

/* The chain is in the message: it counts for what its root is worth. */
static bool check_chain(struct rd_tee_work *w, const struct rd_cose_sign1 *sign1,
			const struct headers *h, const char *code)
{
	struct rd_tee_pool *pool = RD_NEW(w->arena, struct rd_tee_pool, w->err);
	struct rd_tee_chain chain = { .claim = "x5chain" };
	struct rd_cert_path path;
	struct rd_err why = { 0 };
	bool ok;

	if (!pool)
		return false;
	for (uint32_t i = 0; i < h->n; i++)
		if (!rd_cert_parse(h->cert[i], w->arena, &pool->cert[pool->n_certs++], w->err))
			return rd_wrap(w->err, "x5chain %u", i);
	chain.leaf = &pool->cert[0];
	(void)rd_tee_check_chain(w, &chain, pool, &path);
	ok = rd_cose_check_spki(sign1, (struct rd_view){ 0 }, chain.leaf->spki, &why);
	rd_tee_check_err(w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ code, "signature", "by the leaf of x5chain",
						"by it" },
			 &why);
	rd_rats_check_did(w, h->issuer, chain.leaf, h->cert, h->n);
	rd_tee_claim_text(w, "signer", chain.leaf->subject_cn);
	return true;
}

/* Only what is signed says who signs; a chain may stand beside it (RFC 9360). */
static bool read_both(const struct rd_cose_sign1 *sign1, struct headers *h, struct rd_err *err)
{
	struct headers outer = { 0 };

	if (!read_headers(sign1->protected_bytes, h, err))
		return false;
	if (h->n)
		return true;
	if (!read_headers(sign1->unprotected, &outer, err))
		return false;
	h->n = outer.n;
	memcpy(h->cert, outer.cert, sizeof(h->cert));
	return true;
}

static bool check_signer(struct rd_tee_work *w, const struct rd_cose_sign1 *sign1,
			 const struct headers *h, const char *code)
{
	struct rd_view keys[RD_RATS_KEYS_MAX];

	/* Who names no anchor and gives a key means the key. */
	if (h->n == 0 || (w->in->n_anchors == 0 && rd_tee_keys(w, keys, RD_RATS_KEYS_MAX) > 0)) {
		rd_rats_check_keys(w, rd_rats_check_cose, sign1, code);
		return true;
	}
	return check_chain(w, sign1, h, code);
}

bool rd_rats_check_signer(struct rd_tee_work *w, const struct rd_cose_sign1 *sign1,
			  const char *code)
{
	struct headers h = { 0 };

	return read_both(sign1, &h, w->err) && check_signer(w, sign1, &h, code);
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct headers h = { 0 };
	struct rd_cose_sign1 sign1;
	struct rd_tee_work w;

	if (!rd_cose_parse(in->report, &sign1, err) || !read_both(&sign1, &h, err))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	if (!check_signer(&w, &sign1, &h, "rats.cose.signature"))
		return false;
	if (h.type.len)
		rd_tee_claim_text(&w, "content_type", h.type);
	if (h.issuer.len)
		rd_tee_claim_text(&w, "issuer", h.issuer);
	if (h.feed.len)
		rd_tee_claim_text(&w, "feed", h.feed);
	if (!rd_rats_claim_payload(&w, sign1.payload))
		return false;
	if (sign1.payload.len <= 4096 && rd_utf8_valid(sign1.payload))
		rd_tee_claim_text(&w, "payload", sign1.payload);
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "issuers",
	  .claim = "issuer",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "issuers that the signed header names" },
	{ .key = "feeds",
	  .claim = "feed",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "feeds or subjects that the signed header names" },
	{ .key = "payloads",
	  .claim = "payload_sha256",
	  .kind = RD_RULE_ONE_OF,
	  .len = 32,
	  .help = "payloads by SHA-256" },
	{ .key = "content_types",
	  .claim = "content_type",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "types of the payload" },
	{ .key = "signers",
	  .claim = "signer",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "common names of the signing certificate" },
	{ 0 },
};

const struct rd_tee rd_rats_cose = {
	.name = "cose",
	.content_type = "application/cose; cose-type=\"cose-sign1\"",
	.rules = rules,
	.verify = verify,
};
