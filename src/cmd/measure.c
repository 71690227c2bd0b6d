/* redoubt measure FILE...: the value that a verifier should expect of an enclave file. */
#include "cmd.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>

#include <stdio.h>

#define CHUNK ((size_t)1 << 20)

/* SHA-384 of the file, as the launcher computes it (PROTOCOL 1). */
static bool measure(const char *path, struct rd_arena *arena, uint8_t out[RD_SHA384_LEN],
		    struct rd_err *err)
{
	struct rd_os_file file RD_AUTO(rd_os_file_close) = { 0 };
	struct rd_hasher *hasher RD_AUTO(rd_hasher_free) = NULL;
	uint8_t *chunk = rd_arena_alloc(arena, CHUNK, 1, err);

	if (!chunk || !rd_os_file_open(path, &file, err) ||
	    !rd_hasher_new(RD_HASH_SHA384, &hasher, err))
		return false;
	for (uint64_t at = 0; at < file.size; at += CHUNK) {
		uint64_t left = file.size - at;
		struct rd_span piece = { chunk, left < CHUNK ? (size_t)left : CHUNK, 0 };

		if (!rd_os_file_pread(&file, at, &piece, err) ||
		    !rd_hasher_add(hasher, rd_view_of(chunk, piece.used), err))
			return false;
	}
	return rd_hasher_finish(hasher, out, err);
}

static int run(int argc, char **argv)
{
	struct rd_err err = { 0 };
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;

	if (argc < 2 || argv[1][0] == '-')
		return cmd_misused(&cmd_measure, "a file is needed");
	if (!rd_crypto_init(&err) || !rd_arena_new(4 * CHUNK, &arena, &err))
		return cmd_failed(&cmd_measure, &err);
	for (int i = 1; i < argc; i++) {
		uint8_t digest[RD_SHA384_LEN];
		struct rd_view text;

		rd_arena_reset(arena);
		if (!measure(argv[i], arena, digest, &err) ||
		    !rd_hex(arena, rd_view_of(digest, sizeof(digest)), &text, &err))
			return cmd_failed(&cmd_measure, &err);
		printf("%.*s  %s\n", RD_FMT(text), argv[i]);
	}
	return 0;
}

const struct cmd cmd_measure = {
	.name = "measure",
	.summary = "prints the measurement that a verifier should expect",
	.help = "Usage: redoubt measure FILE...\n"
		"\n"
		"Prints the SHA-384 of each enclave file: what the launcher measures before it\n"
		"starts the file, and what a room names as acceptable.\n"
		"\n"
		"Example:\n"
		"  redoubt measure build/redoubt-enclave\n",
	.run = run,
};
