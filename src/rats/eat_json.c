/* EAT in JSON: RFC 9711 sections 4, 5 and 7.2. */
#include "eat.h"

#include <string.h>

static const struct rd_eat_claim *claim_of(struct rd_view name)
{
	for (const struct rd_eat_claim *c = rd_eat_claims; c->name; c++)
		if (rd_view_eq(name, rd_view_str(c->name)))
			return c;
	return NULL;
}

/* Only strings have quotes, and lists and objects have no text. */
static bool is_text(const struct rd_doc *d)
{
	return d->quoted;
}

static bool number(const struct rd_doc *d, int64_t *out)
{
	struct rd_err unused = { 0 };

	return !d->quoted && rd_parse_i64(d->text, 0, INT64_MAX, out, &unused);
}

static bool bytes(struct rd_eat *e, const struct rd_doc *d, const struct rd_eat_claim *c,
		  struct rd_view *out)
{
	struct rd_err unused = { 0 };

	return is_text(d) && rd_base64_decode(d->text, e->w->arena, out, &unused) &&
	       out->len >= c->min && out->len <= c->max;
}

/* Text of 8 to 88 characters, most often base64url. */
static bool nonces(struct rd_eat *e, const struct rd_doc *d, const struct rd_eat_claim *c)
{
	uint32_t n = d->kind == RD_DOC_LIST ? d->n : 1;

	for (uint32_t i = 0; i < n; i++) {
		const struct rd_doc *one = d->kind == RD_DOC_LIST ? &d->item[i] : d;
		struct rd_view decoded = { 0 };
		struct rd_err unused = { 0 };

		if (!is_text(one) || one->text.len < c->min || one->text.len > 88)
			return false;
		if (!rd_base64_decode(one->text, e->w->arena, &decoded, &unused))
			decoded = (struct rd_view){ 0 };
		rd_eat_nonce(e, one->text, decoded);
	}
	return n > 0;
}

static bool oem(struct rd_eat *e, const struct rd_doc *d, const struct rd_eat_claim *c,
		const char *name)
{
	struct rd_view value;
	int64_t n;

	if (number(d, &n)) {
		rd_tee_claim_text(e->w, name, d->text);
		return true;
	}
	if (!bytes(e, d, c, &value) || (value.len != c->min && value.len != c->max))
		return false;
	rd_tee_claim_text(e->w, name, rd_tee_hex(e->w, value));
	return true;
}

static bool version(struct rd_eat *e, const struct rd_doc *d, const char *name)
{
	if (d->kind != RD_DOC_LIST || d->n < 1 || d->n > 2 || !is_text(&d->item[0]) ||
	    (d->n == 2 && d->item[1].kind != RD_DOC_SCALAR))
		return false;
	rd_tee_claim_text(e->w, name, d->item[0].text);
	return true;
}

static bool time_of(struct rd_eat *e, const struct rd_doc *d, const struct rd_eat_claim *c,
		    const char *name)
{
	int64_t t;

	if (!number(d, &t))
		return false;
	rd_eat_claim_time(e, c->key, name, t);
	return true;
}

static bool word(const struct rd_doc *d, const char *const *words, uint32_t *out)
{
	for (*out = 0; *out < 5 && is_text(d); ++*out)
		if (rd_view_eq(d->text, rd_view_str(words[*out])))
			return true;
	return false;
}

static bool submods(struct rd_eat *e, const struct rd_doc *d);

static bool read_claim(struct rd_eat *e, const struct rd_doc *d, const struct rd_eat_claim *c)
{
	const char *name = rd_eat_name(e, c->name);
	struct rd_view value;
	uint32_t which;
	int64_t n;

	switch (c->kind) {
	case RD_EAT_IS_BYTES:
		if (!bytes(e, d, c, &value))
			return false;
		rd_tee_claim_bytes(e->w, name, value);
		return true;
	case RD_EAT_IS_TEXT:
	case RD_EAT_IS_PROFILE:
		if (!is_text(d) || d->text.len < c->min || d->text.len > c->max)
			return false;
		rd_tee_claim_text(e->w, name, d->text);
		return true;
	case RD_EAT_IS_UINT:
		if (!number(d, &n))
			return false;
		rd_tee_claim_uint(e->w, name, (uint64_t)n);
		return true;
	case RD_EAT_IS_BOOL:
		if (d->kind != RD_DOC_SCALAR || d->quoted || d->text.data[0] < 'a')
			return false;
		rd_tee_claim_bool(e->w, name, d->text.data[0] == 't');
		return true;
	case RD_EAT_IS_TIME:
		return time_of(e, d, c, name);
	case RD_EAT_IS_NONCE:
		return nonces(e, d, c);
	case RD_EAT_IS_OEM:
		return oem(e, d, c, name);
	case RD_EAT_IS_VERSION:
		return version(e, d, name);
	case RD_EAT_IS_DEBUG:
		if (!word(d, rd_eat_debug, &which))
			return false;
		rd_eat_debug_claim(e, which);
		return true;
	case RD_EAT_IS_USE:
		if (!word(d, rd_eat_uses, &which))
			return false;
		rd_tee_claim_text(e->w, name, d->text);
		return true;
	case RD_EAT_IS_SUBMODS:
		return submods(e, d);
	case RD_EAT_IS_LIST:
		return d->kind == RD_DOC_LIST && d->n > 0;
	case RD_EAT_IS_MAP:
		return d->kind == RD_DOC_MAP && d->n > 0;
	case RD_EAT_IS_ANY:
		break;
	}
	return true;
}

static bool read_claims(struct rd_eat *e, const struct rd_doc *doc)
{
	for (uint32_t i = 0; i < doc->n; i++) {
		const struct rd_eat_claim *c = claim_of(doc->item[i].key);

		if (c && !read_claim(e, &doc->item[i], c))
			return e->w->err->code ? false
					       : rd_eat_malformed(e->w->err, c->name,
								  "a claim of another type");
	}
	return (doc->kind == RD_DOC_MAP && doc->n > 0) ||
	       rd_eat_malformed(e->w->err, "claims", "no object with claims");
}

static bool is_label(const struct rd_doc *list, const char *label)
{
	return list->kind == RD_DOC_LIST && list->n == 2 &&
	       rd_view_eq(list->item[0].text, rd_view_str(label));
}

/* ["SHA-256", base64url] */
static bool digest(struct rd_eat *e, struct rd_view name, const struct rd_doc *d)
{
	static const struct {
		const char *name;
		enum rd_hash hash;
		uint32_t len;
	} known[] = { { "SHA-256", RD_HASH_SHA256, RD_SHA256_LEN },
		      { "SHA-384", RD_HASH_SHA384, RD_SHA384_LEN },
		      { "SHA-512", RD_HASH_SHA512, RD_SHA512_LEN } };
	struct rd_err unused = { 0 };
	struct rd_view value;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_label(d, known[i].name))
			return rd_base64_decode(d->item[1].text, e->w->arena, &value, &unused) &&
			       value.len == known[i].len &&
			       rd_eat_digest(e, name, known[i].hash, value);
	return false;
}

static bool submod(struct rd_eat *e, const struct rd_doc *d, uint32_t n)
{
	const char *shown = rd_rats_part_name(e->w, d->key, n), *outer = e->prefix;
	bool ok;

	if (is_label(d, "DIGEST"))
		return digest(e, d->key, &d->item[1]);
	if ((is_label(d, "JWT") || is_label(d, "CBOR") || is_label(d, "BUNDLE")) &&
	    d->item[1].kind != RD_DOC_NULL) {
		rd_eat_unread(e, rd_tee_name(e->w, "submods.%s", shown),
			      "a token that was not verified");
		return true;
	}
	if (d->kind != RD_DOC_MAP || e->depth == RD_EAT_DEPTH_MAX)
		return false;
	e->prefix = rd_eat_name(e, rd_tee_name(e->w, "submods.%s", shown));
	e->depth++;
	ok = read_claims(e, d);
	e->depth--;
	e->prefix = outer;
	return ok;
}

static bool submods(struct rd_eat *e, const struct rd_doc *d)
{
	if (d->kind != RD_DOC_MAP || d->n == 0 || d->n > RD_EAT_SUBMODS_MAX)
		return false;
	for (uint32_t i = 0; i < d->n; i++)
		if (d->item[i].key.len == 0 || !submod(e, &d->item[i], i))
			return false;
	return true;
}

bool rd_eat_json(struct rd_eat *e, struct rd_view text)
{
	const struct rd_doc *doc;

	return rd_json_parse(e->w->arena, "EAT", text, &doc, e->w->err) && read_claims(e, doc);
}

/* [["JWT", text], {name: base64url of claims}] */
bool rd_eat_json_bundle(struct rd_eat *e, struct rd_view text)
{
	const struct rd_doc *doc, *token, *sets;
	struct rd_view claims;

	if (!rd_json_parse(e->w->arena, "EAT", text, &doc, e->w->err))
		return false;
	if (doc->n != 2 || doc->item[1].kind != RD_DOC_MAP)
		return rd_eat_malformed(e->w->err, "bundle", "not a token and detached claims");
	token = &doc->item[0];
	sets = &doc->item[1];
	if (is_label(token, "JWT") && is_text(&token->item[1]))
		claims = token->item[1].text;
	else if (!is_label(token, "CBOR") || !is_text(&token->item[1]) ||
		 !rd_base64_decode(token->item[1].text, e->w->arena, &claims, e->w->err))
		return rd_eat_malformed(e->w->err, "bundle", "its token is neither JWT nor CBOR");
	if (!rd_eat_token(e, claims))
		return false;
	for (uint32_t i = 0; i < sets->n; i++)
		if (!is_text(&sets->item[i]) ||
		    !rd_base64_decode(sets->item[i].text, e->w->arena, &claims, e->w->err) ||
		    !rd_eat_detached(e, sets->item[i].key, claims))
			return rd_eat_malformed(e->w->err, "bundle", "detached claims");
	return true;
}
