/*
 * Runs a fuzz target over a stored corpus with any compiler: replay DIR-or-FILE...
 * A target is a function that must survive every input, so surviving is the whole test.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	/* An allocation of exactly the input's size lets ASan see a read past its end. */
	struct stat st;
	if (!file || fstat(fileno(file), &st) != 0 || st.st_size > (off_t)INPUT_MAX) {
		fprintf(stderr, "%s: cannot read, or larger than %u bytes\n", path, INPUT_MAX);
		if (file)
			fclose(file);
		return false;
	}
	size_t len = (size_t)st.st_size;
	uint8_t *data = malloc(len ? len : 1);
	bool good = data && fread(data, 1, len, file) == len;
	fclose(file);
	if (good) {
		fprintf(stderr, "%s\n", path);
		LLVMFuzzerTestOneInput(data, len);
	}
	free(data);
	return good;
}

static bool replay_dir(const char *path, size_t *count)
{
	DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT;
	bool good = true;
	for (struct dirent *entry; good && (entry = readdir(dir)) != NULL;) {
		char name[4096];
		int n = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] == '.')
			continue;
		good = n > 0 && (size_t)n < sizeof(name) && replay_file(name);
		*count += 1;
	}
	closedir(dir);
	return good;
}

int main(int argc, char **argv)
{
	size_t count = 0;
	uint8_t nothing = 0;

	LLVMFuzzerTestOneInput(&nothing, 0);
	for (int i = 1; i < argc; i++) {
		struct stat st;
		bool is_file = stat(argv[i], &st) == 0 && S_ISREG(st.st_mode);
		if (!(is_file ? replay_file(argv[i]) : replay_dir(argv[i], &count)))
			return 1;
	}
	printf("%zu stored inputs replayed\n", count);
	return 0;
}
