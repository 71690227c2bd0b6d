/*
 * What the compiler's files share.  One compilation goes:
 *
 *   sql_json.c     text -> libpg_query's parse tree as JSON, bounded, every field known
 *   sql_select.c   SELECT, set operations, WITH, ORDER BY, LIMIT
 *   sql_from.c     FROM and joins;  sql_scope.c: names to columns
 *   sql_group.c    GROUP BY and aggregates
 *   sql_expr.c     expressions -> a program (sql_prog.c);  sql_func.c, sql_pred.c: their parts
 *   sql_type.c     which types meet, casts;  sql_const.c: literals, and folding of constants
 *   sql_prune.c    drops what nothing reads, proves keys unique, gives the plan its final form
 *
 * A failure is written to sql->err and told by a bool, as everywhere; the error travels in the
 * context so that a call has room for its arguments.
 */
#ifndef RD_QUERY_SQL_INT_H
#define RD_QUERY_SQL_INT_H

#include <redoubt/query.h>

#include <jansson.h>

#define SQL_COLUMNS_MAX RD_PLAN_COLUMNS_MAX
#define SQL_NO_PLACE RD_NONE
/* Values of a program under construction; those that are read count against RD_PROG_OPS_MAX. */
#define SQL_VALUES_MAX (1u << 20)

struct sql {
	struct rd_view text;
	const struct rd_sql_table *table;
	uint32_t n_tables;
	struct rd_arena *arena;
	struct rd_err *err;
	struct rd_plan_table *plan_table; /* of `table`, for types */
	struct rd_node *node;             /* scan.table indexes `table` until sql_prune.c */
	uint32_t n_nodes, cap_nodes;
};

/* ---- sql_json.c -------------------------------------------------------------------------- */

/* The SelectStmt of the text's one statement; *root owns all of it. */
RD_MUST_USE bool sql_parse(struct sql *c, json_t **root, const json_t **select);
/* Always false; puts line, column and the words at `place` (a byte offset) before the text. */
bool sql_fail(struct sql *c, uint32_t place, const char *code, const char *fmt, ...)
	RD_PRINTF(4, 5);
bool sql_unsupported(struct sql *c, uint32_t place, const char *what);
/* {"Kind": {...}}: the kind, and the inside in *inner. */
const char *sql_kind(const json_t *node, const json_t **inner);
bool sql_is(const json_t *node, const char *kind, const json_t **inner);
/* Byte offset of a node or, where it has none, of the first node inside that has. */
uint32_t sql_place(const json_t *node);
/* Refuses fields that are not among `known` (separated by spaces). */
RD_MUST_USE bool sql_fields(struct sql *c, const json_t *inner, const char *known);
/* Fields of an inner object: "" and 0 where absent. */
const char *sql_str(const json_t *inner, const char *key);
bool sql_flag(const json_t *inner, const char *key);
const json_t *sql_get(const json_t *inner, const char *key);
/* A list's element. */
const json_t *sql_at(const json_t *list, size_t i);
/* The text of a {"String": {"sval": ..}} node, "" if it is not one. */
const char *sql_string(const json_t *node);
/* The last of a list of names; refuses a schema other than pg_catalog before it. */
RD_MUST_USE bool sql_last_name(struct sql *c, const json_t *names, const char **out);

/* ---- programs: sql_prog.c ---------------------------------------------------------------- */

/* A value of a program.  unknown: a quoted literal or NULL whose type nothing has decided yet. */
struct sql_val {
	uint32_t id;
	struct rd_coltype type;
	bool unknown;
	uint32_t place;
	uint32_t mask; /* the guard under which it is computed, and so may be cast */
};

/* Columns of scalar subqueries are numbered from here until the program is attached. */
#define SQL_SCALAR_BASE 0x40000000u
#define SQL_SCALARS_MAX 64

struct sql_prog {
	struct rd_instr *instr;
	uint32_t n, cap;
	uint32_t mask; /* what guards the values that are emitted now; RD_NONE: nothing */
	uint32_t n_scalars;
	uint32_t scalar[SQL_SCALARS_MAX]; /* nodes of one column each */
	uint32_t scalar_place[SQL_SCALARS_MAX];
};

RD_MUST_USE bool sql_emit(struct sql *c, struct sql_prog *p, const struct rd_instr *in,
			  struct sql_val *out);
RD_MUST_USE bool sql_emit_op(struct sql *c, struct sql_prog *p, const struct rd_instr *in,
			     struct sql_val *out);
RD_MUST_USE bool sql_emit_column(struct sql *c, struct sql_prog *p, uint32_t column,
				 struct rd_coltype type, struct sql_val *out);
RD_MUST_USE bool sql_emit_const(struct sql *c, struct sql_prog *p, const struct rd_value *value,
				struct sql_val *out);
/* One or two operands, a result type whose nullability is theirs. */
RD_MUST_USE bool sql_emit1(struct sql *c, struct sql_prog *p, uint16_t op, struct sql_val a,
			   struct sql_val *out);
RD_MUST_USE bool sql_emit2(struct sql *c, struct sql_prog *p, const struct rd_instr *in,
			   struct sql_val *out);
/* The constant behind a value, NULL if it is not one. */
const struct rd_value *sql_constant(const struct sql_prog *p, struct sql_val v);
/* The column behind a value, RD_NONE if it is not a bare column. */
uint32_t sql_bare_column(const struct sql_prog *p, struct sql_val v);
/* Narrows the guard to rows where `condition` (boolean, not NULL) holds. */
RD_MUST_USE bool sql_narrow(struct sql *c, struct sql_prog *p, struct sql_val condition);
/* The program with only what `out` needs. */
RD_MUST_USE bool sql_prog_finish(struct sql *c, const struct sql_prog *p, const uint32_t *out,
				 uint32_t n_out, struct rd_prog *prog);

/* ---- types and constants: sql_type.c, sql_const.c ---------------------------------------- */

static inline struct rd_coltype sql_type_of(enum rd_type type)
{
	return (struct rd_coltype){ .type = (uint8_t)type };
}
struct rd_coltype sql_decimal(uint32_t precision, uint32_t scale);
bool sql_same_type(struct rd_coltype a, struct rd_coltype b); /* nullability apart */
bool sql_is_number(struct rd_coltype type);
bool sql_is_integer(struct rd_coltype type);
/* An integer type as the decimal that holds it. */
struct rd_coltype sql_as_decimal(struct rd_coltype type);
void sql_type_name(struct rd_coltype type, char out[32]); /* PostgreSQL's words */
/* The type that two types meet in without an explicit cast; false if there is none. */
bool sql_common_type(struct rd_coltype a, struct rd_coltype b, struct rd_coltype *out);
/* Makes unknown literals, and integers where decimals or doubles are wanted, into `type`. */
RD_MUST_USE bool sql_coerce(struct sql *c, struct sql_prog *p, struct sql_val *v,
			    struct rd_coltype type);
/* Gives n values one type; `what` names the place for the error. */
RD_MUST_USE bool sql_unify(struct sql *c, struct sql_prog *p, struct sql_val **v, size_t n,
			   const char *what);
/* An unknown literal becomes text. */
RD_MUST_USE bool sql_settle(struct sql *c, struct sql_prog *p, struct sql_val *v);
RD_MUST_USE bool sql_want_bool(struct sql *c, struct sql_prog *p, struct sql_val *v,
			       const char *what);
/* CAST(v AS type) as the user writes it. */
RD_MUST_USE bool sql_explicit_cast(struct sql *c, struct sql_prog *p, struct sql_val *v,
				   struct rd_coltype type);
/* A TypeName node. */
RD_MUST_USE bool sql_type_node(struct sql *c, const json_t *name, struct rd_coltype *out,
			       int64_t *interval_fields);

/* An A_Const node's inside. */
RD_MUST_USE bool sql_const_node(struct sql *c, const json_t *inner, struct rd_value *out,
				bool *unknown);
/* A literal's text as a value of a type, as PostgreSQL's input functions read it. */
RD_MUST_USE bool sql_literal(struct sql *c, struct rd_view text, struct rd_coltype type,
			     uint32_t place, struct rd_value *out);
RD_MUST_USE bool sql_interval(struct sql *c, struct rd_view text, int64_t fields, uint32_t place,
			      struct rd_value *out);
/* The value in another type, if it has one there exactly; *done says whether. */
RD_MUST_USE bool sql_fold_cast(struct sql *c, const struct rd_value *in, struct rd_coltype type,
			       struct rd_value *out, bool *done);
/* date or timestamp + interval, at compile time. */
RD_MUST_USE bool sql_fold_date_add(struct sql *c, const struct rd_value *when,
				   const struct rd_value *interval, uint32_t place,
				   struct rd_value *out);

/* ---- names: sql_scope.c ------------------------------------------------------------------ */

struct sql_col {
	struct rd_view table; /* alias of the FROM item; empty for what JOIN USING merged */
	struct rd_view name;
	uint32_t at;            /* column of the relation */
	struct rd_coltype type; /* as it leaves the relation */
	bool bare;              /* found without a qualifier and by * */
	bool unique;  /* the schema says so, no NULLs, and it was not made NULL by a join */
	bool unknown; /* of a set operation's side: a literal without a type yet */
};

struct sql_with {
	struct rd_view name;
	uint32_t node;
	struct sql_col *col;
	uint32_t n_cols;
	const struct sql_with *next;
};

struct sql_scope {
	uint32_t node; /* the relation */
	struct sql_col *col;
	uint32_t n_cols;
	struct rd_view *alias; /* of its FROM items */
	uint32_t n_aliases;
	const struct sql_with *with;
	const struct sql_scope *outer; /* for the error about correlation only */
	uint32_t place;                /* of the FROM item, for errors */
};

/* Index in scope->col of a ColumnRef's inside; fails with the nearest names. */
RD_MUST_USE bool sql_resolve(struct sql *c, const struct sql_scope *scope, const json_t *ref,
			     uint32_t *out);
/* The same without an error: RD_NONE if it is not there or not one. */
uint32_t sql_lookup(const struct sql_scope *scope, const json_t *ref);
/* Do two expressions over a scope mean the same, letter by letter but for names? */
bool sql_equal(const struct sql_scope *scope, const json_t *a, const json_t *b);
/* Does the expression read columns of the scope / an aggregate / a subquery? */
bool sql_has_aggregate(const json_t *node);
bool sql_has_sublink(const json_t *node);
/* All ColumnRefs resolve in the scope and there is at least one. */
bool sql_only_reads(const struct sql_scope *scope, const json_t *node);
/* Joins the two scopes' names; right's columns start at `shift`. */
RD_MUST_USE bool sql_scope_join(struct sql *c, const struct sql_scope *left,
				const struct sql_scope *right, uint32_t shift,
				struct sql_scope *out);
RD_MUST_USE bool sql_nearest(struct sql *c, const char *word, const struct rd_view *known,
			     uint32_t n, struct rd_view *out);

/* ---- nodes: sql_node.c ------------------------------------------------------------------- */

/* A node at the end, without its payload; *at its index. */
RD_MUST_USE bool sql_node(struct sql *c, enum rd_node_kind kind, uint32_t input, uint32_t *at);
/* Types, columns and bound, once the payload is there. */
RD_MUST_USE bool sql_node_done(struct sql *c, uint32_t at);
RD_MUST_USE bool sql_node_filter(struct sql *c, uint32_t input, struct sql_prog *p,
				 struct sql_val condition, uint32_t *at);
/* Over *node, and in its place. */
RD_MUST_USE bool sql_node_project(struct sql *c, struct sql_prog *p, const struct sql_val *out,
				  uint32_t n, uint32_t *node);
/* The first n columns. */
RD_MUST_USE bool sql_node_columns(struct sql *c, uint32_t input, uint32_t n, uint32_t *at);
struct sql_join {
	enum rd_join_kind kind;
	uint32_t left, right; /* nodes */
	uint32_t n_keys;
	const uint32_t *left_key, *right_key;
	uint32_t place; /* RD_JOIN_SINGLE: of the subquery */
};
RD_MUST_USE bool sql_node_join(struct sql *c, const struct sql_join *join, uint32_t *at);
/* Attaches the program's scalar subqueries to the node that it will read. */
RD_MUST_USE bool sql_attach_scalars(struct sql *c, struct sql_prog *p, uint32_t *node);
RD_MUST_USE bool sql_node_distinct(struct sql *c, uint32_t input, uint32_t *at);
/* Keys, then all other columns ascending. */
RD_MUST_USE bool sql_node_sort(struct sql *c, uint32_t input, const struct rd_sort_key *key,
			       uint32_t n, uint32_t *at);

/* ---- expressions: sql_expr.c ------------------------------------------------------------- */

struct sql_group;

struct sql_expr {
	struct sql *c;
	const struct sql_scope *scope;
	struct sql_prog *prog;
	struct sql_group *group; /* aggregates are computed here; NULL: none allowed */
	const char *clause;      /* "WHERE", for errors */
};

RD_MUST_USE bool sql_bind(struct sql_expr *e, const json_t *node, struct sql_val *out);
RD_MUST_USE bool sql_bind_bool(struct sql_expr *e, const json_t *node, struct sql_val *out);
RD_MUST_USE bool sql_bind_func(struct sql_expr *e, const json_t *inner, struct sql_val *out);
RD_MUST_USE bool sql_bind_arith(struct sql_expr *e, const char *op, struct sql_val v[2],
				uint32_t place, struct sql_val *out);
/* AEXPR_OP apart: IN, LIKE, BETWEEN, DISTINCT, NULLIF. */
RD_MUST_USE bool sql_bind_special(struct sql_expr *e, const json_t *inner, struct sql_val *out);
RD_MUST_USE bool sql_bind_case(struct sql_expr *e, const json_t *inner, struct sql_val *out);
RD_MUST_USE bool sql_bind_coalesce(struct sql_expr *e, const json_t *inner, struct sql_val *out);
RD_MUST_USE bool sql_bind_logic(struct sql_expr *e, const json_t *inner, struct sql_val *out);
RD_MUST_USE bool sql_compare(struct sql_expr *e, uint16_t op, struct sql_val v[2], uint32_t place,
			     struct sql_val *out);

/* ---- aggregation: sql_group.c ------------------------------------------------------------ */

struct sql_agg {
	const json_t *call;
	struct rd_agg agg; /* column and filter: outputs of the program before, from the keys on */
};

struct sql_group {
	const struct sql_scope *scope;
	struct sql_prog pre;
	const json_t **key;  /* expressions */
	struct sql_val *out; /* outputs of `pre`: keys, then arguments and filters */
	uint32_t n_keys, n_out, cap_out;
	struct sql_agg *agg;
	uint32_t n_aggs, cap_aggs;
};

bool sql_is_aggregate(const char *name);
RD_MUST_USE bool sql_group_begin(struct sql_expr *e, const json_t *select, struct sql_group *group);
/* An expression that is a key. */
RD_MUST_USE bool sql_group_key(struct sql_expr *e, const json_t *node, struct sql_val *out,
			       bool *found);
RD_MUST_USE bool sql_group_column(struct sql_expr *e, const json_t *ref, struct sql_val *out);
RD_MUST_USE bool sql_group_call(struct sql_expr *e, const json_t *call, struct sql_val *out);
RD_MUST_USE bool sql_group_end(struct sql *c, struct sql_group *group, uint32_t input,
			       uint32_t *at);

/* ---- queries: sql_select.c, sql_from.c, sql_join.c ----------------------------------------- */

struct sql_query {
	const json_t *select;
	const struct sql_with *with;
	const struct sql_scope *outer;
	bool inner; /* a subquery: ORDER BY without LIMIT means nothing */
};
/* A subquery: its node and its columns' names and types. */
RD_MUST_USE bool sql_query(struct sql *c, const struct sql_query *query, struct sql_scope *out);
/* The same of a {"SelectStmt": ..} node. */
RD_MUST_USE bool sql_subquery(struct sql *c, const json_t *node, const struct sql_scope *around,
			      struct sql_scope *out);
/* FROM and WHERE. */
RD_MUST_USE bool sql_from(struct sql *c, const struct sql_query *query, struct sql_scope *out);

/* A conjunct of WHERE or ON. */
struct sql_conjunct {
	const json_t *node;
	bool used;    /* became a join key */
	bool implied; /* only follows from the condition: not needed as a filter */
};
struct sql_conjuncts {
	struct sql_conjunct *at;
	uint32_t n, cap;
};
RD_MUST_USE bool sql_conjuncts_of(struct sql *c, const json_t *condition,
				  struct sql_conjuncts *out);
/* Is it left = right, each side over its own scope? */
bool sql_connects(const struct sql_scope *left, const struct sql_scope *right,
		  const json_t *conjunct);
/* What is to be joined how. */
struct sql_pair {
	enum rd_join_kind kind;
	const struct sql_scope *left, *right;
	struct sql_conjuncts *on; /* equalities across become keys and are marked as used */
	bool residual;            /* the others are tested in the join */
	const json_t *using_;     /* names that stand for equalities, or NULL */
};
RD_MUST_USE bool sql_join_scopes(struct sql *c, const struct sql_pair *pair, struct sql_scope *out);
/* WHERE's own conditions as a filter, then its subqueries as semi and anti joins. */
RD_MUST_USE bool sql_where(struct sql *c, const struct sql_conjuncts *where,
			   struct sql_scope *scope);
RD_MUST_USE bool sql_scalar_subquery(struct sql_expr *e, const json_t *inner, struct sql_val *out);
/* The name that PostgreSQL gives an output column. */
RD_MUST_USE bool sql_output_name(struct sql *c, const json_t *target, struct rd_view *out);

/* ---- end: sql_prune.c -------------------------------------------------------------------- */

RD_MUST_USE bool sql_prune(struct sql *c, uint32_t last, struct rd_plan *out);

#endif
