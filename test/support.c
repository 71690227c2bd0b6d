#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((off_t)256 << 20)

const char *rd_test_shared_path(const char *relative)
{
	static char path[4096];
	const char *root = getenv("RD_SHARED");
	const char *ci = getenv("CI");

	if (!root || !*root)
		root = RD_TEST_SHARED;
	if (access(root, R_OK) != 0) {
		print_message("# no ../shared here: %s is not tested\n", relative);
		if (ci && strcmp(ci, "true") == 0)
			fail_msg("CI without ../shared");
		skip();
	}
	int n = snprintf(path, sizeof(path), "%s/%s", root, relative);
	assert_true(n > 0 && (size_t)n < sizeof(path));
	if (access(path, R_OK) != 0)
		fail_msg("%s is missing", path);
	return path;
}

struct rd_view rd_test_read_file(const char *path)
{
	struct stat st;
	FILE *file = fopen(path, "rb");

	if (!file || fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		fail_msg("%s: not a readable file of bounded size", path);
	size_t len = (size_t)st.st_size;
	uint8_t *data = malloc(len + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, len, file), len);
	data[len] = 0;
	fclose(file);
	return rd_view_of(data, len);
}

void rd_test_free(struct rd_view bytes)
{
	free((void *)(uintptr_t)bytes.data);
}

static uint64_t rotate_left(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

struct rd_test_random rd_test_random_seed(uint64_t seed)
{
	struct rd_test_random random;
	const char *replay = getenv("RD_TEST_SEED");

	if (replay && *replay)
		seed = strtoull(replay, NULL, 0);
	print_message("# RD_TEST_SEED=%" PRIu64 "\n", seed);
	for (int i = 0; i < 4; i++) { /* splitmix64, as xoshiro's authors advise */
		uint64_t z = seed += 0x9e3779b97f4a7c15u;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		random.state[i] = z ^ z >> 31;
	}
	return random;
}

uint64_t rd_test_random_u64(struct rd_test_random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t rd_test_random_below(struct rd_test_random *random, uint64_t bound)
{
	uint64_t x, unfair = (UINT64_MAX % bound + 1) % bound;

	do
		x = rd_test_random_u64(random);
	while (x > UINT64_MAX - unfair);
	return x % bound;
}

void rd_test_random_bytes(struct rd_test_random *random, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(rd_test_random_u64(random) >> 56);
}
