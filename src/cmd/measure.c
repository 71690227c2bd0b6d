/* redoubt measure FILE...: the values that a verifier should expect. */
#include "cmd.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>
#include <redoubt/rats.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 30)
#define MEMORY_MAX ((size_t)3 << 30)
#define TEXT_MAX ((size_t)1 << 20)

/* A file's values and where they are from. */
struct measured {
	const struct rd_tee *tee;
	const char *file;
	struct rd_tee_values values;
};

static bool measure(const char *path, struct rd_arena *arena, struct measured *out,
		    struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = FILE_MAX };

	if (!rd_os_file_read(path, FILE_MAX, &bytes, err))
		return false;
	if (!out->tee->measure(rd_buf_view(&bytes), arena, &out->values, err))
		return rd_wrap(err, "%s", path);
	if (out->values.is_signed)
		fprintf(stderr, "%s: it is signed; its signer's register is not computed\n", path);
	return true;
}

/* ---- outputs --------------------------------------------------------------------------------- */

static void put_hex(struct rd_buf *out, struct rd_view v)
{
	for (size_t i = 0; i < v.len; i++)
		rd_buf_printf(out, "%02x", v.data[i]);
}

static void put_text(const struct measured *v, struct rd_buf *out)
{
	for (uint32_t i = 0; i < v->values.n; i++) {
		put_hex(out, v->values.value[i].digest);
		if (v->values.n > 1)
			rd_buf_printf(out, "  %s", v->values.value[i].name);
		rd_buf_printf(out, "  %s\n", v->file);
	}
}

/* As `redoubt verify --policy` takes it; the enclave's is a room's and has no such file. */
static void put_policy(const struct measured *v, struct rd_buf *out)
{
	rd_buf_printf(out, "# %s\nversion: 1\n%s:\n  pcrs:\n", v->file, v->tee->name);
	for (uint32_t i = 0; i < v->values.n; i++) {
		rd_buf_printf(out, "    \"%s\": [\"", strchr(v->values.value[i].name, '.') + 1);
		put_hex(out, v->values.value[i].digest);
		rd_buf_printf(out, "\"]\n");
	}
}

static bool put_corim(const struct measured *v, struct rd_buf *out, struct rd_err *err)
{
	struct rd_corim_reference r[RD_TEE_VALUES_MAX];

	for (uint32_t i = 0; i < v->values.n; i++)
		r[i] = (struct rd_corim_reference){ v->values.value[i].name,
						    v->values.value[i].digest };
	return rd_corim_write(v->file, v->tee->name, r, v->values.n, out, err);
}

static bool print(const struct measured *v, const char *form, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = TEXT_MAX };

	if (strcmp(form, "corim") == 0) {
		if (!put_corim(v, &out, err))
			return false;
	} else if (strcmp(form, "policy") == 0) {
		put_policy(v, &out);
	} else {
		put_text(v, &out);
	}
	return rd_buf_ok(&out, err) && (fwrite(out.data, 1, out.len, stdout) == out.len ||
					rd_fail_errno(err, "os.file.write", "standard output"));
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kind", required_argument, NULL, 'k' },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	const char *form = "text", *name = "process";
	const struct rd_tee *tee;
	struct rd_err err = { 0 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == '?')
			return cmd_misused(&cmd_measure, "an option is unknown or lacks its value");
		*(option == 'k' ? &name : &form) = optarg;
	}
	tee = rd_tee_by_name(rd_view_str(name));
	if (!tee || !tee->measure || argc == optind)
		return cmd_misused(&cmd_measure, tee && tee->measure
							 ? "a file is needed"
							 : "--kind is process, nitro or tpm");
	if (strcmp(form, "text") != 0 && strcmp(form, "corim") != 0 &&
	    (strcmp(form, "policy") != 0 || tee == &rd_tee_process))
		return cmd_misused(&cmd_measure, "-o is text, corim or, for nitro and tpm, policy");
	if (!rd_crypto_init(&err) || !rd_arena_new(MEMORY_MAX, &arena, &err))
		return cmd_failed(&cmd_measure, &err);
	for (int i = optind; i < argc; i++) {
		struct measured v = { .tee = tee, .file = argv[i] };

		rd_arena_reset(arena);
		if (!measure(argv[i], arena, &v, &err) || !print(&v, form, &err))
			return cmd_failed(&cmd_measure, &err);
	}
	return 0;
}

const struct cmd cmd_measure = {
	.name = "measure",
	.summary = "prints the measurement that a verifier should expect",
	.help = "Usage: redoubt measure [--kind process|nitro|tpm] [-o text|policy|corim] FILE...\n"
		"\n"
		"Computes offline what evidence will say of a file.\n"
		"\n"
		"  --kind KIND   process: SHA-384 of an enclave file, as the launcher measures it "
		"and "
		"a room\n"
		"                names it (default); nitro: PCR0 to 2 of an enclave image (EIF); "
		"tpm: "
		"the\n"
		"                registers after a TCG event log\n"
		"  -o FORM       text (default); policy: for a verifier; corim: "
		"reference\n"
		"                values in CBOR, unsigned\n"
		"\n"
		"Examples:\n"
		"  redoubt measure build/redoubt-enclave\n"
		"  redoubt measure --kind nitro -o policy app.eif\n"
		"  redoubt measure --kind tpm /sys/kernel/security/tpm0/binary_bios_measurements\n",
	.run = run,
};
