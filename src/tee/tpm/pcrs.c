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
#define TOOL_LISTS_MAX 16u

struct rd_tpm_bank *rd_tpm_bank_of(struct rd_tpm_pcrs *pcrs, uint16_t hash)
{
	for (uint32_t i = 0; i < pcrs->n; i++)
		if (pcrs->bank[i].hash == hash)
			return &pcrs->bank[i];
	if (pcrs->n == RD_TPM_BANKS_MAX)
		return NULL;
	pcrs->bank[pcrs->n].hash = hash;
	return &pcrs->bank[pcrs->n++];
}

/* Register `n` is this; false for one that is there already or no digest of the bank. */
static bool put(struct rd_tpm_bank *b, uint32_t n, struct rd_view value)
{
	uint16_t hash = rd_tpm_hash_of_len(value.len);

	if (!b || b->mask & 1u << n || !hash || (b->hash && b->hash != hash))
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
	int64_t n;

	if (rd_view_starts(text, rd_view_str("0x")) || rd_view_starts(text, rd_view_str("0X")))
		text = rd_view_of(text.data + 2, text.len - 2);
	return rd_parse_i64(index, 0, RD_TPM_PCRS - 1, &n, &unused) &&
	       rd_unhex(arena, text, &value, &unused) && put(b, (uint32_t)n, value);
}

static bool from_map(const struct rd_doc *map, struct rd_arena *arena, struct rd_tpm_bank *b)
{
	for (uint32_t i = 0; i < map->n; i++)
		if (map->item[i].kind != RD_DOC_SCALAR ||
		    !put_hex(b, arena, map->item[i].key, map->item[i].text))
			return false;
	return map->n != 0;
}

static bool from_json(struct rd_view bytes, struct rd_arena *arena, struct rd_tpm_pcrs *out)
{
	struct rd_err unused = { 0 };
	const struct rd_doc *doc;

	if (!rd_json_parse(arena, "pcrs", bytes, &doc, &unused) || doc->kind != RD_DOC_MAP)
		return false;
	if (doc->n == 0 || doc->item[0].kind != RD_DOC_MAP)
		return from_map(doc, arena, rd_tpm_bank_of(out, 0));
	for (uint32_t i = 0; i < doc->n; i++) {
		uint16_t hash = rd_tpm_hash_named(doc->item[i].key);

		if (!hash || doc->item[i].kind != RD_DOC_MAP ||
		    !from_map(&doc->item[i], arena, rd_tpm_bank_of(out, hash)))
			return false;
	}
	return true;
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

static struct rd_view line_of(struct rd_view *rest)
{
	const uint8_t *end = memchr(rest->data, '\n', rest->len);
	struct rd_view line = *rest;

	if (end)
		line.len = (size_t)(end - rest->data);
	*rest = rd_view_of(rest->data + line.len + (end ? 1 : 0),
			   rest->len - line.len - (end ? 1 : 0));
	return line;
}

/* Of what tpm2_quote prints, the indented lines under "pcrs:"; of other texts all. */
static struct rd_view section(struct rd_view text)
{
	struct rd_view rest = text, out;

	while (rest.len)
		if (rd_view_starts(line_of(&rest), rd_view_str("pcrs:"))) {
			out = rd_view_of(rest.data, 0);
			while (rest.len && (rest.data[0] == ' ' || rest.data[0] == '\n')) {
				(void)line_of(&rest);
				out.len = (size_t)(rest.data - out.data);
			}
			return out;
		}
	return text;
}

static bool from_lines(struct rd_view text, struct rd_arena *arena, struct rd_tpm_pcrs *out)
{
	struct rd_view rest = section(text);
	bool any = false, known = true;
	uint16_t hash = 0;

	while (rest.len) {
		struct rd_view line = line_of(&rest), index = word(&line), value = word(&line);

		if (index.len && !value.len) { /* a bank, which may be one that has no registers */
			hash = rd_tpm_hash_named(index);
			known = hash != 0;
		} else if (index.len &&
			   (!known || word(&line).len ||
			    !put_hex(rd_tpm_bank_of(out, hash), arena, index, value))) {
			return false;
		} else {
			any = any || index.len;
		}
	}
	return any;
}

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/* The next digest of the lists, each of up to eight. */
struct digests {
	struct rd_view lists;
	uint32_t k; /* of the first list that is left */
};

static struct rd_view next_digest(struct digests *d)
{
	const uint8_t *digest;

	while (d->lists.len && d->k >= rd_load_le32(d->lists.data)) {
		d->lists = rd_view_of(d->lists.data + TOOL_LIST_LEN, d->lists.len - TOOL_LIST_LEN);
		d->k = 0;
	}
	if (!d->lists.len || d->k >= TOOL_DIGESTS)
		return (struct rd_view){ 0 };
	digest = d->lists.data + 4 + d->k++ * TOOL_DIGEST_LEN;
	return le16(digest) > RD_TPM_DIGEST_MAX ? (struct rd_view){ 0 }
						: rd_view_of(digest + 2, le16(digest));
}

/* Selections, then the digests of their registers in order, in lists. */
static bool from_structs(struct rd_view in, struct rd_tpm_pcrs *out)
{
	size_t head = 4 + TOOL_SELECTIONS * TOOL_SELECTION_LEN + 4;
	struct digests digests = { 0 };
	uint32_t n, lists;

	if (in.len < head)
		return false;
	n = rd_load_le32(in.data);
	lists = rd_load_le32(in.data + head - 4);
	if (n == 0 || n > TOOL_SELECTIONS || lists == 0 || lists > TOOL_LISTS_MAX ||
	    in.len != head + lists * TOOL_LIST_LEN)
		return false;
	digests.lists = rd_view_of(in.data + head, in.len - head);
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *s = in.data + 4 + i * TOOL_SELECTION_LEN;
		uint32_t mask = (uint32_t)s[3] | (uint32_t)s[4] << 8 | (uint32_t)s[5] << 16;

		for (uint32_t pcr = 0; pcr < RD_TPM_PCRS; pcr++)
			if (mask & 1u << pcr &&
			    !put(rd_tpm_bank_of(out, le16(s)), pcr, next_digest(&digests)))
				return false;
	}
	return out->n != 0 && next_digest(&digests).len == 0;
}

bool rd_tpm_pcrs_from_values(struct rd_view bytes, const struct rd_tpm_quote *q,
			     struct rd_tpm_pcrs *out)
{
	*out = (struct rd_tpm_pcrs){ 0 };
	for (uint32_t i = 0; i < q->n_selections; i++) {
		enum rd_hash hash;

		if (!rd_tpm_hash(q->selection[i].hash, &hash))
			return false;
		for (uint32_t pcr = 0; pcr < RD_TPM_PCRS; pcr++) {
			size_t len = rd_hash_len(hash);

			if (!(q->selection[i].mask & 1u << pcr))
				continue;
			if (len > bytes.len || !put(rd_tpm_bank_of(out, q->selection[i].hash), pcr,
						    rd_view_of(bytes.data, len)))
				return false;
			bytes = rd_view_of(bytes.data + len, bytes.len - len);
		}
	}
	return out->n != 0 && bytes.len == 0;
}

bool rd_tpm_pcrs_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_tpm_pcrs *out)
{
	*out = (struct rd_tpm_pcrs){ 0 };
	if (bytes.len == 0 || bytes.len > TEXT_MAX)
		return false;
	if (bytes.data[0] == '{')
		return from_json(bytes, arena, out);
	if (bytes.data[0] >= ' ' && bytes.data[0] < 0x7F)
		return from_lines(bytes, arena, out);
	return from_structs(bytes, out);
}
