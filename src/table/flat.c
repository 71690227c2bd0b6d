/* FlatBuffers as far as Arrow's metadata needs them. */
#include "arrow_int.h"

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t load(struct flat *f, size_t at, size_t size)
{
	uint64_t v = 0;

	if (f->bad || at > f->in.len || size > f->in.len - at) {
		f->bad = true;
		return 0;
	}
	memcpy(&v, f->in.data + at, size);
	return v;
}

/* Where the offset at `at` points to. */
static size_t follow(struct flat *f, size_t at)
{
	uint64_t to = at + load(f, at, 4);

	if (to > f->in.len)
		f->bad = true;
	return f->bad ? 0 : (size_t)to;
}

static struct flat_table table_at(struct flat *f, size_t at)
{
	struct flat_table t = { .at = at };
	int64_t vtable = (int64_t)at - (int32_t)(uint32_t)load(f, at, 4);

	if (vtable < 0 || (uint64_t)vtable > f->in.len)
		f->bad = true;
	t.vtable = f->bad ? 0 : (size_t)vtable;
	t.vtable_len = (size_t)load(f, t.vtable, 2);
	t.len = (size_t)load(f, t.vtable + 2, 2);
	if (t.vtable_len < 4 || t.vtable_len > f->in.len - t.vtable || t.len > f->in.len - at)
		f->bad = true;
	return t;
}

struct flat_table flat_root(struct flat *f)
{
	return table_at(f, follow(f, 0));
}

/* The place of a field; 0: it is not there. */
static size_t field_at(struct flat *f, const struct flat_table *t, uint32_t field, size_t size)
{
	size_t slot = 4 + 2 * (size_t)field;
	uint64_t offset;

	if (f->bad || slot + 2 > t->vtable_len)
		return 0;
	offset = load(f, t->vtable + slot, 2);
	if (offset && (offset < 4 || offset + size > t->len))
		f->bad = true;
	return f->bad || !offset ? 0 : t->at + (size_t)offset;
}

uint64_t flat_scalar(struct flat *f, const struct flat_table *t, uint32_t field, size_t size,
		     uint64_t absent)
{
	size_t at = field_at(f, t, field, size);

	return at ? load(f, at, size) : absent;
}

bool flat_child(struct flat *f, const struct flat_table *t, uint32_t field, struct flat_table *out)
{
	size_t at = field_at(f, t, field, 4);

	*out = (struct flat_table){ 0 };
	if (!at)
		return false;
	*out = table_at(f, follow(f, at));
	return !f->bad;
}

struct rd_view flat_vector(struct flat *f, const struct flat_table *t, uint32_t field, size_t size,
			   uint32_t *n)
{
	size_t at = field_at(f, t, field, 4);
	struct rd_view out = { 0 };

	*n = 0;
	if (!at)
		return out;
	at = follow(f, at);
	*n = (uint32_t)load(f, at, 4);
	if (f->bad || *n > (f->in.len - at - 4) / size) {
		f->bad = true;
		*n = 0;
		return out;
	}
	return rd_view_of(f->in.data + at + 4, *n * size);
}

struct rd_view flat_string(struct flat *f, const struct flat_table *t, uint32_t field)
{
	uint32_t n;

	return flat_vector(f, t, field, 1, &n);
}

struct flat_table flat_element(struct flat *f, struct rd_view vector, uint32_t i)
{
	size_t at = (size_t)(vector.data - f->in.data) + 4 * (size_t)i;

	return table_at(f, follow(f, at));
}

struct rd_view flat_metadata(struct flat *f, const struct flat_table *t, uint32_t field,
			     const char *key)
{
	uint32_t n;
	struct rd_view pairs = flat_vector(f, t, field, 4, &n);

	for (uint32_t i = 0; i < n && !f->bad; i++) {
		struct flat_table pair = flat_element(f, pairs, i);

		if (rd_view_eq(flat_string(f, &pair, 0), rd_view_str(key)))
			return flat_string(f, &pair, 1);
	}
	return (struct rd_view){ 0 };
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_zeros(struct rd_buf *out, size_t n)
{
	while (n--)
		rd_buf_add_byte(out, 0);
}

void flat_put_le(struct rd_buf *out, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		rd_buf_add_byte(out, (uint8_t)(v >> (8 * i)));
}

void flat_align(struct rd_buf *out, size_t align)
{
	put_zeros(out, (align - out->len % align) % align);
}

size_t flat_put_table(struct rd_buf *out, uint32_t n, uint32_t set)
{
	size_t vtable_len = 4 + 2 * (size_t)n, table;

	/* The vtable ends where the table begins, at a multiple of 8. */
	put_zeros(out, (8 - (out->len + vtable_len) % 8) % 8);
	flat_put_le(out, vtable_len, 2);
	flat_put_le(out, 8 + 8 * (uint64_t)n, 2);
	for (uint32_t i = 0; i < n; i++)
		flat_put_le(out, set >> i & 1 ? 8 + 8 * (uint64_t)i : 0, 2);
	table = out->len;
	flat_put_le(out, vtable_len, 4);
	put_zeros(out, 4 + 8 * (size_t)n);
	return table;
}

void flat_set(struct rd_buf *out, size_t table, uint32_t field, size_t size, uint64_t value)
{
	size_t at = table + 8 + 8 * (size_t)field;

	if (at + size <= out->len)
		memcpy(out->data + at, &value, size);
}

void flat_point(struct rd_buf *out, size_t table, uint32_t field, size_t to)
{
	flat_set(out, table, field, 4, to - (table + 8 + 8 * (size_t)field));
}

size_t flat_put_vector(struct rd_buf *out, uint32_t n, size_t align)
{
	put_zeros(out, (align - (out->len + 4) % align) % align);
	flat_align(out, 4);
	flat_put_le(out, n, 4);
	return out->len - 4;
}

size_t flat_put_string(struct rd_buf *out, struct rd_view text)
{
	size_t at = flat_put_vector(out, (uint32_t)text.len, 4);

	rd_buf_add(out, text);
	rd_buf_add_byte(out, 0);
	return at;
}

size_t flat_put_offsets(struct rd_buf *out, uint32_t n)
{
	size_t at = flat_put_vector(out, n, 4);

	put_zeros(out, 4 * (size_t)n);
	return at;
}

void flat_point_offset(struct rd_buf *out, size_t offsets, uint32_t i, size_t to)
{
	size_t at = offsets + 4 + 4 * (size_t)i;
	uint32_t distance = (uint32_t)(to - at);

	if (at + 4 <= out->len)
		memcpy(out->data + at, &distance, 4);
}
