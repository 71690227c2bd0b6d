/* Answers on standard output: aligned, as CSV, or as JSON. */
#include "query.h"

#include <math.h>
#include <stdio.h>

#define OUT_MAX ((size_t)1 << 31)
#define WITHHELD "(withheld)"

struct cell {
	size_t at, len;
};

static bool is_withheld(const struct rd_rows *rows, uint32_t c, uint64_t r)
{
	return rows->withheld && rows->withheld[c] && (rows->withheld[c][r / 64] >> (r % 64) & 1);
}

static struct rd_value value_at(const struct rd_rows *rows, uint32_t c, uint64_t r)
{
	return rd_vec_value(&rows->vec[c], (uint32_t)r);
}

static bool one_cell(const struct rd_rows *rows, uint32_t c, uint64_t r, struct rd_buf *out,
		     struct rd_err *err)
{
	struct rd_value value = value_at(rows, c, r);

	if (is_withheld(rows, c, r)) {
		rd_buf_add(out, rd_view_str(WITHHELD));
		return true;
	}
	if (value.type.type == RD_TEXT && !value.is_null) {
		rd_text_put_shown(out, value.text);
		return true;
	}
	return rd_value_format(&value, "", out, err);
}

static bool goes_right(struct rd_coltype type)
{
	return type.type == RD_INT32 || type.type == RD_INT64 || type.type == RD_DECIMAL ||
	       type.type == RD_DOUBLE;
}

static void pad(size_t n)
{
	printf("%*s", (int)n, "");
}

static void print_cell(struct rd_view text, size_t width, bool right, bool last)
{
	size_t space = width - rd_text_width(text);

	if (right)
		pad(space);
	(void)fwrite(text.data, 1, text.len, stdout);
	if (!right && !last)
		pad(space);
	if (!last)
		fputs("  ", stdout);
}

static void print_heads(const struct rd_rows *rows, const struct rd_view *head, const size_t *width)
{
	for (uint32_t c = 0; c < rows->n_cols; c++)
		print_cell(head[c], width[c], goes_right(rows->column[c].type),
			   c + 1 == rows->n_cols);
	fputs("\n", stdout);
	for (uint32_t c = 0; c < rows->n_cols; c++) {
		for (size_t i = 0; i < width[c]; i++)
			fputs("-", stdout);
		fputs(c + 1 == rows->n_cols ? "\n" : "  ", stdout);
	}
}

static bool print_table(const struct rd_rows *rows, struct rd_arena *arena, struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = OUT_MAX };
	size_t *width = RD_NEW_ARRAY(arena, size_t, rows->n_cols, err);
	struct cell *cell = RD_NEW_ARRAY(arena, struct cell, rows->n_rows * rows->n_cols, err);
	struct rd_view *head = RD_NEW_ARRAY(arena, struct rd_view, rows->n_cols, err);
	size_t k = 0;

	if (!width || !cell || !head)
		return false;
	for (uint32_t c = 0; c < rows->n_cols; c++) {
		rd_buf_clear(&text);
		rd_text_put_shown(&text, rows->column[c].name);
		if (!rd_arena_copy(arena, rd_buf_view(&text), &head[c], err))
			return false;
		width[c] = rd_text_width(head[c]);
	}
	rd_buf_clear(&text);
	for (uint64_t r = 0; r < rows->n_rows; r++)
		for (uint32_t c = 0; c < rows->n_cols; c++, k++) {
			size_t n;

			cell[k].at = text.len;
			if (!one_cell(rows, c, r, &text, err) || !rd_buf_ok(&text, err))
				return false;
			cell[k].len = text.len - cell[k].at;
			n = rd_text_width(rd_view_of(text.data + cell[k].at, cell[k].len));
			width[c] = n > width[c] ? n : width[c];
		}
	print_heads(rows, head, width);
	k = 0;
	for (uint64_t r = 0; r < rows->n_rows; r++) {
		for (uint32_t c = 0; c < rows->n_cols; c++, k++)
			print_cell(rd_view_of(text.data + cell[k].at, cell[k].len), width[c],
				   goes_right(rows->column[c].type), c + 1 == rows->n_cols);
		fputs("\n", stdout);
	}
	return true;
}

/* ---- JSON: an array of objects; numbers that a double cannot hold stay exact as written ---- */

static void json_text(struct rd_view text, struct rd_buf *out)
{
	rd_buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t x = text.data[i];

		if (x == '"' || x == '\\')
			rd_buf_printf(out, "\\%c", x);
		else if (x < 0x20)
			rd_buf_printf(out, "\\u%04x", x);
		else
			rd_buf_add_byte(out, x);
	}
	rd_buf_add_byte(out, '"');
}

static bool json_value(const struct rd_rows *rows, uint32_t c, uint64_t r, struct rd_buf *out,
		       struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = RD_TEXT_MAX };
	struct rd_value value = value_at(rows, c, r);
	bool bare = value.type.type == RD_BOOL || goes_right(value.type);

	if (value.is_null) {
		rd_buf_add(out,
			   rd_view_str(is_withheld(rows, c, r) ? "{\"withheld\":true}" : "null"));
		return true;
	}
	if (value.type.type == RD_DOUBLE && !isfinite(value.f))
		bare = false;
	if (!rd_value_format(&value, "", &text, err))
		return false;
	if (bare)
		rd_buf_add(out, rd_buf_view(&text));
	else
		json_text(rd_buf_view(&text), out);
	return true;
}

static bool print_json(const struct rd_rows *rows, struct rd_err *err)
{
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = OUT_MAX };

	rd_buf_add(&out, rd_view_str("["));
	for (uint64_t r = 0; r < rows->n_rows; r++) {
		rd_buf_add(&out, rd_view_str(r ? ",\n {" : "\n {"));
		for (uint32_t c = 0; c < rows->n_cols; c++) {
			if (c)
				rd_buf_add(&out, rd_view_str(", "));
			json_text(rows->column[c].name, &out);
			rd_buf_add(&out, rd_view_str(": "));
			if (!json_value(rows, c, r, &out, err))
				return false;
		}
		rd_buf_add(&out, rd_view_str("}"));
	}
	rd_buf_add(&out, rd_view_str("\n]\n"));
	if (!rd_buf_ok(&out, err))
		return false;
	(void)fwrite(out.data, 1, out.len, stdout);
	return true;
}

static bool print_csv(const struct rd_rows *rows, struct rd_err *err)
{
	struct rd_csv_options options = { .null_text = "", .separator = ',' };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = OUT_MAX };

	if (!rd_rows_to_csv(rows, &options, &out, err))
		return false;
	(void)fwrite(out.data, 1, out.len, stdout);
	return true;
}

static bool print_arrow(const struct rd_rows *rows, struct rd_err *err)
{
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = OUT_MAX };

	if (!rd_rows_to_arrow(rows, &out, err))
		return false;
	(void)fwrite(out.data, 1, out.len, stdout);
	return true;
}

bool query_print(const struct rd_rows *rows, enum query_form form, struct rd_arena *arena,
		 struct rd_err *err)
{
	bool ok = form == QUERY_TABLE   ? print_table(rows, arena, err)
		  : form == QUERY_CSV   ? print_csv(rows, err)
		  : form == QUERY_ARROW ? print_arrow(rows, err)
					: print_json(rows, err);

	if (ok && rows->withheld_groups + rows->withheld_cells)
		fprintf(stderr,
			"withheld because too few persons stand behind them: %llu group%s, "
			"%llu cell%s\n",
			(unsigned long long)rows->withheld_groups,
			rows->withheld_groups == 1 ? "" : "s",
			(unsigned long long)rows->withheld_cells,
			rows->withheld_cells == 1 ? "" : "s");
	return ok;
}
