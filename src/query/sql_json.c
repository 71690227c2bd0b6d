/* SQL text to libpg_query's parse tree as JSON, and what is known about its nodes. */
#include "sql_int.h"

#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rd_sql_line_column(struct rd_view sql, uint32_t offset, uint32_t *line, uint32_t *column)
{
	*line = 1;
	*column = 1;
	for (uint32_t i = 0; i < offset && i < sql.len; i++) {
		if (sql.data[i] == '\n') {
			++*line;
			*column = 1;
		} else if ((sql.data[i] & 0xc0) != 0x80) { /* characters, not bytes */
			++*column;
		}
	}
}

/* The words at a place: to the end of the line, at most some 24 bytes, whole characters. */
static struct rd_view words_at(struct rd_view text, uint32_t place)
{
	size_t end = place;

	while (end < text.len && end - place < 24 && text.data[end] >= ' ')
		end++;
	while (end < text.len && end > place && (text.data[end] & 0xc0) == 0x80)
		end--;
	return rd_view_of(text.data + place, end - place);
}

bool sql_fail(struct sql *c, uint32_t place, const char *code, const char *fmt, ...)
{
	char reason[RD_ERR_TEXT_MAX];
	uint32_t line, column;
	struct rd_view words;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	if (place > c->text.len)
		return rd_fail(c->err, RD_FAULT_MALFORMED, code, "%s", reason);
	rd_sql_line_column(c->text, place, &line, &column);
	words = words_at(c->text, place);
	if (words.len == 0)
		return rd_fail(c->err, RD_FAULT_MALFORMED, code, "line %u, column %u: %s", line,
			       column, reason);
	return rd_fail(c->err, RD_FAULT_MALFORMED, code, "line %u, column %u, at '%.*s': %s", line,
		       column, RD_FMT(words), reason);
}

bool sql_unsupported(struct sql *c, uint32_t place, const char *what)
{
	return sql_fail(c, place, "query.sql.unsupported",
			"%s not supported; doc/sql.md lists what is", what);
}

const char *sql_kind(const json_t *node, const json_t **inner)
{
	void *at = json_object_size(node) == 1 ? json_object_iter((json_t *)(uintptr_t)node) : NULL;

	if (!at) {
		*inner = NULL;
		return "";
	}
	*inner = json_object_iter_value(at);
	return json_object_iter_key(at);
}

bool sql_is(const json_t *node, const char *kind, const json_t **inner)
{
	return strcmp(sql_kind(node, inner), kind) == 0;
}

uint32_t sql_place(const json_t *node)
{
	const json_t *location = json_object_get(node, "location");
	uint32_t best = SQL_NO_PLACE, place;
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_integer(location) && json_integer_value(location) >= 0 &&
	    json_integer_value(location) <= RD_SQL_TEXT_MAX)
		return (uint32_t)json_integer_value(location);
	if (json_is_array(node)) {
		json_array_foreach(node, i, value)
		{
			place = sql_place(value);
			best = place < best ? place : best;
		}
	} else if (json_is_object(node)) {
		json_object_foreach((json_t *)(uintptr_t)node, key, value)
		{
			place = sql_place(value);
			best = place < best ? place : best;
		}
	}
	return best;
}

bool sql_fields(struct sql *c, const json_t *inner, const char *known)
{
	const char *key, *found;
	json_t *value;
	size_t len;

	json_object_foreach((json_t *)(uintptr_t)inner, key, value)
	{
		len = strlen(key);
		for (found = strstr(known, key); found; found = strstr(found + 1, key))
			if ((found == known || found[-1] == ' ') &&
			    (found[len] == ' ' || found[len] == '\0'))
				break;
		if (!found)
			return sql_fail(c, sql_place(inner), "query.sql.unsupported",
					"a clause that the parser calls '%s' is not supported here",
					key);
	}
	return true;
}

const json_t *sql_get(const json_t *inner, const char *key)
{
	return json_object_get(inner, key);
}

const char *sql_str(const json_t *inner, const char *key)
{
	const char *text = json_string_value(json_object_get(inner, key));

	return text ? text : "";
}

bool sql_flag(const json_t *inner, const char *key)
{
	return json_is_true(json_object_get(inner, key));
}

const json_t *sql_at(const json_t *list, size_t i)
{
	return json_array_get(list, i);
}

const char *sql_string(const json_t *node)
{
	const json_t *inner;

	return sql_is(node, "String", &inner) ? sql_str(inner, "sval") : "";
}

bool sql_last_name(struct sql *c, const json_t *names, const char **out)
{
	size_t n = json_array_size(names);

	if (n == 0 || n > 2 || (n == 2 && strcmp(sql_string(sql_at(names, 0)), "pg_catalog") != 0))
		return sql_unsupported(c, sql_place(names), "a name with a schema is");
	*out = sql_string(sql_at(names, n - 1));
	return true;
}

/* Nesting of nodes: objects whose one key starts with a capital letter, and the sides of set
 * operations, which have no such key. */
static bool check_depth(struct sql *c, const json_t *at, uint32_t depth, uint32_t place)
{
	const json_t *inner;
	const char *kind, *key;
	uint32_t here, side;
	json_t *value;
	size_t i;

	if (json_is_array(at)) {
		json_array_foreach(at, i,
				   value) if (!check_depth(c, value, depth, place)) return false;
	} else if (json_is_object(at)) {
		kind = sql_kind(at, &inner);
		depth += kind[0] >= 'A' && kind[0] <= 'Z';
		if (json_is_integer(json_object_get(at, "location"))) {
			here = sql_place(at);
			place = here <= c->text.len ? here : place;
		}
		if (depth > RD_SQL_DEPTH_MAX)
			return sql_fail(c, place, "query.sql.depth",
					"expressions and subqueries nest deeper than %d",
					RD_SQL_DEPTH_MAX);
		json_object_foreach((json_t *)(uintptr_t)at, key, value)
		{
			side = strcmp(key, "larg") == 0 || strcmp(key, "rarg") == 0;
			if (!check_depth(c, value, depth + side, place))
				return false;
		}
	}
	return true;
}

/*
 * libpg_query 15 prints neither zero nor negative integers: both are "ival": {}.  The grammar
 * folds a minus sign into the constant, whose place is then the sign's: the digits behind signs,
 * spaces and parentheses are the value, which cannot be positive.
 */
static bool hidden_integer(struct sql *c, uint32_t place, int64_t *out)
{
	struct rd_view text = c->text;
	size_t i = place, from;

	while (i < text.len && (text.data[i] < '0' || text.data[i] > '9')) {
		if (text.data[i] == '-' && i + 1 < text.len && text.data[i + 1] == '-') {
			while (i < text.len && text.data[i] != '\n' && text.data[i] != '\r')
				i++;
		} else if (text.data[i] && strchr(" \t\n\v\f\r-(", text.data[i])) {
			i++;
		} else {
			return sql_unsupported(c, place,
					       "a comment between a sign and its number is");
		}
	}
	for (from = i; i < text.len && text.data[i] >= '0' && text.data[i] <= '9';)
		i++;
	if (!rd_parse_i64(rd_view_of(text.data + from, i - from), 0, INT32_MAX, out, c->err))
		return rd_wrap(c->err, "an integer constant");
	*out = -*out;
	return true;
}

static bool restore_integers(struct sql *c, const json_t *at)
{
	const json_t *inner;
	json_t *value, *ival;
	const char *key;
	int64_t integer;
	size_t i;

	if (json_is_array(at)) {
		json_array_foreach(at, i, value) if (!restore_integers(c, value)) return false;
	} else if (json_is_object(at)) {
		if (sql_is(at, "A_Const", &inner)) {
			ival = json_object_get(inner, "ival");
			if (!ival || json_object_get(ival, "ival"))
				return true;
			if (!hidden_integer(c, sql_place(inner), &integer))
				return false;
			if (json_object_set_new(ival, "ival", json_integer(integer)) != 0)
				return rd_fail(c->err, RD_FAULT_FAILED, "base.memory.limit",
					       "no memory left");
			return true;
		}
		json_object_foreach((json_t *)(uintptr_t)at, key,
				    value) if (!restore_integers(c, value)) return false;
	}
	return true;
}

/* libpg_query counts characters from 1. */
static uint32_t byte_place(struct rd_view text, int characters)
{
	uint32_t at = 0;

	for (int i = 1; i < characters && at < text.len; i++) {
		at++;
		while (at < text.len && (text.data[at] & 0xc0) == 0x80)
			at++;
	}
	return at;
}

static bool load(struct sql *c, const PgQueryParseResult *parsed, json_t **root)
{
	json_error_t why;
	const char *message;

	if (parsed->error) {
		message = parsed->error->message ? parsed->error->message : "syntax error";
		return sql_fail(c, byte_place(c->text, parsed->error->cursorpos),
				"query.sql.syntax", "%s", message);
	}
	if (!parsed->parse_tree)
		return sql_fail(c, 0, "query.sql.syntax", "the parser gave no tree");
	*root = json_loads(parsed->parse_tree, 0, &why);
	if (*root)
		return true;
	if (json_error_code(&why) == json_error_stack_overflow)
		return sql_fail(c, SQL_NO_PLACE, "query.sql.depth",
				"expressions and subqueries nest deeper than %d", RD_SQL_DEPTH_MAX);
	return sql_fail(c, SQL_NO_PLACE, "query.sql.syntax", "the parser's tree is unreadable: %s",
			why.text);
}

static bool one_statement(struct sql *c, const json_t *root, const json_t **select)
{
	const json_t *stmts = json_object_get(root, "stmts"), *inner;
	const json_t *stmt = json_object_get(json_array_get(stmts, 0), "stmt");
	uint32_t place = 0;

	if (json_array_size(stmts) > 1)
		place = (uint32_t)json_integer_value(
			json_object_get(json_array_get(stmts, 1), "stmt_location"));
	if (json_array_size(stmts) != 1)
		return sql_fail(c, place, "query.sql.statements",
				"expected one SELECT, found %zu statements",
				json_array_size(stmts));
	if (!sql_is(stmt, "SelectStmt", &inner))
		return sql_fail(c, 0, "query.sql.statements", "expected one SELECT");
	*select = inner;
	return true;
}

static void drop_parsed(PgQueryParseResult *parsed)
{
	pg_query_free_parse_result(*parsed);
}

static void drop_text(char **text)
{
	free(*text);
}

bool sql_parse(struct sql *c, json_t **root, const json_t **select)
{
	char *text RD_AUTO(drop_text) = NULL;

	if (c->text.len > RD_SQL_TEXT_MAX)
		return rd_fail(c->err, RD_FAULT_MALFORMED, "query.sql.size",
			       "the SQL text has %zu bytes, at most %d are accepted", c->text.len,
			       RD_SQL_TEXT_MAX);
	if (c->text.len && memchr(c->text.data, 0, c->text.len))
		return rd_fail(c->err, RD_FAULT_MALFORMED, "query.sql.utf8",
			       "the SQL text has a NUL byte in it");
	if (!rd_utf8_valid(c->text))
		return rd_fail(c->err, RD_FAULT_MALFORMED, "query.sql.utf8",
			       "the SQL text is not UTF-8");
	text = malloc(c->text.len + 1);
	if (!text)
		return rd_fail(c->err, RD_FAULT_FAILED, "base.memory.limit", "no memory left");
	if (c->text.len)
		memcpy(text, c->text.data, c->text.len);
	text[c->text.len] = '\0';

	PgQueryParseResult parsed RD_AUTO(drop_parsed) = pg_query_parse(text);
	return load(c, &parsed, root) && one_statement(c, *root, select) &&
	       check_depth(c, *select, 1, 0) && restore_integers(c, *select);
}
