/*
 * Random plans over random tables: every engine against the interpreter in test/ref, and every plan
 * through its bytes.
 */
#include "support.h"

#include "redoubt/engine.h"
#include "ref/gen.h"
#include "ref/ref.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rd_arena *arena;

struct source {
	struct rd_rows rows;
	struct rd_buf bytes;
	struct rd_blob blob;
	struct rd_table *open;
};

/* ---- tables ------------------------------------------------------------------------------ */

static const char *const schemas[2] = {
	"a int32?;b int64;c decimal(9,2)?;d decimal(20,4);e double?;f date?;g timestamp;h text?;i "
	"bool?",
	"a int32;b text;c decimal(5,2)?;e double",
};

static void put_field(struct rd_buf *out, char column, uint64_t x)
{
	static const char *const words[] = { "a", "steatosis", "x%y",
					     ("Gr\xc3\xbc\xc3\x9f"
					      "e"),
					     "a longer text of bytes" };
	static const char *const doubles[] = {
		"1.5", "-0", "NaN", "0.1", "1e300", "-7", "Infinity"
	};

	switch (column) {
	case 'c':
		rd_buf_printf(out, "%d.%02u", (int)(x % 30) - 15, (unsigned)(x / 64 % 4) * 25);
		break;
	case 'd':
		rd_buf_printf(out, "%llu.0625", (unsigned long long)(x >> 20));
		break;
	case 'e':
		rd_buf_printf(out, "%s", doubles[x % (x & 64 ? 7 : 4)]);
		break;
	case 'f':
		rd_buf_printf(out, "199%u-0%u-1%u", (unsigned)(x % 3), (unsigned)(x / 4 % 9) + 1,
			      (unsigned)(x / 64 % 9));
		break;
	case 'g':
		rd_buf_printf(out, "1999-12-3%u 2%u:00:00.25", (unsigned)(x % 2),
			      (unsigned)(x / 4 % 4));
		break;
	case 'h':
		rd_buf_printf(out, "%s", words[x % 5]);
		break;
	case 'i':
		rd_buf_printf(out, "%s", x % 3 ? "true" : "false");
		break;
	default:
		rd_buf_printf(out, "%d", (int)(x % 12) - 3);
		break;
	}
}

static void random_rows(struct rd_test_random *r, int which, uint32_t n_rows, struct rd_rows *out)
{
	/* The letter of each column says what is in it; "b" of the second table is text. */
	const char *letters = which ? "ahce" : "abcdefghi", *nulls = which ? "c" : "acefhi";
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 1 << 24 };
	struct rd_err err = { 0 };
	struct rd_view lines;

	for (uint32_t i = 0; i < n_rows; i++) {
		for (const char *c = letters; *c; c++) {
			uint64_t x = rd_test_random_u64(r);

			if (!strchr(nulls, *c) || x % 6)
				put_field(&text, *c, x >> 3);
			rd_buf_add_byte(&text, c[1] ? '|' : '\n');
		}
	}
	assert_true(rd_arena_copy(arena, rd_buf_view(&text), &lines, &err));
	build_rows(arena, schemas[which], n_rows ? (const char *)lines.data : "", out);
}

static bool write_bytes(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	rd_buf_add(ctx, bytes);
	return rd_buf_ok(ctx, err);
}

static bool read_bytes(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	const struct rd_buf *buf = ctx;
	size_t n = out->cap - out->used;

	if (offset > buf->len || n > buf->len - offset)
		return rd_fail(err, RD_FAULT_FAILED, "test.read", "past the end");
	memcpy(out->data + out->used, buf->data + offset, n);
	out->used += n;
	return true;
}

static void open_source(struct source *s)
{
	struct rd_schema schema = { s->rows.n_cols, s->rows.column };
	struct rd_sink sink = { &s->bytes, write_bytes };
	struct rd_writer_options options = { 0 };
	struct rd_writer *writer = NULL;
	struct rd_err err = { 0 };
	struct rd_batch batch = { .n_cols = s->rows.n_cols, .col = s->rows.vec };

	s->bytes = (struct rd_buf){ .max = (size_t)64 << 20 };
	s->open = NULL;
	batch.n = batch.n_sel = (uint32_t)s->rows.n_rows;
	if (!rd_writer_new(&schema, &options, &sink, &writer, &err) ||
	    (batch.n && !rd_writer_add(writer, &batch, &err)) || !rd_writer_finish(writer, &err))
		fail_msg("%s: %s", err.code, err.text);
	rd_writer_free(&writer);
	s->blob = (struct rd_blob){ .ctx = &s->bytes, .size = s->bytes.len, .read = read_bytes };
	if (!rd_table_open(&s->blob, NULL, RD_TABLE_OWN, (size_t)64 << 20, &s->open, &err))
		fail_msg("%s: %s", err.code, err.text);
}

/* ---- plans ------------------------------------------------------------------------------- */

static void show(const struct rd_plan *plan, uint64_t seed, const char *what,
		 const struct rd_err *why)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 1 << 22 };
	struct rd_err err = { 0 };

	if (!rd_plan_print(plan, &text, &err))
		print_error("%s\n", err.text);
	print_error("plan %llu: %s: %s: %s\n%.*s\n", (unsigned long long)seed, what, why->code,
		    why->text, RD_FMT(rd_buf_view(&text)));
}

static bool run_engine(const struct rd_engine *engine, const struct rd_plan *plan,
		       struct source *source, struct rd_rows *out, struct rd_err *err)
{
	const struct rd_table *const open[] = { source[0].open, source[1].open };
	struct rd_engine_options options = { .threads = 2,
					     .max_memory = (uint64_t)1 << 30,
					     .hash_seed = { 7, 11 } };
	struct rd_engine_result result;

	if (engine->run(plan, open, &options, arena, &result, err)) {
		*out = result.rows;
		return true;
	}
	*out = (struct rd_rows){ .failed = true };
	if (getenv("RD_TEST_PLAN"))
		print_error("%s: %s\n", err->code, err->text);
	return strcmp(err->code, "engine.data") == 0;
}

/* The plan through its bytes, the interpreter, and every engine; counts what each says. */
static uint32_t one_plan(uint64_t seed, struct source *source, uint32_t *answers)
{
	struct rd_test_random r = rd_test_random_seed(seed);
	struct rd_rows rows[2] = { source[0].rows, source[1].rows }, want, got;
	struct rd_buf bytes RD_AUTO(rd_buf_free) = { .max = RD_PLAN_BYTES_MAX };
	struct rd_buf again RD_AUTO(rd_buf_free) = { .max = RD_PLAN_BYTES_MAX };
	struct rd_err err = { 0 };
	struct rd_plan plan;
	struct build b;

	build_init(&b, arena);
	build_table_of(&b, "t", &rows[0]);
	build_table_of(&b, "u", &rows[1]);
	gen_plan(&b, &r, 1 + (uint32_t)(seed % 5));
	if (!rd_plan_encode(&b.plan, &bytes, &err) ||
	    !rd_plan_decode(rd_buf_view(&bytes), arena, &plan, &err) ||
	    !rd_plan_encode(&plan, &again, &err) || !rd_ref_run(&plan, rows, arena, &want, &err)) {
		show(&b.plan, seed, "ref", &err);
		return 1;
	}
	assert_true(rd_view_eq(rd_buf_view(&bytes), rd_buf_view(&again)));
	*answers += !want.failed && want.n_rows > 0;
	for (size_t i = 0; rd_engines[i]; i++) {
		if (!rd_engines[i]->accepts(&plan, &err))
			continue;
		if (!run_engine(rd_engines[i], &plan, source, &got, &err) ||
		    !rd_ref_same(&want, &got, rd_ref_is_ordered(&plan), &err)) {
			show(&plan, seed, rd_engines[i]->name, &err);
			return 1;
		}
	}
	return 0;
}

static void test_random_plans(void **state)
{
	const char *only = getenv("RD_TEST_PLAN");
	uint32_t failed = 0, answers = 0,
		 n = (uint32_t)(getenv("RD_TEST_PLANS") ? atoi(getenv("RD_TEST_PLANS")) : 200);

	(void)state;
	for (uint64_t seed = only ? strtoull(only, NULL, 10) : 1; only || seed <= n; seed++) {
		struct rd_test_random r = rd_test_random_seed(seed / 20 + 1000);
		struct source source[2];
		struct rd_err err = { 0 };

		assert_true(rd_arena_new((size_t)2 << 30, &arena, &err));
		for (int i = 0; i < 2; i++) {
			random_rows(&r, i, (uint32_t)rd_test_random_below(&r, 150),
				    &source[i].rows);
			open_source(&source[i]);
		}
		failed += one_plan(seed, source, &answers);
		for (int i = 0; i < 2; i++) {
			rd_table_close(&source[i].open);
			rd_buf_free(&source[i].bytes);
		}
		rd_arena_free(&arena);
		if (only)
			return;
	}
	assert_int_equal(failed, 0);
	assert_in_range(answers, n / 4, n); /* most plans say something */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_plans) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
