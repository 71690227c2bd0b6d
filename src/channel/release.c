/* M4: the signed statement and the sealed keys. */
#include "session_int.h"

#include <string.h>

#define TYPE "release"
#define NUMBER 4
#define KEY_LEN 32u
#define SEALED_LEN (KEY_LEN + RD_AEAD_TAG_LEN)

bool release_encode(const struct rd_release_statement *s, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 9);
	rd_cbor_put_uint(out, NUMBER);
	rd_cbor_put_bytes(out, s->claims_hash);
	rd_cbor_put_bytes(out, s->room_hash);
	rd_cbor_put_text(out, s->query);
	rd_cbor_put_bytes(out, s->parameters_hash);
	rd_cbor_put_text(out, s->owner);
	rd_cbor_put_uint(out, s->run);
	rd_cbor_put_int(out, s->time_unix_s);
	rd_cbor_put_bytes(out, s->keys_hash);
	return rd_buf_ok(out, err);
}

static bool decode(struct rd_view payload, struct rd_release_statement *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, payload, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 9);
	if (rd_cbor_read_uint(&r, NUMBER) != NUMBER)
		rd_cbor_complain(&r, "channel.release.form", "expected a release");
	out->claims_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->room_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->query = rd_cbor_read_text(&r, 1, RD_QUERY_NAME_MAX);
	out->parameters_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->owner = rd_cbor_read_text(&r, 1, RD_OWNER_NAME_MAX);
	out->run = rd_cbor_read_uint(&r, INT64_MAX);
	out->time_unix_s = rd_cbor_read_int(&r, 0, INT64_MAX);
	out->keys_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "release");
}

bool rd_release_decode(struct rd_view cose, struct rd_release_statement *out, struct rd_err *err)
{
	struct rd_view payload;

	return rd_cose_peek(TYPE, cose, &payload, err) && decode(payload, out, err);
}

bool rd_release_check(struct rd_view cose, struct rd_view release_key,
		      struct rd_release_statement *out, struct rd_err *err)
{
	struct rd_view payload;

	if (!rd_cose_verify(TYPE, cose, release_key, &payload, err))
		return rd_wrap(err, "release");
	return decode(payload, out, err);
}

bool release_info(struct rd_view claims_hash, const struct rd_released_key *key, struct rd_buf *out,
		  struct rd_err *err)
{
	rd_cbor_put_array(out, 5);
	rd_cbor_put_str(out, "redoubt-release-v1");
	rd_cbor_put_bytes(out, claims_hash);
	rd_cbor_put_uint(out, key->table);
	rd_cbor_put_uint(out, key->version);
	rd_cbor_put_uint(out, key->column);
	return rd_buf_ok(out, err);
}

static bool seal_one(const struct rd_released_key *key, struct rd_view claims_hash,
		     struct rd_view e_kem, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf info = { .max = 256 };
	uint8_t enc[RD_X25519_LEN], sealed[SEALED_LEN];
	struct rd_span span = { .data = sealed, .cap = sizeof(sealed) };

	if (key->key.len != KEY_LEN)
		return rd_fail(err, RD_FAULT_USAGE, "channel.release.form", "a key of %zu bytes",
			       key->key.len);
	if (!release_info(claims_hash, key, &info, err))
		return false;
	struct rd_hpke_params params = { .aead = RD_HPKE_AES256GCM, .info = rd_buf_view(&info) };

	if (!rd_hpke_seal(&params, e_kem, (struct rd_view){ 0 }, rd_secret_view(&key->key), enc,
			  &span, err))
		return false;
	rd_cbor_put_array(out, 5);
	rd_cbor_put_uint(out, key->table);
	rd_cbor_put_uint(out, key->version);
	rd_cbor_put_uint(out, key->column);
	rd_cbor_put_bytes(out, rd_view_of(enc, sizeof(enc)));
	rd_cbor_put_bytes(out, rd_view_of(sealed, span.used));
	return rd_buf_ok(out, err);
}

bool keys_seal(const struct rd_session_grant *grant, struct rd_view claims_hash,
	       struct rd_view e_kem, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, grant->n_keys);
	for (uint32_t i = 0; i < grant->n_keys; i++)
		if (!seal_one(&grant->key[i], claims_hash, e_kem, out, err))
			return false;
	return rd_buf_ok(out, err);
}

static bool open_one(struct rd_cbor_reader *r, struct rd_view claims_hash,
		     const struct rd_secret *e_kem, struct rd_released_key *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf info = { .max = 256 };
	struct rd_span span = { .data = out->key.data, .cap = KEY_LEN };
	struct rd_view enc, sealed;

	rd_cbor_enter_array(r, 5);
	out->table = (uint32_t)rd_cbor_read_uint(r, UINT32_MAX);
	out->version = rd_cbor_read_uint(r, INT64_MAX);
	out->column = (uint32_t)rd_cbor_read_uint(r, UINT32_MAX);
	enc = rd_cbor_read_bytes(r, RD_X25519_LEN, RD_X25519_LEN);
	sealed = rd_cbor_read_bytes(r, SEALED_LEN, SEALED_LEN);
	rd_cbor_leave(r);
	if (r->failed)
		return true; /* rd_cbor_finish says why */
	if (!release_info(claims_hash, out, &info, err))
		return false;
	struct rd_hpke_params params = { .aead = RD_HPKE_AES256GCM, .info = rd_buf_view(&info) };

	if (!rd_hpke_open(&params, e_kem, enc, (struct rd_view){ 0 }, sealed, &span, err))
		return rd_fail(err, RD_FAULT_REFUSED, "channel.release.key",
			       "the key of table %u, column %u was not sealed to this enclave for "
			       "this release",
			       out->table, out->column);
	out->key.len = span.used;
	return true;
}

bool keys_open(struct rd_view bytes, struct rd_view claims_hash, const struct rd_secret *e_kem,
	       struct rd_arena *arena, struct rd_session_result *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
	out->n_keys = rd_cbor_enter_array_upto(&r, 1, RD_RELEASE_KEYS_MAX);
	out->key = RD_NEW_ARRAY(arena, struct rd_released_key, out->n_keys, err);
	if (!out->key)
		return false;
	for (uint32_t i = 0; i < out->n_keys && !r.failed; i++)
		if (!open_one(&r, claims_hash, e_kem, &out->key[i], err))
			return false;
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "released keys");
}
