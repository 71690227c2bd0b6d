/* Table keys: PROTOCOL.md 4. */
#include "table_int.h"

#include <redoubt/codec.h>

#define PEM_LABEL "REDOUBT TABLE KEY"
#define KEY_FILE_MAX 1024u
#define FOOTER_INFO "redoubt-table-footer-v1"
#define COLUMN_INFO "redoubt-table-column-v1"
#define COMMIT_INFO "redoubt-commit-v1"

static bool check_id(const struct rd_table_id *id, struct rd_err *err)
{
	size_t len = strnlen(id->dataset, sizeof(id->dataset));

	if (len == 0 || len > RD_TABLE_NAME_MAX || id->version == 0 || id->version > INT64_MAX ||
	    !rd_utf8_valid(rd_view_of(id->dataset, len)))
		return rd_fail(err, RD_FAULT_USAGE, "table.key.id",
			       "a dataset needs a name of 1 to %u bytes and a version from 1",
			       RD_TABLE_NAME_MAX);
	return true;
}

bool rd_table_key_generate(const struct rd_table_id *id, struct rd_table_key *out,
			   struct rd_err *err)
{
	struct rd_span key = { .data = out->key.data, .cap = RD_TABLE_KEY_LEN };

	if (!check_id(id, err) || !rd_crypto_random(&key, err))
		return false;
	out->id = *id;
	out->key.len = RD_TABLE_KEY_LEN;
	return true;
}

bool rd_table_key_to_pem(const struct rd_table_key *key, struct rd_buf *pem, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf cbor = { .max = KEY_FILE_MAX };

	if (!check_id(&key->id, err))
		return false;
	rd_cbor_put_array(&cbor, 5);
	rd_cbor_put_str(&cbor, "redoubt-table-key-v1");
	rd_cbor_put_str(&cbor, key->id.dataset);
	rd_cbor_put_bytes(&cbor, rd_view_of(key->id.owner_key_hash, RD_SHA256_LEN));
	rd_cbor_put_uint(&cbor, key->id.version);
	rd_cbor_put_bytes(&cbor, rd_secret_view(&key->key));
	return rd_buf_ok(&cbor, err) && rd_pem_wrap(PEM_LABEL, rd_buf_view(&cbor), pem, err);
}

static bool read_key(struct rd_view cbor, struct rd_table_key *out, struct rd_err *err)
{
	struct rd_cbor_reader r;
	struct rd_view dataset, owner, key;

	rd_cbor_read_init(&r, cbor, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 5);
	rd_cbor_expect_text(&r, "redoubt-table-key-v1");
	dataset = rd_cbor_read_text(&r, 1, RD_TABLE_NAME_MAX);
	owner = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->id = (struct rd_table_id){ .version = rd_cbor_read_uint(&r, INT64_MAX) };
	key = rd_cbor_read_bytes(&r, RD_TABLE_KEY_LEN, RD_TABLE_KEY_LEN);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return false;
	/* A NUL inside would make two names of one. */
	if (memchr(dataset.data, 0, dataset.len))
		return rd_fail(err, RD_FAULT_MALFORMED, "table.key.form", "a NUL in a name");
	memcpy(out->id.dataset, dataset.data, dataset.len);
	memcpy(out->id.owner_key_hash, owner.data, owner.len);
	return check_id(&out->id, err) && rd_secret_set(&out->key, key, err);
}

bool rd_table_key_from_pem(struct rd_view pem, struct rd_table_key *out, struct rd_err *err)
{
	uint8_t bytes[KEY_FILE_MAX];
	struct rd_span cbor = { .data = bytes, .cap = sizeof(bytes) };
	bool ok = rd_pem_unwrap(PEM_LABEL, pem, &cbor, err) &&
		  read_key(rd_view_of(bytes, cbor.used), out, err);

	rd_wipe(bytes, sizeof(bytes));
	return ok || rd_wrap(err, "table key");
}

bool rd_table_derive(const struct rd_table_key *key, uint32_t column, struct rd_secret *out,
		     struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf info = { .max = 128 };

	rd_cbor_put_array(&info, column == RD_FOOTER_KEY ? 1 : 2);
	rd_cbor_put_str(&info, column == RD_FOOTER_KEY ? FOOTER_INFO : COLUMN_INFO);
	if (column != RD_FOOTER_KEY)
		rd_cbor_put_uint(&info, column);
	struct rd_span okm = { .data = out->data, .cap = RD_TABLE_KEY_LEN };

	if (!rd_buf_ok(&info, err) || !rd_hkdf_expand(RD_HASH_SHA256, rd_secret_view(&key->key),
						      rd_buf_view(&info), &okm, err))
		return false;
	out->len = RD_TABLE_KEY_LEN;
	return true;
}

bool rd_table_commitment(const struct rd_secret *column_key, uint8_t out[RD_COMMITMENT_LEN],
			 struct rd_err *err)
{
	struct rd_span okm = { .data = out, .cap = RD_COMMITMENT_LEN };

	return rd_hkdf_expand(RD_HASH_SHA256, rd_secret_view(column_key), rd_view_str(COMMIT_INFO),
			      &okm, err);
}

bool rd_table_aad_prefix(const struct rd_table_id *id, struct rd_arena *arena, struct rd_view *out,
			 struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf cbor = { .max = RD_AAD_MAX };

	if (!check_id(id, err))
		return false;
	rd_cbor_put_array(&cbor, 3);
	rd_cbor_put_str(&cbor, id->dataset);
	rd_cbor_put_bytes(&cbor, rd_view_of(id->owner_key_hash, RD_SHA256_LEN));
	rd_cbor_put_uint(&cbor, id->version);
	return rd_buf_ok(&cbor, err) && rd_arena_copy(arena, rd_buf_view(&cbor), out, err);
}

bool rd_table_keys_all(const struct rd_table_key *key, uint32_t n_columns, struct rd_arena *arena,
		       struct rd_table_keys *out, struct rd_err *err)
{
	struct rd_column_key *all;

	if (n_columns > RD_COLUMNS_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "table.key.id", "%u columns", n_columns);
	all = RD_NEW_ARRAY(arena, struct rd_column_key, (size_t)n_columns + 1, err);
	if (!all || !rd_table_aad_prefix(&key->id, arena, &out->aad_prefix, err))
		return false;
	for (uint32_t i = 0; i <= n_columns; i++) {
		all[i].column = i == n_columns ? RD_FOOTER_KEY : i;
		if (!rd_table_derive(key, all[i].column, &all[i].key, err))
			return false;
	}
	out->n = n_columns + 1;
	out->key = all;
	return true;
}
