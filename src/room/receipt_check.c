/* Is a receipt true?  Every check of PROTOCOL.md 5. */
#include "receipt_int.h"
#include "room_int.h"

struct checker {
	struct rd_view room_hash;
	const struct rd_room *room;
	struct rd_arena *arena;
	struct rd_receipt_checked *out;
	uint32_t query;
	struct rd_room_query_needs needs;
};

static bool refuse(const char *code, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, code, "receipt: %s", what);
}

static bool check_room(struct checker *c, struct rd_err *err)
{
	const struct rd_receipt *x = &c->out->receipt;
	uint8_t hash[RD_SHA256_LEN];

	if (!rd_view_eq(x->room_hash, c->room_hash) || x->sequence != c->room->sequence)
		return refuse("room.receipt.room", "it is of another room or sequence", err);
	c->query = rd_room_find_query(c->room, x->query);
	if (c->query == RD_NONE)
		return refuse("room.receipt.query", "the room has no such query", err);
	if (!rd_sha256(c->room->query[c->query].plan, hash, err))
		return false;
	if (!rd_view_eq(x->plan_hash, rd_view_of(hash, sizeof(hash))) ||
	    !rd_view_eq(x->engine, c->room->engine))
		return refuse("room.receipt.plan", "another plan or engine was run", err);
	if (!rd_room_no_parameters(hash, err))
		return false;
	if (!rd_view_eq(x->parameters_hash, rd_view_of(hash, sizeof(hash))))
		return refuse("room.receipt.parameters", "it was run with parameters", err);
	return rd_room_query_needs(c->room, c->query, c->arena, &c->needs, err);
}

static bool check_inputs(const struct checker *c, struct rd_err *err)
{
	const struct rd_receipt *x = &c->out->receipt;

	if (x->n_inputs != c->needs.n)
		return refuse("room.receipt.input", "it names other tables than the query reads",
			      err);
	for (uint32_t i = 0; i < x->n_inputs; i++) {
		const struct rd_room_table *t = &c->room->table[c->needs.need[i].table];
		uint8_t owner[RD_SHA256_LEN];

		if (!rd_sha256(c->room->owner[t->owner].sign_key, owner, err))
			return false;
		if (!rd_view_eq(x->input[i].dataset, t->dataset) ||
		    x->input[i].version != t->version ||
		    !rd_view_eq(x->input[i].tail_digest, t->tail_digest) ||
		    !rd_view_eq(x->input[i].owner_key_hash, rd_view_of(owner, sizeof(owner))))
			return refuse("room.receipt.input",
				      "another table or version was read than the room names", err);
	}
	return true;
}

/* One release: signed by the owner's broker, for this run, given to this very enclave. */
static bool check_release(const struct checker *c, uint32_t owner,
			  const struct rd_receipt_release *release, struct rd_release_seen *seen,
			  struct rd_err *err)
{
	const struct rd_receipt *x = &c->out->receipt;
	const struct rd_room_owner *o = &c->room->owner[owner];
	struct rd_release_statement s;
	struct rd_claims claims;
	uint8_t hash[RD_SHA256_LEN];

	if (!rd_release_check(release->m4, o->release_key, &s, err))
		return refuse("room.receipt.release",
			      "a release is not signed by the broker that the room names", err);
	if (!rd_view_eq(s.owner, o->name) || !rd_view_eq(s.room_hash, x->room_hash) ||
	    !rd_view_eq(s.query, x->query) || !rd_view_eq(s.parameters_hash, x->parameters_hash))
		return refuse("room.receipt.release", "a release is for another run", err);
	if (!rd_sha256(release->claims, hash, err) ||
	    !rd_claims_decode(release->claims, &claims, err))
		return false;
	if (!rd_view_eq(s.claims_hash, rd_view_of(hash, sizeof(hash))) ||
	    !rd_view_eq(claims.e_sign, x->e_sign) || !rd_view_eq(claims.e_kem, x->e_kem) ||
	    !rd_view_eq(claims.room_hash, x->room_hash))
		return refuse("room.receipt.release", "a release was given to another enclave",
			      err);
	*seen = (struct rd_release_seen){ .owner = o->name,
					  .run = s.run,
					  .time_unix_s = s.time_unix_s };
	return true;
}

static bool check_releases(const struct checker *c, struct rd_err *err)
{
	const struct rd_receipt *x = &c->out->receipt;
	uint32_t n = 0;

	c->out->seen = RD_NEW_ARRAY(c->arena, struct rd_release_seen, RD_ROOM_OWNERS_MAX, err);
	if (!c->out->seen)
		return false;
	for (uint32_t o = 0; o < c->room->n_owners; o++) {
		bool needed = false;

		for (uint32_t i = 0; i < c->needs.n; i++)
			needed = needed || c->room->table[c->needs.need[i].table].owner == o;
		if (!needed)
			continue;
		if (n == x->n_releases)
			return refuse("room.receipt.release", "a broker's release is missing", err);
		if (!check_release(c, o, &x->release[n], &c->out->seen[n], err))
			return false;
		n++;
	}
	c->out->n_owners = n;
	return n == x->n_releases ||
	       refuse("room.receipt.release", "it has releases that the query did not need", err);
}

/* The evidence of role 3 is for exactly this payload, and good enough for the room. */
static bool check_evidence(const struct checker *c, struct rd_view payload, struct rd_view cmw,
			   struct rd_err *err)
{
	const struct rd_receipt *x = &c->out->receipt;
	struct rd_receipt_checked *out = c->out;
	uint8_t hash[RD_SHA256_LEN];
	struct rd_view binding = rd_view_of(hash, sizeof(hash));

	if (!rd_sha256(payload, hash, err) ||
	    !rd_evidence_verify(cmw, out->seen[0].time_unix_s, c->arena, &out->evidence, err))
		return false;
	struct rd_expected_claims expected = { .role = RD_ROLE_RECEIPT,
					       .nonce = binding,
					       .room_hash = x->room_hash,
					       .query = x->query,
					       .parameters_hash = x->parameters_hash,
					       .e_sign = x->e_sign,
					       .e_kem = x->e_kem,
					       .binding = binding };

	if (!rd_appraise(&c->room->policy, &out->evidence, &expected, c->arena, &out->appraisal,
			 err) ||
	    !rd_appraisal_demand(&out->appraisal, err))
		return false;
	return rd_view_eq(out->evidence.claims.measurement, x->measurement) ||
	       refuse("room.receipt.measurement", "it states another measurement than its evidence",
		      err);
}

bool rd_receipt_check(struct rd_view bytes, struct rd_view room_bytes, const struct rd_room *room,
		      struct rd_arena *arena, struct rd_receipt_checked *out, struct rd_err *err)
{
	uint8_t room_hash[RD_SHA256_LEN];
	struct checker c = { .room_hash = rd_view_of(room_hash, sizeof(room_hash)),
			     .room = room,
			     .arena = arena,
			     .out = out };
	struct rd_view cose, cmw, payload, verified;

	*out = (struct rd_receipt_checked){ 0 };
	if (!rd_room_hash(room_bytes, room_hash, err) || !receipt_split(bytes, &cose, &cmw, err) ||
	    !rd_cose_peek("receipt", cose, &payload, err) ||
	    !receipt_decode(payload, arena, &out->receipt, err))
		return false;
	if (!rd_cose_verify("receipt", cose, out->receipt.e_sign, &verified, err))
		return refuse("room.receipt.signature", "it is not signed by the key that it names",
			      err);
	return check_room(&c, err) && check_inputs(&c, err) && check_releases(&c, err) &&
	       check_evidence(&c, payload, cmw, err);
}
