/*
 * Enclave image files of AWS Nitro (aws-nitro-enclaves-image-format): what PCR0 to 2 and PCR8 of an
 * enclave started from one will be.
 */
#ifndef RD_TEE_NITRO_EIF_H
#define RD_TEE_NITRO_EIF_H

#include <redoubt/tee.h>

/*
 * `measure` of the technology.  pcrs.0: kernel, command line, all ramdisks; pcrs.1: kernel, command
 * line, first ramdisk; pcrs.2: the other ramdisks; each in the order of the file.  Of a signed
 * image also pcrs.8: its signing certificate, once the signature over PCR0 holds.  Format versions
 * 3 and 4; the CRC is checked.  "tee.nitro.eif" (malformed), "tee.nitro.eif.signature" (refused)
 */
RD_MUST_USE bool rd_eif_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
				struct rd_tee_values *out, struct rd_err *err);

#endif
