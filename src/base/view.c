/* Views, checked numbers, text: see redoubt/base.h. */
#include <redoubt/base.h>

#include <string.h>

struct rd_view rd_view_str(const char *text)
{
	return rd_view_of(text, strlen(text));
}

bool rd_view_eq(struct rd_view a, struct rd_view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int rd_view_cmp(struct rd_view a, struct rd_view b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.data, b.data, common) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool rd_view_starts(struct rd_view text, struct rd_view prefix)
{
	return text.len >= prefix.len && rd_view_eq(rd_view_of(text.data, prefix.len), prefix);
}

bool rd_view_all_zero(struct rd_view v)
{
	uint8_t any = 0;

	for (size_t i = 0; i < v.len; i++)
		any |= v.data[i];
	return any == 0;
}

bool rd_view_sub(struct rd_view v, size_t from, size_t len, struct rd_view *out)
{
	if (from > v.len || len > v.len - from)
		return false;
	*out = len ? rd_view_of(v.data + from, len) : rd_view_of(NULL, 0);
	return true;
}

bool rd_add_size(size_t a, size_t b, size_t *out)
{
	size_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

bool rd_mul_size(size_t a, size_t b, size_t *out)
{
	size_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*out = product;
	return true;
}

bool rd_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

static bool fail_number(struct rd_view text, struct rd_err *err)
{
	int shown = text.len < 40 ? (int)text.len : 40;

	return rd_fail(err, RD_FAULT_MALFORMED, "base.number.form", "'%.*s' is not a whole number",
		       shown, (const char *)text.data);
}

bool rd_parse_i64(struct rd_view text, int64_t min, int64_t max, int64_t *out, struct rd_err *err)
{
	bool negative = text.len > 0 && text.data[0] == '-';
	size_t i = negative ? 1 : 0;
	int64_t value = 0;

	if (i == text.len)
		return fail_number(text, err);
	for (; i < text.len; i++) {
		int digit = text.data[i] - '0';

		if (digit < 0 || digit > 9)
			return fail_number(text, err);
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return rd_fail(err, RD_FAULT_MALFORMED, "base.number.range",
				       "number does not fit 64 bits");
	}
	if (value < min || value > max)
		return rd_fail(err, RD_FAULT_MALFORMED, "base.number.range",
			       "%lld is outside %lld..%lld", (long long)value, (long long)min,
			       (long long)max);
	*out = value;
	return true;
}

/* Length of the well-formed sequence at p (RFC 3629 section 4), 0 if there is none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90; /* overlong */
	else if (p[0] == 0xf4)
		high = 0x8f; /* past U+10FFFF */
	if (len > left || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

#define NOT_ASCII 0x8080808080808080u

static bool ascii_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return (word & NOT_ASCII) == 0;
}

bool rd_utf8_valid(struct rd_view text)
{
	size_t i = 0;

	while (i < text.len) {
		size_t len = 8;

		/* Most text is ASCII; the last word may overlap the one before it. */
		if (text.len - i < 8 && i && text.len >= 8 && ascii_word(text.data + text.len - 8))
			return true;
		if (text.len - i < 8 || !ascii_word(text.data + i))
			len = utf8_len(text.data + i, text.len - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

#define WORD_MAX 63

/* Levenshtein distance of two words of at most WORD_MAX bytes. */
static size_t edit_distance(struct rd_view a, struct rd_view b)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = diagonal + (a.data[i - 1] != b.data[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.len];
}

const char *rd_nearest_word(struct rd_view word, const char *const *candidates)
{
	const char *nearest = NULL;
	size_t nearest_distance = word.len / 3 + 2;

	if (word.len > WORD_MAX)
		return NULL;
	for (; *candidates; candidates++) {
		struct rd_view candidate = rd_view_str(*candidates);
		size_t distance;

		if (candidate.len > WORD_MAX)
			continue;
		distance = edit_distance(word, candidate);
		if (distance < nearest_distance && distance < candidate.len) {
			nearest = *candidates;
			nearest_distance = distance;
		}
	}
	return nearest;
}
