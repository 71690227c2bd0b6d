/* Sessions with the brokers: the keys of one run. */
#include "enclave_room.h"

#include <string.h>

/* One broker's relayed connection. */
struct line {
	struct rd_door *door;
	uint32_t connection;
	int64_t deadline_ns;
};

static bool door_send(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	const struct line *line = ctx;

	return rd_door_send(line->door, line->connection, bytes, err);
}

static bool door_recv(void *ctx, struct rd_span *out, struct rd_err *err)
{
	const struct line *line = ctx;

	return rd_door_recv(line->door, line->connection, out, line->deadline_ns, err);
}

static bool attest(void *ctx, const struct rd_claims *draft, struct rd_arena *arena,
		   struct rd_view *claims, struct rd_view *cmw, struct rd_err *err)
{
	struct rd_enclave_evidence evidence;

	if (!rd_enclave_attest(ctx, draft, arena, &evidence, err))
		return false;
	*claims = evidence.claims;
	*cmw = evidence.cmw;
	return true;
}

static bool ask_broker(struct room_run *run, uint32_t i, int64_t deadline_ns, struct rd_err *err)
{
	const struct rd_room_owner *owner = &run->room.owner[run->owners.owner[i]];
	struct rd_enclave *e = run->enclave;
	struct line line = { .door = e->door, .deadline_ns = deadline_ns };
	const struct rd_stream stream = { .ctx = &line, .send = door_send, .recv = door_recv };
	struct rd_session_client client = {
		.stream = &stream,
		.ask = { .room_hash = rd_view_of(run->room_hash, sizeof(run->room_hash)),
			 .query = run->asked.query,
			 .parameters_hash =
				 rd_view_of(run->parameters_hash, sizeof(run->parameters_hash)),
			 .e_sign = rd_view_of(e->sign_public, sizeof(e->sign_public)),
			 .e_kem = rd_view_of(e->kem_public, sizeof(e->kem_public)) },
		.owner = owner->name,
		.tls_key = owner->tls_key,
		.release_key = owner->release_key,
		.e_sign = e->sign,
		.e_kem = e->kem,
		.attest = attest,
		.attest_ctx = e,
	};
	bool ok;

	if (!rd_door_connect(e->door, i, &line.connection, err))
		return false;
	ok = rd_session_request(&client, run->arena, &run->session[i], err);
	rd_door_hang_up(e->door, line.connection);
	return ok;
}

/* ---- what came back ----------------------------------------------------------------------------
 */

static const struct rd_released_key *find_key(const struct room_run *run, uint32_t table,
					      uint32_t column)
{
	uint32_t owner = run->room.table[table].owner;

	for (uint32_t i = 0; i < run->owners.n; i++) {
		const struct rd_session_result *s = &run->session[i];

		/* Only its own owner's broker speaks for a table. */
		if (run->owners.owner[i] != owner)
			continue;
		for (uint32_t k = 0; k < s->n_keys; k++)
			if (s->key[k].table == table && s->key[k].column == column)
				return &s->key[k];
	}
	return NULL;
}

static bool take_key(const struct room_run *run, const struct rd_room_need *need, uint32_t column,
		     struct rd_column_key *out, struct rd_err *err)
{
	const struct rd_room_table *table = &run->room.table[need->table];
	const struct rd_released_key *key = find_key(run, need->table, column);
	struct rd_view expected = column == RD_FOOTER_KEY ? table->footer_commitment
							  : table->column_commitment[column];
	uint8_t commitment[RD_COMMITMENT_LEN];

	if (!key || key->version != table->version)
		return rd_fail(
			err, RD_FAULT_REFUSED, "run.key.missing",
			"the broker of table %.*s did not release a key that the query needs",
			RD_FMT(table->name));
	if (!rd_table_commitment(&key->key, commitment, err))
		return false;
	if (!rd_view_eq(rd_view_of(commitment, sizeof(commitment)), expected))
		return rd_fail(err, RD_FAULT_REFUSED, "run.key.commitment",
			       "a key of table %.*s is not the one that the room names",
			       RD_FMT(table->name));
	out->column = column;
	out->key = key->key;
	return true;
}

static bool table_id(const struct room_run *run, const struct rd_room_table *table,
		     struct rd_table_id *out, struct rd_err *err)
{
	*out = (struct rd_table_id){ .version = table->version };
	if (table->dataset.len > RD_TABLE_NAME_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.key.missing", "a dataset's name");
	memcpy(out->dataset, table->dataset.data, table->dataset.len);
	return rd_sha256(run->room.owner[table->owner].sign_key, out->owner_key_hash, err);
}

static bool take_keys(struct room_run *run, uint32_t i, struct rd_err *err)
{
	const struct rd_room_need *need = &run->needs.need[i];
	struct run_table *t = &run->table[i];
	struct rd_column_key *key;

	key = RD_NEW_ARRAY(run->arena, struct rd_column_key, (size_t)need->n_columns + 1, err);
	if (!key || !take_key(run, need, RD_FOOTER_KEY, &key[0], err))
		return false;
	for (uint32_t c = 0; c < need->n_columns; c++)
		if (!take_key(run, need, need->column[c], &key[c + 1], err))
			return false;
	t->keys.n = need->n_columns + 1;
	t->keys.key = key;
	return table_id(run, &run->room.table[need->table], &t->id, err) &&
	       rd_table_aad_prefix(&t->id, run->arena, &t->keys.aad_prefix, err);
}

/* The measurement that the launcher wrote into this enclave's claims, for the receipt. */
static bool learn_measurement(struct room_run *run, struct rd_err *err)
{
	struct rd_claims claims;

	if (!rd_claims_decode(run->session[0].claims, &claims, err))
		return false;
	run->measurement = claims.measurement;
	return true;
}

uint32_t run_collect_keys(struct room_run *run, int64_t deadline_ns)
{
	struct rd_err err = { 0 };

	for (uint32_t i = 0; i < run->owners.n; i++) {
		rd_door_progress(run->enclave->door, RD_PHASE_ATTESTING, 100 * i / run->owners.n);
		if (!ask_broker(run, i, deadline_ns, &err))
			return err.fault == RD_FAULT_REFUSED ? RD_END_REFUSED : RD_END_BROKER;
	}
	for (uint32_t i = 0; i < run->needs.n; i++)
		if (!take_keys(run, i, &err))
			return err.fault == RD_FAULT_REFUSED ? RD_END_REFUSED : RD_END_FAILED;
	if (!learn_measurement(run, &err) ||
	    !rd_enclave_advance(run->enclave, RD_ENCLAVE_PROVISIONED, &err))
		return RD_END_FAILED;
	return RD_END_DONE;
}
