/* Policies as text, as bytes and in memory: each thing that may be wrong with one, alone. */
#include "../../support.h"

#include <redoubt/attest.h>
#include <redoubt/os.h>

#include <string.h>

static struct rd_arena *arena;

static int setup(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_arena_new((size_t)16 << 20, &arena, &err));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

/* ---- in memory ------------------------------------------------------------------------------- */

#define REFERENCES (RD_POLICY_MEASUREMENTS_MAX + 1)
#define PLATFORMS (RD_POLICY_PLATFORMS_MAX + 1)

/* As much of everything as there may be, and room for one more. */
struct full {
	uint8_t digest[REFERENCES][48], id[PLATFORMS][RD_PLATFORM_ID_MAX + 1];
	char name[RD_POLICY_NAME_MAX + 1];
	struct rd_reference reference[REFERENCES];
	struct rd_platform platform[PLATFORMS];
	struct rd_view config;
	struct rd_policy policy;
};

static void fill(struct full *f)
{
	struct rd_policy *p = &f->policy;

	memset(f, 0, sizeof(*f));
	memset(f->name, 'n', sizeof(f->name));
	for (uint32_t i = 0; i < REFERENCES; i++) {
		f->digest[i][0] = (uint8_t)i;
		f->reference[i] =
			(struct rd_reference){ .name = rd_view_of(f->name, RD_POLICY_NAME_MAX),
					       .measurement = rd_view_of(f->digest[i], 48) };
	}
	for (uint32_t i = 0; i < PLATFORMS; i++) {
		f->id[i][0] = (uint8_t)i;
		f->id[i][1] = (uint8_t)(i >> 8);
		f->platform[i] =
			(struct rd_platform){ .name = rd_view_of(f->name, RD_POLICY_NAME_MAX),
					      .id = rd_view_of(f->id[i], RD_PLATFORM_ID_MAX) };
	}
	f->config = rd_view_of(f->digest[0], 32);
	*p = (struct rd_policy){ .min_level = RD_LEVEL_HARDWARE,
				 .n_tees = RD_POLICY_TEES_MAX,
				 .n_references = RD_POLICY_MEASUREMENTS_MAX,
				 .reference = f->reference,
				 .n_platforms = RD_POLICY_PLATFORMS_MAX,
				 .platform = f->platform,
				 .sandbox_may_miss = RD_SANDBOX_ALL,
				 .n_launch_configs = 1,
				 .launch_config = &f->config };
	for (uint32_t i = 0; i < p->n_tees; i++)
		p->tee[i] = rd_view_of(f->name, i ? i : RD_POLICY_NAME_MAX);
}

/* One change, and a part of what is said of it; NULL: nothing. */
#define CHANGES(X) \
	X((void)0, NULL) \
	X(p->min_level = RD_LEVEL_SOFTWARE, NULL) \
	X(p->min_level = RD_LEVEL_NONE, "no level") \
	X(p->min_level = (enum rd_level)(RD_LEVEL_HARDWARE + 1), "no level") \
	X(p->sandbox_may_miss = RD_SANDBOX_ALL + 1, "a layer") \
	X(f->config.len = 31, "a launch configuration") \
	X(p->n_tees = 0, "no technology is accepted, or too many") \
	X(p->n_tees++, "no technology is accepted, or too many") \
	X(p->tee[1].len = 0, "a technology has no name") \
	X(p->tee[1] = rd_view_of(f->name, RD_POLICY_NAME_MAX + 1), "a technology has no name") \
	X(p->tee[1] = p->tee[3], "a technology is listed twice") \
	X(p->n_references = 0, "no measurement is accepted, or too many") \
	X(p->n_references++, "no measurement is accepted, or too many") \
	X(f->reference[5].measurement.len = 47, "a measurement has not the form") \
	X(f->reference[5].name.len = 0, "a measurement has not the form") \
	X(f->reference[5].name.len++, "a measurement has not the form") \
	X(f->reference[5].platform_digest = rd_view_of(f->digest[0], 33), \
	  "a measurement has not the form") \
	X(f->reference[5].platform_digest = rd_view_of(f->digest[0], 48), NULL) \
	X(f->reference[5].measurement = f->reference[2].measurement, \
	  "a measurement is listed twice") \
	X((f->reference[5].measurement = f->reference[2].measurement, \
	   f->reference[5].platform_digest = rd_view_of(f->digest[0], 32)), \
	  NULL) \
	X(p->any_platform = true, "platforms are listed and any is accepted") \
	X((p->any_platform = true, p->n_platforms = 0), NULL) \
	X((p->any_platform = true, p->n_platforms = 0, p->min_level = RD_LEVEL_SOFTWARE), \
	  "needs a list of platforms") \
	X(p->n_platforms = 0, "no platform is accepted") \
	X(p->n_platforms++, "too many platforms") \
	X(f->platform[5].id.len = 0, "a platform has no id or name") \
	X(f->platform[5].id.len++, "a platform has no id or name") \
	X(f->platform[5].name.len = 0, "a platform has no id or name") \
	X(f->platform[5].name.len++, "a platform has no id or name") \
	X(f->platform[5].id = f->platform[2].id, "a platform is listed twice")

static void check(const struct full *f, const char *what, const char *says)
{
	struct rd_err err = { 0 };

	if (rd_policy_check(&f->policy, &err) != (says == NULL))
		fail_msg("%s: %s", what, says ? "is taken" : err.text);
	if (says && (!strstr(err.text, says) || strcmp(err.code, "attest.policy") != 0))
		fail_msg("%s: %s %s, expected: %s", what, err.code, err.text, says);
}

static void test_check(void **state)
{
	struct rd_err err = { 0 };
	struct full *f = RD_NEW(arena, struct full, &err);
	struct rd_policy *p = &f->policy;

	(void)state;
	assert_non_null(f);
#define X(change, says) \
	fill(f); \
	change; \
	check(f, #change, (says));
	CHANGES(X)
#undef X
}

/* ---- as text and bytes ----------------------------------------------------------------------- */

#define HEX32 "1122334455667788990011223344556677889900112233445566778899001122"
#define HEX48 HEX32 "33445566778899001122334455667788"
#define LEVEL "level: software\n"
#define TEES "tees: [process]\n"
#define MEASURED "measurements: [{name: e, enclave: " HEX48 "}]\n"
#define PLACED "platforms: [{name: h, id: 0a0b}]\n"
#define FINE LEVEL TEES MEASURED PLACED

static bool parse(const char *text, struct rd_policy *out, struct rd_err *err)
{
	const struct rd_doc *doc;

	*err = (struct rd_err){ 0 };
	return rd_yaml_parse(arena, "p.yaml", rd_view_str(text), &doc, err) &&
	       rd_policy_from_doc(doc, "p.yaml", arena, out, err);
}

/* There and back; and no part of the bytes is a policy. */
static void test_bytes(void **state)
{
	static const char *const policies[] = {
		FINE,
		FINE "revocation: optional\n",
		FINE "revocation: required\n",
		FINE "sandbox_may_miss: [landlock, seccomp]\n",
		FINE "launch_configs: [" HEX32 "]\n",
		"level: hardware\ntees: [snp, tdx]\nplatforms: any\n" MEASURED,
	};
	struct rd_policy policy, back;
	struct rd_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = 1 << 16 };

		if (!parse(policies[i], &policy, &err))
			fail_msg("%s: %s", policies[i], err.text);
		assert_true(rd_policy_encode(&policy, &bytes, &err));
		assert_true(rd_policy_decode(rd_buf_view(&bytes), arena, &back, &err));
		assert_true(back.min_level == policy.min_level && back.n_references == 1 &&
			    back.n_tees == policy.n_tees &&
			    back.any_platform == policy.any_platform &&
			    back.n_launch_configs == policy.n_launch_configs &&
			    back.require_revocation == policy.require_revocation &&
			    back.sandbox_may_miss == policy.sandbox_may_miss);
		for (size_t n = 0; n < bytes.len; n++)
			assert_false(
				rd_policy_decode(rd_view_of(bytes.data, n), arena, &back, &err));
	}
}

/* A slip in a file, and a part of what is said of it.  What is missing is no permission. */
static void test_broken_files(void **state)
{
	static const struct {
		const char *policy, *says;
	} broken[] = {
		{ "[]\n", "expected a map" },
		{ FINE "levels: tpm\n", "unknown key" },
		{ TEES MEASURED PLACED, "`level` is missing" },
		{ "level: [tpm]\n" TEES MEASURED PLACED, "`level` must be a word" },
		{ "level: best\n" TEES MEASURED PLACED, "best" },
		{ "level: hardware\n" TEES MEASURED PLACED, "never reaches level hardware" },
		{ LEVEL MEASURED PLACED, "`tees` is missing" },
		{ LEVEL "tees: process\n" MEASURED PLACED, "`tees` must be a list" },
		{ LEVEL "tees: []\n" MEASURED PLACED, "no technology is accepted" },
		{ LEVEL "tees: [processor]\n" MEASURED PLACED, "not the name of a technology" },
		{ LEVEL "tees: [[process]]\n" MEASURED PLACED, "not the name of a technology" },
		{ LEVEL "tees: [process, process]\n" MEASURED PLACED, "listed twice" },
		{ LEVEL "tees: [process, snp, tdx, sgx, cca, tpm, nitro, azure, nvidia, process,"
			" snp, tdx, sgx, cca, tpm, nitro, azure]\n" MEASURED PLACED,
		  "too many technologies" },
		{ LEVEL TEES PLACED, "`measurements` is missing" },
		{ LEVEL TEES PLACED "measurements: []\n", "no measurement is accepted" },
		{ LEVEL TEES PLACED "measurements: [" HEX48 "]\n", "expected a map" },
		{ LEVEL TEES PLACED "measurements: [{enclave: " HEX48 "}]\n", "`name` is missing" },
		{ LEVEL TEES PLACED "measurements: [{name: e}]\n", "`enclave` is missing" },
		{ LEVEL TEES PLACED "measurements: [{name: e, enclave: " HEX32 "}]\n",
		  "not hexadecimal digits of the right number" },
		{ LEVEL TEES PLACED "measurements: [{name: e, enclave: xx}]\n",
		  "not hexadecimal digits of the right number" },
		{ LEVEL TEES PLACED "measurements: [{name: e, enclave: " HEX48
				    ", platform: \"\"}]\n",
		  "not hexadecimal digits of the right number" },
		{ LEVEL TEES PLACED "measurements: [{name: e, enclave: " HEX48
				    ", platform: [0a]}]\n",
		  "not hexadecimal digits of the right number" },
		{ LEVEL TEES MEASURED, "`platforms` is missing" },
		{ LEVEL TEES MEASURED "platforms: all\n", "`platforms` must be a list" },
		{ LEVEL TEES MEASURED "platforms: any\n", "needs a list of platforms" },
		{ LEVEL TEES MEASURED "platforms: []\n", "no platform is accepted" },
		{ LEVEL TEES MEASURED "platforms: [0a0b]\n", "expected a map" },
		{ FINE "sandbox_may_miss: {a: landlock}\n", "a list of layers" },
		{ FINE "sandbox_may_miss: [walls]\n", "not a layer" },
		{ FINE "sandbox_may_miss: [[landlock]]\n", "not a layer" },
		{ FINE "launch_configs: []\n", "not an empty one" },
		{ FINE "launch_configs: {a: " HEX32 "}\n", "a list of digests" },
		{ FINE "launch_configs: [" HEX48 "]\n", "not hexadecimal digits of the right" },
		{ FINE "revocation: maybe\n", "required or optional" },
		{ FINE "revocation: [optional]\n", "required or optional" },
	};
	struct rd_policy policy;
	struct rd_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		if (parse(broken[i].policy, &policy, &err))
			fail_msg("%s: is taken", broken[i].policy);
		if (!strstr(err.text, broken[i].says) || !strstr(err.text, "p.yaml:"))
			fail_msg("%s: %s, expected: %s", broken[i].policy, err.text,
				 broken[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_broken_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
