/*
 * NVIDIA GPU and switch reports: an SPDM 1.1 GET_MEASUREMENTS request and its response (DMTF
 * DSP0274 1.1, 10.11), with NVIDIA's opaque data.  The chain of the device comes as collateral.
 */
#ifndef RD_TEE_NVIDIA_H
#define RD_TEE_NVIDIA_H

#include <redoubt/tee.h>

#define RD_NVIDIA_MEASUREMENTS_MAX 96u
#define RD_NVIDIA_FWID_LEN 48u

struct rd_nvidia_measurement {
	uint8_t index;
	struct rd_view value;
};
/* Fields of the opaque data that say something; empty where they are not there. */
struct rd_nvidia_opaque {
	struct rd_view driver_version, vbios_version, board_id, chip_sku, chip_sku_mod, project,
		project_sku, project_sku_mod, fwid, protected_pcie, nvdec0, switch_pdi, chip,
		feature_flag;
};
struct rd_nvidia_report {
	struct rd_view signed_bytes, signature; /* 96 bytes r||s */
	struct rd_view nonce;                   /* of the request */
	uint32_t n_measurements;
	struct rd_nvidia_measurement measurement[RD_NVIDIA_MEASUREMENTS_MAX];
	struct rd_nvidia_opaque opaque;
};
/* A report as it is, in hexadecimal, or in JSON as NVIDIA's tools write it: {"evidence": Base64,
 * "certificate": Base64 of PEM}, in a list of one, under "evidence_list" or as a CMW collection;
 * views into the input or the arena.  "tee.nvidia.form"; of several devices "tee.nvidia.several",
 * RD_FAULT_REFUSED. */
struct rd_nvidia_evidence {
	struct rd_view report, certificates; /* the latter may be empty */
};
RD_MUST_USE bool rd_nvidia_unwrap(struct rd_view bytes, struct rd_arena *arena,
				  struct rd_nvidia_evidence *out, struct rd_err *err);
/* By SPDM's own lengths: the signature is where they end, whatever follows.  "tee.nvidia.form";
 * another SPDM version fails with RD_FAULT_REFUSED. */
RD_MUST_USE bool rd_nvidia_parse(struct rd_view bytes, struct rd_nvidia_report *out,
				 struct rd_err *err);

const char *rd_nvidia_root(uint32_t i);
extern const struct rd_code_text rd_nvidia_codes[];
extern const struct rd_tee rd_tee_nvidia;

#endif
