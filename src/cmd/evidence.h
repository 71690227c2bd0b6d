/* What `verify`, `policy` and `collateral` share: evidence and what goes with it, from files. */
#ifndef RD_CMD_EVIDENCE_H
#define RD_CMD_EVIDENCE_H

#include <redoubt/attest.h>

#define CMD_COLLATERAL_MAX 64u

/* As given on the command line; NULL: not given. */
struct cmd_evidence_args {
	const char *file, *type, *at, *nonce, *policy;
	uint32_t n_collateral;
	const char *collateral[CMD_COLLATERAL_MAX]; /* files or folders */
};

/* Everything read, nothing verified. */
struct cmd_evidence {
	const struct rd_tee *tee;
	struct rd_tee_input in;
	struct rd_view claims; /* ours, when the file is a wrapper (CMW) with such; else empty */
	struct rd_evidence_policy policy;
};

/* NULL with *err set: lists the names. */
const struct rd_tee *cmd_evidence_type(struct rd_view name, struct rd_err *err);
/* A policy file and the anchors that it names; path NULL: the profile. */
RD_MUST_USE bool cmd_policy_read(const char *path, struct rd_arena *arena,
				 struct rd_evidence_policy *out, struct rd_err *err);
/* The file, its collateral, nonce, time and policy. */
RD_MUST_USE bool cmd_evidence_read(const struct cmd_evidence_args *args, struct rd_arena *arena,
				   struct cmd_evidence *out, struct rd_err *err);
/* Collateral, anchors and time only. */
RD_MUST_USE bool cmd_collateral_read(const struct cmd_evidence_args *args, struct rd_arena *arena,
				     struct rd_tee_input *out, struct rd_err *err);
/* The technology's verification, and that claims of ours are what was signed. */
RD_MUST_USE bool cmd_evidence_verify(const struct cmd_evidence *evidence, struct rd_arena *arena,
				     struct rd_tee_result *out, struct rd_err *err);

/* Verified and held against its policy; a CMW message by message, each by its own kind. */
RD_MUST_USE bool cmd_evidence_appraise(const struct cmd_evidence *evidence, struct rd_arena *arena,
				       struct rd_tee_result *out, struct rd_appraisal *appraisal,
				       struct rd_err *err);

/* getopt_long's options of all three, and what one of them sets; false: not one of these. */
#define CMD_EVIDENCE_OPTIONS \
	{ "type", required_argument, NULL, 't' }, { "collateral", required_argument, NULL, 'c' }, \
		{ "at", required_argument, NULL, 'a' }, { "nonce", required_argument, NULL, 'n' }, \
	{ \
		"policy", required_argument, NULL, 'p' \
	}
bool cmd_evidence_option(int option, const char *value, struct cmd_evidence_args *args);

#endif
