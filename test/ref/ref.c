/* A plan from its first node to its last, each giving all its rows. */
#include "ref_int.h"

#include <stdlib.h>
#include <string.h>

bool ref_fail(struct ref_run *run, uint32_t position)
{
	run->failed = true;
	run->failed_at = position;
	return false;
}

struct ref_val *ref_row(struct ref_run *run, uint32_t n)
{
	return RD_NEW_ARRAY(run->arena, struct ref_val, n, run->err);
}

bool ref_push(struct ref_run *run, struct ref_rel *rel, struct ref_val *row)
{
	if (!row)
		return false;
	if (rel->n_rows == rel->cap) {
		uint64_t cap = rel->cap ? 2 * rel->cap : 16;
		struct ref_val **more = RD_NEW_ARRAY(run->arena, struct ref_val *, cap, run->err);

		if (!more)
			return false;
		if (rel->n_rows)
			memcpy(more, rel->row, rel->n_rows * sizeof(*more));
		rel->row = more;
		rel->cap = cap;
	}
	rel->row[rel->n_rows++] = row;
	return true;
}

/* ---- nodes ------------------------------------------------------------------------------- */

static bool scan(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	const struct rd_rows *table = &run->table[node->scan.table];

	for (uint64_t r = 0; r < table->n_rows; r++) {
		struct ref_val *row = ref_row(run, node->n_cols);

		if (!ref_push(run, out, row))
			return false;
		for (uint32_t c = 0; c < node->n_cols; c++) {
			row[c].v = rd_vec_value(&table->vec[node->scan.column[c]], (uint32_t)r);
			row[c].v.type = node->col[c];
			if (row[c].v.is_null && !node->col[c].nullable)
				return rd_fail(run->err, RD_FAULT_FAILED, "ref.table",
					       "a NULL in a column without NULLs");
		}
	}
	return true;
}

static bool values(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	for (uint32_t r = 0; r < node->values.n_rows; r++) {
		struct ref_val *row = ref_row(run, node->n_cols);

		if (!ref_push(run, out, row))
			return false;
		for (uint32_t c = 0; c < node->n_cols; c++)
			row[c].v = node->values.value[(uint64_t)r * node->n_cols + c];
	}
	return true;
}

static bool filter(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	const struct ref_rel *in = &run->rel[node->input[0]];

	for (uint64_t r = 0; r < in->n_rows; r++) {
		struct ref_input input = { in->row[r], NULL, in->n_cols };
		bool keep;

		if (!ref_condition(run, &node->filter.prog, &input, &keep))
			return false;
		if (keep && !ref_push(run, out, in->row[r]))
			return false;
	}
	return true;
}

static bool project(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	const struct ref_rel *in = &run->rel[node->input[0]];

	for (uint64_t r = 0; r < in->n_rows; r++) {
		struct ref_input input = { in->row[r], NULL, in->n_cols };
		struct ref_val *row = ref_row(run, node->n_cols);

		if (!ref_push(run, out, row) || !ref_eval(run, &node->project.prog, &input, row))
			return false;
	}
	return true;
}

static int by_sort_keys(const void *a, const void *b, void *ctx)
{
	const struct rd_node *node = ctx;

	for (uint32_t i = 0; i < node->sort.n_keys; i++) {
		const struct rd_sort_key *key = &node->sort.key[i];
		const struct rd_value *x = &(*(struct ref_val *const *)a)[key->column].v;
		const struct rd_value *y = &(*(struct ref_val *const *)b)[key->column].v;
		int order;

		if (x->is_null != y->is_null)
			return x->is_null == key->nulls_first ? -1 : 1;
		order = rd_ref_compare(x, y);
		if (order)
			return key->descending ? -order : order;
	}
	return 0;
}

static bool sort(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	const struct ref_rel *in = &run->rel[node->input[0]];

	for (uint64_t r = 0; r < in->n_rows; r++)
		if (!ref_push(run, out, in->row[r]))
			return false;
	if (out->n_rows)
		qsort_r(out->row, out->n_rows, sizeof(*out->row), by_sort_keys, (void *)node);
	return true;
}

static bool limit(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	const struct ref_rel *in = &run->rel[node->input[0]];

	for (uint64_t r = node->limit.offset; r < in->n_rows; r++)
		if (r - node->limit.offset < node->limit.count && !ref_push(run, out, in->row[r]))
			return false;
	return true;
}

static int by_all(const void *a, const void *b, void *ctx)
{
	return ref_rows_compare(a, b, *(const uint32_t *)ctx);
}

/*
 * How often a row of the union of both inputs occurs left and right decides how often it goes out:
 * SQL's table of set operations.
 */
static uint64_t setop_count(uint8_t op, bool all, uint64_t left, uint64_t right)
{
	uint64_t n;

	if (op == RD_SETOP_UNION)
		n = left + right;
	else if (op == RD_SETOP_INTERSECT)
		n = left < right ? left : right;
	else if (all)
		n = left > right ? left - right : 0;
	else
		n = right ? 0 : left;
	return all || n == 0 ? n : 1;
}

static uint64_t count_equal(const struct ref_rel *rel, uint64_t from, struct ref_val *row)
{
	uint64_t n = 0;

	while (from + n < rel->n_rows &&
	       ref_rows_compare(&rel->row[from + n], &row, rel->n_cols) == 0)
		n++;
	return n;
}

static bool sorted_copy(struct ref_run *run, const struct ref_rel *in, struct ref_rel *out)
{
	out->n_cols = in->n_cols;
	for (uint64_t r = 0; r < in->n_rows; r++) {
		struct ref_val *row = ref_row(run, in->n_cols);

		if (!ref_push(run, out, row))
			return false;
		for (uint32_t c = 0; c < in->n_cols; c++) {
			row[c] = ref_canonical(in->row[r][c]);
			row[c].marked = false;
		}
	}
	if (out->n_rows)
		qsort_r(out->row, out->n_rows, sizeof(*out->row), by_all, (void *)&in->n_cols);
	return true;
}

static bool union_all(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	for (int i = 0; i < 2; i++) {
		const struct ref_rel *in = &run->rel[node->input[i]];

		for (uint64_t r = 0; r < in->n_rows; r++)
			if (!ref_push(run, out, in->row[r]))
				return false;
	}
	return true;
}

static bool setop(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	struct ref_rel a = { 0 }, b = { 0 };
	uint64_t i = 0, j = 0;

	if (node->setop.op == RD_SETOP_UNION && node->setop.all)
		return union_all(run, node, out);
	if (!sorted_copy(run, &run->rel[node->input[0]], &a) ||
	    !sorted_copy(run, &run->rel[node->input[1]], &b))
		return false;
	while (i < a.n_rows || j < b.n_rows) {
		bool from_a =
			i < a.n_rows &&
			(j == b.n_rows || ref_rows_compare(&a.row[i], &b.row[j], a.n_cols) <= 0);
		struct ref_val *row = from_a ? a.row[i] : b.row[j];
		uint64_t left = count_equal(&a, i, row), right = count_equal(&b, j, row);
		uint64_t n = setop_count(node->setop.op, node->setop.all, left, right);

		for (; n; n--)
			if (!ref_push(run, out, row))
				return false;
		i += left;
		j += right;
	}
	return true;
}

static bool too_few(const struct ref_val *row, uint32_t count_column, uint64_t min)
{
	const struct rd_value *count = &row[count_column].v;

	return count->is_null || count->i < 0 || (uint64_t)count->i < min;
}

static bool guard(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	const struct ref_rel *in = &run->rel[node->input[0]];

	for (uint64_t r = 0; r < in->n_rows; r++) {
		const struct ref_val *from = in->row[r];
		struct ref_val *row = ref_row(run, node->n_cols);
		bool drop = false;

		if (!row)
			return false;
		for (uint32_t i = 0; i < node->guard.n_rules; i++)
			drop |= too_few(from, node->guard.rule[i].count_column,
					node->guard.rule[i].min);
		if (drop) {
			run->withheld_groups++;
			continue;
		}
		for (uint32_t c = 0; c < node->n_cols; c++) {
			bool withhold = false;

			for (uint32_t i = 0; i < node->guard.n_cells; i++)
				withhold |= node->guard.cell[i].column == c &&
					    too_few(from, node->guard.cell[i].count_column,
						    node->guard.cell[i].min);
			row[c] = from[c];
			if (withhold) {
				row[c].v =
					(struct rd_value){ .type = node->col[c], .is_null = true };
				row[c].marked = true;
				run->withheld_cells++;
			}
		}
		if (!ref_push(run, out, row))
			return false;
	}
	return true;
}

static bool run_node(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_SCAN:
		return scan(run, node, out);
	case RD_NODE_VALUES:
		return values(run, node, out);
	case RD_NODE_FILTER:
		return filter(run, node, out);
	case RD_NODE_PROJECT:
		return project(run, node, out);
	case RD_NODE_JOIN:
		return ref_join(run, node, out);
	case RD_NODE_AGGREGATE:
		return ref_aggregate(run, node, out);
	case RD_NODE_SETOP:
		return setop(run, node, out);
	case RD_NODE_SORT:
		return sort(run, node, out);
	case RD_NODE_LIMIT:
		return limit(run, node, out);
	case RD_NODE_GUARD:
		return guard(run, node, out);
	case RD_NODE_OUTPUT:
		*out = run->rel[node->input[0]];
		return true;
	case RD_NODE_WINDOW:
		break;
	}
	return rd_fail(run->err, RD_FAULT_FAILED, "ref.node", "a kind of node without a meaning");
}

/* ---- the answer -------------------------------------------------------------------------- */

static void put_cell(uint8_t *slot, const struct rd_value *v)
{
	struct rd_text text;

	if (v->type.type == RD_TEXT) {
		text = rd_text_of(v->text);
		memcpy(slot, &text, sizeof(text));
	} else if (v->type.type == RD_DOUBLE) {
		memcpy(slot, &v->f, sizeof(v->f));
	} else if (v->type.type == RD_DECIMAL) {
		memcpy(slot, &v->d, rd_coltype_width(v->type)); /* little-endian */
	} else {
		memcpy(slot, &v->i, rd_coltype_width(v->type));
	}
}

static bool answer_column(struct ref_run *run, const struct ref_rel *rel, uint32_t c,
			  struct rd_rows *out)
{
	struct rd_coltype type = out->column[c].type;
	uint8_t width = rd_coltype_width(type);
	size_t words = (size_t)(rel->n_rows / 64 + 1);
	uint8_t *data = rd_arena_alloc(run->arena, (size_t)rel->n_rows, width, run->err);
	uint64_t *valid = RD_NEW_ARRAY(run->arena, uint64_t, words, run->err);
	uint64_t *withheld = RD_NEW_ARRAY(run->arena, uint64_t, words, run->err);

	if (!data || !valid || !withheld)
		return false;
	for (uint64_t r = 0; r < rel->n_rows; r++) {
		struct ref_val *val = &rel->row[r][c];

		val->v.type = type;
		if (val->marked)
			withheld[r / 64] |= UINT64_C(1) << r % 64;
		if (val->v.is_null)
			continue;
		valid[r / 64] |= UINT64_C(1) << r % 64;
		put_cell(data + r * width, &val->v);
	}
	out->withheld[c] = withheld;
	out->vec[c] =
		(struct rd_vec){ type, RD_FLAT, width, data, type.nullable ? valid : NULL, NULL };
	return true;
}

static bool answer(struct ref_run *run, struct rd_rows *out)
{
	const struct rd_node *last = &run->plan->node[run->plan->n_nodes - 1];
	const struct ref_rel *rel = &run->rel[run->plan->n_nodes - 1];

	out->n_cols = last->n_cols;
	out->n_rows = rel->n_rows;
	out->withheld_groups = run->withheld_groups;
	out->withheld_cells = run->withheld_cells;
	out->column = RD_NEW_ARRAY(run->arena, struct rd_column, out->n_cols, run->err);
	out->vec = RD_NEW_ARRAY(run->arena, struct rd_vec, out->n_cols, run->err);
	out->withheld = RD_NEW_ARRAY(run->arena, uint64_t *, out->n_cols, run->err);
	if (!out->column || !out->vec || !out->withheld)
		return false;
	for (uint32_t c = 0; c < out->n_cols; c++) {
		out->column[c].name = last->output.name[c];
		out->column[c].type = last->col[c];
		if (!answer_column(run, rel, c, out))
			return false;
	}
	return true;
}

static bool check_tables(const struct rd_plan *plan, const struct rd_rows *table,
			 struct rd_err *err)
{
	for (uint32_t t = 0; t < plan->n_tables; t++) {
		bool ok = table[t].n_cols == plan->table[t].n_cols;

		for (uint32_t c = 0; ok && c < table[t].n_cols; c++) {
			struct rd_coltype a = table[t].vec[c].type,
					  b = plan->table[t].column[c].type;

			ok = a.type == b.type && a.precision == b.precision && a.scale == b.scale;
		}
		if (!ok)
			return rd_fail(err, RD_FAULT_FAILED, "ref.table",
				       "table %u has not the columns of the plan's schema", t);
	}
	return true;
}

bool rd_ref_run(const struct rd_plan *plan, const struct rd_rows *table, struct rd_arena *arena,
		struct rd_rows *out, struct rd_err *err)
{
	struct rd_err why = { 0 };
	struct ref_run run = { .plan = plan, .table = table, .arena = arena, .err = &why };

	*out = (struct rd_rows){ 0 };
	if (!rd_plan_check(plan, err) || !check_tables(plan, table, err))
		return false;
	run.rel = RD_NEW_ARRAY(arena, struct ref_rel, plan->n_nodes, err);
	if (!run.rel)
		return false;
	for (uint32_t i = 0; i < plan->n_nodes; i++) {
		run.rel[i].n_cols = plan->node[i].n_cols;
		if (run_node(&run, &plan->node[i], &run.rel[i]))
			continue;
		if (run.failed) {
			*out = (struct rd_rows){ .failed = true, .failed_at = run.failed_at };
			return true;
		}
		*err = why;
		return rd_wrap(err, "node %u", i);
	}
	if (answer(&run, out))
		return true;
	*err = why;
	return false;
}

bool rd_ref_is_ordered(const struct rd_plan *plan)
{
	uint32_t i = plan->node[plan->n_nodes - 1].input[0];

	while (plan->node[i].kind == RD_NODE_PROJECT || plan->node[i].kind == RD_NODE_LIMIT)
		i = plan->node[i].input[0];
	return plan->node[i].kind == RD_NODE_SORT;
}
