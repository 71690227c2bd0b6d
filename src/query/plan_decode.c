/*
 * Plans from hostile bytes.  Form, limits and lengths are checked here; what indexes and types mean
 * is left to rd_plan_check, which runs at the end.  No function calls itself.
 */
#include "query_int.h"

#include <redoubt/codec.h>

struct decoder {
	struct rd_cbor_reader r;
	struct rd_arena *arena;
	struct rd_err no_memory; /* the arena's complaint: set once it has failed */
};

/* Zeroed; NULL stops the reader too. */
static void *take(struct decoder *d, size_t count, size_t size)
{
	void *p = NULL;

	if (!d->r.failed)
		p = rd_arena_alloc(d->arena, count, size, &d->no_memory);
	if (!p && !d->r.failed)
		rd_cbor_complain(&d->r, "query.plan.form", "no memory for it");
	return p;
}

static uint32_t read_id(struct decoder *d)
{
	if (rd_cbor_at_null(&d->r)) {
		rd_cbor_read_null(&d->r);
		return RD_NONE;
	}
	return (uint32_t)rd_cbor_read_uint(&d->r, RD_NONE - 1);
}

static const uint32_t *read_ids(struct decoder *d, uint32_t max, uint32_t *n)
{
	uint32_t *id;

	*n = rd_cbor_enter_array_upto(&d->r, 0, max);
	id = take(d, *n, sizeof(*id));
	for (uint32_t i = 0; id && i < *n; i++)
		id[i] = (uint32_t)rd_cbor_read_uint(&d->r, RD_NONE - 1);
	rd_cbor_leave(&d->r);
	return id;
}

static struct rd_coltype read_type(struct decoder *d)
{
	struct rd_coltype type;

	rd_cbor_enter_array(&d->r, 4);
	type.type = (uint8_t)rd_cbor_read_uint(&d->r, RD_INTERVAL);
	type.precision = (uint8_t)rd_cbor_read_uint(&d->r, 38);
	type.scale = (uint8_t)rd_cbor_read_uint(&d->r, 38);
	type.nullable = rd_cbor_read_bool(&d->r);
	rd_cbor_leave(&d->r);
	return type;
}

static rd_int128 read_decimal(struct decoder *d)
{
	struct rd_view bytes;
	rd_uint128 value = 0;

	if (rd_cbor_peek(&d->r) != RD_CBOR_BYTES)
		return rd_cbor_read_int(&d->r, INT64_MIN, INT64_MAX);
	bytes = rd_cbor_read_bytes(&d->r, 16, 16);
	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | bytes.data[i];
	if ((rd_int128)value >= INT64_MIN && (rd_int128)value <= INT64_MAX)
		rd_cbor_complain(&d->r, "query.plan.form", "a small decimal in the long form");
	return (rd_int128)value;
}

static struct rd_value read_value(struct decoder *d, struct rd_coltype type)
{
	struct rd_value v = { .type = type };

	v.is_null = rd_cbor_at_null(&d->r);
	v.type.nullable = v.is_null;
	if (v.is_null) {
		rd_cbor_read_null(&d->r);
		return v;
	}
	switch ((enum rd_type)type.type) {
	case RD_BOOL:
		v.i = rd_cbor_read_bool(&d->r);
		break;
	case RD_DECIMAL:
		v.d = read_decimal(d);
		break;
	case RD_DOUBLE:
		v.f = rd_cbor_read_double(&d->r);
		break;
	case RD_TEXT:
		v.text = rd_cbor_read_text(&d->r, 0, RD_PLAN_BYTES_MAX);
		break;
	case RD_INTERVAL:
		rd_cbor_enter_array(&d->r, 3);
		v.interval.months = (int32_t)rd_cbor_read_int(&d->r, INT32_MIN, INT32_MAX);
		v.interval.days = (int32_t)rd_cbor_read_int(&d->r, INT32_MIN, INT32_MAX);
		v.interval.micros = rd_cbor_read_int(&d->r, INT64_MIN, INT64_MAX);
		rd_cbor_leave(&d->r);
		break;
	default:
		v.i = rd_cbor_read_int(&d->r, INT64_MIN, INT64_MAX);
		break;
	}
	return v;
}

/* ---- programs ---------------------------------------------------------------------------- */

/* Constants of IN have the operand's type, decimals any precision. */
static void read_in(struct decoder *d, const struct rd_prog *prog, uint32_t at, struct rd_instr *in)
{
	struct rd_coltype type = { 0 };
	struct rd_value *value;

	if (in->a < at)
		type = prog->instr[in->a].type;
	else
		rd_cbor_complain(&d->r, "query.plan.form", "an operand that is not before it");
	if (type.type == RD_DECIMAL)
		type.precision = 38;
	in->n_list = rd_cbor_enter_array_upto(&d->r, 1, RD_PROG_LIST_MAX);
	value = take(d, in->n_list, sizeof(*value));
	for (uint32_t i = 0; value && i < in->n_list; i++)
		value[i] = read_value(d, type);
	in->constant = value;
	rd_cbor_leave(&d->r);
}

static void read_like(struct decoder *d, struct rd_instr *in)
{
	struct rd_like_item *item;
	uint64_t kind;

	in->n_list = rd_cbor_enter_array_upto(&d->r, 0, RD_LIKE_ITEMS_MAX);
	item = take(d, in->n_list, sizeof(*item));
	for (uint32_t i = 0; item && i < in->n_list; i++) {
		item[i].kind = RD_LIKE_BYTES;
		if (rd_cbor_peek(&d->r) == RD_CBOR_TEXT) {
			item[i].bytes = rd_cbor_read_text(&d->r, 1, RD_SQL_TEXT_MAX);
			continue;
		}
		kind = rd_cbor_read_uint(&d->r, RD_LIKE_ANY_RUN);
		item[i].kind = kind == RD_LIKE_ANY_RUN ? RD_LIKE_ANY_RUN : RD_LIKE_ANY_CHAR;
		if (kind < RD_LIKE_ANY_CHAR)
			rd_cbor_complain(&d->r, "query.plan.form", "a piece of a pattern");
	}
	in->like = item;
	rd_cbor_leave(&d->r);
}

static void read_list(struct decoder *d, const struct rd_prog *prog, uint32_t at,
		      struct rd_instr *in)
{
	struct rd_value *value;

	switch (in->op) {
	case RD_OP_CONST:
		value = take(d, 1, sizeof(*value));
		if (value)
			*value = read_value(d, in->type);
		in->constant = value;
		break;
	case RD_OP_IN:
		read_in(d, prog, at, in);
		break;
	case RD_OP_LIKE:
		read_like(d, in);
		break;
	default:
		in->list = read_ids(d, RD_PROG_LIST_MAX, &in->n_list);
		break;
	}
}

static void read_prog(struct decoder *d, struct rd_prog *prog)
{
	struct rd_instr *instr;

	rd_cbor_enter_array(&d->r, 2);
	prog->n = rd_cbor_enter_array_upto(&d->r, 0, RD_PROG_OPS_MAX);
	instr = take(d, prog->n, sizeof(*instr));
	prog->instr = instr;
	for (uint32_t i = 0; i < prog->n && !d->r.failed; i++) {
		rd_cbor_enter_array(&d->r, 9);
		instr[i].op = (uint16_t)rd_cbor_read_uint(&d->r, UINT16_MAX);
		instr[i].type = read_type(d);
		instr[i].a = read_id(d);
		instr[i].b = read_id(d);
		instr[i].c = read_id(d);
		instr[i].mask = read_id(d);
		instr[i].digits = (int32_t)rd_cbor_read_int(&d->r, INT32_MIN, INT32_MAX);
		instr[i].position = read_id(d);
		read_list(d, prog, i, &instr[i]);
		rd_cbor_leave(&d->r);
	}
	rd_cbor_leave(&d->r);
	prog->out = read_ids(d, RD_PLAN_COLUMNS_MAX, &prog->n_out);
	rd_cbor_leave(&d->r);
}

/* ---- nodes ------------------------------------------------------------------------------- */

static void read_scan(struct decoder *d, struct rd_node *node)
{
	uint32_t n = 0;

	rd_cbor_enter_array(&d->r, 2);
	node->scan.table = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_TABLES_MAX);
	node->scan.column = read_ids(d, RD_PLAN_COLUMNS_MAX, &n);
	if (n != node->n_cols)
		rd_cbor_complain(&d->r, "query.plan.form", "as many columns as types");
	rd_cbor_leave(&d->r);
}

static void read_values(struct decoder *d, struct rd_node *node)
{
	uint32_t n_cols = node->n_cols, n;
	struct rd_value *value;

	rd_cbor_enter_array(&d->r, 2);
	node->values.n_rows = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_ROWS_MAX);
	/* Up to 2^28: every value takes a byte of at most RD_PLAN_BYTES_MAX. */
	n = node->values.n_rows * n_cols;
	rd_cbor_enter_array(&d->r, n);
	if (n > RD_PLAN_BYTES_MAX)
		rd_cbor_complain(&d->r, "query.plan.form", "fewer values");
	value = take(d, n, sizeof(*value));
	for (uint32_t i = 0; value && i < n && !d->r.failed; i++)
		value[i] = read_value(d, node->col[i % n_cols]);
	node->values.type = node->col;
	node->values.value = value;
	rd_cbor_leave(&d->r);
	rd_cbor_leave(&d->r);
}

static void read_join(struct decoder *d, struct rd_node *node)
{
	uint32_t n_right = 0;

	rd_cbor_enter_array(&d->r, 7);
	node->join.kind = (uint8_t)rd_cbor_read_uint(&d->r, UINT8_MAX);
	node->join.left_key = read_ids(d, RD_PLAN_COLUMNS_MAX, &node->join.n_keys);
	node->join.right_key = read_ids(d, RD_PLAN_COLUMNS_MAX, &n_right);
	if (n_right != node->join.n_keys)
		rd_cbor_complain(&d->r, "query.plan.form", "as many keys right as left");
	node->join.has_residual = !rd_cbor_at_null(&d->r);
	if (node->join.has_residual)
		read_prog(d, &node->join.residual);
	else
		rd_cbor_read_null(&d->r);
	node->join.left_unique = rd_cbor_read_bool(&d->r);
	node->join.right_unique = rd_cbor_read_bool(&d->r);
	node->join.position = read_id(d);
	rd_cbor_leave(&d->r);
}

static void read_aggregate(struct decoder *d, struct rd_node *node)
{
	struct rd_agg *agg;
	uint64_t *set;

	rd_cbor_enter_array(&d->r, 3);
	node->aggregate.key = read_ids(d, RD_PLAN_COLUMNS_MAX, &node->aggregate.n_keys);
	node->aggregate.n_aggs = rd_cbor_enter_array_upto(&d->r, 0, RD_PLAN_COLUMNS_MAX);
	agg = take(d, node->aggregate.n_aggs, sizeof(*agg));
	for (uint32_t i = 0; agg && i < node->aggregate.n_aggs; i++) {
		rd_cbor_enter_array(&d->r, 6);
		agg[i].fn = (uint8_t)rd_cbor_read_uint(&d->r, UINT8_MAX);
		agg[i].distinct = rd_cbor_read_bool(&d->r);
		agg[i].column = read_id(d);
		agg[i].filter = read_id(d);
		agg[i].type = read_type(d);
		agg[i].position = read_id(d);
		rd_cbor_leave(&d->r);
	}
	node->aggregate.agg = agg;
	rd_cbor_leave(&d->r);
	node->aggregate.n_sets = rd_cbor_enter_array_upto(&d->r, 0, RD_PLAN_SETS_MAX);
	set = take(d, node->aggregate.n_sets, sizeof(*set));
	for (uint32_t i = 0; set && i < node->aggregate.n_sets; i++)
		set[i] = rd_cbor_read_uint(&d->r, UINT64_MAX);
	node->aggregate.set = set;
	rd_cbor_leave(&d->r);
	rd_cbor_leave(&d->r);
}

static void read_sort(struct decoder *d, struct rd_node *node)
{
	struct rd_sort_key *key;

	node->sort.n_keys = rd_cbor_enter_array_upto(&d->r, 0, RD_PLAN_COLUMNS_MAX);
	key = take(d, node->sort.n_keys, sizeof(*key));
	for (uint32_t i = 0; key && i < node->sort.n_keys; i++) {
		rd_cbor_enter_array(&d->r, 3);
		key[i].column = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_COLUMNS_MAX);
		key[i].descending = rd_cbor_read_bool(&d->r);
		key[i].nulls_first = rd_cbor_read_bool(&d->r);
		rd_cbor_leave(&d->r);
	}
	node->sort.key = key;
	rd_cbor_leave(&d->r);
}

static void read_guard(struct decoder *d, struct rd_node *node)
{
	struct rd_guard_rule *rule;
	struct rd_guard_cell *cell;

	rd_cbor_enter_array(&d->r, 3);
	node->guard.keep = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_COLUMNS_MAX);
	node->guard.n_rules = rd_cbor_enter_array_upto(&d->r, 0, RD_PLAN_COLUMNS_MAX);
	rule = take(d, node->guard.n_rules, sizeof(*rule));
	for (uint32_t i = 0; rule && i < node->guard.n_rules; i++) {
		rd_cbor_enter_array(&d->r, 3);
		rule[i].table = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_TABLES_MAX);
		rule[i].count_column = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_COLUMNS_MAX);
		rule[i].min = rd_cbor_read_uint(&d->r, UINT64_MAX);
		rd_cbor_leave(&d->r);
	}
	node->guard.rule = rule;
	rd_cbor_leave(&d->r);
	node->guard.n_cells = rd_cbor_enter_array_upto(&d->r, 0, RD_PLAN_COLUMNS_MAX);
	cell = take(d, node->guard.n_cells, sizeof(*cell));
	for (uint32_t i = 0; cell && i < node->guard.n_cells; i++) {
		rd_cbor_enter_array(&d->r, 4);
		cell[i].table = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_TABLES_MAX);
		cell[i].column = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_COLUMNS_MAX);
		cell[i].count_column = (uint32_t)rd_cbor_read_uint(&d->r, RD_PLAN_COLUMNS_MAX);
		cell[i].min = rd_cbor_read_uint(&d->r, UINT64_MAX);
		rd_cbor_leave(&d->r);
	}
	node->guard.cell = cell;
	rd_cbor_leave(&d->r);
	rd_cbor_leave(&d->r);
}

static void read_output(struct decoder *d, struct rd_node *node)
{
	struct rd_view *name;

	rd_cbor_enter_array(&d->r, node->n_cols);
	name = take(d, node->n_cols, sizeof(*name));
	for (uint32_t i = 0; name && i < node->n_cols; i++)
		name[i] = rd_cbor_read_text(&d->r, 0, RD_COLUMN_NAME_MAX);
	node->output.name = name;
	rd_cbor_leave(&d->r);
}

static void read_payload(struct decoder *d, struct rd_node *node)
{
	switch (node->kind) {
	case RD_NODE_SCAN:
		read_scan(d, node);
		break;
	case RD_NODE_VALUES:
		read_values(d, node);
		break;
	case RD_NODE_FILTER:
		read_prog(d, &node->filter.prog);
		break;
	case RD_NODE_PROJECT:
		read_prog(d, &node->project.prog);
		break;
	case RD_NODE_JOIN:
		read_join(d, node);
		break;
	case RD_NODE_AGGREGATE:
		read_aggregate(d, node);
		break;
	case RD_NODE_SETOP:
		rd_cbor_enter_array(&d->r, 2);
		node->setop.op = (uint8_t)rd_cbor_read_uint(&d->r, UINT8_MAX);
		node->setop.all = rd_cbor_read_bool(&d->r);
		rd_cbor_leave(&d->r);
		break;
	case RD_NODE_SORT:
		read_sort(d, node);
		break;
	case RD_NODE_LIMIT:
		rd_cbor_enter_array(&d->r, 2);
		node->limit.count = rd_cbor_read_uint(&d->r, UINT64_MAX);
		node->limit.offset = rd_cbor_read_uint(&d->r, UINT64_MAX);
		rd_cbor_leave(&d->r);
		break;
	case RD_NODE_GUARD:
		read_guard(d, node);
		break;
	case RD_NODE_OUTPUT:
		read_output(d, node);
		break;
	default:
		rd_cbor_complain(&d->r, "query.plan.form", "a kind of node that is known");
		break;
	}
}

static void read_node(struct decoder *d, struct rd_node *node)
{
	struct rd_coltype *col;
	uint32_t n_inputs;

	rd_cbor_enter_array(&d->r, 6);
	node->kind = (uint8_t)rd_cbor_read_uint(&d->r, UINT8_MAX);
	n_inputs = rd_cbor_enter_array_upto(&d->r, 0, 2);
	for (uint32_t i = 0; i < 2; i++)
		node->input[i] =
			i < n_inputs ? (uint32_t)rd_cbor_read_uint(&d->r, RD_NONE - 1) : RD_NONE;
	rd_cbor_leave(&d->r);
	node->n_cols = rd_cbor_enter_array_upto(&d->r, 0, RD_PLAN_COLUMNS_MAX);
	col = take(d, node->n_cols, sizeof(*col));
	for (uint32_t i = 0; col && i < node->n_cols; i++)
		col[i] = read_type(d);
	node->col = col;
	rd_cbor_leave(&d->r);
	node->bound = (uint8_t)rd_cbor_read_uint(&d->r, RD_BOUND_SECRET);
	node->bound_rows = rd_cbor_read_uint(&d->r, UINT64_MAX);
	if (!d->r.failed)
		read_payload(d, node);
	rd_cbor_leave(&d->r);
}

static void read_table(struct decoder *d, struct rd_plan_table *table)
{
	struct rd_column *column;

	rd_cbor_enter_array(&d->r, 2);
	table->name = rd_cbor_read_text(&d->r, 0, RD_COLUMN_NAME_MAX);
	table->n_cols = rd_cbor_enter_array_upto(&d->r, 0, RD_COLUMNS_MAX);
	column = take(d, table->n_cols, sizeof(*column));
	for (uint32_t i = 0; column && i < table->n_cols; i++) {
		rd_cbor_enter_array(&d->r, 4);
		column[i].name = rd_cbor_read_text(&d->r, 0, RD_COLUMN_NAME_MAX);
		column[i].type = read_type(d);
		column[i].class_ = (uint8_t)rd_cbor_read_uint(&d->r, RD_CLASS_VISIBLE);
		column[i].unique = rd_cbor_read_bool(&d->r);
		rd_cbor_leave(&d->r);
	}
	table->column = column;
	rd_cbor_leave(&d->r);
	rd_cbor_leave(&d->r);
}

static void read_plan(struct decoder *d, struct rd_plan *plan)
{
	struct rd_cbor_reader *r = &d->r;

	rd_cbor_enter_array(r, 5);
	if (rd_cbor_read_uint(r, UINT32_MAX) != RD_PLAN_OBJECT)
		rd_cbor_complain(r, "query.plan.form", "expected a plan");
	if (rd_cbor_read_uint(r, UINT32_MAX) != RD_PLAN_VERSION ||
	    rd_cbor_read_uint(r, UINT32_MAX) != RD_SEMANTICS_VERSION)
		rd_cbor_complain(r, "query.plan.version", "expected plan version 1, semantics 1");
	plan->n_tables = rd_cbor_enter_array_upto(r, 0, RD_PLAN_TABLES_MAX);
	plan->table = take(d, plan->n_tables, sizeof(*plan->table));
	for (uint32_t i = 0; i < plan->n_tables && !r->failed; i++)
		read_table(d, &plan->table[i]);
	rd_cbor_leave(r);
	plan->n_nodes = rd_cbor_enter_array_upto(r, 1, RD_PLAN_NODES_MAX);
	plan->node = take(d, plan->n_nodes, sizeof(*plan->node));
	for (uint32_t i = 0; i < plan->n_nodes && !r->failed; i++)
		read_node(d, &plan->node[i]);
	rd_cbor_leave(r);
	rd_cbor_leave(r);
}

bool rd_plan_decode(struct rd_view cbor, struct rd_arena *arena, struct rd_plan *out,
		    struct rd_err *err)
{
	struct decoder d = { .arena = arena };
	struct rd_view copy;

	*out = (struct rd_plan){ 0 };
	if (cbor.len > RD_PLAN_BYTES_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "query.plan.limit",
			       "a plan of %zu bytes: at most %u are taken", cbor.len,
			       RD_PLAN_BYTES_MAX);
	/* Names and texts point into the bytes: into ours, which live as long as the plan. */
	if (!rd_arena_copy(arena, cbor, &copy, err))
		return false;
	rd_cbor_read_init(&d.r, copy, RD_CBOR_STRICT);
	read_plan(&d, out);
	if (d.no_memory.code) {
		*err = d.no_memory;
		return rd_wrap(err, "a plan");
	}
	if (!rd_cbor_finish(&d.r, err))
		return rd_wrap(err, "a plan");
	return rd_plan_check(out, err);
}
