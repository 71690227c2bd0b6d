/*
 * Makes tables of TPC-H's shape: lineitem (about 6 million rows), orders (1.5 million), customer
 * (150 thousand), with dbgen's distributions of the columns that the five queries of the gate use,
 * from a fixed seed.  Each as NAME.parquet (plain, uncompressed) and NAME.sealed with NAME.key.
 *
 *	bench_tpch_tables DIR [SCALE]	SCALE: thousandths of the full size
 */
#include "redoubt/crypto.h"
#include "redoubt/os.h"
#include "redoubt/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16
#define BATCH RD_BATCH_ROWS

#define INT32 \
	{ \
		RD_INT32, 0, 0, false \
	}
#define INT64 \
	{ \
		RD_INT64, 0, 0, false \
	}
#define MONEY \
	{ \
		RD_DECIMAL, 15, 2, false \
	}
#define DATE \
	{ \
		RD_DATE, 0, 0, false \
	}
#define TEXT \
	{ \
		RD_TEXT, 0, 0, false \
	}

struct column {
	const char *name;
	struct rd_coltype type;
	bool unique;
};

static const struct column customer[] = { { "c_custkey", INT64, true },
					  { "c_name", TEXT, false },
					  { "c_mktsegment", TEXT, false } };
static const struct column orders[] = {
	{ "o_orderkey", INT64, true },    { "o_custkey", INT64, false },
	{ "o_orderstatus", TEXT, false }, { "o_totalprice", MONEY, false },
	{ "o_orderdate", DATE, false },   { "o_shippriority", INT32, false },
	{ "o_comment", TEXT, false },
};
static const struct column lineitem[] = {
	{ "l_orderkey", INT64, false },   { "l_partkey", INT64, false },
	{ "l_suppkey", INT64, false },    { "l_linenumber", INT32, false },
	{ "l_quantity", MONEY, false },   { "l_extendedprice", MONEY, false },
	{ "l_discount", MONEY, false },   { "l_tax", MONEY, false },
	{ "l_returnflag", TEXT, false },  { "l_linestatus", TEXT, false },
	{ "l_shipdate", DATE, false },    { "l_commitdate", DATE, false },
	{ "l_receiptdate", DATE, false },
};

/* One table on its way into its two files. */
struct output {
	const char *name;
	uint32_t n_cols, n;
	struct rd_schema schema;
	struct rd_column column[COLUMNS_MAX];
	struct rd_vec vec[COLUMNS_MAX];
	union {
		int64_t wide[BATCH];
		int32_t small[BATCH];
		struct rd_text text[BATCH];
	} data[COLUMNS_MAX];
	char bytes[BATCH][128];
	struct rd_os_out *file[2];
	struct rd_sink sink[2];
	struct rd_writer *writer[2];
	struct rd_table_key key;
};

static struct rd_err err;

static void check(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "bench_tpch_tables: %s [%s]\n", err.text, err.code);
	exit(1);
}

/* xorshift64*: the same tables on every machine. */
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
static int64_t between(int64_t lo, int64_t hi)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return lo +
	       (int64_t)((seed * UINT64_C(0x2545f4914f6cdd1d) >> 11) % (uint64_t)(hi - lo + 1));
}

static void path_of(const char *dir, const char *name, const char *ending, char out[4096])
{
	(void)snprintf(out, 4096, "%s/%s%s", dir, name, ending);
}

static void begin(struct output *o, const char *dir, const struct column *column, uint32_t n)
{
	struct rd_table_id id = { .version = 1 };
	struct rd_buf pem RD_AUTO(rd_buf_free) = { .max = 65536 };
	char path[4096];

	o->n_cols = o->schema.n = n;
	o->schema.column = o->column;
	for (uint32_t i = 0; i < n; i++) {
		o->column[i] = (struct rd_column){ .name = rd_view_str(column[i].name),
						   .type = column[i].type,
						   .class_ = RD_CLASS_VISIBLE,
						   .unique = column[i].unique };
		o->vec[i] = (struct rd_vec){ .type = column[i].type,
					     .repr = RD_FLAT,
					     .width = rd_coltype_width(column[i].type),
					     .data = &o->data[i] };
	}
	(void)snprintf(id.dataset, sizeof(id.dataset), "%s", o->name);
	check(rd_table_key_generate(&id, &o->key, &err));
	check(rd_table_key_to_pem(&o->key, &pem, &err));
	path_of(dir, o->name, ".key", path);
	check(rd_os_file_write(path, 0600, rd_buf_view(&pem), &err));
	for (int k = 0; k < 2; k++) {
		struct rd_writer_options options = { .key = k ? &o->key : NULL };

		path_of(dir, o->name, k ? ".sealed" : ".parquet", path);
		check(rd_os_out_new(path, 0644, &o->file[k], &err));
		o->sink[k] = (struct rd_sink){ .ctx = o->file[k], .write = rd_os_out_write };
		check(rd_writer_new(&o->schema, &options, &o->sink[k], &o->writer[k], &err));
	}
}

static void flush(struct output *o)
{
	struct rd_batch batch = { .n = o->n, .n_sel = o->n, .n_cols = o->n_cols, .col = o->vec };

	for (int k = 0; k < 2 && o->n; k++)
		check(rd_writer_add(o->writer[k], &batch, &err));
	o->n = 0;
}

static void row_done(struct output *o)
{
	if (++o->n == BATCH)
		flush(o);
}

static void end(struct output *o)
{
	flush(o);
	for (int k = 0; k < 2; k++) {
		check(rd_writer_finish(o->writer[k], &err));
		rd_writer_free(&o->writer[k]);
		check(rd_os_out_finish(o->file[k], &err));
		rd_os_out_free(&o->file[k]);
	}
	rd_secret_wipe(&o->key.key);
}

static void put(struct output *o, uint32_t c, int64_t x)
{
	if (o->vec[c].width == 4)
		o->data[c].small[o->n] = (int32_t)x;
	else
		o->data[c].wide[o->n] = x;
}

static void put_text(struct output *o, uint32_t c, const char *text)
{
	size_t len = strlen(text);

	/* One long text a row at most. */
	if (len > 12) {
		memcpy(o->bytes[o->n], text, len);
		text = o->bytes[o->n];
	}
	o->data[c].text[o->n] = rd_text_of(rd_view_of(text, len));
}

static void make_customers(struct output *o, int64_t n)
{
	static const char *const segments[] = { "AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD",
						"MACHINERY" };
	char name[32];

	for (int64_t i = 1; i <= n; i++) {
		(void)snprintf(name, sizeof(name), "Customer#%09lld", (long long)i);
		put(o, 0, i);
		put_text(o, 1, name);
		put_text(o, 2, segments[between(0, 4)]);
		row_done(o);
	}
}

/* As dbgen's: some words in a row, of which about one comment in a hundred has both "special" and,
 * later, "requests". */
static void make_comment(char out[96])
{
	static const char *const words[] = {
		"furiously", "carefully", "quickly", "blithely",  "slyly",       "deposits",
		"accounts",  "packages",  "ideas",   "foxes",     "theodolites", "pinto beans",
		"requests",  "special",   "regular", "final",     "express",     "pending",
		"ironic",    "bold",      "even",    "unusual",   "sleep",       "haggle",
		"nag",       "wake",      "cajole",  "among the", "above the",   "instructions",
	};
	size_t want = (size_t)between(19, 78), len = 0;

	out[0] = '\0';
	while (len < want) {
		const char *word = words[between(0, 29)];
		size_t n = strlen(word);

		if (len + n + 2 > 90)
			break;
		memcpy(out + len, word, n);
		len += n;
		out[len++] = ' ';
	}
	out[len ? len - 1 : 0] = '\0';
}

#define DAY_FIRST 8035 /* 1992-01-01 */
#define DAY_LAST 10440 /* 1998-08-02 */
#define DAY_TODAY 9298 /* 1995-06-17 */

static int64_t make_line(struct output *o, int64_t key, int64_t day, int64_t number, bool *open)
{
	int64_t part = between(1, 200000), quantity = between(1, 50);
	int64_t price = 90000 + part / 10 % 20001 + 100 * (part % 1000);
	int64_t discount = between(0, 10), tax = between(0, 8);
	int64_t ship = day + between(1, 121), receipt = ship + between(1, 30);

	put(o, 0, key);
	put(o, 1, part);
	put(o, 2, between(1, 10000));
	put(o, 3, number);
	put(o, 4, quantity * 100);
	put(o, 5, quantity * price);
	put(o, 6, discount);
	put(o, 7, tax);
	put_text(o, 8, receipt > DAY_TODAY ? "N" : between(0, 1) ? "R" : "A");
	put_text(o, 9, ship > DAY_TODAY ? "O" : "F");
	put(o, 10, ship);
	put(o, 11, day + between(30, 90));
	put(o, 12, receipt);
	row_done(o);
	*open = ship > DAY_TODAY;
	return quantity * price * (100 - discount) / 100 * (100 + tax) / 100;
}

static void make_orders(struct output *o, struct output *lines, int64_t n, int64_t n_customers)
{
	char comment[96];

	for (int64_t i = 0; i < n; i++) {
		int64_t key = i / 8 * 32 + i % 8 + 1, day = between(DAY_FIRST, DAY_LAST);
		int64_t who = between(1, n_customers), n_lines = between(1, 7), total = 0,
			n_open = 0;

		while (who % 3 == 0)
			who = between(1, n_customers);
		for (int64_t k = 1; k <= n_lines; k++) {
			bool open;

			total += make_line(lines, key, day, k, &open);
			n_open += open;
		}
		make_comment(comment);
		put(o, 0, key);
		put(o, 1, who);
		put_text(o, 2, n_open == 0 ? "F" : n_open == n_lines ? "O" : "P");
		put(o, 3, total);
		put(o, 4, day);
		put(o, 5, 0);
		put_text(o, 6, comment);
		row_done(o);
	}
}

int main(int argc, char **argv)
{
	static struct output c = { .name = "customer" }, o = { .name = "orders" },
			     l = { .name = "lineitem" };
	int64_t scale = 1000;

	if (argc < 2 || argc > 3 ||
	    (argc == 3 && !rd_parse_i64(rd_view_str(argv[2]), 1, 1000, &scale, &err))) {
		fputs("Usage: bench_tpch_tables DIR [SCALE]\n", stderr);
		return 2;
	}
	check(rd_crypto_init(&err));
	check(rd_os_mkdirs(argv[1], 0755, &err));
	begin(&c, argv[1], customer, 3);
	begin(&o, argv[1], orders, 7);
	begin(&l, argv[1], lineitem, 13);
	make_customers(&c, 150 * scale);
	make_orders(&o, &l, 1500 * scale, 150 * scale);
	end(&c);
	end(&o);
	end(&l);
	return 0;
}
