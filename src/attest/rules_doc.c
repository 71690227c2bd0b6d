/* Evidence policies as people write them. */
#include "attest_int.h"

#include <redoubt/os.h>

#include <string.h>

#define KEYS_MAX 64u
#define STATUSES_MAX 64u

struct parse {
	const char *name;
	struct rd_arena *arena;
	struct rd_evidence_policy *out;
	struct rd_rule_setting *setting;
	struct rd_accepted_status *status;
	const struct rd_tee *tee;
	struct rd_view product;
	struct rd_err *err;
};

static bool wrong(struct parse *p, const struct rd_doc *at, const char *what)
{
	return rd_fail(p->err, RD_FAULT_MALFORMED, "attest.policy", "%s:%u:%u: %.*s: %s", p->name,
		       at->line, at->column, RD_FMT(at->key), what);
}

/* A value in the form that the rule's claim has, so that a slip is found here and not as a refusal.
 */
static bool check_value(struct parse *p, const struct rd_tee_rule *rule, const struct rd_doc *at,
			struct rd_rule_value *v)
{
	struct rd_err unused = { 0 };
	struct rd_view bytes;

	if (at->kind != RD_DOC_SCALAR || at->text.len == 0)
		return wrong(p, at, "expected a value");
	v->text = at->text;
	if (rule->kind == RD_RULE_AT_LEAST || rule->kind == RD_RULE_AT_MOST ||
	    rule->kind == RD_RULE_MAX_AGE)
		return rd_doc_uint(p->name, at, rule->kind == RD_RULE_MAX_AGE ? 36500 : UINT64_MAX,
				   &v->number, p->err);
	if (rule->value == RD_CLAIM_UINT)
		return rd_doc_uint(p->name, at, INT64_MAX, &v->number, p->err);
	if (rule->value == RD_CLAIM_TEXT)
		return true;
	if (!rd_unhex(p->arena, at->text, &bytes, &unused) || (rule->len && bytes.len != rule->len))
		return rd_fail(p->err, RD_FAULT_MALFORMED, "attest.policy",
			       "%s:%u:%u: %s: expected hexadecimal of %u bytes", p->name, at->line,
			       at->column, rule->key, rule->len);
	return true;
}

/* One value or a list of them, at the end of the setting's values. */
static bool read_values(struct parse *p, struct rd_rule_setting *s, struct rd_rule_value *values,
			struct rd_view key, const struct rd_doc *doc)
{
	uint32_t n = doc->kind == RD_DOC_LIST ? doc->n : 1;

	if (n == 0)
		return wrong(p, doc, "the list is empty: nothing would be accepted");
	for (uint32_t i = 0; i < n; i++) {
		if (s->n_values == RD_EVIDENCE_POLICY_VALUES_MAX)
			return wrong(p, doc, "more than 1024 values");
		values[s->n_values] = (struct rd_rule_value){ .key = key };
		if (!check_value(p, s->rule, doc->kind == RD_DOC_LIST ? &doc->item[i] : doc,
				 &values[s->n_values++]))
			return false;
	}
	return true;
}

static bool read_flag(struct parse *p, const struct rd_doc *doc, enum rd_flag *out)
{
	static const char *const words[] = { "allowed", "forbidden", "required" };

	for (int i = 0; i < 3; i++)
		if (doc->kind == RD_DOC_SCALAR && rd_view_eq(doc->text, rd_view_str(words[i]))) {
			*out = (enum rd_flag)i;
			return true;
		}
	return wrong(p, doc, "expected forbidden, allowed or required");
}

static bool add_setting(struct parse *p, const struct rd_tee_rule *rule, const struct rd_doc *doc)
{
	struct rd_rule_setting *s = &p->setting[p->out->n_settings];
	bool is_map = rule->claim[strlen(rule->claim) - 1] == '.';
	size_t room = doc->kind == RD_DOC_LIST ? doc->n : 1;
	struct rd_rule_value *values;

	if (p->out->n_settings == RD_EVIDENCE_POLICY_SETTINGS_MAX)
		return wrong(p, doc, "more than 256 settings");
	*s = (struct rd_rule_setting){ .tee = p->tee, .rule = rule, .product = p->product };
	p->out->n_settings++;
	if (rule->kind == RD_RULE_FLAG)
		return read_flag(p, doc, &s->flag);
	for (uint32_t i = 0; is_map && doc->kind == RD_DOC_MAP && i < doc->n; i++)
		room += doc->item[i].kind == RD_DOC_LIST ? doc->item[i].n : 1;
	values = RD_NEW_ARRAY(p->arena, struct rd_rule_value, room, p->err);
	if (!values)
		return false;
	s->value = values;
	if (!is_map)
		return read_values(p, s, values, (struct rd_view){ 0 }, doc);
	if (doc->kind != RD_DOC_MAP || doc->n == 0)
		return wrong(p, doc, "expected a map that is not empty");
	for (uint32_t i = 0; i < doc->n; i++)
		if (!read_values(p, s, values, doc->item[i].key, &doc->item[i]))
			return false;
	return true;
}

/* ---- status words ---------------------------------------------------------------------------- */

static bool read_advisories(struct parse *p, const struct rd_doc *list,
			    struct rd_accepted_status *out)
{
	struct rd_view *ids;

	if (!list)
		return true;
	if (list->kind != RD_DOC_LIST)
		return wrong(p, list, "expected a list of advisories");
	ids = RD_NEW_ARRAY(p->arena, struct rd_view, list->n + 1, p->err);
	if (!ids)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		if (list->item[i].kind != RD_DOC_SCALAR)
			return wrong(p, list, "expected a list of advisories");
		ids[i] = list->item[i].text;
	}
	out->any_advisory = false;
	out->n_advisories = list->n;
	out->advisory = ids;
	return true;
}

static bool read_status(struct parse *p, const struct rd_doc *doc, struct rd_accepted_status *out)
{
	static const char *const known[] = { "status", "until", "advisories", NULL };
	const struct rd_doc *word = doc, *until = NULL;

	*out = (struct rd_accepted_status){ .tee = p->tee,
					    .until_unix_s = -1,
					    .any_advisory = true };
	if (doc->kind == RD_DOC_MAP) {
		if (!rd_doc_only(p->name, doc, known, p->err))
			return false;
		word = rd_doc_get(doc, "status");
		until = rd_doc_get(doc, "until");
		if (!read_advisories(p, rd_doc_get(doc, "advisories"), out))
			return false;
	}
	if (!word || word->kind != RD_DOC_SCALAR || word->text.len == 0)
		return wrong(p, doc, "expected a status word");
	out->status = word->text;
	if (until && (until->kind != RD_DOC_SCALAR ||
		      !rd_os_time_parse(until->text, &out->until_unix_s, p->err)))
		return wrong(p, until, "expected a time such as 2027-01-01T00:00:00Z");
	return true;
}

static bool read_statuses(struct parse *p, const struct rd_doc *list)
{
	if (list->kind != RD_DOC_LIST || list->n == 0)
		return wrong(p, list, "expected a list that is not empty");
	for (uint32_t i = 0; i < list->n; i++) {
		if (p->out->n_statuses == STATUSES_MAX)
			return wrong(p, list, "too many statuses");
		if (!read_status(p, &list->item[i], &p->status[p->out->n_statuses++]))
			return false;
	}
	return true;
}

/* ---- the file -------------------------------------------------------------------------------- */

static const struct rd_tee_rule *rule_of(const struct rd_tee *tee, struct rd_view key)
{
	for (const struct rd_tee_rule *r = tee->rules; r && r->key; r++)
		if (rd_view_eq(key, rd_view_str(r->key)))
			return r;
	return NULL;
}

static bool only_rules(struct parse *p, const struct rd_doc *map, bool top)
{
	const char *known[KEYS_MAX + 3];
	uint32_t n = 0;

	for (const struct rd_tee_rule *r = p->tee->rules; r && r->key && n < KEYS_MAX; r++)
		known[n++] = r->key;
	if (top) {
		known[n++] = "tcb_statuses";
		known[n++] = "products";
	}
	known[n] = NULL;
	return rd_doc_only(p->name, map, known, p->err);
}

static bool read_rules(struct parse *p, const struct rd_doc *map, bool top)
{
	if (!only_rules(p, map, top))
		return false;
	for (uint32_t i = 0; i < map->n; i++) {
		const struct rd_tee_rule *rule = rule_of(p->tee, map->item[i].key);

		if (rule && !add_setting(p, rule, &map->item[i]))
			return false;
	}
	return true;
}

static bool read_tee(struct parse *p, const struct rd_tee *tee, const struct rd_doc *map)
{
	const struct rd_doc *statuses, *products;

	p->tee = tee;
	p->product = (struct rd_view){ 0 };
	if (!read_rules(p, map, true))
		return false;
	statuses = rd_doc_get(map, "tcb_statuses");
	products = rd_doc_get(map, "products");
	if (statuses && !read_statuses(p, statuses))
		return false;
	if (products && products->kind != RD_DOC_MAP)
		return wrong(p, products, "expected a map of products");
	for (uint32_t i = 0; products && i < products->n; i++) {
		p->product = products->item[i].key;
		if (!read_rules(p, &products->item[i], false))
			return false;
	}
	return true;
}

static bool read_anchors(struct parse *p, const struct rd_doc *list)
{
	if (!list)
		return true;
	if (list->kind != RD_DOC_LIST || list->n == 0 || list->n > RD_EVIDENCE_POLICY_ANCHORS_MAX)
		return wrong(p, list, "expected a list of 1 to 16 certificate files");
	for (uint32_t i = 0; i < list->n; i++) {
		if (list->item[i].kind != RD_DOC_SCALAR || list->item[i].text.len == 0)
			return wrong(p, list, "expected the name of a certificate file");
		p->out->anchor_file[p->out->n_anchor_files++] = list->item[i].text;
	}
	return true;
}

static bool read_keys(struct parse *p, const struct rd_doc *list, struct rd_manifest_file *m)
{
	if (list->kind != RD_DOC_LIST || list->n == 0 || list->n > RD_EVIDENCE_POLICY_KEYS_MAX)
		return wrong(p, list, "expected a list of 1 to 4 files of public keys");
	for (uint32_t i = 0; i < list->n; i++) {
		if (list->item[i].kind != RD_DOC_SCALAR || list->item[i].text.len == 0)
			return wrong(p, list, "expected the name of a key file");
		m->key[m->n_keys++] = list->item[i].text;
	}
	return true;
}

static bool read_manifests(struct parse *p, const struct rd_doc *list)
{
	static const char *const known[] = { "file", "keys", "sha256", NULL };

	if (!list)
		return true;
	if (list->kind != RD_DOC_LIST || list->n == 0 || list->n > RD_EVIDENCE_POLICY_MANIFESTS_MAX)
		return wrong(p, list, "expected a list of 1 to 8 manifests");
	for (uint32_t i = 0; i < list->n; i++) {
		struct rd_manifest_file *m = &p->out->manifest[p->out->n_manifests++];
		const struct rd_doc *file, *keys, *digest;

		if (!rd_doc_only(p->name, &list->item[i], known, p->err))
			return false;
		file = rd_doc_get(&list->item[i], "file");
		keys = rd_doc_get(&list->item[i], "keys");
		digest = rd_doc_get(&list->item[i], "sha256");
		if (!file || file->kind != RD_DOC_SCALAR || file->text.len == 0)
			return wrong(p, list, "expected `file:` with the name of a CoRIM");
		m->file = file->text;
		if (keys && !read_keys(p, keys, m))
			return false;
		if (digest && !rd_doc_hex(p->name, digest, p->arena, &m->sha256, p->err))
			return false;
		if (digest && m->sha256.len != RD_SHA256_LEN)
			return wrong(p, digest, "expected hexadecimal of 32 bytes");
	}
	return true;
}

static bool read_head(struct parse *p, const struct rd_doc *doc)
{
	const struct rd_doc *version = rd_doc_get(doc, "version");
	const struct rd_doc *revocation = rd_doc_get(doc, "revocation");
	uint64_t number;

	if (!version)
		return wrong(p, doc, "`version: 1` is missing");
	if (!rd_doc_uint(p->name, version, UINT64_MAX, &number, p->err))
		return false;
	if (number != 1)
		return wrong(p, version, "only version 1 is known");
	if (revocation) {
		bool optional = rd_view_eq(revocation->text, rd_view_str("optional"));

		if (!optional && !rd_view_eq(revocation->text, rd_view_str("required")))
			return wrong(p, revocation, "expected required or optional");
		p->out->revocation_optional = optional;
	}
	return read_anchors(p, rd_doc_get(doc, "anchors")) &&
	       read_manifests(p, rd_doc_get(doc, "reference_values"));
}

/* The kinds of which a policy may speak: the technologies, then others; NULL behind the last.  One
 * without rules has nothing to set. */
static const struct rd_tee *kind(const struct rd_tee *const *more, size_t i)
{
	size_t n = 0;

	while (rd_tees[n])
		n++;
	return i < n ? rd_tees[i] : more ? more[i - n] : NULL;
}

bool rd_evidence_policy_from_doc(const struct rd_doc *doc, const char *name,
				 const struct rd_tee *const *more, struct rd_arena *arena,
				 struct rd_evidence_policy *out, struct rd_err *err)
{
	struct parse p = { .name = name, .arena = arena, .out = out, .err = err };
	const char *known[KEYS_MAX] = { "version", "revocation", "anchors", "reference_values" };
	uint32_t n = 4;

	*out = (struct rd_evidence_policy){ .from_file = true };
	for (size_t i = 0; kind(more, i) && n < KEYS_MAX - 1; i++)
		if (kind(more, i)->rules)
			known[n++] = kind(more, i)->name;
	if (!rd_doc_only(name, doc, known, err))
		return false;
	p.setting =
		RD_NEW_ARRAY(arena, struct rd_rule_setting, RD_EVIDENCE_POLICY_SETTINGS_MAX, err);
	p.status = RD_NEW_ARRAY(arena, struct rd_accepted_status, STATUSES_MAX, err);
	if (!p.setting || !p.status || !read_head(&p, doc))
		return false;
	out->setting = p.setting;
	out->status = p.status;
	for (size_t i = 0; kind(more, i); i++) {
		const struct rd_doc *map = rd_doc_get(doc, kind(more, i)->name);

		if (map && !read_tee(&p, kind(more, i), map))
			return false;
	}
	return true;
}
