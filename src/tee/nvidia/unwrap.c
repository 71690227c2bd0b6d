/* A report out of the forms in which NVIDIA's tools keep it. */
#include "nvidia.h"

#include <redoubt/codec.h>

#define NAME "GPU evidence"

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.nvidia.form", NAME ": %s", what);
}

/* Base64 in a member: by itself, or in a CMW record [type, Base64]. */
static bool base64(const struct rd_doc *map, const char *key, struct rd_arena *arena,
		   struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *text = rd_doc_get(map, key);

	if (text && text->kind == RD_DOC_LIST && text->n >= 2)
		text = &text->item[1];
	return !text || (text->kind == RD_DOC_SCALAR && text->text.len == 0) ||
	       (text->kind == RD_DOC_SCALAR && rd_base64_decode(text->text, arena, out, err)) ||
	       malformed(err, "what should be Base64 is not");
}

/* The maps with evidence: of a list, or of a collection by name.  The last one, and how many. */
static const struct rd_doc *device_of(const struct rd_doc *all, uint32_t *n)
{
	const struct rd_doc *out = NULL;

	*n = 0;
	for (uint32_t i = 0; i < all->n; i++)
		if (all->item[i].kind == RD_DOC_MAP && rd_doc_get(&all->item[i], "evidence")) {
			out = &all->item[i];
			++*n;
		}
	return out;
}

static bool from_json(struct rd_view bytes, struct rd_arena *arena, struct rd_nvidia_evidence *out,
		      struct rd_err *err)
{
	const struct rd_doc *doc, *list;
	uint32_t n = 1;

	if (!rd_json_parse(arena, NAME, bytes, &doc, err))
		return false;
	list = doc->kind == RD_DOC_MAP ? rd_doc_get(doc, "evidence_list") : NULL;
	doc = list ? list : doc;
	if (doc->kind != RD_DOC_MAP || !rd_doc_get(doc, "evidence"))
		doc = device_of(doc, &n);
	if (n > 1)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.nvidia.several",
			       NAME ": of %u devices, one is judged at a time", n);
	if (!doc)
		return malformed(err, "no member `evidence`");
	out->report = (struct rd_view){ 0 };
	return base64(doc, "evidence", arena, &out->report, err) &&
	       base64(doc, "certificate", arena, &out->certificates, err);
}

bool rd_nvidia_unwrap(struct rd_view bytes, struct rd_arena *arena, struct rd_nvidia_evidence *out,
		      struct rd_err *err)
{
	struct rd_view text = bytes;

	*out = (struct rd_nvidia_evidence){ .report = bytes };
	if (bytes.len && (bytes.data[0] == '[' || bytes.data[0] == '{'))
		return from_json(bytes, arena, out, err);
	while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.len--;
	return !rd_view_starts(text, rd_view_str("11e0")) ||
	       rd_unhex(arena, text, &out->report, err) || malformed(err, "broken hexadecimal");
}
