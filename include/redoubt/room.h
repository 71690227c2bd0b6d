/*
 * room: the signed agreement, its compiled form, approvals, revocations, answers and receipts.
 *
 *	room.yaml --rd_room_from_yaml (edge)--> struct rd_room --rd_room_encode--> bytes
 *	SHA-256 of the bytes = the room's hash: what every owner signs and every enclave proves.
 *
 * The compiled room is one deterministic CBOR object in which every default is written out
 * (PROTOCOL.md 3, doc/format/room.cddl).  Core library: decode, check, approvals, receipts,
 * answers.  Edge library: YAML, show, warnings.
 */
#ifndef REDOUBT_ROOM_H
#define REDOUBT_ROOM_H

#include <redoubt/attest.h>
#include <redoubt/base.h>
#include <redoubt/channel.h>
#include <redoubt/crypto.h>
#include <redoubt/query.h>
#include <redoubt/table.h>

extern const struct rd_code_text rd_room_codes[];

#define RD_ROOM_VERSION 1
#define RD_ROOM_MAX (1u << 20) /* bytes of a compiled room */
#define RD_ROOM_NAME_MAX 64u   /* bytes of an id or a name: [a-z0-9._-], a letter or digit first */
#define RD_ROOM_OWNERS_MAX 32u
#define RD_ROOM_TABLES_MAX 64u
#define RD_ROOM_QUERIES_MAX 256u
#define RD_ROOM_READERS_MAX 64u
#define RD_RUNS_MAX 1000000u

/* ---- the compiled room ----------------------------------------------------------------------- */

struct rd_room_owner {
	struct rd_view name;
	struct rd_view sign_key;    /* Ed25519: approvals, revocations */
	struct rd_view tls_key;     /* Ed25519: its broker's TLS certificate */
	struct rd_view release_key; /* Ed25519: its broker's M4 */
	struct rd_view broker;      /* "host:port": a hint where to connect, proves nothing */
};

struct rd_room_table {
	struct rd_view name;    /* as queries write it */
	uint32_t owner;         /* index */
	struct rd_view dataset; /* with owner's key hash and version: struct rd_table_id */
	uint64_t version;
	struct rd_schema schema;          /* names, types, classes, unique: index = column id */
	uint32_t person;                  /* column id, or RD_NONE */
	uint64_t min_persons;             /* 0: does not ask */
	uint64_t min_cell;                /* 0: does not ask */
	struct rd_view tail_digest;       /* 32 bytes */
	struct rd_view footer_commitment; /* 32 bytes */
	const struct rd_view *column_commitment; /* schema.n of 32 bytes */
};

struct rd_room_reader {
	struct rd_view name;
	struct rd_view key; /* X25519 */
};

/* A query has no free parameters in version 1: the domain list is there and empty. */
struct rd_room_query {
	struct rd_view name;
	struct rd_view sql;  /* for people */
	struct rd_view plan; /* guarded plan, rd_plan_encode: what runs.  Its tables are found in
				the room by name. */
	uint32_t n_readers;
	const uint32_t *reader; /* indexes, ascending */
	uint64_t max_runs;
};

struct rd_room {
	struct rd_view id;
	uint64_t sequence;       /* from 1 */
	struct rd_view previous; /* hash of the room of sequence - 1; empty for 1 */
	int64_t not_before_unix_s, expires_unix_s;
	struct rd_view engine; /* "vector" */
	uint32_t plan_version, semantics_version;
	uint32_t n_owners, n_tables, n_readers, n_queries;
	const struct rd_room_owner *owner;
	const struct rd_room_table *table;
	const struct rd_room_reader *reader;
	const struct rd_room_query *query;
	struct rd_policy policy;
};

RD_MUST_USE bool rd_room_encode(const struct rd_room *room, struct rd_buf *out, struct rd_err *err);
/* Hostile bytes.  Checks form, limits, names, references between the parts, the policy
 * (rd_policy_check), that every plan decodes, names the room's tables with the same schema, and
 * satisfies the rules (rd_rules_verify).  Views borrow from `bytes` or the arena. */
RD_MUST_USE bool rd_room_decode(struct rd_view bytes, struct rd_arena *arena, struct rd_room *out,
				struct rd_err *err);
RD_MUST_USE bool rd_room_hash(struct rd_view bytes, uint8_t out[RD_SHA256_LEN], struct rd_err *err);
/* Index by name, or RD_NONE. */
uint32_t rd_room_find_query(const struct rd_room *room, struct rd_view name);
uint32_t rd_room_find_table(const struct rd_room *room, struct rd_view name);
uint32_t rd_room_find_owner(const struct rd_room *room, struct rd_view name);
uint32_t rd_room_find_reader(const struct rd_room *room, struct rd_view name);
/* Parameters of a run in version 1: the CBOR empty array.  Its SHA-256. */
RD_MUST_USE bool rd_room_no_parameters(uint8_t out[RD_SHA256_LEN], struct rd_err *err);

/* What one query needs: the room's tables behind its plan's tables, and for each the column ids
 * that the plan reads, ascending (the keys that a broker releases, besides the footer's). */
struct rd_room_need {
	uint32_t table; /* room's index */
	uint32_t n_columns;
	const uint32_t *column;
};
struct rd_room_query_needs {
	struct rd_plan plan;
	uint32_t n; /* == plan.n_tables; need[i] belongs to plan.table[i] */
	struct rd_room_need *need;
};
RD_MUST_USE bool rd_room_query_needs(const struct rd_room *room, uint32_t query,
				     struct rd_arena *arena, struct rd_room_query_needs *out,
				     struct rd_err *err);
/* The rules of the room for the tables of a plan, in the plan's order. */
RD_MUST_USE bool rd_room_rules(const struct rd_room *room, const struct rd_plan *plan,
			       struct rd_arena *arena, const struct rd_table_rules **out,
			       struct rd_err *err);

/* ---- approvals and revocations --------------------------------------------------------------- */

/* COSE_Sign1 "approval" / "revocation" by an owner's sign key. */
struct rd_approval {
	struct rd_view room_hash; /* 32 bytes */
	struct rd_view room_id;
	struct rd_view owner; /* name */
	uint64_t sequence;
	int64_t expires_unix_s; /* of the approval: at most the room's */
};
RD_MUST_USE bool rd_approval_sign(const struct rd_approval *approval, const struct rd_secret *seed,
				  struct rd_buf *out, struct rd_err *err);
/* Checks the signature with the owner's key in `room`, the room's hash, id, sequence, and that it
 * has not expired at `now_unix_s`. */
RD_MUST_USE bool rd_approval_check(struct rd_view cose, const struct rd_room *room,
				   struct rd_view room_hash, int64_t now_unix_s,
				   struct rd_approval *out, struct rd_err *err);

/* "Nothing below `sequence` of this room may run any more", said by one owner. */
struct rd_revocation {
	struct rd_view room_id;
	struct rd_view owner;
	uint64_t sequence;
	int64_t time_unix_s;
};
RD_MUST_USE bool rd_revocation_sign(const struct rd_revocation *revocation,
				    const struct rd_secret *seed, struct rd_buf *out,
				    struct rd_err *err);
RD_MUST_USE bool rd_revocation_check(struct rd_view cose, struct rd_view owner_sign_key,
				     struct rd_revocation *out, struct rd_err *err);

/* ---- receipts (PROTOCOL.md 5) ---------------------------------------------------------------- */

#define RD_RECEIPT_MAX (2u << 20) /* bytes */

/* One broker's release: the claims bytes that it was made for, and M4's COSE_Sign1, which signs
 * their hash.  With the claims, anyone sees that the release went to the E_sign of this receipt. */
struct rd_receipt_release {
	struct rd_view claims, m4;
};

struct rd_receipt_input {
	struct rd_view dataset;
	struct rd_view owner_key_hash;
	uint64_t version;
	struct rd_view tail_digest;
};

/* Views borrow. */
struct rd_receipt {
	bool inner; /* has withheld counts; else has sealed_digest */
	struct rd_view room_hash;
	uint64_t sequence;
	struct rd_view query, parameters_hash, plan_hash, engine;
	uint32_t n_inputs;
	const struct rd_receipt_input *input;
	uint32_t n_releases;
	const struct rd_receipt_release *release;
	struct rd_view measurement;   /* 48 bytes */
	struct rd_view answer_hash;   /* SHA-256(salt || answer) */
	struct rd_view e_sign, e_kem; /* the enclave's keys: e_sign signs this receipt */
	uint64_t withheld_groups, withheld_cells; /* inner */
	struct rd_view reader;                    /* outer: name of whom the file is sealed to */
	struct rd_view sealed_digest;             /* outer: SHA-256 of the sealed file */
};

/* Payload bytes; SHA-256 of them is nonce and binding of the role-3 evidence. */
RD_MUST_USE bool rd_receipt_encode(const struct rd_receipt *receipt, struct rd_buf *out,
				   struct rd_err *err);
/* The whole: CBOR [COSE_Sign1 "receipt" by E_sign over the payload, evidence CMW]. */
RD_MUST_USE bool rd_receipt_seal(struct rd_view payload, const struct rd_secret *e_sign,
				 struct rd_view cmw, struct rd_buf *out, struct rd_err *err);
struct rd_receipt_checked {
	struct rd_receipt receipt;
	struct rd_evidence evidence;
	struct rd_appraisal appraisal;
	uint32_t n_owners;
	struct rd_release_seen {
		struct rd_view owner;
		uint64_t run;
		int64_t time_unix_s;
	} * seen; /* one a release, in the room's order of owners */
};
/*
 * Everything: form; E_sign's signature; evidence verified and appraised under the room's policy at
 * the time of the releases; its claims (role 3, room, query, parameters, keys, binding =
 * SHA-256(payload)); room hash and sequence; plan hash; inputs equal to the room's tables that the
 * plan reads; one M4 of every owner of such a table, signed by the room's release key, naming the
 * same room, query, parameters and owner, for claims (hash equal) of the same E_sign.  Refusals
 * name the code "room.receipt.*".
 */
RD_MUST_USE bool rd_receipt_check(struct rd_view bytes, struct rd_view room_bytes,
				  const struct rd_room *room, struct rd_arena *arena,
				  struct rd_receipt_checked *out, struct rd_err *err);

/* ---- sealed answers -------------------------------------------------------------------------- */

#define RD_ANSWER_PAD 4096u
#define RD_ANSWER_MAX (UINT64_C(1) << 30) /* bytes of a plaintext; larger is refused */
#define RD_SALT_LEN 32

/*
 * The sealed file: CBOR head ["redoubt-sealed-v1", suite, room hash, query, reader, enc] then the
 * ciphertext: HPKE base to the reader's key, info = the head without enc, plaintext = CBOR
 * [answer, inner receipt, salt] padded with 0x80 0x00... to a multiple of 4 KiB.
 */
struct rd_answer {
	struct rd_view room_hash, query, reader;
	struct rd_view rows;    /* rd_rows_encode */
	struct rd_view receipt; /* inner, whole */
	struct rd_view salt;    /* 32 bytes */
};
RD_MUST_USE bool rd_answer_seal(const struct rd_answer *answer, struct rd_view reader_key,
				struct rd_buf *out, struct rd_err *err);
/* Reads the head only: for whom, of which room and query. */
RD_MUST_USE bool rd_answer_peek(struct rd_view sealed, struct rd_answer *out, struct rd_err *err);
/* Opens and unpads; the receipt is not checked yet (rd_answer_check does all of it). */
RD_MUST_USE bool rd_answer_open(struct rd_view sealed, const struct rd_secret *reader_key,
				struct rd_arena *arena, struct rd_answer *out, struct rd_err *err);
/* After rd_answer_open: that head, receipt, salt and rows belong together and to this room. */
struct rd_answer_checked {
	struct rd_receipt_checked receipt;
	struct rd_rows rows; /* may say that the data made the query fail */
};
RD_MUST_USE bool rd_answer_check(const struct rd_answer *answer, struct rd_view room_bytes,
				 const struct rd_room *room, struct rd_arena *arena,
				 struct rd_answer_checked *out, struct rd_err *err);

/* ---- the manifest, edge only ----------------------------------------------------------------- */

/* Reads a file that the manifest names (keys, SQL, tables); path as written, relative to it. */
struct rd_room_files {
	void *ctx;
	bool (*read)(void *ctx, struct rd_view path, size_t max, struct rd_arena *arena,
		     struct rd_view *out, struct rd_err *err);
	/* Facts of an owner's sealed table: from its table description file (see below). */
};

/*
 * room.yaml, the whole of it (examples/nafld/room.yaml is the model):
 *
 *	room: nafld-study
 *	sequence: 1
 *	previous: HEX64                  # for sequence > 1
 *	not_before: 2026-01-01
 *	expires: 2027-01-01
 *	engine: vector                   # default
 *	owners:
 *	  clinic: {sign: clinic/sign.pub, tls: clinic/tls.pub, release: clinic/release.pub,
 *	           broker: 127.0.0.1:7001}
 *	tables:
 *	  subjects:
 *	    owner: clinic
 *	    table: clinic/subjects.table # public description that `seal` wrote: dataset, version,
 *	                                 # schema, tail digest, commitments
 *	    person: id
 *	    min_persons: 11
 *	    min_cell: 5
 *	    columns: {id: join, case.id: join, age: group, bmi: aggregate}   # the rest hidden
 *	readers:
 *	  registry: {read: registry/read.pub}
 *	queries:
 *	  study: {sql: study.sql, readers: [registry], max_runs: 10}     # or sql: | inline text
 *	accept: ...                      # rd_policy_from_doc
 *
 * Errors name file, line and column; unknown keys are refused with the nearest known one.
 */
RD_MUST_USE bool rd_room_from_yaml(struct rd_view text, const char *name,
				   const struct rd_room_files *files, struct rd_arena *arena,
				   struct rd_room *out, struct rd_err *err);
/* Recompiles every query from its SQL and compares the plan's bytes: "room.plan.differs". */
RD_MUST_USE bool rd_room_recompile(const struct rd_room *room, struct rd_arena *arena,
				   struct rd_err *err);
/* In plain words: who gives what, who learns what by which query, under which rules, on which
 * machines; then the warnings of PROTOCOL.md 6. */
RD_MUST_USE bool rd_room_show(const struct rd_room *room, struct rd_view room_hash,
			      struct rd_buf *out, struct rd_err *err);

/*
 * The public description of a sealed table, `OUT.table`, YAML: written by `seal`, read by whoever
 * writes a room: dataset, owner's key hash, version, rows, columns with types, unique and
 * commitments, footer commitment, tail digest.  No secret.
 */
struct rd_table_card {
	struct rd_table_id id;
	uint64_t rows;
	struct rd_schema schema;
	uint8_t tail_digest[RD_SHA256_LEN];
	uint8_t footer_commitment[RD_COMMITMENT_LEN];
	const uint8_t (*column_commitment)[RD_COMMITMENT_LEN]; /* schema.n */
};
RD_MUST_USE bool rd_table_card_print(const struct rd_table_card *card, struct rd_buf *out,
				     struct rd_err *err);
RD_MUST_USE bool rd_table_card_parse(struct rd_view text, const char *name, struct rd_arena *arena,
				     struct rd_table_card *out, struct rd_err *err);

#endif
