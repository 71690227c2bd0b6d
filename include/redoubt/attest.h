/*
 * attest: is this evidence good enough?  Policy (what is accepted), expectation (what the claims
 * must say, recomputed by the verifier), appraisal (four findings with reasons), verdict.
 *
 * Words as in RATS (RFC 9334): the tee module verifies what evidence says by itself (signatures,
 * chains); this module appraises it against reference values.  Pure: time and collateral come in.
 */
#ifndef REDOUBT_ATTEST_H
#define REDOUBT_ATTEST_H

#include <redoubt/base.h>
#include <redoubt/codec.h>
#include <redoubt/tee.h>

extern const struct rd_code_text rd_attest_codes[];

/* ---- policy ---------------------------------------------------------------------------------- */

#define RD_POLICY_VERSION 1
#define RD_POLICY_TEES_MAX 16u
#define RD_POLICY_MEASUREMENTS_MAX 64u
#define RD_POLICY_PLATFORMS_MAX 1024u
#define RD_PLATFORM_ID_MAX 128u /* bytes */
#define RD_POLICY_NAME_MAX 64u  /* bytes of a name */

/* A reference value: at `software`, and where the hardware measures the enclave itself, the
 * platform digest is empty; in a confidential VM it is the launch digest that goes with it. */
struct rd_reference {
	struct rd_view name;            /* for people: "redoubt-enclave 0.1" */
	struct rd_view measurement;     /* 48 bytes: SHA-384 of the enclave file */
	struct rd_view platform_digest; /* empty, 32 or 48 bytes */
};

/* A machine: SNP chip id, PCK platform id, TPM EK digest, launcher's public key. */
struct rd_platform {
	struct rd_view name;
	struct rd_view id;
};

/*
 * What a room or a verifier accepts.  An empty list of references, technologies or platforms is an
 * error, never "anything": `any_platform` must be written out, and is refused together with
 * level `software`.  Views borrow from what it was read from.
 */
struct rd_policy {
	enum rd_level min_level;
	uint32_t n_tees;
	struct rd_view tee[RD_POLICY_TEES_MAX]; /* names of technologies: "process", "snp" */
	uint32_t n_references;
	const struct rd_reference *reference;
	bool any_platform;
	uint32_t n_platforms;
	const struct rd_platform *platform;
	/* Mask of enum rd_sandbox_layer that may be missing; PROTOCOL.md's default demands
	 * namespaces, seccomp and not-dumpable.  0: none may be missing. */
	uint32_t sandbox_may_miss;
	/* Empty: any; else each 32 bytes, the claim must be one of them. */
	uint32_t n_launch_configs;
	const struct rd_view *launch_config;
	bool require_revocation; /* absent revocation data refuses, at level hardware or operator */
};

/* One CBOR array, a field of the compiled room (doc/format/policy.cddl).  Deterministic. */
RD_MUST_USE bool rd_policy_encode(const struct rd_policy *policy, struct rd_buf *out,
				  struct rd_err *err);
/* Hostile bytes; checked with rd_policy_check. */
RD_MUST_USE bool rd_policy_decode(struct rd_view cbor, struct rd_arena *arena,
				  struct rd_policy *out, struct rd_err *err);
/* That it makes sense: unique lists, none empty, the rules on platforms above.  Whether a named
 * technology is known is for those who write policies (rd_policy_from_doc): evidence of one that is
 * not is never accepted. */
RD_MUST_USE bool rd_policy_check(const struct rd_policy *policy, struct rd_err *err);
/*
 * Edge only.  The map under `accept:` of a room or the root of a policy file:
 *
 *	level: software                # hardware, operator, tpm; software must be written out
 *	tees: [process]
 *	measurements:
 *	  - {name: redoubt-enclave 0.1, enclave: HEX96}     # platform: HEX in a confidential VM
 *	platforms:                     # or the word: any
 *	  - {name: host-1, id: HEX}
 *	sandbox_may_miss: [landlock, secret-pages]          # default: all but the demanded three
 *	launch_configs: [HEX64]        # optional
 *	revocation: required           # required (default) or optional
 *
 * `name` is the file's name, for errors with line and column; unknown keys get a suggestion.
 */
RD_MUST_USE bool rd_policy_from_doc(const struct rd_doc *doc, const char *name,
				    struct rd_arena *arena, struct rd_policy *out,
				    struct rd_err *err);

/* ---- evidence policies ----------------------------------------------------------------------- */

/*
 * What a verifier demands of evidence's claims, per technology: the values for the rules that the
 * technology lists (struct rd_tee_rule).  Without a file the *profile* holds; a file starts from
 * strict defaults, and says more:
 *
 *	version: 1
 *	revocation: required            # default; or optional
 *	anchors: [test-root.pem]        # accepted beside the vendors' roots; a warning each time
 *	reference_values:               # CoRIM files: more values for the claims they name
 *	  - {file: golden.corim, keys: [vendor.pem]}   # signed; without keys: by an anchor
 *	  - {file: own.corim, sha256: HEX64}           # or this very file
 *	tdx:
 *	  mrtd: [HEX96, ...]
 *	  tcb_statuses:
 *	    - UpToDate                  # default: this alone
 *	    - {status: SWHardeningNeeded, until: 2027-01-01T00:00:00Z, advisories: [INTEL-SA-00289]}
 *	snp:
 *	  min_tcb: {snp: 24, microcode: 219}
 *	  debug: forbidden
 *	  products:
 *	    Milan: {min_tcb: {microcode: 222}}   # in place of the general value
 *
 * An empty list is an error.
 */
#define RD_EVIDENCE_POLICY_SETTINGS_MAX 256u
#define RD_EVIDENCE_POLICY_VALUES_MAX 1024u /* of one setting */
#define RD_EVIDENCE_POLICY_ANCHORS_MAX 16u
#define RD_EVIDENCE_POLICY_MANIFESTS_MAX 8u
#define RD_EVIDENCE_POLICY_KEYS_MAX 4u

struct rd_rule_value {
	struct rd_view key;  /* "0" of pcrs: {0: [...]}; empty where the rule takes a plain list */
	struct rd_view text; /* as written */
	uint64_t number; /* of AT_LEAST, AT_MOST, MAX_AGE (days), and of a rule of UINT values */
};
struct rd_rule_setting {
	const struct rd_tee *tee;
	const struct rd_tee_rule *rule;
	struct rd_view product; /* empty: every product */
	enum rd_flag flag;
	uint32_t n_values;
	const struct rd_rule_value *value;
};
struct rd_accepted_status {
	const struct rd_tee *tee;
	struct rd_view status;
	int64_t until_unix_s; /* < 0: always */
	bool any_advisory;
	uint32_t n_advisories; /* the evidence may have these and no others */
	const struct rd_view *advisory;
};
struct rd_evidence_policy {
	bool from_file; /* false, with all else zero: the profile */
	bool revocation_optional;
	uint32_t n_settings;
	const struct rd_rule_setting *setting;
	uint32_t n_statuses;
	const struct rd_accepted_status *status;
	uint32_t n_anchor_files; /* names as written: the caller reads them ... */
	struct rd_view anchor_file[RD_EVIDENCE_POLICY_ANCHORS_MAX];
	uint32_t n_manifests; /* likewise: the caller reads them and adds what they say */
	struct rd_manifest_file {
		struct rd_view file, sha256; /* sha256: 32 bytes, or empty */
		uint32_t n_keys;
		struct rd_view key[RD_EVIDENCE_POLICY_KEYS_MAX];
	} manifest[RD_EVIDENCE_POLICY_MANIFESTS_MAX];
	uint32_t n_anchors; /* ... into these */
	const struct rd_cert *anchor;
};
/* Edge only.  `name` is the file's, for errors with line and column; `more` (may be NULL) are kinds
 * beside rd_tees of which it may speak. */
RD_MUST_USE bool rd_evidence_policy_from_doc(const struct rd_doc *doc, const char *name,
					     const struct rd_tee *const *more,
					     struct rd_arena *arena, struct rd_evidence_policy *out,
					     struct rd_err *err);
/* The policy file that would accept exactly this, as text with a comment for each rule. */
RD_MUST_USE bool rd_evidence_policy_suggest(const struct rd_tee *tee,
					    const struct rd_tee_result *result, struct rd_buf *out,
					    struct rd_err *err);

/* ---- appraisal ------------------------------------------------------------------------------- */

/* What the claims must be: recomputed by the verifier from its own side of the session or from a
 * receipt.  Every field is compared; `spki_hash` is empty for receipts. */
struct rd_expected_claims {
	enum rd_role role;
	struct rd_view nonce, room_hash, query, parameters_hash, e_sign, e_kem, spki_hash, binding;
};

/* Those of the evidence and of the appraisal. */
#define RD_APPRAISAL_REASONS_MAX (RD_REASONS_MAX + 96u)

enum rd_verdict { RD_VERDICT_REFUSED = 0, RD_VERDICT_ACCEPTED = 1 };

struct rd_appraisal {
	enum rd_verdict verdict;
	enum rd_level level; /* that the evidence reached */
	enum rd_result result[RD_ASPECTS];
	struct rd_view tcb_status;            /* the vendor's word; may be empty */
	const struct rd_reference *reference; /* that matched, or NULL */
	const struct rd_platform *platform;   /* that matched, or NULL (also with any_platform) */
	uint32_t n_reasons;                   /* every check leaves one, passed or not */
	struct rd_reason reason[RD_APPRAISAL_REASONS_MAX];
};

/*
 * Appraises verified evidence.  `expected` may be NULL only for a look at recorded evidence (then
 * the claims are not compared and a reason "attest.claims.unchecked" of result ABSENT says so).
 * Always fills `out`; false only when memory runs out: a refusal is a verdict, not an error.
 */
RD_MUST_USE bool rd_appraise(const struct rd_policy *policy, const struct rd_evidence *evidence,
			     const struct rd_expected_claims *expected, struct rd_arena *arena,
			     struct rd_appraisal *out, struct rd_err *err);
/* Verified evidence that need not hold claims of ours. */
struct rd_verified {
	const struct rd_tee *tee;
	const struct rd_tee_result *result;
	int64_t now_unix_s; /* the time of verification; < 0: none */
};
/*
 * Appraises it against an evidence policy: crypto must pass, nothing may fail, and what the
 * technology or the policy demands may not be absent.
 */
RD_MUST_USE bool rd_appraise_evidence(const struct rd_evidence_policy *policy,
				      const struct rd_verified *verified, struct rd_arena *arena,
				      struct rd_appraisal *out, struct rd_err *err);
/* What was found of one part, under its label, to what was found of the whole: reasons, the least
 * result of each aspect that any part has an answer to, the least level.  The verdict is the
 * caller's, and refuses if the list of reasons is full. */
RD_MUST_USE bool rd_appraisal_merge(struct rd_appraisal *whole, const struct rd_appraisal *part,
				    const char *label, struct rd_arena *arena, struct rd_err *err);
/* The refusal as an error (fault REFUSED, code of the first failing reason, all of them in the
 * text); true when accepted. */
RD_MUST_USE bool rd_appraisal_demand(const struct rd_appraisal *appraisal, struct rd_err *err);
/* Verdict line, then a table of reasons that lines up; at `software` says "software isolation, no
 * TEE".  No colours: cmd adds them. */
RD_MUST_USE bool rd_appraisal_print(const struct rd_appraisal *appraisal, struct rd_buf *out,
				    struct rd_err *err);
/* {"verdict": ..., "level": ..., "findings": {"crypto": {"result", "reasons": [...]}, ...},
 * "claims": {...}}; claims may be NULL. */
RD_MUST_USE bool rd_appraisal_json(const struct rd_appraisal *appraisal,
				   const struct rd_tee_result *claims, struct rd_buf *out,
				   struct rd_err *err);
/* The claims as a table that lines up. */
RD_MUST_USE bool rd_claims_print(const struct rd_tee_result *claims, struct rd_buf *out,
				 struct rd_err *err);

#endif
