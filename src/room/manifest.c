/* room.yaml to a room. */
#include "manifest_int.h"

#include <redoubt/os.h>

bool manifest_wrong(const struct manifest *m, const struct rd_doc *at, const char *what,
		    struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "room.manifest", "%s:%u:%u: %s", m->name, at->line,
		       at->column, what);
}

bool manifest_need(const struct manifest *m, const struct rd_doc *map, const char *key,
		   enum rd_doc_kind kind, const struct rd_doc **out, struct rd_err *err)
{
	static const char *const kinds[] = { "nothing", "a word", "a list", "a map" };

	*out = rd_doc_get(map, key);
	if (!*out)
		return rd_fail(err, RD_FAULT_MALFORMED, "room.manifest",
			       "%s:%u:%u: `%s` is missing", m->name, map->line, map->column, key);
	return (*out)->kind == kind ||
	       rd_fail(err, RD_FAULT_MALFORMED, "room.manifest", "%s:%u:%u: `%s` must be %s",
		       m->name, (*out)->line, (*out)->column, key, kinds[kind]);
}

bool manifest_number(const struct manifest *m, const struct rd_doc *map, const char *key,
		     uint64_t *value, struct rd_err *err)
{
	const struct rd_doc *doc = rd_doc_get(map, key);
	struct rd_err why = { 0 };
	int64_t number = 0;

	if (!doc)
		return true;
	if (doc->kind != RD_DOC_SCALAR || doc->quoted ||
	    !rd_parse_i64(doc->text, 0, INT64_MAX, &number, &why))
		return manifest_wrong(m, doc, "a number was expected", err);
	*value = (uint64_t)number;
	return true;
}

bool manifest_read(const struct manifest *m, const struct rd_doc *path, size_t max,
		   struct rd_view *out, struct rd_err *err)
{
	return m->files->read(m->files->ctx, path->text, max, m->arena, out, err) ||
	       rd_wrap(err, "%s:%u:%u", m->name, path->line, path->column);
}

static bool read_time(const struct manifest *m, const struct rd_doc *map, const char *key,
		      int64_t *out, struct rd_err *err)
{
	const struct rd_doc *doc;

	if (!manifest_need(m, map, key, RD_DOC_SCALAR, &doc, err))
		return false;
	return rd_os_time_parse(doc->text, out, err) ||
	       rd_wrap(err, "%s:%u:%u", m->name, doc->line, doc->column);
}

static bool read_previous(const struct manifest *m, const struct rd_doc *map, struct rd_err *err)
{
	const struct rd_doc *doc = rd_doc_get(map, "previous");
	struct rd_err why = { 0 };

	if (!doc)
		return true;
	if (doc->kind != RD_DOC_SCALAR ||
	    !rd_unhex(m->arena, doc->text, &m->room->previous, &why) ||
	    m->room->previous.len != RD_SHA256_LEN)
		return manifest_wrong(m, doc, "the hash of a room has 64 hexadecimal digits", err);
	return true;
}

static bool read_head(const struct manifest *m, const struct rd_doc *doc, struct rd_err *err)
{
	const struct rd_doc *id, *engine = rd_doc_get(doc, "engine");
	struct rd_room *room = m->room;

	if (!manifest_need(m, doc, "room", RD_DOC_SCALAR, &id, err))
		return false;
	room->id = id->text;
	room->sequence = 1;
	room->plan_version = RD_PLAN_VERSION;
	room->semantics_version = RD_SEMANTICS_VERSION;
	room->engine = rd_view_str("vector");
	if (engine && engine->kind != RD_DOC_SCALAR)
		return manifest_wrong(m, engine, "the name of an engine was expected", err);
	if (engine)
		room->engine = engine->text;
	return manifest_number(m, doc, "sequence", &room->sequence, err) &&
	       read_previous(m, doc, err) &&
	       read_time(m, doc, "not_before", &room->not_before_unix_s, err) &&
	       read_time(m, doc, "expires", &room->expires_unix_s, err);
}

bool rd_room_from_yaml(struct rd_view text, const char *name, const struct rd_room_files *files,
		       struct rd_arena *arena, struct rd_room *out, struct rd_err *err)
{
	static const char *const known[] = { "room",    "sequence", "previous", "not_before",
					     "expires", "engine",   "owners",   "tables",
					     "readers", "queries",  "accept",   NULL };
	const struct manifest m = { .name = name, .files = files, .arena = arena, .room = out };
	const struct rd_doc *doc, *part;

	*out = (struct rd_room){ 0 };
	if (!rd_yaml_parse(arena, name, text, &doc, err))
		return false;
	if (doc->kind != RD_DOC_MAP)
		return manifest_wrong(&m, doc, "a room is a map", err);
	if (!rd_doc_only(name, doc, known, err) || !read_head(&m, doc, err))
		return false;
	if (!manifest_need(&m, doc, "owners", RD_DOC_MAP, &part, err) ||
	    !manifest_owners(&m, part, err) ||
	    !manifest_need(&m, doc, "tables", RD_DOC_MAP, &part, err) ||
	    !manifest_tables(&m, part, err) ||
	    !manifest_need(&m, doc, "readers", RD_DOC_MAP, &part, err) ||
	    !manifest_readers(&m, part, err) ||
	    !manifest_need(&m, doc, "accept", RD_DOC_MAP, &part, err) ||
	    !rd_policy_from_doc(part, name, arena, &out->policy, err) ||
	    !manifest_need(&m, doc, "queries", RD_DOC_MAP, &part, err) ||
	    !manifest_queries(&m, part, err))
		return false;
	return room_check_parts(out, err) || rd_wrap(err, "%s", name);
}
