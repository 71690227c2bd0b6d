/* TPM quotes and event logs: a forged TPM, one change at a time; Azure's evidence, altered. */
#include "forge/forge.h"
#include "support.h"
#include "tee/azure/azure.h"
#include "tee/tpm/tpm.h"

#include <stdio.h>
#include <string.h>

static struct forge f;
static struct forge_key *rsa, *ec, *other, *root_key;
static struct rd_cert root;

static int setup(void **state)
{
	struct forge_cert_spec spec = { .cn = "TPM vendor",
					.is_ca = true,
					.key_usage = "critical,keyCertSign" };

	(void)state;
	forge_init(&f);
	rsa = forge_key(&f, FORGE_RSA2048);
	ec = forge_key(&f, FORGE_P256);
	other = forge_key(&f, FORGE_RSA2048);
	spec.key = root_key = forge_key(&f, FORGE_P256);
	root = forge_cert(&f, &spec);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

enum key_form { KEY_PEM, KEY_PUBLIC, KEY_CERTIFICATE, KEY_NONE };
enum signature_form { SIGNATURE_TPMT, SIGNATURE_BARE, SIGNATURE_NONE };
enum pcrs_form { PCRS_JSON, PCRS_LINES, PCRS_NONE };

struct world {
	struct forge_key *signer, *ak;
	enum key_form key;
	enum signature_form signature;
	enum pcrs_form pcrs;
	uint16_t alg, hash, bank;
	uint32_t magic, mask, given_mask, attributes;
	uint16_t type;
	uint8_t pcr_byte;
	bool untrusted, wrong_digest, with_log, log_lies, tail;
	struct rd_view nonce, wanted_nonce;
	struct rd_collateral piece[4];
	struct rd_tee_input in;
};

static void make(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->signer = w->ak = rsa;
	w->alg = RD_TPM_RSASSA;
	w->hash = RD_TPM_SHA256;
	w->bank = RD_TPM_SHA256;
	w->magic = 0xFF544347;
	w->type = 0x8018;
	w->mask = w->given_mask = 1u << 0 | 1u << 7 | 1u << 16;
	w->attributes = RD_TPM_FIXED_TPM | RD_TPM_RESTRICTED | RD_TPM_SIGN;
	w->nonce = rd_view_str("nonce");
}

static void be(struct rd_buf *b, uint64_t v, size_t len)
{
	for (size_t i = len; i > 0; i--)
		rd_buf_add_byte(b, (uint8_t)(v >> (8 * (i - 1))));
}

static void tpm2b(struct rd_buf *b, struct rd_view v)
{
	be(b, v.len, 2);
	rd_buf_add(b, v);
}

static size_t bank_len(const struct world *w)
{
	enum rd_hash hash;

	assert_true(rd_tpm_hash(w->bank, &hash));
	return rd_hash_len(hash);
}

/* Register n: what the log below leaves for 0 and 7, else bytes of n. */
static void value_of(const struct world *w, uint32_t pcr, uint8_t out[64])
{
	uint8_t zeros[64] = { 0 }, event[64];
	struct rd_view parts[2] = { rd_view_of(zeros, bank_len(w)),
				    rd_view_of(event, bank_len(w)) };
	enum rd_hash hash;
	struct rd_err err = { 0 };

	assert_true(rd_tpm_hash(w->bank, &hash));
	memset(event, (int)(0x10 + pcr), sizeof(event));
	if (pcr == 0)
		zeros[bank_len(w) - 1] = 3; /* StartupLocality */
	if (pcr < 8)
		assert_true(rd_hash_parts(hash, parts, 2, out, &err));
	else
		memset(out, (int)pcr, 64);
}

static struct rd_view quote(const struct world *w)
{
	struct rd_view parts[24];
	static uint8_t values[24][64];
	uint8_t digest[64];
	struct rd_buf b = { .max = 4096 };
	struct rd_err err = { 0 };
	enum rd_hash hash;
	size_t n = 0;

	for (uint32_t i = 0; i < 24; i++) {
		if (!(w->mask & 1u << i))
			continue;
		value_of(w, i, values[i]);
		parts[n++] = rd_view_of(values[i], bank_len(w));
	}
	assert_true(rd_tpm_hash(w->hash, &hash));
	assert_true(rd_hash_parts(hash, parts, n, digest, &err));
	digest[0] ^= w->wrong_digest;
	be(&b, w->magic, 4);
	be(&b, w->type, 2);
	tpm2b(&b, rd_view_str("signer"));
	tpm2b(&b, w->nonce);
	be(&b, 1, 8);
	be(&b, 2, 4);
	be(&b, 3, 4);
	rd_buf_add_byte(&b, 1);
	be(&b, 0x20240101, 8);
	be(&b, 1, 4);
	be(&b, w->bank, 2);
	rd_buf_add_byte(&b, 3);
	be(&b, w->mask & 0xFF, 1);
	be(&b, w->mask >> 8 & 0xFF, 1);
	be(&b, w->mask >> 16 & 0xFF, 1);
	tpm2b(&b, rd_view_of(digest, rd_hash_len(hash)));
	if (w->tail)
		rd_buf_add_byte(&b, 0);
	return forge_keep(&f, &b);
}

static struct rd_view signature(const struct world *w, struct rd_view message)
{
	struct rd_buf b = { .max = 4096 };
	enum rd_signature_form form = w->alg == RD_TPM_RSASSA   ? RD_SIGNATURE_RSA_PKCS1
				      : w->alg == RD_TPM_RSAPSS ? RD_SIGNATURE_RSA_PSS_ANY_SALT
								: RD_SIGNATURE_ECDSA_RAW;
	struct rd_view sig;
	enum rd_hash hash;

	assert_true(rd_tpm_hash(w->hash, &hash));
	sig = forge_sign(&f, w->signer, form, hash, message);
	if (w->signature == SIGNATURE_BARE)
		return sig;
	be(&b, w->alg, 2);
	be(&b, w->hash, 2);
	if (w->alg == RD_TPM_ECDSA) {
		tpm2b(&b, rd_view_of(sig.data, 32));
		tpm2b(&b, rd_view_of(sig.data + 32, 32));
	} else {
		tpm2b(&b, sig);
	}
	return forge_keep(&f, &b);
}

/* TPMT_PUBLIC of a signing key. */
static struct rd_view public_of(const struct world *w)
{
	struct rd_buf b = { .max = 4096 };
	bool is_ec = w->ak == ec;

	be(&b, is_ec ? RD_TPM_ECC : RD_TPM_RSA, 2);
	be(&b, RD_TPM_SHA256, 2);
	be(&b, w->attributes, 4);
	tpm2b(&b, (struct rd_view){ 0 });
	be(&b, RD_TPM_NULL, 2);
	be(&b, w->alg, 2);
	be(&b, w->hash, 2);
	if (is_ec) {
		struct rd_view p = forge_raw_public(&f, ec);

		be(&b, 3, 2);
		be(&b, RD_TPM_NULL, 2);
		tpm2b(&b, rd_view_of(p.data + 1, 32));
		tpm2b(&b, rd_view_of(p.data + 33, 32));
	} else {
		be(&b, 2048, 2);
		be(&b, 0, 4);
		tpm2b(&b, forge_rsa_modulus(&f, w->ak));
	}
	return forge_keep(&f, &b);
}

static struct rd_view key_of(const struct world *w)
{
	struct forge_cert_spec spec = {
		.cn = "AK", .key = w->ak, .issuer = &root, .issuer_key = root_key
	};

	if (w->key == KEY_PUBLIC)
		return public_of(w);
	if (w->key == KEY_CERTIFICATE)
		return forge_cert(&f, &spec).der;
	return forge_spki_pem(&f, w->ak);
}

static struct rd_view pcrs_of(const struct world *w)
{
	struct rd_buf b = { .max = 8192 };
	const char *comma = "";

	rd_buf_printf(&b, w->pcrs == PCRS_JSON ? "{\"%s\":{" : "%s:\n", rd_tpm_hash_name(w->bank));
	for (uint32_t i = 0; i < 24; i++) {
		uint8_t v[64];

		if (!(w->given_mask & 1u << i))
			continue;
		value_of(w, i, v);
		v[1] ^= w->pcr_byte;
		rd_buf_printf(&b, w->pcrs == PCRS_JSON ? "%s\"%u\":\"" : "%s  %u : 0x", comma, i);
		for (size_t k = 0; k < bank_len(w); k++)
			rd_buf_printf(&b, "%02x", v[k]);
		rd_buf_printf(&b, w->pcrs == PCRS_JSON ? "\"" : "\n");
		comma = w->pcrs == PCRS_JSON ? "," : "";
	}
	if (w->pcrs == PCRS_JSON)
		rd_buf_printf(&b, "}}");
	return forge_keep(&f, &b);
}

static void le(struct rd_buf *b, uint64_t v, size_t len)
{
	for (size_t i = 0; i < len; i++)
		rd_buf_add_byte(b, (uint8_t)(v >> (8 * i)));
}

struct event {
	uint32_t pcr, type;
	uint8_t byte; /* of its digest */
	const char *data;
	size_t len;
};

static void put_event(struct rd_buf *b, const struct world *w, struct event e)
{
	uint8_t digest[64];

	memset(digest, e.byte, sizeof(digest));
	le(b, e.pcr, 4);
	le(b, e.type, 4);
	le(b, 1, 4);
	le(b, w->bank, 2);
	rd_buf_add(b, rd_view_of(digest, bank_len(w)));
	le(b, e.len, 4);
	rd_buf_add(b, rd_view_of(e.data, e.len));
}

/* A crypto-agile log of one bank: locality, then an event for each of registers 0 and 7. */
static struct rd_view log_of(const struct world *w)
{
	struct rd_buf b = { .max = 8192 }, spec = { .max = 256 };
	uint8_t zeros[20] = { 0 };

	rd_buf_add(&spec, rd_view_of("Spec ID Event03", 16));
	le(&spec, 0, 8);
	le(&spec, 1, 4);
	le(&spec, w->bank, 2);
	le(&spec, bank_len(w), 2);
	rd_buf_add_byte(&spec, 0);
	le(&b, 0, 4);
	le(&b, 3, 4);
	rd_buf_add(&b, rd_view_of(zeros, 20));
	le(&b, spec.len, 4);
	rd_buf_add(&b, rd_buf_view(&spec));
	rd_buf_free(&spec);
	put_event(&b, w, (struct event){ 0, 3, 0, "StartupLocality\0\3", 17 });
	put_event(&b, w, (struct event){ 0, 8, 0x10, "firmware", 8 });
	put_event(&b, w,
		  (struct event){ 7, 0x80000001, w->log_lies ? 0x18 : 0x17, "SecureBoot", 10 });
	return forge_keep(&f, &b);
}

static const struct rd_tee_input *build(struct world *w)
{
	uint32_t n = 0;

	w->in = (struct rd_tee_input){ .report = quote(w),
				       .collateral = w->piece,
				       .now_unix_s = 1750000000,
				       .nonce = w->wanted_nonce };
	if (w->key != KEY_NONE)
		w->piece[n++] = (struct rd_collateral){ .name = "ak",
							.bytes = key_of(w),
							.trusted = !w->untrusted };
	if (w->signature != SIGNATURE_NONE)
		w->piece[n++] = (struct rd_collateral){ .name = "sig",
							.bytes = signature(w, w->in.report),
							.trusted = true };
	if (w->pcrs != PCRS_NONE)
		w->piece[n++] = (struct rd_collateral){ .name = "pcrs", .bytes = pcrs_of(w) };
	if (w->with_log)
		w->piece[n++] = (struct rd_collateral){ .name = "log", .bytes = log_of(w) };
	w->in.n_collateral = n;
	if (w->key == KEY_CERTIFICATE && !w->untrusted) {
		w->in.anchor = &root;
		w->in.n_anchors = 1;
	}
	return &w->in;
}

static void run_case(struct world *w, const char *change, const char *code, enum rd_result result)
{
	struct rd_tee_result *r = forge_verify(&f, &rd_tee_tpm, build(w));

	if (code)
		forge_expect(r, code, result, change);
	else
		forge_expect_good(r, change);
}

#define CASE(change, code, result) \
	make(&w); \
	change; \
	run_case(&w, #change, code, result);
#define GOOD(change) CASE(change, NULL, RD_RESULT_PASS)
#define FAIL(change, code) CASE(change, code, RD_RESULT_FAIL)

static void test_one_change(void **state)
{
	struct world w;

	(void)state;
	GOOD((void)0)
	GOOD(w.key = KEY_PUBLIC)
	GOOD(w.key = KEY_CERTIFICATE)
	GOOD(w.signature = SIGNATURE_BARE)
	GOOD(w.pcrs = PCRS_LINES)
	GOOD(w.pcrs = PCRS_NONE)
	GOOD(w.alg = RD_TPM_RSAPSS)
	GOOD((w.alg = RD_TPM_ECDSA, w.signer = w.ak = ec))
	GOOD((w.alg = RD_TPM_ECDSA, w.signer = w.ak = ec, w.key = KEY_PUBLIC))
	GOOD((w.alg = RD_TPM_ECDSA, w.signer = w.ak = ec, w.signature = SIGNATURE_BARE))
	GOOD(w.bank = RD_TPM_SHA384) /* digest of the signature's hash, not the bank's */
	GOOD(w.hash = RD_TPM_SHA1)
	GOOD(w.wanted_nonce = rd_view_str("nonce"))
	GOOD(w.with_log = true)
	FAIL(w.signer = other, "tee.tpm.signature")
	FAIL((w.key = KEY_PUBLIC, w.attributes &= ~RD_TPM_RESTRICTED), "tee.tpm.key")
	FAIL((w.key = KEY_PUBLIC, w.attributes &= ~RD_TPM_FIXED_TPM), "tee.tpm.key")
	FAIL((w.key = KEY_PUBLIC, w.attributes &= ~RD_TPM_SIGN), "tee.tpm.key")
	FAIL((w.key = KEY_PUBLIC, w.attributes |= RD_TPM_DECRYPT), "tee.tpm.key")
	FAIL((w.key = KEY_CERTIFICATE, w.untrusted = true), "tee.chain")
	FAIL(w.given_mask |= 1u << 8, "tee.tpm.selection")
	FAIL(w.given_mask &= ~(1u << 16), "tee.tpm.selection")
	FAIL(w.pcr_byte = 1, "tee.tpm.digest")
	FAIL(w.wrong_digest = true, "tee.tpm.digest")
	FAIL(w.wanted_nonce = rd_view_str("nonce2"), "tee.nonce")
	FAIL(w.wanted_nonce = rd_view_str("nonc"), "tee.nonce")
	CASE(w.key = KEY_NONE, "tee.tpm.key.absent", RD_RESULT_ABSENT)
	CASE(w.untrusted = true, "tee.tpm.key.absent", RD_RESULT_ABSENT)
	CASE(w.signature = SIGNATURE_NONE, "tee.tpm.signature.absent", RD_RESULT_ABSENT)
	CASE(w.pcrs = PCRS_NONE, "tee.tpm.pcrs.absent", RD_RESULT_WARNING)
	CASE(w.with_log = true, "tee.tpm.log.replay", RD_RESULT_PASS)
	CASE((w.with_log = w.log_lies = true), "tee.tpm.log.replay", RD_RESULT_WARNING)
}

static void test_form(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	w.magic = 0xFF544348;
	forge_expect_error(&f, &rd_tee_tpm, build(&w), "tee.tpm.quote", RD_FAULT_MALFORMED);
	make(&w);
	w.type = 0x801A; /* signed by the same key, but a creation */
	forge_expect_error(&f, &rd_tee_tpm, build(&w), "tee.tpm.type", RD_FAULT_REFUSED);
	make(&w);
	w.tail = true;
	forge_expect_error(&f, &rd_tee_tpm, build(&w), "tee.tpm.quote", RD_FAULT_MALFORMED);
	make(&w);
	forge_expect_no_prefix(&f, &rd_tee_tpm, build(&w));
}

static void test_claims(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w);
	w.bank = RD_TPM_SHA1;
	r = forge_verify(&f, &rd_tee_tpm, build(&w));
	c = rd_tee_claim_find(r, "sha1");
	assert_true(c && c->number == 1);
	make(&w);
	w.with_log = w.log_lies = true;
	r = forge_verify(&f, &rd_tee_tpm, build(&w));
	c = rd_tee_claim_find(r, "event_log_replays");
	assert_true(c && c->number == 0);
	assert_non_null(rd_tee_claim_find(r, "pcrs.16"));
	make(&w);
	w.pcr_byte = 1; /* values that are not signed are no claims */
	r = forge_verify(&f, &rd_tee_tpm, build(&w));
	assert_null(rd_tee_claim_find(r, "pcrs.0"));
}

/* Lengths that promise more, banks twice, registers that are none; what is cut is refused. */
static void test_logs(void **state)
{
	struct rd_tpm_log log;
	struct rd_view bytes, bank;
	struct rd_err err = { 0 };
	struct rd_tpm_bank b;
	struct world w;

	(void)state;
	make(&w);
	bytes = log_of(&w);
	assert_true(rd_tpm_log_parse(bytes, f.arena, &log, &err));
	assert_int_equal(log.n, 4);
	assert_true(rd_tpm_log_replay(&log, 0, f.arena, &b, &err));
	assert_int_equal(b.mask, 1u << 0 | 1u << 7);
	bank = b.pcr[20];
	assert_int_equal(bank.data[0], 0xFF);
	assert_false(rd_tpm_log_replay(&log, 1, f.arena, &b, &err));
	for (size_t cut = 1; cut < bytes.len; cut++) {
		bool ok = rd_tpm_log_parse(rd_view_of(bytes.data, cut), f.arena, &log, &err);

		/* A log may end behind any whole event. */
		if (ok)
			assert_true(log.n < 4);
	}
	assert_false(rd_tpm_log_parse(forge_set(&f, bytes, 31, 0xFF), f.arena, &log, &err));
	assert_string_equal(err.code, "tee.tpm.log");
	assert_false(rd_tpm_log_parse(forge_set(&f, bytes, 28 + 4 + 24, 5), f.arena, &log, &err));
}

static void test_pcr_forms(void **state)
{
	struct rd_tpm_bank b;

	(void)state;
	assert_false(rd_tpm_pcrs_parse(rd_view_str(""), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(rd_view_str("{}"), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(
		rd_view_str("{\"24\":\"0000000000000000000000000000000000000000\"}"), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(rd_view_str("0 00\n"), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(rd_view_str("0 0000000000000000000000000000000000000000\n"
						   "0 0000000000000000000000000000000000000000\n"),
				       f.arena, &b));
	assert_true(rd_tpm_pcrs_parse(rd_view_str("3 0000000000000000000000000000000000000000"),
				      f.arena, &b));
	assert_int_equal(b.mask, 8);
}

/* ---- Azure ----------------------------------------------------------------------------------- */

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

/* The evidence with byte `at` of its HCL report changed. */
static struct rd_view altered(const char *relative, size_t at)
{
	struct rd_buf b = { .max = 1u << 16 };
	const struct rd_doc *doc, *quote_doc, *pcrs;
	struct rd_view hcl;
	struct rd_err err = { 0 };
	bool tdx = strstr(relative, "tdx") != NULL;

	assert_true(rd_json_parse(f.arena, "e", read_vector(relative), &doc, &err));
	quote_doc = rd_doc_get(doc, "tpm_quote");
	pcrs = rd_doc_get(quote_doc, "pcrs");
	assert_true(rd_base64_decode(rd_doc_get(doc, "hcl_report")->text, f.arena, &hcl, &err));
	if (at)
		hcl = forge_flip(&f, hcl, at, 0);
	rd_buf_printf(&b, "{\"hcl_report\":\"");
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

#define SNP "vectors/tpm-azure/snp-milan-v1/evidence.json"
#define TDX "vectors/tpm-azure/tdx-v1/evidence.json"

static void test_azure(void **state)
{
	struct rd_tee_input in = { .now_unix_s = 1760000000, .nonce = rd_view_str("challenge") };
	struct rd_tee_result *r;

	(void)state;
	in.report = altered(SNP, 0);
	forge_expect_good(forge_verify(&f, &rd_tee_azure, &in), "SNP as it was");
	in.report = altered(SNP, 1236 + 900); /* a byte of the JSON, behind the keys */
	forge_expect(forge_verify(&f, &rd_tee_azure, &in), "tee.azure.binding", RD_RESULT_FAIL,
		     "other runtime data");
	in.report = altered(SNP, 32 + 0x90); /* the measurement */
	forge_expect(forge_verify(&f, &rd_tee_azure, &in), "tee.snp.signature", RD_RESULT_FAIL,
		     "another measurement");
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
		cmocka_unit_test(test_one_change), cmocka_unit_test(test_form),
		cmocka_unit_test(test_claims),     cmocka_unit_test(test_logs),
		cmocka_unit_test(test_pcr_forms),  cmocka_unit_test(test_azure),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
