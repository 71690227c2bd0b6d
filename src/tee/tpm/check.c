/* One quote checked with a key that is known: for TPMs and for clouds that wrap one. */
#include "tpm.h"

#include <string.h>

#define DIGESTS_MAX (RD_TPM_BANKS_MAX * RD_TPM_PCRS)

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
	if (s->alg && !rd_tpm_hash(s->hash, &hash))
		return rd_fail(err, RD_FAULT_REFUSED, "tee.tpm.algorithm", "unknown hash");
	if (s->alg == RD_TPM_ECDSA) {
		form = RD_SIGNATURE_ECDSA_RAW;
		if (!ecdsa_raw(s, bits, buf, &raw))
			return rd_fail(err, RD_FAULT_REFUSED, "tee.tpm.algorithm",
				       "r and s do not fit the key's curve");
	} else if (s->alg == RD_TPM_RSAPSS) {
		form = RD_SIGNATURE_RSA_PSS_ANY_SALT;
	} else if (s->alg == RD_TPM_RSASSA || kind == RD_KEY_RSA) {
		form = RD_SIGNATURE_RSA_PKCS1;
	} else {
		form = raw.len && raw.data[0] == RD_DER_SEQUENCE ? RD_SIGNATURE_ECDSA_DER
								 : RD_SIGNATURE_ECDSA_RAW;
	}
	return rd_signature_verify(spki, form, hash, message, raw, err);
}

/* H(registers of the selections in order), H of the signature, not of the bank. */
static bool digest_of(const struct rd_tpm_quote *q, const struct rd_tpm_bank *bank,
		      enum rd_hash hash, uint8_t *out, struct rd_err *err)
{
	struct rd_view parts[DIGESTS_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < q->n_selections; i++)
		for (uint32_t pcr = 0; pcr < RD_TPM_PCRS; pcr++) {
			if (!(q->selection[i].mask & 1u << pcr))
				continue;
			if (!(bank->mask & 1u << pcr))
				return false;
			parts[n++] = bank->pcr[pcr];
		}
	return rd_hash_parts(hash, parts, n, out, err);
}

/* Registers that are claimed but not signed would be anybody's: exactly the selection counts. */
static bool same_selection(const struct rd_tpm_quote *q, const struct rd_tpm_bank *bank)
{
	enum rd_hash hash;
	bool same = q->n_selections == 1 && bank->mask == q->selection[0].mask &&
		    (bank->hash == 0 || bank->hash == q->selection[0].hash) &&
		    rd_tpm_hash(q->selection[0].hash, &hash);

	for (uint32_t i = 0; same && i < RD_TPM_PCRS; i++)
		same = !(bank->mask & 1u << i) || bank->pcr[i].len == rd_hash_len(hash);
	return same;
}

static void check_registers(struct rd_tee_work *w, const struct rd_tpm_quote *q,
			    const struct rd_tpm_signature *s, const struct rd_tpm_bank *bank)
{
	uint8_t digest[RD_TPM_DIGEST_MAX];
	enum rd_hash hash = RD_HASH_SHA256;
	bool same, equal;

	if (!bank) {
		rd_tee_reason(w, (struct rd_reason){
					 .aspect = RD_ASPECT_POLICY,
					 .result = RD_RESULT_WARNING,
					 .code = "tee.tpm.pcrs.absent",
					 .claim = "pcrs",
					 .expected = rd_view_str("values of the quoted registers"),
					 .found = rd_view_str("none among the collateral") });
		return;
	}
	same = same_selection(q, bank);
	crypto(w, same,
	       (struct rd_tee_words){ "tee.tpm.selection", "pcrs",
				      "values of exactly the quoted registers, of one bank",
				      same ? "those" : "others" });
	if (s->alg && !rd_tpm_hash(s->hash, &hash))
		return;
	equal = same && digest_of(q, bank, hash, digest, w->err) &&
		rd_view_eq(q->pcr_digest, rd_view_of(digest, rd_hash_len(hash)));
	crypto(w, equal,
	       (struct rd_tee_words){ "tee.tpm.digest", "pcrs", "the digest that was signed",
				      equal ? "that" : "another" });
	for (uint32_t i = 0; equal && i < RD_TPM_PCRS; i++)
		if (bank->mask & 1u << i)
			rd_tee_claim_bytes(w, rd_tee_name(w, "pcrs.%u", i), bank->pcr[i]);
}

static void check_key(struct rd_tee_work *w, const struct rd_tpm_key *key)
{
	uint32_t need = RD_TPM_FIXED_TPM | RD_TPM_RESTRICTED | RD_TPM_SIGN;
	bool ok = (key->attributes & (need | RD_TPM_DECRYPT)) == need;

	if (key->has_attributes)
		crypto(w, ok,
		       (struct rd_tee_words){ "tee.tpm.key", "attestation key",
					      "fixedTPM, restricted, sign and not decrypt",
					      ok ? "those" : "others: it signs anything" });
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
			const struct rd_tpm_bank *bank)
{
	struct rd_err why = { 0 };
	bool ok = rd_tpm_signature_check(q->all, key->spki, s, &why);

	rd_tee_check_err(w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ "tee.tpm.signature", "quote",
						"signed by the attestation key", "signed" },
			 &why);
	check_key(w, key);
	claims(w, q, s);
	check_registers(w, q, s, bank);
	rd_tee_check_nonce(w, q->extra_data);
}
