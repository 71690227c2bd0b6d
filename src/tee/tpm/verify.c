/* A TPM's quote verified with what the verifier's folder holds beside it. */
#include "tpm.h"

#include <string.h>

#define PIECES_MAX 16u

/* The collateral, sorted by what it is. */
struct sorted {
	const struct rd_tpm_quote *quote;
	uint32_t n_keys, n_signatures, n_pcrs;
	struct rd_tpm_key key[PIECES_MAX];
	struct rd_tpm_signature signature[PIECES_MAX];
	struct rd_tpm_pcrs pcrs[PIECES_MAX];
	bool has_log, has_others; /* certificates, lists */
	struct rd_tpm_log log;
};

static bool holds(struct rd_view bytes, const char *text)
{
	return memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

/* Of this kind, also inside a TPM2B. */
static bool is_attest(struct rd_view b)
{
	return (b.len > 4 && memcmp(b.data, "\xFFTCG", 4) == 0) ||
	       (b.len > 6 && memcmp(b.data + 2, "\xFFTCG", 4) == 0);
}

/* RSA: as long as a modulus; ECDSA in DER, or r and s. */
static bool is_bare_signature(struct rd_view b)
{
	struct rd_view rest = b, content;
	struct rd_err unused = { 0 };

	return b.len == 256 || b.len == 384 || b.len == 512 || b.len == 64 || b.len == 96 ||
	       b.len == 132 ||
	       (b.len < 150 && rd_der_expect(&rest, RD_DER_SEQUENCE, &content, &unused) &&
		rest.len == 0);
}

/* A key in two forms is one: what is known of it by either holds. */
static void add_key(struct sorted *s, struct rd_tpm_key key)
{
	for (uint32_t i = 0; i < s->n_keys; i++) {
		if (!rd_view_eq(s->key[i].spki, key.spki))
			continue;
		if (!s->key[i].has_public)
			s->key[i] = key;
		return;
	}
	if (s->n_keys < PIECES_MAX)
		s->key[s->n_keys++] = key;
}

static void add_signature(struct sorted *s, struct rd_tpm_signature signature)
{
	if (s->n_signatures < PIECES_MAX)
		s->signature[s->n_signatures++] = signature;
}

static void add_pcrs(struct sorted *s, const struct rd_tpm_pcrs *pcrs)
{
	if (s->n_pcrs < PIECES_MAX)
		s->pcrs[s->n_pcrs++] = *pcrs;
}

/* A bare key is the verifier's own word for "this machine": only from the verifier's own file. */
static bool take_key(struct rd_tee_work *w, struct sorted *s, const struct rd_collateral *c)
{
	struct rd_tpm_public public;
	struct rd_tpm_key key = { .spki = c->bytes };
	struct rd_err unused = { 0 };
	enum rd_key_kind kind;
	uint32_t bits;

	if (rd_tpm_public_parse(c->bytes, w->arena, &public))
		key = (struct rd_tpm_key){ public.spki, true, public.attributes, public.scheme,
					   public.scheme_hash };
	else if (holds(c->bytes, "-----BEGIN PUBLIC KEY-----")
			 ? !rd_spki_from_pem(c->bytes, w->arena, &key.spki, &unused)
			 : !rd_spki_kind(c->bytes, &kind, &bits, &unused))
		return false;
	if (c->trusted)
		add_key(s, key);
	return true;
}

/* A bare signature may also be the bare values of registers: whoever checks finds out. */
static bool take_signature(struct sorted *s, struct rd_view bytes)
{
	struct rd_tpm_signature signature = { 0 };

	if (!rd_tpm_signature_parse(bytes, &signature)) {
		if (!is_bare_signature(bytes))
			return false;
		signature = (struct rd_tpm_signature){
			.bytes = bytes,
			.hash = rd_tpm_hash_of_len(s->quote->pcr_digest.len),
		};
	}
	add_signature(s, signature);
	return true;
}

static bool take_pcrs(struct rd_tee_work *w, struct sorted *s, struct rd_view bytes)
{
	struct rd_tpm_pcrs *pcrs = RD_NEW(w->arena, struct rd_tpm_pcrs, w->err);

	if (!pcrs) {
		w->failed = true;
		return true;
	}
	if (!rd_tpm_pcrs_parse(bytes, w->arena, pcrs) &&
	    !rd_tpm_pcrs_from_values(bytes, s->quote, pcrs))
		return false;
	add_pcrs(s, pcrs);
	return true;
}

static void sort_piece(struct rd_tee_work *w, struct sorted *s, const struct rd_collateral *c)
{
	struct rd_err unused = { 0 };
	struct rd_tpm_log log;
	bool known;

	if (!c->bytes.len || is_attest(c->bytes) || take_key(w, s, c))
		return;
	known = take_signature(s, c->bytes);
	known = take_pcrs(w, s, c->bytes) || known;
	if (known)
		return;
	if (holds(c->bytes, "-----BEGIN CERTIFICATE-----") ||
	    holds(c->bytes, "-----BEGIN X509 CRL-----") ||
	    (c->bytes.len && c->bytes.data[0] == RD_DER_SEQUENCE)) {
		s->has_others = true; /* the pool's */
		return;
	}
	if (rd_tpm_log_parse(c->bytes, w->arena, &log, &unused)) {
		s->log = s->has_log ? s->log : log;
		s->has_log = true;
	} else {
		rd_tee_reason(w, (struct rd_reason){
					 .aspect = RD_ASPECT_CRYPTO,
					 .result = RD_RESULT_WARNING,
					 .code = "tee.collateral",
					 .claim = rd_tee_name(w, "%s",
							      c->name[0] ? c->name : "collateral"),
					 .expected = rd_view_str("key, certificate, signature, "
								 "registers or event log"),
					 .found = rd_view_str("none of them") });
	}
}

/* The key and the signature that go together; else false, and the first of each.  Of one pair alone
 * the check is left to those who report it. */
static bool choose(const struct sorted *s, const struct rd_tpm_key **key,
		   const struct rd_tpm_signature **signature)
{
	*key = &s->key[0];
	*signature = &s->signature[0];
	for (uint32_t i = 0; i < s->n_signatures && !(*signature)->alg; i++)
		*signature = s->signature[i].alg ? &s->signature[i] : *signature;
	if (s->n_keys == 1 && s->n_signatures == 1 && !s->has_others)
		return true;
	for (uint32_t k = 0; k < s->n_keys; k++)
		for (uint32_t i = 0; i < s->n_signatures; i++) {
			struct rd_err unused = { 0 };

			if (!rd_tpm_signature_check(s->quote->all, s->key[k].spki, &s->signature[i],
						    &unused))
				continue;
			*key = &s->key[k];
			*signature = &s->signature[i];
			return true;
		}
	return false;
}

/* A certificate's key that signed counts if it leads to one of the policy's anchors: a TPM
 * vendor's, a cloud's.  Others, such as an endorsement key's, say nothing of this quote. */
static bool is_signer(const struct sorted *s, const struct rd_cert *cert)
{
	struct rd_err unused = { 0 };

	for (uint32_t i = 0; i < s->n_signatures; i++)
		if (rd_tpm_signature_check(s->quote->all, cert->spki, &s->signature[i], &unused))
			return true;
	return false;
}

static void add_certificates(struct rd_tee_work *w, struct sorted *s)
{
	struct rd_tee_pool *pool = rd_tee_pool_read(w);

	for (uint32_t i = 0; pool && i < pool->n_certs; i++) {
		struct rd_tee_chain chain = { .claim = "attestation key's certificate",
					      .leaf = &pool->cert[i] };
		struct rd_cert_path path;

		if (pool->cert[i].is_ca || !is_signer(s, &pool->cert[i]) ||
		    !rd_tee_check_chain(w, &chain, pool, &path))
			continue;
		for (uint32_t k = 0; k + 1 < path.n; k++)
			rd_tee_check_revocation(w, pool, path.cert[k], path.cert[k + 1]);
		add_key(s, (struct rd_tpm_key){ .spki = pool->cert[i].spki });
	}
}

/* Those that hash to the signed digest, else the first. */
static const struct rd_tpm_pcrs *choose_pcrs(const struct sorted *s,
					     const struct rd_tpm_signature *signature)
{
	for (uint32_t i = 0; i < s->n_pcrs; i++)
		if (rd_tpm_pcrs_match(s->quote, signature, &s->pcrs[i]))
			return &s->pcrs[i];
	return s->n_pcrs ? &s->pcrs[0] : NULL;
}

static void missing(struct rd_tee_work *w, const char *code, const char *claim)
{
	rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					     .result = RD_RESULT_ABSENT,
					     .code = code,
					     .claim = claim,
					     .expected = rd_view_str("among the collateral"),
					     .found = rd_view_str("none that is trusted") });
}

/* The first quoted register of a bank whose value the log does not lead to; NULL: it explains all.
 * A register that it does not speak of is as a reset leaves it. */
static const char *unexplained(struct rd_tee_work *w, const struct rd_tpm_log *log,
			       const struct rd_tpm_bank *bank, uint16_t hash)
{
	struct rd_err why = { 0 };
	struct rd_tpm_bank replayed;

	if (!rd_tpm_log_replay(log, rd_tpm_log_bank(log, hash), w->arena, &replayed, &why))
		return rd_tee_name(w, "%s: %s", rd_tpm_hash_name(hash), why.text);
	for (uint32_t i = 0; i < RD_TPM_PCRS; i++)
		if (bank->mask & 1u << i && !rd_view_eq(replayed.pcr[i], bank->pcr[i]))
			return rd_tee_name(w,
					   replayed.mask & 1u << i
						   ? "%s register %u has another value"
						   : "%s register %u: the log does not speak of it",
					   rd_tpm_hash_name(hash), i);
	return NULL;
}

/* Firmware writes logs that do not replay, and the operating system keeps its own; so what they
 * explain is said, and a policy may demand it. */
static void check_log(struct rd_tee_work *w, const struct sorted *s, const struct rd_tpm_pcrs *pcrs)
{
	const char *which = NULL;

	for (uint32_t i = 0; i < pcrs->n && !which; i++)
		which = unexplained(w, &s->log, &pcrs->bank[i],
				    pcrs->bank[i].hash ? pcrs->bank[i].hash
						       : s->quote->selection[0].hash);
	rd_tee_claim_bool(w, "event_log_replays", !which);
	rd_tee_reason(w,
		      (struct rd_reason){ .aspect = RD_ASPECT_POLICY,
					  .result = which ? RD_RESULT_WARNING : RD_RESULT_PASS,
					  .code = "tee.tpm.log.replay",
					  .claim = "event log",
					  .expected = rd_view_str("explains the quoted registers"),
					  .found = rd_view_str(which ? which : "does") });
}

static bool judge(struct rd_tee_work *w, struct sorted *s)
{
	const struct rd_tpm_signature *signature;
	const struct rd_tpm_pcrs *pcrs;
	const struct rd_tpm_key *key;
	uint8_t id[RD_SHA256_LEN];

	if (!choose(s, &key, &signature)) {
		add_certificates(w, s);
		(void)choose(s, &key, &signature);
	}
	if (!s->n_keys)
		missing(w, "tee.tpm.key.absent", "attestation key");
	if (!s->n_signatures)
		missing(w, "tee.tpm.signature.absent", "signature");
	if (!s->n_keys || !s->n_signatures)
		return true;
	pcrs = choose_pcrs(s, signature);
	rd_tpm_check_quote(w, s->quote, key, signature, pcrs);
	if (pcrs && s->has_log && s->quote->n_selections)
		check_log(w, s, pcrs);
	if (!rd_sha256(key->spki, id, w->err) ||
	    !rd_arena_copy(w->arena, rd_view_of(id, sizeof(id)), &w->out->platform_id, w->err))
		return false;
	rd_tee_claim_bytes(w, "key_id", w->out->platform_id);
	return true;
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_tpm_quote q;
	struct rd_tee_work w;
	struct sorted *s;

	if (!rd_tpm_quote_parse(in->report, &q, err))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	s = RD_NEW(arena, struct sorted, err);
	if (!s)
		return false;
	s->quote = &q;
	for (uint32_t i = 0; i < in->n_collateral; i++)
		sort_piece(&w, s, &in->collateral[i]);
	out->level = RD_LEVEL_TPM;
	out->report_data = q.extra_data;
	if (!judge(&w, s))
		return false;
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "pcrs",
	  .claim = "pcrs.",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .help = "registers: 0 firmware, 4 boot loader, 7 secure boot...; SHA-256's, if there" },
	{ .key = "pcrs_sha1",
	  .claim = "pcrs_sha1.",
	  .kind = RD_RULE_ONE_OF,
	  .help = "registers of this bank, of a quote of several" },
	{ .key = "pcrs_sha384",
	  .claim = "pcrs_sha384.",
	  .kind = RD_RULE_ONE_OF,
	  .help = "registers of this bank, of a quote of several" },
	{ .key = "pcrs_sha512",
	  .claim = "pcrs_sha512.",
	  .kind = RD_RULE_ONE_OF,
	  .help = "registers of this bank, of a quote of several" },
	{ .key = "key_ids",
	  .claim = "key_id",
	  .kind = RD_RULE_ONE_OF,
	  .len = 32,
	  .help = "attestation keys that are known, by SHA-256 of their SPKI" },
	{ .key = "sha1",
	  .claim = "sha1",
	  .kind = RD_RULE_FLAG,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "SHA-1 in the signature or the registers" },
	{ .key = "event_log",
	  .claim = "event_log_replays",
	  .kind = RD_RULE_FLAG,
	  .help = "the event log explains the registers" },
	{ .key = "safe",
	  .claim = "safe",
	  .kind = RD_RULE_FLAG,
	  .help = "the clock never went back" },
	{ .key = "min_firmware_version",
	  .claim = "firmware_version",
	  .kind = RD_RULE_AT_LEAST,
	  .help = "least version of the TPM's firmware" },
	{ 0 },
};

const struct rd_tee rd_tee_tpm = {
	.name = "tpm",
	.content_type = "application/vnd.tcg.tpm2-quote",
	.level = RD_LEVEL_TPM,
	.rules = rules,
	.codes = rd_tpm_codes,
	.verify = verify,
	.measure = rd_tpm_log_measure,
};
