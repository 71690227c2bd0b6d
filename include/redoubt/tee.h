/*
 * tee: what each trusted execution technology says about an enclave, and whether it holds.
 *
 * Two parts:
 *
 *  - Claims: the EAT map that binds a session, a run or a receipt to an enclave (PROTOCOL.md 2).
 *    The same for every technology.  In the enclave's library.
 *  - Technologies: one const `struct rd_tee` each, in the visible array rd_tees.  Evidence of
 *    any of them is one *bundle*: CBOR [claims, report, [collateral...]], in a CMW record whose
 *    content type names the technology.  The report is the technology's own format, untouched (an
 *    SNP report, a TDX quote, an NSM document...), and carries report_data; the claims hash to it.
 *
 * parse and verify are pure: bytes, collateral and time come in, findings and facts go out.  What a
 * fact is worth (is this measurement wanted, is this platform accepted) is attest's to say, not
 * ours.  A new technology is a folder and one line in rd_tees: nothing else changes.
 */
#ifndef REDOUBT_TEE_H
#define REDOUBT_TEE_H

#include <redoubt/base.h>
#include <redoubt/crypto.h>

extern const struct rd_code_text rd_tee_codes[];

/* ---- claims ---------------------------------------------------------------------------------- */

#define RD_CLAIMS_MAX 4096u       /* bytes of an encoded claims map */
#define RD_REPORT_DATA_LEN 64u
#define RD_MEASUREMENT_LEN 48u    /* SHA-384 of the enclave file */
#define RD_EAT_PROFILE "tag:redoubt,2026:evidence-v1"

/* What the evidence is for; mixed into the binding, so that one cannot serve as another. */
enum rd_role {
	RD_ROLE_NONE = 0,
	RD_ROLE_BROKER = 1,  /* a session with a broker */
	RD_ROLE_READER = 2,  /* later */
	RD_ROLE_RECEIPT = 3,
};

/* Keys of the map: registered EAT ones, ours below -65536 (encoded as CBOR negative integers). */
enum rd_claim_key {
	RD_CLAIM_EAT_NONCE = 10,
	RD_CLAIM_EAT_PROFILE = 265,
	RD_CLAIM_ROLE = -65537,
	RD_CLAIM_ROOM_HASH = -65538,
	RD_CLAIM_QUERY = -65539,
	RD_CLAIM_PARAMETERS_HASH = -65540,
	RD_CLAIM_E_SIGN = -65541,
	RD_CLAIM_E_KEM = -65542,
	RD_CLAIM_SPKI_HASH = -65543,
	RD_CLAIM_BINDING = -65544,
	RD_CLAIM_MEASUREMENT = -65545,
	RD_CLAIM_LAUNCH_CONFIG = -65546,
	RD_CLAIM_SANDBOX_MISSING = -65547,
};

/*
 * The claims, taken apart.  Views borrow from the encoded bytes.  The enclave fills in the first
 * part (a *draft*); the launcher alone adds the second and encodes the whole.  Lengths are exact:
 * room_hash, parameters_hash, e_sign, e_kem, spki_hash, binding 32; nonce 32; launch_config 32;
 * measurement 48; query 1 to 128 bytes of text.
 */
struct rd_claims {
	enum rd_role role;
	struct rd_view nonce;           /* receipts: SHA-256(payload), equal to binding */
	struct rd_view room_hash;
	struct rd_view query;           /* name of the query, UTF-8 */
	struct rd_view parameters_hash; /* SHA-256 of the CBOR parameters */
	struct rd_view e_sign, e_kem;   /* the enclave's fresh public keys */
	struct rd_view spki_hash;       /* the broker's key; empty, and absent, for receipts */
	struct rd_view binding;

	bool has_launch; /* the three below are there: not in a draft */
	struct rd_view measurement;
	struct rd_view launch_config;
	uint32_t sandbox_missing;       /* mask of enum rd_sandbox_layer (redoubt/os.h) */
};

/* Deterministic CBOR; a programmer's slip in a length fails with "tee.claims.form". */
RD_MUST_USE bool rd_claims_encode(const struct rd_claims *claims, struct rd_buf *out,
				  struct rd_err *err);
/* Strict: exactly these keys, types and lengths for the role; with all three launcher's claims or
 * none of them (has_launch). */
RD_MUST_USE bool rd_claims_decode(struct rd_view bytes, struct rd_claims *out,
				  struct rd_err *err);
/* SHA-256(CBOR["redoubt-binding-v1", role, T, X]); T and X have 32 bytes. */
RD_MUST_USE bool rd_claims_binding(enum rd_role role, struct rd_view transcript,
				   struct rd_view exporter, uint8_t out[RD_SHA256_LEN],
				   struct rd_err *err);
/* SHA-512(CBOR["redoubt-evidence-v1", bstr claims]); technologies with a shorter field carry
 * SHA-256 of the same bytes: rd_claims_match tries the one that fits the field's length. */
RD_MUST_USE bool rd_claims_report_data(struct rd_view claims, uint8_t out[RD_REPORT_DATA_LEN],
				       struct rd_err *err);
/* Fails with "tee.report_data" unless `report_data` (64 or 32 bytes) is that of these claims. */
RD_MUST_USE bool rd_claims_match(struct rd_view claims, struct rd_view report_data,
				 struct rd_err *err);

/* ---- bundles --------------------------------------------------------------------------------- */

#define RD_BUNDLE_MAX (256u * 1024) /* bytes */
#define RD_COLLATERAL_MAX 16u

/* Views borrow from the input. */
struct rd_bundle {
	struct rd_view claims; /* empty in foreign evidence, which has none of ours */
	struct rd_view report;
	uint32_t n_collateral; /* certificates, CRLs, TCB info: the technology tells them apart */
	struct rd_view collateral[RD_COLLATERAL_MAX];
};
RD_MUST_USE bool rd_bundle_encode(const struct rd_bundle *bundle, struct rd_buf *out,
				  struct rd_err *err);
RD_MUST_USE bool rd_bundle_decode(struct rd_view bytes, struct rd_bundle *out,
				  struct rd_err *err);

/* ---- technologies ---------------------------------------------------------------------------- */

/* Who vouches, strongest last; the weakest link counts.  Numbers are part of rooms. */
enum rd_level {
	RD_LEVEL_NONE = 0,
	RD_LEVEL_SOFTWARE = 1, /* the launcher's word: software isolation, no TEE */
	RD_LEVEL_TPM = 2,      /* measured boot, memory not protected */
	RD_LEVEL_OPERATOR = 3, /* a cloud operator's word */
	RD_LEVEL_HARDWARE = 4, /* the CPU vendor's word */
};
/* "software"...; "none" for anything else. */
const char *rd_level_name(enum rd_level level);
RD_MUST_USE bool rd_level_parse(struct rd_view name, enum rd_level *out, struct rd_err *err);

/* One thing that verify looked at.  What a check could not do for want of input is a finding too.
 */
enum rd_finding_state {
	RD_FINDING_BAD = 0,     /* the zero refuses */
	RD_FINDING_UNKNOWN = 1, /* needed collateral or time is missing; refuses unless allowed */
	RD_FINDING_OK = 2,
};
enum rd_finding_kind {
	RD_FINDING_CRYPTO = 0,     /* signatures and certificate paths */
	RD_FINDING_REVOCATION = 1,
	RD_FINDING_TCB = 2,        /* firmware and microcode versions */
	RD_FINDING_FORM = 3,       /* reserved fields, consistency inside the evidence */
};
struct rd_finding {
	enum rd_finding_kind kind;
	enum rd_finding_state state;
	const char *code;      /* stable, in rd_tee_codes: "tee.process.signature" */
	struct rd_view text;   /* expected, found; in the arena */
};

#define RD_FINDINGS_MAX 48u
#define RD_TEE_FACTS_MAX 48u

/* Anything worth showing or appraising that only this technology has: "snp.vmpl" = "0". */
struct rd_tee_fact {
	const char *name;
	struct rd_view value; /* text in the arena */
};

/* Normalised.  Views point into the evidence or the arena. */
struct rd_tee_result {
	enum rd_level level;
	struct rd_view report_data;     /* 64 or 32 bytes */
	struct rd_view platform_id;     /* SNP chip id, PCK platform id, EK, launcher's public key;
	                                   empty where the evidence hides it */
	struct rd_view platform_digest; /* launch digest of the VM, MRTD...; empty at `software` */
	bool measures_enclave;          /* this hardware measures the enclave file itself ... */
	struct rd_view enclave_digest;  /* ... and this is its value, to equal the claim */
	bool debug;                     /* the technology says that memory can be inspected */
	uint32_t n_findings;
	struct rd_finding finding[RD_FINDINGS_MAX];
	uint32_t n_facts;
	struct rd_tee_fact fact[RD_TEE_FACTS_MAX];
};
/* All findings are RD_FINDING_OK, and there is one. */
bool rd_tee_result_clean(const struct rd_tee_result *result);

/* What verify may use besides the report. */
struct rd_tee_input {
	struct rd_view report;
	uint32_t n_collateral;            /* what travelled along, and what the verifier keeps */
	const struct rd_view *collateral;
	int64_t now_unix_s;               /* < 0: no trusted time; what needs one is then UNKNOWN */
};

/* What collect asks of its device. */
struct rd_tee_collector {
	struct rd_view report_data;           /* 64 bytes */
	const struct rd_secret *launcher_key; /* process: Ed25519 seed; others NULL */
	const char *device_root;              /* prefix before /dev and /sys for tests; "" */
};

struct rd_tee {
	const char *name;         /* "process", "snp": as rooms and policies write it */
	const char *content_type; /* of the bundle in a CMW */
	enum rd_level level;      /* the best this technology can give */
	/*
	 * Pure, bounded by the report's length, memory only from the arena.  False only where the
	 * report is not of this technology's form (RD_FAULT_MALFORMED); everything else it has to
	 * say is findings.  A result without findings is never clean.
	 */
	bool (*verify)(const struct rd_tee_input *in, struct rd_arena *arena,
		       struct rd_tee_result *out, struct rd_err *err);
	/* Device to report; may block.  NULL: this technology cannot be collected here. */
	bool (*collect)(const struct rd_tee_collector *in, struct rd_buf *report,
			struct rd_err *err);
};

/* Every technology, ending with NULL. */
extern const struct rd_tee *const rd_tees[];
/* NULL if there is none of that name or content type. */
const struct rd_tee *rd_tee_by_name(struct rd_view name);
const struct rd_tee *rd_tee_by_content_type(struct rd_view content_type);

/*
 * Evidence as M3 and receipts carry it: CMW -> technology -> bundle -> verify -> claims decoded and
 * matched with report_data (a finding "tee.report_data" says if not).  claims_bytes are what to
 * hash and compare.  Evidence of an unknown type fails with "tee.type.unknown".
 */
struct rd_evidence {
	const struct rd_tee *tee;
	struct rd_bundle bundle;
	struct rd_claims claims;
	struct rd_tee_result result;
};
RD_MUST_USE bool rd_evidence_verify(struct rd_view cmw, int64_t now_unix_s,
				    struct rd_arena *arena, struct rd_evidence *out,
				    struct rd_err *err);
/* The launcher's side: claims (complete) to a CMW, by this technology's collector. */
RD_MUST_USE bool rd_evidence_make(const struct rd_tee *tee, struct rd_view claims,
				  const struct rd_secret *launcher_key, struct rd_buf *cmw,
				  struct rd_err *err);

/* ---- process: the launcher's word ------------------------------------------------------------ */

/*
 * The report is a COSE_Sign1 of type "process-report" by the launcher's Ed25519 key over
 * CBOR ["redoubt-process-report-v1", launcher public key, report_data].  platform_id is the key:
 * whether that launcher is believed is for the room's or policy's list of platforms.
 */
extern const struct rd_tee rd_tee_process;

/* SHA-256(CBOR ["redoubt-launch-v1", bstr description, missing]): description from
 * rd_os_sandbox_describe (filters, limits), missing the mask of layers. */
RD_MUST_USE bool rd_tee_launch_config(struct rd_view description, uint32_t missing,
				      uint8_t out[RD_SHA256_LEN], struct rd_err *err);

#endif
