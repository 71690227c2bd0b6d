/* TPM quotes and event logs: a forged TPM, one change at a time. */
#include "forge/forge.h"
#include "support.h"
#include "tee/tpm/tpm.h"

#include <string.h>

static struct forge f;
static struct forge_key *rsa, *ec, *other, *root_key;
static struct rd_cert root;

static int setup(void **state)
{
	struct forge_cert_spec spec = { .cn = "TPM vendor",
					.is_ca = true,
					.key_usage = "critical,keyCertSign,cRLSign" };

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

enum key_form { KEY_PEM, KEY_DER, KEY_PUBLIC, KEY_TSS2, KEY_CERTIFICATE, KEY_NONE };
enum signature_form { SIGNATURE_TPMT, SIGNATURE_BARE, SIGNATURE_NONE };
enum pcrs_form { PCRS_JSON, PCRS_LINES, PCRS_PRINTED, PCRS_STRUCTS, PCRS_VALUES, PCRS_NONE };

struct world {
	struct forge_key *signer, *ak;
	enum key_form key;
	enum signature_form signature;
	enum pcrs_form pcrs;
	uint16_t alg, hash, bank;
	uint32_t magic, mask, given_mask, attributes;
	uint16_t type;
	uint8_t pcr_byte, flag;
	bool untrusted, wrong_digest, with_log, log_lies, tail;
	bool wrap, two_forms, ek, junk, two_banks, more_given, empty_bank, revoked, wrong_first;
	uint16_t scheme;
	struct rd_view nonce, wanted_nonce;
	struct rd_collateral piece[8];
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
	w->flag = 1;
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

/* The world as it is for the second bank: SHA-1, of registers 0 and 16. */
static struct world second_bank(const struct world *w)
{
	struct world out = *w;

	out.bank = RD_TPM_SHA1;
	out.mask = out.given_mask = 1u << 0 | 1u << 16;
	return out;
}

/* Values of the selected registers, one behind the other. */
static void put_values(struct rd_buf *b, const struct world *w)
{
	for (uint32_t i = 0; i < 24; i++) {
		uint8_t value[64];

		if (!(w->mask & 1u << i))
			continue;
		value_of(w, i, value);
		value[1] ^= w->pcr_byte;
		rd_buf_add(b, rd_view_of(value, bank_len(w)));
	}
}

static struct rd_view values_of(const struct world *w)
{
	struct world second = second_bank(w);
	struct rd_buf b = { .max = 8192 };

	put_values(&b, w);
	if (w->two_banks)
		put_values(&b, &second);
	return forge_keep(&f, &b);
}

static void put_selection(struct rd_buf *b, const struct world *w)
{
	be(b, w->bank, 2);
	rd_buf_add_byte(b, 3);
	be(b, w->mask & 0xFF, 1);
	be(b, w->mask >> 8 & 0xFF, 1);
	be(b, w->mask >> 16 & 0xFF, 1);
}

static struct rd_view quote(const struct world *w)
{
	struct world second = second_bank(w), signed_ones = *w;
	struct rd_buf b = { .max = 4096 };
	struct rd_err err = { 0 };
	struct rd_view values;
	uint8_t digest[64];
	enum rd_hash hash;

	signed_ones.pcr_byte = 0;
	values = values_of(&signed_ones);
	assert_true(rd_tpm_hash(w->hash, &hash));
	assert_true(rd_hash_parts(hash, &values, 1, digest, &err));
	digest[0] ^= w->wrong_digest;
	be(&b, w->magic, 4);
	be(&b, w->type, 2);
	tpm2b(&b, rd_view_str("signer"));
	tpm2b(&b, w->nonce);
	be(&b, 1, 8);
	be(&b, 2, 4);
	be(&b, 3, 4);
	rd_buf_add_byte(&b, w->flag);
	be(&b, 0x20240101, 8);
	be(&b, 1u + w->two_banks + w->empty_bank, 4);
	put_selection(&b, w);
	if (w->two_banks)
		put_selection(&b, &second);
	second.mask = 0;
	second.bank = 0x0012; /* SM3, as of a TPM that does not have it */
	if (w->empty_bank)
		put_selection(&b, &second);
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
	be(&b, w->scheme ? w->scheme : w->alg, 2);
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

static struct rd_cert certificate_of(struct forge_key *key)
{
	struct forge_cert_spec spec = {
		.cn = "AK", .key = key, .issuer = &root, .issuer_key = root_key
	};

	return forge_cert(&f, &spec);
}

/* As openssl's TPM provider keeps keys: type, emptyAuth, parent, public, private. */
static struct rd_view tss2_of(const struct world *w)
{
	struct rd_buf b = { .max = 4096 }, pem = { .max = 8192 };
	struct rd_err err = { 0 };
	struct rd_view parts[5], wrapped;

	tpm2b(&b, public_of(w));
	wrapped = forge_keep(&f, &b);
	parts[0] = rd_view_of("\x06\x06\x67\x81\x05\x0a\x01\x03", 8);
	parts[1] = rd_view_of("\xa0\x03\x01\x01\xff", 5);
	parts[2] = rd_view_of("\x02\x04\x40\x00\x00\x01", 6);
	parts[3] = forge_der(&f, RD_DER_OCTET_STRING, wrapped);
	parts[4] = forge_der(&f, RD_DER_OCTET_STRING, rd_view_str("private"));
	assert_true(rd_pem_wrap("TSS2 PRIVATE KEY",
				forge_der(&f, RD_DER_SEQUENCE, forge_concat(&f, 5, parts)), &pem,
				&err));
	return forge_keep(&f, &pem);
}

static struct rd_view key_of(const struct world *w)
{
	struct rd_view spki;
	struct rd_err err = { 0 };

	switch (w->key) {
	case KEY_PUBLIC:
		return public_of(w);
	case KEY_TSS2:
		return tss2_of(w);
	case KEY_CERTIFICATE:
		return certificate_of(w->ak).der;
	case KEY_DER:
		assert_true(rd_spki_from_pem(forge_spki_pem(&f, w->ak), f.arena, &spki, &err));
		return spki;
	default:
		return forge_spki_pem(&f, w->ak);
	}
}

static void put_texts(struct rd_buf *b, const struct world *w)
{
	const char *comma = "";

	rd_buf_printf(b, w->pcrs == PCRS_JSON ? "\"%s\":{" : "  %s:\n", rd_tpm_hash_name(w->bank));
	for (uint32_t i = 0; i < 24; i++) {
		uint8_t v[64];

		if (!(w->given_mask & 1u << i))
			continue;
		value_of(w, i, v);
		v[1] ^= w->pcr_byte;
		rd_buf_printf(b, w->pcrs == PCRS_JSON ? "%s\"%u\":\"" : "%s    %u : 0x", comma, i);
		for (size_t k = 0; k < bank_len(w); k++)
			rd_buf_printf(b, "%02x", v[k]);
		rd_buf_printf(b, w->pcrs == PCRS_JSON ? "\"" : "\n");
		comma = w->pcrs == PCRS_JSON ? "," : "";
	}
	if (w->pcrs == PCRS_JSON)
		rd_buf_printf(b, "}");
}

static void le(struct rd_buf *b, uint64_t v, size_t len);

/* TPML_PCR_SELECTION, then the digests in lists of up to three, of eight that there is room for. */
static struct rd_view structs_of(const struct world *w)
{
	struct rd_view values = values_of(w), none = { 0 };
	struct world second = second_bank(w);
	struct rd_buf b = { .max = 16384 };
	uint8_t zeros[128] = { 0 };
	uint32_t n = 0, lists;

	for (uint32_t i = 0; i < 24; i++)
		n += (w->mask >> i & 1) + (w->two_banks ? second.mask >> i & 1 : 0);
	lists = (n + 2) / 3;
	le(&b, 1u + w->two_banks, 4);
	for (uint32_t i = 0; i < 16; i++) {
		const struct world *s = i == 0 ? w : &second;
		bool there = i < 1u + w->two_banks;

		le(&b, there ? s->bank : 0, 2);
		le(&b, there ? 3 : 0, 1);
		le(&b, there ? s->mask : 0, 4);
		le(&b, 0, 1);
	}
	le(&b, lists, 4);
	for (uint32_t k = 0; k < lists * 8; k++) {
		size_t len = k / 8 * 3 + k % 8 < n - (w->two_banks ? 2 : 0) ? bank_len(w) : 20;
		bool there = k % 8 < 3 && k / 8 * 3 + k % 8 < n;

		if (k % 8 == 0)
			le(&b, n - k / 8 * 3 < 3 ? n - k / 8 * 3 : 3, 4);
		le(&b, there ? len : 0, 2);
		rd_buf_add(&b, there ? rd_view_of(values.data, len) : none);
		rd_buf_add(&b, rd_view_of(zeros, there ? 64 - len : 64));
		if (there)
			values = rd_view_of(values.data + len, values.len - len);
	}
	return forge_keep(&f, &b);
}

static struct rd_view pcrs_of(const struct world *w)
{
	struct world second = second_bank(w);
	struct rd_buf b = { .max = 8192 };

	if (w->pcrs == PCRS_VALUES)
		return values_of(w);
	if (w->pcrs == PCRS_STRUCTS)
		return structs_of(w);
	if (w->pcrs == PCRS_JSON)
		rd_buf_printf(&b, "{");
	if (w->pcrs == PCRS_PRINTED)
		rd_buf_printf(&b,
			      "quoted: ff544347\nsignature:\n  alg: rsassa\n  sig: 00\npcrs:\n");
	put_texts(&b, w);
	if ((w->two_banks || w->more_given) && w->pcrs == PCRS_JSON)
		rd_buf_printf(&b, ",");
	if (w->two_banks || w->more_given)
		put_texts(&b, &second);
	if (w->pcrs == PCRS_JSON)
		rd_buf_printf(&b, "}");
	if (w->pcrs == PCRS_PRINTED)
		rd_buf_printf(&b, "calcDigest: 00\n");
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

static void add(struct world *w, const char *name, struct rd_view bytes, bool trusted)
{
	w->piece[w->in.n_collateral++] =
		(struct rd_collateral){ .name = name, .bytes = bytes, .trusted = trusted };
}

static const struct rd_tee_input *build(struct world *w)
{
	struct rd_buf wrapped = { .max = 4096 };
	struct rd_view message = quote(w);

	w->in = (struct rd_tee_input){ .report = message,
				       .collateral = w->piece,
				       .now_unix_s = 1750000000,
				       .nonce = w->wanted_nonce };
	if (w->wrap) {
		tpm2b(&wrapped, message);
		w->in.report = forge_keep(&f, &wrapped);
	}
	if (w->junk)
		add(w, "empty", (struct rd_view){ 0 }, true);
	if (w->wrong_first) {
		struct world wrong = *w;

		wrong.pcr_byte = 1;
		add(w, "old", pcrs_of(&wrong), false);
	}
	if (w->two_forms)
		add(w, "ak.pem", forge_spki_pem(&f, w->ak), true);
	if (w->ek)
		add(w, "ek.crt", certificate_of(other).der, true);
	if (w->pcrs == PCRS_VALUES) /* as long as a signature is */
		add(w, "pcrs", pcrs_of(w), false);
	if (w->revoked) {
		struct rd_cert cert = certificate_of(w->ak);
		struct forge_crl_spec crl = { .issuer = &root,
					      .issuer_key = root_key,
					      .n_revoked = 1,
					      .revoked = { cert.serial } };

		add(w, "ak", cert.der, false);
		add(w, "crl", forge_crl(&f, &crl), true);
	} else if (w->key != KEY_NONE) {
		add(w, "ak", key_of(w), !w->untrusted);
	}
	if (w->signature != SIGNATURE_NONE)
		add(w, "sig", signature(w, message), true);
	if (w->pcrs < PCRS_VALUES)
		add(w, "pcrs", pcrs_of(w), false);
	if (w->with_log)
		add(w, "log", log_of(w), false);
	if (w->junk)
		add(w, "notes.txt", rd_view_str("PCRs: see above\n"), false);
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
	GOOD(w.wrap = true)
	GOOD(w.key = KEY_DER)
	GOOD(w.key = KEY_TSS2)
	GOOD(w.ek = true) /* that certificate signed nothing here */
	GOOD(w.two_forms = true)
	GOOD(w.wrong_first = true)
	CASE(w.wrong_first = true, "tee.tpm.digest", RD_RESULT_PASS)
	FAIL(w.more_given = true, "tee.tpm.selection")
	GOOD(w.empty_bank = true)
	GOOD((w.alg = RD_TPM_RSAPSS, w.signature = SIGNATURE_BARE))
	GOOD((w.hash = RD_TPM_SHA384, w.signature = SIGNATURE_BARE))
	GOOD(w.mask = w.given_mask = 0xFF) /* 8 digests: as long as a signature */
	for (enum pcrs_form form = PCRS_JSON; form < PCRS_NONE; form++) {
		CASE(w.pcrs = form, "tee.tpm.digest", RD_RESULT_PASS)
		CASE((w.pcrs = form, w.two_banks = true), "tee.tpm.digest", RD_RESULT_PASS)
		CASE((w.pcrs = form, w.mask = w.given_mask = 0xFF), "tee.tpm.digest",
		     RD_RESULT_PASS)
		FAIL((w.pcrs = form, w.pcr_byte = 1), "tee.tpm.digest")
		FAIL((w.pcrs = form, w.two_banks = true, w.pcr_byte = 1), "tee.tpm.digest")
	}
	FAIL((w.key = KEY_TSS2, w.attributes &= ~RD_TPM_RESTRICTED), "tee.tpm.key")
	FAIL((w.two_forms = true, w.key = KEY_PUBLIC, w.attributes &= ~RD_TPM_RESTRICTED),
	     "tee.tpm.key")
	FAIL((w.key = KEY_PUBLIC, w.scheme = RD_TPM_RSAPSS), "tee.tpm.key")
	FAIL(w.mask = 0, "tee.tpm.selection")
	FAIL((w.mask = 0, w.pcrs = PCRS_NONE), "tee.tpm.selection")
	CASE(w.junk = true, "tee.collateral", RD_RESULT_WARNING)
	FAIL(w.signer = other, "tee.tpm.signature")
	FAIL((w.key = KEY_PUBLIC, w.attributes &= ~RD_TPM_RESTRICTED), "tee.tpm.key")
	FAIL((w.key = KEY_PUBLIC, w.attributes &= ~RD_TPM_FIXED_TPM), "tee.tpm.key")
	FAIL((w.key = KEY_PUBLIC, w.attributes &= ~RD_TPM_SIGN), "tee.tpm.key")
	FAIL((w.key = KEY_PUBLIC, w.attributes |= RD_TPM_DECRYPT), "tee.tpm.key")
	FAIL((w.key = KEY_CERTIFICATE, w.untrusted = true), "tee.chain")
	FAIL((w.key = KEY_CERTIFICATE, w.revoked = true), "tee.revoked")
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
	CASE((w.with_log = true, w.mask = w.given_mask = 0x81), "tee.tpm.log.replay",
	     RD_RESULT_PASS)
	CASE((w.with_log = w.log_lies = true, w.mask = w.given_mask = 0x81), "tee.tpm.log.replay",
	     RD_RESULT_WARNING)
	/* A register that the log does not speak of is not explained. */
	CASE(w.with_log = true, "tee.tpm.log.replay", RD_RESULT_WARNING)
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
	w.flag = 2;
	forge_expect_error(&f, &rd_tee_tpm, build(&w), "tee.tpm.quote", RD_FAULT_MALFORMED);
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
	w.two_banks = true;
	r = forge_verify(&f, &rd_tee_tpm, build(&w));
	assert_true(rd_tee_claim_find(r, "pcrs.16")->bytes.len == RD_SHA256_LEN);
	assert_true(rd_tee_claim_find(r, "pcrs_sha1.16")->bytes.len == RD_SHA1_LEN);
	make(&w);
	w.pcr_byte = 1; /* values that are not signed are no claims */
	r = forge_verify(&f, &rd_tee_tpm, build(&w));
	assert_null(rd_tee_claim_find(r, "pcrs.0"));
}

static struct rd_view padded(struct rd_view bytes, uint8_t fill)
{
	uint8_t tail[300];
	struct rd_view parts[2] = { bytes, rd_view_of(tail, sizeof(tail)) };

	memset(tail, fill, sizeof(tail));
	return forge_concat(&f, 2, parts);
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
	log.bank[1] = w.bank;
	assert_false(rd_tpm_log_replay(&log, 1, f.arena, &b, &err));
	assert_string_equal(err.code, "tee.tpm.log.bank");
	log.event[1].digest[0] = (struct rd_view){ 0 };
	assert_true(rd_tpm_log_replay(&log, 0, f.arena, &b, &err)); /* no register's event */
	log.event[2].digest[0] = (struct rd_view){ 0 };
	assert_false(rd_tpm_log_replay(&log, 0, f.arena, &b, &err));
	assert_string_equal(err.code, "tee.tpm.log");
	for (size_t cut = 1; cut < bytes.len; cut++) {
		bool ok = rd_tpm_log_parse(rd_view_of(bytes.data, cut), f.arena, &log, &err);

		/* A log may end behind any whole event. */
		if (ok)
			assert_true(log.n < 4);
	}
	assert_true(rd_tpm_log_parse(padded(bytes, 0), f.arena, &log, &err));
	assert_int_equal(log.n, 4);
	assert_true(rd_tpm_log_parse(padded(bytes, 0xFF), f.arena, &log, &err));
	assert_int_equal(log.n, 4);
	assert_false(rd_tpm_log_parse(padded(bytes, 1), f.arena, &log, &err));
	for (size_t cut = 0; cut < 32 + 16; cut++)
		assert_false(rd_tpm_log_parse(rd_view_of(bytes.data, cut), f.arena, &log, &err));
	assert_false(rd_tpm_log_parse(forge_set(&f, bytes, 31, 0xFF), f.arena, &log, &err));
	assert_string_equal(err.code, "tee.tpm.log");
	assert_false(rd_tpm_log_parse(forge_set(&f, bytes, 28 + 4 + 24, 5), f.arena, &log, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_change),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_logs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
