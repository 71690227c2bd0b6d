/*
 * The launch digest of a virtual machine that QEMU, or Amazon's EC2, starts under SEV-SNP: AMD
 * 56860, 8.17 (SNP_LAUNCH_UPDATE, PAGE_INFO), AMD APM volume 2, table B-4 (VMSA), QEMU
 * target/i386/sev.c (order of pages, hashes of kernel, initrd and command line, initial registers);
 * EC2's differences as virtee's sev-snp-measure has them.
 */
#ifndef RD_TEE_SNP_LAUNCH_H
#define RD_TEE_SNP_LAUNCH_H

#include <redoubt/tee.h>

/* `measure` of the technology: "measurement"; needs firmware, vcpus and, for QEMU, cpu.
 * "tee.snp.firmware" */
RD_MUST_USE bool rd_snp_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
				struct rd_tee_values *out, struct rd_err *err);

/* The digest after the firmware's own pages (in) and after everything (out). */
RD_MUST_USE bool rd_snp_measure_rest(const struct rd_tee_launch *in, uint8_t digest[48],
				     struct rd_err *err);

#endif
