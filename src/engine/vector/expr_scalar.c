/* One instruction on single values: constants, dictionaries, and what is too rare for a kernel. */
#include "vector_int.h"

#include <math.h>

struct call {
	const struct rd_vscalar *how;
	const struct rd_value *a, *b, *c;
	struct rd_value *out;
	struct rd_err *err;
};

static bool is_int(struct rd_coltype type)
{
	return type.type == RD_INT32 || type.type == RD_INT64;
}

static bool int_result(struct call *c, rd_int128 x)
{
	c->out->i = (int64_t)x;
	return x == (c->out->type.type == RD_INT64 ? (rd_int128)(int64_t)x : (int32_t)x);
}

static bool arith_int(struct call *c, uint16_t op)
{
	rd_int128 x = c->a->i, y = c->b->i;

	if ((op == RD_OP_DIV || op == RD_OP_MOD) && y == 0)
		return false;
	return int_result(c, op == RD_OP_ADD   ? x + y
			     : op == RD_OP_SUB ? x - y
			     : op == RD_OP_MUL ? x * y
			     : op == RD_OP_DIV ? x / y
					       : x % y);
}

static bool arith_decimal(struct call *c, uint16_t op)
{
	struct rd_value a = *c->a, b = *c->b;
	int32_t scale = c->out->type.scale;

	a.type = c->how->type_a;
	b.type = c->how->type_b;
	switch (op) {
	case RD_OP_SUB:
		b.d = -b.d;
		return rd_v_decimal_add(a, b, scale, &c->out->d);
	case RD_OP_ADD:
		return rd_v_decimal_add(a, b, scale, &c->out->d);
	case RD_OP_MUL:
		return rd_v_mul_div(a.d, b.d,
				    rd_v_pow10((uint32_t)(a.type.scale + b.type.scale - scale)),
				    &c->out->d);
	case RD_OP_DIV:
		return rd_v_decimal_div(a, b, scale, &c->out->d);
	default:
		return rd_v_decimal_mod(a, b, &c->out->d);
	}
}

static bool arith_double(struct call *c, uint16_t op)
{
	double x = c->a->f, y = c->b->f, r;

	if ((op == RD_OP_DIV || op == RD_OP_MOD) && y == 0 && x == x)
		return false;
	r = op == RD_OP_ADD   ? x + y
	    : op == RD_OP_SUB ? x - y
	    : op == RD_OP_MUL ? x * y
	    : op == RD_OP_DIV ? x / y
			      : fmod(x, y);
	c->out->f = r;
	if (isinf(r) && isfinite(x) && isfinite(y))
		return false;
	if (r == 0 && op == RD_OP_MUL)
		return x == 0 || y == 0;
	return !(r == 0 && op == RD_OP_DIV) || x == 0 || isinf(y);
}

static bool arith(struct call *c, uint16_t op)
{
	switch ((enum rd_type)c->out->type.type) {
	case RD_DECIMAL:
		return arith_decimal(c, op);
	case RD_DOUBLE:
		return arith_double(c, op);
	default:
		return arith_int(c, op);
	}
}

static bool round_double(struct call *c)
{
	double x = c->a->f, r, p = pow(10, fabs((double)c->how->src->digits));

	r = c->how->src->digits >= 0 ? rint(x * p) / p : rint(x / p) * p;
	c->out->f = isfinite(r) ? r : x;
	return true;
}

static bool round_decimal(struct call *c)
{
	int32_t digits = c->how->src->digits, from = c->how->type_a.scale;
	rd_int128 x = c->a->d;

	if (digits >= from)
		return rd_v_rescale(x, from, c->out->type.scale, &c->out->d);
	return rd_v_rescale(x, from, digits, &x) &&
	       rd_v_rescale(x, digits, c->out->type.scale, &c->out->d);
}

static bool floor_ceil(struct call *c, bool up)
{
	rd_int128 one = rd_v_pow10(c->how->type_a.scale), x = c->a->d, q = x / one, r = x % one;

	if (c->out->type.type == RD_DOUBLE) {
		c->out->f = up ? ceil(c->a->f) : floor(c->a->f);
		return true;
	}
	q += up ? r > 0 : -(r < 0);
	return rd_v_rescale(q, 0, c->out->type.scale, &c->out->d);
}

static bool one_operand(struct call *c, uint16_t op)
{
	bool negative = op == RD_OP_NEG;

	switch ((enum rd_type)c->out->type.type) {
	case RD_DECIMAL:
		c->out->d = negative || c->a->d < 0 ? -c->a->d : c->a->d;
		return true;
	case RD_DOUBLE:
		c->out->f = negative ? -c->a->f : fabs(c->a->f);
		return true;
	default:
		return int_result(c, negative || c->a->i < 0 ? -(rd_int128)c->a->i : c->a->i);
	}
}

/* ---- casts ---- */

static bool text_result(struct call *c, struct rd_view text)
{
	uint8_t *copy = rd_vpool_alloc(c->how->pool, text.len + 1, c->err);

	if (!copy)
		return false;
	if (text.len)
		memcpy(copy, text.data, text.len);
	c->out->text = rd_view_of(copy, text.len);
	return true;
}

static bool to_text(struct call *c, bool *ok)
{
	RD_AUTO(rd_buf_free) struct rd_buf buf = { .max = RD_TEXT_MAX };
	struct rd_value in = *c->a;

	in.type = c->how->type_a;
	*ok = true;
	return rd_value_format(&in, "", &buf, c->err) && text_result(c, rd_buf_view(&buf));
}

static bool from_text(struct call *c)
{
	struct rd_view text = c->a->text;
	struct rd_coltype type = c->out->type;
	struct rd_err ignored = { 0 };
	bool ok;

	while (text.len && (*text.data == ' ' || (*text.data >= 9 && *text.data <= 13)))
		text = rd_view_of(text.data + 1, text.len - 1);
	while (text.len && (text.data[text.len - 1] == ' ' ||
			    (text.data[text.len - 1] >= 9 && text.data[text.len - 1] <= 13)))
		text.len--;
	ok = rd_value_parse(text, type, c->out, &ignored) && !c->out->is_null;
	c->out->type = type;
	return ok;
}

static bool fits_precision(rd_int128 x, struct rd_coltype type)
{
	rd_int128 limit = rd_v_pow10(type.precision);

	return x < limit && x > -limit;
}

static bool cast_to_decimal(struct call *c, struct rd_coltype from)
{
	struct rd_coltype to = c->out->type;
	bool ok = from.type == RD_DOUBLE ? rd_v_double_decimal(c->a->f, to.scale, &c->out->d)
					 : rd_v_rescale(from.type == RD_DECIMAL ? c->a->d : c->a->i,
							from.type == RD_DECIMAL ? from.scale : 0,
							to.scale, &c->out->d);

	return ok && fits_precision(c->out->d, to);
}

static bool cast_to_int(struct call *c, struct rd_coltype from)
{
	rd_int128 x = c->a->i;

	if (from.type == RD_DOUBLE) {
		double r = rint(c->a->f);

		if (!(r >= -9223372036854775808.0 && r < 9223372036854775808.0))
			return false;
		x = (rd_int128)r;
	} else if (from.type == RD_DECIMAL && !rd_v_rescale(c->a->d, from.scale, 0, &x)) {
		return false;
	}
	return int_result(c, x);
}

static bool cast_to_day(struct call *c, struct rd_coltype from)
{
	const int64_t us = INT64_C(86400000000);
	rd_int128 x = c->a->i;

	if (c->out->type.type == from.type) {
		c->out->i = c->a->i;
		return true;
	}
	if (c->out->type.type == RD_TIMESTAMP) {
		x *= us;
		c->out->i = (int64_t)x;
		return x == c->out->i;
	}
	c->out->i = c->a->i / us - (c->a->i % us < 0);
	return c->out->i == (int32_t)c->out->i;
}

static bool cast(struct call *c, bool *ok)
{
	struct rd_coltype from = c->how->type_a;

	if (c->out->type.type == RD_TEXT && from.type == RD_TEXT)
		return text_result(c, c->a->text);
	if (c->out->type.type == RD_TEXT)
		return to_text(c, ok);
	if (from.type == RD_TEXT) {
		*ok = from_text(c);
		return true;
	}
	switch ((enum rd_type)c->out->type.type) {
	case RD_DECIMAL:
		*ok = cast_to_decimal(c, from);
		break;
	case RD_DOUBLE:
		c->out->f = from.type == RD_DOUBLE    ? c->a->f
			    : from.type == RD_DECIMAL ? rd_v_decimal_double(c->a->d, from.scale)
						      : (double)c->a->i;
		break;
	case RD_INT32:
	case RD_INT64:
		*ok = cast_to_int(c, from);
		break;
	case RD_BOOL:
		c->out->i = is_int(from) || from.type == RD_BOOL ? c->a->i != 0 : 0;
		break;
	default:
		*ok = cast_to_day(c, from);
		break;
	}
	return true;
}

/* ---- dates ---- */

static int64_t micros_of(const struct rd_value *value, struct rd_coltype type, bool *ok)
{
	rd_int128 x = value->i;

	if (type.type == RD_DATE)
		x *= INT64_C(86400000000);
	*ok = *ok && x == (int64_t)x;
	return (int64_t)x;
}

static bool extract(struct call *c)
{
	int32_t field = c->how->src->digits;
	bool ok = true;
	int64_t micros = micros_of(c->a, c->how->type_a, &ok);
	rd_int128 value;

	/* A date so far out that its microseconds do not fit: the same day of a later era of 400
	 * years has the same fields, but for the year and the epoch. */
	if (!ok && field == RD_FIELD_EPOCH) {
		value = (rd_int128)c->a->i * INT64_C(86400000000);
	} else if (!ok) {
		int64_t eras = c->a->i / 146097, day = c->a->i % 146097;

		value = rd_v_extract(day * INT64_C(86400000000), field);
		if (field == RD_FIELD_YEAR)
			value += (rd_int128)eras * 400 * 1000000;
	} else {
		value = rd_v_extract(micros, field);
	}
	return rd_v_rescale(value, 6, c->out->type.scale, &c->out->d);
}

/* ---- comparison and text ---- */

static int compare(struct rd_coltype type, const struct rd_value *a, const struct rd_value *b)
{
	switch ((enum rd_type)type.type) {
	case RD_DECIMAL:
		return (a->d > b->d) - (a->d < b->d);
	case RD_DOUBLE:
		return rd_v_compare(RD_P_F64, &a->f, &b->f);
	case RD_TEXT:
		return rd_view_cmp(a->text, b->text);
	default:
		return (a->i > b->i) - (a->i < b->i);
	}
}

static void compared(struct call *c, uint16_t op)
{
	int order = compare(c->how->type_a, c->a, c->b);

	c->out->i = op == RD_OP_EQ   ? order == 0
		    : op == RD_OP_NE ? order != 0
		    : op == RD_OP_LT ? order < 0
		    : op == RD_OP_LE ? order <= 0
		    : op == RD_OP_GT ? order > 0
				     : order >= 0;
}

static void in_list(struct call *c)
{
	const struct rd_instr *src = c->how->src;
	bool null = false;

	for (uint32_t i = 0; i < src->n_list; i++) {
		if (src->constant[i].is_null)
			null = true;
		else if (compare(c->how->type_a, c->a, &src->constant[i]) == 0) {
			c->out->i = 1;
			return;
		}
	}
	c->out->is_null = null;
}

static size_t characters(struct rd_view text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += (text.data[i] & 0xc0) != 0x80;
	return n;
}

/* Characters [from, to), the first is 1. */
static struct rd_view part(struct rd_view text, rd_int128 from, rd_int128 to)
{
	rd_int128 at = 0;
	size_t begin = text.len, end = text.len;

	for (size_t i = 0; i < text.len; i++) {
		if ((text.data[i] & 0xc0) == 0x80)
			continue;
		at++;
		if (at >= from && begin == text.len)
			begin = i;
		if (at >= to) {
			end = i;
			break;
		}
	}
	return begin < end ? rd_view_of(text.data + begin, end - begin) : (struct rd_view){ 0 };
}

static bool substring(struct call *c)
{
	rd_int128 to = c->c ? (rd_int128)c->b->i + c->c->i : (rd_int128)INT64_MAX + 1;

	if (c->c && c->c->i < 0)
		return false;
	c->out->text = part(c->a->text, c->b->i, to);
	return true;
}

static bool change_case(struct call *c, uint8_t first, uint8_t last)
{
	uint8_t *at;

	if (!text_result(c, c->a->text))
		return false;
	at = (uint8_t *)(uintptr_t)c->out->text.data;
	for (size_t i = 0; i < c->out->text.len; i++)
		if (at[i] >= first && at[i] <= last)
			at[i] ^= 0x20;
	return true;
}

static bool concat(struct call *c, bool *ok)
{
	struct rd_view x = c->a->text, y = c->b->text;
	uint8_t *copy;

	*ok = x.len + y.len <= RD_TEXT_MAX;
	if (!*ok)
		return true;
	copy = rd_vpool_alloc(c->how->pool, x.len + y.len + 1, c->err);
	if (!copy)
		return false;
	if (x.len)
		memcpy(copy, x.data, x.len);
	if (y.len)
		memcpy(copy + x.len, y.data, y.len);
	c->out->text = rd_view_of(copy, x.len + y.len);
	return true;
}

static bool other(struct call *c, bool *ok)
{
	const struct rd_instr *src = c->how->src;

	switch (src->op) {
	case RD_OP_IN:
		in_list(c);
		return true;
	case RD_OP_LIKE:
		c->out->i = rd_v_like(src->like, src->n_list, c->a->text);
		return true;
	case RD_OP_DATE_ADD:
		c->out->i = micros_of(c->a, c->how->type_a, ok);
		*ok = *ok && rd_v_date_add(c->out->i, c->b, &c->out->i);
		return true;
	case RD_OP_EXTRACT:
		*ok = extract(c);
		return true;
	case RD_OP_SUBSTRING:
		*ok = substring(c);
		return true;
	case RD_OP_UPPER:
		return change_case(c, 'a', 'z');
	case RD_OP_LOWER:
		return change_case(c, 'A', 'Z');
	case RD_OP_LENGTH:
		c->out->i = (int64_t)characters(c->a->text);
		return true;
	case RD_OP_CONCAT:
		return concat(c, ok);
	default:
		return rd_fail(c->err, RD_FAULT_FAILED, "engine.unsupported",
			       "operation %u is not in this engine", src->op);
	}
}

bool rd_v_scalar(const struct rd_vscalar *how, const struct rd_value *args, struct rd_value *out,
		 bool *ok, struct rd_err *err)
{
	struct call c = { .how = how, .a = args, .b = args + 1, .out = out, .err = err };
	uint16_t op = how->src->op;

	c.c = how->src->c == RD_NONE ? NULL : args + 2;
	*out = (struct rd_value){ .type = how->src->type };
	*ok = true;
	if (op >= RD_OP_EQ && op <= RD_OP_GE) {
		compared(&c, op);
		return true;
	}
	switch (op) {
	case RD_OP_ADD:
	case RD_OP_SUB:
	case RD_OP_MUL:
	case RD_OP_DIV:
	case RD_OP_MOD:
		*ok = arith(&c, op);
		return true;
	case RD_OP_NEG:
	case RD_OP_ABS:
		*ok = one_operand(&c, op);
		return true;
	case RD_OP_ROUND:
		*ok = out->type.type == RD_DOUBLE ? round_double(&c) : round_decimal(&c);
		return true;
	case RD_OP_FLOOR:
	case RD_OP_CEIL:
		*ok = floor_ceil(&c, op == RD_OP_CEIL);
		return true;
	case RD_OP_CAST:
		return cast(&c, ok);
	default:
		return other(&c, ok);
	}
}
