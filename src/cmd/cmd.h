/*
 * cmd, inside: what the commands share.
 *
 * A new command: one file that ends in its `const struct cmd`, one line in the array of main.c, one
 * in meson.build, doc/man/redoubt-NAME.1.scd and test/cli/NAME.sh.
 */
#ifndef RD_CMD_H
#define RD_CMD_H

#include <redoubt/base.h>

#define EXIT_USAGE 2

struct cmd {
	const char *name;
	const char *summary; /* one line for `redoubt --help` */
	const char *help;    /* the whole answer to `redoubt NAME --help` */
	/* argv[0] is the command's name; returns the exit status. */
	int (*run)(int argc, char **argv);
};

extern const struct cmd cmd_broker;
extern const struct cmd cmd_cmw;
extern const struct cmd cmd_collateral;
extern const struct cmd cmd_explain;
extern const struct cmd cmd_host;
extern const struct cmd cmd_keygen;
extern const struct cmd cmd_measure;
extern const struct cmd cmd_query;
extern const struct cmd cmd_open;
extern const struct cmd cmd_policy;
extern const struct cmd cmd_room;
extern const struct cmd cmd_seal;
extern const struct cmd cmd_table;
extern const struct cmd cmd_unseal;
extern const struct cmd cmd_verify;

/* Prints "redoubt NAME: text [code]" and what to do next; the exit status that the fault has. */
int cmd_failed(const struct cmd *cmd, const struct rd_err *err);
/* Prints what is wrong with the call and the usage. */
int cmd_misused(const struct cmd *cmd, const char *what);

/* `redoubt room run`: argv[0] is "run". */
int cmd_room_run(int argc, char **argv);

/* Listens and says where on stderr; `address_file` (may be NULL) gets the address too, for port 0.
 */
RD_MUST_USE bool cmd_listen(const struct cmd *cmd, const char *address, const char *address_file,
			    int *listener, struct rd_err *err);

/* A companion program beside this one ("redoubt-launcher"): its path, in the arena. */
RD_MUST_USE bool cmd_companion(const char *name, struct rd_arena *arena, const char **out,
			       struct rd_err *err);

/* The entry of any module's table, or NULL. */
const struct rd_code_text *cmd_code_find(const char *code);

#endif
