/* SPDX-License-Identifier: BSD-3-Clause */
/* The appliance file: workers, memory, ports, wires, where policy and rules are, logs, TLS,
 * control. */
#include "conf_impl.h"

#include <stdlib.h>
#include <sys/un.h>

#define CPU_MAX          1023 /* CPU_SETSIZE - 1 */
#define CONNECTIONS_MIN  64
#define INSPECTED_MIN    16
#define CONNECTIONS_MAX  (1U << 27)
#define PACKETS_MIN      1024
#define PACKETS_MAX      (1U << 27)
#define FRAGMENTS_MAX    (1U << 20)
#define RING_MIN         64
#define RING_MAX         (1U << 24)
#define TRANSACTIONS_MIN 16
#define TRANSACTIONS_MAX (1U << 20)
#define WORKER_BYTES_MIN (1ULL << 20)
#define WORKER_BYTES_MAX (1ULL << 40)
#define ROTATION_MIN_NS  WEIR_NS_PER_S
#define ROTATION_MAX_NS  (24 * 3600 * WEIR_NS_PER_S)

/* The mapping at `key` with no keys but `keys`; NULL when absent or wrong. */
static const struct weir_conf_node *section(struct conf_reading *g,
					    const struct weir_conf_node *root, const char *key,
					    const char *const *keys)
{
	const struct weir_conf_node *n = weir_conf_get(root, key);

	if (!n || !weir_conf_expect(n, WEIR_CONF_MAPPING, key, g->report))
		return NULL;
	weir_conf_known_keys(n, keys, g->report);
	return n;
}

static void take_u32(struct conf_reading *g, const struct weir_conf_node *map, const char *key,
		     uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t n = *out;

	if (weir_conf_u64(map, key, min, max, &n, g->report))
		*out = (uint32_t)n;
}

/* ---- workers, memory ---- */

static void read_worker(struct conf_reading *g, const struct weir_conf_node *n)
{
	struct weir_conf *c = g->conf;
	uint64_t cpu = 0;

	if (!weir_conf_node_u64(n, 0, CPU_MAX, &cpu, g->report))
		return;
	for (unsigned int i = 0; i < c->n_workers; i++)
		if (c->workers[i] == cpu) {
			weir_conf_error(g->report, n->pos, "CPU %u stands twice in workers",
					c->workers[i]);
			return;
		}
	c->workers[c->n_workers++] = (uint16_t)cpu;
}

static void read_workers(struct conf_reading *g, const struct weir_conf_node *root)
{
	const struct weir_conf_node *list = conf_take_list(g, root, "workers", false);

	if (!list)
		return;
	if (list->count == 0 || list->count > WEIR_CONF_WORKERS_MAX) {
		weir_conf_error(g->report, list->pos,
				"workers must name 1 to %d CPUs, not %u; leave it out for every "
				"core but the first",
				WEIR_CONF_WORKERS_MAX, list->count);
		return;
	}
	g->conf->workers_given = true;
	weir_conf_foreach (m, list) {
		read_worker(g, m);
	}
}

/* 0 is none; else at least what a few transactions or sessions take. */
static void read_bytes(struct conf_reading *g, const struct weir_conf_node *map, const char *key,
		       uint64_t *out)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);
	uint64_t bytes = *out;

	if (!weir_conf_size(map, key, 0, WORKER_BYTES_MAX, &bytes, g->report))
		return;
	if (bytes && bytes < WORKER_BYTES_MIN)
		weir_conf_error(g->report, n->pos, "%s must be 0 or at least 1MiB, not %s", key,
				n->text);
	else
		*out = bytes;
}

static void read_memory(struct conf_reading *g, const struct weir_conf_node *root)
{
	static const char *const keys[] = {"connections", "inspected", "packets",
					   "fragments",   "waf",       "http2",
					   "hugepages",   "dumps",     NULL};
	static const char *const words[] = {"auto", "require", "never", NULL};
	const struct weir_conf_node *m = section(g, root, "memory", keys);
	struct weir_conf *c = g->conf;
	unsigned int word = c->hugepages;

	if (!m)
		return;
	take_u32(g, m, "connections", CONNECTIONS_MIN, CONNECTIONS_MAX, &c->connections);
	c->inspected = c->connections / 4;
	if (!conf_is_auto(weir_conf_get(m, "inspected")))
		take_u32(g, m, "inspected", INSPECTED_MIN, c->connections, &c->inspected);
	if (!conf_is_auto(weir_conf_get(m, "packets")))
		take_u32(g, m, "packets", PACKETS_MIN, PACKETS_MAX, &c->packets);
	take_u32(g, m, "fragments", 1, FRAGMENTS_MAX, &c->fragments);
	read_bytes(g, m, "waf", &c->waf_bytes);
	read_bytes(g, m, "http2", &c->http2_bytes);
	if (weir_conf_word(m, "hugepages", words, &word, g->report))
		c->hugepages = (enum weir_conf_hugepages)word;
	weir_conf_bool(m, "dumps", &c->dumps, g->report);
}

/* ---- rules, log, TLS, control ---- */

static void read_rules(struct conf_reading *g, const struct weir_conf_node *root)
{
	static const char *const keys[] = {"stream", "cache", NULL};
	const struct weir_conf_node *n = section(g, root, "rules", keys);

	if (!n)
		return;
	conf_take_paths(g, n, "stream", g->conf->stream_rules, &g->conf->n_stream_rules);
	conf_take_path(g, n, "cache", &g->conf->rule_cache);
}

static void read_log(struct conf_reading *g, const struct weir_conf_node *root)
{
	static const char *const keys[] = {"events", "ring", "transactions", "values", NULL};
	const struct weir_conf_node *n = section(g, root, "log", keys);

	if (!n)
		return;
	conf_take_path(g, n, "events", &g->conf->event_file);
	take_u32(g, n, "ring", RING_MIN, RING_MAX, &g->conf->event_ring);
	take_u32(g, n, "transactions", TRANSACTIONS_MIN, TRANSACTIONS_MAX,
		 &g->conf->event_transactions);
	weir_conf_bool(n, "values", &g->conf->log_values, g->report);
}

static void read_tls(struct conf_reading *g, const struct weir_conf_node *root)
{
	static const char *const keys[] = {"ticketRotation", NULL};
	const struct weir_conf_node *n = section(g, root, "tls", keys);

	if (n)
		weir_conf_duration(n, "ticketRotation", ROTATION_MIN_NS, ROTATION_MAX_NS,
				   &g->conf->ticket_rotation_ns, g->report);
}

static void read_control(struct conf_reading *g, const struct weir_conf_node *root)
{
	static const char *const keys[] = {"socket", NULL};
	const struct weir_conf_node *n = section(g, root, "control", keys);
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (!n || !weir_conf_get(n, "socket"))
		return;
	conf_take_path(g, n, "socket", &g->conf->control_socket);
	if (strlen(g->conf->control_socket) > max)
		weir_conf_error(g->report, weir_conf_get(n, "socket")->pos,
				"socket '%s' has more than %zu bytes, which no socket may have",
				g->conf->control_socket, max);
}

/* ---- the whole ---- */

static void read_all(struct conf_reading *g, const struct weir_conf_node *root)
{
	static const char *const keys[] = {"workers", "memory", "ports", "wires",   "policy",
					   "rules",   "log",    "tls",   "control", NULL};

	if (!weir_conf_expect(root, WEIR_CONF_MAPPING, "the file", g->report))
		return;
	weir_conf_known_keys(root, keys, g->report);
	read_workers(g, root);
	read_memory(g, root);
	conf_read_ports(g, root);
	conf_read_wires(g, root);
	conf_take_paths(g, root, "policy", g->conf->policy, &g->conf->n_policy);
	read_rules(g, root);
	read_log(g, root);
	read_tls(g, root);
	read_control(g, root);
}

/* With every default; NULL: no memory. */
static struct weir_conf *new_conf(const char *file)
{
	struct weir_conf *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->connections = 100000;
	c->inspected = 25000;
	c->fragments = 1024;
	c->event_ring = 65536;
	c->event_transactions = 4096;
	c->waf_bytes = 64 << 20;
	c->http2_bytes = 64 << 20;
	c->ticket_rotation_ns = 3600 * WEIR_NS_PER_S;
	c->file = strdup(file);
	c->control_socket = strdup("/run/weir/weir.sock");
	if (c->file && c->control_socket)
		return c;
	weir_conf_destroy(c);
	return NULL;
}

/* Positions of ports outlive the documents: they point to the configuration's own copy. */
static void own_positions(struct weir_conf *c)
{
	for (unsigned int i = 0; i < c->n_ports; i++)
		c->ports[i].pos.file = c->file;
}

/* Fills g->conf as far as the documents are good. */
static void read_docs(struct conf_reading *g, const struct weir_conf_docs *docs)
{
	struct weir_conf_pos whole = {.file = g->conf->file};

	if (weir_conf_doc_count(docs) == 0) {
		weir_conf_error(g->report, whole, "is empty");
		return;
	}
	if (weir_conf_doc_count(docs) > 1)
		weir_conf_error(g->report, weir_conf_doc(docs, 1)->pos,
				"a second document: the appliance file has one; policy documents "
				"go into the files that 'policy' names");
	read_all(g, weir_conf_doc(docs, 0));
	own_positions(g->conf);
}

static struct weir_conf *from_docs(const char *name, const struct weir_conf_docs *docs,
				   struct weir_conf_report *r)
{
	struct conf_reading g = {
		.conf = new_conf(name),
		.report = r,
		.errors_before = weir_conf_errors(r),
		.folder = conf_folder_of(name),
	};

	if (g.conf && g.folder)
		read_docs(&g, docs);
	else
		weir_conf_error(r, (struct weir_conf_pos){.file = name}, "out of memory");
	free(g.folder);
	if (weir_conf_errors(r) == g.errors_before)
		return g.conf;
	weir_conf_destroy(g.conf);
	return NULL;
}

static struct weir_conf *take_docs(const char *name, struct weir_conf_docs *docs,
				   struct weir_conf_report *r)
{
	struct weir_conf *c = docs ? from_docs(name, docs, r) : NULL;

	weir_conf_docs_destroy(docs);
	return c;
}

struct weir_conf *weir_conf_load(const char *path, struct weir_conf_report *r)
{
	return take_docs(path, weir_conf_load_file(path, r), r);
}

struct weir_conf *weir_conf_from_text(const char *name, struct weir_bytes text,
				      struct weir_conf_report *r)
{
	return take_docs(name, weir_conf_load_text(name, text, r), r);
}

void weir_conf_destroy(struct weir_conf *c)
{
	if (!c)
		return;
	for (unsigned int i = 0; i < c->n_policy; i++)
		free(c->policy[i]);
	for (unsigned int i = 0; i < c->n_stream_rules; i++)
		free(c->stream_rules[i]);
	free(c->rule_cache);
	free(c->event_file);
	free(c->control_socket);
	free(c->file);
	free(c);
}
