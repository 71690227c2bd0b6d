/* A join in its two halves: op_join_build.c makes the table, op_join.c asks it. */
#ifndef RD_VECTOR_JOIN_H
#define RD_VECTOR_JOIN_H

#include "vector_int.h"

struct join {
	struct rd_vrun_state *run;
	const struct rd_vnode *node;
	const struct rd_vnode *side[2]; /* 0: what is probed with, 1: what is built */
	int left;                       /* which side is the plan's left */
	bool *want;                     /* columns of left-then-right that pairs need */
	uint32_t first[2];              /* where a side's columns begin in left-then-right */
	const uint32_t *key[2];
	uint32_t n_keys;
	uint8_t kind;
	bool outer[2]; /* a side's rows without a match are given too */
	struct rd_vkeys keys[2];
	struct rd_vfilter *residual;

	/* the table, once built */
	struct rd_vrows rows;
	struct rd_vtable table;
	uint32_t *direct; /* key - least -> number + 1; instead of the table */
	int64_t least;
	uint64_t n_direct;
	uint64_t *present;  /* bits of key - least, beside the table: most probes end here */
	uint32_t *head;     /* number -> first row; NULL: the number is the row */
	uint32_t *next;     /* row -> next row of the same key */
	uint32_t *null_row; /* rows with a NULL in the key */
	uint32_t n_null;
	uint8_t *matched; /* a byte a row; where rows without match are asked for */
};

struct join_build {
	struct rd_vop op;
	struct join *join;
};
extern const struct rd_vop_ops rd_vjoin_build_ops;

/* numbers of the keys of a batch's rows, RD_NONE where there is none */
void rd_vjoin_find(const struct join *j, const uint64_t *words, uint32_t n, uint32_t *id);

#endif
