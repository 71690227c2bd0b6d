/* Decodes every column of Parquet files, and says how fast: bench_decode RUNS FILE... */
#include "memory_io.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>
#include <redoubt/table.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 100
#define FILE_MAX ((size_t)2 << 30)

static void must(bool ok, const struct rd_err *err)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", err->text);
	_Exit(1);
}

/* Bytes of the values themselves: a text's own, else the type's width. */
static uint64_t value_bytes(const struct rd_vec *v, uint32_t n)
{
	uint64_t bytes = 0;

	if (v->type.type != RD_TEXT)
		return (uint64_t)n * v->width;
	for (uint32_t i = 0; i < n; i++)
		bytes += ((const struct rd_text *)v->data)[i].len;
	return bytes;
}

/* Nanoseconds of CPU that one pass over the column takes. */
static int64_t pass(const struct rd_table *table, uint32_t column, uint64_t *bytes)
{
	struct rd_cursor *cursor = NULL;
	struct rd_err err = { 0 };
	int64_t start = rd_os_now_ns(RD_CLOCK_THREAD), spent;

	must(rd_cursor_new(table, column, &cursor, &err), &err);
	for (uint32_t g = 0; g < rd_table_groups(table); g++) {
		uint64_t left = rd_table_group_rows(table, g);

		must(rd_cursor_open(cursor, g, &err), &err);
		while (left) {
			uint32_t n = left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS;
			struct rd_vec v;

			must(rd_cursor_read(cursor, n, false, &v, &err), &err);
			if (bytes)
				*bytes += value_bytes(&v, n);
			left -= n;
		}
	}
	spent = rd_os_now_ns(RD_CLOCK_THREAD) - start;
	rd_cursor_free(&cursor);
	return spent;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void measure(const struct rd_table *table, uint32_t column, int runs)
{
	const struct rd_column *c = &rd_table_schema(table)->column[column];
	uint64_t bytes = 0, rows = rd_table_rows(table);
	int64_t ns[RUNS_MAX];

	pass(table, column, &bytes);
	for (int i = 0; i < runs; i++)
		ns[i] = pass(table, column, NULL);
	qsort(ns, (size_t)runs, sizeof(ns[0]), by_value);
	printf("%.*s\t%llu\t%llu\t%lld\t%lld\t%lld\n", RD_FMT(c->name), (unsigned long long)rows,
	       (unsigned long long)bytes, (long long)ns[runs / 2], (long long)ns[0],
	       (long long)ns[runs - 1]);
}

static void file(const char *path, int runs)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = FILE_MAX };
	struct rd_blob blob = { .ctx = &bytes, .read = rd_test_buf_read };
	const struct rd_table_options options = { .max_memory = FILE_MAX };
	struct rd_table *table RD_AUTO(rd_table_close) = NULL;
	struct rd_err err = { 0 };

	must(rd_os_file_read(path, FILE_MAX, &bytes, &err), &err);
	blob.size = bytes.len;
	must(rd_table_open_any(&blob, &options, &table, &err), &err);
	for (uint32_t c = 0; c < rd_table_schema(table)->n; c++)
		measure(table, c, runs);
}

int main(int argc, char **argv)
{
	int runs = argc > 2 ? atoi(argv[1]) : 0;
	struct rd_err err = { 0 };

	if (runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr,
			"usage: bench_decode RUNS FILE...\n"
			"prints column, rows, bytes of values, CPU ns (median, least, most)\n");
		return 2;
	}
	must(rd_crypto_init(&err), &err);
	for (int i = 2; i < argc; i++)
		file(argv[i], runs);
	return 0;
}
