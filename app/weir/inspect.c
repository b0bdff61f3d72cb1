/* SPDX-License-Identifier: BSD-3-Clause */
/* `weir inspect`: requests through the rules, without a network and without root. */
#include "inspect.h"
#include "weir.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

struct options {
	struct tool_rules rules;
	const char *file;    /* NULL: standard input */
	const char *request; /* of --request */
	const char *response;
	bool explain;
	bool times;
};

static const char help[] =
	"usage: weir inspect [OPTION…] [FILE]\n"
	"       weir inspect [OPTION…] --request FILE.http [--response FILE.http]\n\n"
	"Reads a JSON object a line from FILE or standard input,\n"
	"  {\"id\": …, \"client\": \"192.0.2.1\", \"time\": SECONDS, \"request\": BASE64, "
	"\"response\": BASE64}\n"
	"of which only the request is needed, and writes one a line that says what became of it.\n"
	"FILE may be a REQS0001 file of requests, too. Ends with 1 when a line cannot be read.\n\n"
	"  -r, --rules PATTERN    rule files in order, again for more; else Debian's "
	"modsecurity-crs\n"
	"  -p, --paranoia N       1 to 4\n"
	"  -m, --mode MODE        enforce, detect or off; else as the rules say, which is enforce\n"
	"                         when they say nothing\n"
	"  -q, --request FILE     one raw request, told for people; - is standard input\n"
	"  -a, --response FILE    and its answer\n"
	"  -e, --explain          what became of each rule that could have matched\n"
	"  -b, --body-limit SIZE  bytes of a request's body that are judged: 4096, 64KiB, 8MiB\n"
	"      --response-limit SIZE  the same of a response's\n"
	"      --budget DURATION  of each call into the engine: 800us, 10ms, 1s; else none\n"
	"      --memory SIZE      that a transaction may take, besides its bodies; else 4MiB\n"
	"      --times            microseconds of each part of the work and of the longest call,\n"
	"                         and bytes that it took\n"
	"      --cache DIR        where compiled databases are kept\n"
	"      --no-prefilter     ask every rule about every value\n";

/* ---- options ---- */

static bool parse_mode(const char *text, enum weir_waf_mode *out)
{
	if (strcmp(text, "off") == 0)
		*out = WEIR_WAF_OFF;
	else if (strcmp(text, "detect") == 0)
		*out = WEIR_WAF_DETECT;
	else if (strcmp(text, "enforce") == 0)
		*out = WEIR_WAF_ENFORCE;
	else
		return false;
	return true;
}

static bool parse_size(const char *text, uint64_t *out)
{
	static const struct {
		const char *name;
		unsigned int shift;
	} units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(units); i++)
		if (strcmp(end, units[i].name) == 0 && !errno && *out <= 1ULL << 32) {
			*out <<= units[i].shift;
			return *out > 0;
		}
	return false;
}

static bool parse_duration(const char *text, uint64_t *out_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"us", 1000}, {"ms", 1000000}, {"s", WEIR_NS_PER_S}};
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out_ns = strtoull(text, &end, 10);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(units); i++)
		if (strcmp(end, units[i].name) == 0 && !errno && *out_ns <= 1000000) {
			*out_ns *= units[i].ns;
			return *out_ns > 0;
		}
	return false;
}

static bool add_pattern(struct tool_rules *rules, const char *pattern)
{
	if (rules->n == TOOL_PATTERNS_MAX)
		return false;
	rules->pattern[rules->n++] = pattern;
	return true;
}

static bool parse_paranoia(const char *text, uint8_t *out)
{
	if (text[0] < '1' || text[0] > '4' || text[1])
		return false;
	*out = (uint8_t)(text[0] - '0');
	return true;
}

/* False: the value will not do. */
static bool take_option(int c, const char *value, struct options *o)
{
	switch (c) {
	case 'r':
		return add_pattern(&o->rules, value);
	case 'p':
		return parse_paranoia(value, &o->rules.options.paranoia);
	case 'm':
		return parse_mode(value, &o->rules.options.mode);
	case 'b':
		return parse_size(value, &o->rules.options.request_body_limit);
	case 'q':
		o->request = value;
		return true;
	case 'a':
		o->response = value;
		return true;
	case 'C':
		o->rules.options.cache = value;
		return true;
	case 'e':
		return o->explain = true;
	case 'B':
		return parse_duration(value, &o->rules.options.budget_ns);
	case 'R':
		return parse_size(value, &o->rules.options.response_body_limit);
	case 'M':
		return parse_size(value, &o->rules.options.tx_bytes);
	case 'T':
		return o->times = true;
	default:
		return o->rules.options.no_prefilter = true;
	}
}

/* -1 to go on, else the exit code. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"rules", required_argument, NULL, 'r'},
		{"paranoia", required_argument, NULL, 'p'},
		{"mode", required_argument, NULL, 'm'},
		{"request", required_argument, NULL, 'q'},
		{"response", required_argument, NULL, 'a'},
		{"explain", no_argument, NULL, 'e'},
		{"body-limit", required_argument, NULL, 'b'},
		{"response-limit", required_argument, NULL, 'R'},
		{"budget", required_argument, NULL, 'B'},
		{"memory", required_argument, NULL, 'M'},
		{"times", no_argument, NULL, 'T'},
		{"cache", required_argument, NULL, 'C'},
		{"no-prefilter", no_argument, NULL, 'N'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "r:p:m:q:a:eb:h", longs, NULL)) != -1) {
		if (c == 'h')
			return fputs(help, stdout), EXIT_OK;
		if (c == '?')
			return fputs(help, stderr), EXIT_USAGE;
		if (!take_option(c, optarg, o)) {
			fprintf(stderr, "weir inspect: '%s' will not do here\n\n%s", optarg, help);
			return EXIT_USAGE;
		}
	}
	if (optind < argc)
		o->file = argv[optind++];
	if (optind < argc || (o->request && o->file) || (o->response && !o->request))
		return fputs(help, stderr), EXIT_USAGE;
	return -1;
}

/* ---- judging ---- */

/* A stop watch over the stages of an exchange. */
struct stages {
	double us[TOOL_STAGE_END], last;
	struct inspect_calls calls;
	double last_call;
};

static void on_call(void *ctx)
{
	struct stages *s = ctx;
	double now = tool_cpu_us();

	if (now - s->last_call > s->calls.longest_us)
		s->calls.longest_us = now - s->last_call;
	s->calls.n++;
	s->last_call = now;
}

static void on_stage(void *ctx, enum tool_stage done)
{
	struct stages *s = ctx;
	double now = tool_cpu_us();

	s->us[done] = now - s->last;
	s->last = now;
	if (done != TOOL_BODY && done != TOOL_RESPONSE)
		on_call(s);
}

/* Judges one exchange and adds what came of it to `out`: a JSON line, or with `text` an account. */
static void judge(struct tool_engine *e, const struct options *o, struct inspect_line *l, bool text,
		  struct weir_buf *out)
{
	struct inspect_explained explained;
	struct tool_outcome outcome;
	struct inspect_told told = {.outcome = &outcome};
	struct stages stages = {.last = tool_cpu_us()};
	uint64_t most;

	stages.last_call = stages.last;

	inspect_explained_init(&explained);
	if (o->explain) {
		told.explained = &explained;
		l->x.begin.explain = inspect_explained_add;
		l->x.begin.explain_ctx = &explained;
	}
	if (o->times) {
		told.stages = stages.us;
		told.calls = &stages.calls;
		l->x.stage = on_stage;
		l->x.called = on_call;
		l->x.stage_ctx = &stages;
	}
	told.us = -tool_cpu_us();
	tool_exchange_run(e, &l->x, &outcome);
	told.us += tool_cpu_us();
	if (o->times)
		weir_waf_worker_memory(e->worker, &told.bytes, &most);
	if (text)
		inspect_write_text(&told, out);
	else
		inspect_write_json(l->id, &told, out);
	if (outcome.tx)
		weir_waf_tx_destroy(outcome.tx);
	inspect_explained_fini(&explained);
}

/* A line at a time: who writes to a pipe and waits for the answer must get it. */
static bool put(struct weir_buf *out)
{
	bool good = !out->failed && fwrite(out->ptr, 1, out->len, stdout) == out->len &&
		    fflush(stdout) == 0;

	weir_buf_reset(out);
	if (!good)
		fprintf(stderr, "weir inspect: cannot write: %s\n", strerror(errno));
	return good;
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* ---- the three kinds of input ---- */

static int judge_lines(struct tool_engine *e, const struct options *o, FILE *in)
{
	unsigned long long number = 0;
	struct weir_buf out = {0};
	int rc = EXIT_OK;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, in)) >= 0) {
		struct inspect_line l;
		const char *wrong;

		number++;
		if (is_blank(line))
			continue;
		wrong = inspect_line_read(weir_bytes_of(line, (size_t)len), &l);
		l.x.begin.id = number;
		if (wrong)
			inspect_write_error(l.id, number, wrong, &out);
		else
			judge(e, o, &l, false, &out);
		inspect_line_fini(&l);
		if (wrong)
			rc = EXIT_BAD;
		if (!put(&out)) {
			rc = EXIT_BAD;
			break;
		}
	}
	free(line);
	weir_buf_fini(&out);
	return rc;
}

static int judge_records(struct tool_engine *e, const struct options *o, struct weir_bytes file)
{
	struct weir_buf out = {0};
	struct tool_requests all;
	struct tool_request one;
	int rc = tool_requests_open(&all, file);

	while (rc == 0 && (rc = tool_requests_next(&all, &one)) > 0) {
		struct inspect_line l = {.id = json_integer(all.number - 1), .x.request = one.raw};

		inspect_begin_default(&l.x.begin);
		l.x.begin.id = all.number;
		judge(e, o, &l, false, &out);
		inspect_line_fini(&l);
		rc = put(&out) ? 0 : -WEIR_EIO;
	}
	if (rc == -WEIR_EFORMAT) {
		inspect_write_error(NULL, all.number,
				    "the record is cut short or has no such label", &out);
		(void)put(&out);
	}
	weir_buf_fini(&out);
	return rc == 0 ? EXIT_OK : EXIT_BAD;
}

static int cannot_read(const char *path)
{
	fprintf(stderr, "weir inspect: cannot read %s: %s\n", path, strerror(errno));
	return EXIT_BAD;
}

static int judge_one(struct tool_engine *e, const struct options *o)
{
	struct weir_buf request = {0}, response = {0}, out = {0};
	struct inspect_line l = {.x.has_response = o->response};
	int rc = EXIT_OK;

	if (tool_read_file(o->request, &request) < 0)
		rc = cannot_read(o->request);
	else if (o->response && tool_read_file(o->response, &response) < 0)
		rc = cannot_read(o->response);
	if (rc == EXIT_OK) {
		inspect_begin_default(&l.x.begin);
		l.x.request = weir_bytes_of(request.ptr, request.len);
		l.x.response = weir_bytes_of(response.ptr, response.len);
		judge(e, o, &l, true, &out);
		rc = put(&out) ? EXIT_OK : EXIT_BAD;
	}
	weir_buf_fini(&request);
	weir_buf_fini(&response);
	weir_buf_fini(&out);
	return rc;
}

/* Records begin with their magic, lines with a brace. */
static int judge_stream(struct tool_engine *e, const struct options *o, FILE *in)
{
	struct weir_buf file = {0};
	int first = getc(in), rc = EXIT_BAD;

	if (first != EOF)
		ungetc(first, in);
	if (first != TOOL_REQUESTS_MAGIC[0])
		return judge_lines(e, o, in);
	if (tool_read_stream(in, &file) < 0)
		(void)cannot_read(o->file ? o->file : "-");
	else
		rc = judge_records(e, o, weir_bytes_of(file.ptr, file.len));
	weir_buf_fini(&file);
	return rc;
}

static int judge_file(struct tool_engine *e, const struct options *o)
{
	FILE *in;
	int rc;

	if (!o->file || strcmp(o->file, "-") == 0)
		return judge_stream(e, o, stdin);
	in = fopen(o->file, "re");
	if (!in)
		return cannot_read(o->file);
	rc = judge_stream(e, o, in);
	fclose(in);
	return rc;
}

int weir_cmd_inspect(int argc, char **argv)
{
	struct options o = {0};
	int rc = parse_options(argc, argv, &o);
	struct tool_engine *e;
	struct weir_waf *waf;

	if (rc >= 0)
		return rc;
	waf = tool_waf_create(&o.rules);
	if (!waf)
		return EXIT_BAD;
	e = tool_engine_create(waf);
	if (!e) {
		fputs("weir inspect: no memory\n", stderr);
		return EXIT_BAD;
	}
	rc = o.request ? judge_one(e, &o) : judge_file(e, &o);
	tool_engine_destroy(e);
	return rc;
}
