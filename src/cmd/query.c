/* redoubt query: SQL over one's own tables. */
#include "cmd.h"

#include "query.h"

#include <redoubt/crypto.h>
#include <redoubt/engine.h>

#include <stdio.h>
#include <string.h>

#define PLAN_MEMORY ((size_t)256 << 20)
#define MIB ((uint64_t)1 << 20)

struct call {
	struct query_input input[QUERY_TABLES_MAX];
	uint32_t n_inputs;
	const char *sql;
	enum query_form form;
	int64_t threads, repeat, memory_mib;
	bool time, explain, without_aad;
	double open_cpu_s;
};

static double cpu_s(void)
{
	return (double)rd_os_now_ns(RD_CLOCK_PROCESS) * 1e-9;
}

/* ---- arguments ---- */

static bool form_of(const char *word, enum query_form *out)
{
	static const char *const words[] = { "table", "csv", "json", "arrow" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum query_form)i;
			return true;
		}
	return false;
}

static bool number_of(const char *word, int64_t max, int64_t *out)
{
	struct rd_err ignored = { 0 };

	return rd_parse_i64(rd_view_str(word), 1, max, out, &ignored);
}

/* An option with a value; NULL when all is well, else what is wrong. */
static const char *option(struct call *call, const char *name, const char *value)
{
	if (strcmp(name, "-t") == 0) {
		if (call->n_inputs == QUERY_TABLES_MAX)
			return "too many tables";
		return query_input_parse(value, &call->input[call->n_inputs++])
			       ? NULL
			       : "-t needs NAME=FILE or NAME=FILE,key=FILE";
	}
	if (strcmp(name, "-o") == 0)
		return form_of(value, &call->form) ? NULL : "-o needs table, csv, json or arrow";
	if (strcmp(name, "--threads") == 0)
		return number_of(value, 256, &call->threads) ? NULL : "--threads needs 1 to 256";
	if (strcmp(name, "--repeat") == 0)
		return number_of(value, 1000000, &call->repeat) ? NULL : "--repeat needs a number";
	if (strcmp(name, "--memory") == 0)
		return number_of(value, 1 << 20, &call->memory_mib) ? NULL : "--memory needs MiB";
	return "unknown option";
}

static const char *parse(struct call *call, int argc, char **argv)
{
	const char *wrong;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--time") == 0) {
			call->time = true;
		} else if (strcmp(argv[i], "--explain") == 0) {
			call->explain = true;
		} else if (strcmp(argv[i], "--without-aad") == 0) {
			call->without_aad = true;
		} else if (argv[i][0] == '-' && argv[i][1] && !strpbrk(argv[i], " \n")) {
			/* What has a blank is a query that begins with a comment. */
			if (i + 1 == argc)
				return "the last option needs a value";
			wrong = option(call, argv[i], argv[i + 1]);
			if (wrong)
				return wrong;
			i++;
		} else if (call->sql) {
			return "one query at a time";
		} else {
			call->sql = argv[i];
		}
	}
	return call->sql ? NULL : "a query is needed";
}

/* ---- running ---- */

static bool open_all(struct call *call, struct rd_arena *arena, struct rd_err *err)
{
	double before = cpu_s();

	for (uint32_t i = 0; i < call->n_inputs; i++) {
		call->input[i].without_aad = call->without_aad;
		if (!query_input_open(&call->input[i], arena, err))
			return false;
	}
	call->open_cpu_s = cpu_s() - before;
	return true;
}

static bool compile(const struct call *call, struct rd_arena *arena, struct rd_plan *plan,
		    struct rd_err *err)
{
	struct rd_sql_table name[QUERY_TABLES_MAX];

	for (uint32_t i = 0; i < call->n_inputs; i++) {
		name[i].name = call->input[i].name;
		name[i].schema = rd_table_schema(call->input[i].table);
	}
	return rd_sql_compile(rd_view_str(call->sql), name, call->n_inputs, arena, plan, err);
}

static void tables_of(const struct call *call, const struct rd_plan *plan,
		      const struct rd_table **table)
{
	for (uint32_t i = 0; i < plan->n_tables; i++)
		for (uint32_t k = 0; k < call->n_inputs; k++)
			if (rd_view_eq(plan->table[i].name, call->input[k].name))
				table[i] = call->input[k].table;
}

static bool explain(const struct rd_plan *plan, const struct rd_table *const *table,
		    struct rd_err *err)
{
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = 64 * MIB };
	const struct rd_engine *engine = rd_engine_find("vector");

	if (!rd_plan_print(plan, &out, err))
		return false;
	rd_buf_printf(&out, "\nengine %s:\n", engine->name);
	if (!engine->explain(plan, table, &out, err) || !rd_buf_ok(&out, err))
		return false;
	(void)fwrite(out.data, 1, out.len, stdout);
	return true;
}

/* Where in the query the data made it fail. */
static bool failed_at(const struct call *call, uint32_t position, struct rd_err *err)
{
	uint32_t line, column;

	if (position == RD_NONE)
		return false;
	rd_sql_line_column(rd_view_str(call->sql), position, &line, &column);
	return rd_wrap(err, "line %u, column %u", line, column);
}

static void print_times(const struct call *call, const struct rd_engine_cost *cost)
{
	fprintf(stderr,
		"open     %9.3f ms CPU\ndecrypt  %9.3f ms CPU, %.1f MiB read\n"
		"execute  %9.3f ms CPU, %llu rows scanned, %.1f MiB of memory\n"
		"all      %9.3f ms wall\n",
		call->open_cpu_s * 1e3, cost->decrypt_cpu_s * 1e3,
		(double)cost->bytes_read / (double)MIB, cost->execute_cpu_s * 1e3,
		(unsigned long long)cost->rows_scanned, (double)cost->peak_memory / (double)MIB,
		cost->wall_s * 1e3);
}

static bool execute(const struct call *call, const struct rd_plan *plan, struct rd_err *err)
{
	const struct rd_engine *engine = rd_engine_find("vector");
	const struct rd_table *table[RD_PLAN_TABLES_MAX] = { NULL };
	struct rd_engine_options options = { .threads = (uint32_t)call->threads,
					     .max_memory = (uint64_t)call->memory_mib * MIB };
	struct rd_span seed = { (uint8_t *)options.hash_seed, sizeof(options.hash_seed), 0 };

	tables_of(call, plan, table);
	if (call->explain)
		return explain(plan, table, err);
	if (!engine->accepts(plan, err) || !rd_os_random(&seed, err))
		return false;
	for (int64_t i = 0; i < call->repeat; i++) {
		struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
		struct rd_engine_result result;

		if (!rd_arena_new((size_t)options.max_memory, &arena, err))
			return false;
		if (!engine->run(plan, table, &options, arena, &result, err))
			return failed_at(call, result.data_position, err);
		if (call->time)
			print_times(call, &result.cost);
		if (i + 1 == call->repeat && !query_print(&result.rows, call->form, arena, err))
			return false;
	}
	return true;
}

static int run(int argc, char **argv)
{
	struct call call = { .threads = 1, .repeat = 1, .memory_mib = 4096 };
	struct rd_arena *arena RD_AUTO(rd_arena_free_wiped) = NULL;
	const char *wrong = parse(&call, argc, argv);
	struct rd_plan plan;
	struct rd_err err = { 0 };
	bool ok;

	if (wrong)
		return cmd_misused(&cmd_query, wrong);
	ok = rd_crypto_init(&err) && rd_arena_new(PLAN_MEMORY, &arena, &err) &&
	     open_all(&call, arena, &err) && compile(&call, arena, &plan, &err) &&
	     execute(&call, &plan, &err);
	if (ok && (fflush(stdout) != 0 || ferror(stdout)))
		ok = rd_fail_errno(&err, "os.file.write", "standard output");
	for (uint32_t i = 0; i < call.n_inputs; i++)
		query_input_close(&call.input[i]);
	return ok ? 0 : cmd_failed(&cmd_query, &err);
}

const struct cmd cmd_query = {
	.name = "query",
	.summary = "runs SQL over one's own tables",
	.help = "Usage: redoubt query -t NAME=FILE[,key=FILE]... [OPTION]... SQL\n"
		"\n"
		"Runs one SELECT over CSV, JSON lines, Arrow IPC (streams or files) and Parquet, "
		"plain\n"
		"or encrypted (then with their key). What a file is, its content says.\n"
		"\n"
		"  -t NAME=FILE        a table and what the query calls it; FILE may be - for "
		"standard\n"
		"                      input, or a pattern: the files that match are one table\n"
		"  -t NAME=FILE,key=K  an encrypted one, opened with the key file K: the one that "
		"seal\n"
		"                      wrote, or of another tool's file lines `footer HEX`,\n"
		"                      `column NAME HEX`, `aad TEXT` or `aad-hex HEX`\n"
		"  -o FORM             how to print the answer: table, csv, json, arrow (an IPC "
		"stream)\n"
		"  --without-aad       also files that DuckDB encrypted: their pages have no AAD, "
		"so that\n"
		"                      swapped ones go unnoticed\n"
		"  --threads N         threads to run on (1)\n"
		"  --memory N          MiB of working memory it may use (4096)\n"
		"  --repeat N          runs it N times, prints the last answer\n"
		"  --time              says on standard error what each run cost\n"
		"  --explain           prints the plan instead of running it\n"
		"\n"
		"Examples:\n"
		"  redoubt query -t visits=visits.parquet,key=visits.key \\\n"
		"    'SELECT ward, count(*) FROM visits GROUP BY ward'\n"
		"  redoubt query -t t='part-*.parquet' -o csv 'SELECT * FROM t'\n",
	.run = run,
};
