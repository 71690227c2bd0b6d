/* Types from all values of a column. */
#include "infer_int.h"

/* What a column's values look like: a set. */
enum seen {
	SEEN_INT = 1,    /* fits int64 */
	SEEN_BIG = 2,    /* more digits, up to 38 */
	SEEN_POINT = 4,  /* digits with a point */
	SEEN_DOUBLE = 8, /* any other number */
	SEEN_WORD = 16,  /* NaN or Infinity: a number only among numbers */
	SEEN_BOOL = 32,
	SEEN_DATE = 64,
	SEEN_TIMESTAMP = 128,
	SEEN_TEXT = 256,
};
#define SEEN_NUMBERS (SEEN_INT | SEEN_BIG | SEEN_POINT | SEEN_DOUBLE | SEEN_WORD)

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool parses(struct rd_view text, enum rd_type type)
{
	struct rd_err ignored = { 0 };
	struct rd_value value;

	return rd_value_parse(text, (struct rd_coltype){ .type = (uint8_t)type }, &value, &ignored);
}

static void most(uint32_t *out, size_t n)
{
	if (n > *out)
		*out = n > 1000 ? 1000 : (uint32_t)n;
}

/*
 * Digits and at most one point.  A leading zero or plus sign would be lost in a number, and is
 * what postcodes, account and telephone numbers begin with: such a column is text.
 */
static uint32_t number(struct rd_view t, struct infer *c)
{
	size_t at = t.data[0] == '-', whole, behind = 0, start;

	for (start = at; at < t.len && is_digit(t.data[at]);)
		at++;
	whole = at - start;
	if (whole > 1 && t.data[start] == '0')
		return parses(t, RD_DATE) || parses(t, RD_TIMESTAMP) ? 0 : SEEN_TEXT;
	if (at < t.len && t.data[at] == '.')
		for (at++; at < t.len && is_digit(t.data[at]); at++)
			behind++;
	if (at < t.len || whole + behind == 0 || (behind == 0 && t.data[t.len - 1] == '.'))
		return 0;
	most(&c->digits, whole == 1 && t.data[start] == '0' && behind ? 0 : whole);
	most(&c->scale, behind);
	if (behind)
		return SEEN_POINT;
	if (whole <= 18 || parses(t, RD_INT64))
		return SEEN_INT;
	return whole <= 38 ? SEEN_BIG : SEEN_DOUBLE;
}

static uint32_t look(struct rd_view t, struct infer *c)
{
	uint32_t seen = 0;

	if (t.len == 0)
		return SEEN_TEXT;
	if (rd_view_eq(t, rd_view_str("true")) || rd_view_eq(t, rd_view_str("false")))
		return SEEN_BOOL;
	if (rd_view_eq(t, rd_view_str("NaN")) || rd_view_eq(t, rd_view_str("Infinity")))
		return SEEN_WORD;
	if (!is_digit(t.data[0]) && t.data[0] != '-' && t.data[0] != '.')
		return SEEN_TEXT;
	seen = number(t, c);
	if (seen)
		return seen;
	if (parses(t, RD_DATE))
		return SEEN_DATE;
	if (parses(t, RD_TIMESTAMP))
		return SEEN_TIMESTAMP;
	return parses(t, RD_DOUBLE) ? SEEN_DOUBLE : SEEN_TEXT;
}

static struct rd_coltype number_type(const struct infer *c)
{
	uint32_t precision = c->digits + c->scale;

	if (c->seen == SEEN_WORD)
		return (struct rd_coltype){ .type = RD_TEXT };
	if (c->seen == SEEN_INT)
		return (struct rd_coltype){ .type = RD_INT64 };
	if (!(c->seen & (SEEN_DOUBLE | SEEN_WORD | SEEN_POINT)))
		return (struct rd_coltype){ .type = RD_DECIMAL, .precision = (uint8_t)c->digits };
	if (!(c->seen & (SEEN_DOUBLE | SEEN_WORD)) && precision <= 18)
		return (struct rd_coltype){ .type = RD_DECIMAL,
					    .precision = (uint8_t)(precision ? precision : 1),
					    .scale = (uint8_t)c->scale };
	return (struct rd_coltype){ .type = RD_DOUBLE };
}

struct rd_coltype infer_type(const struct infer *c)
{
	struct rd_coltype type = { .type = RD_TEXT };

	if (c->seen == SEEN_BOOL)
		type.type = RD_BOOL;
	else if (c->seen == SEEN_DATE)
		type.type = RD_DATE;
	else if (c->seen && !(c->seen & ~(uint32_t)(SEEN_DATE | SEEN_TIMESTAMP)))
		type.type = RD_TIMESTAMP;
	else if (c->seen && !(c->seen & ~(uint32_t)SEEN_NUMBERS))
		type = number_type(c);
	type.nullable = c->null || c->seen == 0;
	return type;
}

void infer_look(struct infer *c, struct rd_view text)
{
	if (!infer_is_text(c))
		c->seen |= look(text, c);
}

void infer_look_number(struct infer *c, struct rd_view text)
{
	uint32_t seen = look(text, c);

	/* Too large for a double: loading says so. */
	c->seen |= seen == SEEN_TEXT ? SEEN_DOUBLE : seen;
}

void infer_look_quoted(struct infer *c, struct rd_view text)
{
	bool digit = text.len && is_digit(text.data[0]);

	if (!infer_is_text(c))
		c->seen |= digit && parses(text, RD_DATE)        ? SEEN_DATE
			   : digit && parses(text, RD_TIMESTAMP) ? SEEN_TIMESTAMP
								 : SEEN_TEXT;
}

bool infer_is_text(const struct infer *c)
{
	return c->seen & SEEN_TEXT;
}
