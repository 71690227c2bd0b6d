/*
 * An enclave for test_run_launcher.c: the real frame around a job that does what its bytes say:
 * 'r' reads every blob and gives back its SHA-256, 'n' talks to peer 0, 'e' makes evidence and
 * gives it back, 'x' dies, 'w' tries things in the wrong state.
 */
#include <redoubt/run.h>

#include <stdlib.h>
#include <string.h>

#define STEP 100000u

static bool out(struct rd_enclave *e, uint32_t n, const void *data, size_t len)
{
	struct rd_err err = { 0 };

	return rd_door_output(e->door, n, rd_view_of(data, len), &err);
}

static uint32_t read_blobs(struct rd_enclave *e, const struct rd_door_job *job,
			   struct rd_arena *arena)
{
	static uint8_t step[STEP];
	struct rd_err err = { 0 };

	for (uint32_t i = 0; i < job->n_blobs; i++) {
		struct rd_hasher *hasher = NULL;
		struct rd_blob blob;
		uint8_t digest[RD_SHA256_LEN];

		if (!rd_door_blob(job, i, arena, &blob, &err) ||
		    !rd_hasher_new(RD_HASH_SHA256, &hasher, &err))
			return RD_END_FAILED;
		for (uint64_t at = 0; at < blob.size; at += STEP) {
			uint64_t left = blob.size - at;
			struct rd_span part = { step, left < STEP ? left : STEP, 0 };

			if (!blob.read(blob.ctx, at, &part, &err))
				return RD_END_TABLE;
			if (!rd_hasher_add(hasher, rd_view_of(step, part.used), &err))
				return RD_END_FAILED;
		}
		if (!rd_hasher_finish(hasher, digest, &err) || !out(e, i, digest, sizeof(digest)))
			return RD_END_FAILED;
		rd_hasher_free(&hasher);
	}
	return RD_END_DONE;
}

/* Sends 100,000 bytes, hands on all that comes back. */
static uint32_t talk(struct rd_enclave *e)
{
	static uint8_t bytes[STEP];
	struct rd_err err = { 0 };
	uint32_t c;
	size_t before;
	struct rd_span in = { bytes, sizeof(bytes), 0 };

	memset(bytes, 'q', sizeof(bytes));
	if (!rd_door_connect(e->door, 0, &c, &err) ||
	    !rd_door_send(e->door, c, rd_view_of(bytes, sizeof(bytes)), &err))
		return RD_END_BROKER;
	do {
		before = in.used;
		if (!rd_door_recv(e->door, c, &in, rd_os_deadline(5000), &err))
			return RD_END_BROKER;
	} while (in.used > before && in.used < in.cap);
	rd_door_hang_up(e->door, c);
	return in.used == 0                ? RD_END_BROKER
	       : out(e, 0, bytes, in.used) ? RD_END_DONE
					   : RD_END_FAILED;
}

static void fill(const struct rd_enclave *e, enum rd_role role, struct rd_claims *c)
{
	static const uint8_t some[32] = { 1, 2, 3 };
	struct rd_view hash = rd_view_of(some, sizeof(some));

	*c = (struct rd_claims){ .role = role,
				 .nonce = hash,
				 .room_hash = hash,
				 .query = rd_view_str("study"),
				 .parameters_hash = hash,
				 .binding = hash };
	c->e_sign = rd_view_of(e->sign_public, sizeof(e->sign_public));
	c->e_kem = rd_view_of(e->kem_public, sizeof(e->kem_public));
	if (role == RD_ROLE_BROKER)
		c->spki_hash = hash;
}

static uint32_t evidence(struct rd_enclave *e, struct rd_arena *arena)
{
	struct rd_claims draft;
	struct rd_enclave_evidence made;
	struct rd_err err = { 0 };

	fill(e, RD_ROLE_BROKER, &draft);
	if (!rd_enclave_attest(e, &draft, arena, &made, &err))
		return RD_END_REFUSED;
	return out(e, 0, made.claims.data, made.claims.len) &&
			       out(e, 1, made.cmw.data, made.cmw.len)
		       ? RD_END_DONE
		       : RD_END_FAILED;
}

/* Every call that is wrong now must be refused; gives a letter for each that is not. */
static uint32_t wrong_states(struct rd_enclave *e, struct rd_arena *arena)
{
	struct rd_claims receipt, draft, foreign;
	struct rd_enclave_evidence made;
	struct rd_err err = { 0 };
	char bad[8] = "";
	size_t n = 0;

	fill(e, RD_ROLE_RECEIPT, &receipt);
	fill(e, RD_ROLE_BROKER, &draft);
	foreign = draft;
	foreign.e_sign = foreign.room_hash;
	if (rd_enclave_attest(e, &receipt, arena, &made, &err))
		bad[n++] = 'a';
	if (rd_enclave_attest(e, &foreign, arena, &made, &err))
		bad[n++] = 'b';
	if (rd_enclave_advance(e, RD_ENCLAVE_PROVISIONED, &err) ||
	    rd_enclave_advance(e, RD_ENCLAVE_RUNNING, &err) || rd_enclave_make_keys(e, &err))
		bad[n++] = 'c';
	if (!rd_enclave_attest(e, &draft, arena, &made, &err) ||
	    !rd_enclave_advance(e, RD_ENCLAVE_PROVISIONED, &err) ||
	    !rd_enclave_advance(e, RD_ENCLAVE_RUNNING, &err))
		bad[n++] = 'd';
	if (rd_enclave_attest(e, &draft, arena, &made, &err))
		bad[n++] = 'e';
	if (!rd_enclave_attest(e, &receipt, arena, &made, &err))
		bad[n++] = 'f';
	rd_enclave_wipe(e);
	if (rd_enclave_attest(e, &receipt, arena, &made, &err))
		bad[n++] = 'g';
	bad[n++] = '.';
	return out(e, 0, bad, n) ? RD_END_DONE : RD_END_FAILED;
}

static uint32_t run(struct rd_enclave *e, int64_t deadline_ns)
{
	struct rd_arena *arena = NULL;
	struct rd_door_job job;
	struct rd_err err = { 0 };
	uint32_t end = RD_END_JOB;

	if (!rd_arena_new(64u << 20, &arena, &err) ||
	    !rd_door_job(e->door, deadline_ns, arena, &job, &err))
		return RD_END_FAILED;
	if (job.bytes.len == 1) {
		switch (job.bytes.data[0]) {
		case 'r':
			end = read_blobs(e, &job, arena);
			break;
		case 'n':
			end = talk(e);
			break;
		case 'e':
			end = evidence(e, arena);
			break;
		case 'w':
			end = wrong_states(e, arena);
			break;
		case 'x':
			abort();
		}
	}
	rd_arena_free(&arena);
	return end;
}

int main(void)
{
	static const struct rd_enclave_program program = { .run = run };

	return rd_enclave_main(&program);
}
