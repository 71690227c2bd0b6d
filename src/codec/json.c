/*
 * JSON by jansson, turned into the same tree as YAML.  jansson says where a syntax error is, but
 * not where a value was: nodes carry line and column 0.
 */
#include "doc_int.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct rd_doc_place nowhere = { 0, 0 };
static const struct rd_view none = { NULL, 0 };

static void json_drop(json_t **value)
{
	json_decref(*value);
}

/* The shortest text that reads back as the same double. */
static bool real_text(struct rd_doc_builder *b, double value, struct rd_view *out)
{
	char text[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		/* Bits, not values: -0.0 is kept. */
		if (strtod(text, NULL) <= value && strtod(text, NULL) >= value)
			break;
	}
	return rd_arena_copy(b->arena, rd_view_str(text), out, b->err);
}

static bool convert(struct rd_doc_builder *b, json_t *value, uint32_t depth, struct rd_doc *out);

static bool convert_object(struct rd_doc_builder *b, json_t *value, uint32_t depth,
			   struct rd_doc *out)
{
	struct rd_doc_children children = { NULL, 0, 0 };
	for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
		struct rd_doc child = { .kind = RD_DOC_NULL };
		/* Keys have no NUL in them: the text was searched for the byte, and jansson refuses
		 * its escape. */
		if (!rd_arena_copy(b->arena, rd_view_str(json_object_iter_key(at)), &child.key,
				   b->err) ||
		    !convert(b, json_object_iter_value(at), depth + 1, &child) ||
		    !rd_doc_append(b, &children, RD_DOC_MAP, &child))
			return false;
	}
	out->kind = RD_DOC_MAP;
	out->item = children.item;
	out->n = children.n;
	return true;
}

static bool convert_array(struct rd_doc_builder *b, json_t *value, uint32_t depth,
			  struct rd_doc *out)
{
	struct rd_doc_children children = { NULL, 0, 0 };
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct rd_doc child = { .kind = RD_DOC_NULL };
		if (!convert(b, json_array_get(value, i), depth + 1, &child) ||
		    !rd_doc_append(b, &children, RD_DOC_LIST, &child))
			return false;
	}
	out->kind = RD_DOC_LIST;
	out->item = children.item;
	out->n = children.n;
	return true;
}

/* Recursion ends at RD_DOC_DEPTH_MAX, jansson's own at 2,048. */
static bool convert(struct rd_doc_builder *b, json_t *value, uint32_t depth, struct rd_doc *out)
{
	if (!rd_doc_count(b, nowhere, depth))
		return false;
	out->kind = RD_DOC_SCALAR;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return convert_object(b, value, depth, out);
	case JSON_ARRAY:
		return convert_array(b, value, depth, out);
	case JSON_STRING:
		out->quoted = true;
		return rd_arena_copy(
			b->arena, rd_view_of(json_string_value(value), json_string_length(value)),
			&out->text, b->err);
	case JSON_INTEGER:
		return rd_arena_printf(b->arena, &out->text, b->err, "%" JSON_INTEGER_FORMAT,
				       json_integer_value(value));
	case JSON_REAL:
		return real_text(b, json_real_value(value), &out->text);
	case JSON_TRUE:
		return rd_arena_copy(b->arena, rd_view_str("true"), &out->text, b->err);
	case JSON_FALSE:
		return rd_arena_copy(b->arena, rd_view_str("false"), &out->text, b->err);
	case JSON_NULL:
		break;
	}
	out->kind = RD_DOC_NULL;
	return true;
}

bool rd_json_parse(struct rd_arena *arena, const char *name, struct rd_view text,
		   const struct rd_doc **out, struct rd_err *err)
{
	struct rd_doc_builder b = { .arena = arena, .name = name, .err = err };
	struct rd_doc *root = RD_NEW(arena, struct rd_doc, err);
	if (!root || !rd_doc_check_text(&b, text))
		return false;
	json_error_t why;
	const char *bytes = text.len ? (const char *)text.data : "";
	json_t *value RD_AUTO(json_drop) =
		json_loadb(bytes, text.len, JSON_REJECT_DUPLICATES, &why);
	if (!value) {
		struct rd_doc_place at = { why.line > 0 ? (uint32_t)why.line : 1,
					   why.column > 0 ? (uint32_t)why.column : 1 };
		bool twice = json_error_code(&why) == json_error_duplicate_key;
		return rd_doc_fail(&b, at, twice ? "codec.doc.duplicate" : "codec.json.syntax",
				   why.text, none);
	}
	if (!convert(&b, value, 0, root))
		return false;
	*out = root;
	return true;
}

void rd_json_put_string(struct rd_buf *out, struct rd_view text)
{
	rd_buf_add_byte(out, '"');
	while (text.len) {
		uint32_t c = 0xfffd;
		size_t len = rd_utf8_decode(text, &c);

		if (c == '\n')
			rd_buf_add(out, rd_view_str("\\n"));
		else if (len == 0 || rd_char_is_control(c))
			rd_buf_printf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			rd_buf_printf(out, "\\%c", (int)c);
		else
			rd_buf_add(out, rd_view_of(text.data, len));
		len = len ? len : 1;
		text = rd_view_of(text.data + len, text.len - len);
	}
	rd_buf_add_byte(out, '"');
}
