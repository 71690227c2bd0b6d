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
 * verify is pure: bytes, collateral and time come in, reasons and claims go out.  What a claim is
 * worth (is this measurement wanted, is this platform accepted) is attest's to say, not ours: a
 * technology only lists in `rules` what may be asked of its claims.  A new technology is a folder
 * and one line in rd_tees: nothing else changes.
 */
#ifndef REDOUBT_TEE_H
#define REDOUBT_TEE_H

#include <redoubt/base.h>
#include <redoubt/codec.h>
#include <redoubt/crypto.h>

extern const struct rd_code_text rd_tee_codes[];

/* ---- claims ---------------------------------------------------------------------------------- */

#define RD_CLAIMS_MAX 4096u /* bytes of an encoded claims map */
#define RD_REPORT_DATA_LEN 64u
#define RD_MEASUREMENT_LEN 48u /* SHA-384 of the enclave file */
#define RD_EAT_PROFILE "tag:redoubt,2026:evidence-v1"

/* What the evidence is for; mixed into the binding, so that one cannot serve as another. */
enum rd_role {
	RD_ROLE_NONE = 0,
	RD_ROLE_BROKER = 1, /* a session with a broker */
	RD_ROLE_READER = 2, /* later */
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
	struct rd_view nonce; /* receipts: SHA-256(payload), equal to binding */
	struct rd_view room_hash;
	struct rd_view query;           /* name of the query, UTF-8 */
	struct rd_view parameters_hash; /* SHA-256 of the CBOR parameters */
	struct rd_view e_sign, e_kem;   /* the enclave's fresh public keys */
	struct rd_view spki_hash;       /* the broker's key; empty, and absent, for receipts */
	struct rd_view binding;

	bool has_launch; /* the three below are there: not in a draft */
	struct rd_view measurement;
	struct rd_view launch_config;
	uint32_t sandbox_missing; /* mask of enum rd_sandbox_layer (redoubt/os.h) */
};

/* Deterministic CBOR; a programmer's slip in a length fails with "tee.claims.form". */
RD_MUST_USE bool rd_claims_encode(const struct rd_claims *claims, struct rd_buf *out,
				  struct rd_err *err);
/* Strict: exactly these keys, types and lengths for the role; with all three launcher's claims or
 * none of them (has_launch). */
RD_MUST_USE bool rd_claims_decode(struct rd_view bytes, struct rd_claims *out, struct rd_err *err);
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
RD_MUST_USE bool rd_bundle_decode(struct rd_view bytes, struct rd_bundle *out, struct rd_err *err);

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

/* ---- what verification says ------------------------------------------------------------------ */

/* What a reason is about.  Each has one result. */
enum rd_aspect {
	RD_ASPECT_CRYPTO = 0,     /* signatures, chains, bindings, validity dates of certificates */
	RD_ASPECT_REVOCATION = 1, /* revocation lists present, fresh, clean */
	RD_ASPECT_TCB = 2,        /* firmware and microcode versions, their status words */
	RD_ASPECT_POLICY = 3,     /* reference values, debug, levels, platforms, expected claims */
	RD_ASPECTS = 4
};
/* Of one reason, and of an aspect: the least of its reasons, warnings aside. */
enum rd_result {
	RD_RESULT_FAIL = 0,   /* the zero refuses */
	RD_RESULT_ABSENT = 1, /* could not be looked at: collateral or time is missing */
	RD_RESULT_PASS = 2,
	RD_RESULT_WARNING = 3, /* worth a person's look; changes no result */
};
/* "FAIL" is lower-case here: "fail", "absent", "pass", "warning"; "crypto"... */
const char *rd_result_name(enum rd_result result);
const char *rd_aspect_name(enum rd_aspect aspect);

/* One check and how it went, for a person and a program.  Texts live in the arena or forever. */
struct rd_reason {
	enum rd_aspect aspect;
	enum rd_result result;
	const char *code;               /* stable, in a table of codes: "tee.snp.signature" */
	const char *claim;              /* what was looked at: "reported_tcb" */
	struct rd_view expected, found; /* text */
	struct rd_view remedy;          /* what would lift it, where more is known than the code
					   says: "microcode 219, needs 222"; else empty */
};

/* What the evidence says, under the name that outputs and policies use.  A dot nests:
 * "pcrs.0" is entry 0 of the map pcrs. */
enum rd_claim_kind {
	RD_CLAIM_BYTES = 0, /* printed in hexadecimal */
	RD_CLAIM_NULL,
	RD_CLAIM_TEXT, /* UTF-8 */
	RD_CLAIM_UINT,
	RD_CLAIM_BOOL,
	RD_CLAIM_TIME, /* seconds since 1970, printed as RFC 3339 */
};
struct rd_tee_claim {
	const char *name;
	enum rd_claim_kind kind;
	struct rd_view bytes; /* bytes and text */
	uint64_t number;      /* uint, bool, time */
};

#define RD_REASONS_MAX 128u
#define RD_TEE_CLAIMS_MAX 160u

/* Normalised.  Views point into the evidence, the collateral or the arena. */
struct rd_tee_result {
	enum rd_level level;
	struct rd_view report_data;     /* 64 or 32 bytes; empty where the form has none */
	struct rd_view platform_id;     /* SNP chip id, PCK platform id, EK, launcher's public key;
					   empty where the evidence hides it */
	struct rd_view platform_digest; /* launch digest of the VM, MRTD...; empty at `software` */
	bool measures_enclave;          /* this hardware measures the enclave file itself ... */
	struct rd_view enclave_digest;  /* ... and this is its value, to equal the claim */
	bool debug;                     /* the technology says that memory can be inspected */
	struct rd_view product;         /* "Milan": chooses the part of a policy; may be empty */
	struct rd_view tcb_status;      /* "UpToDate": the vendor's word; may be empty */
	uint32_t n_reasons;
	struct rd_reason reason[RD_REASONS_MAX];
	uint32_t n_claims;
	struct rd_tee_claim claim[RD_TEE_CLAIMS_MAX];
};
/* Of one aspect: the least of its reasons; ABSENT if there is none but warnings. */
enum rd_result rd_tee_result_of(const struct rd_tee_result *result, enum rd_aspect aspect);
/* No reason is FAIL or ABSENT, and there is one that is PASS. */
bool rd_tee_result_clean(const struct rd_tee_result *result);
/* The code of the one reason about tcb_status: FAIL unless it is the vendor's best word, and then
 * PASS where a policy accepts the word (`tcb_statuses`).  Claim "advisories": the vendor's ids,
 * separated by ", ". */
#define RD_TEE_STATUS_CODE "tee.tcb.status"
/* NULL if there is none of that name. */
const struct rd_tee_claim *rd_tee_claim_find(const struct rd_tee_result *result, const char *name);

/* A piece that verification may use besides the evidence: certificate, revocation list, TCB info,
 * key, event log... told apart by what it is, not by its name. */
struct rd_collateral {
	const char *name; /* for reasons: its file, or "" when it travelled with the evidence */
	struct rd_view bytes;
	bool trusted; /* the verifier's own file.  A bare key counts only then. */
};

#define RD_NONCE_MAX 1024u

/* What verify may use besides the evidence.  Nothing is fetched. */
struct rd_tee_input {
	struct rd_view report;
	uint32_t n_collateral;
	const struct rd_collateral *collateral;
	int64_t now_unix_s;   /* < 0: no trusted time; what needs one is then ABSENT */
	struct rd_view nonce; /* that the evidence must carry; empty: not demanded, a warning */
	uint32_t n_anchors;   /* roots accepted beside the compiled-in ones: tests, own CAs */
	const struct rd_cert *anchor;
};

/*
 * For those who write a `verify`: where reasons and claims go.  The first failure of memory, or of
 * room in the result, sticks, and rd_tee_done says so; a result without room for a reason never
 * passes.  Strings of `name`, `code` and `claim` must outlive the result (literals or arena).
 */
struct rd_tee_work {
	const struct rd_tee_input *in;
	struct rd_arena *arena;
	struct rd_tee_result *out;
	struct rd_err *err;
	bool failed;
};
/* Clears *out. */
void rd_tee_begin(struct rd_tee_work *work, const struct rd_tee_input *in, struct rd_arena *arena,
		  struct rd_tee_result *out, struct rd_err *err);
RD_MUST_USE bool rd_tee_done(struct rd_tee_work *work);
void rd_tee_reason(struct rd_tee_work *work, struct rd_reason reason);
/* The common case: one check, texts copied from C strings. */
struct rd_tee_words {
	const char *code, *claim, *expected, *found;
};
void rd_tee_check(struct rd_tee_work *work, enum rd_aspect aspect, bool ok,
		  struct rd_tee_words words);
/* A check whose failure has an error with a text: `ok` false takes found from `why` (copied). */
void rd_tee_check_err(struct rd_tee_work *work, enum rd_aspect aspect, bool ok,
		      struct rd_tee_words words, const struct rd_err *why);
void rd_tee_claim_bytes(struct rd_tee_work *work, const char *name, struct rd_view bytes);
void rd_tee_claim_text(struct rd_tee_work *work, const char *name, struct rd_view text);
void rd_tee_claim_uint(struct rd_tee_work *work, const char *name, uint64_t number);
void rd_tee_claim_bool(struct rd_tee_work *work, const char *name, bool value);
void rd_tee_claim_time(struct rd_tee_work *work, const char *name, int64_t unix_s);
void rd_tee_claim_null(struct rd_tee_work *work, const char *name);
/* "pcrs.7": a name made at run time, in the arena; "" when memory ran out. */
const char *rd_tee_name(struct rd_tee_work *work, const char *fmt, ...) RD_PRINTF(2, 3);
/* Hexadecimal in the arena, for a reason's texts; "nothing" for no bytes. */
struct rd_view rd_tee_hex(struct rd_tee_work *work, struct rd_view bytes);
/* The nonce rule that is the same for all: equal, or a warning when none is demanded. */
void rd_tee_check_nonce(struct rd_tee_work *work, struct rd_view found);
/* The same for a field of fixed length: a shorter nonce stands in front of zeros. */
void rd_tee_check_report_nonce(struct rd_tee_work *work, struct rd_view report_data);

/* ---- keys among the collateral -----------------------------------------------------------------
 */

/* Public keys (SPKI) of the verifier's own files: PEM, JWK, sets of JWK, COSE_Key.  One that cannot
 * be used leaves a warning "tee.collateral".  How many, at most `max`. */
uint32_t rd_tee_keys(struct rd_tee_work *work, struct rd_view *spki, uint32_t max);

/* ---- certificates among the collateral --------------------------------------------------------
 */

#define RD_TEE_CERTS_MAX 64u
#define RD_TEE_CRLS_MAX 16u

/* Every certificate and revocation list of the collateral, in its order: DER, PEM, lists as
 * hexadecimal, certificates percent-encoded in saved headers, and any of these as strings in JSON.
 * A piece that looks like one and cannot be read leaves a warning "tee.collateral". */
struct rd_tee_pool {
	uint32_t n_certs, n_crls;
	struct rd_cert cert[RD_TEE_CERTS_MAX];
	struct rd_crl crl[RD_TEE_CRLS_MAX];
};
/* NULL when memory ran out (the work has failed then). */
struct rd_tee_pool *rd_tee_pool_read(struct rd_tee_work *work);
/* One piece more, such as a chain inside the evidence; for untrusted bytes. */
void rd_tee_pool_add(struct rd_tee_work *work, struct rd_tee_pool *pool, struct rd_view bytes);

/* A path to find: from `leaf` through the pool to one of `root` (the vendor's) or of the input's
 * anchors. */
struct rd_tee_chain {
	const char *claim; /* what the leaf is, for the reasons: "vcek" */
	const struct rd_cert *leaf, *root;
	uint32_t n_roots;
	bool ignore_unknown_critical;
};
/*
 * Leaves "tee.chain" (signatures, names, profile) and "tee.chain.time" (dates), and the warning
 * "tee.anchor.test" if an anchor of the input was used.  True if the path holds, dates aside.
 */
bool rd_tee_check_chain(struct rd_tee_work *work, const struct rd_tee_chain *chain,
			const struct rd_tee_pool *pool, struct rd_cert_path *out);
/*
 * The revocation list of `issuer` among the pool's: leaves one of "tee.crl.absent" (ABSENT),
 * "tee.crl" (FAIL: wrong signature, dates...), "tee.revoked" (FAIL) or "tee.crl" (PASS).
 */
void rd_tee_check_revocation(struct rd_tee_work *work, const struct rd_tee_pool *pool,
			     const struct rd_cert *cert, const struct rd_cert *issuer);

/* The reason "tee.report_data": the result's report data is that of these encoded claims of ours.
 */
void rd_tee_check_report_data(struct rd_tee_work *work, struct rd_view claims);

/* ---- rules: what a policy may say of a technology's claims ------------------------------------
 */

enum rd_rule_kind {
	RD_RULE_ONE_OF,  /* the claim (bytes, text, uint) is in the policy's list; a claim name that
			    ends with a dot takes a map of lists: pcrs: {0: [...]} */
	RD_RULE_NONE_OF, /* it is not */
	RD_RULE_AT_LEAST, /* uint; a name that ends with a dot takes a map: min_tcb: {snp: 24} */
	RD_RULE_AT_MOST,
	RD_RULE_FLAG,    /* bool: `forbidden`, `allowed` or `required` (to be true) */
	RD_RULE_MAX_AGE, /* time: at most so many days before the time of verification */
};
enum rd_flag { RD_FLAG_ALLOWED = 0, RD_FLAG_FORBIDDEN = 1, RD_FLAG_REQUIRED = 2 };

/*
 * One key of a technology's map in a policy file.  `profile` is what holds without a policy file,
 * `strict` what holds with one that does not name the key (flags only).  A `reference` that the
 * policy does not set leaves a warning: nothing compares this claim.
 */
struct rd_tee_rule {
	const char *key;   /* "measurements"; the end of a table is a NULL key */
	const char *claim; /* "measurement" */
	enum rd_rule_kind kind;
	enum rd_flag profile, strict;
	bool protects; /* flags: true is the safer value, which a suggested policy requires */
	bool reference;
	enum rd_claim_kind
		value;    /* of the policy's values: BYTES (0 is taken as that), TEXT, UINT */
	uint32_t len;     /* of BYTES; 0: any */
	const char *help; /* half a line, for the manual and `policy suggest` */
};

/* What collect asks of its device. */
struct rd_tee_collector {
	struct rd_view report_data;           /* 64 bytes */
	const struct rd_secret *launcher_key; /* process: Ed25519 seed; others NULL */
	const char *device_root;              /* prefix before /dev and /sys for tests; "" */
};

/* What is launched; parts without data, and 0, are not given. */
struct rd_tee_launch {
	struct rd_view file; /* an enclave, an enclave image, firmware, an event log */
	struct rd_view kernel, initrd, command_line;
	struct rd_view cpu; /* the virtual CPU's model, as QEMU names it, or CPUID signature */
	struct rd_view vmm; /* who starts it: "qemu", as without data, or "ec2" */
	uint32_t vcpus;
};
/* For a technology that measures one file: refuses the other parts with "tee.launch". */
RD_MUST_USE bool rd_tee_launch_is_file(const struct rd_tee_launch *in, struct rd_err *err);

/* What it will measure to: digests under the names of claims ("pcrs.0"). */
#define RD_TEE_VALUES_MAX 64u
struct rd_tee_value {
	const char *name;
	struct rd_view digest;
};
struct rd_tee_values {
	uint32_t n;
	struct rd_tee_value value[RD_TEE_VALUES_MAX];
};
/* Appends a copy of the digest; false when memory or room is out. */
RD_MUST_USE bool rd_tee_values_add(struct rd_tee_values *values, struct rd_arena *arena,
				   const char *name, struct rd_view digest, struct rd_err *err);

/* A signed document of a vendor, such as TCB info: by whom, over what, from when until when. */
#define RD_TEE_DOCUMENTS_MAX 2u /* in one piece */
struct rd_tee_document {
	const char *kind, *signer_cn;
	struct rd_view bytes, signature; /* ECDSA P-256 with SHA-256, R and S */
	int64_t issue_date, next_update;
};

struct rd_tee {
	const char *name;            /* "process", "snp": as rooms and policies write it */
	const char *content_type;    /* of the bundle in a CMW */
	enum rd_level level;         /* the best this technology can give */
	uint32_t must_not_be_absent; /* mask 1 << enum rd_aspect: absent there refuses, as crypto
					does */
	const struct rd_tee_rule *rules;  /* ends with a NULL key; NULL: none */
	const struct rd_code_text *codes; /* of its own, ends with a NULL code; NULL: none */
	/* PEM of the vendor's certificate number i that is trusted; NULL behind the last.  NULL:
	 * there is no vendor's root. */
	const char *(*root)(uint32_t i);
	/* Is a document of the vendor's, of its sort number i (< RD_TEE_DOCUMENTS_MAX), in the
	 * bytes?  NULL: it has none. */
	bool (*document)(struct rd_view bytes, uint32_t i, struct rd_arena *arena,
			 struct rd_tee_document *out);
	/*
	 * Pure, bounded by the report's length, memory only from the arena.  False only where the
	 * report is not of this technology's form (RD_FAULT_MALFORMED), or is of a form that is
	 * understood but not supported (RD_FAULT_REFUSED); everything else it has to say is
	 * reasons: each check leaves one, passed or not.
	 */
	bool (*verify)(const struct rd_tee_input *in, struct rd_arena *arena,
		       struct rd_tee_result *out, struct rd_err *err);
	/*
	 * What to fetch so that this evidence can be verified: appends lines "FILE URL", FILE being
	 * a good name for it in a collateral folder.  Pure.  NULL: nothing is published for it.
	 */
	bool (*needs)(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_buf *out,
		      struct rd_err *err);
	/* Offline: what evidence will say of what is launched.  Pure.  NULL: it cannot be computed
	 * here. */
	bool (*measure)(const struct rd_tee_launch *in, struct rd_arena *arena,
			struct rd_tee_values *out, struct rd_err *err);
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
 * Is a piece of collateral genuine by itself, without evidence?  The other pieces serve as its
 * chain.  Certificates must lead to the root of some technology (or an anchor of the input), a
 * revocation list or document must be signed by a certificate that does, and all be inside their
 * dates (now_unix_s < 0: not looked at).  *kind is what it is.  "tee.collateral.kind" (malformed),
 * "tee.collateral.signer" and "tee.collateral.time" (refused).
 */
RD_MUST_USE bool rd_collateral_check(const struct rd_tee_input *in, uint32_t piece,
				     struct rd_arena *arena, const char **kind, struct rd_err *err);

/*
 * Evidence as M3 and receipts carry it: CMW -> technology -> bundle -> verify -> claims decoded and
 * matched with report_data (a reason "tee.report_data" says if not).  claims_bytes are what to
 * hash and compare.  Evidence of an unknown type fails with "tee.type.unknown".
 */
struct rd_evidence {
	const struct rd_tee *tee;
	struct rd_bundle bundle;
	struct rd_claims claims;
	struct rd_tee_result result;
};
RD_MUST_USE bool rd_evidence_verify(struct rd_view cmw, int64_t now_unix_s, struct rd_arena *arena,
				    struct rd_evidence *out, struct rd_err *err);
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
