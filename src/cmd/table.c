/* redoubt table show|keys: what a table file has inside, and its keys for other readers. */
#include "cmd.h"

#include <redoubt/codec.h>
#include <redoubt/crypto.h>
#include <redoubt/os.h>
#include <redoubt/table.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PEM_MAX 8192
#define OUT_MAX ((size_t)64 << 20)
#define MEMORY_MAX ((size_t)1 << 30)

struct call {
	const char *verb, *file, *key_path;
	bool json;
	struct rd_arena *arena;
	struct rd_os_file in;
	struct rd_table_key key;
	struct rd_table_keys keys;
	struct rd_table *table;
};

static void call_free(struct call *c)
{
	rd_table_close(&c->table);
	rd_os_file_close(&c->in);
	rd_secret_wipe(&c->key.key);
	rd_arena_free_wiped(&c->arena);
}

static bool read_key(struct call *c, struct rd_err *err)
{
	struct rd_buf pem RD_AUTO(rd_buf_free) = { .max = PEM_MAX };

	return (rd_os_file_read_private(c->key_path, PEM_MAX, &pem, err) &&
		rd_table_key_from_pem(rd_buf_view(&pem), &c->key, err)) ||
	       rd_wrap(err, "%s", c->key_path);
}

static bool open_table(struct call *c, struct rd_err *err)
{
	struct rd_blob blob;

	if (!rd_os_file_open(c->file, &c->in, err))
		return false;
	blob = (struct rd_blob){ .ctx = &c->in,
				 .size = c->in.size,
				 .read = rd_os_file_pread,
				 .prefetch = rd_os_file_prefetch };
	if (c->key_path && (!read_key(c, err) ||
			    !rd_table_keys_all(&c->key, RD_COLUMNS_MAX, c->arena, &c->keys, err)))
		return false;
	return rd_table_open(&blob, c->key_path ? &c->keys : NULL, RD_TABLE_OWN, MEMORY_MAX,
			     &c->table, err) ||
	       rd_wrap(err, "%s", c->file);
}

static void put_hex(struct rd_buf *out, struct rd_view bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		rd_buf_printf(out, "%02x", bytes.data[i]);
}

/* ---- show -------------------------------------------------------------------------------- */

/* Of all row groups: "5 .. 90", or nothing where it is not known. */
static bool put_range(const struct rd_column *column, const struct rd_column_stats *stats,
		      struct rd_buf *out, struct rd_err *err)
{
	struct rd_value low = { .type = column->type }, high = low;

	if (!stats->has_range)
		return true;
	if (column->type.type == RD_DECIMAL) {
		low.d = stats->min;
		high.d = stats->max;
	} else {
		low.i = stats->min;
		high.i = stats->max;
	}
	if (!rd_value_format(&low, "", out, err))
		return false;
	rd_buf_printf(out, " .. ");
	return rd_value_format(&high, "", out, err);
}

static bool put_column(const struct call *c, uint32_t i, struct rd_buf *out, struct rd_err *err)
{
	const struct rd_column *column = &rd_table_schema(c->table)->column[i];
	struct rd_column_stats stats;
	char type[32];

	rd_table_column_stats(c->table, i, &stats);
	rd_coltype_name(column->type, type);
	rd_buf_printf(out, "%-24.*s %-14s %-5s %-9s %-6s ", RD_FMT(column->name), type,
		      stats.has_nulls ? "some" : "none", rd_class_name(column->class_),
		      column->unique ? "yes" : "no");
	if (!put_range(column, &stats, out, err))
		return false;
	rd_buf_add_byte(out, '\n');
	return true;
}

static void put_file(const struct call *c, struct rd_buf *out)
{
	uint8_t digest[RD_SHA256_LEN];

	rd_table_digest(c->table, digest);
	rd_buf_printf(out,
		      "%s: %s, %" PRIu64 " rows, %u columns, %u row groups, %" PRIu64 " bytes\n",
		      c->file, rd_table_is_sealed(c->table) ? "sealed" : "plain",
		      rd_table_rows(c->table), rd_table_schema(c->table)->n,
		      rd_table_groups(c->table), c->in.size);
	if (c->key_path)
		rd_buf_printf(out, "dataset %s, version %" PRIu64 "\n", c->key.id.dataset,
			      c->key.id.version);
	rd_buf_printf(out, "tail digest ");
	put_hex(out, rd_view_of(digest, sizeof(digest)));
	rd_buf_printf(out, "\n\n%-24s %-14s %-5s %-9s %-6s %s\n", "column", "type", "NULLs",
		      "class", "unique", "range");
}

static bool show_text(const struct call *c, struct rd_buf *out, struct rd_err *err)
{
	put_file(c, out);
	for (uint32_t i = 0; i < rd_table_schema(c->table)->n; i++)
		if (!put_column(c, i, out, err))
			return false;
	return true;
}

static bool put_json_column(const struct call *c, uint32_t i, struct rd_buf *out,
			    struct rd_err *err)
{
	const struct rd_column *column = &rd_table_schema(c->table)->column[i];
	struct rd_buf range RD_AUTO(rd_buf_free) = { .max = 256 };
	struct rd_column_stats stats;
	char type[32];

	rd_table_column_stats(c->table, i, &stats);
	rd_coltype_name(column->type, type);
	rd_buf_printf(out, "%s\n    {\"name\": ", i ? "," : "");
	rd_json_put_string(out, column->name);
	rd_buf_printf(out, ", \"type\": \"%s\", \"nulls\": %s, \"class\": \"%s\", \"unique\": %s",
		      type, stats.has_nulls ? "true" : "false", rd_class_name(column->class_),
		      column->unique ? "true" : "false");
	if (!put_range(column, &stats, &range, err))
		return false;
	if (range.len) {
		rd_buf_printf(out, ", \"range\": ");
		rd_json_put_string(out, rd_buf_view(&range));
	}
	rd_buf_add_byte(out, '}');
	return true;
}

static bool show_json(const struct call *c, struct rd_buf *out, struct rd_err *err)
{
	uint8_t digest[RD_SHA256_LEN];

	rd_table_digest(c->table, digest);
	rd_buf_printf(out,
		      "{\n  \"sealed\": %s,\n  \"rows\": %" PRIu64 ",\n  \"row_groups\": %u,\n"
		      "  \"bytes\": %" PRIu64 ",\n  \"tail_digest\": \"",
		      rd_table_is_sealed(c->table) ? "true" : "false", rd_table_rows(c->table),
		      rd_table_groups(c->table), c->in.size);
	put_hex(out, rd_view_of(digest, sizeof(digest)));
	rd_buf_printf(out, "\",\n  \"columns\": [");
	for (uint32_t i = 0; i < rd_table_schema(c->table)->n; i++)
		if (!put_json_column(c, i, out, err))
			return false;
	rd_buf_printf(out, "\n  ]\n}\n");
	return true;
}

/* ---- keys -------------------------------------------------------------------------------- */

/* Lines that any reader of Parquet Modular Encryption can be fed from.  Only keys that fit the
 * file are printed: it was opened with them. */
static bool put_keys(const struct call *c, struct rd_buf *out)
{
	const struct rd_schema *schema = rd_table_schema(c->table);

	for (uint32_t i = 0; i < c->keys.n; i++) {
		const struct rd_column_key *key = &c->keys.key[i];

		if (key->column == RD_FOOTER_KEY)
			rd_buf_printf(out, "footer ");
		else if (key->column < schema->n)
			rd_buf_printf(out, "column %.*s ",
				      RD_FMT(schema->column[key->column].name));
		else
			continue;
		put_hex(out, rd_secret_view(&key->key));
		rd_buf_add_byte(out, '\n');
	}
	rd_buf_printf(out, "aad-hex ");
	put_hex(out, c->keys.aad_prefix);
	rd_buf_add_byte(out, '\n');
	return true;
}

/* ---- the command line -------------------------------------------------------------------- */

static const char *parse(struct call *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool value = i + 1 < argc;

		if (strcmp(argv[i], "--key") == 0 && value)
			c->key_path = argv[++i];
		else if (strcmp(argv[i], "-o") == 0 && value && strcmp(argv[i + 1], "json") == 0)
			c->json = ++i > 0;
		else if (argv[i][0] == '-')
			return "an option is unknown or lacks its value";
		else if (!c->verb)
			c->verb = argv[i];
		else if (!c->file)
			c->file = argv[i];
		else
			return "one file at a time";
	}
	if (!c->verb || (strcmp(c->verb, "show") != 0 && strcmp(c->verb, "keys") != 0))
		return "say show or keys";
	if (!c->file)
		return "a table file is needed";
	if (strcmp(c->verb, "keys") == 0 && (!c->key_path || c->json))
		return "keys needs --key FILE, and prints lines only";
	return NULL;
}

static bool work(struct call *c, struct rd_buf *out, struct rd_err *err)
{
	if (!rd_crypto_init(err) || !rd_arena_new(MEMORY_MAX, &c->arena, err) ||
	    !open_table(c, err))
		return false;
	if (!(strcmp(c->verb, "keys") == 0 ? put_keys(c, out)
	      : c->json                    ? show_json(c, out, err)
					   : show_text(c, out, err)))
		return false;
	return rd_buf_ok(out, err);
}

static int run(int argc, char **argv)
{
	struct call call RD_AUTO(call_free) = { .in = { .fd = -1 } };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = OUT_MAX };
	struct rd_err err = { 0 };
	const char *wrong = parse(&call, argc, argv);

	if (wrong)
		return cmd_misused(&cmd_table, wrong);
	if (!work(&call, &out, &err))
		return cmd_failed(&cmd_table, &err);
	(void)fwrite(out.data, 1, out.len, stdout);
	return 0;
}

const struct cmd cmd_table = {
	.name = "table",
	.summary = "shows what a table file has inside",
	.help = "Usage: redoubt table show FILE [--key FILE] [-o json]\n"
		"       redoubt table keys FILE --key FILE\n"
		"\n"
		"show prints rows, columns with their types, classes and ranges, and the digest "
		"that a\n"
		"room pins. keys prints the keys of footer and columns and the AAD prefix in "
		"hex, one\n"
		"a line, for other readers of encrypted Parquet: keep them as secret as the "
		"table.\n"
		"\n"
		"  --key FILE   the table's key file, for sealed tables\n"
		"  -o json      print JSON\n"
		"\n"
		"Example:\n"
		"  redoubt table show visits.parquet --key visits.key\n",
	.run = run,
};
