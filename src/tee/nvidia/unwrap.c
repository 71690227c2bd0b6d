/* A report out of the forms in which NVIDIA's tools keep it. */
#include "nvidia.h"

#include <redoubt/codec.h>

#define NAME "GPU evidence"

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.nvidia.form", NAME ": %s", what);
}

static bool base64(const struct rd_doc *map, const char *key, struct rd_arena *arena,
		   struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *text = rd_doc_get(map, key);

	return !text || (text->kind == RD_DOC_SCALAR && text->text.len == 0) ||
	       (text->kind == RD_DOC_SCALAR && rd_base64_decode(text->text, arena, out, err)) ||
	       malformed(err, "what should be Base64 is not");
}

static bool from_json(struct rd_view bytes, struct rd_arena *arena, struct rd_nvidia_evidence *out,
		      struct rd_err *err)
{
	const struct rd_doc *doc, *list;

	if (!rd_json_parse(arena, NAME, bytes, &doc, err))
		return false;
	list = doc->kind == RD_DOC_MAP ? rd_doc_get(doc, "evidence_list") : NULL;
	doc = list ? list : doc;
	if (doc->kind == RD_DOC_LIST && doc->n > 1)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.nvidia.several",
			       NAME ": of %u devices, one is judged at a time", doc->n);
	if (doc->kind == RD_DOC_LIST && doc->n == 1)
		doc = &doc->item[0];
	if (doc->kind != RD_DOC_MAP || !rd_doc_get(doc, "evidence"))
		return malformed(err, "no member `evidence`");
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
