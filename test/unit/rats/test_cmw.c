/* CMW: read, written, and every message in it judged by its own kind. */
#include "forge/forge.h"
#include "rats/rats_int.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define NOW 1750000000

static struct forge f;
static struct forge_key *ec, *other;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	ec = forge_key(&f, FORGE_P256);
	other = forge_key(&f, FORGE_P256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

static struct rd_tee_input with_key(struct rd_view report, struct forge_key *key)
{
	return forge_with_key(&f, report, key, NOW);
}

static struct rd_view vector(const char *relative)
{
	struct rd_view file = rd_test_read_file(rd_test_shared_path(relative)), out;
	struct rd_err err = { 0 };

	assert_true(rd_arena_copy(f.arena, file, &out, &err));
	rd_test_free(file);
	return out;
}

/* An attestation result with this status. */
static struct rd_view result(const char *status)
{
	RD_AUTO(rd_buf_free) struct rd_buf claims = { .max = 1024 };
	struct rd_buf out = { .max = 4096 };

	rd_buf_printf(&claims,
		      "{\"eat_profile\":\"" RD_EAR_PROFILE "\",\"iat\":1,\"ear_verifier_id\":"
		      "{\"developer\":\"d\",\"build\":\"b\"},\"submods\":{\"a\":"
		      "{\"ear_status\":\"%s\"}}}",
		      status);
	rd_base64url_put(&out, rd_view_str("{\"alg\":\"ES256\"}"));
	rd_buf_add_byte(&out, '.');
	rd_base64url_put(&out, rd_buf_view(&claims));
	struct rd_view sig =
		forge_sign(&f, ec, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, rd_buf_view(&out));
	rd_buf_add_byte(&out, '.');
	rd_base64url_put(&out, sig);
	return forge_keep(&f, &out);
}

static void test_cmw(void **state)
{
	static const struct {
		const char *file;
		uint32_t n;
		const char *first;
	} cases[] = {
		{ "collection-cbor-mixed-keys.cbor", 2, "0" },
		{ "collection-cbor-ok-2.cbor", 1, "application/vnd.1" },
		{ "collection-cbor-ok.cbor", 3, "application/signed-corim+cbor" },
		{ "collection-ok.json", 2, "application/vnd.a" },
		{ "x509-cert+cbor-cmw.der", 3, "application/rim+cose" },
		{ "x509-cert+json-cmw.der", 2, "application/vnd.a" },
	};
	static const char *const broken[] = {
		"{}",
		"[1]",
		"{\"a\":[\"t\"]}",
		"{\"a\":[\"t\",\"*\"]}",
		"{\"a\":[\"t\",\"3q2-7w==\"]}",
		"[\"t\",\"3q2+7w\"]",
		"[\"t\\u007fu\",\"3q2-7w\"]",
		"[\"t\\u00e9u\",\"3q2-7w\"]",
		"{\"a\\nb\":[\"t\",\"3q2-7w\"]}",
		"[\"\",\"3q2-7w\"]",
		"[[],\"3q2-7w\"]",
		"[\"t\",1234]",
		"[\"t\",[]]",
		"[10000,\"3q2-7w\",\"1\"]",
		"[10000,\"3q2-7w\",null]",
		"{\"\":[\"t\",\"3q2-7w\"]}",
		"{\"a\":7}",
		"[10000.23,\"3q2-7w\"]",
		"[65536,\"3q2-7w\"]",
		"[10000,1.2]",
		"[10000,\"3q2-7w\",\"Evidence\"]",
		"[10000,\"3q2-7w\",1,2]",
		"{\"a\":{\"__cmwc_t\":\"1.2.3.4\"}}",
		"{\"__cmwc_t\":\"1.2.3.4\"}",
		"[\"#cmw-c2j-tunnel\",\"ggFBAA\"]",
		"{\"a\":[\"#x\",\"AA\"]}",
		"{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":[\"t\",\"\"]}}}}}}",
		"x",
		""
	};
	struct rd_cmw *c;
	struct rd_err err = { 0 };
	char name[128];

	(void)state;
	c = RD_NEW(f.arena, struct rd_cmw, &err);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		err = (struct rd_err){ 0 };
		if (rd_cmw_parse(rd_view_str(broken[i]), f.arena, c, &err))
			fail_msg("'%s' parses", broken[i]);
		assert_non_null(err.code);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(name, sizeof(name), "vectors/cmw/%s", cases[i].file);
		if (!rd_cmw_parse(vector(name), f.arena, c, &err))
			fail_msg("%s: %s", name, err.text);
		assert_int_equal(c->n, cases[i].n);
		assert_true(rd_view_eq(c->entry[0].type, rd_view_str(cases[i].first)));
	}
}

/* CBOR: content formats are 0 to 65024, and their tags have no byte of zero (RFC 9277). */
static void test_cmw_cbor(void **state)
{
	static const struct {
		const char *hex, *type; /* NULL: it does not parse */
	} cases[] = {
		{ "82617440", "t" },
		{ "da637401014100", "0" },
		{ "da6374ffff4100", "65024" },
		{ "da637501014100", NULL },
		{ "da637402004100", NULL },
		{ "c14100", NULL },
		{ "a0", NULL },
		{ "a107", NULL },
		{ "a10007", NULL },
		{ "bf00ff", NULL },
		{ "bf0082617440ff", "t" },
		{ "a16161a16161a16161a1616182617440", "t" },
		{ "a16161a16161a16161a16161a1616182617440", NULL },
	};
	struct rd_err err = { 0 };
	struct rd_cmw *c = RD_NEW(f.arena, struct rd_cmw, &err);
	struct rd_view bytes = { 0 };

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(rd_unhex(f.arena, rd_view_str(cases[i].hex), &bytes, &err));
		if (rd_cmw_parse(bytes, f.arena, c, &err) != !!cases[i].type)
			fail_msg("%s: %s", cases[i].hex, err.code);
		if (cases[i].type)
			assert_true(rd_view_eq(c->entry[0].type, rd_view_str(cases[i].type)));
	}
}

/* As much as there is room for, and one more. */
static void test_cmw_sizes(void **state)
{
	struct rd_err err = { 0 };
	struct rd_cmw *c = RD_NEW(f.arena, struct rd_cmw, &err);

	(void)state;
	assert_non_null(c);
	for (int more = 0; more < 2; more++) {
		struct rd_buf many = { .max = 4096 }, label = { .max = 4096 },
			      type = { .max = 4096 }, *const all[] = { &many, &label, &type };

		for (int i = 0; i < 32 + more; i++)
			rd_buf_printf(&many, "%s\"%d\":[\"t\",\"\"]", i ? "," : "{", i);
		rd_buf_printf(&many, "}");
		rd_buf_printf(&label, "{\"%0*d\":[\"t\",\"\"]}", 128 + more, 7);
		rd_buf_printf(&type, "[\"%0*d\",\"\"]", 256 + more, 7);
		for (size_t i = 0; i < 3; i++)
			if (rd_cmw_parse(forge_keep(&f, all[i]), f.arena, c, &err) != !more)
				fail_msg("%zu, %d more: %s", i, more, err.code);
	}
}

/* Collections that wait for their turn: 31 and the two of the one that was looked into. */
static void test_cmw_waiting(void **state)
{
	struct rd_buf b = { .max = 4096 };
	struct rd_err err = { 0 };
	struct rd_cmw *c = RD_NEW(f.arena, struct rd_cmw, &err);

	(void)state;
	assert_non_null(c);
	rd_cbor_put_map(&b, 32);
	for (uint32_t i = 0; i < 32; i++) {
		rd_cbor_put_uint(&b, i);
		rd_cbor_put_map(&b, i < 31 ? 1 : 2);
		for (uint32_t k = 0; k < (i < 31 ? 1 : 2); k++) {
			rd_cbor_put_uint(&b, k);
			rd_cbor_put_map(&b, 0);
		}
	}
	assert_false(rd_cmw_parse(forge_keep(&f, &b), f.arena, c, &err));
	assert_string_equal(err.code, "rats.cmw.form");
	assert_non_null(strstr(err.text, "too deeply"));
}

/* The extension of a certificate is one string of the two types. */
static void test_cmw_certificate(void **state)
{
	static const struct {
		uint8_t tag;
		bool good;
	} cases[] = { { RD_DER_OCTET_STRING, true },
		      { RD_DER_UTF8_STRING, true },
		      { 0x13, false } };
	const struct rd_view record = rd_view_of("\x82\x61\x74\x40", 4);
	struct rd_err err = { 0 };
	struct rd_cmw *c = RD_NEW(f.arena, struct rd_cmw, &err);

	(void)state;
	assert_non_null(c);
	assert_false(rd_cmw_parse(forge_spki_pem(&f, ec), f.arena, c, &err));
	assert_string_equal(err.code, "rats.cmw.form");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int trailing = 0; trailing < 2; trailing++) {
			struct rd_view parts[] = { forge_der(&f, cases[i].tag, record),
						   rd_view_of("\x05\x00", 2) };
			struct forge_cert_spec spec = { .cn = "device",
							.key = ec,
							.n_extensions = 1 };
			bool good = cases[i].good && !trailing;

			spec.extension[0] = (struct forge_extension){
				.oid = "1.3.6.1.5.5.7.1.35",
				.value = forge_concat(&f, trailing ? 2 : 1, parts)
			};
			if (rd_cmw_parse(forge_cert(&f, &spec).der, f.arena, c, &err) != good)
				fail_msg("%u, %d: %s", cases[i].tag, trailing, err.code);
			assert_true(good || strcmp(err.code, "rats.cmw.form") == 0);
		}
}

/* Through a tunnel comes the other notation; a tag of its own is part of the message. */
static void test_cmw_tunnel(void **state)
{
	/* {"a": [30001, h'2347da55', 4], "b": ["#cmw-j2c-tunnel", '["t/u","Li4u",8]'],
	 *  "c": 501({})} */
	static const char hex[] = "a3616183197531442347da55046162826f2"
				  "3636d772d6a32632d74756e6e656c505b22742f75222c224c693475222c38"
				  "5d6163d901f5a0";
	static const char json[] = " {\"__cmwc_t\":\"tag:example.com,2024:x\",\"b\":"
				   "[\"#cmw-c2j-tunnel\",\"g2N0L3VBoAQ\"]}";
	struct rd_cmw *c;
	struct rd_err err = { 0 };
	struct rd_view bytes = { 0 };

	(void)state;
	c = RD_NEW(f.arena, struct rd_cmw, &err);
	assert_true(rd_unhex(f.arena, rd_view_str(hex), &bytes, &err));
	if (!rd_cmw_parse(bytes, f.arena, c, &err))
		fail_msg("%s", err.text);
	assert_int_equal(c->n, 3);
	assert_true(c->entry[0].indicator == 4 &&
		    rd_view_eq(c->entry[0].type, rd_view_str("30001")));
	assert_true(rd_view_eq(c->entry[1].type, rd_view_str("application/rim+cbor")) &&
		    c->entry[1].value.len == 4);
	assert_string_equal(c->entry[2].label, "b");
	assert_true(rd_view_eq(c->entry[2].value, rd_view_str("...")) &&
		    c->entry[2].indicator == 8);
	assert_true(rd_cmw_parse(rd_view_str(json), f.arena, c, &err));
	assert_true(c->n == 1 && c->entry[0].value.len == 1 && c->entry[0].indicator == 4 &&
		    rd_view_eq(c->entry[0].type, rd_view_str("t/u")));
}

/* The bytes of draft-ietf-rats-msg-wrap's records; collections read back. */
static void test_cmw_written(void **state)
{
	static const struct {
		const char *label, *type, *cbor, *json;
		uint32_t indicator;
	} cases[] = {
		{ "", "10000", "8319271044deadbeef13", "[10000,\"3q2-7w\",19]", 19 },
		{ "", "10000", "8219271044deadbeef", "[10000,\"3q2-7w\"]", 0 },
		{ "b", "t/u", "a161628263742f7544deadbeef", "{\"b\":[\"t/u\",\"3q2-7w\"]}", 0 },
	};
	static const char value[] = "\xde\xad\xbe\xef";
	struct rd_cmw *c, *back;
	struct rd_view want = { 0 };
	struct rd_err err = { 0 };

	(void)state;
	c = RD_NEW(f.arena, struct rd_cmw, &err);
	back = RD_NEW(f.arena, struct rd_cmw, &err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		RD_AUTO(rd_buf_free) struct rd_buf cbor = { .max = 256 }, json = { .max = 256 };

		*c = (struct rd_cmw){ .n = 1 };
		c->entry[0] = (struct rd_cmw_entry){ cases[i].label, rd_view_str(cases[i].type),
						     rd_view_of(value, 4), cases[i].indicator };
		assert_true(rd_cmw_write(c, false, &cbor, &err));
		assert_true(rd_cmw_write(c, true, &json, &err));
		assert_true(rd_unhex(f.arena, rd_view_str(cases[i].cbor), &want, &err));
		assert_true(rd_view_eq(rd_buf_view(&cbor), want));
		assert_true(rd_view_eq(rd_buf_view(&json), rd_view_str(cases[i].json)));
	}
	c->n = 3;
	c->entry[0].label = "long";
	c->entry[1] = (struct rd_cmw_entry){ "b", rd_view_str("x/y"), rd_view_of(value, 1), 2 };
	c->entry[2] = (struct rd_cmw_entry){ "a", rd_view_str("9"), rd_view_of(value, 0), 0 };
	for (int json = 0; json < 2; json++) {
		struct rd_buf out = { .max = 256 };

		assert_true(rd_cmw_write(c, json, &out, &err));
		assert_true(rd_cmw_parse(forge_keep(&f, &out), f.arena, back, &err));
		assert_int_equal(back->n, 3);
		assert_string_equal(back->entry[0].label, "a");
		assert_string_equal(back->entry[2].label, "long");
		assert_true(back->entry[1].indicator == 2 &&
			    rd_view_eq(back->entry[1].type, rd_view_str("x/y")));
	}
}

/* What would not read back as it was is not written. */
static void test_cmw_unwritten(void **state)
{
	static char label[130], type[258];
	const struct {
		const char *label, *type;
	} cases[] = {
		{ "ok", "x/y" },  { label + 1, type + 1 }, { "a", "x/y" },     { "", "x/y" },
		{ label, "x/y" }, { "__cmwc_t", "x/y" },   { "x\ny", "x/y" },  { "ok", "" },
		{ "ok", type },   { "ok", "#t" },          { "ok", "x\x7fy" },
	};
	struct rd_err err = { 0 };
	struct rd_cmw *c = RD_NEW(f.arena, struct rd_cmw, &err);

	(void)state;
	assert_non_null(c);
	memset(label, 'l', sizeof(label) - 1);
	memset(type, 't', sizeof(type) - 1);
	c->entry[1] = (struct rd_cmw_entry){ .label = "a", .type = rd_view_str("9") };
	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		RD_AUTO(rd_buf_free) struct rd_buf out = { .max = 1024 };

		c->n = i < sizeof(cases) / sizeof(cases[0]) ? 2 : 0;
		if (c->n)
			c->entry[0] = (struct rd_cmw_entry){ .label = cases[i].label,
							     .type = rd_view_str(cases[i].type) };
		if (rd_cmw_write(c, false, &out, &err) != (i < 2))
			fail_msg("case %zu: %s", i, err.code);
		if (i >= 2)
			assert_string_equal(err.code, "rats.cmw.entry");
	}
}

static struct rd_cmw_outcome *appraised(const char *policy, const struct rd_tee_input *in)
{
	struct rd_evidence_policy p = { 0 };
	struct rd_err err = { 0 };
	struct rd_cmw_outcome *out = RD_NEW(f.arena, struct rd_cmw_outcome, &err);
	const struct rd_doc *doc;

	assert_non_null(out);
	if (policy && (!rd_yaml_parse(f.arena, "p", rd_view_str(policy), &doc, &err) ||
		       !rd_evidence_policy_from_doc(doc, "p", rd_rats_kinds, f.arena, &p, &err)))
		fail_msg("%s", err.text);
	if (!rd_cmw_appraise(&p, in, f.arena, out, &err))
		fail_msg("%s", err.text);
	return out;
}

/* Each message is judged by its own kind's policy, and one that fails refuses the whole. */
static void test_cmw_appraise(void **state)
{
	struct rd_buf b = { .max = 65536 };
	struct rd_cmw_outcome *out;
	struct rd_tee_input in;
	struct rd_err err = { 0 };
	struct rd_cmw *c;

	(void)state;
	c = RD_NEW(f.arena, struct rd_cmw, &err);
	c->n = 2;
	c->entry[0] =
		(struct rd_cmw_entry){ "one", rd_view_str("Application/EAT+jwt; eat_profile=\"x\""),
				       result("affirming"), 8 };
	c->entry[1] = c->entry[0];
	c->entry[1].label = "two";
	assert_true(rd_cmw_write(c, true, &b, &err));
	in = with_key(forge_keep(&f, &b), ec);
	out = appraised(NULL, &in);
	assert_int_equal(out->appraisal.verdict, RD_VERDICT_ACCEPTED);
	assert_non_null(rd_tee_claim_find(&out->result, "two.status"));
	assert_int_equal(
		appraised("version: 1\near:\n  statuses: [warning]\n", &in)->appraisal.verdict,
		RD_VERDICT_REFUSED);
	assert_int_equal(
		appraised("version: 1\near:\n  statuses: [affirming]\n", &in)->appraisal.verdict,
		RD_VERDICT_ACCEPTED);
	c->entry[1].value = result("contraindicated");
	b = (struct rd_buf){ .max = 65536 };
	assert_true(rd_cmw_write(c, false, &b, &err));
	in = with_key(forge_keep(&f, &b), ec);
	assert_int_equal(appraised(NULL, &in)->appraisal.verdict, RD_VERDICT_REFUSED);
	c->entry[1].type = rd_view_str("application/unknown");
	b = (struct rd_buf){ .max = 65536 };
	assert_true(rd_cmw_write(c, false, &b, &err));
	in = with_key(forge_keep(&f, &b), ec);
	assert_int_equal(appraised(NULL, &in)->appraisal.verdict, RD_VERDICT_REFUSED);
	/* A result is one, whatever it is said to be. */
	c->entry[1].type = rd_view_str("application/eat+jwt");
	c->entry[1].indicator = 2;
	b = (struct rd_buf){ .max = 65536 };
	assert_true(rd_cmw_write(c, false, &b, &err));
	in = with_key(forge_keep(&f, &b), ec);
	assert_int_equal(appraised(NULL, &in)->appraisal.verdict, RD_VERDICT_REFUSED);
	c->entry[1].type = rd_view_str("application/unknown");
	/* Endorsements of a type that nobody knows are collateral, and none by themselves. */
	b = (struct rd_buf){ .max = 65536 };
	assert_true(rd_cmw_write(c, false, &b, &err));
	in = with_key(forge_keep(&f, &b), ec);
	assert_int_equal(appraised(NULL, &in)->appraisal.verdict, RD_VERDICT_ACCEPTED);
	c->entry[0] = c->entry[1];
	c->n = 1;
	b = (struct rd_buf){ .max = 65536 };
	assert_true(rd_cmw_write(c, false, &b, &err));
	in = with_key(forge_keep(&f, &b), ec);
	forge_expect_error(&f, &rd_rats_cmw, &in, "rats.cmw.form", RD_FAULT_MALFORMED);
	assert_false(rd_cmw_appraise(&(struct rd_evidence_policy){ 0 }, &in, f.arena, out, &err));
	assert_string_equal(err.code, "rats.cmw.form");
}

/* A wrapped result is verified in place; an unknown message is said to be one. */
static void test_cmw_verify(void **state)
{
	struct rd_view message = result("affirming");
	struct rd_buf b = { .max = 8192 };
	struct rd_tee_input in;
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_cmw_put(&b, "application/eat+jwt", message, &err));
	in = with_key(forge_keep(&f, &b), ec);
	forge_expect_good(forge_verify(&f, &rd_rats_cmw, &in), "a result in a CMW");
	forge_expect_no_prefix(&f, &rd_rats_cmw, &in);
	in = with_key(in.report, other);
	forge_expect(forge_verify(&f, &rd_rats_cmw, &in), "rats.ear.signature", RD_RESULT_FAIL,
		     "another key");
	/* The second is the beginning of one that is known. */
	for (size_t i = 0; i < 2; i++) {
		b = (struct rd_buf){ .max = 8192 };
		assert_true(rd_cmw_put(&b, i ? "application/ea" : "application/unknown",
				       rd_view_str("x"), &err));
		in = with_key(forge_keep(&f, &b), ec);
		forge_expect(forge_verify(&f, &rd_rats_cmw, &in), "rats.cmw.unknown",
			     RD_RESULT_ABSENT, "an unknown message");
	}
	b = (struct rd_buf){ .max = 8192 };
	assert_true(rd_cmw_put(&b, "application/rim+cbor", rd_view_str("x"), &err));
	in = with_key(forge_keep(&f, &b), ec);
	forge_expect_error(&f, &rd_rats_cmw, &in, "codec.cbor.truncated", RD_FAULT_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmw),
		cmocka_unit_test(test_cmw_verify),
		cmocka_unit_test(test_cmw_tunnel),
		cmocka_unit_test(test_cmw_written),
		cmocka_unit_test(test_cmw_appraise),
		cmocka_unit_test(test_cmw_cbor),
		cmocka_unit_test(test_cmw_sizes),
		cmocka_unit_test(test_cmw_waiting),
		cmocka_unit_test(test_cmw_certificate),
		cmocka_unit_test(test_cmw_unwritten),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
