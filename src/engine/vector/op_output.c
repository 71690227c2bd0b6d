/* The answer, in the caller's arena.  Where the query gives no order, rows are sorted by all
 * columns: the same answer whatever the threads did. */
#include "vector_int.h"

struct output {
	struct rd_vop op;
	const struct rd_vnode *node, *input;
	struct rd_vrun_state *run;
	bool in_order;
	struct rd_vrows rows;
};

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct output *o = (struct output *)op;
	struct rd_vrows *rows = RD_VNEW(&t->pool, struct rd_vrows, 1, err);

	op->local[t->id] = rows;
	return rows && rd_vrows_init(rows, &t->pool, o->input->col, o->input->n_all, NULL, err);
}

static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	return rd_vrows_add(op->local[t->id], in, err);
}

static bool sort_all(struct output *o, struct rd_err *err)
{
	struct rd_sort_key *key =
		RD_VNEW(&o->run->pool, struct rd_sort_key, o->rows.n_cols + 1, err);
	uint32_t *row = NULL;

	if (!key)
		return false;
	for (uint32_t i = 0; i < o->rows.n_cols; i++)
		key[i] = (struct rd_sort_key){ .column = i };
	return rd_vrows_order(&o->rows, key, o->rows.n_cols, &row, err) &&
	       rd_vrows_permute(&o->rows, row, (uint32_t)o->rows.n, err);
}

static bool copy_texts(struct output *o, struct rd_text *text, uint64_t n, struct rd_err *err)
{
	struct rd_view copy;

	for (uint64_t i = 0; i < n; i++) {
		if (text[i].len <= 12)
			continue;
		if (!rd_arena_copy(o->run->arena, rd_text_view(&text[i]), &copy, err))
			return false;
		text[i] = rd_text_of(copy);
	}
	return true;
}

static bool copy_column(struct output *o, uint32_t i, struct rd_vec *out, struct rd_err *err)
{
	const struct rd_vrows_col *c = &o->rows.col[i];
	uint64_t n = o->rows.n, words = (n + 63) / 64;
	struct rd_coltype type = o->node->node->col[i];
	uint8_t width = rd_coltype_width(type), have = rd_phys_width[c->col.phys];
	uint8_t *data = rd_arena_alloc(o->run->arena, n, width, err);
	uint64_t *valid = NULL;

	if (!data)
		return false;
	if (c->has_nulls) {
		valid = rd_arena_alloc(o->run->arena, words, 8, err);
		if (!valid)
			return false;
		memcpy(valid, c->valid, words * 8);
		if (n % 64)
			valid[words - 1] &= ~(UINT64_MAX << (n % 64));
	}
	for (uint64_t r = 0; r < n; r++) {
		rd_int128 wide;

		if (valid && !rd_v_bit(valid, r))
			continue;
		if (width == have) {
			memcpy(data + r * width, (const uint8_t *)c->data + r * width, width);
			continue;
		}
		wide = ((const int64_t *)c->data)[r];
		memcpy(data + r * width, &wide, width);
	}
	*out = (struct rd_vec){
		.type = type, .repr = RD_FLAT, .width = width, .data = data, .valid = valid
	};
	return type.type != RD_TEXT || copy_texts(o, (struct rd_text *)(void *)data, n, err);
}

static bool copy_marks(struct output *o, uint32_t i, uint64_t **out, struct rd_err *err)
{
	uint64_t n = o->rows.n;
	const uint8_t *mark;
	uint64_t any = 0, *bits;

	if (o->input->mark[i] == RD_NONE || !n)
		return true;
	mark = o->rows.col[o->input->mark[i]].data;
	bits = rd_arena_alloc(o->run->arena, (n + 63) / 64, 8, err);
	if (!bits)
		return false;
	for (uint64_t r = 0; r < n; r++)
		bits[r / 64] |= (uint64_t)mark[r] << (r % 64);
	for (uint64_t w = 0; w < (n + 63) / 64; w++)
		any |= bits[w];
	*out = any ? bits : NULL;
	return true;
}

static bool finish(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct output *o = (struct output *)op;
	struct rd_rows *rows = &o->run->result->rows;
	struct rd_arena *arena = o->run->arena;
	const struct rd_node *node = o->node->node;

	if (!rd_vrows_init(&o->rows, &t->pool, o->input->col, o->input->n_all, NULL, err))
		return false;
	for (uint32_t i = 0; i < o->run->n_threads; i++)
		if (op->local[i] && !rd_vrows_append(&o->rows, op->local[i], err))
			return false;
	if (!o->in_order && o->rows.n && !sort_all(o, err))
		return false;
	rows->n_cols = node->n_cols;
	rows->n_rows = o->rows.n;
	rows->column = RD_NEW_ARRAY(arena, struct rd_column, node->n_cols, err);
	rows->vec = rows->column ? RD_NEW_ARRAY(arena, struct rd_vec, node->n_cols, err) : NULL;
	rows->withheld = rows->vec ? RD_NEW_ARRAY(arena, uint64_t *, node->n_cols, err) : NULL;
	if (!rows->withheld)
		return false;
	for (uint32_t i = 0; i < node->n_cols; i++) {
		rows->column[i].type = node->col[i];
		if (!rd_arena_copy(arena, node->output.name[i], &rows->column[i].name, err) ||
		    !copy_column(o, i, &rows->vec[i], err) ||
		    !copy_marks(o, i, &rows->withheld[i], err))
			return false;
	}
	return true;
}

static const struct rd_vop_ops output_ops = {
	.name = "output", .start = start, .push = push, .finish = finish
};

bool rd_voutput_new(const struct rd_vmake *make, bool in_order, struct rd_vop **out,
		    struct rd_err *err)
{
	struct output *o = rd_vop_alloc(make, sizeof(*o), &output_ops, err);

	if (!o)
		return false;
	o->node = make->node;
	o->input = make->left;
	o->run = make->run;
	o->in_order = in_order;
	*out = &o->op;
	return true;
}
