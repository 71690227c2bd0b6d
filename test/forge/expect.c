/* What tests ask of verification. */
#include "forge.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rd_tee_result *forge_verify(struct forge *f, const struct rd_tee *tee,
				   const struct rd_tee_input *in)
{
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(f->arena, struct rd_tee_result, &err);

	if (!r || !tee->verify(in, f->arena, r, &err))
		fail_msg("%s: %s [%s]", tee->name, err.text, err.code);
	return r;
}

static void print_reasons(const struct rd_tee_result *r)
{
	for (uint32_t i = 0; i < r->n_reasons; i++)
		if (r->reason[i].result != RD_RESULT_PASS)
			print_message("%s %s %s: %.*s\n", rd_result_name(r->reason[i].result),
				      r->reason[i].code, r->reason[i].claim,
				      RD_FMT(r->reason[i].found));
}

void forge_expect(const struct rd_tee_result *r, const char *code, enum rd_result wanted,
		  const char *change)
{
	for (uint32_t i = 0; i < r->n_reasons; i++)
		if (strcmp(r->reason[i].code, code) == 0 && r->reason[i].result == wanted)
			return;
	print_reasons(r);
	fail_msg("%s: expected %s %s", change, rd_result_name(wanted), code);
}

void forge_expect_good(const struct rd_tee_result *r, const char *change)
{
	bool good = rd_tee_result_of(r, RD_ASPECT_CRYPTO) == RD_RESULT_PASS;

	for (uint32_t i = 0; i < r->n_reasons; i++)
		good = good && r->reason[i].result != RD_RESULT_FAIL;
	if (good)
		return;
	print_reasons(r);
	fail_msg("%s: expected nothing to fail", change);
}

void forge_expect_error(struct forge *f, const struct rd_tee *tee, const struct rd_tee_input *in,
			const char *code, enum rd_fault fault)
{
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(f->arena, struct rd_tee_result, &err);

	assert_non_null(r);
	if (tee->verify(in, f->arena, r, &err))
		fail_msg("%s: it parses, expected %s", tee->name, code);
	if (strcmp(err.code, code) != 0 || err.fault != fault)
		fail_msg("%s: %s [%s] fault %d, expected %s fault %d", tee->name, err.text,
			 err.code, (int)err.fault, code, (int)fault);
}

void forge_expect_no_prefix(struct forge *f, const struct rd_tee *tee,
			    const struct rd_tee_input *in)
{
	struct rd_tee_input cut = *in;
	struct rd_err err = { 0 };
	struct rd_arena *arena;

	assert_true(rd_arena_new((size_t)16 << 20, &arena, &err));
	for (size_t len = 0; len < in->report.len; len += 1 + len / 40) {
		struct rd_tee_result *r;
		uint8_t *exact;

		rd_arena_reset(arena);
		r = RD_NEW(arena, struct rd_tee_result, &err);
		/* Exactly as long, so that a sanitizer sees a read behind it. */
		exact = malloc(len ? len : 1);
		assert_true(r && exact);
		if (len)
			memcpy(exact, in->report.data, len);
		cut.report = rd_view_of(exact, len);
		if (tee->verify(&cut, arena, r, &err) &&
		    rd_tee_result_of(r, RD_ASPECT_CRYPTO) == RD_RESULT_PASS)
			fail_msg("%s: the first %zu bytes pass", tee->name, len);
		free(exact);
	}
	rd_arena_free(&arena);
	(void)f;
}
