/* The public description of a sealed table: what `seal` prints and rooms are made of. */
#include "room_int.h"

#include <string.h>

static void put_hex(struct rd_buf *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		rd_buf_printf(out, "%02x", bytes[i]);
}

bool rd_table_card_print(const struct rd_table_card *card, struct rd_buf *out, struct rd_err *err)
{
	char type[32];

	rd_buf_printf(out, "# What others need to know of a sealed table. No secret; for rooms.\n");
	rd_buf_printf(out, "dataset: ");
	rd_json_put_string(out, rd_view_str(card->id.dataset));
	rd_buf_printf(out, "\nowner_key_hash: ");
	put_hex(out, card->id.owner_key_hash, RD_SHA256_LEN);
	rd_buf_printf(out, "\nversion: %llu\nrows: %llu\ntail_digest: ",
		      (unsigned long long)card->id.version, (unsigned long long)card->rows);
	put_hex(out, card->tail_digest, RD_SHA256_LEN);
	rd_buf_printf(out, "\nfooter_commitment: ");
	put_hex(out, card->footer_commitment, RD_COMMITMENT_LEN);
	rd_buf_printf(out, "\ncolumns:\n");
	for (uint32_t i = 0; i < card->schema.n; i++) {
		const struct rd_column *c = &card->schema.column[i];

		rd_coltype_name(c->type, type);
		rd_buf_printf(out, "  - {name: ");
		rd_json_put_string(out, c->name);
		rd_buf_printf(out,
			      ", type: \"%s\", nullable: %s, class: %s, unique: %s, key: ", type,
			      c->type.nullable ? "true" : "false",
			      rd_class_name((enum rd_class)c->class_),
			      c->unique ? "true" : "false");
		put_hex(out, card->column_commitment[i], RD_COMMITMENT_LEN);
		rd_buf_printf(out, "}\n");
	}
	return rd_buf_ok(out, err);
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */

struct source {
	const char *name;
	struct rd_arena *arena;
};

static bool wrong(const struct source *s, const struct rd_doc *at, const char *what,
		  struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "room.card", "%s:%u:%u: %s", s->name, at->line,
		       at->column, what);
}

static bool word(const struct source *s, const struct rd_doc *map, const char *key,
		 struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *doc = rd_doc_get(map, key);

	if (!doc || doc->kind != RD_DOC_SCALAR)
		return rd_fail(err, RD_FAULT_MALFORMED, "room.card", "%s:%u:%u: `%s` is missing",
			       s->name, map->line, map->column, key);
	*out = doc->text;
	return true;
}

static bool digest(const struct source *s, const struct rd_doc *map, const char *key,
		   uint8_t out[32], struct rd_err *err)
{
	struct rd_view text, bytes;
	struct rd_err why = { 0 };

	if (!word(s, map, key, &text, err))
		return false;
	if (!rd_unhex(s->arena, text, &bytes, &why) || bytes.len != 32)
		return wrong(s, rd_doc_get(map, key), "64 hexadecimal digits were expected", err);
	memcpy(out, bytes.data, 32);
	return true;
}

static bool number(const struct source *s, const struct rd_doc *map, const char *key, uint64_t *out,
		   struct rd_err *err)
{
	struct rd_err why = { 0 };
	struct rd_view text;
	int64_t value = 0;

	if (!word(s, map, key, &text, err))
		return false;
	if (!rd_parse_i64(text, 0, INT64_MAX, &value, &why))
		return wrong(s, rd_doc_get(map, key), "a number was expected", err);
	*out = (uint64_t)value;
	return true;
}

static bool truth(const struct source *s, const struct rd_doc *map, const char *key, bool *out,
		  struct rd_err *err)
{
	struct rd_view text;

	if (!word(s, map, key, &text, err))
		return false;
	*out = rd_view_eq(text, rd_view_str("true"));
	return *out || rd_view_eq(text, rd_view_str("false")) ||
	       wrong(s, rd_doc_get(map, key), "true or false was expected", err);
}

static bool read_class(const struct source *s, const struct rd_doc *map, struct rd_column *c,
		       struct rd_err *err)
{
	struct rd_view text;

	if (!word(s, map, "class", &text, err))
		return false;
	for (c->class_ = RD_CLASS_HIDDEN; c->class_ <= RD_CLASS_VISIBLE; c->class_++)
		if (rd_view_eq(text, rd_view_str(rd_class_name((enum rd_class)c->class_))))
			return true;
	return wrong(s, rd_doc_get(map, "class"), "not a class", err);
}

static bool read_columns(const struct source *s, const struct rd_doc *doc,
			 struct rd_table_card *out, struct rd_err *err)
{
	static const char *const known[] = { "name",   "type", "nullable", "class",
					     "unique", "key",  NULL };
	const struct rd_doc *list = rd_doc_get(doc, "columns");
	uint8_t(*commitment)[RD_COMMITMENT_LEN];

	if (!list || list->kind != RD_DOC_LIST || list->n < 1 || list->n > RD_COLUMNS_MAX)
		return wrong(s, doc, "`columns` must be a list of 1 to 4,096", err);
	out->schema.n = list->n;
	out->schema.column = RD_NEW_ARRAY(s->arena, struct rd_column, list->n, err);
	commitment = rd_arena_alloc(s->arena, list->n, sizeof(*commitment), err);
	if (!out->schema.column || !commitment)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct rd_doc *item = &list->item[i];
		struct rd_column *c = &out->schema.column[i];
		struct rd_view type;

		if (item->kind != RD_DOC_MAP)
			return wrong(s, item, "a column is a map", err);
		if (!rd_doc_only(s->name, item, known, err) ||
		    !word(s, item, "name", &c->name, err) || !word(s, item, "type", &type, err))
			return false;
		if (!rd_coltype_parse(type, &c->type, err))
			return rd_wrap(err, "%s:%u:%u", s->name, item->line, item->column);
		if (!truth(s, item, "nullable", &c->type.nullable, err) ||
		    !truth(s, item, "unique", &c->unique, err) || !read_class(s, item, c, err) ||
		    !digest(s, item, "key", commitment[i], err))
			return false;
	}
	out->column_commitment = (const uint8_t(*)[RD_COMMITMENT_LEN])commitment;
	return true;
}

bool rd_table_card_parse(struct rd_view text, const char *name, struct rd_arena *arena,
			 struct rd_table_card *out, struct rd_err *err)
{
	static const char *const known[] = { "dataset",     "owner_key_hash",    "version", "rows",
					     "tail_digest", "footer_commitment", "columns", NULL };
	const struct source s = { .name = name, .arena = arena };
	const struct rd_doc *doc;
	struct rd_view dataset;

	*out = (struct rd_table_card){ 0 };
	if (!rd_yaml_parse(arena, name, text, &doc, err))
		return false;
	if (doc->kind != RD_DOC_MAP)
		return wrong(&s, doc, "the description of a table is a map", err);
	if (!rd_doc_only(name, doc, known, err) || !word(&s, doc, "dataset", &dataset, err) ||
	    !digest(&s, doc, "owner_key_hash", out->id.owner_key_hash, err) ||
	    !number(&s, doc, "version", &out->id.version, err) ||
	    !number(&s, doc, "rows", &out->rows, err) ||
	    !digest(&s, doc, "tail_digest", out->tail_digest, err) ||
	    !digest(&s, doc, "footer_commitment", out->footer_commitment, err))
		return false;
	if (dataset.len == 0 || dataset.len > RD_TABLE_NAME_MAX ||
	    memchr(dataset.data, 0, dataset.len))
		return wrong(&s, doc, "a dataset's name has 1 to 128 bytes", err);
	memcpy(out->id.dataset, dataset.data, dataset.len);
	return read_columns(&s, doc, out, err);
}
