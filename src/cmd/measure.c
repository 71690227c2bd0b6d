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

/* What the command line names, as read. */
struct given {
	const char *kernel, *initrd;
	struct rd_buf file_bytes, kernel_bytes, initrd_bytes;
	struct rd_tee_launch launch;
};

static void given_free(struct given *g)
{
	rd_buf_free(&g->file_bytes);
	rd_buf_free(&g->kernel_bytes);
	rd_buf_free(&g->initrd_bytes);
}

/* An empty file is a part that is given, too. */
static bool read_part(const char *path, struct rd_buf *bytes, struct rd_view *out,
		      struct rd_err *err)
{
	bytes->max = FILE_MAX;
	if (!path)
		return true;
	if (!rd_os_file_read(path, FILE_MAX, bytes, err))
		return false;
	*out = bytes->len ? rd_buf_view(bytes) : rd_view_of("", 0);
	return true;
}

static bool measure(struct given *g, struct rd_arena *arena, struct measured *out,
		    struct rd_err *err)
{
	rd_buf_clear(&g->file_bytes);
	if (!read_part(out->file, &g->file_bytes, &g->launch.file, err))
		return false;
	return out->tee->measure(&g->launch, arena, &out->values, err) ||
	       rd_wrap(err, "%s", out->file);
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

/* The policy's key for a claim; `index` is what follows the dot of a list of lists. */
static const char *policy_key(const struct rd_tee *tee, const char *claim, const char **index)
{
	for (const struct rd_tee_rule *r = tee->rules; r->key; r++) {
		size_t len = strlen(r->claim);

		*index = r->claim[len - 1] == '.' ? claim + len : NULL;
		if (r->kind == RD_RULE_ONE_OF && strncmp(claim, r->claim, len) == 0 &&
		    (*index || !claim[len]))
			return r->key;
	}
	return claim;
}

/* As `redoubt verify --policy` takes it; the enclave's is a room's and has no such file. */
static void put_policy(const struct measured *v, struct rd_buf *out)
{
	const char *open = "";

	rd_buf_printf(out, "# %s\nversion: 1\n%s:\n", v->file, v->tee->name);
	for (uint32_t i = 0; i < v->values.n; i++) {
		const char *index = NULL;
		const char *key = policy_key(v->tee, v->values.value[i].name, &index);

		if (index && strcmp(open, key) != 0)
			rd_buf_printf(out, "  %s:\n", key);
		open = key;
		if (index)
			rd_buf_printf(out, "    \"%s\": [\"", index);
		else
			rd_buf_printf(out, "  %s: [\"", key);
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

struct arguments {
	const char *form, *name, *vcpus;
	struct given given;
};

static bool read_options(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "kind", required_argument, NULL, 'k' },
		{ "output", required_argument, NULL, 'o' },
		{ "kernel", required_argument, NULL, 'K' },
		{ "initrd", required_argument, NULL, 'I' },
		{ "append", required_argument, NULL, 'A' },
		{ "cpu", required_argument, NULL, 'C' },
		{ "vcpus", required_argument, NULL, 'V' },
		{ "vmm", required_argument, NULL, 'M' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		switch (option) {
		case 'k':
			a->name = optarg;
			break;
		case 'o':
			a->form = optarg;
			break;
		case 'K':
			a->given.kernel = optarg;
			break;
		case 'I':
			a->given.initrd = optarg;
			break;
		case 'A':
			a->given.launch.command_line = rd_view_str(optarg);
			break;
		case 'C':
			a->given.launch.cpu = rd_view_str(optarg);
			break;
		case 'V':
			a->vcpus = optarg;
			break;
		case 'M':
			a->given.launch.vmm = rd_view_str(optarg);
			break;
		default:
			return false;
		}
	}
	return true;
}

static bool measure_all(struct arguments *a, const struct rd_tee *tee, char *const *files,
			struct rd_err *err)
{
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct given *g = &a->given;

	if (!rd_crypto_init(err) || !rd_arena_new(MEMORY_MAX, &arena, err) ||
	    !read_part(g->kernel, &g->kernel_bytes, &g->launch.kernel, err) ||
	    !read_part(g->initrd, &g->initrd_bytes, &g->launch.initrd, err))
		return false;
	for (; *files; files++) {
		struct measured v = { .tee = tee, .file = *files };

		rd_arena_reset(arena);
		if (!measure(g, arena, &v, err) || !print(&v, a->form, err))
			return false;
	}
	return true;
}

static int run(int argc, char **argv)
{
	struct arguments a = { .form = "text", .name = "process" };
	const struct rd_tee *tee;
	struct rd_err err = { 0 };
	int64_t vcpus = 0;
	bool ok;

	if (!read_options(argc, argv, &a))
		return cmd_misused(&cmd_measure, "an option is unknown or lacks its value");
	tee = rd_tee_by_name(rd_view_str(a.name));
	if (!tee || !tee->measure)
		return cmd_misused(&cmd_measure, "--kind is process, snp, tdx, nitro or tpm");
	if (argc == optind)
		return cmd_misused(&cmd_measure, "a file is needed");
	if (strcmp(a.form, "text") != 0 && strcmp(a.form, "corim") != 0 &&
	    (strcmp(a.form, "policy") != 0 || !tee->rules))
		return cmd_misused(&cmd_measure,
				   "-o is text, corim or, for kinds other than process, policy");
	if (a.vcpus && !rd_parse_i64(rd_view_str(a.vcpus), 1, UINT32_MAX, &vcpus, &err))
		return cmd_misused(&cmd_measure, "--vcpus is a number");
	a.given.launch.vcpus = (uint32_t)vcpus;
	ok = measure_all(&a, tee, argv + optind, &err);
	given_free(&a.given);
	return ok ? 0 : cmd_failed(&cmd_measure, &err);
}

const struct cmd cmd_measure = {
	.name = "measure",
	.summary = "prints the measurement that a verifier should expect",
	.help = "Usage: redoubt measure [--kind process|snp|tdx|nitro|tpm] [-o text|policy|corim] "
		"FILE...\n"
		"\n"
		"Computes offline what evidence will say of what is started.\n"
		"\n"
		"  --kind KIND    what FILE is and what is computed of it:\n"
		"                 process  an enclave: SHA-384, as the launcher measures it and a "
		"room\n"
		"                          names it (default)\n"
		"                 snp      OVMF with SEV metadata: the launch digest\n"
		"                 tdx      OVMF with TDX metadata: MRTD, and RTMR2 of initrd and "
		"command\n"
		"                          line; or a domain's event log (CCEL): RTMR0 to 3\n"
		"                 nitro    an enclave image (EIF): PCR0 to 2, signed ones: PCR8\n"
		"                 tpm      a TCG event log: the registers after it\n"
		"  --vcpus N      snp: number of virtual CPUs\n"
		"  --cpu MODEL    snp: EPYC, EPYC-Rome, EPYC-Milan, EPYC-Genoa, EPYC-Turin, or a "
		"CPUID\n"
		"                 signature such as 0x00A00F11\n"
		"  --vmm VMM      snp: who starts the machine: qemu (default), or ec2, which takes "
		"no "
		"--cpu\n"
		"  --kernel FILE  snp: a kernel that the firmware measures (OVMF's AmdSev build)\n"
		"  --initrd FILE  snp, tdx: its initrd\n"
		"  --append TEXT  snp, tdx: its command line\n"
		"  -o FORM        text (default); policy: for a verifier; corim: reference values "
		"in CBOR,\n"
		"                 unsigned\n"
		"\n"
		"Examples:\n"
		"  redoubt measure build/redoubt-enclave\n"
		"  redoubt measure --kind snp --vcpus 4 --cpu EPYC-Milan -o policy OVMF.fd\n"
		"  redoubt measure --kind tdx /usr/share/ovmf/OVMF.fd\n"
		"  redoubt measure --kind tdx /sys/firmware/acpi/tables/data/CCEL\n"
		"  redoubt measure --kind nitro -o policy app.eif\n"
		"  redoubt measure --kind tpm /sys/kernel/security/tpm0/binary_bios_measurements\n",
	.run = run,
};
