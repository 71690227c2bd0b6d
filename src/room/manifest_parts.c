/* Owners, tables, readers and queries of a manifest. */
#include "manifest_int.h"

#include <stdlib.h>
#include <string.h>

#define PEM_MAX 8192u
#define CARD_MAX (4u << 20)

/* ---- keys
 * ---------------------------------------------------------------------------------------- */

static bool read_public(const struct manifest *m, const struct rd_doc *path, bool is_x25519,
			struct rd_view *out, struct rd_err *err)
{
	struct rd_view pem;
	uint8_t key[32];
	bool x25519 = false;

	if (!manifest_read(m, path, PEM_MAX, &pem, err))
		return false;
	if (!rd_pem_parse_public(pem, key, &x25519, err))
		return rd_wrap(err, "%s:%u:%u", m->name, path->line, path->column);
	if (x25519 != is_x25519)
		return manifest_wrong(m, path,
				      is_x25519 ? "an X25519 key (read.pub) was expected"
						: "an Ed25519 key was expected, this is X25519",
				      err);
	return rd_arena_copy(m->arena, rd_view_of(key, sizeof(key)), out, err);
}

static bool key_of(const struct manifest *m, const struct rd_doc *map, const char *key,
		   bool is_x25519, struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *path;

	return manifest_need(m, map, key, RD_DOC_SCALAR, &path, err) &&
	       read_public(m, path, is_x25519, out, err);
}

bool manifest_owners(const struct manifest *m, const struct rd_doc *map, struct rd_err *err)
{
	static const char *const known[] = { "sign", "tls", "release", "broker", NULL };
	struct rd_room_owner *owner = RD_NEW_ARRAY(m->arena, struct rd_room_owner, map->n, err);

	if (!owner)
		return false;
	for (uint32_t i = 0; i < map->n; i++) {
		const struct rd_doc *item = &map->item[i], *broker;

		if (item->kind != RD_DOC_MAP)
			return manifest_wrong(m, item, "an owner is a map of keys", err);
		owner[i].name = item->key;
		if (!rd_doc_only(m->name, item, known, err) ||
		    !key_of(m, item, "sign", false, &owner[i].sign_key, err) ||
		    !key_of(m, item, "tls", false, &owner[i].tls_key, err) ||
		    !key_of(m, item, "release", false, &owner[i].release_key, err))
			return false;
		broker = rd_doc_get(item, "broker");
		if (broker && (broker->kind != RD_DOC_SCALAR || broker->text.len > 256))
			return manifest_wrong(m, broker, "HOST:PORT was expected", err);
		if (broker)
			owner[i].broker = broker->text;
	}
	m->room->owner = owner;
	m->room->n_owners = map->n;
	return true;
}

bool manifest_readers(const struct manifest *m, const struct rd_doc *map, struct rd_err *err)
{
	static const char *const known[] = { "read", NULL };
	struct rd_room_reader *reader = RD_NEW_ARRAY(m->arena, struct rd_room_reader, map->n, err);

	if (!reader)
		return false;
	for (uint32_t i = 0; i < map->n; i++) {
		const struct rd_doc *item = &map->item[i];

		if (item->kind != RD_DOC_MAP)
			return manifest_wrong(m, item, "a reader is a map with `read`", err);
		reader[i].name = item->key;
		if (!rd_doc_only(m->name, item, known, err) ||
		    !key_of(m, item, "read", true, &reader[i].key, err))
			return false;
	}
	m->room->reader = reader;
	m->room->n_readers = map->n;
	return true;
}

/* ---- tables
 * --------------------------------------------------------------------------------------- */

static uint32_t find_column(const struct rd_schema *schema, struct rd_view name)
{
	for (uint32_t i = 0; i < schema->n; i++)
		if (rd_view_eq(schema->column[i].name, name))
			return i;
	return RD_NONE;
}

static bool no_column(const struct manifest *m, const struct rd_doc *at, struct rd_view name,
		      const struct rd_schema *schema, struct rd_err *err)
{
	const char **names = RD_NEW_ARRAY(m->arena, const char *, (size_t)schema->n + 1, err);
	const char *near;

	if (!names)
		return false;
	for (uint32_t i = 0; i < schema->n; i++) {
		struct rd_view copy;

		if (!rd_arena_copy(m->arena, schema->column[i].name, &copy, err))
			return false;
		names[i] = (const char *)copy.data;
	}
	near = rd_nearest_word(name, names);
	return rd_fail(err, RD_FAULT_MALFORMED, "room.manifest",
		       "%s:%u:%u: the table has no column '%.*s'%s%s%s", m->name, at->line,
		       at->column, RD_FMT(name), near ? ", did you mean '" : "", near ? near : "",
		       near ? "'?" : "");
}

static bool class_of(const struct manifest *m, const struct rd_doc *doc, uint8_t *out,
		     struct rd_err *err)
{
	if (doc->kind == RD_DOC_SCALAR)
		for (*out = RD_CLASS_HIDDEN; *out <= RD_CLASS_VISIBLE; (*out)++)
			if (rd_view_eq(doc->text,
				       rd_view_str(rd_class_name((enum rd_class) * out))))
				return true;
	return manifest_wrong(m, doc, "a class is hidden, join, aggregate, group or visible", err);
}

/* What the manifest names replaces the card's classes altogether; the rest is hidden. */
static bool read_classes(const struct manifest *m, const struct rd_doc *item,
			 struct rd_room_table *t, struct rd_err *err)
{
	const struct rd_doc *map = rd_doc_get(item, "columns");

	if (!map)
		return true;
	if (map->kind != RD_DOC_MAP)
		return manifest_wrong(m, map, "a map of column: class was expected", err);
	for (uint32_t i = 0; i < t->schema.n; i++)
		t->schema.column[i].class_ = RD_CLASS_HIDDEN;
	for (uint32_t i = 0; i < map->n; i++) {
		uint32_t c = find_column(&t->schema, map->item[i].key);

		if (c == RD_NONE)
			return no_column(m, &map->item[i], map->item[i].key, &t->schema, err);
		if (!class_of(m, &map->item[i], &t->schema.column[c].class_, err))
			return false;
	}
	return true;
}

static bool read_person(const struct manifest *m, const struct rd_doc *item,
			struct rd_room_table *t, struct rd_err *err)
{
	const struct rd_doc *doc = rd_doc_get(item, "person");

	t->person = RD_NONE;
	if (!doc)
		return true;
	if (doc->kind != RD_DOC_SCALAR)
		return manifest_wrong(m, doc, "the name of a column was expected", err);
	t->person = find_column(&t->schema, doc->text);
	return t->person != RD_NONE || no_column(m, doc, doc->text, &t->schema, err);
}

static bool take_card(const struct manifest *m, const struct rd_doc *at,
		      const struct rd_table_card *card, struct rd_room_table *t, struct rd_err *err)
{
	struct rd_view *commitment;
	uint8_t hash[RD_SHA256_LEN];

	if (!rd_sha256(m->room->owner[t->owner].sign_key, hash, err))
		return false;
	if (memcmp(hash, card->id.owner_key_hash, sizeof(hash)) != 0)
		return manifest_wrong(m, at,
				      "the table was sealed for another owner's sign key than the "
				      "one that the room names",
				      err);
	commitment = RD_NEW_ARRAY(m->arena, struct rd_view, card->schema.n, err);
	if (!commitment ||
	    !rd_arena_copy(m->arena, rd_view_str(card->id.dataset), &t->dataset, err) ||
	    !rd_arena_copy(m->arena, rd_view_of(card->tail_digest, RD_SHA256_LEN), &t->tail_digest,
			   err) ||
	    !rd_arena_copy(m->arena, rd_view_of(card->footer_commitment, RD_COMMITMENT_LEN),
			   &t->footer_commitment, err))
		return false;
	for (uint32_t i = 0; i < card->schema.n; i++)
		commitment[i] = rd_view_of(card->column_commitment[i], RD_COMMITMENT_LEN);
	t->column_commitment = commitment;
	t->version = card->id.version;
	t->schema = card->schema;
	return true;
}

static bool read_table(const struct manifest *m, const struct rd_doc *item, struct rd_room_table *t,
		       struct rd_err *err)
{
	static const char *const known[] = { "owner",    "table",   "person", "min_persons",
					     "min_cell", "columns", NULL };
	const struct rd_doc *owner, *path;
	struct rd_table_card card;
	struct rd_view text, copy;

	t->name = item->key;
	if (item->kind != RD_DOC_MAP)
		return manifest_wrong(m, item, "a table is a map", err);
	if (!rd_doc_only(m->name, item, known, err) ||
	    !manifest_need(m, item, "owner", RD_DOC_SCALAR, &owner, err) ||
	    !manifest_need(m, item, "table", RD_DOC_SCALAR, &path, err))
		return false;
	t->owner = rd_room_find_owner(m->room, owner->text);
	if (t->owner == RD_NONE)
		return manifest_wrong(m, owner, "no owner of this name is in the room", err);
	if (!manifest_read(m, path, CARD_MAX, &text, err) ||
	    !rd_arena_copy(m->arena, path->text, &copy, err) ||
	    !rd_table_card_parse(text, (const char *)copy.data, m->arena, &card, err) ||
	    !take_card(m, path, &card, t, err))
		return false;
	return read_classes(m, item, t, err) && read_person(m, item, t, err) &&
	       manifest_number(m, item, "min_persons", &t->min_persons, err) &&
	       manifest_number(m, item, "min_cell", &t->min_cell, err);
}

bool manifest_tables(const struct manifest *m, const struct rd_doc *map, struct rd_err *err)
{
	struct rd_room_table *table = RD_NEW_ARRAY(m->arena, struct rd_room_table, map->n, err);

	if (!table)
		return false;
	for (uint32_t i = 0; i < map->n; i++)
		if (!read_table(m, &map->item[i], &table[i], err))
			return false;
	m->room->table = table;
	m->room->n_tables = map->n;
	return true;
}

/* ---- queries
 * -------------------------------------------------------------------------------------- */

/* `sql: name.sql` is a file; anything with a blank in it is the text itself. */
static bool read_sql(const struct manifest *m, const struct rd_doc *item, struct rd_room_query *q,
		     struct rd_err *err)
{
	const struct rd_doc *sql;

	if (!manifest_need(m, item, "sql", RD_DOC_SCALAR, &sql, err))
		return false;
	if (memchr(sql->text.data, ' ', sql->text.len) ||
	    memchr(sql->text.data, '\n', sql->text.len))
		return rd_arena_copy(m->arena, sql->text, &q->sql, err);
	return manifest_read(m, sql, RD_SQL_TEXT_MAX, &q->sql, err);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool read_readers_of(const struct manifest *m, const struct rd_doc *item,
			    struct rd_room_query *q, struct rd_err *err)
{
	const struct rd_doc *list;
	uint32_t *reader;

	if (!manifest_need(m, item, "readers", RD_DOC_LIST, &list, err))
		return false;
	reader = RD_NEW_ARRAY(m->arena, uint32_t, list->n, err);
	if (!reader)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		reader[i] = list->item[i].kind == RD_DOC_SCALAR
				    ? rd_room_find_reader(m->room, list->item[i].text)
				    : RD_NONE;
		if (reader[i] == RD_NONE)
			return manifest_wrong(m, &list->item[i],
					      "no reader of this name is in the room", err);
	}
	qsort(reader, list->n, sizeof(*reader), by_number);
	q->reader = reader;
	q->n_readers = list->n;
	return true;
}

bool manifest_queries(const struct manifest *m, const struct rd_doc *map, struct rd_err *err)
{
	static const char *const known[] = { "sql", "readers", "max_runs", NULL };
	struct rd_room_query *query = RD_NEW_ARRAY(m->arena, struct rd_room_query, map->n, err);

	if (!query)
		return false;
	for (uint32_t i = 0; i < map->n; i++) {
		const struct rd_doc *item = &map->item[i];

		query[i] = (struct rd_room_query){ .name = item->key, .max_runs = 1 };
		if (item->kind != RD_DOC_MAP)
			return manifest_wrong(m, item, "a query is a map", err);
		if (!rd_doc_only(m->name, item, known, err) || !read_sql(m, item, &query[i], err) ||
		    !read_readers_of(m, item, &query[i], err) ||
		    !manifest_number(m, item, "max_runs", &query[i].max_runs, err))
			return false;
		if (!room_compile_query(m->room, &query[i], m->arena, err))
			return rd_wrap(err, "%s:%u:%u: query %.*s", m->name, item->line,
				       item->column, RD_FMT(item->key));
	}
	m->room->query = query;
	m->room->n_queries = map->n;
	return true;
}
