/* SPDX-License-Identifier: BSD-3-Clause */
/* Kind ThreatPolicy: which services it protects, how strictly, by which rules. */
#include "policy_impl.h"

#include <stdlib.h>
#include <unistd.h>

#define BUDGET_MAX_NS     (60 * WEIR_NS_PER_S)
#define BUDGET_INITIAL    (10 * WEIR_NS_PER_MS)
#define THRESHOLD_MAX     1000000
#define BODY_LIMIT_MIN    1024
#define BODY_LIMIT_MAX    (1ULL << 30)
#define RULE_PATTERNS_MAX 256

/* Where Debian's package modsecurity-crs puts the Core Rule Set. */
static const char *const debian_crs[] = {"/etc/modsecurity/crs/crs-setup.conf",
					 "/usr/share/modsecurity-crs/rules/*.conf"};

/* As enum weir_waf_mode, from WEIR_WAF_OFF. */
static const char *const mode_words[] = {"off", "detect", "enforce", NULL};

/* ---- which services ---- */

static void claim_service(struct docs *d, const struct weir_conf_node *n)
{
	uint32_t self = d->threats.n;
	const struct threat *other;
	struct service *s;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a Service", d->r))
		return;
	s = docs_find_service(d, n);
	if (!s)
		return;
	if (s->is.protocol != WEIR_SERVICE_HTTP) {
		weir_conf_error(d->r, n->pos,
				"Service '%s' at %s:%u:%u is not of 'protocol: http': there is "
				"nothing to be judged",
				n->text, s->pos.file, s->pos.line, s->pos.column);
	} else if (s->threat && s->threat != self) {
		other = (const struct threat *)d->threats.items + s->threat - 1;
		weir_conf_error(d->r, n->pos,
				"Service '%s' has ThreatPolicy '%s' at %s:%u:%u already", n->text,
				weir_names_get(d->names, other->is.name), other->is.pos.file,
				other->is.pos.line, other->is.pos.column);
	} else {
		s->threat = self;
	}
}

/* `all` is what no other policy names; so there is one such policy at most. */
static void claim_rest(struct docs *d, const struct weir_conf_node *n)
{
	const struct threat *other;

	if (!d->threat_of_rest) {
		d->threat_of_rest = d->threats.n;
		return;
	}
	other = (const struct threat *)d->threats.items + d->threat_of_rest - 1;
	weir_conf_error(d->r, n->pos, "ThreatPolicy '%s' at %s:%u:%u has 'services: all' already",
			weir_names_get(d->names, other->is.name), other->is.pos.file,
			other->is.pos.line, other->is.pos.column);
}

static void read_services(struct docs *d, const struct weir_conf_node *spec)
{
	const struct weir_conf_node *list = weir_conf_get(spec, "services");

	if (!weir_conf_require(spec, "services", d->r))
		return;
	if (list->kind == WEIR_CONF_SCALAR && !list->quoted && strcmp(list->text, "all") == 0) {
		claim_rest(d, list);
	} else if (list->kind != WEIR_CONF_SEQUENCE) {
		claim_service(d, list);
	} else {
		if (!list->count)
			weir_conf_error(d->r, list->pos,
					"services is empty; 'all' is every Service of HTTP");
		weir_conf_foreach (n, list)
			claim_service(d, n);
	}
}

void docs_assign_threats(struct docs *d)
{
	struct service *services = d->services.items;
	const struct threat *threats = d->threats.items;

	for (uint32_t i = 0; i < d->services.n; i++) {
		struct service *s = &services[i];

		if (!s->threat && s->is.protocol == WEIR_SERVICE_HTTP)
			s->threat = d->threat_of_rest;
		if (s->threat && threats[s->threat - 1].is.waf.mode != WEIR_WAF_OFF)
			s->is.threat = (uint16_t)(s->threat - 1);
	}
}

/* ---- how strictly ---- */

static void read_u8(struct docs *d, const struct weir_conf_node *spec, const char *key,
		    uint8_t *out)
{
	uint64_t level = *out;

	if (weir_conf_u64(spec, key, 1, 4, &level, d->r))
		*out = (uint8_t)level;
}

static void read_levels(struct docs *d, const struct weir_conf_node *spec,
			struct weir_waf_options *o)
{
	static const char *const keys[] = {"inbound", "outbound", NULL};
	const struct weir_conf_node *map = weir_conf_get(spec, "thresholds");
	uint64_t inbound = 0, outbound = 0;

	read_u8(d, spec, "paranoia", &o->paranoia);
	read_u8(d, spec, "detectionParanoia", &o->detection_paranoia);
	if (o->detection_paranoia && o->detection_paranoia < o->paranoia)
		weir_conf_error(d->r, weir_conf_get(spec, "detectionParanoia")->pos,
				"detectionParanoia %u is below paranoia %u: what blocks must be "
				"detected",
				o->detection_paranoia, o->paranoia);
	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, "thresholds", d->r))
		return;
	weir_conf_known_keys(map, keys, d->r);
	weir_conf_u64(map, "inbound", 1, THRESHOLD_MAX, &inbound, d->r);
	weir_conf_u64(map, "outbound", 1, THRESHOLD_MAX, &outbound, d->r);
	o->inbound_threshold = (uint32_t)inbound;
	o->outbound_threshold = (uint32_t)outbound;
}

static void read_over(struct docs *d, const struct weir_conf_node *map, const char *key,
		      enum weir_waf_over *out)
{
	static const char *const words[] = {"reject", "partial", NULL};
	unsigned int word = 0;

	if (weir_conf_get(map, key) && weir_conf_word(map, key, words, &word, d->r))
		*out = word == 0 ? WEIR_WAF_OVER_REJECT : WEIR_WAF_OVER_PARTIAL;
}

static void read_body(struct docs *d, const struct weir_conf_node *spec, struct weir_waf_options *o)
{
	static const char *const keys[] = {"requestLimit", "responseLimit", "overRequest",
					   "overResponse", NULL};
	const struct weir_conf_node *map = weir_conf_get(spec, "body");

	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, "body", d->r))
		return;
	weir_conf_known_keys(map, keys, d->r);
	weir_conf_size(map, "requestLimit", BODY_LIMIT_MIN, BODY_LIMIT_MAX, &o->request_body_limit,
		       d->r);
	weir_conf_size(map, "responseLimit", BODY_LIMIT_MIN, BODY_LIMIT_MAX,
		       &o->response_body_limit, d->r);
	read_over(d, map, "overRequest", &o->request_over);
	read_over(d, map, "overResponse", &o->response_over);
}

static void read_words(struct docs *d, const struct weir_conf_node *spec,
		       struct weir_threat_policy *t)
{
	static const char *const failure_words[] = {"closed", "open", NULL};
	static const char *const refusal_words[] = {"accept", "json", NULL};
	unsigned int mode = 1, failure = 0, refusals = 0;
	bool responses = true;

	weir_conf_word(spec, "mode", mode_words, &mode, d->r);
	weir_conf_word(spec, "failure", failure_words, &failure, d->r);
	weir_conf_word(spec, "refusals", refusal_words, &refusals, d->r);
	weir_conf_bool(spec, "responses", &responses, d->r);
	weir_conf_duration(spec, "budget", 0, BUDGET_MAX_NS, &t->waf.budget_ns, d->r);
	t->waf.mode = (enum weir_waf_mode)(WEIR_WAF_OFF + mode);
	t->on_error = failure == 1 ? WEIR_FAIL_OPEN : WEIR_FAIL_CLOSED;
	t->json_refusals = refusals == 1;
	t->waf.response_off = !responses;
}

/* ---- by which rules ---- */

static void add_pattern(struct docs *d, struct threat *t, const struct weir_conf_node *n,
			const char *path)
{
	char *resolved = docs_resolve(n, path);
	char **slot = resolved ? array_add(&t->rules, sizeof(char *)) : NULL;

	if (!slot) {
		free(resolved);
		d->no_memory = true;
		return;
	}
	*slot = resolved;
}

static bool is_path(struct docs *d, const struct weir_conf_node *n)
{
	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a file or pattern", d->r))
		return false;
	for (const char *p = n->text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			weir_conf_error(d->r, n->pos, "a path has no control characters");
			return false;
		}
	if (*n->text)
		return true;
	weir_conf_error(d->r, n->pos, "an empty path");
	return false;
}

static void add_patterns(struct docs *d, struct threat *t, const struct weir_conf_node *list)
{
	if (!list)
		return;
	if (!weir_conf_expect(list, WEIR_CONF_SEQUENCE, list->key, d->r))
		return;
	if (list->count > RULE_PATTERNS_MAX) {
		weir_conf_error(d->r, list->pos, "%s has %u patterns, %u are the most", list->key,
				list->count, RULE_PATTERNS_MAX);
		return;
	}
	weir_conf_foreach (n, list)
		if (is_path(d, n))
			add_pattern(d, t, n, n->text);
}

/* A folder that has crs-setup.conf and rules/, or a list of patterns; Debian's when left out. */
static void add_crs(struct docs *d, struct threat *t, const struct weir_conf_node *spec,
		    const struct weir_conf_node *crs)
{
	static const char *const within[] = {"/crs-setup.conf", "/rules/*.conf"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(debian_crs) && !crs; i++)
		add_pattern(d, t, spec, debian_crs[i]);
	if (!crs || crs->kind != WEIR_CONF_SCALAR) {
		add_patterns(d, t, crs);
		return;
	}
	for (size_t i = 0; i < WEIR_ARRAY_LEN(within) && is_path(d, crs); i++) {
		struct weir_buf path = {0};

		weir_buf_printf(&path, "%s%s", crs->text, within[i]);
		if (path.failed)
			d->no_memory = true;
		else
			add_pattern(d, t, crs, path.ptr);
		weir_buf_fini(&path);
	}
}

static void read_rules(struct docs *d, struct threat *t, const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"before", "crs", "after", NULL};
	static const struct weir_conf_node none = {.kind = WEIR_CONF_MAPPING};
	const struct weir_conf_node *map = weir_conf_get(spec, "rules");

	if (map && !weir_conf_expect(map, WEIR_CONF_MAPPING, "rules", d->r))
		return;
	map = map ? map : &none;
	weir_conf_known_keys(map, keys, d->r);
	add_patterns(d, t, weir_conf_get(map, "before"));
	add_crs(d, t, spec, weir_conf_get(map, "crs"));
	add_patterns(d, t, weir_conf_get(map, "after"));
	t->is.rules = t->rules.items;
	t->is.n_rules = (uint16_t)t->rules.n;
}

/* ---- rules of their own mode ---- */

static void add_override(struct docs *d, struct threat *t, const struct weir_conf_node *n,
			 enum weir_waf_mode mode)
{
	struct weir_waf_override o = {.mode = mode}, *slot;

	if (!docs_read_ids(d, n, &o.first, &o.last))
		return;
	slot = array_add(&t->overrides, sizeof(*slot));
	if (slot)
		*slot = o;
	else
		d->no_memory = true;
}

static void read_override(struct docs *d, struct threat *t, const struct weir_conf_node *map)
{
	static const char *const keys[] = {"rules", "mode", "description", NULL};
	const struct weir_conf_node *rules;
	unsigned int mode = 0;

	if (!weir_conf_expect(map, WEIR_CONF_MAPPING, "an override", d->r))
		return;
	weir_conf_known_keys(map, keys, d->r);
	rules = weir_conf_get(map, "rules");
	if (!weir_conf_require(map, "rules", d->r) || !weir_conf_require(map, "mode", d->r) ||
	    !weir_conf_word(map, "mode", mode_words, &mode, d->r))
		return;
	if (rules->kind != WEIR_CONF_SEQUENCE)
		add_override(d, t, rules, (enum weir_waf_mode)(WEIR_WAF_OFF + mode));
	else
		weir_conf_foreach (n, rules)
			add_override(d, t, n, (enum weir_waf_mode)(WEIR_WAF_OFF + mode));
}

static void read_overrides(struct docs *d, struct threat *t, const struct weir_conf_node *spec)
{
	const struct weir_conf_node *list = weir_conf_get(spec, "overrides");

	if (!list || !weir_conf_expect(list, WEIR_CONF_SEQUENCE, "overrides", d->r))
		return;
	weir_conf_foreach (map, list)
		read_override(d, t, map);
	t->is.waf.overrides = t->overrides.items;
	t->is.waf.n_overrides = t->overrides.n;
}

/* ---- all ---- */

static void read_own_rules(struct docs *d, struct threat *t, const struct weir_conf_node *spec)
{
	const struct weir_conf_node *list = weir_conf_get(spec, "exclusions");
	struct weir_buf first = {0}, last = {0};
	bool grpc = false;

	threat_add_base(&first, &t->is.waf);
	weir_conf_bool(spec, "grpc", &grpc, d->r);
	if (grpc)
		threat_add_grpc(&first);
	weir_buf_str(&last, "");
	if (list && weir_conf_expect(list, WEIR_CONF_SEQUENCE, "exclusions", d->r))
		threat_read_exclusions(d, list, &first, &last);
	d->no_memory |= first.failed || last.failed;
	t->is.first = first.ptr;
	t->is.last = last.ptr;
}

/* A new one, which owns the name of its file; NULL: reported. */
static struct threat *add_threat(struct docs *d, uint32_t name, struct weir_conf_pos pos)
{
	char *file = strdup(pos.file ? pos.file : "");
	struct threat *t = NULL;

	if (d->threats.n < SERVICES_MAX)
		t = file ? array_add(&d->threats, sizeof(*t)) : NULL;
	else
		weir_conf_error(d->r, pos, "more than %u ThreatPolicies", SERVICES_MAX);
	if (!t) {
		d->no_memory |= d->threats.n < SERVICES_MAX;
		free(file);
		return NULL;
	}
	*t = (struct threat){.file = file, .is = {.name = name, .pos = pos}};
	t->is.pos.file = file;
	t->is.waf.budget_ns = BUDGET_INITIAL;
	return t;
}

void docs_read_threat(struct docs *d, uint32_t name, struct weir_conf_pos pos,
		      const struct weir_conf_node *spec)
{
	static const char *const keys[] = {
		"services",   "mode",       "paranoia",    "detectionParanoia",
		"thresholds", "body",       "responses",   "budget",
		"rules",      "exclusions", "overrides",   "failure",
		"refusals",   "grpc",       "description", NULL};
	struct threat *t = add_threat(d, name, pos);

	if (!t)
		return;
	weir_conf_known_keys(spec, keys, d->r);
	read_services(d, spec);
	read_words(d, spec, &t->is);
	read_levels(d, spec, &t->is.waf);
	read_body(d, spec, &t->is.waf);
	read_rules(d, t, spec);
	read_own_rules(d, t, spec);
	read_overrides(d, t, spec);
}

void docs_free_threats(struct docs *d)
{
	struct threat *threats = d->threats.items;

	for (uint32_t i = 0; i < d->threats.n; i++) {
		struct threat *t = &threats[i];

		for (uint32_t k = 0; k < t->rules.n; k++)
			free(((char **)t->rules.items)[k]);
		array_fini(&t->rules);
		array_fini(&t->overrides);
		free(t->is.first);
		free(t->is.last);
		free(t->file);
	}
	array_fini(&d->threats);
}

uint16_t weir_policy_threats(const struct weir_policy *p)
{
	return (uint16_t)p->docs.threats.n;
}

const struct weir_threat_policy *weir_policy_threat(const struct weir_policy *p, uint16_t i)
{
	weir_assert(i < p->docs.threats.n);
	return &((const struct threat *)p->docs.threats.items)[i].is;
}
