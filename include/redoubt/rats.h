/*
 * rats: the messages that verifiers, their sources and those who rely on them exchange (RFC 9334):
 * attestation results (EAR), reference values (CoRIM), wrapped messages (CMW) and plain COSE_Sign1
 * endorsements.  Edge only; pure.
 *
 * Each kind has the shape of a technology (struct rd_tee with level NONE): `verify` leaves reasons
 * and claims, so that one command and one policy engine serve evidence and messages about it.
 */
#ifndef REDOUBT_RATS_H
#define REDOUBT_RATS_H

#include <redoubt/attest.h>
#include <redoubt/codec.h>
#include <redoubt/tee.h>

extern const struct rd_code_text rd_rats_codes[];

/* "ear", "corim", "cmw", "cose", "eat"; ends with NULL. */
extern const struct rd_tee *const rd_rats_kinds[];

/* ---- JWS (RFC 7515), compact form -------------------------------------------------------------
 */

struct rd_jws {
	struct rd_view signing_input, payload, signature;
	struct rd_view alg; /* "ES256" */
};
/* Three parts in base64url, a header without `crit`; nothing is verified.  "rats.jws.form" */
RD_MUST_USE bool rd_jws_parse(struct rd_view text, struct rd_arena *arena, struct rd_jws *out,
			      struct rd_err *err);
/* ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256, each with its own kind of key: never
 * "none", never a MAC, never a key from the header.  "rats.jws.alg", "crypto.signature" */
RD_MUST_USE bool rd_jws_check(const struct rd_jws *jws, struct rd_view spki, struct rd_err *err);
/* A JWS by an Ed25519 key. */
RD_MUST_USE bool rd_jws_sign(struct rd_view payload, const struct rd_secret *ed25519_seed,
			     struct rd_buf *out, struct rd_err *err);

/* ---- EAR (draft-ietf-rats-ear) ----------------------------------------------------------------
 */

#define RD_EAR_PROFILE "tag:ietf.org,2026:rats/ear#04"
#define RD_EAR_PROFILE_OLD "tag:github.com,2023:veraison/ear"

/* Tiers of AR4SI (draft-ietf-rats-ar4si), worst last. */
enum rd_ear_tier {
	RD_EAR_NONE = 0,
	RD_EAR_AFFIRMING = 2,
	RD_EAR_WARNING = 32,
	RD_EAR_CONTRAINDICATED = 96,
};
const char *rd_ear_tier_name(enum rd_ear_tier tier);
/* The tier that a value of a trustworthiness vector (-128 to 127) belongs to. */
enum rd_ear_tier rd_ear_tier_of(int64_t value);

/* A claims set of an EAR about one attester, from an appraisal: `name` is the submodule, `old`
 * takes the names of before draft 03 (ear.status) that Trustee reads. */
struct rd_ear_options {
	const char *name;
	int64_t issued_unix_s;
	bool old;             /* JSON only */
	bool cbor;            /* for a CWT */
	struct rd_view nonce; /* empty: none; in CBOR 8 to 64 bytes */
};
RD_MUST_USE bool rd_ear_claims(const struct rd_appraisal *appraisal,
			       const struct rd_ear_options *options, struct rd_buf *out,
			       struct rd_err *err);

/* ---- CoRIM (draft-ietf-rats-corim) ------------------------------------------------------------
 */

#define RD_CORIM_VALUES_MAX 96u

/* One reference value: what an environment's measurement should be. */
struct rd_corim_value {
	struct rd_view vendor, model; /* text; may be empty */
	struct rd_view key;           /* mkey, or a register's name: encoded CBOR; may be empty */
	uint32_t digest_alg;          /* of the IANA registry: 1 SHA-256, 7 SHA-384; 0: no digest */
	struct rd_view digest;
};
struct rd_corim {
	struct rd_view id; /* text, or a UUID's bytes */
	bool id_is_text;
	int64_t not_before, not_after; /* < 0: not stated */
	struct rd_view profile;        /* text; may be empty */
	uint32_t n_tags, n_values;
	struct rd_corim_value value[RD_CORIM_VALUES_MAX];
};
/* Tag 501, or a CoMID alone (an untagged map with triples); "rats.corim.form".  Values beyond the
 * room are counted in n_values and not kept. */
RD_MUST_USE bool rd_corim_parse(struct rd_view bytes, struct rd_corim *out, struct rd_err *err);
/* Verified as evidence of type corim would be, and parsed; `pinned` bytes are known to the caller
 * and need no signature, but what fails in them still refuses. */
RD_MUST_USE bool rd_corim_open(const struct rd_tee_input *in, bool pinned, struct rd_arena *arena,
			       struct rd_corim *out, struct rd_err *err);
/* Its digests, by the name of their measurement or register, as values that the policy accepts for
 * the claims of that name; the environment's model, where it has one, is the technology's name.
 * "rats.corim.references" if there is none for `tee`. */
RD_MUST_USE bool rd_corim_references(const struct rd_corim *corim, const struct rd_tee *tee,
				     struct rd_arena *arena, struct rd_evidence_policy *policy,
				     struct rd_err *err);
/* An unsigned CoRIM with one CoMID of reference values: SHA-384 digests by name. */
struct rd_corim_reference {
	const char *name; /* mkey, text */
	struct rd_view digest;
};
RD_MUST_USE bool rd_corim_write(const char *id, const char *model,
				const struct rd_corim_reference *reference, uint32_t n,
				struct rd_buf *out, struct rd_err *err);

/* ---- CMW (draft-ietf-rats-msg-wrap) -----------------------------------------------------------
 */

#define RD_CMW_ENTRIES_MAX 32u

struct rd_cmw_entry {
	const char *label;   /* of the collection; "" in a record */
	struct rd_view type; /* a content type, or the number of one in decimal */
	struct rd_view value;
	uint32_t indicator; /* bits: reference values 1, endorsements 2, evidence 4, results 8; 0:
			       not said */
};
struct rd_cmw {
	uint32_t n;
	struct rd_cmw_entry entry[RD_CMW_ENTRIES_MAX];
};
/* Record, tagged record or collection, in CBOR or JSON, or in the extension of a certificate (DER
 * or PEM); collections nest to a depth of 4, with labels joined by '/'.  "rats.cmw.form" */
RD_MUST_USE bool rd_cmw_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_cmw *out,
			      struct rd_err *err);
/* One entry without a label becomes a record, others a collection, in CBOR (deterministic) or JSON;
 * types that are numbers are written as numbers.  "rats.cmw.entry" */
RD_MUST_USE bool rd_cmw_write(const struct rd_cmw *cmw, bool json, struct rd_buf *out,
			      struct rd_err *err);

/* Claims of all messages under their labels, and the appraisals of all, merged. */
struct rd_cmw_outcome {
	struct rd_tee_result result;
	struct rd_appraisal appraisal;
};
/*
 * Every message verified by its own kind, with the certificates, lists and endorsements among them
 * as collateral, and appraised by what the policy says of that kind: the whole is accepted if each
 * of them is.  in->report is the CMW.
 */
RD_MUST_USE bool rd_cmw_appraise(const struct rd_evidence_policy *policy,
				 const struct rd_tee_input *in, struct rd_arena *arena,
				 struct rd_cmw_outcome *out, struct rd_err *err);

#endif
