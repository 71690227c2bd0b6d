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

static bool keep(const char *folder, const struct rd_collateral *piece, const char *kind,
		 struct rd_arena *arena, struct rd_err *err)
{
	const char *slash = strrchr(piece->name, '/');
	struct rd_view to;

	if (!rd_arena_printf(arena, &to, err, "%s/%s", folder, slash ? slash + 1 : piece->name) ||
	    !rd_os_file_write((const char *)to.data, 0644, piece->bytes, err))
		return false;
	printf("%-16s  %s\n", kind, (const char *)to.data);
	return true;
}

/* The files first, then what the folder holds already: that completes their chains.  Nothing is
 * kept unless all of it is genuine. */
static bool import(struct cmd_evidence_args *args, char **files, int n, struct rd_arena *arena,
		   struct rd_err *err)
{
	const char *kind[CMD_COLLATERAL_MAX];
	const char *folder = args->file;
	struct rd_tee_input in;
	struct stat st;

	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return rd_fail_errno(err, "os.file.write", "%s", folder);
	for (int i = 0; i < n; i++) {
		if (stat(files[i], &st) == 0 && S_ISDIR(st.st_mode))
			return rd_fail(err, RD_FAULT_USAGE, "tee.collateral.kind",
				       "%s: name the files of this folder", files[i]);
		if (i + 1 == CMD_COLLATERAL_MAX || !cmd_evidence_option('c', files[i], args))
			return rd_fail(err, RD_FAULT_USAGE, "tee.collateral.many",
				       "more than %u files at once", CMD_COLLATERAL_MAX - 1);
	}
	if (!cmd_evidence_option('c', folder, args))
		return false;
	if (!cmd_collateral_read(args, arena, &in, err))
		return false;
	for (int i = 0; i < n; i++)
		if (!rd_collateral_check(&in, (uint32_t)i, arena, &kind[i], err))
			return rd_wrap(err, "%s, nothing was kept", files[i]);
	for (int i = 0; i < n; i++)
		if (!keep(folder, &in.collateral[i], kind[i], arena, err))
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
		if ((is_import ? option != 'a' && option != 'p' : option != 't') ||
		    !cmd_evidence_option(option, optarg, &args))
			return cmd_misused(&cmd_collateral,
					   "an option is unknown or lacks its value");
	if (is_import ? argc - optind < 2 : argc - optind != 1)
		return cmd_misused(&cmd_collateral, is_import ? "a folder and files are needed"
							      : "one file of evidence is needed");
	args.file = argv[optind];
	ok = rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err) &&
	     (is_import ? import(&args, argv + optind + 1, argc - optind - 1, arena, &err)
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
		"and where the vendor publishes it. Nothing is fetched. import checks each file by "
		"itself\n"
		"and copies it into the folder that `redoubt verify --collateral` takes: "
		"certificates must\n"
		"lead to a vendor's root, revocation lists, TCB info and enclave identities be "
		"signed under\n"
		"one, and all be inside their dates. Keep the headers of the answers, too (curl "
		"-D): "
		"Intel\n"
		"sends the certificates of its signer there. Files that are imported together, and "
		"the "
		"folder's own,\n"
		"complete each other's chains. If one is refused, none is kept.\n"
		"\n"
		"  --type TYPE    needs: as for `redoubt verify`\n"
		"  --at TIME      import: the time to judge dates at, for recorded evidence "
		"(default: now)\n"
		"  --policy FILE  import: its anchors count as roots, too\n"
		"\n"
		"Examples:\n"
		"  redoubt collateral needs quote.bin --type tdx\n"
		"  redoubt collateral needs report.bin --type snp | while read name url; do\n"
		"    curl -s -D $name.headers -o $name \"$url\"; done\n"
		"  redoubt collateral import pcs/ tcb_info.json qe_identity.json pck_crl.der "
		"tcb_info.json.headers\n",
	.run = run,
};
