/* redoubt policy suggest|diff: evidence policies from evidence, and what a change lets in. */
#include "cmd.h"
#include "evidence.h"

#include <redoubt/crypto.h>
#include <redoubt/rats.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX ((size_t)512 << 20)
#define TEXT_MAX ((size_t)1 << 20)

static bool verified(const struct cmd_evidence_args *args, struct rd_arena *arena,
		     struct cmd_evidence *e, struct rd_tee_result **result, struct rd_err *err)
{
	*result = RD_NEW(arena, struct rd_tee_result, err);
	return *result && cmd_evidence_read(args, arena, e, err) &&
	       (cmd_evidence_verify(e, arena, *result, err) || rd_wrap(err, "%s", args->file));
}

/* No policy accepts what fails in the evidence or is missing beside it: that is said, not hidden.
 */
static bool check_suggested(struct rd_view text, const struct cmd_evidence *e,
			    const struct rd_tee_result *result, struct rd_arena *arena,
			    struct rd_err *err)
{
	struct rd_appraisal *a = RD_NEW(arena, struct rd_appraisal, err);
	const struct rd_verified seen = { e->tee, result, e->in.now_unix_s };
	struct rd_evidence_policy policy;
	struct rd_err why = { 0 };
	const struct rd_doc *doc;

	if (!a || !rd_yaml_parse(arena, "suggestion", text, &doc, err) ||
	    !rd_evidence_policy_from_doc(doc, "suggestion", rd_rats_kinds, arena, &policy, err) ||
	    !rd_appraise_evidence(&policy, &seen, arena, a, err))
		return false;
	if (!rd_appraisal_demand(a, &why))
		fprintf(stderr, "redoubt policy: this policy does not accept it yet: %s [%s]\n",
			why.text, why.code);
	return true;
}

static bool suggest(const struct cmd_evidence_args *args, struct rd_arena *arena,
		    struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = TEXT_MAX };
	struct rd_tee_result *result;
	struct cmd_evidence e;

	if (!verified(args, arena, &e, &result, err))
		return false;
	if (!e.tee->rules)
		return rd_fail(err, RD_FAULT_REFUSED, "attest.rules",
			       "%s: a policy says nothing of %s: give one message of it "
			       "(`redoubt cmw get`) or its room",
			       args->file, e.tee->name);
	if (rd_tee_result_of(result, RD_ASPECT_CRYPTO) != RD_RESULT_PASS)
		return rd_fail(err, RD_FAULT_REFUSED, "attest.refused",
			       "%s does not verify, so it is no model for a policy: see `redoubt "
			       "verify`",
			       args->file);
	return rd_evidence_policy_suggest(e.tee, result, &out, err) &&
	       (fwrite(out.data, 1, out.len, stdout) == out.len ||
		rd_fail_errno(err, "os.file.write", "standard output")) &&
	       check_suggested(rd_buf_view(&out), &e, result, arena, err);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* How a rule's values are written. */
static const char *form_of(const struct rd_tee_rule *rule)
{
	bool map = rule->claim[strlen(rule->claim) - 1] == '.';

	switch (rule->kind) {
	case RD_RULE_FLAG:
		return rule->strict == RD_FLAG_FORBIDDEN ? "forbidden (default), allowed, required"
		       : rule->strict == RD_FLAG_REQUIRED
			       ? "required (default), allowed, forbidden"
			       : "allowed (default), forbidden, required";
	case RD_RULE_ONE_OF:
		return map ? "{NAME: [VALUE...]}, one of each" : "[VALUE...], one of them";
	case RD_RULE_NONE_OF:
		return map ? "{NAME: [VALUE...]}, none of each" : "[VALUE...], none of them";
	case RD_RULE_AT_LEAST:
		return map ? "{NAME: NUMBER}, at least" : "NUMBER, at least";
	case RD_RULE_AT_MOST:
		return map ? "{NAME: NUMBER}, at most" : "NUMBER, at most";
	case RD_RULE_MAX_AGE:
		return "NUMBER of days";
	}
	return "";
}

/* Hexadecimal, where that is what values are. */
static const char *value_of(const struct rd_tee_rule *rule, char out[32])
{
	bool list = rule->kind == RD_RULE_ONE_OF || rule->kind == RD_RULE_NONE_OF;

	out[0] = '\0';
	if (list && rule->value == RD_CLAIM_BYTES && rule->len)
		snprintf(out, 32, ", %u bytes in hex", rule->len);
	else if (list && rule->value == RD_CLAIM_BYTES)
		snprintf(out, 32, ", in hex");
	return out;
}

static bool print_keys(const char *name, struct rd_err *err)
{
	const struct rd_tee *tee = cmd_evidence_type(rd_view_str(name), err);
	char value[32];

	if (!tee)
		return false;
	if (!tee->rules)
		return rd_fail(err, RD_FAULT_REFUSED, "attest.rules", "a policy says nothing of %s",
			       tee->name);
	printf("%s:\n", tee->name);
	for (const struct rd_tee_rule *r = tee->rules; r->key; r++)
		printf("  %-26s  %s\n  %-26s  %s%s\n", r->key, r->help, "", form_of(r),
		       value_of(r, value));
	printf("  %-26s  %s\n  %-26s  %s\n", "tcb_statuses",
	       "status words that are accepted; default: the vendor's best alone", "",
	       "[WORD, {status: WORD, until: TIME, advisories: [ID...]}...]");
	printf("  %-26s  %s\n  %-26s  %s\n", "products",
	       "keys that hold for one product in place of those above", "",
	       "{PRODUCT: {KEY: ...}}");
	return true;
}

/* ---- diff ------------------------------------------------------------------------------------ */

static const char *word(const struct rd_appraisal *a)
{
	return a->verdict == RD_VERDICT_ACCEPTED ? "accepted" : "refused";
}

static bool has(const struct rd_appraisal *a, const struct rd_reason *r, bool failing)
{
	for (uint32_t i = 0; i < a->n_reasons; i++)
		if (strcmp(a->reason[i].code, r->code) == 0 &&
		    strcmp(a->reason[i].claim, r->claim) == 0 &&
		    (!failing || a->reason[i].result == RD_RESULT_FAIL))
			return true;
	return false;
}

/* Reasons of `a` that fail and do not in `b`. */
static void put_failures(const char *sign, const struct rd_appraisal *a,
			 const struct rd_appraisal *b, struct rd_buf *out)
{
	for (uint32_t i = 0; i < a->n_reasons; i++) {
		const struct rd_reason *r = &a->reason[i];

		if (r->result != RD_RESULT_FAIL || has(b, r, true))
			continue;
		rd_buf_printf(out, "  %s %s: ", sign, r->code);
		rd_text_put_shown(out, rd_view_str(r->claim));
		rd_buf_printf(out, " is ");
		rd_text_put_shown(out, r->found);
		rd_buf_printf(out, ", expected ");
		rd_text_put_shown(out, r->expected);
		rd_buf_add_byte(out, '\n');
	}
}

/* What the policy held in `a` and does not look at in `b`: other evidence may get in by it. */
static void put_unlooked(const char *sign, const struct rd_appraisal *a,
			 const struct rd_appraisal *b, struct rd_buf *out)
{
	for (uint32_t i = 0; i < a->n_reasons; i++) {
		const struct rd_reason *r = &a->reason[i];

		if (r->aspect != RD_ASPECT_POLICY || r->result != RD_RESULT_PASS ||
		    has(b, r, false))
			continue;
		rd_buf_printf(out, "  %s %s: ", sign, r->code);
		rd_text_put_shown(out, rd_view_str(r->claim));
		rd_buf_add_byte(out, '\n');
	}
}

static bool appraise(const char *policy, const struct cmd_evidence_args *args,
		     struct rd_arena *arena, struct rd_appraisal **out, struct rd_err *err)
{
	struct rd_tee_result *result = RD_NEW(arena, struct rd_tee_result, err);
	struct cmd_evidence_args with = *args;
	struct cmd_evidence e;

	*out = RD_NEW(arena, struct rd_appraisal, err);
	with.policy = policy;
	return *out && result && cmd_evidence_read(&with, arena, &e, err) &&
	       (cmd_evidence_appraise(&e, arena, result, *out, err) ||
		rd_wrap(err, "%s", args->file));
}

static bool diff(const char *old, const char *new, const struct cmd_evidence_args *args,
		 struct rd_arena *arena, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = TEXT_MAX };
	struct rd_appraisal *before, *after;

	if (!appraise(old, args, arena, &before, err) || !appraise(new, args, arena, &after, err))
		return false;
	if (before->verdict == after->verdict)
		rd_buf_printf(&out, "%s: %s by both\n", args->file, word(before));
	else
		rd_buf_printf(&out, "%s: %s before, %s after\n", args->file, word(before),
			      word(after));
	put_failures("no longer fails", before, after, &out);
	put_failures("now fails      ", after, before, &out);
	put_unlooked("no longer held ", before, after, &out);
	put_unlooked("now held       ", after, before, &out);
	return rd_buf_ok(&out, err) && (fwrite(out.data, 1, out.len, stdout) == out.len ||
					rd_fail_errno(err, "os.file.write", "standard output"));
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(int argc, char **argv)
{
	static const struct option options[] = { CMD_EVIDENCE_OPTIONS, { NULL, 0, NULL, 0 } };
	const char *what = argc > 1 ? argv[1] : "";
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct cmd_evidence_args args = { 0 };
	struct rd_err err = { 0 };
	bool is_diff = strcmp(what, "diff") == 0, ok;
	int option, first;

	if (strcmp(what, "keys") == 0) {
		if (argc != 3 || argv[2][0] == '-')
			return cmd_misused(&cmd_policy, "one type is needed");
		return print_keys(argv[2], &err) ? 0 : cmd_failed(&cmd_policy, &err);
	}
	if (!is_diff && strcmp(what, "suggest") != 0)
		return cmd_misused(&cmd_policy, "suggest, diff or keys is needed");
	opterr = 0;
	optind = 2;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 'p' || !cmd_evidence_option(option, optarg, &args))
			return cmd_misused(&cmd_policy, "an option is unknown or lacks its value");
	first = optind + (is_diff ? 2 : 0);
	if (argc <= first || (!is_diff && argc != first + 1))
		return cmd_misused(&cmd_policy, is_diff ? "two policies and evidence are needed"
							: "one file of evidence is needed");
	ok = rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err);
	for (int i = first; ok && i < argc; i++) {
		args.file = argv[i];
		ok = is_diff ? diff(argv[optind], argv[optind + 1], &args, arena, &err)
			     : suggest(&args, arena, &err);
	}
	return ok ? 0 : cmd_failed(&cmd_policy, &err);
}

const struct cmd cmd_policy = {
	.name = "policy",
	.summary = "writes a policy from evidence; says what a change lets in",
	.help = "Usage: redoubt policy suggest FILE --type TYPE [--collateral PATH]... [--at "
		"TIME]\n"
		"       redoubt policy diff OLD NEW FILE... --type TYPE [--collateral PATH]... "
		"[--at TIME]\n"
		"       redoubt policy keys TYPE\n"
		"\n"
		"suggest prints the policy that accepts exactly this evidence, each rule with what "
		"it is\n"
		"about: delete what may vary. diff holds recorded evidence against two policies "
		"and says\n"
		"what the change lets in or shuts out. keys lists what a policy can say of one "
		"type.\n"
		"\n"
		"A policy is YAML. Its defaults are strict: up to date, no debugging, revocation "
		"lists\n"
		"demanded; an empty list is an error.\n"
		"\n"
		"  version: 1\n"
		"  revocation: required          # default; or optional\n"
		"  anchors: [own-root.pem]       # roots beside the vendors'; a warning each time\n"
		"  reference_values:             # manifests (CoRIM): more values for the claims "
		"they name\n"
		"    - {file: golden.corim, keys: [vendor.pem]}\n"
		"  tdx:                          # a type, and its keys\n"
		"    mrtd: [\"HEX\"]\n"
		"    tcb_statuses:\n"
		"      - UpToDate\n"
		"      - {status: SWHardeningNeeded, until: 2027-01-01T00:00:00Z, advisories: "
		"[INTEL-SA-00289]}\n"
		"\n"
		"  --type TYPE        as for `redoubt verify`\n"
		"  --collateral PATH  certificates, revocation lists, TCB info, keys: a file or a "
		"folder\n"
		"  --at TIME          the time of verification (default: now)\n"
		"  --nonce HEX        the nonce that the evidence must carry\n"
		"\n"
		"Examples:\n"
		"  redoubt policy suggest quote.bin --type tdx --collateral pcs/ > cluster.yaml\n"
		"  redoubt policy diff cluster.yaml new.yaml quotes/*.bin --type tdx --collateral "
		"pcs/\n",
	.run = run,
};
