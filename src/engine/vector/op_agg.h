/* Aggregation: op_agg.c finds the group of each row, agg_update.c adds to its states,
 * agg_final.c makes rows of them. */
#ifndef RD_VECTOR_AGG_H
#define RD_VECTOR_AGG_H

#include "vector_int.h"

/* Sums in 128 bits whatever the number of rows: value = low + high 2^64. */
struct agg_wide {
	rd_int128 low, high;
};

/* What one aggregate keeps.  Slot 0 belongs to rows that do not count; group i has slot i + 1. */
struct agg_state {
	void *value; /* by kind: int64_t, struct agg_wide, struct rd_vfsum *, or a flat value */
	void *wide;  /* struct agg_wide; of narrow sums what `value` could not hold: often NULL */
	void *count; /* uint64_t: values that counted */
	size_t value_cap, wide_cap, count_cap;
	uint64_t unflushed; /* rows since the last time narrow sums were added to wide ones */
	struct rd_vtable distinct; /* (slot, key words of the value) */
};

enum agg_kind { AGG_COUNT, AGG_SUM_NARROW, AGG_SUM_WIDE, AGG_SUM_DOUBLE, AGG_MIN, AGG_MAX };

struct agg_spec {
	const struct rd_agg *agg;
	enum agg_kind kind;
	enum rd_phys phys;   /* of the column */
	bool own_count;      /* else the rows of the group are its count */
	uint64_t rows_fit;   /* narrow: so many values fit 64 bits */
	struct rd_vkeys key; /* distinct: of the column */
	uint32_t same_as;    /* an earlier aggregate with the same states, or itself */
};

/* One grouping set. */
struct agg_set {
	uint64_t mask_words;
	uint32_t n_keys, *key; /* which of the node's keys */
	struct rd_vkeys keys;
	bool direct, cache; /* one integer key, whole; or a few small keys, as a cache */
	int64_t least[8];
	uint64_t span[8], n_slots;
};

struct agg {
	struct rd_vop op;
	const struct rd_vnode *node, *input;
	struct rd_vrun_state *run;
	uint32_t n_aggs, n_sets;
	struct agg_spec *spec;
	struct agg_set *set;
	bool want_rows; /* some aggregate counts with the group's rows */
	struct rd_vrows rows;
};

/* One set in one thread. */
struct agg_groups {
	struct rd_vtable table;
	struct rd_vkeys keys; /* with this thread's interners */
	struct rd_vkey_run *run;
	uint32_t *slot; /* of a direct or cached key: number + 1 */
	void *rows;     /* uint64_t a slot */
	size_t rows_cap;
	struct agg_state *state;
};

struct agg_local {
	struct agg_groups *groups;
	struct rd_vkeys *distinct; /* an aggregate's key with this thread's interner */
	struct rd_vkey_run **distinct_run;
	uint64_t *words, *words2;
	uint32_t id[RD_BATCH_ROWS], gid[RD_BATCH_ROWS], gid2[RD_BATCH_ROWS], miss[RD_BATCH_ROWS];
	uint8_t byte[RD_BATCH_ROWS];
	rd_uint128 room[2][RD_BATCH_ROWS];
	uint64_t valid[RD_VWORDS];
};

RD_MUST_USE bool rd_vagg_prepare(struct agg *a, struct rd_err *err);
/* Makes room for all groups in every state. */
RD_MUST_USE bool rd_vagg_grow(const struct agg *a, struct agg_groups *g, struct rd_err *err);
struct agg_input {
	const struct rd_vec *values;
	const uint32_t *gid;
	uint32_t n, n_slots;
};
RD_MUST_USE bool rd_vagg_update(const struct agg_spec *spec, struct agg_state *s,
				struct rd_vthread *t, const struct agg_input *in,
				struct rd_err *err);
void rd_vagg_count(uint64_t *count, const struct agg_input *in);
/* States of `from`, whose group i is `to`'s slot map[i]. */
struct agg_merge {
	const struct agg_spec *spec;
	struct agg_state *to;
	const struct agg_state *from;
	const uint32_t *map;
	uint32_t n;
};
RD_MUST_USE bool rd_vagg_merge(const struct agg_merge *m, struct rd_vthread *t, struct rd_err *err);
RD_MUST_USE bool rd_vagg_flush(struct rd_vmem *mem, struct agg_state *s, uint32_t n_slots,
			       struct rd_err *err);
/* Rows of all sets into a->rows. */
RD_MUST_USE bool rd_vagg_finish(struct agg *a, struct agg_groups *g, uint32_t set,
				struct rd_vthread *t, struct rd_err *err);
/* Rows of key words, `step` words apart. */
struct agg_words {
	const uint64_t *words;
	uint32_t n, step;
};
/* Values of key column k out of words, `step` words apart, as a flat vector. */
struct rd_vec rd_vkey_decode(const struct rd_vkeys *keys, uint32_t k, const struct agg_words *from,
			     void *room, uint64_t *valid);

#endif
