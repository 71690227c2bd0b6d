/* TLS 1.3 over any stream, by memory BIOs: libssl sees no socket, no clock and no file. */
#include <redoubt/channel.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

#define CIPHERS "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define EXPORT_LABEL "EXPERIMENTAL-redoubt-session-v1"
#define CHUNK 16384u

struct rd_tls {
	struct rd_stream stream;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	uint8_t peer_key[RD_ED25519_LEN];
	bool key_differs;
};

bool rd_channel_init(struct rd_err *err)
{
	uint8_t one;

	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 || RAND_bytes(&one, 1) != 1)
		return rd_fail(err, RD_FAULT_FAILED, "channel.tls.library",
			       "libssl could not be initialised");
	return true;
}

void rd_tls_free(struct rd_tls **tls)
{
	struct rd_tls *t = *tls;

	if (!t)
		return;
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	ERR_clear_error();
	free(t);
	*tls = NULL;
}

static bool library(struct rd_err *err, const char *what)
{
	unsigned long code = ERR_get_error();
	char text[256] = "no reason given";

	if (code)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return rd_fail(err, RD_FAULT_FAILED, "channel.tls.failed", "%s: %s", what, text);
}

/* ---- moving bytes -------------------------------------------------------------------------------
 */

static bool flush(struct rd_tls *t, struct rd_err *err)
{
	uint8_t bytes[CHUNK];
	int n;

	while ((n = BIO_read(t->out, bytes, sizeof(bytes))) > 0)
		if (!t->stream.send(t->stream.ctx, rd_view_of(bytes, (size_t)n), err))
			return false;
	return true;
}

static bool feed(struct rd_tls *t, struct rd_err *err)
{
	uint8_t bytes[CHUNK];
	struct rd_span span = { .data = bytes, .cap = sizeof(bytes) };

	if (!t->stream.recv(t->stream.ctx, &span, err))
		return false;
	if (span.used == 0)
		return rd_fail(err, RD_FAULT_FAILED, "channel.tls.closed",
			       "the other side hung up in the middle");
	return BIO_write(t->in, bytes, (int)span.used) == (int)span.used || library(err, "reading");
}

/* After a call of libssl: true when it must be repeated. */
static bool again(struct rd_tls *t, int result, bool *repeat, struct rd_err *err)
{
	int why = SSL_get_error(t->ssl, result);

	*repeat = result <= 0;
	if (!flush(t, err))
		return false;
	if (result > 0)
		return true;
	if (why == SSL_ERROR_WANT_READ)
		return feed(t, err);
	if (why == SSL_ERROR_WANT_WRITE)
		return true;
	if (why == SSL_ERROR_ZERO_RETURN)
		return rd_fail(err, RD_FAULT_FAILED, "channel.tls.closed",
			       "the other side ended the session");
	if (t->key_differs)
		return rd_fail(err, RD_FAULT_REFUSED, "channel.tls.key",
			       "the other side has another TLS key than the room names");
	return library(err, "TLS");
}

static bool handshake(struct rd_tls *t, struct rd_err *err)
{
	bool repeat = true;

	while (repeat) {
		ERR_clear_error();
		if (!again(t, SSL_do_handshake(t->ssl), &repeat, err))
			return false;
	}
	if (SSL_version(t->ssl) != TLS1_3_VERSION || SSL_session_reused(t->ssl))
		return rd_fail(err, RD_FAULT_REFUSED, "channel.tls.version",
			       "not a fresh session of TLS 1.3");
	return true;
}

/* ---- set up -------------------------------------------------------------------------------------
 */

/* Whatever the certificate says: its key is the one that the room names, or the handshake ends.
 * (That the other side holds the key is what CertificateVerify proves.) */
static int check_key(X509_STORE_CTX *store, void *arg)
{
	struct rd_tls *t = arg;
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
	uint8_t raw[RD_ED25519_LEN];
	size_t len = sizeof(raw);

	if (key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
	    EVP_PKEY_get_raw_public_key(key, raw, &len) == 1 && len == sizeof(raw) &&
	    memcmp(raw, t->peer_key, sizeof(raw)) == 0)
		return 1;
	t->key_differs = true;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

static bool configure(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, CIPHERS) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, "X25519") == 1 &&
	       SSL_CTX_set1_sigalgs_list(ctx, "ed25519") == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1;
}

static bool tls_new(const struct rd_stream *stream, const SSL_METHOD *method, struct rd_tls **out,
		    struct rd_err *err)
{
	struct rd_tls *t = calloc(1, sizeof(*t));

	*out = t;
	if (!t)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory", "no memory for TLS");
	t->stream = *stream;
	t->ctx = SSL_CTX_new(method);
	if (!t->ctx || !configure(t->ctx))
		return library(err, "setting up TLS");
	return true;
}

/* After the context is complete. */
static bool begin(struct rd_tls *t, struct rd_err *err)
{
	t->ssl = SSL_new(t->ctx);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (!t->ssl || !t->in || !t->out) {
		BIO_free(t->in);
		BIO_free(t->out);
		return library(err, "setting up TLS");
	}
	BIO_set_mem_eof_return(t->in, -1);
	BIO_set_mem_eof_return(t->out, -1);
	SSL_set_bio(t->ssl, t->in, t->out);
	return true;
}

bool rd_tls_connect(const struct rd_stream *stream, struct rd_view server_key, struct rd_tls **out,
		    struct rd_err *err)
{
	RD_AUTO(rd_tls_free) struct rd_tls *t = NULL;

	*out = NULL;
	if (server_key.len != RD_ED25519_LEN)
		return rd_fail(err, RD_FAULT_USAGE, "channel.tls.key", "a TLS key has 32 bytes");
	if (!tls_new(stream, TLS_client_method(), &t, err))
		return false;
	memcpy(t->peer_key, server_key.data, RD_ED25519_LEN);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(t->ctx, check_key, t);
	if (!begin(t, err))
		return false;
	SSL_set_connect_state(t->ssl);
	if (!handshake(t, err))
		return false;
	*out = t;
	t = NULL;
	return true;
}

static bool use_key(SSL_CTX *ctx, const struct rd_secret *seed, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf der = { .max = 4096 };
	EVP_PKEY *key;
	bool ok;

	if (!rd_cert_self_signed(seed, &der, err))
		return false;
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->data, seed->len);
	ok = key && SSL_CTX_use_certificate_ASN1(ctx, (int)der.len, der.data) == 1 &&
	     SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	return ok || library(err, "the TLS key");
}

bool rd_tls_accept(const struct rd_stream *stream, const struct rd_secret *server_seed,
		   struct rd_tls **out, struct rd_err *err)
{
	RD_AUTO(rd_tls_free) struct rd_tls *t = NULL;

	*out = NULL;
	if (!tls_new(stream, TLS_server_method(), &t, err) || !use_key(t->ctx, server_seed, err) ||
	    !begin(t, err))
		return false;
	SSL_set_accept_state(t->ssl);
	if (!handshake(t, err))
		return false;
	*out = t;
	t = NULL;
	return true;
}

/* ---- frames
 * -------------------------------------------------------------------------------------- */

static bool write_all(struct rd_tls *t, struct rd_view bytes, struct rd_err *err)
{
	while (bytes.len) {
		size_t chunk = bytes.len < CHUNK ? bytes.len : CHUNK;
		bool repeat = false;
		int n;

		ERR_clear_error();
		n = SSL_write(t->ssl, bytes.data, (int)chunk);
		if (!again(t, n, &repeat, err))
			return false;
		if (repeat)
			continue;
		bytes = rd_view_of(bytes.data + n, bytes.len - (size_t)n);
	}
	return true;
}

static bool read_all(struct rd_tls *t, uint8_t *out, size_t len, struct rd_err *err)
{
	while (len) {
		size_t chunk = len < CHUNK ? len : CHUNK;
		bool repeat = false;
		int n;

		ERR_clear_error();
		n = SSL_read(t->ssl, out, (int)chunk);
		if (!again(t, n, &repeat, err))
			return false;
		if (repeat)
			continue;
		out += n;
		len -= (size_t)n;
	}
	return true;
}

bool rd_tls_send_frame(struct rd_tls *tls, struct rd_view frame, struct rd_err *err)
{
	uint8_t head[4];

	if (frame.len > RD_FRAME_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "channel.frame", "a frame of %zu bytes",
			       frame.len);
	rd_store_be32(head, (uint32_t)frame.len);
	return write_all(tls, rd_view_of(head, sizeof(head)), err) && write_all(tls, frame, err);
}

bool rd_tls_recv_frame(struct rd_tls *tls, uint32_t max_len, struct rd_arena *arena,
		       struct rd_view *out, struct rd_err *err)
{
	uint8_t head[4], *bytes;
	uint32_t len;

	if (!read_all(tls, head, sizeof(head), err))
		return false;
	len = rd_load_be32(head);
	if (len > max_len)
		return rd_fail(err, RD_FAULT_MALFORMED, "channel.frame",
			       "a frame of %u bytes, at most %u are taken", len, max_len);
	bytes = rd_arena_alloc(arena, len, 1, err);
	if (!bytes || !read_all(tls, bytes, len, err))
		return false;
	*out = rd_view_of(bytes, len);
	return true;
}

bool rd_tls_export(struct rd_tls *tls, struct rd_view context, uint8_t out[32], struct rd_err *err)
{
	ERR_clear_error();
	return SSL_export_keying_material(tls->ssl, out, 32, EXPORT_LABEL, strlen(EXPORT_LABEL),
					  context.data, context.len, 1) == 1 ||
	       library(err, "the exporter");
}
