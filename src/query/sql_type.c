/* Which types meet and which casts there are: PostgreSQL 15's rules for our types. */
#include "sql_int.h"

#include <stdio.h>
#include <string.h>

struct rd_coltype sql_decimal(uint32_t precision, uint32_t scale)
{
	uint32_t p = precision < 1 ? 1 : precision;

	p = p < scale ? scale : p;
	return (struct rd_coltype){ .type = RD_DECIMAL,
				    .precision = (uint8_t)(p > 38 ? 38 : p),
				    .scale = (uint8_t)scale };
}

bool sql_same_type(struct rd_coltype a, struct rd_coltype b)
{
	return a.type == b.type &&
	       (a.type != RD_DECIMAL || (a.precision == b.precision && a.scale == b.scale));
}

bool sql_is_integer(struct rd_coltype type)
{
	return type.type == RD_INT32 || type.type == RD_INT64;
}

bool sql_is_number(struct rd_coltype type)
{
	return sql_is_integer(type) || type.type == RD_DECIMAL || type.type == RD_DOUBLE;
}

struct rd_coltype sql_as_decimal(struct rd_coltype type)
{
	return type.type == RD_INT32   ? sql_decimal(10, 0)
	       : type.type == RD_INT64 ? sql_decimal(19, 0)
				       : type;
}

void sql_type_name(struct rd_coltype type, char out[32])
{
	switch (type.type) {
	case RD_INT32:
		(void)snprintf(out, 32, "integer");
		break;
	case RD_INT64:
		(void)snprintf(out, 32, "bigint");
		break;
	case RD_DECIMAL:
		(void)snprintf(out, 32, "numeric(%u,%u)", type.precision, type.scale);
		break;
	case RD_DOUBLE:
		(void)snprintf(out, 32, "double precision");
		break;
	default:
		rd_coltype_name(type, out);
	}
}

bool sql_common_type(struct rd_coltype a, struct rd_coltype b, struct rd_coltype *out)
{
	uint32_t whole, scale;

	if (sql_same_type(a, b)) {
		*out = a;
	} else if (sql_is_number(a) && sql_is_number(b)) {
		if (a.type == RD_DOUBLE || b.type == RD_DOUBLE) {
			*out = sql_type_of(RD_DOUBLE);
		} else if (sql_is_integer(a) && sql_is_integer(b)) {
			*out = sql_type_of(RD_INT64);
		} else {
			a = sql_as_decimal(a);
			b = sql_as_decimal(b);
			scale = a.scale > b.scale ? a.scale : b.scale;
			whole = (uint32_t)(a.precision - a.scale);
			if (whole < (uint32_t)(b.precision - b.scale))
				whole = (uint32_t)(b.precision - b.scale);
			*out = sql_decimal(whole + scale, scale);
		}
	} else if ((a.type == RD_DATE && b.type == RD_TIMESTAMP) ||
		   (a.type == RD_TIMESTAMP && b.type == RD_DATE)) {
		*out = sql_type_of(RD_TIMESTAMP);
	} else {
		return false;
	}
	out->nullable = a.nullable || b.nullable;
	return true;
}

static bool emit_cast(struct sql *c, struct sql_prog *p, struct sql_val *v, struct rd_coltype type)
{
	struct rd_instr in = { .op = RD_OP_CAST,
			       .type = type,
			       .a = v->id,
			       .b = RD_NONE,
			       .c = RD_NONE,
			       .position = v->place };
	uint32_t mask = p->mask;
	bool ok;

	p->mask = v->mask;
	ok = sql_emit_op(c, p, &in, v);
	p->mask = mask;
	return ok;
}

/* A new constant in the place of an old one. */
static bool replace(struct sql *c, struct sql_prog *p, struct sql_val *v,
		    const struct rd_value *value)
{
	uint32_t place = v->place;

	if (!sql_emit_const(c, p, value, v))
		return false;
	v->place = place;
	return true;
}

bool sql_coerce(struct sql *c, struct sql_prog *p, struct sql_val *v, struct rd_coltype type)
{
	const struct rd_value *constant = sql_constant(p, *v);
	struct rd_value value;
	bool done = false;

	if (v->unknown) {
		if (!constant) /* a literal of a subquery: text, or NULL */
			return sql_explicit_cast(c, p, v, type);
		if (constant->is_null)
			value = (struct rd_value){ .type = type, .is_null = true };
		else if (!sql_literal(c, constant->text, type, v->place, &value))
			return false;
		return replace(c, p, v, &value);
	}
	if (sql_same_type(v->type, type))
		return true;
	if (constant) {
		if (!sql_fold_cast(c, constant, type, &value, &done))
			return false;
		if (done)
			return replace(c, p, v, &value);
	}
	return emit_cast(c, p, v, type);
}

bool sql_settle(struct sql *c, struct sql_prog *p, struct sql_val *v)
{
	return !v->unknown || sql_coerce(c, p, v, sql_type_of(RD_TEXT));
}

bool sql_want_bool(struct sql *c, struct sql_prog *p, struct sql_val *v, const char *what)
{
	char name[32];

	if (v->unknown)
		return sql_coerce(c, p, v, sql_type_of(RD_BOOL));
	if (v->type.type == RD_BOOL)
		return true;
	sql_type_name(v->type, name);
	return sql_fail(c, v->place, "query.sql.type", "argument of %s must be boolean, not %s",
			what, name);
}

/* The tightest decimal for an integer constant: 24 against numeric(15,2) needs no cast of the
 * column. */
static struct rd_coltype tight_type(const struct sql_prog *p, struct sql_val v)
{
	const struct rd_value *constant = sql_constant(p, v);
	int64_t rest;
	uint32_t digits = 1;

	if (!constant || constant->is_null || !sql_is_integer(v.type))
		return v.type;
	for (rest = constant->i / 10; rest != 0; rest /= 10)
		digits++;
	return sql_decimal(digits, 0);
}

bool sql_unify(struct sql *c, struct sql_prog *p, struct sql_val **v, size_t n, const char *what)
{
	struct rd_coltype common = { .type = RD_NOTYPE }, tight = common;
	char left[32], right[32];
	bool decimal = false;

	for (size_t i = 0; i < n; i++) {
		if (v[i]->unknown)
			continue;
		if (common.type == RD_NOTYPE) {
			common = v[i]->type;
			tight = tight_type(p, *v[i]);
		} else if (!sql_common_type(common, v[i]->type, &common)) {
			sql_type_name(common, left);
			sql_type_name(v[i]->type, right);
			return sql_fail(c, v[i]->place, "query.sql.type",
					"%s types %s and %s cannot be matched", what, left, right);
		} else if (!sql_common_type(tight, tight_type(p, *v[i]), &tight)) {
			return sql_fail(c, v[i]->place, "query.sql.type", "types do not match");
		}
		decimal |= v[i]->type.type == RD_DECIMAL;
	}
	if (common.type == RD_NOTYPE)
		common = sql_type_of(RD_TEXT);
	else if (decimal && common.type == RD_DECIMAL)
		common = tight;
	for (size_t i = 0; i < n; i++)
		if (!sql_coerce(c, p, v[i], common))
			return false;
	return true;
}

/* PostgreSQL's casts among our types; the source's row, a letter a target type. */
static bool castable(struct rd_coltype from, struct rd_coltype to)
{
	if (from.type == to.type || from.type == RD_TEXT || to.type == RD_TEXT)
		return from.type != RD_INTERVAL && to.type != RD_INTERVAL;
	if (sql_is_number(from) && sql_is_number(to))
		return true;
	if (from.type == RD_BOOL || to.type == RD_BOOL)
		return from.type == RD_INT32 || to.type == RD_INT32;
	return (from.type == RD_DATE && to.type == RD_TIMESTAMP) ||
	       (from.type == RD_TIMESTAMP && to.type == RD_DATE);
}

bool sql_explicit_cast(struct sql *c, struct sql_prog *p, struct sql_val *v, struct rd_coltype type)
{
	const struct rd_value *constant = sql_constant(p, *v);
	char from[32], to[32];

	if (type.type == RD_DECIMAL && type.precision == 0) { /* numeric without (p,s) */
		if (v->unknown && constant && !constant->is_null)
			return sql_coerce(c, p, v, type);
		if (v->unknown)
			type = sql_decimal(38, 0);
		else if (sql_is_integer(v->type) || v->type.type == RD_DECIMAL)
			type = sql_as_decimal(v->type);
		else
			return sql_fail(c, v->place, "query.sql.unsupported",
					"a cast to numeric needs precision and scale here: "
					"numeric(p,s)");
	}
	if (v->unknown && constant)
		return sql_coerce(c, p, v, type);
	if (castable(v->type, type)) {
		v->unknown = false;
		return sql_coerce(c, p, v, type);
	}
	sql_type_name(v->type, from);
	sql_type_name(type, to);
	return sql_fail(c, v->place, "query.sql.type", "cannot cast type %s to %s", from, to);
}

static const struct {
	const char *name;
	enum rd_type type;
} names[] = {
	{ "bool", RD_BOOL },           { "int4", RD_INT32 },      { "int8", RD_INT64 },
	{ "numeric", RD_DECIMAL },     { "float8", RD_DOUBLE },   { "date", RD_DATE },
	{ "timestamp", RD_TIMESTAMP }, { "text", RD_TEXT },       { "varchar", RD_TEXT },
	{ "interval", RD_INTERVAL },   { "decimal", RD_DECIMAL }, { "int32", RD_INT32 },
	{ "int64", RD_INT64 },         { "double", RD_DOUBLE },
};

static bool typmod(struct sql *c, const json_t *mods, size_t i, int64_t *out)
{
	const json_t *inner;
	struct rd_value value;
	bool unknown;

	if (!sql_is(sql_at(mods, i), "A_Const", &inner) ||
	    !sql_const_node(c, inner, &value, &unknown))
		return sql_unsupported(c, sql_place(mods), "this type modifier is");
	if (unknown || value.type.type != RD_INT32)
		return sql_unsupported(c, sql_place(mods), "this type modifier is");
	*out = value.i;
	return true;
}

bool sql_type_node(struct sql *c, const json_t *name, struct rd_coltype *out,
		   int64_t *interval_fields)
{
	const json_t *mods = sql_get(name, "typmods");
	size_t n_mods = json_array_size(mods);
	int64_t precision = 0, scale = 0;
	const char *word;

	*interval_fields = 0;
	if (!sql_fields(c, name, "names typmods typemod location") ||
	    !sql_last_name(c, sql_get(name, "names"), &word))
		return false;
	*out = sql_type_of(RD_NOTYPE);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i].name) == 0)
			*out = sql_type_of(names[i].type);
	if (out->type == RD_NOTYPE)
		return sql_fail(c, sql_place(name), "query.sql.unsupported",
				"type '%s' is not supported; there are boolean, integer, bigint, "
				"numeric(p,s), double precision, date, timestamp, text",
				word);
	if (n_mods == 0)
		return true;
	if (out->type == RD_INTERVAL && n_mods == 1)
		return typmod(c, mods, 0, interval_fields);
	if (out->type != RD_DECIMAL || n_mods > 2)
		return sql_unsupported(c, sql_place(name), "a length or precision of this type is");
	if (!typmod(c, mods, 0, &precision) || (n_mods == 2 && !typmod(c, mods, 1, &scale)))
		return false;
	if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
		return sql_fail(c, sql_place(name), "query.sql.type",
				"numeric(%lld,%lld): precision must be 1 to 38, scale 0 to the "
				"precision",
				(long long)precision, (long long)scale);
	*out = sql_decimal((uint32_t)precision, (uint32_t)scale);
	return true;
}
