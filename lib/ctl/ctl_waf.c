/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands rules and tx, and what status and the metrics say of programs: which rules act, what
 * they cost, what became of the newest transactions. */
#include "ctl_impl.h"

#include <stdlib.h>

#define RULES_DEFAULT 20
#define RULES_MAX     100000
#define TX_DEFAULT    20

static const struct weir_programs *programs_of(const struct weir_ctl *c)
{
	return weir_path_generation(c->cfg.path)->programs;
}

/* The i-th program; NULL when it is off, or the same as one before it. */
static const struct weir_program *distinct(const struct weir_programs *all, uint16_t i)
{
	const struct weir_program *p = weir_programs_at(all, i);

	for (uint16_t k = 0; p->waf && k < i; k++)
		if (weir_programs_at(all, k)->waf == p->waf)
			return NULL;
	return p->waf ? p : NULL;
}

/* ---- status ---- */

static const char *mode_name(uint8_t mode)
{
	static const char *const names[] = {
		[WEIR_WAF_AS_RULES] = "as_rules",
		[WEIR_WAF_OFF] = "off",
		[WEIR_WAF_DETECT] = "detect",
		[WEIR_WAF_ENFORCE] = "enforce",
	};

	return mode < WEIR_ARRAY_LEN(names) ? names[mode] : "unknown";
}

static void add_program(const struct weir_ctl *c, struct weir_json *j, const struct weir_program *p)
{
	struct weir_waf_info info;

	weir_json_object(j, NULL);
	weir_json_str(j, "policy", weir_names_get(c->cfg.names, p->name));
	weir_json_str(j, "mode", mode_name(p->mode));
	if (p->waf) {
		weir_waf_info(p->waf, &info);
		weir_json_u64(j, "rules", info.rules);
		weir_json_u64(j, "prefiltered", info.prefiltered);
		weir_json_u64(j, "bytes", info.bytes);
		weir_json_bool(j, "cached", info.cached);
		weir_json_u64(j, "load_ms", info.load_ms);
	}
	weir_json_end_object(j);
}

void ctl_add_programs(const struct weir_ctl *c, struct weir_json *j, const char *key)
{
	const struct weir_programs *all = programs_of(c);

	weir_json_array(j, key);
	for (uint16_t i = 0; i < weir_programs_count(all); i++)
		add_program(c, j, weir_programs_at(all, i));
	weir_json_end_array(j);
}

struct ctl_waf_sum ctl_sum_programs(const struct weir_programs *all)
{
	struct ctl_waf_sum sum = {.cached = true};

	for (uint16_t i = 0; i < weir_programs_count(all); i++) {
		const struct weir_program *p = distinct(all, i);
		struct weir_waf_info info;

		if (!p)
			continue;
		weir_waf_info(p->waf, &info);
		sum.programs++;
		sum.rules += info.rules;
		sum.bytes += info.bytes;
		sum.load_ms += info.load_ms;
		sum.cached &= info.cached;
	}
	sum.cached &= sum.programs > 0;
	return sum;
}

/* ---- rules ---- */

/* A rule's numbers, and whose rule it is. */
struct row {
	struct weir_waf_rule_stat is;
	uint32_t policy;
};

struct rows {
	struct row *row;
	uint32_t n;
	uint64_t ns; /* of all */
};

static int by_id(const struct row *a, const struct row *b)
{
	return (a->is.id > b->is.id) - (a->is.id < b->is.id);
}

/* Rules without a message set things up and match every time: they come behind the others. */
static int by_hits(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (!x->is.msg.len != !y->is.msg.len)
		return x->is.msg.len ? -1 : 1;
	if (x->is.hits != y->is.hits)
		return x->is.hits > y->is.hits ? -1 : 1;
	return by_id(x, y);
}

static int by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->is.ns != y->is.ns)
		return x->is.ns > y->is.ns ? -1 : 1;
	return by_id(x, y);
}

/* Of rules that were asked at all. */
static bool take_program(struct rows *rows, const struct weir_program *p)
{
	struct weir_waf_rule_stat *stat = calloc(RULES_MAX, sizeof(*stat));
	uint32_t n = stat ? weir_waf_rule_stats(p->waf, stat, RULES_MAX) : 0;
	struct row *grown = stat ? realloc(rows->row, (rows->n + n + 1) * sizeof(*grown)) : NULL;

	if (grown)
		rows->row = grown;
	for (uint32_t i = 0; grown && i < n; i++) {
		if (!stat[i].evaluated && !stat[i].hits)
			continue;
		rows->row[rows->n++] = (struct row){.is = stat[i], .policy = p->name};
		rows->ns += stat[i].ns;
	}
	free(stat);
	return grown != NULL;
}

static bool take_all(struct rows *rows, const struct weir_programs *all)
{
	for (uint16_t i = 0; i < weir_programs_count(all); i++) {
		const struct weir_program *p = distinct(all, i);

		if (p && !take_program(rows, p))
			return false;
	}
	return true;
}

static void add_row(const struct ctl_call *call, struct weir_json *j, const struct rows *rows,
		    const struct row *r)
{
	weir_json_object(j, NULL);
	weir_json_u64(j, "id", r->is.id);
	weir_json_str(j, "policy", weir_names_get(call->ctl->cfg.names, r->policy));
	weir_json_u64(j, "phase", r->is.phase);
	weir_json_bytes(j, "msg", r->is.msg);
	weir_json_u64(j, "hits", r->is.hits);
	weir_json_u64(j, "evaluated", r->is.evaluated);
	weir_json_u64(j, "time_us", r->is.ns / WEIR_NS_PER_US);
	weir_json_double(
		j, "mean_us",
		r->is.evaluated ? (double)r->is.ns / (double)r->is.evaluated / WEIR_NS_PER_US : 0);
	weir_json_double(j, "share", rows->ns ? (double)r->is.ns / (double)rows->ns : 0);
	weir_json_end_object(j);
}

/* Absent, or the string `word`. */
static bool is_word(const struct ctl_call *call, const char *key, const char *word)
{
	const char *text = json_string_value(json_object_get(call->args, key));

	return !json_object_get(call->args, key) || (text && strcmp(text, word) == 0);
}

static bool read_order(struct ctl_call *call, bool *time)
{
	*time = !is_word(call, "by", "hits");
	if (*time && !is_word(call, "by", "time"))
		return ctl_fail(call, "by: hits or time is wanted");
	return is_word(call, "view", "top") || ctl_fail(call, "view: top is all there is");
}

bool ctl_cmd_rules(struct ctl_call *call)
{
	struct rows rows = {0};
	uint64_t count = RULES_DEFAULT;
	bool time, good;

	if (!read_order(call, &time) || !ctl_arg_uint(call, "count", 1, RULES_MAX, &count))
		return false;
	good = take_all(&rows, programs_of(call->ctl));
	if (good && rows.n)
		qsort(rows.row, rows.n, sizeof(*rows.row), time ? by_time : by_hits);
	if (good) {
		weir_json_u64(&call->j, "total", rows.n);
		weir_json_array(&call->j, "rules");
		for (uint32_t i = 0; i < rows.n && i < count; i++)
			add_row(call, &call->j, &rows, &rows.row[i]);
		weir_json_end_array(&call->j);
	}
	free(rows.row);
	return good || ctl_fail(call, "no memory for the rules' numbers");
}

/* ---- transactions ---- */

/* It was refused, or would have been. */
static bool is_denied(const json_t *record)
{
	return json_object_get(record, "alert");
}

/* Lines are ours: `event_type` stands in each as the encoder writes it, and nowhere unescaped. */
static bool is_wanted(const char *line, size_t len, bool denied)
{
	json_t *record;
	bool wanted;

	if (!memmem(line, len, "\"event_type\":\"http\"", 19))
		return false;
	if (!denied)
		return true;
	record = json_loadb(line, len, 0, NULL);
	wanted = is_denied(record);
	json_decref(record);
	return wanted;
}

/* The start of the line before `at`, which is the start of one or the end of all. */
static const char *line_before(const char *text, const char *at)
{
	const char *p = at - 1; /* its newline */

	while (p > text && p[-1] != '\n')
		p--;
	return p;
}

/* Where the newest `count` that are wanted begin. */
static const char *find_start(const struct weir_buf *lines, bool denied, uint64_t count)
{
	const char *at = lines->ptr + lines->len;

	while (at > lines->ptr && count) {
		const char *line = line_before(lines->ptr, at);

		count -= is_wanted(line, (size_t)(at - line - 1), denied);
		at = line;
	}
	return at;
}

/* Each line is an object already. */
static void add_lines(struct ctl_call *call, const struct weir_buf *lines, bool denied,
		      uint64_t count)
{
	const char *end = lines->ptr + lines->len;
	bool comma = false;

	for (const char *at = find_start(lines, denied, count); at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)(stop - at);

		if (is_wanted(at, len, denied)) {
			weir_buf_str(call->out, comma ? "," : "");
			weir_buf_add(call->out, at, len);
			comma = true;
		}
		at = stop + 1;
	}
}

bool ctl_cmd_tx(struct ctl_call *call)
{
	struct weir_buf lines = {0};
	uint64_t count = TX_DEFAULT;
	bool denied = false;

	if (!ctl_arg_bool(call, "denied", &denied) ||
	    !ctl_arg_uint(call, "count", 1, CTL_EVENTS_MAX, &count))
		return false;
	if (call->ctl->cfg.writer)
		weir_event_writer_recent(call->ctl->cfg.writer, CTL_EVENTS_MAX, &lines);
	weir_json_array(&call->j, "transactions");
	if (lines.len && !lines.failed)
		add_lines(call, &lines, denied, count);
	weir_json_end_array(&call->j);
	weir_buf_fini(&lines);
	return true;
}
