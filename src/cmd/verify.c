/* redoubt verify: is this evidence, token or receipt true? */
#include "cmd.h"
#include "common.h"
#include "evidence.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>
#include <redoubt/rats.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MAX ((size_t)512 << 20)
#define TEXT_MAX ((size_t)4 << 20)
#define NS_PER_S 1000000000

enum form { FORM_TABLE, FORM_JSON, FORM_EAR, FORM_EAR_VERAISON, FORM_EAR_CWT, FORMS };
static const char *const form_names[FORMS] = { "table", "json", "ear", "ear-veraison", "ear-cwt" };

struct cmd_verify_output {
	enum form form;
	const char *key; /* signs an attestation result; NULL: its claims alone */
};

static void print_receipt(const struct rd_receipt_checked *c, struct rd_buf *out)
{
	const struct rd_receipt *r = &c->receipt;
	char time[21];

	rd_buf_printf(out, "true: query %.*s ran as approved\n", RD_FMT(r->query));
	for (uint32_t i = 0; i < r->n_inputs; i++)
		rd_buf_printf(out, "  over %.*s, version %llu\n", RD_FMT(r->input[i].dataset),
			      (unsigned long long)r->input[i].version);
	for (uint32_t i = 0; i < c->n_owners; i++) {
		rd_os_time_format(c->seen[i].time_unix_s, time);
		rd_buf_printf(out, "  released by %.*s for run %llu at %s\n",
			      RD_FMT(c->seen[i].owner), (unsigned long long)c->seen[i].run, time);
	}
	if (!r->inner) {
		rd_buf_printf(out, "  sealed to %.*s, file ", RD_FMT(r->reader));
		for (size_t i = 0; i < r->sealed_digest.len; i++)
			rd_buf_printf(out, "%02x", r->sealed_digest.data[i]);
		rd_buf_printf(out, "\n");
	}
}

/* Where a long line goes on, under its second column. */
#define HANGING 10u

/* How much of the line fits: up to its last space, or all that fits where there is none. */
static size_t fits(struct rd_view line, size_t columns)
{
	size_t n = 0, at = 0, space = 0;

	for (; at < line.len && n < columns; at++) {
		if (line.data[at] == ' ' && at > 0 && line.data[at - 1] != ' ')
			space = at;
		n += at + 1 < line.len && (line.data[at + 1] & 0xc0) != 0x80;
	}
	return space > columns / 2 ? space : at;
}

static void put_line(struct rd_view line, size_t columns, struct rd_buf *out)
{
	for (size_t room = columns; columns && rd_text_width(line) > room;
	     room = columns - HANGING) {
		size_t n = fits(line, room);

		rd_buf_add(out, rd_view_of(line.data, n));
		rd_buf_printf(out, "\n%*s", (int)HANGING, "");
		while (n < line.len && line.data[n] == ' ')
			n++;
		line = rd_view_of(line.data + n, line.len - n);
	}
	rd_buf_add(out, line);
	rd_buf_add_byte(out, '\n');
}

/* Lines that begin with a result, in its colour on a terminal, and no wider than that. */
static bool print(const struct rd_buf *text, enum form form, struct rd_err *err)
{
	static const struct {
		const char *start, *colour;
	} marks[] = { { "accepted", "\033[32m" }, { "true", "\033[32m" },
		      { "REFUSED", "\033[31m" },  { "  FAIL", "\033[31m" },
		      { "  absent", "\033[33m" }, { "  warn", "\033[33m" },
		      { "  pass", "\033[32m" } };
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = 2 * TEXT_MAX };
	bool colours = rd_os_wants_color(STDOUT_FILENO);
	bool folds = form == FORM_TABLE && rd_os_is_terminal(STDOUT_FILENO);
	size_t columns = folds ? rd_os_terminal_width(STDOUT_FILENO) : 0;
	struct rd_view rest = rd_buf_view(text);

	columns = columns && columns < 4 * HANGING ? 4 * HANGING : columns;
	while (form == FORM_TABLE && rest.len) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		struct rd_view line = rest;
		size_t mark = 0;

		line.len = end ? (size_t)(end - rest.data) : rest.len;
		for (size_t i = 0; colours && i < sizeof(marks) / sizeof(marks[0]); i++)
			if (rd_view_starts(line, rd_view_str(marks[i].start))) {
				mark = strlen(marks[i].start);
				rd_buf_printf(&out, "%s%s\033[0m", marks[i].colour, marks[i].start);
			}
		put_line(rd_view_of(line.data + mark, line.len - mark),
			 columns > mark ? columns - mark : 0, &out);
		rest = rd_view_of(rest.data + line.len + (end != NULL),
				  rest.len - line.len - (end != NULL));
	}
	rd_buf_add(&out, rest);
	return rd_buf_ok(&out, err) &&
	       ((fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0) ||
		rd_fail_errno(err, "os.file.write", "standard output"));
}

/* Whatever did not pass says what to do: what is known of this case, else what its code says. */
static void fill_remedies(struct rd_appraisal *a)
{
	for (uint32_t i = 0; i < a->n_reasons; i++) {
		struct rd_reason *r = &a->reason[i];
		const struct rd_code_text *code = cmd_code_find(r->code);

		if (code && r->result < RD_RESULT_PASS && r->remedy.len == 0)
			r->remedy = rd_view_str(code->remedy);
	}
}

static bool verify_receipt(const char *path, const char *room_path, enum form form,
			   struct rd_arena *arena, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = RD_RECEIPT_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = TEXT_MAX };
	struct rd_receipt_checked *checked = RD_NEW(arena, struct rd_receipt_checked, err);
	struct cmd_room_file room;

	if (!checked || !cmd_read_room(room_path, arena, &room, err) ||
	    !rd_os_file_read(path, RD_RECEIPT_MAX, &bytes, err))
		return false;
	if (!rd_receipt_check(rd_buf_view(&bytes), room.bytes, &room.room, arena, checked, err))
		return rd_wrap(err, "%s", path);
	fill_remedies(&checked->appraisal);
	if (form == FORM_TABLE)
		print_receipt(checked, &out);
	if (!(form == FORM_JSON ? rd_appraisal_json(&checked->appraisal, NULL, &out, err)
				: rd_appraisal_print(&checked->appraisal, &out, err)))
		return false;
	return print(&out, form, err);
}

/* An attestation result, signed where there is a key. */
static bool put_ear(const struct cmd_evidence *seen, const struct rd_appraisal *a,
		    const struct cmd_verify_output *o, struct rd_buf *out, struct rd_err *err)
{
	/* The nonce that was demanded is echoed; RFC 9711 section 4.1 bounds it. */
	bool echo = seen->in.nonce.len >= 8 && seen->in.nonce.len <= 64;
	struct rd_ear_options options = { .name = seen->tee->name,
					  .nonce = echo ? seen->in.nonce : (struct rd_view){ 0 },
					  .issued_unix_s = rd_os_now_ns(RD_CLOCK_WALL) / NS_PER_S,
					  .old = o->form == FORM_EAR_VERAISON,
					  .cbor = o->form == FORM_EAR_CWT };
	RD_AUTO(rd_buf_free) struct rd_buf claims = { .max = TEXT_MAX };
	RD_AUTO(rd_secret_wipe) struct rd_secret seed = { 0 };

	if (!rd_ear_claims(a, &options, &claims, err))
		return false;
	if (o->key && !cmd_read_seed(o->key, &seed, err))
		return false;
	if (options.cbor)
		return rd_cose_sign_for_others(rd_view_str("application/eat+cwt"),
					       rd_buf_view(&claims), &seed, out, err);
	if (!o->key)
		rd_buf_add(out, rd_buf_view(&claims));
	else if (!rd_jws_sign(rd_buf_view(&claims), &seed, out, err))
		return false;
	rd_buf_add_byte(out, '\n');
	return rd_buf_ok(out, err);
}

static bool verify_evidence(const struct cmd_evidence_args *args, const struct cmd_verify_output *o,
			    struct rd_arena *arena, bool *accepted, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = TEXT_MAX };
	struct rd_tee_result *result = RD_NEW(arena, struct rd_tee_result, err);
	struct rd_appraisal *a = RD_NEW(arena, struct rd_appraisal, err);
	struct cmd_evidence e;

	if (!result || !a || !cmd_evidence_read(args, arena, &e, err))
		return false;
	if (!cmd_evidence_appraise(&e, arena, result, a, err))
		return rd_wrap(err, "%s", args->file);
	fill_remedies(a);
	*accepted = a->verdict == RD_VERDICT_ACCEPTED;
	if (o->form == FORM_JSON) {
		if (!rd_appraisal_json(a, result, &out, err))
			return false;
	} else if (o->form != FORM_TABLE) {
		if (!put_ear(&e, a, o, &out, err))
			return false;
	} else {
		if (!rd_appraisal_print(a, &out, err))
			return false;
		rd_buf_printf(&out, "\nclaims\n");
		if (!rd_claims_print(result, &out, err))
			return false;
	}
	return print(&out, o->form, err);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		CMD_EVIDENCE_OPTIONS,
		{ "room", required_argument, NULL, 'r' },
		{ "key", required_argument, NULL, 'k' },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	const char *room = NULL, *form_name = "table";
	struct cmd_verify_output output = { 0 };
	struct cmd_evidence_args args = { 0 };
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	bool ok, accepted = true;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == 'r')
			room = optarg;
		else if (option == 'o')
			form_name = optarg;
		else if (option == 'k')
			output.key = optarg;
		else if (!cmd_evidence_option(option, optarg, &args))
			return cmd_misused(&cmd_verify, "an option is unknown or lacks its value");
	}
	while (output.form < FORMS && strcmp(form_name, form_names[output.form]) != 0)
		output.form++;
	if (argc - optind != 1 || output.form == FORMS || (room && output.form > FORM_JSON))
		return cmd_misused(
			&cmd_verify,
			"one file is needed, and -o is table, json, ear, ear-veraison or "
			"ear-cwt (for receipts table or json)");
	if (output.form == FORM_EAR_CWT && !output.key)
		return cmd_misused(&cmd_verify, "a CWT is signed: give --key");
	args.file = argv[optind];
	if (args.type && strcmp(args.type, "receipt") == 0 && !room)
		return cmd_misused(&cmd_verify, "a receipt needs --room");
	ok = rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err) &&
	     (room ? verify_receipt(args.file, room, output.form, arena, &err)
		   : verify_evidence(&args, &output, arena, &accepted, &err));
	rd_arena_free(&arena);
	if (!ok)
		return cmd_failed(&cmd_verify, &err);
	return accepted ? 0 : (int)RD_FAULT_REFUSED;
}

const struct cmd cmd_verify = {
	.name = "verify",
	.summary = "tells whether evidence or a receipt is true",
	.help = "Usage: redoubt verify FILE --type TYPE [--collateral PATH]... [--at TIME] "
		"[--nonce HEX]\n"
		"                      [--policy FILE] [-o FORM] [--key KEY]\n"
		"       redoubt verify FILE.receipt --room ROOM [-o table|json]\n"
		"\n"
		"Checks evidence of a trusted execution environment: signatures and certificates "
		"up to "
		"the\n"
		"vendor's root (crypto), revocation lists (revocation), firmware versions (tcb) "
		"and what "
		"a\n"
		"policy says of its claims (policy). Nothing is fetched: `redoubt collateral "
		"needs` says "
		"what\n"
		"to download. Exit status: 0 accepted, 3 refused, 4 not evidence of that type.\n"
		"\n"
		"With --room the file is a receipt: its signature, the enclave's evidence, the "
		"tables, "
		"the\n"
		"plan and the release of every owner's broker are checked. Anyone may do it; no "
		"key is "
		"needed.\n"
		"\n"
		"  --type TYPE        snp, tdx, sgx, nitro, tpm, azure, cca, psa, nvidia, process, "
		"ear, "
		"eat, corim,\n"
		"                     cmw, cose, receipt\n"
		"  --collateral PATH  certificates, revocation lists, TCB info, keys: a file or a "
		"folder\n"
		"  --at TIME          the time of verification, such as 2026-02-05T00:00:00Z "
		"(default: "
		"now)\n"
		"  --nonce HEX        the nonce that the evidence must carry\n"
		"  --policy FILE      what its claims must be; `redoubt policy suggest` writes "
		"one\n"
		"  --room ROOM        the room of a receipt, as compiled (or its manifest)\n"
		"  -o FORM            table (default); json; ear, an attestation result (EAR, "
		"draft "
		"04);\n"
		"                     ear-veraison, the same under the profile that Trustee reads; "
		"ear-cwt,\n"
		"                     as CBOR, signed\n"
		"  --key KEY          the verifier's private key (sign.key of redoubt keygen): the "
		"result "
		"is a "
		"JWT;\n"
		"                     without it the claims alone are printed\n"
		"\n"
		"Examples:\n"
		"  redoubt verify report.bin --type snp --collateral certs/\n"
		"  redoubt verify quote.bin --type tdx --collateral pcs/ --policy cluster.yaml -o "
		"json\n"
		"  redoubt verify study.registry.receipt --room study.room\n",
	.run = run,
};
