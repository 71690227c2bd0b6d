/* The JSON around the evidence, in the forms that attesters write. */
#include "azure.h"

#define NAME "evidence"
#define VERSION_MAX 2u

static bool wrong(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.azure.form", "evidence: %s", what);
}

/* [255, 84, ...] */
static bool numbers(const struct rd_doc *list, struct rd_arena *arena, struct rd_view *out,
		    struct rd_err *err)
{
	uint8_t *bytes = rd_arena_alloc(arena, list->n + 1, 1, err);

	if (!bytes)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		uint64_t value;

		if (!rd_doc_uint(NAME, &list->item[i], 255, &value, err))
			return false;
		bytes[i] = (uint8_t)value;
	}
	*out = rd_view_of(bytes, list->n);
	return true;
}

static bool hex(const struct rd_doc *d, struct rd_arena *arena, struct rd_view *out,
		struct rd_err *err)
{
	return d->kind == RD_DOC_LIST ? numbers(d, arena, out, err)
				      : rd_doc_hex(NAME, d, arena, out, err);
}

/* Empty where it is not there. */
static bool base64(const struct rd_doc *map, const char *key, struct rd_arena *arena,
		   struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *d = rd_doc_get(map, key);

	if (d && d->kind == RD_DOC_LIST)
		return numbers(d, arena, out, err);
	if (!d || d->kind != RD_DOC_SCALAR)
		return true;
	if (rd_view_starts(d->text, rd_view_str("-----BEGIN "))) {
		*out = d->text;
		return true;
	}
	return rd_base64_decode(d->text, arena, out, err) || rd_wrap(err, "evidence: %s", key);
}

static bool read_quote(const struct rd_doc *quote, struct rd_arena *arena,
		       struct rd_azure_evidence *out, struct rd_err *err)
{
	const struct rd_doc *message = quote ? rd_doc_get(quote, "message") : NULL;
	const struct rd_doc *signature = quote ? rd_doc_get(quote, "signature") : NULL;
	const struct rd_doc *pcrs = quote ? rd_doc_get(quote, "pcrs") : NULL;

	if (!message || !signature)
		return wrong(err, "no quote of the vTPM with a message and a signature");
	if (!pcrs || pcrs->kind != RD_DOC_LIST || pcrs->n == 0 || pcrs->n > RD_TPM_PCRS)
		return wrong(err, "the quote's pcrs must be a list of 1 to 24 registers");
	out->pcrs.n = 1;
	out->pcrs.bank[0].mask = (uint32_t)((1ull << pcrs->n) - 1);
	for (uint32_t i = 0; i < pcrs->n; i++)
		if (!hex(&pcrs->item[i], arena, &out->pcrs.bank[0].pcr[i], err))
			return false;
	return hex(message, arena, &out->message, err) &&
	       hex(signature, arena, &out->signature, err);
}

static bool check_version(const struct rd_doc *version, struct rd_err *err)
{
	struct rd_err unused = { 0 };
	uint64_t n = 0;

	if (!version)
		return true;
	if (rd_doc_uint(NAME, version, VERSION_MAX, &n, &unused) && n > 0)
		return true;
	return rd_fail(err, RD_FAULT_REFUSED, "tee.azure.version",
		       "evidence of version '%.*s': 1, 2 and none are known",
		       (int)(version->text.len < 32 ? version->text.len : 32),
		       (const char *)version->text.data);
}

bool rd_azure_parse(struct rd_view file, struct rd_arena *arena, struct rd_azure_evidence *out,
		    struct rd_err *err)
{
	const struct rd_doc *doc;
	bool old;

	*out = (struct rd_azure_evidence){ 0 };
	if (!rd_json_parse(arena, NAME, file, &doc, err))
		return false;
	if (!check_version(rd_doc_get(doc, "version"), err))
		return false;
	old = rd_doc_get(doc, "report") && rd_doc_get(doc, "quote");
	return base64(doc, old ? "report" : "hcl_report", arena, &out->hcl, err) &&
	       base64(doc, "vcek", arena, &out->vcek, err) &&
	       base64(doc, "td_quote", arena, &out->td_quote, err) &&
	       read_quote(rd_doc_get(doc, old ? "quote" : "tpm_quote"), arena, out, err);
}
