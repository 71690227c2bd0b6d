/* Verifications a second on one core, of recorded evidence with all its collateral. */
#include <redoubt/attest.h>
#include <redoubt/crypto.h>
#include <redoubt/os.h>
#include <redoubt/rats.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIECES_MAX 32u
#define SECONDS 1
#define NS_PER_S 1000000000

static struct rd_arena *files;

struct evidence {
	const char *type, *folder, *file, *at;
};

static const struct evidence all[] = {
	{ "snp", "sev-snp/milan-v3-ms", "report.bin", "2026-03-01T00:00:00Z" },
	{ "tdx", "tdx/v5-90c06f-uptodate-google", "quote.bin", "2026-02-05T00:00:00Z" },
	{ "sgx", "sgx/v3-00606a-swhardening-automata", "quote.bin", "2025-09-01T00:00:00Z" },
	{ "nitro", "nitro/valid-pcr8-evervault", "attestation.cbor", "2022-10-13T08:58:02Z" },
	{ "tpm", "tpm/rsa-keylime", "quote.msg", "2026-03-01T00:00:00Z" },
	{ "azure", "tpm-azure/snp-milan-v1", "evidence.json", "2026-03-01T00:00:00Z" },
	{ "cca", "cca/tfrmm-es384", "token.cbor", "2026-03-01T00:00:00Z" },
	{ "psa", "psa/tfm", "psa2_sign1.cbor", "2026-03-01T00:00:00Z" },
	{ "nvidia", "nvidia/hopper-nvtrust", "report.bin", "2026-03-01T00:00:00Z" },
	{ "ear", "ear", "c-ear.jwt", "2026-03-01T00:00:00Z" },
};

static void must(bool ok, const struct rd_err *err)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", err->text);
	_Exit(1);
}

static struct rd_view read_file(const char *path)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = 8u << 20 };
	struct rd_err err = { 0 };
	struct rd_view out;

	must(rd_os_file_read(path, 8u << 20, &bytes, &err), &err);
	must(rd_arena_copy(files, rd_buf_view(&bytes), &out, &err), &err);
	return out;
}

static uint32_t read_folder(const char *folder, const char *not_this, struct rd_collateral *pieces)
{
	char path[2048];
	DIR *d = opendir(folder);
	struct dirent *e;
	struct stat st;
	uint32_t n = 0;

	while (d && (e = readdir(d)) != NULL && n < PIECES_MAX) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && strcmp(e->d_name, not_this) != 0)
			pieces[n++] = (struct rd_collateral){ .name = "",
							      .bytes = read_file(path),
							      .trusted = true };
	}
	if (d)
		closedir(d);
	return n;
}

static const struct rd_tee *kind(const char *name)
{
	const struct rd_tee *tee = rd_tee_by_name(rd_view_str(name));

	return tee ? tee : rd_rats_kinds[0];
}

static void run(const char *root, const struct evidence *e)
{
	struct rd_collateral pieces[PIECES_MAX];
	struct rd_tee_input in = { .collateral = pieces };
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	const struct rd_tee *tee = kind(e->type);
	char path[1024];
	int64_t start, spent = 0;
	uint64_t n = 0;

	snprintf(path, sizeof(path), "%s/%s/%s", root, e->folder, e->file);
	in.report = read_file(path);
	snprintf(path, sizeof(path), "%s/%s", root, e->folder);
	in.n_collateral = read_folder(path, e->file, pieces);
	must(rd_os_time_parse(rd_view_str(e->at), &in.now_unix_s, &err), &err);
	must(rd_arena_new((size_t)32 << 20, &arena, &err), &err);
	start = rd_os_now_ns(RD_CLOCK_THREAD);
	while (spent < (int64_t)SECONDS * NS_PER_S) {
		struct rd_tee_result *r;

		rd_arena_reset(arena);
		r = RD_NEW(arena, struct rd_tee_result, &err);
		must(r && tee->verify(&in, arena, r, &err), &err);
		if (rd_tee_result_of(r, RD_ASPECT_CRYPTO) != RD_RESULT_PASS)
			must(rd_fail(&err, RD_FAULT_FAILED, "b", "%s does not verify", e->type),
			     &err);
		n++;
		spent = rd_os_now_ns(RD_CLOCK_THREAD) - start;
	}
	printf("%-8s %8.2f ms %8.0f /s\n", e->type, (double)spent / 1e6 / (double)n,
	       (double)n * NS_PER_S / (double)spent);
	rd_arena_free(&arena);
}

int main(int argc, char **argv)
{
	struct rd_err err = { 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: bench_verify VECTORS\n");
		return 2;
	}
	must(rd_crypto_init(&err) && rd_arena_new((size_t)256 << 20, &files, &err), &err);
	printf("%-8s %11s %11s   (CPU time, one core; certificates decoded once)\n",
	       "kind", "each", "rate");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		run(argv[1], &all[i]);
	return 0;
}
