/* TPM structures taken apart: big-endian, every length inside its parent. */
#include "tpm.h"

#include <string.h>

#define MAGIC 0xFF544347u
#define TYPE_QUOTE 0x8018u
#define NAME_MAX_LEN 68u
#define SELECT_BYTES_MAX 4u
#define SIGNATURE_MAX 1024u
#define TSS2_MAX (16u * 1024)
#define TSS2_LABEL "TSS2 PRIVATE KEY"

static const uint16_t hashes[] = { RD_TPM_SHA1, RD_TPM_SHA256, RD_TPM_SHA384, RD_TPM_SHA512 };
#define N_HASHES (sizeof(hashes) / sizeof(hashes[0]))

bool rd_tpm_hash(uint16_t alg, enum rd_hash *out)
{
	switch (alg) {
	case RD_TPM_SHA1:
		*out = RD_HASH_SHA1;
		return true;
	case RD_TPM_SHA256:
		*out = RD_HASH_SHA256;
		return true;
	case RD_TPM_SHA384:
		*out = RD_HASH_SHA384;
		return true;
	case RD_TPM_SHA512:
		*out = RD_HASH_SHA512;
		return true;
	default:
		return false;
	}
}

const char *rd_tpm_hash_name(uint16_t alg)
{
	return alg == RD_TPM_SHA1     ? "sha1"
	       : alg == RD_TPM_SHA256 ? "sha256"
	       : alg == RD_TPM_SHA384 ? "sha384"
	       : alg == RD_TPM_SHA512 ? "sha512"
				      : "unknown";
}

uint16_t rd_tpm_hash_named(struct rd_view name)
{
	for (size_t i = 0; i < N_HASHES; i++)
		if (rd_view_eq(name, rd_view_str(rd_tpm_hash_name(hashes[i]))))
			return hashes[i];
	return 0;
}

uint16_t rd_tpm_hash_of_len(size_t len)
{
	enum rd_hash hash;

	for (size_t i = 0; i < N_HASHES; i++)
		if (rd_tpm_hash(hashes[i], &hash) && rd_hash_len(hash) == len)
			return hashes[i];
	return 0;
}

struct rd_view rd_tpm_take(struct rd_tpm_reader *r, size_t len)
{
	struct rd_view out = { 0 };

	if (r->bad || len > r->rest.len) {
		r->bad = true;
		return out;
	}
	out = rd_view_of(r->rest.data, len);
	r->rest = rd_view_of(r->rest.data + len, r->rest.len - len);
	return out;
}

uint64_t rd_tpm_u64(struct rd_tpm_reader *r)
{
	struct rd_view v = rd_tpm_take(r, 8);

	return v.len ? (uint64_t)rd_load_be32(v.data) << 32 | rd_load_be32(v.data + 4) : 0;
}

uint32_t rd_tpm_u32(struct rd_tpm_reader *r)
{
	struct rd_view v = rd_tpm_take(r, 4);

	return v.len ? rd_load_be32(v.data) : 0;
}

uint16_t rd_tpm_u16(struct rd_tpm_reader *r)
{
	struct rd_view v = rd_tpm_take(r, 2);

	return v.len ? (uint16_t)(v.data[0] << 8 | v.data[1]) : 0;
}

struct rd_view rd_tpm_2b(struct rd_tpm_reader *r, size_t max)
{
	size_t len = rd_tpm_u16(r);

	r->bad = r->bad || len > max;
	return rd_tpm_take(r, len);
}

/* ---- TPMS_ATTEST ----------------------------------------------------------------------------- */

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.tpm.quote", "TPM quote: %s", what);
}

static void read_selections(struct rd_tpm_reader *r, struct rd_tpm_quote *q)
{
	uint32_t n = rd_tpm_u32(r);

	r->bad = r->bad || n > RD_TPM_SELECTIONS_MAX;
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		struct rd_tpm_selection s = { .hash = rd_tpm_u16(r) };
		struct rd_view len = rd_tpm_take(r, 1), bits;

		r->bad = r->bad || len.data[0] > SELECT_BYTES_MAX;
		bits = rd_tpm_take(r, r->bad ? 0 : len.data[0]);
		for (size_t k = 0; k < bits.len; k++)
			s.mask |= (uint32_t)bits.data[k] << (8 * k);
		r->bad = r->bad || s.mask >> RD_TPM_PCRS != 0;
		if (s.mask)
			q->selection[q->n_selections++] = s;
	}
}

/* The structure inside a TPM2B of it, as some libraries keep it. */
static struct rd_view unwrapped(struct rd_view bytes)
{
	static const uint8_t magic[] = { 0xFF, 0x54, 0x43, 0x47 };

	if (bytes.len > 6 && (size_t)(bytes.data[0] << 8 | bytes.data[1]) == bytes.len - 2 &&
	    memcmp(bytes.data + 2, magic, sizeof(magic)) == 0)
		return rd_view_of(bytes.data + 2, bytes.len - 2);
	return bytes;
}

bool rd_tpm_quote_parse(struct rd_view bytes, struct rd_tpm_quote *out, struct rd_err *err)
{
	struct rd_tpm_quote q = { .all = unwrapped(bytes) };
	struct rd_tpm_reader r = { .rest = q.all };
	struct rd_view safe;
	uint16_t type;

	if (rd_tpm_u32(&r) != MAGIC)
		return malformed(err, "does not begin with TPM_GENERATED_VALUE");
	type = rd_tpm_u16(&r);
	if (type != TYPE_QUOTE && !r.bad)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.tpm.type",
			       "an attestation of type %04x, a quote has 8018", type);
	q.qualified_signer = rd_tpm_2b(&r, NAME_MAX_LEN);
	q.extra_data = rd_tpm_2b(&r, RD_TPM_DIGEST_MAX + 2);
	q.clock = rd_tpm_u64(&r);
	q.reset_count = rd_tpm_u32(&r);
	q.restart_count = rd_tpm_u32(&r);
	safe = rd_tpm_take(&r, 1);
	q.firmware_version = rd_tpm_u64(&r);
	read_selections(&r, &q);
	q.pcr_digest = rd_tpm_2b(&r, RD_TPM_DIGEST_MAX);
	if (r.bad)
		return malformed(err, "a length does not fit");
	if (r.rest.len != 0)
		return malformed(err, "bytes behind its end");
	if (safe.data[0] > 1)
		return malformed(err, "a flag that is neither yes nor no");
	q.safe = safe.data[0] == 1;
	*out = q;
	return true;
}

/* ---- TPMT_SIGNATURE, TPMT_PUBLIC ------------------------------------------------------------- */

bool rd_tpm_signature_parse(struct rd_view bytes, struct rd_tpm_signature *out)
{
	struct rd_tpm_reader r = { .rest = bytes };
	struct rd_tpm_signature s = { 0 };
	enum rd_hash hash;

	s.alg = rd_tpm_u16(&r);
	s.hash = rd_tpm_u16(&r);
	if (r.bad || !rd_tpm_hash(s.hash, &hash))
		return false;
	if (s.alg == RD_TPM_RSASSA || s.alg == RD_TPM_RSAPSS) {
		s.bytes = rd_tpm_2b(&r, SIGNATURE_MAX);
	} else if (s.alg == RD_TPM_ECDSA) {
		s.r = rd_tpm_2b(&r, SIGNATURE_MAX);
		s.s = rd_tpm_2b(&r, SIGNATURE_MAX);
	} else {
		return false;
	}
	*out = s;
	return !r.bad && r.rest.len == 0;
}

/* TPMT_SYM_DEF_OBJECT of a signing key is null; a scheme may name its hash. */
static void read_schemes(struct rd_tpm_reader *r, struct rd_tpm_public *out)
{
	if (rd_tpm_u16(r) != RD_TPM_NULL)
		(void)rd_tpm_take(r, 4); /* key bits and mode */
	out->scheme = rd_tpm_u16(r);
	if (out->scheme != RD_TPM_NULL)
		out->scheme_hash = rd_tpm_u16(r);
}

static bool rsa_key(struct rd_tpm_reader *r, struct rd_arena *arena, struct rd_view *spki)
{
	struct rd_err unused = { 0 };
	uint32_t exponent;
	struct rd_view n;
	uint8_t e[4];

	(void)rd_tpm_u16(r); /* key bits: the modulus says it */
	exponent = rd_tpm_u32(r);
	exponent = exponent ? exponent : 65537;
	rd_store_be32(e, exponent);
	n = rd_tpm_2b(r, SIGNATURE_MAX);
	return rd_spki_from_rsa(n, rd_view_of(e, 4), arena, spki, &unused);
}

static bool ecc_key(struct rd_tpm_reader *r, struct rd_arena *arena, struct rd_view *spki)
{
	static const struct {
		uint16_t id;
		enum rd_key_kind kind;
		size_t len;
	} curves[] = { { 3, RD_KEY_P256, 32 }, { 4, RD_KEY_P384, 48 }, { 5, RD_KEY_P521, 66 } };
	uint16_t id = rd_tpm_u16(r);
	struct rd_err unused = { 0 };
	uint8_t point[1 + 2 * 66] = { 4 };
	struct rd_view x, y;

	if (rd_tpm_u16(r) != RD_TPM_NULL) /* key derivation */
		(void)rd_tpm_u16(r);
	x = rd_tpm_2b(r, 66);
	y = rd_tpm_2b(r, 66);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]) && !r->bad; i++) {
		size_t len = curves[i].len;

		if (curves[i].id != id || x.len > len || y.len > len || !x.len || !y.len)
			continue;
		memcpy(point + 1 + len - x.len, x.data, x.len);
		memcpy(point + 1 + 2 * len - y.len, y.data, y.len);
		return rd_spki_from_point(curves[i].kind, rd_view_of(point, 1 + 2 * len), arena,
					  spki, &unused);
	}
	return false;
}

/* TSSPrivKey: SEQUENCE { type, optional [0] to [n], parent, OCTET STRING public, ... }. */
static bool from_tss2_pem(struct rd_view pem, struct rd_arena *arena, struct rd_view *out)
{
	RD_AUTO(rd_buf_free) struct rd_buf der = { .max = TSS2_MAX };
	struct rd_err unused = { 0 };
	struct rd_view in, content;
	struct rd_span span = { .cap = pem.len };
	uint8_t tag;

	if (!pem.len || pem.len > TSS2_MAX ||
	    !memmem(pem.data, pem.len, TSS2_LABEL, sizeof(TSS2_LABEL) - 1))
		return false;
	span.data = rd_buf_extend(&der, pem.len);
	if (!span.data || !rd_pem_unwrap(TSS2_LABEL, pem, &span, &unused))
		return false;
	in = rd_view_of(span.data, span.used);
	if (!rd_der_expect(&in, RD_DER_SEQUENCE, &content, &unused))
		return false;
	in = content;
	while (rd_der_next(&in, &tag, &content, &unused))
		if (tag == RD_DER_OCTET_STRING)
			return rd_arena_copy(arena, content, out, &unused);
	return false;
}

bool rd_tpm_public_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_tpm_public *out)
{
	struct rd_tpm_public p = { 0 };
	struct rd_tpm_reader r;
	enum rd_hash hash;
	uint16_t type;
	bool ok;

	(void)from_tss2_pem(bytes, arena, &bytes);
	r = (struct rd_tpm_reader){ .rest = bytes };
	if (bytes.len > 2 && (size_t)(bytes.data[0] << 8 | bytes.data[1]) == bytes.len - 2)
		(void)rd_tpm_u16(&r); /* a TPM2B_PUBLIC */
	type = rd_tpm_u16(&r);
	if ((type != RD_TPM_RSA && type != RD_TPM_ECC) || !rd_tpm_hash(rd_tpm_u16(&r), &hash))
		return false;
	p.attributes = rd_tpm_u32(&r);
	(void)rd_tpm_2b(&r, RD_TPM_DIGEST_MAX); /* authPolicy */
	read_schemes(&r, &p);
	ok = type == RD_TPM_RSA ? rsa_key(&r, arena, &p.spki) : ecc_key(&r, arena, &p.spki);
	*out = p;
	return ok && r.rest.len == 0;
}
