/* The policy that would accept exactly one piece of evidence. */
#include "attest_int.h"

#include <string.h>

static void put_value(const struct rd_tee_claim *c, struct rd_buf *out)
{
	if (c->kind == RD_CLAIM_BYTES)
		for (size_t i = 0; i < c->bytes.len; i++)
			rd_buf_printf(out, "%02x", c->bytes.data[i]);
	else if (c->kind == RD_CLAIM_TEXT)
		rd_json_put_string(out, c->bytes);
	else
		rd_buf_printf(out, "%llu", (unsigned long long)c->number);
}

/* A number that is quoted by YAML stays one for us; hexadecimal of digits alone must be text. */
static void put_quoted(const struct rd_tee_claim *c, struct rd_buf *out)
{
	const char *quote = c->kind == RD_CLAIM_BYTES ? "\"" : "";

	rd_buf_printf(out, "%s", quote);
	put_value(c, out);
	rd_buf_printf(out, "%s", quote);
}

static void put_map(const struct rd_tee_rule *rule, const struct rd_tee_result *r,
		    struct rd_buf *out)
{
	bool list = rule->kind == RD_RULE_ONE_OF;
	size_t prefix = strlen(rule->claim);
	bool first = true;

	for (uint32_t i = 0; i < r->n_claims; i++) {
		const struct rd_tee_claim *c = &r->claim[i];

		if (strncmp(c->name, rule->claim, prefix) != 0 || c->kind == RD_CLAIM_NULL)
			continue;
		if (first)
			rd_buf_printf(out, "  # %s\n  %s:\n", rule->help, rule->key);
		first = false;
		rd_buf_printf(out, "    \"%s\": %s", c->name + prefix, list ? "[" : "");
		put_quoted(c, out);
		rd_buf_printf(out, "%s\n", list ? "]" : "");
	}
}

static void put_rule(const struct rd_tee_rule *rule, const struct rd_tee_result *r,
		     struct rd_buf *out)
{
	const struct rd_tee_claim *c = rd_tee_claim_find(r, rule->claim);
	bool list = rule->kind == RD_RULE_ONE_OF;

	if (!c || c->kind == RD_CLAIM_NULL)
		return;
	rd_buf_printf(out, "  # %s\n  %s: %s", rule->help, rule->key, list ? "[" : "");
	put_quoted(c, out);
	rd_buf_printf(out, "%s\n", list ? "]" : "");
}

static void put_flag(const struct rd_tee_rule *rule, const struct rd_tee_result *r,
		     struct rd_buf *out)
{
	const struct rd_tee_claim *c = rd_tee_claim_find(r, rule->claim);

	if (!c || c->kind != RD_CLAIM_BOOL)
		return;
	rd_buf_printf(out, "  # %s\n  %s: %s\n", rule->help, rule->key,
		      c->number ? (rule->protects || rule->strict == RD_FLAG_REQUIRED ? "required"
										      : "allowed")
				: (rule->protects ? "allowed" : "forbidden"));
}

bool rd_evidence_policy_suggest(const struct rd_tee *tee, const struct rd_tee_result *r,
				struct rd_buf *out, struct rd_err *err)
{
	bool revocation = rd_tee_result_of(r, RD_ASPECT_REVOCATION) == RD_RESULT_PASS;

	rd_buf_printf(out, "version: 1\nrevocation: %s\n%s:\n",
		      revocation ? "required" : "optional", tee->name);
	for (const struct rd_tee_rule *rule = tee->rules; rule && rule->key; rule++) {
		bool is_map = rule->claim[strlen(rule->claim) - 1] == '.';

		if (rule->kind == RD_RULE_FLAG)
			put_flag(rule, r, out);
		else if (rule->kind == RD_RULE_NONE_OF || rule->kind == RD_RULE_MAX_AGE)
			continue;
		else if (is_map)
			put_map(rule, r, out);
		else
			put_rule(rule, r, out);
	}
	if (r->tcb_status.len) {
		rd_buf_printf(out, "  tcb_statuses: [");
		rd_json_put_string(out, r->tcb_status);
		rd_buf_printf(out, "]\n");
	}
	return rd_buf_ok(out, err);
}
