/* Rows in memory, column by column: build sides of joins, sorts, answers. */
#include "vector_int.h"

bool rd_vrows_init(struct rd_vrows *rows, struct rd_vpool *pool, const struct rd_vcol *col,
		   uint32_t n_cols, const bool *keep, struct rd_err *err)
{
	*rows = (struct rd_vrows){ .pool = pool, .n_cols = n_cols };
	rows->col = RD_VNEW(pool, struct rd_vrows_col, n_cols + 1, err);
	if (!rows->col)
		return false;
	for (uint32_t i = 0; i < n_cols; i++) {
		rows->col[i].col = col[i];
		rows->col[i].absent = keep && !keep[i];
	}
	return true;
}

/* Texts of one dictionary are copied once, not once a row. */
static bool copied_entry(struct rd_vrows *rows, struct rd_vrows_col *c, const struct rd_vec *v,
			 uint32_t code, struct rd_text *out, struct rd_err *err)
{
	const struct rd_text *from = (const struct rd_text *)v->dict->data + code;

	if (from->len <= 12) {
		*out = *from;
		return true;
	}
	if (c->dict != v->dict) {
		if (c->copied_cap < v->dict->n) {
			rd_vmem_free(rows->pool->mem, c->copied);
			rd_vmem_free(rows->pool->mem, c->is_copied);
			c->copied_cap = 0;
			c->is_copied = NULL;
			c->copied = rd_vmem_alloc(rows->pool->mem, v->dict->n * sizeof(*c->copied),
						  false, err);
			if (!c->copied)
				return false;
			c->is_copied = rd_vmem_alloc(rows->pool->mem, v->dict->n, false, err);
			if (!c->is_copied)
				return false;
			c->copied_cap = v->dict->n;
		}
		memset(c->is_copied, 0, v->dict->n);
		c->dict = v->dict;
	}
	if (!c->is_copied[code]) {
		if (!rd_vpool_text(rows->pool, from, &c->copied[code], err))
			return false;
		c->is_copied[code] = true;
	}
	*out = c->copied[code];
	return true;
}

static uint32_t code_at(const struct rd_vec *v, uint32_t row)
{
	switch (v->width) {
	case 1:
		return ((const uint8_t *)v->data)[row];
	case 2:
		return ((const uint16_t *)v->data)[row];
	default:
		return ((const uint32_t *)v->data)[row];
	}
}

static bool add_text(struct rd_vrows *rows, struct rd_vrows_col *c, const struct rd_batch *in,
		     const struct rd_vec *v, struct rd_err *err)
{
	struct rd_text *out = (struct rd_text *)c->data + rows->n;

	for (uint32_t k = 0; k < in->n_sel; k++) {
		uint32_t row = in->sel ? in->sel[k] : k;
		const struct rd_text *from;

		out[k] = (struct rd_text){ 0 };
		if (rd_vec_is_null(v, row))
			continue;
		if (v->repr == RD_CODE) {
			if (!copied_entry(rows, c, v, code_at(v, row), &out[k], err))
				return false;
			continue;
		}
		from = (const struct rd_text *)v->data + (v->repr == RD_CONST ? 0 : row);
		if (from->len <= 12)
			out[k] = *from;
		else if (!rd_vpool_text(rows->pool, from, &out[k], err))
			return false;
	}
	return true;
}

static bool add_values(struct rd_vrows *rows, struct rd_vrows_col *c, const struct rd_batch *in,
		       const struct rd_vec *v, struct rd_err *err)
{
	uint32_t width = rd_phys_width[c->col.phys];
	uint8_t *out = (uint8_t *)c->data + rows->n * width;

	if (c->col.phys == RD_P_TEXT)
		return add_text(rows, c, in, v, err);
	if (v->repr == RD_CONST) {
		rd_v_fill(out, v->data, (uint8_t)width, in->n_sel);
	} else if (v->repr == RD_CODE) {
		for (uint32_t k = 0; k < in->n_sel; k++) {
			uint32_t code = code_at(v, in->sel ? in->sel[k] : k);

			if (v->dict->n)
				memcpy(out + (size_t)k * width,
				       (const uint8_t *)v->dict->data + (size_t)code * width,
				       width);
			else
				memset(out + (size_t)k * width, 0, width);
		}
	} else if (in->sel) {
		rd_v_pick(out, (struct rd_vpick){ v->data, in->sel, (uint8_t)width, 2 }, in->n_sel);
	} else {
		memcpy(out, v->data, (size_t)in->n_sel * width);
	}
	return true;
}

static bool grow_valid(struct rd_vrows *rows, struct rd_vrows_col *c, uint64_t n,
		       struct rd_err *err)
{
	uint64_t *bits;

	if (!rd_vmem_grow(rows->pool->mem, &c->valid, &c->valid_cap,
			  (n + 64) / 64 * 8 + 8 * RD_VWORDS, err))
		return false;
	bits = c->valid;
	if (!c->has_nulls)
		for (uint64_t i = 0; i < rows->n; i++)
			bits[i / 64] |= UINT64_C(1) << (i % 64);
	c->has_nulls = true;
	return true;
}

static bool add_validity(struct rd_vrows *rows, struct rd_vrows_col *c, const struct rd_batch *in,
			 const struct rd_vec *v, struct rd_err *err)
{
	uint64_t *bits;

	if (!v->valid && !c->has_nulls)
		return true;
	if (!grow_valid(rows, c, rows->n + in->n_sel, err))
		return false;
	bits = c->valid;
	for (uint32_t k = 0; k < in->n_sel; k++) {
		uint64_t at = rows->n + k, bit = UINT64_C(1) << (at % 64);

		if (rd_vec_is_null(v, in->sel ? in->sel[k] : k))
			bits[at / 64] &= ~bit;
		else
			bits[at / 64] |= bit;
	}
	return true;
}

bool rd_vrows_add(struct rd_vrows *rows, const struct rd_batch *in, struct rd_err *err)
{
	if (rows->n + in->n_sel >= RD_NONE)
		return rd_fail(err, RD_FAULT_FAILED, "engine.memory",
			       "more than 4 billion rows at one place of the query");
	for (uint32_t i = 0; i < rows->n_cols; i++) {
		struct rd_vrows_col *c = &rows->col[i];

		if (c->absent)
			continue;
		if (!rd_vmem_grow(rows->pool->mem, &c->data, &c->cap,
				  (rows->n + in->n_sel) * rd_phys_width[c->col.phys], err) ||
		    !add_values(rows, c, in, &in->col[i], err) ||
		    !add_validity(rows, c, in, &in->col[i], err))
			return false;
	}
	rows->n += in->n_sel;
	return true;
}

static bool append_col(struct rd_vrows *to, struct rd_vrows_col *c, const struct rd_vrows *from,
		       const struct rd_vrows_col *f, struct rd_err *err)
{
	size_t width = rd_phys_width[c->col.phys];
	uint64_t *bits;

	if (!rd_vmem_grow(to->pool->mem, &c->data, &c->cap, (to->n + from->n) * width, err))
		return false;
	memcpy((uint8_t *)c->data + to->n * width, f->data, from->n * width);
	if (!c->has_nulls && !f->has_nulls)
		return true;
	if (!grow_valid(to, c, to->n + from->n, err))
		return false;
	bits = c->valid;
	for (uint64_t i = 0; i < from->n; i++) {
		uint64_t at = to->n + i, bit = UINT64_C(1) << (at % 64);

		if (f->has_nulls && !rd_v_bit(f->valid, i))
			bits[at / 64] &= ~bit;
		else
			bits[at / 64] |= bit;
	}
	return true;
}

bool rd_vrows_append(struct rd_vrows *to, struct rd_vrows *from, struct rd_err *err)
{
	if (to->n + from->n >= RD_NONE)
		return rd_fail(err, RD_FAULT_FAILED, "engine.memory",
			       "more than 4 billion rows at one place of the query");
	for (uint32_t i = 0; i < to->n_cols && from->n; i++) {
		struct rd_vrows_col *f = &from->col[i];

		if (f->absent)
			continue;
		if (!append_col(to, &to->col[i], from, f, err))
			return false;
		rd_vmem_free(from->pool->mem, f->data);
		rd_vmem_free(from->pool->mem, f->valid);
		f->data = f->valid = NULL;
		f->cap = f->valid_cap = 0;
	}
	to->n += from->n;
	from->n = 0;
	return true;
}

void rd_vrows_batch(const struct rd_vrows *rows, uint64_t first, uint32_t n, struct rd_vec *vec,
		    struct rd_batch *out)
{
	for (uint32_t i = 0; i < rows->n_cols; i++) {
		const struct rd_vrows_col *c = &rows->col[i];
		uint8_t width = rd_phys_width[c->col.phys];

		vec[i] = (struct rd_vec){ .type = c->col.type, .repr = RD_CONST };
		if (c->absent)
			continue;
		vec[i].repr = RD_FLAT;
		vec[i].width = width;
		vec[i].data = (const uint8_t *)c->data + first * width;
		if (c->has_nulls)
			vec[i].valid = (const uint64_t *)c->valid + first / 64;
	}
	*out = (struct rd_batch){
		.n = n, .n_sel = n, .n_cols = rows->n_cols, .col = vec, .first_row = first
	};
}

static bool any_none(const uint32_t *row, uint32_t n)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < n; i++)
		most = row[i] > most ? row[i] : most;
	return most == RD_NONE;
}

struct rd_vec rd_vrows_gather(const struct rd_vrows_col *c, const uint32_t *row, uint32_t n,
			      void *room, uint64_t *valid_room)
{
	uint8_t width = rd_phys_width[c->col.phys];
	struct rd_vec v = { .type = c->col.type, .repr = RD_FLAT, .width = width, .data = room };
	bool none = any_none(row, n);

	if (c->absent)
		return (struct rd_vec){ .type = c->col.type, .repr = RD_CONST };
	if (!none && !c->has_nulls) {
		rd_v_pick(room, (struct rd_vpick){ c->data, row, width, 4 }, n);
		return v;
	}
	v.valid = valid_room;
	memset(valid_room, 0, sizeof(uint64_t) * RD_VWORDS);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *at = (uint8_t *)room + (size_t)i * width;

		if (row[i] == RD_NONE || (c->has_nulls && !rd_v_bit(c->valid, row[i]))) {
			memset(at, 0, width);
			continue;
		}
		memcpy(at, (const uint8_t *)c->data + (size_t)row[i] * width, width);
		valid_room[i / 64] |= UINT64_C(1) << (i % 64);
	}
	return v;
}

bool rd_vrows_is_null(const struct rd_vrows_col *col, uint64_t row)
{
	return col->has_nulls && !rd_v_bit(col->valid, row);
}

const void *rd_vrows_at(const struct rd_vrows_col *col, uint64_t row)
{
	return (const uint8_t *)col->data + row * rd_phys_width[col->col.phys];
}
