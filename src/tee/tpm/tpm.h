/*
 * TPM 2.0 quotes and event logs: "TPM 2.0 Library", part 2 (TPMS_ATTEST 10.12.12,
 * TPMT_SIGNATURE 11.3.4, TPMT_PUBLIC 12.2.4); "TCG PC Client Platform Firmware Profile", section 10
 * (event log).
 *
 * FILE is the TPMS_ATTEST.  The collateral holds the signature, the attestation key, and optionally
 * the values of the registers and the event log; each is told apart by its form.
 */
#ifndef RD_TEE_TPM_H
#define RD_TEE_TPM_H

#include <redoubt/codec.h>
#include <redoubt/tee.h>

#define RD_TPM_PCRS 24u
#define RD_TPM_SELECTIONS_MAX 16u /* HASH_COUNT of TPML_PCR_SELECTION */
#define RD_TPM_BANKS_MAX 4u       /* of hashes that are known */
#define RD_TPM_DIGEST_MAX 64u

/* TPM_ALG_ID */
enum rd_tpm_alg {
	RD_TPM_RSA = 0x0001,
	RD_TPM_SHA1 = 0x0004,
	RD_TPM_SHA256 = 0x000B,
	RD_TPM_SHA384 = 0x000C,
	RD_TPM_SHA512 = 0x000D,
	RD_TPM_NULL = 0x0010,
	RD_TPM_RSASSA = 0x0014,
	RD_TPM_RSAPSS = 0x0016,
	RD_TPM_ECDSA = 0x0018,
	RD_TPM_ECC = 0x0023,
};
/* False for an algorithm that is no hash of ours. */
bool rd_tpm_hash(uint16_t alg, enum rd_hash *out);
/* The hash whose digests have this length; 0: none of ours. */
uint16_t rd_tpm_hash_of_len(size_t len);
/* "sha256", or "unknown". */
const char *rd_tpm_hash_name(uint16_t alg);
/* 0: no hash of ours. */
uint16_t rd_tpm_hash_named(struct rd_view name);

/* A big-endian reader: after the first read that does not fit everything is empty and `bad`. */
struct rd_tpm_reader {
	struct rd_view rest;
	bool bad;
};
struct rd_view rd_tpm_take(struct rd_tpm_reader *r, size_t len);
uint16_t rd_tpm_u16(struct rd_tpm_reader *r);
uint32_t rd_tpm_u32(struct rd_tpm_reader *r);
uint64_t rd_tpm_u64(struct rd_tpm_reader *r);
/* TPM2B: a length of 16 bits, at most `max`, and the bytes. */
struct rd_view rd_tpm_2b(struct rd_tpm_reader *r, size_t max);

struct rd_tpm_selection {
	uint16_t hash;
	uint32_t mask; /* bit n: register n */
};
struct rd_tpm_quote {
	struct rd_view all, qualified_signer, extra_data, pcr_digest;
	uint64_t clock, firmware_version;
	uint32_t reset_count, restart_count;
	bool safe;
	uint32_t n_selections;
	/* Those that select nothing, as of banks that a TPM does not have, are left out. */
	struct rd_tpm_selection selection[RD_TPM_SELECTIONS_MAX];
};
/* Whole buffer, magic first, also inside a TPM2B; "tee.tpm.quote".  Another type of attestation
 * fails with "tee.tpm.type", RD_FAULT_REFUSED. */
RD_MUST_USE bool rd_tpm_quote_parse(struct rd_view bytes, struct rd_tpm_quote *out,
				    struct rd_err *err);

/* TPMT_SIGNATURE, or the bare bytes of one. */
struct rd_tpm_signature {
	uint16_t alg;         /* 0: bare */
	uint16_t hash;        /* 0: SHA-256 */
	struct rd_view bytes; /* RSA, or bare */
	struct rd_view r, s;  /* ECDSA */
};
/* True if the whole buffer is a TPMT_SIGNATURE. */
bool rd_tpm_signature_parse(struct rd_view bytes, struct rd_tpm_signature *out);

/* TPMT_PUBLIC, also inside a TPM2B or the PEM of a TSS2 PRIVATE KEY. */
#define RD_TPM_FIXED_TPM (1u << 1)
#define RD_TPM_RESTRICTED (1u << 16)
#define RD_TPM_DECRYPT (1u << 17)
#define RD_TPM_SIGN (1u << 18)
struct rd_tpm_public {
	uint32_t attributes;
	uint16_t scheme, scheme_hash; /* the only ones it signs with; RD_TPM_NULL, 0: any */
	struct rd_view spki;
};
/* True if the whole buffer is one, with a key that is one. */
bool rd_tpm_public_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_tpm_public *out);

/* Values of registers of one bank. */
struct rd_tpm_bank {
	uint16_t hash; /* 0: the file does not say */
	uint32_t mask; /* which are there */
	struct rd_view pcr[RD_TPM_PCRS];
};
struct rd_tpm_pcrs {
	uint32_t n;
	struct rd_tpm_bank bank[RD_TPM_BANKS_MAX];
};
/* {"0": "hex", ...} or {"sha256": {...}, ...}; lines "0 hex" or as tpm2_pcrread and tpm2_quote
 * print them; the binary of tpm2_quote -o (values in C structs).  False: it is none of these. */
bool rd_tpm_pcrs_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_tpm_pcrs *out);
/* tpm2_quote -F values: the bare values in the order of the quote.  False: another length. */
bool rd_tpm_pcrs_from_values(struct rd_view bytes, const struct rd_tpm_quote *quote,
			     struct rd_tpm_pcrs *out);
/* The bank of this hash, made where there is room for one; NULL. */
struct rd_tpm_bank *rd_tpm_bank_of(struct rd_tpm_pcrs *pcrs, uint16_t hash);
/* These hash to the digest of the quote. */
bool rd_tpm_pcrs_match(const struct rd_tpm_quote *quote, const struct rd_tpm_signature *signature,
		       const struct rd_tpm_pcrs *pcrs);

/* The key that a quote is checked with and where it is from, by whoever knows it already. */
struct rd_tpm_key {
	struct rd_view spki;
	bool has_public; /* the rest is known */
	uint32_t attributes;
	uint16_t scheme, scheme_hash;
};
/* The signature over these bytes by this key; a bare one may be any that the key can make. */
RD_MUST_USE bool rd_tpm_signature_check(struct rd_view message, struct rd_view spki,
					const struct rd_tpm_signature *signature,
					struct rd_err *err);
/* Leaves the reasons and claims of one quote: form, signature, key's attributes, registers, nonce.
 * `pcrs` may be NULL: no values known. */
void rd_tpm_check_quote(struct rd_tee_work *work, const struct rd_tpm_quote *quote,
			const struct rd_tpm_key *key, const struct rd_tpm_signature *signature,
			const struct rd_tpm_pcrs *pcrs);

/* ---- event logs ------------------------------------------------------------------------------ */

#define RD_TPM_EVENTS_MAX 16384u
#define RD_TPM_LOG_MAX (16u * 1024 * 1024)
#define RD_TPM_LOG_BANKS_MAX 8u /* TCG's registry of hashes, known or not */

struct rd_tpm_event {
	uint32_t pcr, type;
	struct rd_view digest[RD_TPM_LOG_BANKS_MAX]; /* by log bank */
	struct rd_view data; /* untrusted, also when the digests are right */
};
struct rd_tpm_log {
	uint32_t n_banks;
	uint16_t bank[RD_TPM_LOG_BANKS_MAX]; /* enum rd_tpm_alg */
	uint32_t n;
	struct rd_tpm_event *event;
};
/* SHA-1 logs of the old form and crypto-agile ones; "tee.tpm.log" with the offset.  Zeros or
 * FF behind the last event are padding. */
RD_MUST_USE bool rd_tpm_log_parse(struct rd_view bytes, struct rd_arena *arena,
				  struct rd_tpm_log *out, struct rd_err *err);
/* The log's bank of this hash; n_banks: it has none. */
uint32_t rd_tpm_log_bank(const struct rd_tpm_log *log, uint16_t hash);
/* What the registers are after all events of one bank (index into log->bank): EV_NO_ACTION extends
 * nothing, StartupLocality sets register 0 before its first event, 17 to 22 begin with ones.  The
 * mask tells which the log extends.  Views are in the arena. */
RD_MUST_USE bool rd_tpm_log_replay(const struct rd_tpm_log *log, uint32_t bank,
				   struct rd_arena *arena, struct rd_tpm_bank *out,
				   struct rd_err *err);

/* `measure` of the technology: the registers after a log. */
RD_MUST_USE bool rd_tpm_log_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
				    struct rd_tee_values *out, struct rd_err *err);

extern const struct rd_code_text rd_tpm_codes[];
extern const struct rd_tee rd_tee_tpm;

#endif
