/* Evidence held against a policy and against what the verifier knows: PROTOCOL.md 1 and 2. */
#include "attest_int.h"

#include <redoubt/os.h>

#include <stdio.h>

struct work {
	const struct rd_policy *policy;
	const struct rd_evidence *evidence;
	struct rd_attest_work to;
};

/* What a person can compare: hexadecimal, or text where it is text. */
static struct rd_view show(struct work *w, struct rd_view bytes, bool is_text)
{
	struct rd_view out = { 0 };

	if (bytes.len == 0)
		return rd_view_str("nothing");
	if (is_text)
		return bytes;
	if (!rd_hex(w->to.arena, bytes, &out, w->to.err))
		w->to.failed = true;
	return out;
}

void rd_attest_add(struct rd_attest_work *w, struct rd_reason reason)
{
	struct rd_appraisal *a = w->out;

	/* A full list must not swallow a failure: the verdict refuses then. */
	if (a->n_reasons == RD_APPRAISAL_REASONS_MAX) {
		a->result[RD_ASPECT_POLICY] = RD_RESULT_FAIL;
		return;
	}
	a->reason[a->n_reasons++] = reason;
	if (reason.result < a->result[reason.aspect])
		a->result[reason.aspect] = reason.result;
}

static void add(struct work *w, struct rd_reason reason)
{
	rd_attest_add(&w->to, reason);
}

struct words {
	const char *code, *claim, *expected, *found;
};

static void judge(struct work *w, bool ok, struct words words)
{
	add(w, (struct rd_reason){ .aspect = RD_ASPECT_POLICY,
				   .result = ok ? RD_RESULT_PASS : RD_RESULT_FAIL,
				   .code = words.code,
				   .claim = words.claim,
				   .expected = rd_view_str(words.expected),
				   .found = rd_view_str(words.found) });
}

/* ---- what verification found --------------------------------------------------------------------
 */

void rd_attest_take(struct rd_attest_work *w, const struct rd_tee_result *r)
{
	w->out->result[RD_ASPECT_POLICY] = RD_RESULT_PASS;
	for (uint32_t i = 0; i < r->n_reasons; i++)
		rd_attest_add(w, r->reason[i]);
	for (int a = RD_ASPECT_CRYPTO; a < RD_ASPECT_POLICY; a++)
		w->out->result[a] = rd_tee_result_of(r, (enum rd_aspect)a);
	w->out->tcb_status = r->tcb_status;
}

/* ---- policy
 * --------------------------------------------------------------------------------------- */

static void check_tee(struct work *w)
{
	const struct rd_tee *tee = w->evidence->tee;
	const struct rd_policy *p = w->policy;
	enum rd_level level = w->evidence->result.level;
	bool listed = false;

	for (uint32_t i = 0; i < p->n_tees; i++)
		listed = listed || rd_view_eq(p->tee[i], rd_view_str(tee->name));
	judge(w, listed,
	      (struct words){ "attest.tee", "technology", "one that is listed", tee->name });
	if (level > tee->level)
		level = tee->level;
	w->to.out->level = level;
	judge(w, level >= p->min_level && level != RD_LEVEL_NONE,
	      (struct words){ "attest.level", "level", rd_level_name(p->min_level),
			      rd_level_name(level) });
	judge(w, !w->evidence->result.debug,
	      (struct words){ "attest.debug", "debug", "off",
			      w->evidence->result.debug ? "on: its memory can be read" : "off" });
}

static void check_measurement(struct work *w)
{
	const struct rd_policy *p = w->policy;
	const struct rd_tee_result *r = &w->evidence->result;
	struct rd_view found = w->evidence->claims.measurement;
	struct rd_reason reason = { .aspect = RD_ASPECT_POLICY,
				    .code = "attest.measurement",
				    .claim = "measurement",
				    .expected = rd_view_str("one that is listed") };

	for (uint32_t i = 0; i < p->n_references && !w->to.out->reference; i++)
		if (found.len == RD_MEASUREMENT_LEN &&
		    rd_view_eq(p->reference[i].measurement, found) &&
		    rd_view_eq(p->reference[i].platform_digest, r->platform_digest))
			w->to.out->reference = &p->reference[i];
	if (w->to.out->reference) {
		reason.result = RD_RESULT_PASS;
		reason.expected = w->to.out->reference->name;
	} else if (p->n_references == 1) {
		reason.expected = show(w, p->reference[0].measurement, false);
	}
	reason.found = show(w, found, false);
	add(w, reason);
	if (r->measures_enclave)
		judge(w, rd_view_eq(r->enclave_digest, found),
		      (struct words){ "attest.measurement.hardware", "measurement",
				      "what the hardware measured",
				      rd_view_eq(r->enclave_digest, found) ? "equal"
									   : "another value" });
}

static void check_platform(struct work *w)
{
	const struct rd_policy *p = w->policy;
	struct rd_view id = w->evidence->result.platform_id;
	struct rd_reason reason = { .aspect = RD_ASPECT_POLICY,
				    .code = "attest.platform",
				    .claim = "platform",
				    .expected = rd_view_str(
					    p->any_platform ? "any" : "one that is listed") };

	for (uint32_t i = 0; i < p->n_platforms && id.len; i++)
		if (rd_view_eq(p->platform[i].id, id))
			w->to.out->platform = &p->platform[i];
	if (w->to.out->platform) {
		reason.result = RD_RESULT_PASS;
		reason.expected = w->to.out->platform->name;
	} else if (p->any_platform && w->to.out->level > RD_LEVEL_SOFTWARE) {
		reason.result = RD_RESULT_PASS;
	}
	reason.found = show(w, id, false);
	add(w, reason);
}

static void check_launch(struct work *w)
{
	const struct rd_policy *p = w->policy;
	const struct rd_claims *c = &w->evidence->claims;
	bool listed = p->n_launch_configs == 0;

	judge(w, c->has_launch,
	      (struct words){ "attest.launch", "launcher's claims", "there",
			      c->has_launch ? "there" : "missing" });
	for (uint32_t bit = 1; bit & RD_SANDBOX_ALL; bit <<= 1) {
		if (!(c->sandbox_missing & bit))
			continue;
		judge(w, (p->sandbox_may_miss & bit) != 0,
		      (struct words){ "attest.sandbox", "sandbox.missing",
				      p->sandbox_may_miss & bit ? "allowed to be missing"
								: "not missing",
				      rd_os_sandbox_layer_name(bit) });
	}
	for (uint32_t i = 0; i < p->n_launch_configs; i++)
		listed = listed || rd_view_eq(p->launch_config[i], c->launch_config);
	if (p->n_launch_configs)
		judge(w, listed,
		      (struct words){ "attest.launch_config", "launch configuration",
				      "one that is listed", listed ? "listed" : "another" });
}

/* ---- the verifier's own side
 * ---------------------------------------------------------------------- */

static void compare(struct work *w, const char *claim, struct rd_view expected,
		    struct rd_view found, bool is_text)
{
	add(w, (struct rd_reason){ .aspect = RD_ASPECT_POLICY,
				   .result = rd_view_eq(expected, found) ? RD_RESULT_PASS
									 : RD_RESULT_FAIL,
				   .code = "attest.claim",
				   .claim = claim,
				   .expected = show(w, expected, is_text),
				   .found = show(w, found, is_text) });
}

static void check_claims(struct work *w, const struct rd_expected_claims *e)
{
	const struct rd_claims *c = &w->evidence->claims;

	if (!e) {
		add(w, (struct rd_reason){ .aspect = RD_ASPECT_POLICY,
					   .result = RD_RESULT_ABSENT,
					   .code = "attest.claims.unchecked",
					   .claim = "claims",
					   .expected = rd_view_str("a session to compare with"),
					   .found = rd_view_str("recorded evidence") });
		return;
	}
	judge(w, c->role == e->role,
	      (struct words){ "attest.role", "role",
			      e->role == RD_ROLE_RECEIPT ? "receipt" : "broker session",
			      c->role == RD_ROLE_RECEIPT ? "receipt" : "another" });
	compare(w, "nonce", e->nonce, c->nonce, false);
	compare(w, "room", e->room_hash, c->room_hash, false);
	compare(w, "query", e->query, c->query, true);
	compare(w, "parameters", e->parameters_hash, c->parameters_hash, false);
	compare(w, "e_sign", e->e_sign, c->e_sign, false);
	compare(w, "e_kem", e->e_kem, c->e_kem, false);
	compare(w, "broker's TLS key", e->spki_hash, c->spki_hash, false);
	compare(w, "binding", e->binding, c->binding, false);
}

/* ---- the verdict
 * ----------------------------------------------------------------------------------- */

static bool revocation_ok(const struct work *w)
{
	enum rd_result r = w->to.out->result[RD_ASPECT_REVOCATION];

	/* Nothing below a vendor's or operator's word can be revoked by them. */
	return r == RD_RESULT_PASS || (r == RD_RESULT_ABSENT && (w->to.out->level <= RD_LEVEL_TPM ||
								 !w->policy->require_revocation));
}

bool rd_appraise(const struct rd_policy *policy, const struct rd_evidence *evidence,
		 const struct rd_expected_claims *expected, struct rd_arena *arena,
		 struct rd_appraisal *out, struct rd_err *err)
{
	struct work w = { .policy = policy,
			  .evidence = evidence,
			  .to = { .arena = arena, .out = out, .err = err } };
	/* What a technology forbids by itself holds in every room. */
	const struct rd_evidence_policy strict = { .from_file = true };
	const struct rd_verified verified = { .tee = evidence->tee,
					      .result = &evidence->result,
					      .now_unix_s = -1 };

	*out = (struct rd_appraisal){ 0 };
	rd_attest_take(&w.to, &evidence->result);
	rd_attest_judge_rules(&w.to, &strict, &verified);
	check_tee(&w);
	check_measurement(&w);
	check_platform(&w);
	check_launch(&w);
	check_claims(&w, expected);
	if (rd_attest_complete(out, evidence->tee, true) && revocation_ok(&w) && !w.to.failed)
		out->verdict = RD_VERDICT_ACCEPTED;
	return !w.to.failed;
}

bool rd_appraisal_demand(const struct rd_appraisal *a, struct rd_err *err)
{
	char text[RD_ERR_TEXT_MAX] = "";
	const char *code = NULL;
	size_t at = 0;

	if (a->verdict == RD_VERDICT_ACCEPTED)
		return true;
	for (uint32_t i = 0; i < a->n_reasons; i++) {
		const struct rd_reason *r = &a->reason[i];
		int n;

		if (r->result >= RD_RESULT_PASS || at >= sizeof(text) - 1)
			continue;
		if (r->result == RD_RESULT_FAIL && !code)
			code = r->code;
		n = snprintf(text + at, sizeof(text) - at, "%s%s is %.*s, expected %.*s",
			     at ? "; " : "", r->claim,
			     (int)(r->found.len < 120 ? r->found.len : 120),
			     (const char *)r->found.data,
			     (int)(r->expected.len < 120 ? r->expected.len : 120),
			     (const char *)r->expected.data);
		at += n > 0 ? (size_t)n : 0;
	}
	return rd_fail(err, RD_FAULT_REFUSED, code ? code : "attest.refused",
		       "evidence refused: %s", text);
}

bool rd_appraisal_merge(struct rd_appraisal *whole, const struct rd_appraisal *part,
			const char *label, struct rd_arena *arena, struct rd_err *err)
{
	bool first = whole->n_reasons == 0;

	for (int i = 0; i < RD_ASPECTS; i++)
		if (first || part->result[i] < whole->result[i])
			whole->result[i] = part->result[i];
	whole->level = first || part->level < whole->level ? part->level : whole->level;
	if (part->tcb_status.len)
		whole->tcb_status = part->tcb_status;
	for (uint32_t i = 0; i < part->n_reasons; i++) {
		struct rd_reason reason = part->reason[i];
		struct rd_view claim;

		if (whole->n_reasons == RD_APPRAISAL_REASONS_MAX)
			return true;
		if (!rd_arena_printf(arena, &claim, err, "%s.%s", label, reason.claim))
			return false;
		reason.claim = (const char *)claim.data;
		whole->reason[whole->n_reasons++] = reason;
	}
	return true;
}
