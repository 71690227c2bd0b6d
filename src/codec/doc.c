/* What YAML and JSON share: the tree, its limits, and questions to it. */
#include "doc_int.h"

#include <stdio.h>
#include <string.h>

bool rd_doc_fail(struct rd_doc_builder *b, struct rd_doc_place at, const char *code,
		 const char *what, struct rd_view about)
{
	int about_len = about.len < 80 ? (int)about.len : 80;
	const char *colon = about.len ? ": " : "";
	const char *text = about.len ? (const char *)about.data : "";
	if (at.line)
		return rd_fail(b->err, RD_FAULT_MALFORMED, code, "%s:%u:%u: %s%s%.*s", b->name,
			       at.line, at.column, what, colon, about_len, text);
	return rd_fail(b->err, RD_FAULT_MALFORMED, code, "%s: %s%s%.*s", b->name, what, colon,
		       about_len, text);
}

/* The place of byte `at` of a text. */
static struct rd_doc_place place_of(struct rd_view text, size_t at)
{
	struct rd_doc_place place = { 1, 1 };
	for (size_t i = 0; i < at; i++) {
		place.column++;
		if (text.data[i] == '\n')
			place = (struct rd_doc_place){ place.line + 1, 1 };
	}
	return place;
}

bool rd_doc_check_text(struct rd_doc_builder *b, struct rd_view text)
{
	const struct rd_doc_place nowhere = { 0, 0 };
	const struct rd_view none = { NULL, 0 };
	if (text.len > RD_DOC_TEXT_MAX)
		return rd_doc_fail(b, nowhere, "codec.doc.limit", "larger than 8 MiB", none);
	if (!rd_utf8_valid(text))
		return rd_doc_fail(b, nowhere, "codec.doc.text", "is not UTF-8", none);
	const uint8_t *nul = text.len ? memchr(text.data, 0, text.len) : NULL;
	if (nul)
		return rd_doc_fail(b, place_of(text, (size_t)(nul - text.data)), "codec.doc.text",
				   "a NUL byte", none);
	return true;
}

bool rd_doc_count(struct rd_doc_builder *b, struct rd_doc_place at, uint32_t depth)
{
	const struct rd_view none = { NULL, 0 };
	if (depth > RD_DOC_DEPTH_MAX)
		return rd_doc_fail(b, at, "codec.doc.limit", "nested more than 32 deep", none);
	if (++b->n_nodes > RD_DOC_NODES_MAX)
		return rd_doc_fail(b, at, "codec.doc.limit", "more than 65536 values", none);
	return true;
}

bool rd_doc_append(struct rd_doc_builder *b, struct rd_doc_children *to, enum rd_doc_kind kind,
		   const struct rd_doc *child)
{
	struct rd_doc_place at = { child->key_line, child->key_column };
	if (kind == RD_DOC_MAP && to->n >= RD_DOC_KEYS_MAX)
		return rd_doc_fail(b, at, "codec.doc.limit", "a map with more than 4096 keys",
				   child->key);
	for (uint32_t i = 0; kind == RD_DOC_MAP && i < to->n; i++)
		if (rd_view_eq(to->item[i].key, child->key))
			return rd_doc_fail(b, at, "codec.doc.duplicate", "the key appears twice",
					   child->key);
	if (to->n == to->cap) {
		uint32_t cap = to->cap ? 2 * to->cap : 4;
		struct rd_doc *item = RD_NEW_ARRAY(b->arena, struct rd_doc, cap, b->err);
		if (!item)
			return false;
		if (to->n)
			memcpy(item, to->item, to->n * sizeof *item);
		to->item = item;
		to->cap = cap;
	}
	to->item[to->n++] = *child;
	return true;
}

const struct rd_doc *rd_doc_get(const struct rd_doc *map, const char *key)
{
	struct rd_view wanted = rd_view_str(key);
	if (map->kind != RD_DOC_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->n; i++)
		if (rd_view_eq(map->item[i].key, wanted))
			return &map->item[i];
	return NULL;
}

static bool is_known(struct rd_view key, const char *const *known)
{
	for (; *known; known++)
		if (rd_view_eq(key, rd_view_str(*known)))
			return true;
	return false;
}

bool rd_doc_only(const char *name, const struct rd_doc *map, const char *const *known,
		 struct rd_err *err)
{
	struct rd_doc_builder b = { .name = name, .err = err };
	const struct rd_view none = { NULL, 0 };
	if (map->kind != RD_DOC_MAP)
		return rd_doc_fail(&b, (struct rd_doc_place){ map->line, map->column },
				   "codec.doc.kind", "expected a map of keys and values", none);
	for (uint32_t i = 0; i < map->n; i++) {
		const struct rd_doc *entry = &map->item[i];
		struct rd_doc_place at = { entry->key_line, entry->key_column };
		if (is_known(entry->key, known))
			continue;
		const char *nearest = rd_nearest_word(entry->key, known);
		char what[96] = "unknown key";
		if (nearest)
			snprintf(what, sizeof what, "unknown key (did you mean \"%.40s\"?)",
				 nearest);
		return rd_doc_fail(&b, at, "codec.doc.key", what, entry->key);
	}
	return true;
}

static bool wrong_scalar(const char *name, const struct rd_doc *doc, const char *what,
			 struct rd_err *err)
{
	struct rd_doc_builder b = { .name = name, .err = err };
	const struct rd_view none = { NULL, 0 };

	return rd_doc_fail(&b, (struct rd_doc_place){ doc->line, doc->column }, "codec.doc.kind",
			   what, doc->kind == RD_DOC_SCALAR ? doc->text : none);
}

bool rd_doc_uint(const char *name, const struct rd_doc *doc, uint64_t max, uint64_t *out,
		 struct rd_err *err)
{
	uint64_t v = 0;

	if (doc->kind != RD_DOC_SCALAR || doc->quoted || doc->text.len == 0 || doc->text.len > 20)
		return wrong_scalar(name, doc, "expected a whole number", err);
	for (size_t i = 0; i < doc->text.len; i++) {
		uint8_t c = doc->text.data[i];

		if (c < '0' || c > '9' || v > (UINT64_MAX - 9) / 10)
			return wrong_scalar(name, doc, "expected a whole number", err);
		v = 10 * v + (uint64_t)(c - '0');
	}
	if (v > max)
		return wrong_scalar(name, doc, "the number is too large", err);
	*out = v;
	return true;
}

bool rd_doc_hex(const char *name, const struct rd_doc *doc, struct rd_arena *arena,
		struct rd_view *out, struct rd_err *err)
{
	struct rd_err unused = { 0 };

	if (doc->kind != RD_DOC_SCALAR || !rd_unhex(arena, doc->text, out, &unused))
		return wrong_scalar(name, doc, "expected hexadecimal", err);
	return true;
}
