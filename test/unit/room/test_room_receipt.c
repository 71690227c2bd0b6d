/*
 * A room from its manifest, approvals of it, and receipts of a run: the true one is found true, and
 * each forgery is refused for its own reason.
 */
#include "../../support.h"

#include "channel/session_int.h"

#include <redoubt/room.h>

#include <string.h>

#define MEMORY ((size_t)64 << 20)
#define NOW 1800000000

static struct party {
	struct rd_secret seed;
	uint8_t key[32];
} sign, tls, release, reader, e_sign, e_kem, launcher, stranger;

static struct rd_view key_of(const struct party *p)
{
	return rd_view_of(p->key, 32);
}

/* ---- a room in memory
 * ------------------------------------------------------------------------------- */

static struct rd_buf pem[4], card;

static bool read_file(void *ctx, struct rd_view path, size_t max, struct rd_arena *arena,
		      struct rd_view *out, struct rd_err *err)
{
	static const char *const names[] = { "sign", "tls", "release", "read" };

	(void)ctx;
	(void)max;
	for (int i = 0; i < 4; i++)
		if (rd_view_eq(path, rd_view_str(names[i])))
			return rd_arena_copy(arena, rd_buf_view(&pem[i]), out, err);
	return rd_arena_copy(arena, rd_buf_view(&card), out, err);
}

static void make_files(void)
{
	static uint8_t commitment[2][RD_COMMITMENT_LEN] = { { 1 }, { 2 } };
	struct rd_column column[2] = { { .name = rd_view_str("id"), .type = { .type = RD_INT64 } },
				       { .name = rd_view_str("g"), .type = { .type = RD_TEXT } } };
	struct rd_table_card c = { .id = { .dataset = "visits", .version = 4 },
				   .rows = 9,
				   .schema = { .n = 2, .column = column },
				   .tail_digest = { 5 },
				   .footer_commitment = { 6 },
				   .column_commitment = (const uint8_t(*)[32])commitment };
	struct rd_err err = { 0 };

	for (int i = 0; i < 4; i++)
		rd_buf_init(&pem[i], 4096);
	rd_buf_init(&card, 1 << 16);
	assert_true(rd_pem_ed25519_public(key_of(&sign), &pem[0], &err));
	assert_true(rd_pem_ed25519_public(key_of(&tls), &pem[1], &err));
	assert_true(rd_pem_ed25519_public(key_of(&release), &pem[2], &err));
	assert_true(rd_pem_x25519_public(key_of(&reader), &pem[3], &err));
	assert_true(rd_sha256(key_of(&sign), c.id.owner_key_hash, &err));
	assert_true(rd_table_card_print(&c, &card, &err));
}

struct fixture {
	struct rd_arena *arena;
	struct rd_room room;
	struct rd_buf bytes;
	uint8_t hash[32], parameters[32], plan_hash[32], owner[32], measurement[48];
};

static void fixture_new(struct fixture *f)
{
	const struct rd_room_files files = { .read = read_file };
	struct rd_view key, text;
	struct rd_err err = { 0 };

	memset(f, 0, sizeof(*f));
	assert_true(rd_arena_new(MEMORY, &f->arena, &err));
	assert_true(rd_hex(f->arena, key_of(&launcher), &key, &err));
	assert_true(rd_arena_printf(
		f->arena, &text, &err,
		"room: r\nnot_before: 2026-01-01T00:00:00Z\nexpires: 2036-01-01T00:00:00Z\n"
		"owners: {clinic: {sign: sign, tls: tls, release: release}}\n"
		"tables: {v: {owner: clinic, table: card, person: id, min_persons: 2, columns: "
		"{id: "
		"join, g: group}}}\n"
		"readers: {registry: {read: read}}\n"
		"queries: {q: {sql: SELECT g FROM v GROUP BY g, readers: [registry]}}\n"
		"accept: {level: software, tees: [process], measurements: [{name: e, enclave: "
		"%096d}], platforms: [{name: h, id: %.*s}]}\n",
		0, RD_FMT(key)));
	if (!rd_room_from_yaml(text, "room.yaml", &files, f->arena, &f->room, &err))
		fail_msg("%s", err.text);
	rd_buf_init(&f->bytes, RD_ROOM_MAX);
	assert_true(rd_room_encode(&f->room, &f->bytes, &err));
	assert_true(rd_room_decode(rd_buf_view(&f->bytes), f->arena, &f->room, &err));
	assert_true(rd_room_hash(rd_buf_view(&f->bytes), f->hash, &err));
	assert_true(rd_room_no_parameters(f->parameters, &err));
	assert_true(rd_sha256(f->room.query[0].plan, f->plan_hash, &err));
	assert_true(rd_sha256(key_of(&sign), f->owner, &err));
}

static void fixture_free(struct fixture *f)
{
	rd_buf_free(&f->bytes);
	rd_arena_free(&f->arena);
}

/* ---- a receipt, with lies
 * ----------------------------------------------------------------------------- */

enum lie {
	LIE_NONE,
	LIE_SEQUENCE,
	LIE_ROOM,
	LIE_QUERY,
	LIE_PLAN,
	LIE_ENGINE,
	LIE_PARAMETERS,
	LIE_DATASET,
	LIE_VERSION,
	LIE_TAIL,
	LIE_OWNER_HASH,
	LIE_NO_RELEASE_OF_OURS, /* signed by another key */
	LIE_RELEASE_OWNER,
	LIE_RELEASE_QUERY,
	LIE_RELEASE_CLAIMS, /* the release was given to another enclave */
	LIE_RELEASE_CLAIMS_HASH,
	LIE_SIGNATURE,          /* signed by another than E_sign */
	LIE_BINDING,            /* evidence for another payload */
	LIE_EVIDENCE_ROLE_KEYS, /* evidence for other keys */
	LIE_LAUNCHER,
	LIE_MEASUREMENT, /* the receipt states what the evidence does not */
	LIE_END
};

static const char *const codes[LIE_END] = {
	[LIE_SEQUENCE] = "room.receipt.room",
	[LIE_ROOM] = "room.receipt.room",
	[LIE_QUERY] = "room.receipt.query",
	[LIE_PLAN] = "room.receipt.plan",
	[LIE_ENGINE] = "room.receipt.plan",
	[LIE_PARAMETERS] = "room.receipt.parameters",
	[LIE_DATASET] = "room.receipt.input",
	[LIE_VERSION] = "room.receipt.input",
	[LIE_TAIL] = "room.receipt.input",
	[LIE_OWNER_HASH] = "room.receipt.input",
	[LIE_NO_RELEASE_OF_OURS] = "room.receipt.release",
	[LIE_RELEASE_OWNER] = "room.receipt.release",
	[LIE_RELEASE_QUERY] = "room.receipt.release",
	[LIE_RELEASE_CLAIMS] = "room.receipt.release",
	[LIE_RELEASE_CLAIMS_HASH] = "room.receipt.release",
	[LIE_SIGNATURE] = "room.receipt.signature",
	[LIE_BINDING] = "attest.claim",
	[LIE_EVIDENCE_ROLE_KEYS] = "attest.claim",
	[LIE_LAUNCHER] = "attest.platform",
	[LIE_MEASUREMENT] = "room.receipt.measurement",
};

static uint8_t wrong[48] = { 0xee };
static const uint8_t *inner_hash; /* of the answer, for inner receipts; NULL: an outer one */

static struct rd_view pick(bool lie, struct rd_view truth)
{
	return lie ? rd_view_of(wrong, truth.len) : truth;
}

static void encode_claims(struct fixture *f, enum rd_role role, struct rd_view binding,
			  const struct party *signer, struct rd_view *out)
{
	struct rd_buf bytes = { .max = RD_CLAIMS_MAX };
	struct rd_err err = { 0 };
	struct rd_claims c = { .role = role,
			       .nonce = binding,
			       .room_hash = rd_view_of(f->hash, 32),
			       .query = rd_view_str("q"),
			       .parameters_hash = rd_view_of(f->parameters, 32),
			       .e_sign = key_of(signer),
			       .e_kem = key_of(&e_kem),
			       .binding = binding,
			       .has_launch = true,
			       .measurement = rd_view_of(f->measurement, 48),
			       .launch_config = rd_view_of(f->hash, 32) };

	if (role == RD_ROLE_BROKER)
		c.spki_hash = rd_view_of(f->hash, 32);
	assert_true(rd_claims_encode(&c, &bytes, &err));
	assert_true(rd_arena_copy(f->arena, rd_buf_view(&bytes), out, &err));
	rd_buf_free(&bytes);
}

static void make_release(struct fixture *f, enum lie lie, struct rd_receipt_release *out)
{
	struct rd_buf payload = { .max = 4096 }, cose = { .max = 4096 };
	uint8_t claims_hash[32];
	struct rd_err err = { 0 };

	encode_claims(f, RD_ROLE_BROKER, rd_view_of(f->hash, 32),
		      lie == LIE_RELEASE_CLAIMS ? &stranger : &e_sign, &out->claims);
	assert_true(rd_sha256(out->claims, claims_hash, &err));
	struct rd_release_statement s = {
		.claims_hash = pick(lie == LIE_RELEASE_CLAIMS_HASH, rd_view_of(claims_hash, 32)),
		.room_hash = rd_view_of(f->hash, 32),
		.query = rd_view_str(lie == LIE_RELEASE_QUERY ? "other" : "q"),
		.parameters_hash = rd_view_of(f->parameters, 32),
		.owner = rd_view_str(lie == LIE_RELEASE_OWNER ? "lab" : "clinic"),
		.run = 3,
		.time_unix_s = NOW,
		.keys_hash = rd_view_of(f->hash, 32),
	};

	assert_true(release_encode(&s, &payload, &err));
	assert_true(rd_cose_sign("release", rd_buf_view(&payload),
				 lie == LIE_NO_RELEASE_OF_OURS ? &stranger.seed : &release.seed,
				 &cose, &err));
	assert_true(rd_arena_copy(f->arena, rd_buf_view(&cose), &out->m4, &err));
	rd_buf_free(&payload);
	rd_buf_free(&cose);
}

static void make_receipt(struct fixture *f, enum lie lie, struct rd_buf *out)
{
	struct rd_buf payload = { .max = RD_RECEIPT_MAX }, cmw = { .max = RD_BUNDLE_MAX };
	const struct rd_room_table *t = &f->room.table[0];
	struct rd_receipt_input input = {
		.dataset = lie == LIE_DATASET ? rd_view_str("other") : t->dataset,
		.owner_key_hash = pick(lie == LIE_OWNER_HASH, rd_view_of(f->owner, 32)),
		.version = t->version + (lie == LIE_VERSION),
		.tail_digest = pick(lie == LIE_TAIL, t->tail_digest),
	};
	struct rd_receipt_release given;
	struct rd_receipt r = {
		.room_hash = pick(lie == LIE_ROOM, rd_view_of(f->hash, 32)),
		.sequence = 1 + (lie == LIE_SEQUENCE),
		.query = rd_view_str(lie == LIE_QUERY ? "other" : "q"),
		.parameters_hash = pick(lie == LIE_PARAMETERS, rd_view_of(f->parameters, 32)),
		.plan_hash = pick(lie == LIE_PLAN, rd_view_of(f->plan_hash, 32)),
		.engine = rd_view_str(lie == LIE_ENGINE ? "other" : "vector"),
		.n_inputs = 1,
		.input = &input,
		.n_releases = 1,
		.release = &given,
		.measurement = pick(lie == LIE_MEASUREMENT, rd_view_of(f->measurement, 48)),
		.answer_hash = rd_view_of(f->hash, 32),
		.e_sign = key_of(&e_sign),
		.e_kem = key_of(&e_kem),
		.reader = rd_view_str("registry"),
		.sealed_digest = rd_view_of(f->hash, 32),
	};
	uint8_t hash[32];
	struct rd_view claims;
	struct rd_err err = { 0 };

	if (inner_hash) {
		r.inner = true;
		r.answer_hash = rd_view_of(inner_hash, 32);
		r.withheld_groups = 2;
	}
	make_release(f, lie, &given);
	assert_true(rd_receipt_encode(&r, &payload, &err));
	assert_true(rd_sha256(rd_buf_view(&payload), hash, &err));
	encode_claims(f, RD_ROLE_RECEIPT, pick(lie == LIE_BINDING, rd_view_of(hash, 32)),
		      lie == LIE_EVIDENCE_ROLE_KEYS ? &stranger : &e_sign, &claims);
	assert_true(rd_evidence_make(&rd_tee_process, claims,
				     lie == LIE_LAUNCHER ? &stranger.seed : &launcher.seed, &cmw,
				     &err));
	rd_buf_init(out, RD_RECEIPT_MAX);
	assert_true(rd_receipt_seal(rd_buf_view(&payload),
				    lie == LIE_SIGNATURE ? &stranger.seed : &e_sign.seed,
				    rd_buf_view(&cmw), out, &err));
	rd_buf_free(&payload);
	rd_buf_free(&cmw);
}

static bool check(struct fixture *f, struct rd_view receipt, struct rd_err *err)
{
	struct rd_receipt_checked *checked = RD_NEW(f->arena, struct rd_receipt_checked, err);

	*err = (struct rd_err){ 0 };
	return rd_receipt_check(receipt, rd_buf_view(&f->bytes), &f->room, f->arena, checked, err);
}

static void test_receipts(void **state)
{
	(void)state;
	for (enum lie lie = LIE_NONE; lie < LIE_END; lie++) {
		struct fixture f;
		struct rd_err err = { 0 };
		struct rd_buf receipt;
		bool ok;

		fixture_new(&f);
		make_receipt(&f, lie, &receipt);
		ok = check(&f, rd_buf_view(&receipt), &err);
		if (ok != (lie == LIE_NONE))
			fail_msg("lie %d: %s", (int)lie, ok ? "is believed" : err.text);
		if (!ok && strcmp(err.code, codes[lie]) != 0)
			fail_msg("lie %d: %s, expected %s", (int)lie, err.code, codes[lie]);
		rd_buf_free(&receipt);
		fixture_free(&f);
	}
}

/* Rows, salt, receipt, room and query of an answer belong together. */
static void test_answers(void **state)
{
	static uint8_t salt[32] = { 8 }, answer_hash[32];
	struct rd_rows rows = { .failed = true, .failed_at = 3, .withheld_groups = 0 };
	struct rd_buf bytes = { .max = 4096 };
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_rows_encode(&rows, &bytes, &err));
	struct rd_view parts[2] = { rd_view_of(salt, 32), rd_buf_view(&bytes) };

	assert_true(rd_hash_parts(RD_HASH_SHA256, parts, 2, answer_hash, &err));
	for (int lie = 0; lie < 5; lie++) {
		struct rd_answer_checked *checked;
		struct rd_buf receipt;
		struct fixture f;
		bool ok;

		fixture_new(&f);
		inner_hash = lie == 1 ? NULL : answer_hash;
		make_receipt(&f, LIE_NONE, &receipt);
		inner_hash = NULL;
		struct rd_answer a = { .room_hash = pick(lie == 2, rd_view_of(f.hash, 32)),
				       .query = rd_view_str(lie == 3 ? "other" : "q"),
				       .reader = rd_view_str("registry"),
				       .rows = rd_buf_view(&bytes),
				       .receipt = rd_buf_view(&receipt),
				       .salt = pick(lie == 4, rd_view_of(salt, 32)) };

		checked = RD_NEW(f.arena, struct rd_answer_checked, &err);
		err = (struct rd_err){ 0 };
		ok = rd_answer_check(&a, rd_buf_view(&f.bytes), &f.room, f.arena, checked, &err);
		/* The receipt counts two groups withheld, the rows none: so not even lie 0 passes.
		 */
		assert_false(ok);
		assert_string_equal(err.code,
				    lie == 2 ? "room.answer.room" : "room.answer.receipt");
		assert_non_null(strstr(err.text, lie == 0   ? "count different"
						 : lie == 4 ? "other rows"
						 : lie == 2 ? "another room"
							    : "not this answer's"));
		rd_buf_free(&receipt);
		fixture_free(&f);
	}
	rd_buf_free(&bytes);
}

/* Every byte of a receipt matters. */
static void test_receipt_bytes(void **state)
{
	struct fixture f;
	struct rd_buf receipt;
	struct rd_err err;

	(void)state;
	fixture_new(&f);
	make_receipt(&f, LIE_NONE, &receipt);
	for (size_t i = 0; i < receipt.len; i++) {
		struct fixture g = f;

		assert_true(rd_arena_new(MEMORY, &g.arena, &err));
		receipt.data[i] ^= 0x10;
		if (check(&g, rd_buf_view(&receipt), &err))
			fail_msg("byte %zu of %zu can be changed", i, receipt.len);
		receipt.data[i] ^= 0x10;
		rd_arena_free(&g.arena);
	}
	rd_buf_free(&receipt);
	fixture_free(&f);
}

/* Every byte of a room matters: its hash is another, and what still decodes has that one form. */
static void test_room_bytes(void **state)
{
	struct fixture f;

	(void)state;
	fixture_new(&f);
	for (size_t i = 0; i < f.bytes.len; i++) {
		struct rd_buf again = { .max = RD_ROOM_MAX };
		struct rd_arena *arena = NULL;
		struct rd_err err = { 0 };
		struct rd_room room;

		assert_true(rd_arena_new(MEMORY, &arena, &err));
		f.bytes.data[i] ^= 1;
		if (rd_room_decode(rd_buf_view(&f.bytes), arena, &room, &err)) {
			assert_true(rd_room_encode(&room, &again, &err));
			assert_true(rd_view_eq(rd_buf_view(&again), rd_buf_view(&f.bytes)));
		}
		f.bytes.data[i] ^= 1;
		rd_buf_free(&again);
		rd_arena_free(&arena);
	}
	fixture_free(&f);
}

/* An approval is of one room, one sequence, one owner, one time, by one key. */
static void test_approvals(void **state)
{
	struct fixture f;
	struct rd_approval a, back;
	struct rd_err err = { 0 };

	(void)state;
	fixture_new(&f);
	for (int lie = 0; lie < 6; lie++) {
		struct rd_buf cose = { .max = 4096 };
		bool ok;

		a = (struct rd_approval){
			.room_hash = pick(lie == 1, rd_view_of(f.hash, 32)),
			.room_id = f.room.id,
			.owner = rd_view_str(lie == 2 ? "lab" : "clinic"),
			.sequence = lie == 3 ? 2 : 1,
			.expires_unix_s = lie == 4 ? NOW : f.room.expires_unix_s,
		};
		err = (struct rd_err){ 0 };
		assert_true(
			rd_approval_sign(&a, lie == 5 ? &stranger.seed : &sign.seed, &cose, &err));
		ok = rd_approval_check(rd_buf_view(&cose), &f.room, rd_view_of(f.hash, 32), NOW,
				       &back, &err);
		assert_int_equal(ok, lie == 0);
		if (!ok)
			assert_string_equal(err.code, lie == 2   ? "room.approval.owner"
						      : lie == 4 ? "room.approval.expired"
						      : lie == 5 ? "room.approval.signature"
								 : "room.approval.other");
		rd_buf_free(&cose);
	}
	fixture_free(&f);
}

static int setup(void **state)
{
	struct party *const signers[] = { &sign, &tls, &release, &e_sign, &launcher, &stranger };
	struct rd_err err = { 0 };

	(void)state;
	if (!rd_crypto_init(&err))
		return -1;
	for (int i = 0; i < 6; i++)
		if (!rd_ed25519_generate(&signers[i]->seed, signers[i]->key, &err))
			return -1;
	if (!rd_x25519_generate(&reader.seed, reader.key, &err) ||
	    !rd_x25519_generate(&e_kem.seed, e_kem.key, &err))
		return -1;
	make_files();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		rd_buf_free(&pem[i]);
	rd_buf_free(&card);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receipts),      cmocka_unit_test(test_answers),
		cmocka_unit_test(test_receipt_bytes), cmocka_unit_test(test_room_bytes),
		cmocka_unit_test(test_approvals),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
