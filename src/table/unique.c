/* Proof that no value of a column occurs twice: 24 bytes a value, sorted at the end. */
#include "writer_int.h"

#include <stdlib.h>

/* The value itself where it fits; else the first half of its SHA-256. */
struct unique_entry {
	uint8_t key[16];
	uint64_t row; /* from 1 */
};
_Static_assert(sizeof(struct unique_entry) == 24, "24 bytes a row, as the contract says");

#define KEY_IS_HASH \
	0xff /* last byte of the key of a long text; short ones have their length there */

struct unique {
	struct rd_store entry;
	size_t n;
};

bool unique_new(struct unique **out, struct rd_err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out || rd_fail_errno(err, "base.memory", "a proof of uniqueness");
}

void unique_free(struct unique **unique)
{
	if (!*unique)
		return;
	rd_store_free(&(*unique)->entry);
	free(*unique);
	*unique = NULL;
}

static bool text_key(struct rd_view text, uint8_t key[16], struct rd_err *err)
{
	uint8_t digest[RD_SHA256_LEN];

	if (text.len < 16) {
		memcpy(key, text.data, text.len);
		key[15] = (uint8_t)text.len;
		return true;
	}
	if (!rd_sha256(text, digest, err))
		return false;
	memcpy(key, digest, 15);
	key[15] = KEY_IS_HASH;
	return true;
}

bool unique_add(struct unique *unique, struct rd_coltype type, const void *value, uint64_t row,
		struct rd_err *err)
{
	struct unique_entry e = { .row = row };

	if (!rd_store_grow(&unique->entry, (unique->n + 1) * sizeof(e), unique->n * sizeof(e), err))
		return false;
	if (type.type == RD_TEXT) {
		if (!text_key(rd_text_view(value), e.key, err))
			return false;
	} else {
		double d;

		memcpy(e.key, value, rd_coltype_width(type));
		memcpy(&d, e.key, 8);
		/* The two zeros are one value, and so are all NaN. */
		if (type.type == RD_DOUBLE && d == 0)
			memset(e.key, 0, 8);
		if (type.type == RD_DOUBLE && d != d)
			memset(e.key, 0xff, 8);
	}
	memcpy(unique->entry.data + unique->n * sizeof(e), &e, sizeof(e));
	unique->n++;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct unique_entry *x = a, *y = b;
	int order = memcmp(x->key, y->key, sizeof(x->key));

	return order ? order : (x->row > y->row) - (x->row < y->row);
}

bool unique_check(struct unique *unique, struct rd_view column, struct rd_err *err)
{
	struct unique_entry *e = (struct unique_entry *)(void *)unique->entry.data;

	if (unique->n)
		qsort(e, unique->n, sizeof(*e), compare);
	for (size_t i = 1; i < unique->n; i++)
		if (memcmp(e[i - 1].key, e[i].key, sizeof(e->key)) == 0)
			return rd_fail(
				err, RD_FAULT_MALFORMED, "table.unique",
				"column %.*s is declared unique, but rows %llu and %llu have "
				"the same value",
				RD_FMT(column), (unsigned long long)e[i - 1].row,
				(unsigned long long)e[i].row);
	return true;
}
