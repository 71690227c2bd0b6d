/*
 * Intel DCAP: what SGX and TDX share.  Quotes ("Intel TDX DCAP Quoting Library API", appendix A:
 * quote formats 3, 4, 5), certificates ("SGX PCK Certificate and CRL Profile"), TCB info and
 * enclave identities ("Provisioning Certification Service API", versions 3 and 4), and how a TCB
 * level is found there ("Comparing SVNs").
 */
#ifndef RD_TEE_DCAP_H
#define RD_TEE_DCAP_H

#include <redoubt/codec.h>
#include <redoubt/tee.h>

#define RD_DCAP_COMPONENTS 16u
#define RD_SGX_REPORT_LEN 384u
#define RD_TD_REPORT_LEN 584u     /* TDX 1.0 body */
#define RD_TD15_REPORT_LEN 648u   /* TDX 1.5 body */
#define RD_TD15EX_REPORT_LEN 885u /* TDX 1.5 extended: what a migrated domain began as */

enum rd_dcap_kind {
	RD_DCAP_SGX,
	RD_DCAP_TDX,
	RD_DCAP_NEITHER, /* an identity of an enclave that makes no quotes: Intel's QVE */
};

/* ---- quotes ---------------------------------------------------------------------------------- */

/* An SGX report body: of the enclave, and of the quoting enclave.  Views of its 384 bytes. */
struct rd_sgx_body {
	struct rd_view cpusvn, miscselect, isvextprodid, attributes, mrenclave, mrsigner, configid,
		isvfamilyid, report_data;
	uint16_t isvprodid, isvsvn, configsvn;
	bool debug;
};
struct rd_sgx_body rd_sgx_body_read(struct rd_view report);

struct rd_td_body {
	struct rd_view tee_tcb_svn, mrseam, mrsignerseam, seamattributes, td_attributes, xfam, mrtd,
		mrconfigid, mrowner, mrownerconfig, rtmr[4], report_data;
	struct rd_view tee_tcb_svn2, mrservicetd; /* TDX 1.5; else empty */
	/* TDX 1.5 extended; else empty.  vmid: of the domain's partition, 0 for the whole. */
	struct rd_view vmid, td_id, devinfo, init_mrservicetd, init_cpusvn, init_tee_tcb_svn,
		init_fmspc, current_mrservicetd;
};
/* 584, 648 or 885 bytes. */
struct rd_td_body rd_td_body_read(struct rd_view report);

enum rd_dcap_cert_type { RD_DCAP_CERT_PCK_CHAIN = 5 };

struct rd_quote {
	uint16_t version;
	enum rd_dcap_kind kind;
	struct rd_view signed_bytes; /* header and body */
	struct rd_view vendor_id, body;
	struct rd_view signature, attest_key; /* 64 bytes each, big-endian pairs */
	struct rd_view qe_report, qe_signature, qe_auth;
	uint16_t cert_type;
	struct rd_view cert_data;
};
/* "tee.dcap.quote" where a length is not inside its parent or the parts do not add up; what is
 * understood but not supported (P-384 keys, other versions) fails with RD_FAULT_REFUSED. */
RD_MUST_USE bool rd_quote_parse(struct rd_view bytes, struct rd_quote *out, struct rd_err *err);

/* The header's QE vendor id is Intel's. */
bool rd_dcap_is_intel(struct rd_view vendor_id);

/* ---- the PCK certificate --------------------------------------------------------------------- */

struct rd_pck {
	uint8_t component[RD_DCAP_COMPONENTS];
	uint16_t pcesvn;
	struct rd_view fmspc, pceid, ppid, platform_instance_id; /* 6, 2, 16; 16 or empty */
	/* Of platforms with several sockets; else not stated. */
	bool has_configuration, dynamic_platform, cached_keys, smt_enabled;
};
/* The extension 1.2.840.113741.1.13.1; "tee.dcap.pck" if anything in it is missing, twice or
 * broken. */
RD_MUST_USE bool rd_pck_read(const struct rd_cert *cert, struct rd_pck *out, struct rd_err *err);

/* ---- collateral ------------------------------------------------------------------------------ */

#define RD_DCAP_LEVELS_MAX 256u
#define RD_DCAP_MODULES_MAX 16u

struct rd_tcb_level {
	uint8_t sgx[RD_DCAP_COMPONENTS], tdx[RD_DCAP_COMPONENTS];
	uint16_t pcesvn;
	uint16_t isvsvn; /* of enclaves and modules */
	struct rd_view status, date;
	struct rd_view advisories; /* separated by ", " */
	/* The components as listed, which say what updates them; NULL where not stated (version 2).
	 */
	const struct rd_doc *sgx_parts, *tdx_parts;
};
struct rd_tcb_levels {
	uint32_t n;
	struct rd_tcb_level *level;
};
struct rd_tdx_module {
	struct rd_view id; /* "TDX_03"; empty: the tdxModule of TDX 1.0 */
	struct rd_view mrsigner, attributes, attributes_mask;
	struct rd_tcb_levels levels;
};
/* A JSON object as it was delivered, and the 64 bytes of the signature over exactly that. */
struct rd_signed_json {
	struct rd_view bytes, signature;
};
struct rd_tcb_info {
	struct rd_signed_json json;
	enum rd_dcap_kind kind;
	int64_t issue_date, next_update;
	struct rd_view fmspc, pceid;
	uint32_t evaluation_number;
	bool has_module;
	struct rd_tdx_module module;
	uint32_t n_modules;
	struct rd_tdx_module modules[RD_DCAP_MODULES_MAX];
	struct rd_tcb_levels levels;
};
/* Is it one, of whatever content? */
bool rd_tcb_info_is(struct rd_view json);
/* {"tcbInfo": {...}, "signature": hex}, or {"tcb_info": "{...}", "tcb_info_signature": hex, ...};
 * versions 2 and 3; "tee.dcap.tcb_info". */
RD_MUST_USE bool rd_tcb_info_parse(struct rd_view json, struct rd_arena *arena,
				   struct rd_tcb_info *out, struct rd_err *err);

struct rd_qe_identity {
	struct rd_signed_json json;
	enum rd_dcap_kind kind; /* id QE, TD_QE or another */
	int64_t issue_date, next_update;
	uint32_t evaluation_number;
	struct rd_view miscselect, miscselect_mask, attributes, attributes_mask, mrsigner;
	uint16_t isvprodid;
	struct rd_tcb_levels levels;
};
bool rd_qe_identity_is(struct rd_view json);
/* {"enclaveIdentity": {...}, "signature": hex}, or {"qe_identity": "{...}",
 * "qe_identity_signature": hex, ...}; version 2; "tee.dcap.qe_identity". */
RD_MUST_USE bool rd_qe_identity_parse(struct rd_view json, struct rd_arena *arena,
				      struct rd_qe_identity *out, struct rd_err *err);

/* ---- levels ---------------------------------------------------------------------------------- */

/* The first level that the platform reaches, or NULL.  tee_tcb_svn: of a TD, else NULL. */
const struct rd_tcb_level *rd_tcb_level_find(const struct rd_tcb_info *info,
					     const struct rd_pck *pck, const uint8_t *tee_tcb_svn);
/* The first level of an enclave or module whose isvsvn is at most this one, or NULL. */
const struct rd_tcb_level *rd_isv_level_find(const struct rd_tcb_levels *levels, uint16_t isvsvn);
/* The platform's status with that of its quoting enclave or module put on top. */
struct rd_view rd_tcb_converge(struct rd_view platform, struct rd_view other);
/* Of a TD 1.5: its status by what it was launched under, and by what runs now. */
struct rd_view rd_tcb_relaunch(struct rd_view launch, struct rd_view current);
/* What the platform lacks for the best level: "SGX component 8 is 3, needs 5"; nothing: no text. */
void rd_tcb_lacks(const struct rd_tcb_info *info, const struct rd_pck *pck,
		  const uint8_t *tee_tcb_svn, struct rd_buf *out);

/* ---- verification ---------------------------------------------------------------------------- */

/* A quote on its way through verification. */
struct rd_dcap {
	struct rd_tee_work w;
	enum rd_dcap_kind kind;
	struct rd_quote quote;
	struct rd_tee_pool *pool;
	const struct rd_cert *root;
	const struct rd_cert *leaf;
	bool has_pck;
	struct rd_pck pck;
	bool has_info, has_identity;
	struct rd_tcb_info info;
	struct rd_qe_identity identity;
	const struct rd_tcb_level *qe_level; /* of the identity; NULL: it reaches none */
	struct rd_td_body td;                /* TDX */
	struct rd_view status;               /* converged; empty: not known */
	struct rd_view advisories, date;
};
/* Everything that SGX and TDX share: leaves reasons, and sets status, tcb_status and the claims of
 * the collateral.  Report data, measurements and rules are the technology's. */
void rd_dcap_verify(struct rd_dcap *d);
/* documents.c: TCB info and QE identity found among the collateral, their signatures and dates. */
void rd_dcap_check_documents(struct rd_dcap *d);
/* The versions of the platform, in levels.c's words. */
void rd_dcap_check_tcb(struct rd_dcap *d);
void rd_dcap_check_qe(struct rd_dcap *d);
RD_MUST_USE bool rd_dcap_needs(const struct rd_tee_input *in, struct rd_arena *arena,
			       struct rd_buf *out, struct rd_err *err);

const char *rd_dcap_root(uint32_t i);
bool rd_dcap_document(struct rd_view bytes, uint32_t i, struct rd_arena *arena,
		      struct rd_tee_document *out);
extern const struct rd_code_text rd_dcap_codes[];
extern const struct rd_tee rd_tee_sgx, rd_tee_tdx;

/* What a policy may say of the platform and of its collateral, of either kind. */
#define RD_DCAP_PLATFORM_RULES \
	{ .key = "fmspc", \
	  .claim = "fmspc", \
	  .kind = RD_RULE_ONE_OF, \
	  .len = 6, \
	  .help = "kinds of platforms" }, \
		{ .key = "platform_ids", \
		  .claim = "platform_id", \
		  .kind = RD_RULE_ONE_OF, \
		  .len = 16, \
		  .help = "machines that are known: another machine's stolen key does not help " \
			  "then" }, \
		{ .key = "smt", \
		  .claim = "smt", \
		  .kind = RD_RULE_FLAG, \
		  .help = "the platform runs two threads a core" }, \
		{ .key = "dynamic_platform", \
		  .claim = "dynamic_platform", \
		  .kind = RD_RULE_FLAG, \
		  .help = "packages may be added to the platform" }, \
		{ .key = "cached_keys", \
		  .claim = "cached_keys", \
		  .kind = RD_RULE_FLAG, \
		  .help = "Intel's registration service holds the platform's root keys" }, \
		{ .key = "min_tcb_evaluation_number", \
		  .claim = "tcb_evaluation_number", \
		  .kind = RD_RULE_AT_LEAST, \
		  .help = "least evaluation number of TCB info and QE identity" }, \
	{ \
		.key = "max_collateral_age", .claim = "collateral_issued", \
		.kind = RD_RULE_MAX_AGE, \
		.help = "days since the older of TCB info and QE identity was issued" \
	}

#endif
