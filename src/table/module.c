/* Parquet Modular Encryption: the framing and the AAD of one module (Encryption.md 5.2). */
#include "parquet_int.h"

#include <stdio.h>

#define MODULE_NAME_MAX 96

static bool has_ordinals(enum module_kind kind)
{
	return kind != MODULE_FOOTER;
}

static bool has_page(enum module_kind kind)
{
	return kind == MODULE_DATA_PAGE || kind == MODULE_DATA_HEADER;
}

/* "a data page of row group 0, column 2, page 1" */
static const char *module_name(const struct module *m, char out[MODULE_NAME_MAX])
{
	static const char *const names[] = {
		"the footer",   "a column's metadata",  "a data page",
		"a dictionary", "a data page's header", "a dictionary's header",
	};
	int n = snprintf(out, MODULE_NAME_MAX, "%s", names[m->kind]);

	if (has_ordinals(m->kind))
		n += snprintf(out + n, MODULE_NAME_MAX - (size_t)n, " of row group %u, column %u",
			      m->group, m->column);
	if (has_page(m->kind))
		snprintf(out + n, MODULE_NAME_MAX - (size_t)n, ", page %u", m->page);
	return out;
}

static bool make_aad(const struct module *m, struct rd_span *out, struct rd_err *err)
{
	const uint16_t ordinal[3] = { m->group, m->column, m->page };
	size_t n = has_page(m->kind) ? 3 : has_ordinals(m->kind) ? 2 : 0;

	if (m->aad_base.len + 7 > out->cap)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.aad", "an AAD prefix of %zu bytes",
			       m->aad_base.len);
	if (m->aad_base.len == 0)
		return true; /* DuckDB's own files: no AAD at all */
	memcpy(out->data, m->aad_base.data, m->aad_base.len);
	out->used = m->aad_base.len;
	out->data[out->used++] = (uint8_t)m->kind;
	for (size_t i = 0; i < n; i++) {
		out->data[out->used++] = (uint8_t)ordinal[i];
		out->data[out->used++] = (uint8_t)(ordinal[i] >> 8);
	}
	return true;
}

bool module_seal(const struct rd_aead *aead, const struct module *module, struct rd_view in,
		 struct rd_buf *out, struct rd_err *err)
{
	uint8_t aad_bytes[RD_AAD_MAX + 8];
	struct rd_span aad = { .data = aad_bytes, .cap = sizeof(aad_bytes) };
	size_t len = MODULE_OVERHEAD - 4 + in.len;
	uint8_t *at;

	if (len > UINT32_MAX || !make_aad(module, &aad, err))
		return rd_fail(err, RD_FAULT_FAILED, "table.module.size", "a module of %zu bytes",
			       len);
	at = rd_buf_extend(out, len + 4);
	if (!at)
		return rd_buf_ok(out, err);
	rd_store_le32(at, (uint32_t)len);
	struct rd_span nonce = { .data = at + 4, .cap = RD_AEAD_NONCE_LEN };
	struct rd_span sealed = { .data = at + 4 + RD_AEAD_NONCE_LEN,
				  .cap = in.len + RD_AEAD_TAG_LEN };

	return rd_crypto_random(&nonce, err) &&
	       rd_aead_seal(aead, at + 4, rd_view_of(aad.data, aad.used), in, &sealed, err);
}

bool module_tag(const struct rd_aead *aead, const struct module *module, struct rd_view in,
		const uint8_t nonce[RD_AEAD_NONCE_LEN], struct rd_span *sealed, struct rd_err *err)
{
	uint8_t aad_bytes[RD_AAD_MAX + 8];
	struct rd_span aad = { .data = aad_bytes, .cap = sizeof(aad_bytes) };

	return make_aad(module, &aad, err) &&
	       rd_aead_seal(aead, nonce, rd_view_of(aad.data, aad.used), in, sealed, err);
}

bool module_len(const struct module *module, struct rd_view bytes, size_t max, size_t *out,
		struct rd_err *err)
{
	char name[MODULE_NAME_MAX];
	size_t len = bytes.len >= 4 ? (size_t)rd_load_le32(bytes.data) + 4 : 0;

	if (len < MODULE_OVERHEAD || len > max)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.module.size",
			       "%s says that it has %zu bytes, expected %u to %zu",
			       module_name(module, name), len, MODULE_OVERHEAD, max);
	*out = len;
	return true;
}

bool module_open(const struct rd_aead *aead, const struct module *module, struct rd_view sealed,
		 struct rd_span *out, struct rd_err *err)
{
	uint8_t aad_bytes[RD_AAD_MAX + 8];
	struct rd_span aad = { .data = aad_bytes, .cap = sizeof(aad_bytes) };
	char name[MODULE_NAME_MAX];
	size_t len = 0;

	if (!make_aad(module, &aad, err) || !module_len(module, sealed, sealed.len, &len, err))
		return false;
	if (len != sealed.len)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.module.size",
			       "%s has %zu bytes and says %zu", module_name(module, name),
			       sealed.len, len);
	if (rd_aead_open(aead, sealed.data + 4, rd_view_of(aad.data, aad.used),
			 rd_view_of(sealed.data + 4 + RD_AEAD_NONCE_LEN,
				    sealed.len - 4 - RD_AEAD_NONCE_LEN),
			 out, err))
		return true;
	return rd_fail(err, RD_FAULT_REFUSED, "table.module.tag",
		       "%s does not open: changed, moved from another place or file, or sealed "
		       "with another key or AAD prefix",
		       module_name(module, name));
}
