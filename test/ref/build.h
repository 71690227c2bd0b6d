/*
 * Plans by hand, for tests: every call adds a node or an instruction and derives its types.  What
 * does not type is refused (RD_NONE), so that a generator may try and see; tests use build_sure.
 */
#ifndef RD_TEST_BUILD_H
#define RD_TEST_BUILD_H

#include <redoubt/query.h>

struct build {
	struct rd_arena *arena;
	struct rd_plan plan;
	struct rd_err err; /* of the last refusal */
};

/* Room for RD_PLAN_TABLES_MAX tables and RD_PLAN_NODES_MAX nodes. */
void build_init(struct build *b, struct rd_arena *arena);
uint32_t build_table(struct build *b, const char *name, uint32_t n_cols,
		     const struct rd_column *column);
/* Appends the node (copied; its payload must live as long as the plan) and derives what follows. */
uint32_t build_node(struct build *b, const struct rd_node *node);
/* Aborts with the reason where a node or value was refused. */
uint32_t build_sure(const struct build *b, uint32_t id);

/* All columns of a table. */
uint32_t build_scan(struct build *b, uint32_t table);
uint32_t build_values(struct build *b, uint32_t n_cols, const struct rd_coltype *type,
		      uint32_t n_rows, const struct rd_value *value);
/* No residual: NULL. */
uint32_t build_join(struct build *b, uint8_t kind, const uint32_t input[2], uint32_t n_keys,
		    const uint32_t *keys); /* left's, then right's */
struct build_keys {
	uint32_t n;
	const uint32_t *key;
};
/* The aggregates' types are derived. */
uint32_t build_aggregate(struct build *b, uint32_t input, struct build_keys keys, uint32_t n_aggs,
			 const struct rd_agg *agg);
/* By all columns, ascending, NULLs last. */
uint32_t build_sort(struct build *b, uint32_t input);
uint32_t build_limit(struct build *b, uint32_t input, uint64_t count, uint64_t offset);
/* Names c0, c1... */
uint32_t build_output(struct build *b, uint32_t input);

/* ---- programs ---------------------------------------------------------------------------- */

struct build_prog {
	struct build *b;
	struct rd_prog prog;
	struct rd_instr *instr; /* room for RD_PROG_OPS_MAX */
	uint32_t *out;
	const struct rd_coltype *input;
	uint32_t n_input;
	uint32_t mask; /* of what is added next */
};

/* Over the columns of a node; `cap` instructions and outputs at most. */
void build_prog_init(struct build_prog *p, struct build *b, uint32_t input, uint32_t cap);
/* RD_NONE and b->err where the types do not fit; else the value id. */
uint32_t build_instr(struct build_prog *p, const struct rd_instr *instr);
uint32_t build_column(struct build_prog *p, uint32_t column);
uint32_t build_const(struct build_prog *p, const struct rd_value *value);
uint32_t build_op(struct build_prog *p, uint16_t op, uint32_t a, uint32_t b);
uint32_t build_cast(struct build_prog *p, uint32_t a, struct rd_coltype type);
void build_out(struct build_prog *p, uint32_t value);
uint32_t build_filter(struct build_prog *p, uint32_t input);
uint32_t build_project(struct build_prog *p, uint32_t input);

/* "12.50" as decimal(15,2) and so on: rd_value_parse, which must succeed; NULL: a NULL. */
struct rd_value build_value(const char *type, const char *text);

/*
 * A table in memory from text: the schema as "name type[?]" pairs separated by semicolons (? for
 * nullable), the rows as lines of fields separated by |, an empty field being NULL.
 */
void build_rows(struct rd_arena *arena, const char *schema, const char *lines, struct rd_rows *out);
/* The schema of rows, as the plan's table. */
uint32_t build_table_of(struct build *b, const char *name, const struct rd_rows *rows);
/* Lines of fields separated by |, NULL as "null", a withheld cell as "*", in order of rows. */
struct rd_view build_text(struct rd_arena *arena, const struct rd_rows *rows);

#endif
