/* Wrapped messages: draft-ietf-rats-msg-wrap, records, tags and collections in CBOR and JSON. */
#include "rats_int.h"

#include <string.h>

#define DEPTH_MAX 4u
#define TYPE_MAX 256u
#define VALUE_MAX (16u * 1024 * 1024)
/* Tag of a content format n of CoAP (RFC 9277): TN(n). */
#define TAG_BASE 1668546817u
#define TAG_LAST (TAG_BASE + 65024u + 255u)
#define COLLECTION_TYPE "__cmwc_t"

struct walk {
	struct rd_arena *arena;
	struct rd_cmw *out;
	struct rd_err *err;
};

static bool malformed(struct walk *w, const char *what)
{
	return rd_fail(w->err, RD_FAULT_MALFORMED, "rats.cmw.form", "CMW: %s", what);
}

static bool add(struct walk *w, const char *label, struct rd_view type, struct rd_view value)
{
	if (w->out->n == RD_CMW_ENTRIES_MAX)
		return malformed(w, "more than 32 messages");
	w->out->entry[w->out->n++] =
		(struct rd_cmw_entry){ .label = label, .type = type, .value = value };
	return true;
}

static bool join(struct walk *w, const char *label, struct rd_view key, const char **out)
{
	struct rd_view joined;

	if (key.len == 0 || key.len > 128)
		return malformed(w, "a label that is empty or of more than 128 bytes");
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

/* [type, value, ? indicator] */
static bool cbor_record(struct walk *w, struct rd_cbor_reader *r, const char *label)
{
	struct rd_view type = { 0 }, value;

	(void)rd_cbor_enter_array_upto(r, 2, 3);
	if (rd_cbor_peek(r) == RD_CBOR_UINT) {
		if (!number_text(w, (int64_t)rd_cbor_read_uint(r, UINT16_MAX), &type))
			return false;
	} else {
		type = rd_cbor_read_text(r, 1, TYPE_MAX);
	}
	value = rd_cbor_read_bytes(r, 0, VALUE_MAX);
	if (rd_cbor_more(r))
		(void)rd_cbor_read_uint(r, UINT32_MAX);
	rd_cbor_leave(r);
	return add(w, label, type, value);
}

static bool cbor_tagged(struct walk *w, struct rd_cbor_reader *r, const char *label)
{
	uint64_t tag = rd_cbor_read_tag(r), n = tag - TAG_BASE;
	struct rd_view type, value;

	if (tag < TAG_BASE || tag > TAG_LAST)
		return malformed(w, "a tag that is no content format");
	/* Every 256th number is left out, so that the tag's bytes hold no zero. */
	if (!number_text(w, (int64_t)(n / 256 * 255 + n % 256), &type))
		return false;
	value = rd_cbor_read_bytes(r, 0, VALUE_MAX);
	return add(w, label, type, value);
}

static bool cbor_label(struct walk *w, struct rd_cbor_reader *r, struct rd_view *out)
{
	enum rd_cbor_kind kind = rd_cbor_peek(r);

	if (kind == RD_CBOR_TEXT) {
		*out = rd_cbor_read_text(r, 1, 128);
		return true;
	}
	return number_text(w, rd_cbor_read_int(r, INT32_MIN, INT32_MAX), out);
}

/* One level; nested collections wait on a stack, so nothing recurses. */
struct pending {
	struct rd_view bytes;
	const char *label;
	uint32_t depth;
};

static bool cbor_collection(struct walk *w, const struct pending *p, struct pending *stack,
			    uint32_t *n)
{
	struct rd_cbor_reader r;
	struct rd_view key;
	const char *label;

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
		if (!rd_cbor_more(&r) || !join(w, p->label, key, &label))
			return rd_cbor_finish(&r, w->err) && malformed(w, "a broken collection");
		if (kind == RD_CBOR_ARRAY ? !cbor_record(w, &r, label)
		    : kind == RD_CBOR_TAG ? !cbor_tagged(w, &r, label)
					  : false)
			return false;
		if (kind == RD_CBOR_ARRAY || kind == RD_CBOR_TAG)
			continue;
		if (kind != RD_CBOR_MAP || *n == RD_CMW_ENTRIES_MAX || p->depth == DEPTH_MAX)
			return malformed(w, "an entry that is no message, or nested too deeply");
		stack[(*n)++] = (struct pending){ rd_cbor_read_item(&r), label, p->depth + 1 };
	}
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, w->err);
}

static bool from_cbor(struct walk *w, struct rd_view bytes)
{
	struct pending stack[RD_CMW_ENTRIES_MAX];
	struct rd_cbor_reader r;
	uint32_t n = 1;
	bool ok;

	rd_cbor_read_init(&r, bytes, RD_CBOR_TOLERANT);
	if (rd_cbor_peek(&r) == RD_CBOR_ARRAY || rd_cbor_peek(&r) == RD_CBOR_TAG) {
		ok = rd_cbor_peek(&r) == RD_CBOR_ARRAY ? cbor_record(w, &r, "")
						       : cbor_tagged(w, &r, "");
		return ok && rd_cbor_finish(&r, w->err);
	}
	if (rd_cbor_peek(&r) != RD_CBOR_MAP)
		return malformed(w, "neither a record nor a collection");
	stack[0] = (struct pending){ bytes, "", 1 };
	while (n > 0) {
		struct pending p = stack[--n];

		if (!cbor_collection(w, &p, stack, &n))
			return false;
	}
	return w->out->n > 0 || malformed(w, "an empty collection");
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* A tree of bounded depth (rd_json_parse), so this recursion is too. */
static bool from_json(struct walk *w, const struct rd_doc *doc, const char *label, uint32_t depth)
{
	struct rd_view value;
	const char *inner;

	if (depth > DEPTH_MAX)
		return malformed(w, "nested too deeply");
	if (doc->kind == RD_DOC_LIST) {
		if ((doc->n != 2 && doc->n != 3) || doc->item[0].kind != RD_DOC_SCALAR ||
		    doc->item[1].kind != RD_DOC_SCALAR || doc->item[0].text.len == 0 ||
		    doc->item[0].text.len > TYPE_MAX)
			return malformed(w,
					 "a record has a type, a value and perhaps an indicator");
		return rd_base64_decode(doc->item[1].text, w->arena, &value, w->err) &&
		       add(w, label, doc->item[0].text, value);
	}
	if (doc->kind != RD_DOC_MAP || doc->n == 0)
		return malformed(w, "neither a record nor a collection");
	for (uint32_t i = 0; i < doc->n; i++) {
		if (rd_view_eq(doc->item[i].key, rd_view_str(COLLECTION_TYPE)))
			continue;
		if (!join(w, label, doc->item[i].key, &inner) ||
		    !from_json(w, &doc->item[i], inner, depth + 1))
			return false;
	}
	return true;
}

/* ---- X.509 ----------------------------------------------------------------------------------- */

#define OID_CMW "1.3.6.1.5.5.7.1.35"

/* The extension of a certificate: UTF8String (JSON) or OCTET STRING (CBOR). */
static bool from_certificate(struct walk *w, struct rd_view bytes, struct rd_view *out)
{
	struct rd_cert cert;
	struct rd_view ext;
	uint8_t tag;
	uint32_t n = 0;

	if (!rd_certs_read(bytes, w->arena, &cert, 1, &n, w->err))
		return false;
	if (n != 1 || !rd_cert_extension(&cert, OID_CMW, &ext) ||
	    !rd_der_next(&ext, &tag, out, w->err) ||
	    (tag != RD_DER_UTF8_STRING && tag != RD_DER_OCTET_STRING) || ext.len)
		return malformed(w, "the certificate has no CMW in it");
	return true;
}

bool rd_cmw_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_cmw *out,
		  struct rd_err *err)
{
	struct walk w = { .arena = arena, .out = out, .err = err };
	const struct rd_doc *doc;

	*out = (struct rd_cmw){ 0 };
	if (bytes.len && (bytes.data[0] == RD_DER_SEQUENCE || bytes.data[0] == '-') &&
	    !from_certificate(&w, bytes, &bytes))
		return false;
	if (bytes.len && (bytes.data[0] == '{' || bytes.data[0] == '['))
		return rd_json_parse(arena, "CMW", bytes, &doc, err) && from_json(&w, doc, "", 0);
	return from_cbor(&w, bytes);
}

/* ---- verify ---------------------------------------------------------------------------------- */

static const struct rd_tee *kind_of(struct rd_view type)
{
	const struct rd_tee *tee = rd_tee_by_content_type(type);

	for (size_t i = 0; rd_rats_kinds[i] && !tee; i++)
		if (rd_rats_kinds[i] != &rd_rats_cmw && rd_rats_kinds[i]->content_type &&
		    rd_view_eq(type, rd_view_str(rd_rats_kinds[i]->content_type)))
			tee = rd_rats_kinds[i];
	return tee;
}

/* Reasons and claims of one message, under its label. */
static void merge(struct rd_tee_work *w, const struct rd_tee_result *r, const char *label)
{
	for (uint32_t i = 0; i < r->n_reasons; i++)
		rd_tee_reason(w, r->reason[i]);
	for (uint32_t i = 0; i < r->n_claims && w->out->n_claims < RD_TEE_CLAIMS_MAX; i++) {
		struct rd_tee_claim c = r->claim[i];

		c.name = rd_tee_name(w, "%s.%s", label, c.name);
		w->out->claim[w->out->n_claims++] = c;
	}
	w->out->debug = w->out->debug || r->debug;
}

static bool verify_entry(struct rd_tee_work *w, const struct rd_cmw_entry *e)
{
	const struct rd_tee *tee = kind_of(e->type);
	struct rd_tee_result *r = RD_NEW(w->arena, struct rd_tee_result, w->err);
	const char *label = e->label[0] ? e->label : "message";
	struct rd_tee_input in = *w->in;
	struct rd_bundle bundle;
	struct rd_err unused = { 0 };

	rd_tee_claim_text(w, rd_tee_name(w, "messages.%s", label), e->type);
	if (!r)
		return false;
	if (!tee) {
		rd_tee_reason(w, (struct rd_reason){
					 .aspect = RD_ASPECT_CRYPTO,
					 .result = RD_RESULT_ABSENT,
					 .code = "rats.cmw.unknown",
					 .claim = label,
					 .expected = rd_view_str("a message that is known here"),
					 .found = e->type });
		return true;
	}
	in.report = e->value;
	if (rd_bundle_decode(e->value, &bundle, &unused))
		in.report = bundle.report;
	if (!tee->verify(&in, w->arena, r, w->err))
		return rd_wrap(w->err, "%s", label);
	merge(w, r, label);
	return true;
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_cmw *cmw = RD_NEW(arena, struct rd_cmw, err);
	struct rd_tee_work w;

	if (!cmw || !rd_cmw_parse(in->report, arena, cmw, err))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	for (uint32_t i = 0; i < cmw->n; i++)
		if (!verify_entry(&w, &cmw->entry[i]))
			return false;
	rd_tee_claim_bool(&w, "debug", out->debug);
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "debug",
	  .claim = "debug",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_FORBIDDEN,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "a message is about something that can be debugged" },
	{ 0 },
};

const struct rd_tee rd_rats_cmw = {
	.name = "cmw",
	.content_type = "application/cmw+cbor",
	.rules = rules,
	.verify = verify,
};
