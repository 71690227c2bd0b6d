/*
 * Answers: a small table as deterministic CBOR (doc/format/rows.cddl), column after column, so
 * that every column's values have one CBOR type.  Decoding believes nothing.
 */
#include "table_int.h"

#include <redoubt/codec.h>

#include <math.h>
#include <string.h>

#define ROWS_OBJECT 65    /* its integer type among our objects */
#define FAILURE_OBJECT 66 /* in place of rows: where the data made the query fail */
#define ROWS_VERSION 1
#define ROWS_MAX ((uint64_t)1 << 26)
#define CELLS_MAX ((uint64_t)1 << 28)

static void put_value(struct rd_buf *out, const struct rd_value *v)
{
	uint8_t bytes[16];

	if (v->is_null) {
		rd_cbor_put_null(out);
	} else if (v->type.type == RD_BOOL) {
		rd_cbor_put_bool(out, v->i != 0);
	} else if (v->type.type == RD_DOUBLE) {
		rd_cbor_put_double(out, isnan(v->f) ? (double)NAN : v->f);
	} else if (v->type.type == RD_TEXT) {
		rd_cbor_put_text(out, v->text);
	} else if (v->type.type != RD_DECIMAL) {
		rd_cbor_put_int(out, v->i);
	} else if (v->d >= INT64_MIN && v->d <= INT64_MAX) {
		rd_cbor_put_int(out, (int64_t)v->d);
	} else {
		rd_store_be128(bytes, v->d);
		rd_cbor_put_bytes(out, rd_view_of(bytes, sizeof(bytes)));
	}
}

static size_t bitmap_len(uint64_t n)
{
	return (size_t)((n + 7) / 8);
}

static void put_withheld(struct rd_buf *out, const uint64_t *bits, uint64_t n)
{
	size_t len = bitmap_len(n);
	struct rd_buf bytes RD_AUTO(rd_buf_free) = { .max = len };
	bool any = false;

	for (uint64_t i = 0; bits && !any && i < n; i++)
		any = bits[i / 64] >> (i % 64) & 1;
	if (!any) {
		rd_cbor_put_null(out);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)(bits[i / 8] >> (i % 8 * 8));

		if (i == len - 1 && n % 8)
			byte &= (uint8_t)((1u << n % 8) - 1);
		rd_buf_add_byte(&bytes, byte);
	}
	if (bytes.failed)
		out->failed = true;
	rd_cbor_put_bytes(out, rd_buf_view(&bytes));
}

static bool check_shape(uint64_t n_cols, uint64_t n_rows, struct rd_err *err)
{
	if (n_cols < 1 || n_cols > RD_COLUMNS_MAX || n_rows > ROWS_MAX ||
	    n_rows * n_cols > CELLS_MAX)
		return rd_fail(err, RD_FAULT_FAILED, "table.rows.size",
			       "an answer of %llu rows and %llu columns: at most %u columns, %llu "
			       "rows and %llu cells are taken",
			       (unsigned long long)n_rows, (unsigned long long)n_cols,
			       RD_COLUMNS_MAX, (unsigned long long)ROWS_MAX,
			       (unsigned long long)CELLS_MAX);
	return true;
}

static bool encode_failure(const struct rd_rows *rows, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 3);
	rd_cbor_put_uint(out, FAILURE_OBJECT);
	rd_cbor_put_uint(out, ROWS_VERSION);
	rd_cbor_put_uint(out, rows->failed_at);
	return rd_buf_ok(out, err);
}

bool rd_rows_encode(const struct rd_rows *rows, struct rd_buf *out, struct rd_err *err)
{
	if (rows->failed)
		return encode_failure(rows, out, err);
	if (!check_shape(rows->n_cols, rows->n_rows, err))
		return false;
	rd_cbor_put_array(out, 7);
	rd_cbor_put_uint(out, ROWS_OBJECT);
	rd_cbor_put_uint(out, ROWS_VERSION);
	rd_cbor_put_uint(out, rows->n_rows);
	rd_cbor_put_uint(out, rows->withheld_groups);
	rd_cbor_put_uint(out, rows->withheld_cells);
	rd_cbor_put_array(out, rows->n_cols);
	for (uint32_t c = 0; c < rows->n_cols; c++) {
		const struct rd_column *column = &rows->column[c];

		if (!rd_stored_type(column->type))
			return rd_fail(err, RD_FAULT_USAGE, "table.value.type",
				       "column %u of an answer has a type that no column can have",
				       c);
		rd_cbor_put_array(out, 5);
		rd_cbor_put_text(out, column->name);
		rd_cbor_put_uint(out, column->type.type);
		rd_cbor_put_uint(out, column->type.precision);
		rd_cbor_put_uint(out, column->type.scale);
		rd_cbor_put_bool(out, column->type.nullable);
	}
	rd_cbor_put_array(out, 2 * (uint64_t)rows->n_cols);
	for (uint32_t c = 0; c < rows->n_cols; c++) {
		put_withheld(out, rows->withheld ? rows->withheld[c] : NULL, rows->n_rows);
		rd_cbor_put_array(out, rows->n_rows);
		for (uint32_t r = 0; r < rows->n_rows; r++) {
			struct rd_value v = rd_vec_value(&rows->vec[c], r);

			put_value(out, &v);
		}
	}
	return rd_buf_ok(out, err);
}

/* ---- decoding ---------------------------------------------------------------------------- */

struct decoder {
	struct rd_cbor_reader r;
	struct rd_arena *arena;
	struct rd_rows *rows;
	struct rd_err *err; /* of the arena */
};

static void read_column(struct decoder *d, struct rd_column *column)
{
	struct rd_cbor_reader *r = &d->r;

	rd_cbor_enter_array(r, 5);
	column->name = rd_cbor_read_text(r, 0, RD_COLUMN_NAME_MAX);
	column->type.type = (uint8_t)rd_cbor_read_uint(r, RD_TEXT);
	column->type.precision = (uint8_t)rd_cbor_read_uint(r, 38);
	column->type.scale = (uint8_t)rd_cbor_read_uint(r, column->type.precision);
	column->type.nullable = rd_cbor_read_bool(r);
	rd_cbor_leave(r);
	if (!r->failed && !rd_stored_type(column->type))
		rd_cbor_complain(r, "table.rows.form", "expected a column type with its precision");
}

static rd_int128 read_decimal(struct rd_cbor_reader *r, uint8_t precision)
{
	rd_int128 value;
	struct rd_view bytes;

	if (rd_cbor_peek(r) != RD_CBOR_BYTES) {
		value = rd_cbor_read_int(r, INT64_MIN, INT64_MAX);
	} else {
		bytes = rd_cbor_read_bytes(r, 16, 16);
		value = bytes.len ? rd_load_be128(bytes.data) : 0;
		if (value >= INT64_MIN && value <= INT64_MAX)
			rd_cbor_complain(r, "table.rows.form", "a small decimal in the long form");
	}
	if (!rd_decimal_fits(value, precision))
		rd_cbor_complain(r, "table.rows.form", "a decimal with more digits than its type");
	return value;
}

static void read_value(struct rd_cbor_reader *r, struct rd_coltype type, uint8_t *slot)
{
	bool narrow = type.type == RD_INT32 || type.type == RD_DATE;
	struct rd_text text;
	rd_int128 d;
	int64_t i;
	double f;

	if (type.type == RD_BOOL) {
		*slot = rd_cbor_read_bool(r);
	} else if (type.type == RD_DOUBLE) {
		f = rd_cbor_read_double(r);
		memcpy(slot, &f, sizeof(f));
		if (isnan(f) && memcmp(&f, &(double){ NAN }, sizeof(f)) != 0)
			rd_cbor_complain(r, "table.rows.form", "a NaN other than the one");
	} else if (type.type == RD_TEXT) {
		text = rd_text_of(rd_cbor_read_text(r, 0, RD_TEXT_MAX));
		memcpy(slot, &text, sizeof(text));
	} else if (type.type == RD_DECIMAL) {
		d = read_decimal(r, type.precision);
		memcpy(slot, &d, rd_coltype_width(type)); /* little-endian: low bytes first */
	} else {
		i = rd_cbor_read_int(r, narrow ? INT32_MIN : INT64_MIN,
				     narrow ? INT32_MAX : INT64_MAX);
		memcpy(slot, &i, narrow ? 4 : 8);
	}
}

static bool read_withheld(struct decoder *d, uint32_t c)
{
	struct rd_rows *rows = d->rows;
	size_t len = bitmap_len(rows->n_rows);
	struct rd_view bytes;
	uint64_t *words, any = 0;

	if (rd_cbor_at_null(&d->r)) {
		rd_cbor_read_null(&d->r);
		return true;
	}
	bytes = rd_cbor_read_bytes(&d->r, len, len);
	if (d->r.failed)
		return true;
	words = RD_NEW_ARRAY(d->arena, uint64_t, (size_t)(rows->n_rows / 64 + 1), d->err);
	if (!words)
		return false;
	if (len)
		memcpy(words, bytes.data, len);
	for (uint64_t i = 0; i <= rows->n_rows / 64; i++)
		any |= words[i];
	if (!any)
		rd_cbor_complain(&d->r, "table.rows.form", "a bitmap that withholds nothing");
	if (rows->n_rows % 64 && words[rows->n_rows / 64] >> rows->n_rows % 64)
		rd_cbor_complain(&d->r, "table.rows.form", "withheld cells behind the last row");
	rows->withheld[c] = words;
	return true;
}

static bool read_vec(struct decoder *d, uint32_t c)
{
	struct rd_rows *rows = d->rows;
	struct rd_coltype type = rows->column[c].type;
	uint8_t width = rd_coltype_width(type);
	uint64_t *valid;
	uint8_t *data;
	bool nulls = false;

	if (!read_withheld(d, c))
		return false;
	/* Every value takes a byte at least, so hostile counts cannot ask for much memory. */
	rd_cbor_enter_array(&d->r, (uint32_t)rows->n_rows);
	if (d->r.failed)
		return true;
	data = rd_arena_alloc(d->arena, (size_t)rows->n_rows, width, d->err);
	valid = RD_NEW_ARRAY(d->arena, uint64_t, (size_t)(rows->n_rows / 64 + 1), d->err);
	if (!data || !valid)
		return false;
	for (uint64_t i = 0; i < rows->n_rows && !d->r.failed; i++) {
		if (rd_cbor_at_null(&d->r)) {
			rd_cbor_read_null(&d->r);
			nulls = true;
			continue;
		}
		valid[i / 64] |= UINT64_C(1) << (i % 64);
		read_value(&d->r, type, data + i * width);
		if (rows->withheld[c] && rows->withheld[c][i / 64] >> (i % 64) & 1)
			rd_cbor_complain(&d->r, "table.rows.form", "a withheld cell has a value");
	}
	rd_cbor_leave(&d->r);
	if (nulls && !type.nullable)
		rd_cbor_complain(&d->r, "table.rows.form", "a NULL in a column without NULLs");
	rows->vec[c] = (struct rd_vec){ .type = type,
					.repr = RD_FLAT,
					.width = width,
					.data = data,
					.valid = nulls ? valid : NULL };
	return true;
}

static bool read_rows(struct decoder *d)
{
	struct rd_rows *rows = d->rows;
	struct rd_cbor_reader *r = &d->r;

	rows->failed = rd_cbor_enter_array_upto(r, 3, 7) == 3;
	if (rd_cbor_read_uint(r, UINT32_MAX) != (rows->failed ? FAILURE_OBJECT : ROWS_OBJECT))
		rd_cbor_complain(r, "table.rows.form", "expected the rows of an answer");
	if (rd_cbor_read_uint(r, ROWS_VERSION) != ROWS_VERSION)
		rd_cbor_complain(r, "table.rows.form", "expected version 1");
	if (rows->failed) {
		rows->failed_at = (uint32_t)rd_cbor_read_uint(r, UINT32_MAX);
		rd_cbor_leave(r);
		return true;
	}
	rows->n_rows = rd_cbor_read_uint(r, ROWS_MAX);
	rows->withheld_groups = rd_cbor_read_uint(r, UINT64_MAX);
	rows->withheld_cells = rd_cbor_read_uint(r, UINT64_MAX);
	rows->n_cols = rd_cbor_enter_array_upto(r, 1, RD_COLUMNS_MAX);
	if (r->failed)
		return true;
	if (!check_shape(rows->n_cols, rows->n_rows, d->err))
		return false;
	rows->column = RD_NEW_ARRAY(d->arena, struct rd_column, rows->n_cols, d->err);
	rows->vec = RD_NEW_ARRAY(d->arena, struct rd_vec, rows->n_cols, d->err);
	rows->withheld = RD_NEW_ARRAY(d->arena, uint64_t *, rows->n_cols, d->err);
	if (!rows->column || !rows->vec || !rows->withheld)
		return false;
	for (uint32_t c = 0; c < rows->n_cols; c++)
		read_column(d, &rows->column[c]);
	rd_cbor_leave(r);
	rd_cbor_enter_array(r, 2 * rows->n_cols);
	for (uint32_t c = 0; c < rows->n_cols && !r->failed; c++)
		if (!read_vec(d, c))
			return false;
	rd_cbor_leave(r);
	rd_cbor_leave(r);
	return true;
}

bool rd_rows_decode(struct rd_view cbor, struct rd_arena *arena, struct rd_rows *out,
		    struct rd_err *err)
{
	struct decoder d = { .arena = arena, .rows = out, .err = err };
	struct rd_view copy;

	*out = (struct rd_rows){ 0 };
	/* Texts and names point into the bytes: into ours, which live as long as the answer. */
	if (!rd_arena_copy(arena, cbor, &copy, err))
		return false;
	rd_cbor_read_init(&d.r, copy, RD_CBOR_STRICT);
	if (!read_rows(&d))
		return false;
	return rd_cbor_finish(&d.r, err) || rd_wrap(err, "rows of an answer");
}
