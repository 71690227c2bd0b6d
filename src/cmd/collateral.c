/* redoubt collateral needs|import: what to download for evidence, and a folder of what was. */
#include "cmd.h"
#include "evidence.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MEMORY_MAX ((size_t)512 << 20)
#define TEXT_MAX ((size_t)1 << 20)

static bool needs(const struct cmd_evidence_args *args, struct rd_arena *arena, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = TEXT_MAX };
	struct cmd_evidence e;

	if (!cmd_evidence_read(args, arena, &e, err))
		return false;
	if (!e.tee->needs) {
		printf("%s: nothing is published that such evidence needs\n", e.tee->name);
		return true;
	}
	if (!e.tee->needs(&e.in, arena, &out, err))
		return rd_wrap(err, "%s", args->file);
	return fwrite(out.data, 1, out.len, stdout) == out.len ||
	       rd_fail_errno(err, "os.file.write", "standard output");
}

/* ---- import ---------------------------------------------------------------------------------- */

/* What a file is: certificates, a revocation list, or one of Intel's signed documents. */
static const char *kind_of(struct rd_view bytes, struct rd_arena *arena)
{
	struct rd_cert certs[RD_CERT_PATH_MAX];
	struct rd_err unused = { 0 };
	struct rd_view part;
	struct rd_crl crl;
	uint32_t n = 0;

	if (rd_certs_read(bytes, arena, certs, RD_CERT_PATH_MAX, &n, &unused) && n > 0)
		return "certificates";
	if (rd_crl_parse(bytes, arena, &crl, &unused))
		return "revocation list";
	if (rd_json_slice(bytes, "tcbInfo", &part, &unused) &&
	    rd_json_slice(bytes, "signature", &part, &unused))
		return "TCB info";
	if (rd_json_slice(bytes, "enclaveIdentity", &part, &unused) &&
	    rd_json_slice(bytes, "signature", &part, &unused))
		return "enclave identity";
	return NULL;
}

static bool import_file(const char *folder, const char *path, struct rd_arena *arena,
			struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = RD_CRL_MAX };
	const char *slash = strrchr(path, '/'), *kind;
	struct rd_view to;

	if (!rd_os_file_read(path, RD_CRL_MAX, &bytes, err))
		return false;
	kind = kind_of(rd_buf_view(&bytes), arena);
	if (!kind)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.collateral",
			       "%s: neither certificates, a revocation list, TCB info nor an "
			       "enclave identity; nothing of it was kept",
			       path);
	if (!rd_arena_printf(arena, &to, err, "%s/%s", folder, slash ? slash + 1 : path) ||
	    !rd_os_file_write((const char *)to.data, 0644, rd_buf_view(&bytes), err))
		return false;
	printf("%-16s  %s\n", kind, (const char *)to.data);
	return true;
}

static bool import(const char *folder, char **files, int n, struct rd_arena *arena,
		   struct rd_err *err)
{
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return rd_fail_errno(err, "os.file.write", "%s", folder);
	for (int i = 0; i < n; i++)
		if (!import_file(folder, files[i], arena, err))
			return false;
	return true;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(int argc, char **argv)
{
	static const struct option options[] = { CMD_EVIDENCE_OPTIONS, { NULL, 0, NULL, 0 } };
	const char *what = argc > 1 ? argv[1] : "";
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct cmd_evidence_args args = { 0 };
	struct rd_err err = { 0 };
	bool is_import = strcmp(what, "import") == 0, ok;
	int option;

	if (!is_import && strcmp(what, "needs") != 0)
		return cmd_misused(&cmd_collateral, "needs or import is needed");
	opterr = 0;
	optind = 2;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option != 't' || is_import || !cmd_evidence_option(option, optarg, &args))
			return cmd_misused(&cmd_collateral,
					   "an option is unknown or lacks its value");
	if (is_import ? argc - optind < 2 : argc - optind != 1)
		return cmd_misused(&cmd_collateral, is_import ? "a folder and files are needed"
							      : "one file of evidence is needed");
	args.file = argv[optind];
	ok = rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err) &&
	     (is_import ? import(argv[optind], argv + optind + 1, argc - optind - 1, arena, &err)
			: needs(&args, arena, &err));
	return ok ? 0 : cmd_failed(&cmd_collateral, &err);
}

const struct cmd cmd_collateral = {
	.name = "collateral",
	.summary = "says what to download to verify evidence; keeps what was",
	.help = "Usage: redoubt collateral needs FILE --type TYPE\n"
		"       redoubt collateral import FOLDER FILE...\n"
		"\n"
		"needs prints a line for each thing that verifying this evidence takes: a name for "
		"the file\n"
		"and where the vendor publishes it. Nothing is fetched. import looks at each file, "
		"says what\n"
		"it is, and copies it into the folder that `redoubt verify --collateral` takes; "
		"what "
		"is none\n"
		"of the known kinds is refused. Signatures and dates are checked when evidence is "
		"verified.\n"
		"\n"
		"  --type TYPE   as for `redoubt verify`\n"
		"\n"
		"Examples:\n"
		"  redoubt collateral needs quote.bin --type tdx\n"
		"  redoubt collateral needs report.bin --type snp | while read name url; do curl "
		"-so "
		"$name \"$url\"; done\n"
		"  redoubt collateral import pcs/ tcb_info.json qe_identity.json pck_crl.der\n",
	.run = run,
};
