/* redoubt cmw write|show|get: conceptual messages put into wrappers, and taken out. */
#include "cmd.h"
#include "evidence.h"

#include <redoubt/os.h>
#include <redoubt/rats.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX ((size_t)256 << 20)
#define FILE_MAX ((size_t)16 << 20)

static const struct {
	const char *word;
	uint32_t bit;
} indicators[] = {
	{ "reference-values", 1 }, { "endorsements", 2 }, { "evidence", 4 }, { "results", 8 }
};

#define N_INDICATORS (sizeof(indicators) / sizeof(indicators[0]))

static bool read_file(const char *path, struct rd_arena *arena, struct rd_view *out,
		      struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = FILE_MAX };

	return rd_os_file_read(path, FILE_MAX, &bytes, err) &&
	       rd_arena_copy(arena, rd_buf_view(&bytes), out, err);
}

static bool put(const struct rd_buf *out, struct rd_err *err)
{
	return fwrite(out->data, 1, out->len, stdout) == out->len ||
	       rd_fail_errno(err, "os.file.write", "standard output");
}

/* ---- write ----------------------------------------------------------------------------------- */

/* Words behind commas at the end of a type: what it is about. */
static void take_indicators(struct rd_cmw_entry *e)
{
	for (bool found = true; found;) {
		found = false;
		for (size_t i = 0; i < N_INDICATORS; i++) {
			size_t len = strlen(indicators[i].word) + 1;
			struct rd_view end = e->type;

			if (end.len <= len || end.data[end.len - len] != ',')
				continue;
			end = rd_view_of(end.data + end.len - len + 1, len - 1);
			if (!rd_view_eq(end, rd_view_str(indicators[i].word)))
				continue;
			e->indicator |= indicators[i].bit;
			e->type.len -= len;
			found = true;
		}
	}
}

/* "LABEL=TYPE" or "TYPE": a label ends before the media type's parameters may begin. */
static bool read_spec(const char *spec, struct rd_arena *arena, struct rd_cmw_entry *e,
		      struct rd_err *err)
{
	size_t label = strcspn(spec, "=;/");
	struct rd_err unused = { 0 };
	const struct rd_tee *tee;
	struct rd_view kept;

	*e = (struct rd_cmw_entry){ .label = "" };
	if (spec[label] == '=') {
		if (!rd_arena_copy(arena, rd_view_of(spec, label), &kept, err))
			return false;
		e->label = (const char *)kept.data;
		spec += label + 1;
	}
	e->type = rd_view_str(spec);
	take_indicators(e);
	tee = cmd_evidence_type(e->type, &unused);
	if (tee)
		e->type = rd_view_str(tee->content_type);
	return true;
}

static bool write_all(char **pairs, int n, bool json, struct rd_arena *arena, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = 2 * FILE_MAX };
	struct rd_cmw *cmw = RD_NEW(arena, struct rd_cmw, err);

	if (!cmw)
		return false;
	for (int i = 0; i + 1 < n; i += 2) {
		if (cmw->n == RD_CMW_ENTRIES_MAX)
			return rd_fail(err, RD_FAULT_USAGE, "rats.cmw.entry",
				       "more than %u messages", RD_CMW_ENTRIES_MAX);
		if (!read_spec(pairs[i], arena, &cmw->entry[cmw->n], err) ||
		    !read_file(pairs[i + 1], arena, &cmw->entry[cmw->n].value, err))
			return false;
		cmw->n++;
	}
	if (!rd_cmw_write(cmw, json, &out, err))
		return false;
	if (json)
		rd_buf_add_byte(&out, '\n');
	return rd_buf_ok(&out, err) && put(&out, err);
}

/* ---- show and get ---------------------------------------------------------------------------- */

static bool read_cmw(const char *path, struct rd_arena *arena, struct rd_cmw **out,
		     struct rd_err *err)
{
	struct rd_view bytes;

	*out = RD_NEW(arena, struct rd_cmw, err);
	return *out && read_file(path, arena, &bytes, err) &&
	       (rd_cmw_parse(bytes, arena, *out, err) || rd_wrap(err, "%s", path));
}

static bool show(const char *path, struct rd_arena *arena, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = 1u << 20 };
	struct rd_cmw *cmw;

	if (!read_cmw(path, arena, &cmw, err))
		return false;
	for (uint32_t i = 0; i < cmw->n; i++) {
		const struct rd_cmw_entry *e = &cmw->entry[i];
		const char *comma = "  ";

		rd_text_put_shown(&out, rd_view_str(e->label[0] ? e->label : "-"));
		rd_buf_printf(&out, "  %zu bytes  ", e->value.len);
		rd_text_put_shown(&out, e->type);
		for (size_t k = 0; k < N_INDICATORS; k++)
			if (e->indicator & indicators[k].bit) {
				rd_buf_printf(&out, "%s%s", comma, indicators[k].word);
				comma = ", ";
			}
		rd_buf_add_byte(&out, '\n');
	}
	return rd_buf_ok(&out, err) && put(&out, err);
}

static bool get(const char *path, const char *label, struct rd_arena *arena, struct rd_err *err)
{
	struct rd_cmw *cmw;

	if (!read_cmw(path, arena, &cmw, err))
		return false;
	for (uint32_t i = 0; i < cmw->n; i++) {
		struct rd_view v = cmw->entry[i].value;

		if (label ? strcmp(cmw->entry[i].label, label) != 0 : cmw->n > 1)
			continue;
		return fwrite(v.data, 1, v.len, stdout) == v.len ||
		       rd_fail_errno(err, "os.file.write", "standard output");
	}
	return rd_fail(err, RD_FAULT_USAGE, "rats.cmw.label",
		       "%s: %s: `redoubt cmw show` lists its labels", path,
		       label ? "no message of that label" : "which of its messages?");
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	const char *what = argc > 1 ? argv[1] : "", *form = "cbor";
	bool writes = strcmp(what, "write") == 0, gets = strcmp(what, "get") == 0, ok;
	struct rd_err err = { 0 };
	int option, n;

	if (!writes && !gets && strcmp(what, "show") != 0)
		return cmd_misused(&cmd_cmw, "write, show or get is needed");
	opterr = 0;
	optind = 2;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option != 'o' || !writes)
			return cmd_misused(&cmd_cmw, "an option is unknown or lacks its value");
		form = optarg;
	}
	n = argc - optind;
	if (strcmp(form, "cbor") != 0 && strcmp(form, "json") != 0)
		return cmd_misused(&cmd_cmw, "-o is cbor or json");
	if (writes ? n < 2 || n % 2 : gets ? n < 1 || n > 2 : n != 1)
		return cmd_misused(&cmd_cmw, writes ? "pairs of a type and a file are needed"
						    : "one file is needed");
	argv += optind;
	ok = rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err) &&
	     (writes ? write_all(argv, n, strcmp(form, "json") == 0, arena, &err)
	      : gets ? get(argv[0], n > 1 ? argv[1] : NULL, arena, &err)
		     : show(argv[0], arena, &err));
	return ok ? 0 : cmd_failed(&cmd_cmw, &err);
}

const struct cmd cmd_cmw = {
	.name = "cmw",
	.summary = "wraps evidence and what goes with it; takes it out",
	.help = "Usage: redoubt cmw write [-o cbor|json] TYPE FILE\n"
		"       redoubt cmw write [-o cbor|json] LABEL=TYPE FILE...\n"
		"       redoubt cmw show FILE\n"
		"       redoubt cmw get FILE [LABEL]\n"
		"\n"
		"Conceptual message wrappers (draft-ietf-rats-msg-wrap). write puts one message "
		"into a\n"
		"record, or several with labels into a collection, and prints it; show lists what "
		"is in\n"
		"one; get prints one message as it is. `redoubt verify` of type cmw verifies all "
		"of them,\n"
		"with the certificates, lists and endorsements in it as collateral.\n"
		"\n"
		"TYPE is a media type, the number of a CoAP content format, or a type of "
		"`redoubt verify`\n"
		"(snp, tdx...). Words behind it say what a message is about: "
		",reference-values\n"
		",endorsements ,evidence ,results.\n"
		"\n"
		"  -o FORM  cbor (default) or json\n"
		"\n"
		"Examples:\n"
		"  redoubt cmw write snp report.bin > report.cmw\n"
		"  redoubt cmw write -o json cpu=tdx quote.bin crl=application/pkix-crl crl.der "
		"\\\n"
		"    tcb=application/json,endorsements tcb_info.json > machine.json\n"
		"  redoubt cmw get machine.json cpu > quote.bin\n",
	.run = run,
};
