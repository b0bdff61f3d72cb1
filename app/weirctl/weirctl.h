/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of weirctl share: a command, a connection, and how answers are shown. */
#ifndef WEIRCTL_H
#define WEIRCTL_H

#include <weir_base.h>

#include <jansson.h>
#include <stdio.h>

#define WEIRCTL_DEFAULT_SOCKET "/run/weir/weir.sock"

/* Exit codes of the program. */
enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_WEIR = 3 };

/* ---- commands.c ---- */

enum option_kind { OPTION_FLAG, OPTION_NUMBER, OPTION_TEXT };

struct command_option {
	const char *name; /* NULL ends the list */
	char letter;      /* 0: none */
	enum option_kind kind;
	const char *key;   /* in the request */
	const char *value; /* what it takes, for help */
	const char *help;
};

#define OPTIONS_MAX 10

struct command {
	const char *name;
	const char *about;
	const char *more;                     /* paragraphs for --help, or NULL */
	const char *positional[5];            /* keys of arguments without a dash, in order */
	const char *arguments;                /* those, for help; NULL: none */
	void (*render)(const json_t *answer); /* for people */
	/* Where weir is not asked: gives the answer, or NULL when the request is none. */
	json_t *(*here)(const json_t *request);
	bool streams;            /* further lines follow until one has "done" */
	unsigned int patience_s; /* for an answer */
	struct command_option option[OPTIONS_MAX + 1];
};

/* NULL when there is none; then `*nearest` is one with a similar name, or NULL. */
const struct command *command_find(const char *name, const char **nearest);
void commands_list(FILE *to);
void command_help(const struct command *cmd, FILE *to);

struct settings {
	const char *socket;
	bool json;
};

/* Reads what follows a command's name (argv[0]) into a request, which the caller drops; NULL when
 * there is nothing to be asked, and then *exit_code is set. */
json_t *command_request(const struct command *cmd, int argc, char **argv, struct settings *s,
			int *exit_code);

/* ---- link.c ---- */

struct link {
	int fd;
	struct weir_buf in;
	size_t taken; /* bytes of `in` that were given out */
};

/* 0, or an exit code, and then it is said on stderr. */
WEIR_MUST_CHECK int link_open(struct link *l, const char *socket, unsigned int patience_s);
void link_close(struct link *l);
WEIR_MUST_CHECK int link_send(struct link *l, const char *line);
/* The next line without its newline, good until the next call; NULL, said on stderr. */
const char *link_line(struct link *l);

/* ---- table.c ---- */

#define TABLE_COLUMNS 14

/* Columns are as wide as their widest cell; those named with a leading '>' are set to the right. */
struct table {
	const char *const *head;
	unsigned int columns;
	unsigned int cells;
	struct weir_buf text; /* the cells, each ended by a NUL */
};

/* `head` is ended by NULL and borrowed. */
struct table table_begin(const char *const *head);
void table_cell(struct table *t, const char *format, ...) WEIR_PRINTF(2, 3);
/* Prints it and frees what it holds. */
void table_end(struct table *t);

/* ---- ca.c ---- */

json_t *ca_here(const json_t *request);
void render_ca(const json_t *answer);

/* ---- render*.c ---- */

/* "" and 0 where the key is absent or of another kind. */
const char *text_of(const json_t *object, const char *key);
json_int_t int_of(const json_t *object, const char *key);
double number_of(const json_t *object, const char *key);

/* "3d 4h", "5m 6s", "0.3s". */
const char *duration(double seconds, char text[32]);
/* The time of day of a record's timestamp. */
const char *time_of_day(const json_t *record, char text[16]);
/* "1.2G", "345k", "6". */
const char *scaled(double value, char text[32]);

void render_status(const json_t *answer);
void render_ports(const json_t *answer);
void render_flows(const json_t *answer);
void render_drops(const json_t *answer);
void render_stats(const json_t *answer);
void render_pools(const json_t *answer);
void render_reload(const json_t *answer);
void render_explain(const json_t *answer);
void render_events(const json_t *answer);
void render_rules(const json_t *answer);
void render_certs(const json_t *answer);
void render_pinned(const json_t *answer);
void render_tx(const json_t *answer);
/* Of a status: the compiled rules of threat policies, a line each. */
void print_programs(const json_t *generation);
void render_trace(const json_t *line);
void render_text(const json_t *answer);
void render_version(const json_t *answer);
void render_stop(const json_t *answer);
/* An answer that says no, on stderr. */
void render_refusal(const json_t *answer);

#endif
