/* Where those who verify leave what they found: reasons and claims. */
#include <redoubt/tee.h>

#include <stdio.h>
#include <string.h>

static const char *const results[] = { "fail", "absent", "pass", "warning" };
static const char *const aspects[] = { "crypto", "revocation", "tcb", "policy" };

const char *rd_result_name(enum rd_result result)
{
	return results[result];
}

const char *rd_aspect_name(enum rd_aspect aspect)
{
	return aspects[aspect];
}

void rd_tee_begin(struct rd_tee_work *w, const struct rd_tee_input *in, struct rd_arena *arena,
		  struct rd_tee_result *out, struct rd_err *err)
{
	*out = (struct rd_tee_result){ 0 };
	*w = (struct rd_tee_work){ .in = in, .arena = arena, .out = out, .err = err };
}

bool rd_tee_done(struct rd_tee_work *w)
{
	return !w->failed;
}

void rd_tee_reason(struct rd_tee_work *w, struct rd_reason reason)
{
	struct rd_tee_result *r = w->out;

	if (w->failed)
		return;
	if (r->n_reasons == RD_REASONS_MAX) {
		w->failed = !rd_fail(w->err, RD_FAULT_FAILED, "tee.reasons", "more than %u reasons",
				     RD_REASONS_MAX);
		return;
	}
	r->reason[r->n_reasons++] = reason;
}

/* Reasons outlive whatever the caller wrote the text into. */
static struct rd_view keep(struct rd_tee_work *w, const char *text)
{
	struct rd_view out = { 0 };

	if (!w->failed && !rd_arena_copy(w->arena, rd_view_str(text), &out, w->err))
		w->failed = true;
	return out;
}

void rd_tee_check(struct rd_tee_work *w, enum rd_aspect aspect, bool ok, struct rd_tee_words words)
{
	rd_tee_reason(w, (struct rd_reason){ .aspect = aspect,
					     .result = ok ? RD_RESULT_PASS : RD_RESULT_FAIL,
					     .code = words.code,
					     .claim = words.claim,
					     .expected = keep(w, words.expected),
					     .found = keep(w, words.found) });
}

void rd_tee_check_err(struct rd_tee_work *w, enum rd_aspect aspect, bool ok,
		      struct rd_tee_words words, const struct rd_err *why)
{
	if (!ok)
		words.found = why->text;
	rd_tee_check(w, aspect, ok, words);
}

static void claim(struct rd_tee_work *w, struct rd_tee_claim claim)
{
	struct rd_tee_result *r = w->out;

	if (w->failed)
		return;
	if (r->n_claims == RD_TEE_CLAIMS_MAX) {
		w->failed = !rd_fail(w->err, RD_FAULT_FAILED, "tee.claims.many",
				     "more than %u claims", RD_TEE_CLAIMS_MAX);
		return;
	}
	r->claim[r->n_claims++] = claim;
}

void rd_tee_claim_bytes(struct rd_tee_work *w, const char *name, struct rd_view bytes)
{
	claim(w, (struct rd_tee_claim){ .name = name, .kind = RD_CLAIM_BYTES, .bytes = bytes });
}

void rd_tee_claim_text(struct rd_tee_work *w, const char *name, struct rd_view text)
{
	if (rd_utf8_valid(text))
		claim(w,
		      (struct rd_tee_claim){ .name = name, .kind = RD_CLAIM_TEXT, .bytes = text });
	else
		rd_tee_claim_bytes(w, name, text);
}

void rd_tee_claim_uint(struct rd_tee_work *w, const char *name, uint64_t number)
{
	claim(w, (struct rd_tee_claim){ .name = name, .kind = RD_CLAIM_UINT, .number = number });
}

void rd_tee_claim_bool(struct rd_tee_work *w, const char *name, bool value)
{
	claim(w, (struct rd_tee_claim){ .name = name, .kind = RD_CLAIM_BOOL, .number = value });
}

void rd_tee_claim_time(struct rd_tee_work *w, const char *name, int64_t unix_s)
{
	if (unix_s < 0)
		rd_tee_claim_null(w, name);
	else
		claim(w, (struct rd_tee_claim){
				 .name = name, .kind = RD_CLAIM_TIME, .number = (uint64_t)unix_s });
}

void rd_tee_claim_null(struct rd_tee_work *w, const char *name)
{
	claim(w, (struct rd_tee_claim){ .name = name, .kind = RD_CLAIM_NULL });
}

const char *rd_tee_name(struct rd_tee_work *w, const char *fmt, ...)
{
	struct rd_view kept;
	char text[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	kept = keep(w, text); /* with a NUL behind */
	return kept.data ? (const char *)kept.data : "";
}

struct rd_view rd_tee_hex(struct rd_tee_work *w, struct rd_view bytes)
{
	struct rd_view out = { 0 };

	if (bytes.len == 0)
		return rd_view_str("nothing");
	if (!w->failed && !rd_hex(w->arena, bytes, &out, w->err))
		w->failed = true;
	return out;
}

void rd_tee_check_nonce(struct rd_tee_work *w, struct rd_view found)
{
	struct rd_view wanted = w->in->nonce;

	rd_tee_reason(w, (struct rd_reason){
				 .aspect = RD_ASPECT_CRYPTO,
				 .result = wanted.len == 0             ? RD_RESULT_WARNING
					   : rd_view_eq(wanted, found) ? RD_RESULT_PASS
								       : RD_RESULT_FAIL,
				 .code = wanted.len ? "tee.nonce" : "tee.nonce.unchecked",
				 .claim = "nonce",
				 .expected = wanted.len ? rd_tee_hex(w, wanted)
							: rd_view_str("a nonce to compare with"),
				 .found = rd_tee_hex(w, found) });
}

void rd_tee_check_report_nonce(struct rd_tee_work *w, struct rd_view report_data)
{
	size_t len = w->in->nonce.len;
	struct rd_view carried = report_data, rest;

	if (len && rd_view_sub(report_data, len, report_data.len - len, &rest) &&
	    rd_view_all_zero(rest))
		carried.len = len;
	rd_tee_check_nonce(w, carried);
}

bool rd_tee_launch_is_file(const struct rd_tee_launch *in, struct rd_err *err)
{
	return (!in->kernel.data && !in->initrd.data && !in->command_line.data && !in->cpu.data &&
		!in->vmm.data && in->vcpus == 0) ||
	       rd_fail(err, RD_FAULT_USAGE, "tee.launch",
		       "kernel, initrd, command line and CPUs are for --kind snp and tdx");
}

bool rd_tee_values_add(struct rd_tee_values *values, struct rd_arena *arena, const char *name,
		       struct rd_view digest, struct rd_err *err)
{
	struct rd_tee_value *v = &values->value[values->n];

	if (values->n == RD_TEE_VALUES_MAX)
		return rd_fail(err, RD_FAULT_FAILED, "tee.claims.many", "more than %u values",
			       RD_TEE_VALUES_MAX);
	v->name = name;
	if (!rd_arena_copy(arena, digest, &v->digest, err))
		return false;
	values->n++;
	return true;
}

enum rd_result rd_tee_result_of(const struct rd_tee_result *result, enum rd_aspect aspect)
{
	enum rd_result least = RD_RESULT_WARNING;

	for (uint32_t i = 0; i < result->n_reasons; i++)
		if (result->reason[i].aspect == aspect && result->reason[i].result < least)
			least = result->reason[i].result;
	return least == RD_RESULT_WARNING ? RD_RESULT_ABSENT : least;
}

bool rd_tee_result_clean(const struct rd_tee_result *result)
{
	bool passed = false;

	for (uint32_t i = 0; i < result->n_reasons; i++) {
		enum rd_result r = result->reason[i].result;

		if (r == RD_RESULT_FAIL || r == RD_RESULT_ABSENT)
			return false;
		passed = passed || r == RD_RESULT_PASS;
	}
	return passed;
}

const struct rd_tee_claim *rd_tee_claim_find(const struct rd_tee_result *result, const char *name)
{
	for (uint32_t i = 0; i < result->n_claims; i++)
		if (strcmp(result->claim[i].name, name) == 0)
			return &result->claim[i];
	return NULL;
}
