/* The bytes of one member of a JSON object, as they were delivered: RFC 8259. */
#include "doc_int.h"

#include <string.h>

struct scan {
	struct rd_view in;
	size_t at;
};

static bool no_member(const char *member, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "codec.json.member",
		       "the JSON text is no object with one member \"%s\"", member);
}

static void skip_space(struct scan *s)
{
	while (s->at < s->in.len && memchr(" \t\r\n", s->in.data[s->at], 4))
		s->at++;
}

static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (s->at >= s->in.len || s->in.data[s->at] != (uint8_t)c)
		return false;
	s->at++;
	return true;
}

/* What is between the quotes, escapes as they stand. */
static bool string(struct scan *s, struct rd_view *out)
{
	size_t from;

	if (!take(s, '"'))
		return false;
	for (from = s->at; s->at < s->in.len; s->at++) {
		if (s->in.data[s->at] == '\\') {
			s->at++;
		} else if (s->in.data[s->at] == '"') {
			*out = rd_view_of(s->in.data + from, s->at - from);
			s->at++;
			return true;
		}
	}
	return false;
}

/* One value, however deep: only brackets and strings matter for where it ends. */
static bool value(struct scan *s, struct rd_view *out)
{
	struct rd_view text;
	size_t depth = 0, from;

	skip_space(s);
	from = s->at;
	while (s->at < s->in.len) {
		uint8_t c = s->in.data[s->at];

		if (c == '"') {
			if (!string(s, &text))
				return false;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			break;
		else if (c == '}' || c == ']')
			depth--;
		s->at++;
	}
	*out = rd_view_of(s->in.data + from, s->at - from);
	while (out->len && memchr(" \t\r\n", out->data[out->len - 1], 4))
		out->len--;
	return out->len > 0;
}

bool rd_json_slice(struct rd_view text, const char *member, struct rd_view *out, struct rd_err *err)
{
	struct scan s = { .in = text };
	struct rd_view key, item, found = { 0 };

	if (!take(&s, '{'))
		return no_member(member, err);
	do {
		if (!string(&s, &key) || !take(&s, ':') || !value(&s, &item))
			return no_member(member, err);
		if (!rd_view_eq(key, rd_view_str(member)))
			continue;
		if (found.data)
			return no_member(member, err);
		found = item;
	} while (take(&s, ','));
	if (!take(&s, '}') || !found.data)
		return no_member(member, err);
	skip_space(&s);
	while (s.at < text.len && text.data[s.at] == 0)
		s.at++;
	if (s.at != text.len)
		return no_member(member, err);
	*out = found;
	return true;
}
