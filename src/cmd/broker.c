/* redoubt broker init|serve|add|retire|policy|log: an owner's key broker. */
#include "cmd.h"
#include "common.h"

#include <redoubt/broker.h>
#include <redoubt/os.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 4096
#define PEM_MAX 8192
#define PASSPHRASE_MAX 1024
#define FILES_MAX 64
#define TEXT_MAX (16u << 20)

/* What the command line said. */
struct asked {
	const char *passphrase_file, *owner, *keys, *listen, *room;
	const char *approval[FILES_MAX], *table[FILES_MAX], *revocation[FILES_MAX];
	int n_approvals, n_tables, n_revocations;
	int64_t from, scrypt_log2_n;
	const char *address_file;
	const char *folder;
	int n_rest;
	char **rest;
};

static bool file_text(const char *path, size_t max, bool private, struct rd_buf *out,
		      struct rd_err *err)
{
	rd_buf_init(out, max);
	return private ? rd_os_file_read_private(path, max, out, err)
		       : rd_os_file_read(path, max, out, err);
}

/* The first line, so that a file made with an editor works. */
static bool passphrase(const struct asked *asked, struct rd_buf *out, struct rd_err *err)
{
	const uint8_t *end;

	if (!asked->passphrase_file)
		return rd_fail(err, RD_FAULT_USAGE, "broker.passphrase",
			       "--passphrase-file FILE is needed");
	if (!file_text(asked->passphrase_file, PASSPHRASE_MAX, true, out, err))
		return false;
	end = out->len ? memchr(out->data, '\n', out->len) : NULL;
	if (end)
		out->len = (size_t)(end - out->data);
	return true;
}

static bool open_broker(const struct asked *asked, struct rd_broker **broker, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf words = { 0 };

	return rd_crypto_init(err) && passphrase(asked, &words, err) &&
	       rd_broker_open(asked->folder, rd_buf_view(&words), broker, err);
}

/* ---- init -------------------------------------------------------------------------------------
 */

static bool key_path(const char *folder, const char *name, char *out, struct rd_err *err)
{
	int len = snprintf(out, PATH_MAX_LEN, "%s/%s", folder, name);

	return (len > 0 && len < PATH_MAX_LEN) ||
	       rd_fail(err, RD_FAULT_USAGE, "os.file.name", "%s: the name is too long", folder);
}

static bool read_seed(const char *folder, const char *name, struct rd_secret *out,
		      struct rd_err *err)
{
	char path[PATH_MAX_LEN];

	return key_path(folder, name, path, err) && cmd_read_seed(path, out, err);
}

static bool read_sign_key(const char *folder, uint8_t out[32], struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf pem = { 0 };
	char path[PATH_MAX_LEN];
	bool is_x25519 = false;

	if (!key_path(folder, "sign.pub", path, err) ||
	    !file_text(path, PEM_MAX, false, &pem, err) ||
	    !rd_pem_parse_public(rd_buf_view(&pem), out, &is_x25519, err))
		return rd_wrap(err, "%s", path);
	return !is_x25519 || rd_fail(err, RD_FAULT_USAGE, "broker.store.owner",
				     "%s: expected an Ed25519 key", path);
}

static bool run_init(const struct asked *asked, struct rd_err *err)
{
	RD_AUTO(rd_secret_wipe) struct rd_secret tls = { .len = 0 };
	RD_AUTO(rd_secret_wipe) struct rd_secret release = { .len = 0 };
	RD_AUTO(rd_buf_free) struct rd_buf words = { 0 };
	uint8_t sign_key[RD_ED25519_LEN];

	if (!asked->owner || !asked->keys)
		return rd_fail(err, RD_FAULT_USAGE, "broker.store.owner",
			       "init needs --owner NAME and --keys DIR");
	if (!rd_crypto_init(err) || !passphrase(asked, &words, err) ||
	    !read_seed(asked->keys, "tls.key", &tls, err) ||
	    !read_seed(asked->keys, "release.key", &release, err) ||
	    !read_sign_key(asked->keys, sign_key, err) || !rd_os_mkdirs(asked->folder, 0700, err))
		return false;
	struct rd_broker_new in = {
		.owner = rd_view_str(asked->owner),
		.tls_seed = &tls,
		.release_seed = &release,
		.sign_key = rd_view_of(sign_key, sizeof(sign_key)),
		.passphrase = rd_buf_view(&words),
		.cost = { .log2_n = (uint32_t)asked->scrypt_log2_n, .r = 8, .p = 1 }
	};

	if (!rd_broker_init(asked->folder, &in, err))
		return false;
	printf("%s: store of %s made. tls.key and release.key are in it now, sealed under the "
	       "passphrase.\n",
	       asked->folder, asked->owner);
	return true;
}

/* ---- add, retire ------------------------------------------------------------------------------
 */

static bool add_table(struct rd_broker *broker, const char *path, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf pem = { 0 };
	struct rd_table_key key = { .key.len = 0 };
	bool ok = file_text(path, PEM_MAX, true, &pem, err) &&
		  rd_table_key_from_pem(rd_buf_view(&pem), &key, err) &&
		  rd_broker_add_table(broker, &key, err);

	rd_secret_wipe(&key.key);
	if (!ok)
		return rd_wrap(err, "%s", path);
	printf("table %s version %llu\n", key.id.dataset, (unsigned long long)key.id.version);
	return true;
}

static bool add_room(struct rd_broker *broker, const struct asked *asked, struct rd_err *err)
{
	struct rd_buf bytes[FILES_MAX + 1] = { 0 };
	struct rd_view approval[FILES_MAX];
	bool ok = file_text(asked->room, RD_ROOM_MAX, false, &bytes[FILES_MAX], err);

	for (int i = 0; ok && i < asked->n_approvals; i++) {
		ok = file_text(asked->approval[i], PEM_MAX, false, &bytes[i], err);
		approval[i] = rd_buf_view(&bytes[i]);
	}
	ok = ok && rd_broker_add_room(broker, rd_buf_view(&bytes[FILES_MAX]), approval,
				      (uint32_t)asked->n_approvals, err);
	for (int i = 0; i <= FILES_MAX; i++)
		rd_buf_free(&bytes[i]);
	if (!ok)
		return rd_wrap(err, "%s", asked->room);
	printf("room %s, %d approvals\n", asked->room, asked->n_approvals);
	return true;
}

static bool add_revocation(struct rd_broker *broker, const char *path, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { 0 };

	if (!file_text(path, PEM_MAX, false, &bytes, err) ||
	    !rd_broker_add_revocation(broker, rd_buf_view(&bytes), err))
		return rd_wrap(err, "%s", path);
	printf("revocation %s\n", path);
	return true;
}

static bool run_add(const struct asked *asked, struct rd_err *err)
{
	RD_AUTO(rd_broker_close) struct rd_broker *broker = NULL;

	if (!asked->n_tables && !asked->room && !asked->n_revocations)
		return rd_fail(err, RD_FAULT_USAGE, "broker.table.none",
			       "add needs --table KEY, --room ROOM or --revocation FILE");
	if (!open_broker(asked, &broker, err))
		return false;
	for (int i = 0; i < asked->n_tables; i++)
		if (!add_table(broker, asked->table[i], err))
			return false;
	if (asked->room && !add_room(broker, asked, err))
		return false;
	for (int i = 0; i < asked->n_revocations; i++)
		if (!add_revocation(broker, asked->revocation[i], err))
			return false;
	return true;
}

static bool run_retire(const struct asked *asked, struct rd_err *err)
{
	RD_AUTO(rd_broker_close) struct rd_broker *broker = NULL;
	int64_t version = 0;

	if (asked->n_rest != 2)
		return rd_fail(err, RD_FAULT_USAGE, "broker.table.name",
			       "retire needs a dataset and a version");
	return rd_parse_i64(rd_view_str(asked->rest[1]), 1, INT64_MAX, &version, err) &&
	       open_broker(asked, &broker, err) &&
	       rd_broker_retire_table(broker, rd_view_str(asked->rest[0]), (uint64_t)version, err);
}

/* ---- policy, log ------------------------------------------------------------------------------
 */

/* Text that strangers may have had a hand in. */
static void print_tame(FILE *file, struct rd_view text)
{
	RD_AUTO(rd_buf_free) struct rd_buf shown = { .max = TEXT_MAX };

	rd_text_put_shown(&shown, text);
	fprintf(file, "%.*s", RD_FMT(rd_buf_view(&shown)));
}

static bool run_policy(const struct asked *asked, struct rd_err *err)
{
	RD_AUTO(rd_broker_close) struct rd_broker *broker = NULL;
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = TEXT_MAX };

	if (!open_broker(asked, &broker, err) || !rd_broker_print(broker, &text, err))
		return false;
	fwrite(text.data, 1, text.len, stdout);
	return true;
}

static bool print_entry(void *ctx, const struct rd_log_entry *entry, struct rd_err *err)
{
	static const char *const kinds[] = { "?",    "init",   "table",   "retire",
					     "room", "revoke", "RELEASE", "REFUSE" };
	char time[21];

	(void)ctx;
	(void)err;
	rd_os_time_format(entry->time_unix_s, time);
	printf("%6llu  %s  %-7s  ", (unsigned long long)entry->number, time,
	       kinds[entry->kind <= RD_LOG_REFUSE ? entry->kind : 0]);
	print_tame(stdout, entry->text);
	printf("  %02x%02x%02x%02x\n", entry->hash.data[0], entry->hash.data[1],
	       entry->hash.data[2], entry->hash.data[3]);
	return true;
}

static bool run_log(const struct asked *asked, struct rd_err *err)
{
	RD_AUTO(rd_broker_close) struct rd_broker *broker = NULL;

	if (!open_broker(asked, &broker, err) ||
	    !rd_broker_log(broker, (uint64_t)asked->from, print_entry, NULL, err))
		return false;
	printf("the chain holds\n");
	return true;
}

/* ---- serve ------------------------------------------------------------------------------------
 */

static void session_done(void *ctx, const struct rd_err *err)
{
	(void)ctx;
	if (!err) {
		fprintf(stderr, "redoubt broker: keys released\n");
		return;
	}
	fprintf(stderr, "redoubt broker: no release: ");
	print_tame(stderr, rd_view_str(err->text));
	fprintf(stderr, " [%s]\n", err->code);
}

static bool run_serve(const struct asked *asked, struct rd_err *err)
{
	RD_AUTO(rd_broker_close) struct rd_broker *broker = NULL;
	RD_AUTO(rd_os_close) int listener = -1;
	RD_AUTO(rd_os_close) int stop = -1;

	if (!open_broker(asked, &broker, err) || !rd_os_signal_fd(&stop, err) ||
	    !cmd_listen(&cmd_broker, asked->listen, asked->address_file, &listener, err))
		return false;
	struct rd_broker_serve serve = { .listener = listener,
					 .stop_fd = stop,
					 .done = session_done };

	return rd_broker_serve(broker, &serve, err);
}

/* ---- the command line -------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	bool (*run)(const struct asked *asked, struct rd_err *err);
} verbs[] = {
	{ "init", run_init },     { "serve", run_serve },   { "add", run_add },
	{ "retire", run_retire }, { "policy", run_policy }, { "log", run_log },
};

static bool take(const char **list, int *n, const char *value)
{
	if (*n == FILES_MAX)
		return false;
	list[(*n)++] = value;
	return true;
}

static const struct option options[] = {
	{ "passphrase-file", required_argument, NULL, 'p' },
	{ "owner", required_argument, NULL, 'o' },
	{ "keys", required_argument, NULL, 'k' },
	{ "listen", required_argument, NULL, 'l' },
	{ "address-file", required_argument, NULL, 'A' },
	{ "room", required_argument, NULL, 'r' },
	{ "approval", required_argument, NULL, 'a' },
	{ "table", required_argument, NULL, 't' },
	{ "revocation", required_argument, NULL, 'v' },
	{ "from", required_argument, NULL, 'f' },
	{ "scrypt-log2-n", required_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 },
};

static bool take_option(struct asked *asked, int option, struct rd_err *err)
{
	switch (option) {
	case 'p':
		asked->passphrase_file = optarg;
		return true;
	case 'o':
		asked->owner = optarg;
		return true;
	case 'k':
		asked->keys = optarg;
		return true;
	case 'l':
		asked->listen = optarg;
		return true;
	case 'A':
		asked->address_file = optarg;
		return true;
	case 'r':
		asked->room = optarg;
		return true;
	case 'a':
		return take(asked->approval, &asked->n_approvals, optarg);
	case 't':
		return take(asked->table, &asked->n_tables, optarg);
	case 'v':
		return take(asked->revocation, &asked->n_revocations, optarg);
	case 'f':
		return rd_parse_i64(rd_view_str(optarg), 1, INT64_MAX, &asked->from, err);
	case 'n':
		return rd_parse_i64(rd_view_str(optarg), 10, 20, &asked->scrypt_log2_n, err);
	default:
		return false;
	}
}

static int run(int argc, char **argv)
{
	struct asked asked = { .listen = "127.0.0.1:7400", .from = 1, .scrypt_log2_n = 17 };
	struct rd_err err = { 0 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(&asked, option, &err))
			return cmd_misused(&cmd_broker, err.text[0]
								? err.text
								: "an option is unknown, lacks its "
								  "value, or is given too often");
	if (argc - optind < 2)
		return cmd_misused(&cmd_broker, "a verb and the broker's folder are needed");
	asked.folder = argv[optind + 1];
	asked.rest = argv + optind + 2;
	asked.n_rest = argc - optind - 2;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[optind]) == 0)
			return verbs[i].run(&asked, &err) ? 0 : cmd_failed(&cmd_broker, &err);
	return cmd_misused(&cmd_broker, "unknown verb");
}

const struct cmd cmd_broker = {
	.name = "broker",
	.summary = "keeps an owner's keys and decides their release",
	.help = "Usage: redoubt broker init DIR --owner NAME --keys DIR --passphrase-file FILE\n"
		"       redoubt broker add DIR --passphrase-file FILE [--table KEY]...\n"
		"                      [--room ROOM --approval FILE...] [--revocation FILE]...\n"
		"       redoubt broker serve DIR --passphrase-file FILE [--listen HOST:PORT]\n"
		"                      [--address-file FILE]\n"
		"       redoubt broker retire DIR DATASET VERSION --passphrase-file FILE\n"
		"       redoubt broker policy|log DIR --passphrase-file FILE [--from N]\n"
		"\n"
		"An owner's key broker. It keeps the keys of the owner's tables under a "
		"passphrase and\n"
		"releases them only to an enclave that proves itself, for a query of a room that "
		"all\n"
		"owners approved. Every decision is in its log.\n"
		"\n"
		"  init     makes the store; DIR of --keys is one that `redoubt keygen` made\n"
		"  add      takes table keys, a compiled room with all approvals, revocations\n"
		"  serve    answers enclaves (127.0.0.1:7400 by default; port 0 takes a free one, "
		"and\n"
		"           --address-file writes down which)\n"
		"  retire   releases no key of this version of a table from now on\n"
		"  policy   shows tables, rooms and runs\n"
		"  log      shows the decisions and checks that none was changed\n"
		"\n"
		"  --scrypt-log2-n N   cost of the passphrase at init, 10 to 20 (17)\n"
		"\n"
		"Example:\n"
		"  redoubt keygen clinic && openssl rand -base64 24 -out clinic/passphrase\n"
		"  redoubt broker init clinic/broker --owner clinic --keys clinic \\\n"
		"      --passphrase-file clinic/passphrase\n",
	.run = run,
};
