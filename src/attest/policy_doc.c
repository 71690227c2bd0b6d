/* Policies as people write them. */
#include <redoubt/attest.h>
#include <redoubt/os.h>

struct source {
	const char *name;
	struct rd_arena *arena;
};

static bool wrong(const struct source *s, const struct rd_doc *at, const char *what,
		  struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "attest.policy", "%s:%u:%u: %s", s->name, at->line,
		       at->column, what);
}

static bool need(const struct source *s, const struct rd_doc *map, const char *key,
		 enum rd_doc_kind kind, const struct rd_doc **out, struct rd_err *err)
{
	static const char *const kinds[] = { "nothing", "a word", "a list", "a map" };

	*out = rd_doc_get(map, key);
	if (!*out)
		return rd_fail(err, RD_FAULT_MALFORMED, "attest.policy",
			       "%s:%u:%u: `%s` is missing", s->name, map->line, map->column, key);
	return (*out)->kind == kind ||
	       rd_fail(err, RD_FAULT_MALFORMED, "attest.policy", "%s:%u:%u: `%s` must be %s",
		       s->name, (*out)->line, (*out)->column, key, kinds[kind]);
}

static bool hex(const struct source *s, const struct rd_doc *doc, size_t len, struct rd_view *out,
		struct rd_err *err)
{
	struct rd_err why = { 0 };

	/* A list or a map has no text, and null is no hexadecimal. */
	if (!rd_unhex(s->arena, doc->text, out, &why) || out->len == 0 || (len && out->len != len))
		return wrong(s, doc, "not hexadecimal digits of the right number", err);
	return true;
}

static bool read_tees(const struct source *s, const struct rd_doc *map, struct rd_policy *out,
		      struct rd_err *err)
{
	const struct rd_doc *list;

	if (!need(s, map, "tees", RD_DOC_LIST, &list, err))
		return false;
	if (list->n > RD_POLICY_TEES_MAX)
		return wrong(s, list, "too many technologies", err);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct rd_tee *tee = rd_tee_by_name(list->item[i].text);

		if (!tee)
			return wrong(s, &list->item[i], "not the name of a technology", err);
		/* A policy that nothing here could ever satisfy is a slip of the writer. */
		if (tee->level < out->min_level)
			return rd_fail(err, RD_FAULT_MALFORMED, "attest.policy",
				       "%s:%u:%u: technology '%s' never reaches level %s", s->name,
				       list->item[i].line, list->item[i].column, tee->name,
				       rd_level_name(out->min_level));
		out->tee[out->n_tees++] = list->item[i].text;
	}
	return true;
}

static bool read_measurements(const struct source *s, const struct rd_doc *map,
			      struct rd_policy *out, struct rd_err *err)
{
	static const char *const known[] = { "name", "enclave", "platform", NULL };
	const struct rd_doc *list, *name, *enclave, *platform;
	struct rd_reference *r;

	if (!need(s, map, "measurements", RD_DOC_LIST, &list, err))
		return false;
	r = RD_NEW_ARRAY(s->arena, struct rd_reference, list->n, err);
	if (!r)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct rd_doc *item = &list->item[i];

		if (!rd_doc_only(s->name, item, known, err) ||
		    !need(s, item, "name", RD_DOC_SCALAR, &name, err) ||
		    !need(s, item, "enclave", RD_DOC_SCALAR, &enclave, err) ||
		    !hex(s, enclave, RD_MEASUREMENT_LEN, &r[i].measurement, err))
			return false;
		r[i].name = name->text;
		platform = rd_doc_get(item, "platform");
		if (platform && !hex(s, platform, 0, &r[i].platform_digest, err))
			return false;
	}
	out->reference = r;
	out->n_references = list->n;
	return true;
}

static bool read_platforms(const struct source *s, const struct rd_doc *map, struct rd_policy *out,
			   struct rd_err *err)
{
	static const char *const known[] = { "name", "id", NULL };
	const struct rd_doc *list = rd_doc_get(map, "platforms"), *name, *id;
	struct rd_platform *p;

	if (list && list->kind == RD_DOC_SCALAR && !list->quoted &&
	    rd_view_eq(list->text, rd_view_str("any"))) {
		out->any_platform = true;
		return true;
	}
	if (!need(s, map, "platforms", RD_DOC_LIST, &list, err))
		return false;
	p = RD_NEW_ARRAY(s->arena, struct rd_platform, list->n, err);
	if (!p)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct rd_doc *item = &list->item[i];

		if (!rd_doc_only(s->name, item, known, err) ||
		    !need(s, item, "name", RD_DOC_SCALAR, &name, err) ||
		    !need(s, item, "id", RD_DOC_SCALAR, &id, err) || !hex(s, id, 0, &p[i].id, err))
			return false;
		p[i].name = name->text;
	}
	out->platform = p;
	out->n_platforms = list->n;
	return true;
}

static bool layer_of(struct rd_view name, uint32_t *out)
{
	for (uint32_t bit = 1; bit & RD_SANDBOX_ALL; bit <<= 1)
		if (rd_view_eq(name, rd_view_str(rd_os_sandbox_layer_name(bit)))) {
			*out = bit;
			return true;
		}
	return false;
}

static bool read_sandbox(const struct source *s, const struct rd_doc *map, struct rd_policy *out,
			 struct rd_err *err)
{
	const struct rd_doc *list = rd_doc_get(map, "sandbox_may_miss");
	uint32_t bit = 0;

	if (!list) {
		out->sandbox_may_miss =
			RD_SANDBOX_ALL & ~(uint32_t)(RD_SANDBOX_NAMESPACES | RD_SANDBOX_SECCOMP |
						     RD_SANDBOX_NOT_DUMPABLE);
		return true;
	}
	if (list->kind != RD_DOC_LIST)
		return wrong(s, list, "a list of layers was expected", err);
	for (uint32_t i = 0; i < list->n; i++) {
		if (!layer_of(list->item[i].text, &bit))
			return wrong(s, &list->item[i], "not a layer of the sandbox", err);
		out->sandbox_may_miss |= bit;
	}
	return true;
}

static bool read_configs(const struct source *s, const struct rd_doc *map, struct rd_policy *out,
			 struct rd_err *err)
{
	const struct rd_doc *list = rd_doc_get(map, "launch_configs");
	struct rd_view *config;

	if (!list)
		return true;
	if (list->kind != RD_DOC_LIST || list->n == 0)
		return wrong(s, list, "a list of digests was expected, not an empty one", err);
	config = RD_NEW_ARRAY(s->arena, struct rd_view, list->n, err);
	if (!config)
		return false;
	for (uint32_t i = 0; i < list->n; i++)
		if (!hex(s, &list->item[i], RD_SHA256_LEN, &config[i], err))
			return false;
	out->launch_config = config;
	out->n_launch_configs = list->n;
	return true;
}

static bool read_revocation(const struct source *s, const struct rd_doc *map, struct rd_policy *out,
			    struct rd_err *err)
{
	const struct rd_doc *word = rd_doc_get(map, "revocation");

	out->require_revocation = true;
	if (!word || rd_view_eq(word->text, rd_view_str("required")))
		return true;
	if (!rd_view_eq(word->text, rd_view_str("optional")))
		return wrong(s, word, "`revocation` is required or optional", err);
	out->require_revocation = false;
	return true;
}

bool rd_policy_from_doc(const struct rd_doc *doc, const char *name, struct rd_arena *arena,
			struct rd_policy *out, struct rd_err *err)
{
	static const char *const known[] = { "level",
					     "tees",
					     "measurements",
					     "platforms",
					     "sandbox_may_miss",
					     "launch_configs",
					     "revocation",
					     NULL };
	const struct source s = { .name = name, .arena = arena };
	const struct rd_doc *level;

	*out = (struct rd_policy){ 0 };
	if (!rd_doc_only(name, doc, known, err) ||
	    !need(&s, doc, "level", RD_DOC_SCALAR, &level, err))
		return false;
	if (!rd_level_parse(level->text, &out->min_level, err))
		return rd_wrap(err, "%s:%u:%u", name, level->line, level->column);
	if (!read_tees(&s, doc, out, err) || !read_measurements(&s, doc, out, err) ||
	    !read_platforms(&s, doc, out, err) || !read_sandbox(&s, doc, out, err) ||
	    !read_configs(&s, doc, out, err) || !read_revocation(&s, doc, out, err))
		return false;
	return rd_policy_check(out, err) || rd_wrap(err, "%s:%u:%u", name, doc->line, doc->column);
}
