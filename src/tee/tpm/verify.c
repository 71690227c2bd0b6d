/* A TPM's quote verified with what the verifier's folder holds beside it. */
#include "tpm.h"

#include <string.h>

#define PIECES_MAX 16u

/* The collateral, sorted by what it is. */
struct sorted {
	uint32_t n_keys, n_signatures;
	struct rd_tpm_key key[PIECES_MAX];
	struct rd_tpm_signature signature[PIECES_MAX];
	bool has_bank, has_log;
	struct rd_tpm_bank bank;
	struct rd_tpm_log log;
};

static bool holds(struct rd_view bytes, const char *text)
{
	return bytes.len && memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

static bool is_attest(struct rd_view bytes)
{
	return bytes.len > 4 && memcmp(bytes.data, "\xFFTCG", 4) == 0;
}

/* RSA: as long as a modulus; ECDSA in DER, or r and s. */
static bool is_bare_signature(struct rd_view b)
{
	return b.len == 256 || b.len == 384 || b.len == 512 || b.len == 64 || b.len == 96 ||
	       (b.len > 8 && b.len < 150 && b.data[0] == RD_DER_SEQUENCE && b.data[1] == b.len - 2);
}

static void add_key(struct sorted *s, struct rd_tpm_key key)
{
	if (s->n_keys < PIECES_MAX)
		s->key[s->n_keys++] = key;
}

static void add_signature(struct sorted *s, struct rd_tpm_signature signature)
{
	if (s->n_signatures < PIECES_MAX)
		s->signature[s->n_signatures++] = signature;
}

/* A bare key is the verifier's own word for "this machine": only from the verifier's own file. */
static bool take_key(struct rd_tee_work *w, struct sorted *s, const struct rd_collateral *c)
{
	struct rd_tpm_public public;
	struct rd_tpm_key key = { 0 };
	struct rd_err unused = { 0 };

	if (rd_tpm_public_parse(c->bytes, w->arena, &public)) {
		key = (struct rd_tpm_key){ public.spki, true, public.attributes };
	} else if (!holds(c->bytes, "-----BEGIN PUBLIC KEY-----") ||
		   !rd_spki_from_pem(c->bytes, w->arena, &key.spki, &unused)) {
		return false;
	}
	if (c->trusted)
		add_key(s, key);
	return true;
}

static void sort_piece(struct rd_tee_work *w, struct sorted *s, const struct rd_collateral *c)
{
	struct rd_tpm_signature signature = { 0 };
	struct rd_err unused = { 0 };
	struct rd_tpm_bank bank;
	struct rd_tpm_log log;

	if (is_attest(c->bytes) || take_key(w, s, c))
		return;
	if (rd_tpm_signature_parse(c->bytes, &signature)) {
		add_signature(s, signature);
	} else if (is_bare_signature(c->bytes)) {
		add_signature(s, (struct rd_tpm_signature){ .bytes = c->bytes });
	} else if (!s->has_bank && rd_tpm_pcrs_parse(c->bytes, w->arena, &bank)) {
		s->bank = bank;
		s->has_bank = true;
	} else if (!s->has_log && rd_tpm_log_parse(c->bytes, w->arena, &log, &unused) &&
		   log.n > 1) {
		s->log = log;
		s->has_log = true;
	}
}

/* The key of a certificate that leads to one of the policy's anchors: a TPM vendor's, a cloud's. */
static void add_certificates(struct rd_tee_work *w, struct sorted *s)
{
	struct rd_tee_pool *pool = rd_tee_pool_read(w);

	for (uint32_t i = 0; pool && i < pool->n_certs; i++) {
		struct rd_tee_chain chain = { .claim = "attestation key's certificate",
					      .leaf = &pool->cert[i] };
		struct rd_cert_path path;

		if (pool->cert[i].is_ca)
			continue;
		if (rd_tee_check_chain(w, &chain, pool, &path))
			add_key(s, (struct rd_tpm_key){ .spki = pool->cert[i].spki });
	}
}

/* The pair that verifies, else the first of each. */
static void choose(const struct rd_tpm_quote *q, const struct sorted *s,
		   const struct rd_tpm_key **key, const struct rd_tpm_signature **signature)
{
	*key = &s->key[0];
	*signature = &s->signature[0];
	if (s->n_keys == 1 && s->n_signatures == 1)
		return;
	for (uint32_t k = 0; k < s->n_keys; k++)
		for (uint32_t i = 0; i < s->n_signatures; i++) {
			struct rd_err unused = { 0 };

			if (!rd_tpm_signature_check(q->all, s->key[k].spki, &s->signature[i],
						    &unused))
				continue;
			*key = &s->key[k];
			*signature = &s->signature[i];
			return;
		}
}

static void missing(struct rd_tee_work *w, const char *code, const char *claim)
{
	rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					     .result = RD_RESULT_ABSENT,
					     .code = code,
					     .claim = claim,
					     .expected = rd_view_str("among the collateral"),
					     .found = rd_view_str("not there") });
}

/* Firmware writes logs that do not replay; so what they explain is said, and a policy may demand
 * it. */
static void check_log(struct rd_tee_work *w, const struct rd_tpm_quote *q, const struct sorted *s)
{
	struct rd_err why = { 0 };
	struct rd_tpm_bank replayed;
	const char *which = "";
	uint32_t bank = 0;
	bool all = true;

	while (bank < s->log.n_banks && s->log.bank[bank] != q->selection[0].hash)
		bank++;
	if (!rd_tpm_log_replay(&s->log, bank, w->arena, &replayed, &why)) {
		all = false;
		which = rd_tee_name(w, "%s", why.text);
	}
	for (uint32_t i = 0; i < RD_TPM_PCRS && which[0] == 0; i++) {
		if (!(s->bank.mask & 1u << i) || rd_view_eq(replayed.pcr[i], s->bank.pcr[i]))
			continue;
		/* Nothing of the log speaks of it: the operating system's. */
		if (!(replayed.mask & 1u << i) && i >= 8)
			continue;
		all = false;
		which = rd_tee_name(w, "register %u has another value", i);
	}
	rd_tee_claim_bool(w, "event_log_replays", all);
	rd_tee_reason(w,
		      (struct rd_reason){ .aspect = RD_ASPECT_POLICY,
					  .result = all ? RD_RESULT_PASS : RD_RESULT_WARNING,
					  .code = "tee.tpm.log.replay",
					  .claim = "event log",
					  .expected = rd_view_str("explains the quoted registers"),
					  .found = rd_view_str(all ? "does" : which) });
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	const struct rd_tpm_signature *signature;
	const struct rd_tpm_key *key;
	struct rd_tpm_quote q;
	struct rd_tee_work w;
	struct sorted *s;
	uint8_t id[RD_SHA256_LEN];

	if (!rd_tpm_quote_parse(in->report, &q, err))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	s = RD_NEW(arena, struct sorted, err);
	if (!s)
		return false;
	for (uint32_t i = 0; i < in->n_collateral; i++)
		sort_piece(&w, s, &in->collateral[i]);
	add_certificates(&w, s);
	if (!s->n_keys)
		missing(&w, "tee.tpm.key.absent", "attestation key");
	if (!s->n_signatures)
		missing(&w, "tee.tpm.signature.absent", "signature");
	out->level = RD_LEVEL_TPM;
	out->report_data = q.extra_data;
	if (s->n_keys && s->n_signatures) {
		choose(&q, s, &key, &signature);
		rd_tpm_check_quote(&w, &q, key, signature, s->has_bank ? &s->bank : NULL);
		if (s->has_bank && s->has_log && q.n_selections)
			check_log(&w, &q, s);
		if (!rd_sha256(key->spki, id, err) ||
		    !rd_arena_copy(arena, rd_view_of(id, sizeof(id)), &out->platform_id, err))
			return false;
		rd_tee_claim_bytes(&w, "key_id", out->platform_id);
	}
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "pcrs",
	  .claim = "pcrs.",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .help = "registers: 0 firmware, 4 boot loader, 7 secure boot, 8 and 9 kernel..." },
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
