/* Arithmetic and functions. */
#include "sql_int.h"

#include <string.h>

static const struct {
	const char *name;
	uint16_t op;
} arithmetic[] = {
	{ "+", RD_OP_ADD }, { "-", RD_OP_SUB }, { "*", RD_OP_MUL },
	{ "/", RD_OP_DIV }, { "%", RD_OP_MOD },
};

static bool no_operator(struct sql_expr *e, const char *op, const struct sql_val v[2],
			uint32_t place)
{
	char left[32], right[32];

	sql_type_name(v[0].type, left);
	sql_type_name(v[1].type, right);
	return sql_fail(e->c, place, "query.sql.type", "there is no operator %s %s %s",
			v[0].unknown ? "literal" : left, op, v[1].unknown ? "literal" : right);
}

static bool is_day(const struct sql_val *v)
{
	return !v->unknown && (v->type.type == RD_DATE || v->type.type == RD_TIMESTAMP);
}

/* Two constants: their sum at once, of `type`, so that nothing is left for each row. */
static bool fold_days(struct sql_expr *e, const struct sql_val *day,
		      const struct rd_value *interval, enum rd_type type, struct sql_val *out)
{
	const struct rd_value *when = sql_constant(e->prog, *day);
	struct rd_value sum, wide = *when;
	bool done = true;

	if (when->type.type != type && !sql_fold_cast(e->c, when, sql_type_of(type), &wide, &done))
		return false;
	if (!done)
		return sql_fail(e->c, day->place, "query.sql.value", "the date is out of range");
	return sql_fold_date_add(e->c, &wide, interval, day->place, &sum) &&
	       sql_emit_const(e->c, e->prog, &sum, out);
}

static bool add_interval(struct sql_expr *e, bool minus, struct sql_val v[2], struct sql_val *out)
{
	struct rd_value interval = *sql_constant(e->prog, v[1]);
	struct rd_instr in = { .op = RD_OP_DATE_ADD, .a = v[0].id, .position = v[0].place };
	struct sql_val constant;

	if (minus) {
		interval.interval.months = -interval.interval.months;
		interval.interval.days = -interval.interval.days;
		interval.interval.micros = -interval.interval.micros;
	}
	if (sql_constant(e->prog, v[0]))
		return fold_days(e, &v[0], &interval, RD_TIMESTAMP, out);
	if (!sql_emit_const(e->c, e->prog, &interval, &constant))
		return false;
	in.b = constant.id;
	return sql_emit2(e->c, e->prog, &in, out);
}

/* A date with a number of days or another date. */
static bool add_days(struct sql_expr *e, uint16_t op, struct sql_val v[2], struct sql_val *out)
{
	const struct rd_value *n = sql_constant(e->prog, v[1]), *from = sql_constant(e->prog, v[0]);
	struct rd_value interval = { .type = sql_type_of(RD_INTERVAL) };
	struct rd_value days = { .type = sql_type_of(RD_INT32) };
	struct rd_instr in = { .op = op, .a = v[0].id, .b = v[1].id, .position = v[0].place };

	if (!n || !from || n->is_null || from->is_null)
		return sql_emit2(e->c, e->prog, &in, out);
	if (n->type.type == RD_INT32 && n->i > INT32_MIN) {
		interval.interval.days = (int32_t)(op == RD_OP_SUB ? -n->i : n->i);
		return fold_days(e, &v[0], &interval, RD_DATE, out);
	}
	days.i = from->i - n->i;
	if (n->type.type != RD_DATE || days.i < INT32_MIN || days.i > INT32_MAX)
		return sql_emit2(e->c, e->prog, &in, out);
	return sql_emit_const(e->c, e->prog, &days, out);
}

/* Literals beside a date are read as PostgreSQL does: as a date or timestamp after minus, else as
 * an interval. */
static bool arith_days(struct sql_expr *e, uint16_t op, struct sql_val v[2], uint32_t place,
		       struct sql_val *out)
{
	const char *name = op == RD_OP_ADD ? "+" : "-";
	struct sql_val swap;

	if (op == RD_OP_ADD && is_day(&v[1]) && !is_day(&v[0])) {
		swap = v[0];
		v[0] = v[1];
		v[1] = swap;
	}
	if (!is_day(&v[0]) && v[0].unknown && op == RD_OP_SUB &&
	    !sql_coerce(e->c, e->prog, &v[0], v[1].type))
		return false;
	if (v[1].unknown && !sql_coerce(e->c, e->prog, &v[1],
					op == RD_OP_SUB ? v[0].type : sql_type_of(RD_INTERVAL)))
		return false;
	if (is_day(&v[0]) && v[1].type.type == RD_INTERVAL && sql_constant(e->prog, v[1]))
		return add_interval(e, op == RD_OP_SUB, v, out);
	if (v[0].type.type == RD_DATE &&
	    (v[1].type.type == RD_INT32 || (op == RD_OP_SUB && v[1].type.type == RD_DATE)))
		return add_days(e, op, v, out);
	if (is_day(&v[0]) && is_day(&v[1]) && op == RD_OP_SUB)
		return sql_unsupported(
			e->c, place, "the interval between two timestamps (cast both to date) is");
	return no_operator(e, name, v, place);
}

static bool concat(struct sql_expr *e, struct sql_val v[2], uint32_t place, struct sql_val *out)
{
	struct rd_instr in = { .op = RD_OP_CONCAT, .position = place };
	bool text = false;

	for (int i = 0; i < 2; i++)
		text |= v[i].unknown || v[i].type.type == RD_TEXT;
	if (!text)
		return no_operator(e, "||", v, place);
	for (int i = 0; i < 2; i++)
		if (!sql_explicit_cast(e->c, e->prog, &v[i], sql_type_of(RD_TEXT)))
			return false;
	in.a = v[0].id;
	in.b = v[1].id;
	return sql_emit2(e->c, e->prog, &in, out);
}

/* Decimals keep their own precisions and scales; an integer beside one becomes one. */
static bool match_numbers(struct sql_expr *e, struct sql_val v[2])
{
	struct sql_val *both[2] = { &v[0], &v[1] };

	for (int i = 0; i < 2; i++) {
		const struct rd_value *constant = sql_constant(e->prog, v[i]);
		struct rd_coltype type = v[1 - i].type;

		if (!v[i].unknown)
			continue;
		if (type.type == RD_DECIMAL && constant && !constant->is_null)
			type.precision = 0; /* as many digits as it has */
		if (!sql_coerce(e->c, e->prog, &v[i], type))
			return false;
	}
	if (!sql_is_number(v[0].type) || !sql_is_number(v[1].type))
		return true;
	if ((v[0].type.type == RD_DECIMAL || v[1].type.type == RD_DECIMAL) &&
	    v[0].type.type != RD_DOUBLE && v[1].type.type != RD_DOUBLE)
		return sql_coerce(e->c, e->prog, &v[0], sql_as_decimal(v[0].type)) &&
		       sql_coerce(e->c, e->prog, &v[1], sql_as_decimal(v[1].type));
	return sql_unify(e->c, e->prog, both, 2, "an operator's");
}

bool sql_bind_arith(struct sql_expr *e, const char *op, struct sql_val v[2], uint32_t place,
		    struct sql_val *out)
{
	struct rd_instr in = { .position = place };

	out->place = place;
	if (strcmp(op, "||") == 0)
		return concat(e, v, place, out);
	for (size_t i = 0; i < sizeof(arithmetic) / sizeof(arithmetic[0]); i++)
		if (strcmp(op, arithmetic[i].name) == 0)
			in.op = arithmetic[i].op;
	if (in.op == 0)
		return sql_fail(e->c, place, "query.sql.unsupported",
				"operator %s is not supported", op);
	if ((in.op == RD_OP_ADD || in.op == RD_OP_SUB) && (is_day(&v[0]) || is_day(&v[1])))
		return arith_days(e, in.op, v, place, out);
	if (!match_numbers(e, v))
		return false;
	if (!sql_is_number(v[0].type) || !sql_is_number(v[1].type) ||
	    (in.op == RD_OP_MOD && v[0].type.type == RD_DOUBLE))
		return no_operator(e, op, v, place);
	in.a = v[0].id;
	in.b = v[1].id;
	return sql_emit2(e->c, e->prog, &in, out);
}

/* ---- functions --------------------------------------------------------------------------- */

#define ARGS_MAX 3

struct call {
	struct sql_expr *e;
	const char *name;
	uint32_t place;
	uint32_t n;
	struct sql_val arg[ARGS_MAX];
};

static bool wrong_types(const struct call *call)
{
	char name[32];

	sql_type_name(call->arg[0].type, name);
	return sql_fail(call->e->c, call->place, "query.sql.type", "function %s does not take %s",
			call->name, name);
}

/* A number; literals and, for round, floor and ceil, integers are read as double, as there. */
static bool want_number(struct call *call, bool real)
{
	struct sql_val *v = &call->arg[0];

	if ((v->unknown || (real && sql_is_integer(v->type))) &&
	    !sql_coerce(call->e->c, call->e->prog, v, sql_type_of(RD_DOUBLE)))
		return false;
	return sql_is_number(v->type) || wrong_types(call);
}

static bool want_text(struct call *call, struct sql_val *v)
{
	return sql_settle(call->e->c, call->e->prog, v) &&
	       (v->type.type == RD_TEXT || wrong_types(call));
}

static bool call_round(struct call *call, uint16_t op, struct sql_val *out)
{
	struct rd_instr in = { .op = op, .b = RD_NONE, .c = RD_NONE, .position = call->place };
	const struct rd_value *digits;

	if (call->n == 2) {
		digits = sql_constant(call->e->prog, call->arg[1]);
		if (!digits || digits->is_null || digits->type.type != RD_INT32)
			return sql_unsupported(call->e->c, call->place,
					       "round by digits that are no integer constant is");
		if (digits->i > RD_ROUND_DIGITS_MAX || digits->i < -RD_ROUND_DIGITS_MAX)
			return sql_fail(call->e->c, call->place, "query.sql.value",
					"round takes at most %d digits", RD_ROUND_DIGITS_MAX);
		in.digits = (int32_t)digits->i;
		if (sql_is_integer(call->arg[0].type) &&
		    !sql_coerce(call->e->c, call->e->prog, &call->arg[0],
				sql_as_decimal(call->arg[0].type)))
			return false;
	}
	if (!want_number(call, true))
		return false;
	in.a = call->arg[0].id;
	return sql_emit_op(call->e->c, call->e->prog, &in, out);
}

static bool call_abs(struct call *call, uint16_t op, struct sql_val *out)
{
	return want_number(call, false) &&
	       sql_emit1(call->e->c, call->e->prog, op, call->arg[0], out);
}

static bool call_mod(struct call *call, uint16_t op, struct sql_val *out)
{
	(void)op;
	return sql_bind_arith(call->e, "%", call->arg, call->place, out);
}

static bool call_text(struct call *call, uint16_t op, struct sql_val *out)
{
	return want_text(call, &call->arg[0]) &&
	       sql_emit1(call->e->c, call->e->prog, op, call->arg[0], out);
}

static bool call_substring(struct call *call, uint16_t op, struct sql_val *out)
{
	struct rd_instr in = { .op = op, .b = RD_NONE, .c = RD_NONE, .position = call->place };

	if (!want_text(call, &call->arg[0]))
		return false;
	for (uint32_t i = 1; i < call->n; i++) {
		if (!call->arg[i].unknown && !sql_is_integer(call->arg[i].type))
			return sql_unsupported(call->e->c, call->place,
					       "substring by a pattern is");
		if (!sql_coerce(call->e->c, call->e->prog, &call->arg[i], sql_type_of(RD_INT64)))
			return false;
	}
	in.a = call->arg[0].id;
	in.b = call->arg[1].id;
	in.c = call->n == 3 ? call->arg[2].id : RD_NONE;
	return sql_emit_op(call->e->c, call->e->prog, &in, out);
}

static bool call_extract(struct call *call, uint16_t op, struct sql_val *out)
{
	static const char *const fields[] = { "",       "year",   "month", "day", "quarter", "hour",
					      "minute", "second", "dow",   "doy", "epoch" };
	const struct rd_value *field = sql_constant(call->e->prog, call->arg[0]);
	struct rd_instr in = { .op = op, .b = RD_NONE, .c = RD_NONE, .position = call->place };

	for (int32_t i = 1; field && i <= RD_FIELD_EPOCH; i++)
		if (rd_view_eq(field->text, rd_view_str(fields[i])))
			in.digits = i;
	if (in.digits == 0)
		return sql_unsupported(call->e->c, call->place,
				       "EXTRACT of a field other than year, month, day, quarter, "
				       "hour, minute, second, dow, doy, epoch is");
	if (!is_day(&call->arg[1]))
		return sql_fail(call->e->c, call->place, "query.sql.type",
				"EXTRACT takes a date or a timestamp");
	if (call->arg[1].type.type == RD_DATE && in.digits >= RD_FIELD_HOUR &&
	    in.digits <= RD_FIELD_SECOND)
		return sql_fail(call->e->c, call->place, "query.sql.type",
				"a date has no hours, minutes and seconds");
	in.a = call->arg[1].id;
	return sql_emit_op(call->e->c, call->e->prog, &in, out);
}

static const struct {
	const char *name;
	uint8_t least, most;
	uint16_t op;
	bool (*make)(struct call *call, uint16_t op, struct sql_val *out);
} functions[] = {
	{ "round", 1, 2, RD_OP_ROUND, call_round },
	{ "floor", 1, 1, RD_OP_FLOOR, call_round },
	{ "ceil", 1, 1, RD_OP_CEIL, call_round },
	{ "ceiling", 1, 1, RD_OP_CEIL, call_round },
	{ "abs", 1, 1, RD_OP_ABS, call_abs },
	{ "mod", 2, 2, RD_OP_MOD, call_mod },
	{ "upper", 1, 1, RD_OP_UPPER, call_text },
	{ "lower", 1, 1, RD_OP_LOWER, call_text },
	{ "length", 1, 1, RD_OP_LENGTH, call_text },
	{ "char_length", 1, 1, RD_OP_LENGTH, call_text },
	{ "character_length", 1, 1, RD_OP_LENGTH, call_text },
	{ "substring", 2, 3, RD_OP_SUBSTRING, call_substring },
	{ "substr", 2, 3, RD_OP_SUBSTRING, call_substring },
	{ "extract", 2, 2, RD_OP_EXTRACT, call_extract },
};
#define N_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static bool unknown_function(struct sql_expr *e, const json_t *inner, const char *name)
{
	struct rd_view known[N_FUNCTIONS + 5], near;

	for (size_t i = 0; i < N_FUNCTIONS; i++)
		known[i] = rd_view_str(functions[i].name);
	known[N_FUNCTIONS] = rd_view_str("count");
	known[N_FUNCTIONS + 1] = rd_view_str("sum");
	known[N_FUNCTIONS + 2] = rd_view_str("avg");
	known[N_FUNCTIONS + 3] = rd_view_str("coalesce");
	known[N_FUNCTIONS + 4] = rd_view_str("stddev");
	if (!sql_nearest(e->c, name, known, N_FUNCTIONS + 5, &near))
		return false;
	return sql_fail(e->c, sql_place(inner), "query.sql.unsupported",
			"function '%s' is not supported%s%.*s%s", name,
			near.len ? ", did you mean '" : "", RD_FMT(near), near.len ? "'?" : "");
}

bool sql_bind_func(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const json_t *args = sql_get(inner, "args");
	struct call call = { .e = e,
			     .place = sql_place(inner),
			     .n = (uint32_t)json_array_size(args) };
	size_t i;

	if (!sql_last_name(e->c, sql_get(inner, "funcname"), &call.name))
		return false;
	if (sql_get(inner, "over"))
		return sql_unsupported(e->c, call.place, "a window function is");
	if (sql_is_aggregate(call.name))
		return sql_group_call(e, inner, out);
	if (!sql_fields(e->c, inner, "funcname args funcformat location"))
		return false;
	for (i = 0; i < N_FUNCTIONS; i++)
		if (strcmp(functions[i].name, call.name) == 0)
			break;
	if (i == N_FUNCTIONS)
		return unknown_function(e, inner, call.name);
	if (call.n < functions[i].least || call.n > functions[i].most)
		return sql_fail(e->c, call.place, "query.sql.type",
				"function %s takes %u to %u arguments, found %u", call.name,
				functions[i].least, functions[i].most, call.n);
	for (uint32_t k = 0; k < call.n; k++)
		if (!sql_bind(e, sql_at(args, k), &call.arg[k]))
			return false;
	if (!functions[i].make(&call, functions[i].op, out))
		return false;
	out->place = call.place;
	return true;
}
