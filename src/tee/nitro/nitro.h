/*
 * AWS Nitro attestation documents, of enclaves and of NitroTPM: a COSE_Sign1 whose payload is a
 * CBOR map
 * ("Nitro Enclaves attestation process", aws-nitro-enclaves-nsm-api docs/attestation_process.md).
 */
#ifndef RD_TEE_NITRO_H
#define RD_TEE_NITRO_H

#include <redoubt/codec.h>
#include <redoubt/tee.h>

#define RD_NITRO_PCRS 32u
#define RD_NITRO_BUNDLE_MAX (RD_CERT_PATH_MAX - 1u)

/* Views point into the document.  What is null or not there is an empty view with `has` false. */
struct rd_nitro_field {
	bool has;
	struct rd_view bytes;
};
struct rd_nitro_document {
	struct rd_cose_sign1 sign1;
	struct rd_view module_id, digest;
	uint64_t timestamp_ms;
	bool is_tpm;                       /* nitrotpm_pcrs in place of pcrs */
	struct rd_view pcr[RD_NITRO_PCRS]; /* 32, 48 or 64 bytes; empty: not there */
	uint32_t n_pcrs;
	struct rd_view certificate;
	uint32_t n_bundle;
	struct rd_view bundle[RD_NITRO_BUNDLE_MAX]; /* the root first */
	struct rd_nitro_field public_key, user_data, nonce;
};
/* Tagged or not, maps of either length form; duplicate keys, trailing bytes, wrong sizes fail with
 * "tee.nitro.form".  Nothing is verified. */
RD_MUST_USE bool rd_nitro_parse(struct rd_view bytes, struct rd_nitro_document *out,
				struct rd_err *err);

const char *rd_nitro_root(uint32_t i);
extern const struct rd_code_text rd_nitro_codes[];
extern const struct rd_tee rd_tee_nitro;

#endif
