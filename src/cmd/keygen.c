/* redoubt keygen DIR: the keys of one party. */
#include "cmd.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>

#include <stdio.h>
#include <string.h>

#define PATH_MAX_LEN 4096
#define PEM_MAX 4096

/* One pair of files: NAME.key (0600) and NAME.pub. */
static const struct pair {
	const char *name, *use;
	bool is_x25519;
} pairs[] = {
	{ "sign", "approves rooms", false },
	{ "release", "signs key releases", false },
	{ "tls", "proves a broker to enclaves", false },
	{ "read", "opens answers", true },
};

#define N_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static bool pair_path(const char *dir, const struct pair *pair, const char *ending, char *out,
		      struct rd_err *err)
{
	int len = snprintf(out, PATH_MAX_LEN, "%s/%s.%s", dir, pair->name, ending);

	if (len < 0 || len >= PATH_MAX_LEN)
		return rd_fail(err, RD_FAULT_USAGE, "os.file.name", "%s: the name is too long",
			       dir);
	return true;
}

static bool make_pair(const struct pair *pair, struct rd_buf *key, struct rd_buf *pub,
		      struct rd_err *err)
{
	struct rd_secret secret RD_AUTO(rd_secret_wipe) = { .len = 0 };
	uint8_t public_key[32];
	struct rd_view view = { public_key, sizeof(public_key) };

	if (pair->is_x25519)
		return rd_x25519_generate(&secret, public_key, err) &&
		       rd_pem_x25519_private(&secret, key, err) &&
		       rd_pem_x25519_public(view, pub, err);
	return rd_ed25519_generate(&secret, public_key, err) &&
	       rd_pem_ed25519_private(&secret, key, err) && rd_pem_ed25519_public(view, pub, err);
}

/* The private file is created last: a pair is there when its .key is there. */
static bool write_pair(const char *dir, const struct pair *pair, struct rd_err *err)
{
	struct rd_buf key RD_AUTO(rd_buf_free) = { 0 }, pub RD_AUTO(rd_buf_free) = { 0 };
	char key_path[PATH_MAX_LEN], pub_path[PATH_MAX_LEN];

	rd_buf_init(&key, PEM_MAX);
	rd_buf_init(&pub, PEM_MAX);
	if (!pair_path(dir, pair, "key", key_path, err) ||
	    !pair_path(dir, pair, "pub", pub_path, err) || !make_pair(pair, &key, &pub, err) ||
	    !rd_os_file_create(pub_path, 0644, rd_buf_view(&pub), err) ||
	    !rd_os_file_create(key_path, 0600, rd_buf_view(&key), err))
		return false;
	printf("  %-12s %-12s %s\n", strrchr(key_path, '/') + 1, strrchr(pub_path, '/') + 1,
	       pair->use);
	return true;
}

/* Nothing is written if a single file is in the way. */
static bool all_new(const char *dir, struct rd_err *err)
{
	static const char *const endings[] = { "key", "pub" };
	char path[PATH_MAX_LEN];

	for (size_t i = 0; i < 2 * N_PAIRS; i++) {
		if (!pair_path(dir, &pairs[i / 2], endings[i % 2], path, err))
			return false;
		if (rd_os_file_exists(path))
			return rd_fail(err, RD_FAULT_FAILED, "os.file.exists",
				       "%s exists already; no key was made", path);
	}
	return true;
}

static int run(int argc, char **argv)
{
	struct rd_err err = { 0 };

	if (argc != 2 || argv[1][0] == '-' || argv[1][0] == '\0')
		return cmd_misused(&cmd_keygen, "one folder is needed");
	if (!rd_crypto_init(&err) || !rd_os_mkdirs(argv[1], 0700, &err) || !all_new(argv[1], &err))
		return cmd_failed(&cmd_keygen, &err);
	printf("%s:\n", argv[1]);
	for (size_t i = 0; i < N_PAIRS; i++)
		if (!write_pair(argv[1], &pairs[i], &err))
			return cmd_failed(&cmd_keygen, &err);
	return 0;
}

const struct cmd cmd_keygen = {
	.name = "keygen",
	.summary = "makes a party's keys",
	.help = "Usage: redoubt keygen DIR\n"
		"\n"
		"Makes the folder and four pairs of keys in it: sign, release and tls are "
		"Ed25519,\n"
		"read is X25519. NAME.key is private (mode 0600), NAME.pub is for the others; "
		"both\n"
		"are PEM that openssl reads. Files that exist are never replaced.\n"
		"\n"
		"Example:\n"
		"  redoubt keygen clinic && openssl pkey -in clinic/sign.key -noout -text\n",
	.run = run,
};
