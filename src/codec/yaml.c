/*
 * YAML 1.2 by libfyaml's events: the tree is built here, so nothing that an alias or a tag could
 * do happens before it is refused.
 */
#include "doc_int.h"

#include <libfyaml.h>
#include <string.h>

struct parser {
	struct rd_doc_builder b;
	struct fy_parser *fy;
	struct fy_diag *diag;
	struct fy_event *event; /* the one looked at; owned by fy */
};

static const struct rd_view nothing = { NULL, 0 };

static void parser_drop(struct parser *p)
{
	if (p->event)
		fy_parser_event_free(p->fy, p->event);
	if (p->fy)
		fy_parser_destroy(p->fy);
	if (p->diag)
		fy_diag_destroy(p->diag);
}

/* libfyaml counts from 0; it may not know. */
static uint32_t from_one(int n)
{
	return n >= 0 ? (uint32_t)n + 1 : 1;
}

static struct rd_doc_place place(const struct parser *p)
{
	const struct fy_mark *mark = fy_event_start_mark(p->event);
	if (!mark)
		return (struct rd_doc_place){ 0, 0 };
	struct rd_doc_place at = { from_one(mark->line), from_one(mark->column) };
	/* libfyaml marks what stands behind the sign of an alias and behind an opening quote. */
	bool behind = p->event->type == FYET_ALIAS;
	if (p->event->type == FYET_SCALAR) {
		enum fy_scalar_style style = fy_token_scalar_style(p->event->scalar.value);
		behind = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
	}
	at.column -= behind && at.column > 1;
	return at;
}

static bool syntax(struct parser *p)
{
	void *iterator = NULL;
	struct fy_diag_error *e = fy_diag_errors_iterate(p->diag, &iterator);
	if (!e)
		return rd_doc_fail(&p->b, (struct rd_doc_place){ 0, 0 }, "codec.yaml.syntax",
				   "the text is not YAML", nothing);
	/* Here libfyaml counts both from 1. */
	struct rd_doc_place at = { e->line > 0 ? (uint32_t)e->line : 1,
				   e->column > 0 ? (uint32_t)e->column : 1 };
	return rd_doc_fail(&p->b, at, "codec.yaml.syntax", e->msg, nothing);
}

/* Moves on to the next event; an end of input where one must come is a syntax error. */
static bool next(struct parser *p)
{
	if (p->event)
		fy_parser_event_free(p->fy, p->event);
	p->event = fy_parser_parse(p->fy);
	return p->event ? true : syntax(p);
}

/* What would make a text mean something else than it shows. */
static bool check_bare(struct parser *p, struct fy_token *anchor, struct fy_token *tag)
{
	struct fy_token *found = anchor ? anchor : tag;
	if (!found)
		return true;
	const struct fy_mark *mark = fy_token_start_mark(found);
	struct rd_doc_place at = place(p);
	if (mark)
		at = (struct rd_doc_place){ from_one(mark->line), from_one(mark->column) };
	at.column -= anchor && at.column > 1; /* marked behind its sign */
	return rd_doc_fail(&p->b, at, "codec.yaml.feature",
			   anchor ? "anchors are not allowed here" : "tags are not allowed here",
			   nothing);
}

static bool scalar_text(struct parser *p, struct rd_view *text)
{
	size_t len = 0;
	const char *bytes = fy_token_get_text(p->event->scalar.value, &len);
	struct rd_view raw = rd_view_of(bytes, bytes ? len : 0);
	/* Escapes can make what the text itself was searched for. */
	if (!rd_utf8_valid(raw) || (raw.len && memchr(raw.data, 0, raw.len)))
		return rd_doc_fail(&p->b, place(p), "codec.doc.text",
				   "an escape that is no character", nothing);
	return rd_arena_copy(p->b.arena, raw, text, p->b.err);
}

static bool is_null(struct rd_view text)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (rd_view_eq(text, rd_view_str(words[i])))
			return true;
	return false;
}

static bool read_scalar(struct parser *p, struct rd_doc *out)
{
	if (!check_bare(p, p->event->scalar.anchor, p->event->scalar.tag) ||
	    !scalar_text(p, &out->text))
		return false;
	enum fy_scalar_style style = fy_token_scalar_style(p->event->scalar.value);
	out->quoted = style != FYSS_PLAIN && style != FYSS_ANY;
	out->kind = !out->quoted && is_null(out->text) ? RD_DOC_NULL : RD_DOC_SCALAR;
	return true;
}

static bool read_key(struct parser *p, struct rd_doc *entry)
{
	struct rd_doc key = { .kind = RD_DOC_NULL };
	struct rd_doc_place at = place(p);
	entry->key_line = at.line;
	entry->key_column = at.column;
	if (p->event->type == FYET_ALIAS)
		return rd_doc_fail(&p->b, at, "codec.yaml.feature", "aliases are not allowed here",
				   nothing);
	if (p->event->type != FYET_SCALAR)
		return rd_doc_fail(&p->b, at, "codec.yaml.feature", "a key must be plain text",
				   nothing);
	if (!read_scalar(p, &key))
		return false;
	if (key.kind == RD_DOC_NULL)
		return rd_doc_fail(&p->b, at, "codec.yaml.feature", "a key must not be empty",
				   nothing);
	if (!key.quoted && rd_view_eq(key.text, rd_view_str("<<")))
		return rd_doc_fail(&p->b, at, "codec.yaml.feature",
				   "merge keys are not allowed here", nothing);
	entry->key = key.text;
	return next(p);
}

static bool read_node(struct parser *p, uint32_t depth, struct rd_doc *out);

/* Reads up to and including the end event. */
static bool read_children(struct parser *p, uint32_t depth, struct rd_doc *out)
{
	struct rd_doc_children children = { NULL, 0, 0 };
	enum fy_event_type end = out->kind == RD_DOC_MAP ? FYET_MAPPING_END : FYET_SEQUENCE_END;
	if (!next(p))
		return false;
	while (p->event->type != end) {
		struct rd_doc child = { .kind = RD_DOC_NULL };
		if ((out->kind == RD_DOC_MAP && !read_key(p, &child)) ||
		    !read_node(p, depth + 1, &child) ||
		    !rd_doc_append(&p->b, &children, out->kind, &child) || !next(p))
			return false;
	}
	out->item = children.item;
	out->n = children.n;
	return true;
}

/* The node at the current event; afterwards the current event is its last.  Recursion ends at
 * RD_DOC_DEPTH_MAX. */
static bool read_node(struct parser *p, uint32_t depth, struct rd_doc *out)
{
	struct rd_doc_place at = place(p);
	out->line = at.line;
	out->column = at.column;
	if (!rd_doc_count(&p->b, at, depth))
		return false;
	switch (p->event->type) {
	case FYET_SCALAR:
		return read_scalar(p, out);
	case FYET_SEQUENCE_START:
		out->kind = RD_DOC_LIST;
		return check_bare(p, p->event->sequence_start.anchor,
				  p->event->sequence_start.tag) &&
		       read_children(p, depth, out);
	case FYET_MAPPING_START:
		out->kind = RD_DOC_MAP;
		return check_bare(p, p->event->mapping_start.anchor, p->event->mapping_start.tag) &&
		       read_children(p, depth, out);
	case FYET_ALIAS:
		return rd_doc_fail(&p->b, at, "codec.yaml.feature", "aliases are not allowed here",
				   nothing);
	default:
		return rd_doc_fail(&p->b, at, "codec.yaml.syntax", "a value is missing", nothing);
	}
}

static bool expect(struct parser *p, enum fy_event_type type, const char *what)
{
	if (!next(p))
		return false;
	if (p->event->type != type)
		return rd_doc_fail(&p->b, place(p), "codec.yaml.syntax", what, nothing);
	return true;
}

/* %YAML and %TAG lines come before everything but comments. */
static bool check_directives(struct parser *p, struct rd_view text)
{
	uint32_t line = 1;
	for (size_t at = 0; at < text.len; line++) {
		const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
		uint8_t first = text.data[at];
		if (first == '%')
			return rd_doc_fail(&p->b, (struct rd_doc_place){ line, 1 },
					   "codec.yaml.feature", "directives are not allowed here",
					   nothing);
		if (!end || (first != '#' && first != '\n' && first != '\r'))
			return true;
		at = (size_t)(end - text.data) + 1;
	}
	return true;
}

static bool start(struct parser *p, struct rd_view text)
{
	struct fy_diag_cfg diag_cfg = { .level = FYET_ERROR, .module_mask = ~0u };
	p->diag = fy_diag_create(&diag_cfg);
	if (!p->diag)
		return rd_fail(p->b.err, RD_FAULT_FAILED, "codec.yaml.library",
			       "%s: libfyaml gave no diagnostics", p->b.name);
	fy_diag_set_collect_errors(p->diag, true);
	struct fy_parse_cfg cfg = {
		.search_path = "",
		.flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
		.diag = p->diag,
	};
	p->fy = fy_parser_create(&cfg);
	if (!p->fy || fy_parser_set_string(p->fy, (const char *)text.data, text.len) != 0)
		return rd_fail(p->b.err, RD_FAULT_FAILED, "codec.yaml.library",
			       "%s: libfyaml gave no parser", p->b.name);
	return true;
}

bool rd_yaml_parse(struct rd_arena *arena, const char *name, struct rd_view text,
		   const struct rd_doc **out, struct rd_err *err)
{
	struct parser p RD_AUTO(
		parser_drop) = { .b = { .arena = arena, .name = name, .err = err } };
	struct rd_doc *root = RD_NEW(arena, struct rd_doc, err);
	if (!root || !rd_doc_check_text(&p.b, text) || !check_directives(&p, text))
		return false;
	/* libfyaml takes a NULL string for none at all. */
	if (!start(&p, text.len ? text : rd_view_of(" ", 1)) ||
	    !expect(&p, FYET_STREAM_START, "the text is not YAML") ||
	    !expect(&p, FYET_DOCUMENT_START, "the document is empty") || !next(&p) ||
	    !read_node(&p, 0, root) ||
	    !expect(&p, FYET_DOCUMENT_END, "something follows the document") ||
	    !expect(&p, FYET_STREAM_END, "a second document follows"))
		return false;
	*out = root;
	return true;
}
