/* redoubt table show|keys: what a table file has inside, and its keys for other readers. */
#include "cmd.h"
#include "keys.h"
#include "screen.h"
#include "source.h"

#include <redoubt/codec.h>
#include <redoubt/crypto.h>
#include <redoubt/os.h>
#include <redoubt/table.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OUT_MAX ((size_t)64 << 20)
#define MEMORY_MAX ((size_t)1 << 30)
#define GROUPS_SHOWN 24u
#define NAME_WIDTH_MAX 40u

struct call {
	const char *verb, *file, *key_path;
	bool json;
	struct rd_arena *arena;
	struct cmd_source in;
	struct cmd_keys keys;
	struct rd_table *table;
	struct rd_storage *storage; /* of each column */
};

static void call_free(struct call *c)
{
	rd_table_close(&c->table);
	cmd_source_close(&c->in);
	cmd_keys_wipe(&c->keys);
	rd_arena_free_wiped(&c->arena);
}

static bool open_table(struct call *c, struct rd_err *err)
{
	uint32_t n;

	if (!cmd_source_open(c->file, &c->in, err) ||
	    !cmd_keys_read(c->key_path, c->arena, &c->keys, err) ||
	    !cmd_keys_open(&c->keys, &c->in.blob, c->in.path, true, &c->table, err))
		return false;
	n = rd_table_schema(c->table)->n;
	c->storage = RD_NEW_ARRAY(c->arena, struct rd_storage, n, err);
	if (!c->storage)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!rd_table_storage(c->table, i, &c->storage[i], err))
			return rd_wrap(err, "%s", c->file);
	return true;
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

/* The names of the bits that are set: "PLAIN+RLE_DICTIONARY". */
static void put_set(uint32_t set, const char *(*name)(uint32_t), struct rd_buf *out)
{
	const char *plus = "";

	for (uint32_t i = 0; i < 32; i++)
		if (set >> i & 1) {
			rd_buf_printf(out, "%s%s", plus, name(i));
			plus = "+";
		}
}

static const char *key_of(const struct rd_storage *s)
{
	return s->locked ? "missing" : s->own_key ? "own" : s->footer_key ? "footer" : "none";
}

static void put_name(struct rd_view name, size_t width, struct rd_buf *out)
{
	size_t start = out->len;

	rd_text_put_shown(out, name);
	screen_pad(out, start, width);
}

/* Right-aligned; what is not known is "?". */
static void put_size(uint64_t bytes, bool known, struct rd_buf *out)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 32 };

	if (known)
		screen_put_size(&text, bytes);
	else
		rd_buf_add_byte(&text, '?');
	rd_buf_printf(out, "%*s%.*s", (int)(9 - text.len), "", RD_FMT(rd_buf_view(&text)));
}

static bool put_column(const struct call *c, uint32_t i, size_t width, struct rd_buf *out,
		       struct rd_err *err)
{
	const struct rd_column *column = &rd_table_schema(c->table)->column[i];
	struct rd_column_stats stats;
	char type[32];

	rd_table_column_stats(c->table, i, &stats);
	rd_coltype_name(column->type, type);
	put_name(column->name, width, out);
	rd_buf_printf(out, "  %-14s %-5s %-9s %-6s ", column->unreadable ? "unreadable" : type,
		      stats.has_nulls ? "some" : "none", rd_class_name(column->class_),
		      column->unique ? "yes" : "no");
	if (column->unreadable)
		rd_buf_printf(out, "%s", column->unreadable);
	else if (!put_range(column, &stats, out, err))
		return false;
	rd_buf_add_byte(out, '\n');
	return true;
}

static void put_storage(const struct call *c, uint32_t i, size_t width, struct rd_buf *out)
{
	const struct rd_storage *s = &c->storage[i];
	size_t start;

	put_name(rd_table_schema(c->table)->column[i].name, width, out);
	rd_buf_printf(out, "  ");
	put_size(s->stored_bytes, !s->locked, out);
	rd_buf_printf(out, " ");
	put_size(s->plain_bytes, !s->locked, out);
	if (s->encodings || rd_table_rows(c->table) == 0)
		rd_buf_printf(out, " %7" PRIu64 "  %-7s  ", s->n_pages, key_of(s));
	else
		rd_buf_printf(out, " %7s  %-7s  ", "?", key_of(s));
	start = out->len;
	put_set(s->codecs, rd_codec_name, out);
	screen_pad(out, start, 9);
	put_set(s->encodings, rd_encoding_name, out);
	rd_buf_add_byte(out, '\n');
}

/* Cells of the longest name that is not too long. */
static size_t name_width(const struct rd_schema *schema)
{
	struct rd_buf name RD_AUTO(rd_buf_free) = { .max = 4096 };
	size_t most = 6;

	for (uint32_t i = 0; i < schema->n; i++) {
		size_t width;

		rd_buf_clear(&name);
		rd_text_put_shown(&name, schema->column[i].name);
		width = rd_text_width(rd_buf_view(&name));
		most = width > most && width <= NAME_WIDTH_MAX ? width : most;
	}
	return most;
}

static void put_file(const struct call *c, struct rd_buf *out)
{
	uint64_t rows = rd_table_rows(c->table);
	uint32_t n = rd_table_schema(c->table)->n;
	uint8_t digest[RD_SHA256_LEN];

	rd_table_digest(c->table, digest);
	rd_text_put_shown(out, rd_view_str(c->in.path));
	rd_buf_printf(out,
		      ": %s, %" PRIu64 " row%s, %u column%s, %u row group%s, %" PRIu64 " bytes",
		      rd_table_is_sealed(c->table) ? "sealed" : "plain", rows, rows == 1 ? "" : "s",
		      n, n == 1 ? "" : "s", rd_table_groups(c->table),
		      rd_table_groups(c->table) == 1 ? "" : "s", c->in.blob.size);
	if (c->in.blob.size >= 1024) {
		rd_buf_printf(out, " (");
		screen_put_size(out, c->in.blob.size);
		rd_buf_printf(out, ")");
	}
	rd_buf_printf(out, "\n");
	if (rd_table_created_by(c->table).len) {
		rd_buf_printf(out, "written by ");
		rd_text_put_shown(out, rd_table_created_by(c->table));
		rd_buf_printf(out, "\n");
	}
	if (rd_table_crypto_name(c->table)[0])
		rd_buf_printf(out, "encryption %s, footer %s\n", rd_table_crypto_name(c->table),
			      rd_table_footer_form(c->table));
	if (c->keys.given && !c->keys.is_foreign)
		rd_buf_printf(out, "dataset %s, version %" PRIu64 "\n", c->keys.key.id.dataset,
			      c->keys.key.id.version);
	rd_buf_printf(out, "tail digest ");
	put_hex(out, rd_view_of(digest, sizeof(digest)));
	rd_buf_printf(out, "\n");
}

static void put_groups(const struct call *c, struct rd_buf *out)
{
	uint32_t n = rd_table_groups(c->table);

	if (n < 2)
		return;
	rd_buf_printf(out, "\nrow group          rows     stored\n");
	for (uint32_t g = 0; g < n && g < GROUPS_SHOWN; g++) {
		rd_buf_printf(out, "%-9u  %11" PRIu64 "  ", g, rd_table_group_rows(c->table, g));
		put_size(rd_table_group_bytes(c->table, g), true, out);
		rd_buf_printf(out, "\n");
	}
	if (n > GROUPS_SHOWN)
		rd_buf_printf(out, "and %u more: -o json has them all\n", n - GROUPS_SHOWN);
}

static bool show_text(const struct call *c, struct rd_buf *out, struct rd_err *err)
{
	const struct rd_schema *schema = rd_table_schema(c->table);
	size_t width = name_width(schema);

	put_file(c, out);
	put_groups(c, out);
	rd_buf_printf(out, "\n%-*s  %-14s %-5s %-9s %-6s %s\n", (int)width, "column", "type",
		      "NULLs", "class", "unique", "range");
	for (uint32_t i = 0; i < schema->n; i++)
		if (!put_column(c, i, width, out, err))
			return false;
	rd_buf_printf(out, "\n%-*s  %9s %9s %7s  %-7s  %-8s %s\n", (int)width, "column", "stored",
		      "unpacked", "pages", "key", "codec", "encodings");
	for (uint32_t i = 0; i < schema->n; i++)
		put_storage(c, i, width, out);
	return true;
}

static bool put_json_column(const struct call *c, uint32_t i, struct rd_buf *out,
			    struct rd_err *err)
{
	const struct rd_column *column = &rd_table_schema(c->table)->column[i];
	struct rd_buf range RD_AUTO(rd_buf_free) = { .max = 256 };
	const struct rd_storage *s = &c->storage[i];
	struct rd_column_stats stats;
	char type[32];

	rd_table_column_stats(c->table, i, &stats);
	rd_coltype_name(column->type, type);
	rd_buf_printf(out, "%s\n    {\"name\": ", i ? "," : "");
	rd_json_put_string(out, column->name);
	rd_buf_printf(out,
		      ", \"type\": \"%s\", \"nullable\": %s, \"nulls\": %s, \"class\": \"%s\", "
		      "\"unique\": %s",
		      column->unreadable ? "unreadable" : type,
		      column->type.nullable ? "true" : "false", stats.has_nulls ? "true" : "false",
		      rd_class_name(column->class_), column->unique ? "true" : "false");
	if (!put_range(column, &stats, &range, err))
		return false;
	if (range.len) {
		rd_buf_printf(out, ", \"range\": ");
		rd_json_put_string(out, rd_buf_view(&range));
	}
	if (s->locked)
		rd_buf_printf(out, ",\n     \"stored_bytes\": null, \"plain_bytes\": null");
	else
		rd_buf_printf(out,
			      ",\n     \"stored_bytes\": %" PRIu64 ", \"plain_bytes\": %" PRIu64,
			      s->stored_bytes, s->plain_bytes);
	rd_buf_printf(out, ", \"pages\": %" PRIu64 ", \"key\": \"%s\", \"codec\": \"", s->n_pages,
		      key_of(s));
	put_set(s->codecs, rd_codec_name, out);
	rd_buf_printf(out, "\", \"encodings\": \"");
	put_set(s->encodings, rd_encoding_name, out);
	rd_buf_printf(out, "\"");
	if (column->unreadable) {
		rd_buf_printf(out, ", \"unreadable\": ");
		rd_json_put_string(out, rd_view_str(column->unreadable));
	}
	rd_buf_add_byte(out, '}');
	return true;
}

static void put_json_file(const struct call *c, struct rd_buf *out)
{
	struct rd_buf writer RD_AUTO(rd_buf_free) = { .max = OUT_MAX };
	const char *crypto = rd_table_crypto_name(c->table);
	uint8_t digest[RD_SHA256_LEN];

	rd_table_digest(c->table, digest);
	rd_buf_printf(out,
		      "{\n  \"sealed\": %s,\n  \"rows\": %" PRIu64 ",\n  \"row_groups\": %u,\n"
		      "  \"bytes\": %" PRIu64 ",\n  \"tail_digest\": \"",
		      rd_table_is_sealed(c->table) ? "true" : "false", rd_table_rows(c->table),
		      rd_table_groups(c->table), c->in.blob.size);
	put_hex(out, rd_view_of(digest, sizeof(digest)));
	rd_buf_printf(out,
		      "\",\n  \"encryption\": \"%s\",\n  \"footer\": \"%s\",\n  \"created_by\": ",
		      crypto[0] ? crypto : "none", rd_table_footer_form(c->table));
	rd_text_put_shown(&writer, rd_table_created_by(c->table)); /* it may be any bytes */
	rd_json_put_string(out, rd_buf_view(&writer));
	if (c->keys.given && !c->keys.is_foreign) {
		rd_buf_printf(out, ",\n  \"dataset\": ");
		rd_json_put_string(out, rd_view_str(c->keys.key.id.dataset));
		rd_buf_printf(out, ",\n  \"version\": %" PRIu64, c->keys.key.id.version);
	}
	rd_buf_printf(out, ",\n  \"groups\": [");
	for (uint32_t g = 0; g < rd_table_groups(c->table); g++)
		rd_buf_printf(out, "%s\n    {\"rows\": %" PRIu64 ", \"stored_bytes\": %" PRIu64 "}",
			      g ? "," : "", rd_table_group_rows(c->table, g),
			      rd_table_group_bytes(c->table, g));
	rd_buf_printf(out, "%s],\n  \"columns\": [", rd_table_groups(c->table) ? "\n  " : "");
}

static bool show_json(const struct call *c, struct rd_buf *out, struct rd_err *err)
{
	put_json_file(c, out);
	for (uint32_t i = 0; i < rd_table_schema(c->table)->n; i++)
		if (!put_json_column(c, i, out, err))
			return false;
	rd_buf_printf(out, "\n  ]\n}\n");
	return true;
}

/* ---- keys -------------------------------------------------------------------------------- */

/* Lines that any reader of Parquet Modular Encryption can be fed from.  Only keys that fit the
 * file are printed: it was opened with them, and a uniform one knows the footer's alone. */
static bool put_keys(const struct call *c, struct rd_buf *out)
{
	const struct rd_schema *schema = rd_table_schema(c->table);

	for (uint32_t i = 0; i < c->keys.keys.n; i++) {
		const struct rd_column_key *key = &c->keys.keys.key[i];

		if (key->column == RD_FOOTER_KEY)
			rd_buf_printf(out, "footer ");
		else if (key->column < schema->n && rd_table_needs_prefix(c->table))
			rd_buf_printf(out, "column %.*s ",
				      RD_FMT(schema->column[key->column].name));
		else
			continue;
		put_hex(out, rd_secret_view(&key->key));
		rd_buf_add_byte(out, '\n');
	}
	if (!rd_table_needs_prefix(c->table))
		return true;
	rd_buf_printf(out, "aad-hex ");
	put_hex(out, c->keys.keys.aad_prefix);
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
		else if (argv[i][0] == '-' && argv[i][1])
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
	if (strcmp(c->verb, "keys") == 0 && c->keys.is_foreign)
		return rd_fail(err, RD_FAULT_USAGE, "table.keys.form",
			       "%s is a plain key file already", c->key_path);
	if (!(strcmp(c->verb, "keys") == 0 ? put_keys(c, out)
	      : c->json                    ? show_json(c, out, err)
					   : show_text(c, out, err)))
		return false;
	return rd_buf_ok(out, err);
}

static int run(int argc, char **argv)
{
	struct call call RD_AUTO(call_free) = { .in.file.fd = -1 };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = OUT_MAX };
	struct rd_err err = { 0 };
	const char *wrong = parse(&call, argc, argv);

	if (wrong)
		return cmd_misused(&cmd_table, wrong);
	if (!work(&call, &out, &err))
		return cmd_failed(&cmd_table, &err);
	if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0) {
		rd_fail_errno(&err, "os.file.write", "standard output");
		return cmd_failed(&cmd_table, &err);
	}
	return 0;
}

const struct cmd cmd_table = {
	.name = "table",
	.summary = "shows what a table file has inside",
	.help = "Usage: redoubt table show FILE [--key FILE] [-o json]\n"
		"       redoubt table keys FILE --key FILE\n"
		"\n"
		"show prints rows, row groups, columns with their types, classes and ranges, how "
		"they are\n"
		"stored (sizes, pages, keys, codecs, encodings), and the digest that a room pins; "
		"FILE may\n"
		"be - for standard input. keys prints the keys of footer and columns and the AAD "
		"prefix in\n"
		"hex, one a line, for other readers of encrypted Parquet: keep them as secret as "
		"the table.\n"
		"\n"
		"  --key FILE   the table's key file, for sealed tables\n"
		"  -o json      print JSON\n"
		"\n"
		"Example:\n"
		"  redoubt table show visits.parquet --key visits.key\n",
	.run = run,
};
