/* Text and dates, one value at a time. */
#include "ref_int.h"

#include <stdlib.h>
#include <string.h>

/* ---- text -------------------------------------------------------------------------------- */

/* Does a character begin here? */
static bool begins(uint8_t byte)
{
	return (byte & 0xc0) != 0x80;
}

static int64_t characters(struct rd_view t)
{
	int64_t n = 0;

	for (size_t i = 0; i < t.len; i++)
		n += begins(t.data[i]);
	return n;
}

/* Character by character: is its number, from 1, in [from, from + count)? */
static bool substring(struct rd_view t, int64_t from, const struct rd_value *count,
		      struct rd_value *out)
{
	rd_int128 end = count ? (rd_int128)from + count->i : (rd_int128)INT64_MAX + 1;
	rd_int128 at = 0;

	if (count && count->i < 0)
		return false;
	out->text = (struct rd_view){ t.data, 0 };
	for (size_t i = 0; i < t.len; i++) {
		at += begins(t.data[i]);
		if (at < from || at >= end)
			continue;
		if (out->text.len == 0)
			out->text.data = t.data + i;
		out->text.len++;
	}
	return true;
}

static bool change_case(struct ref_run *run, uint16_t op, struct rd_view t, struct rd_value *out)
{
	uint8_t *copy = rd_arena_alloc(run->arena, t.len, 1, run->err);

	if (!copy)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		copy[i] = t.data[i];
		if (op == RD_OP_UPPER && copy[i] >= 'a' && copy[i] <= 'z')
			copy[i] = (uint8_t)(copy[i] - 'a' + 'A');
		if (op == RD_OP_LOWER && copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (uint8_t)(copy[i] - 'A' + 'a');
	}
	out->text = rd_view_of(copy, t.len);
	return true;
}

static bool concat(struct ref_run *run, struct rd_view a, struct rd_view b, struct rd_value *out)
{
	uint8_t *both;

	if (a.len + b.len > RD_TEXT_MAX)
		return false;
	both = rd_arena_alloc(run->arena, a.len + b.len, 1, run->err);
	if (!both)
		return false;
	if (a.len)
		memcpy(both, a.data, a.len);
	if (b.len)
		memcpy(both + a.len, b.data, b.len);
	out->text = rd_view_of(both, a.len + b.len);
	return true;
}

bool ref_text(struct ref_run *run, uint16_t op, const struct rd_value *const arg[3],
	      struct rd_value *out)
{
	struct rd_view t = arg[0]->text;

	switch (op) {
	case RD_OP_SUBSTRING:
		return substring(t, arg[1]->i, arg[2], out);
	case RD_OP_LENGTH:
		out->i = characters(t);
		return true;
	case RD_OP_CONCAT:
		return concat(run, t, arg[1]->text, out);
	default:
		return change_case(run, op, t, out);
	}
}

/* Which byte positions a prefix of the pattern can have reached, piece by piece. */
bool ref_like(const struct rd_instr *in, struct rd_view t)
{
	bool *reached = calloc(t.len + 1, sizeof(bool)), *next = calloc(t.len + 1, sizeof(bool));
	bool *swap, matches;

	rd_assert(reached && next);
	reached[0] = true;
	for (uint32_t p = 0; p < in->n_list; p++) {
		const struct rd_like_item *item = &in->like[p];

		memset(next, 0, t.len + 1);
		for (size_t i = 0; i <= t.len; i++) {
			size_t to = i;

			if (!reached[i])
				continue;
			if (item->kind == RD_LIKE_ANY_RUN) {
				memset(next + i, 1, t.len + 1 - i);
				break;
			}
			if (item->kind == RD_LIKE_BYTES) {
				if (t.len - i >= item->bytes.len &&
				    memcmp(t.data + i, item->bytes.data, item->bytes.len) == 0)
					next[i + item->bytes.len] = true;
				continue;
			}
			if (i == t.len)
				continue;
			for (to = i + 1; to < t.len && !begins(t.data[to]);)
				to++;
			next[to] = true;
		}
		swap = reached;
		reached = next;
		next = swap;
	}
	matches = reached[t.len];
	free(reached);
	free(next);
	return matches;
}

/* ---- dates ------------------------------------------------------------------------------- */

#define DAY_US 86400000000

struct civil {
	int64_t year, month, day; /* month and day from 1; year 0 is 1 BC */
};

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_len(int64_t year, int64_t month)
{
	static const int64_t len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return len[month - 1] + (month == 2 && is_leap(year));
}

/* 400 years have 146097 days: whole cycles first, then year by year and month by month. */
static struct civil civil_of(int64_t days)
{
	int64_t cycles = days / 146097 - (days % 146097 < 0);
	struct civil c = { 1970 + 400 * cycles, 1, 1 };
	int64_t left = days - 146097 * cycles;

	while (left >= 365 + is_leap(c.year)) {
		left -= 365 + is_leap(c.year);
		c.year++;
	}
	while (left >= month_len(c.year, c.month)) {
		left -= month_len(c.year, c.month);
		c.month++;
	}
	c.day += left;
	return c;
}

static int64_t days_of(struct civil c)
{
	int64_t since = c.year - 1970, cycles = since / 400 - (since % 400 < 0);
	int64_t days = 146097 * cycles;

	for (int64_t y = 1970 + 400 * cycles; y < c.year; y++)
		days += 365 + is_leap(y);
	for (int64_t m = 1; m < c.month; m++)
		days += month_len(c.year, m);
	return days + c.day - 1;
}

bool ref_date_add(const struct rd_value *a, const struct rd_value *interval, struct rd_value *out)
{
	bool stamp = a->type.type == RD_TIMESTAMP;
	int64_t day = stamp ? a->i / DAY_US - (a->i % DAY_US < 0) : a->i;
	rd_int128 time = stamp ? a->i - (rd_int128)day * DAY_US : 0, us;
	struct civil c = civil_of(day);
	int64_t months = c.year * 12 + c.month - 1 + interval->interval.months;

	c.year = months / 12 - (months % 12 < 0);
	c.month = months - c.year * 12 + 1;
	if (c.day > month_len(c.year, c.month))
		c.day = month_len(c.year, c.month);
	us = (rd_int128)(days_of(c) + interval->interval.days) * DAY_US + time +
	     interval->interval.micros;
	if (us < INT64_MIN || us > INT64_MAX)
		return false;
	out->i = (int64_t)us;
	return true;
}

void ref_extract(int32_t field, const struct rd_value *a, struct rd_value *out)
{
	bool stamp = a->type.type == RD_TIMESTAMP;
	int64_t day = stamp ? a->i / DAY_US - (a->i % DAY_US < 0) : a->i;
	int64_t us = stamp ? (int64_t)(a->i - (rd_int128)day * DAY_US) : 0;
	struct civil c = civil_of(day);
	const rd_int128 fields[] = {
		/* There is no year 0. */
		[RD_FIELD_YEAR] = c.year > 0 ? c.year : c.year - 1,
		[RD_FIELD_MONTH] = c.month,
		[RD_FIELD_DAY] = c.day,
		[RD_FIELD_QUARTER] = (c.month + 2) / 3,
		[RD_FIELD_HOUR] = us / 3600000000,
		[RD_FIELD_MINUTE] = us / 60000000 % 60,
		[RD_FIELD_SECOND] = us % 60000000,
		[RD_FIELD_DOW] = ((day + 4) % 7 + 7) % 7, /* 1970-01-01 was a Thursday */
		[RD_FIELD_DOY] = day - days_of((struct civil){ c.year, 1, 1 }) + 1,
		[RD_FIELD_EPOCH] = stamp ? (rd_int128)a->i : (rd_int128)a->i * 86400,
	};

	out->d = fields[field];
}
