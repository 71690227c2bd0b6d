/* Wrapped messages: draft-ietf-rats-msg-wrap, records, tags and collections in CBOR and JSON. */
#include "rats_int.h"

#include <string.h>

#define DEPTH_MAX 4u
#define TYPE_MAX 256u
#define LABEL_MAX 128u
#define VALUE_MAX (16u * 1024 * 1024)
/* Tag of a content format n of CoAP (RFC 9277): TN(n). */
#define TAG_BASE 1668546817u
#define TAG_LAST (TAG_BASE + 65278u)
#define COLLECTION_TYPE "__cmwc_t"
/* How a record of the other notation is carried in a collection. */
#define TUNNEL_JSON "#cmw-j2c-tunnel"
#define TUNNEL_CBOR "#cmw-c2j-tunnel"

struct walk {
	struct rd_arena *arena;
	struct rd_cmw *out;
	struct rd_err *err;
};

static bool malformed(struct walk *w, const char *what)
{
	return rd_fail(w->err, RD_FAULT_MALFORMED, "rats.cmw.form", "CMW: %s", what);
}

/* Media types are printable ASCII (RFC 6838 section 4.2); a label names something to people. */
static bool is_plain(struct rd_view text, uint8_t last)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 || text.data[i] == 0x7f || text.data[i] > last)
			return false;
	return true;
}

static bool add(struct walk *w, const struct rd_cmw_entry *entry)
{
	if (!is_plain(entry->type, 0x7e))
		return malformed(w, "a type that is no media type");
	if (entry->type.len && entry->type.data[0] == '#')
		return malformed(w, "a tunnel where none may be");
	if (w->out->n == RD_CMW_ENTRIES_MAX)
		return malformed(w, "more than 32 messages");
	w->out->entry[w->out->n++] = *entry;
	return true;
}

static bool join(struct walk *w, const char *label, struct rd_view key, const char **out)
{
	struct rd_view joined;

	if (key.len == 0 || key.len > LABEL_MAX || !is_plain(key, 0xff))
		return malformed(
			w, "a label that is empty, of more than 128 bytes, or not plain text");
	if (!rd_arena_printf(w->arena, &joined, w->err, "%s%s%.*s", label, label[0] ? "/" : "",
			     RD_FMT(key)))
		return false;
	*out = (const char *)joined.data;
	return true;
}

/* ---- CBOR ------------------------------------------------------------------------------------ */

static bool number_text(struct walk *w, int64_t n, struct rd_view *out)
{
	return rd_arena_printf(w->arena, out, w->err, "%lld", (long long)n);
}

/* What waits: nested collections, and what came through a tunnel; so nothing recurses but the tree
 * of one JSON text, whose depth is bounded. */
struct pending {
	struct rd_view bytes;
	const char *label;
	uint32_t depth;
};
struct stack {
	struct pending item[RD_CMW_ENTRIES_MAX];
	uint32_t n;
};

static bool push(struct walk *w, struct stack *s, struct pending p)
{
	if (s->n == RD_CMW_ENTRIES_MAX || p.depth > DEPTH_MAX)
		return malformed(w, "nested too deeply");
	s->item[s->n++] = p;
	return true;
}

/* [type, value, ? indicator] */
static bool cbor_record(struct walk *w, struct rd_cbor_reader *r, const struct pending *at,
			struct stack *s)
{
	struct rd_cmw_entry e = { .label = at->label };

	(void)rd_cbor_enter_array_upto(r, 2, 3);
	if (rd_cbor_peek(r) == RD_CBOR_UINT) {
		if (!number_text(w, (int64_t)rd_cbor_read_uint(r, UINT16_MAX), &e.type))
			return false;
	} else {
		e.type = rd_cbor_read_text(r, 1, TYPE_MAX);
	}
	e.value = rd_cbor_read_bytes(r, 0, VALUE_MAX);
	if (rd_cbor_more(r))
		e.indicator = (uint32_t)rd_cbor_read_uint(r, UINT32_MAX);
	rd_cbor_leave(r);
	if (at->depth > 1 && rd_view_eq(e.type, rd_view_str(TUNNEL_JSON)))
		return push(w, s, (struct pending){ e.value, at->label, at->depth });
	return add(w, &e);
}

/* Tags that mean a message by themselves, and are part of it. */
static const struct {
	uint64_t tag;
	const char *type;
} own_tags[] = {
	{ 18, "application/cose; cose-type=\"cose-sign1\"" },
	{ 61, "application/eat+cwt" },
	{ 399, "application/eat-collection" },
	{ 501, "application/rim+cbor" },
};

static bool cbor_tagged(struct walk *w, struct rd_cbor_reader *r, const struct pending *at)
{
	struct rd_cmw_entry e = { .label = at->label };
	struct rd_cbor_reader look = *r;
	uint64_t tag = rd_cbor_read_tag(&look), n = tag - TAG_BASE;

	for (size_t i = 0; i < sizeof(own_tags) / sizeof(own_tags[0]); i++)
		if (tag == own_tags[i].tag) {
			e.type = rd_view_str(own_tags[i].type);
			e.value = rd_cbor_read_item(r);
			return add(w, &e);
		}
	/* Every 256th number is left out, so that the tag's bytes hold no zero. */
	if (tag < TAG_BASE || tag > TAG_LAST || n % 256 == 255)
		return malformed(w, "a tag that is no content format");
	if (!number_text(w, (int64_t)(n / 256 * 255 + n % 256), &e.type))
		return false;
	(void)rd_cbor_read_tag(r);
	e.value = rd_cbor_read_bytes(r, 0, VALUE_MAX);
	return add(w, &e);
}

static bool cbor_label(struct walk *w, struct rd_cbor_reader *r, struct rd_view *out)
{
	enum rd_cbor_kind kind = rd_cbor_peek(r);

	if (kind == RD_CBOR_TEXT) {
		*out = rd_cbor_read_text(r, 1, LABEL_MAX);
		return true;
	}
	return number_text(w, rd_cbor_read_int(r, INT32_MIN, INT32_MAX), out);
}

static bool cbor_collection(struct walk *w, const struct pending *p, struct stack *stack)
{
	struct rd_cbor_reader r;
	struct rd_view key;
	const char *label;
	uint32_t n = 0;

	rd_cbor_read_init(&r, p->bytes, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, RD_CMW_ENTRIES_MAX);
	while (rd_cbor_more(&r)) {
		enum rd_cbor_kind kind;

		if (!cbor_label(w, &r, &key))
			return false;
		kind = rd_cbor_peek(&r);
		if (rd_view_eq(key, rd_view_str(COLLECTION_TYPE))) {
			(void)rd_cbor_read_item(&r);
			continue;
		}
		if (!rd_cbor_more(&r))
			break;
		if (!join(w, p->label, key, &label))
			return false;
		n++;
		struct pending at = { .label = label, .depth = p->depth + 1 };

		if (kind == RD_CBOR_ARRAY ? !cbor_record(w, &r, &at, stack)
		    : kind == RD_CBOR_TAG ? !cbor_tagged(w, &r, &at)
					  : false)
			return false;
		if (kind == RD_CBOR_ARRAY || kind == RD_CBOR_TAG)
			continue;
		at.bytes = rd_cbor_read_item(&r);
		if (!push(w, stack, at))
			return false;
	}
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, w->err) && (n > 0 || malformed(w, "an empty collection"));
}

static bool from_cbor(struct walk *w, const struct pending *p, struct stack *stack)
{
	struct rd_cbor_reader r;
	enum rd_cbor_kind kind;

	rd_cbor_read_init(&r, p->bytes, RD_CBOR_TOLERANT);
	kind = rd_cbor_peek(&r);
	if (kind == RD_CBOR_MAP)
		return cbor_collection(w, p, stack);
	if (kind == RD_CBOR_ARRAY ? !cbor_record(w, &r, p, stack)
	    : kind == RD_CBOR_TAG ? !cbor_tagged(w, &r, p)
				  : !malformed(w, "neither a record nor a collection"))
		return false;
	return rd_cbor_finish(&r, w->err);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* A number of a content format or of indicators, which may not stand in quotes; what is no scalar
 * has no text. */
static bool json_number(const struct rd_doc *d, int64_t max, int64_t *out)
{
	struct rd_err unused = { 0 };

	return !d->quoted && rd_parse_i64(d->text, 0, max, out, &unused);
}

static bool json_record(struct walk *w, const struct rd_doc *doc, const struct pending *at,
			struct stack *stack)
{
	struct rd_cmw_entry e = { .label = at->label };
	int64_t number = 0;

	if (doc->n != 2 && doc->n != 3)
		return malformed(w, "a record has a type, a value and perhaps an indicator");
	e.type = doc->item[0].text;
	if ((!doc->item[0].quoted && !json_number(&doc->item[0], UINT16_MAX, &number)) ||
	    e.type.len == 0 || e.type.len > TYPE_MAX)
		return malformed(w, "a type that is neither text nor a number up to 65535");
	if (doc->n == 3 && !json_number(&doc->item[2], UINT32_MAX, &number))
		return malformed(w, "an indicator that is no number");
	e.indicator = doc->n == 3 ? (uint32_t)number : 0;
	if (!doc->item[1].quoted ||
	    !rd_rats_base64url(doc->item[1].text, w->arena, &e.value, w->err))
		return malformed(w, "a value that is not base64url without padding");
	if (at->depth > 1 && rd_view_eq(e.type, rd_view_str(TUNNEL_CBOR)))
		return push(w, stack, (struct pending){ e.value, at->label, at->depth });
	return add(w, &e);
}

/* A tree of bounded depth (rd_json_parse), so this recursion is too. */
static bool from_json(struct walk *w, const struct rd_doc *doc, const struct pending *at,
		      struct stack *stack)
{
	struct pending inner = { .depth = at->depth + 1 };
	uint32_t n = 0;

	if (at->depth > DEPTH_MAX + 1)
		return malformed(w, "nested too deeply");
	if (doc->kind == RD_DOC_LIST)
		return json_record(w, doc, at, stack);
	for (uint32_t i = 0; i < doc->n; i++) {
		if (rd_view_eq(doc->item[i].key, rd_view_str(COLLECTION_TYPE)))
			continue;
		n++;
		if (!join(w, at->label, doc->item[i].key, &inner.label) ||
		    !from_json(w, &doc->item[i], &inner, stack))
			return false;
	}
	return n > 0 || malformed(w, "neither a record nor a collection of some");
}

/* ---- X.509 ----------------------------------------------------------------------------------- */

#define OID_CMW "1.3.6.1.5.5.7.1.35"

/* The extension of a certificate: UTF8String (JSON) or OCTET STRING (CBOR). */
static bool from_certificate(struct walk *w, struct rd_view bytes, struct rd_view *out)
{
	struct rd_cert cert = { 0 };
	struct rd_view ext;
	uint8_t tag;
	uint32_t n = 0;

	if (!rd_certs_read(bytes, w->arena, &cert, 1, &n, w->err))
		return false;
	if (!rd_cert_extension(&cert, OID_CMW, &ext) || !rd_der_next(&ext, &tag, out, w->err) ||
	    (tag != RD_DER_UTF8_STRING && tag != RD_DER_OCTET_STRING) || ext.len)
		return malformed(w, "the certificate has no CMW in it");
	return true;
}

static bool from_bytes(struct walk *w, const struct pending *p, struct stack *stack)
{
	const struct rd_doc *doc;
	uint8_t first = p->bytes.len ? p->bytes.data[0] : 0;

	if (first == '{' || first == '[')
		return rd_json_parse(w->arena, "CMW", p->bytes, &doc, w->err) &&
		       from_json(w, doc, p, stack);
	return from_cbor(w, p, stack);
}

/* Spaces before a JSON text. */
static struct rd_view trimmed(struct rd_view in)
{
	while (in.len && memchr(" \t\r\n", in.data[0], 4))
		in = rd_view_of(in.data + 1, in.len - 1);
	return in;
}

bool rd_cmw_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_cmw *out,
		  struct rd_err *err)
{
	struct walk w = { .arena = arena, .out = out, .err = err };
	struct stack stack = { .n = 0 };

	*out = (struct rd_cmw){ 0 };
	if (bytes.len && (bytes.data[0] == RD_DER_SEQUENCE || bytes.data[0] == '-') &&
	    !from_certificate(&w, bytes, &bytes))
		return false;
	stack.item[stack.n++] = (struct pending){ trimmed(bytes), "", 1 };
	while (stack.n > 0) {
		struct pending p = stack.item[--stack.n];

		if (!from_bytes(&w, &p, &stack))
			return false;
	}
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The number of a content format, where the type is one. */
static bool type_number(struct rd_view type, uint64_t *out)
{
	struct rd_err unused = { 0 };
	int64_t number = 0;
	bool ok = rd_parse_i64(type, 0, UINT16_MAX, &number, &unused);

	*out = (uint64_t)number;
	return ok;
}

static void put_record(const struct rd_cmw_entry *e, bool json, struct rd_buf *out)
{
	uint64_t number;
	bool numbered = type_number(e->type, &number);

	if (!json) {
		rd_cbor_put_array(out, e->indicator ? 3 : 2);
		if (numbered)
			rd_cbor_put_uint(out, number);
		else
			rd_cbor_put_text(out, e->type);
		rd_cbor_put_bytes(out, e->value);
		if (e->indicator)
			rd_cbor_put_uint(out, e->indicator);
		return;
	}
	rd_buf_add_byte(out, '[');
	if (numbered)
		rd_buf_printf(out, "%llu", (unsigned long long)number);
	else
		rd_json_put_string(out, e->type);
	rd_buf_printf(out, ",\"");
	rd_base64url_put(out, e->value);
	rd_buf_add_byte(out, '"');
	if (e->indicator)
		rd_buf_printf(out, ",%u", e->indicator);
	rd_buf_add_byte(out, ']');
}

static bool check_entries(const struct rd_cmw *cmw, struct rd_err *err)
{
	bool record = cmw->n == 1 && cmw->entry[0].label[0] == '\0';

	for (uint32_t i = 0; i < cmw->n; i++) {
		const struct rd_cmw_entry *e = &cmw->entry[i];
		size_t len = strlen(e->label);
		bool twice = false;

		for (uint32_t k = 0; k < i; k++)
			twice = twice || strcmp(cmw->entry[k].label, e->label) == 0;
		if (twice || (!record && len == 0) || len > LABEL_MAX ||
		    strcmp(e->label, COLLECTION_TYPE) == 0 || e->type.len == 0 ||
		    e->type.len > TYPE_MAX || e->type.data[0] == '#' || !is_plain(e->type, 0x7e) ||
		    !is_plain(rd_view_str(e->label), 0xff))
			return rd_fail(err, RD_FAULT_USAGE, "rats.cmw.entry",
				       "CMW: message %u: labels are unique texts of 1 to %u bytes, "
				       "and types are media types",
				       i + 1, LABEL_MAX);
	}
	return cmw->n > 0 ||
	       rd_fail(err, RD_FAULT_USAGE, "rats.cmw.entry", "CMW: no message to put in");
}

static int label_cmp(const char *a, const char *b)
{
	size_t x = strlen(a), y = strlen(b);

	return x != y ? (x < y ? -1 : 1) : strcmp(a, b);
}

/* Shorter labels first, then by their bytes: the order of their encodings. */
static uint32_t next_in_order(const struct rd_cmw *cmw, const char *behind)
{
	uint32_t best = cmw->n;

	for (uint32_t i = 0; i < cmw->n; i++) {
		const char *label = cmw->entry[i].label;

		if (behind && label_cmp(label, behind) <= 0)
			continue;
		if (best == cmw->n || label_cmp(label, cmw->entry[best].label) < 0)
			best = i;
	}
	return best;
}

bool rd_cmw_write(const struct rd_cmw *cmw, bool json, struct rd_buf *out, struct rd_err *err)
{
	const char *last = NULL;

	if (!check_entries(cmw, err))
		return false;
	if (cmw->n == 1 && cmw->entry[0].label[0] == '\0') {
		put_record(&cmw->entry[0], json, out);
		return rd_buf_ok(out, err);
	}
	if (json)
		rd_buf_add_byte(out, '{');
	else
		rd_cbor_put_map(out, cmw->n);
	for (uint32_t i = 0; i < cmw->n; i++) {
		const struct rd_cmw_entry *e = &cmw->entry[next_in_order(cmw, last)];

		if (json) {
			rd_buf_printf(out, "%s", i ? "," : "");
			rd_json_put_string(out, rd_view_str(e->label));
			rd_buf_add_byte(out, ':');
		} else {
			rd_cbor_put_str(out, e->label);
		}
		put_record(e, json, out);
		last = e->label;
	}
	if (json)
		rd_buf_add_byte(out, '}');
	return rd_buf_ok(out, err);
}
