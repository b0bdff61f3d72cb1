/* SPDX-License-Identifier: BSD-3-Clause */
/* NAME.yaml beside NAME.hs: what each pattern means and what is done about it. */
#include "scan_impl.h"

#include <stdlib.h>
#include <unistd.h>

static const char *const severity_words[] = {"critical", "high", "medium", "low", NULL};
static const char *const direction_words[] = {"to_server", "to_client", "any", NULL};
static const char *const action_words[] = {"alert", "reset", "drop", NULL};

const char *weir_scan_action_name(enum weir_scan_action a)
{
	return action_words[a <= WEIR_SCAN_DROP ? a : WEIR_SCAN_ALERT];
}

const char *weir_scan_severity_name(enum weir_scan_severity s)
{
	return severity_words[s >= WEIR_SCAN_CRITICAL && s <= WEIR_SCAN_LOW ? s - 1 : 1];
}

struct sidecar {
	struct scan_patterns *patterns;
	uint32_t first;
	struct weir_names *names;
	struct weir_conf_report *r;
	struct weir_scan_rule defaults;
};

/* ---- ports ---- */

/* A number without sign; *at comes to stand after it. 0: none. */
static unsigned long read_port(const char **at)
{
	char *end;
	unsigned long port;

	if (**at < '0' || **at > '9')
		return 0;
	port = strtoul(*at, &end, 10);
	*at = end;
	return port;
}

static bool read_range(const struct weir_conf_node *n, struct weir_scan_ports *out,
		       struct weir_conf_report *r)
{
	const char *at = n->text;
	unsigned long first, last;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a port", r))
		return false;
	first = last = read_port(&at);
	if (*at == '-') {
		at++;
		last = read_port(&at);
	}
	if (*at || first < 1 || last > 65535 || first > last) {
		weir_conf_error(r, n->pos, "'%s' is neither a port nor a range like 8000-8999",
				n->text);
		return false;
	}
	*out = (struct weir_scan_ports){(uint16_t)first, (uint16_t)last};
	return true;
}

static void read_ports(const struct weir_conf_node *map, struct weir_scan_rule *rule,
		       struct weir_conf_report *r)
{
	const struct weir_conf_node *n = weir_conf_get(map, "ports");

	if (!n)
		return;
	rule->n_ports = 0;
	if (n->kind == WEIR_CONF_SCALAR) {
		if (read_range(n, &rule->ports[0], r))
			rule->n_ports = 1;
		return;
	}
	if (!weir_conf_expect(n, WEIR_CONF_SEQUENCE, "ports", r))
		return;
	if (n->count > WEIR_ARRAY_LEN(rule->ports)) {
		weir_conf_error(r, n->pos, "more than %zu ports and ranges",
				WEIR_ARRAY_LEN(rule->ports));
		return;
	}
	weir_conf_foreach (member, n)
		if (read_range(member, &rule->ports[rule->n_ports], r))
			rule->n_ports++;
}

/* ---- an entry ---- */

static void read_rule(struct sidecar *s, const struct weir_conf_node *map,
		      struct weir_scan_rule *rule)
{
	unsigned int severity = rule->severity - 1u, direction = rule->directions - 1u;
	unsigned int action = rule->action;

	if (weir_conf_word(map, "severity", severity_words, &severity, s->r))
		rule->severity = (uint8_t)(severity + 1);
	if (weir_conf_word(map, "direction", direction_words, &direction, s->r))
		rule->directions = (uint8_t)(direction + 1);
	if (weir_conf_word(map, "action", action_words, &action, s->r))
		rule->action = (uint8_t)action;
	read_ports(map, rule, s->r);
}

/* What `from` says is done about a pattern; its id and expression are its own. */
static void describe(struct weir_scan_rule *rule, const struct weir_scan_rule *from)
{
	char *expression = rule->expression;
	uint32_t id = rule->id;

	*rule = *from;
	rule->expression = expression;
	rule->id = id;
}

/* The pattern that an entry is about; NULL: reported. */
static struct scan_pattern *take_pattern(struct sidecar *s, const struct weir_conf_node *entry)
{
	struct scan_pattern *p;
	uint64_t id = 0;

	if (!weir_conf_require(entry, "id", s->r) ||
	    !weir_conf_u64(entry, "id", 0, UINT32_MAX, &id, s->r))
		return NULL;
	p = scan_find(s->patterns, (uint32_t)id);
	if (!p || p < s->patterns->at + s->first) {
		weir_conf_error(s->r, weir_conf_get(entry, "id")->pos, "no pattern has id %u",
				(unsigned int)id);
		return NULL;
	}
	if (p->described) {
		weir_conf_error(s->r, weir_conf_get(entry, "id")->pos, "id %u stands here twice",
				(unsigned int)id);
		return NULL;
	}
	p->described = true;
	return p;
}

static void read_entry(struct sidecar *s, const struct weir_conf_node *n)
{
	static const char *const keys[] = {"id",    "message", "severity", "direction",
					   "ports", "action",  NULL};
	const char *message = NULL;
	struct scan_pattern *p;

	if (!weir_conf_expect(n, WEIR_CONF_MAPPING, "a pattern", s->r))
		return;
	weir_conf_known_keys(n, keys, s->r);
	p = take_pattern(s, n);
	if (!p)
		return;
	describe(&p->rule, &s->defaults);
	read_rule(s, n, &p->rule);
	if (weir_conf_str(n, "message", &message, s->r) && message)
		p->rule.message = weir_names_intern(s->names, message);
}

static void read_document(struct sidecar *s, const struct weir_conf_node *root)
{
	static const char *const keys[] = {"defaults", "patterns", NULL};
	static const char *const default_keys[] = {"severity", "direction", "ports", "action",
						   NULL};
	const struct weir_conf_node *n;

	if (!weir_conf_expect(root, WEIR_CONF_MAPPING, "the file", s->r))
		return;
	weir_conf_known_keys(root, keys, s->r);
	n = weir_conf_get(root, "defaults");
	if (n && weir_conf_expect(n, WEIR_CONF_MAPPING, "defaults", s->r)) {
		weir_conf_known_keys(n, default_keys, s->r);
		read_rule(s, n, &s->defaults);
	}
	n = weir_conf_get(root, "patterns");
	if (n && weir_conf_expect(n, WEIR_CONF_SEQUENCE, "patterns", s->r))
		weir_conf_foreach (member, n)
			read_entry(s, member);
}

/* A pattern that nobody describes has the defaults, and itself for a message. */
static void describe_rest(struct sidecar *s)
{
	for (uint32_t i = s->first; i < s->patterns->n; i++) {
		struct scan_pattern *p = &s->patterns->at[i];

		if (!p->described)
			describe(&p->rule, &s->defaults);
		if (!p->rule.message && p->rule.expression)
			p->rule.message = weir_names_intern(s->names, p->rule.expression);
	}
}

static void read_file(struct sidecar *s, const char *path)
{
	struct weir_conf_docs *docs = weir_conf_load_file(path, s->r);

	for (uint32_t i = 0; docs && i < weir_conf_doc_count(docs); i++)
		read_document(s, weir_conf_doc(docs, i));
	weir_conf_docs_destroy(docs);
}

void scan_read_sidecar(struct scan_patterns *p, uint32_t first, const char *path,
		       struct weir_names *names, struct weir_conf_report *r)
{
	struct sidecar s = {
		.patterns = p,
		.first = first,
		.names = names,
		.r = r,
		.defaults = {.severity = WEIR_SCAN_HIGH,
			     .action = WEIR_SCAN_ALERT,
			     .directions = WEIR_SCAN_TO_SERVER | WEIR_SCAN_TO_CLIENT},
	};
	struct weir_buf yaml = {0};

	weir_buf_printf(&yaml, "%.*s.yaml", (int)(strlen(path) - strlen(".hs")), path);
	if (yaml.failed)
		weir_conf_error(r, (struct weir_conf_pos){.file = path}, "out of memory");
	else if (access(yaml.ptr, F_OK) == 0)
		read_file(&s, yaml.ptr);
	weir_buf_fini(&yaml);
	describe_rest(&s);
}
