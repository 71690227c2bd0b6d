/* The text of a --schema file: one `name type [class] [unique] [not-null]` a line. */
#include "table_int.h"

#define SCHEMA_TEXT_MAX ((size_t)1 << 20)

/* One line, word by word. */
struct line {
	struct rd_view rest;
	const char *name;
	uint32_t number;
};

static bool complain(const struct line *l, struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "table.schema.form", "%s: line %u: %s", l->name,
		       l->number, what);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip(struct line *l, size_t n)
{
	l->rest = rd_view_of(l->rest.data + n, l->rest.len - n);
}

static void skip_spaces(struct line *l)
{
	while (l->rest.len && is_space(l->rest.data[0]))
		skip(l, 1);
	if (l->rest.len && l->rest.data[0] == '#')
		skip(l, l->rest.len);
}

/* Up to a space; empty at the end of the line. */
static struct rd_view take_word(struct line *l)
{
	struct rd_view word;
	size_t n = 0;

	skip_spaces(l);
	while (n < l->rest.len && !is_space(l->rest.data[n]))
		n++;
	word = rd_view_of(l->rest.data, n);
	skip(l, n);
	return word;
}

/* A name is a word, or stands in quotes where it has spaces; "" is a quote in it. */
static bool take_name(struct line *l, struct rd_arena *arena, struct rd_view *out,
		      struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = RD_COLUMN_NAME_MAX + 1 };

	skip_spaces(l);
	if (l->rest.data[0] != '"') {
		rd_buf_add(&text, take_word(l));
	} else {
		for (skip(l, 1);; skip(l, 1)) {
			if (l->rest.len == 0)
				return complain(l, err, "a name has no closing quote");
			if (l->rest.data[0] == '"') {
				skip(l, 1);
				if (l->rest.len == 0 || l->rest.data[0] != '"')
					break;
			}
			rd_buf_add_byte(&text, l->rest.data[0]);
		}
	}
	if (text.failed || text.len == 0 || text.len > RD_COLUMN_NAME_MAX ||
	    !rd_utf8_valid(rd_buf_view(&text)))
		return complain(l, err, "a column's name must have 1 to 255 bytes of UTF-8");
	return rd_arena_copy(arena, rd_buf_view(&text), out, err);
}

static bool unknown(const struct line *l, struct rd_view word, struct rd_err *err)
{
	static const char *const words[] = { "hidden",  "join",   "aggregate", "group",
					     "visible", "unique", "not-null",  NULL };
	const char *near = rd_nearest_word(word, words);

	return rd_fail(err, RD_FAULT_MALFORMED, "table.schema.form",
		       "%s: line %u: expected a class, unique or not-null, found '%.*s'%s%s%s",
		       l->name, l->number, (int)(word.len < 64 ? word.len : 64),
		       (const char *)word.data, near ? ", did you mean '" : "", near ? near : "",
		       near ? "'?" : "");
}

static bool take_class(struct rd_view word, struct rd_column *out)
{
	for (int c = RD_CLASS_HIDDEN; c <= RD_CLASS_VISIBLE; c++) {
		if (!rd_view_eq(word, rd_view_str(rd_class_name((enum rd_class)c))))
			continue;
		out->class_ = (uint8_t)c;
		return true;
	}
	return false;
}

/* What may follow the type, each once. */
static bool take_rest(struct line *l, struct rd_column *out, struct rd_err *err)
{
	bool classed = false;

	for (;;) {
		struct rd_view word = take_word(l);

		if (word.len == 0)
			return true;
		if (rd_view_eq(word, rd_view_str("unique")) && !out->unique)
			out->unique = true;
		else if (rd_view_eq(word, rd_view_str("not-null")) && out->type.nullable)
			out->type.nullable = false;
		else if (!classed && take_class(word, out))
			classed = true;
		else
			return unknown(l, word, err);
	}
}

static bool take_column(struct line *l, struct rd_arena *arena, struct rd_column *out,
			struct rd_err *err)
{
	struct rd_view type;

	*out = (struct rd_column){ .class_ = RD_CLASS_HIDDEN };
	if (!take_name(l, arena, &out->name, err))
		return false;
	type = take_word(l);
	if (type.len == 0)
		return complain(l, err, "expected a type behind the column's name");
	if (!rd_coltype_parse(type, &out->type, err))
		return rd_wrap(err, "%s: line %u", l->name, l->number);
	out->type.nullable = true;
	return take_rest(l, out, err);
}

static bool add_column(struct line *l, struct rd_arena *arena, struct rd_schema *out,
		       struct rd_err *err)
{
	if (out->n == RD_COLUMNS_MAX)
		return complain(l, err, "more than 4096 columns");
	if (!take_column(l, arena, &out->column[out->n], err))
		return false;
	for (uint32_t i = 0; i < out->n; i++)
		if (rd_view_eq(out->column[i].name, out->column[out->n].name))
			return complain(l, err, "this column was named before");
	out->n++;
	return true;
}

bool rd_schema_parse(struct rd_view text, const char *name, struct rd_arena *arena,
		     struct rd_schema *out, struct rd_err *err)
{
	struct line l = { .name = name, .number = 1 };

	*out = (struct rd_schema){ 0 };
	if (text.len > SCHEMA_TEXT_MAX)
		return complain(&l, err, "more than 1 MiB of text");
	out->column = RD_NEW_ARRAY(arena, struct rd_column, RD_COLUMNS_MAX, err);
	if (!out->column)
		return false;
	while (text.len) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;

		l.rest = rd_view_of(text.data, len);
		skip_spaces(&l);
		if (l.rest.len && !add_column(&l, arena, out, err))
			return false;
		len += end != NULL;
		l.number++;
		text = rd_view_of(text.data + len, text.len - len);
	}
	if (out->n == 0)
		return complain(&l, err, "no column is named");
	return true;
}
