/* SPDX-License-Identifier: BSD-3-Clause */
/* `weir doctor`: what this machine and its ports can do, what is missing, and the command that
 * mends it. */
#include "weir.h"

#include <getopt.h>
#include <stdlib.h>

struct output {
	bool json;
	struct weir_buf text;
	struct weir_json j;
};

static const char help[] = "usage: weir doctor [-c FILE] [--json]\n\n"
			   "Looks at the machine and, with a configuration, at each of its ports. "
			   "Ends with 1 when there\n"
			   "is a problem, 0 otherwise.\n\n"
			   "  -c, --config FILE  the appliance file whose ports are looked at\n"
			   "  -j, --json         one JSON object\n";

static void print_finding(void *ctx, const struct weir_finding *f)
{
	static const char *const marks[] = {"ok     ", "hint   ", "PROBLEM"};
	static const char *const levels[] = {"ok", "hint", "problem"};
	struct output *o = ctx;

	if (!o->json) {
		printf("%s  %-20s %s\n", marks[f->level], f->subject, f->text);
		if (*f->command)
			printf("%-9s%-20s   $ %s\n", "", "", f->command);
		return;
	}
	weir_json_object(&o->j, NULL);
	weir_json_str(&o->j, "level", levels[f->level]);
	weir_json_str(&o->j, "subject", f->subject);
	weir_json_str(&o->j, "text", f->text);
	if (*f->command)
		weir_json_str(&o->j, "command", f->command);
	weir_json_end_object(&o->j);
}

static unsigned int examine(const struct weir_conf *conf, bool json)
{
	struct output o = {.json = json};
	unsigned int problems;

	o.j = weir_json_into(&o.text);
	weir_json_object(&o.j, NULL);
	weir_json_array(&o.j, "findings");
	problems = weir_doctor(conf, print_finding, &o);
	weir_json_end_array(&o.j);
	weir_json_u64(&o.j, "problems", problems);
	weir_json_end_object(&o.j);
	if (json)
		puts(o.text.ptr);
	else
		printf("%u problem%s\n", problems, problems == 1 ? "" : "s");
	weir_buf_fini(&o.text);
	return problems;
}

int weir_cmd_doctor(int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct weir_conf *conf = NULL;
	const char *file = NULL;
	bool json = false;
	unsigned int problems;
	int c;

	while ((c = getopt_long(argc, argv, "c:jh", longs, NULL)) != -1) {
		if (c == 'c')
			file = optarg;
		else if (c == 'j')
			json = true;
		else
			return fputs(help, c == 'h' ? stdout : stderr),
			       c == 'h' ? EXIT_OK : EXIT_USAGE;
	}
	if (file) {
		conf = setup_conf(file);
		if (!conf)
			return EXIT_BAD;
		setup_workers(conf);
	}
	problems = examine(conf, json);
	weir_conf_destroy(conf);
	return problems ? EXIT_BAD : EXIT_OK;
}
