/*
 * What a room demands of a table (PROTOCOL.md 4), each demand by a file that fails this one alone:
 * forged with the right keys, as an owner could who has another writer, or means harm.
 */
#include "../../memory_io.h"
#include "../../support.h"
#include "table/parquet_int.h"

#include <redoubt/table.h>

#include <stdlib.h>
#include <string.h>

#define MEMORY ((size_t)64 << 20)
#define N_COLUMNS 2u
#define N_GROUPS 2u
#define PAGE_VALUES 3u

/* How a file differs from a good one: two groups of two columns of two pages of three numbers. */
struct forge {
	uint32_t algorithm;  /* 0: AES_GCM_V1 */
	bool stored, absent; /* the prefix */
	bool no_unique, plain_footer, algorithm_inside;
	bool of_footer, open; /* the second column's key */
	bool file_path, bloom, snappy, repeated;
	uint32_t before, between, behind, after, footer_rest; /* bytes that belong to nothing */
	uint64_t rows, group_rows, values;                    /* more than there are */
	int64_t ordinal; /* what the second group states, + this */
	uint32_t pages;  /* 0: two */
};

struct forging {
	struct forge f;
	struct rd_table_keys keys;
	struct rd_aead *footer, *column[N_COLUMNS];
	struct rd_view base;
	struct rd_buf file, groups;
};

static const uint8_t unique[FILE_UNIQUE_LEN] = "a file!";

static void seal(struct forging *g, const struct rd_aead *aead, struct module m,
		 struct rd_view plain, struct rd_buf *out)
{
	struct rd_err err = { 0 };

	m.aad_base = g->base;
	if (!aead)
		rd_buf_add(out, plain);
	else if (!module_seal(aead, &m, plain, out, &err))
		fail_msg("%s", err.text);
}

static void put_zeros(struct forging *g, uint32_t n)
{
	while (n--)
		rd_buf_add_byte(&g->file, 0);
}

static void put_page(struct forging *g, const struct rd_aead *aead, struct module m)
{
	const int64_t body[PAGE_VALUES] = { 5, 6, 7 };
	struct pq_page_header header = { .kind = PQ_DATA_PAGE,
					 .plain_size = sizeof(body),
					 .stored_size = sizeof(body) + (aead ? MODULE_OVERHEAD : 0),
					 .n_values = PAGE_VALUES,
					 .encoding = PQ_PLAIN };
	struct rd_buf head RD_AUTO(rd_buf_free) = { .max = 4096 };

	pq_page_header_write(&header, &head);
	m.kind = MODULE_DATA_HEADER;
	seal(g, aead, m, rd_buf_view(&head), &g->file);
	m.kind = MODULE_DATA_PAGE;
	seal(g, aead, m, rd_view_of((const uint8_t *)body, sizeof(body)), &g->file);
}

/* The ColumnChunk of `meta`, whose last byte is the end of its struct. */
static void put_chunk(struct forging *g, const struct rd_aead *aead, struct module m,
		      struct rd_buf *meta)
{
	struct rd_buf sealed RD_AUTO(rd_buf_free) = { .max = 4096 };
	bool own = aead && aead != g->footer;
	int16_t last = 0, inner = 0, key = 0;

	if (g->f.file_path && m.column == 1)
		thrift_put_binary(&g->groups, &last, 1, rd_view_str("elsewhere.parquet"));
	thrift_put_i64(&g->groups, &last, 2, 0);
	if (!own) {
		thrift_put_field(&g->groups, &last, 3, THRIFT_STRUCT);
		rd_buf_add(&g->groups, rd_buf_view(meta));
	}
	if (aead) {
		thrift_put_field(&g->groups, &last, 8, THRIFT_STRUCT);
		thrift_put_field(&g->groups, &inner, own ? 2 : 1, THRIFT_STRUCT);
		if (own) {
			thrift_put_list(&g->groups, &key, 1, THRIFT_BINARY, 0);
			m.kind = MODULE_COLUMN_META;
			seal(g, aead, m, rd_buf_view(meta), &sealed);
		}
		thrift_put_stop(&g->groups);
		thrift_put_stop(&g->groups);
	}
	if (own)
		thrift_put_binary(&g->groups, &last, 9, rd_buf_view(&sealed));
	thrift_put_stop(&g->groups);
}

static void put_column(struct forging *g, uint32_t group, uint32_t column)
{
	static const enum pq_encoding encoding = PQ_PLAIN;
	const struct rd_aead *aead = column == 0 || !(g->f.of_footer || g->f.open)
					     ? g->column[column]
				     : g->f.open ? NULL
						 : g->footer;
	struct module m = { .group = (uint16_t)(group ? group + g->f.ordinal : 0),
			    .column = (uint16_t)column };
	struct pq_meta meta = { .type = PQ_INT64,
				.codec = g->f.snappy && column ? RD_CODEC_SNAPPY : RD_CODEC_NONE,
				.path = rd_view_str(column ? "b" : "a"),
				.data_offset = g->file.len };
	struct rd_buf bytes RD_AUTO(rd_buf_free) = { .max = 4096 };

	for (uint32_t p = 0; p < (g->f.pages ? g->f.pages : 2); p++) {
		m.page = (uint16_t)p;
		put_page(g, aead, m);
		meta.n_values += PAGE_VALUES;
	}
	put_zeros(g, column ? g->f.behind : 0);
	meta.n_values += g->f.values;
	meta.stored_size = meta.plain_size = g->file.len - meta.data_offset;
	pq_meta_write(&meta, &encoding, 1, &bytes);
	if (g->f.bloom && column) {
		int16_t last = 12;

		bytes.len--;
		thrift_put_i64(&bytes, &last, 14, 4);
		thrift_put_stop(&bytes);
	}
	m.page = 0;
	put_chunk(g, aead, m, &bytes);
	put_zeros(g, column ? 0 : g->f.between);
}

static void put_group(struct forging *g, uint32_t group)
{
	int16_t last = 0;

	thrift_put_list(&g->groups, &last, 1, THRIFT_STRUCT, N_COLUMNS);
	for (uint32_t c = 0; c < N_COLUMNS; c++)
		put_column(g, group, c);
	thrift_put_i64(&g->groups, &last, 2, 1);
	thrift_put_i64(&g->groups, &last, 3,
		       (int64_t)((g->f.pages ? g->f.pages : 2) * PAGE_VALUES + g->f.group_rows));
	thrift_put_field(&g->groups, &last, 7, THRIFT_I16);
	thrift_put_varint(&g->groups, (uint64_t)(group ? group + g->f.ordinal : 0) << 1);
	thrift_put_stop(&g->groups);
}

static void put_algorithm(const struct forging *g, struct rd_buf *out, int16_t *last, int16_t id)
{
	int16_t inner = 0, gcm = 0;

	thrift_put_field(out, last, id, THRIFT_STRUCT);
	thrift_put_field(out, &inner, g->f.algorithm ? (int16_t)g->f.algorithm : 1, THRIFT_STRUCT);
	if (g->f.stored)
		thrift_put_binary(out, &gcm, 1, g->keys.aad_prefix);
	if (!g->f.no_unique)
		thrift_put_binary(out, &gcm, 2, rd_view_of(unique, FILE_UNIQUE_LEN));
	thrift_put_bool(out, &gcm, 3, !g->f.stored && !g->f.absent);
	thrift_put_stop(out);
	thrift_put_stop(out);
}

static void put_footer(const struct forging *g, struct rd_buf *out)
{
	uint64_t rows = (uint64_t)N_GROUPS *
			((g->f.pages ? g->f.pages : 2) * PAGE_VALUES + g->f.group_rows);
	int16_t last = 0, root = 0;

	thrift_put_i32(out, &last, 1, 2);
	thrift_put_list(out, &last, 2, THRIFT_STRUCT, N_COLUMNS + 1);
	thrift_put_binary(out, &root, 4, rd_view_str("schema"));
	thrift_put_i32(out, &root, 5, N_COLUMNS);
	thrift_put_stop(out);
	for (uint32_t c = 0; c < N_COLUMNS; c++) {
		const struct pq_leaf leaf = { .name = rd_view_str(c ? "b" : "a"),
					      .type = PQ_INT64,
					      .repetition = g->f.repeated && c ? PQ_REPEATED
									       : PQ_REQUIRED };

		pq_leaf_write(&leaf, out);
	}
	thrift_put_i64(out, &last, 3, (int64_t)(rows + g->f.rows));
	thrift_put_list(out, &last, 4, THRIFT_STRUCT, N_GROUPS);
	rd_buf_add(out, rd_buf_view(&g->groups));
	if (g->f.algorithm_inside || g->f.plain_footer)
		put_algorithm(g, out, &last, 8);
	thrift_put_stop(out);
	for (uint32_t i = 0; i < g->f.footer_rest; i++)
		rd_buf_add_byte(out, 0);
}

static void put_tail(struct forging *g)
{
	struct rd_buf footer RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf sealed RD_AUTO(rd_buf_free) = { .max = MEMORY };
	const struct module module = { .kind = MODULE_FOOTER };
	size_t start = g->file.len;
	uint8_t len[4];
	int16_t last = 0;

	put_footer(g, &footer);
	seal(g, g->footer, module, rd_buf_view(&footer), &sealed);
	if (g->f.plain_footer) {
		rd_buf_add(&g->file, rd_buf_view(&footer));
		rd_buf_add(&g->file, rd_view_of(sealed.data + 4, RD_AEAD_NONCE_LEN));
		rd_buf_add(&g->file,
			   rd_view_of(sealed.data + sealed.len - RD_AEAD_TAG_LEN, RD_AEAD_TAG_LEN));
	} else {
		put_algorithm(g, &g->file, &last, 1);
		thrift_put_stop(&g->file);
		rd_buf_add(&g->file, rd_buf_view(&sealed));
	}
	rd_store_le32(len, (uint32_t)(g->file.len - start));
	rd_buf_add(&g->file, rd_view_of(len, 4));
	rd_buf_add(&g->file, rd_view_str(g->f.plain_footer ? "PAR1" : "PARE"));
}

/* Opens and reads everything as a room does. */
static bool room_reads(const struct forging *g, struct rd_err *err)
{
	const struct rd_blob blob = { .ctx = (void *)(uintptr_t)&g->file,
				      .size = g->file.len,
				      .read = rd_test_buf_read };
	struct rd_table *t RD_AUTO(rd_table_close) = NULL;

	if (!rd_table_open(&blob, &g->keys, RD_TABLE_ROOM, MEMORY, &t, err))
		return false;
	for (uint32_t c = 0; c < N_COLUMNS; c++) {
		struct rd_cursor *cursor RD_AUTO(rd_cursor_free) = NULL;

		if (!rd_cursor_new(t, c, &cursor, err))
			return false;
		for (uint32_t group = 0; group < rd_table_groups(t); group++) {
			uint64_t rows = rd_table_group_rows(t, group), left = rows;
			struct rd_vec v;

			if (!rd_cursor_open(cursor, group, err))
				return false;
			for (uint32_t n; left; left -= n) {
				n = left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS;
				if (!rd_cursor_read(cursor, n, false, &v, err))
					return false;
				assert_int_equal(rd_vec_value(&v, 1).i, 5 + (rows - left + 1) % 3);
			}
		}
	}
	return true;
}

/* NULL: the room takes the file; else the code of its refusal. */
static void expect(struct forge f, const char *code)
{
	const struct rd_table_id id = { .dataset = "visits", .version = 3 };
	struct rd_table_key key = { .key.len = 0 };
	struct rd_arena *arena RD_AUTO(rd_arena_free_wiped) = NULL;
	struct forging g = { .f = f, .file.max = MEMORY, .groups.max = MEMORY };
	struct rd_err err = { 0 };
	uint8_t base[RD_AAD_MAX];
	bool ok;

	assert_true(rd_table_key_generate(&id, &key, &err) && rd_arena_new(1 << 20, &arena, &err));
	assert_true(rd_table_keys_all(&key, N_COLUMNS, arena, &g.keys, &err));
	for (uint32_t i = 0; i <= N_COLUMNS; i++)
		assert_true(rd_aead_new(rd_secret_view(&g.keys.key[i].key), NULL,
					i == N_COLUMNS ? &g.footer : &g.column[i], &err));
	size_t n = f.absent ? 0 : g.keys.aad_prefix.len;

	memcpy(base, g.keys.aad_prefix.data, n);
	memcpy(base + n, unique, FILE_UNIQUE_LEN);
	g.base = rd_view_of(base, n + FILE_UNIQUE_LEN);
	rd_buf_add(&g.file, rd_view_str(f.plain_footer ? "PAR1" : "PARE"));
	put_zeros(&g, f.before);
	for (uint32_t group = 0; group < N_GROUPS; group++)
		put_group(&g, group);
	put_zeros(&g, f.after);
	put_tail(&g);
	ok = room_reads(&g, &err);
	if (ok != !code || (code && strcmp(err.code, code) != 0))
		fail_msg("%s expected: %s %s", code ? code : "success", err.code ? err.code : "-",
			 err.text);
	for (uint32_t i = 0; i < N_COLUMNS; i++)
		rd_aead_free(&g.column[i]);
	rd_aead_free(&g.footer);
	rd_buf_free(&g.file);
	rd_buf_free(&g.groups);
	rd_secret_wipe(&key.key);
}

static void test_encryption(void **state)
{
	(void)state;
	expect((struct forge){ .rows = 0 }, NULL);
	expect((struct forge){ .plain_footer = true }, "table.room.plain");
	expect((struct forge){ .algorithm = 2 }, "table.crypto.ctr");
	expect((struct forge){ .algorithm = 3 }, "table.footer.form");
	expect((struct forge){ .stored = true }, "table.crypto.prefix");
	expect((struct forge){ .absent = true }, "table.crypto.prefix");
	expect((struct forge){ .no_unique = true }, "table.crypto.unique");
	expect((struct forge){ .of_footer = true }, "table.room.column");
	expect((struct forge){ .open = true }, "table.room.column");
	expect((struct forge){ .algorithm_inside = true, .footer_rest = PQ_SIGNATURE_LEN },
	       "table.crypto.footer");
	expect((struct forge){ .footer_rest = 1 }, "table.footer.form");
}

static void test_content(void **state)
{
	(void)state;
	expect((struct forge){ .file_path = true }, "table.file_path");
	expect((struct forge){ .bloom = true }, "table.room.bloom");
	expect((struct forge){ .snappy = true }, "table.codec");
	expect((struct forge){ .repeated = true }, "table.column.type");
	expect((struct forge){ .before = 1 }, "table.room.gap");
	expect((struct forge){ .between = 1 }, "table.room.gap");
	expect((struct forge){ .after = 1 }, "table.room.gap");
	expect((struct forge){ .behind = 1 }, "table.page.form");
}

static void test_totals(void **state)
{
	(void)state;
	expect((struct forge){ .rows = 1 }, "table.footer.rows");
	expect((struct forge){ .group_rows = 1 }, "table.footer.rows");
	expect((struct forge){ .values = 1 }, "table.footer.rows");
	/* The metadata agree with one another, not with the pages. */
	expect((struct forge){ .group_rows = 1, .values = 1 }, "table.page.form");
	expect((struct forge){ .group_rows = (uint64_t)-1, .values = (uint64_t)-1 },
	       "table.page.form");
}

/* AADs have 16 bits, of which a sign is one: no ordinal may come twice. */
static void test_ordinals(void **state)
{
	(void)state;
	expect((struct forge){ .ordinal = 1 }, "table.room.ordinal");
	expect((struct forge){ .ordinal = 65536 }, "table.room.ordinal");
	expect((struct forge){ .ordinal = 65535 }, "table.room.ordinal");
	expect((struct forge){ .pages = 32768 }, NULL);
	expect((struct forge){ .pages = 32769 }, "table.page.form");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encryption),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_ordinals),
	};
	struct rd_err err = { 0 };

	if (!rd_crypto_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
