/*
 * The launcher.  One thread, one poll; sockets: the host's, and one pair an enclave.  What it
 * believes about a message depends only on which socket it came from.
 */
#include "launcher_int.h"
#include "door_int.h"

#include <redoubt/codec.h>

#include <string.h>

#define HASH_STEP (1u << 20)

struct one {
	bool used;
	uint32_t id, missing, evidence;
	int socket; /* to the enclave */
	int life;   /* to the host */
};

struct launcher {
	struct rd_sandbox sandbox;
	int host, zygote;
	uint32_t next_uid;
	uint8_t measurement[RD_MEASUREMENT_LEN];
	uint8_t public_key[RD_ED25519_LEN];
	struct rd_secret_pages pages;
	struct rd_secret *key;
	struct one one[RD_LAUNCHER_ENCLAVES_MAX];
};

bool rd_launcher_digest(const struct rd_sandbox *sandbox, uint32_t missing,
			uint8_t out[RD_SHA256_LEN], struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf text;

	rd_buf_init(&text, 16384);
	return rd_os_sandbox_describe(sandbox, &text, err) &&
	       rd_tee_launch_config(rd_buf_view(&text), missing, out, err);
}

/* ---- measuring --------------------------------------------------------------------------------
 */

static void free_hasher(struct rd_hasher **h)
{
	rd_hasher_free(h);
}

static bool hash_file(struct rd_os_file *file, uint8_t out[RD_MEASUREMENT_LEN], struct rd_err *err)
{
	RD_AUTO(free_hasher) struct rd_hasher *hasher = NULL;
	static uint8_t step[HASH_STEP];

	if (!rd_hasher_new(RD_HASH_SHA384, &hasher, err))
		return false;
	for (uint64_t at = 0; at < file->size; at += HASH_STEP) {
		uint64_t left = file->size - at;
		struct rd_span part = { step, left < HASH_STEP ? left : HASH_STEP, 0 };

		if (!rd_os_file_pread(file, at, &part, err) ||
		    !rd_hasher_add(hasher, rd_view_of(step, part.used), err))
			return false;
	}
	return rd_hasher_finish(hasher, out, err);
}

bool rd_run_measure(const char *path, uint8_t out[RD_MEASUREMENT_LEN], struct rd_err *err)
{
	RD_AUTO(rd_os_file_close) struct rd_os_file file = { .fd = -1 };

	if (!rd_os_file_open(path, &file, err))
		return false;
	if (file.size > RD_ENCLAVE_FILE_MAX)
		return rd_fail(err, RD_FAULT_REFUSED, "os.file.large",
			       "%s: more than the %u bytes of an enclave", path,
			       RD_ENCLAVE_FILE_MAX);
	return hash_file(&file, out, err) || rd_wrap(err, "%s", path);
}

/* ---- messages
 * ------------------------------------------------------------------------------------ */

static bool reply_error(int fd, const char *code, const char *text, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out;

	rd_buf_init(&out, LAUNCHER_MESSAGE_MAX);
	rd_cbor_put_array(&out, 3);
	rd_cbor_put_uint(&out, LAUNCHER_ERROR);
	rd_cbor_put_str(&out, code);
	rd_cbor_put_str(&out, text);
	return rd_buf_ok(&out, err) &&
	       rd_os_message_send(fd, rd_buf_view(&out), rd_os_deadline(LAUNCHER_TIMEOUT_MS), err);
}

static void forget(struct launcher *l, struct one *one)
{
	struct rd_err ignored = { 0 };

	rd_os_close(&one->socket);
	rd_os_close(&one->life);
	if (!rd_os_zygote_kill(l->zygote, one->id, &ignored))
		rd_os_close(&l->zygote);
	one->used = false;
}

/* ---- an enclave asks for evidence
 * ------------------------------------------------------------------ */

static bool complete(const struct launcher *l, const struct one *one, struct rd_view request,
		     struct rd_buf *claims_out, struct rd_err *err)
{
	struct rd_cbor_reader r;
	struct rd_view bytes;
	struct rd_claims claims;
	uint8_t config[RD_SHA256_LEN];
	uint32_t inside;

	rd_cbor_read_init(&r, request, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	if (rd_cbor_read_uint(&r, LAUNCHER_EVIDENCE) != LAUNCHER_EVIDENCE)
		return rd_fail(err, RD_FAULT_REFUSED, "run.launcher.message",
			       "an enclave may ask for evidence, nothing else");
	inside = (uint32_t)rd_cbor_read_uint(&r, RD_SANDBOX_ALL);
	bytes = rd_cbor_read_bytes(&r, 1, RD_CLAIMS_MAX);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err) || !rd_claims_decode(bytes, &claims, err))
		return false;
	if (claims.has_launch)
		return rd_fail(err, RD_FAULT_REFUSED, "run.launcher.claims",
			       "an enclave may not say what was measured");
	claims.has_launch = true;
	claims.sandbox_missing = one->missing | inside;
	if (!rd_launcher_digest(&l->sandbox, claims.sandbox_missing, config, err))
		return false;
	claims.measurement = rd_view_of(l->measurement, sizeof(l->measurement));
	claims.launch_config = rd_view_of(config, sizeof(config));
	return rd_claims_encode(&claims, claims_out, err);
}

static bool evidence(const struct launcher *l, struct one *one, struct rd_view request,
		     struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf claims, cmw, out;

	rd_buf_init(&claims, RD_CLAIMS_MAX);
	rd_buf_init(&cmw, LAUNCHER_MESSAGE_MAX);
	rd_buf_init(&out, LAUNCHER_MESSAGE_MAX);
	if (++one->evidence > LAUNCHER_EVIDENCE_MAX)
		return rd_fail(err, RD_FAULT_REFUSED, "run.launcher.message",
			       "an enclave asked for more than %u pieces of evidence",
			       LAUNCHER_EVIDENCE_MAX);
	if (!complete(l, one, request, &claims, err) ||
	    !rd_evidence_make(&rd_tee_process, rd_buf_view(&claims), l->key, &cmw, err))
		return false;
	rd_cbor_put_array(&out, 3);
	rd_cbor_put_uint(&out, LAUNCHER_EVIDENCE);
	rd_cbor_put_bytes(&out, rd_buf_view(&claims));
	rd_cbor_put_bytes(&out, rd_buf_view(&cmw));
	return rd_buf_ok(&out, err) && rd_os_message_send(one->socket, rd_buf_view(&out),
							  rd_os_deadline(LAUNCHER_TIMEOUT_MS), err);
}

/* ---- the host asks for an enclave
 * -------------------------------------------------------------------- */

struct pairs {
	int launcher[2], life[2], door;
};

static void close_pairs(struct pairs *p)
{
	rd_os_close(&p->launcher[0]);
	rd_os_close(&p->launcher[1]);
	rd_os_close(&p->life[0]);
	rd_os_close(&p->life[1]);
	rd_os_close(&p->door);
}

static bool make_door(int *fd, struct rd_err *err)
{
	void *base;
	struct door_page *page;

	if (!rd_os_shared_new(DOOR_LEN, fd, err) || !rd_os_shared_map(*fd, DOOR_LEN, &base, err))
		return false;
	page = base;
	page->magic = DOOR_MAGIC;
	page->version = DOOR_VERSION;
	rd_os_shared_unmap(base, DOOR_LEN);
	return true;
}

static bool announce(const struct launcher *l, const struct one *one, const struct pairs *p,
		     struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out;
	uint8_t config[RD_SHA256_LEN];
	int fds[2] = { p->door, p->life[1] };

	rd_buf_init(&out, LAUNCHER_MESSAGE_MAX);
	if (!rd_launcher_digest(&l->sandbox, one->missing, config, err))
		return false;
	rd_cbor_put_array(&out, 3);
	rd_cbor_put_uint(&out, LAUNCHER_START);
	rd_cbor_put_uint(&out, one->missing);
	rd_cbor_put_bytes(&out, rd_view_of(config, sizeof(config)));
	return rd_buf_ok(&out, err) &&
	       rd_os_message_send_fds(l->host, rd_buf_view(&out), (struct rd_os_fds){ fds, 2 },
				      rd_os_deadline(LAUNCHER_TIMEOUT_MS), err);
}

static bool start(struct launcher *l, struct rd_err *err)
{
	RD_AUTO(close_pairs) struct pairs p = { { -1, -1 }, { -1, -1 }, -1 };
	struct rd_os_zygote_child child;
	struct one *one = NULL;
	int fds[RD_SANDBOX_FDS];
	uint32_t uid = LAUNCHER_UID + 1 + l->next_uid;

	for (uint32_t i = 0; i < RD_LAUNCHER_ENCLAVES_MAX && !one; i++)
		if (!l->one[i].used)
			one = &l->one[i];
	if (!one)
		return rd_fail(err, RD_FAULT_FAILED, "run.launcher.full", "%u enclaves run already",
			       RD_LAUNCHER_ENCLAVES_MAX);
	if (!rd_os_socket_pair(p.launcher, err) || !rd_os_socket_pair(p.life, err) ||
	    !make_door(&p.door, err))
		return false;
	fds[0] = p.launcher[1];
	fds[1] = p.door;
	if (!rd_os_zygote_spawn(l->zygote, fds, uid, &child, err))
		return false;
	one->id = child.id;
	one->missing = child.missing;
	l->next_uid = (l->next_uid + 1) % (LAUNCHER_UIDS - 1);
	one->used = true;
	one->evidence = 0;
	one->socket = p.launcher[0];
	one->life = p.life[0];
	p.launcher[0] = p.life[0] = -1;
	if (!announce(l, one, &p, err)) {
		forget(l, one);
		return false;
	}
	return true;
}

static bool from_host(struct launcher *l, struct rd_view request, struct rd_err *err)
{
	struct rd_err why = { 0 };
	struct rd_cbor_reader r;
	uint64_t what;

	rd_cbor_read_init(&r, request, RD_CBOR_STRICT);
	what = rd_cbor_enter_array_upto(&r, 1, 3) ? rd_cbor_read_uint(&r, UINT32_MAX) : 0;
	if (what == LAUNCHER_START) {
		rd_cbor_leave(&r);
		if (rd_cbor_finish(&r, &why) && start(l, &why))
			return true;
		return reply_error(l->host, why.code, why.text, err);
	}
	return reply_error(l->host, "run.launcher.message",
			   "a host may start enclaves; evidence is made only for an enclave, on "
			   "its own socket",
			   err);
}

/* ---- the loop
 * ------------------------------------------------------------------------------------------ */

static bool receive(int fd, struct rd_span *into, struct rd_err *err)
{
	struct rd_os_message m = { .bytes = *into };
	bool ok = rd_os_message_recv(fd, &m, rd_os_deadline(LAUNCHER_TIMEOUT_MS), err);

	*into = m.bytes;
	return ok;
}

/* An enclave's socket or its life line has something; either's end is the enclave's end. */
static void from_enclave(struct launcher *l, struct one *one, bool life)
{
	static uint8_t bytes[LAUNCHER_MESSAGE_MAX];
	struct rd_span into = { bytes, sizeof(bytes), 0 };
	struct rd_err err = { 0 };

	if (life || !receive(one->socket, &into, &err) ||
	    !evidence(l, one, rd_view_of(bytes, into.used), &err)) {
		if (!life && one->socket >= 0 && err.code) {
			struct rd_err ignored = { 0 };

			if (!reply_error(one->socket, err.code, err.text, &ignored))
				ignored.code = NULL;
		}
		forget(l, one);
	}
}

/* False when the host is gone. */
static bool serve_one(struct launcher *l, struct rd_err *err)
{
	static uint8_t bytes[LAUNCHER_MESSAGE_MAX];
	struct rd_span into = { bytes, sizeof(bytes), 0 };
	int fds[1 + 2 * RD_LAUNCHER_ENCLAVES_MAX];
	uint32_t index;

	fds[0] = l->host;
	for (uint32_t i = 0; i < RD_LAUNCHER_ENCLAVES_MAX; i++) {
		fds[1 + 2 * i] = l->one[i].used ? l->one[i].socket : -1;
		fds[2 + 2 * i] = l->one[i].used ? l->one[i].life : -1;
	}
	if (!rd_os_wait_readable(fds, sizeof(fds) / sizeof(fds[0]), RD_NO_DEADLINE, &index, err))
		return false;
	if (index > 0) {
		from_enclave(l, &l->one[(index - 1) / 2], (index - 1) % 2 == 1);
		return true;
	}
	return receive(l->host, &into, err) && from_host(l, rd_view_of(bytes, into.used), err);
}

/* ---- the start
 * ------------------------------------------------------------------------------------------- */

static bool load_key(struct launcher *l, const char *path, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf pem;

	rd_buf_init(&pem, 4096);
	if (!rd_os_secret_pages_new(sizeof(struct rd_secret), &l->pages, err))
		return false;
	l->key = l->pages.data;
	if (!rd_os_file_read_private(path, 4096, &pem, err))
		return rd_wrap(err, "launcher key");
	return (rd_pem_parse_ed25519_private(rd_buf_view(&pem), l->key, err) &&
		rd_ed25519_public(l->key, l->public_key, err)) ||
	       rd_wrap(err, "launcher key %s", path);
}

static bool hello(const struct launcher *l, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out;

	rd_buf_init(&out, 1024);
	rd_cbor_put_array(&out, 3);
	rd_cbor_put_uint(&out, LAUNCHER_HELLO);
	rd_cbor_put_bytes(&out, rd_view_of(l->measurement, sizeof(l->measurement)));
	rd_cbor_put_bytes(&out, rd_view_of(l->public_key, sizeof(l->public_key)));
	return rd_buf_ok(&out, err) && rd_os_message_send(l->host, rd_buf_view(&out),
							  rd_os_deadline(LAUNCHER_TIMEOUT_MS), err);
}

/* Order: file sealed, zygote forked while there is no secret and no library state; then key,
 * cage, measurement of exactly the sealed bytes. */
static bool prepare(struct launcher *l, const struct rd_launcher_options *options,
		    struct rd_err *err)
{
	struct rd_os_file sealed = { .fd = -1 };

	if (!rd_os_exe_seal(options->enclave_path, RD_ENCLAVE_FILE_MAX, &l->sandbox.exe_fd, err) ||
	    !rd_os_zygote_start(&l->sandbox, &l->zygote, err) || !rd_crypto_init(err) ||
	    !load_key(l, options->key_path, err) || !rd_os_launcher_confine(LAUNCHER_UID, err) ||
	    !rd_os_file_size(l->sandbox.exe_fd, &sealed, err))
		return false;
	return hash_file(&sealed, l->measurement, err) && hello(l, err);
}

bool rd_launcher_run(const struct rd_launcher_options *options, struct rd_err *err)
{
	struct launcher l = { .host = options->host_fd, .zygote = -1 };
	struct rd_err end = { 0 };
	bool ok;

	l.sandbox = (struct rd_sandbox){ .exe_fd = -1,
					 .memory_max = options->memory_max,
					 .threads_max = options->threads_max };
	ok = prepare(&l, options, err);
	if (!ok && err->code) {
		struct rd_err ignored = { 0 };

		/* The host is told why, so that it can tell its user. */
		ok = reply_error(l.host, err->code, err->text, &ignored) && false;
	}
	while (ok && serve_one(&l, &end))
		;
	rd_os_secret_pages_free(&l.pages);
	rd_os_close(&l.zygote);
	rd_os_close(&l.sandbox.exe_fd);
	return ok;
}
