/* One column of a row group in memory, with its dictionary while that pays. */
#include "writer_int.h"

#include <stdlib.h>

#define SLOTS_FIRST 256u
#define SLOTS_MAX (4u * DICTIONARY_ENTRIES_MAX)
#define PROBES_MAX 64u

static struct rd_view value_at(const struct column_buf *b, uint32_t i)
{
	if (b->type.type == RD_TEXT)
		return column_buf_text(b, i);
	return rd_view_of(b->value.data + (size_t)i * b->width, b->width);
}

/* Not for adversaries: a column that makes it slow only loses its dictionary. */
static uint32_t hash(struct rd_view v)
{
	uint64_t h = v.len * 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < v.len; i += 8) {
		uint64_t part = 0;

		memcpy(&part, v.data + i, v.len - i < 8 ? v.len - i : 8);
		h = (h ^ part) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return (uint32_t)(h >> 20);
}

/* Whether two values are the same: most are 8 or 4 bytes wide. */
static bool same(const struct column_buf *b, uint32_t i, uint32_t k)
{
	const uint8_t *x = b->value.data + (size_t)i * b->width;
	const uint8_t *y = b->value.data + (size_t)k * b->width;

	if (b->type.type == RD_TEXT)
		return rd_view_eq(column_buf_text(b, i), column_buf_text(b, k));
	return b->width == 8   ? memcmp(x, y, 8) == 0
	       : b->width == 4 ? memcmp(x, y, 4) == 0
			       : memcmp(x, y, b->width) == 0;
}

/* A table of `n` slots; entries that are there find their places in it. */
static bool grow_table(struct column_buf *b, uint32_t n)
{
	uint32_t *slot = calloc(n, sizeof(*slot)), *entry = calloc(n / 4, sizeof(*entry));

	if (!slot || !entry) {
		free(slot);
		free(entry);
		return false;
	}
	if (b->n_dict)
		memcpy(entry, b->entry, b->n_dict * sizeof(*entry));
	free(b->slot);
	free(b->entry);
	b->slot = slot;
	b->entry = entry;
	b->n_slots = n;
	for (uint32_t i = 0; i < b->n_dict; i++) {
		uint32_t at = hash(value_at(b, entry[i])) % n;

		while (slot[at])
			at = (at + 1) % n;
		slot[at] = i + 1;
	}
	return true;
}

bool column_buf_new(struct rd_coltype type, struct column_buf *out, struct rd_err *err)
{
	*out = (struct column_buf){ .type = type,
				    .width = type.type == RD_TEXT ? 1 : rd_coltype_width(type) };
	if (type.type != RD_BOOL && type.type != RD_DOUBLE && !grow_table(out, SLOTS_FIRST))
		return rd_fail_errno(err, "base.memory", "a dictionary");
	column_buf_clear(out);
	return true;
}

void column_buf_free(struct column_buf *b)
{
	rd_store_free(&b->value);
	rd_store_free(&b->start);
	rd_store_free(&b->valid);
	rd_store_free(&b->code);
	free(b->slot);
	free(b->entry);
}

void column_buf_clear(struct column_buf *b)
{
	if (b->valid.data)
		memset(b->valid.data, 0, b->valid.cap);
	if (b->slot && b->n_dict)
		memset(b->slot, 0, b->n_slots * sizeof(*b->slot));
	b->n_rows = b->n = b->n_dict = 0;
	b->dict_bytes = 0;
	b->has_dict = b->slot != NULL;
}

static void take_code(struct column_buf *b, uint32_t index)
{
	struct rd_view v = value_at(b, index);
	uint32_t at = hash(v) % b->n_slots;
	uint32_t *code = (uint32_t *)(void *)b->code.data;

	for (uint32_t probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) % b->n_slots) {
		if (b->slot[at] && !same(b, b->entry[b->slot[at] - 1], index))
			continue;
		if (!b->slot[at]) {
			b->dict_bytes += v.len + (b->type.type == RD_TEXT ? 4 : 0);
			if (b->n_dict == DICTIONARY_ENTRIES_MAX ||
			    b->dict_bytes > DICTIONARY_BYTES_MAX)
				break;
			b->entry[b->n_dict] = index;
			b->slot[at] = ++b->n_dict;
		}
		code[index] = b->slot[at] - 1;
		if (b->n_dict * 4 == b->n_slots && b->n_slots < SLOTS_MAX)
			b->has_dict = grow_table(b, b->n_slots * 4);
		return;
	}
	b->has_dict = false;
}

static bool add_text(struct column_buf *b, struct rd_view text, struct rd_err *err)
{
	uint64_t *start;
	size_t at;

	if (text.len > RD_TEXT_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.text.size",
			       "a text of %zu bytes; at most %u are taken", text.len, RD_TEXT_MAX);
	if (!rd_store_grow(&b->start, ((size_t)b->n + 2) * 8, ((size_t)b->n + (b->n != 0)) * 8,
			   err))
		return false;
	start = (uint64_t *)(void *)b->start.data;
	at = b->n ? (size_t)start[b->n] : 0;
	start[b->n] = at;
	if (!rd_store_grow(&b->value, at + text.len, at, err))
		return false;
	if (text.len)
		memcpy(b->value.data + at, text.data, text.len);
	start[b->n + 1] = at + text.len;
	return true;
}

bool column_buf_add(struct column_buf *b, const void *value, struct rd_err *err)
{
	size_t valid_bytes = b->valid.cap;

	if (!rd_store_grow(&b->valid, (size_t)b->n_rows / 8 + 9, valid_bytes, err))
		return false;
	if (b->valid.cap > valid_bytes)
		memset(b->valid.data + valid_bytes, 0, b->valid.cap - valid_bytes);
	if (!value) {
		b->n_rows++;
		return true;
	}
	if (b->type.type == RD_TEXT) {
		if (!add_text(b, rd_text_view(value), err))
			return false;
	} else {
		if (!rd_store_grow(&b->value, ((size_t)b->n + 1) * b->width,
				   (size_t)b->n * b->width, err))
			return false;
		memcpy(b->value.data + (size_t)b->n * b->width, value, b->width);
	}
	if (!rd_store_grow(&b->code, ((size_t)b->n + 1) * 4, (size_t)b->n * 4, err))
		return false;
	((uint64_t *)(void *)b->valid.data)[b->n_rows / 64] |= (uint64_t)1 << b->n_rows % 64;
	if (b->has_dict)
		take_code(b, b->n);
	b->n++;
	b->n_rows++;
	return true;
}
