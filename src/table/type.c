/* Column types, classes, and values inside vectors: see redoubt/table.h. */
#include <redoubt/table.h>

#include <stdio.h>
#include <string.h>

uint8_t rd_coltype_width(struct rd_coltype type)
{
	switch ((enum rd_type)type.type) {
	case RD_BOOL:
		return 1;
	case RD_INT32:
	case RD_DATE:
		return 4;
	case RD_INT64:
	case RD_DOUBLE:
	case RD_TIMESTAMP:
		return 8;
	case RD_DECIMAL:
		return type.precision <= 18 ? 8 : 16;
	case RD_TEXT:
	case RD_INTERVAL:
		return 16;
	case RD_NOTYPE:
		break;
	}
	return 0;
}

static const char *const type_names[] = {
	[RD_NOTYPE] = "none",       [RD_BOOL] = "boolean",        [RD_INT32] = "int32",
	[RD_INT64] = "int64",       [RD_DECIMAL] = "decimal",     [RD_DOUBLE] = "double",
	[RD_DATE] = "date",         [RD_TIMESTAMP] = "timestamp", [RD_TEXT] = "text",
	[RD_INTERVAL] = "interval",
};

void rd_coltype_name(struct rd_coltype type, char out[32])
{
	const char *name = type.type <= RD_INTERVAL ? type_names[type.type] : "unknown";

	if (type.type == RD_DECIMAL)
		(void)snprintf(out, 32, "decimal(%u,%u)", type.precision, type.scale);
	else
		(void)snprintf(out, 32, "%s", name);
}

/* The words that name a type: ours first, then PostgreSQL's. */
static const struct {
	const char *word;
	enum rd_type type;
} words[] = {
	{ "boolean", RD_BOOL },        { "int32", RD_INT32 },   { "int64", RD_INT64 },
	{ "decimal", RD_DECIMAL },     { "double", RD_DOUBLE }, { "date", RD_DATE },
	{ "timestamp", RD_TIMESTAMP }, { "text", RD_TEXT },     { "bool", RD_BOOL },
	{ "int", RD_INT32 },           { "integer", RD_INT32 }, { "bigint", RD_INT64 },
	{ "numeric", RD_DECIMAL },     { "varchar", RD_TEXT },
};

static enum rd_type word_type(struct rd_view word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (rd_view_eq(word, rd_view_str(words[i].word)))
			return words[i].type;
	return RD_NOTYPE;
}

/* "(p)" or "(p,s)", without spaces. */
static bool parse_precision(struct rd_view text, struct rd_coltype *out, struct rd_err *err)
{
	const uint8_t *comma = text.len ? memchr(text.data, ',', text.len) : NULL;
	struct rd_view inner, digits;
	int64_t precision, scale = 0;

	if (text.len < 3 || text.data[0] != '(' || text.data[text.len - 1] != ')')
		return rd_fail(err, RD_FAULT_MALFORMED, "table.type.form",
			       "expected decimal(precision,scale), found 'decimal%.*s'",
			       (int)(text.len < 64 ? text.len : 64), (const char *)text.data);
	inner = rd_view_of(text.data + 1, text.len - 2);
	digits = comma ? rd_view_of(inner.data, (size_t)(comma - inner.data)) : inner;
	if (!rd_parse_i64(digits, 1, 38, &precision, err))
		return rd_wrap(err, "precision of a decimal");
	if (comma) {
		digits = rd_view_of(comma + 1, inner.len - digits.len - 1);
		if (!rd_parse_i64(digits, 0, precision, &scale, err))
			return rd_wrap(err, "scale of a decimal");
	}
	out->precision = (uint8_t)precision;
	out->scale = (uint8_t)scale;
	return true;
}

bool rd_coltype_parse(struct rd_view text, struct rd_coltype *out, struct rd_err *err)
{
	const uint8_t *paren = text.len ? memchr(text.data, '(', text.len) : NULL;
	struct rd_view word = paren ? rd_view_of(text.data, (size_t)(paren - text.data)) : text;
	struct rd_coltype type = { .type = (uint8_t)word_type(word), .nullable = true };
	const char *candidates[sizeof(words) / sizeof(words[0]) + 1] = { NULL };
	const char *near;

	if (type.type == RD_NOTYPE) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			candidates[i] = words[i].word;
		near = rd_nearest_word(word, candidates);
		return rd_fail(err, RD_FAULT_MALFORMED, "table.type.name",
			       "no type is called '%.*s'%s%s%s",
			       (int)(word.len < 64 ? word.len : 64), (const char *)word.data,
			       near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	if ((type.type == RD_DECIMAL) != (paren != NULL))
		return rd_fail(err, RD_FAULT_MALFORMED, "table.type.form",
			       type.type == RD_DECIMAL
				       ? "a decimal needs precision and scale: decimal(15,2)"
				       : "only a decimal has a precision");
	if (paren && !parse_precision(rd_view_of(paren, text.len - word.len), &type, err))
		return false;
	*out = type;
	return true;
}

const char *rd_class_name(enum rd_class c)
{
	switch (c) {
	case RD_CLASS_HIDDEN:
		return "hidden";
	case RD_CLASS_JOIN:
		return "join";
	case RD_CLASS_AGGREGATE:
		return "aggregate";
	case RD_CLASS_GROUP:
		return "group";
	case RD_CLASS_VISIBLE:
		return "visible";
	}
	return "unknown";
}

static int64_t load_signed(const uint8_t *at, uint8_t width)
{
	int32_t narrow;
	int64_t wide;

	if (width == 1)
		return *at;
	if (width == 4) {
		memcpy(&narrow, at, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, at, sizeof(wide));
	return wide;
}

static uint32_t load_code(const uint8_t *at, uint8_t width)
{
	uint32_t code = 0;

	memcpy(&code, at, width);
	return code;
}

struct rd_value rd_vec_value(const struct rd_vec *v, uint32_t row)
{
	struct rd_value out = { .type = v->type };
	uint8_t width = rd_coltype_width(v->type);
	const uint8_t *at = v->data;
	struct rd_text text;

	if (v->repr == RD_CONST)
		row = 0;
	out.is_null = rd_vec_is_null(v, row);
	if (out.is_null || (v->repr == RD_CODE && v->dict->n == 0)) {
		out.is_null = true;
		return out;
	}
	if (v->repr == RD_CODE)
		at = (const uint8_t *)v->dict->data +
		     (size_t)load_code(at + (size_t)row * v->width, v->width) * width;
	else
		at += (size_t)row * width;
	if (v->type.type == RD_TEXT) {
		memcpy(&text, at, sizeof(text));
		if (text.len > sizeof(text.inlined))
			out.text = rd_view_of(text.far.data, text.len);
		else /* the vector's own bytes, not those of the copy */
			out.text = rd_view_of(at + offsetof(struct rd_text, inlined), text.len);
	} else if (v->type.type == RD_DOUBLE) {
		memcpy(&out.f, at, sizeof(out.f));
	} else if (v->type.type == RD_INTERVAL) {
		memcpy(&out.interval, at, sizeof(out.interval));
	} else if (v->type.type == RD_DECIMAL && width == 16) {
		memcpy(&out.d, at, sizeof(out.d));
	} else if (v->type.type == RD_DECIMAL) {
		out.d = load_signed(at, width);
	} else {
		out.i = load_signed(at, width);
	}
	return out;
}
