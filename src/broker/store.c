/* Making and opening the store: the passphrase, keys at rest. */
#include "broker_int.h"

#include <redoubt/codec.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORE_VERSION 1
#define SALT_LEN 32u
#define OWNER_MEMORY_MAX (64u * 1024)
#define PATH_LEN_MAX 4096

static const char schema[] =
	"CREATE TABLE store(one INTEGER PRIMARY KEY CHECK(one=1), version INT NOT NULL, owner "
	"TEXT NOT NULL, sign_key BLOB NOT NULL, log2_n INT NOT NULL, r INT NOT NULL, p INT NOT "
	"NULL, salt BLOB NOT NULL, tls BLOB NOT NULL, release BLOB NOT NULL) STRICT;"
	"CREATE TABLE head(one INTEGER PRIMARY KEY CHECK(one=1), number INT NOT NULL, hash BLOB "
	"NOT NULL, seal BLOB NOT NULL) STRICT;"
	"CREATE TABLE log(number INTEGER PRIMARY KEY, time INT NOT NULL, kind INT NOT NULL, text "
	"TEXT NOT NULL, details BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE TABLE tables(dataset TEXT NOT NULL, version INT NOT NULL, key BLOB NOT NULL, "
	"retired INT NOT NULL DEFAULT 0, PRIMARY KEY(dataset, version)) STRICT;"
	"CREATE TABLE rooms(hash BLOB PRIMARY KEY, id TEXT NOT NULL, sequence INT NOT NULL, bytes "
	"BLOB NOT NULL, UNIQUE(id, sequence)) STRICT;"
	"CREATE TABLE approvals(room BLOB NOT NULL REFERENCES rooms(hash), owner TEXT NOT NULL, "
	"cose BLOB NOT NULL, PRIMARY KEY(room, owner)) STRICT;"
	"CREATE TABLE revoked(id TEXT PRIMARY KEY, sequence INT NOT NULL, cose BLOB NOT NULL) "
	"STRICT;"
	"CREATE TABLE runs(room BLOB NOT NULL REFERENCES rooms(hash), query TEXT NOT NULL, runs "
	"INT NOT NULL, PRIMARY KEY(room, query)) STRICT;";

static bool label_aad(const struct key_label *label, struct rd_buf *aad, struct rd_err *err)
{
	rd_cbor_put_array(aad, 4);
	rd_cbor_put_str(aad, "redoubt-broker-key-v1");
	rd_cbor_put_str(aad, label->kind);
	rd_cbor_put_bytes(aad, label->name);
	rd_cbor_put_uint(aad, label->version);
	return rd_buf_ok(aad, err);
}

static void free_aead(struct rd_aead **aead)
{
	rd_aead_free(aead);
}

bool store_seal(const struct rd_secret *seal_key, const struct key_label *label,
		const struct rd_secret *in, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf aad = { .max = KEY_BLOB_MAX };
	RD_AUTO(free_aead) struct rd_aead *aead = NULL;
	uint8_t bytes[RD_AEAD_NONCE_LEN + RD_SECRET_MAX + RD_AEAD_TAG_LEN];
	struct rd_span nonce = { .data = bytes, .cap = RD_AEAD_NONCE_LEN };
	struct rd_span sealed = { .data = bytes, .cap = sizeof(bytes), .used = RD_AEAD_NONCE_LEN };

	if (!label_aad(label, &aad, err) || !rd_crypto_random(&nonce, err) ||
	    !rd_aead_new(rd_secret_view(seal_key), NULL, &aead, err) ||
	    !rd_aead_seal(aead, bytes, rd_buf_view(&aad), rd_secret_view(in), &sealed, err))
		return false;
	rd_buf_add(out, rd_view_of(bytes, sealed.used));
	return rd_buf_ok(out, err);
}

bool store_open(const struct rd_secret *seal_key, const struct key_label *label,
		struct rd_view sealed, struct rd_secret *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf aad = { .max = KEY_BLOB_MAX };
	RD_AUTO(free_aead) struct rd_aead *aead = NULL;
	struct rd_span plain = { .data = out->data, .cap = sizeof(out->data) };

	if (sealed.len < RD_AEAD_NONCE_LEN + RD_AEAD_TAG_LEN ||
	    sealed.len > RD_AEAD_NONCE_LEN + RD_SECRET_MAX + RD_AEAD_TAG_LEN)
		return rd_fail(err, RD_FAULT_MALFORMED, "broker.store.key",
			       "a stored key of %zu bytes", sealed.len);
	if (!label_aad(label, &aad, err) ||
	    !rd_aead_new(rd_secret_view(seal_key), NULL, &aead, err))
		return false;
	if (!rd_aead_open(aead, sealed.data, rd_buf_view(&aad),
			  rd_view_of(sealed.data + RD_AEAD_NONCE_LEN,
				     sealed.len - RD_AEAD_NONCE_LEN),
			  &plain, err)) {
		rd_secret_wipe(out);
		return false;
	}
	out->len = plain.used;
	return true;
}

/* One scrypt gives the secret from which both keys derive; the owner's name and key, the version
 * and the cost are in the info: a store in which they were edited does not unlock. */
static bool derive(struct rd_broker *broker, struct rd_view passphrase, struct rd_view salt,
		   struct rd_scrypt_cost cost, struct rd_err *err)
{
	RD_AUTO(rd_secret_wipe) struct rd_secret root = { .len = 0 };
	RD_AUTO(rd_buf_free) struct rd_buf info = { .max = 1024 };
	static const char *const uses[] = { "seal", "log" };
	struct rd_secret *const outs[] = { &broker->secrets->seal_key, &broker->secrets->log_key };

	if (passphrase.len < 8)
		return rd_fail(err, RD_FAULT_USAGE, "broker.passphrase.short",
			       "a passphrase of %zu bytes; at least 8 are needed", passphrase.len);
	if (!rd_scrypt(passphrase, salt, cost, 32, &root, err))
		return false;
	for (size_t i = 0; i < 2; i++) {
		rd_buf_clear(&info);
		rd_cbor_put_array(&info, 8);
		rd_cbor_put_str(&info, "redoubt-broker-store-v1");
		rd_cbor_put_str(&info, uses[i]);
		rd_cbor_put_uint(&info, STORE_VERSION);
		rd_cbor_put_text(&info, broker->owner);
		rd_cbor_put_bytes(&info, rd_view_of(broker->sign_key, sizeof(broker->sign_key)));
		rd_cbor_put_uint(&info, cost.log2_n);
		rd_cbor_put_uint(&info, cost.r);
		rd_cbor_put_uint(&info, cost.p);
		if (!rd_buf_ok(&info, err) ||
		    !rd_hkdf(rd_secret_view(&root), salt, rd_buf_view(&info), 32, outs[i], err))
			return false;
	}
	return true;
}

static int64_t wall_clock(void *ctx)
{
	(void)ctx;
	return rd_os_now_ns(RD_CLOCK_WALL) / 1000000000;
}

void rd_broker_set_clock(struct rd_broker *broker, struct rd_broker_clock clock)
{
	broker->clock = clock;
}

void rd_broker_close(struct rd_broker **broker)
{
	struct rd_broker *b = *broker;

	if (!b)
		return;
	sqlite3_close(b->db);
	if (b->locked_made)
		pthread_mutex_destroy(&b->lock);
	rd_os_secret_pages_free(&b->pages);
	rd_arena_free(&b->arena);
	free(b);
	*broker = NULL;
}

static bool broker_new(struct rd_broker **out, struct rd_err *err)
{
	struct rd_broker *b = calloc(1, sizeof(*b));

	*out = b;
	if (!b)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory", "no memory");
	b->clock.now_unix_s = wall_clock;
	b->locked_made = pthread_mutex_init(&b->lock, NULL) == 0;
	if (!b->locked_made)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory", "no lock to be had");
	if (!rd_os_secret_pages_new(sizeof(*b->secrets), &b->pages, err) ||
	    !rd_arena_new(OWNER_MEMORY_MAX, &b->arena, err))
		return false;
	b->secrets = b->pages.data;
	return true;
}

static bool set_owner(struct rd_broker *b, struct rd_view owner, struct rd_view sign_key,
		      struct rd_err *err)
{
	if (owner.len == 0 || owner.len > RD_OWNER_NAME_MAX || sign_key.len != RD_ED25519_LEN)
		return rd_fail(err, RD_FAULT_MALFORMED, "broker.store.owner",
			       "the owner's name or key has the wrong length");
	memcpy(b->sign_key, sign_key.data, RD_ED25519_LEN);
	return rd_sha256(sign_key, b->owner_key_hash, err) &&
	       rd_arena_copy(b->arena, owner, &b->owner, err);
}

static bool public_keys(struct rd_broker *b, struct rd_err *err)
{
	return rd_ed25519_public(&b->secrets->tls_seed, b->tls_key, err) &&
	       rd_ed25519_public(&b->secrets->release_seed, b->release_key, err);
}

static const struct key_label tls_label = { .kind = "tls" };
static const struct key_label release_label = { .kind = "release" };

static bool write_store(struct rd_broker *b, const struct rd_broker_new *in, struct rd_view salt,
			struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf tls = { .max = KEY_BLOB_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf release = { .max = KEY_BLOB_MAX };
	RD_AUTO(query_close) struct query q = { 0 };

	if (!store_seal(&b->secrets->seal_key, &tls_label, in->tls_seed, &tls, err) ||
	    !store_seal(&b->secrets->seal_key, &release_label, in->release_seed, &release, err) ||
	    !database_exec(b->db, schema, err))
		return false;
	query_open(&q, b->db, "INSERT INTO store VALUES(1,?,?,?,?,?,?,?,?,?)");
	query_bind_int(&q, STORE_VERSION);
	query_bind_text(&q, b->owner);
	query_bind_blob(&q, rd_view_of(b->sign_key, sizeof(b->sign_key)));
	query_bind_int(&q, in->cost.log2_n);
	query_bind_int(&q, in->cost.r);
	query_bind_int(&q, in->cost.p);
	query_bind_blob(&q, salt);
	query_bind_blob(&q, rd_buf_view(&tls));
	query_bind_blob(&q, rd_buf_view(&release));
	return query_run(&q, err);
}

static bool store_path(const char *folder, char out[PATH_LEN_MAX], struct rd_err *err)
{
	int len = snprintf(out, PATH_LEN_MAX, "%s/" RD_BROKER_FILE, folder);

	if (len < 0 || len >= PATH_LEN_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "os.file.name",
			       "the folder's name is too long");
	return true;
}

/* A half-made store has no row in `store` and is refused by every later open; init says so too. */
bool rd_broker_init(const char *folder, const struct rd_broker_new *in, struct rd_err *err)
{
	RD_AUTO(rd_broker_close) struct rd_broker *b = NULL;
	uint8_t salt[SALT_LEN];
	struct rd_span salt_span = { .data = salt, .cap = sizeof(salt) };
	char path[PATH_LEN_MAX];
	struct log_new first = { .kind = RD_LOG_INIT, .text = rd_view_str("store made") };

	if (!store_path(folder, path, err) || !broker_new(&b, err) ||
	    !set_owner(b, in->owner, in->sign_key, err) || !rd_crypto_random(&salt_span, err) ||
	    !derive(b, in->passphrase, rd_view_of(salt, sizeof(salt)), in->cost, err) ||
	    !database_open(path, true, &b->db, err))
		return false;
	RD_AUTO(transaction_end) struct transaction t = { 0 };

	return transaction_begin(&t, b, err) &&
	       write_store(b, in, rd_view_of(salt, sizeof(salt)), err) &&
	       log_append(b->db, &b->secrets->log_key, broker_now(b), &first, err) &&
	       transaction_commit(&t, err);
}

static bool cost_field(struct query *q, int column, uint32_t *out, struct rd_err *err)
{
	int64_t value = query_int(q, column);

	if (value < 1 || value > 64)
		return rd_fail(err, RD_FAULT_MALFORMED, "broker.store.form",
			       "the store's scrypt cost is not plausible");
	*out = (uint32_t)value;
	return true;
}

static bool unlock(struct rd_broker *b, struct rd_view passphrase, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	struct rd_scrypt_cost cost = { 0 };
	bool row = false;

	query_open(&q, b->db,
		   "SELECT version, owner, sign_key, log2_n, r, p, salt, tls, release FROM store");
	if (!query_step(&q, &row, err))
		return false;
	if (!row || query_int(&q, 0) != STORE_VERSION)
		return rd_fail(err, RD_FAULT_MALFORMED, "broker.store.form",
			       "not a store of version %d", STORE_VERSION);
	if (!set_owner(b, query_view(&q, 1), query_view(&q, 2), err) ||
	    !cost_field(&q, 3, &cost.log2_n, err) || !cost_field(&q, 4, &cost.r, err) ||
	    !cost_field(&q, 5, &cost.p, err) ||
	    !derive(b, passphrase, query_view(&q, 6), cost, err))
		return false;
	if (!store_open(&b->secrets->seal_key, &tls_label, query_view(&q, 7), &b->secrets->tls_seed,
			err) ||
	    !store_open(&b->secrets->seal_key, &release_label, query_view(&q, 8),
			&b->secrets->release_seed, err))
		return rd_fail(err, RD_FAULT_REFUSED, "broker.passphrase",
			       "the passphrase does not open this store, or the store was edited");
	return public_keys(b, err);
}

bool rd_broker_open(const char *folder, struct rd_view passphrase, struct rd_broker **out,
		    struct rd_err *err)
{
	RD_AUTO(rd_broker_close) struct rd_broker *b = NULL;
	char path[PATH_LEN_MAX];

	*out = NULL;
	if (!store_path(folder, path, err) || !broker_new(&b, err))
		return false;
	if (!rd_os_file_exists(path))
		return rd_fail(err, RD_FAULT_FAILED, "broker.store.none", "%s: there is no store",
			       folder);
	if (!database_open(path, false, &b->db, err) || !unlock(b, passphrase, err))
		return rd_wrap(err, "%s", path);
	*out = b;
	b = NULL;
	return true;
}
