/*
 * What a trust domain that QEMU starts will measure to: "Intel TDX Module Base Architecture
 * Specification", measurement of the build (TDH.MEM.PAGE.ADD, TDH.MR.EXTEND); "TDX Virtual Firmware
 * Design Guide", metadata and event log; Linux's EFI stub (command line and initrd).
 */
#ifndef RD_TEE_TDX_LAUNCH_H
#define RD_TEE_TDX_LAUNCH_H

#include <redoubt/tee.h>

/*
 * `measure` of the technology.  Of firmware: "mrtd", pages added and extended in one pass as KVM
 * does it, and, with an initrd or a command line, "rtmr2".  Of an event log (CCEL): "rtmr0" to
 * "rtmr3", as far as it extends them.  RTMR0 and RTMR1 also depend on tables of the host and on
 * what QEMU writes into the kernel: they come from a log only.  "tee.tdx.firmware"
 */
RD_MUST_USE bool rd_tdx_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
				struct rd_tee_values *out, struct rd_err *err);

#endif
