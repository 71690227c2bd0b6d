/* Files of others: types that are recoded, damage of every kind, keys by name, several files. */
#include "../../memory_io.h"
#include "../../support.h"
#include "table/recode_int.h"

#include <redoubt/table.h>

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY ((size_t)256 << 20)
#define METADATA ((size_t)64 << 20)

/* ---- values ---------------------------------------------------------------------------------- */

static void expect_recoded(const struct pq_leaf *leaf, struct rd_view from, uint32_t n,
			   struct rd_view wanted)
{
	struct rd_store to = { 0 };
	struct pq_leaf canonical;
	struct recoding r = { .stored = leaf, .from = from, .n = n, .to = &to };
	struct rd_err err = { 0 };

	if (!recode_type(&r, pq_leaf_recode(leaf, &canonical), &err))
		fail_msg("%s", r.why ? r.why : err.text);
	assert_true(rd_view_eq(r.result, wanted));
	rd_store_free(&to);
}

static void refuse_recoded(const struct pq_leaf *leaf, struct rd_view from, uint32_t n)
{
	struct rd_store to = { 0 };
	struct pq_leaf canonical;
	struct recoding r = { .stored = leaf, .from = from, .n = n, .to = &to };
	struct rd_err err = { 0 };

	assert_false(recode_type(&r, pq_leaf_recode(leaf, &canonical), &err));
	assert_non_null(r.why);
	rd_store_free(&to);
}

#define BYTES(text) rd_view_of(text, sizeof(text) - 1)

static void test_recode(void **state)
{
	const struct pq_leaf bytes = { .type = PQ_BYTE_ARRAY };
	const struct pq_leaf uuid = { .type = PQ_FIXED, .type_length = 16, .logical = PQ_UUID };
	const struct pq_leaf day = { .type = PQ_INT32, .logical = PQ_TIME, .unit = PQ_MILLIS };
	const struct pq_leaf nanos = {
		.type = PQ_INT64, .logical = PQ_TIME, .unit = PQ_NANOS, .is_utc = true
	};
	const struct pq_leaf money = { .type = PQ_BYTE_ARRAY,
				       .logical = PQ_DECIMAL,
				       .precision = 38 };
	const struct pq_leaf old = { .type = PQ_INT96 };
	const struct pq_leaf span = { .type = PQ_FIXED, .type_length = 12, .logical = PQ_INTERVAL };

	(void)state;
	expect_recoded(&bytes, BYTES("\3\0\0\0a\\\xff\0\0\0\0"), 2,
		       BYTES("\x09\0\0\0a\\x5C\\xFF\0\0\0\0"));
	refuse_recoded(&bytes, BYTES("\4\0\0\0abc"), 1);
	refuse_recoded(&bytes, BYTES("\4\0\0"), 1);
	expect_recoded(&uuid,
		       BYTES("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"), 1,
		       BYTES("\x24\0\0\0"
			     "01234567-89ab-cdef-0123-456789abcdef"));
	expect_recoded(&day, BYTES("\0\0\0\0\xff\x5b\x26\x05\xf5\1\0\0"), 3,
		       BYTES("\x08\0\0\0"
			     "00:00:00"
			     "\x0c\0\0\0"
			     "23:59:59.999"
			     "\x0c\0\0\0"
			     "00:00:00.501"));
	refuse_recoded(&day, BYTES("\1\x5c\x26\x05"), 1);
	refuse_recoded(&day, BYTES("\xff\xff\xff\xff"), 1);
	expect_recoded(&nanos, BYTES("\x80\x96\x98\0\0\0\0\0"), 1,
		       BYTES("\x0e\0\0\0"
			     "00:00:00.01+00"));
	expect_recoded(&money, BYTES("\1\0\0\0\xff\2\0\0\0\1\0"), 2,
		       BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
			     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0"));
	refuse_recoded(&money, BYTES("\0\0\0\0"), 1);
	refuse_recoded(&money, BYTES("\x12\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 1);
	/* Julian day 2440589 is 1970-01-02; nanoseconds are cut to microseconds. */
	expect_recoded(&old, BYTES("\xe7\3\0\0\0\0\0\0\x8d\x3d\x25\0"), 1,
		       BYTES("\x00\x60\xd7\x1d\x14\0\0\0"));
	refuse_recoded(&old, BYTES("\0\0\0\0\0\0\0\0\xff\xff\xff\x7f"), 1);
	/* One nanosecond before a day is the last microsecond of the day before. */
	expect_recoded(&old, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\x8c\x3d\x25\0"), 1,
		       BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"));
	refuse_recoded(&old, BYTES("\xff\xff\xff\xff\xff\xff\xff\x7f\x8c\x3d\x25\0"), 1);
	/* As DuckDB 1.5 prints INTERVAL 14 MONTH + 1 DAY + 90061.5 seconds, 24 months, none, 3 ms.
	 */
	expect_recoded(&span,
		       BYTES("\x0e\0\0\0\1\0\0\0\xbc\x3a\x5e\5"
			     "\x18\0\0\0\0\0\0\0\0\0\0\0"
			     "\0\0\0\0\0\0\0\0\0\0\0\0"
			     "\0\0\0\0\2\0\0\0\3\0\0\0"),
		       4,
		       BYTES("\x20\0\0\0"
			     "1 year 2 months 1 day 25:01:01.5"
			     "\7\0\0\0"
			     "2 years"
			     "\x8\0\0\0"
			     "00:00:00"
			     "\x13\0\0\0"
			     "2 days 00:00:00.003"));
	/* The longest that there is. */
	expect_recoded(&span, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), 1,
		       BYTES("\x37\0\0\0"
			     "357913941 years 3 months 4294967295 days 1193:02:47.295"));
}

/* Every half there is, against what IEEE 754 says of sign, exponent and fraction. */
static void test_half(void **state)
{
	const struct pq_leaf leaf = { .type = PQ_FIXED, .type_length = 2, .logical = PQ_FLOAT16 };

	(void)state;
	for (uint32_t half = 0; half < 65536; half++) {
		uint8_t in[2] = { (uint8_t)half, (uint8_t)(half >> 8) };
		int exponent = half >> 10 & 31, fraction = half & 1023;
		double wanted = exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
				: exponent     ? ldexp(1024 + fraction, exponent - 25)
					       : ldexp(fraction, -24);
		struct rd_store to = { 0 };
		struct recoding r = {
			.stored = &leaf, .from = rd_view_of(in, 2), .n = 1, .to = &to
		};
		struct rd_err err = { 0 };
		double got;

		wanted = half >> 15 ? -wanted : wanted;
		assert_true(recode_type(&r, PQ_HALF_TO_DOUBLE, &err));
		memcpy(&got, r.result.data, 8);
		assert_true(isnan(wanted) ? isnan(got) : memcmp(&got, &wanted, 8) == 0);
		rd_store_free(&to);
	}
}

/* A float's double prints with the digits that the float needs, and reads back as it. */
static void test_float(void **state)
{
	static const float known[] = { 1.1F, 0.1F, 16777216.0F, 3.4028235e38F, 1e-45F, 123456.79F };
	static const double wanted[] = { 1.1, 0.1, 16777216, 3.4028235e38, 1e-45, 123456.79 };
	struct rd_test_random random = rd_test_random_seed(4);

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_true(rd_double_of_float(known[i]) == wanted[i]);
	assert_true(signbit(rd_double_of_float(-0.0F)));
	assert_true(isnan(rd_double_of_float(NAN)) && isinf(rd_double_of_float(INFINITY)));
	for (int i = 0; i < 100000; i++) {
		uint32_t bits = (uint32_t)rd_test_random_u64(&random);
		char text[40];
		float f;
		int precision = 0;

		memcpy(&f, &bits, 4);
		if (!isfinite(f))
			continue;
		do
			snprintf(text, sizeof(text), "%.*e", precision++, (double)f);
		while (strtof(text, NULL) != f);
		assert_true(rd_double_of_float(f) == strtod(text, NULL));
		assert_true((float)rd_double_of_float(f) == f);
	}
}

/* ---- damage ---------------------------------------------------------------------------------- */

static struct rd_named_key columns[2];
static struct rd_foreign_keys keys = { .has_footer = true, .n = 2, .column = columns };

static void set_key(struct rd_secret *key, const char *text)
{
	memcpy(key->data, text, strlen(text));
	key->len = strlen(text);
}

/* A hash of all values of all readable columns; false: some refusal, which explains itself. */
static bool digest(struct rd_view file, bool sealed, uint64_t *out)
{
	struct rd_blob blob = { .ctx = &file, .size = file.len, .read = rd_test_view_read };
	const struct rd_table_options options = { .foreign_keys = sealed ? &keys : NULL,
						  .max_memory = METADATA };
	struct rd_table *t RD_AUTO(rd_table_close) = NULL;
	struct rd_err err = { 0 };
	bool ok = rd_table_open_any(&blob, &options, &t, &err);

	*out = 0;
	for (uint32_t c = 0; ok && c < rd_table_schema(t)->n; c++) {
		struct rd_cursor *cursor RD_AUTO(rd_cursor_free) = NULL;

		if (rd_table_schema(t)->column[c].unreadable)
			continue;
		ok = rd_cursor_new(t, c, &cursor, &err);
		for (uint32_t g = 0; ok && g < rd_table_groups(t); g++) {
			uint64_t left = rd_table_group_rows(t, g);

			ok = rd_cursor_open(cursor, g, &err);
			while (ok && left) {
				uint32_t n = left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS;
				struct rd_vec v;

				ok = rd_cursor_read(cursor, n, false, &v, &err);
				for (uint32_t i = 0; ok && i < n; i++) {
					struct rd_value value = rd_vec_value(&v, i);
					struct rd_buf text RD_AUTO(rd_buf_free) = { .max = MEMORY };

					assert_true(rd_value_format(&value, "NULL", &text, &err));
					for (size_t k = 0; k < text.len; k++)
						*out = (*out ^ text.data[k]) * 0x100000001b3u;
				}
				left -= n;
			}
		}
	}
	assert_true(ok || (err.code && err.text[0]));
	return ok;
}

/* Copies to an exact allocation, so that the sanitizer sees every byte that is read too much. */
static bool digest_changed(struct rd_view file, size_t at, uint8_t change, bool sealed,
			   uint64_t *out)
{
	uint8_t *copy = malloc(file.len);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, file.data, file.len);
	copy[at] ^= change;
	ok = digest(rd_view_of(copy, file.len), sealed, out);
	free(copy);
	return ok;
}

/* Four bytes set to 7F: what is a length there is as large as can be. */
static bool digest_enlarged(struct rd_view file, size_t at, bool sealed, uint64_t *out)
{
	uint8_t *copy = malloc(file.len);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, file.data, file.len);
	memset(copy + at, 0x7F, 4);
	ok = digest(rd_view_of(copy, file.len), sealed, out);
	free(copy);
	return ok;
}

/*
 * Every file: a hundred bytes changed, and cut off at a hundred places.  An authenticated one
 * gives its rows or an error; a plain one whatever fits its types.
 */
static void damage(const char *path, bool sealed, bool authentic)
{
	struct rd_view file = rd_test_read_file(path);
	size_t step = file.len / 100 + 1;
	uint64_t whole = 0, changed = 0;
	bool ok = digest(file, sealed, &whole);

	assert_true(ok || !authentic);
	for (size_t at = 0; at < file.len; at += step) {
		bool opens = digest_changed(file, at, (uint8_t)(1u << at % 8), sealed, &changed);

		if (opens && authentic && changed != whole)
			fail_msg("%s: byte %zu was changed unnoticed", path, at);
		/* Parquet is read from its end: what is cut off has another one, or none. */
		assert_false(digest(rd_view_of(file.data, at), sealed, &changed));
	}
	for (size_t at = 0; at + 4 < file.len; at += step)
		if (digest_enlarged(file, at, sealed, &changed) && authentic && changed != whole)
			fail_msg("%s: bytes at %zu were changed unnoticed", path, at);
	rd_test_free(file);
}

static void damage_folder(const char *relative, bool sealed)
{
	char folder[1024], path[2048];
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s", rd_test_shared_path(relative));
	dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		size_t len = strlen(e->d_name);
		bool is_sealed = len > 10 && strcmp(e->d_name + len - 10, ".encrypted") == 0;
		/* CTR authenticates no page, and the plain footer's file has plain columns. */
		bool authentic = is_sealed && strstr(e->d_name, "uniform");

		if ((!is_sealed && (len < 8 || strcmp(e->d_name + len - 8, ".parquet") != 0)) ||
		    (is_sealed && strstr(e->d_name, "disable_aad")))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		damage(path, sealed, authentic);
	}
	closedir(dir);
}

static void test_damage_plain(void **state)
{
	(void)state;
	damage_folder("vectors/parquet/plain", false);
	damage_folder("vectors/parquet/bad", false);
}

static void test_damage_encrypted(void **state)
{
	(void)state;
	set_key(&keys.footer, "0123456789012345");
	columns[0].name = rd_view_str("double_field");
	set_key(&columns[0].key, "1234567890123450");
	columns[1].name = rd_view_str("float_field");
	set_key(&columns[1].key, "1234567890123451");
	damage_folder("vectors/parquet/encrypted", true);
}

/* ---- key files ------------------------------------------------------------------------------- */

static void test_key_file(void **state)
{
	static const char good[] =
		"# a comment\n"
		"footer 30313233343536373839303132333435\r\n"
		"\n"
		"column a name of words 00112233445566778899aabbccddeeff0011223344556677\n"
		"aad my table\n";
	static const char *const wrong[] = {
		"",
		"footer 00\n",
		"footer 0123456789012345\n",
		"column 30313233343536373839303132333435\n",
		"key 30313233343536373839303132333435\n",
		"aad-hex 0\nfooter 30313233343536373839303132333435",
		"footer 30313233343536373839303132333435\nfooter 30313233343536373839303132333435",
		"aad x\n",
		"footer 30313233343536373839303132333435\naad\n",
		"footer 30313233343536373839303132333435\naad x\naad-hex 00\n",
		("column a 30313233343536373839303132333435\n"
		 "column a 30313233343536373839303132333436\n"),
	};
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_foreign_keys k;
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_arena_new(1 << 24, &arena, &err));
	if (!rd_foreign_keys_parse(rd_view_str(good), "k", arena, &k, &err))
		fail_msg("%s", err.text);
	assert_true(k.has_footer && k.footer.len == 16 && memcmp(k.footer.data, "0123", 4) == 0);
	assert_int_equal(k.n, 1);
	assert_true(rd_view_eq(k.column[0].name, rd_view_str("a name of words")));
	assert_int_equal(k.column[0].key.len, 24);
	assert_true(rd_view_eq(k.aad_prefix, rd_view_str("my table")));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(rd_foreign_keys_parse(rd_view_str(wrong[i]), "k", arena, &k, &err));
		assert_string_equal(err.code, "table.keys.form");
	}
}

/* ---- codecs and several files ---------------------------------------------------------------- */

/* A table of `n` rows from `first` on: id and, in every third row none, a text. */
static struct rd_view write_table(uint32_t first, uint32_t n, enum rd_codec codec,
				  const char *second, struct rd_buf *file)
{
	struct rd_column column[2] = {
		{ .name = rd_view_str("id"), .type = { .type = RD_INT64 } },
		{ .name = rd_view_str(second), .type = { .type = RD_TEXT, .nullable = true } },
	};
	const struct rd_schema schema = { 2, column };
	struct rd_writer *w RD_AUTO(rd_writer_free) = NULL;
	struct rd_sink sink = { file, rd_test_buf_write };
	int64_t id[1000];
	struct rd_text text[1000];
	uint64_t valid[16] = { 0 };
	struct rd_vec vec[2] = {
		{ .type = column[0].type, .repr = RD_FLAT, .width = 8, .data = id },
		{ .type = column[1].type,
		  .repr = RD_FLAT,
		  .width = 16,
		  .data = text,
		  .valid = valid }
	};
	struct rd_batch batch = { .n = n, .n_sel = n, .n_cols = 2, .col = vec };
	struct rd_err err = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		id[i] = first + i;
		text[i] = i % 3 ? rd_text_of(rd_view_str("a text of more than twelve bytes"))
				: (struct rd_text){ .len = 0 };
		valid[i / 64] |= (uint64_t)(i % 3 != 0) << i % 64;
	}
	assert_true(rd_writer_new(&schema, &(struct rd_writer_options){ .codec = codec }, &sink, &w,
				  &err));
	assert_true(rd_writer_add(w, &batch, &err) && rd_writer_finish(w, &err));
	return rd_buf_view(file);
}

static void test_codecs(void **state)
{
	static const enum rd_codec codecs[] = { RD_CODEC_NONE, RD_CODEC_SNAPPY, RD_CODEC_GZIP,
						RD_CODEC_ZSTD, RD_CODEC_LZ4_RAW };
	uint64_t first = 0, each = 0;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
		struct rd_view bytes = write_table(0, 1000, codecs[i], "word", &file);
		struct rd_blob blob = { .ctx = &bytes,
					.size = bytes.len,
					.read = rd_test_view_read };
		struct rd_table *t RD_AUTO(rd_table_close) = NULL;
		struct rd_err err = { 0 };

		assert_true(digest(bytes, false, i ? &each : &first));
		assert_true(i == 0 || each == first);
		/* Without the edge only none and zstd are known. */
		assert_int_equal(rd_table_open(&blob, NULL, RD_TABLE_OWN, MEMORY, &t, &err),
				 codecs[i] == RD_CODEC_NONE || codecs[i] == RD_CODEC_ZSTD);
		/* A plain page that was changed is noticed by its CRC. */
		for (size_t at = 8; at < bytes.len - 400; at += 7) {
			bool opens = digest_changed(bytes, at, 16, false, &each);

			assert_true(!opens || each == first);
		}
	}
}

static struct rd_table *open_buf(struct rd_view *bytes, struct rd_blob *blob)
{
	const struct rd_table_options options = { .max_memory = MEMORY };
	struct rd_table *t = NULL;
	struct rd_err err = { 0 };

	*blob = (struct rd_blob){ .ctx = bytes, .size = bytes->len, .read = rd_test_view_read };
	if (!rd_table_open_any(blob, &options, &t, &err))
		fail_msg("%s", err.text);
	return t;
}

static void test_join(void **state)
{
	struct rd_buf file[3] = { { .max = MEMORY }, { .max = MEMORY }, { .max = MEMORY } };
	struct rd_view bytes[3];
	struct rd_blob blob[3];
	struct rd_table *part[3], *all RD_AUTO(rd_table_close) = NULL;
	struct rd_cursor *c RD_AUTO(rd_cursor_free) = NULL;
	struct rd_column_stats stats;
	struct rd_err err = { 0 };
	uint32_t differs = 9;
	struct rd_vec v;

	(void)state;
	bytes[0] = write_table(0, 1000, RD_CODEC_NONE, "word", &file[0]);
	bytes[1] = write_table(1000, 10, RD_CODEC_GZIP, "word", &file[1]);
	bytes[2] = write_table(0, 10, RD_CODEC_NONE, "other", &file[2]);
	for (size_t i = 0; i < 3; i++)
		part[i] = open_buf(&bytes[i], &blob[i]);
	assert_false(rd_table_join(part, 3, &all, &differs, &err));
	assert_string_equal(err.code, "table.parts");
	assert_int_equal(differs, 2);
	for (size_t i = 0; i < 2; i++)
		part[i] = open_buf(&bytes[i], &blob[i]);
	assert_true(rd_table_join(part, 2, &all, &differs, &err));
	assert_int_equal(rd_table_rows(all), 1010);
	assert_int_equal(rd_table_groups(all), 2);
	rd_table_column_stats(all, 0, &stats);
	assert_true(stats.has_range && stats.min == 0 && stats.max == 1009 && !stats.has_nulls);
	assert_true(rd_cursor_new(all, 0, &c, &err));
	for (uint32_t g = 0; g < 2; g++) {
		uint32_t n = (uint32_t)rd_table_group_rows(all, g);

		assert_true(rd_cursor_open(c, g, &err) && rd_cursor_read(c, n, false, &v, &err));
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(rd_vec_value(&v, i).i, g * 1000 + i);
	}
	for (size_t i = 0; i < 3; i++)
		rd_buf_free(&file[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recode),       cmocka_unit_test(test_half),
		cmocka_unit_test(test_float),        cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_codecs),       cmocka_unit_test(test_join),
		cmocka_unit_test(test_damage_plain), cmocka_unit_test(test_damage_encrypted),
	};
	struct rd_err err = { 0 };

	if (!rd_crypto_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
