/* TCB info and enclave identities: Intel's signed JSON, read from exactly the bytes that are
 * signed. */
#include "dcap.h"

#include <redoubt/os.h>

#include <stdio.h>
#include <string.h>

#define SIGNATURE_LEN 64u
#define ADVISORIES_MAX 2048u
#define DOCUMENT_MAX ((size_t)1 << 20) /* Intel's have some 10 KiB */

struct read {
	const char *code; /* of whatever is wrong */
	struct rd_arena *arena;
	struct rd_err *err;
};

static bool wrong(struct read *r, const char *key, const char *what)
{
	*r->err = (struct rd_err){ 0 };
	return rd_fail(r->err, RD_FAULT_REFUSED, r->code, "%s %s", key, what);
}

static bool text(struct read *r, const struct rd_doc *map, const char *key, struct rd_view *out)
{
	const struct rd_doc *d = rd_doc_get(map, key);

	if (!d || d->text.len == 0 || d->text.len > 256) /* lists and maps have none */
		return wrong(r, key, "is missing or no text");
	*out = d->text;
	return true;
}

static bool number(struct read *r, const struct rd_doc *map, const char *key, uint64_t max,
		   uint64_t *out)
{
	const struct rd_doc *d = rd_doc_get(map, key);
	struct rd_err unused = { 0 };

	return (d && rd_doc_uint("", d, max, out, &unused)) ||
	       wrong(r, key, "is missing or no number in its range");
}

static bool hex(struct read *r, const struct rd_doc *map, const char *key, size_t len,
		struct rd_view *out)
{
	const struct rd_doc *d = rd_doc_get(map, key);
	struct rd_err unused = { 0 };

	return (d && rd_doc_hex("", d, r->arena, out, &unused) && out->len == len) ||
	       wrong(r, key, "is missing or not hexadecimal of its length");
}

static bool date(struct read *r, const struct rd_doc *map, const char *key, int64_t *out)
{
	const struct rd_doc *d = rd_doc_get(map, key);
	struct rd_err unused = { 0 };

	return (d && d->kind == RD_DOC_SCALAR && rd_os_time_parse(d->text, out, &unused)) ||
	       wrong(r, key, "is missing or no time");
}

static bool list(struct read *r, const struct rd_doc *map, const char *key, uint32_t min,
		 const struct rd_doc **out)
{
	*out = rd_doc_get(map, key);
	return (*out && (*out)->kind == RD_DOC_LIST && (*out)->n >= min &&
		(*out)->n <= RD_DCAP_LEVELS_MAX) ||
	       wrong(r, key, "is missing, empty, too long or no list");
}

/* How a signed object is handed on: as the service answers, or in one file with everything else
 * ("quote collateral"), where its text is a string: the object's with the signature in a member of
 * its own, or the whole answer. */
struct names {
	const char *object, *text, *text_signature;
};
static const struct names tcb_info_names = { "tcbInfo", "tcb_info", "tcb_info_signature" };
static const struct names identity_names = { "enclaveIdentity", "qe_identity",
					     "qe_identity_signature" };

static bool slice(struct rd_view json, const char *member, struct rd_view *out)
{
	struct rd_err unused = { 0 };

	return rd_json_slice(json, member, out, &unused);
}

/* {"<object>": {...}, "signature": "hex"}: exactly these bytes, and the hexadecimal. */
static bool open_answer(struct rd_view json, const struct names *names, struct rd_view *bytes,
			struct rd_view *signature)
{
	struct rd_view quoted;

	if (!slice(json, names->object, bytes) || !slice(json, "signature", &quoted) ||
	    quoted.len < 2 || quoted.data[0] != '"')
		return false;
	*signature = rd_view_of(quoted.data + 1, quoted.len - 2);
	return true;
}

static bool open_texts(struct read *r, struct rd_view json, const struct names *names,
		       struct rd_view *bytes, struct rd_view *signature)
{
	const struct rd_doc *all, *text, *beside;
	struct rd_err unused = { 0 };

	if (!rd_json_parse(r->arena, names->text, json, &all, &unused))
		return false;
	text = rd_doc_get(all, names->text);
	beside = rd_doc_get(all, names->text_signature);
	if (!text || !text->quoted)
		return false;
	if (!beside)
		return open_answer(text->text, names, bytes, signature);
	*bytes = text->text;
	*signature = beside->text;
	return beside->kind == RD_DOC_SCALAR;
}

/* The signed bytes, their tree, the signature. */
static bool open_signed(struct read *r, struct rd_view json, const struct names *names,
			struct rd_signed_json *out, const struct rd_doc **tree)
{
	struct rd_err unused = { 0 };
	struct rd_view signature;

	if (json.len > DOCUMENT_MAX)
		return wrong(r, names->object, "is larger than 1 MiB");
	if (!open_answer(json, names, &out->bytes, &signature) &&
	    !open_texts(r, json, names, &out->bytes, &signature))
		return wrong(r, names->object, "and its signature are not there");
	if (signature.len != 2 * SIGNATURE_LEN ||
	    !rd_unhex(r->arena, signature, &out->signature, &unused))
		return wrong(r, "signature", "is not 64 bytes in hexadecimal");
	return rd_json_parse(r->arena, names->object, out->bytes, tree, &unused) ||
	       wrong(r, names->object, unused.text);
}

static bool holds(struct rd_view json, const struct names *names)
{
	struct rd_view out;

	return json.len <= DOCUMENT_MAX &&
	       (slice(json, names->object, &out) || slice(json, names->text, &out));
}

bool rd_tcb_info_is(struct rd_view json)
{
	return holds(json, &tcb_info_names);
}

bool rd_qe_identity_is(struct rd_view json)
{
	return holds(json, &identity_names);
}

/* ---- levels ---------------------------------------------------------------------------------- */

static bool advisories(struct read *r, const struct rd_doc *level, struct rd_view *out)
{
	const struct rd_doc *ids = rd_doc_get(level, "advisoryIDs");
	RD_AUTO(rd_buf_free) struct rd_buf all = { .max = ADVISORIES_MAX };

	*out = (struct rd_view){ 0 };
	if (ids && ids->kind != RD_DOC_LIST)
		return wrong(r, "advisoryIDs", "is no list");
	for (uint32_t i = 0; ids && i < ids->n; i++) {
		if (ids->item[i].kind != RD_DOC_SCALAR)
			return wrong(r, "advisoryIDs", "holds something that is no text");
		rd_buf_printf(&all, "%s%.*s", i ? ", " : "", RD_FMT(ids->item[i].text));
	}
	return rd_buf_ok(&all, r->err) &&
	       (all.len == 0 || rd_arena_copy(r->arena, rd_buf_view(&all), out, r->err));
}

/* [{"svn": n, ...} x 16]: fewer or more is no comparison (a zip of two lists stops at the shorter).
 */
static bool components(struct read *r, const struct rd_doc *tcb, const char *key,
		       uint8_t out[RD_DCAP_COMPONENTS])
{
	const struct rd_doc *all;
	uint64_t svn;

	if (!list(r, tcb, key, RD_DCAP_COMPONENTS, &all))
		return false;
	if (all->n != RD_DCAP_COMPONENTS)
		return wrong(r, key, "has not 16 components");
	for (uint32_t i = 0; i < RD_DCAP_COMPONENTS; i++) {
		if (!number(r, &all->item[i], "svn", UINT8_MAX, &svn))
			return false;
		out[i] = (uint8_t)svn;
	}
	return true;
}

static bool components_v2(struct read *r, const struct rd_doc *tcb, uint8_t out[RD_DCAP_COMPONENTS])
{
	char key[32];
	uint64_t svn;

	for (uint32_t i = 0; i < RD_DCAP_COMPONENTS; i++) {
		snprintf(key, sizeof(key), "sgxtcbcomp%02usvn", i + 1);
		if (!number(r, tcb, key, UINT8_MAX, &svn))
			return false;
		out[i] = (uint8_t)svn;
	}
	return true;
}

struct form {
	bool platform; /* components and pcesvn; else isvsvn */
	bool v2, tdx;
};

static bool read_level(struct read *r, const struct rd_doc *doc, struct form form,
		       struct rd_tcb_level *out)
{
	const struct rd_doc *tcb = rd_doc_get(doc, "tcb");
	uint64_t svn;

	if (!tcb)
		return wrong(r, "tcb", "is missing");
	if (!text(r, doc, "tcbStatus", &out->status) || !text(r, doc, "tcbDate", &out->date) ||
	    !advisories(r, doc, &out->advisories) ||
	    !number(r, tcb, form.platform ? "pcesvn" : "isvsvn", UINT16_MAX, &svn))
		return false;
	if (!form.platform) {
		out->isvsvn = (uint16_t)svn;
		return true;
	}
	out->pcesvn = (uint16_t)svn;
	out->sgx_parts = rd_doc_get(tcb, "sgxtcbcomponents");
	out->tdx_parts = rd_doc_get(tcb, "tdxtcbcomponents");
	return (form.v2 ? components_v2(r, tcb, out->sgx)
			: components(r, tcb, "sgxtcbcomponents", out->sgx)) &&
	       (!form.tdx || components(r, tcb, "tdxtcbcomponents", out->tdx));
}

static bool read_levels(struct read *r, const struct rd_doc *map, struct form form,
			struct rd_tcb_levels *out)
{
	const struct rd_doc *all;

	if (!list(r, map, "tcbLevels", 1, &all))
		return false;
	out->n = all->n;
	out->level = RD_NEW_ARRAY(r->arena, struct rd_tcb_level, all->n, r->err);
	if (!out->level)
		return false;
	for (uint32_t i = 0; i < all->n; i++)
		if (!read_level(r, &all->item[i], form, &out->level[i]))
			return false;
	return true;
}

/* ---- TDX modules ----------------------------------------------------------------------------- */

static bool read_module(struct read *r, const struct rd_doc *doc, bool named,
			struct rd_tdx_module *out)
{
	if (!hex(r, doc, "mrsigner", 48, &out->mrsigner) ||
	    !hex(r, doc, "attributes", 8, &out->attributes) ||
	    !hex(r, doc, "attributesMask", 8, &out->attributes_mask))
		return false;
	return !named || (text(r, doc, "id", &out->id) &&
			  read_levels(r, doc, (struct form){ 0 }, &out->levels));
}

static bool read_modules(struct read *r, const struct rd_doc *info, struct rd_tcb_info *out)
{
	const struct rd_doc *one = rd_doc_get(info, "tdxModule"), *all;

	if (one && !read_module(r, one, false, &out->module))
		return false;
	out->has_module = one != NULL;
	if (!rd_doc_get(info, "tdxModuleIdentities"))
		return true;
	if (!list(r, info, "tdxModuleIdentities", 0, &all))
		return false;
	if (all->n > RD_DCAP_MODULES_MAX)
		return wrong(r, "tdxModuleIdentities", "has too many entries");
	out->n_modules = all->n;
	for (uint32_t i = 0; i < all->n; i++)
		if (!read_module(r, &all->item[i], true, &out->modules[i]))
			return false;
	return true;
}

/* ---- the two documents ----------------------------------------------------------------------- */

static bool read_kind(struct read *r, const struct rd_doc *info, uint64_t version,
		      enum rd_dcap_kind *out)
{
	struct rd_view id;

	*out = RD_DCAP_SGX;
	if (version == 2)
		return true;
	if (!text(r, info, "id", &id))
		return false;
	*out = rd_view_eq(id, rd_view_str("TDX")) ? RD_DCAP_TDX : RD_DCAP_SGX;
	return *out == RD_DCAP_TDX || rd_view_eq(id, rd_view_str("SGX")) ||
	       wrong(r, "id", "is neither SGX nor TDX");
}

bool rd_tcb_info_parse(struct rd_view json, struct rd_arena *arena, struct rd_tcb_info *out,
		       struct rd_err *err)
{
	struct read r = { .code = "tee.dcap.tcb_info", .arena = arena, .err = err };
	uint64_t version, type, evaluation = 0;
	const struct rd_doc *info;
	struct form form;

	*out = (struct rd_tcb_info){ 0 };
	if (!open_signed(&r, json, &tcb_info_names, &out->json, &info) ||
	    !number(&r, info, "version", 3, &version))
		return false;
	if (version < 2)
		return wrong(&r, "version", "is neither 2 nor 3");
	if (!read_kind(&r, info, version, &out->kind) ||
	    !date(&r, info, "issueDate", &out->issue_date) ||
	    !date(&r, info, "nextUpdate", &out->next_update) ||
	    !hex(&r, info, "fmspc", 6, &out->fmspc) || !hex(&r, info, "pceId", 2, &out->pceid) ||
	    !number(&r, info, "tcbType", UINT32_MAX, &type) ||
	    !number(&r, info, "tcbEvaluationDataNumber", UINT32_MAX, &evaluation))
		return false;
	if (type != 0)
		return wrong(&r, "tcbType", "is not 0: how to compare is not known");
	out->evaluation_number = (uint32_t)evaluation;
	form = (struct form){ .platform = true,
			      .v2 = version == 2,
			      .tdx = out->kind == RD_DCAP_TDX };
	return (!form.tdx || read_modules(&r, info, out)) &&
	       read_levels(&r, info, form, &out->levels);
}

bool rd_qe_identity_parse(struct rd_view json, struct rd_arena *arena, struct rd_qe_identity *out,
			  struct rd_err *err)
{
	struct read r = { .code = "tee.dcap.qe_identity", .arena = arena, .err = err };
	uint64_t version, prodid, evaluation;
	const struct rd_doc *doc;
	struct rd_view id;

	*out = (struct rd_qe_identity){ 0 };
	if (!open_signed(&r, json, &identity_names, &out->json, &doc) ||
	    !number(&r, doc, "version", 2, &version) || !text(&r, doc, "id", &id))
		return false;
	if (version != 2)
		return wrong(&r, "version", "is not 2");
	out->kind = rd_view_eq(id, rd_view_str("TD_QE")) ? RD_DCAP_TDX
		    : rd_view_eq(id, rd_view_str("QE"))  ? RD_DCAP_SGX
							 : RD_DCAP_NEITHER;
	if (!date(&r, doc, "issueDate", &out->issue_date) ||
	    !date(&r, doc, "nextUpdate", &out->next_update) ||
	    !number(&r, doc, "tcbEvaluationDataNumber", UINT32_MAX, &evaluation) ||
	    !hex(&r, doc, "miscselect", 4, &out->miscselect) ||
	    !hex(&r, doc, "miscselectMask", 4, &out->miscselect_mask) ||
	    !hex(&r, doc, "attributes", 16, &out->attributes) ||
	    !hex(&r, doc, "attributesMask", 16, &out->attributes_mask) ||
	    !hex(&r, doc, "mrsigner", 32, &out->mrsigner) ||
	    !number(&r, doc, "isvprodid", UINT16_MAX, &prodid))
		return false;
	out->isvprodid = (uint16_t)prodid;
	out->evaluation_number = (uint32_t)evaluation;
	return read_levels(&r, doc, (struct form){ 0 }, &out->levels);
}
