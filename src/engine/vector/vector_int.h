/*
 * What the files of the vector engine share.  The way of a run:
 *
 *   shape.c   plan -> nodes with value ranges, pushed-down predicates, needed columns (pure)
 *   build.c   nodes -> pipelines: source -> operators -> sink
 *   exec.c    pipelines over threads, morsel by morsel
 *   op_*.c    one operator a file;  expr_*.c  programs over vectors;  kern_*.c  their loops
 *
 * Three conventions of vectors inside the engine, beside those of table.h:
 *  - A value in the slot of a NULL is some value of its type (a text there may be read).
 *  - A decimal has width 8 wherever the footers' ranges prove that it fits, whatever its precision.
 *  - A column that nobody above reads is absent: data == NULL.
 */
#ifndef RD_VECTOR_INT_H
#define RD_VECTOR_INT_H

#include <redoubt/engine.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define RD_VWORDS (RD_BATCH_ROWS / 64)
#define RD_VMORSEL_ROWS 65536u

/* Loops that gcc compiles for several CPUs; the loader picks. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
	!defined(__SANITIZE_ADDRESS__)
#define RD_VCLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define RD_VCLONES
#endif

/* ---- memory: mem.c ------------------------------------------------------------------------ */

/* All memory of one run, counted against max_memory and freed together. */
struct rd_vmem {
	_Atomic uint64_t used, peak;
	uint64_t max;
	pthread_mutex_t lock;
	struct rd_vblock *blocks;
};
void rd_vmem_init(struct rd_vmem *mem, uint64_t max);
void rd_vmem_end(struct rd_vmem *mem);
/* Aligned to 64, 64 readable bytes behind it; zeroed or not.  Fails with "engine.memory". */
RD_MUST_USE void *rd_vmem_alloc(struct rd_vmem *mem, size_t len, bool zero, struct rd_err *err);
void rd_vmem_free(struct rd_vmem *mem, void *data);
/* Makes *data hold at least `need` bytes (doubling), keeps the first `keep`. */
RD_MUST_USE bool rd_vmem_grow(struct rd_vmem *mem, void **data, size_t *cap, size_t need,
			      struct rd_err *err);

/* Small things that live as long as the run (or until reset): a bump allocator. */
struct rd_vpool {
	struct rd_vmem *mem;
	uint8_t *block;
	size_t used, cap;
	struct rd_vpool_block *full;
};
RD_MUST_USE void *rd_vpool_alloc(struct rd_vpool *pool, size_t len, struct rd_err *err);
#define RD_VNEW(pool, type, count, err) \
	((type *)rd_vpool_alloc((pool), (size_t)(count) * sizeof(type), (err)))
/* Forgets everything, keeps one block. */
void rd_vpool_reset(struct rd_vpool *pool);
/* A copy whose bytes live in the pool. */
RD_MUST_USE bool rd_vpool_text(struct rd_vpool *pool, const struct rd_text *in, struct rd_text *out,
			       struct rd_err *err);

/* ---- values ------------------------------------------------------------------------------- */

/* How a value lies in memory; its index picks the kernel. */
enum rd_phys { RD_P_BOOL, RD_P_I32, RD_P_I64, RD_P_I128, RD_P_F64, RD_P_TEXT, RD_P_COUNT };
extern const uint8_t rd_phys_width[RD_P_COUNT];
/* As a table holds it. */
enum rd_phys rd_phys_of(struct rd_coltype type);

/* Bounds of the non-NULL values of a column or of an instruction; unknown: known == false.
 * Unscaled integers for decimals. */
struct rd_vrange {
	bool known;
	rd_int128 lo, hi;
};
struct rd_vrange rd_vrange_of_type(struct rd_coltype type);
rd_int128 rd_v_pow10(uint32_t exponent); /* 0..38 */

/* One column as the planner knows it. */
struct rd_vcol {
	struct rd_coltype type;
	uint8_t phys;
	struct rd_vrange range;
};

static inline bool rd_v_bit(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}
extern const uint64_t rd_v_no_rows[RD_VWORDS]; /* the validity of nothing but NULLs */

/* data of one constant or of row `i` of a flat vector */
#define RD_VAT(type, vec, i) (((const type *)(vec)->data)[(vec)->repr == RD_CONST ? 0 : (i)])

/* Lays `value` down as `phys`; text is borrowed. */
void rd_v_store(enum rd_phys phys, const struct rd_value *value, void *out);
struct rd_value rd_v_load(struct rd_coltype type, enum rd_phys phys, const void *at);
/* Order of two non-NULL values: NaN is equal to NaN and the largest. */
int rd_v_compare(enum rd_phys phys, const void *a, const void *b);

/* ---- programs: expr_compile.c, expr_run.c -------------------------------------------------- */

/* Operands of a kernel.  ca, cb: the operand is one value.  A kernel of an operation that can fail
 * sets bad[i] for each row (slots that do not count included) and any_bad. */
struct rd_vargs {
	void *r;
	const void *a, *b;
	uint8_t *bad;
	bool ca, cb, any_bad;
	uint32_t n;
};
typedef void (*rd_vkernel)(struct rd_vargs *args);

enum rd_vkind {
	RD_VK_CONST,
	RD_VK_COLUMN,
	RD_VK_STRICT, /* kernel; NULL if an operand is */
	RD_VK_SCALAR, /* row by row through rd_v_scalar */
	RD_VK_IS_NULL,
	RD_VK_IS_TRUE,
	RD_VK_IS_FALSE,
	RD_VK_DISTINCT, /* IS DISTINCT FROM; the kernel is equality */
	RD_VK_AND,
	RD_VK_OR,
	RD_VK_CASE,
	RD_VK_COALESCE,
};

struct rd_vins {
	uint8_t kind, phys, phys_a, phys_b;
	bool can_fail, by_dict; /* by_dict: `a` alone varies: may run once per dictionary entry */
	struct rd_coltype type;
	struct rd_vrange range;
	uint32_t a, b, c, mask;
	uint32_t n_list;
	const uint32_t *list;
	rd_vkernel kernel;
	const struct rd_instr *src; /* for scalars, lists, the position */
	const void *constant;       /* flat value; NULL pointer: the constant NULL */
};

struct rd_vprog {
	uint32_t n, n_out, n_cols;
	struct rd_vins *ins;
	uint32_t *out;
	uint32_t *of_src; /* the instruction that a value id of the rd_prog became */
	bool *reads;      /* n_cols: input columns that it reads */
};

/*
 * Compiles for inputs laid out as `col`.  Outputs that are not in `need` (may be NULL: all) are
 * dropped (out[i] == RD_NONE) unless they may fail.
 */
struct rd_vcompile {
	struct rd_vpool *pool;
	const struct rd_vcol *col;
	uint32_t n_cols;
	const bool *need;
};
RD_MUST_USE bool rd_vprog_compile(const struct rd_vcompile *how, const struct rd_prog *prog,
				  struct rd_vprog *out, struct rd_err *err);
/* A run of a program in one thread. */
struct rd_vstate;
RD_MUST_USE bool rd_vstate_new(const struct rd_vprog *prog, struct rd_vpool *pool,
			       struct rd_vstate **out, struct rd_err *err);
/*
 * Runs it over a batch.  Where few rows are selected they are gathered first: then *n is
 * in->n_sel and *dense is true; else *n is in->n and in->sel still holds for the outputs, which
 * are in out[0..n_out) and live until the next run.  Data errors: "engine.data", position in
 * *position.
 */
struct rd_vrun {
	struct rd_vec *out;
	uint32_t n;
	bool dense;
	uint32_t position;
};
RD_MUST_USE bool rd_vstate_run(struct rd_vstate *state, const struct rd_batch *in,
			       struct rd_vrun *run, struct rd_err *err);

/* One instruction on values: expr_scalar.c.  args are never NULL; false in *ok: a data error. */
struct rd_vscalar {
	const struct rd_instr *src;
	struct rd_coltype type_a, type_b;
	struct rd_vpool *pool; /* for text results */
};
RD_MUST_USE bool rd_v_scalar(const struct rd_vscalar *how, const struct rd_value *args,
			     struct rd_value *out, bool *ok, struct rd_err *err);
bool rd_v_like(const struct rd_like_item *item, uint32_t n, struct rd_view text);
/* Decimals and dates of expr_scalar.c; false: does not fit. decimal.c, calendar.c */
bool rd_v_rescale(rd_int128 x, int32_t from, int32_t to, rd_int128 *out);
bool rd_v_mul_div(rd_int128 a, rd_int128 b, rd_int128 d, rd_int128 *out);
bool rd_v_decimal_add(struct rd_value a, struct rd_value b, int32_t scale, rd_int128 *out);
bool rd_v_decimal_div(struct rd_value a, struct rd_value b, int32_t scale, rd_int128 *out);
bool rd_v_decimal_mod(struct rd_value a, struct rd_value b, rd_int128 *out);
double rd_v_decimal_double(rd_int128 x, int32_t scale);
bool rd_v_double_decimal(double x, int32_t scale, rd_int128 *out);
bool rd_v_date_add(int64_t micros, const struct rd_value *interval, int64_t *out);
/* enum rd_field of a timestamp, in millionths. */
rd_int128 rd_v_extract(int64_t micros, int32_t field);
/* kern_*.c; NULL where there is none. */
rd_vkernel rd_vkernel_arith(uint16_t op, enum rd_phys phys, bool checked);
rd_vkernel rd_vkernel_compare(uint16_t op, enum rd_phys phys);
rd_vkernel rd_vkernel_widen(enum rd_phys from, enum rd_phys to);

/* A batch's column as flat values of its physical width; `room` has RD_BATCH_ROWS slots. */
struct rd_vec rd_v_flatten(const struct rd_vec *in, uint32_t n, void *room);
/* Only the rows of sel, densely.  valid_room: RD_VWORDS words. */
struct rd_vec rd_v_gather(const struct rd_vec *in, const uint16_t *sel, uint32_t n_sel, void *room,
			  uint64_t *valid_room);

/* r[i] = in[at[i]]; widths in bytes, at_width 1, 2 or 4. */
struct rd_vpick {
	const void *in, *at;
	uint8_t width, at_width;
};
void rd_v_pick(void *out, struct rd_vpick from, uint32_t n);
void rd_v_fill(void *out, const void *value, uint8_t width, uint32_t n);
void rd_v_bits_to_bytes(uint8_t *restrict out, const uint64_t *restrict bits, uint32_t n);
void rd_v_bytes_to_bits(uint64_t *out, const uint8_t *bytes, uint32_t n);
/* r[i] = pick[i] ? yes[i] : r[i] */
void rd_v_choose(void *out, const void *yes, const uint8_t *pick, uint8_t width, uint32_t n);
/* Row numbers of the bytes that are 1; sel has room for n + 1. */
uint32_t rd_v_select(uint16_t *sel, const uint8_t *bytes, uint32_t n);

/* ---- operators ------------------------------------------------------------------------------ */

struct rd_vthread {
	uint32_t id;
	struct rd_vrun_state *run;
	struct rd_vpool pool; /* lives as long as the run */
};

struct rd_vop;
struct rd_vop_ops {
	const char *name;
	/* Called in each thread before its first push. */
	bool (*start)(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err);
	bool (*push)(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		     struct rd_err *err);
	/* Of a sink: once, in one thread, when all threads have pushed all.  May be NULL. */
	bool (*finish)(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err);
	/* After the pipeline's source is dry: rows that only the operator knows of (outer joins):
	 * morsel `m` of `extra_morsels`.  May be NULL. */
	bool (*extra)(struct rd_vop *op, struct rd_vthread *t, uint64_t m, struct rd_err *err);
	uint64_t (*extra_morsels)(const struct rd_vop *op);
};

/* First member of each operator's own struct. */
struct rd_vop {
	const struct rd_vop_ops *ops;
	struct rd_vop *next; /* NULL: a sink */
	const struct rd_node *node;
	struct rd_vcol *col; /* layout of what it pushes on; a sink: of what it gives */
	uint32_t n_cols;
	void **local; /* one a thread */
};

struct rd_vsource;
struct rd_vsource_ops {
	const char *name;
	bool (*prepare)(struct rd_vsource *source, struct rd_err *err); /* sets n_morsels */
	void (*end)(struct rd_vsource *source); /* when the run ends, however; may be NULL */
	bool (*run)(struct rd_vsource *source, struct rd_vthread *t, uint64_t m, struct rd_vop *to,
		    struct rd_err *err);
};
struct rd_vsource {
	const struct rd_vsource_ops *ops;
	struct rd_vsource *next; /* of the run's sources */
	uint64_t n_morsels;
	void **local;
};

/* source -> op -> ... -> sink */
struct rd_vpipe {
	struct rd_vpipe *next;
	struct rd_vsource *source;
	struct rd_vop *first, *last;
	bool in_order; /* one thread, morsels ascending */
	double est;    /* rows, a guess */
};

struct rd_vrun_state {
	const struct rd_plan *plan;
	const struct rd_table *const *table;
	const struct rd_engine_options *options;
	struct rd_vmem mem;
	struct rd_vpool pool; /* of the planner */
	uint32_t n_threads;
	struct rd_vthread *thread;
	struct rd_vpipe *first_pipe, *last_pipe;
	struct rd_vsource *sources;
	struct rd_arena *arena; /* the answer's */
	struct rd_engine_result *result;
	_Atomic bool stop;
	_Atomic uint32_t data_position;
	_Atomic uint64_t bytes_read, decrypt_ns, rows_scanned;
};

static inline bool rd_v_push(struct rd_vop *to, struct rd_vthread *t, const struct rd_batch *in,
			     struct rd_err *err)
{
	return in->n_sel == 0 || to->ops->push(to, t, in, err);
}
RD_MUST_USE bool rd_vpipes_run(struct rd_vrun_state *run, struct rd_err *err);
/* "engine.data" at a position; always false. */
bool rd_v_data_error(struct rd_vthread *t, uint32_t position, const char *what, struct rd_err *err);

/* ---- rows in memory: rows.c ------------------------------------------------------------------ */

/* Rows column by column, each column one array that grows; text bytes live in the pool. */
struct rd_vrows_col {
	struct rd_vcol col;
	bool absent, has_nulls;
	void *data;
	size_t cap;  /* bytes of data */
	void *valid; /* bits; there when has_nulls */
	size_t valid_cap;
	const struct rd_dict *dict; /* whose entries `copied` holds */
	struct rd_text *copied;     /* entry copied already: len or data set */
	bool *is_copied;
	uint32_t copied_cap;
};
struct rd_vrows {
	struct rd_vpool *pool;
	uint64_t n;
	uint32_t n_cols;
	struct rd_vrows_col *col;
};
/* keep[i] == false: column absent.  keep NULL: all. */
RD_MUST_USE bool rd_vrows_init(struct rd_vrows *rows, struct rd_vpool *pool,
			       const struct rd_vcol *col, uint32_t n_cols, const bool *keep,
			       struct rd_err *err);
RD_MUST_USE bool rd_vrows_add(struct rd_vrows *rows, const struct rd_batch *in, struct rd_err *err);
/* All of `from` behind `to`; text bytes stay where they are.  `from` is emptied. */
RD_MUST_USE bool rd_vrows_append(struct rd_vrows *to, struct rd_vrows *from, struct rd_err *err);
/* Rows [first, first+n) as a batch without copying; first is a multiple of 64; vec has n_cols. */
void rd_vrows_batch(const struct rd_vrows *rows, uint64_t first, uint32_t n, struct rd_vec *vec,
		    struct rd_batch *out);
/* One column at the row numbers `row` (RD_NONE: NULL), into room and valid_room. */
struct rd_vec rd_vrows_gather(const struct rd_vrows_col *col, const uint32_t *row, uint32_t n,
			      void *room, uint64_t *valid_room);
bool rd_vrows_is_null(const struct rd_vrows_col *col, uint64_t row);
const void *rd_vrows_at(const struct rd_vrows_col *col, uint64_t row);

/* ---- keys: key.c ------------------------------------------------------------------------------
 */

/*
 * Rows of key columns as words of 64 bits, so that hashing and comparing know no types: one word a
 * column (two for 128 bits), text through an interner, and one word of NULL bits where a column is
 * nullable.
 */
struct rd_vintern;
struct rd_vkey_col {
	uint32_t column;
	uint8_t phys;
	bool nullable;
	uint32_t word;             /* its first word */
	struct rd_vintern *intern; /* text only; may be shared between keys (join sides) */
};
struct rd_vkeys {
	uint32_t n_cols, n_words;
	uint32_t null_word; /* RD_NONE if no column is nullable */
	struct rd_vkey_col *col;
};
struct rd_vhash {
	uint64_t seed[2];
};

/* Fills words[i * n_words] for each of the n dense rows given by sel (NULL: all of in->n). */
struct rd_vkey_run;
RD_MUST_USE bool rd_vkeys_init(struct rd_vkeys *keys, struct rd_vpool *pool,
			       const struct rd_vcol *col, const uint32_t *column, uint32_t n,
			       struct rd_err *err);
RD_MUST_USE bool rd_vkey_run_new(const struct rd_vkeys *keys, struct rd_vpool *pool, bool insert,
				 struct rd_vkey_run **out, struct rd_err *err);
/* words: n_sel x n_words.  Without `insert` a text that is not interned gets RD_NONE. */
RD_MUST_USE bool rd_vkey_run(struct rd_vkey_run *run, const struct rd_batch *in, uint64_t *words,
			     struct rd_err *err);

/* Text -> number, keyed.  Not thread-safe while inserting. */
RD_MUST_USE bool rd_vintern_new(struct rd_vpool *pool, const uint64_t seed[2],
				struct rd_vintern **out, struct rd_err *err);
RD_MUST_USE bool rd_vintern_add(struct rd_vintern *in, const struct rd_text *text, uint32_t *id,
				struct rd_err *err);
uint32_t rd_vintern_find(const struct rd_vintern *in, const struct rd_text *text);
const struct rd_text *rd_vintern_text(const struct rd_vintern *in, uint32_t id);

/* Rows of words -> number 0, 1, 2...: the heart of GROUP BY, DISTINCT, set operations. */
struct rd_vtable {
	struct rd_vmem *mem;
	uint64_t seed[2];
	uint32_t n_words, n;
	void *words; /* n x n_words of uint64_t */
	size_t words_cap;
	uint64_t *slot; /* hash's high half | number + 1 */
	uint64_t mask;
};
RD_MUST_USE bool rd_vtable_init(struct rd_vtable *table, struct rd_vmem *mem,
				const uint64_t seed[2], uint32_t n_words, struct rd_err *err);
/* id[i] = the number of words[i], which is new if id[i] >= the n of before. */
RD_MUST_USE bool rd_vtable_insert(struct rd_vtable *table, const uint64_t *words, uint32_t n,
				  uint32_t *id, struct rd_err *err);
/* A key known to be new, without looking. */
RD_MUST_USE bool rd_vtable_append(struct rd_vtable *table, const uint64_t *words, uint32_t *id,
				  struct rd_err *err);
/* RD_NONE where there is none. */
void rd_vtable_find(const struct rd_vtable *table, const uint64_t *words, uint32_t n, uint32_t *id);

static inline uint64_t rd_v_mum(uint64_t a, uint64_t b)
{
	rd_uint128 m = (rd_uint128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* ---- exact sums of doubles: fsum.c --------------------------------------------------------------
 */

/* Any number of doubles, added without rounding; the value is rounded once, at the end. */
struct rd_vfsum {
	int64_t limb[70]; /* 32 bits each, from 2^-1074 */
	uint64_t n_pending;
	uint64_t n_nan, n_pos_inf, n_neg_inf;
};
void rd_vfsum_add(struct rd_vfsum *sum, double x);
void rd_vfsum_merge(struct rd_vfsum *to, const struct rd_vfsum *from);
/* Correctly rounded sum / divisor is NOT promised: the rounded sum.  *ok false: beyond double. */
double rd_vfsum_value(struct rd_vfsum *sum, bool *ok);

/* ---- planning: shape.c, build.c
 * ------------------------------------------------------------------ */

/* A predicate that was pushed onto an edge. */
struct rd_vpred {
	struct rd_vpred *next;
	struct rd_prog prog;
};
/*
 * A node of the plan as the planner sees it.  Behind its n_cols columns come booleans that say
 * which cells a guard withheld: n_all columns in all; mark[i] is the one of column i.
 */
struct rd_vnode {
	const struct rd_node *node;
	struct rd_vpred *pred[2]; /* on what comes from input[i] */
	uint32_t uses, n_all;
	bool pass;           /* a filter whose conditions all went elsewhere */
	uint32_t *mark;      /* n_cols; RD_NONE: never withheld */
	struct rd_vcol *col; /* n_all */
	bool *need;          /* n_all */
	double est, base;    /* rows, a guess: after and before filters */
};
struct rd_vshape {
	uint32_t n;
	struct rd_vnode *node;
	uint32_t *order; /* inputs first: indexes say nothing once joins have moved */
};
RD_MUST_USE bool rd_vshape_make(const struct rd_plan *plan, const struct rd_table *const *table,
				struct rd_vpool *pool, struct rd_vshape *out, struct rd_err *err);
/* semijoin.c */
RD_MUST_USE bool rd_vpush_semijoins(struct rd_vshape *shape, struct rd_vpool *pool,
				    struct rd_err *err);
RD_MUST_USE bool rd_vshape_order(struct rd_vshape *shape, struct rd_vpool *pool,
				 struct rd_err *err);
/* Moves predicates towards scans and into joins: pushdown.c. */
RD_MUST_USE bool rd_vpush_down(struct rd_vshape *shape, struct rd_vpool *pool, struct rd_err *err);
RD_MUST_USE bool rd_vbuild(struct rd_vrun_state *run, const struct rd_vshape *shape,
			   struct rd_err *err);

/* ---- operators' constructors
 * ------------------------------------------------------------------------ */

/* What all of them are given: the node, its inputs, their layouts and needs. */
struct rd_vmake {
	struct rd_vrun_state *run;
	const struct rd_vnode *node, *left, *right;
};
/* An operator of `size` bytes with its array of locals. */
RD_MUST_USE void *rd_vop_alloc(const struct rd_vmake *make, size_t size,
			       const struct rd_vop_ops *ops, struct rd_err *err);
RD_MUST_USE void *rd_vsource_alloc(const struct rd_vmake *make, size_t size,
				   const struct rd_vsource_ops *ops, struct rd_err *err);

/* Filters, for scans and for operators. */
struct rd_vfilter;
struct rd_vfilter_run;
RD_MUST_USE bool rd_vfilter_make(struct rd_vrun_state *run, const struct rd_prog *prog,
				 const struct rd_vnode *input, struct rd_vfilter **out,
				 struct rd_err *err);
RD_MUST_USE bool rd_vfilter_run_new(const struct rd_vfilter *filter, struct rd_vthread *t,
				    struct rd_vfilter_run **out, struct rd_err *err);
const bool *rd_vfilter_reads(const struct rd_vfilter *filter);
/* Replaces io->sel and io->n_sel. */
RD_MUST_USE bool rd_vfilter_apply(struct rd_vfilter_run *run, struct rd_vthread *t,
				  struct rd_batch *io, struct rd_err *err);

RD_MUST_USE bool rd_vscan_new(const struct rd_vmake *make, const struct rd_vpred *preds,
			      struct rd_vsource **out, struct rd_err *err);
RD_MUST_USE bool rd_vvalues_new(const struct rd_vmake *make, const struct rd_vrows **out,
				struct rd_err *err);
RD_MUST_USE bool rd_vfilter_op_new(const struct rd_vmake *make, const struct rd_prog *prog,
				   struct rd_vop **out, struct rd_err *err);
RD_MUST_USE bool rd_vproject_new(const struct rd_vmake *make, struct rd_vop **out,
				 struct rd_err *err);
RD_MUST_USE bool rd_vguard_new(const struct rd_vmake *make, struct rd_vop **out,
			       struct rd_err *err);
RD_MUST_USE bool rd_vlimit_new(const struct rd_vmake *make, struct rd_vop **out,
			       struct rd_err *err);
RD_MUST_USE bool rd_voutput_new(const struct rd_vmake *make, bool in_order, struct rd_vop **out,
				struct rd_err *err);
/* Sinks whose rows a source then gives. */
RD_MUST_USE bool rd_vstore_new(const struct rd_vmake *make, struct rd_vop **out,
			       struct rd_err *err);
/* keep: rows that are asked for, UINT64_MAX for all. */
RD_MUST_USE bool rd_vsort_new(const struct rd_vmake *make, uint64_t keep, struct rd_vop **out,
			      struct rd_err *err);
RD_MUST_USE bool rd_vagg_new(const struct rd_vmake *make, struct rd_vop **out, struct rd_err *err);
RD_MUST_USE bool rd_vsetop_new(const struct rd_vmake *make, struct rd_vop **left,
			       struct rd_vop **right, struct rd_err *err);
/* `rows` are the sink's, filled when this source is prepared. */
RD_MUST_USE bool rd_vrows_source_new(const struct rd_vmake *make, const struct rd_vrows *rows,
				     struct rd_vsource **out, struct rd_err *err);
const struct rd_vrows *rd_vstore_rows(const struct rd_vop *op);
const struct rd_vrows *rd_vsort_rows(const struct rd_vop *op);
const struct rd_vrows *rd_vagg_rows(const struct rd_vop *op);
const struct rd_vrows *rd_vsetop_rows(const struct rd_vop *op);
/* Is value `id` computed from a column that may be withheld?  seen: room for prog->n. */
bool rd_vproject_marked(const struct rd_prog *prog, uint32_t id, const uint32_t *mark, bool *seen);
/* A join: `build` is the sink of one side, `probe` the operator of the other. */
RD_MUST_USE bool rd_vjoin_new(const struct rd_vmake *make, bool build_left, struct rd_vop **build,
			      struct rd_vop **probe, struct rd_err *err);
/* Row numbers of `rows` in the order of the sort keys; stable beyond them. */
RD_MUST_USE bool rd_vrows_order(const struct rd_vrows *rows, const struct rd_sort_key *key,
				uint32_t n_keys, uint32_t **out, struct rd_err *err);
/* The rows in another order (or fewer), in place. */
RD_MUST_USE bool rd_vrows_permute(struct rd_vrows *rows, const uint32_t *row, uint32_t n,
				  struct rd_err *err);

#endif
