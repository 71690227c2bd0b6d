/* The command line: picks the command. */
#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] = "Usage: redoubt --help | --version\n";

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("redoubt " RD_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc < 2)
		fputs("redoubt: no command given\n", stderr);
	else
		fprintf(stderr, "redoubt: unknown command '%s'\n", argv[1]);
	fputs(usage, stderr);
	return EXIT_USAGE;
}
