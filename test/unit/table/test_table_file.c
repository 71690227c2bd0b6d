/* Tables written and read back: every type, NULLs, extremes, sizes; then damage of every kind. */
#include "../../memory_io.h"
#include "../../support.h"

#include <redoubt/table.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY ((size_t)256 << 20)

static struct rd_blob blob_of(struct rd_buf *file)
{
	return (struct rd_blob){ .ctx = file, .size = file->len, .read = rd_test_buf_read };
}

#define N_TYPES 11u
static const struct rd_coltype types[N_TYPES] = {
	{ .type = RD_BOOL },
	{ .type = RD_INT32 },
	{ .type = RD_INT64 },
	{ .type = RD_DECIMAL, .precision = 9, .scale = 2 },
	{ .type = RD_DECIMAL, .precision = 18, .scale = 4 },
	{ .type = RD_DECIMAL, .precision = 38, .scale = 10 },
	{ .type = RD_DOUBLE },
	{ .type = RD_DATE },
	{ .type = RD_TIMESTAMP },
	{ .type = RD_TEXT },
	{ .type = RD_TEXT },
};

/* How the values of a table are drawn: the same seed and row give the same value. */
struct plan {
	uint64_t seed;
	uint32_t n_distinct; /* 0: all differ */
	uint32_t null_every; /* 0: no NULLs */
	uint32_t text_len;   /* of the last column */
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 31) * 0x7fb5d329728ea185u;
	x = (x ^ x >> 27) * 0x81dadef4bc2dd44du;
	return x ^ x >> 33;
}

static bool is_null(const struct plan *p, uint32_t column, uint64_t row)
{
	return p->null_every && mix(p->seed + column * 77 + row * 1000003) % p->null_every == 0;
}

static rd_int128 limit_of(uint8_t precision)
{
	rd_int128 v = 1;

	while (precision--)
		v *= 10;
	return v;
}

/* Into `space`, RD_BATCH_ROWS slots of 16 bytes; long texts into `bytes`. */
static void draw(const struct plan *p, uint32_t column, uint64_t row, void *slot, char *bytes)
{
	struct rd_coltype t = types[column % N_TYPES];
	uint64_t pick = p->n_distinct ? row % p->n_distinct : row;
	uint64_t r = mix(p->seed * 31 + column * 7 + pick);
	int32_t i32 = pick == 1 ? INT32_MIN : pick == 2 ? INT32_MAX : (int32_t)r;
	int64_t i64 = pick == 1 ? INT64_MIN : pick == 2 ? INT64_MAX : (int64_t)r;
	double d = pick == 1 ? (double)NAN : pick == 2 ? -INFINITY : (double)(int32_t)r / 3;
	rd_int128 dec = ((rd_int128)(int64_t)r * ((rd_int128)1 << 60) + (rd_int128)(r >> 5)) %
			limit_of(t.precision);
	int len;

	switch (t.type) {
	case RD_BOOL:
		*(uint8_t *)slot = r & 1;
		break;
	case RD_INT32:
	case RD_DATE:
		memcpy(slot, &i32, 4);
		break;
	case RD_DECIMAL:
		dec = pick == 1   ? limit_of(t.precision) - 1
		      : pick == 2 ? 1 - limit_of(t.precision)
				  : dec;
		if (t.precision > 18) {
			memcpy(slot, &dec, 16);
		} else {
			i64 = (int64_t)dec;
			memcpy(slot, &i64, 8);
		}
		break;
	case RD_DOUBLE:
		memcpy(slot, &d, 8);
		break;
	case RD_TEXT:
		len = snprintf(bytes, 40, "%s%llx", r % 3 ? "" : "gr\xc3\xbc\xc3\x9f",
			       (unsigned long long)r);
		if (column % N_TYPES == N_TYPES - 1 && p->text_len) {
			memset(bytes + len, 'x', p->text_len);
			len += (int)(p->text_len);
		}
		if (pick == 3)
			len = 0;
		*(struct rd_text *)slot = rd_text_of(rd_view_of(bytes, (size_t)len));
		break;
	default:
		memcpy(slot, &i64, 8);
	}
}

static void make_schema(uint32_t n, bool nullable, struct rd_column *column, char (*name)[16],
			struct rd_schema *schema)
{
	for (uint32_t i = 0; i < n; i++) {
		snprintf(name[i], sizeof(name[i]), "c%u", i);
		column[i] = (struct rd_column){ .name = rd_view_str(name[i]),
						.type = types[i % N_TYPES] };
		column[i].type.nullable = nullable;
	}
	*schema = (struct rd_schema){ .n = n, .column = column };
}

static void add_rows(struct rd_writer *w, const struct plan *p, uint32_t n_cols, uint64_t first,
		     uint32_t n)
{
	struct rd_vec *vec = calloc(n_cols, sizeof(*vec));
	uint8_t *space = calloc((size_t)n_cols * n, 16);
	uint64_t *valid = calloc(n_cols, (n + 63) / 64 * 8);
	size_t text = 64 + p->text_len;
	char *bytes = calloc((size_t)n_cols * n, text);
	struct rd_batch batch = { .n = n, .n_sel = n, .n_cols = n_cols, .col = vec };
	struct rd_err err = { 0 };

	for (uint32_t c = 0; c < n_cols; c++) {
		uint8_t width = rd_coltype_width(types[c % N_TYPES]);
		uint64_t *v = valid + (size_t)c * ((n + 63) / 64);

		vec[c] = (struct rd_vec){ .type = types[c % N_TYPES],
					  .repr = RD_FLAT,
					  .width = width,
					  .data = space + (size_t)c * n * 16,
					  .valid = v };
		for (uint32_t i = 0; i < n; i++) {
			if (is_null(p, c, first + i))
				continue;
			v[i / 64] |= (uint64_t)1 << i % 64;
			draw(p, c, first + i, space + (size_t)c * n * 16 + (size_t)i * width,
			     bytes + ((size_t)c * n + i) * text);
		}
	}
	if (!rd_writer_add(w, &batch, &err))
		fail_msg("%s", err.text);
	free(vec);
	free(space);
	free(valid);
	free(bytes);
}

static void write_file(const struct plan *p, uint32_t n_cols, uint64_t rows,
		       const struct rd_writer_options *options, struct rd_buf *file)
{
	struct rd_column *column = calloc(n_cols, sizeof(*column));
	char(*name)[16] = calloc(n_cols, sizeof(*name));
	struct rd_sink sink = { .ctx = file, .write = rd_test_buf_write };
	struct rd_writer *w = NULL;
	struct rd_schema schema;
	struct rd_err err = { 0 };

	make_schema(n_cols, p->null_every != 0, column, name, &schema);
	rd_buf_init(file, (size_t)1 << 31);
	if (!rd_writer_new(&schema, options, &sink, &w, &err))
		fail_msg("%s", err.text);
	for (uint64_t at = 0; at < rows; at += 1000)
		add_rows(w, p, n_cols, at, rows - at < 1000 ? (uint32_t)(rows - at) : 1000);
	if (!rd_writer_finish(w, &err))
		fail_msg("%s", err.text);
	rd_writer_free(&w);
	free(column);
	free(name);
}

static void check_value(const struct plan *p, uint32_t c, uint64_t row, const struct rd_vec *v,
			uint32_t i)
{
	static char bytes[8192];
	union {
		uint8_t b[16];
		rd_int128 align;
	} slot = { .align = 0 };
	struct rd_vec one = { .type = types[c % N_TYPES],
			      .repr = RD_FLAT,
			      .width = rd_coltype_width(types[c % N_TYPES]),
			      .data = slot.b };
	struct rd_value want, got = rd_vec_value(v, i);

	assert_int_equal(rd_vec_is_null(v, i), is_null(p, c, row));
	if (got.is_null)
		return;
	draw(p, c, row, slot.b, bytes);
	want = rd_vec_value(&one, 0);
	if (want.type.type == RD_TEXT)
		assert_true(rd_view_eq(want.text, got.text));
	else if (want.type.type == RD_DECIMAL)
		assert_true(want.d == got.d);
	else
		assert_memory_equal(&want.i, &got.i, 8);
}

/* Reads every column in uneven steps, with skips, flat and as codes. */
static void check_column(const struct plan *p, const struct rd_table *t, uint32_t c, uint32_t step,
			 bool codes)
{
	struct rd_cursor *cursor = NULL;
	struct rd_err err = { 0 };
	uint64_t row = 0;

	assert_true(rd_cursor_new(t, c, &cursor, &err));
	for (uint32_t g = 0; g < rd_table_groups(t); g++) {
		uint64_t end = row + rd_table_group_rows(t, g);

		if (!rd_cursor_open(cursor, g, &err))
			fail_msg("%s", err.text);
		while (row < end) {
			uint32_t n = end - row < step ? (uint32_t)(end - row) : step;
			struct rd_vec v;

			if (!rd_cursor_read(cursor, n, codes, &v, &err))
				fail_msg("column %u row %llu: %s", c, (unsigned long long)row,
					 err.text);
			for (uint32_t i = 0; i < n; i += 1 + i % 3)
				check_value(p, c, row + i, &v, i);
			row += n;
			n = (uint32_t)(row % 7 == 0 && end - row > 40000 ? 40000 : 0);
			if (!rd_cursor_skip(cursor, n, &err))
				fail_msg("%s", err.text);
			row += n;
		}
	}
	assert_int_equal(row, rd_table_rows(t));
	rd_cursor_free(&cursor);
}

static const struct rd_table_id some_id = { .dataset = "visits",
					    .owner_key_hash = { 1, 2 },
					    .version = 7 };

static void check_file(const struct plan *p, struct rd_buf *file, const struct rd_writer_options *o,
		       uint32_t n_cols, uint64_t rows)
{
	const struct rd_table_key *key = o->key;
	struct rd_blob blob = blob_of(file);
	struct rd_arena *arena = NULL;
	struct rd_table_keys keys;
	struct rd_table *t = NULL;
	struct rd_err err = { 0 };

	assert_true(rd_arena_new(1 << 24, &arena, &err));
	if (key)
		assert_true(rd_table_keys_all(key, n_cols, arena, &keys, &err));
	if (!rd_table_open(&blob, key ? &keys : NULL,
			   key && !o->uniform ? RD_TABLE_ROOM : RD_TABLE_OWN, MEMORY, &t, &err))
		fail_msg("%s", err.text);
	assert_int_equal(rd_table_rows(t), rows);
	assert_int_equal(rd_table_schema(t)->n, n_cols);
	for (uint32_t c = 0; c < n_cols; c++) {
		const struct rd_column *column = &rd_table_schema(t)->column[c];

		assert_int_equal(column->type.type, types[c % N_TYPES].type);
		assert_int_equal(column->type.precision, types[c % N_TYPES].precision);
		assert_int_equal(column->type.scale, types[c % N_TYPES].scale);
		check_column(p, t, c, RD_BATCH_ROWS, true);
		if (n_cols <= N_TYPES) {
			check_column(p, t, c, 777, false);
			check_column(p, t, c, 1999, true);
		}
	}
	rd_table_close(&t);
	rd_arena_free(&arena);
}

static void round_trip(const struct plan *p, uint32_t n_cols, uint64_t rows, enum rd_codec codec)
{
	struct rd_table_key key = { .key.len = 0 };
	struct rd_err err = { 0 };
	struct rd_buf file;

	assert_true(rd_table_key_generate(&some_id, &key, &err));
	for (int kind = 0; kind < 3; kind++) {
		struct rd_writer_options o = { .key = kind ? &key : NULL,
					       .uniform = kind == 2,
					       .codec = codec };

		write_file(p, n_cols, rows, &o, &file);
		check_file(p, &file, &o, n_cols, rows);
		rd_buf_free(&file);
	}
}

static void test_types(void **state)
{
	(void)state;
	round_trip(&(struct plan){ .seed = 1 }, N_TYPES, 5000, RD_CODEC_NONE);
	round_trip(&(struct plan){ .seed = 2, .null_every = 3 }, N_TYPES, 5000, RD_CODEC_ZSTD);
	round_trip(&(struct plan){ .seed = 3, .n_distinct = 5 }, N_TYPES, 5000, RD_CODEC_NONE);
	round_trip(&(struct plan){ .seed = 4, .n_distinct = 300, .null_every = 2 }, N_TYPES, 5000,
		   RD_CODEC_NONE);
	round_trip(&(struct plan){ .seed = 5, .null_every = 1 }, N_TYPES, 3000, RD_CODEC_NONE);
}

static void test_sizes(void **state)
{
	(void)state;
	round_trip(&(struct plan){ .seed = 6 }, N_TYPES, 0, RD_CODEC_NONE);
	round_trip(&(struct plan){ .seed = 7 }, N_TYPES, 1, RD_CODEC_NONE);
	round_trip(&(struct plan){ .seed = 8, .null_every = 9, .n_distinct = 70000 }, 3, 300000,
		   RD_CODEC_NONE);
	round_trip(&(struct plan){ .seed = 9 }, 1000, 20, RD_CODEC_NONE);
	round_trip(&(struct plan){ .seed = 10, .text_len = 3000, .null_every = 5 }, N_TYPES, 2000,
		   RD_CODEC_NONE);
}

/* ---- damage
 * ---------------------------------------------------------------------------------------- */

/* Opens and reads everything; true if all of it came through. */
static bool read_all(struct rd_buf *file, const struct rd_table_keys *keys, struct rd_err *err)
{
	struct rd_blob blob = blob_of(file);
	struct rd_table *t = NULL;
	struct rd_vec v;
	bool ok = rd_table_open(&blob, keys, RD_TABLE_ROOM, MEMORY, &t, err);

	for (uint32_t c = 0; ok && c < rd_table_schema(t)->n; c++) {
		struct rd_cursor *cursor = NULL;

		ok = rd_cursor_new(t, c, &cursor, err);
		for (uint32_t g = 0; ok && g < rd_table_groups(t); g++) {
			uint64_t left = rd_table_group_rows(t, g);

			ok = rd_cursor_open(cursor, g, err);
			while (ok && left) {
				uint32_t n = left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS;

				ok = rd_cursor_read(cursor, n, true, &v, err);
				left -= n;
			}
		}
		rd_cursor_free(&cursor);
	}
	rd_table_close(&t);
	return ok;
}

struct sealed {
	struct rd_table_key key;
	struct rd_arena *arena;
	struct rd_table_keys keys;
	struct rd_buf file;
};

static void make_sealed(struct sealed *s, const struct plan *p, uint32_t n_cols, uint64_t rows)
{
	struct rd_err err = { 0 };
	struct rd_writer_options o = { .key = &s->key };

	memset(s, 0, sizeof(*s));
	assert_true(rd_table_key_generate(&some_id, &s->key, &err));
	assert_true(rd_arena_new(1 << 24, &s->arena, &err));
	assert_true(rd_table_keys_all(&s->key, n_cols, s->arena, &s->keys, &err));
	write_file(p, n_cols, rows, &o, &s->file);
	if (!read_all(&s->file, &s->keys, &err))
		fail_msg("%s", err.text);
}

static void free_sealed(struct sealed *s)
{
	rd_buf_free(&s->file);
	rd_arena_free(&s->arena);
	rd_secret_wipe(&s->key.key);
}

/* Every bit of a sealed table is authenticated, or pinned by the digest that a room names (the key
 * id in front of the footer is that only), and every cut is refused. */
static void test_every_bit(void **state)
{
	uint8_t pinned[RD_SHA256_LEN], seen[RD_SHA256_LEN];
	struct rd_err no_err = { 0 };
	struct rd_blob blob;
	struct sealed s;

	(void)state;
	make_sealed(&s, &(struct plan){ .seed = 20, .null_every = 4 }, N_TYPES, 40);
	blob = blob_of(&s.file);
	assert_true(rd_table_tail_digest(&blob, pinned, &no_err));
	for (size_t i = 0; i < s.file.len; i++) {
		struct rd_err err = { 0 };

		s.file.data[i] ^= (uint8_t)(1u << i % 8);
		if (!read_all(&s.file, &s.keys, &err))
			assert_non_null(err.code);
		else if (!rd_table_tail_digest(&blob, seen, &err) ||
			 memcmp(seen, pinned, sizeof(seen)) == 0)
			fail_msg("byte %zu of %zu can be changed unseen", i, s.file.len);
		s.file.data[i] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t len = s.file.len; len-- > 0; len -= len > 50 ? 37 : 0) {
		struct rd_buf cut = { .data = s.file.data, .len = len };
		struct rd_err err = { 0 };

		assert_false(read_all(&cut, &s.keys, &err));
	}
	free_sealed(&s);
}

/* Where the first page body of a column begins: found by trying every module of that length. */
static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

/* The modules of the file, walked from offset 4: [offset, length]. */
static uint32_t walk(const struct rd_buf *file, size_t (*module)[2], uint32_t max)
{
	size_t tail = rd_load_le32(file->data + file->len - 8), at = 4;
	uint32_t n = 0;

	while (at < file->len - 8 - tail && n < max) {
		module[n][0] = at;
		module[n][1] = rd_load_le32(file->data + at) + 4u;
		at += module[n++][1];
	}
	return n;
}

/* Two int64 columns of two pages: equal lengths everywhere, so that only the AAD can tell. */
static void test_swaps(void **state)
{
	size_t m[64][2];
	struct sealed s, other;
	struct rd_err err = { 0 };
	uint32_t n;

	(void)state;
	make_sealed(&s, &(struct plan){ .seed = 30 }, 3, 40000);
	make_sealed(&other, &(struct plan){ .seed = 30 }, 3, 40000);
	n = walk(&s.file, m, 64);
	assert_true(n >= 12);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = i + 1; k < n; k++) {
			if (m[i][1] != m[k][1])
				continue;
			swap(s.file.data + m[i][0], s.file.data + m[k][0], m[i][1]);
			assert_false(read_all(&s.file, &s.keys, &err));
			assert_string_equal(err.code, "table.module.tag");
			swap(s.file.data + m[i][0], s.file.data + m[k][0], m[i][1]);
		}
	/* A page of another file, sealed by the same owner with another key or file_unique. */
	memcpy(s.file.data + m[1][0], other.file.data + m[1][0], m[1][1]);
	assert_false(read_all(&s.file, &s.keys, &err));
	assert_string_equal(err.code, "table.module.tag");
	free_sealed(&s);
	free_sealed(&other);
}

static void test_keys(void **state)
{
	struct sealed s, other;
	struct rd_err err = { 0 };
	struct rd_table_keys keys;
	struct rd_table_id id = some_id;

	(void)state;
	make_sealed(&s, &(struct plan){ .seed = 40 }, 3, 100);
	make_sealed(&other, &(struct plan){ .seed = 40 }, 3, 100);
	assert_false(read_all(&s.file, &other.keys, &err));
	assert_string_equal(err.code, "table.module.tag");
	assert_false(read_all(&s.file, NULL, &err));
	assert_string_equal(err.code, "table.key.none");
	/* The same key under another version: the prefix is another. */
	keys = s.keys;
	id.version = 8;
	assert_true(rd_table_aad_prefix(&id, s.arena, &keys.aad_prefix, &err));
	assert_false(read_all(&s.file, &keys, &err));
	assert_string_equal(err.code, "table.module.tag");
	keys.aad_prefix = (struct rd_view){ 0 };
	assert_false(read_all(&s.file, &keys, &err));
	assert_string_equal(err.code, "table.crypto.prefix");
	/* Without the key of column 1 the others are read, it is not. */
	struct rd_column_key some[] = { s.keys.key[0], s.keys.key[2], s.keys.key[3] };

	keys = s.keys;
	keys.key = some;
	keys.n = 3;
	assert_false(read_all(&s.file, &keys, &err));
	assert_string_equal(err.code, "table.key.column");
	free_sealed(&s);
	free_sealed(&other);
}

static void room_refuses(const struct rd_writer_options *o, const struct rd_table_keys *keys,
			 const char *code)
{
	struct rd_err err = { 0 };
	struct rd_buf file;

	write_file(&(struct plan){ .seed = 50 }, 3, 100, o, &file);
	assert_false(read_all(&file, keys, &err));
	assert_string_equal(err.code, code);
	rd_buf_free(&file);
}

static void test_room_refuses(void **state)
{
	struct sealed s;

	(void)state;
	make_sealed(&s, &(struct plan){ .seed = 50 }, 3, 100);
	room_refuses(&(struct rd_writer_options){ .key = NULL }, &s.keys, "table.room.plain");
	room_refuses(&(struct rd_writer_options){ .key = &s.key, .uniform = true }, &s.keys,
		     "table.crypto.prefix");
	free_sealed(&s);
}

/* Another writer's file, sealed with AES_GCM_CTR_V1: refused before a key is looked at twice. */
static void test_ctr(void **state)
{
	struct rd_view bytes = rd_test_read_file(rd_test_shared_path(
		"vectors/parquet/encrypted/encrypt_columns_and_footer_ctr.parquet.encrypted"));
	struct rd_column_key key = { .column = RD_FOOTER_KEY };
	struct rd_table_keys keys = { .n = 1, .key = &key };
	struct rd_buf file = { .data = (uint8_t *)(uintptr_t)bytes.data, .len = bytes.len };
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_secret_set(&key.key, rd_view_str("0123456789012345"), &err));
	assert_false(read_all(&file, &keys, &err));
	assert_string_equal(err.code, "table.crypto.ctr");
	rd_test_free(bytes);
}

static void test_tail_digest(void **state)
{
	uint8_t a[RD_SHA256_LEN], b[RD_SHA256_LEN];
	struct rd_table *t = NULL;
	struct rd_err err = { 0 };
	struct sealed s;

	(void)state;
	make_sealed(&s, &(struct plan){ .seed = 60 }, 3, 100);
	struct rd_blob blob = blob_of(&s.file);
	size_t tail = rd_load_le32(s.file.data + s.file.len - 8) + 8;

	assert_true(rd_table_open(&blob, &s.keys, RD_TABLE_ROOM, MEMORY, &t, &err));
	rd_table_digest(t, a);
	rd_table_close(&t);
	assert_true(rd_table_tail_digest(&blob, b, &err));
	assert_memory_equal(a, b, sizeof(a));
	assert_true(rd_sha256(rd_view_of(s.file.data + s.file.len - tail, tail), b, &err));
	assert_memory_equal(a, b, sizeof(a));
	free_sealed(&s);
}

static void test_unique(void **state)
{
	struct rd_column column = { .name = rd_view_str("id"), .type = types[2], .unique = true };
	struct rd_schema schema = { .n = 1, .column = &column };
	int64_t id[4] = { 5, 6, 7, 6 };
	struct rd_vec vec = { .type = types[2], .repr = RD_FLAT, .width = 8, .data = id };
	struct rd_batch batch = { .n = 3, .n_sel = 3, .n_cols = 1, .col = &vec };
	struct rd_writer_options o = { .codec = RD_CODEC_NONE };
	struct rd_err err = { 0 };
	struct rd_buf file;
	struct rd_sink sink = { .ctx = &file, .write = rd_test_buf_write };

	(void)state;
	for (uint32_t n = 3; n <= 4; n++) {
		struct rd_writer *w = NULL;

		rd_buf_init(&file, 1 << 20);
		batch.n = batch.n_sel = n;
		assert_true(rd_writer_new(&schema, &o, &sink, &w, &err));
		assert_true(rd_writer_add(w, &batch, &err));
		assert_int_equal(rd_writer_finish(w, &err), n == 3);
		rd_writer_free(&w);
		rd_buf_free(&file);
	}
	assert_string_equal(err.code, "table.unique");
	assert_non_null(strstr(err.text, "rows 2 and 4"));
}

static void test_key_file(void **state)
{
	struct rd_table_key key = { .key.len = 0 }, back = { .key.len = 0 };
	struct rd_err err = { 0 };
	struct rd_buf pem;

	(void)state;
	rd_buf_init(&pem, 1 << 16);
	assert_true(rd_table_key_generate(&some_id, &key, &err));
	assert_true(rd_table_key_to_pem(&key, &pem, &err));
	assert_true(rd_table_key_from_pem(rd_buf_view(&pem), &back, &err));
	assert_memory_equal(&key.id, &back.id, sizeof(key.id));
	assert_true(rd_equal_secret(rd_secret_view(&key.key), rd_secret_view(&back.key)));
	assert_false(rd_table_key_from_pem(rd_view_of(pem.data, pem.len - 30), &back, &err));
	rd_buf_free(&pem);
}

static int setup(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	return rd_crypto_init(&err) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),       cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_every_bit),   cmocka_unit_test(test_swaps),
		cmocka_unit_test(test_keys),        cmocka_unit_test(test_room_refuses),
		cmocka_unit_test(test_tail_digest), cmocka_unit_test(test_ctr),
		cmocka_unit_test(test_unique),      cmocka_unit_test(test_key_file),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
