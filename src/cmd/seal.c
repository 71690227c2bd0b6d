/* redoubt seal, redoubt unseal: a table from CSV to sealed Parquet, and back. */
#include "cmd.h"
#include "keys.h"
#include "screen.h"
#include "source.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>
#include <redoubt/room.h>
#include <redoubt/table.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_LEN 4096
#define PEM_MAX 8192
#define SCHEMA_MAX (4u << 20)
#define MEMORY_MAX ((size_t)1 << 30)

struct asked {
	const char *in, *out, *key, *schema, *null_text, *dataset, *owner, *form;
	int64_t version;
	bool plain, uniform;
	enum rd_codec codec;
};

/* One table on its way. */
struct job {
	const struct asked *asked;
	struct rd_arena *arena;
	struct cmd_source source;
	struct rd_schema schema;
	struct rd_table_key key;
	char key_path[PATH_MAX_LEN], card_path[PATH_MAX_LEN];
	struct rd_csv_options options;
	struct rd_os_progress progress;
};

static void job_free(struct job *j)
{
	rd_os_progress_end(&j->progress);
	cmd_source_close(&j->source);
	rd_secret_wipe(&j->key.key);
	rd_arena_free_wiped(&j->arena); /* derived keys */
}

/* OUT.parquet -> OUT.ending */
static bool beside(const char *path, const char *ending, char out[PATH_MAX_LEN], struct rd_err *err)
{
	size_t len = strlen(path);
	int n;

	if (len > 8 && strcmp(path + len - 8, ".parquet") == 0)
		len -= 8;
	n = snprintf(out, PATH_MAX_LEN, "%.*s.%s", (int)len, path, ending);
	return (n > 0 && n < PATH_MAX_LEN) ||
	       rd_fail(err, RD_FAULT_USAGE, "os.file.name", "%s: the name is too long", path);
}

static bool blob_open(const char *path, struct rd_os_file *file, struct rd_blob *blob,
		      struct rd_err *err)
{
	if (!rd_os_file_open(path, file, err))
		return false;
	*blob = (struct rd_blob){ .ctx = file,
				  .size = file->size,
				  .read = rd_os_file_pread,
				  .prefetch = rd_os_file_prefetch };
	return true;
}

/* ---- the key
 * -------------------------------------------------------------------------------------- */

static bool owner_hash(const char *path, uint8_t out[RD_SHA256_LEN], struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf pem = { .max = PEM_MAX };
	uint8_t key[32];
	bool is_x25519 = false;

	if (!rd_os_file_read(path, PEM_MAX, &pem, err) ||
	    !rd_pem_parse_public(rd_buf_view(&pem), key, &is_x25519, err))
		return rd_wrap(err, "%s", path);
	if (is_x25519)
		return rd_fail(err, RD_FAULT_USAGE, "table.key.owner",
			       "%s: the owner's sign key is Ed25519; this is X25519", path);
	return rd_sha256(rd_view_of(key, sizeof(key)), out, err);
}

/* The name without folder and ending: visits.csv -> visits. */
static void dataset_of(const char *path, char out[RD_TABLE_NAME_MAX + 1])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	size_t len = dot && dot != name ? (size_t)(dot - name) : strlen(name);

	snprintf(out, RD_TABLE_NAME_MAX + 1, "%.*s", (int)len, name);
}

static bool make_key(struct job *j, struct rd_err *err)
{
	struct rd_table_id id = { .version = (uint64_t)j->asked->version };

	if (j->asked->dataset && strlen(j->asked->dataset) > RD_TABLE_NAME_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "table.key.id",
			       "a dataset's name has at most %u bytes", RD_TABLE_NAME_MAX);
	if (j->asked->dataset)
		snprintf(id.dataset, sizeof(id.dataset), "%s", j->asked->dataset);
	else
		dataset_of(strcmp(j->asked->in, "-") == 0 ? j->asked->out : j->asked->in,
			   id.dataset);
	if (j->asked->owner && !owner_hash(j->asked->owner, id.owner_key_hash, err))
		return false;
	return rd_table_key_generate(&id, &j->key, err);
}

/* Just before the table appears: no table without its key, no key where sealing failed. */
static bool write_key(struct job *j, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf pem = { .max = PEM_MAX };

	return j->asked->plain || (rd_table_key_to_pem(&j->key, &pem, err) &&
				   rd_os_file_create(j->key_path, 0600, rd_buf_view(&pem), err));
}

/* A key seals once: a new file is a new version, so that no page of one fits the other. */
static bool set_up_key(struct job *j, struct rd_err *err)
{
	if (j->asked->plain)
		return true;
	if (j->asked->key)
		snprintf(j->key_path, sizeof(j->key_path), "%s", j->asked->key);
	else if (!beside(j->asked->out, "key", j->key_path, err))
		return false;
	if (rd_os_file_exists(j->key_path))
		return rd_fail(
			err, RD_FAULT_FAILED, "os.file.exists",
			"%s exists: every sealing makes a key of its own; give --key another "
			"name, and a new --table-version if the dataset was sealed before",
			j->key_path);
	return make_key(j, err);
}

/* ---- the schema
 * ----------------------------------------------------------------------------------- */

static bool set_up_schema(struct job *j, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = SCHEMA_MAX };
	struct rd_view copy;

	if (!j->asked->schema)
		return cmd_source_schema(&j->source, &j->options, j->arena, &j->schema, err);
	return rd_os_file_read(j->asked->schema, SCHEMA_MAX, &text, err) &&
	       rd_arena_copy(j->arena, rd_buf_view(&text), &copy, err) &&
	       rd_schema_parse(copy, j->asked->schema, j->arena, &j->schema, err);
}

static void print_schema(const struct rd_schema *schema)
{
	struct rd_buf name RD_AUTO(rd_buf_free) = { .max = 4096 };
	char type[32];

	printf("%-24s %-14s %-9s %s\n", "column", "type", "NULLs", "class");
	for (uint32_t i = 0; i < schema->n; i++) {
		const struct rd_column *c = &schema->column[i];

		rd_buf_clear(&name);
		rd_text_put_shown(&name, c->name);
		screen_pad(&name, 0, 24);
		rd_coltype_name(c->type, type);
		printf("%.*s %-14s %-9s %s%s\n", RD_FMT(rd_buf_view(&name)), type,
		       c->type.nullable ? "may be" : "none",
		       rd_class_name((enum rd_class)c->class_), c->unique ? ", unique" : "");
	}
}

/* ---- writing
 * -------------------------------------------------------------------------------------- */

static void show_progress(void *ctx, uint64_t done)
{
	rd_os_progress_step(ctx, done);
}

static bool write_table(struct job *j, struct rd_err *err)
{
	RD_AUTO(rd_os_out_free) struct rd_os_out *out = NULL;
	RD_AUTO(rd_writer_free) struct rd_writer *writer = NULL;
	const struct rd_writer_options options = { .key = j->asked->plain ? NULL : &j->key,
						   .uniform = j->asked->uniform,
						   .codec = j->asked->codec };
	struct rd_sink sink;

	if (!rd_os_out_new(j->asked->out, 0644, &out, err))
		return false;
	sink = (struct rd_sink){ .ctx = out, .write = rd_os_out_write };
	rd_os_progress_begin(&j->progress, j->asked->plain ? "writing" : "sealing",
			     j->source.blob.size);
	j->options.progress = show_progress;
	j->options.progress_ctx = &j->progress;
	if (!rd_writer_new(&j->schema, &options, &sink, &writer, err) ||
	    !cmd_source_load(&j->source, &j->options, &j->schema, writer, err) ||
	    !rd_writer_finish(writer, err) || !write_key(j, err))
		return false;
	rd_os_progress_end(&j->progress);
	return rd_os_out_finish(out, err);
}

static bool fill_card(struct job *j, const struct rd_table *table, struct rd_table_card *card,
		      struct rd_err *err)
{
	uint8_t(*commitment)[RD_COMMITMENT_LEN] =
		rd_arena_alloc(j->arena, j->schema.n, sizeof(*commitment), err);

	if (!commitment)
		return false;
	card->id = j->key.id;
	card->rows = rd_table_rows(table);
	card->schema = j->schema;
	rd_table_digest(table, card->tail_digest);
	for (uint32_t i = 0; i <= j->schema.n; i++) {
		RD_AUTO(rd_secret_wipe) struct rd_secret derived = { .len = 0 };
		bool footer = i == j->schema.n;

		if (!rd_table_derive(&j->key, footer ? RD_FOOTER_KEY : i, &derived, err) ||
		    !rd_table_commitment(&derived, footer ? card->footer_commitment : commitment[i],
					 err))
			return false;
	}
	card->column_commitment = (const uint8_t(*)[RD_COMMITMENT_LEN])commitment;
	return true;
}

/* The file is opened as a room will open it: what cannot be read back is not called sealed. */
static bool write_card(struct job *j, struct rd_err *err)
{
	RD_AUTO(rd_os_file_close) struct rd_os_file file = { .fd = -1 };
	RD_AUTO(rd_table_close) struct rd_table *table = NULL;
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = SCHEMA_MAX };
	struct rd_table_card card = { .rows = 0 };
	struct rd_table_keys keys;
	struct rd_blob blob;

	return beside(j->asked->out, "table", j->card_path, err) &&
	       blob_open(j->asked->out, &file, &blob, err) &&
	       rd_table_keys_all(&j->key, j->schema.n, j->arena, &keys, err) &&
	       rd_table_open(&blob, &keys, RD_TABLE_ROOM, MEMORY_MAX, &table, err) &&
	       fill_card(j, table, &card, err) && rd_table_card_print(&card, &text, err) &&
	       rd_os_file_write(j->card_path, 0644, rd_buf_view(&text), err);
}

static bool seal(struct job *j, struct rd_err *err)
{
	j->options.null_text = j->asked->null_text;
	if (!rd_crypto_init(err) || !rd_arena_new(MEMORY_MAX, &j->arena, err) ||
	    !cmd_source_open(j->asked->in, &j->source, err) || !set_up_schema(j, err) ||
	    !set_up_key(j, err))
		return false;
	if (!write_table(j, err))
		return false;
	if (!j->asked->plain && !j->asked->uniform && !write_card(j, err))
		return false;
	print_schema(&j->schema);
	printf("%s", j->asked->out);
	if (!j->asked->plain)
		printf(", key %s", j->key_path);
	if (j->card_path[0])
		printf(", description %s", j->card_path);
	printf("\n");
	return true;
}

/* ---- unseal
 * --------------------------------------------------------------------------------------- */

static bool stdout_write(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	(void)ctx;
	return fwrite(bytes.data, 1, bytes.len, stdout) == bytes.len ||
	       rd_fail_errno(err, "os.file.write", "standard output");
}

static bool put_parquet(struct job *j, const struct rd_table *table, const struct rd_sink *sink,
			struct rd_err *err)
{
	const struct rd_writer_options plain = { .codec = j->asked->codec };
	RD_AUTO(rd_writer_free) struct rd_writer *writer = NULL;

	return rd_writer_new(rd_table_schema(table), &plain, sink, &writer, err) &&
	       rd_table_copy(table, writer, err) && rd_writer_finish(writer, err);
}

static bool put_rows(struct job *j, const struct rd_table *table, const struct rd_sink *sink,
		     struct rd_err *err)
{
	const char *form = j->asked->form;

	return strcmp(form, "arrow") == 0     ? rd_arrow_unload(table, sink, err)
	       : strcmp(form, "parquet") == 0 ? put_parquet(j, table, sink, err)
					      : rd_csv_unload(table, &j->options, sink, err);
}

static bool unload(struct job *j, const struct rd_table *table, struct rd_err *err)
{
	RD_AUTO(rd_os_out_free) struct rd_os_out *out = NULL;
	struct rd_sink sink = { .write = stdout_write };

	if (!j->asked->out || strcmp(j->asked->out, "-") == 0)
		return put_rows(j, table, &sink, err) &&
		       (fflush(stdout) == 0 ||
			rd_fail_errno(err, "os.file.write", "standard output"));
	if (!rd_os_out_new(j->asked->out, 0600, &out, err))
		return false;
	sink = (struct rd_sink){ .ctx = out, .write = rd_os_out_write };
	return put_rows(j, table, &sink, err) && rd_os_out_finish(out, err);
}

static bool unseal(struct job *j, struct rd_err *err)
{
	RD_AUTO(rd_table_close) struct rd_table *table = NULL;
	RD_AUTO(cmd_keys_wipe) struct cmd_keys keys = { 0 };

	j->options.null_text = j->asked->null_text;
	if (!rd_crypto_init(err) || !rd_arena_new(MEMORY_MAX, &j->arena, err) ||
	    !cmd_source_open(j->asked->in, &j->source, err))
		return false;
	if (!cmd_keys_read(j->asked->key, j->arena, &keys, err) ||
	    !cmd_keys_open(&keys, &j->source.blob, j->source.path, false, &table, err))
		return false;
	return unload(j, table, err) || rd_wrap(err, "%s", j->asked->in);
}

/* ---- the command line
 * ------------------------------------------------------------------------------ */

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "key", required_argument, NULL, 'k' },
	{ "schema", required_argument, NULL, 's' },
	{ "null", required_argument, NULL, 'n' },
	{ "dataset", required_argument, NULL, 'd' },
	{ "owner", required_argument, NULL, 'w' },
	{ "table-version", required_argument, NULL, 'v' },
	{ "codec", required_argument, NULL, 'c' },
	{ "to", required_argument, NULL, 't' },
	{ "plain", no_argument, NULL, 'p' },
	{ "uniform", no_argument, NULL, 'u' },
	{ NULL, 0, NULL, 0 },
};

static bool take_codec(struct asked *asked, const char *name)
{
	static const struct {
		const char *name;
		enum rd_codec codec;
	} codecs[] = {
		{ "none", RD_CODEC_NONE },       { "zstd", RD_CODEC_ZSTD },
		{ "snappy", RD_CODEC_SNAPPY },   { "gzip", RD_CODEC_GZIP },
		{ "lz4_raw", RD_CODEC_LZ4_RAW },
	};

	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (strcmp(name, codecs[i].name) == 0) {
			asked->codec = codecs[i].codec;
			return true;
		}
	return false;
}

static bool take(struct asked *asked, int option, struct rd_err *err)
{
	switch (option) {
	case 'o':
		asked->out = optarg;
		return true;
	case 'k':
		asked->key = optarg;
		return true;
	case 's':
		asked->schema = optarg;
		return true;
	case 'n':
		asked->null_text = optarg;
		return true;
	case 'd':
		asked->dataset = optarg;
		return true;
	case 'w':
		asked->owner = optarg;
		return true;
	case 'v':
		return rd_parse_i64(rd_view_str(optarg), 1, INT64_MAX, &asked->version, err);
	case 'c':
		return take_codec(asked, optarg);
	case 't':
		asked->form = optarg;
		return strcmp(optarg, "csv") == 0 || strcmp(optarg, "arrow") == 0 ||
		       strcmp(optarg, "parquet") == 0;
	case 'p':
		return asked->plain = true;
	case 'u':
		return asked->uniform = true;
	default:
		return false;
	}
}

static int run(const struct cmd *cmd, int argc, char **argv, const char *allowed,
	       bool (*work)(struct job *j, struct rd_err *err))
{
	struct asked asked = { .version = 1, .codec = RD_CODEC_NONE, .form = "csv" };
	struct job job = { .asked = &asked, .source.file.fd = -1 };
	struct rd_err err = { 0 };
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
		if (!strchr(allowed, option) || !take(&asked, option, &err))
			return cmd_misused(cmd, err.text[0] ? err.text
							    : "an option is unknown or has a wrong "
							      "value");
	if (argc - optind != 1 || (work == seal && !asked.out))
		return cmd_misused(cmd, work == seal ? "one file and -o OUT.parquet are needed"
						     : "one Parquet file is needed");
	if (work == seal && strcmp(asked.out, "-") == 0)
		return cmd_misused(cmd,
				   "-o needs a file's name: key and description lie beside it");
	if (asked.plain && (asked.key || asked.uniform))
		return cmd_misused(cmd, "--plain goes without --key and --uniform");
	if (work == seal && !asked.plain && !asked.uniform && asked.codec != RD_CODEC_NONE &&
	    asked.codec != RD_CODEC_ZSTD)
		return cmd_misused(cmd, "a sealed table is packed with zstd or not at all");
	asked.in = argv[optind];
	status = work(&job, &err) ? 0 : cmd_failed(cmd, &err);
	job_free(&job);
	return status;
}

static int run_seal(int argc, char **argv)
{
	return run(&cmd_seal, argc, argv, "oksndwvcpu", seal);
}

static int run_unseal(int argc, char **argv)
{
	return run(&cmd_unseal, argc, argv, "okntc", unseal);
}

const struct cmd cmd_seal = {
	.name = "seal",
	.summary = "encrypts a table where its data is born",
	.help = "Usage: redoubt seal IN -o OUT.parquet [--key FILE] [--schema FILE]\n"
		"                    [--dataset NAME] [--table-version N] [--owner SIGN.pub]\n"
		"                    [--null TEXT] [--codec CODEC] [--plain | --uniform]\n"
		"\n"
		"Reads CSV (RFC 4180, a line of names first), JSON lines, Arrow IPC (stream or "
		"file)\n"
		"or plain Parquet, as the content says; infers the types of text from all of it, "
		"and "
		"writes\n"
		"Parquet whose every column is encrypted with a key of its own. IN may be - for "
		"standard\n"
		"input. The table's key goes to OUT.key (mode 0600; it stays with you and your "
		"broker), a\n"
		"description for those who write rooms to OUT.table (no secret).\n"
		"\n"
		"  --schema FILE        lines `name type [class] [unique] [not-null]` instead of\n"
		"                       inferring; classes: hidden join aggregate group visible\n"
		"  --dataset NAME       the table's name among yours (default: IN's; OUT's for -)\n"
		"  --table-version N    1 at first; every sealing of a dataset needs a new one\n"
		"  --owner SIGN.pub     your sign key: rooms need it\n"
		"  --null TEXT          CSV: an unquoted field equal to it is NULL (default: "
		"empty)\n"
		"  --codec CODEC        pack pages: none (default), zstd; with --plain and "
		"--uniform also\n"
		"                       snappy, gzip, lz4_raw\n"
		"  --plain              no encryption\n"
		"  --uniform            one key, no prefix: for other tools, never in a room\n"
		"\n"
		"Example:\n"
		"  redoubt seal visits.csv -o visits.parquet --owner clinic/sign.pub\n",
	.run = run_seal,
};

const struct cmd cmd_unseal = {
	.name = "unseal",
	.summary = "reads a sealed table back as CSV",
	.help = "Usage: redoubt unseal IN.parquet [--key FILE] [-o OUT] [--to csv|arrow|parquet]\n"
		"                      [--null TEXT] [--codec CODEC]\n"
		"\n"
		"Decrypts a table with its owner's key, to standard output or to a file (mode "
		"0600).\n"
		"\n"
		"  --key FILE    the table's key file, or of another tool's file lines `footer "
		"HEX`,\n"
		"                `column NAME HEX`, `aad TEXT` or `aad-hex HEX`\n"
		"  --to FORM     csv (default: NULL is an empty field, an empty text is \"\"); "
		"arrow, an\n"
		"                IPC stream, as polars and others take it; parquet, plain\n"
		"  --null TEXT   csv: how NULL is written\n"
		"  --codec CODEC parquet: none (default), zstd, snappy, gzip, lz4_raw\n"
		"\n"
		"Examples:\n"
		"  redoubt unseal visits.parquet --key visits.key | head\n"
		"  redoubt unseal visits.parquet --key visits.key --to arrow -o visits.arrows\n",
	.run = run_unseal,
};
