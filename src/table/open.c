/* Opening a table: magic, encryption, footer, and what a room demands (PROTOCOL.md 4). */
#include "open_int.h"

#include <stdlib.h>

#define MAGIC_PLAIN "PAR1"
#define MAGIC_SEALED "PARE"

static bool fail_open(struct rd_err *err, const char *code, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, code, "%s", what);
}

/* A room's demands are refusals: the file may be fine elsewhere. */
static bool refuse(struct rd_err *err, const char *code, const char *what)
{
	return rd_fail(err, RD_FAULT_REFUSED, code, "%s", what);
}

const struct rd_secret *table_find_key(const struct rd_table_keys *keys, uint32_t column)
{
	for (uint32_t i = 0; keys && i < keys->n; i++)
		if (keys->key[i].column == column)
			return &keys->key[i].key;
	return NULL;
}

static bool read_at(const struct rd_blob *blob, uint64_t offset, size_t len, uint8_t *out,
		    struct rd_err *err)
{
	struct rd_span span = { .data = out, .cap = len };

	return blob->read(blob->ctx, offset, &span, err);
}

/* ---- the tail
 * ------------------------------------------------------------------------------------ */

/* From the footer (or FileCryptoMetaData) to the end of the file, in one private copy. */
static bool read_tail(const struct rd_blob *blob, struct rd_arena *arena, struct table_tail *out,
		      struct rd_err *err)
{
	uint8_t end[8], head[4], *bytes;
	uint64_t len;

	if (blob->size < 12)
		return fail_open(err, "table.magic", "the file is too short to be Parquet");
	if (!read_at(blob, blob->size - 8, 8, end, err) || !read_at(blob, 0, 4, head, err))
		return false;
	out->sealed = memcmp(end + 4, MAGIC_SEALED, 4) == 0;
	if (memcmp(head, end + 4, 4) != 0 || (!out->sealed && memcmp(end + 4, MAGIC_PLAIN, 4) != 0))
		return fail_open(err, "table.magic",
				 "the file does not begin and end with PAR1 or PARE: not Parquet, "
				 "or cut off");
	len = rd_load_le32(end);
	if (len < 4 || len > blob->size - 12 || len > RD_FOOTER_BYTES_MAX)
		return fail_open(err, "table.footer.size",
				 "the footer is longer than the file, or absurd");
	out->start = blob->size - 8 - len;
	bytes = rd_arena_alloc(arena, (size_t)len + 8, 1, err);
	if (!bytes || !read_at(blob, out->start, (size_t)len + 8, bytes, err))
		return false;
	out->bytes = rd_view_of(bytes, (size_t)len + 8);
	out->body = rd_view_of(bytes, (size_t)len);
	/* The length and magic that were looked at are those of the copy. */
	if (memcmp(bytes + len, end, 8) != 0)
		return refuse(err, "table.changed", "the file changed while it was read");
	return true;
}

bool rd_table_tail_digest(const struct rd_blob *blob, uint8_t out[RD_SHA256_LEN],
			  struct rd_err *err)
{
	RD_AUTO(rd_arena_free) struct rd_arena *arena = NULL;
	struct table_tail tail;

	return rd_arena_new(RD_FOOTER_BYTES_MAX + 4096, &arena, err) &&
	       read_tail(blob, arena, &tail, err) && rd_sha256(tail.bytes, out, err);
}

/* ---- encryption
 * ---------------------------------------------------------------------------------- */

static bool check_crypto(const struct pq_file_crypto *c, const struct table_access *access,
			 struct rd_err *err)
{
	if (c->algorithm != 1 && (access->mode == RD_TABLE_ROOM || !access->edge))
		return refuse(err, "table.crypto.ctr",
			      "pages are sealed with AES_GCM_CTR_V1, which does not protect them "
			      "against changes");
	if (c->file_unique.len == 0 && !access->without_aad)
		return refuse(err, "table.crypto.unique",
			      "the file has no aad_file_unique: pages that were swapped would go "
			      "unnoticed (DuckDB writes such files)");
	if (access->mode != RD_TABLE_ROOM)
		return true;
	if (c->has_aad_prefix)
		return refuse(err, "table.crypto.prefix",
			      "the AAD prefix is stored in the file; a room supplies it");
	if (!c->supply_aad_prefix)
		return refuse(err, "table.crypto.prefix",
			      "the file was sealed without an AAD prefix: nothing ties it to its "
			      "name and version");
	return true;
}

/* Whoever gives a prefix asks for a file that is tied to it: no other will do.  The prefix of our
 * own key files is not meant: a uniform file does without. */
static bool check_prefix(const struct pq_file_crypto *c, const struct table_access *access,
			 struct rd_view given, struct rd_err *err)
{
	if (c->supply_aad_prefix && !c->has_aad_prefix && given.len == 0)
		return refuse(err, "table.crypto.prefix",
			      "the file needs an AAD prefix, none is given");
	if (c->has_aad_prefix && given.len && !rd_view_eq(given, c->aad_prefix))
		return refuse(err, "table.crypto.prefix",
			      "the file stores another AAD prefix than the one that is given");
	if (access->foreign_keys && given.len && !c->has_aad_prefix && !c->supply_aad_prefix)
		return refuse(err, "table.crypto.prefix",
			      "an AAD prefix is given, the file was sealed without one");
	return true;
}

static bool make_aad_base(struct rd_table *t, const struct pq_file_crypto *c,
			  const struct table_access *access, struct rd_err *err)
{
	struct rd_view given = access->keys           ? access->keys->aad_prefix
			       : access->foreign_keys ? access->foreign_keys->aad_prefix
						      : (struct rd_view){ 0 };
	struct rd_view prefix = c->has_aad_prefix      ? c->aad_prefix
				: c->supply_aad_prefix ? given
						       : (struct rd_view){ 0 };
	uint8_t *base;

	if (!check_prefix(c, access, given, err))
		return false;
	if (c->file_unique.len == 0)
		return true; /* no AAD at all */
	if (prefix.len + c->file_unique.len > RD_AAD_MAX)
		return fail_open(err, "table.aad", "the AAD prefix is too long");
	base = rd_arena_alloc(t->arena, prefix.len + c->file_unique.len, 1, err);
	if (!base)
		return false;
	if (prefix.len)
		memcpy(base, prefix.data, prefix.len);
	memcpy(base + prefix.len, c->file_unique.data, c->file_unique.len);
	t->aad_base = rd_view_of(base, prefix.len + c->file_unique.len);
	t->prefix = c->has_aad_prefix      ? PREFIX_STORED
		    : c->supply_aad_prefix ? PREFIX_SUPPLIED
					   : PREFIX_NONE;
	return true;
}

static bool open_footer_module(struct rd_table *t, struct rd_view sealed, struct rd_view *plain,
			       struct rd_err *err)
{
	const struct module module = { .aad_base = t->aad_base, .kind = MODULE_FOOTER };
	struct rd_span out = { 0 };
	size_t len = 0;

	if (!module_len(&module, sealed, sealed.len, &len, err))
		return false;
	if (len != sealed.len)
		return fail_open(err, "table.footer.size",
				 "bytes are left over between the footer and its length");
	out.cap = len - MODULE_OVERHEAD;
	out.data = rd_arena_alloc(t->arena, out.cap, 1, err);
	if (!out.data || !module_open(t->footer_aead, &module, sealed, &out, err))
		return false;
	*plain = rd_view_of(out.data, out.used);
	return true;
}

static const struct rd_secret *find_footer_key(const struct table_access *access)
{
	if (access->foreign_keys)
		return access->foreign_keys->has_footer ? &access->foreign_keys->footer : NULL;
	return table_find_key(access->keys, RD_FOOTER_KEY);
}

static const struct rd_secret *find_column_key(const struct table_access *access, uint32_t column,
					       struct rd_view name)
{
	const struct rd_foreign_keys *foreign = access->foreign_keys;

	if (!foreign)
		return table_find_key(access->keys, column);
	for (uint32_t i = 0; i < foreign->n; i++)
		if (rd_view_eq(foreign->column[i].name, name))
			return &foreign->column[i].key;
	return NULL;
}

/* What the file says of its encryption, and the footer's key. */
static bool set_up_crypto(struct rd_table *t, const struct pq_file_crypto *crypto,
			  const struct table_access *access, struct rd_err *err)
{
	t->footer_key = find_footer_key(access);
	t->is_ctr = crypto->algorithm == 2;
	return check_crypto(crypto, access, err) && make_aad_base(t, crypto, access, err) &&
	       (!t->footer_key ||
		rd_aead_new(rd_secret_view(t->footer_key), NULL, &t->footer_aead, err));
}

static bool open_sealed(struct rd_table *t, const struct table_access *access,
			struct rd_view *footer, struct rd_err *err)
{
	struct pq_file_crypto crypto;
	size_t used = 0;

	if (!find_footer_key(access))
		return refuse(err, "table.key.none", "the file is sealed; its key is not here");
	return pq_file_crypto_read(t->tail.body, &crypto, &used, err) &&
	       set_up_crypto(t, &crypto, access, err) &&
	       open_footer_module(t, rd_view_of(t->tail.body.data + used, t->tail.body.len - used),
				  footer, err);
}

/* A plain footer's signature is the tag over it as if it were sealed (Encryption.md 5.3). */
static bool check_signature(struct rd_table *t, const struct table_access *access,
			    struct rd_err *err)
{
	size_t len = t->tail.body.len - PQ_SIGNATURE_LEN;
	const uint8_t *signature = t->tail.body.data + len;
	const struct module module = { .aad_base = t->aad_base, .kind = MODULE_FOOTER };
	struct rd_span sealed = { .cap = len + RD_AEAD_TAG_LEN };
	bool same;

	if (!find_footer_key(access))
		return refuse(err, "table.key.none",
			      "the footer is signed; the footer key to check it is not here");
	sealed.data = rd_arena_alloc(t->arena, sealed.cap, 1, err);
	if (!sealed.data || !module_tag(t->footer_aead, &module, rd_view_of(t->tail.body.data, len),
					signature, &sealed, err))
		return false;
	same = memcmp(sealed.data + len, signature + RD_AEAD_NONCE_LEN, RD_AEAD_TAG_LEN) == 0;
	return same || refuse(err, "table.footer.signature",
			      "the plain footer does not have the signature of its key: it was "
			      "changed");
}

/* parquet-mr seals the whole of a buffer that its structs do not fill: authentic, and nothing. */
bool table_padding_fits(const struct rd_table *t, size_t len, struct rd_err *err)
{
	return len == 0 || (t->mode != RD_TABLE_ROOM && t->edge) ||
	       fail_open(err, "table.footer.form", "a sealed part has bytes left over");
}

/* ---- columns
 * -------------------------------------------------------------------------------------- */

/* Classes and uniqueness as the owner declared them when the table was sealed. */
static bool declared(const struct rd_table *t, uint32_t i, struct rd_column *column,
		     struct rd_err *err)
{
	uint8_t digit, value;

	if (t->footer.columns.len == 0)
		return true;
	if (t->footer.columns.len != t->footer.n_leaves)
		return fail_open(err, "table.footer.form",
				 "the columns' declarations are not one a column");
	digit = t->footer.columns.data[i];
	value = (uint8_t)(digit >= 'a' ? digit - 'a' + 10 : digit - '0');
	if (value > 15 || (value & 7) > RD_CLASS_VISIBLE)
		return fail_open(err, "table.footer.form", "a column is declared in no known way");
	column->class_ = value & 7;
	column->unique = value & 8;
	return true;
}

static bool make_column(struct rd_table *t, uint32_t i, const struct table_access *access,
			struct rd_err *err)
{
	const struct pq_leaf *leaf = &t->footer.leaf[i];
	struct rd_column *column = &t->schema.column[i];
	struct table_column *own = &t->column[i];
	const char *why = "";

	own->recode = pq_leaf_recode(leaf, &own->leaf);
	column->name = leaf->name;
	column->type = pq_leaf_type(&own->leaf, &why);
	/* A file of others may have a column without a name: SELECT * shows it. */
	if ((leaf->name.len == 0 && !t->edge) || leaf->name.len > RD_COLUMN_NAME_MAX ||
	    !rd_utf8_valid(leaf->name))
		return fail_open(err, "table.column.name",
				 "a column's name is empty, too long or not UTF-8");
	if (column->type.type == RD_NOTYPE) {
		if (access->mode == RD_TABLE_ROOM || !access->edge)
			return rd_fail(err, RD_FAULT_REFUSED, "table.column.type",
				       "column %.*s: %s", RD_FMT(leaf->name), why);
		column->unreadable = why;
		column->type = (struct rd_coltype){ .type = RD_TEXT, .nullable = true };
		own->recode = PQ_AS_IS;
	}
	own->key = find_column_key(access, i, leaf->name);
	return declared(t, i, column, err) &&
	       (!own->key || rd_aead_new(rd_secret_view(own->key), NULL, &own->aead, err));
}

static bool make_columns(struct rd_table *t, const struct table_access *access, struct rd_err *err)
{
	uint32_t n = t->footer.n_leaves;

	t->column = RD_NEW_ARRAY(t->arena, struct table_column, n, err);
	t->schema.column = RD_NEW_ARRAY(t->arena, struct rd_column, n, err);
	if (!t->column || !t->schema.column)
		return false;
	t->schema.n = n;
	for (uint32_t i = 0; i < n; i++)
		if (!make_column(t, i, access, err))
			return false;
	return true;
}

/* The chunk's metadata, opened if it is sealed with a key that we hold.  Under a plain footer the
 * metadata in the clear is a remainder for readers without keys: the sealed one counts. */
static bool open_meta(struct rd_table *t, uint32_t group, uint32_t column, struct rd_err *err)
{
	struct pq_chunk *c = &t->footer.group[group].chunk[column];
	const struct rd_aead *aead =
		c->crypto == PQ_CRYPTO_COLUMN_KEY ? t->column[column].aead : t->footer_aead;
	const struct module module = { .aad_base = t->aad_base,
				       .kind = MODULE_COLUMN_META,
				       .group = t->footer.group[group].ordinal,
				       .column = (uint16_t)column };
	bool is_sealed = c->crypto == PQ_CRYPTO_COLUMN_KEY ||
			 (c->crypto == PQ_CRYPTO_FOOTER_KEY && !t->tail.sealed);
	struct rd_span out = { 0 };
	size_t used = 0;

	/* What a writer left in the open under the signature of the same key is as authentic. */
	if (!is_sealed || (c->crypto == PQ_CRYPTO_FOOTER_KEY && c->has_meta && !c->sealed_meta.len))
		return true;
	if ((c->has_meta && t->tail.sealed) || c->sealed_meta.len < MODULE_OVERHEAD)
		return fail_open(err, "table.footer.form",
				 "a column with a key of its own has no sealed metadata");
	c->has_meta = false;
	if (!aead)
		return true;
	out.cap = c->sealed_meta.len - MODULE_OVERHEAD;
	out.data = rd_arena_alloc(t->arena, out.cap, 1, err);
	if (!out.data || !module_open(aead, &module, c->sealed_meta, &out, err) ||
	    !pq_meta_read(rd_view_of(out.data, out.used), &c->meta, &used, err))
		return false;
	c->has_meta = true;
	return table_padding_fits(t, out.used - used, err);
}

static bool check_crypto_kind(const struct rd_table *t, const struct pq_chunk *c,
			      enum rd_table_mode mode, struct rd_err *err)
{
	if (mode == RD_TABLE_ROOM && c->crypto != PQ_CRYPTO_COLUMN_KEY)
		return refuse(err, "table.room.column",
			      "a column has no key of its own, as a room demands");
	if (!t->tail.sealed && !t->footer.signature_len && c->crypto != PQ_CRYPTO_NONE)
		return refuse(err, "table.crypto.footer",
			      "columns are sealed under a plain footer that does not say how");
	return true;
}

static bool check_meta(const struct rd_table *t, const struct pq_chunk *c, uint32_t column,
		       uint64_t rows, struct rd_err *err)
{
	const struct pq_meta *m = &c->meta;
	uint64_t first = m->dictionary_offset && m->dictionary_offset < m->data_offset
				 ? m->dictionary_offset
				 : m->data_offset;

	/* A list has more or fewer values than its table rows. */
	if (m->type != t->footer.leaf[column].type ||
	    (m->n_values != rows && !t->footer.leaf[column].nested))
		return fail_open(err, "table.footer.rows",
				 "a column has another type or number of values than its group");
	/* No rows may have no pages, and be said to lie anywhere: nothing is read. */
	if ((rows || t->mode == RD_TABLE_ROOM) &&
	    (first < 4 || first > t->tail.start || m->stored_size > t->tail.start - first))
		return fail_open(err, "table.footer.range",
				 "a column lies outside the part of the file for pages");
	if (m->codec != RD_CODEC_NONE && m->codec != RD_CODEC_ZSTD &&
	    (t->mode == RD_TABLE_ROOM || !t->edge || !t->edge->knows_codec(m->codec)))
		return rd_fail(err, RD_FAULT_REFUSED, "table.codec",
			       "a column is packed with the codec %s (number %u), which is not "
			       "read%s",
			       rd_codec_name(m->codec), m->codec,
			       t->mode == RD_TABLE_ROOM ? " in a room" : "");
	return true;
}

/* Chunks of a room's table follow one another without a gap, as far as their metadata is open. */
static bool check_place(const struct rd_table *t, const struct pq_chunk *c, uint64_t *end,
			struct rd_err *err)
{
	uint64_t first =
		c->meta.dictionary_offset ? c->meta.dictionary_offset : c->meta.data_offset;

	if ((*end && first != *end) || first < 4)
		return refuse(err, "table.room.gap", "there are bytes between two columns' pages");
	if (c->meta.has_bloom)
		return refuse(err, "table.room.bloom", "the file has a bloom filter");
	*end = first + c->meta.stored_size;
	return *end <= t->tail.start ||
	       fail_open(err, "table.footer.range", "a column is too long");
}

static bool check_group(struct rd_table *t, uint32_t g, enum rd_table_mode mode, uint64_t *end,
			struct rd_err *err)
{
	struct pq_group *group = &t->footer.group[g];

	for (uint32_t i = 0; i < t->footer.n_leaves; i++) {
		struct pq_chunk *c = &group->chunk[i];

		/* DuckDB does not say of its columns that they are sealed with the footer's key. */
		if (t->tail.sealed && t->aad_base.len == 0 && c->crypto == PQ_CRYPTO_NONE)
			c->crypto = PQ_CRYPTO_FOOTER_KEY;
		if (c->has_file_path)
			return refuse(err, "table.file_path",
				      "a column's pages are in another file");
		if (!check_crypto_kind(t, c, mode, err) || !open_meta(t, g, i, err))
			return rd_wrap(err, "row group %u, column %.*s", g,
				       RD_FMT(t->footer.leaf[i].name));
		if (!c->has_meta) {
			*end = 0; /* not ours to see: its neighbour may begin anywhere */
			if (c->crypto == PQ_CRYPTO_NONE)
				return fail_open(err, "table.footer.form",
						 "a column has no metadata");
			continue;
		}
		if (!check_meta(t, c, i, group->n_rows, err) ||
		    (mode == RD_TABLE_ROOM && !check_place(t, c, end, err)))
			return rd_wrap(err, "row group %u, column %.*s", g,
				       RD_FMT(t->footer.leaf[i].name));
	}
	return true;
}

static bool check_groups(struct rd_table *t, enum rd_table_mode mode, struct rd_err *err)
{
	uint64_t rows = 0, end = t->footer.n_groups && t->column[0].aead ? 4 : 0;

	if (mode == RD_TABLE_OWN)
		end = 0;
	for (uint32_t g = 0; g < t->footer.n_groups; g++) {
		if (!rd_add_u64(rows, t->footer.group[g].n_rows, &rows) || rows > INT64_MAX)
			return fail_open(err, "table.footer.rows", "too many rows");
		if (mode == RD_TABLE_ROOM && t->footer.group[g].misplaced)
			return refuse(err, "table.room.ordinal",
				      "a row group states another number than its place");
		if (!check_group(t, g, mode, &end, err))
			return false;
	}
	if (rows != t->footer.n_rows)
		return fail_open(err, "table.footer.rows",
				 "the row groups do not add up to the table's rows");
	if (mode == RD_TABLE_ROOM && end && end != t->tail.start)
		return refuse(err, "table.room.gap", "there are bytes after the last page");
	return true;
}

/* ---- the whole
 * ------------------------------------------------------------------------------------ */

void rd_table_close(struct rd_table **table)
{
	struct rd_table *t = *table;

	if (!t)
		return;
	for (uint32_t i = 0; i < t->n_parts; i++)
		rd_table_close(&t->part[i]);
	free(t->part);
	rd_aead_free(&t->footer_aead);
	for (uint32_t i = 0; t->column && i < t->schema.n; i++)
		rd_aead_free(&t->column[i].aead);
	rd_arena_free_wiped(&t->arena);
	free(t);
	*table = NULL;
}

static bool open_parts(struct rd_table *t, const struct table_access *access, struct rd_err *err)
{
	struct rd_view footer;

	if (!read_tail(&t->blob, t->arena, &t->tail, err) ||
	    !rd_sha256(t->tail.bytes, t->digest, err))
		return false;
	footer = t->tail.body;
	if (!t->tail.sealed && access->mode == RD_TABLE_ROOM)
		return refuse(err, "table.room.plain", "the table is not sealed");
	if (t->tail.sealed && !open_sealed(t, access, &footer, err))
		return false;
	if (!pq_footer_read(footer, t->arena, &t->footer, err))
		return false;
	if (t->tail.sealed
		    ? !table_padding_fits(t, t->footer.left_over, err)
		    : t->footer.left_over && !fail_open(err, "table.footer.form",
							"bytes are left over behind the footer"))
		return false;
	if (t->footer.signature_len &&
	    (t->tail.sealed || !access->edge ? !refuse(err, "table.crypto.footer",
						       "columns are sealed under a plain footer")
					     : !set_up_crypto(t, &t->footer.crypto, access, err) ||
						       !check_signature(t, access, err)))
		return false;
	return make_columns(t, access, err) && check_groups(t, access->mode, err) &&
	       table_make_stats(t, err);
}

bool table_open(const struct rd_blob *blob, const struct table_access *access, size_t max_memory,
		struct rd_table **out, struct rd_err *err)
{
	RD_AUTO(rd_table_close) struct rd_table *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (!t)
		return rd_fail_errno(err, "base.memory", "table");
	t->blob = *blob;
	t->mode = access->mode;
	t->edge = access->edge;
	if (!rd_arena_new(max_memory, &t->arena, err) || !open_parts(t, access, err))
		return false;
	*out = t;
	t = NULL;
	return true;
}

bool rd_table_open(const struct rd_blob *blob, const struct rd_table_keys *keys,
		   enum rd_table_mode mode, size_t max_memory, struct rd_table **out,
		   struct rd_err *err)
{
	const struct table_access access = { .mode = mode, .keys = keys };

	return table_open(blob, &access, max_memory, out, err);
}

const struct rd_schema *rd_table_schema(const struct rd_table *table)
{
	return &table->schema;
}

uint64_t rd_table_rows(const struct rd_table *table)
{
	return table->footer.n_rows;
}

uint32_t rd_table_groups(const struct rd_table *table)
{
	return table->footer.n_groups;
}

uint64_t rd_table_group_rows(const struct rd_table *table, uint32_t group)
{
	return table->footer.group[group].n_rows;
}

bool rd_table_needs_prefix(const struct rd_table *table)
{
	return table->prefix == PREFIX_SUPPLIED;
}

bool rd_table_is_sealed(const struct rd_table *table)
{
	return table->tail.sealed;
}

void rd_table_digest(const struct rd_table *table, uint8_t out[RD_SHA256_LEN])
{
	memcpy(out, table->digest, RD_SHA256_LEN);
}
