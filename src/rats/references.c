/* Reference values of a manifest as part of a policy. */
#include "rats_int.h"

#include <string.h>
#include <strings.h>

/* The text of a measurement's key; empty where it is none. */
static struct rd_view key_text(struct rd_view key)
{
	struct rd_view text = { 0 };
	struct rd_err unused = { 0 };
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, key, RD_CBOR_TOLERANT);
	if (key.len && rd_cbor_peek(&r) == RD_CBOR_TEXT)
		text = rd_cbor_read_text(&r, 1, 128);
	return rd_cbor_finish(&r, &unused) ? text : (struct rd_view){ 0 };
}

static bool same(struct rd_view text, const char *other)
{
	return text.len == strlen(other) &&
	       strncasecmp((const char *)text.data, other, text.len) == 0;
}

/* The rule that compares a claim with a list of digests; `key` is what follows its dot. */
static const struct rd_tee_rule *rule_of(const struct rd_tee *tee, struct rd_view claim,
					 struct rd_view *key)
{
	for (const struct rd_tee_rule *r = tee->rules; r && r->key; r++) {
		size_t len = strlen(r->claim);
		bool map = r->claim[len - 1] == '.';

		*key = (struct rd_view){ 0 };
		if (r->kind != RD_RULE_ONE_OF || r->value != RD_CLAIM_BYTES)
			continue;
		if (map && rd_view_starts(claim, rd_view_str(r->claim)))
			*key = rd_view_of(claim.data + len, claim.len - len);
		if (key->len || (!map && same(claim, r->claim)))
			return r;
	}
	return NULL;
}

struct adding {
	const struct rd_tee *tee;
	struct rd_arena *arena;
	struct rd_evidence_policy *policy;
	struct rd_rule_setting *setting; /* a copy with room */
	struct rd_err *err;
};

/* The policy's own values for all products and this one: any of them may be. */
static bool add_value(struct adding *a, const struct rd_tee_rule *rule,
		      const struct rd_rule_value *value)
{
	struct rd_rule_setting *s = NULL;
	struct rd_rule_value *all;
	uint32_t at;

	for (uint32_t i = 0; i < a->policy->n_settings; i++)
		if (a->setting[i].tee == a->tee && a->setting[i].rule == rule &&
		    a->setting[i].product.len == 0)
			s = &a->setting[i];
	if (!s) {
		if (a->policy->n_settings == RD_EVIDENCE_POLICY_SETTINGS_MAX)
			return rd_fail(a->err, RD_FAULT_MALFORMED, "attest.policy",
				       "more than %u settings", RD_EVIDENCE_POLICY_SETTINGS_MAX);
		s = &a->setting[a->policy->n_settings++];
		*s = (struct rd_rule_setting){ .tee = a->tee, .rule = rule };
	}
	if (s->n_values == RD_EVIDENCE_POLICY_VALUES_MAX)
		return rd_fail(a->err, RD_FAULT_MALFORMED, "attest.policy", "more than %u values",
			       RD_EVIDENCE_POLICY_VALUES_MAX);
	all = RD_NEW_ARRAY(a->arena, struct rd_rule_value, s->n_values + 1, a->err);
	if (!all)
		return false;
	/* Values of one key stand together. */
	for (at = s->n_values; at > 0 && !rd_view_eq(s->value[at - 1].key, value->key);)
		at--;
	at = at ? at : s->n_values;
	if (at)
		memcpy(all, s->value, at * sizeof(*all));
	all[at] = *value;
	if (s->n_values > at)
		memcpy(all + at + 1, s->value + at, (s->n_values - at) * sizeof(*all));
	s->value = all;
	s->n_values++;
	return true;
}

bool rd_corim_references(const struct rd_corim *c, const struct rd_tee *tee, struct rd_arena *arena,
			 struct rd_evidence_policy *policy, struct rd_err *err)
{
	struct adding a = { .tee = tee, .arena = arena, .policy = policy, .err = err };
	uint32_t n = 0;

	if (c->n_values > RD_CORIM_VALUES_MAX)
		return rd_fail(err, RD_FAULT_REFUSED, "rats.corim.references",
			       "%u reference values, at most %u", c->n_values, RD_CORIM_VALUES_MAX);
	a.setting =
		RD_NEW_ARRAY(arena, struct rd_rule_setting, RD_EVIDENCE_POLICY_SETTINGS_MAX, err);
	if (!a.setting)
		return false;
	if (policy->n_settings)
		memcpy(a.setting, policy->setting, policy->n_settings * sizeof(*a.setting));
	policy->setting = a.setting;
	for (uint32_t i = 0; i < c->n_values; i++) {
		const struct rd_corim_value *v = &c->value[i];
		struct rd_rule_value value = { 0 };
		const struct rd_tee_rule *rule = rule_of(tee, key_text(v->key), &value.key);

		if (!rule || (v->model.len && !same(v->model, tee->name)) ||
		    (rule->len && v->digest.len != rule->len))
			continue;
		if (!rd_hex(arena, v->digest, &value.text, err) || !add_value(&a, rule, &value))
			return false;
		n++;
	}
	return n > 0 || rd_fail(err, RD_FAULT_REFUSED, "rats.corim.references",
				"none of its reference values is about a claim of %s", tee->name);
}
