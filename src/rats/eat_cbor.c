/* EAT in CBOR: RFC 9711 sections 4 and 5, RFC 8392. */
#include "eat.h"

#include <string.h>

#define TAG_BUNDLE 602u
#define PAIRS_MAX 128u
#define ITEMS_MAX 256u
#define TOKEN_MAX (1u << 20)

static const struct rd_eat_claim *claim_of(int64_t key)
{
	for (const struct rd_eat_claim *c = rd_eat_claims; c->name; c++)
		if (c->key == key)
			return c;
	return NULL;
}

/* Claims of a profile may be named, or be numbers that no claim here has. */
static int64_t read_key(struct rd_cbor_reader *r)
{
	enum rd_cbor_kind kind = rd_cbor_peek(r);

	if (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT)
		return rd_cbor_read_int(r, INT64_MIN, INT64_MAX);
	(void)rd_cbor_read_item(r);
	return INT64_MAX;
}

static void read_nonces(struct rd_eat *e, struct rd_cbor_reader *r, const struct rd_eat_claim *c)
{
	const struct rd_view none = { 0 };

	if (rd_cbor_peek(r) != RD_CBOR_ARRAY) {
		rd_eat_nonce(e, rd_cbor_read_bytes(r, c->min, c->max), none);
		return;
	}
	(void)rd_cbor_enter_array_upto(r, 2, ITEMS_MAX);
	while (rd_cbor_more(r))
		rd_eat_nonce(e, rd_cbor_read_bytes(r, c->min, c->max), none);
	rd_cbor_leave(r);
}

static void read_oem(struct rd_eat *e, struct rd_cbor_reader *r, const struct rd_eat_claim *c)
{
	struct rd_view bytes;

	if (rd_cbor_peek(r) != RD_CBOR_BYTES) {
		int64_t number = rd_cbor_read_int(r, 0, INT64_MAX);

		rd_tee_claim_text(e->w, rd_eat_name(e, c->name),
				  rd_view_str(rd_tee_name(e->w, "%lld", (long long)number)));
		return;
	}
	bytes = rd_cbor_read_bytes(r, c->min, c->max);
	if (bytes.len != c->min && bytes.len != c->max)
		rd_cbor_complain(r, "rats.eat.form", "a maker's id of neither 3 nor 16 bytes");
	rd_tee_claim_text(e->w, rd_eat_name(e, c->name), rd_tee_hex(e->w, bytes));
}

static void read_version(struct rd_eat *e, struct rd_cbor_reader *r, const struct rd_eat_claim *c)
{
	(void)rd_cbor_enter_array_upto(r, 1, 2);
	rd_tee_claim_text(e->w, rd_eat_name(e, c->name), rd_cbor_read_text(r, c->min, c->max));
	if (rd_cbor_more(r) && rd_cbor_peek(r) == RD_CBOR_TEXT)
		(void)rd_cbor_read_text(r, 1, c->max);
	else if (rd_cbor_more(r))
		(void)rd_cbor_read_int(r, INT32_MIN, INT32_MAX);
	rd_cbor_leave(r);
}

static void read_time(struct rd_eat *e, struct rd_cbor_reader *r, const struct rd_eat_claim *c)
{
	int64_t t = (int64_t)rd_cbor_read_uint(r, INT64_MAX);

	rd_eat_claim_time(e, c->key, rd_eat_name(e, c->name), t);
}

/* Something that has to be there, and is not looked into. */
static void read_filled(struct rd_cbor_reader *r, enum rd_cbor_kind kind)
{
	struct rd_view item = rd_cbor_read_item(r);
	struct rd_cbor_reader in;

	rd_cbor_read_init(&in, item, RD_CBOR_TOLERANT);
	if (kind == RD_CBOR_ARRAY)
		(void)rd_cbor_enter_array_upto(&in, 0, ITEMS_MAX);
	else
		(void)rd_cbor_enter_map(&in, ITEMS_MAX);
	if (!rd_cbor_more(&in))
		rd_cbor_complain(r, "rats.eat.form", "a claim of another type, or empty");
}

static void read_submods(struct rd_eat *e, struct rd_cbor_reader *r);

static void read_claim(struct rd_eat *e, struct rd_cbor_reader *r, const struct rd_eat_claim *c)
{
	const char *name = rd_eat_name(e, c->name);

	switch (c->kind) {
	case RD_EAT_IS_BYTES:
		rd_tee_claim_bytes(e->w, name, rd_cbor_read_bytes(r, c->min, c->max));
		return;
	case RD_EAT_IS_TEXT:
		rd_tee_claim_text(e->w, name, rd_cbor_read_text(r, c->min, c->max));
		return;
	case RD_EAT_IS_UINT:
		rd_tee_claim_uint(e->w, name, rd_cbor_read_uint(r, UINT64_MAX));
		return;
	case RD_EAT_IS_BOOL:
		rd_tee_claim_bool(e->w, name, rd_cbor_read_bool(r));
		return;
	case RD_EAT_IS_TIME:
		read_time(e, r, c);
		return;
	case RD_EAT_IS_NONCE:
		read_nonces(e, r, c);
		return;
	case RD_EAT_IS_OEM:
		read_oem(e, r, c);
		return;
	case RD_EAT_IS_VERSION:
		read_version(e, r, c);
		return;
	case RD_EAT_IS_DEBUG:
		rd_eat_debug_claim(e, rd_cbor_read_uint(r, c->max));
		return;
	case RD_EAT_IS_PROFILE:
		if (rd_cbor_peek(r) == RD_CBOR_BYTES)
			rd_tee_claim_bytes(e->w, name, rd_cbor_read_bytes(r, c->min, c->max));
		else
			rd_tee_claim_text(e->w, name, rd_cbor_read_text(r, c->min, c->max));
		return;
	case RD_EAT_IS_USE: {
		uint64_t use = rd_cbor_read_uint(r, c->max);

		if (use < c->min)
			rd_cbor_complain(r, "rats.eat.form", "an intended use that is none");
		else
			rd_tee_claim_text(e->w, name, rd_view_str(rd_eat_uses[use - 1]));
		return;
	}
	case RD_EAT_IS_SUBMODS:
		read_submods(e, r);
		return;
	case RD_EAT_IS_LIST:
		read_filled(r, RD_CBOR_ARRAY);
		return;
	case RD_EAT_IS_MAP:
		read_filled(r, RD_CBOR_MAP);
		return;
	case RD_EAT_IS_ANY:
		(void)rd_cbor_read_item(r);
		return;
	}
}

static void read_claims(struct rd_eat *e, struct rd_cbor_reader *r)
{
	uint32_t n = 0;

	(void)rd_cbor_enter_map(r, PAIRS_MAX);
	while (rd_cbor_more(r)) {
		const struct rd_eat_claim *c = claim_of(read_key(r));

		n++;
		if (c)
			read_claim(e, r, c);
		else
			(void)rd_cbor_read_item(r);
	}
	rd_cbor_leave(r);
	if (n == 0)
		rd_cbor_complain(r, "rats.eat.form", "no claim at all");
}

/* [algorithm, digest]: COSE's numbers or their names. */
static void read_digest(struct rd_eat *e, struct rd_cbor_reader *r, struct rd_view name)
{
	enum rd_hash hash = RD_HASH_SHA256;
	size_t len = RD_SHA256_LEN;
	int64_t alg;
	struct rd_view digest;

	rd_cbor_enter_array(r, 2);
	alg = rd_cbor_read_int(r, INT32_MIN, INT32_MAX);
	if (alg == -43 || alg == -44) {
		hash = alg == -43 ? RD_HASH_SHA384 : RD_HASH_SHA512;
		len = alg == -43 ? RD_SHA384_LEN : RD_SHA512_LEN;
	} else if (alg != -16) {
		rd_cbor_complain(r, "rats.eat.form", "a digest of neither SHA-256, 384 nor 512");
	}
	digest = rd_cbor_read_bytes(r, len, len);
	rd_cbor_leave(r);
	if (!r->failed && !rd_eat_digest(e, name, hash, digest))
		rd_cbor_complain(r, "rats.eat.form", "too many digests");
}

/* A set of claims, a token, or the digest of claims outside. */
static void read_submod(struct rd_eat *e, struct rd_cbor_reader *r, struct rd_view name,
			const char *shown)
{
	const char *outer = e->prefix;

	switch (rd_cbor_peek(r)) {
	case RD_CBOR_MAP:
		if (e->depth == RD_EAT_DEPTH_MAX) {
			rd_cbor_complain(r, "rats.eat.form", "submodules nested too deeply");
			return;
		}
		e->prefix = rd_eat_name(e, rd_tee_name(e->w, "submods.%s", shown));
		e->depth++;
		read_claims(e, r);
		e->depth--;
		e->prefix = outer;
		return;
	case RD_CBOR_ARRAY:
		read_digest(e, r, name);
		return;
	case RD_CBOR_BYTES:
		(void)rd_cbor_read_bytes(r, 1, TOKEN_MAX);
		break;
	default:
		(void)rd_cbor_read_text(r, 1, TOKEN_MAX);
	}
	rd_eat_unread(e, rd_tee_name(e->w, "submods.%s", shown), "a token that was not verified");
}

static void read_submods(struct rd_eat *e, struct rd_cbor_reader *r)
{
	uint32_t number = 0;

	(void)rd_cbor_enter_map(r, RD_EAT_SUBMODS_MAX);
	while (rd_cbor_more(r)) {
		struct rd_view name = rd_cbor_read_text(r, 1, 1024);

		if (name.len)
			read_submod(e, r, name, rd_rats_part_name(e->w, name, number++));
	}
	rd_cbor_leave(r);
	if (number == 0)
		rd_cbor_complain(r, "rats.eat.form", "no submodule");
}

bool rd_eat_cbor(struct rd_eat *e, struct rd_view map)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, map, RD_CBOR_TOLERANT);
	read_claims(e, &r);
	return rd_cbor_finish(&r, e->w->err);
}

/* 602([token, {name: claims}]): a claim of bytes is an encoded set, of a token here the bytes. */
bool rd_eat_cbor_bundle(struct rd_eat *e, struct rd_view bytes)
{
	struct rd_cbor_reader r;
	struct rd_view token;

	rd_cbor_read_init(&r, bytes, RD_CBOR_TOLERANT);
	if (rd_cbor_read_tag(&r) != TAG_BUNDLE)
		return rd_eat_malformed(e->w->err, "bundle", "another tag");
	rd_cbor_enter_array(&r, 2);
	token = rd_cbor_peek(&r) == RD_CBOR_BYTES ? rd_cbor_read_bytes(&r, 1, TOKEN_MAX)
						  : rd_cbor_read_item(&r);
	if (r.failed)
		return rd_cbor_finish(&r, e->w->err);
	if (!rd_eat_token(e, token))
		return false;
	(void)rd_cbor_enter_map(&r, RD_EAT_DIGESTS_MAX);
	while (rd_cbor_more(&r)) {
		struct rd_view name = rd_cbor_read_text(&r, 1, 1024);
		struct rd_view claims = rd_cbor_read_bytes(&r, 1, TOKEN_MAX);

		if (!r.failed && !rd_eat_detached(e, name, claims))
			return false;
	}
	rd_cbor_leave(&r);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, e->w->err);
}
