/* Nitro and NitroTPM: a forged AWS, one change at a time; enclave images. */
#include "forge/forge.h"
#include "support.h"
#include "tee/nitro/eif.h"
#include "tee/nitro/nitro.h"

#include <stdio.h>
#include <string.h>

#define NOW 1750000000

static struct forge f;

static struct {
	struct forge_key *root, *mid, *leaf, *other;
	struct rd_cert root_cert, mid_cert, renewed_cert; /* the root's key and name, other dates */
} aws;

struct world {
	struct forge_cert_spec leaf_spec;
	struct forge_key *signer;
	int64_t alg, timestamp_s;
	const char *pcrs, *digest;
	uint8_t pcr0;
	size_t pcr_len;
	uint32_t pcr_index, n_extra_keys;
	bool reversed, root_missing, indefinite, tagged, no_anchor, no_module, twice, bad_cert;
	bool unprotected, renewed_root, both, extra_cert, long_bundle;
	const char *skip; /* a field that is left out */
	uint32_t each;    /* register each - 1 alone is not zero */
	struct rd_view nonce, wanted_nonce;
	int64_t now;
	struct rd_tee_input in;
};

static int setup(void **state)
{
	struct forge_cert_spec root = { .cn = "aws.nitro-enclaves",
					.is_ca = true,
					.key_usage = "critical,keyCertSign,cRLSign",
					.hash = RD_HASH_SHA384 };
	struct forge_cert_spec mid = { .cn = "zonal",
				       .is_ca = true,
				       .hash = RD_HASH_SHA384,
				       .key_usage = "critical,keyCertSign" };

	(void)state;
	forge_init(&f);
	root.key = aws.root = forge_key(&f, FORGE_P384);
	mid.key = aws.mid = forge_key(&f, FORGE_P384);
	aws.leaf = forge_key(&f, FORGE_P384);
	aws.other = forge_key(&f, FORGE_P384);
	aws.root_cert = forge_cert(&f, &root);
	root.not_after = NOW + 300000000;
	aws.renewed_cert = forge_cert(&f, &root);
	mid.issuer = &aws.root_cert;
	mid.issuer_key = aws.root;
	aws.mid_cert = forge_cert(&f, &mid);
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
	w->leaf_spec = (struct forge_cert_spec){ .cn = "enclave",
						 .key = aws.leaf,
						 .issuer = &aws.mid_cert,
						 .issuer_key = aws.mid,
						 .no_key_ids = true,
						 .key_usage = "critical,digitalSignature",
						 .hash = RD_HASH_SHA384,
						 .not_before = NOW - 100,
						 .not_after = NOW + 100 };
	w->signer = aws.leaf;
	w->alg = RD_COSE_ES384;
	w->timestamp_s = NOW - 10;
	w->pcrs = "pcrs";
	w->digest = "SHA384";
	w->pcr0 = 7;
	w->pcr_len = 48;
	w->now = NOW;
	w->nonce = rd_view_str("nonce");
}

/* A field that is left out goes under a name that nobody knows. */
static void put_key(struct rd_buf *b, const struct world *w, const char *name)
{
	rd_cbor_put_str(b, w->skip && strcmp(w->skip, name) == 0 ? "unknown" : name);
}

static void put_bundle(struct rd_buf *b, const struct world *w)
{
	struct rd_view root = w->renewed_root ? aws.renewed_cert.der : aws.root_cert.der;
	struct rd_view mid = aws.mid_cert.der;

	put_key(b, w, "cabundle");
	if (w->long_bundle) {
		rd_buf_add_byte(b, 0x9F);
		for (uint32_t i = 0; i <= RD_NITRO_BUNDLE_MAX; i++)
			rd_cbor_put_bytes(b, root);
		rd_buf_add_byte(b, 0xFF);
		return;
	}
	rd_cbor_put_array(b, w->root_missing ? 1 : w->extra_cert ? 3 : 2);
	if (!w->root_missing)
		rd_cbor_put_bytes(b, w->reversed ? mid : root);
	rd_cbor_put_bytes(b, w->reversed ? root : mid);
	if (w->extra_cert)
		rd_cbor_put_bytes(b, root);
}

static void put_pcrs(struct rd_buf *b, const struct world *w, const char *name)
{
	uint8_t pcr[64] = { 0 };

	put_key(b, w, name);
	rd_cbor_put_map(b, 4);
	for (uint32_t i = 0; i < 4; i++) {
		memset(pcr, i < 3 ? w->pcr0 : 9, w->pcr_len);
		if (w->each && i < 3)
			memset(pcr, w->each == i + 1, w->pcr_len);
		rd_cbor_put_uint(b, i == 3 ? 3 + w->pcr_index : i);
		rd_cbor_put_bytes(b, rd_view_of(pcr, w->pcr_len));
	}
}

static struct rd_view payload(struct world *w, const struct rd_cert *leaf)
{
	struct rd_buf b = { .max = 1u << 16 };
	uint32_t n = 8u + w->both + w->twice + !w->no_module;

	if (w->indefinite)
		rd_buf_add_byte(&b, 0xBF);
	else
		rd_cbor_put_map(&b, n);
	if (!w->no_module) {
		rd_cbor_put_str(&b, "module_id");
		rd_cbor_put_str(&b, "i-1-enc2");
	}
	put_key(&b, w, "digest");
	rd_cbor_put_str(&b, w->digest);
	put_key(&b, w, "timestamp");
	rd_cbor_put_uint(&b, (uint64_t)w->timestamp_s * 1000 + 7);
	if (w->twice) {
		rd_cbor_put_str(&b, "digest");
		rd_cbor_put_str(&b, w->digest);
	}
	put_pcrs(&b, w, w->pcrs);
	if (w->both)
		put_pcrs(&b, w, "nitrotpm_pcrs");
	put_key(&b, w, "certificate");
	rd_cbor_put_bytes(&b,
			  w->bad_cert ? rd_view_of(leaf->der.data, leaf->der.len - 1) : leaf->der);
	put_bundle(&b, w);
	rd_cbor_put_str(&b, "public_key");
	rd_cbor_put_null(&b);
	rd_cbor_put_str(&b, "user_data");
	rd_cbor_put_bytes(&b, rd_view_str("data"));
	rd_cbor_put_str(&b, "nonce");
	rd_cbor_put_bytes(&b, w->nonce);
	if (w->indefinite)
		rd_buf_add_byte(&b, 0xFF);
	return forge_keep(&f, &b);
}

static const struct rd_tee_input *build(struct world *w)
{
	struct rd_cert leaf = forge_cert(&f, &w->leaf_spec);
	struct forge_cose_spec spec = {
		.alg = w->alg, .key = w->signer, .tagged = w->tagged, .payload = payload(w, &leaf)
	};

	if (w->unprotected)
		spec.unprotected = rd_view_of("\xA1\x04\x41\x01", 4);
	w->in = (struct rd_tee_input){ .report = forge_cose(&f, &spec),
				       .now_unix_s = w->now,
				       .nonce = w->wanted_nonce,
				       .anchor = &aws.root_cert,
				       .n_anchors = w->no_anchor ? 0 : 1 };
	return &w->in;
}

/* Basic constraints of no CA, with a path length: SEQUENCE { INTEGER 0 }. */
static void path_length(struct world *w)
{
	static const uint8_t constraints[] = { 0x30, 3, 2, 1, 0 };

	w->leaf_spec.n_extensions = 1;
	w->leaf_spec.extension[0] =
		(struct forge_extension){ .oid = "2.5.29.19",
					  .value = rd_view_of(constraints, sizeof(constraints)) };
}

#define CASES(X) \
	X((void)0, NULL) \
	X(w.tagged = true, NULL) \
	X(w.indefinite = true, NULL) \
	X(w.pcrs = "nitrotpm_pcrs", NULL) \
	X(w.pcr0 = 0, NULL) \
	X(w.wanted_nonce = rd_view_str("nonce"), NULL) \
	X(w.timestamp_s = NOW - 100, NULL) \
	X(w.signer = aws.other, "tee.nitro.signature") \
	X((w.alg = RD_COSE_ES256), "tee.nitro.algorithm") \
	X(w.unprotected = true, "tee.nitro.unprotected") \
	X(w.no_anchor = true, "tee.chain") \
	X(w.leaf_spec.issuer_key = aws.root, "tee.chain") \
	X(w.leaf_spec.not_after = NOW - 1, "tee.chain.time") \
	X(w.reversed = true, "tee.nitro.bundle") \
	X(w.root_missing = true, "tee.nitro.bundle") \
	X(w.extra_cert = true, "tee.nitro.bundle") \
	X(w.timestamp_s = NOW - 101, "tee.nitro.timestamp") \
	X(w.timestamp_s = NOW + 1, NULL) \
	X(w.timestamp_s = NOW + 101, "tee.nitro.timestamp") \
	X(w.renewed_root = true, "tee.nitro.root") \
	X(w.leaf_spec.is_ca = true, "tee.nitro.leaf") \
	X(w.leaf_spec.key_usage = "critical,keyAgreement", "tee.nitro.leaf") \
	X(w.leaf_spec.key_usage = NULL, "tee.nitro.leaf") \
	X(path_length(&w), "tee.nitro.leaf") \
	X(w.digest = "SHA256", "tee.nitro.digest") \
	X(w.wanted_nonce = rd_view_str("nonc"), "tee.nonce")

static void run_case(struct world *w, const char *change, const char *code)
{
	struct rd_tee_result *r = forge_verify(&f, &rd_tee_nitro, build(w));

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
	CASES(X)
#undef X
}

static void test_form(void **state)
{
	struct world w;

	(void)state;
#define X(change, code) \
	make(&w); \
	change; \
	forge_expect_error(&f, &rd_tee_nitro, build(&w), code, RD_FAULT_MALFORMED);
	X(w.no_module = true, "tee.nitro.form")
	X(w.both = true, "tee.nitro.form")
	X(w.pcr_len = 40, "tee.nitro.form")
	X(w.bad_cert = true, "crypto.cert.form")
	X(w.twice = true, "codec.cbor.duplicate")
	X(w.pcr_index = 40, "codec.cbor.range")
	X(w.long_bundle = true, "tee.nitro.form")
	X(w.skip = "digest", "tee.nitro.form")
	X(w.skip = "timestamp", "tee.nitro.form")
	X(w.skip = "pcrs", "tee.nitro.form")
	X(w.skip = "certificate", "tee.nitro.form")
	X(w.skip = "cabundle", "tee.nitro.form")
#undef X
	make(&w);
	forge_expect_no_prefix(&f, &rd_tee_nitro, build(&w));
}

static void test_warnings(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	w.timestamp_s = NOW + 1;
	forge_expect(forge_verify(&f, &rd_tee_nitro, build(&w)), "tee.nitro.future",
		     RD_RESULT_WARNING, "made after it was looked at");
}

/* As it is handed around: in text, which is no document. */
static void test_text(void **state)
{
	struct rd_buf b = { .max = 1u << 16 };
	struct rd_view hex;
	struct rd_err err = { 0 };
	struct world w;

	(void)state;
	make(&w);
	rd_base64url_put(&b, build(&w)->report);
	rd_buf_add_byte(&b, '\n');
	assert_true(rd_hex(f.arena, w.in.report, &hex, &err));
	w.in.report = forge_keep(&f, &b);
	forge_expect_error(&f, &rd_tee_nitro, &w.in, "tee.nitro.form", RD_FAULT_MALFORMED);
	w.in.report = hex;
	forge_expect_error(&f, &rd_tee_nitro, &w.in, "tee.nitro.form", RD_FAULT_MALFORMED);
}

static void test_claims(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w);
	w.pcr0 = 0;
	r = forge_verify(&f, &rd_tee_nitro, build(&w));
	c = rd_tee_claim_find(r, "debug");
	assert_true(c && c->number == 1 && r->debug);
	c = rd_tee_claim_find(r, "public_key");
	assert_true(c && c->kind == RD_CLAIM_NULL);
	make(&w);
	w.pcrs = "nitrotpm_pcrs";
	w.pcr0 = 0;
	r = forge_verify(&f, &rd_tee_nitro, build(&w));
	assert_null(rd_tee_claim_find(r, "debug"));
	assert_false(r->debug);
	assert_non_null(rd_tee_claim_find(r, "nitrotpm_pcrs.3"));
	for (size_t i = 0; i < 3; i++) { /* one register that is not zero is enough */
		make(&w);
		w.each = (uint32_t)i + 1;
		r = forge_verify(&f, &rd_tee_nitro, build(&w));
		assert_false(r->debug);
	}
}

/* ---- enclave images -------------------------------------------------------------------------- */

static void put_be(struct rd_buf *b, uint64_t v, size_t len)
{
	for (size_t i = len; i > 0; i--)
		rd_buf_add_byte(b, i > 8 ? 0 : (uint8_t)(v >> (8 * (i - 1))));
}

/* As Python's binascii.crc32 computes it, of 548 bytes and sections: set by the caller. */
static struct rd_view image(uint16_t version, const char *const *sections, const uint16_t *types,
			    uint32_t n, uint32_t crc)
{
	struct rd_buf b = { .max = 1u << 16 };
	size_t at = 548;

	rd_buf_add(&b, rd_view_str(".eif"));
	put_be(&b, version, 2);
	put_be(&b, 0, 2 + 8 + 8 + 2);
	put_be(&b, n, 2);
	for (uint32_t i = 0; i < 32; i++) {
		put_be(&b, i < n ? at : 0, 8);
		at += i < n ? 12 + strlen(sections[i]) : 0;
	}
	for (uint32_t i = 0; i < 32; i++)
		put_be(&b, i < n ? strlen(sections[i]) : 0, 8);
	put_be(&b, 0, 4);
	put_be(&b, crc, 4);
	for (uint32_t i = 0; i < n; i++) {
		put_be(&b, types[i], 2);
		put_be(&b, 0, 2);
		put_be(&b, strlen(sections[i]), 8);
		rd_buf_add(&b, rd_view_str(sections[i]));
	}
	return forge_keep(&f, &b);
}

static const char *const parts[] = { "kernel", "console=ttyS0", "ramdisk1", "ramdisk2" };
static const uint16_t part_types[] = { 1, 2, 3, 3 };

/* hashlib.sha384(bytes(48) + hashlib.sha384(data).digest()).hexdigest(), by Python 3; the checksums
 * by its binascii.crc32. */
static const char *const eif_pcrs[] = {
	"48724cb55e65b575279c72093d746b87461daf3de3452b730947e0a546f4267ebd16f979a12676d2cf"
	"164edabb807578",
	"db02dce064240329c648235d814627b78c5e20fe4425d64632ef4bef4757a785de5784f3fc1dcd1a9f"
	"6524caa0a7b522",
	"7c364ca068df83f436472fb4e895df77b50803fd100676adfbf440e2e2389534aa641a512463e302e1"
	"c01c9023526e8c",
};

static void test_eif(void **state)
{
	struct rd_view file = image(4, parts, part_types, 4, 0xe43015efu), hex;
	struct rd_tee_launch launch = { .file = file };
	struct rd_tee_values v = { 0 };
	struct rd_err err = { 0 };

	(void)state;
	if (!rd_eif_measure(&launch, f.arena, &v, &err))
		fail_msg("%s", err.text);
	assert_int_equal(v.n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(rd_hex(f.arena, v.value[i].digest, &hex, &err));
		assert_true(rd_view_eq(hex, rd_view_str(eif_pcrs[i])));
	}
	for (size_t i = 0; i < file.len; i += 9) {
		struct rd_tee_values unused = { 0 };

		launch.file = forge_flip(&f, file, i, 3);
		assert_false(rd_eif_measure(&launch, f.arena, &unused, &err));
		launch.file = rd_view_of(file.data, i);
		assert_false(rd_eif_measure(&launch, f.arena, &unused, &err));
	}
	launch.file = image(5, parts, part_types, 4, 0);
	assert_false(rd_eif_measure(&launch, f.arena, &v, &err));
	assert_int_equal(err.fault, RD_FAULT_REFUSED);
	launch = (struct rd_tee_launch){ .file = file, .vcpus = 1 };
	assert_false(rd_eif_measure(&launch, f.arena, &v, &err));
	assert_string_equal(err.code, "tee.launch");
}

/* The checksum set right, in place. */
static struct rd_view checksummed(struct rd_view file)
{
	uint8_t *bytes = (uint8_t *)(uintptr_t)file.data;
	uint32_t crc = 0xFFFFFFFFu;

	for (size_t i = 0; i < file.len; i++) {
		if (i >= 544 && i < 548)
			continue;
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
	}
	for (size_t i = 0; i < 4; i++)
		bytes[544 + i] = (uint8_t)(~crc >> (24 - 8 * i));
	return file;
}

/* Each way in which an image is none; what the error says of it. */
static void test_eif_refused(void **state)
{
	static const char *const names[] = { "kernel", "cmdline", "ramdisk", "more" };
	static const struct {
		uint16_t types[4];
		uint32_t n;
		size_t at; /* a byte that is set, before the checksum */
		uint8_t to;
		const char *text;
	} cases[] = {
		{ { 1, 2, 3, 1 }, 4, 0, '.', "two kernels" },
		{ { 1, 2, 3, 2 }, 4, 0, '.', "two kernels, command lines" },
		{ { 4, 1, 2, 4 }, 4, 0, '.', "or signatures" },
		{ { 1, 2, 3, 6 }, 4, 0, '.', "unknown kind" },
		{ { 1, 2, 3, 0 }, 4, 0, '.', "unknown kind" },
		{ { 1, 2, 5, 5 }, 4, 0, '.', "it lacks" },
		{ { 2, 3, 3, 5 }, 4, 0, '.', "it lacks" },
		{ { 1, 3, 3, 5 }, 4, 0, '.', "it lacks" },
		{ { 1, 2, 3, 5 }, 4, 0, ',', "not one" },
		{ { 1, 2, 3, 5 }, 4, 27, 0, "no sections" },
		{ { 1, 2, 3, 5 }, 4, 27, 33, "more than 32" },
		{ { 1, 2, 3, 5 }, 4, 548 + 4, 0x7F, "outside the file" },
	};
	struct rd_tee_launch launch = { 0 };
	struct rd_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rd_tee_values v = { 0 };
		struct rd_view file = image(4, names, cases[i].types, cases[i].n, 0);

		launch.file = checksummed(forge_set(&f, file, cases[i].at, cases[i].to));
		assert_false(rd_eif_measure(&launch, f.arena, &v, &err));
		assert_string_equal(err.code, "tee.nitro.eif");
		if (!strstr(err.text, cases[i].text))
			fail_msg("%s, not %s", err.text, cases[i].text);
	}
	launch.file.len = 547;
	assert_false(rd_eif_measure(&launch, f.arena, &(struct rd_tee_values){ 0 }, &err));
	assert_non_null(strstr(err.text, "too short"));
}

/* An application inside the one ramdisk: what nitro-cli prints for PCR2 of every such image (as
 * many projects publish it), and PCR0 equals PCR1. */
static void test_eif_one_ramdisk(void **state)
{
	static const char wanted[] = "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8be"
				     "c7c10edb30948c90ba67310f7b9"
				     "64fc500a";
	struct rd_tee_launch launch = { .file = checksummed(image(4, parts, part_types, 3, 0)) };
	struct rd_tee_values v = { 0 };
	struct rd_view hex;
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_eif_measure(&launch, f.arena, &v, &err));
	assert_true(rd_hex(f.arena, v.value[2].digest, &hex, &err));
	assert_true(rd_view_eq(hex, rd_view_str(wanted)));
	assert_true(rd_view_eq(v.value[0].digest, v.value[1].digest));
}

/* Registers are of the order in the file, which must be the order of the header. */
static void test_eif_order(void **state)
{
	static const char *const swapped[] = { "console=ttyS0", "kernel", "ramdisk1", "ramdisk2" };
	static const uint16_t types[] = { 2, 1, 3, 3 };
	/* hashlib.sha384(bytes(48) + hashlib.sha384(b"console=ttyS0kernelramdisk1").digest()) */
	static const char wanted[] = "c9aac42b44c41853b37269cf325b1e843015e0c8ee7180e19c2186cf159f3"
				     "15424106a7b82d360bc580f952a4921c4c5";
	struct rd_tee_launch launch = { 0 };
	struct rd_tee_values v = { 0 };
	struct rd_view hex, tail[2], file;
	struct rd_err err = { 0 };
	uint8_t *offsets, third[8];

	(void)state;
	launch.file = checksummed(image(4, swapped, types, 4, 0));
	assert_true(rd_eif_measure(&launch, f.arena, &v, &err));
	assert_true(rd_hex(f.arena, v.value[1].digest, &hex, &err));
	assert_true(rd_view_eq(hex, rd_view_str(wanted)));
	file = image(4, parts, part_types, 4, 0);
	offsets = (uint8_t *)(uintptr_t)file.data + 28;
	memcpy(third, offsets + 16, 8);
	memcpy(offsets + 16, offsets + 24, 8);
	memcpy(offsets + 24, third, 8);
	launch.file = checksummed(file);
	assert_false(rd_eif_measure(&launch, f.arena, &v, &err));
	assert_string_equal(err.code, "tee.nitro.eif");
	tail[0] = image(4, parts, part_types, 4, 0);
	tail[1] = rd_view_str("more");
	launch.file = checksummed(forge_concat(&f, 2, tail));
	assert_false(rd_eif_measure(&launch, f.arena, &v, &err));
	assert_string_equal(err.code, "tee.nitro.eif");
}

/* ---- signed images --------------------------------------------------------------------------- */

struct signed_image {
	struct forge_key *key; /* signs; the certificate has the key of `aws.leaf` */
	uint8_t pcr0_flip;
	bool no_certificate, as_bytes, no_signature, two, no_pem;
};

static void put_blob(struct rd_buf *b, struct rd_view v, bool as_bytes)
{
	if (as_bytes) {
		rd_cbor_put_bytes(b, v);
		return;
	}
	rd_cbor_put_array(b, v.len);
	for (size_t i = 0; i < v.len; i++)
		rd_cbor_put_uint(b, v.data[i]);
}

/* PCR0 of `parts` as Python computed it above. */
static struct rd_view signature_section(const struct signed_image *m)
{
	struct forge_cert_spec spec = { .cn = "signer", .key = aws.leaf, .hash = RD_HASH_SHA384 };
	struct rd_cert cert = forge_cert(&f, &spec);
	const struct rd_cert *certs[] = { &cert };
	struct rd_buf b = { .max = 1u << 16 }, payload = { .max = 4096 };
	struct forge_cose_spec cose = { .alg = RD_COSE_ES384, .key = m->key };
	struct rd_view pcr0;
	struct rd_err err = { 0 };

	assert_true(rd_unhex(f.arena, rd_view_str(eif_pcrs[0]), &pcr0, &err));
	rd_cbor_put_map(&payload, 2);
	rd_cbor_put_str(&payload, "register_index");
	rd_cbor_put_uint(&payload, 0);
	rd_cbor_put_str(&payload, "register_value");
	put_blob(&payload, forge_set(&f, pcr0, 5, pcr0.data[5] ^ m->pcr0_flip), false);
	cose.payload = forge_keep(&f, &payload);
	rd_cbor_put_array(&b, 1 + m->two);
	for (int i = 0; i <= m->two; i++) {
		rd_cbor_put_map(&b, 2u - m->no_certificate - m->no_signature);
		if (!m->no_certificate) {
			rd_cbor_put_str(&b, "signing_certificate");
			put_blob(&b, m->no_pem ? rd_view_str("x") : forge_pem(&f, certs, 1),
				 m->as_bytes);
		}
		if (!m->no_signature) {
			rd_cbor_put_str(&b, "signature");
			put_blob(&b, forge_cose(&f, &cose), m->as_bytes);
		}
	}
	return forge_keep(&f, &b);
}

/* `parts` and a signature. */
static struct rd_view signed_file(const struct signed_image *m)
{
	const struct rd_view section = signature_section(m);
	struct rd_view base = image(4, parts, part_types, 4, 0), all[3];
	struct rd_buf head = { .max = 64 };
	uint8_t *bytes;

	put_be(&head, 4, 2);
	put_be(&head, 0, 2);
	put_be(&head, section.len, 8);
	all[0] = base;
	all[1] = forge_keep(&f, &head);
	all[2] = section;
	bytes = (uint8_t *)(uintptr_t)forge_concat(&f, 3, all).data;
	bytes[27] = 5;
	for (size_t i = 0; i < 8; i++) {
		bytes[28 + 8 * 4 + i] = (uint8_t)((uint64_t)base.len >> (56 - 8 * i));
		bytes[284 + 8 * 4 + i] = (uint8_t)((uint64_t)section.len >> (56 - 8 * i));
	}
	base = rd_view_of(bytes, all[0].len + all[1].len + section.len);
	return checksummed(base);
}

static void test_signed(void **state)
{
	const struct signed_image good[] = {
		{ .key = aws.leaf },
		{ .key = aws.leaf, .as_bytes = true },
		{ .key = aws.leaf, .two = true },
	};
	const struct {
		struct signed_image image;
		enum rd_fault fault;
	} bad[] = {
		{ { .key = aws.other }, RD_FAULT_REFUSED },
		{ { .key = aws.leaf, .pcr0_flip = 1 }, RD_FAULT_REFUSED },
		{ { .key = aws.leaf, .no_certificate = true }, RD_FAULT_MALFORMED },
		{ { .key = aws.leaf, .no_signature = true }, RD_FAULT_MALFORMED },
		{ { .key = aws.leaf, .no_pem = true }, RD_FAULT_MALFORMED },
	};
	struct rd_tee_launch launch = { 0 };
	struct rd_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct rd_tee_values v = { 0 };

		launch.file = signed_file(&good[i]);
		if (!rd_eif_measure(&launch, f.arena, &v, &err))
			fail_msg("%s", err.text);
		assert_int_equal(v.n, 4);
		assert_string_equal(v.value[3].name, "pcrs.8");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rd_tee_values v = { 0 };

		launch.file = signed_file(&bad[i].image);
		assert_false(rd_eif_measure(&launch, f.arena, &v, &err));
		assert_int_equal(err.fault, bad[i].fault);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_change),  cmocka_unit_test(test_form),
		cmocka_unit_test(test_claims),      cmocka_unit_test(test_eif),
		cmocka_unit_test(test_eif_order),   cmocka_unit_test(test_eif_one_ramdisk),
		cmocka_unit_test(test_eif_refused), cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_text),        cmocka_unit_test(test_signed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
