/* Types, values as text, vectors, and the rows of answers. */
#include "support.h"

#include <redoubt/table.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct rd_coltype coltype(const char *name)
{
	struct rd_coltype type = { 0 };
	struct rd_err err = { 0 };

	assert_true(rd_coltype_parse(rd_view_str(name), &type, &err));
	return type;
}

static const char *format(struct rd_value value)
{
	static char text[256];
	struct rd_err err = { 0 };
	struct rd_buf buf;

	rd_buf_init(&buf, sizeof(text) - 1);
	assert_true(rd_value_format(&value, "(null)", &buf, &err));
	memcpy(text, buf.data, buf.len);
	text[buf.len] = '\0';
	rd_buf_free(&buf);
	return text;
}

static void test_type_names(void **state)
{
	static const char *const names[] = { "boolean", "int32", "int64",     "decimal(38,38)",
					     "double",  "date",  "timestamp", "text" };
	static const char *const bad[][2] = {
		{ "strnig", "table.type.name" },          { "decimal", "table.type.form" },
		{ "decimal()", "table.type.form" },       { "decimal(0,0)", "base.number.range" },
		{ "decimal(39,0)", "base.number.range" }, { "decimal(4,5)", "base.number.range" },
		{ "decimal(4,", "table.type.form" },      { "text(4)", "table.type.form" },
		{ "interval", "table.type.name" },        { "", "table.type.name" }
	};
	struct rd_coltype type;
	char name[32];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		rd_coltype_name(coltype(names[i]), name);
		assert_string_equal(name, names[i]);
	}
	rd_coltype_name(coltype("numeric(7)"), name);
	assert_string_equal(name, "decimal(7,0)");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rd_err err = { 0 };

		assert_false(rd_coltype_parse(rd_view_str(bad[i][0]), &type, &err));
		assert_string_equal(err.code, bad[i][1]);
	}
	assert_int_equal(rd_coltype_width(coltype("decimal(18,2)")), 8);
	assert_int_equal(rd_coltype_width(coltype("decimal(19,2)")), 16);
}

/* Left as written, right as PostgreSQL 15.15 prints it (psql, C locale). */
static const struct {
	const char *type, *in, *out;
} good[] = {
	{ "boolean", "true", "true" },
	{ "boolean", "OFF", "false" },
	{ "int32", "-2147483648", "-2147483648" },
	{ "int32", "+2147483647", "2147483647" },
	{ "int64", "-9223372036854775808", "-9223372036854775808" },
	{ "int64", "007", "7" },
	{ "decimal(4,2)", "-0.05", "-0.05" },
	{ "decimal(4,2)", "1", "1.00" },
	{ "decimal(4,2)", ".5", "0.50" },
	{ "decimal(4,2)", "99.99000", "99.99" },
	{ "decimal(4,2)", "0012.", "12.00" },
	{ "decimal(38,0)", "-99999999999999999999999999999999999999",
	  "-99999999999999999999999999999999999999" },
	{ "decimal(38,38)", "0.00000000000000000000000000000000000001",
	  "0.00000000000000000000000000000000000001" },
	{ "double", "0.1", "0.1" },
	{ "double", "-0", "-0" },
	{ "double", "1e15", "1e+15" },
	{ "double", "123456789012345678", "1.2345678901234568e+17" },
	{ "double", "100000000000000", "100000000000000" },
	{ "double", "0.0001", "0.0001" },
	{ "double", "0.00001", "1e-05" },
	{ "double", "0.00012345", "0.00012345" },
	{ "double", "5e-324", "5e-324" },
	{ "double", "2.2250738585072014e-308", "2.2250738585072014e-308" },
	{ "double", "1.7976931348623157e308", "1.7976931348623157e+308" },
	{ "double", "5.6843418860808015e-14", "5.684341886080802e-14" },
	{ "double", "9007199254740993", "9.007199254740992e+15" },
	{ "double", "0.30000000000000004", "0.30000000000000004" },
	{ "double", "NaN", "NaN" },
	{ "double", "-infinity", "-Infinity" },
	{ "date", "1970-01-01", "1970-01-01" },
	{ "date", "0001-01-01 BC", "0001-01-01 BC" },
	{ "date", "4713-11-24 BC", "4713-11-24 BC" },
	{ "date", "5874897-12-31", "5874897-12-31" },
	{ "date", "2000-02-29", "2000-02-29" },
	{ "timestamp", "2001-02-03 04:05:06.5", "2001-02-03 04:05:06.5" },
	{ "timestamp", "2001-02-03T04:05", "2001-02-03 04:05:00" },
	{ "timestamp", "2001-02-03", "2001-02-03 00:00:00" },
	{ "timestamp", "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999" },
	{ "timestamp", "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00 BC" },
	{ "timestamp", "294247-01-10 04:00:54.775807", "294247-01-10 04:00:54.775807" },
	{ "text", "", "" },
	{ "text", "a \"b\",\n\xc3\xa4", "a \"b\",\n\xc3\xa4" },
};

static const struct {
	const char *type, *in, *code;
} bad[] = {
	{ "boolean", "2", "table.value.form" },
	{ "int32", "2147483648", "table.value.range" },
	{ "int64", "9223372036854775808", "table.value.range" },
	{ "int64", "-9223372036854775809", "table.value.range" },
	{ "int64", "", "table.value.form" },
	{ "int64", "-", "table.value.form" },
	{ "int64", "1.0", "table.value.form" },
	{ "int64", " 1", "table.value.form" },
	{ "decimal(4,2)", "100", "table.value.range" },
	{ "decimal(4,2)", "1.001", "table.value.range" },
	{ "decimal(4,2)", "1e2", "table.value.form" },
	{ "decimal(4,2)", ".", "table.value.form" },
	{ "decimal(38,0)", "100000000000000000000000000000000000000", "table.value.range" },
	{ "decimal(38,38)", "9999999999999999999", "table.value.range" },
	{ "double", "1e309", "table.value.range" },
	{ "double", "1e-400", "table.value.range" },
	{ "double", "0x10", "table.value.form" },
	{ "double", "1e", "table.value.form" },
	{ "double", "-nan", "table.value.form" },
	{ "double", "1 ", "table.value.form" },
	{ "date", "2001-02-29", "table.value.form" },
	{ "date", "1900-02-29", "table.value.form" },
	{ "date", "2001-13-01", "table.value.form" },
	{ "date", "0000-01-01", "table.value.form" },
	{ "date", "01-02-03", "table.value.form" },
	{ "date", "2001-02-03x", "table.value.form" },
	{ "date", "9999999-01-01", "table.value.range" },
	{ "timestamp", "2001-02-03 24:00:00", "table.value.form" },
	{ "timestamp", "2001-02-03 00:00:60", "table.value.form" },
	{ "timestamp", "2001-02-03 00:00:00.1234567", "table.value.form" },
	{ "timestamp", "294247-01-10 04:00:54.775808", "table.value.range" },
	{ "text", "\xff", "table.value.utf8" },
};

static void test_values(void **state)
{
	struct rd_value value;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct rd_err err = { 0 };

		if (!rd_value_parse(rd_view_str(good[i].in), coltype(good[i].type), &value, &err))
			fail_msg("%s", err.text);
		assert_string_equal(format(value), good[i].out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rd_err err = { 0 };

		if (rd_value_parse(rd_view_str(bad[i].in), coltype(bad[i].type), &value, &err))
			fail_msg("'%s' was taken as %s", bad[i].in, bad[i].type);
		assert_string_equal(err.code, bad[i].code);
	}
	value = (struct rd_value){ .is_null = true };
	assert_string_equal(format(value), "(null)");
}

/* The smallest timestamp that has a text of its own. */
static void test_timestamp_edge(void **state)
{
	struct rd_value value = { .type = { .type = RD_TIMESTAMP }, .i = INT64_MIN }, back;
	struct rd_err err = { 0 };
	char text[64];

	(void)state;
	(void)snprintf(text, sizeof(text), "%s", format(value));
	assert_string_equal(text, "290309-12-21 19:59:05.224192 BC");
	assert_true(rd_value_parse(rd_view_str(text), value.type, &back, &err));
	assert_true(back.i == INT64_MIN);
}

static void test_interval(void **state)
{
	struct rd_value v = { .type = { .type = RD_INTERVAL } };
	static const struct {
		int32_t months, days;
		int64_t us;
		const char *text;
	} cases[] = {
		{ 0, 0, 0, "00:00:00" },
		{ 12, 0, 0, "1 year" },
		{ 14, -3, 3600000000, "1 year 2 mons -3 days +01:00:00" },
		{ -1, 1, -1500000, "-1 mons +1 day -00:00:01.5" },
		{ 0, 90, 0, "90 days" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v.interval.months = cases[i].months;
		v.interval.days = cases[i].days;
		v.interval.micros = cases[i].us;
		assert_string_equal(format(v), cases[i].text);
	}
}

/* Whatever bits a double has, its text reads back as the same number. */
static void test_double_round_trip(void **state)
{
	struct rd_test_random random = rd_test_random_seed(1);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct rd_value v = { .type = { .type = RD_DOUBLE } }, back;
		uint64_t bits = rd_test_random_u64(&random);
		struct rd_err err = { 0 };

		if (i % 2) /* powers of two: the uneven gaps */
			bits &= UINT64_C(0xfff) << 52;
		memcpy(&v.f, &bits, sizeof(v.f));
		assert_true(rd_value_parse(rd_view_str(format(v)), v.type, &back, &err));
		assert_true(isnan(v.f) ? isnan(back.f) : memcmp(&v.f, &back.f, 8) == 0);
	}
}

static void test_vec(void **state)
{
	static const int32_t ints[] = { 7, -8, 0 };
	const uint64_t valid = 3;
	struct rd_vec v = { .type = { .type = RD_INT32 },
			    .repr = RD_FLAT,
			    .width = 4,
			    .data = ints,
			    .valid = &valid };
	struct rd_text texts[] = { rd_text_of(rd_view_str("twelve bytes")),
				   rd_text_of(rd_view_str("more than twelve")) };
	struct rd_dict dict = { .n = 2, .type = { .type = RD_TEXT }, .data = texts };
	static const uint8_t codes[] = { 1, 0 };
	struct rd_vec c = { .type = { .type = RD_TEXT },
			    .repr = RD_CODE,
			    .width = 1,
			    .data = codes,
			    .dict = &dict };
	struct rd_vec one = v;

	(void)state;
	assert_int_equal(rd_vec_value(&v, 1).i, -8);
	assert_true(rd_vec_value(&v, 2).is_null);
	assert_true(rd_view_eq(rd_vec_value(&c, 0).text, rd_view_str("more than twelve")));
	assert_true(rd_view_eq(rd_vec_value(&c, 1).text, rd_view_str("twelve bytes")));
	one.repr = RD_CONST;
	one.valid = NULL;
	assert_int_equal(rd_vec_value(&one, 1000).i, 7);
	dict.n = 0;
	assert_true(rd_vec_value(&c, 0).is_null);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void make_rows(struct rd_rows *rows)
{
	static int64_t small[] = { -5, 0, 500 };
	static rd_int128 big[3];
	static double doubles[] = { 0, -0.5, DBL_MAX };
	static struct rd_text texts[3];
	static uint64_t valid = 5, withheld = 2;
	static uint64_t *withheld_of[4] = { NULL, NULL, NULL, &withheld };
	static struct rd_column column[4];
	static struct rd_vec vec[4];
	static const char *const types[] = { "decimal(5,1)", "decimal(38,2)", "double", "text" };
	void *const data[] = { small, big, doubles, texts };

	big[0] = (rd_int128)INT64_MAX + 1;
	big[1] = -5;
	texts[0] = rd_text_of(rd_view_str("a"));
	texts[2] = rd_text_of(rd_view_str("a text that is longer than twelve bytes"));
	for (int i = 0; i < 4; i++) {
		column[i] = (struct rd_column){ .name = rd_view_str(types[i]),
						.type = coltype(types[i]) };
		vec[i] = (struct rd_vec){ .type = column[i].type,
					  .repr = RD_FLAT,
					  .width = rd_coltype_width(column[i].type),
					  .data = data[i],
					  .valid = i == 3 ? &valid : NULL };
	}
	*rows = (struct rd_rows){ .n_cols = 4,
				  .n_rows = 3,
				  .column = column,
				  .vec = vec,
				  .withheld = withheld_of,
				  .withheld_groups = 9,
				  .withheld_cells = 1 };
}

static void test_rows_round_trip(void **state)
{
	struct rd_rows rows, back;
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	make_rows(&rows);
	rd_buf_init(&buf, 1 << 20);
	assert_true(rd_arena_new(1 << 20, &arena, &err));
	assert_true(rd_rows_encode(&rows, &buf, &err));
	if (!rd_rows_decode(rd_buf_view(&buf), arena, &back, &err))
		fail_msg("%s", err.text);
	assert_true(back.n_rows == 3 && back.withheld_groups == 9 && back.withheld_cells == 1);
	for (uint32_t c = 0; c < 4; c++) {
		assert_true(rd_view_eq(back.column[c].name, rows.column[c].name));
		for (uint32_t r = 0; r < 3; r++) {
			char text[256];

			(void)snprintf(text, sizeof(text), "%s",
				       format(rd_vec_value(&rows.vec[c], r)));
			assert_string_equal(format(rd_vec_value(&back.vec[c], r)), text);
		}
	}
	assert_null(back.withheld[0]);
	assert_true(back.withheld[3][0] == 2);
	rd_buf_free(&buf);
	rd_arena_free(&arena);
}

/* In place of rows: where the data made the query fail. */
static void test_rows_failure(void **state)
{
	const struct rd_rows rows = { .failed = true, .failed_at = 77 };
	struct rd_rows back;
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, 1 << 10);
	assert_true(rd_arena_new(1 << 20, &arena, &err));
	assert_true(rd_rows_encode(&rows, &buf, &err));
	assert_true(rd_rows_decode(rd_buf_view(&buf), arena, &back, &err));
	assert_true(back.failed && back.failed_at == 77 && back.n_rows == 0 && back.n_cols == 0);
	/* The object's number tells it from rows. */
	buf.data[2] ^= 1;
	assert_false(rd_rows_decode(rd_buf_view(&buf), arena, &back, &err));
	rd_buf_free(&buf);
	rd_arena_free(&arena);
}

/* Every single changed bit gives another answer or a refusal, and every cut is refused. */
static void test_rows_hostile(void **state)
{
	struct rd_rows rows, back;
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	struct rd_buf buf, again;

	(void)state;
	make_rows(&rows);
	rd_buf_init(&buf, 1 << 20);
	rd_buf_init(&again, 1 << 20);
	assert_true(rd_arena_new(1 << 20, &arena, &err));
	assert_true(rd_rows_encode(&rows, &buf, &err));
	for (size_t i = 0; i < buf.len * 8; i++) {
		struct rd_err why = { 0 };

		buf.data[i / 8] ^= (uint8_t)(1u << i % 8);
		if (rd_rows_decode(rd_buf_view(&buf), arena, &back, &why)) {
			/* What is accepted is in the one form that its rows have. */
			rd_buf_clear(&again);
			assert_true(rd_rows_encode(&back, &again, &why));
			assert_true(rd_view_eq(rd_buf_view(&again), rd_buf_view(&buf)));
		}
		buf.data[i / 8] ^= (uint8_t)(1u << i % 8);
		rd_arena_reset(arena);
	}
	for (size_t len = 0; len < buf.len; len++)
		assert_false(rd_rows_decode(rd_view_of(buf.data, len), arena, &back, &err));
	rd_buf_free(&again);
	rd_buf_free(&buf);
	rd_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type_names),        cmocka_unit_test(test_values),
		cmocka_unit_test(test_timestamp_edge),    cmocka_unit_test(test_interval),
		cmocka_unit_test(test_double_round_trip), cmocka_unit_test(test_vec),
		cmocka_unit_test(test_rows_round_trip),   cmocka_unit_test(test_rows_failure),
		cmocka_unit_test(test_rows_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
