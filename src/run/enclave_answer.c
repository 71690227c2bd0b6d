/* Answers and receipts: PROTOCOL.md 5. */
#include "enclave_room.h"

#include <string.h>

#define ANSWER_MAX ((size_t)1 << 30)

/* One reader's part: everything is made fresh for it, the salt too. */
struct sealing {
	struct room_run *run;
	const struct rd_room_reader *reader;
	struct rd_view rows;
	struct rd_receipt receipt;
	uint8_t salt[32];
	uint8_t answer_hash[RD_SHA256_LEN];
	uint8_t plan_hash[RD_SHA256_LEN];
	uint8_t sealed_digest[RD_SHA256_LEN];
};

/* Signed by E_sign, with evidence of its own whose nonce and binding are the payload's hash. */
static bool seal_receipt(struct sealing *s, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf payload = { .max = RD_RECEIPT_MAX };
	struct rd_enclave *e = s->run->enclave;
	struct rd_enclave_evidence evidence;
	uint8_t hash[RD_SHA256_LEN];
	struct rd_view binding = rd_view_of(hash, sizeof(hash));
	struct rd_claims draft = {
		.role = RD_ROLE_RECEIPT,
		.nonce = binding,
		.room_hash = s->receipt.room_hash,
		.query = s->receipt.query,
		.parameters_hash = s->receipt.parameters_hash,
		.e_sign = s->receipt.e_sign,
		.e_kem = s->receipt.e_kem,
		.binding = binding,
	};

	return rd_receipt_encode(&s->receipt, &payload, err) &&
	       rd_sha256(rd_buf_view(&payload), hash, err) &&
	       rd_enclave_attest(e, &draft, s->run->arena, &evidence, err) &&
	       rd_receipt_seal(rd_buf_view(&payload), e->sign, evidence.cmw, out, err);
}

static bool fill_receipt(struct sealing *s, struct rd_err *err)
{
	struct room_run *run = s->run;
	struct rd_receipt *r = &s->receipt;
	struct rd_receipt_input *input;
	struct rd_receipt_release *release;

	input = RD_NEW_ARRAY(run->arena, struct rd_receipt_input, run->needs.n, err);
	release = RD_NEW_ARRAY(run->arena, struct rd_receipt_release, run->owners.n, err);
	if (!input || !release)
		return false;
	for (uint32_t i = 0; i < run->needs.n; i++) {
		const struct rd_room_table *t = &run->room.table[run->needs.need[i].table];

		input[i] = (struct rd_receipt_input){
			.dataset = t->dataset,
			.owner_key_hash =
				rd_view_of(run->table[i].id.owner_key_hash, RD_SHA256_LEN),
			.version = t->version,
			.tail_digest = t->tail_digest,
		};
	}
	for (uint32_t i = 0; i < run->owners.n; i++)
		release[i] = (struct rd_receipt_release){ .claims = run->session[i].claims,
							  .m4 = run->session[i].release };
	*r = (struct rd_receipt){
		.room_hash = rd_view_of(run->room_hash, RD_SHA256_LEN),
		.sequence = run->room.sequence,
		.query = run->asked.query,
		.parameters_hash = rd_view_of(run->parameters_hash, RD_SHA256_LEN),
		.plan_hash = rd_view_of(s->plan_hash, RD_SHA256_LEN),
		.engine = run->room.engine,
		.n_inputs = run->needs.n,
		.input = input,
		.n_releases = run->owners.n,
		.release = release,
		.measurement = run->measurement,
		.answer_hash = rd_view_of(s->answer_hash, RD_SHA256_LEN),
		.e_sign = rd_view_of(run->enclave->sign_public, RD_ED25519_LEN),
		.e_kem = rd_view_of(run->enclave->kem_public, RD_X25519_LEN),
	};
	return rd_sha256(run->room.query[run->query].plan, s->plan_hash, err);
}

static bool make_salt(struct sealing *s, struct rd_err *err)
{
	struct rd_span salt = { .data = s->salt, .cap = sizeof(s->salt) };
	struct rd_view parts[2] = { rd_view_of(s->salt, sizeof(s->salt)), s->rows };

	return rd_crypto_random(&salt, err) &&
	       rd_hash_parts(RD_HASH_SHA256, parts, 2, s->answer_hash, err);
}

static bool seal_answer(struct sealing *s, struct rd_buf *sealed, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf inner = { .max = RD_RECEIPT_MAX };

	if (!seal_receipt(s, &inner, err))
		return false;
	struct rd_answer parts = { .room_hash = s->receipt.room_hash,
				   .query = s->receipt.query,
				   .reader = s->reader->name,
				   .rows = s->rows,
				   .receipt = rd_buf_view(&inner),
				   .salt = rd_view_of(s->salt, sizeof(s->salt)) };

	return rd_answer_seal(&parts, s->reader->key, sealed, err);
}

/* Inner receipt and answer into one sealed file; then the outer receipt, which has its digest. */
static bool seal_for(struct sealing *s, uint32_t output, const struct rd_rows *answer,
		     struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf sealed = { .max = ANSWER_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf outer = { .max = RD_RECEIPT_MAX };
	struct rd_door *door = s->run->enclave->door;

	if (!make_salt(s, err) || !fill_receipt(s, err))
		return false;
	s->receipt.inner = true;
	s->receipt.withheld_groups = answer->withheld_groups;
	s->receipt.withheld_cells = answer->withheld_cells;
	if (!seal_answer(s, &sealed, err) ||
	    !rd_sha256(rd_buf_view(&sealed), s->sealed_digest, err))
		return false;
	s->receipt.inner = false;
	s->receipt.withheld_groups = s->receipt.withheld_cells = 0;
	s->receipt.reader = s->reader->name;
	s->receipt.sealed_digest = rd_view_of(s->sealed_digest, RD_SHA256_LEN);
	return seal_receipt(s, &outer, err) &&
	       rd_door_output(door, output, rd_buf_view(&sealed), err) &&
	       rd_door_output(door, output + 1, rd_buf_view(&outer), err);
}

static bool seal_all(struct room_run *run, const struct rd_rows *answer, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf rows = { .max = ANSWER_MAX };
	const struct rd_room_query *query = &run->room.query[run->query];

	if (!rd_rows_encode(answer, &rows, err))
		return false;
	for (uint32_t i = 0; i < query->n_readers; i++) {
		struct sealing s = { .run = run,
				     .reader = &run->room.reader[query->reader[i]],
				     .rows = rd_buf_view(&rows) };

		rd_door_progress(run->enclave->door, RD_PHASE_SEALING, 100 * i / query->n_readers);
		if (!seal_for(&s, 2 * i, answer, err))
			return false;
	}
	return true;
}

uint32_t run_seal_answers(struct room_run *run, const struct rd_rows *answer)
{
	struct rd_err err = { 0 };

	return seal_all(run, answer, &err) ? RD_END_DONE : RD_END_FAILED;
}
