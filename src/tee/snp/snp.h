/*
 * AMD SEV-SNP attestation reports: "SEV Secure Nested Paging Firmware ABI Specification" (AMD
 * 56860), table ATTESTATION_REPORT; "VCEK Certificate and KDS Interface Specification" (AMD 57230).
 */
#ifndef RD_TEE_SNP_H
#define RD_TEE_SNP_H

#include <redoubt/codec.h>
#include <redoubt/tee.h>

#define RD_SNP_REPORT_LEN 1184u
#define RD_SNP_SIGNED_LEN 672u /* 0x2A0: what the signature covers */
#define RD_SNP_HWID_LEN 64u    /* CHIP_ID; Turin fills the first 8 bytes */
#define RD_SNP_HWID_TURIN_LEN 8u

/* KEY_INFO */
#define RD_SNP_KEY_AUTHOR (1u << 0) /* the ID key was signed by an author key */
#define RD_SNP_KEY_MASKED (1u << 1) /* MASK_CHIP_KEY: the host lets the VCEK sign nothing */
/* Who signed: bits 4:2 of it. */
enum rd_snp_key { RD_SNP_VCEK = 0, RD_SNP_VLEK = 1, RD_SNP_UNSIGNED = 7 };

/* POLICY */
#define RD_SNP_POLICY_SMT (1ull << 16)
#define RD_SNP_POLICY_ONE (1ull << 17) /* reserved, always 1 */
#define RD_SNP_POLICY_MIGRATE_MA (1ull << 18)
#define RD_SNP_POLICY_DEBUG (1ull << 19)
#define RD_SNP_POLICY_SINGLE_SOCKET (1ull << 20)
#define RD_SNP_POLICY_CXL (1ull << 21)
#define RD_SNP_POLICY_AES_256_XTS (1ull << 22)
#define RD_SNP_POLICY_RAPL_DISABLED (1ull << 23)
#define RD_SNP_POLICY_CIPHERTEXT_HIDING (1ull << 24)
#define RD_SNP_POLICY_PAGE_SWAP_DISABLED (1ull << 25)

/* PLATFORM_INFO */
#define RD_SNP_PLATFORM_SMT (1ull << 0)
#define RD_SNP_PLATFORM_TSME (1ull << 1)
#define RD_SNP_PLATFORM_ECC (1ull << 2)
#define RD_SNP_PLATFORM_RAPL_DISABLED (1ull << 3)
#define RD_SNP_PLATFORM_CIPHERTEXT_HIDING (1ull << 4)
#define RD_SNP_PLATFORM_ALIAS_CHECK (1ull << 5)
#define RD_SNP_PLATFORM_TIO (1ull << 7)

/* A report taken apart; views point into it. */
struct rd_snp_report {
	struct rd_view all;
	uint32_t version, guest_svn, vmpl, signature_algo, key_info;
	uint64_t policy, platform_info;
	struct rd_view family_id, image_id, report_data, measurement, host_data, id_key_digest,
		author_key_digest, report_id, report_id_ma, chip_id;
	struct rd_view current_tcb, reported_tcb, committed_tcb,
		launch_tcb; /* 8 bytes, as stored */
	bool has_cpuid;     /* version 3 on */
	uint8_t cpuid_family, cpuid_model, cpuid_stepping;
	struct rd_view current_version, committed_version; /* build, minor, major */
	bool has_mitigations;                              /* version 5 */
	uint64_t launch_mitigations, current_mitigations;
	struct rd_view signature; /* 512 bytes */
};
/* Exactly RD_SNP_REPORT_LEN bytes (else "tee.snp.length"), of version 2 to 5 (else
 * "tee.snp.version", RD_FAULT_REFUSED).  Reserved and unknown bits are not judged here. */
RD_MUST_USE bool rd_snp_parse(struct rd_view bytes, struct rd_snp_report *out, struct rd_err *err);

/* "Milan", "Genoa", "Turin" by CPUID; NULL: version 2, or a CPU that is none of these. */
const char *rd_snp_product(const struct rd_snp_report *report);

/* The versions in a TCB_VERSION; where they stand depends on the product. */
struct rd_snp_tcb {
	bool has_fmc; /* Turin */
	uint8_t fmc, bootloader, tee, snp, microcode;
	bool reserved_zero; /* all other bytes are 0 */
};
struct rd_snp_tcb rd_snp_tcb_read(struct rd_view tcb, bool is_turin);

/* What the extensions of a VCEK or VLEK say (57230, table 8 on). */
struct rd_snp_cert {
	struct rd_view product; /* "Milan-B0", "Genoa" */
	struct rd_view hwid;    /* 64 bytes, 8 on Turin; empty: none (VLEK) */
	struct rd_view csp_id;  /* VLEK */
	struct rd_snp_tcb tcb;
};
/* "tee.snp.extension" if one is missing, twice as long, negative, not in its shortest form... */
RD_MUST_USE bool rd_snp_cert_read(const struct rd_cert *cert, struct rd_snp_cert *out,
				  struct rd_err *err);

/* Adds what lies in containers among the collateral: a host's table of certificates, Azure's JSON.
 */
void rd_snp_pool_fill(struct rd_tee_work *work, struct rd_tee_pool *pool);

struct rd_snp_product_certs {
	const char *product;
	const char *ark, *ask, *asvk; /* PEM */
};
#define RD_SNP_PRODUCTS 3u
extern const struct rd_snp_product_certs rd_snp_product_certs[RD_SNP_PRODUCTS];
const char *rd_snp_root(uint32_t i);

extern const struct rd_code_text rd_snp_codes[];
extern const struct rd_tee_rule rd_snp_rules[];
extern const struct rd_tee rd_tee_snp;

#endif
