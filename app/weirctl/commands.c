/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands, their options, and how a command line becomes a request. */
#include "weirctl.h"

#include <getopt.h>
#include <stdlib.h>

#define FILTER                                                                                    \
	{"any", 'a', OPTION_TEXT, "any", "PREFIX", "either side is in it"},                       \
		{"src", 0, OPTION_TEXT, "src", "PREFIX", "who began it is in it"},                \
		{"dst", 0, OPTION_TEXT, "dst", "PREFIX", "whom it was begun with is in it"},      \
		{"port", 'p', OPTION_NUMBER, "port", "N", "of either side"},                      \
		{"proto", 0, OPTION_TEXT, "proto", "NAME", "tcp, udp, icmp, icmpv6 or a number"}, \
		{"denied", 0, OPTION_FLAG, "denied", NULL, "only what policy denied"},            \
	{                                                                                         \
		"flow", 0, OPTION_NUMBER, "flow_id", "ID", "only this flow"                       \
	}

static const struct command commands[] = {
	{
		.name = "status",
		.about = "what weir is doing: generation, workers, ports, warnings",
		.render = render_status,
	},
	{
		.name = "flows",
		.about = "the flows that pass or were denied",
		.more = "A PREFIX is an address or a network, 10.0.0.1 or 2001:db8::/32.\n",
		.render = render_flows,
		.option = {FILTER,
			   {"limit", 'n', OPTION_NUMBER, "limit", "N", "show so many (100)"}},
	},
	{
		.name = "drops",
		.about = "packets not passed on, by reason",
		.render = render_drops,
		.option = {{"all", 'a', OPTION_FLAG, "all", NULL, "also reasons that never were"}},
	},
	{
		.name = "stats",
		.about = "counters and cycles a packet, by worker and port",
		.render = render_stats,
	},
	{
		.name = "pools",
		.about = "what there is a fixed number of: in use, the most, how often it was not "
			 "enough",
		.more = "Of each the worker is shown where it was not enough most often. SIZED BY "
			"is a\n"
			"key of the appliance file; where there is none, more workers have more.\n",
		.render = render_pools,
		.option = {{"all", 'a', OPTION_FLAG, "all", NULL, "of all workers"}},
	},
	{
		.name = "explain",
		.about = "what policy says to a flow, and why",
		.more = "weirctl explain 10.0.0.1 10.0.1.2 tcp 443 is the same as with options.\n"
			"For ICMP the port is the type.\n",
		.positional = {"from", "to", "protocol", "port"},
		.arguments = "FROM TO [PROTOCOL] PORT",
		.render = render_explain,
		.option = {{"from", 0, OPTION_TEXT, "from", "ADDRESS", "who begins it"},
			   {"to", 0, OPTION_TEXT, "to", "ADDRESS", "whom it is begun with"},
			   {"proto", 0, OPTION_TEXT, "protocol", "NAME", "tcp (default), udp, …"},
			   {"port", 'p', OPTION_NUMBER, "port", "N", "the destination's"},
			   {"sni", 's', OPTION_TEXT, "sni", "NAME",
			    "whom the client asks for by TLS; '' for nobody"},
			   {"identity", 'i', OPTION_TEXT, "identity", "ID",
			    "who it is: spiffe://…, dns:… or cn:…; '' for nobody"}},
	},
	{
		.name = "trace",
		.about = "packets of flows that match, as they pass",
		.more = "A PREFIX is an address or a network. One trace at a time.\n"
			"'>' came from a peer, '>>' was sent by weir for an inspected connection, "
			"'>|' was "
			"stopped.\n",
		.render = render_trace,
		.streams = true,
		.option = {FILTER,
			   {"count", 'n', OPTION_NUMBER, "count", "N", "end after so many (100)"},
			   {"seconds", 't', OPTION_NUMBER, "seconds", "N",
			    "end after so long (10)"}},
	},
	{
		.name = "events",
		.about = "the newest decision records",
		.render = render_events,
		.option = {{"n", 'n', OPTION_NUMBER, "n", "N", "so many, at most 1000 (20)"}},
	},
	{
		.name = "rules",
		.about = "rules of threat policies, by what they hit or cost",
		.more = "weirctl rules top --by time -n 10\n"
			"Numbers are those of the running generation; time is sampled.\n",
		.positional = {"view"},
		.arguments = "top",
		.render = render_rules,
		.option = {{"by", 'b', OPTION_TEXT, "by", "ORDER", "hits (default) or time"},
			   {"count", 'n', OPTION_NUMBER, "count", "N", "show so many (20)"}},
	},
	{
		.name = "tx",
		.about = "the newest HTTP transactions that left a record",
		.render = render_tx,
		.option = {{"denied", 'd', OPTION_FLAG, "denied", NULL,
			    "only what was refused, or would be"},
			   {"count", 'n', OPTION_NUMBER, "count", "N", "show so many (20)"}},
	},
	{
		.name = "certs",
		.about = "certificates that weir shows, and how long they are good",
		.render = render_certs,
	},
	{
		.name = "pinned",
		.about = "servers whose certificates clients know better than to take weir's",
		.more = "They fail as long as weir opens their TLS: `bypass` of the policy's\n"
			"`intercept` leaves them alone.\n",
		.render = render_pinned,
	},
	{
		.name = "reload",
		.about = "load the configuration's policy anew",
		.more = "A bad file changes nothing and is named with line and column.\n",
		.render = render_reload,
		.patience_s = 900,
	},
	{
		.name = "ports",
		.about = "ports and wires, their links and what they can do",
		.render = render_ports,
	},
	{
		.name = "metrics",
		.about = "everything counted, as Prometheus text",
		.render = render_text,
	},
	{
		.name = "config",
		.about = "the configuration that holds, as YAML",
		.render = render_text,
	},
	{
		.name = "ca",
		.about = "make the CA that connections are decrypted under (needs no weir)",
		.more = "weirctl ca init /etc/weir/ca --name 'Example Corp gateway'\n"
			"Makes DIR/ca.pem, which clients have to trust, and DIR/ca.key, which weir "
			"needs and\nnobody else may read. EC P-256, good for 10 years. Files that "
			"are there are kept.\n",
		.positional = {"action", "folder"},
		.arguments = "init DIR",
		.render = render_ca,
		.here = ca_here,
		.option = {{"name", 'n', OPTION_TEXT, "name", "TEXT",
			    "the CA's name, as clients show it (weir CA HOST)"}},
	},
	{
		.name = "version",
		.about = "of weirctl and of the weir that runs",
		.render = render_version,
	},
	{
		.name = "stop",
		.about = "end weir",
		.render = render_stop,
	},
};

const struct command *command_find(const char *name, const char **nearest)
{
	unsigned int best = 3;

	*nearest = NULL;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++) {
		unsigned int d = weir_edit_distance(name, commands[i].name);

		if (d == 0)
			return &commands[i];
		if (d < best && d < strlen(commands[i].name)) {
			best = d;
			*nearest = commands[i].name;
		}
	}
	return NULL;
}

void commands_list(FILE *to)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].about);
}

/* ---- help ---- */

static void option_help(const struct command_option *o, FILE *to)
{
	char left[40];
	int n = o->letter ? snprintf(left, sizeof(left), "-%c, --%s", o->letter, o->name)
			  : snprintf(left, sizeof(left), "    --%s", o->name);

	if (o->value && n > 0 && (size_t)n < sizeof(left))
		snprintf(left + n, sizeof(left) - (size_t)n, " %s", o->value);
	fprintf(to, "  %-22s %s\n", left, o->help);
}

void command_help(const struct command *cmd, FILE *to)
{
	fprintf(to, "usage: weirctl [-s SOCKET] [--json] %s%s\n", cmd->name,
		cmd->option[0].name ? " [OPTION…]" : "");
	if (cmd->arguments)
		fprintf(to, "       weirctl %s %s\n", cmd->name, cmd->arguments);
	fprintf(to, "\n%s.\n", cmd->about);
	if (cmd->option[0].name)
		fputc('\n', to);
	for (const struct command_option *o = cmd->option; o->name; o++)
		option_help(o, to);
	if (cmd->more)
		fprintf(to, "\n%s", cmd->more);
}

/* ---- the command line to a request ---- */

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static bool set_value(const struct command *cmd, json_t *request, const char *key,
		      enum option_kind kind, const char *text)
{
	json_t *value = kind == OPTION_FLAG ? json_true() : json_string(text);

	if (kind == OPTION_NUMBER && !is_number(text)) {
		json_decref(value);
		fprintf(stderr, "weirctl %s: %s: '%s' is not a number\n", cmd->name, key, text);
		return false;
	}
	if (!value) {
		fprintf(stderr, "weirctl %s: %s: the text is not UTF-8\n", cmd->name, key);
		return false;
	}
	return json_object_set_new(request, key, value) == 0;
}

/* `index` counts from 1: getopt_long's value for options without a letter of their own. */
static const struct command_option *option_by(const struct command *cmd, int got)
{
	int index = 0x100;

	for (const struct command_option *o = cmd->option; o->name; o++, index++)
		if (got == index || (o->letter && got == o->letter))
			return o;
	return NULL;
}

struct getopt_tables {
	char letters[2 * OPTIONS_MAX + 8];
	struct option longs[OPTIONS_MAX + 4];
};

static void make_tables(const struct command *cmd, struct getopt_tables *t)
{
	unsigned int n = 0;
	char *at = t->letters;

	for (const struct command_option *o = cmd->option; o->name; o++, n++) {
		t->longs[n] = (struct option){
			o->name, o->kind == OPTION_FLAG ? no_argument : required_argument, NULL,
			0x100 + (int)n};
		if (!o->letter)
			continue;
		*at++ = o->letter;
		if (o->kind != OPTION_FLAG)
			*at++ = ':';
	}
	strcpy(at, "hjs:");
	t->longs[n++] = (struct option){"help", no_argument, NULL, 'h'};
	t->longs[n++] = (struct option){"json", no_argument, NULL, 'j'};
	t->longs[n++] = (struct option){"socket", required_argument, NULL, 's'};
	t->longs[n] = (struct option){0};
}

static bool read_options(const struct command *cmd, int argc, char **argv, json_t *request,
			 struct settings *s, int *exit_code)
{
	struct getopt_tables tables;
	const struct command_option *o;
	int got;

	make_tables(cmd, &tables);
	*exit_code = EXIT_USAGE;
	while ((got = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
		o = option_by(cmd, got);
		if (o && !set_value(cmd, request, o->key, o->kind, optarg))
			return false;
		if (got == 'j')
			s->json = true;
		if (got == 's')
			s->socket = optarg;
		if (got == 'h') {
			command_help(cmd, stdout);
			*exit_code = EXIT_OK;
			return false;
		}
		if (got == '?') {
			fprintf(stderr, "weirctl: see weirctl %s --help\n", cmd->name);
			return false;
		}
	}
	return true;
}

/* FROM TO PORT stands for FROM TO tcp PORT. */
static bool read_positional(const struct command *cmd, int n, char **arg, json_t *request)
{
	for (int i = 0; i < n; i++) {
		const char *key = cmd->positional[i];

		if (key && i == 2 && n == 3 && is_number(arg[i]))
			key = cmd->positional[3];
		if (!key) {
			fprintf(stderr,
				"weirctl %s: '%s' is one argument too many; see weirctl "
				"%s --help\n",
				cmd->name, arg[i], cmd->name);
			return false;
		}
		if (!set_value(cmd, request, key,
			       strcmp(key, "port") == 0 ? OPTION_NUMBER : OPTION_TEXT, arg[i]))
			return false;
	}
	return true;
}

json_t *command_request(const struct command *cmd, int argc, char **argv, struct settings *s,
			int *exit_code)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd->name);

	if (!request || !read_options(cmd, argc, argv, request, s, exit_code) ||
	    !read_positional(cmd, argc - optind, argv + optind, request)) {
		json_decref(request);
		return NULL;
	}
	return request;
}
