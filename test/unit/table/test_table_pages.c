/* Files as other writers make them, built by hand: what parquet.thrift allows and few of them do.
 */
#include "../../memory_io.h"
#include "../../support.h"
#include "table/parquet_int.h"

#include <redoubt/table.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(text) rd_view_of(text, sizeof(text) - 1)
#define FILE_MAX ((size_t)128 << 20)

/* ---- a file of one row group and one column, or of what the schema says ---------------------- */

struct file {
	struct rd_buf bytes;
	uint64_t dictionary,
		data; /* offsets for the metadata; 0: no dictionary, behind the magic */
	uint64_t rows;
	uint32_t codec;
	struct pq_leaf leaf;
	int64_t null_count;    /* -2: not stated */
	const char *file_path; /* NULL: not stated */
	const char *
		inside; /* NULL, or a column before it: a group whose two leaves have these names */
};

static struct file begin(enum pq_type type, enum pq_repetition repetition, uint64_t rows)
{
	struct file f = {
		.bytes = { .max = FILE_MAX },
		.rows = rows,
		.leaf = { .name = rd_view_str("c"), .type = type, .repetition = repetition },
		.null_count = -2
	};

	rd_buf_add(&f.bytes, rd_view_str("PAR1"));
	return f;
}

struct page {
	enum pq_page_kind kind;
	uint32_t n;
	enum pq_encoding encoding, levels;
	uint32_t plain_size; /* 0: that of the body */
	uint32_t def_bytes;  /* v2 */
};

static void add_page(struct file *f, struct page page, struct rd_view body)
{
	const int16_t field[] = { 5, 6, 7, 8 };
	int16_t last = 0, inner = 0;
	struct rd_buf *out = &f->bytes;

	thrift_put_i32(out, &last, 1, (int32_t)page.kind);
	thrift_put_i32(out, &last, 2, (int32_t)(page.plain_size ? page.plain_size : body.len));
	thrift_put_i32(out, &last, 3, (int32_t)body.len);
	thrift_put_field(out, &last, field[page.kind], THRIFT_STRUCT);
	if (page.kind != PQ_INDEX_PAGE)
		thrift_put_i32(out, &inner, 1, (int32_t)page.n);
	if (page.kind == PQ_DATA_PAGE_V2) {
		thrift_put_i32(out, &inner, 2, 0);
		thrift_put_i32(out, &inner, 3, (int32_t)page.n);
		thrift_put_i32(out, &inner, 4, (int32_t)page.encoding);
		thrift_put_i32(out, &inner, 5, (int32_t)page.def_bytes);
		thrift_put_i32(out, &inner, 6, 0);
	} else if (page.kind != PQ_INDEX_PAGE) {
		thrift_put_i32(out, &inner, 2, (int32_t)page.encoding);
	}
	if (page.kind == PQ_DATA_PAGE) {
		thrift_put_i32(out, &inner, 3, page.levels ? (int32_t)page.levels : PQ_RLE);
		thrift_put_i32(out, &inner, 4, PQ_RLE);
	}
	thrift_put_stop(out);
	thrift_put_stop(out);
	rd_buf_add(out, body);
}

static void put_group(struct rd_buf *out, const char *name, int32_t children)
{
	int16_t last = 0;

	thrift_put_i32(out, &last, 3, PQ_OPTIONAL);
	thrift_put_binary(out, &last, 4, rd_view_str(name));
	thrift_put_i32(out, &last, 5, children);
	thrift_put_stop(out);
}

static void put_leaf(struct rd_buf *out, const struct pq_leaf *leaf)
{
	int16_t last = 0, inner = 0;

	thrift_put_i32(out, &last, 1, (int32_t)leaf->type);
	thrift_put_i32(out, &last, 2, (int32_t)leaf->type_length);
	thrift_put_i32(out, &last, 3, (int32_t)leaf->repetition);
	thrift_put_binary(out, &last, 4, leaf->name);
	if (leaf->logical) {
		thrift_put_field(out, &last, 10, THRIFT_STRUCT);
		thrift_put_field(out, &inner, (int16_t)leaf->logical, THRIFT_STRUCT);
		thrift_put_stop(out);
		thrift_put_stop(out);
	}
	thrift_put_stop(out);
}

static void put_chunk(const struct file *f, uint64_t data, struct rd_buf *out)
{
	const enum pq_encoding plain = PQ_PLAIN;
	const struct pq_meta meta = {
		.type = f->leaf.type,
		.codec = f->codec,
		.path = f->leaf.name,
		.n_values = f->rows,
		.data_offset = data,
		.dictionary_offset = f->dictionary,
		.stored_size = data == 4 || f->dictionary == 4 ? f->bytes.len - 4 : 0,
		.stats = { .has_null_count = f->null_count != -2,
			   .null_count = (uint64_t)f->null_count },
	};
	int16_t last = 0;

	if (f->file_path)
		thrift_put_binary(out, &last, 1, rd_view_str(f->file_path));
	thrift_put_i64(out, &last, 2, 0);
	thrift_put_field(out, &last, 3, THRIFT_STRUCT);
	pq_meta_write(&meta, &plain, 1, out);
	thrift_put_stop(out);
}

static void end(struct file *f)
{
	uint64_t data = f->data ? f->data : 4;
	struct rd_buf footer RD_AUTO(rd_buf_free) = { .max = FILE_MAX };
	int16_t last = 0, group = 0;
	uint32_t n = f->inside ? 3 : 1;
	uint8_t len[4];

	thrift_put_i32(&footer, &last, 1, 1);
	thrift_put_list(&footer, &last, 2, THRIFT_STRUCT, f->inside ? 5 : 2);
	put_group(&footer, "schema", f->inside ? 2 : 1);
	if (f->inside) {
		struct pq_leaf leaf = f->leaf;

		put_group(&footer, "outer", 2);
		leaf.name = rd_view_str(f->inside);
		put_leaf(&footer, &leaf);
		put_leaf(&footer, &leaf);
	}
	put_leaf(&footer, &f->leaf);
	thrift_put_i64(&footer, &last, 3, (int64_t)f->rows);
	thrift_put_list(&footer, &last, 4, THRIFT_STRUCT, 1);
	thrift_put_list(&footer, &group, 1, THRIFT_STRUCT, n);
	for (uint32_t i = 0; i < n; i++)
		put_chunk(f, data, &footer);
	thrift_put_i64(&footer, &group, 2, 0);
	thrift_put_i64(&footer, &group, 3, (int64_t)f->rows);
	thrift_put_stop(&footer);
	thrift_put_stop(&footer);
	rd_buf_add(&f->bytes, rd_buf_view(&footer));
	rd_store_le32(len, (uint32_t)footer.len);
	rd_buf_add(&f->bytes, rd_view_of(len, 4));
	rd_buf_add(&f->bytes, rd_view_str("PAR1"));
}

/* ---- reading it ------------------------------------------------------------------------------ */

/* The last column's values, a blank behind each; or the error's code and text. */
static void read_all(struct file *f, struct rd_buf *out)
{
	struct rd_blob blob = { .ctx = &f->bytes, .size = f->bytes.len, .read = rd_test_buf_read };
	const struct rd_table_options options = { .max_memory = (size_t)64 << 20 };
	struct rd_table *t RD_AUTO(rd_table_close) = NULL;
	struct rd_cursor *c RD_AUTO(rd_cursor_free) = NULL;
	struct rd_err err = { 0 };
	uint64_t left = f->rows;
	bool ok = rd_table_open_any(&blob, &options, &t, &err) &&
		  rd_cursor_new(t, rd_table_schema(t)->n - 1, &c, &err) &&
		  rd_cursor_open(c, 0, &err);

	while (ok && left) {
		uint32_t n = left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS;
		struct rd_vec v;

		ok = rd_cursor_read(c, n, false, &v, &err);
		/* Of long columns the first row of each batch. */
		for (uint32_t i = 0; ok && i < (f->rows < 100 ? n : 1); i++) {
			struct rd_value value = rd_vec_value(&v, i);

			assert_true(rd_value_format(&value, "NULL", out, &err));
			rd_buf_add(out, rd_view_str(" "));
		}
		left -= n;
	}
	if (!ok)
		rd_buf_printf(out, "[%s] %s", err.code, err.text);
	rd_buf_add_byte(out, 0);
}

static void expect(struct file *f, const char *wanted)
{
	struct rd_buf got RD_AUTO(rd_buf_free) = { .max = FILE_MAX };

	end(f);
	read_all(f, &got);
	assert_string_equal((const char *)got.data, wanted);
	rd_buf_free(&f->bytes);
}

static void refuse(struct file *f, const char *code, const char *word)
{
	struct rd_buf got RD_AUTO(rd_buf_free) = { .max = FILE_MAX };

	end(f);
	read_all(f, &got);
	if (got.data[0] != '[' || !strstr((const char *)got.data, code) ||
	    !strstr((const char *)got.data, word))
		fail_msg("%s, not %s: %s", (const char *)got.data, code, word);
	rd_buf_free(&f->bytes);
}

/* ---- levels ---------------------------------------------------------------------------------- */

static void test_levels(void **state)
{
	struct file f = begin(PQ_INT32, PQ_OPTIONAL, 10);

	(void)state;
	/* The deprecated form: highest bit first, 1010000001, and no length. */
	add_page(&f, (struct page){ .n = 10, .levels = PQ_BIT_PACKED },
		 BYTES("\xa0\x40\1\0\0\0\2\0\0\0\3\0\0\0"));
	expect(&f, "1 NULL 2 NULL NULL NULL NULL NULL NULL 3 ");
	f = begin(PQ_INT32, PQ_OPTIONAL, 10);
	add_page(&f, (struct page){ .n = 10, .levels = PQ_BIT_PACKED }, BYTES("\xa0"));
	refuse(&f, "table.page.form", "levels are longer");
	f = begin(PQ_INT32, PQ_OPTIONAL, 10);
	add_page(&f, (struct page){ .n = 10, .levels = PQ_PLAIN_DICTIONARY }, BYTES("\xa0"));
	refuse(&f, "table.page.form", "not RLE");
	/* Empty runs, of one value and packed, between those that have some. */
	f = begin(PQ_INT32, PQ_OPTIONAL, 3);
	add_page(&f, (struct page){ .n = 3 }, BYTES("\7\0\0\0\0\1\1\2\1\4\0\5\0\0\0"));
	expect(&f, "5 NULL NULL ");
	f = begin(PQ_INT32, PQ_OPTIONAL, 3);
	add_page(&f, (struct page){ .n = 3 }, BYTES("\5\0\0\0\0\1\0\1\0\5\0\0\0"));
	refuse(&f, "table.page.form", "levels end too early");
}

/* A page of NULLs alone need not have a single byte of values, whatever encoding it is said to
 * have. */
static void test_no_values(void **state)
{
	static const struct {
		enum pq_type type;
		enum pq_encoding encoding;
	} cases[] = {
		{ PQ_INT32, PQ_PLAIN },
		{ PQ_INT64, PQ_DELTA_BINARY_PACKED },
		{ PQ_BYTE_ARRAY, PQ_DELTA_LENGTH_BYTE_ARRAY },
		{ PQ_BYTE_ARRAY, PQ_DELTA_BYTE_ARRAY },
		{ PQ_DOUBLE, PQ_BYTE_STREAM_SPLIT },
		{ PQ_BOOLEAN, PQ_RLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int is_text = 0; is_text < 2; is_text++) {
			struct file f = begin(cases[i].type, PQ_OPTIONAL, 3);

			if (is_text && cases[i].type == PQ_BYTE_ARRAY)
				f.leaf.logical = PQ_STRING;
			add_page(&f, (struct page){ .n = 3, .encoding = cases[i].encoding },
				 BYTES("\2\0\0\0\6\0"));
			expect(&f, "NULL NULL NULL ");
		}
	}
	/* Snappy's zero bytes behind the levels of v2, and gzip's where none are expected. */
	for (size_t i = 0; i < 3; i++) {
		static const char gzip[] = "\6\0\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0";
		static const uint32_t codec[] = { RD_CODEC_SNAPPY, RD_CODEC_GZIP, RD_CODEC_SNAPPY };
		const struct rd_view body[] = { BYTES("\6\0\0"), BYTES(gzip), BYTES("\6\0") };
		struct file f = begin(PQ_INT32, PQ_OPTIONAL, 3);

		f.codec = codec[i];
		add_page(&f,
			 (struct page){ PQ_DATA_PAGE_V2, .n = 3, .plain_size = 2, .def_bytes = 2 },
			 body[i]);
		expect(&f, "NULL NULL NULL ");
	}
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void test_order(void **state)
{
	const struct page dictionary = { PQ_DICTIONARY_PAGE, .n = 2 },
			  codes = { .n = 2, .encoding = PQ_RLE_DICTIONARY }, plain = { .n = 2 };
	struct file f = begin(PQ_INT32, PQ_REQUIRED, 4);

	(void)state;
	/* An index page before and between pages of data. */
	add_page(&f, (struct page){ PQ_INDEX_PAGE, .n = 0 }, BYTES("index"));
	add_page(&f, plain, BYTES("\1\0\0\0\2\0\0\0"));
	add_page(&f, (struct page){ PQ_INDEX_PAGE, .n = 0 }, BYTES(""));
	add_page(&f, plain, BYTES("\3\0\0\0\4\0\0\0"));
	expect(&f, "1 2 3 4 ");
	/* The metadata promise a dictionary, and there is none. */
	f = begin(PQ_INT32, PQ_REQUIRED, 4);
	add_page(&f, plain, BYTES("\1\0\0\0\2\0\0\0"));
	f.dictionary = 4;
	f.data = f.bytes.len;
	add_page(&f, plain, BYTES("\3\0\0\0\4\0\0\0"));
	expect(&f, "1 2 3 4 ");
	/* A dictionary that they do not know, then bytes that are no page before those of data. */
	f = begin(PQ_INT32, PQ_REQUIRED, 4);
	add_page(&f, dictionary, BYTES("\7\0\0\0\x8\0\0\0"));
	add_page(&f, codes, BYTES("\1\2\1\2\0"));
	add_page(&f, plain, BYTES("\3\0\0\0\4\0\0\0"));
	expect(&f, "8 7 3 4 ");
	f = begin(PQ_INT32, PQ_REQUIRED, 2);
	f.dictionary = 4;
	add_page(&f, dictionary, BYTES("\7\0\0\0\x8\0\0\0"));
	rd_buf_add(&f.bytes, rd_view_str("no page"));
	f.data = f.bytes.len;
	add_page(&f, codes, BYTES("\1\2\1\2\0"));
	expect(&f, "8 7 ");
	/* One of no values, for NULLs alone. */
	f = begin(PQ_BYTE_ARRAY, PQ_OPTIONAL, 3);
	f.leaf.logical = PQ_STRING;
	f.dictionary = 4;
	add_page(&f, (struct page){ PQ_DICTIONARY_PAGE, .n = 0 }, BYTES(""));
	f.data = f.bytes.len;
	add_page(&f, (struct page){ .n = 3, .encoding = PQ_RLE_DICTIONARY },
		 BYTES("\2\0\0\0\6\0\0"));
	expect(&f, "NULL NULL NULL ");
	/* One dictionary is enough. */
	f = begin(PQ_INT32, PQ_REQUIRED, 2);
	add_page(&f, dictionary, BYTES("\7\0\0\0\x8\0\0\0"));
	add_page(&f, dictionary, BYTES("\7\0\0\0\x8\0\0\0"));
	add_page(&f, codes, BYTES("\1\2\1\2\0"));
	refuse(&f, "table.page.form", "a page of data was expected");
}

/* Only sealed pages have ordinals of 16 bits. */
static void test_many_pages(void **state)
{
	struct file f = begin(PQ_BOOLEAN, PQ_REQUIRED, 40000);
	struct rd_buf got RD_AUTO(rd_buf_free) = { .max = FILE_MAX };

	(void)state;
	for (uint32_t i = 0; i < 40000; i++)
		add_page(&f, (struct page){ .n = 1 }, i % 3 ? BYTES("\0") : BYTES("\1"));
	end(&f);
	read_all(&f, &got);
	assert_memory_equal(got.data, "true ", 5);
	assert_null(strchr((const char *)got.data, '['));
	rd_buf_free(&f.bytes);
}

static void test_large_pages(void **state)
{
	struct file f = begin(PQ_INT32, PQ_REQUIRED, 20000000);
	struct rd_buf got RD_AUTO(rd_buf_free) = { .max = FILE_MAX }, body = { .max = FILE_MAX };

	(void)state;
	/* Twenty million codes of no bits. */
	f.dictionary = 4;
	add_page(&f, (struct page){ PQ_DICTIONARY_PAGE, .n = 1 }, BYTES("\x2a\0\0\0"));
	add_page(&f, (struct page){ .n = 20000000, .encoding = PQ_RLE_DICTIONARY },
		 BYTES("\0\x80\xb4\x89\x13"));
	end(&f);
	read_all(&f, &got);
	assert_memory_equal(got.data, "42 42 ", 6);
	assert_null(strchr((const char *)got.data, '['));
	rd_buf_free(&f.bytes);
	/* A page of 80 MB: DuckDB's grow to 100. */
	f = begin(PQ_INT64, PQ_REQUIRED, 10000000);
	memset(rd_buf_extend(&body, 80000000), 0, 80000000);
	body.len = 80000000;
	add_page(&f, (struct page){ .n = 10000000 }, rd_buf_view(&body));
	rd_buf_free(&body);
	end(&f);
	got.len = 0;
	read_all(&f, &got);
	assert_memory_equal(got.data, "0 0 ", 4);
	assert_null(strchr((const char *)got.data, '['));
	rd_buf_free(&f.bytes);
	/* A few bytes of deltas that stand for far more values than are decoded at once. */
	f = begin(PQ_INT32, PQ_REQUIRED, 20000000);
	add_page(&f, (struct page){ .n = 20000000, .encoding = PQ_DELTA_BINARY_PACKED },
		 BYTES("\x80\1\4\x80\xda\xc4\x09\0"));
	refuse(&f, "table.page.size", "decoded at once");
	/* The header alone says so. */
	f = begin(PQ_INT32, PQ_REQUIRED, 1);
	add_page(&f, (struct page){ .n = 1, .plain_size = 300000000 }, BYTES("\5\0\0\0"));
	refuse(&f, "table.page.size", "256 MiB");
	/* Ten bytes that are said to be a hundred million: before there is memory for them. */
	for (uint32_t codec = RD_CODEC_SNAPPY; codec <= RD_CODEC_LZ4_RAW; codec++) {
		if (codec > RD_CODEC_GZIP && codec < RD_CODEC_ZSTD)
			continue;
		f = begin(PQ_INT32, PQ_REQUIRED, 1);
		f.codec = codec;
		add_page(&f, (struct page){ .n = 1, .plain_size = 100000000 }, BYTES("0123456789"));
		refuse(&f, "table.page.form", "cannot unpack");
	}
	/* A text of 16 MiB and one byte; the same with its length apart. */
	for (int apart = 0; apart < 2; apart++) {
		const struct rd_view head =
			apart ? BYTES("\x80\1\4\1\x82\x80\x80\x10") : BYTES("\1\0\0\1");
		struct rd_buf text RD_AUTO(rd_buf_free) = { .max = FILE_MAX };
		const size_t len = (16u << 20) + 1;

		rd_buf_add(&text, head);
		memset(rd_buf_extend(&text, len), 'x', len);
		text.len = head.len + len;
		f = begin(PQ_BYTE_ARRAY, PQ_REQUIRED, 1);
		f.leaf.logical = PQ_STRING;
		add_page(&f,
			 (struct page){ .n = 1,
					.encoding = apart ? PQ_DELTA_LENGTH_BYTE_ARRAY : PQ_PLAIN },
			 rd_buf_view(&text));
		refuse(&f, "table.page.size", "16 MiB");
	}
}

/* ---- the footer ------------------------------------------------------------------------------ */

static struct file one_row(enum pq_logical logical, enum pq_repetition repetition)
{
	struct file f = begin(PQ_INT32, repetition, 1);

	f.leaf.logical = logical;
	add_page(&f, (struct page){ .n = 1 },
		 repetition ? BYTES("\2\0\0\0\2\1\5\0\0\0") : BYTES("\5\0\0\0"));
	return f;
}

static void test_footer(void **state)
{
	struct file f = one_row(PQ_NO_LOGICAL, PQ_OPTIONAL);

	(void)state;
	f.null_count = -1;
	expect(&f, "5 ");
	f = one_row(PQ_NO_LOGICAL, PQ_OPTIONAL);
	f.file_path = "";
	expect(&f, "5 ");
	f = one_row(PQ_NO_LOGICAL, PQ_OPTIONAL);
	f.file_path = "part-0.parquet";
	refuse(&f, "table.file_path", "another file");
	/* Logical types of the future are what they are stored as. */
	f = one_row((enum pq_logical)40, PQ_REQUIRED);
	expect(&f, "5 ");
	f = begin(PQ_DOUBLE, PQ_REQUIRED, 1);
	f.leaf.logical = (enum pq_logical)40;
	add_page(&f, (struct page){ .n = 1 }, BYTES("\0\0\0\0\0\0\xf8\x3f"));
	expect(&f, "1.5 ");
	f = begin(PQ_INT32, PQ_OPTIONAL, 1);
	f.leaf.logical = PQ_ALWAYS_NULL;
	add_page(&f, (struct page){ .n = 1 }, BYTES("\2\0\0\0\2\0"));
	expect(&f, "NULL ");
	f = one_row(PQ_ALWAYS_NULL, PQ_REQUIRED);
	refuse(&f, "table.column.type", "always NULL");
	f = one_row(PQ_STRING, PQ_REQUIRED);
	refuse(&f, "table.column.type", "combination");
	f = begin(PQ_BYTE_ARRAY, PQ_REQUIRED, 1);
	f.leaf.logical = PQ_GEOMETRY;
	add_page(&f, (struct page){ .n = 1 }, BYTES("\0\0\0\0"));
	refuse(&f, "table.column.type", "geometries");
	/* A group of rows without rows may be said to lie anywhere. */
	f = begin(PQ_INT32, PQ_REQUIRED, 0);
	f.data = 1 << 30;
	expect(&f, "");
	f = begin(PQ_INT32, PQ_REQUIRED, 1);
	f.data = 1 << 30;
	refuse(&f, "table.footer.range", "outside");
	f = one_row(PQ_NO_LOGICAL, PQ_REQUIRED);
	f.codec = 4;
	refuse(&f, "table.codec", "brotli");
}

/* A flat column beside a struct's field of the same name is the only one called so. */
static void test_names(void **state)
{
	struct file f = one_row(PQ_NO_LOGICAL, PQ_REQUIRED);
	struct rd_blob blob = { .ctx = &f.bytes, .read = rd_test_buf_read };
	const struct rd_table_options options = { .max_memory = (size_t)64 << 20 };
	struct rd_table *t RD_AUTO(rd_table_close) = NULL;
	struct rd_err err = { 0 };

	(void)state;
	f.inside = "c";
	end(&f);
	blob.size = f.bytes.len;
	assert_true(rd_table_open_any(&blob, &options, &t, &err));
	assert_int_equal(rd_table_schema(t)->n, 3);
	assert_true(rd_view_eq(rd_table_schema(t)->column[0].name, rd_view_str("outer")));
	assert_true(rd_view_eq(rd_table_schema(t)->column[1].name, rd_view_str("outer.c")));
	assert_true(rd_view_eq(rd_table_schema(t)->column[2].name, rd_view_str("c")));
	rd_buf_free(&f.bytes);
	/* Also no name at all is one, of a file of others. */
	f = one_row(PQ_NO_LOGICAL, PQ_REQUIRED);
	f.leaf.name = rd_view_str("");
	expect(&f, "5 ");
	/* Inside, a name may be one that no column of ours could have. */
	f = one_row(PQ_NO_LOGICAL, PQ_REQUIRED);
	f.inside = "";
	expect(&f, "5 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),      cmocka_unit_test(test_no_values),
		cmocka_unit_test(test_order),       cmocka_unit_test(test_many_pages),
		cmocka_unit_test(test_large_pages), cmocka_unit_test(test_footer),
		cmocka_unit_test(test_names),
	};
	struct rd_err err = { 0 };

	if (!rd_crypto_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
