/* The claims map: deterministic CBOR with integer keys, exact lengths, nothing unknown. */
#include <redoubt/tee.h>

#include <redoubt/codec.h>

#define HASH RD_SHA256_LEN
#define QUERY_MAX 128u
#define MISSING_MAX 0x1ffu /* enum rd_sandbox_layer: all bits known today */

/* Which claims a map has, in the order of their encodings. */
struct field {
	int64_t key;
	size_t offset; /* of the view in struct rd_claims */
	size_t len;
	bool launcher;   /* only the launcher may say it */
	bool no_receipt; /* absent in receipts */
};

#define FIELD(key, member, len, launcher, no_receipt) \
	{ \
		key, offsetof(struct rd_claims, member), len, launcher, no_receipt \
	}
static const struct field fields[] = {
	FIELD(RD_CLAIM_EAT_NONCE, nonce, HASH, false, false),
	FIELD(RD_CLAIM_ROOM_HASH, room_hash, HASH, false, false),
	FIELD(RD_CLAIM_PARAMETERS_HASH, parameters_hash, HASH, false, false),
	FIELD(RD_CLAIM_E_SIGN, e_sign, RD_ED25519_LEN, false, false),
	FIELD(RD_CLAIM_E_KEM, e_kem, RD_X25519_LEN, false, false),
	FIELD(RD_CLAIM_SPKI_HASH, spki_hash, HASH, false, true),
	FIELD(RD_CLAIM_BINDING, binding, HASH, false, false),
	FIELD(RD_CLAIM_MEASUREMENT, measurement, RD_MEASUREMENT_LEN, true, false),
	FIELD(RD_CLAIM_LAUNCH_CONFIG, launch_config, HASH, true, false),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct field *field_of(int64_t key)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].key == key)
			return &fields[i];
	return NULL;
}

static const struct rd_view *member(const struct rd_claims *c, const struct field *f)
{
	return (const struct rd_view *)((const char *)c + f->offset);
}

static bool absent(const struct rd_claims *c, const struct field *f)
{
	return (f->launcher && !c->has_launch) || (f->no_receipt && c->role == RD_ROLE_RECEIPT);
}

static bool check(const struct rd_claims *c, struct rd_err *err)
{
	if (c->role != RD_ROLE_BROKER && c->role != RD_ROLE_RECEIPT)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.claims.form",
			       "claims: role %d; broker (1) and receipt (3) are known",
			       (int)c->role);
	if (!c->query.len || c->query.len > QUERY_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.claims.form",
			       "claims: a query's name has 1 to %u bytes, not %zu", QUERY_MAX,
			       c->query.len);
	for (size_t i = 0; i < FIELDS; i++) {
		size_t want = absent(c, &fields[i]) ? 0 : fields[i].len;

		if (member(c, &fields[i])->len != want)
			return rd_fail(err, RD_FAULT_MALFORMED, "tee.claims.form",
				       "claims: claim %lld has %zu bytes, expected %zu",
				       (long long)fields[i].key, member(c, &fields[i])->len, want);
	}
	if (c->sandbox_missing > MISSING_MAX || (!c->has_launch && c->sandbox_missing))
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.claims.form",
			       "claims: sandbox.missing is 0x%x", c->sandbox_missing);
	/* A receipt's evidence answers no challenge: it stands for its payload. */
	if (c->role == RD_ROLE_RECEIPT && !rd_view_eq(c->nonce, c->binding))
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.claims.form",
			       "claims: a receipt's nonce and binding are both the hash of its "
			       "payload, and differ here");
	return true;
}

/* In order of the keys' encodings: 10, 265, -65537, -65538, ... */
static void put_one(const struct rd_claims *c, int64_t key, struct rd_buf *out)
{
	const struct field *f = field_of(key);

	if (f && absent(c, f))
		return;
	if (key == RD_CLAIM_SANDBOX_MISSING && !c->has_launch)
		return;
	rd_cbor_put_int(out, key);
	if (f)
		rd_cbor_put_bytes(out, *member(c, f));
	else if (key == RD_CLAIM_EAT_PROFILE)
		rd_cbor_put_str(out, RD_EAT_PROFILE);
	else if (key == RD_CLAIM_ROLE)
		rd_cbor_put_uint(out, (uint64_t)c->role);
	else if (key == RD_CLAIM_QUERY)
		rd_cbor_put_text(out, c->query);
	else
		rd_cbor_put_uint(out, c->sandbox_missing);
}

bool rd_claims_encode(const struct rd_claims *claims, struct rd_buf *out, struct rd_err *err)
{
	uint64_t pairs =
		13 - (claims->has_launch ? 0u : 3u) - (claims->role == RD_ROLE_RECEIPT ? 1u : 0u);

	if (!check(claims, err))
		return false;
	rd_cbor_put_map(out, pairs);
	put_one(claims, RD_CLAIM_EAT_NONCE, out);
	put_one(claims, RD_CLAIM_EAT_PROFILE, out);
	for (int64_t key = RD_CLAIM_ROLE; key >= RD_CLAIM_SANDBOX_MISSING; key--)
		put_one(claims, key, out);
	return rd_buf_ok(out, err);
}

static void read_one(struct rd_cbor_reader *r, int64_t key, struct rd_claims *c, bool *has_mask)
{
	const struct field *f = field_of(key);

	if (f) {
		*(struct rd_view *)((char *)c + f->offset) = rd_cbor_read_bytes(r, f->len, f->len);
		c->has_launch = c->has_launch || f->launcher;
	} else if (key == RD_CLAIM_EAT_PROFILE) {
		rd_cbor_expect_text(r, RD_EAT_PROFILE);
	} else if (key == RD_CLAIM_ROLE) {
		c->role = (enum rd_role)rd_cbor_read_uint(r, RD_ROLE_RECEIPT);
	} else if (key == RD_CLAIM_QUERY) {
		c->query = rd_cbor_read_text(r, 1, QUERY_MAX);
	} else if (key == RD_CLAIM_SANDBOX_MISSING) {
		c->sandbox_missing = (uint32_t)rd_cbor_read_uint(r, MISSING_MAX);
		*has_mask = true;
	} else {
		rd_cbor_complain(r, "tee.claims.form", "a claim that is not known");
	}
}

bool rd_claims_decode(struct rd_view bytes, struct rd_claims *out, struct rd_err *err)
{
	struct rd_claims c = { 0 };
	struct rd_cbor_reader r;
	bool has_mask = false, has_profile = false;
	uint32_t pairs;

	if (bytes.len > RD_CLAIMS_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.claims.form",
			       "claims: %zu bytes, at most %u", bytes.len, RD_CLAIMS_MAX);
	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
	pairs = rd_cbor_enter_map(&r, 13);
	for (uint32_t i = 0; i < pairs && !r.failed; i++) {
		int64_t key = rd_cbor_read_int(&r, -70000, 70000);

		has_profile = has_profile || key == RD_CLAIM_EAT_PROFILE;
		read_one(&r, key, &c, &has_mask);
	}
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "claims");
	if (!has_profile || has_mask != c.has_launch)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.claims.form",
			       "claims: the profile, or one of the launcher's claims, is missing");
	if (!check(&c, err))
		return false;
	*out = c;
	return true;
}

/* ---- bindings
 * ------------------------------------------------------------------------------------ */

bool rd_claims_binding(enum rd_role role, struct rd_view transcript, struct rd_view exporter,
		       uint8_t out[RD_SHA256_LEN], struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf buf;

	rd_buf_init(&buf, 256);
	if (transcript.len != HASH || exporter.len != HASH)
		return rd_fail(err, RD_FAULT_USAGE, "tee.claims.form",
			       "a binding is over 32 bytes of transcript and 32 of exporter");
	rd_cbor_put_array(&buf, 4);
	rd_cbor_put_str(&buf, "redoubt-binding-v1");
	rd_cbor_put_uint(&buf, (uint64_t)role);
	rd_cbor_put_bytes(&buf, transcript);
	rd_cbor_put_bytes(&buf, exporter);
	return rd_buf_ok(&buf, err) && rd_sha256(rd_buf_view(&buf), out, err);
}

static bool digest_claims(enum rd_hash hash, struct rd_view claims, uint8_t *out,
			  struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf buf;
	struct rd_view whole;

	rd_buf_init(&buf, RD_CLAIMS_MAX + 64);
	rd_cbor_put_array(&buf, 2);
	rd_cbor_put_str(&buf, "redoubt-evidence-v1");
	rd_cbor_put_bytes(&buf, claims);
	if (!rd_buf_ok(&buf, err))
		return false;
	whole = rd_buf_view(&buf);
	return rd_hash_parts(hash, &whole, 1, out, err);
}

bool rd_claims_report_data(struct rd_view claims, uint8_t out[RD_REPORT_DATA_LEN],
			   struct rd_err *err)
{
	return digest_claims(RD_HASH_SHA512, claims, out, err);
}

bool rd_claims_match(struct rd_view claims, struct rd_view report_data, struct rd_err *err)
{
	uint8_t want[RD_SHA512_LEN];
	enum rd_hash hash = report_data.len == RD_SHA256_LEN ? RD_HASH_SHA256 : RD_HASH_SHA512;

	if (report_data.len != RD_SHA256_LEN && report_data.len != RD_REPORT_DATA_LEN)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.report_data",
			       "report data of %zu bytes, expected 64 or 32", report_data.len);
	if (!digest_claims(hash, claims, want, err))
		return false;
	if (!rd_view_eq(rd_view_of(want, report_data.len), report_data))
		return rd_fail(err, RD_FAULT_REFUSED, "tee.report_data",
			       "the evidence is about other claims than those that came with it");
	return true;
}

bool rd_tee_launch_config(struct rd_view description, uint32_t missing, uint8_t out[RD_SHA256_LEN],
			  struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf buf;

	rd_buf_init(&buf, 16384);
	rd_cbor_put_array(&buf, 3);
	rd_cbor_put_str(&buf, "redoubt-launch-v1");
	rd_cbor_put_bytes(&buf, description);
	rd_cbor_put_uint(&buf, missing);
	return rd_buf_ok(&buf, err) && rd_sha256(rd_buf_view(&buf), out, err);
}
