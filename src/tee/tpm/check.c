/* One quote checked with a key that is known: for TPMs and for clouds that wrap one. */
#include "tpm.h"

#include <string.h>

#define TEXT_MAX 1024u
#define DIGESTS_MAX (RD_TPM_SELECTIONS_MAX * RD_TPM_PCRS)

static void crypto(struct rd_tee_work *w, bool ok, struct rd_tee_words words)
{
	rd_tee_check(w, RD_ASPECT_CRYPTO, ok, words);
}

/* r and s without leading zeros, as one string of the curve's length. */
static bool ecdsa_raw(const struct rd_tpm_signature *s, uint32_t bits, uint8_t out[132],
		      struct rd_view *raw)
{
	size_t half = (bits + 7) / 8;

	if (half > 66 || s->r.len > half || s->s.len > half || !s->r.len || !s->s.len)
		return false;
	memset(out, 0, 2 * half);
	memcpy(out + half - s->r.len, s->r.data, s->r.len);
	memcpy(out + 2 * half - s->s.len, s->s.data, s->s.len);
	*raw = rd_view_of(out, 2 * half);
	return true;
}

bool rd_tpm_signature_check(struct rd_view message, struct rd_view spki,
			    const struct rd_tpm_signature *s, struct rd_err *err)
{
	enum rd_hash hash = RD_HASH_SHA256;
	enum rd_signature_form form;
	enum rd_key_kind kind;
	uint8_t buf[132];
	struct rd_view raw = s->bytes;
	uint32_t bits;

	if (!rd_spki_kind(spki, &kind, &bits, err))
		return false;
	if (s->hash && !rd_tpm_hash(s->hash, &hash))
		return rd_fail(err, RD_FAULT_REFUSED, "tee.tpm.algorithm", "unknown hash");
	if (s->alg == RD_TPM_ECDSA) {
		form = RD_SIGNATURE_ECDSA_RAW;
		if (!ecdsa_raw(s, bits, buf, &raw))
			return rd_fail(err, RD_FAULT_REFUSED, "tee.tpm.algorithm",
				       "r and s do not fit the key's curve");
	} else if (s->alg == RD_TPM_RSAPSS) {
		form = RD_SIGNATURE_RSA_PSS_ANY_SALT;
	} else if (s->alg == RD_TPM_RSASSA) {
		form = RD_SIGNATURE_RSA_PKCS1;
	} else if (kind == RD_KEY_RSA) {
		struct rd_err unused = { 0 };

		if (rd_signature_verify(spki, RD_SIGNATURE_RSA_PSS_ANY_SALT, hash, message, raw,
					&unused))
			return true;
		form = RD_SIGNATURE_RSA_PKCS1;
	} else {
		form = raw.len && raw.data[0] == RD_DER_SEQUENCE ? RD_SIGNATURE_ECDSA_DER
								 : RD_SIGNATURE_ECDSA_RAW;
	}
	return rd_signature_verify(spki, form, hash, message, raw, err);
}

/* ---- registers ------------------------------------------------------------------------------- */

/* Registers whose bank the file does not name are of the quote's, if it has one only. */
static const struct rd_tpm_bank *bank_for(const struct rd_tpm_quote *q,
					  const struct rd_tpm_pcrs *pcrs, uint16_t hash)
{
	for (uint32_t i = 0; i < q->n_selections; i++)
		if (q->selection[i].hash != hash && pcrs->n == 1 && pcrs->bank[0].hash == 0)
			return NULL;
	for (uint32_t i = 0; i < pcrs->n; i++)
		if (pcrs->bank[i].hash == hash || (pcrs->n == 1 && pcrs->bank[0].hash == 0))
			return &pcrs->bank[i];
	return NULL;
}

/* H(registers of the selections in order), H of the signature, not of the bank. */
static bool digest_of(const struct rd_tpm_quote *q, const struct rd_tpm_pcrs *pcrs,
		      enum rd_hash hash, uint8_t *out)
{
	struct rd_view parts[DIGESTS_MAX];
	struct rd_err unused = { 0 };
	size_t n = 0;

	for (uint32_t i = 0; i < q->n_selections; i++) {
		const struct rd_tpm_bank *bank = bank_for(q, pcrs, q->selection[i].hash);

		for (uint32_t pcr = 0; pcr < RD_TPM_PCRS; pcr++) {
			if (!(q->selection[i].mask & 1u << pcr))
				continue;
			if (!bank || !(bank->mask & 1u << pcr))
				return false;
			parts[n++] = bank->pcr[pcr];
		}
	}
	return rd_hash_parts(hash, parts, n, out, &unused);
}

static enum rd_hash hash_of(const struct rd_tpm_signature *s)
{
	enum rd_hash hash;

	return rd_tpm_hash(s->hash, &hash) ? hash : RD_HASH_SHA256;
}

bool rd_tpm_pcrs_match(const struct rd_tpm_quote *q, const struct rd_tpm_signature *s,
		       const struct rd_tpm_pcrs *pcrs)
{
	uint8_t digest[RD_TPM_DIGEST_MAX];

	return digest_of(q, pcrs, hash_of(s), digest) &&
	       rd_view_eq(q->pcr_digest, rd_view_of(digest, rd_hash_len(hash_of(s))));
}

/* Registers that are claimed but not signed would be anybody's: exactly the selection counts. */
static bool same_selection(const struct rd_tpm_quote *q, const struct rd_tpm_pcrs *pcrs)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < q->n_selections; i++) {
		const struct rd_tpm_bank *bank = bank_for(q, pcrs, q->selection[i].hash);
		uint32_t mask = 0;
		enum rd_hash hash;

		for (uint32_t k = 0; k < q->n_selections; k++)
			if (q->selection[k].hash == q->selection[i].hash)
				mask |= q->selection[k].mask;
		if (!bank || bank->mask != mask || !rd_tpm_hash(q->selection[i].hash, &hash))
			return false;
		used |= 1u << (bank - pcrs->bank);
		for (uint32_t pcr = 0; pcr < RD_TPM_PCRS; pcr++)
			if (mask & 1u << pcr && bank->pcr[pcr].len != rd_hash_len(hash))
				return false;
	}
	return used == (1u << pcrs->n) - 1;
}

/* "sha256:0,7", as tpm2-tools write selections. */
static void put_selection(struct rd_buf *out, uint16_t hash, uint32_t mask)
{
	const char *comma = ":";

	rd_buf_printf(out, "%s%s", out->len ? "+" : "", hash ? rd_tpm_hash_name(hash) : "bank");
	for (uint32_t i = 0; i < RD_TPM_PCRS; i++) {
		uint32_t last = i;

		if (!(mask & 1u << i))
			continue;
		while (last + 1 < RD_TPM_PCRS && mask & 2u << last)
			last++;
		rd_buf_printf(out, last > i + 1 ? "%s%u-%u" : "%s%u", comma, i, last);
		comma = ",";
		i = last > i + 1 ? last : i;
	}
}

static struct rd_view kept(struct rd_tee_work *w, struct rd_buf *text)
{
	struct rd_view out = { 0 };

	if (!rd_buf_ok(text, w->err) || !rd_arena_copy(w->arena, rd_buf_view(text), &out, w->err))
		w->failed = true;
	return out.len ? out : rd_view_str("none");
}

static bool check_selection(struct rd_tee_work *w, const struct rd_tpm_quote *q,
			    const struct rd_tpm_pcrs *pcrs)
{
	RD_AUTO(rd_buf_free) struct rd_buf quoted = { .max = TEXT_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf given = { .max = TEXT_MAX };
	bool same = same_selection(q, pcrs);

	for (uint32_t i = 0; i < q->n_selections; i++)
		put_selection(&quoted, q->selection[i].hash, q->selection[i].mask);
	for (uint32_t i = 0; i < pcrs->n; i++)
		put_selection(&given, pcrs->bank[i].hash, pcrs->bank[i].mask);
	rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					     .result = same ? RD_RESULT_PASS : RD_RESULT_FAIL,
					     .code = "tee.tpm.selection",
					     .claim = "pcrs",
					     .expected = kept(w, &quoted),
					     .found = kept(w, &given) });
	return same;
}

/* The bank that goes by the registers' bare numbers: SHA-256, else the first but SHA-1. */
static uint16_t main_bank(const struct rd_tpm_quote *q)
{
	uint16_t out = 0;

	for (uint32_t i = 0; i < q->n_selections; i++)
		if (q->selection[i].hash == RD_TPM_SHA256 || out == 0 || out == RD_TPM_SHA1)
			out = q->selection[i].hash;
	return out;
}

static void claim_registers(struct rd_tee_work *w, const struct rd_tpm_quote *q,
			    const struct rd_tpm_pcrs *pcrs)
{
	for (uint32_t b = 0; b < pcrs->n; b++) {
		const struct rd_tpm_bank *bank = &pcrs->bank[b];
		bool bare = bank->hash == 0 || bank->hash == main_bank(q);

		for (uint32_t i = 0; i < RD_TPM_PCRS; i++)
			if (bank->mask & 1u << i)
				rd_tee_claim_bytes(w,
						   bare ? rd_tee_name(w, "pcrs.%u", i)
							: rd_tee_name(w, "pcrs_%s.%u",
								      rd_tpm_hash_name(bank->hash),
								      i),
						   bank->pcr[i]);
	}
}

static void check_registers(struct rd_tee_work *w, const struct rd_tpm_quote *q,
			    const struct rd_tpm_signature *s, const struct rd_tpm_pcrs *pcrs)
{
	uint8_t digest[RD_TPM_DIGEST_MAX];
	struct rd_view found = { 0 };
	bool equal;

	if (!q->n_selections) {
		crypto(w, false,
		       (struct rd_tee_words){ "tee.tpm.selection", "pcrs", "registers",
					      "none: the quote selects nothing" });
		return;
	}
	if (!pcrs) {
		rd_tee_reason(w, (struct rd_reason){
					 .aspect = RD_ASPECT_POLICY,
					 .result = RD_RESULT_WARNING,
					 .code = "tee.tpm.pcrs.absent",
					 .claim = "pcrs",
					 .expected = rd_view_str("values of the quoted registers"),
					 .found = rd_view_str("none among the collateral") });
		return;
	}
	if (!check_selection(w, q, pcrs))
		return;
	if (digest_of(q, pcrs, hash_of(s), digest))
		found = rd_view_of(digest, rd_hash_len(hash_of(s)));
	equal = rd_view_eq(q->pcr_digest, found);
	rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					     .result = equal ? RD_RESULT_PASS : RD_RESULT_FAIL,
					     .code = "tee.tpm.digest",
					     .claim = "pcrs",
					     .expected = rd_tee_hex(w, q->pcr_digest),
					     .found = rd_tee_hex(w, found) });
	if (equal)
		claim_registers(w, q, pcrs);
}

/* ---- the key --------------------------------------------------------------------------------- */

static const char *key_fault(const struct rd_tpm_key *key, const struct rd_tpm_signature *s)
{
	if (!(key->attributes & RD_TPM_FIXED_TPM))
		return "not fixedTPM: it may have been in another place";
	if (!(key->attributes & RD_TPM_RESTRICTED))
		return "not restricted: it signs anything";
	if (!(key->attributes & RD_TPM_SIGN) || key->attributes & RD_TPM_DECRYPT)
		return "not for signing alone";
	/* A key of one scheme makes no signature of another. */
	if (s->alg && key->scheme != RD_TPM_NULL &&
	    (key->scheme != s->alg || key->scheme_hash != s->hash))
		return "of another scheme than the signature";
	return NULL;
}

static void check_key(struct rd_tee_work *w, const struct rd_tpm_key *key,
		      const struct rd_tpm_signature *s)
{
	const char *fault = key->has_public ? key_fault(key, s) : NULL;

	if (key->has_public)
		crypto(w, !fault,
		       (struct rd_tee_words){ "tee.tpm.key", "attestation key",
					      "fixedTPM, restricted, sign and not decrypt, of the "
					      "signature's scheme",
					      fault ? fault : "those" });
}

static void claims(struct rd_tee_work *w, const struct rd_tpm_quote *q,
		   const struct rd_tpm_signature *s)
{
	bool sha1 = s->hash == RD_TPM_SHA1;

	rd_tee_claim_bytes(w, "nonce", q->extra_data);
	rd_tee_claim_bytes(w, "pcr_digest", q->pcr_digest);
	rd_tee_claim_bytes(w, "qualified_signer", q->qualified_signer);
	for (uint32_t i = 0; i < q->n_selections; i++) {
		rd_tee_claim_uint(w,
				  rd_tee_name(w, "pcr_selection.%s",
					      rd_tpm_hash_name(q->selection[i].hash)),
				  q->selection[i].mask);
		sha1 = sha1 || q->selection[i].hash == RD_TPM_SHA1;
	}
	rd_tee_claim_uint(w, "clock", q->clock);
	rd_tee_claim_uint(w, "reset_count", q->reset_count);
	rd_tee_claim_uint(w, "restart_count", q->restart_count);
	rd_tee_claim_bool(w, "safe", q->safe);
	rd_tee_claim_uint(w, "firmware_version", q->firmware_version);
	rd_tee_claim_bool(w, "sha1", sha1);
}

void rd_tpm_check_quote(struct rd_tee_work *w, const struct rd_tpm_quote *q,
			const struct rd_tpm_key *key, const struct rd_tpm_signature *s,
			const struct rd_tpm_pcrs *pcrs)
{
	struct rd_err why = { 0 };
	bool ok = rd_tpm_signature_check(q->all, key->spki, s, &why);

	rd_tee_check_err(w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ "tee.tpm.signature", "quote",
						"signed by the attestation key", "signed" },
			 &why);
	check_key(w, key, s);
	claims(w, q, s);
	check_registers(w, q, s, pcrs);
	rd_tee_check_nonce(w, q->extra_data);
}
