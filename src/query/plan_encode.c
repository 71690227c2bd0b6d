/* Plans as deterministic CBOR: doc/format/plan.cddl.  One function an object, in its order. */
#include "query_int.h"

#include <redoubt/codec.h>

static void put_id(struct rd_buf *out, uint32_t id)
{
	if (id == RD_NONE)
		rd_cbor_put_null(out);
	else
		rd_cbor_put_uint(out, id);
}

static void put_ids(struct rd_buf *out, uint32_t n, const uint32_t *id)
{
	rd_cbor_put_array(out, n);
	for (uint32_t i = 0; i < n; i++)
		rd_cbor_put_uint(out, id[i]);
}

static void put_type(struct rd_buf *out, struct rd_coltype type)
{
	rd_cbor_put_array(out, 4);
	rd_cbor_put_uint(out, type.type);
	rd_cbor_put_uint(out, type.precision);
	rd_cbor_put_uint(out, type.scale);
	rd_cbor_put_bool(out, type.nullable);
}

static void put_decimal(struct rd_buf *out, rd_int128 d)
{
	uint8_t bytes[16];

	if (d >= INT64_MIN && d <= INT64_MAX) {
		rd_cbor_put_int(out, (int64_t)d);
		return;
	}
	for (int i = 0; i < 16; i++)
		bytes[i] = (uint8_t)((rd_uint128)d >> (8 * (15 - i)));
	rd_cbor_put_bytes(out, rd_view_of(bytes, sizeof(bytes)));
}

static void put_value(struct rd_buf *out, const struct rd_value *v)
{
	if (v->is_null) {
		rd_cbor_put_null(out);
		return;
	}
	switch ((enum rd_type)v->type.type) {
	case RD_BOOL:
		rd_cbor_put_bool(out, v->i != 0);
		break;
	case RD_DECIMAL:
		put_decimal(out, v->d);
		break;
	case RD_DOUBLE:
		rd_cbor_put_double(out, v->f);
		break;
	case RD_TEXT:
		rd_cbor_put_text(out, v->text);
		break;
	case RD_INTERVAL:
		rd_cbor_put_array(out, 3);
		rd_cbor_put_int(out, v->interval.months);
		rd_cbor_put_int(out, v->interval.days);
		rd_cbor_put_int(out, v->interval.micros);
		break;
	default:
		rd_cbor_put_int(out, v->i);
		break;
	}
}

static void put_like(struct rd_buf *out, const struct rd_instr *in)
{
	rd_cbor_put_array(out, in->n_list);
	for (uint32_t i = 0; i < in->n_list; i++) {
		if (in->like[i].kind == RD_LIKE_BYTES)
			rd_cbor_put_text(out, in->like[i].bytes);
		else
			rd_cbor_put_uint(out, in->like[i].kind);
	}
}

static void put_list(struct rd_buf *out, const struct rd_instr *in)
{
	switch (in->op) {
	case RD_OP_CONST:
		put_value(out, in->constant);
		break;
	case RD_OP_IN:
		rd_cbor_put_array(out, in->n_list);
		for (uint32_t i = 0; i < in->n_list; i++)
			put_value(out, &in->constant[i]);
		break;
	case RD_OP_LIKE:
		put_like(out, in);
		break;
	default:
		put_ids(out, in->n_list, in->list);
		break;
	}
}

static void put_prog(struct rd_buf *out, const struct rd_prog *prog)
{
	rd_cbor_put_array(out, 2);
	rd_cbor_put_array(out, prog->n);
	for (uint32_t i = 0; i < prog->n; i++) {
		const struct rd_instr *in = &prog->instr[i];

		rd_cbor_put_array(out, 9);
		rd_cbor_put_uint(out, in->op);
		put_type(out, in->type);
		put_id(out, in->a);
		put_id(out, in->b);
		put_id(out, in->c);
		put_id(out, in->mask);
		rd_cbor_put_int(out, in->digits);
		put_id(out, in->position);
		put_list(out, in);
	}
	put_ids(out, prog->n_out, prog->out);
}

static void put_join(struct rd_buf *out, const struct rd_node *node)
{
	rd_cbor_put_array(out, 7);
	rd_cbor_put_uint(out, node->join.kind);
	put_ids(out, node->join.n_keys, node->join.left_key);
	put_ids(out, node->join.n_keys, node->join.right_key);
	if (node->join.has_residual)
		put_prog(out, &node->join.residual);
	else
		rd_cbor_put_null(out);
	rd_cbor_put_bool(out, node->join.left_unique);
	rd_cbor_put_bool(out, node->join.right_unique);
	put_id(out, node->join.position);
}

static void put_aggregate(struct rd_buf *out, const struct rd_node *node)
{
	rd_cbor_put_array(out, 3);
	put_ids(out, node->aggregate.n_keys, node->aggregate.key);
	rd_cbor_put_array(out, node->aggregate.n_aggs);
	for (uint32_t i = 0; i < node->aggregate.n_aggs; i++) {
		const struct rd_agg *agg = &node->aggregate.agg[i];

		rd_cbor_put_array(out, 6);
		rd_cbor_put_uint(out, agg->fn);
		rd_cbor_put_bool(out, agg->distinct);
		put_id(out, agg->column);
		put_id(out, agg->filter);
		put_type(out, agg->type);
		put_id(out, agg->position);
	}
	rd_cbor_put_array(out, node->aggregate.n_sets);
	for (uint32_t i = 0; i < node->aggregate.n_sets; i++)
		rd_cbor_put_uint(out, node->aggregate.set[i]);
}

static void put_sort(struct rd_buf *out, const struct rd_node *node)
{
	rd_cbor_put_array(out, node->sort.n_keys);
	for (uint32_t i = 0; i < node->sort.n_keys; i++) {
		rd_cbor_put_array(out, 3);
		rd_cbor_put_uint(out, node->sort.key[i].column);
		rd_cbor_put_bool(out, node->sort.key[i].descending);
		rd_cbor_put_bool(out, node->sort.key[i].nulls_first);
	}
}

static void put_guard(struct rd_buf *out, const struct rd_node *node)
{
	rd_cbor_put_array(out, 3);
	rd_cbor_put_uint(out, node->guard.keep);
	rd_cbor_put_array(out, node->guard.n_rules);
	for (uint32_t i = 0; i < node->guard.n_rules; i++) {
		rd_cbor_put_array(out, 3);
		rd_cbor_put_uint(out, node->guard.rule[i].table);
		rd_cbor_put_uint(out, node->guard.rule[i].count_column);
		rd_cbor_put_uint(out, node->guard.rule[i].min);
	}
	rd_cbor_put_array(out, node->guard.n_cells);
	for (uint32_t i = 0; i < node->guard.n_cells; i++) {
		rd_cbor_put_array(out, 4);
		rd_cbor_put_uint(out, node->guard.cell[i].table);
		rd_cbor_put_uint(out, node->guard.cell[i].column);
		rd_cbor_put_uint(out, node->guard.cell[i].count_column);
		rd_cbor_put_uint(out, node->guard.cell[i].min);
	}
}

static void put_values(struct rd_buf *out, const struct rd_node *node)
{
	uint64_t n = (uint64_t)node->values.n_rows * node->n_cols;

	rd_cbor_put_array(out, 2);
	rd_cbor_put_uint(out, node->values.n_rows);
	rd_cbor_put_array(out, n);
	for (uint64_t i = 0; i < n; i++)
		put_value(out, &node->values.value[i]);
}

static void put_payload(struct rd_buf *out, const struct rd_node *node)
{
	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_SCAN:
		rd_cbor_put_array(out, 2);
		rd_cbor_put_uint(out, node->scan.table);
		put_ids(out, node->n_cols, node->scan.column);
		break;
	case RD_NODE_VALUES:
		put_values(out, node);
		break;
	case RD_NODE_FILTER:
		put_prog(out, &node->filter.prog);
		break;
	case RD_NODE_PROJECT:
		put_prog(out, &node->project.prog);
		break;
	case RD_NODE_JOIN:
		put_join(out, node);
		break;
	case RD_NODE_AGGREGATE:
		put_aggregate(out, node);
		break;
	case RD_NODE_SETOP:
		rd_cbor_put_array(out, 2);
		rd_cbor_put_uint(out, node->setop.op);
		rd_cbor_put_bool(out, node->setop.all);
		break;
	case RD_NODE_SORT:
		put_sort(out, node);
		break;
	case RD_NODE_LIMIT:
		rd_cbor_put_array(out, 2);
		rd_cbor_put_uint(out, node->limit.count);
		rd_cbor_put_uint(out, node->limit.offset);
		break;
	case RD_NODE_GUARD:
		put_guard(out, node);
		break;
	case RD_NODE_OUTPUT:
		rd_cbor_put_array(out, node->n_cols);
		for (uint32_t i = 0; i < node->n_cols; i++)
			rd_cbor_put_text(out, node->output.name[i]);
		break;
	case RD_NODE_WINDOW: /* no plan that was checked has one */
		break;
	}
}

static void put_node(struct rd_buf *out, const struct rd_node *node)
{
	rd_cbor_put_array(out, 6);
	rd_cbor_put_uint(out, node->kind);
	put_ids(out, rd_node_inputs(node->kind), node->input);
	rd_cbor_put_array(out, node->n_cols);
	for (uint32_t i = 0; i < node->n_cols; i++)
		put_type(out, node->col[i]);
	rd_cbor_put_uint(out, node->bound);
	rd_cbor_put_uint(out, node->bound_rows);
	put_payload(out, node);
}

static void put_table(struct rd_buf *out, const struct rd_plan_table *table)
{
	rd_cbor_put_array(out, 2);
	rd_cbor_put_text(out, table->name);
	rd_cbor_put_array(out, table->n_cols);
	for (uint32_t i = 0; i < table->n_cols; i++) {
		const struct rd_column *column = &table->column[i];

		rd_cbor_put_array(out, 4);
		rd_cbor_put_text(out, column->name);
		put_type(out, column->type);
		rd_cbor_put_uint(out, column->class_);
		rd_cbor_put_bool(out, column->unique);
	}
}

bool rd_plan_encode(const struct rd_plan *plan, struct rd_buf *out, struct rd_err *err)
{
	size_t start = out->len;

	if (!rd_plan_check(plan, err))
		return false;
	rd_cbor_put_array(out, 5);
	rd_cbor_put_uint(out, RD_PLAN_OBJECT);
	rd_cbor_put_uint(out, RD_PLAN_VERSION);
	rd_cbor_put_uint(out, RD_SEMANTICS_VERSION);
	rd_cbor_put_array(out, plan->n_tables);
	for (uint32_t i = 0; i < plan->n_tables; i++)
		put_table(out, &plan->table[i]);
	rd_cbor_put_array(out, plan->n_nodes);
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		put_node(out, &plan->node[i]);
	if (!rd_buf_ok(out, err))
		return false;
	if (out->len - start > RD_PLAN_BYTES_MAX)
		return rd_fail(err, RD_FAULT_REFUSED, "query.plan.limit",
			       "a plan of %zu bytes: at most %u are taken", out->len - start,
			       RD_PLAN_BYTES_MAX);
	return true;
}
