/* Sorting: entries of a prefix and a row number, merged; whole keys only where prefixes tie. */
#include "vector_int.h"

struct entry {
	uint64_t prefix;
	uint32_t null_rank, row;
};
struct order {
	const struct rd_vrows *rows;
	const struct rd_sort_key *key;
	uint32_t n_keys;
};

static uint64_t prefix_of(enum rd_phys phys, const void *at)
{
	const uint64_t sign = UINT64_C(1) << 63;
	struct rd_view text;
	uint8_t bytes[8] = { 0 };
	uint64_t bits;
	double x;

	switch (phys) {
	case RD_P_BOOL:
		return *(const uint8_t *)at;
	case RD_P_I32:
		return (uint64_t)(int64_t) * (const int32_t *)at ^ sign;
	case RD_P_I64:
		return (uint64_t) * (const int64_t *)at ^ sign;
	case RD_P_I128:
		return (uint64_t)(*(const rd_int128 *)at >> 64) ^ sign;
	case RD_P_F64:
		x = *(const double *)at;
		if (x != x)
			return UINT64_MAX;
		x = x == 0 ? 0 : x;
		memcpy(&bits, &x, 8);
		bits = x == 0 ? 0 : bits;
		return bits & sign ? ~bits : bits | sign;
	default:
		text = rd_text_view(at);
		memcpy(bytes, text.data, text.len < 8 ? text.len : 8);
		memcpy(&bits, bytes, 8);
		return __builtin_bswap64(bits);
	}
}

static int compare_rows(const struct order *o, uint32_t x, uint32_t y)
{
	for (uint32_t i = 0; i < o->n_keys; i++) {
		const struct rd_sort_key *key = &o->key[i];
		const struct rd_vrows_col *c = &o->rows->col[key->column];
		bool nx = rd_vrows_is_null(c, x), ny = rd_vrows_is_null(c, y);
		int order;

		if (nx || ny) {
			if (nx == ny)
				continue;
			return nx == key->nulls_first ? -1 : 1;
		}
		order = rd_v_compare(c->col.phys, rd_vrows_at(c, x), rd_vrows_at(c, y));
		if (order)
			return key->descending ? -order : order;
	}
	return (x > y) - (x < y);
}

static bool before(const struct order *o, const struct entry *x, const struct entry *y)
{
	if (x->null_rank != y->null_rank)
		return x->null_rank < y->null_rank;
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix;
	return compare_rows(o, x->row, y->row) < 0;
}

#define RUN 16u

static void sort_run(const struct order *o, struct entry *e, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct entry x = e[i];
		uint32_t k = i;

		for (; k > 0 && before(o, &x, &e[k - 1]); k--)
			e[k] = e[k - 1];
		e[k] = x;
	}
}

static void merge(const struct order *o, const struct entry *in, struct entry *out,
		  const uint64_t at[3])
{
	uint64_t x = at[0], y = at[1], w = at[0];

	while (x < at[1] && y < at[2])
		out[w++] = before(o, &in[y], &in[x]) ? in[y++] : in[x++];
	while (x < at[1])
		out[w++] = in[x++];
	while (y < at[2])
		out[w++] = in[y++];
}

static struct entry *sort_entries(const struct order *o, struct entry *a, struct entry *b,
				  uint64_t n)
{
	for (uint64_t i = 0; i < n; i += RUN)
		sort_run(o, a + i, n - i < RUN ? (uint32_t)(n - i) : RUN);
	for (uint64_t width = RUN; width < n; width *= 2) {
		struct entry *swap = a;

		for (uint64_t i = 0; i < n; i += 2 * width) {
			uint64_t at[3] = { i, i + width, i + 2 * width };

			at[1] = at[1] < n ? at[1] : n;
			at[2] = at[2] < n ? at[2] : n;
			merge(o, a, b, at);
		}
		a = b;
		b = swap;
	}
	return a;
}

bool rd_vrows_order(const struct rd_vrows *rows, const struct rd_sort_key *key, uint32_t n_keys,
		    uint32_t **out, struct rd_err *err)
{
	struct order o = { .rows = rows, .key = key, .n_keys = n_keys };
	struct rd_vmem *mem = rows->pool->mem;
	struct entry *a = rd_vmem_alloc(mem, rows->n * sizeof(*a), false, err);
	struct entry *b = a ? rd_vmem_alloc(mem, rows->n * sizeof(*b), false, err) : NULL;
	uint32_t *row = b ? rd_vmem_alloc(mem, rows->n * sizeof(*row), false, err) : NULL;
	const struct rd_vrows_col *c = n_keys ? &rows->col[key->column] : NULL;
	struct entry *sorted;

	if (!row)
		return false;
	for (uint32_t i = 0; i < rows->n; i++) {
		bool null = c && rd_vrows_is_null(c, i);

		a[i] = (struct entry){ .row = i };
		if (!c)
			continue;
		a[i].null_rank = null != key->nulls_first;
		if (!null)
			a[i].prefix = prefix_of(c->col.phys, rd_vrows_at(c, i));
		if (!null && key->descending)
			a[i].prefix = ~a[i].prefix;
	}
	sorted = sort_entries(&o, a, b, rows->n);
	for (uint32_t i = 0; i < rows->n; i++)
		row[i] = sorted[i].row;
	rd_vmem_free(mem, a);
	rd_vmem_free(mem, b);
	*out = row;
	return true;
}

bool rd_vrows_permute(struct rd_vrows *rows, const uint32_t *row, uint32_t n, struct rd_err *err)
{
	struct rd_vmem *mem = rows->pool->mem;

	for (uint32_t i = 0; i < rows->n_cols; i++) {
		struct rd_vrows_col *c = &rows->col[i];
		uint8_t width = rd_phys_width[c->col.phys];
		size_t cap = (size_t)n * width + 64, valid_cap = (n + 64) / 64 * 8 + 8 * RD_VWORDS;
		void *data;
		uint64_t *valid = NULL;

		if (c->absent || !c->data)
			continue;
		data = rd_vmem_alloc(mem, cap, false, err);
		if (data && c->has_nulls)
			valid = rd_vmem_alloc(mem, valid_cap, true, err);
		if (!data || (c->has_nulls && !valid))
			return false;
		rd_v_pick(data, (struct rd_vpick){ c->data, row, width, 4 }, n);
		for (uint32_t k = 0; valid && k < n; k++)
			valid[k / 64] |= (uint64_t)rd_v_bit(c->valid, row[k]) << (k % 64);
		rd_vmem_free(mem, c->data);
		rd_vmem_free(mem, c->valid);
		c->data = data;
		c->cap = cap;
		c->valid = valid;
		c->valid_cap = valid ? valid_cap : 0;
	}
	rows->n = n;
	return true;
}

/* ---- the operator ---- */

struct sort {
	struct rd_vop op;
	const struct rd_vnode *node;
	struct rd_vrun_state *run;
	uint64_t keep;
	struct rd_vrows rows;
};

/* In order, and no more rows than are asked for. */
static bool settle(struct sort *s, struct rd_vrows *rows, struct rd_err *err)
{
	const struct rd_node *node = s->node->node;
	uint32_t *row = NULL;
	bool ok;

	if (!rd_vrows_order(rows, node->sort.key, node->sort.n_keys, &row, err))
		return false;
	ok = rd_vrows_permute(rows, row, rows->n < s->keep ? (uint32_t)rows->n : (uint32_t)s->keep,
			      err);
	rd_vmem_free(rows->pool->mem, row);
	return ok;
}

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct rd_vrows *rows = RD_VNEW(&t->pool, struct rd_vrows, 1, err);

	op->local[t->id] = rows;
	return rows && rd_vrows_init(rows, &t->pool, op->col, op->n_cols, NULL, err);
}

static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	struct sort *s = (struct sort *)op;
	struct rd_vrows *rows = op->local[t->id];

	if (!rd_vrows_add(rows, in, err))
		return false;
	return s->keep >= RD_NONE / 8 || rows->n < 4 * s->keep + 32768 || settle(s, rows, err);
}

static bool finish(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct sort *s = (struct sort *)op;

	if (!rd_vrows_init(&s->rows, &t->pool, op->col, op->n_cols, NULL, err))
		return false;
	for (uint32_t i = 0; i < s->run->n_threads; i++)
		if (op->local[i] && !rd_vrows_append(&s->rows, op->local[i], err))
			return false;
	return settle(s, &s->rows, err);
}

static const struct rd_vop_ops sort_ops = {
	.name = "sort", .start = start, .push = push, .finish = finish
};

bool rd_vsort_new(const struct rd_vmake *make, uint64_t keep, struct rd_vop **out,
		  struct rd_err *err)
{
	struct sort *s = rd_vop_alloc(make, sizeof(*s), &sort_ops, err);

	if (!s)
		return false;
	s->node = make->node;
	s->run = make->run;
	s->keep = keep;
	*out = &s->op;
	return true;
}

const struct rd_vrows *rd_vsort_rows(const struct rd_vop *op)
{
	return &((const struct sort *)op)->rows;
}
