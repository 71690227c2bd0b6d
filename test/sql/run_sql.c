/*
 * run_sql ENGINE SCHEMAS DATA QUERY.sql...: runs queries over CSV files, for comparisons.
 *
 * The tables are SCHEMAS/<name>.schema, their rows DATA/<name>.csv (all fields of one line; an
 * empty field is NULL).  ENGINE is `ref`, the interpreter of test/ref, or `none`: compile only.
 * Prints each answer as "-- QUERY.sql", then a line a row, fields separated by |, NULL as \N.
 */
#include <redoubt/query.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/ref.h"

#define TABLES_MAX 16
#define COLUMNS_MAX 64

struct table {
	char name[64];
	struct rd_schema schema;
	struct rd_column column[COLUMNS_MAX];
	char column_name[COLUMNS_MAX][64];
	struct rd_rows rows;
};

static struct table tables[TABLES_MAX];
static uint32_t n_tables;

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "run_sql: %s: %s\n", what, why);
	exit(1);
}

/* Files stay in memory until the end: values and plans point into them. */
static void *kept[4096];
static uint32_t n_kept;

static struct rd_view read_all(const char *path)
{
	FILE *file = fopen(path, "rb");
	long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
	char *data = size < 0 ? NULL : malloc((size_t)size + 1);
	size_t n;

	if (!data || n_kept == sizeof(kept) / sizeof(kept[0]))
		die(path, "cannot be read");
	rewind(file);
	n = fread(data, 1, (size_t)size, file);
	data[n] = '\0';
	fclose(file);
	kept[n_kept++] = data;
	return rd_view_of(data, n);
}

/* The next line without its end; false at the end. */
static bool next_line(struct rd_view *rest, struct rd_view *line)
{
	const uint8_t *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;

	if (rest->len == 0)
		return false;
	line->data = rest->data;
	line->len = end ? (size_t)(end - rest->data) : rest->len;
	rest->data += line->len + (end != NULL);
	rest->len -= line->len + (end != NULL);
	return true;
}

static void load_schema(struct table *t, const char *path)
{
	struct rd_view rest = read_all(path), line;
	struct rd_err err = { 0 };
	char type[64], text[256];

	while (next_line(&rest, &line)) {
		struct rd_column *column = &t->column[t->schema.n];
		if (line.len == 0 || line.len >= sizeof(text) || t->schema.n == COLUMNS_MAX)
			die(path, "a bad line");
		memcpy(text, line.data, line.len);
		text[line.len] = '\0';
		if (sscanf(text, "%63s %63s", t->column_name[t->schema.n], type) != 2 ||
		    !rd_coltype_parse(rd_view_str(type), &column->type, &err))
			die(path, err.text);
		column->name = rd_view_str(t->column_name[t->schema.n++]);
		column->unique = strstr(text, " unique") != NULL;
		column->type.nullable = strstr(text, " not null") == NULL;
	}
	t->schema.column = t->column;
}

/* Takes one field of a line, without its quotes. */
static struct rd_view next_field(struct rd_view *line)
{
	struct rd_view field = *line;
	const uint8_t *end;

	if (line->len && line->data[0] == '"') {
		end = memchr(line->data + 1, '"', line->len - 1);
		if (!end)
			die("a CSV file", "a quote is not closed on its line");
		field = rd_view_of(line->data + 1, (size_t)(end - line->data) - 1);
		end++;
	} else {
		end = line->len ? memchr(line->data, ',', line->len) : NULL;
		end = end ? end : line->data + line->len;
		field.len = (size_t)(end - line->data);
	}
	end += end < line->data + line->len;
	line->len -= (size_t)(end - line->data);
	line->data = end;
	return field;
}

static void put(struct rd_vec *vec, uint64_t row, const struct rd_value *value)
{
	uint8_t width = rd_coltype_width(vec->type);
	uint8_t *at = (uint8_t *)(uintptr_t)vec->data + row * width;
	struct rd_text text;

	if (vec->type.type == RD_TEXT) {
		text = rd_text_of(value->text);
		memcpy(at, &text, width);
	} else if (vec->type.type == RD_DOUBLE) {
		memcpy(at, &value->f, width);
	} else if (vec->type.type == RD_DECIMAL) {
		memcpy(at, &value->d, width);
	} else {
		memcpy(at, &value->i, width);
	}
}

static void load_rows(struct table *t, const char *path)
{
	struct rd_view text = read_all(path), rest = text, line, field;
	struct rd_err err = { 0 };
	struct rd_value value;
	uint64_t n = 0;

	while (next_line(&rest, &line))
		n++;
	n -= n > 0;
	t->rows = (struct rd_rows){ .n_cols = t->schema.n, .n_rows = n, .column = t->column };
	t->rows.vec = calloc(t->schema.n, sizeof(*t->rows.vec));
	for (uint32_t c = 0; c < t->schema.n; c++) {
		struct rd_vec *vec = &t->rows.vec[c];
		vec->type = t->column[c].type;
		vec->repr = RD_FLAT;
		vec->width = rd_coltype_width(vec->type);
		vec->data = calloc(n + 1, vec->width);
		vec->valid = calloc(n / 64 + 1, sizeof(uint64_t));
		if (!vec->data || !vec->valid)
			die(path, "no memory");
	}
	rest = text;
	(void)next_line(&rest, &line);
	for (uint64_t row = 0; next_line(&rest, &line); row++) {
		for (uint32_t c = 0; c < t->schema.n; c++) {
			field = next_field(&line);
			if (field.len == 0)
				continue;
			if (!rd_value_parse(field, t->column[c].type, &value, &err))
				die(path, err.text);
			put(&t->rows.vec[c], row, &value);
			((uint64_t *)(uintptr_t)t->rows.vec[c].valid)[row / 64] |= UINT64_C(1)
										   << row % 64;
		}
	}
}

static void load_tables(const char *schemas, const char *data, bool rows)
{
	DIR *folder = opendir(schemas);
	struct dirent *entry;
	char path[4096];
	const char *dot;

	if (!folder)
		die(schemas, "cannot be read");
	while ((entry = readdir(folder)) != NULL) {
		struct table *t = &tables[n_tables];
		dot = strstr(entry->d_name, ".schema");
		if (!dot || n_tables == TABLES_MAX)
			continue;
		snprintf(t->name, sizeof(t->name), "%.*s", (int)(dot - entry->d_name),
			 entry->d_name);
		snprintf(path, sizeof(path), "%s/%s", schemas, entry->d_name);
		load_schema(t, path);
		snprintf(path, sizeof(path), "%s/%s.csv", data, t->name);
		if (rows)
			load_rows(t, path);
		n_tables++;
	}
	closedir(folder);
}

static void print_rows(const struct rd_rows *rows)
{
	struct rd_buf line RD_AUTO(rd_buf_free) = { .max = (size_t)64 << 20 };
	struct rd_err err = { 0 };

	if (rows->n_rows == 0)
		return;
	for (uint64_t row = 0; row < rows->n_rows; row++) {
		rd_buf_clear(&line);
		for (uint32_t c = 0; c < rows->n_cols; c++) {
			struct rd_value value = rd_vec_value(&rows->vec[c], (uint32_t)row);
			rd_buf_printf(&line, "%s", c ? "|" : "");
			if (!rd_value_format(&value, "\\N", &line, &err))
				die("an answer", err.text);
		}
		printf("%.*s\n", (int)line.len, (const char *)line.data);
	}
}

static bool run(const char *path, bool rows)
{
	struct rd_rows table[TABLES_MAX] = { 0 }, answer = { 0 };
	struct rd_sql_table known[TABLES_MAX];
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_err err = { 0 };
	struct rd_plan plan;

	for (uint32_t i = 0; i < n_tables; i++)
		known[i] = (struct rd_sql_table){ rd_view_str(tables[i].name), &tables[i].schema };
	printf("-- %s\n", path);
	if (!rd_arena_new((size_t)4 << 30, &arena, &err) ||
	    !rd_sql_compile(read_all(path), known, n_tables, arena, &plan, &err)) {
		printf("error: %s: %s\n", err.code, err.text);
		return false;
	}
	for (uint32_t i = 0; i < plan.n_tables; i++)
		for (uint32_t k = 0; k < n_tables; k++)
			if (rd_view_eq(plan.table[i].name, rd_view_str(tables[k].name)))
				table[i] = tables[k].rows;
	if (!rows)
		return true;
	if (!rd_ref_run(&plan, table, arena, &answer, &err)) {
		printf("error: %s: %s\n", err.code, err.text);
		return false;
	}
	print_rows(&answer);
	return true;
}

int main(int argc, char **argv)
{
	bool rows, ok = true;

	if (argc < 5)
		die("usage", "run_sql ref|none SCHEMAS DATA QUERY.sql...");
	rows = strcmp(argv[1], "ref") == 0;
	if (!rows && strcmp(argv[1], "none") != 0)
		die(argv[1], "no such engine: ref, none");
	load_tables(argv[2], argv[3], rows);
	for (int i = 4; i < argc; i++)
		ok &= run(argv[i], rows);
	return ok ? 0 : 1;
}
