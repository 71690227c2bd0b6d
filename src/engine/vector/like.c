/* LIKE: pieces in order; a run of anything tries the next piece at each place, greedily from the
 * left, which is enough because runs need no backtracking further than the last one. */
#include "vector_int.h"

/* Next place of needle (not empty) in text at or after `from`; text.len where there is none. */
static size_t find(struct rd_view text, size_t from, struct rd_view needle)
{
	const uint8_t *at;

	if (from > text.len || needle.len > text.len - from)
		return text.len;
	at = memmem(text.data + from, text.len - from, needle.data, needle.len);
	return at ? (size_t)(at - text.data) : text.len;
}

static size_t next_char(struct rd_view text, size_t at)
{
	for (at++; at < text.len && (text.data[at] & 0xc0) == 0x80; at++)
		;
	return at;
}

/* Matches items up to the next run or the end; *end is where that stopped. */
static bool match_piece(const struct rd_like_item *item, uint32_t n, struct rd_view text, size_t at,
			size_t *end)
{
	for (uint32_t i = 0; i < n && item[i].kind != RD_LIKE_ANY_RUN; i++) {
		if (item[i].kind == RD_LIKE_ANY_CHAR) {
			if (at >= text.len)
				return false;
			at = next_char(text, at);
			continue;
		}
		if (item[i].bytes.len > text.len - at ||
		    memcmp(text.data + at, item[i].bytes.data, item[i].bytes.len) != 0)
			return false;
		at += item[i].bytes.len;
	}
	*end = at;
	return true;
}

static uint32_t piece_len(const struct rd_like_item *item, uint32_t n)
{
	uint32_t i = 0;

	while (i < n && item[i].kind != RD_LIKE_ANY_RUN)
		i++;
	return i;
}

bool rd_v_like(const struct rd_like_item *item, uint32_t n, struct rd_view text)
{
	uint32_t i = piece_len(item, n);
	size_t at = 0, end = 0;
	bool last;

	if (!match_piece(item, i, text, 0, &at))
		return false;
	if (i == n)
		return at == text.len;
	while (i < n) {
		const struct rd_like_item *piece = item + ++i;
		uint32_t len = piece_len(piece, n - i);

		if (len == 0)
			return true;
		last = i + len == n;
		for (;; at = next_char(text, at)) {
			if (piece->kind == RD_LIKE_BYTES)
				at = find(text, at, piece->bytes);
			if (at >= text.len)
				return false;
			if (match_piece(piece, len, text, at, &end) && (!last || end == text.len))
				break;
		}
		at = end;
		i += len;
	}
	return true;
}
