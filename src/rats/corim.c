/* Reference values: draft-ietf-rats-corim (CoRIM with CoMID tags), signed or not. */
#include "rats_int.h"

#include <string.h>

/* Tags that drafts before 03 put around either form, 500 and 502. */
#define TAG_OUTER 500u
#define TAG_SIGNED 502u
#define TAG_CORIM 501u
#define TAG_COMID 506u
#define TAG_COSWID 505u
#define CONTENT_TYPE "application/rim+cbor"
#define TAGS_MAX 64u
#define TRIPLES_MAX 1024u
#define PAIRS_MAX 64u

static void skip_tags(struct rd_cbor_reader *r)
{
	while (rd_cbor_peek(r) == RD_CBOR_TAG)
		(void)rd_cbor_read_tag(r);
}

static int64_t key_of(struct rd_cbor_reader *r)
{
	enum rd_cbor_kind kind = rd_cbor_peek(r);

	if (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT)
		return rd_cbor_read_int(r, INT32_MIN, INT32_MAX);
	(void)rd_cbor_read_item(r);
	return INT64_MAX;
}

/* ---- CoMID ----------------------------------------------------------------------------------- */

/* environment-map {0: class {0 id, 1 vendor, 2 model, ...}, 1: instance, 2: group} */
static void read_environment(struct rd_cbor_reader *r, struct rd_corim_value *v)
{
	(void)rd_cbor_enter_map(r, PAIRS_MAX);
	while (rd_cbor_more(r)) {
		if (key_of(r) != 0 || rd_cbor_peek(r) != RD_CBOR_MAP) {
			(void)rd_cbor_read_item(r);
			continue;
		}
		(void)rd_cbor_enter_map(r, PAIRS_MAX);
		while (rd_cbor_more(r)) {
			int64_t key = key_of(r);

			if (key == 1)
				v->vendor = rd_cbor_read_text(r, 0, 256);
			else if (key == 2)
				v->model = rd_cbor_read_text(r, 0, 256);
			else
				(void)rd_cbor_read_item(r);
		}
		rd_cbor_leave(r);
	}
	rd_cbor_leave(r);
}

static void keep(struct rd_corim *c, const struct rd_corim_value *v)
{
	if (c->n_values < RD_CORIM_VALUES_MAX)
		c->value[c->n_values] = *v;
	c->n_values++;
}

/* [[algorithm, bytes], ...] */
static void read_digests(struct rd_cbor_reader *r, struct rd_corim *c, struct rd_corim_value *v)
{
	(void)rd_cbor_enter_array_upto(r, 1, 16);
	while (rd_cbor_more(r)) {
		rd_cbor_enter_array(r, 2);
		if (rd_cbor_peek(r) == RD_CBOR_UINT)
			v->digest_alg = (uint32_t)rd_cbor_read_uint(r, UINT16_MAX);
		else
			(void)rd_cbor_read_item(r);
		v->digest = rd_cbor_read_bytes(r, 1, 64);
		rd_cbor_leave(r);
		keep(c, v);
	}
	rd_cbor_leave(r);
}

/* integrity-registers {name: digests} */
static void read_registers(struct rd_cbor_reader *r, struct rd_corim *c, struct rd_corim_value v)
{
	(void)rd_cbor_enter_map(r, PAIRS_MAX);
	while (rd_cbor_more(r)) {
		v.key = rd_cbor_read_item(r);
		read_digests(r, c, &v);
	}
	rd_cbor_leave(r);
}

/* measurement-values-map {2: digests, 14: integrity registers, ...} */
static void read_values(struct rd_cbor_reader *r, struct rd_corim *c, struct rd_corim_value v)
{
	(void)rd_cbor_enter_map(r, PAIRS_MAX);
	while (rd_cbor_more(r)) {
		int64_t key = key_of(r);

		if (key == 2)
			read_digests(r, c, &v);
		else if (key == 14 && rd_cbor_peek(r) == RD_CBOR_MAP)
			read_registers(r, c, v);
		else
			(void)rd_cbor_read_item(r);
	}
	rd_cbor_leave(r);
}

/* measurement-map {0: mkey, 1: mval {2: digests, ...}} */
static void read_measurement(struct rd_cbor_reader *r, struct rd_corim *c, struct rd_corim_value v)
{
	(void)rd_cbor_enter_map(r, PAIRS_MAX);
	while (rd_cbor_more(r)) {
		int64_t key = key_of(r);

		if (key == 0) {
			v.key = rd_cbor_read_item(r);
			continue;
		}
		if (key != 1 || rd_cbor_peek(r) != RD_CBOR_MAP) {
			(void)rd_cbor_read_item(r);
			continue;
		}
		read_values(r, c, v);
	}
	rd_cbor_leave(r);
}

/* reference-triples: [[environment, measurement or [measurement, ...]], ...] */
static void read_references(struct rd_cbor_reader *r, struct rd_corim *c)
{
	(void)rd_cbor_enter_array_upto(r, 0, TRIPLES_MAX);
	while (rd_cbor_more(r)) {
		struct rd_corim_value v = { 0 };

		(void)rd_cbor_enter_array_upto(r, 2, 2);
		read_environment(r, &v);
		if (rd_cbor_peek(r) == RD_CBOR_MAP) {
			read_measurement(r, c, v);
		} else {
			(void)rd_cbor_enter_array_upto(r, 0, TRIPLES_MAX);
			while (rd_cbor_more(r))
				read_measurement(r, c, v);
			rd_cbor_leave(r);
		}
		rd_cbor_leave(r);
	}
	rd_cbor_leave(r);
}

/* concise-mid-tag: {1: identity, 4: triples {0: references, ...}}; false: it has no triples. */
static bool read_comid(struct rd_cbor_reader *r, struct rd_corim *c)
{
	bool triples = false;

	(void)rd_cbor_enter_map(r, PAIRS_MAX);
	while (rd_cbor_more(r)) {
		if (key_of(r) != 4 || rd_cbor_peek(r) != RD_CBOR_MAP) {
			(void)rd_cbor_read_item(r);
			continue;
		}
		triples = true;
		(void)rd_cbor_enter_map(r, PAIRS_MAX);
		while (rd_cbor_more(r)) {
			if (key_of(r) == 0)
				read_references(r, c);
			else
				(void)rd_cbor_read_item(r);
		}
		rd_cbor_leave(r);
	}
	rd_cbor_leave(r);
	return triples;
}

/* ---- CoRIM ----------------------------------------------------------------------------------- */

/* Bytes of an encoded tag inside the array: a CoMID, or another kind that is only counted. */
static void read_tag(struct rd_cbor_reader *outer, struct rd_corim *c)
{
	struct rd_cbor_reader r;
	struct rd_view bytes;
	uint64_t tag = 0;
	struct rd_err why = { 0 };

	if (rd_cbor_peek(outer) == RD_CBOR_TAG)
		tag = rd_cbor_read_tag(outer);
	bytes = rd_cbor_peek(outer) == RD_CBOR_BYTES ? rd_cbor_read_bytes(outer, 1, 1u << 20)
						     : rd_cbor_read_item(outer);
	c->n_tags++;
	rd_cbor_read_init(&r, bytes, RD_CBOR_TOLERANT);
	if (tag == 0 && rd_cbor_peek(&r) == RD_CBOR_TAG)
		tag = rd_cbor_read_tag(&r);
	if (tag != TAG_COMID)
		return;
	(void)read_comid(&r, c);
	if (!rd_cbor_finish(&r, &why))
		rd_cbor_complain(outer, "rats.corim.form", "a CoMID that cannot be read");
}

static int64_t read_date(struct rd_cbor_reader *r)
{
	skip_tags(r);
	return (int64_t)rd_cbor_read_uint(r, INT64_MAX);
}

static void read_validity(struct rd_cbor_reader *r, struct rd_corim *c)
{
	(void)rd_cbor_enter_map(r, 8);
	while (rd_cbor_more(r)) {
		int64_t key = key_of(r);

		if (key == 0)
			c->not_before = read_date(r);
		else if (key == 1)
			c->not_after = read_date(r);
		else
			(void)rd_cbor_read_item(r);
	}
	rd_cbor_leave(r);
}

static void read_id(struct rd_cbor_reader *r, struct rd_corim *c)
{
	skip_tags(r);
	c->id_is_text = rd_cbor_peek(r) == RD_CBOR_TEXT;
	c->id = c->id_is_text ? rd_cbor_read_text(r, 1, 256) : rd_cbor_read_bytes(r, 1, 64);
}

/* corim-map {0: id, 1: tags, 3: profile, 4: validity} */
static void read_corim(struct rd_cbor_reader *r, struct rd_corim *c)
{
	(void)rd_cbor_enter_map(r, PAIRS_MAX);
	while (rd_cbor_more(r)) {
		int64_t key = key_of(r);

		if (key == 0) {
			read_id(r, c);
		} else if (key == 1) {
			(void)rd_cbor_enter_array_upto(r, 1, TAGS_MAX);
			while (rd_cbor_more(r))
				read_tag(r, c);
			rd_cbor_leave(r);
		} else if (key == 4 && rd_cbor_peek(r) == RD_CBOR_MAP) {
			read_validity(r, c);
		} else if (key == 3) {
			skip_tags(r);
			if (rd_cbor_peek(r) == RD_CBOR_TEXT)
				c->profile = rd_cbor_read_text(r, 1, 256);
			else
				(void)rd_cbor_read_item(r);
		} else {
			(void)rd_cbor_read_item(r);
		}
	}
	rd_cbor_leave(r);
	if (!c->id.len || !c->n_tags)
		rd_cbor_complain(r, "rats.corim.form", "no id or no tags");
}

static struct rd_view unwrapped(struct rd_view in)
{
	static const uint16_t outer[] = { TAG_OUTER, TAG_SIGNED };

	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++)
		if (in.len > 3 && in.data[0] == 0xd9 && in.data[1] == outer[i] >> 8 &&
		    in.data[2] == (outer[i] & 0xff))
			in = rd_view_of(in.data + 3, in.len - 3);
	return in;
}

bool rd_corim_parse(struct rd_view bytes, struct rd_corim *out, struct rd_err *err)
{
	struct rd_cbor_reader r;
	uint64_t tag = 0;
	bool triples = true;

	*out = (struct rd_corim){ .not_before = -1, .not_after = -1 };
	rd_cbor_read_init(&r, unwrapped(bytes), RD_CBOR_TOLERANT);
	if (rd_cbor_peek(&r) == RD_CBOR_TAG)
		tag = rd_cbor_read_tag(&r);
	if (tag == TAG_CORIM)
		read_corim(&r, out);
	else if (tag == 0 || tag == TAG_COMID)
		triples = read_comid(&r, out);
	else
		return rd_fail(err, RD_FAULT_MALFORMED, "rats.corim.form",
			       "CoRIM: tag %llu, 501 is one", (unsigned long long)tag);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "CoRIM");
	return triples || rd_fail(err, RD_FAULT_REFUSED, "rats.corim.unsupported",
				  "a map without triples: neither CoRIM nor CoMID");
}

/* ---- verify ---------------------------------------------------------------------------------- */

#define HEADER_CONTENT_TYPE 3
#define HEADER_META 8

/* The signed header: content type, and the signature's own validity. */
static bool read_header(struct rd_view header, struct rd_view *type, struct rd_corim *validity,
			struct rd_err *err)
{
	struct rd_cbor_reader r, meta;
	struct rd_view bytes = { 0 };

	*validity = (struct rd_corim){ .not_before = -1, .not_after = -1 };
	rd_cbor_read_init(&r, header, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, PAIRS_MAX);
	while (rd_cbor_more(&r)) {
		int64_t key = key_of(&r);

		if (key == HEADER_CONTENT_TYPE && rd_cbor_peek(&r) == RD_CBOR_TEXT)
			*type = rd_cbor_read_text(&r, 1, 128);
		else if (key == HEADER_META && rd_cbor_peek(&r) == RD_CBOR_BYTES)
			bytes = rd_cbor_read_bytes(&r, 1, 4096);
		else
			(void)rd_cbor_read_item(&r);
	}
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return false;
	if (!bytes.len)
		return true;
	rd_cbor_read_init(&meta, bytes, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&meta, 8);
	while (rd_cbor_more(&meta)) {
		if (key_of(&meta) == 1 && rd_cbor_peek(&meta) == RD_CBOR_MAP)
			read_validity(&meta, validity);
		else
			(void)rd_cbor_read_item(&meta);
	}
	rd_cbor_leave(&meta);
	return rd_cbor_finish(&meta, err);
}

static void check_dates(struct rd_tee_work *w, const char *claim, const struct rd_corim *c)
{
	int64_t now = w->in->now_unix_s;
	bool early = c->not_before >= 0 && now < c->not_before;
	bool late = c->not_after >= 0 && now > c->not_after;

	if (now < 0 || (c->not_before < 0 && c->not_after < 0))
		return;
	rd_tee_check(w, RD_ASPECT_CRYPTO, !early && !late,
		     (struct rd_tee_words){ "rats.corim.time", claim,
					    "valid at the time of verification",
					    early  ? "not yet"
					    : late ? "no longer"
						   : "valid" });
}

static void claims(struct rd_tee_work *w, const struct rd_corim *c)
{
	if (c->id_is_text)
		rd_tee_claim_text(w, "id", c->id);
	else
		rd_tee_claim_bytes(w, "id", c->id);
	if (c->profile.len)
		rd_tee_claim_text(w, "profile", c->profile);
	rd_tee_claim_uint(w, "tags", c->n_tags);
	rd_tee_claim_uint(w, "reference_values", c->n_values);
	for (uint32_t i = 0; i < c->n_values && i < RD_CORIM_VALUES_MAX; i++)
		rd_tee_claim_bytes(w, rd_tee_name(w, "digests.%u", i), c->value[i].digest);
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_corim *c = RD_NEW(arena, struct rd_corim, err);
	struct rd_corim *validity = RD_NEW(arena, struct rd_corim, err);
	struct rd_view type = { 0 };
	struct rd_cose_sign1 sign1;
	struct rd_tee_work w;
	struct rd_view object = unwrapped(in->report);
	/* 18 is the only tag that begins so. */
	bool is_signed = object.len && object.data[0] == 0xD2, right;

	if (!c || !validity)
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	if (!is_signed) {
		if (!rd_corim_parse(object, c, err))
			return false;
		rd_rats_unsigned(&w);
	} else {
		if (!rd_cose_parse(object, &sign1, err) ||
		    !read_header(sign1.protected_bytes, &type, validity, err) ||
		    !rd_corim_parse(sign1.payload, c, err))
			return false;
		if (!rd_rats_check_signer(&w, &sign1, "rats.corim.signature"))
			return false;
		right = rd_view_eq(type, rd_view_str(CONTENT_TYPE));
		rd_tee_check(&w, RD_ASPECT_CRYPTO, right,
			     (struct rd_tee_words){ "rats.corim.type", "content type", CONTENT_TYPE,
						    right ? CONTENT_TYPE : "another" });
		check_dates(&w, "signature", validity);
	}
	check_dates(&w, "reference values", c);
	claims(&w, c);
	if (!rd_rats_claim_payload(&w, is_signed ? sign1.payload : object))
		return false;
	return rd_tee_done(&w);
}

bool rd_corim_open(const struct rd_tee_input *in, bool pinned, struct rd_arena *arena,
		   struct rd_corim *out, struct rd_err *err)
{
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, err);
	struct rd_view object = unwrapped(in->report);
	struct rd_cose_sign1 sign1;

	if (!r || !verify(in, arena, r, err))
		return false;
	for (uint32_t i = 0; i < r->n_reasons; i++) {
		const struct rd_reason *why = &r->reason[i];

		if (why->result == RD_RESULT_FAIL || (!pinned && why->result == RD_RESULT_ABSENT))
			return rd_fail(err, RD_FAULT_REFUSED, why->code,
				       "%s is %.*s, expected %.*s", why->claim, RD_FMT(why->found),
				       RD_FMT(why->expected));
	}
	if (object.data[0] == 0xD2) {
		if (!rd_cose_parse(object, &sign1, err))
			return false;
		object = sign1.payload;
	}
	return rd_corim_parse(object, out, err);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "ids",
	  .claim = "id",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "identities of manifests: text, or a UUID in hexadecimal" },
	{ .key = "profiles",
	  .claim = "profile",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "profiles of manifests" },
	{ .key = "payloads",
	  .claim = "payload_sha256",
	  .kind = RD_RULE_ONE_OF,
	  .len = 32,
	  .help = "manifests by SHA-256" },
	{ 0 },
};

const struct rd_tee rd_rats_corim = {
	.name = "corim",
	.content_type = "application/rim+cbor",
	.rules = rules,
	.verify = verify,
};

/* ---- writing --------------------------------------------------------------------------------- */

#define DIGEST_SHA384 7u

static void put_comid(struct rd_buf *out, const char *id, const char *model,
		      const struct rd_corim_reference *reference, uint32_t n)
{
	rd_cbor_put_map(out, 2);
	rd_cbor_put_uint(out, 1); /* tag identity */
	rd_cbor_put_map(out, 1);
	rd_cbor_put_uint(out, 0);
	rd_cbor_put_str(out, id);
	rd_cbor_put_uint(out, 4); /* triples */
	rd_cbor_put_map(out, 1);
	rd_cbor_put_uint(out, 0); /* reference values */
	rd_cbor_put_array(out, 1);
	rd_cbor_put_array(out, 2);
	rd_cbor_put_map(out, 1); /* environment: class with a model */
	rd_cbor_put_uint(out, 0);
	rd_cbor_put_map(out, 1);
	rd_cbor_put_uint(out, 2);
	rd_cbor_put_str(out, model);
	rd_cbor_put_array(out, n);
	for (uint32_t i = 0; i < n; i++) {
		rd_cbor_put_map(out, 2);
		rd_cbor_put_uint(out, 0);
		rd_cbor_put_str(out, reference[i].name);
		rd_cbor_put_uint(out, 1);
		rd_cbor_put_map(out, 1);
		rd_cbor_put_uint(out, 2);
		rd_cbor_put_array(out, 1);
		rd_cbor_put_array(out, 2);
		rd_cbor_put_uint(out, reference[i].digest.len == RD_SHA256_LEN ? 1 : DIGEST_SHA384);
		rd_cbor_put_bytes(out, reference[i].digest);
	}
}

bool rd_corim_write(const char *id, const char *model, const struct rd_corim_reference *reference,
		    uint32_t n, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf comid = { .max = 1u << 20 };

	for (uint32_t i = 0; i < n; i++)
		if (reference[i].digest.len != RD_SHA384_LEN &&
		    reference[i].digest.len != RD_SHA256_LEN)
			return rd_fail(err, RD_FAULT_USAGE, "rats.corim.digest",
				       "%s: a digest of %zu bytes", reference[i].name,
				       reference[i].digest.len);
	put_comid(&comid, id, model, reference, n);
	if (!rd_buf_ok(&comid, err))
		return false;
	rd_cbor_put_tag(out, TAG_CORIM);
	rd_cbor_put_map(out, 2);
	rd_cbor_put_uint(out, 0);
	rd_cbor_put_str(out, id);
	rd_cbor_put_uint(out, 1);
	rd_cbor_put_array(out, 1);
	rd_cbor_put_tag(out, TAG_COMID);
	rd_cbor_put_bytes(out, rd_buf_view(&comid));
	return rd_buf_ok(out, err);
}
