/* Random plans: try an operation, keep it if its types fit. */
#include "gen.h"

#include <string.h>

#define POOL_MAX 96

struct gen {
	struct build *b;
	struct rd_test_random *random;
	struct build_prog prog;
	uint32_t pool[POOL_MAX]; /* values that may be used: not those behind a mask */
	uint32_t n_pool;
};

static uint32_t below(struct gen *g, uint32_t n)
{
	return (uint32_t)rd_test_random_below(g->random, n);
}

static uint32_t pick(struct gen *g)
{
	return g->pool[below(g, g->n_pool)];
}

static struct rd_coltype type_of(const struct gen *g, uint32_t value)
{
	return g->prog.prog.instr[value].type;
}

static void keep(struct gen *g, uint32_t value)
{
	if (value != RD_NONE && g->n_pool < POOL_MAX)
		g->pool[g->n_pool++] = value;
}

/* ---- expressions ------------------------------------------------------------------------- */

static uint32_t constant(struct gen *g)
{
	static const char *const of[][2] = {
		{ "int32", "0" },
		{ "int32", "7" },
		{ "int64", "-3" },
		{ "int64", "100" },
		{ "decimal(5,2)", "1.25" },
		{ "decimal(3,0)", "-9" },
		{ "double", "0.5" },
		{ "double", "-0" },
		{ "double", "NaN" },
		{ "date", "1996-02-29" },
		{ "timestamp", "1999-12-31 23:59:59.5" },
		{ "text", "" },
		{ "text", "ZZZ top" },
		{ "text", "a longer text of bytes" },
		{ "bool", "true" },
		{ "int32", NULL },
		{ "text", NULL },
		{ "decimal(15,2)", NULL },
	};
	uint32_t i = below(g, sizeof(of) / sizeof(of[0]));
	struct rd_value v = build_value(of[i][0], of[i][1]);

	return build_const(&g->prog, &v);
}

static uint32_t interval(struct gen *g)
{
	struct rd_value v = { .type = { .type = RD_INTERVAL } };

	v.interval.months = (int32_t)below(g, 40) - 20;
	v.interval.days = (int32_t)below(g, 60) - 30;
	v.interval.micros = (int64_t)below(g, 100000000) * 1000;
	return build_const(&g->prog, &v);
}

static struct rd_instr blank(const struct gen *g, uint16_t op)
{
	return (struct rd_instr){ .op = op,
				  .a = RD_NONE,
				  .b = RD_NONE,
				  .c = RD_NONE,
				  .mask = g->prog.mask,
				  .position = g->prog.prog.n };
}

/* Another value of the same type and scale, or RD_NONE. */
static uint32_t alike(struct gen *g, uint32_t a)
{
	for (int i = 0; i < 20; i++) {
		uint32_t b = pick(g);

		if (type_of(g, a).type == type_of(g, b).type &&
		    type_of(g, a).scale == type_of(g, b).scale)
			return b;
	}
	return RD_NONE;
}

static uint32_t in_list(struct gen *g)
{
	struct rd_instr in = blank(g, RD_OP_IN);
	struct rd_value *v = RD_NEW_ARRAY(g->b->arena, struct rd_value, 3, &g->b->err);
	struct rd_coltype type;

	in.a = pick(g);
	type = type_of(g, in.a);
	rd_assert(v != NULL);
	for (uint32_t i = 0; i < 3; i++) {
		v[i].type = type;
		v[i].is_null = type.type == RD_TEXT || below(g, 6) == 0;
		if (type.type == RD_DECIMAL)
			v[i].d = below(g, 9);
		else if (type.type == RD_DOUBLE)
			v[i].f = below(g, 9);
		else if (type.type != RD_TEXT)
			v[i].i = below(g, type.type == RD_BOOL ? 2 : 9);
		if (type.type == RD_TEXT) {
			v[i].is_null = false;
			v[i].text = rd_view_str(i ? "a" : "x%y");
		}
	}
	in.n_list = 3;
	in.constant = v;
	return build_instr(&g->prog, &in);
}

static uint32_t like(struct gen *g)
{
	static const struct rd_like_item items[] = {
		{ RD_LIKE_ANY_RUN, { NULL, 0 } },  { RD_LIKE_BYTES, { (const uint8_t *)"s", 1 } },
		{ RD_LIKE_ANY_CHAR, { NULL, 0 } }, { RD_LIKE_BYTES, { (const uint8_t *)"e", 1 } },
		{ RD_LIKE_ANY_RUN, { NULL, 0 } },
	};
	struct rd_instr in = blank(g, RD_OP_LIKE);
	uint32_t from = below(g, 5);

	in.a = pick(g);
	in.like = items + from;
	in.n_list = below(g, 6 - from);
	return build_instr(&g->prog, &in);
}

static uint32_t special(struct gen *g)
{
	static const struct rd_coltype to[] = {
		{ RD_INT64, 0, 0, false },     { RD_DOUBLE, 0, 0, false },
		{ RD_TEXT, 0, 0, false },      { RD_DECIMAL, 20, 2, false },
		{ RD_DECIMAL, 38, 5, false },  { RD_DATE, 0, 0, false },
		{ RD_TIMESTAMP, 0, 0, false },
	};
	struct rd_instr in = blank(g, RD_OP_ROUND);

	switch (below(g, 7)) {
	case 0:
		return in_list(g);
	case 1:
		return like(g);
	case 2: /* text to anything but text fails too often to be of use */
		in.a = pick(g);
		return type_of(g, in.a).type == RD_TEXT
			       ? RD_NONE
			       : build_cast(&g->prog, in.a,
					    to[below(g, sizeof(to) / sizeof(to[0]))]);
	case 3:
		in.op = RD_OP_EXTRACT;
		in.a = pick(g);
		in.digits = (int32_t)below(g, 10) + 1;
		return build_instr(&g->prog, &in);
	case 4:
		in.op = RD_OP_DATE_ADD;
		in.a = pick(g);
		in.b = interval(g);
		return build_instr(&g->prog, &in);
	case 5:
		in.op = RD_OP_COALESCE;
		in.a = pick(g);
		uint32_t *list = RD_NEW_ARRAY(g->b->arena, uint32_t, 2, &g->b->err);

		rd_assert(list != NULL);
		list[0] = in.a;
		list[1] = alike(g, in.a);
		in.a = RD_NONE;
		in.n_list = 2;
		in.list = list;
		return list[1] == RD_NONE ? RD_NONE : build_instr(&g->prog, &in);
	default:
		in.a = pick(g);
		in.digits = (int32_t)below(g, 5) - 1;
		return build_instr(&g->prog, &in);
	}
}

/* One operation over the pool; RD_NONE if what was drawn does not type. */
static uint32_t operation(struct gen *g)
{
	static const uint16_t two[] = { RD_OP_ADD,   RD_OP_SUB,         RD_OP_MUL, RD_OP_EQ,
					RD_OP_NE,    RD_OP_LT,          RD_OP_LE,  RD_OP_GT,
					RD_OP_GE,    RD_OP_IS_DISTINCT, RD_OP_AND, RD_OP_OR,
					RD_OP_CONCAT };
	static const uint16_t one[] = { RD_OP_NEG,     RD_OP_ABS,      RD_OP_FLOOR, RD_OP_CEIL,
					RD_OP_IS_NULL, RD_OP_IS_TRUE,  RD_OP_NOT,   RD_OP_UPPER,
					RD_OP_LOWER,   RD_OP_IS_FALSE, RD_OP_LENGTH };
	uint32_t a = pick(g), b;

	switch (below(g, 8)) {
	case 0:
	case 1:
		return special(g);
	case 2:
	case 3:
		return build_op(&g->prog, one[below(g, sizeof(one) / sizeof(one[0]))], a, RD_NONE);
	case 4: /* where divisors are zero the plan fails: not too often */
		b = alike(g, a);
		return b == RD_NONE || below(g, 4)
			       ? RD_NONE
			       : build_op(&g->prog, below(g, 2) ? RD_OP_DIV : RD_OP_MOD, a, b);
	default:
		b = alike(g, a);
		return b == RD_NONE ? RD_NONE
				    : build_op(&g->prog,
					       two[below(g, sizeof(two) / sizeof(two[0]))], a, b);
	}
}

static uint32_t try_operation(struct gen *g)
{
	uint32_t value = RD_NONE;

	for (int i = 0; i < 30 && value == RD_NONE; i++)
		value = operation(g);
	return value;
}

/* CASE WHEN cond THEN x END, x computed where cond is true only. */
static void guarded(struct gen *g)
{
	uint32_t cond = pick(g), mask, arm, *list;
	struct rd_value null = { .is_null = true };
	struct rd_instr in = blank(g, RD_OP_CASE);

	if (type_of(g, cond).type != RD_BOOL)
		return;
	mask = build_op(&g->prog, RD_OP_IS_TRUE, cond, RD_NONE);
	g->prog.mask = mask;
	arm = try_operation(g);
	g->prog.mask = RD_NONE;
	list = RD_NEW_ARRAY(g->b->arena, uint32_t, 3, &g->b->err);
	if (arm == RD_NONE || !list)
		return;
	null.type = type_of(g, arm);
	list[0] = cond;
	list[1] = arm;
	list[2] = build_const(&g->prog, &null);
	in.n_list = 3;
	in.list = list;
	keep(g, build_instr(&g->prog, &in));
}

static void start_program(struct gen *g, uint32_t input)
{
	uint32_t n_cols = g->b->plan.node[input].n_cols, n = 4 + below(g, 12);

	build_prog_init(&g->prog, g->b, input, 2048);
	g->n_pool = 0;
	for (uint32_t i = 0; i < n_cols && i < 24; i++)
		keep(g, build_column(&g->prog, i));
	for (uint32_t i = 0; i < 4; i++)
		keep(g, constant(g));
	for (uint32_t i = 0; i < n; i++) {
		if (below(g, 4) == 0)
			guarded(g);
		else
			keep(g, try_operation(g));
	}
}

/* ---- nodes ------------------------------------------------------------------------------- */

static uint32_t filter(struct gen *g, uint32_t input)
{
	start_program(g, input);
	for (uint32_t i = g->n_pool; i-- > 0;) {
		if (type_of(g, g->pool[i]).type != RD_BOOL)
			continue;
		build_out(&g->prog, g->pool[i]);
		return build_sure(g->b, build_filter(&g->prog, input));
	}
	return input;
}

static uint32_t project(struct gen *g, uint32_t input)
{
	uint32_t n = 2 + below(g, 6);

	start_program(g, input);
	for (uint32_t i = 0; i < n; i++) /* mostly what was computed last */
		build_out(&g->prog,
			  below(g, 3) ? g->pool[g->n_pool - 1 - below(g, g->n_pool / 2)] : pick(g));
	return build_sure(g->b, build_project(&g->prog, input));
}

static uint32_t aggregate(struct gen *g, uint32_t input)
{
	const struct rd_node *in = &g->b->plan.node[input];
	uint32_t key[2], n_keys = below(g, 3), n_aggs = 0, n = 1 + below(g, 4), id;
	struct rd_agg agg[6] = {
		{ .fn = RD_AGG_COUNT_STAR, .column = RD_NONE, .filter = RD_NONE }
	};

	if (in->n_cols == 0)
		return input;
	for (uint32_t i = 0; i < n_keys; i++)
		key[i] = below(g, in->n_cols);
	for (uint32_t i = 0; i < 4 * n && n_aggs < n; i++) {
		struct rd_agg a = { .fn = (uint8_t)(RD_AGG_COUNT + below(g, 6)),
				    .column = below(g, in->n_cols),
				    .filter = below(g, in->n_cols) };
		struct rd_coltype ignored;

		if (in->col[a.filter].type != RD_BOOL)
			a.filter = RD_NONE;
		a.distinct = below(g, 4) == 0;
		if (rd_agg_derive(a.fn, in->col[a.column], true, &ignored, &g->b->err))
			agg[n_aggs++] = a;
	}
	if (n_aggs == 0)
		n_aggs = 1;
	id = build_aggregate(g->b, input, (struct build_keys){ n_keys, key }, n_aggs, agg);
	return build_sure(g->b, id);
}

static uint32_t limited(struct gen *g, uint32_t input, uint64_t rows)
{
	return build_sure(g->b, build_limit(g->b, build_sort(g->b, input), rows, below(g, 3)));
}

static uint32_t join(struct gen *g, uint32_t input)
{
	static const uint8_t kinds[] = { RD_JOIN_INNER,          RD_JOIN_LEFT, RD_JOIN_RIGHT,
					 RD_JOIN_FULL,           RD_JOIN_SEMI, RD_JOIN_ANTI,
					 RD_JOIN_NULL_AWARE_ANTI };
	uint32_t other = build_scan(g->b, below(g, g->b->plan.n_tables)), in[2], keys[2];
	const struct rd_node *a, *b;

	in[0] = limited(g, input, 200);
	in[1] = limited(g, other, 100);
	a = &g->b->plan.node[in[0]];
	b = &g->b->plan.node[in[1]];
	for (int i = 0; i < 50 && a->n_cols; i++) {
		keys[0] = below(g, a->n_cols);
		keys[1] = below(g, b->n_cols);
		if (a->col[keys[0]].type != b->col[keys[1]].type ||
		    a->col[keys[0]].scale != b->col[keys[1]].scale)
			continue;
		return build_sure(g->b,
				  build_join(g->b, kinds[below(g, sizeof(kinds))], in, 1, keys));
	}
	return build_sure(g->b, build_join(g->b, RD_JOIN_SEMI, in, 0, keys));
}

static uint32_t setop(struct gen *g, uint32_t input)
{
	struct rd_node node = { .kind = RD_NODE_SETOP, .input = { input, filter(g, input) } };

	node.setop.op = (uint8_t)(RD_SETOP_UNION + below(g, 3));
	node.setop.all = below(g, 2);
	return build_sure(g->b, build_node(g->b, &node));
}

void gen_plan(struct build *b, struct rd_test_random *random, uint32_t steps)
{
	struct gen g = { .b = b, .random = random };
	uint32_t at = build_scan(b, below(&g, b->plan.n_tables));

	for (uint32_t i = 0; i < steps; i++) {
		switch (below(&g, 8)) {
		case 0:
		case 1:
			at = filter(&g, at);
			break;
		case 2:
		case 3:
			at = project(&g, at);
			break;
		case 4:
			at = aggregate(&g, at);
			break;
		case 5:
			at = join(&g, at);
			break;
		case 6:
			at = setop(&g, at);
			break;
		default:
			at = limited(&g, at, 1000);
			break;
		}
	}
	if (b->plan.node[at].n_cols > 0)
		build_output(b, at);
}
