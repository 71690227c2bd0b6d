/* The rules that a technology lists, judged: one reason each. */
#include "attest_int.h"

#include <string.h>

#define SECONDS_PER_DAY 86400
#define TEXT_MAX 512u

struct judge {
	struct rd_attest_work *w;
	const struct rd_evidence_policy *policy;
	const struct rd_tee *tee;
	const struct rd_tee_result *result;
	int64_t now_unix_s;
};

/* The setting for this product if there is one, else the one for all. */
static const struct rd_rule_setting *setting_of(const struct judge *j,
						const struct rd_tee_rule *rule)
{
	const struct rd_rule_setting *general = NULL;

	for (uint32_t i = 0; i < j->policy->n_settings; i++) {
		const struct rd_rule_setting *s = &j->policy->setting[i];

		if (s->tee != j->tee || s->rule != rule)
			continue;
		if (s->product.len == 0)
			general = s;
		else if (rd_view_eq(s->product, j->result->product))
			return s;
	}
	return general;
}

static struct rd_view text_of(struct judge *j, const struct rd_tee_claim *claim)
{
	struct rd_view out = rd_view_str("nothing");
	bool ok = true;

	if (!claim || claim->kind == RD_CLAIM_NULL)
		return out;
	if (claim->kind == RD_CLAIM_TEXT)
		return claim->bytes;
	if (claim->kind == RD_CLAIM_BOOL)
		return rd_view_str(claim->number ? "true" : "false");
	if (claim->kind == RD_CLAIM_BYTES)
		ok = rd_hex(j->w->arena, claim->bytes, &out, j->w->err);
	else
		ok = rd_arena_printf(j->w->arena, &out, j->w->err, "%llu",
				     (unsigned long long)claim->number);
	j->w->failed = j->w->failed || !ok;
	return out;
}

struct said {
	const char *code, *claim;
	struct rd_view expected, found;
};

static void say(struct judge *j, bool ok, struct said said)
{
	rd_attest_add(j->w, (struct rd_reason){ .aspect = RD_ASPECT_POLICY,
						.result = ok ? RD_RESULT_PASS : RD_RESULT_FAIL,
						.code = said.code,
						.claim = said.claim,
						.expected = said.expected,
						.found = said.found });
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* The value as the policy wrote it is this claim's: hexadecimal in either case, text, a number. */
static bool same(struct judge *j, const struct rd_tee_rule *rule, const struct rd_tee_claim *claim,
		 const struct rd_rule_value *value)
{
	struct rd_err unused = { 0 };
	struct rd_view bytes;

	switch (claim->kind) {
	case RD_CLAIM_BYTES:
		return rd_unhex(j->w->arena, value->text, &bytes, &unused) &&
		       rd_view_eq(bytes, claim->bytes);
	case RD_CLAIM_TEXT:
		return rd_view_eq(value->text, claim->bytes);
	case RD_CLAIM_UINT:
		return rule->value == RD_CLAIM_UINT && value->number == claim->number;
	case RD_CLAIM_NULL:
	case RD_CLAIM_BOOL:
	case RD_CLAIM_TIME:
		break;
	}
	return false;
}

/* All values of one key: the claim is one of them (or none). */
static void judge_list(struct judge *j, const struct rd_rule_setting *s, const char *name,
		       struct rd_view key)
{
	const struct rd_tee_claim *claim = rd_tee_claim_find(j->result, name);
	bool none_of = s->rule->kind == RD_RULE_NONE_OF, listed = false;
	struct rd_view expected = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_values; i++) {
		if (!rd_view_eq(s->value[i].key, key))
			continue;
		expected = s->value[i].text;
		n++;
		listed = listed || (claim && same(j, s->rule, claim, &s->value[i]));
	}
	if (none_of)
		expected = rd_view_str("none of those that are listed");
	else if (n > 1)
		expected = rd_view_str("one of those that are listed");
	say(j, none_of ? !listed : listed,
	    (struct said){ none_of ? "attest.none_of" : "attest.one_of", name, expected,
			   text_of(j, claim) });
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void judge_number(struct judge *j, const struct rd_rule_setting *s, const char *name,
			 uint64_t bound)
{
	const struct rd_tee_claim *claim = rd_tee_claim_find(j->result, name);
	bool at_least = s->rule->kind == RD_RULE_AT_LEAST;
	struct rd_view expected = { 0 };
	bool ok = claim && claim->kind == RD_CLAIM_UINT &&
		  (at_least ? claim->number >= bound : claim->number <= bound);

	if (!rd_arena_printf(j->w->arena, &expected, j->w->err, "at %s %llu",
			     at_least ? "least" : "most", (unsigned long long)bound))
		j->w->failed = true;
	say(j, ok,
	    (struct said){ at_least ? "attest.at_least" : "attest.at_most", name, expected,
			   text_of(j, claim) });
}

static void judge_age(struct judge *j, const struct rd_rule_setting *s)
{
	const char *name = s->rule->claim;
	const struct rd_tee_claim *claim = rd_tee_claim_find(j->result, name);
	uint64_t days = s->value[0].number;
	struct rd_view expected = { 0 }, found = rd_view_str("no time");
	bool ok = false;

	if (claim && claim->kind == RD_CLAIM_TIME && j->now_unix_s >= 0) {
		int64_t age = j->now_unix_s - (int64_t)claim->number;

		/* What is of a time to come is, without its sign, older than anything. */
		ok = (uint64_t)age <= days * SECONDS_PER_DAY;
		if (!rd_arena_printf(j->w->arena, &found, j->w->err, "%lld days",
				     (long long)(age / SECONDS_PER_DAY)))
			j->w->failed = true;
	}
	if (!rd_arena_printf(j->w->arena, &expected, j->w->err, "at most %llu days",
			     (unsigned long long)days))
		j->w->failed = true;
	say(j, ok, (struct said){ "attest.age", name, expected, found });
}

/* ---- flags ----------------------------------------------------------------------------------- */

static void judge_flag(struct judge *j, const struct rd_tee_rule *rule,
		       const struct rd_rule_setting *s)
{
	const struct rd_tee_claim *claim = rd_tee_claim_find(j->result, rule->claim);
	enum rd_flag flag = s ? s->flag : j->policy->from_file ? rule->strict : rule->profile;
	bool set = claim && claim->kind == RD_CLAIM_BOOL && claim->number;

	if (flag == RD_FLAG_REQUIRED) {
		say(j, set,
		    (struct said){ "attest.flag", rule->claim, rd_view_str("true"),
				   text_of(j, claim) });
	} else if (flag == RD_FLAG_FORBIDDEN) {
		/* A form of evidence without this claim has nothing to forbid. */
		if (claim)
			say(j, !set,
			    (struct said){ "attest.flag", rule->claim, rd_view_str("false"),
					   text_of(j, claim) });
	} else if (set &&
		   (rule->profile == RD_FLAG_FORBIDDEN || rule->strict == RD_FLAG_FORBIDDEN)) {
		rd_attest_add(j->w, (struct rd_reason){ .aspect = RD_ASPECT_POLICY,
							.result = RD_RESULT_WARNING,
							.code = "attest.flag.allowed",
							.claim = rule->claim,
							.expected = rd_view_str("allowed"),
							.found = rd_view_str("true") });
	}
}

static void judge_setting(struct judge *j, const struct rd_rule_setting *s)
{
	const char *claim = s->rule->claim;
	bool is_map = claim[strlen(claim) - 1] == '.';

	if (s->rule->kind == RD_RULE_MAX_AGE) {
		judge_age(j, s);
		return;
	}
	for (uint32_t i = 0; i < s->n_values; i++) {
		const struct rd_rule_value *v = &s->value[i];
		struct rd_view name = rd_view_str(claim);

		if (is_map && !rd_arena_printf(j->w->arena, &name, j->w->err, "%s%.*s", claim,
					       RD_FMT(v->key))) {
			j->w->failed = true;
			return;
		}
		if (s->rule->kind == RD_RULE_AT_LEAST || s->rule->kind == RD_RULE_AT_MOST)
			judge_number(j, s, (const char *)name.data, v->number);
		else if (i == 0 || !rd_view_eq(v->key, s->value[i - 1].key))
			judge_list(j, s, (const char *)name.data, v->key);
	}
}

/* ---- status words ---------------------------------------------------------------------------- */

static bool advisories_accepted(const struct judge *j, const struct rd_accepted_status *a)
{
	const struct rd_tee_claim *claim = rd_tee_claim_find(j->result, "advisories");
	struct rd_view rest = claim ? claim->bytes : (struct rd_view){ 0 };

	while (!a->any_advisory && rest.len) {
		const uint8_t *comma = memchr(rest.data, ',', rest.len);
		struct rd_view id = rest;
		bool listed = false;

		if (comma)
			id.len = (size_t)(comma - rest.data);
		for (uint32_t i = 0; i < a->n_advisories; i++)
			listed = listed || rd_view_eq(a->advisory[i], id);
		if (!listed)
			return false;
		if (!comma)
			break;
		rest = rd_view_of(comma + 1, rest.len - id.len - 1);
		while (rest.len && rest.data[0] == ' ')
			rest = rd_view_of(rest.data + 1, rest.len - 1);
	}
	return true;
}

/* A policy may take a status that is not the vendor's best: until a day, with known advisories. */
static void accept_status(struct judge *j)
{
	struct rd_appraisal *out = j->w->out;
	enum rd_result least = RD_RESULT_WARNING;

	for (uint32_t i = 0; i < j->policy->n_statuses; i++) {
		const struct rd_accepted_status *a = &j->policy->status[i];
		bool good = a->tee == j->tee && rd_view_eq(a->status, out->tcb_status) &&
			    (a->until_unix_s < 0 ||
			     (j->now_unix_s >= 0 && j->now_unix_s <= a->until_unix_s)) &&
			    advisories_accepted(j, a);

		for (uint32_t k = 0; good && k < out->n_reasons; k++)
			if (strcmp(out->reason[k].code, RD_TEE_STATUS_CODE) == 0 &&
			    out->reason[k].result == RD_RESULT_FAIL) {
				out->reason[k].result = RD_RESULT_PASS;
				out->reason[k].expected = out->tcb_status;
				out->reason[k].remedy = rd_view_str("accepted by the policy");
			}
	}
	for (uint32_t k = 0; k < out->n_reasons; k++)
		if (out->reason[k].aspect == RD_ASPECT_TCB && out->reason[k].result < least)
			least = out->reason[k].result;
	out->result[RD_ASPECT_TCB] = least == RD_RESULT_WARNING ? RD_RESULT_ABSENT : least;
}

/* Does the evidence have the claim, or an entry of that map? */
static bool has_claim(const struct judge *j, const struct rd_tee_rule *rule)
{
	size_t len = strlen(rule->claim);
	bool is_map = rule->claim[len - 1] == '.';

	for (uint32_t i = 0; i < j->result->n_claims; i++)
		if (is_map ? strncmp(j->result->claim[i].name, rule->claim, len) == 0
			   : strcmp(j->result->claim[i].name, rule->claim) == 0)
			return true;
	return false;
}

/* Is a reference value for this claim amiss?  Not where the evidence brings another such claim in
 * its place (registers of an enclave, or of a TPM). */
static bool concerns(const struct judge *j, const struct rd_tee_rule *rule)
{
	bool other = false;

	for (const struct rd_tee_rule *r = j->tee->rules; r->key; r++)
		other = other || (r->reference && has_claim(j, r));
	return has_claim(j, rule) || !other;
}

void rd_attest_judge_rules(struct rd_attest_work *w, const struct rd_evidence_policy *policy,
			   const struct rd_verified *verified)
{
	struct judge j = { .w = w,
			   .policy = policy,
			   .tee = verified->tee,
			   .result = verified->result,
			   .now_unix_s = verified->now_unix_s };

	for (const struct rd_tee_rule *r = j.tee->rules; r && r->key; r++) {
		const struct rd_rule_setting *s = setting_of(&j, r);

		if (r->kind == RD_RULE_FLAG)
			judge_flag(&j, r, s);
		else if (s)
			judge_setting(&j, s);
		else if (r->reference && concerns(&j, r))
			rd_attest_add(w, (struct rd_reason){
						 .aspect = RD_ASPECT_POLICY,
						 .result = RD_RESULT_WARNING,
						 .code = "attest.unset",
						 .claim = r->claim,
						 .expected = rd_view_str("a reference value"),
						 .found = rd_view_str("none in the policy") });
	}
	accept_status(&j);
}

bool rd_attest_complete(const struct rd_appraisal *a, const struct rd_tee *tee,
			bool revocation_optional)
{
	for (int i = 0; i < RD_ASPECTS; i++) {
		bool needed = i == RD_ASPECT_CRYPTO || (tee->must_not_be_absent & 1u << i);

		if (i == RD_ASPECT_REVOCATION && revocation_optional)
			needed = false;
		if (a->result[i] == RD_RESULT_FAIL || (needed && a->result[i] != RD_RESULT_PASS))
			return false;
	}
	return true;
}

bool rd_appraise_evidence(const struct rd_evidence_policy *policy,
			  const struct rd_verified *verified, struct rd_arena *arena,
			  struct rd_appraisal *out, struct rd_err *err)
{
	struct rd_attest_work w = { .arena = arena, .out = out, .err = err };
	bool strict = policy->from_file && !policy->revocation_optional;
	const struct rd_tee *tee = verified->tee;

	*out = (struct rd_appraisal){ .level = verified->result->level };
	rd_attest_take(&w, verified->result);
	rd_attest_judge_rules(&w, policy, verified);
	/* A policy file demands revocation data of every vendor that publishes any. */
	if (strict && tee->level >= RD_LEVEL_OPERATOR &&
	    out->result[RD_ASPECT_REVOCATION] == RD_RESULT_ABSENT)
		rd_attest_add(&w,
			      (struct rd_reason){
				      .aspect = RD_ASPECT_REVOCATION,
				      .result = RD_RESULT_FAIL,
				      .code = "attest.revocation",
				      .claim = "revocation",
				      .expected = rd_view_str("revocation lists"),
				      .found = rd_view_str("none, and the policy demands them") });
	if (!w.failed && rd_attest_complete(out, tee, policy->revocation_optional))
		out->verdict = RD_VERDICT_ACCEPTED;
	return !w.failed;
}
