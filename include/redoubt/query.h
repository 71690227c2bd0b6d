/*
 * query: SQL text to a typed plan (edge only), plans as bytes, and the disclosure rules as a pure
 * function from plans to plans.
 *
 * The life of a query: rd_sql_compile (owner's machine) -> plan -> rd_rules_apply (adds the guard,
 * refuses what the classes forbid) -> rd_plan_encode (the bytes that a room holds and owners sign)
 * -> rd_plan_decode (enclave) -> engine.  The compiler binds, types and decorrelates by fixed
 * textbook rules and optimises nothing: the same text and schemas give the same bytes.
 *
 * Meaning: PostgreSQL 15 with the deviations of ENGINE.md 1, listed in doc/sql.md.
 */
#ifndef REDOUBT_QUERY_H
#define REDOUBT_QUERY_H

#include <redoubt/base.h>
#include <redoubt/table.h>

#define RD_PLAN_VERSION 1      /* of the plan's schema */
#define RD_SEMANTICS_VERSION 1 /* of what the operators mean */
#define RD_SQL_TEXT_MAX 65536
#define RD_SQL_DEPTH_MAX 200
#define RD_PLAN_TABLES_MAX 64
#define RD_PLAN_NODES_MAX 1024
#define RD_PLAN_COLUMNS_MAX 4096     /* columns of one node's output */
#define RD_PLAN_BYTES_MAX (4u << 20) /* of an encoded plan */
#define RD_PLAN_SETS_MAX 4096        /* grouping sets of one aggregate */
#define RD_PLAN_ROWS_MAX 65536       /* of a VALUES node */
#define RD_PROG_OPS_MAX 16384        /* instructions of one program */
#define RD_PROG_LIST_MAX 65536       /* entries of one instruction's list */
#define RD_LIKE_ITEMS_MAX 256
#define RD_ROUND_DIGITS_MAX 38 /* of ROUND, either sign */
#define RD_NONE 0xffffffffu    /* "no value", "no column", "no mask" */

extern const struct rd_code_text rd_query_codes[];

/* ---- expressions ------------------------------------------------------------------------ */

/*
 * A program is typed straight-line SSA: instruction i defines value i from values before it, so it
 * is evaluated, printed and checked without recursion.  All operands have been cast by the
 * compiler; the number of each op is part of the plan format.  Which operands an op takes, the type
 * of its result and whether that may be NULL follows from the table in src/query/plan_types.c,
 * which rd_instr_derive applies for compiler and check alike.
 *
 * Errors.  An instruction may fail (overflow, division by zero, a cast out of range) only for rows
 * that reach its node and for which its mask, a boolean value before it, is true; RD_NONE: always.
 * That is how CASE, COALESCE and the right side of AND and OR guard: their arms carry the mask
 * under which SQL reaches them, on every instruction that can fail (rd_instr_can_fail).  Where the
 * mask is not true the value is unspecified (but some value of its type), and the compiler takes
 * care that nobody sees it: CASE and COALESCE do not choose it, AND has false, OR has true on the
 * other side.
 *
 * Numbers.
 *  - decimals: the result is exact, or rounded half away from zero to the scale of its type;
 *    10^precision or more in the unscaled result is an error (that can only happen at 38 digits);
 *  - integers: outside the type is an error; DIV truncates toward zero, MOD has the sign of a;
 *  - doubles: IEEE, but as in PostgreSQL infinity out of finite operands is an error, and so is
 *    zero out of MUL or DIV of non-zero, finite ones, and division by zero (but NaN / 0 is NaN);
 *    ROUND: rint(a * 10^digits) / 10^digits (for digits < 0: rint(a / 10^-digits) * 10^-digits) in
 *    double arithmetic, ties to even; a itself where that would not be finite;
 *  - NaN equals NaN and is larger than all else; -0 equals 0.  Where equal values become one (group
 *    keys, DISTINCT, min, max, set operations) it is 0, and the one quiet NaN of CBOR.
 *
 * Casts: as PostgreSQL 15, by these rules.  double to integer: ties to even; double to decimal: the
 * decimal of printf's %.15g, then half away; decimal to integer: half away; decimal and integer to
 * double: correctly rounded; timestamp to date: the day it is in; anything to text: what
 * rd_value_format prints; text to anything: what rd_value_parse reads, blanks around it dropped,
 * and an error where that refuses.
 */
enum rd_op {
	RD_OP_CONST = 1,  /* `constant` */
	RD_OP_COLUMN = 2, /* a: column of the input */
	/* arithmetic: a, b; numeric result type in `type`.  NULL if an operand is. */
	RD_OP_ADD = 10,
	RD_OP_SUB = 11,
	RD_OP_MUL = 12,
	RD_OP_DIV = 13, /* integers truncate toward zero */
	RD_OP_MOD = 14,
	RD_OP_NEG = 15, /* a */
	RD_OP_ABS = 16,
	RD_OP_ROUND = 17, /* a; digits in `digits`; decimal or double */
	RD_OP_FLOOR = 18,
	RD_OP_CEIL = 19,
	RD_OP_CAST = 20, /* a -> type */
	/* a date or timestamp, b an interval CONST: a timestamp.  First the months (clipped to the
	 * month's last day), then the days, then the microseconds. */
	RD_OP_DATE_ADD = 21,
	RD_OP_EXTRACT = 22, /* a; field in `digits`: enum rd_field; a decimal */
	/* comparison: a, b of one type; boolean */
	RD_OP_EQ = 30,
	RD_OP_NE = 31,
	RD_OP_LT = 32,
	RD_OP_LE = 33,
	RD_OP_GT = 34,
	RD_OP_GE = 35,
	RD_OP_IS_NULL = 36, /* a; never NULL */
	RD_OP_IS_TRUE = 37, /* a; never NULL */
	RD_OP_IN = 38,      /* a, list of constants; Kleene with NULLs in the list */
	RD_OP_LIKE = 39,    /* a, like items */
	RD_OP_IS_FALSE = 40,
	RD_OP_IS_DISTINCT = 41, /* a, b; never NULL */
	/* logic, Kleene */
	RD_OP_AND = 50,
	RD_OP_OR = 51,
	RD_OP_NOT = 52,
	/* CASE: list of value ids [condition, result]..., else; all results of one type */
	RD_OP_CASE = 60,
	RD_OP_COALESCE = 61, /* list of value ids of one type */
	/* text */
	/* a text, b from (int64, 1 is the first), c length (int64) or RD_NONE; in characters; the
	 * part of [b, b + c) that is in the text; negative length is an error */
	RD_OP_SUBSTRING = 70,
	RD_OP_UPPER = 71, /* ASCII letters only: COLLATE "C" */
	RD_OP_LOWER = 72,
	RD_OP_LENGTH = 73, /* characters, int32 */
	RD_OP_CONCAT = 74, /* a || b; more than RD_TEXT_MAX bytes is an error */
};

enum rd_field {
	RD_FIELD_YEAR = 1,
	RD_FIELD_MONTH = 2,
	RD_FIELD_DAY = 3,
	RD_FIELD_QUARTER = 4,
	RD_FIELD_HOUR = 5,
	RD_FIELD_MINUTE = 6,
	RD_FIELD_SECOND = 7,
	RD_FIELD_DOW = 8,    /* Sunday is 0 */
	RD_FIELD_DOY = 9,    /* from 1 */
	RD_FIELD_EPOCH = 10, /* seconds since 1970 */
};

/* A LIKE pattern as a bounded automaton: pieces in order, none empty, no two BYTES and no two
 * ANY_RUN side by side.  ANY_CHAR is one character, not one byte. */
struct rd_like_item {
	enum { RD_LIKE_BYTES = 1, RD_LIKE_ANY_CHAR = 2, RD_LIKE_ANY_RUN = 3 } kind;
	struct rd_view bytes; /* RD_LIKE_BYTES */
};

struct rd_instr {
	uint16_t op;            /* enum rd_op */
	struct rd_coltype type; /* of the result */
	uint32_t a, b, c;       /* value ids (RD_OP_COLUMN: a is a column); RD_NONE if unused */
	uint32_t mask;          /* value id or RD_NONE */
	int32_t digits;         /* ROUND, EXTRACT */
	uint32_t position;      /* byte offset in the SQL text, for errors; RD_NONE if none */
	/* CASE, COALESCE: value ids; IN: constants (a's type; decimals of a's scale and any
	 * precision); LIKE: items.  What an op does not use is RD_NONE or 0. */
	uint32_t n_list;
	const uint32_t *list;
	const struct rd_value *constant; /* CONST: one; IN: n_list */
	const struct rd_like_item *like;
};

struct rd_prog {
	uint32_t n;
	const struct rd_instr *instr;
	uint32_t n_out;
	const uint32_t *out; /* value ids */
};

/* ---- nodes ------------------------------------------------------------------------------ */

enum rd_node_kind {
	RD_NODE_SCAN = 1,
	RD_NODE_VALUES = 2,
	RD_NODE_FILTER = 3,
	RD_NODE_PROJECT = 4,
	RD_NODE_JOIN = 5,
	RD_NODE_AGGREGATE = 6,
	RD_NODE_WINDOW = 7, /* refused by version 1 */
	RD_NODE_SETOP = 8,
	RD_NODE_SORT = 9,
	RD_NODE_LIMIT = 10,
	RD_NODE_GUARD = 11,
	RD_NODE_OUTPUT = 12,
};

enum rd_join_kind {
	RD_JOIN_INNER = 1,
	RD_JOIN_LEFT = 2,
	RD_JOIN_RIGHT = 3,
	RD_JOIN_FULL = 4,
	RD_JOIN_SEMI = 5,
	RD_JOIN_ANTI = 6,
	/* NOT IN: left rows for which no right row whose residual is true has keys that are equal
	 * or could be (equality, Kleene AND over the keys, is true or NULL) */
	RD_JOIN_NULL_AWARE_ANTI = 7,
	RD_JOIN_SINGLE = 8, /* scalar subquery: left join, more than one match is a data error */
};

/*
 * NULLs do not count.  Nothing to aggregate gives NULL (counts: 0).  Answers do not depend on the
 * order of rows, nor on threads:
 *  - sum and avg of integers and decimals: the exact sum; avg rounds half away to its scale;
 *  - sum of doubles: the exact sum of the values, rounded once to the nearest double, ties to even;
 *    an exact zero is +0; a sum too large is an error.  With a NaN, or both infinities: NaN; with
 *    one infinity: that one.
 *  - avg of doubles: that sum (an error if it is too large) divided by the count as a double;
 *  - stddev (sample) of any number: with the exact sums S of the values and Q of their squares, the
 *    exact quotient V = (n Q - S S) / (n (n - 1)) is rounded once to the nearest double (too large
 *    is an error) and the result is sqrt(V); NULL below two values; NaN with any NaN or infinity;
 *  - distinct: each value once.
 */
enum rd_agg_fn {
	RD_AGG_COUNT_STAR = 1,
	RD_AGG_COUNT = 2,
	RD_AGG_SUM = 3,
	RD_AGG_AVG = 4,
	RD_AGG_MIN = 5,
	RD_AGG_MAX = 6,
	RD_AGG_STDDEV = 7,
	RD_AGG_ANY = 8, /* a column that has one value, or NULL, in all rows of a group */
};

struct rd_agg {
	uint8_t fn;      /* enum rd_agg_fn */
	bool distinct;   /* not COUNT_STAR, not ANY */
	uint32_t column; /* of the input; RD_NONE for COUNT_STAR */
	uint32_t filter; /* boolean column of the input or RD_NONE: only rows where it is true */
	struct rd_coltype type; /* of the result: rd_agg_derive */
	uint32_t position;
};

struct rd_sort_key {
	uint32_t column;
	bool descending;
	bool nulls_first;
};

/*
 * What a guard asks of its input, which still carries the person counts as columns.  A row with
 * fewer than `min` (NULL is none) under any rule is dropped; the rest lose each cell that has fewer
 * than its `min`: it becomes NULL and marked.  rd_rows counts the dropped rows and the cells that
 * were taken from rows that stayed.  The mark goes with the value: through filter, sort, limit,
 * join, UNION ALL; a value that a program computes is marked if it is NULL and one of the columns
 * it is computed from (masks apart) is marked.  What an aggregate or another set-op makes has none.
 */
struct rd_guard_rule {
	uint32_t table;        /* plan table that asks */
	uint32_t count_column; /* int64: distinct persons of that table in this group */
	uint64_t min;
};
struct rd_guard_cell {
	uint32_t table;
	uint32_t column;       /* the aggregate that may be withheld */
	uint32_t count_column; /* distinct contributing persons */
	uint64_t min;
};

/* Of the rows that leave a node; rd_node_derive says how it follows from the inputs'. */
enum rd_bound { RD_BOUND_PUBLIC = 1, RD_BOUND_PADDED = 2, RD_BOUND_SECRET = 3 };

enum rd_setop_kind { RD_SETOP_UNION = 1, RD_SETOP_INTERSECT = 2, RD_SETOP_EXCEPT = 3 };

/*
 * One node.  `input` are indexes of earlier nodes.  Columns of a join's output: left's, then
 * right's (semi, anti: left's only; single: left's, then right's, nullable).  Aggregate: keys, then
 * aggregates.  Filter, sort, limit: the input's.  Set-op: the first input's, which are the second's
 * but for NULLs.  Guard: the input's first `keep` columns.  n_cols, col, bound and bound_rows
 * follow from the rest: rd_node_derive fills them, rd_plan_check compares.  A node may have no
 * columns at all (rows still count), but for output.
 *
 * The order of rows means something only from a sort upward, through limit and project to output;
 * else an answer is a multiset.
 */
struct rd_node {
	uint8_t kind;      /* enum rd_node_kind */
	uint32_t input[2]; /* RD_NONE if unused */
	uint32_t n_cols;
	const struct rd_coltype *col;
	uint8_t bound;       /* enum rd_bound of the number of rows that leave */
	uint64_t bound_rows; /* public and padded: at most; secret: 0 */
	union {
		struct {
			uint32_t table;
			const uint32_t *column;
		} scan; /* n_cols column ids */
		struct {
			uint32_t n_rows;
			const struct rd_coltype *type; /* n_cols, nullable as declared */
			const struct rd_value *value; /* row-major; their own nullable is ignored */
		} values;
		struct {
			struct rd_prog prog;
		} filter; /* one boolean output */
		struct {
			struct rd_prog prog;
		} project; /* n_cols outputs */
		struct {
			uint8_t kind; /* enum rd_join_kind */
			uint32_t n_keys;
			const uint32_t *left_key, *right_key; /* columns, equal types; NULL never
								 matches (null-aware anti apart) */
			bool has_residual;
			struct rd_prog residual;        /* over left's then right's columns */
			bool left_unique, right_unique; /* a hint that the keys are unique there:
							   no answer may depend on it */
			uint32_t position;              /* of SINGLE's error; else RD_NONE */
		} join;
		struct {
			uint32_t n_keys;
			const uint32_t *key; /* input columns */
			uint32_t n_aggs;
			const struct rd_agg *agg;
			/* Grouping sets, bit i: key i (then at most 64 keys), the others NULL; 0:
			 * the one of all keys.  The set without keys: exactly one row. */
			uint32_t n_sets;
			const uint64_t *set;
		} aggregate;
		struct {
			uint8_t op; /* enum rd_setop_kind */
			bool all;
		} setop;
		struct {
			uint32_t n_keys;
			const struct rd_sort_key *key;
		} sort; /* total: every column of the input exactly once */
		struct {
			uint64_t count, offset;
		} limit; /* count UINT64_MAX: no limit; the input is a sort */
		struct {
			uint32_t keep;
			uint32_t n_rules;
			const struct rd_guard_rule *rule;
			uint32_t n_cells;
			const struct rd_guard_cell *cell;
		} guard;
		struct {
			const struct rd_view *name;
		} output; /* n_cols names; the last node */
	};
};

struct rd_plan_table {
	struct rd_view name; /* as the query calls it */
	uint32_t n_cols;     /* of the table's schema, for checking */
	const struct rd_column *column;
};

/*
 * Nodes are in topological order: inputs have smaller indexes; a node may feed several (WITH used
 * twice), every node but the last feeds one at least, the last is the one OUTPUT.  Sorts are total:
 * the compiler appends all remaining columns as ties' breakers, and a LIMIT without ORDER BY sorts
 * by all columns (rows that differ in the sign of a zero only may come in either order).
 */
struct rd_plan {
	uint32_t n_tables;
	struct rd_plan_table *table;
	uint32_t n_nodes;
	struct rd_node *node;
};

/*
 * The types, on one code path for compiler, rules and check (src/query/plan_types.c).
 *
 * rd_instr_derive: the full type of instruction i, whose operands' types are set.  CONST and CAST:
 * instr->type says which type is wanted; nullable is derived.  `input`: the n_input columns that
 * COLUMN reads.  Fails with "query.type" and what the op takes.
 */
RD_MUST_USE bool rd_instr_derive(const struct rd_prog *prog, uint32_t i,
				 const struct rd_coltype *input, uint32_t n_input,
				 struct rd_coltype *out, struct rd_err *err);
/* May it raise a data error for some row (its operands' types set)?  Depends on the op and the
 * types only, not on values: DIV by a constant can fail. */
bool rd_instr_can_fail(const struct rd_prog *prog, uint32_t i);
/* The result of an aggregate over a column of type `arg` (COUNT_STAR: ignored).  may_be_empty: of a
 * node without keys, or with grouping sets, or of an aggregate with a filter. */
RD_MUST_USE bool rd_agg_derive(uint8_t fn, struct rd_coltype arg, bool may_be_empty,
			       struct rd_coltype *out, struct rd_err *err);
/*
 * Fills n_cols, col (in the arena), bound and bound_rows of plan->node[index] from its kind, its
 * payload and its inputs, which have theirs (scan: n_cols is given, and values: n_cols with its
 * `type`; programs and aggregates have their types).  Indexes must be in range.
 */
RD_MUST_USE bool rd_node_derive(const struct rd_plan *plan, uint32_t index, struct rd_arena *arena,
				struct rd_err *err);

/* Deterministic CBOR, doc/format/plan.cddl.  The plan must be one that passes rd_plan_check. */
RD_MUST_USE bool rd_plan_encode(const struct rd_plan *plan, struct rd_buf *out, struct rd_err *err);
/* Hostile bytes: decoded without recursion and checked with rd_plan_check. */
RD_MUST_USE bool rd_plan_decode(struct rd_view cbor, struct rd_arena *arena, struct rd_plan *out,
				struct rd_err *err);
/* Every index, type, scale and shape: an engine may rely on a plan that passed. */
RD_MUST_USE bool rd_plan_check(const struct rd_plan *plan, struct rd_err *err);
/* Indented text, one node a line, for `--explain` and `room show`. */
RD_MUST_USE bool rd_plan_print(const struct rd_plan *plan, struct rd_buf *out, struct rd_err *err);
/* The column ids of one plan table that the plan reads, ascending: the keys a broker releases. */
RD_MUST_USE bool rd_plan_columns_read(const struct rd_plan *plan, uint32_t table,
				      struct rd_arena *arena, const uint32_t **column, uint32_t *n,
				      struct rd_err *err);

/* ---- SQL, edge only --------------------------------------------------------------------- */

struct rd_sql_table {
	struct rd_view name;
	const struct rd_schema *schema;
};

/* Errors name line, column and the words at the position; what is outside the dialect is refused
 * with code "query.sql.unsupported", an unknown name with the nearest known one. */
RD_MUST_USE bool rd_sql_compile(struct rd_view sql, const struct rd_sql_table *table,
				uint32_t n_tables, struct rd_arena *arena, struct rd_plan *out,
				struct rd_err *err);
/* "1:14" for a byte offset. */
void rd_sql_line_column(struct rd_view sql, uint32_t offset, uint32_t *line, uint32_t *column);

/* ---- disclosure rules (PROTOCOL.md 6) --------------------------------------------------- */

/* What one owner's table asks; classes come from the plan's table schema. */
struct rd_table_rules {
	uint32_t person_column; /* column id or RD_NONE */
	uint64_t min_persons;   /* 0: not asked */
	uint64_t min_cell;      /* 0: not asked */
};

struct rd_rules_warning {
	const char *code; /* "rules.dominance", ... */
	struct rd_view text;
};
struct rd_rules_report {
	uint32_t n;
	const struct rd_rules_warning *warning;
};

/*
 * Checks every expression against the classes and gives the plan with its guard nodes; refuses
 * (fault REFUSED) with the position in the SQL text, the column and the class it would need.
 * `rules` has one entry a plan table.  Applying twice gives the same plan as once is not
 * promised: a plan that has a guard is refused.
 */
RD_MUST_USE bool rd_rules_apply(const struct rd_plan *plan, const struct rd_table_rules *rules,
				struct rd_arena *arena, struct rd_plan *out,
				struct rd_rules_report *report, struct rd_err *err);
/* For the enclave and --accept-plan: that `guarded` satisfies the rules as it stands: classes, and
 * a guard wherever the rules demand one, with counts that count what they must. */
RD_MUST_USE bool rd_rules_verify(const struct rd_plan *guarded, const struct rd_table_rules *rules,
				 struct rd_arena *arena, struct rd_rules_report *report,
				 struct rd_err *err);

#endif
