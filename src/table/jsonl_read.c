/* One object of scalars a line. */
#include "jsonl_int.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- lines ----------------------------------------------------------------------------------- */

static bool read_more(struct jsonl_reader *r, struct rd_err *err)
{
	if (r->text.len - r->text.at >= JSONL_RECORD_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.jsonl.form",
			       "%s: line %" PRIu64 " has more than %zu MiB", r->text.name, r->line,
			       JSONL_RECORD_MAX >> 20);
	return text_more(&r->text, err);
}

bool jsonl_open(struct jsonl_reader *r, const struct rd_blob *blob, const char *name,
		struct rd_err *err)
{
	*r = (struct jsonl_reader){ .text = { .blob = blob, .name = name } };
	r->member = calloc(RD_COLUMNS_MAX, sizeof(*r->member));
	if (!r->member)
		return rd_fail_errno(err, "base.memory", "members");
	return text_open(&r->text, err);
}

void jsonl_close(struct jsonl_reader *r)
{
	text_close(&r->text);
	if (r->strings.data)
		rd_wipe(r->strings.data, r->strings.cap);
	rd_store_free(&r->strings);
	free(r->member);
	r->member = NULL;
}

/* The next line without its end. */
static bool next_line(struct jsonl_reader *r, struct rd_view *out, bool *more, struct rd_err *err)
{
	for (;;) {
		const uint8_t *from = r->text.window.data + r->text.at;
		size_t left = r->text.len - r->text.at;
		const uint8_t *end = left > r->searched
					     ? memchr(from + r->searched, '\n', left - r->searched)
					     : NULL;

		if (end || (text_is_all(&r->text) && left)) {
			size_t len = end ? (size_t)(end - from) : left;

			r->text.at += len + (end != NULL);
			r->searched = 0;
			r->line++;
			*out = rd_view_of(from, len && from[len - 1] == '\r' ? len - 1 : len);
			*more = true;
			return true;
		}
		*more = false;
		if (text_is_all(&r->text))
			return true;
		r->searched = left;
		if (!read_more(r, err))
			return false;
	}
}

/* ---- objects --------------------------------------------------------------------------------- */

struct scan {
	struct jsonl_reader *r;
	const uint8_t *p, *end, *start;
	struct rd_err *err;
};

static bool bad(const struct scan *s, const char *what)
{
	return rd_fail(s->err, RD_FAULT_MALFORMED, "table.jsonl.form",
		       "%s: line %" PRIu64 ", byte %zu: %s", s->r->text.name, s->r->line,
		       (size_t)(s->p - s->start) + 1, what);
}

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

static bool take(struct scan *s, uint8_t byte)
{
	skip_blanks(s);
	if (s->p == s->end || *s->p != byte)
		return false;
	s->p++;
	return true;
}

static bool hex4(struct scan *s, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, s->p++) {
		uint8_t c = s->p < s->end ? *s->p : 0;
		uint32_t digit = c >= '0' && c <= '9'   ? c - (uint32_t)'0'
				 : c >= 'a' && c <= 'f' ? c - (uint32_t)'a' + 10
				 : c >= 'A' && c <= 'F' ? c - (uint32_t)'A' + 10
							: 16;

		if (digit > 15)
			return bad(s, "\\u takes four hexadecimal digits");
		*out = *out << 4 | digit;
	}
	return true;
}

static uint8_t *put_utf8(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (uint8_t)c;
	} else if (c < 0x800) {
		*out++ = (uint8_t)(0xC0 | c >> 6);
		*out++ = (uint8_t)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*out++ = (uint8_t)(0xE0 | c >> 12);
		*out++ = (uint8_t)(0x80 | (c >> 6 & 63));
		*out++ = (uint8_t)(0x80 | (c & 63));
	} else {
		*out++ = (uint8_t)(0xF0 | c >> 18);
		*out++ = (uint8_t)(0x80 | (c >> 12 & 63));
		*out++ = (uint8_t)(0x80 | (c >> 6 & 63));
		*out++ = (uint8_t)(0x80 | (c & 63));
	}
	return out;
}

/* Behind \u: a character, of surrogates two escapes. */
static bool unicode_escape(struct scan *s, uint32_t *out)
{
	uint32_t low;

	if (!hex4(s, out))
		return false;
	if (*out == 0)
		return bad(s, "text cannot hold U+0000");
	if (*out < 0xD800 || *out > 0xDFFF)
		return true;
	if (*out > 0xDBFF || s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u')
		return bad(s, "half a surrogate pair");
	s->p += 2;
	if (!hex4(s, &low))
		return false;
	if (low < 0xDC00 || low > 0xDFFF)
		return bad(s, "half a surrogate pair");
	*out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
	return true;
}

static bool escape(struct scan *s, uint8_t **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found = s->p < s->end && *s->p ? strchr(from, *s->p) : NULL;
	uint32_t c = 0;

	if (found) {
		*(*out)++ = (uint8_t)to[found - from];
		s->p++;
		return true;
	}
	if (s->p == s->end || *s->p != 'u')
		return bad(s, "an escape that JSON does not have");
	s->p++;
	if (!unicode_escape(s, &c))
		return false;
	*out = put_utf8(*out, c);
	return true;
}

/* Behind the opening quote.  What is unescaped is never longer than what was written. */
static bool string(struct scan *s, struct rd_view *view)
{
	struct jsonl_reader *r = s->r;
	uint8_t *from = r->strings.data + r->strings_len, *out = from;

	while (s->p < s->end && *s->p != '"') {
		if (*s->p < 0x20)
			return bad(s, "a control character inside a string");
		if (*s->p == '\\') {
			s->p++;
			if (!escape(s, &out))
				return false;
		} else {
			*out++ = *s->p++;
		}
	}
	if (s->p == s->end)
		return bad(s, "a string that does not end");
	s->p++;
	*view = rd_view_of(from, (size_t)(out - from));
	r->strings_len += view->len;
	return rd_utf8_valid(*view) || bad(s, "text that is not UTF-8");
}

static size_t digits(struct scan *s)
{
	const uint8_t *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return (size_t)(s->p - from);
}

static bool number(struct scan *s, struct rd_view *view)
{
	const uint8_t *from = s->p;
	size_t whole;

	if (*s->p == '-')
		s->p++;
	whole = digits(s);
	if (whole == 0 || (whole > 1 && s->p[-(ptrdiff_t)whole] == '0'))
		return bad(s, "a number begins with a digit, and with 0 only where that is all");
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (digits(s) == 0)
			return bad(s, "a number ends with its point");
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (digits(s) == 0)
			return bad(s, "an exponent without digits");
	}
	*view = rd_view_of(from, (size_t)(s->p - from));
	return true;
}

static bool word(struct scan *s, struct jsonl_member *m)
{
	static const struct {
		const char *text;
		enum jsonl_kind kind;
	} words[] = { { "null", JSONL_NULL }, { "true", JSONL_BOOL }, { "false", JSONL_BOOL } };

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(words[i].text);

		if ((size_t)(s->end - s->p) >= len && memcmp(s->p, words[i].text, len) == 0) {
			m->kind = words[i].kind;
			m->text = rd_view_of(s->p, len);
			s->p += len;
			return true;
		}
	}
	return bad(s, "a value is expected: text, a number, true, false or null");
}

static bool value(struct scan *s, struct jsonl_member *m)
{
	skip_blanks(s);
	if (s->p < s->end && (*s->p == '{' || *s->p == '['))
		return rd_fail(s->err, RD_FAULT_MALFORMED, "table.jsonl.type",
			       "%s: line %" PRIu64 ", column %.*s: a list or an object; a table's "
			       "values are text, numbers, true, false and null",
			       s->r->text.name, s->r->line, RD_FMT(m->name));
	if (take(s, '"')) {
		m->kind = JSONL_TEXT;
		return string(s, &m->text);
	}
	if (s->p < s->end && (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))) {
		m->kind = JSONL_NUMBER;
		return number(s, &m->text);
	}
	return word(s, m);
}

static bool member(struct scan *s)
{
	struct jsonl_reader *r = s->r;
	struct jsonl_member *m = &r->member[r->n];

	if (r->n == RD_COLUMNS_MAX)
		return bad(s, "more members than a table has columns");
	if (!take(s, '"'))
		return bad(s, "a name in quotes is expected");
	if (!string(s, &m->name))
		return false;
	if (m->name.len == 0 || m->name.len > RD_COLUMN_NAME_MAX)
		return bad(s, "a name is empty or too long");
	if (!take(s, ':'))
		return bad(s, "a colon is expected behind a name");
	r->n++;
	return value(s, m);
}

static bool object(struct scan *s)
{
	if (!take(s, '{'))
		return bad(s, "an object is expected: {\"column\": value, ...}");
	if (take(s, '}'))
		return true;
	do {
		if (!member(s))
			return false;
	} while (take(s, ','));
	return take(s, '}') || bad(s, "a comma or } is expected behind a value");
}

bool jsonl_next(struct jsonl_reader *r, bool *more, struct rd_err *err)
{
	struct rd_view line;
	struct scan s = { .r = r, .err = err };

	do {
		if (!next_line(r, &line, more, err))
			return false;
		if (!*more)
			return true;
		s.p = s.start = line.data;
		s.end = line.data + line.len;
		skip_blanks(&s);
	} while (s.p == s.end);
	r->n = 0;
	r->strings_len = 0;
	if (!rd_store_grow(&r->strings, line.len, 0, err) || !object(&s))
		return false;
	skip_blanks(&s);
	return s.p == s.end || bad(&s, "text behind the object");
}
