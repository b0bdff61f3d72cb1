/* SPDX-License-Identifier: BSD-3-Clause */
/* Command lines as tables: one row an option, from which both the parser and the help are made. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <weir_base.h>

struct bench_option;

/* Reads `text` into `out`. Returns NULL, or what is wrong with it. */
typedef const char *(*bench_parse_fn)(const struct bench_option *o, const char *text, void *out);

struct bench_option {
	const char *name;  /* without its dashes */
	const char *value; /* what stands for the value in the help; NULL: a flag */
	const char *help;  /* with unit and default */
	bench_parse_fn parse;
	size_t offset;            /* of what is filled, in the command's own struct */
	uint64_t min, max;        /* numbers only */
	const char *const *words; /* word only; ended by NULL */
};

struct bench_command {
	const char *name;
	const char *about; /* whole sentences */
	const struct bench_option *options;
	unsigned int n_options;
	int (*run)(int argc, char **argv);
};

/* What each fills: bool, uint64_t, uint64_t nanoseconds, uint64_t a second (0: max), const char *,
 * struct bench_texts (one more), unsigned int (index of the word), struct weir_addr, struct
 * bench_cpus, struct bench_sizes. */
const char *bench_parse_flag(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_u64(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_duration(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_rate(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_text(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_word(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_texts(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_addr(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_cpus(const struct bench_option *o, const char *text, void *out);
const char *bench_parse_sizes(const struct bench_option *o, const char *text, void *out);

#define BENCH_TEXTS_MAX 64
struct bench_texts {
	const char *text[BENCH_TEXTS_MAX];
	unsigned int n;
};

#define BENCH_CPUS_MAX 16
struct bench_cpus {
	uint16_t cpu[BENCH_CPUS_MAX];
	unsigned int n;
};

/* Fills `cpus` with the first `n` that this process may run on. Returns how many there were. */
unsigned int bench_cpus_default(struct bench_cpus *cpus, unsigned int n);

/* Ethernet frame sizes on the wire, with the FCS (RFC 2544 section 9), taken in turn. */
#define BENCH_FCS_BYTES 4
#define BENCH_SIZE_MIN  64
#define BENCH_SIZE_MAX  1518
#define BENCH_SIZES_MAX 12
struct bench_sizes {
	uint16_t size[BENCH_SIZES_MAX];
	unsigned int n;
};

/* Exit codes. */
#define BENCH_OK    0
#define BENCH_FAIL  1
#define BENCH_USAGE 2

/* What bench_options_parse returns where the command is to be run. */
#define BENCH_GO_ON (-1)

/*
 * Fills `into` from the arguments, of which argv[0] is the command's name; what is absent keeps its
 * value. Returns BENCH_GO_ON, or the exit code where there is nothing to run: help, which is on
 * stdout then, or what is wrong with the arguments, on stderr.
 */
int bench_options_parse(const struct bench_command *cmd, int argc, char **argv, void *into);
void bench_options_help(const struct bench_command *cmd, struct weir_buf *out);

#endif
