/* Azure's evidence, recorded and then altered. */
#include "forge/forge.h"
#include "support.h"
#include "tee/azure/azure.h"
#include "tee/tpm/tpm.h"

#include <string.h>

static struct forge f;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

static struct rd_view read_vector(const char *relative)
{
	struct rd_view file = rd_test_read_file(rd_test_shared_path(relative)), out;
	struct rd_err err = { 0 };

	assert_true(rd_arena_copy(f.arena, file, &out, &err));
	rd_test_free(file);
	return out;
}

static const char *text_of(const struct rd_doc *doc, const char *key)
{
	struct rd_view out;
	struct rd_err err = { 0 };
	const struct rd_doc *d = rd_doc_get(doc, key);

	assert_true(d && rd_arena_copy(f.arena, d->text, &out, &err));
	return (const char *)out.data;
}

static struct rd_view hcl_of(const char *relative)
{
	const struct rd_doc *doc;
	struct rd_view hcl;
	struct rd_err err = { 0 };

	assert_true(rd_json_parse(f.arena, "e", read_vector(relative), &doc, &err));
	assert_true(rd_base64_decode(rd_doc_get(doc, "hcl_report")->text, f.arena, &hcl, &err));
	return hcl;
}

/* The evidence around this HCL report, written in the form of version 1; `head` goes in front. */
static struct rd_view evidence(const char *relative, struct rd_view hcl, const char *head)
{
	struct rd_buf b = { .max = 1u << 16 };
	const struct rd_doc *doc, *quote_doc, *pcrs;
	struct rd_err err = { 0 };
	bool tdx = strstr(relative, "tdx") != NULL;

	assert_true(rd_json_parse(f.arena, "e", read_vector(relative), &doc, &err));
	quote_doc = rd_doc_get(doc, "tpm_quote");
	pcrs = rd_doc_get(quote_doc, "pcrs");
	rd_buf_printf(&b, "{%s\"hcl_report\":\"", head);
	rd_base64url_put(&b, hcl);
	rd_buf_printf(&b,
		      "\",\"%s\":\"%s\",\"tpm_quote\":{\"message\":\"%s\",\"signature\":\"%s\","
		      "\"pcrs\":[",
		      tdx ? "td_quote" : "vcek", text_of(doc, tdx ? "td_quote" : "vcek"),
		      text_of(quote_doc, "message"), text_of(quote_doc, "signature"));
	for (uint32_t i = 0; i < pcrs->n; i++)
		rd_buf_printf(&b, "%s\"%.*s\"", i ? "," : "", RD_FMT(pcrs->item[i].text));
	rd_buf_printf(&b, "]}}");
	return forge_keep(&f, &b);
}

/* The evidence with byte `at` of its HCL report changed. */
static struct rd_view altered(const char *relative, size_t at)
{
	struct rd_view hcl = hcl_of(relative);

	return evidence(relative, at ? forge_flip(&f, hcl, at, 0) : hcl, "");
}

#define SNP "vectors/tpm-azure/snp-milan-v1/evidence.json"
#define TDX "vectors/tpm-azure/tdx-v1/evidence.json"

static void put_numbers(struct rd_buf *b, const char *head, struct rd_view bytes)
{
	rd_buf_printf(b, "%s[", head);
	for (size_t i = 0; i < bytes.len; i++)
		rd_buf_printf(b, "%s%u", i ? "," : "", bytes.data[i]);
	rd_buf_printf(b, "]");
}

/* As attesters wrote it before there was a version: lists of numbers, a VCEK in PEM. */
static struct rd_view old_form(const char *relative)
{
	struct rd_azure_evidence e;
	struct rd_buf b = { .max = 1u << 16 }, pem = { .max = 1u << 16 };
	struct rd_err err = { 0 };
	bool tdx = strstr(relative, "tdx") != NULL;

	assert_true(rd_azure_parse(read_vector(relative), f.arena, &e, &err));
	put_numbers(&b, tdx ? "{\"hcl_report\":" : "{\"report\":", e.hcl);
	rd_buf_printf(&b, tdx ? ",\"tpm_quote\":{" : ",\"quote\":{");
	put_numbers(&b, "\"signature\":", e.signature);
	put_numbers(&b, ",\"message\":", e.message);
	for (uint32_t i = 0; i < 24; i++)
		put_numbers(&b, i ? "," : ",\"pcrs\":[", e.pcrs.bank[0].pcr[i]);
	if (tdx) {
		put_numbers(&b, "]},\"td_quote\":", e.td_quote);
	} else {
		assert_true(rd_pem_wrap("CERTIFICATE", e.vcek, &pem, &err));
		rd_buf_printf(&b, "]},\"vcek\":");
		rd_json_put_string(&b, rd_buf_view(&pem));
	}
	rd_buf_printf(&b, "}");
	rd_buf_free(&pem);
	return forge_keep(&f, &b);
}

static void test_azure_forms(void **state)
{
	static const char *const broken[] = {
		"{}",
		"{\"tpm_quote\":{\"signature\":\"00\",\"pcrs\":[\"00\"]}}",
		"{\"tpm_quote\":{\"message\":\"00\",\"pcrs\":[\"00\"]}}",
		"{\"tpm_quote\":{\"message\":\"00\",\"signature\":\"00\"}}",
		"{\"tpm_quote\":{\"message\":\"00\",\"signature\":\"00\",\"pcrs\":\"00\"}}",
		"{\"tpm_quote\":{\"message\":\"00\",\"signature\":\"00\",\"pcrs\":[]}}",
		"{\"tpm_quote\":{\"message\":\"00\",\"signature\":\"00\",\"pcrs\":{\"0\":\"00\"}}}",
		"{\"tpm_quote\":{\"message\":\"00\",\"signature\":\"00\",\"pcrs\":[\"00\",\"00\","
		"\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\","
		"\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\",\"00\","
		"\"00\"]}}",
	};
	struct rd_tee_input in = { .now_unix_s = 1760000000, .nonce = rd_view_str("challenge") };
	struct rd_tee_result *r;

	(void)state;
	in.report = old_form(SNP);
	forge_expect_good(forge_verify(&f, &rd_tee_azure, &in), "SNP without a version");
	in.report = old_form(TDX);
	forge_expect_good(forge_verify(&f, &rd_tee_azure, &in), "TDX without a version");
	in.report = evidence(SNP, hcl_of(SNP), "\"version\":2,");
	r = forge_verify(&f, &rd_tee_azure, &in);
	forge_expect_good(r, "version 2");
	assert_int_equal(rd_tee_claim_find(r, "user_data")->bytes.len, 64);
	in.report = evidence(SNP, hcl_of(SNP), "\"version\":3,");
	forge_expect_error(&f, &rd_tee_azure, &in, "tee.azure.version", RD_FAULT_REFUSED);
	in.report = evidence(SNP, hcl_of(SNP), "\"version\":0,");
	forge_expect_error(&f, &rd_tee_azure, &in, "tee.azure.version", RD_FAULT_REFUSED);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		in.report = rd_view_str(broken[i]);
		forge_expect_error(&f, &rd_tee_azure, &in, "tee.azure.form", RD_FAULT_MALFORMED);
	}
	in.report = evidence(SNP, hcl_of(TDX), "");
	forge_expect_error(&f, &rd_tee_azure, &in, "tee.azure.form", RD_FAULT_MALFORMED);
	in.report = rd_view_str("{\"report\":[256],\"quote\":{}}");
	forge_expect_error(&f, &rd_tee_azure, &in, "codec.doc.kind", RD_FAULT_MALFORMED);
}

static void expect_needs(const char *relative, const char *wanted)
{
	struct rd_tee_input in = { .report = read_vector(relative) };
	struct rd_buf out = { .max = 8192 };
	struct rd_err err = { 0 };

	assert_true(rd_tee_azure.needs(&in, f.arena, &out, &err));
	rd_buf_add_byte(&out, 0);
	assert_non_null(strstr((const char *)out.data, wanted));
	rd_buf_free(&out);
}

/* What the evidence inside needs. */
static void test_azure_needs(void **state)
{
	(void)state;
	expect_needs(SNP, "/vcek/v1/Milan/");
	expect_needs(TDX, "tcb_info.json ");
}

#define REQUEST_AT 1216u

static void expect_hcl(struct rd_view hcl, const char *code, const char *text)
{
	struct rd_hcl_report r;
	struct rd_err err = { 0 };

	assert_false(rd_hcl_parse(hcl, &r, &err));
	assert_string_equal(err.code, code);
	assert_non_null(strstr(err.text, text));
}

/* A newer request puts 4 bytes between its head and the JSON, and says so by its sizes. */
static void test_azure_hcl(void **state)
{
	static const uint8_t extension[4] = { 1 };
	struct rd_view hcl = hcl_of(SNP), parts[3];
	struct rd_hcl_report r;
	struct rd_tee_input in = { .now_unix_s = 1760000000, .nonce = rd_view_str("challenge") };
	struct rd_err err = { 0 };
	uint8_t *bytes, length[4];

	(void)state;
	parts[0] = rd_view_of(hcl.data, REQUEST_AT + 20);
	parts[1] = rd_view_of(extension, 4);
	parts[2] = rd_view_of(hcl.data + REQUEST_AT + 20, hcl.len - REQUEST_AT - 20);
	hcl = forge_concat(&f, 3, parts);
	bytes = (uint8_t *)(uintptr_t)hcl.data + REQUEST_AT;
	rd_store_le32(bytes, rd_load_le32(bytes) + 4);
	bytes[4] = 2;
	in.report = evidence(SNP, hcl, "");
	forge_expect_good(forge_verify(&f, &rd_tee_azure, &in), "a request of version 2");
	bytes[12] = 3;
	assert_true(rd_hcl_parse(hcl, &r, &err) && r.hash == RD_HASH_SHA512);
	in.report = evidence(SNP, hcl, "");
	forge_expect(forge_verify(&f, &rd_tee_azure, &in), "tee.azure.binding", RD_RESULT_FAIL,
		     "another hash");
	bytes[12] = 4;
	assert_false(rd_hcl_parse(hcl, &r, &err));
	assert_int_equal(err.fault, RD_FAULT_REFUSED);
	bytes[12] = 1;
	expect_hcl(rd_view_of(hcl.data, REQUEST_AT + 19), "tee.azure.hcl", "too short");
	for (size_t i = 0; i < 3; i++) {
		static const size_t at[] = { 4, 12, REQUEST_AT + 8 }; /* version, type, hardware */

		expect_hcl(forge_set(&f, hcl, at[i], 3), "tee.azure.hcl.version", "HCL report of");
	}
	memcpy(length, bytes + 16, 4);
	rd_store_le32(bytes + 16, 0);
	rd_store_le32(bytes, 20);
	expect_hcl(hcl, "tee.azure.hcl", "does not fit");
	memcpy(bytes + 16, length, 4);
	rd_store_le32(bytes, rd_load_le32(bytes + 16) + 19);
	assert_false(rd_hcl_parse(hcl, &r, &err));
	assert_string_equal(err.code, "tee.azure.hcl");
	rd_store_le32(bytes, rd_load_le32(bytes + 16) + 65);
	assert_false(rd_hcl_parse(hcl, &r, &err));
}

static void test_azure(void **state)
{
	struct rd_tee_input in = { .now_unix_s = 1760000000, .nonce = rd_view_str("challenge") };
	struct rd_tee_result *r;

	(void)state;
	in.report = altered(SNP, 0);
	r = forge_verify(&f, &rd_tee_azure, &in);
	forge_expect_good(r, "SNP as it was");
	for (uint32_t i = 0; i < r->n_reasons; i++) /* of the report inside: it has none */
		assert_string_not_equal(r->reason[i].code, "tee.nonce.unchecked");
	in.report = altered(SNP, 1236 + 900); /* a byte of the JSON, behind the keys */
	forge_expect(forge_verify(&f, &rd_tee_azure, &in), "tee.azure.binding", RD_RESULT_FAIL,
		     "other runtime data");
	in.report = altered(SNP, 32 + 0x90); /* the measurement */
	forge_expect(forge_verify(&f, &rd_tee_azure, &in), "tee.snp.signature", RD_RESULT_FAIL,
		     "another measurement");
	forge_expect(forge_verify(&f, &rd_tee_azure, &in), "tee.azure.vmpl", RD_RESULT_PASS,
		     "the paravisor's report");
	in.report = altered(SNP, 32 + 0x30);
	forge_expect(forge_verify(&f, &rd_tee_azure, &in), "tee.azure.vmpl", RD_RESULT_FAIL,
		     "a report of the guest's own");
	in.report = altered(TDX, 0);
	r = forge_verify(&f, &rd_tee_azure, &in);
	forge_expect_good(r, "TDX as it was");
	assert_non_null(rd_tee_claim_find(r, "tdx.mrtd"));
	in.report = altered(TDX, 32 + 128 + 40); /* report data of the unsigned TDREPORT */
	r = forge_verify(&f, &rd_tee_azure, &in);
	forge_expect(r, "tee.azure.td_quote", RD_RESULT_FAIL, "another report");
	forge_expect(r, "tee.azure.binding", RD_RESULT_FAIL, "another report");
	in.nonce = rd_view_str("another");
	forge_expect(forge_verify(&f, &rd_tee_azure, &in), "tee.nonce", RD_RESULT_FAIL,
		     "another nonce");
	in.report = rd_view_str("{\"hcl_report\":\"AAAA\"}");
	forge_expect_error(&f, &rd_tee_azure, &in, "tee.azure.form", RD_FAULT_MALFORMED);
	in.report = altered(SNP, 1);
	forge_expect_error(&f, &rd_tee_azure, &in, "tee.azure.hcl", RD_FAULT_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_azure),
		cmocka_unit_test(test_azure_forms),
		cmocka_unit_test(test_azure_hcl),
		cmocka_unit_test(test_azure_needs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
