/* Are two answers the same? */
#include "ref_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows are compared by index, values straight out of the vectors. */
struct rows_order {
	const struct rd_rows *rows;
	uint32_t *index;
};

static bool is_withheld(const struct rd_rows *rows, uint32_t column, uint32_t row)
{
	return rows->withheld && rows->withheld[column] &&
	       (rows->withheld[column][row / 64] >> row % 64 & 1);
}

/* Total: also -0 before 0, a withheld NULL after a plain one. */
static int compare_cells(const struct rd_rows *a, uint32_t row_a, const struct rd_rows *b,
			 uint32_t row_b, uint32_t column)
{
	struct rd_value x = rd_vec_value(&a->vec[column], row_a);
	struct rd_value y = rd_vec_value(&b->vec[column], row_b);
	int order = rd_ref_compare(&x, &y);

	if (order)
		return order;
	if (x.is_null)
		return is_withheld(a, column, row_a) - is_withheld(b, column, row_b);
	if (x.type.type == RD_DOUBLE && !isnan(x.f))
		return !!signbit(y.f) - !!signbit(x.f);
	return 0;
}

static int compare_rows(const struct rd_rows *a, uint32_t row_a, const struct rd_rows *b,
			uint32_t row_b)
{
	for (uint32_t c = 0; c < a->n_cols; c++) {
		int order = compare_cells(a, row_a, b, row_b, c);

		if (order)
			return order;
	}
	return 0;
}

static int by_rows(const void *a, const void *b, void *ctx)
{
	const struct rd_rows *rows = ctx;

	return compare_rows(rows, *(const uint32_t *)a, rows, *(const uint32_t *)b);
}

static uint32_t *order_of(const struct rd_rows *rows, bool ordered)
{
	uint32_t *index = calloc((size_t)rows->n_rows + 1, sizeof(*index));

	rd_assert(index);
	for (uint32_t r = 0; r < rows->n_rows; r++)
		index[r] = r;
	if (!ordered && rows->n_rows)
		qsort_r(index, rows->n_rows, sizeof(*index), by_rows, (void *)rows);
	return index;
}

static bool differ(struct rd_err *err, const char *what, uint64_t a, uint64_t b)
{
	return rd_fail(err, RD_FAULT_FAILED, "ref.differ", "%s: %llu and %llu", what,
		       (unsigned long long)a, (unsigned long long)b);
}

static bool differ_cell(struct rd_err *err, const struct rd_rows *a, uint32_t row_a,
			const struct rd_rows *b, uint32_t row_b)
{
	struct rd_buf x RD_AUTO(rd_buf_free) = { .max = 4096 };
	struct rd_buf y RD_AUTO(rd_buf_free) = { .max = 4096 };
	uint32_t c = 0;

	while (c + 1 < a->n_cols && compare_cells(a, row_a, b, row_b, c) == 0)
		c++;
	struct rd_value v = rd_vec_value(&a->vec[c], row_a), w = rd_vec_value(&b->vec[c], row_b);

	if (!rd_value_format(&v, "NULL", &x, err) || !rd_value_format(&w, "NULL", &y, err))
		return false;
	return rd_fail(err, RD_FAULT_FAILED, "ref.differ",
		       "rows %u and %u, column %u: %.*s and %.*s", row_a, row_b, c,
		       RD_FMT(rd_buf_view(&x)), RD_FMT(rd_buf_view(&y)));
}

static bool same_shape(const struct rd_rows *a, const struct rd_rows *b, struct rd_err *err)
{
	if (a->n_cols != b->n_cols)
		return differ(err, "columns", a->n_cols, b->n_cols);
	for (uint32_t c = 0; c < a->n_cols; c++) {
		struct rd_coltype x = a->column[c].type, y = b->column[c].type;

		if (x.type != y.type || x.precision != y.precision || x.scale != y.scale)
			return differ(err, "types of column", c, c);
		if (x.nullable != y.nullable)
			return differ(err, "nullability of column", c, c);
	}
	if (a->n_rows != b->n_rows)
		return differ(err, "rows", a->n_rows, b->n_rows);
	if (a->withheld_groups != b->withheld_groups)
		return differ(err, "withheld groups", a->withheld_groups, b->withheld_groups);
	if (a->withheld_cells != b->withheld_cells)
		return differ(err, "withheld cells", a->withheld_cells, b->withheld_cells);
	return true;
}

bool rd_ref_same(const struct rd_rows *a, const struct rd_rows *b, bool ordered, struct rd_err *err)
{
	uint32_t *order_a, *order_b;
	bool same = true;

	if (a->failed || b->failed)
		return a->failed == b->failed || differ(err, "failed", a->failed, b->failed);
	if (!same_shape(a, b, err))
		return false;
	order_a = order_of(a, ordered);
	order_b = order_of(b, ordered);
	for (uint32_t r = 0; same && r < a->n_rows; r++)
		if (compare_rows(a, order_a[r], b, order_b[r]) != 0)
			same = differ_cell(err, a, order_a[r], b, order_b[r]);
	free(order_a);
	free(order_b);
	return same;
}
