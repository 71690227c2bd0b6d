/* The enclave's states, keys, and its one way to evidence. */
#include <redoubt/run.h>

#include "launcher_int.h"

#include <redoubt/codec.h>

static const char *const state_names[] = { "new",     "ready",  "attested", "provisioned",
					   "running", "sealed", "wiped" };

const char *rd_enclave_state_name(enum rd_enclave_state state)
{
	return state >= RD_ENCLAVE_NEW && state <= RD_ENCLAVE_WIPED ? state_names[state] : "?";
}

static bool wrong_state(const struct rd_enclave *e, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "run.enclave.state", "%s is refused in state %s",
		       what, rd_enclave_state_name(e->state));
}

void rd_enclave_init(struct rd_enclave *enclave, int launcher_fd)
{
	*enclave = (struct rd_enclave){ .state = RD_ENCLAVE_NEW, .launcher_fd = launcher_fd };
}

bool rd_enclave_make_keys(struct rd_enclave *e, struct rd_err *err)
{
	if (e->state != RD_ENCLAVE_NEW)
		return wrong_state(e, "making keys", err);
	if (!rd_os_secret_pages_new(2 * sizeof(struct rd_secret), &e->pages, err))
		return false;
	if (!e->pages.is_secret)
		e->sandbox_missing |= RD_SANDBOX_SECRET_PAGES;
	e->sign = e->pages.data;
	e->kem = e->sign + 1;
	if (!rd_ed25519_generate(e->sign, e->sign_public, err) ||
	    !rd_x25519_generate(e->kem, e->kem_public, err)) {
		rd_enclave_wipe(e);
		return false;
	}
	e->state = RD_ENCLAVE_READY;
	return true;
}

bool rd_enclave_advance(struct rd_enclave *e, enum rd_enclave_state to, struct rd_err *err)
{
	if (to < RD_ENCLAVE_PROVISIONED || to > RD_ENCLAVE_SEALED || to != e->state + 1)
		return wrong_state(e, rd_enclave_state_name(to), err);
	e->state = to;
	return true;
}

void rd_enclave_wipe(struct rd_enclave *e)
{
	rd_os_secret_pages_free(&e->pages);
	e->sign = e->kem = NULL;
	rd_wipe(e->sign_public, sizeof(e->sign_public));
	rd_wipe(e->kem_public, sizeof(e->kem_public));
	e->state = RD_ENCLAVE_WIPED;
}

/* ---- evidence
 * ------------------------------------------------------------------------------------ */

static bool may_attest(const struct rd_enclave *e, const struct rd_claims *draft,
		       struct rd_err *err)
{
	bool now = draft->role == RD_ROLE_BROKER
			   ? e->state == RD_ENCLAVE_READY || e->state == RD_ENCLAVE_ATTESTED
			   : e->state == RD_ENCLAVE_RUNNING || e->state == RD_ENCLAVE_SEALED;

	if (!now || (draft->role != RD_ROLE_BROKER && draft->role != RD_ROLE_RECEIPT))
		return wrong_state(e, "evidence of that role", err);
	if (!rd_view_eq(draft->e_sign, rd_view_of(e->sign_public, sizeof(e->sign_public))) ||
	    !rd_view_eq(draft->e_kem, rd_view_of(e->kem_public, sizeof(e->kem_public))))
		return rd_fail(err, RD_FAULT_USAGE, "run.enclave.keys",
			       "claims must name this enclave's own keys");
	return true;
}

static bool ask(const struct rd_enclave *e, struct rd_view claims, struct rd_span *reply,
		struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf request;
	struct rd_os_message m = { .bytes = *reply };
	int64_t deadline = rd_os_deadline(LAUNCHER_TIMEOUT_MS);

	rd_buf_init(&request, LAUNCHER_MESSAGE_MAX);
	rd_cbor_put_array(&request, 3);
	rd_cbor_put_uint(&request, LAUNCHER_EVIDENCE);
	rd_cbor_put_uint(&request, e->sandbox_missing);
	rd_cbor_put_bytes(&request, claims);
	if (!rd_buf_ok(&request, err) ||
	    !rd_os_message_send(e->launcher_fd, rd_buf_view(&request), deadline, err) ||
	    !rd_os_message_recv(e->launcher_fd, &m, deadline, err))
		return rd_wrap(err, "launcher");
	*reply = m.bytes;
	return true;
}

/* [EVIDENCE, claims, cmw], or [ERROR, code, text]. */
static bool take_reply(struct rd_view reply, struct rd_enclave_evidence *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, reply, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	if (rd_cbor_read_uint(&r, LAUNCHER_EVIDENCE) != LAUNCHER_EVIDENCE)
		return rd_fail(err, RD_FAULT_REFUSED, "run.launcher.refused",
			       "the launcher refused evidence");
	out->claims = rd_cbor_read_bytes(&r, 1, RD_CLAIMS_MAX);
	out->cmw = rd_cbor_read_bytes(&r, 1, LAUNCHER_MESSAGE_MAX);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "launcher");
}

bool rd_enclave_attest(struct rd_enclave *e, const struct rd_claims *draft, struct rd_arena *arena,
		       struct rd_enclave_evidence *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes;
	struct rd_span reply = { .cap = LAUNCHER_MESSAGE_MAX };

	rd_buf_init(&bytes, RD_CLAIMS_MAX);
	if (!may_attest(e, draft, err))
		return false;
	if (draft->has_launch)
		return rd_fail(err, RD_FAULT_USAGE, "run.enclave.claims",
			       "only the launcher may say what it measured");
	reply.data = rd_arena_alloc(arena, 1, reply.cap, err);
	if (!reply.data || !rd_claims_encode(draft, &bytes, err) ||
	    !ask(e, rd_buf_view(&bytes), &reply, err) ||
	    !take_reply(rd_view_of(reply.data, reply.used), out, err))
		return false;
	if (e->state == RD_ENCLAVE_READY)
		e->state = RD_ENCLAVE_ATTESTED;
	return true;
}
