/* Values of registers in the forms that tools write. */
#include "tpm.h"

#include <string.h>

#define TEXT_MAX (64u * 1024)
/* The C structs that tpm2_quote -o writes, as a 64-bit little-endian machine lays them out. */
#define TOOL_SELECTIONS 16u
#define TOOL_SELECTION_LEN 8u
#define TOOL_DIGESTS 8u
#define TOOL_DIGEST_LEN 66u
#define TOOL_LIST_LEN (4u + TOOL_DIGESTS * TOOL_DIGEST_LEN)

static uint16_t bank_of_name(struct rd_view name)
{
	static const uint16_t all[] = { RD_TPM_SHA1, RD_TPM_SHA256, RD_TPM_SHA384, RD_TPM_SHA512 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (rd_view_eq(name, rd_view_str(rd_tpm_hash_name(all[i]))))
			return all[i];
	return 0;
}

/* Register `index` is this; false for one that is there already or no digest. */
static bool put(struct rd_tpm_bank *b, struct rd_view index, struct rd_view value)
{
	struct rd_err unused = { 0 };
	int64_t n;

	if (!rd_parse_i64(index, 0, RD_TPM_PCRS - 1, &n, &unused) || b->mask & 1u << n ||
	    value.len < RD_SHA1_LEN || value.len > RD_TPM_DIGEST_MAX)
		return false;
	b->mask |= 1u << n;
	b->pcr[n] = value;
	return true;
}

static bool put_hex(struct rd_tpm_bank *b, struct rd_arena *arena, struct rd_view index,
		    struct rd_view text)
{
	struct rd_err unused = { 0 };
	struct rd_view value;

	if (rd_view_starts(text, rd_view_str("0x")) || rd_view_starts(text, rd_view_str("0X")))
		text = rd_view_of(text.data + 2, text.len - 2);
	return rd_unhex(arena, text, &value, &unused) && put(b, index, value);
}

static bool from_json(struct rd_view bytes, struct rd_arena *arena, struct rd_tpm_bank *out)
{
	struct rd_err unused = { 0 };
	const struct rd_doc *doc;

	if (!rd_json_parse(arena, "pcrs", bytes, &doc, &unused) || doc->kind != RD_DOC_MAP)
		return false;
	if (doc->n == 1 && doc->item[0].kind == RD_DOC_MAP) {
		out->hash = bank_of_name(doc->item[0].key);
		doc = &doc->item[0];
	}
	for (uint32_t i = 0; i < doc->n; i++)
		if (doc->item[i].kind != RD_DOC_SCALAR ||
		    !put_hex(out, arena, doc->item[i].key, doc->item[i].text))
			return false;
	return out->mask != 0;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == ':';
}

/* The next word of a line. */
static struct rd_view word(struct rd_view *line)
{
	struct rd_view out;

	while (line->len && is_space(line->data[0]))
		*line = rd_view_of(line->data + 1, line->len - 1);
	out = rd_view_of(line->data, 0);
	while (out.len < line->len && !is_space(line->data[out.len]))
		out.len++;
	*line = rd_view_of(line->data + out.len, line->len - out.len);
	return out;
}

static bool from_lines(struct rd_view rest, struct rd_arena *arena, struct rd_tpm_bank *out)
{
	while (rest.len) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		struct rd_view line = rest, index, value;

		if (end)
			line.len = (size_t)(end - rest.data);
		rest = rd_view_of(line.data + line.len, rest.len - line.len - (end ? 1 : 0));
		if (end)
			rest.data++;
		index = word(&line);
		value = word(&line);
		if (index.len && !value.len && bank_of_name(index) && !out->hash)
			out->hash = bank_of_name(index);
		else if (index.len && (word(&line).len || !put_hex(out, arena, index, value)))
			return false;
	}
	return out->mask != 0;
}

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/* The digests in order of the selection's registers, eight to a list. */
static bool from_structs(struct rd_view in, struct rd_tpm_bank *out)
{
	size_t head = 4 + TOOL_SELECTIONS * TOOL_SELECTION_LEN + 4;
	uint32_t mask, lists, k = 0;

	if (in.len < head || rd_load_le32(in.data) != 1)
		return false;
	lists = rd_load_le32(in.data + head - 4);
	if (lists == 0 || lists > 3 || in.len != head + lists * TOOL_LIST_LEN)
		return false;
	out->hash = le16(in.data + 4);
	mask = (uint32_t)in.data[7] | (uint32_t)in.data[8] << 8 | (uint32_t)in.data[9] << 16;
	for (uint32_t pcr = 0; pcr < RD_TPM_PCRS; pcr++) {
		const uint8_t *list = in.data + head + k / TOOL_DIGESTS * TOOL_LIST_LEN;
		const uint8_t *digest = list + 4 + k % TOOL_DIGESTS * TOOL_DIGEST_LEN;
		uint16_t len;

		if (!(mask & 1u << pcr))
			continue;
		if (k / TOOL_DIGESTS >= lists || k % TOOL_DIGESTS >= rd_load_le32(list))
			return false;
		len = le16(digest);
		if (len < RD_SHA1_LEN || len > RD_TPM_DIGEST_MAX)
			return false;
		out->mask |= 1u << pcr;
		out->pcr[pcr] = rd_view_of(digest + 2, len);
		k++;
	}
	return out->mask != 0;
}

bool rd_tpm_pcrs_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_tpm_bank *out)
{
	*out = (struct rd_tpm_bank){ 0 };
	if (bytes.len == 0 || bytes.len > TEXT_MAX)
		return false;
	if (bytes.data[0] == '{')
		return from_json(bytes, arena, out);
	if (bytes.data[0] >= ' ' && bytes.data[0] < 0x7F)
		return from_lines(bytes, arena, out);
	return from_structs(bytes, out);
}
