/* SPDX-License-Identifier: BSD-3-Clause */
/* Kind Service: who listens where, what is spoken there, and how patient weir is. */
#include "policy_impl.h"

#define SECONDS(n)     ((n)*WEIR_NS_PER_S)
#define TIMEOUT_MAX_NS SECONDS(86400ULL)
#define LINE_MIN       64
#define LINE_MAX       (1U << 20)
#define HEAD_MAX       (1U << 20)
#define HEADERS_MAX    1024
#define SUGGEST_WITHIN 4 /* edits, less than */
#define SERVICE_INITIAL                                                                         \
	(struct weir_service)                                                                   \
	{                                                                                       \
		.threat = WEIR_NO_THREAT, .tls = WEIR_NO_TLS, .header_timeout_ns = SECONDS(10), \
		.body_timeout_ns = SECONDS(60), .idle_timeout_ns = SECONDS(75),                 \
		.limits = weir_http_limits_default, .http2 = true,                              \
	}

static const char *const protocol_words[] = {"tcp", "http", NULL};

const char *weir_service_protocol_name(enum weir_service_protocol p)
{
	return p <= WEIR_SERVICE_HTTP ? protocol_words[p] : "unknown";
}

/* ---- names ---- */

static const char *nearest_service(const struct docs *d, const char *text)
{
	const struct service *services = d->services.items;
	unsigned int best = SUGGEST_WITHIN;
	const char *found = NULL;

	for (uint32_t i = 0; i < d->services.n; i++) {
		const char *name = weir_names_get(d->names, services[i].is.name);
		unsigned int distance = weir_edit_distance(text, name);

		if (distance < best && distance < strlen(name)) {
			best = distance;
			found = name;
		}
	}
	return found;
}

struct service *docs_find_service(struct docs *d, const struct weir_conf_node *n)
{
	const uint32_t *numbers = d->service_of_name.items;
	uint32_t id = weir_names_intern(d->names, n->text);
	const char *near;

	if (id < d->service_of_name.n && numbers[id])
		return (struct service *)d->services.items + numbers[id] - 1;
	near = nearest_service(d, n->text);
	weir_conf_error(d->r, n->pos, "no Service '%s'%s%s%s", n->text,
			near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return NULL;
}

/* A new one of that name; NULL: reported. */
static struct service *add_service(struct docs *d, const char *name, struct weir_conf_pos pos)
{
	uint32_t id = weir_names_intern(d->names, name);
	uint32_t *number = array_at(&d->service_of_name, id);
	struct service *s;

	if (number && *number) {
		s = (struct service *)d->services.items + *number - 1;
		weir_conf_error(d->r, pos, "there is already a Service '%s' at %s:%u:%u", name,
				s->pos.file, s->pos.line, s->pos.column);
		return NULL;
	}
	if (d->services.n == SERVICES_MAX) {
		weir_conf_error(d->r, pos, "more than %u Services", SERVICES_MAX);
		return NULL;
	}
	s = array_add(&d->services, sizeof(*s));
	if (!id || !number || !s) {
		d->no_memory = true;
		return NULL;
	}
	*number = d->services.n;
	*s = (struct service){.is = SERVICE_INITIAL, .pos = pos};
	s->is.name = id;
	return s;
}

/* ---- addresses, ports ---- */

/* What is being read: ports are known before the addresses. */
struct reading {
	struct docs *d;
	uint16_t service;   /* place in docs.services */
	struct slice ports; /* of docs.ranges */
};

static void bind_prefix(struct reading *g, const struct weir_prefix *prefix)
{
	for (uint32_t i = 0; i < g->ports.n; i++) {
		struct binding *b = array_add(&g->d->bindings, sizeof(*b));

		if (!b) {
			g->d->no_memory = true;
			return;
		}
		*b = (struct binding){
			.prefix = *prefix,
			.ports = ((const struct range *)g->d->ranges.items)[g->ports.first + i],
			.service = g->service,
		};
	}
}

static void bind_group(struct reading *g, uint32_t group)
{
	/* By place: binding does not touch members, but what it grows may move. */
	for (uint32_t i = 0; i < g->d->members.n; i++) {
		const struct member *m = (const struct member *)g->d->members.items + i;

		if (m->group == group)
			bind_prefix(g, &m->prefix);
	}
}

static void bind_any(struct reading *g)
{
	bind_prefix(g, &(struct weir_prefix){.addr = weir_addr_v4(0)});
	bind_prefix(g, &(struct weir_prefix){.addr = {.family = 6}});
}

/* "any", a group's name, or an address or CIDR. */
static void bind_one(struct reading *g, const struct weir_conf_node *n)
{
	struct weir_prefix prefix;
	uint32_t group;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "an address, CIDR or Group", g->d->r))
		return;
	if (strcmp(n->text, "any") == 0) {
		bind_any(g);
	} else if (docs_is_address(n->text) || strchr(n->text, '/')) {
		if (docs_read_prefix(g->d, n, &prefix))
			bind_prefix(g, &prefix);
	} else {
		group = docs_group_by_name(g->d, n->text);
		if (group == GROUP_ANY)
			docs_unknown_group(g->d, n);
		else
			bind_group(g, group);
	}
}

static void read_places(struct reading *g, const struct weir_conf_node *spec)
{
	const struct weir_conf_node *ports = weir_conf_get(spec, "ports");
	const struct weir_conf_node *list = weir_conf_get(spec, "addresses");
	bool good = weir_conf_require(spec, "addresses", g->d->r);

	if (!weir_conf_require(spec, "ports", g->d->r) ||
	    !docs_read_ports(g->d, ports, &g->ports) || !good)
		return;
	if (list->kind != WEIR_CONF_SEQUENCE) {
		bind_one(g, list);
		return;
	}
	if (!list->count)
		weir_conf_error(g->d->r, list->pos, "addresses is empty: it would listen nowhere");
	weir_conf_foreach (n, list)
		bind_one(g, n);
}

/* ---- patience ---- */

static void read_timeouts(struct docs *d, const struct weir_conf_node *spec, struct weir_service *s)
{
	static const char *const keys[] = {"header", "body", "idle", NULL};
	const struct weir_conf_node *map = weir_conf_get(spec, "timeouts");

	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, "timeouts", d->r))
		return;
	weir_conf_known_keys(map, keys, d->r);
	weir_conf_duration(map, "header", 0, TIMEOUT_MAX_NS, &s->header_timeout_ns, d->r);
	weir_conf_duration(map, "body", 0, TIMEOUT_MAX_NS, &s->body_timeout_ns, d->r);
	weir_conf_duration(map, "idle", 0, TIMEOUT_MAX_NS, &s->idle_timeout_ns, d->r);
}

static void read_size(struct docs *d, const struct weir_conf_node *map, const char *key,
		      uint32_t max, uint32_t *out)
{
	uint64_t bytes = *out;

	if (weir_conf_size(map, key, LINE_MIN, max, &bytes, d->r))
		*out = (uint32_t)bytes;
}

static void read_limits(struct docs *d, const struct weir_conf_node *spec, struct weir_service *s)
{
	static const char *const keys[] = {"line", "head", "headers", "chunk", NULL};
	const struct weir_conf_node *map = weir_conf_get(spec, "limits");
	uint64_t headers = s->limits.headers;

	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, "limits", d->r))
		return;
	weir_conf_known_keys(map, keys, d->r);
	read_size(d, map, "line", LINE_MAX, &s->limits.line_bytes);
	read_size(d, map, "head", HEAD_MAX, &s->limits.head_bytes);
	read_size(d, map, "chunk", HEAD_MAX, &s->limits.chunk_bytes);
	if (weir_conf_u64(map, "headers", 1, HEADERS_MAX, &headers, d->r))
		s->limits.headers = (uint16_t)headers;
	if (s->limits.line_bytes > s->limits.head_bytes)
		weir_conf_error(d->r, map->pos,
				"a line may have more bytes (%u) than the head (%u)",
				s->limits.line_bytes, s->limits.head_bytes);
}

static void read_upstream(struct docs *d, const struct weir_conf_node *spec, struct weir_service *s)
{
	static const char *const words[] = {"auto", "true", "false", NULL};
	unsigned int word = s->http2_upstream;

	if (weir_conf_word(spec, "http2Upstream", words, &word, d->r))
		s->http2_upstream = (uint8_t)word;
}

/* ---- all ---- */

/* What only HTTP has. */
static void check_for_tcp(struct docs *d, const struct weir_conf_node *spec)
{
	static const char *const of_http[] = {"timeouts", "limits", "http2", "http2Upstream"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(of_http); i++) {
		const struct weir_conf_node *n = weir_conf_get(spec, of_http[i]);

		if (n)
			weir_conf_error(d->r, n->key_pos, "%s needs 'protocol: http'", of_http[i]);
	}
}

void docs_read_service(struct docs *d, const char *name, struct weir_conf_pos pos,
		       const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"addresses",   "ports", "protocol",      "timeouts",
					   "limits",      "http2", "http2Upstream", "tls",
					   "description", NULL};
	struct service *s = add_service(d, name, pos);
	struct reading g = {.d = d, .service = (uint16_t)(d->services.n - 1)};
	unsigned int protocol = WEIR_SERVICE_TCP;

	if (!s)
		return;
	weir_conf_known_keys(spec, keys, d->r);
	if (weir_conf_require(spec, "protocol", d->r) &&
	    weir_conf_word(spec, "protocol", protocol_words, &protocol, d->r) &&
	    protocol == WEIR_SERVICE_TCP)
		check_for_tcp(d, spec);
	s->is.protocol = (uint8_t)protocol;
	read_timeouts(d, spec, &s->is);
	read_limits(d, spec, &s->is);
	weir_conf_bool(spec, "http2", &s->is.http2, d->r);
	read_upstream(d, spec, &s->is);
	docs_read_tls(d, spec, &s->is);
	read_places(&g, spec);
}
