/*
 * Plans as text: a tree from the output down, one node a line; a node that feeds several is written
 * out where it comes first.  Expressions are infix, but for masks, which follow from CASE, AND and
 * OR as written.  Names and texts are the plan author's: what could fool a terminal or a reader is
 * escaped.
 */
#include "query_int.h"

#include <string.h>

#define PRINT_MEMORY_MAX ((size_t)256 << 20)
#define INDENT_MAX 40

struct printer {
	const struct rd_plan *plan;
	struct rd_arena *arena;
	struct rd_buf *out;
	const struct rd_view **name; /* of each node's columns */
	struct rd_err *err;
};

/* ---- names and texts --------------------------------------------------------------------- */

/* What stands between quotes: one of its own is doubled. */
static void put_literal(struct rd_buf *out, struct rd_view text)
{
	const uint8_t *quote;

	while (text.len && (quote = memchr(text.data, '\'', text.len)) != NULL) {
		size_t len = (size_t)(quote - text.data);

		rd_text_put_shown(out, rd_view_of(text.data, len));
		rd_buf_printf(out, "''");
		text = rd_view_of(text.data + len + 1, text.len - len - 1);
	}
	rd_text_put_shown(out, text);
}

static void put_type(struct rd_buf *out, struct rd_coltype type)
{
	char name[32];

	rd_coltype_name(type, name);
	rd_buf_printf(out, "%s%s", name, type.nullable ? " null" : "");
}

static void put_value(struct printer *p, const struct rd_value *v)
{
	bool bare = v->is_null || v->type.type == RD_BOOL || v->type.type == RD_INT32 ||
		    v->type.type == RD_INT64 || v->type.type == RD_DECIMAL ||
		    v->type.type == RD_DOUBLE;

	if (v->type.type == RD_TEXT && !v->is_null) {
		rd_buf_add_byte(p->out, '\'');
		put_literal(p->out, v->text);
		rd_buf_add_byte(p->out, '\'');
		return;
	}
	rd_buf_printf(p->out, "%s", bare ? "" : "'");
	if (!rd_value_format(v, "NULL", p->out, p->err))
		p->out->failed = true;
	rd_buf_printf(p->out, "%s", bare ? "" : "'");
}

static struct rd_view own_name(struct printer *p, uint32_t node, uint32_t column)
{
	struct rd_view out = { 0 };

	if (!rd_arena_printf(p->arena, &out, p->err, "n%u.%u", node, column + 1))
		p->out->failed = true;
	return out;
}

/* A column of a table, by the names of both. */
static struct rd_view scan_name(struct printer *p, const struct rd_node *node, uint32_t c)
{
	const struct rd_plan_table *table = &p->plan->table[node->scan.table];
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 8192 };
	struct rd_view out = { 0 };

	rd_text_put_shown(&text, table->name);
	rd_buf_add_byte(&text, '.');
	rd_text_put_shown(&text, table->column[node->scan.column[c]].name);
	if (!rd_arena_copy(p->arena, rd_buf_view(&text), &out, p->err))
		p->out->failed = true;
	return out;
}

/* Where a column only passes through it keeps its name. */
static struct rd_view column_name(struct printer *p, uint32_t index, uint32_t c)
{
	const struct rd_node *node = &p->plan->node[index];
	const struct rd_view *in = rd_node_inputs(node->kind) ? p->name[node->input[0]] : NULL;
	const struct rd_instr *instr;
	uint32_t n_left;

	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_SCAN:
		return scan_name(p, node, c);
	case RD_NODE_PROJECT:
		instr = &node->project.prog.instr[node->project.prog.out[c]];
		return instr->op == RD_OP_COLUMN ? in[instr->a] : own_name(p, index, c);
	case RD_NODE_JOIN:
		n_left = p->plan->node[node->input[0]].n_cols;
		return c < n_left ? in[c] : p->name[node->input[1]][c - n_left];
	case RD_NODE_AGGREGATE:
		return c < node->aggregate.n_keys ? in[node->aggregate.key[c]]
						  : own_name(p, index, c);
	case RD_NODE_VALUES:
	case RD_NODE_WINDOW:
		return own_name(p, index, c);
	default:
		return in[c];
	}
}

static bool name_columns(struct printer *p)
{
	p->name = RD_NEW_ARRAY(p->arena, const struct rd_view *, p->plan->n_nodes, p->err);
	if (!p->name)
		return false;
	for (uint32_t i = 0; i < p->plan->n_nodes; i++) {
		uint32_t n = p->plan->node[i].n_cols;
		struct rd_view *name = RD_NEW_ARRAY(p->arena, struct rd_view, n, p->err);

		if (!name)
			return false;
		for (uint32_t c = 0; c < n; c++)
			name[c] = column_name(p, i, c);
		p->name[i] = name;
	}
	return true;
}

/* ---- expressions ------------------------------------------------------------------------- */

/* Either text or a value still to be written: a stack of them stands in for recursion. */
struct token {
	const char *text; /* NULL: the value */
	uint32_t value;
};

struct writer {
	struct printer *p;
	const struct rd_prog *prog;
	const struct rd_view *left, *right; /* names of the input's columns */
	uint32_t n_left;
	uint32_t *uses; /* of each value, by others and as output */
	struct token *stack;
	size_t depth;
};

static bool is_leaf(const struct rd_instr *in)
{
	return in->op == RD_OP_CONST || in->op == RD_OP_COLUMN;
}

/* Written out once as "v7 := ..." and named where it is used. */
static bool is_shared(const struct writer *w, uint32_t value)
{
	return w->uses[value] > 1 && !is_leaf(&w->prog->instr[value]);
}

static void push_text(struct writer *w, const char *text)
{
	w->stack[w->depth++] = (struct token){ .text = text };
}

static void push_value(struct writer *w, uint32_t value)
{
	w->stack[w->depth++] = (struct token){ .value = value };
}

static void put_in_list(struct writer *w, const struct rd_instr *in)
{
	rd_buf_printf(w->p->out, " in (");
	for (uint32_t i = 0; i < in->n_list; i++) {
		rd_buf_printf(w->p->out, "%s", i ? ", " : "");
		put_value(w->p, &in->constant[i]);
	}
	rd_buf_printf(w->p->out, "))");
}

static void put_pattern(struct writer *w, const struct rd_instr *in)
{
	struct rd_buf *out = w->p->out;

	rd_buf_printf(out, " like '");
	for (uint32_t i = 0; i < in->n_list; i++) {
		const struct rd_like_item *item = &in->like[i];

		if (item->kind != RD_LIKE_BYTES) {
			rd_buf_add_byte(out, item->kind == RD_LIKE_ANY_RUN ? '%' : '_');
			continue; /* it has no bytes */
		}
		for (size_t k = 0, from = 0; k <= item->bytes.len; k++) {
			bool end = k == item->bytes.len;

			if (!end && !memchr("%_\\", item->bytes.data[k], 3))
				continue;
			put_literal(out, rd_view_of(item->bytes.data + from, k - from));
			if (!end)
				rd_buf_add_byte(out, '\\');
			from = k;
		}
	}
	rd_buf_printf(out, "')");
}

static const char *field_name(int32_t field)
{
	static const char *const names[] = { "?",      "year",   "month", "day", "quarter", "hour",
					     "minute", "second", "dow",   "doy", "epoch" };

	return names[field];
}

/* The tokens of a CASE or COALESCE, last first. */
static void push_list(struct writer *w, const struct rd_instr *in)
{
	push_text(w, in->op == RD_OP_CASE ? " end" : ")");
	for (uint32_t i = in->n_list; i-- > 0;) {
		push_value(w, in->list[i]);
		if (in->op == RD_OP_COALESCE)
			push_text(w, i ? ", " : "coalesce(");
		else if (i == in->n_list - 1)
			push_text(w, " else ");
		else
			push_text(w, i % 2 ? " then " : i ? " when " : "case when ");
	}
}

/* name(a, b, c) with what stands behind them already written by `tail`. */
static void push_call(struct writer *w, const struct rd_instr *in, const char *tail)
{
	const uint32_t id[3] = { in->a, in->b, in->c };

	push_text(w, tail);
	for (int i = 3; i-- > 0;) {
		if (id[i] == RD_NONE)
			continue;
		push_value(w, id[i]);
		push_text(w, i ? ", " : "(");
	}
}

static const char *keep_text(struct writer *w, struct rd_view text)
{
	struct rd_view out = { 0 };

	if (!rd_arena_copy(w->p->arena, text, &out, w->p->err)) {
		w->p->out->failed = true;
		return "";
	}
	return (const char *)out.data;
}

static void push_cast(struct writer *w, const struct rd_instr *in)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 64 };
	char name[32];

	rd_coltype_name(in->type, name);
	rd_buf_printf(&text, " as %s)", name);
	push_call(w, in, keep_text(w, rd_buf_view(&text)));
	rd_buf_printf(w->p->out, "cast");
}

static void push_round(struct writer *w, const struct rd_instr *in)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 64 };

	rd_buf_printf(&text, ", %d)", in->digits);
	push_call(w, in, keep_text(w, rd_buf_view(&text)));
	rd_buf_printf(w->p->out, "round");
}

/* One value: text goes out, what is inside it goes on the stack. */
static void expand(struct writer *w, uint32_t value)
{
	const struct rd_instr *in = &w->prog->instr[value];
	const struct rd_op_rule *rule = rd_op_rule_find(in->op);
	struct rd_buf *out = w->p->out;
	struct rd_view name;

	switch (in->op) {
	case RD_OP_CONST:
		put_value(w->p, in->constant);
		break;
	case RD_OP_COLUMN:
		name = in->a < w->n_left ? w->left[in->a] : w->right[in->a - w->n_left];
		rd_buf_add(out, name);
		break;
	case RD_OP_CASE:
	case RD_OP_COALESCE:
		push_list(w, in);
		break;
	case RD_OP_CAST:
		push_cast(w, in);
		break;
	case RD_OP_ROUND:
		push_round(w, in);
		break;
	case RD_OP_EXTRACT:
		rd_buf_printf(out, "extract(%s from ", field_name(in->digits));
		push_text(w, ")");
		push_value(w, in->a);
		break;
	case RD_OP_IN:
	case RD_OP_LIKE:
		rd_buf_add_byte(out, '(');
		w->stack[w->depth++] = (struct token){ .text = "", .value = value };
		push_value(w, in->a);
		break;
	case RD_OP_IS_NULL:
	case RD_OP_IS_TRUE:
	case RD_OP_IS_FALSE:
		push_text(w, ")");
		push_text(w, rule->name);
		push_text(w, " ");
		push_value(w, in->a);
		push_text(w, "(");
		break;
	default:
		if (!rule->infix) {
			push_call(w, in, ")");
			rd_buf_printf(out, "%s", rule->name);
			break;
		}
		push_text(w, ")");
		push_value(w, in->b);
		push_text(w, " ");
		push_text(w, rule->infix);
		push_text(w, " ");
		push_value(w, in->a);
		push_text(w, "(");
		break;
	}
}

/* An empty text marks the place where the list of an IN or the pattern of a LIKE follows. */
static void put_token(struct writer *w, struct token token)
{
	const struct rd_instr *in = &w->prog->instr[token.value];

	if (token.text && token.text[0])
		rd_buf_printf(w->p->out, "%s", token.text);
	else if (token.text && in->op == RD_OP_IN)
		put_in_list(w, in);
	else if (token.text)
		put_pattern(w, in);
	else if (is_shared(w, token.value))
		rd_buf_printf(w->p->out, "v%u", token.value);
	else
		expand(w, token.value);
}

static void put_expression(struct writer *w, uint32_t value)
{
	expand(w, value);
	while (w->depth && !w->p->out->failed)
		put_token(w, w->stack[--w->depth]);
	w->depth = 0;
}

static void count_uses(struct writer *w)
{
	for (uint32_t i = 0; i < w->prog->n; i++) {
		const struct rd_instr *in = &w->prog->instr[i];
		const uint32_t id[3] = { in->op == RD_OP_COLUMN ? RD_NONE : in->a, in->b, in->c };

		for (int k = 0; k < 3; k++)
			if (id[k] != RD_NONE)
				w->uses[id[k]]++;
		for (uint32_t k = 0; in->list && k < in->n_list; k++)
			w->uses[in->list[k]]++;
	}
	for (uint32_t i = 0; i < w->prog->n_out; i++)
		w->uses[w->prog->out[i]]++;
}

/* Opens a program: names its shared values first. */
static bool open_prog(struct writer *w, struct printer *p, const struct rd_node *node,
		      const struct rd_prog *prog)
{
	size_t n_tokens = 16;

	*w = (struct writer){ .p = p, .prog = prog, .left = p->name[node->input[0]] };
	w->n_left = p->plan->node[node->input[0]].n_cols;
	if (node->kind == RD_NODE_JOIN)
		w->right = p->name[node->input[1]];
	for (uint32_t i = 0; i < prog->n; i++)
		n_tokens += 8 + (prog->instr[i].list ? 2 * (size_t)prog->instr[i].n_list + 1 : 0);
	w->uses = RD_NEW_ARRAY(p->arena, uint32_t, prog->n, p->err);
	w->stack = RD_NEW_ARRAY(p->arena, struct token, n_tokens, p->err);
	if (!w->uses || !w->stack)
		return false;
	count_uses(w);
	for (uint32_t i = 0; i < prog->n; i++) {
		if (!is_shared(w, i))
			continue;
		rd_buf_printf(p->out, " v%u := ", i);
		put_expression(w, i);
		rd_buf_add_byte(p->out, ';');
	}
	return true;
}

static void put_result(struct writer *w, uint32_t value)
{
	put_token(w, (struct token){ .value = value });
	while (w->depth && !w->p->out->failed)
		put_token(w, w->stack[--w->depth]);
	w->depth = 0;
}

static bool put_condition(struct printer *p, const struct rd_node *node, const struct rd_prog *prog)
{
	struct writer w;

	if (!open_prog(&w, p, node, prog))
		return false;
	rd_buf_add_byte(p->out, ' ');
	put_result(&w, prog->out[0]);
	return true;
}

/* ---- nodes ------------------------------------------------------------------------------- */

static bool put_project(struct printer *p, uint32_t index)
{
	const struct rd_node *node = &p->plan->node[index];
	const struct rd_prog *prog = &node->project.prog;
	struct writer w;

	if (!open_prog(&w, p, node, prog))
		return false;
	for (uint32_t i = 0; i < prog->n_out; i++) {
		rd_buf_printf(p->out, "%s", i ? ", " : " ");
		if (prog->instr[prog->out[i]].op != RD_OP_COLUMN)
			rd_buf_printf(p->out, "%.*s = ", RD_FMT(p->name[index][i]));
		put_result(&w, prog->out[i]);
	}
	return true;
}

static void put_names(struct printer *p, const struct rd_view *name, const uint32_t *column,
		      uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		rd_buf_printf(p->out, "%s%.*s", i ? ", " : " ",
			      RD_FMT(name[column ? column[i] : i]));
}

static bool put_join(struct printer *p, const struct rd_node *node)
{
	static const char *const kinds[] = { "?",     "inner", "left", "right",
					     "full",  "semi",  "anti", "null-aware anti",
					     "single" };
	const struct rd_view *left = p->name[node->input[0]], *right = p->name[node->input[1]];

	rd_buf_printf(p->out, " %s", kinds[node->join.kind]);
	for (uint32_t i = 0; i < node->join.n_keys; i++)
		rd_buf_printf(p->out, "%s%.*s = %.*s", i ? " and " : " on ",
			      RD_FMT(left[node->join.left_key[i]]),
			      RD_FMT(right[node->join.right_key[i]]));
	if (node->join.left_unique)
		rd_buf_printf(p->out, " (left unique)");
	if (node->join.right_unique)
		rd_buf_printf(p->out, " (right unique)");
	if (!node->join.has_residual)
		return true;
	rd_buf_printf(p->out, " where");
	return put_condition(p, node, &node->join.residual);
}

static void put_aggregate(struct printer *p, uint32_t index)
{
	const struct rd_node *node = &p->plan->node[index];
	const struct rd_view *in = p->name[node->input[0]];
	uint32_t n_keys = node->aggregate.n_keys;

	for (uint32_t i = 0; i < node->aggregate.n_aggs; i++) {
		const struct rd_agg *agg = &node->aggregate.agg[i];

		rd_buf_printf(p->out, "%s%.*s = %s(%s", i ? ", " : " ",
			      RD_FMT(p->name[index][n_keys + i]), rd_agg_name(agg->fn),
			      agg->distinct ? "distinct " : "");
		if (agg->column == RD_NONE)
			rd_buf_add_byte(p->out, '*');
		else
			rd_buf_add(p->out, in[agg->column]);
		rd_buf_add_byte(p->out, ')');
		if (agg->filter != RD_NONE)
			rd_buf_printf(p->out, " filter %.*s", RD_FMT(in[agg->filter]));
	}
	if (n_keys)
		rd_buf_printf(p->out, " by");
	put_names(p, in, node->aggregate.key, n_keys);
	for (uint32_t i = 0; i < node->aggregate.n_sets; i++) {
		rd_buf_printf(p->out, "%s", i ? ", (" : " sets (");
		for (uint32_t k = 0; k < n_keys; k++)
			if (node->aggregate.set[i] >> k & 1)
				rd_buf_printf(p->out, " %.*s", RD_FMT(in[node->aggregate.key[k]]));
		rd_buf_printf(p->out, " )");
	}
}

static void put_guard(struct printer *p, const struct rd_node *node)
{
	const struct rd_view *in = p->name[node->input[0]];

	rd_buf_printf(p->out, " keeps %u columns", node->guard.keep);
	for (uint32_t i = 0; i < node->guard.n_rules; i++) {
		const struct rd_guard_rule *r = &node->guard.rule[i];

		rd_buf_printf(p->out, "; rows with %.*s >= %llu (", RD_FMT(in[r->count_column]),
			      (unsigned long long)r->min);
		rd_text_put_shown(p->out, p->plan->table[r->table].name);
		rd_buf_add_byte(p->out, ')');
	}
	for (uint32_t i = 0; i < node->guard.n_cells; i++) {
		const struct rd_guard_cell *r = &node->guard.cell[i];

		rd_buf_printf(p->out, "; %.*s where %.*s >= %llu (", RD_FMT(in[r->column]),
			      RD_FMT(in[r->count_column]), (unsigned long long)r->min);
		rd_text_put_shown(p->out, p->plan->table[r->table].name);
		rd_buf_add_byte(p->out, ')');
	}
}

static void put_sort(struct printer *p, const struct rd_node *node)
{
	for (uint32_t i = 0; i < node->sort.n_keys; i++) {
		const struct rd_sort_key *key = &node->sort.key[i];

		rd_buf_printf(p->out, "%s%.*s%s%s", i ? ", " : " ",
			      RD_FMT(p->name[node->input[0]][key->column]),
			      key->descending ? " desc" : "",
			      key->nulls_first ? " nulls first" : "");
	}
}

static void put_values(struct printer *p, const struct rd_node *node)
{
	for (uint32_t r = 0; r < node->values.n_rows; r++) {
		rd_buf_printf(p->out, "%s", r ? ", (" : " (");
		for (uint32_t c = 0; c < node->n_cols; c++) {
			rd_buf_printf(p->out, "%s", c ? ", " : "");
			put_value(p, &node->values.value[(size_t)r * node->n_cols + c]);
		}
		rd_buf_add_byte(p->out, ')');
	}
}

static void put_output(struct printer *p, const struct rd_node *node)
{
	const struct rd_view *in = p->name[node->input[0]];

	for (uint32_t i = 0; i < node->n_cols; i++) {
		rd_buf_printf(p->out, "%s", i ? ", " : " ");
		rd_text_put_shown(p->out, node->output.name[i]);
		rd_buf_add_byte(p->out, ' ');
		put_type(p->out, node->col[i]);
		rd_buf_printf(p->out, " = %.*s", RD_FMT(in[i]));
	}
}

static bool put_payload(struct printer *p, uint32_t index)
{
	static const char *const setops[] = { "?", "union", "intersect", "except" };
	const struct rd_node *node = &p->plan->node[index];

	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_SCAN:
		rd_buf_add_byte(p->out, ' ');
		rd_text_put_shown(p->out, p->plan->table[node->scan.table].name);
		rd_buf_add_byte(p->out, ':');
		put_names(p, p->name[index], NULL, node->n_cols);
		break;
	case RD_NODE_VALUES:
		put_values(p, node);
		break;
	case RD_NODE_FILTER:
		return put_condition(p, node, &node->filter.prog);
	case RD_NODE_PROJECT:
		return put_project(p, index);
	case RD_NODE_JOIN:
		return put_join(p, node);
	case RD_NODE_AGGREGATE:
		put_aggregate(p, index);
		break;
	case RD_NODE_SETOP:
		rd_buf_printf(p->out, " %s%s", setops[node->setop.op],
			      node->setop.all ? " all" : "");
		break;
	case RD_NODE_SORT:
		put_sort(p, node);
		break;
	case RD_NODE_LIMIT:
		if (node->limit.count != UINT64_MAX)
			rd_buf_printf(p->out, " %llu", (unsigned long long)node->limit.count);
		if (node->limit.offset)
			rd_buf_printf(p->out, " offset %llu",
				      (unsigned long long)node->limit.offset);
		break;
	case RD_NODE_GUARD:
		put_guard(p, node);
		break;
	case RD_NODE_OUTPUT:
		put_output(p, node);
		break;
	case RD_NODE_WINDOW:
		break;
	}
	return true;
}

/* The nodes still to be written, the next on top, each with its depth. */
struct todo {
	uint32_t node, depth;
};

static bool put_tree(struct printer *p)
{
	uint32_t n = p->plan->n_nodes, top = 0;
	struct todo *stack = RD_NEW_ARRAY(p->arena, struct todo, 2 * (size_t)n + 1, p->err);
	bool *seen = RD_NEW_ARRAY(p->arena, bool, n, p->err);

	if (!stack || !seen)
		return false;
	stack[top++] = (struct todo){ n - 1, 0 };
	while (top && !p->out->failed) {
		struct todo at = stack[--top];
		const struct rd_node *node = &p->plan->node[at.node];
		uint32_t indent = at.depth < INDENT_MAX ? at.depth : INDENT_MAX;

		rd_buf_printf(p->out, "%*sn%u %s", (int)(2 * indent), "", at.node,
			      rd_node_name(node->kind));
		if (seen[at.node]) {
			rd_buf_printf(p->out, " (as above)\n");
			continue;
		}
		seen[at.node] = true;
		if (!put_payload(p, at.node))
			return false;
		rd_buf_add_byte(p->out, '\n');
		for (uint32_t i = rd_node_inputs(node->kind); i-- > 0;)
			stack[top++] = (struct todo){ node->input[i], at.depth + 1 };
	}
	return true;
}

static void free_arena(struct rd_arena **arena)
{
	rd_arena_free(arena);
}

bool rd_plan_print(const struct rd_plan *plan, struct rd_buf *out, struct rd_err *err)
{
	struct rd_arena *arena RD_AUTO(free_arena) = NULL;
	struct rd_err why = { 0 };
	struct printer p = { .plan = plan, .out = out, .err = &why };

	if (!rd_plan_check(plan, err) || !rd_arena_new(PRINT_MEMORY_MAX, &arena, err))
		return false;
	p.arena = arena;
	if (name_columns(&p) && put_tree(&p) && !why.code)
		return rd_buf_ok(out, err);
	*err = why;
	return false;
}

/* ---- the columns that are read ------------------------------------------------------------ */

bool rd_plan_columns_read(const struct rd_plan *plan, uint32_t table, struct rd_arena *arena,
			  const uint32_t **column, uint32_t *n, struct rd_err *err)
{
	uint32_t n_cols = table < plan->n_tables ? plan->table[table].n_cols : 0, used = 0;
	bool *read = RD_NEW_ARRAY(arena, bool, n_cols, err);
	uint32_t *out = RD_NEW_ARRAY(arena, uint32_t, n_cols, err);

	if (!read || !out)
		return false;
	for (uint32_t i = 0; i < plan->n_nodes; i++) {
		const struct rd_node *node = &plan->node[i];

		if (node->kind != RD_NODE_SCAN || node->scan.table != table)
			continue;
		for (uint32_t c = 0; c < node->n_cols; c++)
			read[node->scan.column[c]] = true;
	}
	for (uint32_t c = 0; c < n_cols; c++)
		if (read[c])
			out[used++] = c;
	*column = out;
	*n = used;
	return true;
}
