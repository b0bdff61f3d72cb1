/* SPDX-License-Identifier: BSD-3-Clause */
/* weir: the gateway and the tools that share its code. */
#include "weir.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"run", weir_cmd_run, "be the gateway:             weir run -c FILE"},
	{"check", weir_cmd_check, "check a configuration:      weir check -c FILE [--dump]"},
	{"replay", weir_cmd_replay,
	 "decide about a capture:     weir replay -c FILE --in CAPTURE…"},
	{"inspect", weir_cmd_inspect,
	 "judge requests by rules:    weir inspect [--rules PATTERN]… [FILE]"},
	{"doctor", weir_cmd_doctor, "look at machine and ports:  weir doctor [-c FILE] [--json]"},
};

static void usage(FILE *to)
{
	fprintf(to, "usage: weir COMMAND [OPTION…]\n\n");
	for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "  %-8s the same as check\n  %-8s print the version\n\n", "-t", "version");
	fprintf(to, "Each command has --help. Configuration: %s unless -c names another.\n",
		WEIR_DEFAULT_CONF);
}

static int no_such_command(const char *name)
{
	const char *best = NULL;
	unsigned int nearest = 4;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++) {
		unsigned int d = weir_edit_distance(name, commands[i].name);

		if (d < nearest) {
			nearest = d;
			best = commands[i].name;
		}
	}
	fprintf(stderr, "weir: no command '%s'%s%s%s\n", name, best ? ", did you mean '" : "",
		best ? best : "", best ? "'?" : "; see weir --help");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "-t") == 0)
		return weir_cmd_check(argc - 1, argv + 1);
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
		printf("weir %s\n", WEIR_VERSION);
		return EXIT_OK;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		usage(stdout);
		return EXIT_OK;
	}
	if (!*name) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return no_such_command(name);
}
