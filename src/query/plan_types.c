/*
 * The types of expressions: one table of what each op takes and gives, which the compiler, the
 * rules and rd_plan_check apply through rd_instr_derive, and test/ref and the engines rely upon.
 */
#include "query_int.h"

#include <string.h>

#define NUMBER RD_TYPES_NUMBER
#define DAY RD_TYPES_DAY
#define ANY RD_TYPES_ANY
#define BOOL RD_TYPES_OF(RD_BOOL)
#define INT64 RD_TYPES_OF(RD_INT64)
#define DATE RD_TYPES_OF(RD_DATE)
#define TEXT RD_TYPES_OF(RD_TEXT)
#define REAL (RD_TYPES_OF(RD_DECIMAL) | RD_TYPES_OF(RD_DOUBLE))
#define INTERVAL RD_TYPES_OF(RD_INTERVAL)

/*
 * ADD to MOD take two numbers of one type (decimals: any precision and scale):
 *
 *	integer       the same integer type
 *	double        double; not MOD
 *	decimal       precision, at most 38                          scale
 *	  ADD, SUB    max(p1 - s1, p2 - s2) + scale + 1              max(s1, s2)
 *	  MUL         p1 + p2                                        s1 + s2, refused above 38
 *	  DIV         38                                             max(16, s1, s2)
 *	  MOD         min(p1 - s1, p2 - s2) + scale, at least 1      max(s1, s2)
 *
 * and ADD, SUB: date and int32 give a date; SUB: date and date give an int32 (days).
 */
static const struct rd_op_rule rules[] = {
	/* op, name, infix, a, b, c, c optional, result */
	{ RD_OP_CONST, "const", NULL, 0, 0, 0, false, RD_RESULT_CONST },
	{ RD_OP_COLUMN, "column", NULL, 0, 0, 0, false, RD_RESULT_COLUMN },
	{ RD_OP_ADD, "add", "+", NUMBER | DATE, NUMBER, 0, false, RD_RESULT_ARITH },
	{ RD_OP_SUB, "sub", "-", NUMBER | DATE, NUMBER | DATE, 0, false, RD_RESULT_ARITH },
	{ RD_OP_MUL, "mul", "*", NUMBER, NUMBER, 0, false, RD_RESULT_ARITH },
	{ RD_OP_DIV, "div", "/", NUMBER, NUMBER, 0, false, RD_RESULT_ARITH },
	{ RD_OP_MOD, "mod", "%", NUMBER, NUMBER, 0, false, RD_RESULT_ARITH },
	{ RD_OP_NEG, "-", NULL, NUMBER, 0, 0, false, RD_RESULT_SAME },
	{ RD_OP_ABS, "abs", NULL, NUMBER, 0, 0, false, RD_RESULT_SAME },
	{ RD_OP_ROUND, "round", NULL, REAL, 0, 0, false, RD_RESULT_ROUND },
	{ RD_OP_FLOOR, "floor", NULL, REAL, 0, 0, false, RD_RESULT_WHOLE },
	{ RD_OP_CEIL, "ceil", NULL, REAL, 0, 0, false, RD_RESULT_WHOLE },
	{ RD_OP_CAST, "cast", NULL, ANY, 0, 0, false, RD_RESULT_CAST },
	{ RD_OP_DATE_ADD, "date_add", "+", DAY, INTERVAL, 0, false, RD_RESULT_STAMP },
	{ RD_OP_EXTRACT, "extract", NULL, DAY, 0, 0, false, RD_RESULT_FIELD },
	{ RD_OP_EQ, "eq", "=", ANY, ANY, 0, false, RD_RESULT_COMPARED },
	{ RD_OP_NE, "ne", "<>", ANY, ANY, 0, false, RD_RESULT_COMPARED },
	{ RD_OP_LT, "lt", "<", ANY, ANY, 0, false, RD_RESULT_COMPARED },
	{ RD_OP_LE, "le", "<=", ANY, ANY, 0, false, RD_RESULT_COMPARED },
	{ RD_OP_GT, "gt", ">", ANY, ANY, 0, false, RD_RESULT_COMPARED },
	{ RD_OP_GE, "ge", ">=", ANY, ANY, 0, false, RD_RESULT_COMPARED },
	{ RD_OP_IS_NULL, "is null", NULL, ANY, 0, 0, false, RD_RESULT_KNOWN },
	{ RD_OP_IS_TRUE, "is true", NULL, BOOL, 0, 0, false, RD_RESULT_KNOWN },
	{ RD_OP_IS_FALSE, "is false", NULL, BOOL, 0, 0, false, RD_RESULT_KNOWN },
	{ RD_OP_IS_DISTINCT, "is distinct", "is distinct from", ANY, ANY, 0, false,
	  RD_RESULT_DISTINCT },
	{ RD_OP_IN, "in", NULL, ANY, 0, 0, false, RD_RESULT_IN },
	{ RD_OP_LIKE, "like", NULL, TEXT, 0, 0, false, RD_RESULT_LIKE },
	{ RD_OP_AND, "and", "and", BOOL, BOOL, 0, false, RD_RESULT_BOOL },
	{ RD_OP_OR, "or", "or", BOOL, BOOL, 0, false, RD_RESULT_BOOL },
	{ RD_OP_NOT, "not", NULL, BOOL, 0, 0, false, RD_RESULT_BOOL },
	{ RD_OP_CASE, "case", NULL, 0, 0, 0, false, RD_RESULT_CASE },
	{ RD_OP_COALESCE, "coalesce", NULL, 0, 0, 0, false, RD_RESULT_COALESCE },
	{ RD_OP_SUBSTRING, "substring", NULL, TEXT, INT64, INT64, true, RD_RESULT_SAME },
	{ RD_OP_UPPER, "upper", NULL, TEXT, 0, 0, false, RD_RESULT_SAME },
	{ RD_OP_LOWER, "lower", NULL, TEXT, 0, 0, false, RD_RESULT_SAME },
	{ RD_OP_LENGTH, "length", NULL, TEXT, 0, 0, false, RD_RESULT_LENGTH },
	{ RD_OP_CONCAT, "concat", "||", TEXT, TEXT, 0, false, RD_RESULT_SAME },
};

/* What CAST takes: from each type to a set of types. */
static const uint32_t casts[RD_INTERVAL] = {
	[RD_BOOL] = RD_TYPES_OF(RD_INT32) | TEXT,
	[RD_INT32] = BOOL | NUMBER | TEXT,
	[RD_INT64] = NUMBER | TEXT,
	[RD_DECIMAL] = NUMBER | TEXT,
	[RD_DOUBLE] = NUMBER | TEXT,
	[RD_DATE] = RD_TYPES_OF(RD_TIMESTAMP) | TEXT,
	[RD_TIMESTAMP] = DATE | TEXT,
	[RD_TEXT] = ANY,
};

const struct rd_op_rule *rd_op_rule_find(uint16_t op)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].op == op)
			return &rules[i];
	return NULL;
}

bool rd_coltype_alike(struct rd_coltype a, struct rd_coltype b)
{
	return a.type == b.type && a.scale == b.scale;
}

bool rd_coltype_equal(struct rd_coltype a, struct rd_coltype b)
{
	return rd_coltype_alike(a, b) && a.precision == b.precision && a.nullable == b.nullable;
}

bool rd_coltype_sound(struct rd_coltype type, bool constants)
{
	if (type.type == RD_DECIMAL)
		return type.precision >= 1 && type.precision <= 38 && type.scale <= type.precision;
	return type.type >= RD_BOOL && type.type <= (constants ? RD_INTERVAL : RD_TEXT) &&
	       type.precision == 0 && type.scale == 0;
}

bool rd_value_sound(const struct rd_value *v)
{
	rd_int128 limit = 1;

	if (v->is_null)
		return true;
	switch ((enum rd_type)v->type.type) {
	case RD_BOOL:
		return v->i == 0 || v->i == 1;
	case RD_INT32:
	case RD_DATE:
		return v->i >= INT32_MIN && v->i <= INT32_MAX;
	case RD_DECIMAL:
		for (uint8_t i = 0; i < v->type.precision; i++)
			limit *= 10;
		return v->d > -limit && v->d < limit;
	case RD_TEXT:
		return v->text.len <= RD_TEXT_MAX && rd_utf8_valid(v->text);
	default:
		return true;
	}
}

/* ---- one instruction --------------------------------------------------------------------- */

/* What derive is looking at. */
struct site {
	const struct rd_prog *prog;
	uint32_t at;
	const struct rd_instr *instr;
	const struct rd_op_rule *rule;
	struct rd_coltype a, b;
	bool nullable; /* an operand is */
	struct rd_err *err;
};

static bool wrong(const struct site *s, const char *expected)
{
	return rd_fail(s->err, RD_FAULT_MALFORMED, "query.type", "instruction %u (%s): expected %s",
		       s->at, s->rule->name, expected);
}

static uint8_t larger(uint8_t a, uint8_t b)
{
	return a > b ? a : b;
}

static uint8_t up_to_38(int digits)
{
	return (uint8_t)(digits > 38 ? 38 : digits < 1 ? 1 : digits);
}

static bool arith(const struct site *s, struct rd_coltype *out)
{
	struct rd_coltype a = s->a, b = s->b;
	uint16_t op = s->instr->op;
	uint8_t scale = larger(a.scale, b.scale);
	int whole_a = a.precision - a.scale, whole_b = b.precision - b.scale;

	if (a.type == RD_DATE && b.type == RD_INT32 && op != RD_OP_MUL) {
		out->type = RD_DATE;
		return true;
	}
	if (a.type == RD_DATE && b.type == RD_DATE) {
		out->type = RD_INT32;
		return true;
	}
	if (a.type != b.type || (a.type == RD_DOUBLE && op == RD_OP_MOD))
		return wrong(s, "two numbers of one type (% takes no doubles)");
	out->type = a.type;
	if (a.type != RD_DECIMAL)
		return true;
	switch (op) {
	case RD_OP_MUL:
		if (a.scale + b.scale > 38)
			return wrong(s, "at most 38 digits behind the point; round an operand");
		out->scale = (uint8_t)(a.scale + b.scale);
		out->precision = up_to_38(a.precision + b.precision);
		break;
	case RD_OP_DIV:
		out->scale = larger(scale, 16);
		out->precision = 38;
		break;
	case RD_OP_MOD:
		out->scale = scale;
		out->precision = up_to_38((whole_a < whole_b ? whole_a : whole_b) + scale);
		break;
	default:
		out->scale = scale;
		out->precision = up_to_38((whole_a > whole_b ? whole_a : whole_b) + scale + 1);
		break;
	}
	out->precision = larger(out->precision, out->scale);
	return true;
}

static bool rounded(const struct site *s, int32_t digits, struct rd_coltype *out)
{
	int whole = s->a.precision - s->a.scale;

	int32_t most = s->a.type == RD_DOUBLE ? 22 : RD_ROUND_DIGITS_MAX;

	if (digits < -most || digits > most)
		return wrong(s, "at most 38 digits of a decimal, 22 of a double");
	*out = s->a;
	if (s->a.type != RD_DECIMAL)
		return true;
	out->scale = (uint8_t)(digits < 0 ? 0 : digits);
	/* Rounding away digits may carry into one more. */
	out->precision = up_to_38(whole + out->scale + (digits < s->a.scale));
	return true;
}

static bool field(const struct site *s, struct rd_coltype *out)
{
	int32_t f = s->instr->digits;
	bool stamp = s->a.type == RD_TIMESTAMP;

	if (f < RD_FIELD_YEAR || f > RD_FIELD_EPOCH ||
	    (!stamp && f >= RD_FIELD_HOUR && f <= RD_FIELD_SECOND))
		return wrong(s, "a field that this type has");
	out->type = RD_DECIMAL;
	out->precision = 10;
	if (f == RD_FIELD_SECOND)
		*out = (struct rd_coltype){ RD_DECIMAL, 8, 6, out->nullable };
	if (f == RD_FIELD_EPOCH)
		*out = (struct rd_coltype){ RD_DECIMAL, stamp ? 19 : 18, stamp ? 6 : 0,
					    out->nullable };
	return true;
}

static bool in_list(const struct site *s, struct rd_coltype *out)
{
	const struct rd_instr *in = s->instr;

	if (in->n_list < 1 || in->n_list > RD_PROG_LIST_MAX)
		return wrong(s, "1 to 65536 constants");
	for (uint32_t i = 0; i < in->n_list; i++) {
		struct rd_value v = in->constant[i];

		v.type.nullable = false;
		if (!rd_coltype_sound(v.type, false) || !rd_coltype_alike(v.type, s->a) ||
		    !rd_value_sound(&v))
			return wrong(s, "constants of the operand's type");
		out->nullable |= v.is_null;
	}
	out->type = RD_BOOL;
	return true;
}

static bool like_items(const struct site *s, struct rd_coltype *out)
{
	const struct rd_instr *in = s->instr;

	if (in->n_list > RD_LIKE_ITEMS_MAX)
		return wrong(s, "at most 256 pieces of a pattern");
	for (uint32_t i = 0; i < in->n_list; i++) {
		const struct rd_like_item *item = &in->like[i];

		if (item->kind < RD_LIKE_BYTES || item->kind > RD_LIKE_ANY_RUN ||
		    (item->kind == RD_LIKE_BYTES) != (item->bytes.len > 0) ||
		    item->bytes.len > RD_SQL_TEXT_MAX || !rd_utf8_valid(item->bytes))
			return wrong(s, "pieces of a pattern, text in the first kind only");
		if (i > 0 && item->kind != RD_LIKE_ANY_CHAR && item->kind == in->like[i - 1].kind)
			return wrong(s, "neighbouring pieces of a pattern that differ");
	}
	out->type = RD_BOOL;
	return true;
}

/* The common type of results; `first` and `step` say where they stand in the list. */
static bool choice(const struct site *s, bool is_case, struct rd_coltype *out)
{
	const struct rd_instr *in = s->instr;
	bool any = false, all = true;

	if (in->n_list > RD_PROG_LIST_MAX || in->n_list < (is_case ? 3 : 1) ||
	    (is_case && in->n_list % 2 == 0))
		return wrong(s, is_case ? "pairs of condition and result, then a result"
					: "at least one value");
	for (uint32_t i = 0; i < in->n_list; i++) {
		bool condition = is_case && i % 2 == 0 && i != in->n_list - 1;
		struct rd_coltype t;

		if (in->list[i] >= s->at)
			return wrong(s, "values from before it");
		t = s->prog->instr[in->list[i]].type;
		if (condition) {
			if (t.type != RD_BOOL)
				return wrong(s, "boolean conditions");
			continue;
		}
		if (out->type == RD_NOTYPE)
			*out = t;
		if (!rd_coltype_alike(*out, t) || !rd_coltype_sound(t, false))
			return wrong(s, "results of one type and scale");
		out->precision = larger(out->precision, t.precision);
		any |= t.nullable;
		all &= t.nullable;
	}
	out->nullable = is_case ? any : all;
	return true;
}

static bool cast(const struct site *s, struct rd_coltype *out)
{
	struct rd_coltype want = s->instr->type;

	want.nullable = s->nullable;
	if (!rd_coltype_sound(want, false) || !(casts[s->a.type] & RD_TYPES_OF(want.type)))
		return wrong(s, "a type that this one can be cast to");
	*out = want;
	return true;
}

static bool constant(const struct site *s, struct rd_coltype *out)
{
	const struct rd_value *v = s->instr->constant;
	struct rd_coltype want = s->instr->type;

	if (!v || !rd_coltype_sound(want, true) || (want.type == RD_INTERVAL && v->is_null) ||
	    v->type.type != want.type || v->type.precision != want.precision ||
	    v->type.scale != want.scale || !rd_value_sound(v))
		return wrong(s, "a constant of its type");
	*out = want;
	out->nullable = v->is_null;
	return true;
}

static bool column(const struct site *s, const struct rd_coltype *input, uint32_t n_input,
		   struct rd_coltype *out)
{
	if (s->instr->a >= n_input)
		return wrong(s, "a column that the input has");
	*out = input[s->instr->a];
	return true;
}

/* The operand's type; refuses what the table does not name. */
static bool operand(struct site *s, uint32_t value, uint32_t types, struct rd_coltype *out)
{
	if (!types)
		return value == RD_NONE || wrong(s, "fewer operands");
	if (value >= s->at)
		return wrong(s, "operands from before it");
	*out = s->prog->instr[value].type;
	if (!(types & RD_TYPES_OF(out->type)))
		return wrong(s, "operands of other types");
	if (out->type == RD_INTERVAL && s->prog->instr[value].op != RD_OP_CONST)
		return wrong(s, "a constant interval");
	s->nullable |= out->nullable;
	return true;
}

static bool operands(struct site *s)
{
	const struct rd_instr *in = s->instr;
	struct rd_coltype c;
	bool is_column = in->op == RD_OP_COLUMN;
	bool has_list = s->rule->result >= RD_RESULT_IN && s->rule->result <= RD_RESULT_COALESCE;
	bool has_digits = in->op == RD_OP_ROUND || in->op == RD_OP_EXTRACT;

	if (!is_column && !operand(s, in->a, s->rule->a, &s->a))
		return false;
	if (!operand(s, in->b, s->rule->b, &s->b))
		return false;
	if (!(s->rule->c_optional && in->c == RD_NONE) && !operand(s, in->c, s->rule->c, &c))
		return false;
	if ((!has_list && in->n_list != 0) || (!has_digits && in->digits != 0))
		return wrong(s, "no list and no digits");
	if (in->mask != RD_NONE &&
	    (in->mask >= s->at || s->prog->instr[in->mask].type.type != RD_BOOL))
		return wrong(s, "a boolean mask from before it");
	return true;
}

bool rd_instr_derive(const struct rd_prog *prog, uint32_t i, const struct rd_coltype *input,
		     uint32_t n_input, struct rd_coltype *out, struct rd_err *err)
{
	const struct rd_instr *in = &prog->instr[i];
	struct site s = { prog, i, in, rd_op_rule_find(in->op), { 0 }, { 0 }, false, err };
	struct rd_coltype type = { 0 };
	bool ok = true;

	if (!s.rule)
		return rd_fail(err, RD_FAULT_MALFORMED, "query.type",
			       "instruction %u: there is no op %u", i, in->op);
	if (!operands(&s))
		return false;
	type.nullable = s.nullable;
	switch (s.rule->result) {
	case RD_RESULT_CONST:
		ok = constant(&s, &type);
		break;
	case RD_RESULT_COLUMN:
		ok = column(&s, input, n_input, &type);
		break;
	case RD_RESULT_ARITH:
		ok = arith(&s, &type);
		break;
	case RD_RESULT_SAME:
		type = s.a;
		type.nullable = s.nullable;
		break;
	case RD_RESULT_ROUND:
	case RD_RESULT_WHOLE:
		ok = rounded(&s, s.rule->result == RD_RESULT_ROUND ? in->digits : 0, &type);
		break;
	case RD_RESULT_CAST:
		ok = cast(&s, &type);
		break;
	case RD_RESULT_STAMP:
		type.type = RD_TIMESTAMP;
		break;
	case RD_RESULT_FIELD:
		ok = field(&s, &type);
		break;
	case RD_RESULT_DISTINCT:
	case RD_RESULT_COMPARED:
		ok = rd_coltype_alike(s.a, s.b) || wrong(&s, "operands of one type and scale");
		type.type = RD_BOOL;
		type.nullable &= s.rule->result == RD_RESULT_COMPARED;
		break;
	case RD_RESULT_KNOWN:
	case RD_RESULT_BOOL:
		type.type = RD_BOOL;
		type.nullable &= s.rule->result == RD_RESULT_BOOL;
		break;
	case RD_RESULT_IN:
		ok = in_list(&s, &type);
		break;
	case RD_RESULT_LIKE:
		ok = like_items(&s, &type);
		break;
	case RD_RESULT_CASE:
	case RD_RESULT_COALESCE:
		ok = choice(&s, s.rule->result == RD_RESULT_CASE, &type);
		break;
	case RD_RESULT_LENGTH:
		type.type = RD_INT32;
		break;
	}
	if (ok)
		*out = type;
	return ok;
}

/* Precision says that a sum, difference or product of decimals may not fit only at 38 digits. */
static bool decimal_can_fail(const struct rd_instr *in)
{
	return in->op == RD_OP_DIV || in->op == RD_OP_MOD || in->type.precision == 38;
}

static bool cast_can_fail(struct rd_coltype from, struct rd_coltype to)
{
	if (to.type == RD_TEXT || from.type == RD_BOOL || to.type == RD_BOOL)
		return from.type == RD_TEXT && to.type != RD_TEXT;
	if (from.type == RD_INT32 && to.type == RD_DECIMAL)
		return to.precision - to.scale < 10;
	if (from.type == RD_INT64 && to.type == RD_DECIMAL)
		return to.precision - to.scale < 19;
	if (from.type == RD_DECIMAL && to.type == RD_DECIMAL)
		return to.precision - to.scale <
		       from.precision - from.scale + (to.scale < from.scale);
	return !(from.type == RD_INT32 && (to.type == RD_INT64 || to.type == RD_DOUBLE)) &&
	       !(from.type == RD_INT64 && to.type == RD_DOUBLE) &&
	       !(from.type == RD_DECIMAL && to.type == RD_DOUBLE) &&
	       !(from.type == RD_TIMESTAMP && to.type == RD_DATE) && from.type != to.type;
}

bool rd_instr_can_fail(const struct rd_prog *prog, uint32_t i)
{
	const struct rd_instr *in = &prog->instr[i];

	switch (in->op) {
	case RD_OP_ADD:
	case RD_OP_SUB:
	case RD_OP_MUL:
	case RD_OP_DIV:
	case RD_OP_MOD:
		return in->type.type != RD_DECIMAL || decimal_can_fail(in);
	case RD_OP_NEG:
	case RD_OP_ABS:
		return in->type.type == RD_INT32 || in->type.type == RD_INT64;
	case RD_OP_ROUND:
	case RD_OP_FLOOR:
	case RD_OP_CEIL:
		return in->type.type == RD_DECIMAL && in->type.precision == 38;
	case RD_OP_CAST:
		return cast_can_fail(prog->instr[in->a].type, in->type);
	case RD_OP_DATE_ADD:
	case RD_OP_CONCAT:
	case RD_OP_SUBSTRING:
		return in->op != RD_OP_SUBSTRING || in->c != RD_NONE;
	default:
		return false;
	}
}

/* ---- aggregates -------------------------------------------------------------------------- */

static const char *const agg_names[] = {
	[RD_AGG_COUNT_STAR] = "count", [RD_AGG_COUNT] = "count", [RD_AGG_SUM] = "sum",
	[RD_AGG_AVG] = "avg",          [RD_AGG_MIN] = "min",     [RD_AGG_MAX] = "max",
	[RD_AGG_STDDEV] = "stddev",    [RD_AGG_ANY] = "any",
};

const char *rd_agg_name(uint8_t fn)
{
	return fn < sizeof(agg_names) / sizeof(agg_names[0]) ? agg_names[fn] : NULL;
}

/*
 *	count       int64, never NULL
 *	sum         int32: int64; int64: decimal(38,0); decimal(p,s): decimal(38,s); double
 *	avg         integers: decimal(38,16); decimal(p,s): decimal(38, max(16,s)); double
 *	min, max    the same type; not boolean
 *	stddev      double
 *	any         the same type
 */
bool rd_agg_derive(uint8_t fn, struct rd_coltype arg, bool may_be_empty, struct rd_coltype *out,
		   struct rd_err *err)
{
	struct rd_coltype type = { .type = RD_INT64, .nullable = arg.nullable || may_be_empty };
	bool number = RD_TYPES_NUMBER & RD_TYPES_OF(arg.type);
	bool ok = rd_coltype_sound(arg, false);

	switch ((enum rd_agg_fn)fn) {
	case RD_AGG_COUNT_STAR:
	case RD_AGG_COUNT:
		type.nullable = false;
		ok |= fn == RD_AGG_COUNT_STAR;
		break;
	case RD_AGG_SUM:
	case RD_AGG_AVG:
		ok &= number;
		if (arg.type == RD_DOUBLE)
			type.type = RD_DOUBLE;
		else if (fn == RD_AGG_AVG)
			type = (struct rd_coltype){ RD_DECIMAL, 38, larger(16, arg.scale),
						    type.nullable };
		else if (arg.type != RD_INT32)
			type = (struct rd_coltype){ RD_DECIMAL, 38, arg.scale, type.nullable };
		break;
	case RD_AGG_MIN:
	case RD_AGG_MAX:
	case RD_AGG_ANY:
		ok &= fn == RD_AGG_ANY || arg.type != RD_BOOL;
		type = (struct rd_coltype){ arg.type, arg.precision, arg.scale, type.nullable };
		break;
	case RD_AGG_STDDEV:
		ok &= number;
		type = (struct rd_coltype){ .type = RD_DOUBLE, .nullable = true };
		break;
	default:
		return rd_fail(err, RD_FAULT_MALFORMED, "query.type",
			       "there is no aggregate function %u", fn);
	}
	if (!ok)
		return rd_fail(err, RD_FAULT_MALFORMED, "query.type",
			       "%s takes no column of this type", rd_agg_name(fn));
	*out = type;
	return true;
}
