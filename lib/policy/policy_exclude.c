/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SecLang that weir writes itself: what ModSecurity's recommended configuration says about bodies,
 * which the Core Rule Set takes for granted, and the exclusions of a ThreatPolicy.
 *
 * An exclusion without a path holds always: it changes rules that have been read, so it stands
 * after them. One with a path is a rule of phase 1 that must act before those it is about. Its path
 * is asked twice, as it came and decoded without dot segments: where a server would read something
 * else than weir does, there is no exclusion. The query is not part of it.
 */
#include "policy_impl.h"

#include <ctype.h>
#include <stdlib.h>

/* Ids of weir's own rules: 2000000000 to 2000099999. */
#define EXCLUSION_ID   2000000100
#define EXCLUSIONS_MAX 99900
#define TEXT_MAX       512

/* ---- what stands before all rules ---- */

/* modsecurity.conf-recommended of ModSecurity 2.9 and 3.0, rules 200000 to 200006. */
static const char base[] =
	"SecRuleEngine DetectionOnly\n"
	"SecRequestBodyAccess On\n"
	"SecRequestBodyLimit 13107200\n"
	"SecRequestBodyLimitAction Reject\n"
	"SecRequestBodyJsonDepthLimit 512\n"
	"SecArgumentsLimit 1000\n"
	"SecResponseBodyMimeType text/plain text/html text/xml\n"
	"SecResponseBodyLimit 524288\n"
	"SecResponseBodyLimitAction ProcessPartial\n"
	"SecArgumentSeparator &\n"
	"SecCookieFormat 0\n"
	"SecRule REQUEST_HEADERS:Content-Type \"@rx ^(?:application(?:/soap\\+|/)|text/)xml\" "
	"\"id:2000000000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML\"\n"
	"SecRule REQUEST_HEADERS:Content-Type \"@rx ^application/(?:[a-z0-9.-]+[+])?json\" "
	"\"id:2000000001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON\"\n"
	"SecRule REQBODY_ERROR \"!@eq 0\" \"id:2000000002,phase:2,t:none,log,deny,status:400,"
	"msg:'The request body cannot be parsed',logdata:'%{reqbody_error_msg}',"
	"severity:'CRITICAL'\"\n"
	"SecRule MULTIPART_STRICT_ERROR \"!@eq 0\" \"id:2000000003,phase:2,t:none,log,deny,"
	"status:400,msg:'The multipart body is not as RFC 7578 has it',severity:'CRITICAL'\"\n"
	"SecRule &ARGS \"@ge 1000\" \"id:2000000004,phase:2,t:none,log,deny,status:400,"
	"msg:'The request has more parameters than are looked at',severity:'CRITICAL'\"\n";

/* A body without files that is let in by its size is not to be refused by a limit nobody sees. */
void threat_add_base(struct weir_buf *first, const struct weir_waf_options *o)
{
	uint64_t no_files = 131072;

	if (o->request_body_limit > no_files)
		no_files = o->request_body_limit;
	weir_buf_str(first, base);
	weir_buf_printf(first, "SecRequestBodyNoFilesLimit %llu\nSecResponseBodyAccess %s\n",
			(unsigned long long)no_files, o->response_off ? "Off" : "On");
}

/* The Core Rule Set refuses types of content that its list has not, by the rule that is left out;
 * and messages of JSON are not one document. */
void threat_add_grpc(struct weir_buf *first)
{
	weir_buf_str(first, "SecRule &REQUEST_HEADERS:Content-Type \"@eq 1\" "
			    "\"id:2000000005,phase:1,t:none,pass,nolog,chain\"\n"
			    "SecRule REQUEST_HEADERS:Content-Type "
			    "\"@rx ^application/grpc(?:-web(?:-text)?)?(?:$|[+; ])\" "
			    "\"t:none,t:lowercase,ctl:ruleRemoveById=920420,"
			    "ctl:requestBodyProcessor=GRPC\"\n");
}

/* ---- rule ids ---- */

static bool parse_id(const char *text, const char **end, uint32_t *out)
{
	char *after;
	unsigned long n;

	if (*text < '1' || *text > '9')
		return false;
	n = strtoul(text, &after, 10);
	*end = after;
	*out = (uint32_t)n;
	return n <= UINT32_MAX && after - text <= 10;
}

bool docs_read_ids(struct docs *d, const struct weir_conf_node *n, uint32_t *first, uint32_t *last)
{
	const char *end = NULL;
	bool good;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a rule id", d->r))
		return false;
	good = parse_id(n->text, &end, first);
	*last = *first;
	if (good && *end == '-')
		good = parse_id(end + 1, &end, last);
	if (good && !*end && *first <= *last)
		return true;
	weir_conf_error(d->r, n->pos, "'%s' is not a rule id or a range \"a-b\" of them", n->text);
	return false;
}

/* ---- exclusions ---- */

/* One, as read; texts are the document's. */
struct exclusion {
	const struct weir_conf_node *rules; /* a value or a list; NULL: by tag */
	const char *tag;
	const char *target; /* NULL: the whole rule */
	const char *path;   /* NULL: always */
};

/* What may stand between quotes and commas of a rule without another meaning. */
static bool is_plain(const char *text, const char *without)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr(without, *p))
			return false;
	return *text && strlen(text) <= TEXT_MAX;
}

static bool check_target(struct docs *d, const struct weir_conf_node *n, const char *target)
{
	size_t len = strcspn(target, ":");
	int variable = weir_sec_variable_find(weir_bytes_of(target, len));
	bool selects = target[len] == ':';

	if (variable < 0) {
		weir_conf_error(d->r, n->pos, "'%.*s' is no variable of SecLang", (int)len, target);
		return false;
	}
	if (selects && !weir_sec_variable_is_collection((enum weir_sec_variable)variable)) {
		weir_conf_error(d->r, n->pos, "%.*s is one value: leave out what follows it",
				(int)len, target);
		return false;
	}
	if (is_plain(target, "\"'\\,;|%") && (!selects || target[len + 1]))
		return true;
	weir_conf_error(
		d->r, n->pos,
		"a target is VARIABLE or VARIABLE:name, without spaces, quotes and ,;|\\%%");
	return false;
}

static bool check_tag(struct docs *d, const struct weir_conf_node *n, const char *tag)
{
	struct weir_seclang_regex *r;

	if (!is_plain(tag, "\"',;%")) {
		weir_conf_error(d->r, n->pos, "a tag has no spaces, quotes and ,;%%");
		return false;
	}
	r = weir_seclang_regex_create(weir_bytes_str(tag));
	if (!r)
		weir_conf_error(d->r, n->pos, "'%s' is not a regular expression", tag);
	weir_seclang_regex_destroy(r);
	return r != NULL;
}

static bool check_path(struct docs *d, const struct weir_conf_node *n, const char *path)
{
	if (path[0] == '/' && is_plain(path, "\"'\\%?#") && !strstr(path, "/../") &&
	    !strstr(path, "//") && !strstr(path, "/./"))
		return true;
	weir_conf_error(
		d->r, n->pos,
		"a path begins with '/', and has no spaces, quotes, %%, ?, # and no empty or "
		"dot segments");
	return false;
}

/* The text at `key`, checked; false: reported. Absent: true. */
static bool read_text(struct docs *d, const struct weir_conf_node *map, const char *key,
		      bool (*check)(struct docs *d, const struct weir_conf_node *n,
				    const char *text),
		      const char **out)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);

	return !n || (weir_conf_str(map, key, out, d->r) && check(d, n, *out));
}

static bool read_exclusion(struct docs *d, const struct weir_conf_node *map, struct exclusion *e)
{
	static const char *const keys[] = {"rules", "tag", "target", "path", "description", NULL};
	bool good;

	*e = (struct exclusion){0};
	if (!weir_conf_expect(map, WEIR_CONF_MAPPING, "an exclusion", d->r))
		return false;
	good = weir_conf_known_keys(map, keys, d->r);
	good = read_text(d, map, "tag", check_tag, &e->tag) && good;
	good = read_text(d, map, "target", check_target, &e->target) && good;
	good = read_text(d, map, "path", check_path, &e->path) && good;
	e->rules = weir_conf_get(map, "rules");
	if (!e->rules == !e->tag && good) {
		weir_conf_error(d->r, map->pos, "an exclusion has either rules or a tag");
		good = false;
	}
	return good;
}

/* One rule, range or tag, `what` as text. */
static void add_always(struct weir_buf *last, const struct exclusion *e, const char *what)
{
	const char *by = e->tag ? "Tag" : "Id";
	const char *quote = e->tag ? "\"" : "";

	if (e->target)
		weir_buf_printf(last, "SecRuleUpdateTargetBy%s %s%s%s \"!%s\"\n", by, quote, what,
				quote, e->target);
	else
		weir_buf_printf(last, "SecRuleRemoveBy%s %s%s%s\n", by, quote, what, quote);
}

static void add_ctl(struct weir_buf *first, const struct exclusion *e, const char *what)
{
	const char *by = e->tag ? "Tag" : "Id";

	if (e->target)
		weir_buf_printf(first, ",ctl:ruleRemoveTargetBy%s=%s;%s", by, what, e->target);
	else
		weir_buf_printf(first, ",ctl:ruleRemoveBy%s=%s", by, what);
}

static void add_id(struct docs *d, struct weir_buf *out, const struct exclusion *e,
		   const struct weir_conf_node *n)
{
	uint32_t first, last;

	if (!docs_read_ids(d, n, &first, &last))
		return;
	/* What was read is what was written: digits, and perhaps a hyphen. */
	if (e->path)
		add_ctl(out, e, n->text);
	else
		add_always(out, e, n->text);
}

static void add_each(struct docs *d, struct weir_buf *out, const struct exclusion *e)
{
	if (e->tag && e->path)
		add_ctl(out, e, e->tag);
	else if (e->tag)
		add_always(out, e, e->tag);
	else if (e->rules->kind != WEIR_CONF_SEQUENCE)
		add_id(d, out, e, e->rules);
	else
		weir_conf_foreach (n, e->rules)
			add_id(d, out, e, n);
}

/* Actions of a chain's starter would act before its links have agreed: they stand in the last. */
static void add_under_path(struct docs *d, struct weir_buf *first, const struct exclusion *e,
			   uint32_t number)
{
	weir_buf_printf(first,
			"SecRule REQUEST_FILENAME \"@beginsWith %s\" "
			"\"id:%u,phase:1,pass,nolog,t:none,chain\"\n"
			"SecRule REQUEST_FILENAME \"@beginsWith %s\" "
			"\"t:none,t:urlDecodeUni,t:normalizePath",
			e->path, EXCLUSION_ID + number, e->path);
	add_each(d, first, e);
	weir_buf_str(first, "\"\n");
}

void threat_read_exclusions(struct docs *d, const struct weir_conf_node *list,
			    struct weir_buf *first, struct weir_buf *last)
{
	uint32_t number = 0;

	if (list->count > EXCLUSIONS_MAX) {
		weir_conf_error(d->r, list->pos, "more than %u exclusions", EXCLUSIONS_MAX);
		return;
	}
	weir_conf_foreach (map, list) {
		struct exclusion e;

		if (!read_exclusion(d, map, &e))
			continue;
		if (e.path)
			add_under_path(d, first, &e, number++);
		else
			add_each(d, last, &e);
	}
}
