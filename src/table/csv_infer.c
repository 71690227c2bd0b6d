/* Names and types of a CSV file, from all of it: ENGINE.md 1. */
#include "csv_int.h"

#include <stdlib.h>

/* What all values so far could be. */
struct guess {
	bool seen, null;
	bool is_bool, is_int, is_number, is_double, is_date, is_timestamp;
	uint32_t whole_digits, scale;
};

static bool fits(struct rd_view text, enum rd_type type)
{
	struct rd_err ignored = { 0 };
	struct rd_value value;

	return rd_value_parse(text, (struct rd_coltype){ .type = (uint8_t)type }, &value, &ignored);
}

/* Digits, with a sign and a point perhaps.  A leading zero is no number: it would be lost. */
static bool digits(struct rd_view text, uint32_t *whole, uint32_t *scale, bool *point)
{
	size_t i = text.len && text.data[0] == '-';
	size_t start = i;

	*whole = *scale = 0;
	*point = false;
	for (; i < text.len; i++) {
		if (text.data[i] == '.' && !*point) {
			*point = true;
			continue;
		}
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		*(*point ? scale : whole) += 1;
	}
	return *whole && (!*point || *scale) && !(*whole > 1 && text.data[start] == '0');
}

static void look(struct guess *g, struct rd_view text)
{
	uint32_t whole = 0, scale = 0;
	bool point = false, number = digits(text, &whole, &scale, &point);
	bool first = !g->seen;
	bool starts = text.len && (text.data[0] == '-' || text.data[0] == '.' ||
				   (text.data[0] >= '0' && text.data[0] <= '9'));

	g->seen = true;
	g->is_bool = (first || g->is_bool) && (rd_view_eq(text, rd_view_str("true")) ||
					       rd_view_eq(text, rd_view_str("false")));
	g->is_int = (first || g->is_int) && number && !point && fits(text, RD_INT64);
	g->is_number = (first || g->is_number) && number;
	/* "00" and the like stay text; 1e5 and numbers with too many digits are double. */
	g->is_double = (first || g->is_double) && starts &&
		       (number || !(text.len > 1 && text.data[0] == '0' && text.data[1] != '.')) &&
		       fits(text, RD_DOUBLE);
	g->is_date = (first || g->is_date) && text.len == 10 && fits(text, RD_DATE);
	g->is_timestamp = (first || g->is_timestamp) && text.len > 10 && fits(text, RD_TIMESTAMP);
	if (number && whole > g->whole_digits)
		g->whole_digits = whole;
	if (number && scale > g->scale)
		g->scale = scale;
}

static struct rd_coltype conclude(const struct guess *g)
{
	struct rd_coltype t = { .type = RD_TEXT, .nullable = g->null || !g->seen };
	uint32_t precision = g->whole_digits + g->scale;

	if (!g->seen)
		return t;
	if (g->is_bool)
		t.type = RD_BOOL;
	else if (g->is_int)
		t.type = RD_INT64;
	else if (g->is_number && precision <= 18) {
		t.type = RD_DECIMAL;
		t.precision = (uint8_t)precision;
		t.scale = (uint8_t)g->scale;
	} else if (g->is_double)
		t.type = RD_DOUBLE;
	else if (g->is_date)
		t.type = RD_DATE;
	else if (g->is_timestamp)
		t.type = RD_TIMESTAMP;
	return t;
}

static bool read_names(struct csv *csv, struct rd_arena *arena, struct rd_schema *out,
		       struct rd_err *err)
{
	if (!csv_next(csv, err))
		return false;
	if (csv->done)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.form",
			       "%s: the file is empty; a line of column names was expected",
			       csv->name);
	out->n = csv->n;
	out->column = RD_NEW_ARRAY(arena, struct rd_column, csv->n, err);
	if (!out->column)
		return false;
	for (uint32_t i = 0; i < csv->n; i++) {
		struct rd_view name = csv_text(csv, i);

		if (name.len == 0 || name.len > RD_COLUMN_NAME_MAX || !rd_utf8_valid(name) ||
		    memchr(name.data, 0, name.len))
			return csv_fail(csv, "table.csv.names",
					"a column's name is empty, too long or not UTF-8", err);
		for (uint32_t k = 0; k < i; k++)
			if (rd_view_eq(out->column[k].name, name))
				return csv_fail(csv, "table.csv.names",
						"two columns have the same name", err);
		if (!rd_arena_copy(arena, name, &out->column[i].name, err))
			return false;
	}
	return true;
}

static bool infer(struct csv *csv, struct rd_arena *arena, struct rd_schema *out,
		  struct rd_err *err)
{
	struct guess *guess;

	if (!read_names(csv, arena, out, err))
		return false;
	guess = RD_NEW_ARRAY(arena, struct guess, out->n, err);
	if (!guess)
		return false;
	for (;;) {
		if (!csv_next(csv, err))
			return false;
		if (csv->done)
			break;
		if (csv->n != out->n)
			return csv_fail(csv, "table.csv.fields",
					"the number of fields is not that of the column names",
					err);
		for (uint32_t i = 0; i < csv->n; i++) {
			if (csv_is_null(csv, i))
				guess[i].null = true;
			else
				look(&guess[i], csv_text(csv, i));
		}
	}
	for (uint32_t i = 0; i < out->n; i++)
		out->column[i].type = conclude(&guess[i]);
	return true;
}

bool rd_csv_infer(const struct rd_blob *blob, const char *name,
		  const struct rd_csv_options *options, struct rd_arena *arena,
		  struct rd_schema *out, struct rd_err *err)
{
	struct csv csv;
	bool ok = csv_open(&csv, blob, name, options, err) && infer(&csv, arena, out, err);

	csv_close(&csv);
	return ok;
}

/* ---- --schema
 * ------------------------------------------------------------------------------------- */

static struct rd_view next_word(struct rd_view *line)
{
	struct rd_view word;
	size_t i = 0;

	while (line->len &&
	       (line->data[0] == ' ' || line->data[0] == '\t' || line->data[0] == '\r'))
		*line = rd_view_of(line->data + 1, line->len - 1);
	while (i < line->len && line->data[i] != ' ' && line->data[i] != '\t' &&
	       line->data[i] != '\r')
		i++;
	word = rd_view_of(line->data, i);
	*line = rd_view_of(line->data + i, line->len - i);
	return word;
}

static bool schema_option(struct rd_view word, struct rd_column *c)
{
	if (rd_view_eq(word, rd_view_str("unique"))) {
		c->unique = true;
		return true;
	}
	if (rd_view_eq(word, rd_view_str("not-null"))) {
		c->type.nullable = false;
		return true;
	}
	for (uint8_t k = RD_CLASS_HIDDEN; k <= RD_CLASS_VISIBLE; k++)
		if (rd_view_eq(word, rd_view_str(rd_class_name((enum rd_class)k)))) {
			c->class_ = k;
			return true;
		}
	return false;
}

/* False with *found false: nothing but blanks and comment. */
static bool schema_line(struct rd_view line, struct rd_column *c, bool *found, struct rd_err *err)
{
	struct rd_view word = next_word(&line);

	*found = word.len && word.data[0] != '#';
	if (!*found)
		return true;
	*c = (struct rd_column){ .name = word };
	word = next_word(&line);
	if (!rd_coltype_parse(word, &c->type, err))
		return false;
	c->type.nullable = true;
	for (word = next_word(&line); word.len && word.data[0] != '#'; word = next_word(&line))
		if (!schema_option(word, c))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.schema.word",
				       "'%.*s' is neither a class nor unique nor not-null",
				       RD_FMT(word));
	return true;
}

bool rd_schema_parse(struct rd_view text, const char *name, struct rd_arena *arena,
		     struct rd_schema *out, struct rd_err *err)
{
	uint32_t line = 0;

	*out = (struct rd_schema){ .column = RD_NEW_ARRAY(arena, struct rd_column, RD_COLUMNS_MAX,
							  err) };
	if (!out->column)
		return false;
	while (text.len) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;
		struct rd_column c = { 0 };
		bool found = false;

		line++;
		if (!schema_line(rd_view_of(text.data, len), &c, &found, err))
			return rd_wrap(err, "%s: line %u", name, line);
		if (found && out->n == RD_COLUMNS_MAX)
			return rd_fail(err, RD_FAULT_MALFORMED, "table.schema.columns",
				       "%s: line %u: more than 4,096 columns", name, line);
		if (found && !rd_arena_copy(arena, c.name, &c.name, err))
			return false;
		if (found)
			out->column[out->n++] = c;
		len += end != NULL;
		text = rd_view_of(text.data + len, text.len - len);
	}
	return out->n > 0 ||
	       rd_fail(err, RD_FAULT_MALFORMED, "table.schema.columns", "%s: no columns", name);
}
