/* SPDX-License-Identifier: BSD-3-Clause */
/* weirctl: asks a running weir over its control socket and shows the answer; few commands need
 * none. */
#include "weirctl.h"

#include <stdlib.h>

static void usage(FILE *to)
{
	fputs("usage: weirctl [-s SOCKET] [--json] COMMAND [OPTION…]\n\n", to);
	commands_list(to);
	fputs("\n  -s, --socket PATH  the control socket (" WEIRCTL_DEFAULT_SOCKET
	      ", or $WEIR_SOCKET)\n"
	      "  -j, --json         print weir's answer as it is\n"
	      "  -h, --help         this, or with a command its options\n"
	      "  -V, --version      of weirctl\n\n"
	      "Exit codes: 0 done, 1 weir refused, 2 usage, 3 no connection to weir.\n",
	      to);
}

/* ---- answers ---- */

static int show(const struct command *cmd, const struct settings *s, const char *line, bool *done)
{
	json_t *answer = json_loads(line, 0, NULL);
	bool refused;

	if (!json_is_object(answer)) {
		fprintf(stderr, "weirctl: weir's answer is not JSON: %.200s\n", line);
		json_decref(answer);
		*done = true;
		return EXIT_REFUSED;
	}
	refused = json_is_false(json_object_get(answer, "ok"));
	*done = !cmd->streams || refused || json_is_true(json_object_get(answer, "done"));
	if (s->json)
		puts(line);
	else if (refused)
		render_refusal(answer);
	else
		cmd->render(answer);
	fflush(stdout);
	json_decref(answer);
	return refused ? EXIT_REFUSED : EXIT_OK;
}

static int converse(const struct command *cmd, const struct settings *s, struct link *l,
		    const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	int rc = text ? link_send(l, text) : EXIT_REFUSED;
	bool done = false;

	free(text);
	while (rc == EXIT_OK && !done) {
		const char *line = link_line(l);

		if (!line)
			return EXIT_NO_WEIR;
		rc = show(cmd, s, line, &done);
	}
	return rc;
}

/* A trace is quiet for as long as it lasts. */
static unsigned int patience(const struct command *cmd, const json_t *request)
{
	const char *seconds = text_of(request, "seconds");

	return cmd->patience_s + (unsigned int)strtoul(seconds, NULL, 10);
}

static int answer_here(const struct command *cmd, const struct settings *s, const json_t *request)
{
	json_t *answer = cmd->here(request);
	char *line = answer ? json_dumps(answer, 0) : NULL;
	bool done;
	int rc = EXIT_USAGE;

	if (line)
		rc = show(cmd, s, line, &done);
	else
		command_help(cmd, stderr);
	free(line);
	json_decref(answer);
	return rc;
}

static int run(const struct command *cmd, int argc, char **argv, struct settings *s)
{
	struct link l;
	int rc = EXIT_OK;
	json_t *request = command_request(cmd, argc, argv, s, &rc);

	if (!request)
		return rc;
	if (cmd->here) {
		rc = answer_here(cmd, s, request);
		json_decref(request);
		return rc;
	}
	rc = link_open(&l, s->socket, patience(cmd, request));
	if (rc == EXIT_OK) {
		rc = converse(cmd, s, &l, request);
		link_close(&l);
	}
	json_decref(request);
	return rc;
}

/* ---- the command line ---- */

static int no_such_command(const char *name, const char *nearest)
{
	fprintf(stderr, "weirctl: no command '%s'%s%s%s\n", name, nearest ? ", did you mean '" : "",
		nearest ? nearest : "", nearest ? "'?" : "; see weirctl --help");
	return EXIT_USAGE;
}

static bool is(const char *arg, const char *letter, const char *name)
{
	return strcmp(arg, letter) == 0 || strcmp(arg, name) == 0;
}

/* What stands before the command; returns its index, or -1 when *exit_code tells the end. */
static int read_globals(int argc, char **argv, struct settings *s, int *exit_code)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (is(argv[i], "-j", "--json")) {
			s->json = true;
		} else if (is(argv[i], "-s", "--socket") && i + 1 < argc) {
			s->socket = argv[++i];
		} else if (strncmp(argv[i], "--socket=", 9) == 0) {
			s->socket = argv[i] + 9;
		} else if (is(argv[i], "-h", "--help")) {
			usage(stdout);
			return *exit_code = EXIT_OK, -1;
		} else if (is(argv[i], "-V", "--version")) {
			puts("weirctl " WEIR_VERSION);
			return *exit_code = EXIT_OK, -1;
		} else {
			fprintf(stderr, "weirctl: %s: see weirctl --help\n", argv[i]);
			return *exit_code = EXIT_USAGE, -1;
		}
	}
	if (i < argc)
		return i;
	usage(stderr);
	return *exit_code = EXIT_USAGE, -1;
}

int main(int argc, char **argv)
{
	struct settings s = {.socket = getenv("WEIR_SOCKET")};
	const struct command *cmd;
	const char *nearest = NULL;
	int rc = EXIT_OK, at;

	if (!s.socket || !*s.socket)
		s.socket = WEIRCTL_DEFAULT_SOCKET;
	at = read_globals(argc, argv, &s, &rc);
	if (at < 0)
		return rc;
	if (strcmp(argv[at], "help") == 0) {
		if (at + 1 == argc)
			return usage(stdout), EXIT_OK;
		at++;
		cmd = command_find(argv[at], &nearest);
		return cmd ? (command_help(cmd, stdout), EXIT_OK)
			   : no_such_command(argv[at], nearest);
	}
	cmd = command_find(argv[at], &nearest);
	if (!cmd)
		return no_such_command(argv[at], nearest);
	return run(cmd, argc - at, argv + at, &s);
}
