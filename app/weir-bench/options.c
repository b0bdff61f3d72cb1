/* SPDX-License-Identifier: BSD-3-Clause */
/* Command lines as tables, on getopt_long. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define OPTIONS_MAX 48
#define HELP_COLUMN 26

/* ---- values ---- */

const char *bench_parse_flag(const struct bench_option *o, const char *text, void *out)
{
	*(bool *)out = true;
	return NULL;
}

/* A number with a decimal suffix: 100k, 1m, 2.5m, 1g. */
static const char *parse_count(const char *text, uint64_t *out)
{
	double value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return "not a number";
	value = strtod(text, &end);
	switch (tolower((unsigned char)*end)) {
	case 'k':
		value *= 1e3;
		break;
	case 'm':
		value *= 1e6;
		break;
	case 'g':
		value *= 1e9;
		break;
	case '\0':
		end--;
		break;
	default:
		return "not a number (k, m and g stand for thousand, million and thousand million)";
	}
	if (end[1] != '\0')
		return "not a number";
	if (value != floor(value) || value > 1e15)
		return "not a whole number, or too large";
	*out = (uint64_t)value;
	return NULL;
}

const char *bench_parse_u64(const struct bench_option *o, const char *text, void *out)
{
	uint64_t value;
	const char *wrong = parse_count(text, &value);

	if (wrong)
		return wrong;
	if (value < o->min || value > o->max)
		return "out of range";
	*(uint64_t *)out = value;
	return NULL;
}

const char *bench_parse_rate(const struct bench_option *o, const char *text, void *out)
{
	if (strcmp(text, "max") == 0) {
		*(uint64_t *)out = 0;
		return NULL;
	}
	return bench_parse_u64(o, text, out);
}

const char *bench_parse_duration(const struct bench_option *o, const char *text, void *out)
{
	static const struct {
		const char *suffix;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 60e9}};
	double value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return "not a duration";
	value = strtod(text, &end);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		value *= units[i].ns;
		if (value < (double)o->min || value > (double)o->max)
			return "out of range";
		*(uint64_t *)out = (uint64_t)value;
		return NULL;
	}
	return "not a duration (5, 5s, 500ms, 20us, 1m)";
}

const char *bench_parse_text(const struct bench_option *o, const char *text, void *out)
{
	*(const char **)out = text;
	return *text ? NULL : "empty";
}

const char *bench_parse_texts(const struct bench_option *o, const char *text, void *out)
{
	struct bench_texts *all = out;

	if (all->n == BENCH_TEXTS_MAX)
		return "too many of them";
	all->text[all->n++] = text;
	return NULL;
}

const char *bench_parse_word(const struct bench_option *o, const char *text, void *out)
{
	for (unsigned int i = 0; o->words[i]; i++) {
		if (strcmp(text, o->words[i]) != 0)
			continue;
		*(unsigned int *)out = i;
		return NULL;
	}
	return "not one of its words";
}

const char *bench_parse_addr(const struct bench_option *o, const char *text, void *out)
{
	return weir_addr_parse(text, out) == 0 ? NULL : "not an IPv4 or IPv6 address";
}

const char *bench_parse_cpus(const struct bench_option *o, const char *text, void *out)
{
	struct bench_cpus *cpus = out;
	unsigned long cpu;
	char *end;

	cpus->n = 0;
	do {
		if (!isdigit((unsigned char)text[0]))
			return "not CPU numbers with commas between";
		if (cpus->n == BENCH_CPUS_MAX)
			return "too many CPUs (16 at most)";
		errno = 0;
		cpu = strtoul(text, &end, 10);
		if (errno || cpu >= CPU_SETSIZE)
			return "no such CPU";
		for (unsigned int i = 0; i < cpus->n; i++)
			if (cpus->cpu[i] == cpu)
				return "the same CPU twice";
		cpus->cpu[cpus->n++] = (uint16_t)cpu;
		text = end + 1;
	} while (*end == ',');
	return *end == '\0' ? NULL : "not CPU numbers with commas between";
}

unsigned int bench_cpus_default(struct bench_cpus *cpus, unsigned int n)
{
	cpu_set_t allowed;

	cpus->n = 0;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return 0;
	for (uint16_t cpu = 0; cpu < CPU_SETSIZE && cpus->n < n && cpus->n < BENCH_CPUS_MAX; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			cpus->cpu[cpus->n++] = cpu;
	return cpus->n;
}

const char *bench_parse_sizes(const struct bench_option *o, const char *text, void *out)
{
	/* Seven small, four middle, one large, spread out. */
	static const struct bench_sizes imix = {
		.size = {64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 594, 64},
		.n = 12,
	};
	const struct bench_option range = {.min = BENCH_SIZE_MIN, .max = BENCH_SIZE_MAX};
	struct bench_sizes *sizes = out;
	const char *wrong;
	uint64_t size;

	if (strcmp(text, "imix") == 0) {
		*sizes = imix;
		return NULL;
	}
	wrong = bench_parse_u64(&range, text, &size);
	if (wrong)
		return wrong;
	*sizes = (struct bench_sizes){.size = {(uint16_t)size}, .n = 1};
	return NULL;
}

/* ---- help ---- */

/* Adds `text` broken at spaces so that lines end before column 90, indented from the second on. */
static void add_wrapped(struct weir_buf *out, const char *text, size_t indent)
{
	size_t at = indent;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (at + 1 + word > 90) {
			weir_buf_printf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			weir_buf_str(out, " ");
			at++;
		}
		weir_buf_add(out, text, word);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	weir_buf_str(out, "\n");
}

static void add_option_help(const struct bench_option *o, struct weir_buf *out)
{
	char left[64];
	int n = snprintf(left, sizeof(left), "  --%s%s%s", o->name, o->value ? " " : "",
			 o->value ? o->value : "");

	weir_buf_printf(out, "%-*s", HELP_COLUMN, left);
	if (n >= HELP_COLUMN)
		weir_buf_printf(out, "\n%*s", HELP_COLUMN, "");
	add_wrapped(out, o->help, HELP_COLUMN);
}

void bench_options_help(const struct bench_command *cmd, struct weir_buf *out)
{
	weir_buf_printf(out, "weir-bench %s [options]\n  ", cmd->name);
	add_wrapped(out, cmd->about, 2);
	for (unsigned int i = 0; i < cmd->n_options; i++)
		add_option_help(&cmd->options[i], out);
}

static void print_help(const struct bench_command *cmd)
{
	struct weir_buf out = {0};

	bench_options_help(cmd, &out);
	weir_buf_str(&out, "  --help                  this text\n");
	fputs(out.ptr ? out.ptr : "", stdout);
	weir_buf_fini(&out);
}

/* ---- the parser ---- */

static bool take(const struct bench_command *cmd, const struct bench_option *o, const char *text,
		 void *into)
{
	const char *wrong = o->parse(o, text, (char *)into + o->offset);

	if (!wrong)
		return true;
	fprintf(stderr, "weir-bench %s: --%s %s: %s", cmd->name, o->name, text, wrong);
	if (o->words) {
		fputs(" (", stderr);
		for (unsigned int i = 0; o->words[i]; i++)
			fprintf(stderr, "%s%s", i ? ", " : "", o->words[i]);
		fputs(")", stderr);
	}
	fputs("\n", stderr);
	return false;
}

static void fill_long_options(const struct bench_command *cmd, struct option *all)
{
	for (unsigned int i = 0; i < cmd->n_options; i++) {
		all[i].name = cmd->options[i].name;
		all[i].has_arg = cmd->options[i].value ? required_argument : no_argument;
	}
	all[cmd->n_options].name = "help";
}

int bench_options_parse(const struct bench_command *cmd, int argc, char **argv, void *into)
{
	struct option all[OPTIONS_MAX + 2] = {0};
	int index = 0, c;

	weir_assert(cmd->n_options <= OPTIONS_MAX);
	fill_long_options(cmd, all);
	optind = 0; /* from the beginning, also when tests call again */
	while ((c = getopt_long(argc, argv, "", all, &index)) != -1) {
		if (c != 0)
			return BENCH_USAGE; /* getopt_long has said why */
		if (index == (int)cmd->n_options) {
			print_help(cmd);
			return BENCH_OK;
		}
		if (!take(cmd, &cmd->options[index], optarg ? optarg : "", into))
			return BENCH_USAGE;
	}
	if (optind < argc) {
		fprintf(stderr, "weir-bench %s: %s: not an option\n", cmd->name, argv[optind]);
		return BENCH_USAGE;
	}
	return BENCH_GO_ON;
}
