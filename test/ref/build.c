/* Plans by hand, for tests. */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(struct build *b, size_t count, size_t size)
{
	void *p = rd_arena_alloc(b->arena, count, size, &b->err);

	rd_assert(p != NULL);
	return p;
}

static void *keep(struct build *b, const void *from, size_t count, size_t size)
{
	void *p = need(b, count, size);

	if (count)
		memcpy(p, from, count * size);
	return p;
}

void build_init(struct build *b, struct rd_arena *arena)
{
	*b = (struct build){ .arena = arena };
	b->plan.table = need(b, RD_PLAN_TABLES_MAX, sizeof(*b->plan.table));
	b->plan.node = need(b, RD_PLAN_NODES_MAX, sizeof(*b->plan.node));
}

uint32_t build_table(struct build *b, const char *name, uint32_t n_cols,
		     const struct rd_column *column)
{
	struct rd_plan_table *table = &b->plan.table[b->plan.n_tables];

	rd_assert(b->plan.n_tables < RD_PLAN_TABLES_MAX);
	*table = (struct rd_plan_table){ rd_view_str(name), n_cols,
					 keep(b, column, n_cols, sizeof(*column)) };
	return b->plan.n_tables++;
}

uint32_t build_node(struct build *b, const struct rd_node *node)
{
	uint32_t id = b->plan.n_nodes;

	rd_assert(id < RD_PLAN_NODES_MAX);
	b->plan.node[id] = *node;
	if (!rd_node_derive(&b->plan, id, b->arena, &b->err))
		return RD_NONE;
	b->plan.n_nodes++;
	return id;
}

uint32_t build_sure(const struct build *b, uint32_t id)
{
	if (id == RD_NONE) {
		fprintf(stderr, "build: %s\n", b->err.text);
		abort();
	}
	return id;
}

uint32_t build_scan(struct build *b, uint32_t table)
{
	uint32_t n = b->plan.table[table].n_cols;
	uint32_t *column = need(b, n, sizeof(*column));

	for (uint32_t i = 0; i < n; i++)
		column[i] = i;
	return build_node(b, &(struct rd_node){ .kind = RD_NODE_SCAN,
						.input = { RD_NONE, RD_NONE },
						.n_cols = n,
						.scan = { table, column } });
}

uint32_t build_values(struct build *b, uint32_t n_cols, const struct rd_coltype *type,
		      uint32_t n_rows, const struct rd_value *value)
{
	struct rd_node node = { .kind = RD_NODE_VALUES,
				.input = { RD_NONE, RD_NONE },
				.n_cols = n_cols };

	node.values.n_rows = n_rows;
	node.values.type = keep(b, type, n_cols, sizeof(*type));
	node.values.value = keep(b, value, (size_t)n_cols * n_rows, sizeof(*value));
	return build_node(b, &node);
}

uint32_t build_join(struct build *b, uint8_t kind, const uint32_t input[2], uint32_t n_keys,
		    const uint32_t *keys)
{
	struct rd_node node = { .kind = RD_NODE_JOIN, .input = { input[0], input[1] } };

	node.join.kind = kind;
	node.join.n_keys = n_keys;
	node.join.left_key = keep(b, keys, n_keys, sizeof(*keys));
	node.join.right_key = keep(b, keys + n_keys, n_keys, sizeof(*keys));
	node.join.position = RD_NONE;
	return build_node(b, &node);
}

uint32_t build_aggregate(struct build *b, uint32_t input, struct build_keys keys, uint32_t n_aggs,
			 const struct rd_agg *agg)
{
	struct rd_node node = { .kind = RD_NODE_AGGREGATE, .input = { input, RD_NONE } };
	struct rd_agg *copy = keep(b, agg, n_aggs, sizeof(*agg));
	const struct rd_node *in = &b->plan.node[input];

	for (uint32_t i = 0; i < n_aggs; i++) {
		struct rd_coltype arg = { 0 };

		if (copy[i].column != RD_NONE)
			arg = in->col[copy[i].column];
		if (!rd_agg_derive(copy[i].fn, arg, keys.n == 0 || copy[i].filter != RD_NONE,
				   &copy[i].type, &b->err))
			return RD_NONE;
	}
	node.aggregate.n_keys = keys.n;
	node.aggregate.key = keep(b, keys.key, keys.n, sizeof(*keys.key));
	node.aggregate.n_aggs = n_aggs;
	node.aggregate.agg = copy;
	return build_node(b, &node);
}

uint32_t build_sort(struct build *b, uint32_t input)
{
	struct rd_node node = { .kind = RD_NODE_SORT, .input = { input, RD_NONE } };
	uint32_t n = b->plan.node[input].n_cols;
	struct rd_sort_key *key = need(b, n, sizeof(*key));

	for (uint32_t i = 0; i < n; i++)
		key[i].column = i;
	node.sort.n_keys = n;
	node.sort.key = key;
	return build_node(b, &node);
}

uint32_t build_limit(struct build *b, uint32_t input, uint64_t count, uint64_t offset)
{
	return build_node(b, &(struct rd_node){ .kind = RD_NODE_LIMIT,
						.input = { input, RD_NONE },
						.limit = { count, offset } });
}

uint32_t build_output(struct build *b, uint32_t input)
{
	struct rd_node node = { .kind = RD_NODE_OUTPUT, .input = { input, RD_NONE } };
	uint32_t n = b->plan.node[input].n_cols;
	struct rd_view *name = need(b, n, sizeof(*name));

	for (uint32_t i = 0; i < n; i++)
		rd_assert(rd_arena_printf(b->arena, &name[i], &b->err, "c%u", i));
	node.output.name = name;
	return build_node(b, &node);
}

/* ---- programs ---------------------------------------------------------------------------- */

void build_prog_init(struct build_prog *p, struct build *b, uint32_t input, uint32_t cap)
{
	*p = (struct build_prog){ .b = b, .mask = RD_NONE };
	p->instr = need(b, cap, sizeof(*p->instr));
	p->out = need(b, cap, sizeof(*p->out));
	p->prog.instr = p->instr;
	p->prog.out = p->out;
	if (input != RD_NONE) {
		p->input = b->plan.node[input].col;
		p->n_input = b->plan.node[input].n_cols;
	}
}

uint32_t build_instr(struct build_prog *p, const struct rd_instr *instr)
{
	uint32_t id = p->prog.n;

	p->instr[id] = *instr;
	if (!rd_instr_derive(&p->prog, id, p->input, p->n_input, &p->instr[id].type, &p->b->err))
		return RD_NONE;
	p->prog.n++;
	return id;
}

static struct rd_instr plain(const struct build_prog *p, uint16_t op)
{
	return (struct rd_instr){ .op = op,
				  .a = RD_NONE,
				  .b = RD_NONE,
				  .c = RD_NONE,
				  .mask = p->mask,
				  .position = p->prog.n };
}

uint32_t build_column(struct build_prog *p, uint32_t column)
{
	struct rd_instr in = plain(p, RD_OP_COLUMN);

	in.a = column;
	in.mask = RD_NONE;
	return build_instr(p, &in);
}

uint32_t build_const(struct build_prog *p, const struct rd_value *value)
{
	struct rd_instr in = plain(p, RD_OP_CONST);

	in.mask = RD_NONE;
	in.type = value->type;
	in.constant = keep(p->b, value, 1, sizeof(*value));
	return build_instr(p, &in);
}

uint32_t build_op(struct build_prog *p, uint16_t op, uint32_t a, uint32_t b)
{
	struct rd_instr in = plain(p, op);

	in.a = a;
	in.b = b;
	return build_instr(p, &in);
}

uint32_t build_cast(struct build_prog *p, uint32_t a, struct rd_coltype type)
{
	struct rd_instr in = plain(p, RD_OP_CAST);

	in.a = a;
	in.type = type;
	return build_instr(p, &in);
}

void build_out(struct build_prog *p, uint32_t value)
{
	p->out[p->prog.n_out++] = value;
}

uint32_t build_filter(struct build_prog *p, uint32_t input)
{
	return build_node(p->b, &(struct rd_node){ .kind = RD_NODE_FILTER,
						   .input = { input, RD_NONE },
						   .filter = { p->prog } });
}

uint32_t build_project(struct build_prog *p, uint32_t input)
{
	return build_node(p->b, &(struct rd_node){ .kind = RD_NODE_PROJECT,
						   .input = { input, RD_NONE },
						   .project = { p->prog } });
}

/* ---- values and tables from text --------------------------------------------------------- */

static void sure(bool ok, const struct rd_err *err)
{
	if (ok)
		return;
	fprintf(stderr, "build: %s\n", err->text);
	abort();
}

struct rd_value build_value(const char *type, const char *text)
{
	struct rd_err err = { 0 };
	struct rd_value v = { 0 };
	struct rd_coltype t;

	sure(rd_coltype_parse(rd_view_str(type), &t, &err), &err);
	t.nullable = false;
	if (text)
		sure(rd_value_parse(rd_view_str(text), t, &v, &err), &err);
	v.type = t;
	v.type.nullable = v.is_null = text == NULL;
	return v;
}

/* The bytes up to `end` or the end of the text; moves on behind it. */
static struct rd_view piece(const char **at, char end)
{
	size_t n = 0;
	struct rd_view out;

	while ((*at)[n] && (*at)[n] != end)
		n++;
	out = rd_view_of(*at, n);
	*at += n + ((*at)[n] == end);
	return out;
}

static void put_slot(struct rd_vec *vec, uint64_t row, struct rd_value v)
{
	uint8_t *slot = (uint8_t *)vec->data + row * vec->width;
	struct rd_text text;

	if (v.type.type == RD_TEXT) {
		text = rd_text_of(v.text);
		memcpy(slot, &text, sizeof(text));
	} else if (v.type.type == RD_DOUBLE) {
		memcpy(slot, &v.f, vec->width);
	} else if (v.type.type == RD_DECIMAL) {
		memcpy(slot, &v.d, vec->width);
	} else {
		memcpy(slot, &v.i, vec->width);
	}
	((uint64_t *)(uintptr_t)vec->valid)[row / 64] |= UINT64_C(1) << row % 64;
}

static void schema_of(struct rd_arena *arena, const char *text, struct rd_rows *out)
{
	struct rd_err err = { 0 };

	out->column = RD_NEW_ARRAY(arena, struct rd_column, 64, &err);
	sure(out->column != NULL, &err);
	while (*text) {
		struct rd_column *c = &out->column[out->n_cols++];
		struct rd_view type;

		rd_assert(out->n_cols <= 64);
		c->name = piece(&text, ' ');
		type = piece(&text, ';');
		c->class_ = RD_CLASS_VISIBLE;
		if (type.len && type.data[type.len - 1] == '?')
			type.len--;
		sure(rd_coltype_parse(type, &c->type, &err), &err);
		c->type.nullable = type.data[type.len] == '?';
	}
}

void build_rows(struct rd_arena *arena, const char *schema, const char *lines, struct rd_rows *out)
{
	struct rd_err err = { 0 };
	uint64_t cap = 1;

	*out = (struct rd_rows){ 0 };
	schema_of(arena, schema, out);
	for (const char *p = lines; *p; p++)
		cap += *p == '\n';
	out->vec = RD_NEW_ARRAY(arena, struct rd_vec, out->n_cols, &err);
	for (uint32_t c = 0; c < out->n_cols; c++) {
		struct rd_coltype type = out->column[c].type;
		uint8_t width = rd_coltype_width(type);

		out->vec[c] = (struct rd_vec){ .type = type,
					       .repr = RD_FLAT,
					       .width = width,
					       .data = rd_arena_alloc(arena, cap, width, &err),
					       .valid = RD_NEW_ARRAY(arena, uint64_t, cap / 64 + 1,
								     &err) };
	}
	sure(err.code == NULL, &err);
	for (; *lines; out->n_rows++) {
		for (uint32_t c = 0; c < out->n_cols; c++) {
			struct rd_view field = piece(&lines, c + 1 < out->n_cols ? '|' : '\n');
			struct rd_value v = { 0 };

			if (field.len == 0)
				continue;
			sure(rd_value_parse(field, out->column[c].type, &v, &err), &err);
			v.type = out->column[c].type;
			put_slot(&out->vec[c], out->n_rows, v);
		}
	}
}

uint32_t build_table_of(struct build *b, const char *name, const struct rd_rows *rows)
{
	return build_table(b, name, rows->n_cols, rows->column);
}

struct rd_view build_text(struct rd_arena *arena, const struct rd_rows *rows)
{
	struct rd_buf buf RD_AUTO(rd_buf_free) = { .max = (size_t)1 << 24 };
	struct rd_err err = { 0 };
	struct rd_view out;

	if (rows->failed)
		rd_buf_printf(&buf, "failed at %d\n", (int)rows->failed_at);
	for (uint32_t r = 0; r < rows->n_rows; r++) {
		for (uint32_t c = 0; c < rows->n_cols; c++) {
			struct rd_value v = rd_vec_value(&rows->vec[c], r);
			bool hidden = rows->withheld && rows->withheld[c] &&
				      (rows->withheld[c][r / 64] >> r % 64 & 1);

			if (c)
				rd_buf_add_byte(&buf, '|');
			if (hidden)
				rd_buf_add_byte(&buf, '*');
			else
				sure(rd_value_format(&v, "null", &buf, &err), &err);
		}
		rd_buf_add_byte(&buf, '\n');
	}
	sure(rd_arena_copy(arena, rd_buf_view(&buf), &out, &err), &err);
	return out;
}
