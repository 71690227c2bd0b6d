/* redoubt host init|probe|serve: run enclaves for others. */
#include "cmd.h"

#include <redoubt/os.h>
#include <redoubt/run.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX 8192
#define FILES_MAX 64
#define MEMORY_MAX (1 << 20)
#define READY_MS 30000

struct asked {
	const char *folder, *enclave, *launcher, *listen, *address_file;
	const char *table[FILES_MAX], *broker[FILES_MAX];
	uint32_t n_tables, n_brokers;
	int64_t memory_mib;
	struct rd_arena *arena;
};

static bool options_of(struct asked *asked, struct rd_host_options *out, struct rd_err *err)
{
	struct rd_view key;

	if (!asked->enclave &&
	    !cmd_companion("redoubt-enclave", asked->arena, &asked->enclave, err))
		return false;
	if (!asked->launcher &&
	    !cmd_companion("redoubt-launcher", asked->arena, &asked->launcher, err))
		return false;
	if (!rd_arena_printf(asked->arena, &key, err, "%s/launcher.key", asked->folder))
		return false;
	*out = (struct rd_host_options){ .launcher_path = asked->launcher,
					 .enclave_path = asked->enclave,
					 .key_path = (const char *)key.data };
	return true;
}

/* ---- init --------------------------------------------------------------------------------------
 */

static bool make_key(const struct rd_host_options *o, uint8_t public_key[RD_ED25519_LEN],
		     struct rd_err *err)
{
	RD_AUTO(rd_secret_wipe) struct rd_secret seed = { .len = 0 };
	RD_AUTO(rd_buf_free) struct rd_buf pem = { .max = PEM_MAX };

	return rd_ed25519_generate(&seed, public_key, err) &&
	       rd_pem_ed25519_private(&seed, &pem, err) &&
	       rd_os_file_create(o->key_path, 0600, rd_buf_view(&pem), err);
}

/* The block that goes into a room as it stands. */
static bool print_accept(const struct asked *asked, const uint8_t *measurement, const uint8_t *key,
			 struct rd_err *err)
{
	struct rd_view m, k;

	if (!rd_hex(asked->arena, rd_view_of(measurement, RD_MEASUREMENT_LEN), &m, err) ||
	    !rd_hex(asked->arena, rd_view_of(key, RD_ED25519_LEN), &k, err))
		return false;
	printf("# For the room: this enclave on this machine.  `software` means the launcher's\n"
	       "# word: software isolation, no TEE.\n"
	       "accept:\n"
	       "  level: software\n"
	       "  tees: [process]\n"
	       "  measurements:\n"
	       "    - {name: redoubt-enclave " RD_VERSION ", enclave: %.*s}\n"
	       "  platforms:\n"
	       "    - {name: %s, id: %.*s}\n",
	       RD_FMT(m), "this-host", RD_FMT(k));
	return true;
}

static bool run_init(struct asked *asked, struct rd_err *err)
{
	struct rd_host_options o;
	uint8_t measurement[RD_MEASUREMENT_LEN], key[RD_ED25519_LEN];

	return options_of(asked, &o, err) && rd_os_mkdirs(asked->folder, 0700, err) &&
	       rd_run_measure(o.enclave_path, measurement, err) && make_key(&o, key, err) &&
	       print_accept(asked, measurement, key, err);
}

/* ---- probe -------------------------------------------------------------------------------------
 */

static void print_layers(uint32_t missing)
{
	for (uint32_t bit = 1; bit & RD_SANDBOX_ALL; bit <<= 1)
		printf("  %-14s %s\n", rd_os_sandbox_layer_name(bit),
		       missing & bit ? "MISSING" : "yes");
}

static bool probe_enclave(struct asked *asked, struct rd_host *host, struct rd_err *err)
{
	RD_AUTO(rd_host_run_free) struct rd_host_run *run = NULL;
	int64_t start = rd_os_now_ns(RD_CLOCK_MONO), ready;
	struct rd_view config;

	if (!rd_host_run_new(host, &run, err) ||
	    !rd_host_run_ready(run, rd_os_deadline(READY_MS), err))
		return false;
	ready = rd_os_now_ns(RD_CLOCK_MONO);
	if (!rd_hex(asked->arena, rd_host_run_launch_config(run), &config, err))
		return false;
	printf("enclave ready in %.2f ms\n", (double)(ready - start) / 1e6);
	printf("launch configuration %.*s\n", RD_FMT(config));
	printf("sandbox:\n");
	print_layers(rd_host_run_missing(run));
	return true;
}

static bool run_probe(struct asked *asked, struct rd_err *err)
{
	RD_AUTO(rd_host_free) struct rd_host *host = NULL;
	struct rd_host_options o;
	struct rd_host_info info;

	if (!options_of(asked, &o, err) || !rd_host_start(&o, &host, err))
		return false;
	rd_host_describe(host, &info);
	return probe_enclave(asked, host, err) &&
	       print_accept(asked, info.measurement, info.launcher_key, err);
}

/* ---- serve -------------------------------------------------------------------------------------
 */

static void run_done(void *ctx, const struct rd_err *err)
{
	(void)ctx;
	if (err)
		fprintf(stderr, "redoubt host: run failed: %s\n", err->code);
	else
		fprintf(stderr, "redoubt host: run done\n");
}

static bool run_serve(struct asked *asked, struct rd_err *err)
{
	RD_AUTO(rd_shelf_free) struct rd_shelf *shelf = NULL;
	RD_AUTO(rd_host_free) struct rd_host *host = NULL;
	RD_AUTO(rd_os_close) int listener = -1;
	RD_AUTO(rd_os_close) int stop = -1;
	struct rd_host_options o;

	if (!options_of(asked, &o, err) ||
	    !rd_shelf_new(asked->table, asked->n_tables, &shelf, err) ||
	    !rd_host_start(&o, &host, err) || !rd_os_signal_fd(&stop, err) ||
	    !cmd_listen(&cmd_host, asked->listen, asked->address_file, &listener, err))
		return false;
	struct rd_host_service service = { .listener = listener,
					   .stop_fd = stop,
					   .host = host,
					   .shelf = shelf,
					   .max_memory = (uint64_t)asked->memory_mib << 20,
					   .n_brokers = asked->n_brokers,
					   .broker = asked->broker,
					   .done = run_done };

	return rd_host_serve(&service, err);
}

/* ---- the command line --------------------------------------------------------------------------
 */

static const struct option options[] = {
	{ "enclave", required_argument, NULL, 'e' },
	{ "launcher", required_argument, NULL, 'l' },
	{ "listen", required_argument, NULL, 'L' },
	{ "address-file", required_argument, NULL, 'A' },
	{ "table", required_argument, NULL, 't' },
	{ "broker", required_argument, NULL, 'b' },
	{ "memory", required_argument, NULL, 'm' },
	{ NULL, 0, NULL, 0 },
};

static bool take(const char **list, uint32_t *n, const char *value)
{
	if (*n == FILES_MAX)
		return false;
	list[(*n)++] = value;
	return true;
}

static bool take_option(struct asked *asked, int option, struct rd_err *err)
{
	switch (option) {
	case 'e':
		asked->enclave = optarg;
		return true;
	case 'l':
		asked->launcher = optarg;
		return true;
	case 'L':
		asked->listen = optarg;
		return true;
	case 'A':
		asked->address_file = optarg;
		return true;
	case 't':
		return take(asked->table, &asked->n_tables, optarg);
	case 'b':
		return take(asked->broker, &asked->n_brokers, optarg);
	case 'm':
		return rd_parse_i64(rd_view_str(optarg), 64, MEMORY_MAX, &asked->memory_mib, err);
	default:
		return false;
	}
}

static const struct {
	const char *name;
	bool (*run)(struct asked *asked, struct rd_err *err);
} verbs[] = { { "init", run_init }, { "probe", run_probe }, { "serve", run_serve } };

static int run_verb(const char *verb, struct asked *asked)
{
	struct rd_err err = { 0 };
	int status;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, verb) != 0)
			continue;
		if (!rd_crypto_init(&err) || !rd_arena_new(MEMORY_MAX, &asked->arena, &err))
			return cmd_failed(&cmd_host, &err);
		status = verbs[i].run(asked, &err) ? 0 : cmd_failed(&cmd_host, &err);
		rd_arena_free(&asked->arena);
		return status;
	}
	return cmd_misused(&cmd_host, "unknown verb");
}

static int run(int argc, char **argv)
{
	struct asked asked = { .listen = "127.0.0.1:7500", .memory_mib = 4096 };
	struct rd_err err = { 0 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(&asked, option, &err))
			return cmd_misused(&cmd_host, err.text[0] ? err.text
								  : "an option is unknown, lacks "
								    "its value, or is given too "
								    "often");
	if (argc - optind != 2)
		return cmd_misused(&cmd_host, "a verb and the host's folder are needed");
	asked.folder = argv[optind + 1];
	return run_verb(argv[optind], &asked);
}

const struct cmd cmd_host = {
	.name = "host",
	.summary = "runs enclaves for others",
	.help = "Usage: redoubt host init DIR\n"
		"       redoubt host probe DIR\n"
		"       redoubt host serve DIR --table FILE... [--listen HOST:PORT]\n"
		"                    [--address-file FILE] [--broker OWNER=HOST:PORT]...\n"
		"                    [--memory MIB]\n"
		"\n"
		"A host runs enclaves and carries sealed tables. It is trusted for nothing.\n"
		"\n"
		"  init   makes the launcher's key and prints what goes into a room: measurement "
		"and\n"
		"         machine\n"
		"  probe  starts an enclave and tells how long that took and which layers of the\n"
		"         sandbox this kernel gives\n"
		"  serve  runs rooms over the given sealed tables for whoever asks\n"
		"         (127.0.0.1:7500; port 0 takes a free one, --address-file writes down "
		"which)\n"
		"\n"
		"  --enclave FILE, --launcher FILE   other programs than those beside redoubt\n"
		"  --memory MIB                      working memory of a run (4096)\n"
		"\n"
		"Example:\n"
		"  redoubt host init host && redoubt host probe host\n",
	.run = run,
};
