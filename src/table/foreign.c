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

/* Columns are sealed alike in all row groups, or count as the weakest of them. */
static enum pq_crypto weakest(const struct rd_table *t, uint32_t column)
{
	enum pq_crypto least = PQ_CRYPTO_COLUMN_KEY;

	for (uint32_t g = 0; g < t->footer.n_groups; g++)
		if (t->footer.group[g].chunk[column].crypto < least)
			least = t->footer.group[g].chunk[column].crypto;
	return least;
}

static void lack_of_columns(const struct rd_table *t, struct rd_buf *out)
{
	uint32_t of_footer = 0, plain = 0, n = t->footer.n_leaves;
	bool has_bloom = false;

	for (uint32_t c = 0; c < n; c++) {
		of_footer += weakest(t, c) == PQ_CRYPTO_FOOTER_KEY;
		plain += weakest(t, c) == PQ_CRYPTO_NONE;
		for (uint32_t g = 0; g < t->footer.n_groups; g++)
			has_bloom |= t->footer.group[g].chunk[c].meta.has_bloom;
	}
	if (plain)
		rd_buf_printf(out, "; %u of %u columns not encrypted", plain, n);
	if (of_footer)
		rd_buf_printf(out, "; %u of %u columns without a key of their own", of_footer, n);
	if (has_bloom)
		rd_buf_printf(out, "; bloom filters");
}

bool rd_table_weakness(const struct rd_table *t, struct rd_buf *out, struct rd_err *err)
{
	struct rd_buf lacks RD_AUTO(rd_buf_free) = { .max = 1024 };

	if (!t->tail.sealed && !t->footer.signature_len)
		return true;
	if (t->aad_base.len == 0)
		rd_buf_printf(&lacks, "; no AAD at all: pages that were swapped go unnoticed");
	else if (t->prefix != PREFIX_SUPPLIED)
		rd_buf_printf(&lacks, t->prefix == PREFIX_NONE
					      ? "; no AAD prefix: nothing ties the file to its "
						"name and version"
					      : "; the AAD prefix is stored in the file");
	if (t->is_ctr)
		rd_buf_printf(&lacks, "; pages under AES-CTR: changed values go unnoticed");
	if (!t->tail.sealed)
		rd_buf_printf(&lacks, "; a plain footer: names, types and sizes are open");
	if (t->footer_key && t->footer_key->len < RD_TABLE_KEY_LEN)
		rd_buf_printf(&lacks, "; a footer key of %zu bits", t->footer_key->len * 8);
	lack_of_columns(t, &lacks);
	if (!rd_buf_ok(&lacks, err))
		return false;
	if (lacks.len)
		rd_buf_printf(out, "encrypted, but not as a room demands: %.*s", (int)lacks.len - 2,
			      (const char *)lacks.data + 2);
	return rd_buf_ok(out, err);
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

static bool read_column(struct key_file *f, struct rd_view rest, struct rd_err *err)
{
	struct rd_foreign_keys *k = f->keys;
	struct rd_view hex = last_word(&rest);

	if (rest.len == 0 || k->n == KEYS_MAX)
		return bad_line(f, "a column's line is `column NAME HEX`", err);
	for (uint32_t i = 0; i < k->n; i++)
		if (rd_view_eq(k->column[i].name, rest))
			return bad_line(f, "a second key of this column", err);
	k->column[k->n].name = rest;
	return read_key(f, hex, &k->column[k->n++].key, err);
}

static bool read_prefix(struct key_file *f, struct rd_view rest, bool is_hex, struct rd_err *err)
{
	struct rd_foreign_keys *k = f->keys;
	struct rd_err unused = { 0 };

	if (k->aad_prefix.len)
		return bad_line(f, "a second AAD prefix", err);
	k->aad_prefix = rest;
	if (is_hex && !rd_unhex(f->arena, rest, &k->aad_prefix, &unused))
		return bad_line(f, "the AAD prefix is not hexadecimal", err);
	return k->aad_prefix.len || bad_line(f, "an AAD prefix of no bytes", err);
}

static bool read_line(struct key_file *f, struct rd_view line, struct rd_err *err)
{
	struct rd_view rest = trim(line), word;
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
	if (rd_view_eq(word, rd_view_str("column")))
		return read_column(f, rest, err);
	if (rd_view_eq(word, rd_view_str("aad")) || rd_view_eq(word, rd_view_str("aad-hex")))
		return read_prefix(f, rest, word.len > 3, err);
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
