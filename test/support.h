/*
 * What every test may use: the shared vectors, files, and numbers that look random but come from
 * a seed, so that a failure can be replayed.
 */
#ifndef RD_TEST_SUPPORT_H
#define RD_TEST_SUPPORT_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redoubt/base.h"

/*
 * The path of a file or folder under ../shared, the vectors beside the repository; static memory,
 * valid until the next call.  Where ../shared is absent the calling test skips, with CI=true it
 * fails.  A file missing from a ../shared that exists fails the test.
 */
const char *rd_test_shared_path(const char *relative);

/* The bytes of a file, NUL behind them, to be freed with rd_test_free.  Fails the test if it
 * cannot be read or is larger than 256 MiB. */
struct rd_view rd_test_read_file(const char *path);
void rd_test_free(struct rd_view bytes);

/* xoshiro256**, seeded: the same numbers on every machine. */
struct rd_test_random {
	uint64_t state[4];
};

/* The seed is RD_TEST_SEED from the environment when set, for replaying; it is printed. */
struct rd_test_random rd_test_random_seed(uint64_t seed);
uint64_t rd_test_random_u64(struct rd_test_random *random);
/* Uniform in [0, bound); bound must not be 0. */
uint64_t rd_test_random_below(struct rd_test_random *random, uint64_t bound);
void rd_test_random_bytes(struct rd_test_random *random, uint8_t *out, size_t len);

#endif
