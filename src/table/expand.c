/* Encodings that are undone for a whole page: the result is the page in PLAIN. */
#include "recode_int.h"

static bool bad(struct recoding *r, const char *why)
{
	r->why = why;
	return false;
}

static bool too_large(struct recoding *r)
{
	r->is_large = true;
	return bad(r, "its values take more than 256 MiB");
}

/* Bytes of a stored value; 0: of differing length, or none that streams can be split of. */
static uint32_t fixed_width(const struct pq_leaf *leaf)
{
	switch (leaf->type) {
	case PQ_INT32:
	case PQ_FLOAT:
		return 4;
	case PQ_INT64:
	case PQ_DOUBLE:
		return 8;
	case PQ_FIXED:
		return leaf->type_length;
	default:
		return 0;
	}
}

static bool make_room(struct recoding *r, size_t len, struct rd_err *err)
{
	if (len > RD_EXPANDED_MAX)
		return too_large(r);
	if (!rd_store_grow(r->to, len, 0, err))
		return false;
	r->result = rd_view_of(r->to->data, len);
	return true;
}

static bool expand_ints(struct recoding *r, struct rd_err *err)
{
	uint32_t width = fixed_width(r->stored);
	size_t used = 0;

	if (r->stored->type != PQ_INT32 && r->stored->type != PQ_INT64)
		return bad(r, "deltas of values that are no integers");
	if (!make_room(r, (size_t)r->n * width, err))
		return false;
	return delta_ints(r->from, r->n, (uint8_t)width, r->to->data, &used) ||
	       bad(r, "its deltas do not decode");
}

static bool expand_streams(struct recoding *r, struct rd_err *err)
{
	uint32_t width = fixed_width(r->stored);

	if (width == 0 || width > 4096)
		return bad(r, "streams of values that have no fixed length");
	if (r->from.len / width != r->n || r->from.len % width)
		return bad(r, "its streams are not as long as its values");
	if (!make_room(r, r->from.len, err))
		return false;
	join_streams(r->from.data, r->n, width, r->to->data);
	return true;
}

/* Lengths first, then the bytes one after another. */
static bool expand_lengths(struct recoding *r, struct rd_err *err)
{
	const uint32_t *length;
	const uint8_t *p;
	uint64_t all = 0;
	size_t used = 0;
	uint8_t *out;

	if (r->stored->type != PQ_BYTE_ARRAY)
		return bad(r, "lengths of values that have none");
	if (!rd_store_grow(r->spare, (size_t)r->n * 4, 0, err))
		return false;
	length = (const uint32_t *)(const void *)r->spare->data;
	if (!delta_lengths(r->from, r->n, (uint32_t *)(void *)r->spare->data, &used))
		return bad(r, "its lengths do not decode");
	for (uint32_t i = 0; i < r->n; i++)
		all += length[i];
	if (all > r->from.len - used)
		return bad(r, "its values are longer than it is");
	if (!make_room(r, (size_t)all + (size_t)r->n * 4, err))
		return false;
	p = r->from.data + used;
	out = r->to->data;
	for (uint32_t i = 0; i < r->n; i++) {
		rd_store_le32(out, length[i]);
		memcpy(out + 4, p, length[i]);
		out += 4 + length[i];
		p += length[i];
	}
	return true;
}

/* Each value is a prefix of the one before and a suffix. */
static bool join_prefixes(struct recoding *r, const uint32_t *prefix, const uint32_t *suffix,
			  const uint8_t *p)
{
	bool is_fixed = r->stored->type == PQ_FIXED;
	uint8_t *out = r->to->data;
	const uint8_t *before = out;
	uint32_t before_len = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t len = prefix[i] + suffix[i];

		if (prefix[i] > before_len || (is_fixed && len != r->stored->type_length))
			return bad(r, "a value is no prefix of the one before and a suffix");
		if (!is_fixed) {
			rd_store_le32(out, len);
			out += 4;
		}
		memmove(out, before, prefix[i]);
		memcpy(out + prefix[i], p, suffix[i]);
		p += suffix[i];
		before = out;
		before_len = len;
		out += len;
	}
	return true;
}

static bool expand_prefixes(struct recoding *r, struct rd_err *err)
{
	uint32_t *prefix, *suffix;
	size_t used = 0, more = 0;
	uint64_t all = 0, suffixes = 0;

	if (r->stored->type != PQ_BYTE_ARRAY && r->stored->type != PQ_FIXED)
		return bad(r, "prefixes of values that are no bytes");
	if (!rd_store_grow(r->spare, (size_t)r->n * 8, 0, err))
		return false;
	prefix = (uint32_t *)(void *)r->spare->data;
	suffix = prefix + r->n;
	if (!delta_lengths(r->from, r->n, prefix, &used) ||
	    !delta_lengths(rd_view_of(r->from.data + used, r->from.len - used), r->n, suffix,
			   &more))
		return bad(r, "its lengths do not decode");
	used += more;
	for (uint32_t i = 0; i < r->n; i++) {
		all += (uint64_t)prefix[i] + suffix[i];
		suffixes += suffix[i];
	}
	if (suffixes > r->from.len - used)
		return bad(r, "its values are longer than it is");
	if (all > RD_EXPANDED_MAX)
		return too_large(r);
	if (!make_room(r, (size_t)all + (r->stored->type == PQ_FIXED ? 0 : (size_t)r->n * 4), err))
		return false;
	return join_prefixes(r, prefix, suffix, r->from.data + used);
}

bool recode_expand(struct recoding *r, enum pq_encoding encoding, struct rd_err *err)
{
	r->why = NULL;
	switch (encoding) {
	case PQ_DELTA_BINARY_PACKED:
		return expand_ints(r, err);
	case PQ_DELTA_LENGTH_BYTE_ARRAY:
		return expand_lengths(r, err);
	case PQ_DELTA_BYTE_ARRAY:
		return expand_prefixes(r, err);
	case PQ_BYTE_STREAM_SPLIT:
		return expand_streams(r, err);
	default:
		return rd_fail(err, RD_FAULT_REFUSED, "table.encoding", "encoding %d is not read",
			       (int)encoding);
	}
}
