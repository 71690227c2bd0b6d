/* Parquet files of others, for their owners' own use: codecs, CRCs, AES-CTR, keys by name. */
#include "codec_int.h"
#include "open_int.h"

#define KEYS_MAX RD_COLUMNS_MAX

/* ---- AES_GCM_CTR_V1 -------------------------------------------------------------------------- */

/* The counter block begins at 1 behind the nonce (Encryption.md 5.2.1). */
static bool ctr(const struct rd_secret *key, const uint8_t nonce[RD_AEAD_NONCE_LEN],
		struct rd_view in, struct rd_span *out, struct rd_err *err)
{
	uint8_t block[16] = { 0 };

	memcpy(block, nonce, RD_AEAD_NONCE_LEN);
	block[15] = 1;
	return rd_aes_ctr(key, block, in, out, err);
}

static const struct table_edge edge = {
	.unpack = codec_unpack,
	.knows_codec = codec_known,
	.crc32 = codec_crc32,
	.ctr = ctr,
};

bool rd_table_open_any(const struct rd_blob *blob, const struct rd_table_options *o,
		       struct rd_table **out, struct rd_err *err)
{
	const struct table_access access = { .mode = RD_TABLE_OWN,
					     .keys = o->keys,
					     .foreign_keys = o->foreign_keys,
					     .edge = &edge,
					     .without_aad = o->without_aad };

	return table_open(blob, &access, o->max_memory, out, err);
}

const char *rd_table_weakness(const struct rd_table *t)
{
	bool all_own = true;

	if (!t->tail.sealed && !t->footer.signature_len)
		return "";
	for (uint32_t g = 0; g < t->footer.n_groups; g++)
		for (uint32_t c = 0; c < t->footer.n_leaves; c++)
			all_own &= t->footer.group[g].chunk[c].crypto == PQ_CRYPTO_COLUMN_KEY;
	if (t->aad_base.len == 0)
		return "no AAD at all: pages that were swapped go unnoticed";
	if (t->is_ctr)
		return "pages under AES-CTR: changed values go unnoticed";
	if (!t->tail.sealed)
		return "a plain footer: names, types, sizes and statistics are open";
	if (!all_own)
		return "columns without a key of their own: a room does not take it";
	if (t->has_own_prefix)
		return "";
	return "no AAD prefix from outside: nothing ties the file to its name and version";
}

/* ---- plain key files ------------------------------------------------------------------------- */

struct key_file {
	const char *name;
	uint32_t line;
	struct rd_arena *arena;
	struct rd_foreign_keys *keys;
};

static bool bad_line(const struct key_file *f, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "table.keys.form", "%s:%u: %s", f->name, f->line,
		       what);
}

static struct rd_view trim(struct rd_view v)
{
	while (v.len && (v.data[0] == ' ' || v.data[0] == '\t')) {
		v.data++;
		v.len--;
	}
	while (v.len &&
	       (v.data[v.len - 1] == ' ' || v.data[v.len - 1] == '\t' || v.data[v.len - 1] == '\r'))
		v.len--;
	return v;
}

/* The text up to the first blank, or from behind the last one. */
static struct rd_view first_word(struct rd_view *rest)
{
	size_t n = 0;
	struct rd_view word;

	while (n < rest->len && rest->data[n] != ' ' && rest->data[n] != '\t')
		n++;
	word = rd_view_of(rest->data, n);
	*rest = trim(rd_view_of(rest->data + n, rest->len - n));
	return word;
}

static struct rd_view last_word(struct rd_view *rest)
{
	size_t n = rest->len;
	struct rd_view word;

	while (n > 0 && rest->data[n - 1] != ' ' && rest->data[n - 1] != '\t')
		n--;
	word = rd_view_of(rest->data + n, rest->len - n);
	*rest = trim(rd_view_of(rest->data, n));
	return word;
}

static bool read_key(const struct key_file *f, struct rd_view hex, struct rd_secret *out,
		     struct rd_err *err)
{
	struct rd_view bytes;
	struct rd_err unused = { 0 };

	if (!rd_unhex(f->arena, hex, &bytes, &unused) ||
	    (bytes.len != 16 && bytes.len != 24 && bytes.len != 32))
		return bad_line(f, "a key has 32, 48 or 64 hexadecimal digits", err);
	memcpy(out->data, bytes.data, bytes.len);
	out->len = bytes.len;
	return true;
}

static bool read_line(struct key_file *f, struct rd_view line, struct rd_err *err)
{
	struct rd_view rest = trim(line), word, hex;
	struct rd_foreign_keys *k = f->keys;

	if (rest.len == 0 || rest.data[0] == '#')
		return true;
	word = first_word(&rest);
	if (rd_view_eq(word, rd_view_str("footer"))) {
		if (k->has_footer)
			return bad_line(f, "a second footer key", err);
		k->has_footer = true;
		return read_key(f, rest, &k->footer, err);
	}
	if (rd_view_eq(word, rd_view_str("column"))) {
		hex = last_word(&rest);
		if (rest.len == 0 || k->n == KEYS_MAX)
			return bad_line(f, "a column's line is `column NAME HEX`", err);
		k->column[k->n].name = rest;
		return read_key(f, hex, &k->column[k->n++].key, err);
	}
	if (rd_view_eq(word, rd_view_str("aad"))) {
		k->aad_prefix = rest;
		return true;
	}
	if (rd_view_eq(word, rd_view_str("aad-hex")))
		return rd_unhex(f->arena, rest, &k->aad_prefix, err) ||
		       bad_line(f, "the AAD prefix is not hexadecimal", err);
	return bad_line(f, "a line is `footer HEX`, `column NAME HEX`, `aad TEXT` or `aad-hex HEX`",
			err);
}

bool rd_foreign_keys_parse(struct rd_view text, const char *name, struct rd_arena *arena,
			   struct rd_foreign_keys *out, struct rd_err *err)
{
	struct key_file f = { .name = name, .line = 1, .arena = arena, .keys = out };
	uint32_t lines = 1;

	*out = (struct rd_foreign_keys){ 0 };
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	out->column =
		RD_NEW_ARRAY(arena, struct rd_named_key, lines < KEYS_MAX ? lines : KEYS_MAX, err);
	if (!out->column)
		return false;
	for (size_t at = 0; at < text.len; f.line++) {
		size_t end = at;

		while (end < text.len && text.data[end] != '\n')
			end++;
		if (!read_line(&f, rd_view_of(text.data + at, end - at), err))
			return false;
		at = end + 1;
	}
	return out->has_footer || out->n ||
	       rd_fail(err, RD_FAULT_MALFORMED, "table.keys.form", "%s: there is no key in it",
		       name);
}
