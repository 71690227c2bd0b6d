/* NVIDIA reports: a forged device, one change at a time. */
#include "forge/forge.h"
#include "support.h"
#include "tee/nvidia/nvidia.h"

#include <redoubt/codec.h>

#include <string.h>

#define NOW 1750000000

static struct forge f;
static struct forge_key *root_key, *mid_key, *leaf_key, *other;
static struct rd_cert root, mid;

struct world {
	struct forge_cert_spec leaf_spec;
	struct forge_key *signer;
	uint8_t version, code, blocks, fwid, spec;
	uint32_t record_extra, tail;
	bool no_fwid_extension, no_chain, no_anchor, twice, revoked;
	bool blackwell, report_without_fwid, other_hash, zero_fwid, is_switch;
	uint8_t wants, operation, request, answer_version;
	struct rd_view nonce;
	struct rd_cert leaf;
	struct rd_collateral piece[3];
	struct rd_tee_input in;
};

static int setup(void **state)
{
	struct forge_cert_spec spec = { .cn = "NVIDIA Device Identity CA",
					.is_ca = true,
					.hash = RD_HASH_SHA384,
					.key_usage = "critical,keyCertSign,cRLSign" };

	(void)state;
	forge_init(&f);
	spec.key = root_key = forge_key(&f, FORGE_P384);
	mid_key = forge_key(&f, FORGE_P384);
	leaf_key = forge_key(&f, FORGE_P384);
	other = forge_key(&f, FORGE_P384);
	root = forge_cert(&f, &spec);
	spec.cn = "GH100 A01 GSP BROM";
	spec.key = mid_key;
	spec.issuer = &root;
	spec.issuer_key = root_key;
	mid = forge_cert(&f, &spec);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

static void make(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->leaf_spec = (struct forge_cert_spec){ .cn = "GH100 A01 GSP FMC LF",
						 .key = leaf_key,
						 .issuer = &mid,
						 .issuer_key = mid_key,
						 .hash = RD_HASH_SHA384 };
	w->signer = leaf_key;
	w->version = 0x11;
	w->code = 0x60;
	w->blocks = 2;
	w->fwid = 0xF5;
	w->spec = 1;
	w->wants = 1;
	w->operation = 0xFF;
	w->request = 0xE0;
	w->answer_version = 0x11;
}

static void put_le(struct rd_buf *b, uint32_t v, size_t len)
{
	for (size_t i = 0; i < len; i++)
		rd_buf_add_byte(b, (uint8_t)(v >> (8 * i)));
}

static void put_field(struct rd_buf *b, uint16_t type, struct rd_view value)
{
	put_le(b, type, 2);
	put_le(b, (uint32_t)value.len, 2);
	rd_buf_add(b, value);
}

static struct rd_view report(struct world *w)
{
	struct rd_buf b = { .max = 1u << 14 }, record = { .max = 1024 }, opaque = { .max = 1024 };
	uint8_t bytes[48];
	struct rd_view parts[3];

	memset(bytes, 0xAA, sizeof(bytes));
	for (uint8_t i = 1; i <= 2; i++) {
		rd_buf_add_byte(&record, w->twice ? 1 : i);
		rd_buf_add_byte(&record, w->spec);
		put_le(&record, 51, 2);
		rd_buf_add_byte(&record, 1);
		put_le(&record, 48, 2);
		rd_buf_add(&record, rd_view_of(bytes, 48));
	}
	put_field(&opaque, 3, rd_view_str("550.90.07"));
	if (w->is_switch)
		put_field(&opaque, 6, rd_view_str("96.10.55.00.01"));
	else
		put_field(&opaque, 6, rd_view_of("\x00\x9f\x00\x96\x01\x00\x00\x00", 8));
	memset(bytes, w->zero_fwid ? 0 : w->fwid, sizeof(bytes));
	if (!w->report_without_fwid)
		put_field(&opaque, 20, rd_view_of(bytes, 48));
	rd_buf_add_byte(&b, w->version);
	rd_buf_add_byte(&b, w->request);
	rd_buf_add_byte(&b, w->wants);
	rd_buf_add_byte(&b, w->operation);
	memset(bytes, 0x4E, 32);
	rd_buf_add(&b, rd_view_of(bytes, 32));
	rd_buf_add_byte(&b, 0);
	rd_buf_add_byte(&b, w->answer_version);
	rd_buf_add_byte(&b, w->code);
	put_le(&b, 0, 2);
	rd_buf_add_byte(&b, w->blocks);
	put_le(&b, (uint32_t)record.len + w->record_extra, 3);
	rd_buf_add(&b, rd_buf_view(&record));
	rd_buf_add(&b, rd_view_of(bytes, 32));
	put_le(&b, (uint32_t)opaque.len, 2);
	rd_buf_add(&b, rd_buf_view(&opaque));
	rd_buf_free(&record);
	rd_buf_free(&opaque);
	parts[0] = forge_keep(&f, &b);
	parts[1] = forge_sign(&f, w->signer, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA384, parts[0]);
	parts[2] = rd_view_of("\x01", w->tail);
	return forge_concat(&f, 3, parts);
}

static struct rd_view fwid_entry(const struct world *w, uint8_t byte)
{
	struct rd_view parts[2];
	struct rd_err err = { 0 };
	uint8_t bytes[48];

	memset(bytes, byte, sizeof(bytes));
	parts[0] = forge_der_oid(&f, w->other_hash ? "2.16.840.1.101.3.4.2.3"
						   : "2.16.840.1.101.3.4.2.2");
	assert_true(rd_arena_copy(f.arena, rd_view_of(bytes, sizeof(bytes)), &parts[1], &err));
	parts[1] = forge_der(&f, RD_DER_OCTET_STRING, parts[1]);
	return forge_der(&f, RD_DER_SEQUENCE, forge_concat(&f, 2, parts));
}

/* Hopper: version, the chip's key, FWID.  Blackwell: vendor, SVN, FWIDs of which one is zero,
 * flags. */
static struct rd_view tcb_info(const struct world *w)
{
	struct rd_view parts[4], list[2] = { fwid_entry(w, 0xF5), fwid_entry(w, 0) };

	if (w->blackwell) {
		parts[0] = forge_der(&f, 0x80, rd_view_str("NVIDIA"));
		parts[1] = forge_der(&f, 0x83, rd_view_of("\x02", 1));
		parts[2] = forge_der(&f, 0xA6, forge_concat(&f, 2, list));
		parts[3] = forge_der(&f, 0x87, rd_view_of("\x00\x80\x00\x00\x01", 5));
		return forge_der(&f, RD_DER_SEQUENCE, forge_concat(&f, 4, parts));
	}
	parts[0] = forge_der_uint(&f, 1);
	parts[1] = forge_der(&f, RD_DER_SEQUENCE, forge_der(&f, RD_DER_SEQUENCE, list[1]));
	parts[2] = list[0];
	return forge_der(&f, RD_DER_SEQUENCE, forge_concat(&f, 3, parts));
}

static const struct rd_tee_input *build(struct world *w)
{
	uint32_t n = 0;

	w->leaf_spec.extension[0] = (struct forge_extension){
		.oid = w->blackwell ? "2.23.133.5.4.1.1" : "2.23.133.5.4.1", .value = tcb_info(w)
	};
	w->leaf_spec.n_extensions = w->no_fwid_extension ? 0 : 1;
	w->leaf = forge_cert(&f, &w->leaf_spec);
	if (!w->no_chain) {
		w->piece[n++] = (struct rd_collateral){ .name = "leaf", .bytes = w->leaf.der };
		w->piece[n++] = (struct rd_collateral){ .name = "mid", .bytes = mid.der };
	}
	if (w->revoked)
		w->piece[n++] = (struct rd_collateral){
			.name = "crl",
			.bytes = forge_crl(
				&f, &(struct forge_crl_spec){ .issuer = &mid,
							      .issuer_key = mid_key,
							      .n_revoked = 1,
							      .revoked = { w->leaf.serial } })
		};
	w->in = (struct rd_tee_input){ .report = report(w),
				       .collateral = w->piece,
				       .n_collateral = n,
				       .now_unix_s = NOW,
				       .nonce = w->nonce,
				       .anchor = &root,
				       .n_anchors = w->no_anchor ? 0 : 1 };
	return &w->in;
}

static void run_case(struct world *w, const char *change, const char *code)
{
	struct rd_tee_result *r = forge_verify(&f, &rd_tee_nvidia, build(w));

	if (code)
		forge_expect(r, code, RD_RESULT_FAIL, change);
	else
		forge_expect_good(r, change);
}

static void test_one_change(void **state)
{
	struct world w;

	(void)state;
#define X(change, code) \
	make(&w); \
	change; \
	run_case(&w, #change, code);
	X((void)0, NULL)
	X(w.tail = 1, NULL)
	X(w.signer = other, "tee.nvidia.signature")
	X(w.fwid = 0xF4, "tee.nvidia.fwid")
	X(w.blackwell = true, NULL)
	X(w.report_without_fwid = true, NULL)
	X((w.blackwell = true, w.fwid = 0xF4), "tee.nvidia.fwid")
	X((w.blackwell = true, w.zero_fwid = true), "tee.nvidia.fwid")
	X((w.blackwell = true, w.other_hash = true), "tee.nvidia.fwid")
	X(w.other_hash = true, "tee.nvidia.fwid")
	X(w.no_fwid_extension = true, "tee.nvidia.fwid")
	X((w.leaf_spec.is_ca = true, w.leaf_spec.key_usage = "critical,keyCertSign"),
	  "tee.nvidia.leaf")
	X(w.no_anchor = true, "tee.chain")
	X(w.leaf_spec.issuer_key = root_key, "tee.chain")
	X(w.leaf_spec.not_after = NOW - 1, "tee.chain.time")
	X(w.revoked = true, "tee.revoked")
	X(w.nonce = rd_view_str("another"), "tee.nonce")
#undef X
}

static void test_absent(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w);
	w.no_chain = true;
	r = forge_verify(&f, &rd_tee_nvidia, build(&w));
	forge_expect(r, "tee.nvidia.chain", RD_RESULT_ABSENT, "no chain");
	make(&w);
	r = forge_verify(&f, &rd_tee_nvidia, build(&w));
	forge_expect(r, "tee.nvidia.rim", RD_RESULT_ABSENT, "no reference values");
	c = rd_tee_claim_find(r, "vbios_version");
	assert_true(c && rd_view_eq(c->bytes, rd_view_str("96.00.9F.00.01")));
	assert_non_null(rd_tee_claim_find(r, "measurements.2"));
	make(&w);
	w.report_without_fwid = w.is_switch = true;
	r = forge_verify(&f, &rd_tee_nvidia, build(&w));
	forge_expect(r, "tee.nvidia.fwid", RD_RESULT_WARNING, "a switch names no firmware");
	c = rd_tee_claim_find(r, "fwid");
	assert_true(c && c->bytes.len == 48 && c->bytes.data[0] == 0xF5);
	c = rd_tee_claim_find(r, "vbios_version");
	assert_true(c && rd_view_eq(c->bytes, rd_view_str("96.10.55.00.01")));
}

/* As NVIDIA's tools keep evidence. */
static void put_entry(struct rd_buf *b, const struct world *w, bool records)
{
	const char *left = records ? "[\"application/octet-stream\"," : "",
		   *right = records ? "]" : "";
	struct rd_buf pem = { .max = 8192 };
	struct rd_err err = { 0 };

	rd_buf_printf(b, "{\"arch\":\"HOPPER\",\"nonce\":\"4e\",\"certificate\":%s\"", left);
	assert_true(rd_pem_wrap("CERTIFICATE", w->leaf.der, &pem, &err));
	assert_true(rd_pem_wrap("CERTIFICATE", mid.der, &pem, &err));
	rd_base64url_put(b, rd_buf_view(&pem));
	rd_buf_free(&pem);
	rd_buf_printf(b, "\"%s,\"evidence\":%s\"", right, left);
	rd_base64url_put(b, w->in.report);
	rd_buf_printf(b, "\"%s}", right);
}

static void test_wrapped(void **state)
{
	static const char *const ends[][2] = { { "", "" },
					       { "[", "]" },
					       { "{\"nonce\":\"4e\",\"evidence_list\":[", "]}" },
					       { "{\"__cmwc_t\":\"tag:x\",\"nonce\":[\"y\",\"4e\"],"
						 "\"gpu_0\":",
						 "}" } };
	struct rd_buf b;
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		make(&w);
		build(&w);
		b = (struct rd_buf){ .max = 1u << 16 };
		rd_buf_printf(&b, "%s", ends[i][0]);
		put_entry(&b, &w, i == 3);
		rd_buf_printf(&b, "%s", ends[i][1]);
		w.in.report = forge_keep(&f, &b);
		w.in.n_collateral = 0;
		forge_expect_good(forge_verify(&f, &rd_tee_nvidia, &w.in), ends[i][0]);
	}
	make(&w);
	build(&w);
	b = (struct rd_buf){ .max = 1u << 16 };
	for (size_t i = 0; i < w.in.report.len; i++)
		rd_buf_printf(&b, "%02x", w.in.report.data[i]);
	rd_buf_printf(&b, "\n");
	w.in.report = forge_keep(&f, &b);
	forge_expect_good(forge_verify(&f, &rd_tee_nvidia, &w.in), "hexadecimal");
	w.in.report = forge_set(&f, w.in.report, w.in.report.len - 2, 'g');
	forge_expect_error(&f, &rd_tee_nvidia, &w.in, "tee.nvidia.form", RD_FAULT_MALFORMED);
	w.in.report = rd_view_str("[{\"evidence\":\"\"},{\"evidence\":\"\"}]");
	forge_expect_error(&f, &rd_tee_nvidia, &w.in, "tee.nvidia.several", RD_FAULT_REFUSED);
	make(&w);
	build(&w);
	b = (struct rd_buf){ .max = 1u << 16 };
	rd_buf_printf(&b, "{\"certificate\":\"!\",\"evidence\":\"");
	rd_base64url_put(&b, w.in.report);
	rd_buf_printf(&b, "\"}");
	w.in.report = forge_keep(&f, &b);
	forge_expect_error(&f, &rd_tee_nvidia, &w.in, "tee.nvidia.form", RD_FAULT_MALFORMED);
	w.in.report = rd_view_str("{\"evidence_list\":[]}");
	forge_expect_error(&f, &rd_tee_nvidia, &w.in, "tee.nvidia.form", RD_FAULT_MALFORMED);
	w.in.report = rd_view_str("[{\"evidence\":[]}]");
	forge_expect_error(&f, &rd_tee_nvidia, &w.in, "tee.nvidia.form", RD_FAULT_MALFORMED);
}

static void test_form(void **state)
{
	struct world w;

	(void)state;
#define X(change, code, fault) \
	make(&w); \
	change; \
	forge_expect_error(&f, &rd_tee_nvidia, build(&w), code, fault);
	X(w.version = 0x12, "tee.nvidia.version", RD_FAULT_REFUSED)
	X(w.code = 0x61, "tee.nvidia.form", RD_FAULT_MALFORMED)
	X(w.answer_version = 0x12, "tee.nvidia.version", RD_FAULT_REFUSED)
	X(w.request = 0xE1, "tee.nvidia.form", RD_FAULT_MALFORMED)
	X(w.wants = 0, "tee.nvidia.form", RD_FAULT_MALFORMED)
	X(w.operation = 2, "tee.nvidia.form", RD_FAULT_MALFORMED)
	X(w.blocks = 3, "tee.nvidia.form", RD_FAULT_MALFORMED)
	X(w.blocks = 1, "tee.nvidia.form", RD_FAULT_MALFORMED)
	X(w.twice = true, "tee.nvidia.form", RD_FAULT_MALFORMED)
	X(w.spec = 2, "tee.nvidia.form", RD_FAULT_MALFORMED)
	X(w.record_extra = 0xFFFF00, "tee.nvidia.form", RD_FAULT_MALFORMED)
#undef X
	make(&w);
	build(&w);
	w.in.report.len--;
	forge_expect_error(&f, &rd_tee_nvidia, &w.in, "tee.nvidia.form", RD_FAULT_MALFORMED);
	make(&w);
	forge_expect_no_prefix(&f, &rd_tee_nvidia, build(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_change),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_wrapped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
